/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <stdio.h>
#include <string.h>

#include "regia/base/json.h"
#include "regia/cli/cli.h"
#include "regia/config/events.h"

/* `2030-01-02 10:00–12:00`, or with both days. */
static char *
describe_hours (const RegiaEvent *event)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (event->timezone);
  g_autoptr (GDateTime) start = NULL, end = NULL, start_there = NULL, end_there = NULL;
  g_autofree char *from = NULL, *to = NULL;

  if (event->start_s == 0 || zone == NULL || (start = g_date_time_new_from_unix_utc (event->start_s)) == NULL)
    return g_strdup ("");
  start_there = g_date_time_to_timezone (start, zone);
  from = g_date_time_format (start_there, "%Y-%m-%d %H:%M");
  if (event->end_s == 0 || (end = g_date_time_new_from_unix_utc (event->end_s)) == NULL)
    return g_steal_pointer (&from);
  end_there = g_date_time_to_timezone (end, zone);
  to = g_date_time_format (end_there, g_date_time_get_day_of_year (start_there) ==
                                              g_date_time_get_day_of_year (end_there)
                                          ? "%H:%M"
                                          : "%Y-%m-%d %H:%M");
  return g_strdup_printf ("%s–%s", from, to);
}

/* printf's field widths count bytes. */
static void
print_padded (const char *text, int width)
{
  printf ("%s%*s", text, MAX (width - (int)g_utf8_strlen (text, -1), 0) + 2, "");
}

static void
print_event (const RegiaEvent *event, RegiaEventState state)
{
  g_autofree char *hours = describe_hours (event);
  g_autofree char *path = g_filename_display_name (event->file);
  const char *file = strrchr (path, '/') + 1;

  print_padded (regia_event_state_name (state), 8);
  print_padded (hours, 22);
  print_padded (event->start_by_itself ? "by itself" : "", 9);
  printf ("%s%s(%s)\n", event->name, event->name[0] != '\0' ? " " : "", file);
  if (event->error != NULL) {
    g_auto (GStrv) lines = g_strsplit (event->error, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++)
      printf ("%10s%s\n", "", lines[i]);
  }
}

int
regia_cli_events (int argc, char **argv)
{
  g_autofree char *folder = NULL, *hall = NULL;
  gboolean json = FALSE;
  GOptionEntry entries[] = {
      {"events", 0, 0, G_OPTION_ARG_FILENAME, &folder, "Folder of the event files", "FOLDER"},
      {"hall", 0, 0, G_OPTION_ARG_FILENAME, &hall, "Hall file of those that name none", "HALL"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print as JSON", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GPtrArray) events = NULL;
  g_autoptr (GError) error = NULL;
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;
  guint faulty = 0;
  int status;

  if (!regia_cli_parse ("events", "",
                        "Lists the events of a folder by their start: which comes next, which are over, and "
                        "which cannot be started and why. Exit status 78 when one cannot.",
                        entries, &argc, &argv, &status))
    return status;
  if (argc > 1 || folder == NULL) {
    fprintf (stderr, "regia: events takes --events=FOLDER; `regia events --help` says more\n");
    return 64;
  }
  events = regia_events_scan (folder, hall, &error);
  if (events == NULL)
    return regia_cli_fail (error);
  if (json) {
    g_autoptr (GVariant) list = g_variant_ref_sink (regia_events_to_variant (events, now_s, NULL));
    g_autofree char *text = regia_json_from_variant (list, TRUE);

    printf ("%s\n", text);
  } else if (events->len == 0)
    printf ("There is no event file (*.conf) in %s\n", folder);
  for (guint i = 0; i < events->len; i++) {
    const RegiaEvent *event = g_ptr_array_index (events, i);

    faulty += event->error != NULL;
    if (!json)
      print_event (event, regia_events_state (events, event, now_s, NULL));
  }
  return faulty > 0 ? 78 : 0;
}
