/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits for an encoder, and what is inside it. */
#include "../../src/engine/frames-private.h"

static void
push (RegiaFrames *frames, guint from, guint count)
{
  for (guint i = from; i < from + count; i++) {
    GstBuffer *buffer = gst_buffer_new ();

    GST_BUFFER_PTS (buffer) = i * GST_MSECOND;
    regia_frames_push (frames, buffer);
  }
}

/* Its time in ms; −1 for none. */
static int
take (RegiaFrames *frames, guint life)
{
  gboolean end;
  g_autoptr (GstBuffer) buffer = regia_frames_take (frames, life, &end);

  return buffer ? (int)(GST_BUFFER_PTS (buffer) / GST_MSECOND) : end ? -1 : -2;
}

static RegiaFramesStats
stats_of (RegiaFrames *frames)
{
  RegiaFramesStats stats;

  regia_frames_get_stats (frames, &stats);
  return stats;
}

/* A new life is given what the one before had taken and not made, in order, and no frame twice. */
static void
test_lives (void)
{
  g_autoptr (RegiaFrames) frames = regia_frames_new (10);
  guint first = regia_frames_begin (frames), second;

  push (frames, 0, 6);
  for (int i = 0; i < 4; i++)
    g_assert_cmpint (take (frames, first), ==, i);
  regia_frames_done (frames, 1 * GST_MSECOND);
  g_assert_cmpuint (stats_of (frames).waiting, ==, 2);
  second = regia_frames_begin (frames);
  g_assert_cmpuint (stats_of (frames).waiting, ==, 4);
  g_assert_cmpint (take (frames, first), ==, -2); /* sent away */
  for (int i = 2; i < 6; i++)
    g_assert_cmpint (take (frames, second), ==, i);
  regia_frames_end (frames);
  g_assert_cmpint (take (frames, second), ==, -1);
  g_assert_cmpuint (stats_of (frames).dropped, ==, 0);
}

/* The end is told to each life once, behind what it was given again. */
static void
test_end (void)
{
  g_autoptr (RegiaFrames) frames = regia_frames_new (10);
  guint life = regia_frames_begin (frames);

  push (frames, 0, 1);
  regia_frames_end (frames);
  g_assert_cmpint (take (frames, life), ==, 0);
  g_assert_cmpint (take (frames, life), ==, -1);
  life = regia_frames_begin (frames);
  g_assert_cmpint (take (frames, life), ==, 0);
  g_assert_cmpint (take (frames, life), ==, -1);
}

/* When it is full the oldest goes: first those that are inside, which are only forgotten. */
static void
test_full (void)
{
  g_autoptr (RegiaFrames) frames = regia_frames_new (4);
  guint life = regia_frames_begin (frames);

  push (frames, 0, 2);
  g_assert_cmpint (take (frames, life), ==, 0);
  push (frames, 2, 3);
  g_assert_cmpuint (stats_of (frames).dropped, ==, 0);
  push (frames, 5, 2);
  g_assert_cmpuint (stats_of (frames).dropped, ==, 2);
  g_assert_cmpuint (stats_of (frames).waiting, ==, 4);
  g_assert_cmpint (take (frames, life), ==, 3);
}

/* Nothing is owed for frames of a rendition that was shed: its encoder is not stuck, now or when it returns.
 */
static void
test_drop (void)
{
  g_autoptr (RegiaFrames) frames = regia_frames_new (10);
  guint life = regia_frames_begin (frames);
  gint64 since_ns;

  push (frames, 0, 3);
  g_assert_cmpint (take (frames, life), ==, 0);
  since_ns = stats_of (frames).owed_ns;
  g_assert_cmpint (since_ns, >, 0);
  regia_frames_drop (frames);
  g_assert_cmpint (stats_of (frames).owed_ns, ==, 0);
  g_assert_cmpuint (stats_of (frames).dropped, ==, 2);
  regia_frames_skip (frames);
  g_assert_cmpuint (stats_of (frames).dropped, ==, 3);
  g_assert_cmpint (stats_of (frames).owed_ns, ==, 0);
  g_usleep (1000);
  push (frames, 9, 1);
  g_assert_cmpint (stats_of (frames).owed_ns, >, since_ns);
  regia_frames_done (frames, 9 * GST_MSECOND); /* a packet of one that was dropped comes late */
  g_assert_cmpint (take (frames, life), ==, 9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/engine/frames/lives", test_lives);
  g_test_add_func ("/engine/frames/end", test_end);
  g_test_add_func ("/engine/frames/full", test_full);
  g_test_add_func ("/engine/frames/drop", test_drop);
  return g_test_run ();
}
