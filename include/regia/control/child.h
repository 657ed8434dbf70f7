/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/base/clock.h"

/**
 * RegiaChild: what every process but the director has in common, and its one main(). It reads the process'
 * part of the desired state, holds its end of the control connection (peer-to-peer D-Bus over an inherited
 * socket), answers the director's Ping, publishes the process' state, and runs the main loop until the
 * director says Stop or is gone. What a process does itself is its RegiaChildClass.
 *
 * Thread: all functions belong to the main thread unless they say otherwise.
 */
typedef struct _RegiaChild RegiaChild;

/** What a child finds open. */
#define REGIA_CHILD_CONTROL_FD    3 /* its end of the control connection */
#define REGIA_CHILD_LOCK_FD       4 /* engine, recorder: the lock that says that children are alive */
#define REGIA_CHILD_PART_FD       5 /* its part of the desired state as a sealed file: a{sv}, serialised */
#define REGIA_CHILD_INGEST_FD     6 /* engine, listener: its end of the way from senders, engine/ingest.c */
#define REGIA_CHILD_RECORDINGS_FD 7 /* gateway: the recordings folder, if it can be read */

/** What a reader may have of the feed: "public", "house", "record" in AddReader. */
typedef enum { REGIA_CHILD_PUBLIC, REGIA_CHILD_HOUSE, REGIA_CHILD_RECORD } RegiaChildRights;

/**
 * RegiaChildClass: one kind of process; static. Each function is called on the main thread, with the process'
 * own struct: @size bytes, zeroed.
 */
typedef struct {
  const char *kind; /* "engine", "recorder", "gateway", "console", "relay", "listener" */
  gsize size;
  /* (nullable): before the process has a thread: what has to be opened first, and isolation. Nothing is
   * logged. */
  gboolean (*prepare) (RegiaChild *child, gpointer self, GError **error);
  /* Everything else. An error is told to the director, and the process ends with its exit status. */
  gboolean (*start) (RegiaChild *child, gpointer self, GError **error);
  /* (nullable): @part, complete, is what is wanted from now on; after start(). It takes effect before this
   * returns, or the process calls regia_child_set_applied() later and returns FALSE. */
  gboolean (*apply) (RegiaChild *child, GVariant *part, gpointer self);
  /* Once, and again with @finish %FALSE when that was %TRUE before: start going away and return; call
   * regia_child_stopped() when done. @finish: the event is over (finish files, tell viewers it ended);
   * %FALSE: only go away (restart, the director died, nobody wants to wait) and leave everything so that the
   * next one resumes. A process that does not get there in its time (10 s; the recorder finishing: as long as
   * it makes progress) is killed. */
  void (*stop) (RegiaChild *child, gboolean finish, gpointer self);
  /* (nullable): for each Ping, twice a second. %FALSE, and why (transfer full) in words, when the process
   * knows that it hangs (a worker thread has not ticked for 5 s, frames do not advance): it is killed and
   * started again. */
  gboolean (*health) (char **ret_why, gpointer self);
  /* (nullable): of one that shows the event to others: the status, a{sv}, as it is now. After start(). */
  void (*tell) (GVariant *status, gpointer self);
  /* (nullable): of a reader: its way to the feed, @fd (transfer full), for regia_feed_link_use(); after
   * start(), and again whenever the engine was started anew. */
  void (*use_feed) (int fd, gpointer self);
  /* (nullable): of the engine: lets a reader in: regia_feed_server_add_reader(), @fd (transfer full). After
   * start(). An error is told to the director. */
  gboolean (*add_reader) (int fd, const char *name, RegiaChildRights rights, gpointer self, GError **error);
  /* (nullable): after the loop, and after a start that failed. */
  void (*clear) (gpointer self);
} RegiaChildClass;

/** regia_child_main: the main() of every child: `regia child KIND [--instance NAME]`, as the director starts
 * it. Returns: the exit status. */
int regia_child_main (const RegiaChildClass *class, int argc, char **argv);

/** regia_child_new: for tests and regia_child_main(): reads what the director passed and sets up logging;
 * starts no thread. Errors: REGIA_ERROR_USAGE. */
RegiaChild *regia_child_new (const RegiaChildClass *class, int argc, char **argv,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_child_free (RegiaChild *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaChild, regia_child_free)

/* What the director passed at the start; immutable, any thread. Strings are owned by the child. */
const char *regia_child_get_kind (RegiaChild *self);
const char *regia_child_get_instance (RegiaChild *self); /* a relay's name in the event file; "" otherwise */
const char *regia_child_get_run_dir (RegiaChild *self);  /* may be gone in mid-event */
const char *regia_child_get_recordings_dir (RegiaChild *self); /* absolute */
const char *regia_child_get_session (RegiaChild *self); /* this show's session folder, as 2022-09-29-sirio */
const char *regia_child_get_show (RegiaChild *self);    /* id of the show, in every media address */
const RegiaEpoch *regia_child_get_epoch (RegiaChild *self);
guint64 regia_child_get_generation (RegiaChild *self); /* counts engine starts within a show, from 1 */
/** (transfer none): the part that was passed at the start: control/org.regia.control.xml, "Process.Apply". */
GVariant *regia_child_get_part (RegiaChild *self);

/** regia_child_get_connection: (transfer none): to the director, for the objects that it exports to this kind
 * (control/org.regia.control.xml). From start() on; main thread. */
GDBusConnection *regia_child_get_connection (RegiaChild *self);

/**
 * regia_child_set_state:
 * @state: a{sv}; a floating reference is consumed. Keys and types: control/org.regia.control.xml, "State" of
 * each process
 *
 * Publishes the process' state (D-Bus property State, which the director merges into the show's status). Call
 * when it changes, at most some times a second. Any thread: it is handed to the main context.
 */
void regia_child_set_state (RegiaChild *self, GVariant *state);

/** regia_child_set_applied: @version of Apply is in effect; told with the next state. Main thread. */
void regia_child_set_applied (RegiaChild *self, guint64 version);

/** regia_child_stopped: the process has gone away in order; ends the loop. Any thread. */
void regia_child_stopped (RegiaChild *self);

/** regia_child_failed: ends the loop with the exit status of @error after logging it and telling the
 * director. Any thread. */
void regia_child_failed (RegiaChild *self, const GError *error);
