/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "finish-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "disk-private.h"
#include "missing-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/mux/remux.h"

#define SLIVER_MS 20 /* between a pause and the samples that lie across its edges */

/*
 * Finishing is a list of steps of which each leaves the disk in a state from which the whole can be run
 * again:
 *
 *   1. session.json says `finishing`
 *   2. for each group of parts that fit together: remux into NAME.part, verified, synced; renamed to NAME
 *   3. session.json lists the files with their checksums, marks the parts as finished, says `finished`
 *   4. the parts marked so are removed, and live/
 *
 * Killed before 3: the parts are all there, step 2 is done again over the same names. Killed after 3: only
 * step 4 is left. A file that session.json lists is never written over; nor is one that it does not list,
 * unless it said `finishing` already, so that the file is of step 2. When session.json was lost, what is
 * there is taken in.
 */

typedef struct {
  RegiaStore *store;
  RegiaSession *session; /* (owned) */
  gboolean again;        /* step 1 was done by a finishing that was interrupted */
  GPtrArray *groups;     /* (owned) (element-type RegiaRemuxGroup) */
  RegiaFinishProgressFunc progress;
  gpointer user_data;
  GCancellable *cancellable;
  guint64 total_bytes, done_bytes, group_bytes;
  guint64 unreadable; /* samples */
  guint percent;
} Job;

static char *
file_name (guint n)
{
  return n == 1 ? g_strdup ("programme.mp4") : g_strdup_printf ("programme-%u.mp4", n);
}

static gboolean
is_finished_part (const RegiaSessionPart *part)
{
  return strcmp (part->state, REGIA_PART_FINISHED) == 0;
}

static gboolean
is_damaged_part (const RegiaSessionPart *part)
{
  return strcmp (part->state, REGIA_PART_DAMAGED) == 0;
}

/* Parts on the disk whose contents are in no finished file yet. */
static GPtrArray *
parts_to_do (RegiaStore *store, RegiaSession *session)
{
  g_auto (GStrv) files = regia_store_list_parts (store);
  GPtrArray *todo = g_ptr_array_new ();

  for (guint i = 0; files[i] != NULL; i++) {
    RegiaSessionPart *part = regia_session_find_part (session, files[i]);

    if (part != NULL && !is_finished_part (part) && !is_damaged_part (part))
      g_ptr_array_add (todo, part);
  }
  return todo;
}

gboolean
regia_finish_is_due (RegiaStore *store, RegiaSession *session)
{
  g_auto (GStrv) files = regia_store_list_parts (store);

  if (strcmp (session->state, REGIA_SESSION_FINISHED) != 0 &&
      strcmp (session->state, REGIA_SESSION_DAMAGED) != 0)
    return TRUE;
  /* Parts that were found damaged stay, and are no work. */
  for (guint i = 0; files[i] != NULL; i++) {
    RegiaSessionPart *part = regia_session_find_part (session, files[i]);

    if (part == NULL || !is_damaged_part (part))
      return TRUE;
  }
  return FALSE;
}

/* --- step 2 --- */

/* What finishings that were killed left behind: nobody else works here while the session is held, and it
 * would take the room that this one needs. */
static void
remove_leftovers (RegiaStore *store)
{
  g_autoptr (GDir) dir = g_dir_open (regia_store_get_folder (store), 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "programme") && g_str_has_suffix (name, ".mp4.part")) {
      g_autofree char *path = regia_store_path (store, name);

      if (unlink (path) != 0)
        g_debug ("%s: %s", path, g_strerror (errno));
    }
}

