/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/gateway/gateway.h"

int
regia_gateway_main (int argc, char **argv)
{
  return 70;
}
