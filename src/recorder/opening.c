/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "opening-private.h"

#include <string.h>
#include <sys/stat.h>

#include "missing-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"

#define LOCK_WAIT_MS 10000
#define FUTURE_NS    (30 * REGIA_SECOND) /* the disk cannot know later times than now */

/* Ends that lie in the future are of another show, or damage: they would hold the recording back until their
 * time has come. */
static gboolean
is_future_cb (gpointer key, gpointer value, gpointer user_data)
{
  return *(gint64 *)value > *(gint64 *)user_data;
}

/* The end of what is in finished files, show time: a feed that still holds it must not be recorded twice. */
static gint64
finished_until (RegiaSession *session)
{
  gint64 until_ms = 0;

  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);

    if (strcmp (part->state, REGIA_PART_FINISHED) == 0)
      until_ms = MAX (until_ms, part->to_ms);
  }
  return until_ms * REGIA_MSECOND;
}

/* Another show's under the same name: its time began at another moment. */
static gboolean
is_of_another_show (const RegiaRecordingOptions *options, RegiaSession *session)
{
  gint64 epoch_ms = options->epoch.realtime_ns / REGIA_MSECOND;

  return session->epoch_ms != 0 && ABS (session->epoch_ms - epoch_ms) > 1000;
}

/* Whether something lies in the session's place that is no folder: a file, or a link, wherever that leads. */
static gboolean
is_obstructed (const RegiaRecordingOptions *options, const char *name)
{
  g_autofree char *path = g_build_filename (options->recordings, name, NULL);
  struct stat st;

  return lstat (path, &st) == 0 && !S_ISDIR (st.st_mode);
}

/* Opens the folder and reads what is in it. FALSE with REGIA_ERROR_STATE as regia_store_load() has it leaves
 * the store open: there is nothing in it yet. */
static gboolean
open_folder (RegiaOpening *self, const RegiaRecordingOptions *options, const char *name,
             gboolean *ret_rebuilt, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  *ret_rebuilt = FALSE;
  self->store = regia_store_open (options->recordings, name, TRUE, LOCK_WAIT_MS, error);
  if (self->store == NULL)
    return FALSE;
  self->session = regia_store_load (self->store, FALSE, ret_rebuilt, &local_error);
  if (self->session == NULL && !g_error_matches (local_error, REGIA_ERROR, REGIA_ERROR_STATE)) {
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  return TRUE;
}

/* The session's folder. When its name is taken by something that is none, or by a session of a later version
 * of Regia, the first of NAME-2, NAME-3 … that is free or was taken by this show before. */
static gboolean
choose_folder (RegiaOpening *self, const RegiaRecordingOptions *options, RegiaRecorderStatus *status,
               gboolean *ret_rebuilt, GError **error)
{
  const char *why = "is not a folder";

  for (guint n = 1;; n++) {
    g_autofree char *name =
        n == 1 ? g_strdup (options->session) : g_strdup_printf ("%s-%u", options->session, n);
    g_autofree char *path = g_build_filename (options->recordings, name, NULL);
    g_autoptr (GError) local_error = NULL;

    if (is_obstructed (options, name))
      continue;
    if (!open_folder (self, options, name, ret_rebuilt, &local_error)) {
      if (!g_error_matches (local_error, REGIA_ERROR, REGIA_ERROR_NEWER)) {
        g_propagate_error (error, g_steal_pointer (&local_error));
        return FALSE;
      }
      why = "was written by a later version of Regia";
    } else if (n == 1 || self->session == NULL || !is_of_another_show (options, self->session)) {
      if (n > 1) {
        g_warning ("%s/%s %s; recording into %s", options->recordings, options->session, why, name);
        regia_recorder_status_set_place (status, name, path);
      }
      return TRUE;
    }
    g_clear_pointer (&self->session, regia_session_free);
    g_clear_pointer (&self->store, regia_store_free);
  }
}

/* What is known of the session, from the disk and from before it was displaced. */
static void
describe_session (RegiaOpening *self, const RegiaRecordingOptions *options, RegiaSession *earlier,
                  const char *displaced)
{
  const char *id = regia_store_get_id (self->store);

  if (self->session == NULL)
    self->session = regia_session_new (id, "", "");
  g_free (self->session->title);
  g_free (self->session->place);
  self->session->title = g_strdup (options->title);
  self->session->place = g_strdup (options->place);
  if (earlier != NULL)
    regia_missing_absorb (self->session, earlier, displaced);
}

void
regia_opening_clear (RegiaOpening *self)
{
  g_clear_pointer (&self->session, regia_session_free);
  g_clear_pointer (&self->store, regia_store_free);
  g_clear_pointer (&self->ends, g_hash_table_unref);
}

gboolean
regia_opening_run (const RegiaRecordingOptions *options, RegiaRecorderStatus *status, RegiaSession *earlier,
                   const char *displaced, RegiaOpening *ret_opening, GError **error)
{
  gint64 latest_ns = regia_epoch_show_time (&options->epoch) + FUTURE_NS;
  g_auto (RegiaOpening) self = {0};
  gboolean rebuilt = FALSE;

  if (!choose_folder (&self, options, status, &rebuilt, error))
    return FALSE;
  describe_session (&self, options, earlier, displaced);
  self.ends = regia_store_get_ends (self.store);
  self.until_ns = finished_until (self.session);
  if (!rebuilt && is_of_another_show (options, self.session)) {
    g_hash_table_remove_all (self.ends);
    self.until_ns = 0;
    /* Of another time: nothing of this show lies in them. */
    g_ptr_array_set_size (self.session->pauses, 0);
  } else {
    self.lost_until_ns = regia_missing_until (self.session) * REGIA_MSECOND;
  }
  g_hash_table_foreach_remove (self.ends, is_future_cb, &latest_ns);
  if (self.until_ns > latest_ns)
    self.until_ns = 0;
  if (self.lost_until_ns > latest_ns)
    self.lost_until_ns = 0;
  self.session->epoch_ms = options->epoch.realtime_ns / REGIA_MSECOND;
  *ret_opening = self;
  memset (&self, 0, sizeof self);
  return TRUE;
}
