/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaEdit: one thing that is done with a file of the folder of events, or with the hall file. The director
 * alone writes there, one edit at a time, so that a version that was looked at is still the version that is
 * replaced. What goes is moved into a folder REGIA_EDIT_BIN beside the others, and can be fetched back.
 */
typedef enum {
  REGIA_EDIT_READ,
  REGIA_EDIT_CHECK, /* as WRITE, but for the writing */
  REGIA_EDIT_WRITE,
  REGIA_EDIT_REMOVE,
  REGIA_EDITS,
} RegiaEditAction;

typedef struct {
  RegiaEditAction action;
  char *name;                   /* (owned): NAME.conf, or #REGIA_EDIT_HALL */
  char *text;                   /* (owned) (nullable): of WRITE and CHECK */
  char *version;                /* (owned): of the file that is replaced or removed; "": it is to be new */
  char *from;                   /* (owned): file whose secrets are meant where @name has none yet; "" */
  char *events_dir, *hall_path; /* (owned): absolute */
  char *running;                /* (owned): absolute path of the file that is on the air or rehearsed; "" */
} RegiaEdit;

/** The hall file's name among them. */
#define REGIA_EDIT_HALL "hall"
/** Where removed files go; the scan leaves hidden names and folders alone. */
#define REGIA_EDIT_BIN ".removed"
/** What a text may have. Far below REGIA_CONFIG_MAX_BYTES: it comes by D-Bus (director/guard.h). */
#define REGIA_EDIT_MAX_BYTES 49152

void regia_edit_free (RegiaEdit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaEdit, regia_edit_free)

/** regia_edit_is_name: whether @name can be that of an event file here: letters, digits, . _ -, a letter or
 * digit first, `.conf` last, at most 100. So it leads nowhere else. Pure. */
gboolean regia_edit_is_name (const char *name);

/**
 * regia_edit_perform: does it. Blocks on the disk; a worker thread.
 *
 * Returns: (transfer full): a{sv}, as Console1.EditFile gives it. What is wrong with a text is no error.
 * Errors: REGIA_ERROR_USAGE: a name or text that cannot be; REGIA_ERROR_STATE: not now; G_IO_ERROR, and
 * REGIA_ERROR_NO_SPACE: the disk; nothing is changed then.
 */
GVariant *regia_edit_perform (const RegiaEdit *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What is asked for by `action` in words: read, check, write, remove. */
gboolean regia_edit_action_parse (const char *text, RegiaEditAction *ret_action);
