/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "regia/cli/cli.h"

int
regia_cli_version (int argc, char **argv)
{
  int status;
  GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};

  if (!regia_cli_parse ("version", NULL, "Prints the version.", entries, &argc, &argv, &status))
    return status;
  printf ("regia %s\n", REGIA_VERSION);
  return 0;
}
