/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"
#include "regia/feed/client.h"
#include "regia/mux/output.h"

#define FIND_MS 3000  /* for director and feed to answer */
#define LOOK_MS 500   /* how often a new engine is asked for while there is none */
#define GONE_MS 10000 /* the engine is restarted within about a second; after this nobody restarts it */
#define PATIENT_MS                                                                                           \
  G_MAXINT /* a player on pause may take as long as it likes: we fall behind, and are told so */

/*
 * `regia tap`: one reader of the feed, on the main thread, which copies packets to standard output until
 * either end goes away.
 */
typedef struct {
  const char *control_path;
  RegiaFeedLink *link; /* (owned) */
  const char *format;
  char **wanted;       /* (nullable) names or globs given by --track */
  GPtrArray *tracks;   /* (owned) (nullable) (element-type RegiaTrack): those written */
  RegiaOutput *output; /* (owned) (nullable) from the first table on */
  RegiaCodec plain;    /* 0: a stream. Else the packets themselves: a line of JSON each, or one JPEG after the
                        * other */
  gboolean wants_key;  /* pass over packets until a keyframe of the video */
  gboolean has_video;
} Tap;

static gboolean
is_wanted (const Tap *self, const RegiaTrack *track, GPtrArray *picked)
{
  for (gsize i = 0; self->wanted != NULL && self->wanted[i] != NULL; i++)
    if (g_pattern_match_simple (self->wanted[i], track->name))
      return TRUE;
  if (self->wanted != NULL || (!regia_track_is_video (track) && track->codec != REGIA_CODEC_AAC))
    return FALSE;
  /* Without wishes: the first of each kind. */
  for (guint i = 0; i < picked->len; i++)
    if (((const RegiaTrack *)g_ptr_array_index (picked, i))->codec == track->codec)
      return FALSE;
  return TRUE;
}

static void
set_no_such_track (GPtrArray *table, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < table->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (table, i);

    if (strcmp (track->name, REGIA_TRACK_GONE) != 0)
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", track->name);
  }
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE, "no such track; the event has %s", names->str);
}

static const char *
plain_words (RegiaCodec codec)
{
  return codec == REGIA_CODEC_JPEG ? "single pictures" : "lines of text";
}

/* Streams and what is no stream do not mix: what a glob takes in besides streams is left out. */
static gboolean
part_plain (Tap *self, GError **error)
{
  g_autoptr (GPtrArray) streams = regia_tracks_new ();

  for (guint i = 0; i < self->tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (self->tracks, i);

    if (regia_track_is_video (track) || regia_track_is_audio (track))
      g_ptr_array_add (streams, regia_track_ref (track));
  }
  for (guint i = 0; i < self->tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (self->tracks, i);

    if (streams->len > 0 ? !regia_track_is_video (track) && !regia_track_is_audio (track) &&
                               g_strv_contains ((const char *const *)self->wanted, track->name)
                         : i > 0) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                   "track %s is %s, which no stream of pictures and sound can hold: ask for it alone",
                   track->name, plain_words (track->codec));
      return FALSE;
    }
  }
  if (streams->len == 0) {
    self->plain = ((RegiaTrack *)g_ptr_array_index (self->tracks, 0))->codec;
    return TRUE;
  }
  g_ptr_array_unref (self->tracks);
  self->tracks = g_steal_pointer (&streams);
  return TRUE;
}

static gboolean
pick_tracks (Tap *self, GPtrArray *table, GError **error)
{
  self->tracks = regia_tracks_new ();
  for (guint i = 0; i < table->len; i++) {
    RegiaTrack *track = g_ptr_array_index (table, i);

    if (!is_wanted (self, track, self->tracks))
      continue;
    self->has_video = self->has_video || regia_track_is_video (track);
    g_ptr_array_add (self->tracks, regia_track_ref (track));
  }
  if (self->tracks->len > 0)
    return part_plain (self, error);
  set_no_such_track (table, error);
  return FALSE;
}

