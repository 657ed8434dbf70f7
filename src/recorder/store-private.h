/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "disk-private.h"
#include "session-private.h"

/**
 * RegiaStore: one session's folder, held by this process. Holding is an flock on the folder, which keeps two
 * recorders off one session, and a lock that tells the library that somebody works on it; both go with the
 * process however that dies. Blocks on the disk; one thread at a time.
 */
typedef struct _RegiaStore RegiaStore;

/**
 * regia_store_open:
 * @recordings: the recordings folder
 * @id: the session's name
 * @create: makes the folder when it is missing
 * @wait_ms: how long to wait while another process holds it
 *
 * Errors: REGIA_ERROR_STATE when it is held by another; G_IO_ERROR.
 */
RegiaStore *regia_store_open (const char *recordings, const char *id, gboolean create, guint wait_ms,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_store_free: lets the session go. Accepts NULL. */
void regia_store_free (RegiaStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaStore, regia_store_free)

const char *regia_store_get_folder (RegiaStore *self);
const char *regia_store_get_id (RegiaStore *self);

/**
 * regia_store_find_place: whether the session's name still leads to the folder that is held.
 * @ret_words: (out) (transfer full): otherwise, what became of it, as regia_place_in_words() says it; else
 * %NULL
 */
RegiaPlace regia_store_find_place (RegiaStore *self, const RegiaDisk *disk, char **ret_words);

/** regia_store_path: (transfer full): @name beneath the session's folder. */
char *regia_store_path (RegiaStore *self, const char *name);

/** regia_store_make_live: makes the folder of the parts, synced. */
gboolean regia_store_make_live (RegiaStore *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_store_list_parts: (transfer full) (array zero-terminated=1): `live/programme-NNNN.mp4` that are
 * there, in order. */
char **regia_store_list_parts (RegiaStore *self);

/** regia_store_save: replaces session.json, and before it private.json, where @session holds a private span.
 */
gboolean regia_store_save (RegiaStore *self, RegiaSession *session, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_store_load:
 * @thorough: looks at every fragment of the parts, so that damage in their middle is found; otherwise only at
 * their ends, which is quick
 * @ret_rebuilt: (out): session.json was missing or spoiled, and the session was made up from what lies in the
 * folder; finished files are listed with name and size alone then. What private.json says still holds
 *
 * Returns: (transfer full): the session, its parts brought up to what is on the disk; those that it lists and
 * that are not there are lost. Nothing is written.
 * %NULL with an error when the disk fails (when not @thorough, a part that cannot be opened is only suspect);
 * with REGIA_ERROR_NEWER when a later version of Regia wrote session.json: such a folder is left alone;
 * with REGIA_ERROR_STATE when there is neither session.json nor a part nor a finished file, so that the
 * folder is none of ours (or new).
 */
RegiaSession *regia_store_load (RegiaStore *self, gboolean thorough, gboolean *ret_rebuilt,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_store_get_ends: (transfer full) (element-type utf8 gint64): for each track name the show time (ns) up
 * to which the parts hold it, as the last regia_store_load() found it.
 */
GHashTable *regia_store_get_ends (RegiaStore *self);
