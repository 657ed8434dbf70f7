/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/mux/scan.h"

#define LOCK_STEP_MS 20
#define JSON_BYTES   (16u << 20)
/* Less than this without a header is a file whose making was interrupted, not a recording that was spoiled.
 */
#define STILLBORN_BYTES 65536

/*
 * RegiaStore is where the two truths meet: session.json and the files beside it. What the files say wins;
 * session.json only adds what cannot be read from them. It is owned by the thread that records or finishes
 * the session.
 */
struct _RegiaStore {
  char *id, *folder; /* (owned) */
  int lock_fd;
  GHashTable *ends; /* (owned) (element-type utf8 gint64) */
  char *private;    /* (owned) (nullable): text of private.json as it was written last */
};

static gboolean
make_folder (const char *folder, const char *parent, GError **error)
{
  if (mkdir (folder, 0755) == 0)
    return regia_file_sync_folder (parent, error);
  return errno == EEXIST || regia_error_set_errno (error, errno, "%s", folder);
}

/*
 * The library wants to know whether a session is worked on, and is not to be able to take the lock for it: a
 * reader that held it would keep a restarted recorder out. So a second lock, which keeps nobody out, stands
 * beside: it can be asked for (F_OFD_GETLK) without being taken. A file system that has none lets a recording
 * look interrupted while it goes on; it goes on.
 */
static void
show_lock (RegiaStore *self)
{
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

  if (fcntl (self->lock_fd, F_OFD_SETLK, &lock) < 0)
    g_debug ("%s: cannot be shown as worked on: %s", self->folder, g_strerror (errno));
}

static gboolean
take_lock (RegiaStore *self, guint wait_ms, GError **error)
{
  for (gint64 until = g_get_monotonic_time () + (gint64)wait_ms * 1000;;) {
    if (flock (self->lock_fd, LOCK_EX | LOCK_NB) == 0) {
      show_lock (self);
      return TRUE;
    }
    if (errno != EWOULDBLOCK && errno != EINTR)
      return regia_error_set_errno (error, errno, "%s", self->folder);
    if (g_get_monotonic_time () >= until)
      break;
    g_usleep (LOCK_STEP_MS * 1000);
  }
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
               "%s: another recorder works on this session; end it first", self->folder);
  return FALSE;
}

RegiaStore *
regia_store_open (const char *recordings, const char *id, gboolean create, guint wait_ms, GError **error)
{
  g_autoptr (RegiaStore) self = g_new0 (RegiaStore, 1);

  self->id = g_strdup (id);
  self->folder = g_build_filename (recordings, id, NULL);
  self->lock_fd = -1;
  self->ends = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!regia_session_name_is_safe (id)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_FAILED, "\"%s\" cannot be the name of a session", id);
    return NULL;
  }
  if (create &&
      (!regia_file_make_folder (recordings, 0755, error) || !make_folder (self->folder, recordings, error)))
    return NULL;
  self->lock_fd = open (self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (self->lock_fd < 0) {
    regia_error_set_errno (error, errno, "%s", self->folder);
    return NULL;
  }
  return take_lock (self, wait_ms, error) ? g_steal_pointer (&self) : NULL;
}

void
regia_store_free (RegiaStore *self)
{
  if (self == NULL)
    return;
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_hash_table_unref (self->ends);
  g_free (self->private);
  g_free (self->id);
  g_free (self->folder);
  g_free (self);
}

const char *
regia_store_get_folder (RegiaStore *self)
{
  return self->folder;
}

const char *
regia_store_get_id (RegiaStore *self)
{
  return self->id;
}

RegiaPlace
regia_store_find_place (RegiaStore *self, const RegiaDisk *disk, char **ret_words)
{
  RegiaPlace place = disk->find_place (disk, self->lock_fd, self->folder);

  *ret_words = place != REGIA_PLACE_KEPT ? regia_place_in_words (place, self->lock_fd, self->folder) : NULL;
  return place;
}

char *
regia_store_path (RegiaStore *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

GHashTable *
regia_store_get_ends (RegiaStore *self)
{
  return g_hash_table_ref (self->ends);
}

gboolean
regia_store_make_live (RegiaStore *self, GError **error)
{
  g_autofree char *live = regia_store_path (self, REGIA_SESSION_LIVE);

  return make_folder (live, self->folder, error);
}

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

char **
regia_store_list_parts (RegiaStore *self)
{
  g_autofree char *live = regia_store_path (self, REGIA_SESSION_LIVE);
  g_autoptr (GDir) dir = g_dir_open (live, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "programme-") && g_str_has_suffix (name, ".mp4") &&
        regia_session_name_is_safe (name))
      g_ptr_array_add (names, g_strconcat (REGIA_SESSION_LIVE "/", name, NULL));
  g_ptr_array_sort (names, compare_cb);
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_steal (names, NULL);
}

