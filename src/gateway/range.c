/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "range-private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Reads digits; FALSE when there is none. More than fits is clamped: every file is smaller than that. */
static gboolean
read_number (const char **text, guint64 *ret_value)
{
  const char *p = *text;
  guint64 value = 0;

  if (!g_ascii_isdigit (*p))
    return FALSE;
  for (; g_ascii_isdigit (*p); p++)
    value = value > (G_MAXUINT64 - 9) / 10 ? G_MAXUINT64 : value * 10 + (guint64)(*p - '0');
  *text = p;
  *ret_value = value;
  return TRUE;
}

/* If-Range (RFC 9110 §13.1.5): a strong tag or an exact date. */
static gboolean
if_range_holds (const char *field, const char *etag, gint64 modified_s)
{
  if (field[0] == '"')
    return strcmp (field, etag) == 0;
  if (field[0] == 'W' && field[1] == '/')
    return FALSE;
  return modified_s > 0 && regia_http_date_parse (field) == modified_s;
}

RegiaRangeKind
regia_range_decide (const char *range, const char *if_range, const char *etag, gint64 modified_s,
                    guint64 size_bytes, guint64 *ret_first, guint64 *ret_last)
{
  guint64 first = 0, last = G_MAXUINT64;
  gboolean suffix = FALSE;

  if (range == NULL || g_ascii_strncasecmp (range, "bytes=", 6) != 0)
    return REGIA_RANGE_WHOLE;
  if (if_range != NULL && !if_range_holds (if_range, etag, modified_s))
    return REGIA_RANGE_WHOLE;
  range += 6;
  range += strspn (range, " \t");
  if (*range == '-') {
    range++;
    suffix = TRUE;
    if (!read_number (&range, &last))
      return REGIA_RANGE_WHOLE;
  } else {
    if (!read_number (&range, &first) || *range++ != '-')
      return REGIA_RANGE_WHOLE;
    if (g_ascii_isdigit (*range) && (!read_number (&range, &last) || last < first))
      return REGIA_RANGE_WHOLE;
  }
  range += strspn (range, " \t");
  if (*range != '\0')
    return REGIA_RANGE_WHOLE; /* a list, or junk */

  if (suffix) {
    if (last == 0 || size_bytes == 0)
      return REGIA_RANGE_UNSATISFIABLE;
    *ret_first = last >= size_bytes ? 0 : size_bytes - last;
    *ret_last = size_bytes - 1;
    return REGIA_RANGE_PART;
  }
  if (first >= size_bytes)
    return REGIA_RANGE_UNSATISFIABLE;
  *ret_first = first;
  *ret_last = MIN (last, size_bytes - 1);
  return REGIA_RANGE_PART;
}

gboolean
regia_etag_matches (const char *field, const char *etag)
{
  gsize length = strlen (etag);

  if (field == NULL)
    return FALSE;
  field += strspn (field, " \t");
  if (field[0] == '*')
    return field[1 + strspn (field + 1, " \t")] == '\0';
  while (*field != '\0') {
    const char *close;

    if (field[0] == 'W' && field[1] == '/')
      field += 2;
    if (*field != '"' || (close = strchr (field + 1, '"')) == NULL)
      return FALSE;
    if ((gsize)(close + 1 - field) == length && memcmp (field, etag, length) == 0)
      return TRUE;
    field = close + 1;
    field += strspn (field, " \t,");
  }
  return FALSE;
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

static int
two_digits (const char *p)
{
  return g_ascii_isdigit (p[0]) && g_ascii_isdigit (p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

static int
find_name (const char *table, const char *name)
{
  for (int i = 0; table[i] != '\0'; i += 3)
    if (strncmp (table + i, name, 3) == 0)
      return i / 3;
  return -1;
}

gint64
regia_http_date_parse (const char *text)
{
  struct tm tm = {0};
  int century, year;

  /* "Sun, 06 Nov 1994 08:49:37 GMT" */
  if (strlen (text) != 29 || find_name (days, text) < 0 || text[3] != ',' || text[4] != ' ' ||
      text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':' ||
      strcmp (text + 25, " GMT") != 0)
    return -1;
  tm.tm_mday = two_digits (text + 5);
  tm.tm_mon = find_name (months, text + 8);
  century = two_digits (text + 12);
  year = two_digits (text + 14);
  tm.tm_hour = two_digits (text + 17);
  tm.tm_min = two_digits (text + 20);
  tm.tm_sec = two_digits (text + 23);
  if (tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_mon < 0 || century < 19 || year < 0 || tm.tm_hour < 0 ||
      tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
    return -1;
  tm.tm_year = century * 100 + year - 1900;
  return MAX (timegm (&tm), -1);
}

void
regia_http_date_format (gint64 unix_s, char ret_text[REGIA_HTTP_DATE_BYTES])
{
  time_t when = CLAMP (unix_s, 0, G_GINT64_CONSTANT (253402300799));
  struct tm tm;

  gmtime_r (&when, &tm);
  /* Not strftime: its names follow the locale. */
  g_snprintf (ret_text, REGIA_HTTP_DATE_BYTES, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
              days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
              tm.tm_min, tm.tm_sec);
}
