/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "range-private.h"

#include <string.h>

#define ETAG     "\"abc\""
#define MODIFIED 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define DATE     "Sun, 06 Nov 1994 08:49:37 GMT"

typedef struct {
  const char *range, *if_range;
  guint64 size;
  RegiaRangeKind kind;
  guint64 first, last;
} Row;

static const Row rows[] = {
    {NULL, NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-499", NULL, 1000, REGIA_RANGE_PART, 0, 499},
    {"bytes=500-999", NULL, 1000, REGIA_RANGE_PART, 500, 999},
    {"bytes=500-", NULL, 1000, REGIA_RANGE_PART, 500, 999},
    {"bytes=0-", NULL, 1000, REGIA_RANGE_PART, 0, 999},
    {"bytes=-500", NULL, 1000, REGIA_RANGE_PART, 500, 999},
    {"bytes=-5000", NULL, 1000, REGIA_RANGE_PART, 0, 999},
    {"bytes=999-999", NULL, 1000, REGIA_RANGE_PART, 999, 999},
    {"bytes=999-5000", NULL, 1000, REGIA_RANGE_PART, 999, 999},
    {"BYTES=0-0", NULL, 1000, REGIA_RANGE_PART, 0, 0},
    {"bytes= 0-1 ", NULL, 1000, REGIA_RANGE_PART, 0, 1},
    {"bytes=0-18446744073709551615", NULL, 1000, REGIA_RANGE_PART, 0, 999},
    {"bytes=0-99999999999999999999999999999999", NULL, 1000, REGIA_RANGE_PART, 0, 999},
    {"bytes=-99999999999999999999999999999999", NULL, 1000, REGIA_RANGE_PART, 0, 999},
    {"bytes=00000000000000000000000001-2", NULL, 1000, REGIA_RANGE_PART, 1, 2},
    {"bytes=1000-", NULL, 1000, REGIA_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=1000-1001", NULL, 1000, REGIA_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=99999999999999999999999-", NULL, 1000, REGIA_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-0", NULL, 1000, REGIA_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=0-", NULL, 0, REGIA_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-1", NULL, 0, REGIA_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=5-4", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-0,2-3", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-,0-,0-,0-", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=,0-1", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-1,", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=-", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=a-b", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0 - 1", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-1x", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=+0-1", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0x0-1", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=--1", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes 0-1", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"items=0-1", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"", NULL, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-1", ETAG, 1000, REGIA_RANGE_PART, 0, 1},
    {"bytes=0-1", "\"abd\"", 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-1", "W/" ETAG, 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-1", DATE, 1000, REGIA_RANGE_PART, 0, 1},
    {"bytes=0-1", "Sun, 06 Nov 1994 08:49:38 GMT", 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-1", "junk", 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=0-1", "", 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=1000-", "\"abd\"", 1000, REGIA_RANGE_WHOLE, 0, 0},
    {"bytes=9223372036854775807-", NULL, G_MAXINT64, REGIA_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=9223372036854775806-", NULL, G_MAXINT64, REGIA_RANGE_PART, G_MAXINT64 - 1, G_MAXINT64 - 1},
};

static void
test_rows (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint64 first = 0, last = 0;
    RegiaRangeKind kind =
        regia_range_decide (rows[i].range, rows[i].if_range, ETAG, MODIFIED, rows[i].size, &first, &last);

    g_test_message ("%s", rows[i].range);
    g_assert_cmpint (kind, ==, rows[i].kind);
    g_assert_cmpuint (first, ==, rows[i].first);
    g_assert_cmpuint (last, ==, rows[i].last);
  }
}

/* 3000 ranges cost no more than reading the first. */
static void
test_bomb (void)
{
  g_autoptr (GString) bomb = g_string_new ("bytes=0-");
  guint64 first, last;

  for (guint i = 0; i < 3000; i++)
    g_string_append (bomb, ",0-");
  g_assert_cmpint (regia_range_decide (bomb->str, NULL, ETAG, MODIFIED, 8 << 20, &first, &last), ==,
                   REGIA_RANGE_WHOLE);
}

static void
test_etag (void)
{
  static const struct {
    const char *field;
    gboolean matches;
  } table[] = {
      {NULL, FALSE},
      {"", FALSE},
      {"*", TRUE},
      {" * ", TRUE},
      {ETAG, TRUE},
      {"W/" ETAG, TRUE},
      {"\"x\", " ETAG, TRUE},
      {"\"x\",W/" ETAG, TRUE},
      {"\"ab\"", FALSE},
      {"abc", FALSE},
      {"\"abc", FALSE},
      {"\"\"", FALSE},
      {"*x", FALSE},
      {",,,", FALSE},
      {"W/", FALSE},
      {"\"a\" \"abc\"", TRUE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_test_message ("%s", table[i].field);
    g_assert_cmpint (regia_etag_matches (table[i].field, ETAG), ==, table[i].matches);
  }
}

static void
test_dates (void)
{
  static const char *const bad[] = {
      "",
      "0",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
      "Xxx, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Xov 1994 08:49:37 GMT",
      "Sun, 32 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 CET",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Sun, -6 Nov 1994 08:49:37 GMT",
  };
  char text[REGIA_HTTP_DATE_BYTES];

  g_assert_cmpint (regia_http_date_parse (DATE), ==, MODIFIED);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_cmpint (regia_http_date_parse (bad[i]), ==, -1);
  for (gint64 s = 0; s < G_GINT64_CONSTANT (4102444800); s += 86399 * 37) {
    regia_http_date_format (s, text);
    g_assert_cmpint (regia_http_date_parse (text), ==, s);
  }
  regia_http_date_format (G_MAXINT64, text);
  g_assert_cmpstr (text, ==, "Fri, 31 Dec 9999 23:59:59 GMT");
  regia_http_date_format (-5, text);
  g_assert_cmpstr (text, ==, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/range/rows", test_rows);
  g_test_add_func ("/gateway/range/bomb", test_bomb);
  g_test_add_func ("/gateway/range/etag", test_etag);
  g_test_add_func ("/gateway/range/dates", test_dates);
  return g_test_run ();
}