/* Before the record says it, so that there is no moment at which that alone knows. */
static gboolean
save_private (RegiaStore *self, RegiaSession *session, GError **error)
{
  g_autofree char *path = regia_store_path (self, REGIA_SESSION_PRIVATE);
  g_autofree char *text = NULL;

  if (session->private_spans->len == 0)
    return TRUE;
  text = regia_session_private_to_json (session);
  if (g_strcmp0 (text, self->private) == 0 && g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  if (!regia_file_replace (path, text, strlen (text), 0644, error))
    return FALSE;
  g_free (self->private);
  self->private = g_steal_pointer (&text);
  return TRUE;
}

gboolean
regia_store_save (RegiaStore *self, RegiaSession *session, GError **error)
{
  g_autofree char *path = regia_store_path (self, REGIA_SESSION_FILE);
  g_autofree char *text = regia_session_to_json (session);

  return save_private (self, session, error) && regia_file_replace (path, text, strlen (text), 0644, error);
}

/* --- loading --- */

static void
note_ends (RegiaStore *self, const RegiaScan *scan)
{
  for (guint i = 0; i < scan->n_tracks; i++) {
    const RegiaScanTrack *track = &scan->tracks[i];
    gint64 *known = g_hash_table_lookup (self->ends, track->name);
    gint64 end = regia_scan_track_ns (track, track->end);

    if (track->samples == 0 || (known != NULL && *known >= end))
      continue;
    g_hash_table_insert (self->ends, g_strdup (track->name), g_memdup2 (&end, sizeof end));
  }
}

static void
describe_part (RegiaSessionPart *part, const RegiaScan *scan)
{
  gboolean has_time = FALSE;

  part->bytes = scan->total_bytes;
  part->lost_bytes = scan->lost_bytes;
  for (guint i = 0; i < scan->n_tracks; i++) {
    const RegiaScanTrack *track = &scan->tracks[i];
    gint64 from = regia_scan_track_ns (track, track->first) / REGIA_MSECOND;
    gint64 to = regia_scan_track_ns (track, track->end) / REGIA_MSECOND;

    if (track->samples == 0)
      continue;
    part->from_ms = has_time ? MIN (part->from_ms, from) : from;
    part->to_ms = has_time ? MAX (part->to_ms, to) : to;
    has_time = TRUE;
  }
  if (scan->header_bytes == 0 && scan->total_bytes >= STILLBORN_BYTES)
    regia_session_set_part_state (part, REGIA_PART_DAMAGED,
                                  "Its beginning cannot be read, so none of it can be used");
  else if (scan->lost_bytes > 0)
    regia_session_set_part_state (part, REGIA_PART_SUSPECT, "Some of it is damaged and was left out");
  else if (strcmp (part->state, REGIA_PART_OPEN) == 0)
    regia_session_set_part_state (
        part, REGIA_PART_WHOLE, scan->whole_bytes < scan->total_bytes ? "Its last fragment was cut off" : "");
}

/* One old part that cannot be looked at must not keep a show from being recorded. It is left for the
 * finishing, which does not pass over it. */
static void
suspect_part (RegiaSession *session, const char *file, const GError *why)
{
  RegiaSessionPart *part = regia_session_find_part (session, file);

  g_debug ("a part cannot be looked at: %s", why->message);
  if (part == NULL)
    part = regia_session_add_part (session, file, REGIA_PART_SUSPECT);
  regia_session_set_part_state (part, REGIA_PART_SUSPECT, why->message);
}

static gboolean
refresh_part (RegiaStore *self, RegiaSession *session, const char *file, gboolean thorough, GError **error)
{
  g_autofree char *path = regia_store_path (self, file);
  RegiaSessionPart *part = regia_session_find_part (session, file);
  g_autoptr (GError) local_error = NULL;
  RegiaScan scan;

  /* Already in a finished file (its removal was interrupted), or looked at and kept. */
  if (part != NULL &&
      (strcmp (part->state, REGIA_PART_FINISHED) == 0 || strcmp (part->state, REGIA_PART_DAMAGED) == 0))
    return TRUE;
  if (thorough && !regia_scan_path (path, &scan, error))
    return FALSE;
  if (!thorough && !regia_scan_path_ends (path, &scan, &local_error)) {
    suspect_part (session, file, local_error);
    return TRUE;
  }
  if (part == NULL)
    part = regia_session_add_part (session, file, REGIA_PART_OPEN);
  else if (strcmp (part->state, REGIA_PART_LOST) == 0)
    regia_session_set_part_state (part, REGIA_PART_OPEN, ""); /* somebody has put it back */
  describe_part (part, &scan);
  note_ends (self, &scan);
  return TRUE;
}

/* programme.mp4, programme-2.mp4 … programme-10.mp4 */
static int
compare_files_cb (gconstpointer a, gconstpointer b)
{
  const char *x = *(const char *const *)a, *y = *(const char *const *)b;
  gsize x_length = strlen (x), y_length = strlen (y);

  return x_length != y_length ? (x_length < y_length ? -1 : 1) : strcmp (x, y);
}

/* Finished files that are there. Listed by name and size at once, so that nothing is written over them;
 * finishing looks into them. */
static void
list_files (RegiaStore *self, RegiaSession *session)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "programme") && g_str_has_suffix (name, ".mp4") &&
        regia_session_name_is_safe (name))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_files_cb);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = regia_store_path (self, g_ptr_array_index (names, i));
    struct stat st;

    if (lstat (path, &st) == 0 && S_ISREG (st.st_mode))
      regia_session_add_file (session, g_ptr_array_index (names, i))->size_bytes = (guint64)st.st_size;
  }
}

