/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

#include <string.h>

GPtrArray *
make_tracks (void)
{
  GPtrArray *tracks = regia_tracks_new ();
  g_autoptr (GBytes) extradata = g_bytes_new_static ("\x01\x02\x03", 3);
  static const char *const names[] = {"video/720p", "video/360p", "audio/it", "audio/it/opus"};
  static const RegiaCodec codecs[] = {REGIA_CODEC_H264, REGIA_CODEC_H264, REGIA_CODEC_AAC, REGIA_CODEC_OPUS};

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    RegiaTrack *track = regia_track_new (i, names[i], i >= 2 ? "it" : "", codecs[i], extradata);
    if (i < 2) {
      track->width = i == 0 ? 1280 : 640;
      track->height = i == 0 ? 720 : 360;
      track->rate_num = 25;
    } else {
      track->sample_rate = 48000;
      track->channels = 2;
      regia_track_set_title (track, "Sala «originale»");
    }
    track->bitrate_bps = 100000 * (i + 1);
    g_ptr_array_add (tracks, track);
  }
  return tracks;
}

void
append_frame (RegiaFeedLog *log, guint n, gsize size)
{
  for (guint track = 0; track < 4; track++) {
    guint8 *data = g_malloc (size);
    memset (data, (int)(n * 4 + track), size);
    regia_feed_log_append (
        log, regia_packet_new (track, track >= 2 || n % 50 == 0 ? REGIA_PACKET_KEYFRAME : 0, n * FRAME_NS,
                               n * FRAME_NS, FRAME_NS, g_bytes_new_take (data, size)));
  }
}

static void
hand_over (Fixture *f, guint i)
{
  g_autofree char *name = g_strdup_printf ("reader %u", i);

  pair_hand (f->server, g_ptr_array_index (f->links, i), name, g_array_index (f->rights, RegiaFeedRights, i));
}

RegiaFeedLink *
reader_new (Fixture *f, RegiaFeedRights rights)
{
  RegiaFeedLink *link = regia_feed_link_new ();

  g_ptr_array_add (f->links, link);
  g_array_append_val (f->rights, rights);
  hand_over (f, f->links->len - 1);
  return link;
}

void
server_start (Fixture *f)
{
  f->server = regia_feed_server_new (f->log);
  for (guint i = 0; i < f->links->len; i++)
    hand_over (f, i);
}

void
engine_start (Fixture *f, guint64 generation, gint64 span_ns)
{
  g_autoptr (GPtrArray) tracks = make_tracks ();

  f->log = regia_feed_log_new (generation, span_ns, 64u << 20);
  server_start (f);
  regia_feed_log_set_tracks (f->log, tracks);
}

void
engine_stop (Fixture *f)
{
  g_clear_pointer (&f->server, regia_feed_server_free);
  g_clear_pointer (&f->log, regia_feed_log_free);
}

void
set_up (Fixture *f, gconstpointer data)
{
  f->links = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_feed_link_unref);
  f->rights = g_array_new (FALSE, FALSE, sizeof (RegiaFeedRights));
  engine_start (f, 1, 60 * REGIA_SECOND);
}

void
tear_down (Fixture *f, gconstpointer data)
{
  engine_stop (f);
  g_ptr_array_unref (f->links);
  g_array_unref (f->rights);
}

void
next (RegiaFeedClient *client, RegiaFeedEvent *event, RegiaFeedEventType type)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (regia_feed_client_next (client, 5000, NULL, event, &error));
  g_assert_no_error (error);
  g_assert_cmpint (event->type, ==, type);
}

void
assert_payload (const RegiaPacket *packet, gsize size)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (packet->payload, &length);

  g_assert_cmpuint (length, ==, size);
  g_assert_cmpuint (data[0], ==, (guint8)(packet->pts_ns / FRAME_NS * 4 + packet->track));
  g_assert_cmpuint (data[size - 1], ==, data[0]);
}
