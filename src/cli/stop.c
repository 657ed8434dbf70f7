/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "regia/base/error.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

/* Follows the ending until the show is over, so that whoever called may rely on the files. */
static gboolean
wait_for_end (const char *control_path, gboolean quit, GError **error)
{
  for (;;) {
    g_autoptr (GVariant) status = NULL;
    g_autoptr (GVariant) recorder = NULL;
    g_autoptr (GError) local_error = NULL;
    const char *state = "", *path = "";

    status = regia_client_get_status (control_path, 5000, &local_error);
    if (status == NULL && quit)
      return TRUE; /* gone, as asked; `regia run` has printed where the recording is */
    if (status == NULL) {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
    recorder = g_variant_lookup_value (status, "recorder", G_VARIANT_TYPE_VARDICT);
    g_variant_lookup (status, "state", "&s", &state);
    if (g_str_equal (state, "ended") && !quit) {
      if (recorder != NULL && g_variant_lookup (recorder, "path", "&s", &path))
        printf ("The event is over; the recording is in %s\n", path);
      else
        printf ("The event is over\n");
      return TRUE;
    }
    g_usleep (200000);
  }
}

int
regia_cli_stop (int argc, char **argv)
{
  g_autofree char *state_option = NULL, *state_dir = NULL, *control_path = NULL;
  gboolean quit = FALSE;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that the event runs on", "DIR"},
      {"quit", 0, 0, G_OPTION_ARG_NONE, &quit, "End Regia as well; without it the recordings stay served",
       NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!regia_cli_parse (
          "stop", NULL,
          "Ends the running event: the recording is finished, viewers are told that it is over.", entries,
          &argc, &argv, &exit_status))
    return exit_status;
  if (argc != 1) {
    fprintf (stderr, "regia: stop takes no arguments; `regia stop --help` lists its options\n");
    return 64;
  }
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  if (!regia_client_stop (control_path, quit, 5000, &error) || !wait_for_end (control_path, quit, &error))
    return regia_cli_fail (error);
  return 0;
}
