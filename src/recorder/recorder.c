/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/recorder/recorder.h"

int
regia_recorder_main (int argc, char **argv)
{
  return 70;
}
