/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "access-private.h"
#include "airing-private.h"
#include "alarms-private.h"
#include "console-private.h"
#include "control-private.h"
#include "handed-private.h"
#include "keys-private.h"
#include "locks-private.h"
#include "machine-private.h"
#include "processes-private.h"
#include "readers-private.h"
#include "regia/director/director.h"
#include "service-private.h"
#include "show-file-private.h"
#include "show-private.h"
#include "watch-private.h"

typedef struct _RegiaCommands RegiaCommands;
typedef struct _RegiaDirector RegiaDirector;

/*
 * RegiaDirector: the show, its processes and the two ways in (signals, control.sock). Everything happens on
 * the default main context; the only blocking work, replacing show.json, is done on a worker thread once the
 * show runs.
 *
 * Life: regia_director_run() makes it, runs the loop, and takes it down. begin.c: what the show is;
 * director.c: its processes and the loop; methods.c and signals.c: the two ways in; ending.c: the ways in
 * which a show ends; commands.c: what people want of it meanwhile; service.c: what comes before and after it,
 * where several follow each other, and exchange.c: how one takes the other's place.
 */
struct _RegiaDirector {
  const RegiaDirectorOptions *options;
  RegiaConfig *event;                                      /* (owned): as the files say */
  RegiaConfig *config;                                     /* (owned): … with the sources that are wanted */
  const RegiaConfigValues *values;                         /* of config */
  char *sources_error;                                     /* (owned) (nullable): why not with those */
  char *run_dir, *recordings_dir, *show_path, *event_path; /* (owned) */
  RegiaHanded handed;
  RegiaLocks locks;
  GMainLoop *loop;           /* (owned) */
  RegiaControl *control;     /* (owned) */
  RegiaWatch *watch;         /* (owned) */
  RegiaKeys *keys;           /* (owned) */
  RegiaCommands *commands;   /* (owned) */
  RegiaAccess *access;       /* (owned) (nullable): while the loop runs */
  RegiaConsole *console;     /* (owned) (nullable): since the loop runs */
  RegiaService *service;     /* (owned) (nullable): none where one event alone is run */
  RegiaAiring *airing;       /* (owned) (nullable): a rehearsal is about to go on the air */
  RegiaAlarms *alarms;       /* (owned) (nullable): before the first tick */
  char *alarms_show;         /* (owned) (nullable): id of the show that they are of */
  RegiaMachine *machine;     /* (owned) (nullable): before the first tick */
  RegiaProcesses *processes; /* (owned) */
  RegiaReaders *readers;     /* (owned) */
  RegiaShow show;            /* as it is to be persisted */
  RegiaShowFile *show_file;  /* (owned) */
  RegiaDesired *desired;     /* (owned): in effect; what show says may still be on its way to the disk */
  gint64 started_us;
  gint64 ended_us;      /* when it was told to end; 0 before */
  gint64 grace_us;      /* until when viewers' pages are given time to see that it is over */
  gboolean ended;       /* all that ends with the event is gone */
  gboolean resumed;     /* an interrupted show went on */
  gboolean unbegun;     /* told to go before there was anything to end */
  gboolean ready;       /* the programme runs, or ran */
  gboolean rehearsing;  /* in effect: nobody but the house has the feed of these processes */
  gboolean unrehearsed; /* a rehearsal was ended; what ran for it is about to go */
  gboolean serving;     /* systemd was told that it is ready */
  gboolean quit;        /* the program ends with the event */
  gboolean hurry;       /* nobody wants to wait */
  gboolean leaving;     /* the program ends and the show does not: the machine goes down */
  guint ticks;
  int exit_signals;
};

/* begin.c */

/** regia_director_prepare_folders: makes state and run folder. Blocks. */
gboolean regia_director_prepare_folders (RegiaDirector *self, GError **error);
/** regia_director_begin_show: decides what becomes of the show before, and keeps what was decided. Where that
 * is not one that goes on it has to be kept. Blocks. */
gboolean regia_director_begin_show (RegiaDirector *self, GError **error);
/** regia_director_read_show: what show.json says of the show before: @ret_old (left alone where there is
 * none), whether there is one, and for how long nothing was written of it at @ret_now. One that cannot be
 * understood is none, with @consequence said. Blocks. Errors: REGIA_ERROR_STATE: a newer Regia wrote it. */
gboolean regia_director_read_show (RegiaDirector *self, const char *consequence, RegiaShow *ret_old,
                                   gboolean *ret_have, RegiaShowNow *ret_now, gint64 *ret_idle_s,
                                   GError **error);
/** regia_director_use_config: @config (transfer full) is what is run from now on, @recordings_dir (transfer
 * full) its folder. */
void regia_director_use_config (RegiaDirector *self, RegiaConfig *config, char *recordings_dir);
/** regia_director_use_sources: … with the sources that the desired state in effect has; where they do not go
 * with these files any more they are as the files say, and a warning tells. May wait for the disk. */
void regia_director_use_sources (RegiaDirector *self);
/** regia_director_match_relays: the table of processes has those relays that there are, and none pushes that
 * is not to. */
