/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schedule as RFC 5545 has it. */
#include "calendar-private.h"

#include <string.h>

static char *
render (const char *status)
{
  g_autoptr (GVariant) value = g_variant_parse (G_VARIANT_TYPE_VARDICT, status, NULL, NULL, NULL);

  return regia_calendar_render (value, 1664400000);
}

static void
test_whole (void)
{
  g_autofree char *text = render (
      "{'event': <{'name': <'Sirio; una, due'>, 'place': <'Massa\\\\Carrara\\nAula'>, "
      "'start': <'2022-09-29T09:30:00+02:00'>, 'end': <'2022-09-29T13:00:00+02:00'>}>, 'state': <'on-air'>, "
      "'next': <{'name': <'Domani'>, 'place': <''>, 'start': <'2022-09-30T09:30:00+02:00'>, 'end': <''>}>}");
  g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
  static const char *const wanted[] = {"BEGIN:VCALENDAR",
                                       "VERSION:2.0",
                                       "PRODID:-//Regia//Regia//EN",
                                       "BEGIN:VEVENT",
                                       NULL /* UID */,
                                       "DTSTAMP:20220928T212000Z",
                                       "DTSTART:20220929T073000Z",
                                       "DTEND:20220929T110000Z",
                                       "SUMMARY:Sirio\\; una\\, due",
                                       "LOCATION:Massa\\\\Carrara\\nAula",
                                       "END:VEVENT",
                                       "BEGIN:VEVENT",
                                       NULL,
                                       "DTSTAMP:20220928T212000Z",
                                       "DTSTART:20220930T073000Z",
                                       "SUMMARY:Domani",
                                       "END:VEVENT",
                                       "END:VCALENDAR",
                                       ""};

  g_assert_cmpuint (g_strv_length (lines), ==, G_N_ELEMENTS (wanted));
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++) {
    if (wanted[i] != NULL)
      g_assert_cmpstr (lines[i], ==, wanted[i]);
    else
      g_assert_true (g_str_has_prefix (lines[i], "UID:") && g_str_has_suffix (lines[i], "@regia"));
  }
  g_assert_cmpstr (lines[4], !=, lines[12]);
  g_assert_null (strchr (lines[0], '\n'));
}

/* The same event has the same UID at another hour of its day, and place. */
static void
test_uid (void)
{
  g_autofree char *one =
      render ("{'next': <{'name': <'A'>, 'place': <'B'>, 'start': <'2022-09-29T09:30:00Z'>}>}");
  g_autofree char *other =
      render ("{'next': <{'name': <'A'>, 'place': <'C'>, 'start': <'2022-09-29T10:30:00Z'>}>}");
  g_autofree char *later =
      render ("{'next': <{'name': <'A'>, 'place': <'B'>, 'start': <'2022-10-29T09:30:00Z'>}>}");
  const char *uid = strstr (one, "UID:");
  gsize length = strcspn (uid, "\r");

  g_assert_nonnull (strstr (other, "UID:"));
  g_assert_cmpint (strncmp (uid, strstr (other, "UID:"), length), ==, 0);
  g_assert_cmpint (strncmp (uid, strstr (later, "UID:"), length), !=, 0);
}

/* No line has more than 75 octets, none breaks a character, and unfolded the text is the same. */
static void
test_folded (void)
{
  g_autoptr (GString) name = g_string_new (NULL);
  g_autofree char *status = NULL, *text = NULL, *summary = NULL;
  g_auto (GStrv) lines = NULL, parts = NULL;
  g_autofree char *unfolded = NULL;

  for (guint i = 0; i < 100; i++)
    g_string_append (name, i % 3 == 0 ? "è" : i % 3 == 1 ? "a" : "𝄞");
  status = g_strdup_printf ("{'event': <{'name': <'%s'>, 'start': <'2022-09-29T09:30:00Z'>}>}", name->str);
  text = render (status);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  lines = g_strsplit (text, "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_assert_cmpuint (strlen (lines[i]), <=, 75);
    g_assert_true (g_utf8_validate (lines[i], -1, NULL));
  }
  parts = g_strsplit (text, "\r\n ", -1);
  unfolded = g_strjoinv ("", parts);
  summary = g_strconcat ("SUMMARY:", name->str, "\r\n", NULL);
  g_assert_nonnull (strstr (unfolded, summary));
}

/* What has no hour or name is in no calendar; nothing that is written makes a line of its own. */
static void
test_odd (void)
{
  static const char *const none[] = {"{'event': <{'name': <''>, 'start': <'2022-09-29T09:30:00Z'>}>}",
                                     "{'event': <{'name': <'A'>, 'start': <''>}>, 'next': <@a{sv} {}>}",
                                     "{'event': <{'name': <'A'>, 'start': <'soon'>}>}",
                                     "{'state': <'standby'>}"};
  g_autofree char *text =
      render ("{'event': <{'name': <'A\\r\\nATTENDEE:x'>, 'start': <'2022-09-29T09:30:00Z'>}>}");

  g_assert_nonnull (strstr (text, "SUMMARY:A\\nATTENDEE:x\r\n"));
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++) {
    g_autofree char *empty = render (none[i]);

    g_assert_cmpstr (empty, ==,
                     "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Regia//Regia//EN\r\nEND:VCALENDAR\r\n");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/calendar/whole", test_whole);
  g_test_add_func ("/gateway/calendar/uid", test_uid);
  g_test_add_func ("/gateway/calendar/folded", test_folded);
  g_test_add_func ("/gateway/calendar/odd", test_odd);
  return g_test_run ();
}
