/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "range-private.h"

#include <libsoup/soup.h>
#include <string.h>

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

/* libsoup reads other forms too, and is lenient; what it makes of the text must be that text again. */
gint64
regia_http_date_parse (const char *text)
{
  g_autoptr (GDateTime) date = NULL;
  g_autofree char *again = NULL;

  if (strlen (text) != strlen ("Sun, 06 Nov 1994 08:49:37 GMT"))
    return -1;
  date = soup_date_time_new_from_http_string (text);
  if (date == NULL)
    return -1;
  again = soup_date_time_to_string (date, SOUP_DATE_HTTP);
  return strcmp (again, text) == 0 ? MAX (g_date_time_to_unix (date), -1) : -1;
}

void
regia_http_date_format (gint64 unix_s, char ret_text[REGIA_HTTP_DATE_BYTES])
{
  g_autoptr (GDateTime) date =
      g_date_time_new_from_unix_utc (CLAMP (unix_s, 0, G_GINT64_CONSTANT (253402300799)));
  g_autofree char *text = soup_date_time_to_string (date, SOUP_DATE_HTTP);

  g_strlcpy (ret_text, text, REGIA_HTTP_DATE_BYTES);
}
