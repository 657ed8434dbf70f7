/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

/* The files of the folder are read first, and a disk that hangs keeps the answer from us. */
#define ANSWER_MS 30000

int
regia_cli_rehearse (int argc, char **argv)
{
  g_autofree char *state_option = NULL, *state_dir = NULL, *control_path = NULL;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that Regia runs on", "DIR"},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;
  const char *name = "", *id = "";
  int status;

  if (!regia_cli_parse (
          "rehearse", "NAME",
          "Begins an event of the folder as a rehearsal, in a Regia that waits for events (`regia run "
          "--hall=HALL --events=FOLDER`): sources and programme run, nobody sees them, nothing is recorded, "
          "no "
          "relay pushes. `regia start NAME` puts it on the air, `regia stop` ends it without leaving "
          "anything. At "
          "an hour at which an event starts by itself, what is rehearsed goes on the air, or gives way to "
          "it. NAME "
          "is its id or that of its file; one event alone is rehearsed by `regia run FILE --rehearse`.",
          entries, &argc, &argv, &status))
    return status;
  if (argc != 2) {
    fprintf (stderr, "regia: rehearse takes the name of an event; `regia events` lists them\n");
    return 64;
  }
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  result = regia_client_rehearse (control_path, argv[1], ANSWER_MS, &error);
  if (result == NULL)
    return regia_cli_fail (error);
  g_variant_lookup (result, "name", "&s", &name);
  g_variant_lookup (result, "id", "&s", &id);
  printf ("%s is rehearsed: nobody sees it, nothing is recorded; `regia start %s` puts it on the air\n", name,
          id);
  return 0;
}
