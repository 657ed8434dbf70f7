/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pace-private.h"

#include "regia/base/clock.h"

#define FRAME_NS (REGIA_SECOND / 25)

/* Video frame @i (a keyframe every 50) and what the pace makes of it when it comes @late_ns after its time.
 */
static gboolean
take (RegiaPace *pace, guint i, gint64 late_ns)
{
  g_autoptr (RegiaPacket) packet = regia_packet_new (0, i % 50 == 0 ? REGIA_PACKET_KEYFRAME : 0, i * FRAME_NS,
                                                     i * FRAME_NS, FRAME_NS, g_bytes_new_static ("x", 1));

  return regia_pace_take (pace, packet, TRUE, i * FRAME_NS + late_ns);
}

static gboolean
take_sound (RegiaPace *pace, gint64 pts_ns, gint64 late_ns)
{
  g_autoptr (RegiaPacket) packet = regia_packet_new (1, REGIA_PACKET_KEYFRAME, pts_ns, pts_ns,
                                                     REGIA_SECOND / 50, g_bytes_new_static ("x", 1));

  return regia_pace_take (pace, packet, FALSE, pts_ns + late_ns);
}

static void
test_starts_on_key (void)
{
  RegiaPace pace = {0};

  regia_pace_start (&pace, TRUE);
  g_assert_false (take_sound (&pace, 0, 0));
  g_assert_false (take (&pace, 49, 0));
  g_assert_true (take (&pace, 50, 0));
  g_assert_true (take_sound (&pace, 2 * REGIA_SECOND, 0));
  g_assert_true (take (&pace, 51, 0));
  g_assert_cmpuint (pace.dropped, ==, 0);
}

static void
test_sound_alone (void)
{
  RegiaPace pace = {0};

  regia_pace_start (&pace, FALSE);
  g_assert_true (take_sound (&pace, 0, 0));
}

static void
test_gap (void)
{
  RegiaPace pace = {0};

  regia_pace_start (&pace, TRUE);
  g_assert_true (take (&pace, 0, 0));
  regia_pace_gap (&pace);
  g_assert_false (take (&pace, 1, 0));
  g_assert_false (take_sound (&pace, REGIA_SECOND, 0));
  g_assert_true (take (&pace, 50, 0));
  g_assert_cmpuint (pace.dropped, ==, 2);
}

/* A constant age, however large, is the encoder's and no backlog. */
static void
test_constant_age (void)
{
  RegiaPace pace = {0};

  regia_pace_start (&pace, TRUE);
  for (guint i = 0; i < 500; i++)
    g_assert_true (take (&pace, i, 8 * REGIA_SECOND));
  g_assert_cmpuint (pace.dropped, ==, 0);
}

static void
test_falls_behind (void)
{
  RegiaPace pace = {0};
  guint i;

  regia_pace_start (&pace, TRUE);
  for (i = 0; i < 60; i++)
    g_assert_true (take (&pace, i, REGIA_SECOND / 5));
  /* The far end was blocked for 5 s: still borne. */
  g_assert_true (take (&pace, 60, 26 * REGIA_SECOND / 5));
  /* 9 s: everything is passed over up to a keyframe that is at most 2.5 s behind. Reading goes at once, so
   * frame i is 9 s − (i − 61) frames behind. */
  for (i = 61; i < 250; i++)
    g_assert_false (take (&pace, i, REGIA_SECOND / 5 + 9 * REGIA_SECOND - (i - 61) * FRAME_NS));
  g_assert_cmpuint (pace.dropped, ==, 250 - 61);
  g_assert_true (take (&pace, 250, REGIA_SECOND / 5 + 9 * REGIA_SECOND - (250 - 61) * FRAME_NS));
  g_assert_true (take (&pace, 251, REGIA_SECOND / 5));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/pace/starts-on-key", test_starts_on_key);
  g_test_add_func ("/relay/pace/sound-alone", test_sound_alone);
  g_test_add_func ("/relay/pace/gap", test_gap);
  g_test_add_func ("/relay/pace/constant-age", test_constant_age);
  g_test_add_func ("/relay/pace/falls-behind", test_falls_behind);
  return g_test_run ();
}
