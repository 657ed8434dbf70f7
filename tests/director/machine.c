/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-private.h"

#include <glib/gstdio.h>
#include <math.h>

static void
test_machine (void)
{
  g_autofree char *dir = g_dir_make_tmp ("regia-thermal-XXXXXX", NULL);
  static const char *const readings[] = {"45000\n", "71500\n", "-273000\n", "nonsense"};
  guint64 used, all;

  g_assert_true (isnan (regia_machine_read_temperature (dir)));
  g_assert_true (isnan (regia_machine_read_temperature ("/nonexistent")));
  for (guint i = 0; i < G_N_ELEMENTS (readings); i++) {
    g_autofree char *zone = g_strdup_printf ("%s/thermal_zone%u", dir, i);
    g_autofree char *temp = g_build_filename (zone, "temp", NULL);

    g_assert_cmpint (g_mkdir (zone, 0700), ==, 0);
    g_assert_true (g_file_set_contents (temp, readings[i], -1, NULL));
  }
  g_assert_cmpfloat (regia_machine_read_temperature (dir), ==, 71.5);
  for (guint i = 0; i < G_N_ELEMENTS (readings); i++) {
    g_autofree char *zone = g_strdup_printf ("%s/thermal_zone%u", dir, i);
    g_autofree char *temp = g_build_filename (zone, "temp", NULL);

    g_unlink (temp);
    g_rmdir (zone);
  }
  g_rmdir (dir);
  g_assert_true (regia_machine_parse_stat ("cpu  10 2 3 100 5 1 1 1 0 0\ncpu0 1\n", &used, &all));
  g_assert_cmpuint (used, ==, 18);
  g_assert_cmpuint (all, ==, 123);
  g_assert_false (regia_machine_parse_stat ("cpu 1 2\n", &used, &all));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine", test_machine);
  return g_test_run ();
}
