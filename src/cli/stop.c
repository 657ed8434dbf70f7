/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/cli/cli.h"

int
regia_cli_stop (int argc, char **argv)
{
  return 70;
}
