/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "state-private.h"

#define S G_TIME_SPAN_SECOND

static void
check (RegiaRelayState *state, gint64 now_us, const char *expected)
{
  g_assert_cmpstr (regia_relay_state_get (state, now_us), ==, expected);
}

static guint64
number (RegiaRelayState *state, const char *key, gint64 now_us)
{
  g_autoptr (GVariant) dict = g_variant_ref_sink (regia_relay_state_to_variant (state, "n", "rtmp", now_us));
  guint64 value;

  g_assert_true (g_variant_lookup (dict, key, "t", &value));
  return value;
}

static char *
error_of (RegiaRelayState *state, gint64 now_us)
{
  g_autoptr (GVariant) dict = g_variant_ref_sink (regia_relay_state_to_variant (state, "n", "rtmp", now_us));
  char *value;

  g_assert_true (g_variant_lookup (dict, "last-error", "s", &value));
  return value;
}

static void
test_life (void)
{
  RegiaRelayState state;
  gint64 t = 100 * S;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  regia_relay_state_init (&state);
  check (&state, t, "idle");
  regia_relay_state_set_phase (&state, REGIA_RELAY_CONNECTING, t);
  check (&state, t + 4 * S, "connecting");
  regia_relay_state_failed (&state, "Connection refused", 3000, t);
  check (&state, t, "retrying");
  g_assert_cmpuint (number (&state, "retry-in-ms", t + S), ==, 2000);
  g_assert_cmpuint (number (&state, "retry-in-ms", t + 9 * S), ==, 0);
  regia_relay_state_set_phase (&state, REGIA_RELAY_CONNECTING, t);
  g_assert_cmpuint (number (&state, "attempts", t), ==, 2);
  regia_relay_state_set_phase (&state, REGIA_RELAY_CONNECTED, t);
  for (guint i = 0; i <= 50; i++)
    regia_relay_state_wrote (&state, 5000 * i, 0, t + i * S / 25);
  check (&state, t + 2 * S, "live");
  g_assert_cmpuint (number (&state, "bps", t + 2 * S), ==, 1000000);
  g_assert_cmpuint (number (&state, "live-ms", t + 2 * S), ==, 2000);
  before = error_of (&state, t + 2 * S);
  g_assert_cmpstr (before, ==, "Connection refused");
  regia_relay_state_wrote (&state, 300000, 0, t + 61 * S);
  after = error_of (&state, t + 61 * S);
  g_assert_cmpstr (after, ==, "");
  regia_relay_state_clear (&state);
}

/* A worker stuck in a call cannot go on being live; one whose feed is quiet is idle. */
static void
test_stuck (void)
{
  RegiaRelayState state;
  gint64 t = 100 * S;

  regia_relay_state_init (&state);
  regia_relay_state_set_phase (&state, REGIA_RELAY_CONNECTED, t);
  regia_relay_state_wrote (&state, 1000, 0, t);
  check (&state, t + 3 * S, "idle");
  regia_relay_state_busy (&state, t + 3 * S);
  regia_relay_state_wrote (&state, 2000, 0, t + 3 * S);
  check (&state, t + 4 * S, "live");
  regia_relay_state_busy (&state, t + 4 * S);
  check (&state, t + 4 * S + S / 2, "live");
  check (&state, t + 6 * S, "stalled");
  g_assert_cmpuint (number (&state, "bps", t + 6 * S), ==, 0);
  g_assert_cmpuint (regia_relay_state_busy_ms (&state, t + 6 * S), ==, 2000);
  /* Writes that end well but move nothing are no progress. */
  regia_relay_state_wrote (&state, 2000, 0, t + 6 * S);
  regia_relay_state_busy (&state, t + 6 * S);
  check (&state, t + 6 * S, "stalled");
  regia_relay_state_clear (&state);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/state/life", test_life);
  g_test_add_func ("/relay/state/stuck", test_stuck);
  return g_test_run ();
}
