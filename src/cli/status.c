/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "regia/base/json.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

static void
print_list (GVariant *parent, const char *key, const char *title, const char *const *columns)
{
  g_autoptr (GVariant) list = g_variant_lookup_value (parent, key, G_VARIANT_TYPE ("av"));

  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
    g_autoptr (GVariant) entry = g_variant_get_variant (boxed);

    printf ("%-10s", i == 0 ? title : "");
    for (gsize c = 0; columns[c] != NULL; c++) {
      g_autoptr (GVariant) value = g_variant_lookup_value (entry, columns[c], NULL);
      g_autofree char *text = NULL;

      if (value == NULL)
        continue;
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)) {
        text = g_variant_dup_string (value, NULL);
        if (text[0] != '\0')
          printf (" %s", text);
      } else {
        text = g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE)
                   ? g_strdup_printf ("%.1f", g_variant_get_double (value))
                   : g_variant_print (value, FALSE);
        printf (" %s=%s", columns[c], text);
      }
    }
    printf ("\n");
  }
}

static void
print_scene (GVariant *engine, const char *scene)
{
  const char *replaced = engine != NULL ? regia_json_get_string (engine, "scene-for") : "";

  if (*replaced != '\0')
    printf ("scene      %s in place of %s (%s)\n", regia_json_get_string (engine, "scene"), replaced,
            regia_json_get_string (engine, "scene-why"));
  else
    printf ("scene      %s\n", scene);
}

static void
print_status (GVariant *status)
{
  static const char *const source[] = {"name",     "state",    "fps",        "level-db", "drift-ppm",
                                       "channels", "restarts", "last-error", NULL};
  static const char *const rendition[] = {"name",     "codec",      "fps",      "bps",
                                          "shed",     "encoder",    "shed-why", "retry-in-ms",
                                          "restarts", "last-error", NULL};
  static const char *const audio[] = {"language", "codec", "level-db", "bps", NULL};
  static const char *const fader[] = {"language", "source", "gain-db", "muted", NULL};
  static const char *const relay[] = {"name", "state", "bps", "dropped", "retry-in-ms", "last-error", NULL};
  static const char *const process[] = {"name",      "state",  "pid",       "restarts",
                                        "rss-bytes", "cpu-ms", "last-exit", NULL};
  g_autoptr (GVariant) event = g_variant_lookup_value (status, "event", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) engine = g_variant_lookup_value (status, "engine", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) gateway = g_variant_lookup_value (status, "gateway", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) recorder = g_variant_lookup_value (status, "recorder", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) warnings = g_variant_lookup_value (status, "warnings", G_VARIANT_TYPE_STRING_ARRAY);
  g_autoptr (GVariant) desired = g_variant_lookup_value (status, "desired", G_VARIANT_TYPE_VARDICT);
  g_autofree char *line = regia_cli_status_line (status);
  const char *name = "", *address = "", *path = "", *scene = "", *why;
  guint64 wait_ms;

  if (event != NULL)
    g_variant_lookup (event, "name", "&s", &name);
  if (gateway != NULL)
    g_variant_lookup (gateway, "address", "&s", &address);
  if (recorder != NULL)
    g_variant_lookup (recorder, "path", "&s", &path);
  printf ("%s\n%s\n", name, line);
  if (address[0] != '\0')
    printf ("viewers    %s/\n", address);
  if (path[0] != '\0')
    printf ("recording  %s\n", path);
  if (desired != NULL && g_variant_lookup (desired, "scene", "&s", &scene) && scene[0] != '\0')
    print_scene (engine, scene);
  if (desired != NULL && g_variant_lookup (desired, "caption", "&s", &scene) && scene[0] != '\0')
    printf ("caption    %s\n", scene);
  if (desired != NULL)
    print_list (desired, "faders", "faders", fader);
  if (engine != NULL && g_variant_lookup (engine, "mix-wait-ms", "t", &wait_ms) &&
      g_variant_lookup (engine, "mix-wait-why", "&s", &why))
    printf ("mixer      waits %" G_GUINT64_FORMAT " ms for the slowest source: %s\n", wait_ms, why);
  if (engine != NULL) {
    print_list (engine, "sources", "sources", source);
    print_list (engine, "renditions", "video", rendition);
    print_list (engine, "audios", "audio", audio);
  }
  print_list (status, "relays", "relays", relay);
  print_list (status, "processes", "processes", process);
  for (gsize i = 0; warnings != NULL && i < g_variant_n_children (warnings); i++) {
    const char *warning;

    g_variant_get_child (warnings, i, "&s", &warning);
    printf ("! %s\n", warning);
  }
}

int
regia_cli_status (int argc, char **argv)
{
  g_autofree char *state_option = NULL, *state_dir = NULL, *control_path = NULL;
  gboolean json = FALSE;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that the event runs on", "DIR"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json,
       "Print everything as JSON, as the console's /api/v1/status gives it", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GVariant) status = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!regia_cli_parse ("status", NULL, "Says what the running event does; works without the gateway.",
                        entries, &argc, &argv, &exit_status))
    return exit_status;
  if (argc != 1) {
    fprintf (stderr, "regia: status takes no arguments; `regia status --help` lists its options\n");
    return 64;
  }
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  status = regia_client_get_status (control_path, 5000, &error);
  if (status == NULL)
    return regia_cli_fail (error);
  if (json) {
    g_autofree char *text = regia_json_from_variant (status, TRUE);
    printf ("%s\n", text);
  } else {
    print_status (status);
  }
  return 0;
}
