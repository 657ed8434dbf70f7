/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "../mux/boxes.h"
#include "../mux/packets.h"
#include "regia/hls/window.h"

/* One video track of 25 fps with a keyframe each 2 s, two languages and an Opus track, pushed as an engine
 * would give them. */

#define SEGMENT_NS (2 * REGIA_SECOND)
#define SEGMENTS   5
#define KEPT       8
#define V_INDEX    "video/64p/index.m3u8"
#define A_INDEX    "audio/it/index.m3u8"

enum { VIDEO, AUDIO_IT, AUDIO_OPUS, AUDIO_EN, N_TRACKS };

static inline GPtrArray *
make_tracks (void)
{
  g_autoptr (GBytes) head = g_bytes_new_static ("OpusHead\1\2", 10);
  GPtrArray *tracks = regia_tracks_new ();

  g_ptr_array_add (tracks, packets_video_track (VIDEO));
  g_ptr_array_add (tracks, packets_audio_track (AUDIO_IT, "it"));
  g_ptr_array_add (tracks, regia_track_new (AUDIO_OPUS, "audio/it/opus", "it", REGIA_CODEC_OPUS, head));
  g_ptr_array_add (tracks, packets_audio_track (AUDIO_EN, "en"));
  ((RegiaTrack *)g_ptr_array_index (tracks, VIDEO))->bitrate_bps = 1000000;
  return tracks;
}

static inline RegiaHlsWindow *
make_window (void)
{
  const RegiaHlsOptions options = {
      .segment_ns = SEGMENT_NS,
      .segments = SEGMENTS,
      .segments_kept = KEPT,
      .epoch = {.realtime_ns = G_GINT64_CONSTANT (1664443800) * REGIA_SECOND},
  };
  g_autoptr (GPtrArray) tracks = make_tracks ();
  g_autoptr (GError) error = NULL;
  RegiaHlsWindow *window = regia_hls_window_new (&options);

  g_assert_true (regia_hls_window_set_tracks (window, tracks, &error));
  g_assert_no_error (error);
  return window;
}

static inline void
push (RegiaHlsWindow *window, RegiaPacket *packet)
{
  g_autoptr (RegiaPacket) owned = packet;
  g_autoptr (GError) error = NULL;

  g_assert_true (regia_hls_window_push (window, owned, &error));
  g_assert_no_error (error);
}

/* The sound of [@from_ns, @to_ns), in both languages. */
static inline void
feed_sound (RegiaHlsWindow *window, gint64 from_ns, gint64 to_ns)
{
  for (guint i = (guint)((from_ns + AAC_NS (1) - 1) / AAC_NS (1)); AAC_NS (i) < to_ns; i++) {
    push (window, packets_aac (AUDIO_IT, i));
    push (window, packets_aac (AUDIO_EN, i));
  }
}

/* What an engine encodes of [@from_ns, @to_ns), its encoder beginning with a keyframe at @from_ns; ids are
 * those of @tracks. */
static inline void
feed_tracks (RegiaHlsWindow *window, gint64 from_ns, gint64 to_ns, guint video, guint audio_it,
             guint audio_en, guint64 seq)
{
  guint frame = (guint)((from_ns + FRAME_NS (1) - 1) / FRAME_NS (1));
  guint aac = (guint)((from_ns + AAC_NS (1) - 1) / AAC_NS (1));
  gboolean first = TRUE;

  while (FRAME_NS (frame) < to_ns || AAC_NS (aac) < to_ns) {
    RegiaPacket *packet;

    if (FRAME_NS (frame) <= AAC_NS (aac)) {
      gboolean key = first || FRAME_NS (frame) % SEGMENT_NS == 0;

      packet = packets_new (video, FRAME_NS (frame), FRAME_NS (1), key, 100);
      packet->seq = seq++;
      push (window, packet);
      first = FALSE;
      frame++;
    } else {
      packet = packets_aac (audio_it, aac);
      packet->seq = seq++;
      push (window, packet);
      packet = packets_aac (audio_en, aac);
      packet->seq = seq++;
      push (window, packet);
      aac++;
    }
  }
}

static inline void
feed (RegiaHlsWindow *window, gint64 from_ns, gint64 to_ns)
{
  feed_tracks (window, from_ns, to_ns, VIDEO, AUDIO_IT, AUDIO_EN, 0);
}