static gboolean
open_feed (Tap *self, GError **error)
{
  int fd = regia_client_open_feed (self->control_path, FIND_MS, error);

  if (fd >= 0)
    regia_feed_link_use (self->link, fd);
  return fd >= 0;
}

/* The next event. While no engine is there, the director is asked for the way to the next one: none at
 * present, or no director for a moment, is no error before @timeout_ms have passed. */
static gboolean
next_event (Tap *self, RegiaFeedClient *client, guint timeout_ms, RegiaFeedEvent *event, GError **error)
{
  gint64 deadline_us = g_get_monotonic_time () + (gint64)timeout_ms * 1000;

  do {
    if (!regia_feed_client_next (client, LOOK_MS, NULL, event, error))
      return FALSE;
    if (event->type != REGIA_FEED_EVENT_NONE)
      return TRUE;
    if (!regia_feed_client_is_connected (client))
      open_feed (self, NULL);
  } while (g_get_monotonic_time () < deadline_us);
  return TRUE;
}

/* Asks the feed for its table of tracks. */
static gboolean
find_tracks (Tap *self, GError **error)
{
  g_autoptr (RegiaFeedClient) client = regia_feed_client_new (self->link, NULL, REGIA_FEED_FROM_LIVE, 0, 0);
  g_auto (RegiaFeedEvent) event = {0};
  g_autoptr (GError) local = NULL;

  if (!open_feed (self, &local) && !g_error_matches (local, G_DBUS_ERROR, G_DBUS_ERROR_FAILED)) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  if (!next_event (self, client, FIND_MS, &event, error))
    return FALSE;
  if (event.type == REGIA_FEED_EVENT_TRACKS)
    return pick_tracks (self, event.tracks, error);
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_STATE,
                       "there is no programme at present; `regia status` says how the event is");
  return FALSE;
}

/* As it is; text as a line. */
static gboolean
write_plain (Tap *self, RegiaPacket *packet, GError **error)
{
  gsize size;
  const void *data = g_bytes_get_data (packet->payload, &size);

  if (fwrite (data, 1, size, stdout) == size && (self->plain == REGIA_CODEC_JPEG || putchar ('\n') != EOF) &&
      fflush (stdout) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "standard output: %s", g_strerror (errno));
  return FALSE;
}

static gboolean
write_packet (Tap *self, RegiaPacket *packet, gboolean is_video, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (self->plain != 0)
    return write_plain (self, packet, error);
  if (self->wants_key && !((is_video || !self->has_video) && regia_packet_is_keyframe (packet)))
    return TRUE;
  self->wants_key = FALSE;
  if (regia_output_write (self->output, packet, &local) ||
      g_error_matches (local, REGIA_ERROR, REGIA_ERROR_MEDIA))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* With the parameters that the tracks have where it begins: those that were found by name may be of an
 * earlier table, since that is asked of a reader of all tracks. */
static gboolean
open_output (Tap *self, GPtrArray *table, GError **error)
{
  const RegiaOutputTarget target = {.url = "fd:1"};
  g_autoptr (GPtrArray) tracks = regia_tracks_new ();

  for (guint i = 0; i < self->tracks->len; i++) {
    RegiaTrack *track = regia_tracks_find (table, ((RegiaTrack *)g_ptr_array_index (self->tracks, i))->name);

    if (track == NULL) {
      set_no_such_track (table, error);
      return FALSE;
    }
    g_ptr_array_add (tracks, regia_track_ref (track));
  }
  self->output = regia_output_open (&target, self->format, tracks, PATIENT_MS, NULL, error);
  return self->output != NULL;
}

/* One event of the feed. Returns: FALSE at the end, with @error when it is not a good one. */
static gboolean
take_event (Tap *self, RegiaFeedEvent *event, GPtrArray **table, GError **error)
{
  switch (event->type) {
  case REGIA_FEED_EVENT_TRACKS:
    if (self->plain == 0 && self->output == NULL && !open_output (self, event->tracks, error))
      return FALSE;
    if (self->plain == 0 && !regia_output_follow (self->output, event->tracks)) {
      g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_STATE,
                           "the event's tracks have changed; run it again");
      return FALSE;
    }
    g_clear_pointer (table, g_ptr_array_unref);
    *table = g_ptr_array_ref (event->tracks);
    return TRUE;
  case REGIA_FEED_EVENT_PACKET:
    return write_packet (self, event->packet,
                         regia_track_is_video (g_ptr_array_index (*table, event->packet->track)), error);
  case REGIA_FEED_EVENT_GAP:
    self->wants_key = TRUE;
    return TRUE;
  case REGIA_FEED_EVENT_END:
    return FALSE;
  case REGIA_FEED_EVENT_NONE:
  default:
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_STATE, "the feed has gone silent");
    return FALSE;
  }
}

