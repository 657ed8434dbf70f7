/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/engine/engine.h"

int
regia_engine_main (int argc, char **argv)
{
  return 70;
}