void regia_director_match_relays (RegiaDirector *self);
/** regia_director_take_sources: the same, with @config (transfer full): made of both, and checked. */
void regia_director_take_sources (RegiaDirector *self, RegiaConfig *config);
/** regia_director_resume: @old (transfer full) is the present show again, as @start says. May wait for the
 * disk. */
void regia_director_resume (RegiaDirector *self, const RegiaShow *old, const RegiaShowNow *now,
                            RegiaStart start);

/* methods.c */

/** regia_director_open_control: control.sock and the watch over the folders. Only a show that goes on does
 * without the first. Blocks. */
gboolean regia_director_open_control (RegiaDirector *self, GError **error);
/** What can be asked and commanded, with the director as user data: on control.sock and by the console. */
extern const RegiaControlMethods regia_director_methods;
/** (transfer none): what the folders are in which it all is, for the watch. */
RegiaPlaces regia_director_get_places (RegiaDirector *self);

/* signals.c */

#define REGIA_DIRECTOR_SIGNALS 3

/** regia_director_take_signals: from here on they come to the main loop, those that were held first.
 * @sources: gets the ids. */
void regia_director_take_signals (RegiaDirector *self, guint sources[REGIA_DIRECTOR_SIGNALS]);

/* director.c */

/** (transfer full): the whole status, a{sv} of Show1.GetStatus. */
GVariant *regia_director_build_status (RegiaDirector *self);
/** regia_director_put_into_effect: @desired is what each process is told, and what runs; the rest of the show
 * is told along with it. */
void regia_director_put_into_effect (RegiaDirector *self, RegiaDesired *desired);
/** regia_director_enforce: what the show's state wants runs, the rest goes; not while the processes are
 * exchanged.
 */
void regia_director_enforce (RegiaDirector *self);
/** regia_director_start_processes: those of the config. There are none any more. */
void regia_director_start_processes (RegiaDirector *self);
/** RegiaWatchMadeFunc: the state folder was made anew: what belongs into it is not there yet. */
void regia_director_made_cb (gpointer user_data);
/** RegiaKeysChangedFunc. */
void regia_director_key_changed_cb (const char *relay, gpointer user_data);
/** The status to whoever looks at it, now. */
void regia_director_report (RegiaDirector *self);

/* director-access.c */

/** regia_director_open_access: who works here may come in; control, commands and config are there. */
void regia_director_open_access (RegiaDirector *self);
/** RegiaProcessConnectedFunc. */
void regia_director_connected_cb (RegiaProcess *process, GDBusConnection *connection, gpointer user_data);

/* director-alarms.c */

/** regia_director_judge_alarms: once a second. */
void regia_director_judge_alarms (RegiaDirector *self);
void regia_director_free_alarms (RegiaDirector *self);

/* ending.c */

/** regia_ending_stop: the event is over: what is on the air stops, the recording is finished. @quit: the
 * program ends as well. Again: adds quit. */
void regia_ending_stop (RegiaDirector *self, gboolean quit);
/** regia_ending_check: whether that has come to its end; called whenever a process changed, and with each
 * tick. */
void regia_ending_check (RegiaDirector *self);
/** regia_ending_signal: @number is SIGINT, SIGTERM or SIGHUP. */
void regia_ending_signal (RegiaDirector *self, int number);

/* commands.c */

/** RegiaCommandsDoneFunc: @result: (nullable) (transfer none): a{sv} as Show1.Command gives it; @error:
 * (nullable): why it was refused. */
typedef void (*RegiaCommandsDoneFunc) (GVariant *result, const GError *error, gpointer user_data);

RegiaCommands *regia_commands_new (RegiaDirector *director);
void regia_commands_free (RegiaCommands *self);
/** regia_commands_take: a command of @who; see regia_desired_change(). @done is called once, when it is
 * persisted and in effect, or refused. */
void regia_commands_take (RegiaCommands *self, const char *id, const char *who, GVariant *change,
                          RegiaCommandsDoneFunc done, gpointer user_data);
/** regia_commands_note: @entry said something new, which a command may wait for. */
void regia_commands_note (RegiaCommands *self, RegiaProcessEntry *entry);
/** regia_commands_log: a line for audit.jsonl: what was wanted besides the desired state (start, stop). */
void regia_commands_log (RegiaCommands *self, const char *who, const char *what);
/** regia_commands_log_people: the same of what concerns people: who came in, who was configured. */
void regia_commands_log_people (RegiaCommands *self, const char *who, const char *what);
/** regia_commands_log_file: the same of an event file or the hall file that was edited. */
void regia_commands_log_file (RegiaCommands *self, const char *who, const char *what);
/** regia_commands_log_alarm: that the alarm @id was raised, or is over. */
void regia_commands_log_alarm (RegiaCommands *self, const char *id, gboolean raised);
/** regia_commands_get_audit: (transfer floating): the last lines of it, regia_audit_get_last(). */
GVariant *regia_commands_get_audit (RegiaCommands *self);
