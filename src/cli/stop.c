/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "regia/base/error.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

/* So that whoever called may start the next one on the same folder. */
static void
wait_until_gone (const char *control_path)
{
  for (;;) {
    g_autoptr (GVariant) still_there = regia_client_get_status (control_path, 5000, NULL);

    if (still_there == NULL)
      return;
    g_usleep (100000);
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
  g_autoptr (GVariant) status = NULL;
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
  status = regia_client_stop (control_path, quit, 5000, &error);
  if (status == NULL)
    return regia_cli_fail (error);
  if (quit)
    wait_until_gone (control_path);
  return regia_cli_say_outcome (status);
}
