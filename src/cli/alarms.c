/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "regia/base/json.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

#define RAISED 1 /* exit status */

/* Of the texts that there are: the first that the reader's locale names, else English. */
static const char *
pick_language (void)
{
  static const char *const there[] = {"en", "it", NULL};

  for (const char *const *name = g_get_language_names (); *name != NULL; name++)
    if (g_strv_contains (there, *name))
      return *name;
  return "en";
}

/* (transfer full) */
static char *
words (GVariant *alarm, const char *key, const char *language)
{
  g_autoptr (GVariant) all = g_variant_lookup_value (alarm, key, G_VARIANT_TYPE_VARDICT);

  return g_strdup (all != NULL ? regia_json_get_string (all, language) : "");
}

/* (transfer full): by the clock of this computer. */
static char *
clock_of (const char *rfc3339)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_iso8601 (rfc3339, NULL);
  g_autoptr (GDateTime) here = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return here != NULL ? g_date_time_format (here, "%H:%M:%S") : g_strdup ("-");
}

static void
print_alarm (GVariant *alarm, const char *language)
{
  gboolean italian = g_str_equal (language, "it");
  const char *severity = regia_json_get_string (alarm, "severity"),
             *by = regia_json_get_string (alarm, "acknowledged-by");
  g_autofree char *since = clock_of (regia_json_get_string (alarm, "since"));
  g_autofree char *text = words (alarm, "text", language);
  g_autofree char *remedy = words (alarm, "remedy", language);

  if (italian)
    severity = g_str_equal (severity, "critical") ? "critico" : "avviso";
  printf ("%-8s  %s  %-24s  %s\n", severity, since, regia_json_get_string (alarm, "id"), text);
  printf ("%-8s  %-8s  %-24s  %s\n", "", "", "", remedy);
  if (*by != '\0') {
    g_autofree char *at = clock_of (regia_json_get_string (alarm, "acknowledged-at"));
    printf ("%-8s  %-8s  %-24s  %s %s, %s\n", "", "", "", italian ? "preso in carico:" : "acknowledged:", by,
            at);
  }
}

static int
print_json (GVariant *status)
{
  static const char *const keys[] = {"alarms", "alarms-ended"};
  g_autofree char *json = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autoptr (GVariant) list = g_variant_lookup_value (status, keys[i], G_VARIANT_TYPE ("av"));

    g_variant_dict_insert_value (&dict, keys[i], list != NULL ? list : g_variant_new ("av", NULL));
  }
  json = regia_json_from_variant (g_variant_dict_end (&dict), TRUE);
  return printf ("%s\n", json);
}

int
regia_cli_alarms (int argc, char **argv)
{
  g_autofree char *state_option = NULL, *state_dir = NULL, *control_path = NULL;
  gboolean json = FALSE;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that the event runs on", "DIR"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print them as JSON, with those that are over", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GVariant) status = NULL;
  g_autoptr (GPtrArray) alarms = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!regia_cli_parse ("alarms", NULL,
                        "Lists what is wrong now, worst first, and what to do; exit status 1 when there is "
                        "anything, 0 when there is nothing.",
                        entries, &argc, &argv, &exit_status))
    return exit_status;
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  status = regia_client_get_status (control_path, 5000, &error);
  if (status == NULL)
    return regia_cli_fail (error);
  alarms = regia_json_get_list (status, "alarms");
  if (json)
    print_json (status);
  for (guint i = 0; !json && alarms != NULL && i < alarms->len; i++)
    print_alarm (g_ptr_array_index (alarms, i), pick_language ());
  return alarms != NULL && alarms->len > 0 ? RAISED : 0;
}
