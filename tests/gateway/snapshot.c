/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "snapshot-private.h"

#include <string.h>

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_render (void)
{
  g_autoptr (GVariant) status =
      parse ("{'state': <'on-air'>, 'gateway': <{'viewers': <uint64 7>}>, 'warnings': <['disk']>}");
  g_autoptr (GVariant) fresh = g_variant_ref_sink (regia_snapshot_render (status, 1000));
  g_autoptr (GVariant) stale = g_variant_ref_sink (regia_snapshot_render (status, 61000));
  g_autoptr (GVariant) fresh_gateway = g_variant_lookup_value (fresh, "gateway", NULL);
  g_autofree const char **warnings = NULL, **old_warnings = NULL;
  guint64 viewers = 0;

  g_assert_true (g_variant_lookup (fresh_gateway, "viewers", "t", &viewers));
  g_assert_cmpuint (viewers, ==, 7);
  g_assert_true (g_variant_lookup (fresh, "warnings", "^a&s", &warnings));
  g_assert_cmpstr (warnings[0], ==, "disk");
  g_assert_null (warnings[1]);
  g_assert_true (g_variant_lookup (stale, "warnings", "^a&s", &old_warnings));
  g_assert_nonnull (strstr (old_warnings[0], "61 s"));
  g_assert_cmpstr (old_warnings[1], ==, "disk");
  g_assert_null (regia_snapshot_render (NULL, 0));
}

static void
test_judge (void)
{
  static const struct {
    const char *status, *gateway; /* NULL: never answered, says nothing */
    gint64 age_ms;
    gboolean healthy;
    const char *says;
  } table[] = {
      {NULL, NULL, 0, FALSE, "not answered yet"},
      {"{'state': <'on-air'>}", NULL, 100, TRUE, "ok"},
      {"{'state': <'on-air'>}", NULL, 9000, FALSE, "9 s"},
      {"{'state': <'starting'>}", NULL, 100, TRUE, "ok"},
      {"{'state': <'ended'>}", NULL, 100, TRUE, "ok"},
      {"{'state': <'on-air'>}", "{'segments': <uint64 9>, 'last-segment-age-ms': <uint64 2000>}", 0, TRUE,
       "ok"},
      {"{'state': <'on-air'>}", "{'segments': <uint64 9>, 'last-segment-age-ms': <uint64 30000>}", 0, FALSE,
       "30 s"},
      {"{'state': <'ended'>}", "{'segments': <uint64 9>, 'last-segment-age-ms': <uint64 30000>}", 0, TRUE,
       "ok"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GVariant) status = table[i].status != NULL ? parse (table[i].status) : NULL;
    g_autoptr (GVariant) gateway = table[i].gateway != NULL ? parse (table[i].gateway) : NULL;
    gboolean healthy = !table[i].healthy;
    g_autofree char *words = regia_snapshot_judge (status, gateway, table[i].age_ms, &healthy);

    g_test_message ("%s", words);
    g_assert_cmpint (healthy, ==, table[i].healthy);
    g_assert_nonnull (strstr (words, table[i].says));
  }
}

static void
test_post (void)
{
  g_autoptr (RegiaSnapshot) snapshot = regia_snapshot_new ();
  g_autoptr (GBytes) one = g_bytes_new_static ("1", 1), two = g_bytes_new_static ("2", 1), held = NULL,
                     now = NULL;
  gboolean healthy = TRUE;

  g_assert_null (regia_snapshot_get_status (snapshot));
  g_assert_null (regia_snapshot_get_health (snapshot, &healthy));
  g_assert_false (healthy);
  g_assert_false (regia_snapshot_is_healthy (snapshot));
  regia_snapshot_post (snapshot, one, TRUE, one);
  g_assert_true (regia_snapshot_is_healthy (snapshot));
  held = regia_snapshot_get_status (snapshot);
  regia_snapshot_post (snapshot, two, FALSE, two);
  g_assert_false (regia_snapshot_is_healthy (snapshot));
  now = regia_snapshot_get_status (snapshot);
  g_assert_true (g_bytes_equal (held, one)); /* who has it keeps it */
  g_assert_true (g_bytes_equal (now, two));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/snapshot/render", test_render);
  g_test_add_func ("/gateway/snapshot/judge", test_judge);
  g_test_add_func ("/gateway/snapshot/post", test_post);
  return g_test_run ();
}
