/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "guard-private.h"
#include "liveness-private.h"
#include "process-private.h"
#include "regia-control-generated.h"
#include "regia/base/backoff.h"

/* What the files of RegiaProcess share: process.c, its life, ends and restarts; process-run.c, how a run of
 * it begins; process-calls.c, what it is told and asked. */

#define HANDED_MAX 4

/*
 * RegiaProcess: spawns `regia child …` from the director's own executable, with one end of a socket pair as
 * descriptor 3, speaks D-Bus over the other end, asks twice a second whether all is well, and starts it again
 * whenever it is gone: at once the first time, then with backoff. A process that is stopped (SIGSTOP),
 * deadlocked or says itself that it hangs is killed first.
 *
 * Life: made with the show, freed with it. One run of the child is a Run; callbacks of an old run are
 * recognised by its pointer being gone from here (they hold a cancelled cancellable), so a late answer never
 * touches the new one.
 */
struct _RegiaProcess {
  char *kind, *instance, *name;           /* (owned) */
  const RegiaProcessCallbacks *callbacks; /* static */
  gpointer user_data;
  struct {
    int target, fd;
  } handed[HANDED_MAX]; /* descriptors (unowned) that each run is given a copy of */
  guint n_handed;

  gboolean wanted;
  RegiaProcessState state;
  GSubprocess *subprocess;     /* (owned) (nullable) */
  GCancellable *cancellable;   /* (owned) (nullable): of the present run */
  RegiaGuard *guard;           /* (owned) (nullable) */
  GDBusConnection *connection; /* (owned) (nullable) */
  guint state_subscription;    /* on connection */
  RegiaDBusProcess1 *proxy;    /* (owned) (nullable) */
  guint64 run;                 /* counts them */
  gint64 started_us, ping_sent_us, stop_deadline_us;
  guint look_source;      /* of the present run */
  RegiaLiveness liveness; /* while a ping is pending */
  gboolean complained;    /* the last ping was answered with a complaint */
  gboolean ping_pending, stop_sent, stop_sent_finish, stop_finish;
  gboolean applying, apply_again; /* one Apply is on its way; another is to follow */
  gboolean telling;               /* one Tell is on its way … */
  GVariant *to_tell;              /* (owned) (nullable): … and this is to follow */
  GVariant *told;                 /* (owned) (nullable): the last that was sent in this run … */
  gint64 told_us;                 /* … and when */
  guint finish_tries;             /* how often it may be started again only to finish */
  gboolean finishing_again;       /* it is */
  gboolean replacing;             /* it is to go and be started again, without a fault of its own */
  GVariant *published;            /* (owned) (nullable) */
  char *last_error;               /* (owned) (nullable): its last words */
  char *last_exit;                /* (owned) (nullable) */
  char *hang_why;                 /* (owned) (nullable) */
  guint restarts;
  RegiaBackoff backoff;
  guint restart_source;
};

/* process.c */

/** regia_process_set_state: and tells of it. */
void regia_process_set_state (RegiaProcess *self, RegiaProcessState state);
/** regia_process_plan_restart: the run has ended, after @ran_ms; last_exit says why. */
void regia_process_plan_restart (RegiaProcess *self, guint64 ran_ms);
/** GAsyncReadyCallback of the subprocess' end. */
void regia_process_exited_cb (GObject *source, GAsyncResult *result, gpointer user_data);
/** regia_process_kill_hung: it is there, and is to be another. */
void regia_process_kill_hung (RegiaProcess *self, const char *why);
/** 0: none. */
int regia_process_get_pid (RegiaProcess *self);

/* process-run.c */

/** regia_process_spawn: there is no run. */
void regia_process_spawn (RegiaProcess *self);

/* process-calls.c */

/** regia_process_tick: pings it, kills it when it hangs. */
void regia_process_tick (RegiaProcess *self);
/** GSourceFunc: the same. */
gboolean regia_process_look_cb (gpointer user_data);
