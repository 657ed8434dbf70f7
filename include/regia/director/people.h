/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/control/role.h"

/**
 * RegiaPeople: who works here: names, roles, and what is kept of their passwords; people.json of the state
 * folder. An immutable value: a change makes another one.
 */
typedef struct _RegiaPeople RegiaPeople;

/** As many may be configured. */
#define REGIA_PEOPLE_MAX 256
/** A name: 1 to so many of `a-z 0-9 . _ -`, the first one a letter or digit. */
#define REGIA_PEOPLE_NAME_MAX 32
/** What people.json may hold at most. */
#define REGIA_PEOPLE_MAX_BYTES (256 << 10)

RegiaPeople *regia_people_new (void);
RegiaPeople *regia_people_ref (RegiaPeople *self);
void regia_people_unref (RegiaPeople *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaPeople, regia_people_unref)

/** regia_people_check_name: whether somebody may be called so. Pure. Errors: REGIA_ERROR_USAGE. */
gboolean regia_people_check_name (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_people_with: @self and somebody, who is changed where the name is there already.
 * @role: staff or technician
 * @hash: of regia_password_hash()
 *
 * Returns: (transfer full). Pure. Errors: REGIA_ERROR_USAGE: of the arguments; REGIA_ERROR_STATE: there are
 * too many.
 */
RegiaPeople *regia_people_with (RegiaPeople *self, const char *name, RegiaRole role, const char *hash,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_people_without: (transfer full): the same without somebody. Pure. Errors: REGIA_ERROR_USAGE: nobody
 * is called so. */
RegiaPeople *regia_people_without (RegiaPeople *self, const char *name,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

guint regia_people_count (RegiaPeople *self);
/** (transfer none): the @i-th name, in alphabetical order. */
const char *regia_people_get_name (RegiaPeople *self, guint i);
/** regia_people_find: (transfer none) (nullable): the hash of @name, and its @ret_role (nullable); %NULL
 * where nobody is called so. Pure. */
const char *regia_people_find (RegiaPeople *self, const char *name, RegiaRole *ret_role);

/** regia_people_to_json: (transfer full). Pure. */
char *regia_people_to_json (RegiaPeople *self);
/** regia_people_from_json: (transfer full): the reverse, with every value checked. Pure; fuzzed. Errors:
 * REGIA_ERROR_NEWER: a newer Regia wrote it; REGIA_ERROR_MEDIA: what is wrong with it. */
RegiaPeople *regia_people_from_json (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_people_load: (transfer full): of the file @path; nobody where there is none. Blocks. Errors: with
 * @path in front; also G_IO_ERROR. */
RegiaPeople *regia_people_load (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_people_save: blocks. Errors: G_IO_ERROR. */
gboolean regia_people_save (RegiaPeople *self, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** RegiaPeopleChange: another value in place of @people (transfer full); %NULL with why not. */
typedef RegiaPeople *(*RegiaPeopleChange) (RegiaPeople *people, gconstpointer user_data, GError **error);

/**
 * regia_people_edit: changes people.json of @state_dir, made if missing, where no director runs on it; its
 * lock is held meanwhile. @change (nullable): %NULL only reads. Blocks on the disk.
 *
 * Returns: (transfer full): who there is now. Errors: REGIA_ERROR_STATE: a director runs, which is to be
 * asked; REGIA_ERROR_USAGE: the folder is another user's; of regia_people_load() and @change; G_IO_ERROR.
 */
RegiaPeople *regia_people_edit (const char *state_dir, RegiaPeopleChange change, gconstpointer user_data,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