static gboolean
check_space (Job *self, GError **error)
{
  struct statvfs st;
  guint64 free_bytes, needed = self->total_bytes + self->total_bytes / 50 + (1u << 20);
  const char *folder = regia_store_get_folder (self->store);

  if (statvfs (folder, &st) != 0)
    return regia_error_set_errno (error, errno, "%s", folder);
  free_bytes = (guint64)st.f_bavail * st.f_frsize;
  if (st.f_files > 0 && st.f_favail == 0) {
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_NO_SPACE,
        "Finishing the recording makes a file and the disk has no inodes left for one: remove files, "
        "however small, in or beside %s; nothing of it is lost, and the next start finishes it",
        folder);
    return FALSE;
  }
  if (free_bytes >= needed)
    return TRUE;
  {
    g_autofree char *need = g_format_size (needed), *have = g_format_size (free_bytes);

    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_NO_SPACE,
        "Finishing the recording needs %s and only %s are free: free up space in %s; nothing of it is lost, "
        "and the next start finishes it",
        need, have, folder);
  }
  return FALSE;
}

static void
remux_progress_cb (double done, gpointer user_data)
{
  Job *self = user_data;
  double bytes = (double)self->done_bytes + done * (double)self->group_bytes;
  guint percent = self->total_bytes > 0 ? (guint)(100.0 * bytes / (double)self->total_bytes) : 100;

  if (percent == self->percent)
    return;
  self->percent = MIN (percent, 100);
  if (self->progress != NULL)
    self->progress (self->percent, self->user_data);
}

static void
describe_file (RegiaSessionFile *file, const RegiaRemuxResult *result)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  file->size_bytes = result->size_bytes;
  g_free (file->sha256);
  file->sha256 = g_strdup (result->sha256);
  file->duration_ms = result->duration_ns / REGIA_MSECOND;
  file->silent_frames = 0;
  for (guint i = 0; i < result->n_tracks; i++) {
    g_strv_builder_add (names, result->tracks[i].name);
    file->silent_frames += result->tracks[i].silent;
  }
  g_strfreev (file->tracks);
  file->tracks = g_strv_builder_end (names);
}

/* The reason that was noted while recording, of the gap that lies at the same time. */
static char *
reason_of (RegiaSession *session, gint64 from_ms, gint64 to_ms)
{
  for (guint i = 0; i < session->gaps->len; i++) {
    const RegiaSessionGap *gap = g_ptr_array_index (session->gaps, i);

    if (gap->from_ms < to_ms && gap->to_ms > from_ms)
      return g_strdup (gap->reason);
  }
  return g_strdup ("Nothing was recorded");
}

/* A gap of a finished file, or between two, but for the pauses in it. */
static void
add_found (RegiaSession *fresh, RegiaSession *session, const RegiaRemuxGap *found)
{
  gint64 from_ms = found->from_ns / REGIA_MSECOND, to_ms = found->to_ns / REGIA_MSECOND;
  g_autofree char *reason = reason_of (session, from_ms, to_ms);

  for (guint i = 0; i < session->pauses->len; i++) {
    const RegiaSessionSpan *pause = g_ptr_array_index (session->pauses, i);

    if (pause->from_ms >= to_ms || (pause->to_ms != 0 && pause->to_ms <= from_ms))
      continue;
    if (pause->from_ms - from_ms > SLIVER_MS)
      regia_session_add_gap (fresh, from_ms, pause->from_ms, reason);
    from_ms = pause->to_ms != 0 ? MIN (pause->to_ms, to_ms) : to_ms;
    if (to_ms - from_ms <= SLIVER_MS)
      from_ms = to_ms;
  }
  regia_session_add_gap (fresh, from_ms, to_ms, reason);
}

/* The gaps as the finished files have them replace those that were noted on the way, from @from_ms to @to_ms.
 */
static void
replace_gaps (RegiaSession *session, gint64 from_ms, gint64 to_ms, GArray *found)
{
  g_autoptr (RegiaSession) fresh = regia_session_new (session->id, "", "");

  for (guint i = 0; i < session->gaps->len; i++) {
    const RegiaSessionGap *gap = g_ptr_array_index (session->gaps, i);

    if (gap->from_ms < from_ms)
      regia_session_add_gap (fresh, gap->from_ms, MIN (gap->to_ms, from_ms), gap->reason);
  }
  for (guint i = 0; i < found->len; i++)
    add_found (fresh, session, &g_array_index (found, RegiaRemuxGap, i));
  for (guint i = 0; i < session->gaps->len; i++) {
    const RegiaSessionGap *gap = g_ptr_array_index (session->gaps, i);

    if (gap->to_ms > to_ms)
      regia_session_add_gap (fresh, MAX (gap->from_ms, to_ms), gap->to_ms, gap->reason);
  }
  regia_session_take_gaps (session, fresh);
}

