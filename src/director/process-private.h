/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaProcess: one child of the director, kept alive: asked twice a second, killed when it hangs
 * (liveness.c), started again. Main context only.
 */
typedef struct _RegiaProcess RegiaProcess;

typedef enum {
  REGIA_PROCESS_STOPPED,  /* not wanted, not there */
  REGIA_PROCESS_STARTING, /* spawned, has not answered yet */
  REGIA_PROCESS_RUNNING,
  REGIA_PROCESS_HUNG,       /* did not answer, killed, about to be gone */
  REGIA_PROCESS_RESTARTING, /* died; waits for its backoff */
} RegiaProcessState;

/** Called before each start and at each regia_process_apply(): (transfer floating): its part of the desired
 * state, a{sv} with at least what control/org.regia.control.xml names for every process. */
typedef GVariant *(*RegiaProcessPartFunc) (RegiaProcess *self, gpointer user_data);
/** Called before each start, before its part is asked for: to hand it what it needs. */
typedef void (*RegiaProcessStartingFunc) (RegiaProcess *self, gpointer user_data);
/** Called when a run has @connection, before anything is read from it: what is exported on it is there for
 * the child's first call. */
typedef void (*RegiaProcessConnectedFunc) (RegiaProcess *self, GDBusConnection *connection,
                                           gpointer user_data);
/** Called whenever state, published State or exits changed. */
typedef void (*RegiaProcessChangedFunc) (RegiaProcess *self, gpointer user_data);

/** Whether the engine has let the reader @name in; @why (nullable): in words why not. */
typedef void (*RegiaProcessAddedFunc) (const char *name, const char *why, gpointer user_data);

typedef struct {
  RegiaProcessStartingFunc starting; /* (nullable) */
  RegiaProcessPartFunc part;
  RegiaProcessConnectedFunc connected; /* (nullable) */
  RegiaProcessChangedFunc changed;
} RegiaProcessCallbacks;

/** regia_process_new: @kind: "engine", …; @instance: a relay's name, "" otherwise; @callbacks is static. */
RegiaProcess *regia_process_new (const char *kind, const char *instance,
                                 const RegiaProcessCallbacks *callbacks, gpointer user_data);
/** Kills what is left. */
void regia_process_free (RegiaProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaProcess, regia_process_free)

/** regia_process_hand: each run from the next on finds a copy of descriptor @fd (unowned; −1: none any more)
 * as its descriptor @target (REGIA_CHILD_…_FD). */
void regia_process_hand (RegiaProcess *self, int target, int fd);
/** Starts it and keeps it running until regia_process_stop(). */
void regia_process_start (RegiaProcess *self);
/** Asks it to go away (Process1.Stop) and kills it after @deadline_ms (0: never while it answers pings).
 * Asked again, the earlier of the deadlines holds. */
void regia_process_stop (RegiaProcess *self, gboolean finish, guint deadline_ms);
/** regia_process_set_finish_tries: told to stop with finish, but dead, about to be restarted or crashing
 * meanwhile, it is started again so many times only to finish (0 at first). */
void regia_process_set_finish_tries (RegiaProcess *self, guint tries);
/** regia_process_replace: has a wanted one that runs go away in order and starts it again at once: no fault
 * of its own, so neither counted nor delayed. One that is about to be started anyway is left alone. */
void regia_process_replace (RegiaProcess *self, guint deadline_ms);
/** regia_process_apply: what is wanted of it has changed: it is asked for anew and sent (Process1.Apply), one
 * at a time, the newest last. */
void regia_process_apply (RegiaProcess *self);
/** regia_process_tell: @status is what it shows to others (Process1.Tell): one at a time, the newest last.
 * What says nothing new but the time (regia_status_is_news()) is not sent, for two seconds. */
void regia_process_tell (RegiaProcess *self, GVariant *status);
/** regia_process_kill: for one that does not do what it was told; it is started again. */
void regia_process_kill (RegiaProcess *self, const char *why);
/** regia_process_get_run: number of the present run once it can be called, 0 before; never the same again. */
guint64 regia_process_get_run (RegiaProcess *self);
/** regia_process_use_feed, regia_process_add_reader: hand one end of a reader's socket pair (transfer full)
 * to the reader and to the engine: control/org.regia.control.xml, "UseFeed", "AddReader". Only while
 * get_run() is not 0. A reader that refuses is started again; of the engine's answer @added (nullable) is
 * told, but not when its run has ended by then. */
void regia_process_use_feed (RegiaProcess *self, int fd);
void regia_process_add_reader (RegiaProcess *self, int fd, const char *name, const char *rights,
                               RegiaProcessAddedFunc added, gpointer user_data);

/** As people see it: "engine", "relay youtube". */
const char *regia_process_get_name (RegiaProcess *self);
const char *regia_process_get_instance (RegiaProcess *self);
RegiaProcessState regia_process_get_state (RegiaProcess *self);
guint regia_process_get_restarts (RegiaProcess *self);
/** (transfer full): its published State, an empty a{sv} when it has none. */
GVariant *regia_process_get_published (RegiaProcess *self);
/** (transfer floating): a{sv} for Show.GetStatus' processes. */
GVariant *regia_process_to_variant (RegiaProcess *self);
/** Since when it runs, 0 if it does not; µs of g_get_monotonic_time(). */
gint64 regia_process_get_started_us (RegiaProcess *self);
/** (nullable): in words why it last ended; %NULL if it never did. */
const char *regia_process_get_last_exit (RegiaProcess *self);

/** regia_process_describe: (transfer floating): the a{sv} for any process of the machine. */
GVariant *regia_process_describe (const char *name, int pid, const char *state, guint restarts,
                                  gint64 started_us, const char *last_exit);
