/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/relay/relay.h"

int
regia_relay_main (int argc, char **argv)
{
  return 70;
}
