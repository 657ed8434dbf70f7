/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "regia/config/config.h"

/**
 * One function per command: `regia COMMAND …`, each in the file of its name, but for those that change one
 * thing of the running event, which are all in command.c. argv[0] is the command's name. Each parses its
 * options with GOption (so that `--help` is there and an unknown option is an error), prints results on
 * standard output and errors as `regia: …` on standard error. Returns: exit status, sysexits(3).
 */
int regia_cli_run (int argc, char **argv);
int regia_cli_check (int argc, char **argv);
int regia_cli_events (int argc, char **argv);
int regia_cli_status (int argc, char **argv);
int regia_cli_start (int argc, char **argv);
int regia_cli_rehearse (int argc, char **argv);
int regia_cli_stop (int argc, char **argv);
int regia_cli_tap (int argc, char **argv);
int regia_cli_pipelines (int argc, char **argv);
int regia_cli_devices (int argc, char **argv);
int regia_cli_private (int argc, char **argv);
int regia_cli_pause (int argc, char **argv);
int regia_cli_resume (int argc, char **argv);
int regia_cli_relay (int argc, char **argv);
int regia_cli_scene (int argc, char **argv);
int regia_cli_source (int argc, char **argv);
int regia_cli_tone (int argc, char **argv);
int regia_cli_caption (int argc, char **argv);
int regia_cli_talk (int argc, char **argv);
int regia_cli_notice (int argc, char **argv);
int regia_cli_gain (int argc, char **argv);
int regia_cli_mute (int argc, char **argv);
int regia_cli_alarms (int argc, char **argv);
int regia_cli_acknowledge (int argc, char **argv);
int regia_cli_mark (int argc, char **argv);
int regia_cli_extend (int argc, char **argv);
int regia_cli_passwd (int argc, char **argv);
int regia_cli_console (int argc, char **argv);
int regia_cli_version (int argc, char **argv);

/** regia_cli_state_dir: (transfer full): --state if given, else $STATE_DIRECTORY (systemd), else
 * $XDG_STATE_HOME/regia, else ~/.local/state/regia. */
char *regia_cli_state_dir (const char *option);

/**
 * regia_cli_check_slate: whether the event's slate and its logo, if it has them, can be drawn on this
 * machine. Each is tried in a child of its own, some 0.2 s. Errors: REGIA_ERROR_CONFIG,
 * REGIA_ERROR_UNAVAILABLE, with file and line.
 */
gboolean regia_cli_check_slate (RegiaConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_cli_slate_main: that child: `regia child slate FILE WIDTHxHEIGHT`, or `… FILE logo`. Its words go to
 * standard output.
 */
int regia_cli_slate_main (int argc, char **argv);

/** regia_cli_devices_main: a child that looks for devices one way: `regia child devices WAY`. Its answer goes
 * to standard output, as regia_devices_to_json(). */
int regia_cli_devices_main (int argc, char **argv);

/** regia_cli_trial_main: a child that runs the engine of an event for some seconds, for `regia check`: `regia
 * child trial EVENT HALL`, "" for none. What it saw goes to standard output as JSON, or why it could not. */
int regia_cli_trial_main (int argc, char **argv);
/** regia_cli_disk_main: a child that writes to a disk for a second: `regia child disk FOLDER`; likewise. */
int regia_cli_disk_main (int argc, char **argv);

/**
 * regia_cli_ask_password: asks for the password of @name on the terminal, twice, without showing it; reads it
 * as one line from standard input where that is no terminal.
 *
 * Returns: (transfer full): for regia_password_wipe(). Errors: REGIA_ERROR_USAGE, G_IO_ERROR; a signal
 * meanwhile does what it does, with the terminal as it was.
 */
char *regia_cli_ask_password (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_cli_ask_secret: the same for what is said once, after @question. */
char *regia_cli_ask_secret (const char *question, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_cli_fail: prints `regia: MESSAGE`; returns the exit status that belongs to the error. */
int regia_cli_fail (const GError *error);

/**
 * regia_cli_parse: parses the options of `regia COMMAND` with GOption.
 * @arguments: (nullable): what follows the options in the usage line
 *
 * Returns: %FALSE after saying what is wrong; @ret_status is then the exit status. --help prints and exits by
 * itself.
 */
gboolean regia_cli_parse (const char *command, const char *arguments, const char *summary,
                          GOptionEntry *entries, int *argc, char ***argv,
                          int *ret_status) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_cli_status_line: (transfer full): the show in one line: state, time on air, recording, time left on
 * disk, viewers, the worst warning.
 * @status: a{sv} of Show1.GetStatus. Pure.
 */
char *regia_cli_status_line (GVariant *status);

typedef enum {
  REGIA_CLI_OUTCOME_WELL,
  REGIA_CLI_OUTCOME_UNFINISHED, /* something is left to do: the next start does it */
  REGIA_CLI_OUTCOME_INCOMPLETE, /* something is missing or damaged for good */
} RegiaCliOutcome;

/**
 * regia_cli_outcome: what came of an event that is over.
 * @status: a{sv} of Show1.WaitEnd
 * @ret_good: (out) (transfer full): for standard output
 * @ret_bad: (out) (transfer full) (nullable): what is not as it should be
 *
 * Pure.
 */
RegiaCliOutcome regia_cli_outcome (GVariant *status, char **ret_good, char **ret_bad);

/** regia_cli_say_outcome: prints it; returns the exit status: 0, or 65 when the recording is not finished or
 * not complete. */
int regia_cli_say_outcome (GVariant *status);
