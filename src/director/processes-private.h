/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "handed-private.h"
#include "process-private.h"
#include "regia/config/config.h"
#include "show-private.h"

/**
 * RegiaProcessKind: a row of the process table: all that the director knows about one kind of process.
 * Static.
 */
typedef struct {
  const char *kind;
  gboolean many;        /* one for each [relay NAME]; else one, with an empty instance */
  gboolean if_recorded; /* only where the event is recorded */
  guint wanted;         /* bit i: in RegiaShowState i */
  gboolean lasts;       /* not ended with the event, but with the program */
  guint stop_ms;        /* time to go when the event is over; 0: as long as it makes progress */
  guint hurry_ms;       /* time to go when nobody wants to wait */
  guint finish_tries;   /* started again so often when it died before it had finished */
  gboolean alive_lock;  /* holds the lock that says that children are alive */
  gboolean recordings;  /* is handed the recordings folder open, and replaced when that comes to be another */
  gboolean generation;  /* each start of it begins a generation of the feed */
  gboolean leads;       /* the event is on the air when it says `ready` */
  const char *reads;    /* (nullable): it is handed the feed, with these rights (readers-private.h) */
  gboolean accounts;    /* may ask who is who (org.regia.Accounts1): the console alone */
  /* (nullable): whether @config asks for it; without it there is always one. */
  gboolean (*asked_for) (const RegiaConfigValues *config);
  /* Which end of the way from senders it is handed; 0: neither. */
  RegiaHandedEnd ingest;
  /* (nullable): whether it speaks https under @config: then it is told certificate and key. */
  gboolean (*https) (const RegiaConfigValues *config);
  gboolean commands; /* may command in the name of who is logged in (org.regia.Console1), and is told what
                        others did (audit.jsonl): the same */
  gboolean shows;    /* shows the status to others: is told it when it changes */
  gboolean whole;    /* … all of it; else what those outside may have */
  const char
      *advance; /* (nullable): the number in its State that must move on while the event is on the air */
  const char *const
      *desired;        /* (nullable) (array zero-terminated=1): keys of the desired state that are its part */
  const char *excuses; /* (nullable): states, blank separated, in which it need not */
} RegiaProcessKind;

/** One process of the table. */
typedef struct {
  const RegiaProcessKind *kind;
  RegiaProcess *process;  /* (owned) */
  gboolean held_back;     /* people want it stopped for now (a relay) */
  gboolean removed;       /* there is none any more (a relay): it is shown to nobody */
  guint recordings;       /* which recordings folder the present run was given; regia_watch_get_change() */
  RegiaProcessState seen; /* that others were last told */
  guint64 advance;        /* its number that must move on … */
  gint64 advanced_us;     /* … and when it last did; 0 never */
} RegiaProcessEntry;

/** RegiaProcesses: every process of a show, by the table. Main context only. */
typedef GPtrArray RegiaProcesses; /* (element-type RegiaProcessEntry) */

/** regia_processes_new: what @config asks for; nothing is started. In the order in which they are started. */
RegiaProcesses *regia_processes_new (const RegiaConfigValues *config, const RegiaProcessCallbacks *callbacks,
                                     gpointer user_data);
/** regia_processes_match: one that @config has and that is not there yet is added at the end, one that it has
 * no more is `removed`; these are relays. Nothing is started or stopped. */
void regia_processes_match (RegiaProcesses *self, const RegiaConfigValues *config,
                            const RegiaProcessCallbacks *callbacks, gpointer user_data);
/** (transfer none): the entry of @process. */
RegiaProcessEntry *regia_processes_find (RegiaProcesses *self, RegiaProcess *process);
/** (transfer none) (nullable): the one called so: "engine", "relay youtube". */
RegiaProcessEntry *regia_processes_find_name (RegiaProcesses *self, const char *name);
/** regia_process_speaks_https: whether one of @kind does, and is told certificate and key. */
gboolean regia_process_speaks_https (const RegiaProcessKind *kind, const RegiaConfigValues *config);
/** (transfer none): the row of a kind, for tests too. */
const RegiaProcessKind *regia_process_kind (const char *kind);

/** regia_processes_enforce: starts what is wanted in @state, and has go what is not. A process that has
 * something to finish is started in %REGIA_SHOW_ENDING only to do that. */
void regia_processes_enforce (RegiaProcesses *self, RegiaShowState state);
/** regia_processes_hurry: whatever ends with the event goes at once and leaves the rest to the next start. */
void regia_processes_hurry (RegiaProcesses *self);
/** regia_processes_end_all: those that last end as well. */
void regia_processes_end_all (RegiaProcesses *self);
/** regia_processes_leave: all of them go, in order, with nothing ended: the next start goes on. */
void regia_processes_leave (RegiaProcesses *self);
/** regia_processes_make_way: all of them go, those that last at once: others take their place. */
void regia_processes_make_way (RegiaProcesses *self);
/** regia_processes_are_gone: those that end with the event; all with @all. */
gboolean regia_processes_are_gone (RegiaProcesses *self, gboolean all);
/** regia_processes_apply: the desired state has changed. */
void regia_processes_apply (RegiaProcesses *self);
/** regia_processes_renew: the certificate is another one now. */
void regia_processes_renew (RegiaProcesses *self, const RegiaConfigValues *config);
/** regia_processes_tell: @status is what those that show it to others tell them: those that show the @whole,
 * or the others. */
void regia_processes_tell (RegiaProcesses *self, GVariant *status, gboolean whole);
/** regia_processes_note: a State came: looks whether it moves on. */
void regia_processes_note (RegiaProcessEntry *entry);
/** regia_processes_move: whether all that must move on does. */
gboolean regia_processes_move (RegiaProcesses *self);
/** (transfer full): the published State of the one of @kind, an empty a{sv} if there is none. */
GVariant *regia_processes_get_state (RegiaProcesses *self, const char *kind);