/* What is left when session.json is lost: the folder's name, and the times of the files. */
static RegiaSession *
rebuild (RegiaStore *self, char **parts, gboolean thorough, GError **error)
{
  g_autoptr (RegiaSession) session = regia_session_new (self->id, self->id, "");
  gint64 from_ms = G_MAXINT64, modified_ms = 0;

  list_files (self, session);
  for (guint i = 0; parts[i] != NULL; i++) {
    g_autofree char *path = regia_store_path (self, parts[i]);
    RegiaSessionPart *part;
    struct stat st;

    if (!refresh_part (self, session, parts[i], thorough, error))
      return NULL;
    part = regia_session_find_part (session, parts[i]);
    if (part->to_ms == 0 || stat (path, &st) != 0)
      continue;
    from_ms = MIN (from_ms, part->from_ms);
    session->duration_ms = MAX (session->duration_ms, part->to_ms - from_ms);
    /* The last fragment's show time and the file's last change are the same moment. */
    modified_ms = (gint64)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    session->epoch_ms = modified_ms - part->to_ms;
    session->started_ms = session->epoch_ms + from_ms;
  }
  return g_steal_pointer (&session);
}

/* (transfer full): text of @name in the session's folder. */
static char *
read_text (RegiaStore *self, const char *name, gsize *ret_length, GError **error)
{
  g_autofree char *path = regia_store_path (self, name);
  char *text = NULL;
  struct stat st;

  if (lstat (path, &st) != 0)
    return (regia_error_set_errno (error, errno, "%s", path), NULL);
  if (!S_ISREG (st.st_mode) || st.st_size > JSON_BYTES)
    return (regia_error_set_errno (error, EINVAL, "%s", path), NULL);
  return g_file_get_contents (path, &text, ret_length, error) ? text : NULL;
}

static RegiaSession *
read_record (RegiaStore *self, GError **error)
{
  gsize length;
  g_autofree char *text = read_text (self, REGIA_SESSION_FILE, &length, error);

  return text != NULL ? regia_session_from_json (text, (gssize)length, error) : NULL;
}

/* Whatever became of the record. One that is there and cannot be read says that all of it is private. */
static void
add_private (RegiaStore *self, RegiaSession *session)
{
  g_autofree char *path = regia_store_path (self, REGIA_SESSION_PRIVATE);
  g_autofree char *text = NULL;
  gsize length = 0;
  struct stat st;

  if (lstat (path, &st) != 0 && errno == ENOENT)
    return;
  text = read_text (self, REGIA_SESSION_PRIVATE, &length, NULL);
  regia_session_add_private_json (session, text != NULL ? text : "", (gssize)length);
}

static gboolean
has_finished_file (RegiaStore *self)
{
  g_autofree char *path = regia_store_path (self, "programme.mp4");

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* Listed, and not there. One whose contents are in a finished file, or that was told to be of no use, may be.
 */
static void
lose_parts (RegiaSession *session, char **files)
{
  for (guint i = 0; i < session->parts->len; i++) {
    RegiaSessionPart *part = g_ptr_array_index (session->parts, i);
    g_autofree char *why = NULL;

    if (g_strv_contains ((const char *const *)files, part->file) ||
        strcmp (part->state, REGIA_PART_FINISHED) == 0 || strcmp (part->state, REGIA_PART_DAMAGED) == 0 ||
        strcmp (part->state, REGIA_PART_LOST) == 0)
      continue;
    why = g_strdup_printf ("%s is not there any more", part->file);
    regia_session_set_part_state (part, REGIA_PART_LOST, why);
  }
}

RegiaSession *
regia_store_load (RegiaStore *self, gboolean thorough, gboolean *ret_rebuilt, GError **error)
{
  g_auto (GStrv) parts = regia_store_list_parts (self);
  g_autofree char *path = regia_store_path (self, REGIA_SESSION_FILE);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (RegiaSession) session = read_record (self, &local_error);

  if (g_error_matches (local_error, REGIA_ERROR, REGIA_ERROR_NEWER)) {
    g_propagate_prefixed_error (error, g_steal_pointer (&local_error), "%s: ", path);
    return NULL;
  }
  *ret_rebuilt = session == NULL;
  g_hash_table_remove_all (self->ends);
  if (session == NULL) {
    if (parts[0] == NULL && !g_file_test (path, G_FILE_TEST_EXISTS) && !has_finished_file (self)) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE, "%s: there is no session in this folder",
                   self->folder);
      return NULL;
    }
    g_debug ("the record of a session is rebuilt: %s", local_error->message);
    session = rebuild (self, parts, thorough, error);
    if (session != NULL)
      add_private (self, session);
    return g_steal_pointer (&session);
  }
  for (guint i = 0; parts[i] != NULL; i++)
    if (!refresh_part (self, session, parts[i], thorough, error))
      return NULL;
  lose_parts (session, parts);
  add_private (self, session);
  return g_steal_pointer (&session);
}
