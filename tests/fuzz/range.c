/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Range, If-Range, If-None-Match and dates: the first eight bytes are the file's size, then three lines. */
#include <stdint.h>
#include <string.h>

#include "range-private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  guint64 file_bytes, first = 0, last = 0;
  char **lines, *text;

  if (size < sizeof file_bytes)
    return 0;
  memcpy (&file_bytes, data, sizeof file_bytes);
  file_bytes &= G_MAXINT64;
  text = g_strndup ((const char *)data + sizeof file_bytes, size - sizeof file_bytes);
  lines = g_strsplit (text, "\n", 3);
  if (lines[0] != NULL) {
    const char *if_range = lines[1];
    switch (regia_range_decide (lines[0], if_range, "\"abc\"", 784111777, file_bytes, &first, &last)) {
    case REGIA_RANGE_PART:
      g_assert_cmpuint (first, <=, last);
      g_assert_cmpuint (last, <, file_bytes);
      break;
    case REGIA_RANGE_WHOLE:
    case REGIA_RANGE_UNSATISFIABLE:
      break;
    }
    if (if_range != NULL && lines[2] != NULL) {
      gint64 date = regia_http_date_parse (lines[2]);
      char again[REGIA_HTTP_DATE_BYTES];

      if (regia_etag_matches (lines[2], "\"abc\""))
        g_assert_true (strstr (lines[2], "\"abc\"") != NULL || strchr (lines[2], '*') != NULL);
      if (date >= 0) {
        regia_http_date_format (date, again);
        g_assert_cmpint (regia_http_date_parse (again), ==, date);
      }
    }
  }
  g_strfreev (lines);
  g_free (text);
  return 0;
}
