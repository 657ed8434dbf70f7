/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/**
 * regia_engine_main:
 *
 * The engine process: `regia child engine …`, started by the director and by nobody else (see control/child.h
 * for what is passed). Returns: the exit status, sysexits(3).
 */
int regia_engine_main (int argc, char **argv);
