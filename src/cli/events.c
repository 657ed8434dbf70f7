/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <stdio.h>

#include "regia/base/json.h"
#include "regia/cli/cli.h"
#include "regia/config/events.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

/* An answer may wait for the disk of the folder. */
#define ANSWER_MS 15000

static const char *
text (GVariant *event, const char *key)
{
  const char *value = "";

  g_variant_lookup (event, key, "&s", &value);
  return value;
}

/* `2030-01-02 10:00–12:00`, or with both days; by the clock of the event's place. */
static char *
describe_hours (GVariant *event)
{
  g_autoptr (GDateTime) start = g_date_time_new_from_iso8601 (text (event, "start"), NULL);
  g_autoptr (GDateTime) end = g_date_time_new_from_iso8601 (text (event, "end"), NULL);
  g_autofree char *from = NULL, *to = NULL;
  gboolean same_day;

  if (start == NULL)
    return g_strdup ("");
  from = g_date_time_format (start, "%Y-%m-%d %H:%M");
  if (end == NULL)
    return g_steal_pointer (&from);
  same_day = g_date_time_get_day_of_year (start) == g_date_time_get_day_of_year (end) &&
             g_date_time_get_year (start) == g_date_time_get_year (end);
  to = g_date_time_format (end, same_day ? "%H:%M" : "%Y-%m-%d %H:%M");
  return g_strdup_printf ("%s–%s", from, to);
}

/* printf's field widths count bytes. */
static void
print_padded (const char *text, int width)
{
  printf ("%s%*s", text, MAX (width - (int)g_utf8_strlen (text, -1), 0) + 2, "");
}

static void
print_event (GVariant *event, const char *on_air, const char *rehearsed)
{
  g_autofree char *hours = describe_hours (event);
  g_autofree char *file = g_path_get_basename (text (event, "file"));
  const char *name = text (event, "name"), *id = text (event, "id");
  gboolean by_itself = FALSE, on = id[0] != '\0' && g_str_equal (id, on_air),
           rehearsal = id[0] != '\0' && g_str_equal (id, rehearsed);

  g_variant_lookup (event, "start-by-itself", "b", &by_itself);
  print_padded (on ? "on air" : rehearsal ? "rehearsal" : text (event, "state"), 9);
  print_padded (hours, 22);
  print_padded (by_itself ? "by itself" : "", 9);
  printf ("%s%s(%s)\n", name, name[0] != '\0' ? " " : "", file);
  if (text (event, "error")[0] != '\0') {
    g_auto (GStrv) lines = g_strsplit (text (event, "error"), "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++)
      printf ("%11s%s\n", "", lines[i]);
  }
}

/* (transfer full): as Show1.GetEvents. */
static GVariant *
look (const char *folder, const char *hall, GError **error)
{
  g_autoptr (GPtrArray) events = regia_events_scan (folder, hall, error);
  g_autofree char *display = g_filename_display_name (folder);
  GVariantDict dict;

  if (events == NULL)
    return NULL;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "folder", "s", display);
  g_variant_dict_insert_value (&dict, "events",
                               regia_events_to_variant (events, g_get_real_time () / G_USEC_PER_SEC, NULL));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* Returns: how many cannot be started. */
static guint
print_events (GVariant *answer, gboolean json)
{
  g_autoptr (GVariant) events = g_variant_lookup_value (answer, "events", G_VARIANT_TYPE ("aa{sv}"));
  guint faulty = 0;

  if (events == NULL)
    return 0;
  if (json) {
    g_autofree char *list = regia_json_from_variant (events, TRUE);
    printf ("%s\n", list);
  } else if (g_variant_n_children (events) == 0)
    printf ("There is no event file (*.conf) in %s\n", text (answer, "folder"));
  for (gsize i = 0; i < g_variant_n_children (events); i++) {
    g_autoptr (GVariant) event = g_variant_get_child_value (events, i);

    faulty += text (event, "error")[0] != '\0';
    if (!json)
      print_event (event, text (answer, "on-air"), text (answer, "rehearsal"));
  }
  return faulty;
}

int
regia_cli_events (int argc, char **argv)
{
  g_autofree char *folder = NULL, *hall = NULL, *state_option = NULL, *state_dir = NULL, *control_path = NULL;
  gboolean json = FALSE;
  GOptionEntry entries[] = {
      {"events", 0, 0, G_OPTION_ARG_FILENAME, &folder,
       "Folder of the event files; without it the running Regia is asked for those that it waits for",
       "FOLDER"},
      {"hall", 0, 0, G_OPTION_ARG_FILENAME, &hall, "Hall file of those that name none", "HALL"},
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that Regia runs on", "DIR"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print as JSON", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  if (!regia_cli_parse ("events", "",
                        "Lists the events of a folder by their start: which comes next, which are over, and "
                        "which cannot be started and why. Exit status 78 when one cannot.",
                        entries, &argc, &argv, &status))
    return status;
  if (argc > 1 || (folder == NULL && hall != NULL)) {
    fprintf (stderr,
             "regia: events takes --events=FOLDER, and with it --hall=HALL; `regia events --help` says "
             "more\n");
    return 64;
  }
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  answer = folder != NULL ? look (folder, hall, &error)
                          : regia_client_get_events (control_path, ANSWER_MS, &error);
  if (answer == NULL)
    return regia_cli_fail (error);
  if (text (answer, "error")[0] != '\0')
    fprintf (stderr, "regia: %s\n", text (answer, "error"));
  return print_events (answer, json) > 0 || text (answer, "error")[0] != '\0' ? 78 : 0;
}
