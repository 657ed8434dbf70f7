/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "locks-private.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/base/named.h"
#include "regia/director/people.h"

RegiaPeople *
regia_people_load (const char *path, GError **error)
{
  g_autoptr (GByteArray) text = NULL;
  RegiaPeople *people = NULL;

  if (access (path, F_OK) < 0 && errno == ENOENT)
    return regia_people_new ();
  text = regia_named_read (path, REGIA_PEOPLE_MAX_BYTES, "move it away", error);
  if (text != NULL)
    people = regia_people_from_json ((const char *)text->data, error);
  if (people == NULL)
    g_prefix_error (error, text != NULL ? "%s: " : "%s ", path);
  return people;
}

gboolean
regia_people_save (RegiaPeople *self, const char *path, GError **error)
{
  g_autofree char *text = regia_people_to_json (self);

  return regia_file_replace (path, text, strlen (text), 0600, error);
}

/* What root writes into somebody else's folder, Regia could not read; a file of another owner it could not
 * even replace where the folder is sticky. */
static gboolean
check_owner (const char *state_dir, GError **error)
{
  struct stat st;

  if (stat (state_dir, &st) < 0 || st.st_uid == geteuid ())
    return TRUE;
  g_set_error (
      error, REGIA_ERROR, REGIA_ERROR_USAGE,
      "%s is another user's, and no Regia runs on it that could do this; run this as that user: sudo -u "
      "'#%u' regia passwd …",
      state_dir, (guint)st.st_uid);
  return FALSE;
}

RegiaPeople *
regia_people_edit (const char *state_dir, RegiaPeopleChange change, gconstpointer user_data, GError **error)
{
  g_autofree char *run_dir = g_build_filename (state_dir, "run", NULL);
  g_autofree char *path = g_build_filename (state_dir, "people.json", NULL);
  g_autoptr (RegiaPeople) people = NULL, changed = NULL;
  RegiaLocks locks = REGIA_LOCKS_INIT;
  gboolean ok = FALSE;

  if (change == NULL)
    return regia_people_load (path, error);
  if (!check_owner (state_dir, error) || !regia_file_make_folder (state_dir, 0700, error) ||
      !regia_file_make_folder (run_dir, 0700, error) || !regia_locks_take_owner (&locks, run_dir, error))
    return NULL;
  people = regia_people_load (path, error);
  if (people != NULL)
    changed = change (people, user_data, error);
  if (changed != NULL)
    ok = regia_people_save (changed, path, error);
  regia_locks_drop (&locks);
  return ok ? g_steal_pointer (&changed) : NULL;
}
