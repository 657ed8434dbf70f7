/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaKept: a file that holds a value of the director's, written again whenever that changes. Main context
 * only.
 */
typedef struct _RegiaKept RegiaKept;

/** (transfer full): what the file is to hold, as things are now. */
typedef char *(*RegiaKeptTextFunc) (gpointer user_data);
/** Called on the main context when a write that began after the asking has ended; @error (nullable): why it
 * failed. */
typedef void (*RegiaKeptSavedFunc) (const GError *error, gpointer user_data);

/**
 * regia_kept_new:
 * @path: absolute
 * @loss: what it means when it cannot be written, for the log; static
 * @text: called for each write, with @user_data
 */
RegiaKept *regia_kept_new (const char *path, const char *loss, RegiaKeptTextFunc text, gpointer user_data);
/** regia_kept_free: who waits for a write is told nothing any more. */
void regia_kept_free (RegiaKept *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaKept, regia_kept_free)

/** regia_kept_save: blocks. Errors: G_IO_ERROR. */
gboolean regia_kept_save (RegiaKept *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_kept_save_later: on a worker thread: one at a time, the newest last. */
void regia_kept_save_later (RegiaKept *self);
/** regia_kept_save_then: as save_later, and tells when the value as it is now is on the disk. */
void regia_kept_save_then (RegiaKept *self, RegiaKeptSavedFunc saved, gpointer user_data);
/** regia_kept_settle: runs the main context until nothing is on its way to the disk, within reason. Returns:
 * %FALSE when the disk does not answer. */
gboolean regia_kept_settle (RegiaKept *self);

/** regia_kept_has_failed: the last write did, and no other is on its way. */
gboolean regia_kept_has_failed (RegiaKept *self);
/** regia_kept_warn: adds to @warnings (element-type utf8, owned) that the disk has not answered for long, or
 * `FAULT: why the last write failed. REMEDY`; nothing while all is well. */
void regia_kept_warn (RegiaKept *self, const char *fault, const char *remedy, GPtrArray *warnings);
