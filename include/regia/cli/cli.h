/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * One function per command, each in its own file: `regia COMMAND …`. argv[0] is the command's name. Each parses its options with GOption (so that
 * --help is there and an unknown option is an error), prints results on standard output and errors as `regia: …` on standard error.
 * Returns: exit status, sysexits(3).
 */
int regia_cli_run (int argc, char **argv);
int regia_cli_check (int argc, char **argv);
int regia_cli_status (int argc, char **argv);
int regia_cli_stop (int argc, char **argv);
int regia_cli_tap (int argc, char **argv);
int regia_cli_pipelines (int argc, char **argv);
int regia_cli_version (int argc, char **argv);

/** regia_cli_state_dir: (transfer full): --state if given, else $STATE_DIRECTORY (systemd), else $XDG_STATE_HOME/regia, else ~/.local/state/regia. */
char *regia_cli_state_dir (const char *option);

/** regia_cli_fail: prints `regia: MESSAGE`; returns the exit status that belongs to the error. */
int regia_cli_fail (const GError *error);