/* The first name that is neither listed nor in use, but by a finishing of the same that was interrupted. */
static char *
next_name (Job *self)
{
  for (guint n = 1;; n++) {
    g_autofree char *name = file_name (n);
    g_autofree char *path = regia_store_path (self->store, name);

    if (regia_session_find_file (self->session, name) == NULL &&
        (self->again || !g_file_test (path, G_FILE_TEST_EXISTS)))
      return g_steal_pointer (&name);
  }
}

/* The end of what was recorded of a pause that lasts: it was told late, and ended its part. */
static gint64
recorded_until (RegiaSession *session, gint64 ms)
{
  gint64 until_ms = ms;

  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);

    if (part->from_ms <= ms && part->to_ms > ms)
      until_ms = MAX (until_ms, part->to_ms);
  }
  return until_ms;
}

/* Pauses are not in the file, nor in its time. */
static GArray *
list_cuts (RegiaSession *session)
{
  GArray *cuts = g_array_new (FALSE, FALSE, sizeof (RegiaRemuxGap));

  for (guint i = 0; i < session->pauses->len; i++) {
    const RegiaSessionSpan *pause = g_ptr_array_index (session->pauses, i);
    gint64 to_ms = pause->to_ms > 0 ? pause->to_ms : recorded_until (session, pause->from_ms);
    RegiaRemuxGap cut = {pause->from_ms * REGIA_MSECOND, to_ms * REGIA_MSECOND};

    if (to_ms > pause->from_ms)
      g_array_append_val (cuts, cut);
  }
  return cuts;
}

static GArray *
list_marks (RegiaSession *session)
{
  GArray *marks = g_array_new (FALSE, FALSE, sizeof (RegiaRemuxMark));

  for (guint i = 0; i < session->marks->len; i++) {
    const RegiaSessionMark *from = g_ptr_array_index (session->marks, i);
    RegiaRemuxMark mark = {from->at_ms * REGIA_MSECOND, from->title};

    g_array_append_val (marks, mark);
  }
  return marks;
}

static gboolean
finish_group (Job *self, RegiaRemuxGroup *group, GArray *gaps, GError **error)
{
  g_autofree char *name = next_name (self);
  g_autofree char *path = regia_store_path (self->store, name);
  g_autofree char *part_path = g_strconcat (path, ".part", NULL);
  g_autoptr (GArray) cuts = list_cuts (self->session);
  g_autoptr (GArray) chapters = list_marks (self->session);
  RegiaRemuxOptions options = {self->session->title, 0, cuts, chapters};
  g_auto (RegiaRemuxResult) result = {0};

  if (self->session->epoch_ms > 0)
    options.creation_s = (self->session->epoch_ms + group->from_ns / REGIA_MSECOND) / 1000;
  self->group_bytes = group->bytes;
  if (!regia_remux_run (group, &options, part_path, remux_progress_cb, self, self->cancellable, &result,
                        error)) {
    unlink (part_path);
    return FALSE;
  }
  if (rename (part_path, path) != 0) {
    regia_error_set_errno (error, errno, "%s", path);
    unlink (part_path);
    return FALSE;
  }
  if (!regia_file_sync_folder (regia_store_get_folder (self->store), error))
    return FALSE;
  describe_file (regia_session_add_file (self->session, name), &result);
  g_array_append_vals (gaps, result.gaps->data, result.gaps->len);
  self->done_bytes += group->bytes;
  for (guint i = 0; i < result.n_tracks; i++)
    self->unreadable += result.tracks[i].unreadable;
  return TRUE;
}

