/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "intake-private.h"

#include "packets.h"

static const char *const names[] = {"video/64p", "audio/it", NULL};

static GHashTable *
new_ends (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
add_end (GHashTable *ends, const char *name, gint64 end_ns)
{
  g_hash_table_insert (ends, g_strdup (name), g_memdup2 (&end_ns, sizeof end_ns));
}

/* Numbers change with the generation, names do not. */
static void
set_tracks (RegiaIntake *intake, guint video, guint audio)
{
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  g_autoptr (GPtrArray) chosen = NULL;

  g_ptr_array_add (tracks, packets_audio_track (audio, "it"));
  g_ptr_array_add (tracks, packets_audio_track (40, "en"));
  g_ptr_array_add (tracks, packets_video_track (video));
  chosen = regia_intake_set_tracks (intake, tracks);
  g_assert_cmpuint (chosen->len, ==, 2);
  g_assert_cmpuint (((RegiaTrack *)g_ptr_array_index (chosen, 0))->id, ==, video);
}

static RegiaIntakeVerdict
offer (RegiaIntake *intake, RegiaPacket *packet_owned, RegiaIntakeGap *ret_gap)
{
  g_autoptr (RegiaPacket) packet = packet_owned;
  RegiaIntakeGap unused;

  return regia_intake_offer (intake, packet, ret_gap != NULL ? ret_gap : &unused);
}

static void
test_begin (void)
{
  g_autoptr (GHashTable) ends = new_ends ();
  g_autoptr (RegiaIntake) intake = regia_intake_new (names, ends, 0);
  RegiaIntakeGap gap;

  set_tracks (intake, 0, 1);
  g_assert_cmpint (offer (intake, packets_aac (1, 0), NULL), ==, REGIA_INTAKE_PASS);
  g_assert_cmpint (offer (intake, packets_frame (0, 49), NULL), ==, REGIA_INTAKE_PASS);
  g_assert_cmpint (offer (intake, packets_frame (0, 50), &gap), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (gap.to_ns, ==, 0);
  g_assert_cmpint (offer (intake, packets_aac (1, 94), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_aac (40, 95), NULL), ==, REGIA_INTAKE_PASS);
  g_assert_cmpint (offer (intake, packets_new (64, FRAME_NS (60), 1, TRUE, 1), NULL), ==, REGIA_INTAKE_PASS);
}

/* The disk's ends went through ticks: a packet is known or new whichever way they were rounded. */
static void
test_resume (void)
{
  for (gint64 off = -6000; off <= 6000; off += 1000) {
    g_autoptr (GHashTable) ends = new_ends ();
    g_autoptr (RegiaIntake) intake = NULL;
    RegiaIntakeGap gap;

    add_end (ends, "video/64p", FRAME_NS (75) + off);
    add_end (ends, "audio/it", AAC_NS (140) + off);
    intake = regia_intake_new (names, ends, 0);
    set_tracks (intake, 5, 2);
    g_assert_cmpint (offer (intake, packets_frame (5, 74), NULL), ==, REGIA_INTAKE_PASS);
    g_assert_cmpint (offer (intake, packets_aac (2, 139), NULL), ==, REGIA_INTAKE_PASS);
    g_assert_cmpint (offer (intake, packets_frame (5, 75), &gap), ==, REGIA_INTAKE_TAKE);
    g_assert_cmpint (gap.to_ns, ==, 0);
    g_assert_cmpint (offer (intake, packets_aac (2, 140), NULL), ==, REGIA_INTAKE_TAKE);
  }
}

static void
test_generations (void)
{
  g_autoptr (GHashTable) ends = new_ends ();
  g_autoptr (RegiaIntake) intake = regia_intake_new (names, ends, 0);
  RegiaIntakeGap gap;

  set_tracks (intake, 0, 1);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (offer (intake, packets_frame (0, i), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_frame (0, 98), NULL), ==, REGIA_INTAKE_BACKWARDS);
  set_tracks (intake, 1, 0);
  g_assert_cmpint (offer (intake, packets_frame (1, 98), NULL), ==, REGIA_INTAKE_PASS);
  g_assert_cmpint (offer (intake, packets_frame (1, 150), &gap), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (gap.from_ns, ==, FRAME_NS (100));
  g_assert_cmpint (gap.to_ns, ==, FRAME_NS (150));
  /* A hole in the sound is filled when finishing; it is not a hole in the recording. */
  g_assert_cmpint (offer (intake, packets_aac (0, 300), &gap), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_aac (0, 400), &gap), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (gap.to_ns, ==, 0);
}

static void
test_leap (void)
{
  g_autoptr (GHashTable) ends = new_ends ();
  g_autoptr (RegiaIntake) intake = regia_intake_new (names, ends, 0);

  set_tracks (intake, 0, 1);
  g_assert_cmpint (offer (intake, packets_frame (0, 0), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_frame (0, 3500 * 25), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_frame (0, 7200 * 25), NULL), ==, REGIA_INTAKE_TAKE_ANEW);
}

/* Behind a finished session: nothing before its end, and then a keyframe. */
static void
test_finished (void)
{
  g_autoptr (GHashTable) ends = new_ends ();
  g_autoptr (RegiaIntake) intake = regia_intake_new (names, ends, 3 * REGIA_SECOND);

  set_tracks (intake, 0, 1);
  g_assert_cmpint (offer (intake, packets_frame (0, 50), NULL), ==, REGIA_INTAKE_PASS);
  g_assert_cmpint (offer (intake, packets_aac (1, 150), NULL), ==, REGIA_INTAKE_PASS);
  g_assert_cmpint (offer (intake, packets_frame (0, 76), NULL), ==, REGIA_INTAKE_PASS);
  g_assert_cmpint (offer (intake, packets_frame (0, 100), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_aac (1, 190), NULL), ==, REGIA_INTAKE_TAKE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recorder/intake/begin", test_begin);
  g_test_add_func ("/recorder/intake/resume", test_resume);
  g_test_add_func ("/recorder/intake/generations", test_generations);
  g_test_add_func ("/recorder/intake/leap", test_leap);
  g_test_add_func ("/recorder/intake/finished", test_finished);
  return g_test_run ();
}
