/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calendar-private.h"

#include <string.h>

#include "regia/base/json.h"

#define LINE_OCTETS 75

/* One content line, folded between characters (§3.1). */
static void
add_line (GString *out, const char *name, const char *value)
{
  g_autofree char *line = g_strconcat (name, ":", value, NULL);
  gsize used = 0;

  for (const char *p = line; *p != '\0';) {
    gsize length = (gsize)(g_utf8_next_char (p) - p);

    if (used + length > LINE_OCTETS) {
      g_string_append (out, "\r\n ");
      used = 1;
    }
    g_string_append_len (out, p, (gssize)length);
    used += length;
    p += length;
  }
  g_string_append (out, "\r\n");
}

/* A value of type TEXT (§3.3.11); other control characters there are none in it. */
static void
add_text (GString *out, const char *name, const char *text)
{
  g_autoptr (GString) value = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p++) {
    if (*p == '\n')
      g_string_append (value, "\\n");
    else if (strchr ("\\;,", *p) != NULL)
      g_string_append_printf (value, "\\%c", *p);
    else if ((guchar)*p >= 0x20 && *p != 0x7f)
      g_string_append_c (value, *p);
  }
  add_line (out, name, value->str);
}

static void
add_time (GString *out, const char *name, GDateTime *time)
{
  g_autoptr (GDateTime) utc = g_date_time_to_utc (time);
  g_autofree char *text = g_date_time_format (utc, "%Y%m%dT%H%M%SZ");

  add_line (out, name, text);
}

static void
add_event (GString *out, GVariant *event, gint64 now_s)
{
  const char *name = regia_json_get_string (event, "name"), *place = regia_json_get_string (event, "place");
  const char *start_text = regia_json_get_string (event, "start");
  g_autoptr (GDateTime) start = g_date_time_new_from_iso8601 (start_text, NULL);
  g_autoptr (GDateTime) end = g_date_time_new_from_iso8601 (regia_json_get_string (event, "end"), NULL);
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_utc (now_s);
  g_autofree char *day = NULL, *key = NULL, *digest = NULL, *uid = NULL;

  if (*name == '\0' || start == NULL || now == NULL || !g_utf8_validate (name, -1, NULL) ||
      !g_utf8_validate (place, -1, NULL))
    return;
  day = g_date_time_format (start, "%Y-%m-%d");
  key = g_strconcat (day, " ", name, NULL);
  digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);
  uid = g_strdup_printf ("%.32s@regia", digest);
  add_line (out, "BEGIN", "VEVENT");
  add_line (out, "UID", uid);
  add_time (out, "DTSTAMP", now);
  add_time (out, "DTSTART", start);
  if (end != NULL && g_date_time_compare (end, start) > 0)
    add_time (out, "DTEND", end);
  add_text (out, "SUMMARY", name);
  if (*place != '\0')
    add_text (out, "LOCATION", place);
  add_line (out, "END", "VEVENT");
}

char *
regia_calendar_render (GVariant *status, gint64 now_s)
{
  static const char *const keys[] = {"event", "next"};
  GString *out = g_string_new (NULL);

  add_line (out, "BEGIN", "VCALENDAR");
  add_line (out, "VERSION", "2.0");
  add_line (out, "PRODID", "-//Regia//Regia//EN");
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autoptr (GVariant) event = g_variant_lookup_value (status, keys[i], G_VARIANT_TYPE_VARDICT);

    if (event != NULL)
      add_event (out, event, now_s);
  }
  add_line (out, "END", "VCALENDAR");
  return g_string_free (out, FALSE);
}
