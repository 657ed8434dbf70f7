/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/**
 * regia_relay_main:
 *
 * The relay process: `regia child relay …`, started by the director and by nobody else (see control/child.h
 * for what is passed). Returns: the exit status, sysexits(3).
 */
int regia_relay_main (int argc, char **argv);
