/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "kept-private.h"
#include "show-private.h"

/*
 * RegiaShowFile: show.json, written again whenever the show changes. Main context only.
 */
typedef struct _RegiaShowFile RegiaShowFile;

/** regia_show_file_new: @show (unowned) is what is written, as it is when it is written. */
RegiaShowFile *regia_show_file_new (const char *path, RegiaShow *show);
void regia_show_file_free (RegiaShowFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaShowFile, regia_show_file_free)

/** regia_show_file_save: blocks. Errors: G_IO_ERROR. */
gboolean regia_show_file_save (RegiaShowFile *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_show_file_save_later: on a worker thread: one at a time, the newest last. */
void regia_show_file_save_later (RegiaShowFile *self);
/** regia_show_file_save_then: as save_later, and tells when what the show says now is on the disk. */
void regia_show_file_save_then (RegiaShowFile *self, RegiaKeptSavedFunc saved, gpointer user_data);

/** regia_show_file_save_at_last: at the end: what is on its way is waited for, within reason, so that the
 * last word is the last that is written. A disk that refuses is told, and changes nothing about the end. */
void regia_show_file_save_at_last (RegiaShowFile *self);

/** regia_show_file_warn: adds to @warnings (element-type utf8, owned) that the file cannot be written. */
void regia_show_file_warn (RegiaShowFile *self, GPtrArray *warnings);
