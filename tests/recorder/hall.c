/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hall.h"
#include "../wait.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "regia/base/clock.h"
#include "regia/mux/remux.h"

#define WAIT_S 30

static RegiaWanted *
read_wanted (const char *text)
{
  g_autoptr (GVariant) part = g_variant_ref_sink (g_variant_new_parsed (text));

  return regia_wanted_new (part);
}

void
hall_want (Hall *self, Take *take, const char *text)
{
  regia_wanted_unref (self->wanted);
  self->wanted = read_wanted (text);
  if (take == NULL)
    return;
  regia_recording_set_wanted (take->recording, self->wanted);
  WAIT_UNTIL_S (WAIT_S, regia_recording_get_applied (take->recording) == self->wanted->version);
}

Hall *
hall_new (guint seconds)
{
  Hall *self = g_new0 (Hall, 1);

  self->media = media_new (seconds, HALL_FROM_NS);
  self->folder = g_dir_make_tmp ("regia-hall-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  self->recordings = g_build_filename (self->folder, "recordings", NULL);
  self->session = g_build_filename (self->recordings, HALL_SESSION, NULL);
  regia_epoch_now (&self->epoch);
  self->epoch.monotonic_ns -= HALL_FROM_NS;
  self->epoch.realtime_ns -= HALL_FROM_NS;
  hall_want (self, NULL, "@a{sv} {}");
  return self;
}

void
hall_close_feed (Hall *self)
{
  g_clear_pointer (&self->server, regia_feed_server_free);
  g_clear_pointer (&self->log, regia_feed_log_free);
}

int
hall_hand (Hall *self)
{
  g_autofree char *name = g_strdup_printf ("reader %u", ++self->readers);

  return pair_open (self->server, name, REGIA_FEED_HOUSE);
}

void
hall_open_feed (Hall *self, guint64 generation)
{
  g_autoptr (GPtrArray) tracks = NULL;

  hall_close_feed (self);
  self->log = regia_feed_log_new (generation, 60 * REGIA_SECOND, 64 << 20);
  self->server = regia_feed_server_new (self->log);
  if (self->link != NULL)
    regia_feed_link_use (self->link, hall_hand (self));
  tracks = regia_tracks_new ();
  for (guint i = 0; i < (self->tracks_used > 0 ? self->tracks_used : self->media->tracks->len); i++)
    g_ptr_array_add (tracks, regia_track_ref (g_ptr_array_index (self->media->tracks, i)));
  regia_feed_log_set_tracks (self->log, tracks);
}

void
hall_free (Hall *self)
{
  if (self == NULL)
    return;
  hall_close_feed (self);
  media_free (self->media);
  remove_tree (self->folder);
  regia_wanted_unref (self->wanted);
  g_free (self->folder);
  g_free (self->recordings);
  g_free (self->session);
  regia_feed_link_unref (self->link);
  g_free (self);
}

static gboolean
next_before (Hall *self, double seconds, RegiaPacket **ret_packet)
{
  if (self->next >= self->media->packets->len)
    return FALSE;
  *ret_packet = g_ptr_array_index (self->media->packets, self->next);
  if ((*ret_packet)->dts_ns >= HALL_FROM_NS + (gint64)(seconds * REGIA_SECOND))
    return FALSE;
  self->next++;
  return TRUE;
}

void
hall_play_until (Hall *self, double seconds)
{
  RegiaPacket *packet;

  /* A copy: the log numbers the packets that it is given. */
  while (next_before (self, seconds, &packet))
    if (self->tracks_used == 0 || packet->track < self->tracks_used)
      regia_feed_log_append (self->log,
                             regia_packet_new (packet->track, packet->flags, packet->pts_ns, packet->dts_ns,
                                               packet->duration_ns, g_bytes_ref (packet->payload)));
}

void
hall_skip_until (Hall *self, double seconds)
{
  RegiaPacket *packet;

  while (next_before (self, seconds, &packet))
    ;
}

guint
hall_packets (Hall *self, guint track, double seconds)
{
  guint n = 0;

  for (guint i = 0; i < self->media->packets->len; i++) {
    const RegiaPacket *packet = g_ptr_array_index (self->media->packets, i);

    n += packet->track == track && packet->dts_ns < HALL_FROM_NS + (gint64)(seconds * REGIA_SECOND);
  }
  return n;
}

guint64
hall_ms (double seconds)
{
  return (guint64)(HALL_FROM_NS / REGIA_MSECOND) + (guint64)(seconds * 1000);
}

static void
done_cb (const GError *error, gpointer user_data)
{
  Take *self = user_data;

  g_mutex_lock (&self->lock);
  self->done = TRUE;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

Take *
take_new (Hall *hall, const RegiaDisk *disk, guint64 reserve_bytes)
{
  static const char *const tracks[] = {"video/120p", "audio/it", "audio/en", NULL};
  Take *self = g_new0 (Take, 1);
  RegiaRecordingOptions options = {
      .disk = disk,
      .recordings = hall->recordings,
      .session = HALL_SESSION,
      .title = "Sirio migranti",
      .place = "Massa",
      .tracks = tracks,
      .epoch = hall->epoch,
      .reserve_bytes = reserve_bytes,
      .memory_ms = 60000,
      .wanted = hall->wanted,
  };

  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  regia_feed_link_unref (hall->link);
  hall->link = options.feed = regia_feed_link_new ();
  if (hall->server != NULL)
    regia_feed_link_use (hall->link, hall_hand (hall));
  self->recording = regia_recording_new (&options, done_cb, self);
  return self;
}

GError *
take_end (Take *self)
{
  gint64 until = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;

  g_mutex_lock (&self->lock);
  while (!self->done)
    if (!g_cond_wait_until (&self->cond, &self->lock, until))
      g_error ("the recording did not end within %d s", WAIT_S);
  g_mutex_unlock (&self->lock);
  return g_steal_pointer (&self->error);
}

void
take_free (Take *self)
{
  if (self == NULL)
    return;
  regia_recording_free (self->recording);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

guint64
take_get (Take *self, const char *key)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_recording_get_state (self->recording));
  guint64 value = 0;

  g_assert_true (g_variant_lookup (state, key, "t", &value));
  return value;
}

/* The state is what the director would see; it is asked, since nothing announces it. */
void
take_wait (Take *self, const char *key, guint64 value)
{
  WAIT_UNTIL_S (WAIT_S, take_get (self, key) >= value);
}

static gboolean
is_in_state (Take *self, const char *wanted)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_recording_get_state (self->recording));
  const char *now;

  g_assert_true (g_variant_lookup (state, "state", "&s", &now));
  return strcmp (now, wanted) == 0;
}