/* What lies between two files is a gap too. */
static void
add_interval (GArray *gaps, const RegiaRemuxGroup *before, const RegiaRemuxGroup *after)
{
  RegiaRemuxGap gap = {before->to_ns, after->from_ns};

  if (gap.to_ns - gap.from_ns > 100 * REGIA_MSECOND)
    g_array_append_val (gaps, gap);
}

static gboolean
finish_groups (Job *self, GError **error)
{
  g_autoptr (GArray) gaps = g_array_new (FALSE, FALSE, sizeof (RegiaRemuxGap));
  const RegiaRemuxGroup *first, *last;

  if (self->groups->len == 0)
    return TRUE;
  for (guint i = 0; i < self->groups->len; i++)
    self->total_bytes += ((RegiaRemuxGroup *)g_ptr_array_index (self->groups, i))->bytes;
  remove_leftovers (self->store);
  if (!check_space (self, error))
    return FALSE;
  for (guint i = 0; i < self->groups->len; i++) {
    if (i > 0)
      add_interval (gaps, g_ptr_array_index (self->groups, i - 1), g_ptr_array_index (self->groups, i));
    if (!finish_group (self, g_ptr_array_index (self->groups, i), gaps, error))
      return FALSE;
  }
  first = g_ptr_array_index (self->groups, 0);
  last = g_ptr_array_index (self->groups, self->groups->len - 1);
  replace_gaps (self->session, first->from_ns / REGIA_MSECOND, last->to_ns / REGIA_MSECOND, gaps);
  return TRUE;
}

/* --- the record was lost: finished files that are there --- */

/* They are listed without a checksum, see regia_store_load(); one that cannot be read stays so. */
static gboolean
adopt_files (Job *self, GError **error)
{
  for (guint i = 0; i < self->session->files->len; i++) {
    RegiaSessionFile *file = g_ptr_array_index (self->session->files, i);
    g_autofree char *path = regia_store_path (self->store, file->name);
    g_auto (RegiaRemuxResult) result = {0};
    g_autoptr (GError) local_error = NULL;

    if (file->sha256[0] != '\0')
      continue;
    if (regia_remux_probe (path, self->cancellable, &result, &local_error))
      describe_file (file, &result);
    else if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    } else
      g_debug ("%s cannot be looked at: %s", path, local_error->message);
  }
  return TRUE;
}

/* --- step 3 --- */

static gboolean
is_in_groups (Job *self, const char *path)
{
  for (guint i = 0; i < self->groups->len; i++) {
    const RegiaRemuxGroup *group = g_ptr_array_index (self->groups, i);

    for (guint j = 0; j < group->paths->len; j++)
      if (strcmp (g_ptr_array_index (group->paths, j), path) == 0)
        return TRUE;
  }
  return FALSE;
}

/* What may go, and what is kept because not all of it is in a finished file. */
static void
mark_parts (Job *self, GPtrArray *todo)
{
  for (guint i = 0; i < todo->len; i++) {
    RegiaSessionPart *part = g_ptr_array_index (todo, i);
    g_autofree char *path = regia_store_path (self->store, part->file);

    if ((part->lost_bytes > 0 || part->to_ms > 0) && !is_in_groups (self, path))
      regia_session_set_part_state (part, REGIA_PART_DAMAGED, "None of it can be read");
    else if (part->lost_bytes > 0)
      regia_session_set_part_state (part, REGIA_PART_DAMAGED, "Some of it is damaged; the rest was used");
    else if (self->unreadable > 0)
      regia_session_set_part_state (part, REGIA_PART_DAMAGED,
                                    "The disk could not read some of it; the rest was used");
    else
      regia_session_set_part_state (part, REGIA_PART_FINISHED, "");
  }
}

