/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/grid-private.h"

#include "regia/base/clock.h"

static void
test_grid (void)
{
  static const guint rates[][2] = {{25, 1},       {30, 1},       {50, 1}, {30000, 1001},
                                   {24000, 1001}, {60000, 1001}, {12, 1}};

  g_assert_cmpint (regia_grid_time (60, 30, 1), ==, 2 * REGIA_SECOND);
  g_assert_cmpint (regia_grid_time (50, 25, 1), ==, 2 * REGIA_SECOND);
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++)
    for (gint64 n = 0; n < 100000000; n = n * 3 + 7) {
      gint64 at = regia_grid_time (n, rates[i][0], rates[i][1]);

      /* A nanosecond of rounding in a mixer must not make it another frame. */
      g_assert_cmpint (regia_grid_frame (at, rates[i][0], rates[i][1]), ==, n);
      g_assert_cmpint (regia_grid_frame (at - 1, rates[i][0], rates[i][1]), ==, n);
      g_assert_cmpint (regia_grid_frame (at + 1, rates[i][0], rates[i][1]), ==, n);
      g_assert_cmpint (regia_grid_frame_after (at, rates[i][0], rates[i][1]), ==, n);
      g_assert_cmpint (regia_grid_frame_after (at + 1, rates[i][0], rates[i][1]), ==, n + 1);
      g_assert_cmpint (regia_grid_frame_after (at - 1, rates[i][0], rates[i][1]), ==, n);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/grid/grid", test_grid);
  return g_test_run ();
}