static inline char *
get_text (RegiaHlsWindow *window, const char *path)
{
  g_auto (RegiaHlsResource) resource = {0};
  gsize size = 0;
  const char *data;

  g_assert_cmpint (regia_hls_window_lookup (window, path, &resource), ==, REGIA_HLS_FOUND);
  g_assert_cmpstr (resource.content_type, ==, "application/vnd.apple.mpegurl");
  data = g_bytes_get_data (resource.bytes, &size);
  return g_strndup (data, size);
}

static inline GBytes *
get_bytes (RegiaHlsWindow *window, const char *path)
{
  g_auto (RegiaHlsResource) resource = {0};

  g_assert_cmpint (regia_hls_window_lookup (window, path, &resource), ==, REGIA_HLS_FOUND);
  g_assert_cmpint (resource.kind, ==, REGIA_HLS_MEDIA);
  return g_bytes_ref (resource.bytes);
}

static inline RegiaHlsFound
find (RegiaHlsWindow *window, const char *path)
{
  g_auto (RegiaHlsResource) resource = {0};

  return regia_hls_window_lookup (window, path, &resource);
}

/* A playlist in short: its numbers, `-` before a gap, `|` before a discontinuity, `$` at its end. */
static inline char *
summarize (RegiaHlsWindow *window, const char *path)
{
  g_autofree char *text = get_text (window, path);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *summary = g_string_new (NULL);
  const char *mark = "";
  gint64 expected = -1;

  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = lines[i];

    if (g_str_has_prefix (line, "#EXT-X-MEDIA-SEQUENCE:"))
      expected = g_ascii_strtoll (strchr (line, ':') + 1, NULL, 10);
    else if (strcmp (line, "#EXT-X-GAP") == 0)
      mark = "-";
    else if (strcmp (line, "#EXT-X-DISCONTINUITY") == 0)
      g_string_append_c (summary, '|');
    else if (strcmp (line, "#EXT-X-ENDLIST") == 0)
      g_string_append_c (summary, '$');
    else if (g_str_has_suffix (line, ".m4s")) {
      g_assert_cmpint (g_ascii_strtoll (line, NULL, 10), ==, expected++); /* the sequence has no holes */
      g_string_append_printf (summary, "%s%.*s ", mark, (int)(strlen (line) - 4), line);
      mark = "";
    }
  }
  return g_strchomp (g_string_free (summary, FALSE));
}

static inline void
assert_list (RegiaHlsWindow *window, const char *path, const char *expected)
{
  g_autofree char *summary = summarize (window, path);

  g_assert_cmpstr (summary, ==, expected);
}

static inline void
assert_lists (RegiaHlsWindow *window, const char *expected)
{
  assert_list (window, V_INDEX, expected);
  assert_list (window, A_INDEX, expected);
  assert_list (window, "audio/en/index.m3u8", expected);
}

static inline void
assert_has (RegiaHlsWindow *window, const char *path, const char *part)
{
  g_autofree char *text = get_text (window, path);

  if (strstr (text, part) == NULL)
    g_error ("%s has no \"%s\":\n%s", path, part, text);
}

/* Number of samples, and tfdt of the first fragment in ticks. */
static inline guint
count_samples (GBytes *segment, guint64 *ret_tfdt)
{
  Box all = box_from_bytes (segment);
  guint samples = 0;

  for (guint i = 0;; i++) {
    Box moof = box_find (all, "moof", i), traf;

    if (moof.data == NULL)
      return samples;
    traf = box_find (moof, "traf", 0);
    if (i == 0 && ret_tfdt != NULL)
      *ret_tfdt = box_u64 (box_find (traf, "tfdt", 0), 4);
    samples += box_u32 (box_find (traf, "trun", 0), 4);
  }
}

static inline void
advance (RegiaHlsWindow *window, gint64 from_ns, gint64 to_ns)
{
  for (gint64 now_ns = from_ns; now_ns <= to_ns; now_ns += REGIA_SECOND / 2)
    g_assert_true (regia_hls_window_advance (window, now_ns, NULL));
}

static inline GPtrArray *
make_changed_tracks (void)
{
  GPtrArray *tracks = make_tracks ();
  RegiaTrack *track = g_ptr_array_index (tracks, VIDEO);
  gsize size = 0;
  g_autofree guint8 *avcc =
      g_memdup2 (g_bytes_get_data (track->extradata, &size), g_bytes_get_size (track->extradata));

  size = g_bytes_get_size (track->extradata);
  avcc[size - 1] ^= 0x40;
  g_bytes_unref (track->extradata);
  track->extradata = g_bytes_new (avcc, size);
  return tracks;
}
