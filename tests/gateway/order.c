/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command's JSON is for the director, where a value is more than a word. */
#include <string.h>

#include "console-private.h"
#include "regia/base/error.h"

static void
test_sources (void)
{
  static const struct {
    const char *name, *body, *arguments;
  } rows[] = {
      {"source-add", "{\"id\":\"c1\",\"name\":\"cam\",\"keys\":{\"pipeline\":\"rtsp\",\"location\":\"è\"}}",
       "('T', 'c1', {'source-add': <('cam', {'location': 'è', 'pipeline': 'rtsp'})>})"},
      {"source-add", "{\"id\":\"c2\",\"name\":\"cam\",\"keys\":{}}",
       "('T', 'c2', {'source-add': <('cam', @a{ss} {})>})"},
      {"source-set", "{\"id\":\"c3\",\"name\":\"cam\",\"keys\":{\"delay\":\"40ms\"}}",
       "('T', 'c3', {'source-set': <('cam', {'delay': '40ms'})>})"},
      {"source-remove", "{\"id\":\"c4\",\"name\":\"cam\"}", "('T', 'c4', {'source-remove': <'cam'>})"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (RegiaConsoleOrder) order = {0};
    g_autoptr (GError) error = NULL;
    g_autofree char *arguments = NULL;

    g_assert_true (
        regia_console_order_read (rows[i].name, "T", rows[i].body, strlen (rows[i].body), 0, &order, &error));
    g_assert_no_error (error);
    g_assert_cmpstr (order.method, ==, "Command");
    arguments = g_variant_print (order.arguments, FALSE);
    g_assert_cmpstr (arguments, ==, rows[i].arguments);
  }
}

static void
test_refused (void)
{
  static const struct {
    const char *name, *body, *word;
  } rows[] = {
      {"source-add", "{\"name\":\"cam\"}", "\"keys\" is missing"},
      {"source-add", "{\"name\":\"cam\",\"keys\":\"pipeline=test\"}", "each of its values a text"},
      {"source-add", "{\"name\":\"cam\",\"keys\":{\"delay\":40}}", "each of its values a text"},
      {"source-add", "{\"name\":\"cam\",\"keys\":{\"a\":{\"b\":\"c\"}}}", "each of its values a text"},
      {"source-set", "{\"keys\":{\"delay\":\"40ms\"}}", "\"name\" is missing"},
      {"source-remove", "{\"name\":\"cam\",\"keys\":{}}", "there is no \"keys\" here"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (RegiaConsoleOrder) order = {0};
    g_autoptr (GError) error = NULL;

    g_test_message ("row %u", i);
    g_assert_false (
        regia_console_order_read (rows[i].name, "T", rows[i].body, strlen (rows[i].body), 0, &order, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
    g_assert_nonnull (strstr (error->message, rows[i].word));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/order/sources", test_sources);
  g_test_add_func ("/gateway/order/refused", test_refused);
  return g_test_run ();
}
