/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line: a table of commands, and the way into the processes that the director starts (`regia
 * child NAME …`).
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "regia/cli/cli.h"
#include "regia/engine/engine.h"
#include "regia/gateway/gateway.h"
#include "regia/listener/listener.h"
#include "regia/pull/pull.h"
#include "regia/recorder/recorder.h"
#include "regia/relay/relay.h"

typedef struct {
  const char *name;
  int (*run) (int argc, char **argv);
  const char *summary;
} Command;

static const Command commands[] = {
    {"run", regia_cli_run, "start the event of an event file"},
    {"start", regia_cli_start, "put an event on the air, where several are waited for"},
    {"rehearse", regia_cli_rehearse, "run an event so that nobody sees it, before it is put on the air"},
    {"check", regia_cli_check, "say what is wrong with an event file, without starting it"},
    {"events", regia_cli_events, "list the events of a folder, and which comes next"},
    {"status", regia_cli_status, "say what the running event does"},
    {"stop", regia_cli_stop, "end the running event"},
    {"private", regia_cli_private, "keep the hall from viewers for a while, and let them in again"},
    {"pause", regia_cli_pause, "pause the recording; viewers go on watching"},
    {"resume", regia_cli_resume, "go on recording"},
    {"mark", regia_cli_mark, "mark this moment, as the beginning of a talk"},
    {"extend", regia_cli_extend, "move the planned end"},
    {"scene", regia_cli_scene, "show a scene, or list them"},
    {"source", regia_cli_source, "add a camera while the event is on, set it otherwise, or remove it"},
    {"caption", regia_cli_caption, "show who is speaking in a bar over the picture, or take it away"},
    {"talk", regia_cli_talk, "begin the next talk: caption, mark and viewers' page follow"},
    {"notice", regia_cli_notice, "show viewers a line of text on their page, or take it away"},
    {"tone", regia_cli_tone, "put a test tone in place of the sound, for a rehearsal"},
    {"gain", regia_cli_gain, "make a source louder or quieter"},
    {"alarms", regia_cli_alarms, "what is wrong now, and what to do"},
    {"acknowledge", regia_cli_acknowledge, "say that somebody sees to an alarm"},
    {"mute", regia_cli_mute, "take a source out of the sound, or let it in again"},
    {"relay", regia_cli_relay, "start or stop pushing to one destination, add or remove one"},
    {"passwd", regia_cli_passwd, "say who may come into the console, and with which password"},
    {"console", regia_cli_console, "print an address that lets one into the console, once"},
    {"tap", regia_cli_tap, "write the running feed to standard output"},
    {"pipelines", regia_cli_pipelines, "list the pipeline files, what each needs and what is missing"},
    {"devices", regia_cli_devices, "list the cameras and sound inputs that are plugged in, ready to paste"},
    {"version", regia_cli_version, "print the version"},
};

static const RegiaChildClass *const processes[] = {
    &regia_engine_class,  &regia_recorder_class, &regia_gateway_class,
    &regia_console_class, &regia_relay_class,    &regia_listener_class,
};

/* What a command, or the engine, asks in a process of its own. */
static const Command helpers[] = {
    {"slate", regia_cli_slate_main, NULL}, {"devices", regia_cli_devices_main, NULL},
    {"trial", regia_cli_trial_main, NULL}, {"disk", regia_cli_disk_main, NULL},
    {"pull", regia_pull_main, NULL},
};

/* `regia child KIND …` */
static int
run_child (int argc, char **argv)
{
  for (gsize i = 0; i < G_N_ELEMENTS (processes); i++)
    if (strcmp (processes[i]->kind, argv[0]) == 0)
      return regia_child_main (processes[i], argc, argv);
  for (gsize i = 0; i < G_N_ELEMENTS (helpers); i++)
    if (strcmp (helpers[i].name, argv[0]) == 0)
      return helpers[i].run (argc, argv);
  fprintf (stderr, "regia: there is no process \"%s\"; `regia run` starts them all\n", argv[0]);
  return 64;
}

static const Command *
find (const Command *table, gsize n, const char *name)
{
  for (gsize i = 0; i < n; i++)
    if (strcmp (table[i].name, name) == 0)
      return &table[i];
  return NULL;
}

static void
print_usage (FILE *out)
{
  fprintf (out, "Usage: regia COMMAND [OPTION…]\n\nThe live channel of a conference hall in one "
                "program.\n\nCommands:\n");
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  %-10s %s\n", commands[i].name, commands[i].summary);
  fprintf (out, "\n`regia COMMAND --help` explains a command; the manual is regia(1).\n");
}

int
main (int argc, char **argv)
{
  const Command *command;

  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C"); /* numbers that we print are read by programs */
  if (argc >= 3 && strcmp (argv[1], "child") == 0)
    return run_child (argc - 2, argv + 2);
  if (argc < 2 || strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 ||
      strcmp (argv[1], "help") == 0) {
    print_usage (argc < 2 ? stderr : stdout);
    return argc < 2 ? 64 : 0;
  }
  if (strcmp (argv[1], "--version") == 0)
    return regia_cli_version (argc - 1, argv + 1);
  command = find (commands, G_N_ELEMENTS (commands), argv[1]);
  if (command == NULL) {
    fprintf (stderr, "regia: there is no command \"%s\"; `regia --help` lists them\n", argv[1]);
    return 64;
  }
  return command->run (argc - 1, argv + 1);
}
