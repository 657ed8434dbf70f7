/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/config/config.h"

/**
 * The director: owns the show state, starts, watches and restarts the other processes, answers control.sock.
 * It opens no network socket and parses no media.
 */

/** RegiaDirectorTickFunc: called once a second and at each change of the show's state, on the main context,
 * with the whole status (transfer none), a{sv} as Show1.GetStatus gives it. */
typedef void (*RegiaDirectorTickFunc) (GVariant *status, gpointer user_data);

typedef struct {
  const char *state_dir;   /* absolute; made if missing */
  const char *config_path; /* absolute path of the event file; %NULL with a hall_path */
  const char *hall_path;   /* (nullable): the service: waits for the events … */
  const char *events_dir;  /* … of this folder in this hall; both absolute */
  const char *base_dir;    /* where the event file's relative paths start; %NULL with a hall_path */
  gboolean keep_event;     /* @config was loaded from the stored copy: the file is broken, do not copy it */
  gboolean fresh;          /* begin a new show even if one was interrupted */
  gboolean rehearse;       /* begin as a rehearsal: nobody sees it, nothing is recorded */
  gboolean again;          /* one that was ended goes on, as a new part of its session */
  RegiaDirectorTickFunc tick; /* (nullable) */
  gpointer tick_data;
} RegiaDirectorOptions;

/** regia_director_hold_signals: SIGINT, SIGTERM and SIGHUP wait from now on for regia_director_run(), so that
 * nobody is killed by one between the start of the program and that of the event. Before any thread. */
void regia_director_hold_signals (void);

/**
 * regia_director_run: runs the show of @config until it was ended with quit, or by SIGINT, SIGTERM or SIGHUP;
 * as a service (@config %NULL, @options->hall_path) one after the other, as they are started. Main thread;
 * blocks on the default main context.
 *
 * The last status that @options->tick is given is that of the end. Told to go before anything has begun,
 * nothing begins, and it is given none.
 *
 * Errors before anything was started: REGIA_ERROR_STATE another director runs on this state folder;
 * G_IO_ERROR the folder cannot be used; REGIA_ERROR_CONFIG what is wrong with the hall.
 */
gboolean regia_director_run (RegiaConfig *config, const RegiaDirectorOptions *options,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_director_stored_event: (transfer full) (nullable): the copy of the event file @config_path that an
 * interrupted show in @state_dir runs from, when there is one: the last good version if the file itself was
 * broken since. */
char *regia_director_stored_event (const char *state_dir, const char *config_path);
