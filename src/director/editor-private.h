/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "control-private.h"
#include "edit-private.h"

/*
 * RegiaEditor: the edits of event files and hall file, one at a time, on GTask's threads: their disks may
 * hang. Main context only.
 */
typedef struct _RegiaEditor RegiaEditor;

/** As many may wait; a person does one after the other. */
#define REGIA_EDITOR_QUEUE 16

/** Something was made, written or removed. @what: for the audit: "event NAME.conf made". */
typedef void (*RegiaEditorChangedFunc) (const char *who, const char *what, gpointer user_data);

RegiaEditor *regia_editor_new (RegiaEditorChangedFunc changed, gpointer user_data);
/** regia_editor_free: whoever waits is refused; a disk that hangs is not waited for. */
void regia_editor_free (RegiaEditor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaEditor, regia_editor_free)

/** regia_editor_do: @edit (transfer full) in @who's name; @done is called once, with what
 * regia_edit_perform() gives. */
void regia_editor_do (RegiaEditor *self, RegiaEdit *edit, const char *who, RegiaControlCommandedFunc done,
                      gpointer data);
