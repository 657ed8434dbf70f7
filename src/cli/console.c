/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <unistd.h>

#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

int
regia_cli_console (int argc, char **argv)
{
  g_autofree char *state_option = NULL, *state_dir = NULL, *control_path = NULL, *address = NULL;
  gboolean print = FALSE;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that Regia runs on", "DIR"},
      {"print", 0, 0, G_OPTION_ARG_NONE, &print, "Write the address even if standard output is no terminal",
       NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  guint seconds = 0;
  int status;

  if (!regia_cli_parse ("console", NULL,
                        "Prints an address of the console that lets one in as technician, once, within a "
                        "quarter of an hour; for whoever has no password yet, or has lost it.",
                        entries, &argc, &argv, &status))
    return status;
  if (argc != 1) {
    fprintf (stderr, "regia: console takes no arguments; `regia console --help` lists its options\n");
    return 64;
  }
  if (!print && !isatty (STDOUT_FILENO)) {
    fprintf (stderr,
             "regia: the address lets in whoever reads it, and standard output is no terminal; --print "
             "writes it all the same\n");
    return 64;
  }
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  address = regia_client_make_link (control_path, &seconds, 5000, &error);
  if (address == NULL)
    return regia_cli_fail (error);
  printf ("%s\n", address);
  if (isatty (STDOUT_FILENO))
    printf ("It is good once, within %u minutes.\n", seconds / 60);
  return 0;
}