static char *
damage_in_words (RegiaSession *session)
{
  g_autofree char *missing = regia_missing_in_words (session);
  g_autofree char *parts = NULL;
  guint damaged = 0;

  for (guint i = 0; i < session->parts->len; i++)
    damaged += is_damaged_part (g_ptr_array_index (session->parts, i));
  if (damaged == 0)
    return g_steal_pointer (&missing);
  parts = g_strdup_printf (damaged == 1 ? "%u part of the recording is damaged and was kept in %s/%s"
                                        : "%u parts of the recording are damaged and were kept in %s/%s",
                           damaged, session->id, REGIA_SESSION_LIVE);
  return missing[0] != '\0' ? g_strdup_printf ("%s; %s", parts, missing) : g_steal_pointer (&parts);
}

static void
conclude (Job *self)
{
  RegiaSession *session = self->session;
  g_autofree char *damage = damage_in_words (session);
  const char *state = damage[0] != '\0' ? REGIA_SESSION_DAMAGED : REGIA_SESSION_FINISHED;

  regia_missing_note (session);
  if (self->groups->len > 0 && session->started_ms == 0 && session->epoch_ms > 0)
    session->started_ms =
        session->epoch_ms + ((RegiaRemuxGroup *)g_ptr_array_index (self->groups, 0))->from_ns / REGIA_MSECOND;
  if (session->files->len == 0) {
    regia_session_set_state (session, state, damage[0] != '\0' ? damage : "Nothing was recorded");
    return;
  }
  session->duration_ms = 0;
  for (guint i = 0; i < session->files->len; i++)
    session->duration_ms += ((RegiaSessionFile *)g_ptr_array_index (session->files, i))->duration_ms;
  regia_session_set_state (session, REGIA_SESSION_FINISHED, damage);
}

/* --- step 4 --- */

static void
remove_parts (RegiaStore *store, RegiaSession *session)
{
  g_autofree char *live = regia_store_path (store, REGIA_SESSION_LIVE);

  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);
    g_autofree char *path = regia_store_path (store, part->file);

    if (is_finished_part (part) && unlink (path) != 0 && errno != ENOENT)
      g_debug ("%s: %s", path, g_strerror (errno));
  }
  if (rmdir (live) != 0)
    g_debug ("%s: %s", live, g_strerror (errno));
}

static gboolean
run (Job *self, GError **error)
{
  g_autoptr (GPtrArray) todo = parts_to_do (self->store, self->session);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  /* Before anything is written: what is listed is safe from step 2. */
  if (!adopt_files (self, error))
    return FALSE;
  if (todo->len > 0 || self->session->files->len == 0) {
    regia_session_set_state (self->session, REGIA_SESSION_FINISHING, "");
    if (!regia_store_save (self->store, self->session, error))
      return FALSE;
  }
  for (guint i = 0; i < todo->len; i++)
    g_ptr_array_add (paths,
                     regia_store_path (self->store, ((RegiaSessionPart *)g_ptr_array_index (todo, i))->file));
  g_ptr_array_add (paths, NULL);
  self->groups = regia_remux_plan ((const char *const *)paths->pdata, error);
  if (self->groups == NULL || !finish_groups (self, error))
    return FALSE;
  mark_parts (self, todo);
  conclude (self);
  if (!regia_store_save (self->store, self->session, error))
    return FALSE;
  remove_parts (self->store, self->session);
  return TRUE;
}

RegiaSession *
regia_finish_run (RegiaStore *store, RegiaFinishProgressFunc progress, gpointer user_data,
                  GCancellable *cancellable, GError **error)
{
  Job job = {.store = store, .progress = progress, .user_data = user_data, .cancellable = cancellable};
  gboolean ok, rebuilt;

  job.session = regia_store_load (store, TRUE, &rebuilt, error);
  if (job.session == NULL)
    return NULL;
  job.again = strcmp (job.session->state, REGIA_SESSION_FINISHING) == 0;
  ok = run (&job, error);
  g_clear_pointer (&job.groups, g_ptr_array_unref);
  if (!ok)
    g_clear_pointer (&job.session, regia_session_free);
  return job.session;
}