void
take_wait_state (Take *self, const char *wanted)
{
  WAIT_UNTIL_S (WAIT_S, is_in_state (self, wanted));
}

RegiaSession *
hall_load (Hall *self)
{
  g_autofree char *path = g_build_filename (self->session, REGIA_SESSION_FILE, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  RegiaSession *session;
  gsize length;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  session = regia_session_from_json (text, (gssize)length, &error);
  g_assert_no_error (error);
  return session;
}

void
hall_check_programme (Hall *self, double seconds)
{
  g_autofree char *path = g_build_filename (self->session, "programme.mp4", NULL);
  g_autofree char *live = g_build_filename (self->session, REGIA_SESSION_LIVE, NULL);
  g_autoptr (RegiaSession) session = hall_load (self);
  const RegiaSessionFile *file;
  g_auto (RegiaRemuxResult) found = {0};
  g_autoptr (GError) error = NULL;
  guint64 sound;

  g_assert_cmpstr (session->state, ==, REGIA_SESSION_FINISHED);
  g_assert_cmpuint (session->files->len, ==, 1);
  file = g_ptr_array_index (session->files, 0);
  g_assert_true (regia_remux_probe (path, NULL, &found, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (found.sha256, ==, file->sha256);
  g_assert_cmpuint (found.size_bytes, ==, file->size_bytes);
  g_assert_cmpuint (found.n_tracks, ==, 3);
  for (guint track = 0; track < 3; track++)
    g_assert_cmpuint (found.tracks[track].samples, ==, hall_packets (self, track, seconds));
  g_assert_cmpuint (media_decode (path, &sound), ==, hall_packets (self, 0, seconds));
  g_assert_cmpuint (sound, ==, 1024 * hall_packets (self, 1, seconds));
  g_assert_false (g_file_test (live, G_FILE_TEST_EXISTS));
}

void
copy_tree (const char *from, const char *to)
{
  const char *argv[] = {"cp", "-a", from, to, NULL};
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

void
hall_record_two_parts (Hall *self)
{
  const double seconds = (double)(self->media->packets->len > 0 ? hall_packets (self, 0, 1e6) / 25 : 0);

  hall_open_feed (self, 1);
  for (guint i = 1; i <= 2; i++) {
    g_autoptr (Take) take = take_new (self, regia_disk_real (), 0);
    g_autoptr (GError) error = NULL;

    hall_play_until (self, i * seconds / 2);
    take_wait (take, "last-fragment-ms", hall_ms (i * seconds / 2));
    regia_recording_stop (take->recording, FALSE);
    error = take_end (take);
    g_assert_no_error (error);
  }
}

static int
remove_cb (const char *path, const struct stat *st, int flag, struct FTW *walk)
{
  return remove (path);
}

void
remove_tree (const char *path)
{
  if (nftw (path, remove_cb, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
    g_error ("%s: %s", path, g_strerror (errno));
}