static gboolean
copy_feed (Tap *self, GError **error)
{
  g_autoptr (RegiaFeedClient) client = NULL;
  g_autoptr (GPtrArray) table = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GError) local = NULL;
  gboolean more = TRUE;

  if ((self->plain == 0 || self->plain == REGIA_CODEC_JPEG) && isatty (STDOUT_FILENO)) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                         "tap writes a stream, not text: give it to a file or a program, as in `regia tap "
                         "| ffplay -`");
    return FALSE;
  }
  for (guint i = 0; i < self->tracks->len; i++)
    g_ptr_array_add (names, ((RegiaTrack *)g_ptr_array_index (self->tracks, i))->name);
  g_ptr_array_add (names, NULL);
  client = regia_feed_client_new (self->link, (const char *const *)names->pdata, REGIA_FEED_FROM_LIVE, 0, 0);
  self->wants_key = TRUE;
  while (more) {
    g_auto (RegiaFeedEvent) event = {0};

    more = next_event (self, client, GONE_MS, &event, &local) && take_event (self, &event, &table, &local);
  }
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static int
tap (Tap *self)
{
  g_autoptr (GError) error = NULL;
  gboolean good;

  self->link = regia_feed_link_new ();
  good = find_tracks (self, &error) && copy_feed (self, &error);
  g_clear_pointer (&self->link, regia_feed_link_unref);
  g_clear_pointer (&self->output, regia_output_free);
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
  /* Whoever read has had enough: that is the usual end of a tap. */
  if (good || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    return 0;
  return regia_cli_fail (error);
}

int
regia_cli_tap (int argc, char **argv)
{
  g_autofree char *state_option = NULL, *state_dir = NULL, *control_path = NULL, *format = NULL;
  g_auto (GStrv) wanted = NULL;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that the event runs on", "DIR"},
      {"track", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted,
       "Track to write, such as video/360p or audio/*; may be given again. Default: the first video and the "
       "first AAC track. meters, alone: a line of JSON each tenth of a second; preview/NAME, alone: JPEG "
       "pictures",
       "NAME"},
      {"format", 0, 0, G_OPTION_ARG_STRING, &format, "mpegts (default) or matroska", "FORMAT"},
      G_OPTION_ENTRY_NULL,
  };
  Tap self = {0};
  int exit_status;

  if (!regia_cli_parse ("tap", NULL,
                        "Writes the running feed to standard output, from the newest keyframe on, until the "
                        "event or the reader "
                        "ends: `regia tap | ffplay -`.",
                        entries, &argc, &argv, &exit_status))
    return exit_status;
  if (argc != 1) {
    fprintf (stderr, "regia: tap takes no arguments; `regia tap --help` lists its options\n");
    return 64;
  }
  if (format != NULL && !g_str_equal (format, "mpegts") && !g_str_equal (format, "matroska")) {
    fprintf (stderr, "regia: --format is mpegts or matroska, not \"%s\"\n", format);
    return 64;
  }
  if (wanted == NULL && isatty (STDOUT_FILENO)) {
    fprintf (stderr, "regia: tap writes a stream, not text: give it to a file or a program, as in `regia tap "
                     "| ffplay -`\n");
    return 64;
  }
  signal (SIGPIPE, SIG_IGN);
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  self.control_path = control_path;
  self.format = format != NULL ? format : "mpegts";
  self.wanted = wanted;
  return tap (&self);
}
