/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

/* The files of the folder are read first, and a disk that hangs keeps the answer from us. */
#define ANSWER_MS 30000

int
regia_cli_start (int argc, char **argv)
{
  g_autofree char *state_option = NULL, *state_dir = NULL, *control_path = NULL;
  gboolean again = FALSE, continued = FALSE;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that Regia runs on", "DIR"},
      {"again", 0, 0, G_OPTION_ARG_NONE, &again,
       "One that was ended: the last one goes on with the same recording, another part", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;
  const char *name = "", *session = "";
  int status;

  if (!regia_cli_parse (
          "start", "NAME",
          "Puts an event of the folder on the air, in a Regia that waits for events (`regia run "
          "--hall=HALL --events=FOLDER`), or the one that is being rehearsed. NAME is its id or that of its "
          "file; "
          "`regia events` lists them.",
          entries, &argc, &argv, &status))
    return status;
  if (argc != 2) {
    fprintf (stderr, "regia: start takes the name of an event; `regia events` lists them\n");
    return 64;
  }
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  result = regia_client_start (control_path, argv[1], again, ANSWER_MS, &error);
  if (result == NULL)
    return regia_cli_fail (error);
  g_variant_lookup (result, "name", "&s", &name);
  g_variant_lookup (result, "session", "&s", &session);
  g_variant_lookup (result, "continued", "b", &continued);
  if (continued)
    printf ("%s goes on, as another part of the recording %s\n", name, session);
  else
    printf ("%s begins, as session %s\n", name, session);
  return 0;
}
