/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "regia/base/backoff.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/base/json.h"

static void
test_backoff (void)
{
  RegiaBackoff backoff = {.first_ms = 100, .max_ms = 5000, .reset_ms = 60000};
  static const guint expected[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpuint (regia_backoff_failed (&backoff, 10, 0.5), ==, expected[i]);
  g_assert_cmpuint (regia_backoff_failed (&backoff, 10, 0.0), ==, 3750);
  g_assert_cmpuint (regia_backoff_failed (&backoff, 10, 1.0), ==, 6250);
  for (guint i = 0; i < 1000; i++)
    g_assert_cmpuint (regia_backoff_failed (&backoff, 10, 0.5), ==, 5000);
  g_assert_cmpuint (regia_backoff_failed (&backoff, 60000, 0.5), ==, 100);
}

static void
test_epoch (void)
{
  RegiaEpoch epoch = {
      .monotonic_ns = 1000 * REGIA_SECOND, .realtime_ns = 1664436600 * REGIA_SECOND, .boot_id = "boot-a"};
  RegiaEpoch parsed;
  g_autofree char *text = regia_epoch_to_string (&epoch);
  static const char *const bad[] = {"",
                                    "1",
                                    "1:2",
                                    "1:2:",
                                    "x:2:b",
                                    "1:y:b",
                                    "1:99999999999999999999:b",
                                    "1:2:0123456789012345678901234567890123456789"};

  g_assert_true (regia_epoch_parse (text, &parsed));
  g_assert_cmpint (parsed.monotonic_ns, ==, epoch.monotonic_ns);
  g_assert_cmpint (parsed.realtime_ns, ==, epoch.realtime_ns);
  g_assert_cmpstr (parsed.boot_id, ==, "boot-a");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (regia_epoch_parse (bad[i], &parsed));

  /* The same boot: nothing changes, whatever the wall clock did. */
  g_assert_false (regia_epoch_rebase (&epoch, "boot-a", 2000 * REGIA_SECOND, 5));
  g_assert_cmpint (epoch.monotonic_ns, ==, 1000 * REGIA_SECOND);
  /* Another boot, ten minutes into the show: show time is ten minutes although the monotonic clock began
   * anew. */
  g_assert_true (regia_epoch_rebase (&epoch, "boot-b", 30 * REGIA_SECOND, (1664436600 + 600) * REGIA_SECOND));
  g_assert_cmpint (30 * REGIA_SECOND - epoch.monotonic_ns, ==, 600 * REGIA_SECOND);
  g_assert_cmpint (regia_epoch_wall (&epoch, 600 * REGIA_SECOND), ==, (1664436600 + 600) * REGIA_SECOND);
  /* A wall clock set back before the show began: show time starts at 0, never below. */
  g_assert_true (regia_epoch_rebase (&epoch, "boot-c", 40 * REGIA_SECOND, 0));
  g_assert_cmpint (40 * REGIA_SECOND - epoch.monotonic_ns, ==, 0);

  regia_epoch_now (&epoch);
  g_assert_cmpint (regia_epoch_show_time (&epoch), >=, 0);
  g_assert_cmpint (regia_epoch_show_time (&epoch), <, 60 * REGIA_SECOND);
}

static void
test_iso (void)
{
  g_autofree char *a = regia_time_format_iso (1664436600 * REGIA_SECOND + 123456789);
  g_autofree char *b = regia_time_format_iso (-1);

  g_assert_cmpstr (a, ==, "2022-09-29T07:30:00.123Z");
  g_assert_cmpstr (b, ==, "1969-12-31T23:59:59.999Z");
}

static void
test_slug (void)
{
  static const struct {
    const char *text, *slug;
  } table[] = {
      {"2022-09-29 Sirio migranti: esperienze a confronto",
       "2022-09-29-sirio-migranti-esperienze-a-confronto"},
      {"Città È", "citta-e"},
      {"", "event"},
      {"../../etc/passwd", "etc-passwd"},
      {"   ---   ", "event"},
      {"Straße", "strasse"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *slug = regia_slug (table[i].text);
    g_assert_cmpstr (slug, ==, table[i].slug);
  }
  {
    g_autofree char *huge = g_strnfill (5000, 'x');
    g_autofree char *slug = regia_slug (huge);
    g_assert_cmpuint (strlen (slug), ==, 64);
  }
}

static void
test_replace (void)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-base-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "state.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;
  struct stat st;

  g_assert_true (regia_file_replace (path, "old", 3, 0600, &error));
  g_assert_no_error (error);
  g_assert_true (regia_file_replace (path, "newer", 5, 0600, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "newer");
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
  /* Nothing but the file is left. */
  dir = g_dir_open (folder, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "state.json");
  g_assert_null (g_dir_read_name (dir));
  g_assert_false (regia_file_replace ("/nonexistent/folder/file", "x", 1, 0600, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/nonexistent/folder/file"));
  g_clear_error (&error);
  g_unlink (path);
  g_rmdir (folder);
}

/* A full device is told, and the old file stays. */
static void
test_write_full (void)
{
  g_autoptr (GError) error = NULL;
  FILE *full = fopen ("/dev/full", "w");

  g_assert_nonnull (full);
  g_assert_false (regia_fd_write_all (fileno (full), "x", 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  fclose (full);
}

static void
test_json (void)
{
  static const char source[] =
      "{\"a\":1,\"b\":[true,\"x\",2.5,null],\"c\":{\"d\":\"\\u00e8\"},\"big\":9007199254740993}";
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) dict = regia_json_to_vardict (source, -1, &error);
  g_autofree char *text = NULL;
  static const char *const bad[] = {
      "",
      "[]",
      "1",
      "{",
      "{\"a\":}",
      "{\"a\":NaN}",
      "null",
      "7{}",
      "{}{}",
      "{} x",
      "{}/* {} */",
      "/**/{}",
      "{\"a\":'b'}",
      "{\"a",
      "{\"a\\",
      "{]",
      "{\"a\":[}",
      " \n",
      "{\"a\":012}",
      "{\"a\":0x1}",
      "{\"a\":-}",
      "{\"a\":1.}",
      "{\"a\":1e}",
      "{\"a\":.5}",
      "{\"a\":+1}",
      "{\"a\":True}",
      "{\"a\":1 2}",
      "{\"\377\":1}",
      "{\"\\udc00\":1}",
      "{\"a\":\"\\377\"}",
      "{\"a\":\"\\ud800x\"}",
      "{\"a\":\"\\ud800\\u0041\"}",
      "{\"a\":\"\\u00e@\"}",
      "{\"a\":\"\\x\"}",
      "{\"a\":\"\n\"}",
      "{\"a\":\"\\u00",
      "{\"a\":9223372036854775808}",
  };

  g_assert_no_error (error);
  text = regia_json_from_variant (dict, FALSE);
  g_assert_cmpstr (text, ==,
                   "{\"a\":1,\"b\":[true,\"x\",2.5,\"\"],\"big\":9007199254740993,\"c\":{\"d\":\"è\"}}");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_null (regia_json_to_vardict (bad[i], -1, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
    g_clear_error (&error);
  }
  {
    static const char odd[] =
        "{\"a\":\"\\ud83d\\ude00\\\"\\/"
        "\\u00e8\",\"b\":2.5e999,\"c\":2e53,\"d\":-1e-10,\"e\":[-0.5,0,9223372036854775807]}";
    g_autoptr (GVariant) read = regia_json_to_vardict (odd, -1, &error), again = NULL;
    g_autofree char *first = NULL, *second = NULL;

    g_assert_no_error (error);
    first = regia_json_from_variant (read, FALSE);
    again = regia_json_to_vardict (first, -1, &error);
    g_assert_no_error (error);
    second = regia_json_from_variant (again, FALSE);
    g_assert_cmpstr (first, ==, second);
    g_assert_cmpfloat_with_epsilon (regia_json_get_double (again, "c"), 2e53, 1e40);
  }
  {
    GString *deep = g_string_new ("{\"a\":");
    for (guint i = 0; i < 10000; i++)
      g_string_append_c (deep, '[');
    for (guint i = 0; i < 10000; i++)
      g_string_append_c (deep, ']');
    g_string_append_c (deep, '}');
    g_assert_null (regia_json_to_vardict (deep->str, (gssize)deep->len, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
    g_string_free (deep, TRUE);
  }
}

static void
test_exit_status (void)
{
  g_autoptr (GError) config = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_CONFIG, "x");
  g_autoptr (GError) io = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "x");

  g_assert_cmpint (regia_error_exit_status (NULL), ==, 0);
  g_assert_cmpint (regia_error_exit_status (config), ==, 78);
  g_assert_cmpint (regia_error_exit_status (io), ==, 74);
}

static void
test_errno (void)
{
  g_autoptr (GError) missing = NULL, full = NULL, quota = NULL;

  g_assert_false (regia_error_set_errno (&missing, ENOENT, "%s: cannot open", "a/b"));
  g_assert_error (missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpstr (missing->message, ==, "a/b: cannot open: No such file or directory");
  g_assert_false (regia_error_set_errno (&full, ENOSPC, "x"));
  g_assert_error (full, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (regia_error_set_errno (&quota, EDQUOT, "x"));
  g_assert_error (quota, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (regia_error_set_errno (NULL, EDQUOT, "x"));
}

/* From JSON and as it comes over D-Bus; what is missing is told from what is of another type. */
static void
test_json_readers (void)
{
  g_autoptr (GVariant) dict = g_variant_ref_sink (g_variant_new_parsed (
      "{'x': <int64 -5>, 't': <uint64 7>, 'huge': <uint64 18446744073709551615>, 'd': <2.75>, 'far': <1e16>,"
      " 'b': <true>, 's': <'text'>, 'boxed': <[<'a'>, <int64 1>]>, 'plain': <['a', 'b']>, 'none': <@av "
      "[]>}"));
  static const struct {
    const char *key;
    gint64 value;
    gboolean ok;
  } numbers[] = {{"x", -5, TRUE}, {"t", 7, TRUE},  {"huge", 0, FALSE}, {"d", 2, FALSE},
                 {"b", 0, FALSE}, {"s", 0, FALSE}, {"far", 0, FALSE},  {"missing", 0, TRUE}};
  static const struct {
    const char *key;
    int length;
  } lists[] = {{"boxed", 2}, {"plain", 2}, {"none", 0}, {"s", -1}, {"missing", -1}};
  gboolean flag = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++) {
    gint64 value = 0;

    g_test_message ("%s", numbers[i].key);
    g_assert_cmpint (regia_json_get_int (dict, numbers[i].key), ==, numbers[i].value);
    g_assert_cmpint (regia_json_read_int (dict, numbers[i].key, &value), ==, numbers[i].ok);
    g_assert_cmpint (value, ==, numbers[i].ok ? numbers[i].value : 0);
  }
  g_assert_cmpfloat (regia_json_get_double (dict, "d"), ==, 2.75);
  g_assert_cmpfloat (regia_json_get_double (dict, "t"), ==, 7);
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++) {
    g_autoptr (GPtrArray) list = regia_json_get_list (dict, lists[i].key);

    g_assert_cmpint (list != NULL ? (int)list->len : -1, ==, lists[i].length);
    if (lists[i].length > 0)
      g_assert_cmpstr (g_variant_get_string (g_ptr_array_index (list, 0), NULL), ==, "a");
  }
  g_assert_true (regia_json_read_boolean (dict, "missing", &flag));
  g_assert_true (flag);
  g_assert_false (regia_json_read_boolean (dict, "s", &flag));
  g_assert_true (regia_json_read_boolean (dict, "b", &flag) && flag);
}

static void
test_json_list (void)
{
  static const struct {
    const char *text;
    int code;
  } bad[] = {
      {"{\"version\":3,\"people\":[]}", REGIA_ERROR_NEWER},
      {"{\"version\":0,\"people\":[]}", REGIA_ERROR_MEDIA},
      {"{\"people\":[]}", REGIA_ERROR_MEDIA},
      {"{\"version\":1,\"people\":{}}", REGIA_ERROR_MEDIA},
      {"{\"version\":1}", REGIA_ERROR_MEDIA},
      {"[]", REGIA_ERROR_MEDIA},
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) list = regia_json_read_list ("{\"version\":1,\"people\":[1,2]}", 2, "people", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (list), ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_null (regia_json_read_list (bad[i].text, 2, "people", &error));
    g_assert_error (error, REGIA_ERROR, bad[i].code);
    g_clear_error (&error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/backoff", test_backoff);
  g_test_add_func ("/base/epoch", test_epoch);
  g_test_add_func ("/base/iso", test_iso);
  g_test_add_func ("/base/slug", test_slug);
  g_test_add_func ("/base/replace", test_replace);
  g_test_add_func ("/base/write-full", test_write_full);
  g_test_add_func ("/base/json", test_json);
  g_test_add_func ("/base/json/readers", test_json_readers);
  g_test_add_func ("/base/json/list", test_json_list);
  g_test_add_func ("/base/exit-status", test_exit_status);
  g_test_add_func ("/base/errno", test_errno);
  return g_test_run ();
}
