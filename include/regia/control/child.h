/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/base/clock.h"

/**
 * RegiaChild: what every process but the director has in common. It holds the process' end of the control
 * connection (peer-to-peer D-Bus over an inherited socket), answers the director's Ping, publishes the
 * process' state, and runs the main loop until the director says Stop or is gone.
 *
 * A child's main looks like this (see include/regia/relay/relay.h for the entry points):
 *
 *   g_autoptr (RegiaChild) child = regia_child_new (argc, argv, &error);   // parses the options, connects,
 * sets up logging … load the event with regia_config_load (regia_child_get_event_path (child), …), start
 * threads … return regia_child_run (child, on_stop, self);
 *
 * Thread: all functions belong to the main thread unless they say otherwise.
 */
typedef struct _RegiaChild RegiaChild;

/**
 * RegiaChildStopFunc:
 * @child: the child
 * @finish: %TRUE when the event is over (finish files, tell viewers it ended); %FALSE when the process only
 * has to go away (restart, or the director died): leave everything so that the next one resumes
 *
 * Called once on the main context. Start going away and return; call regia_child_stopped() when done. A
 * process that does not get there in its time (10 s; the recorder finishing: as long as it makes progress) is
 * killed.
 */
typedef void (*RegiaChildStopFunc) (RegiaChild *child, gboolean finish, gpointer user_data);

/**
 * RegiaChildHealthFunc: called on the main context for each Ping (once a second).
 * @ret_why: (out) (transfer full): in words, when %FALSE is returned
 *
 * Returns: %FALSE when the process knows that it hangs (a worker thread has not ticked for 5 s, frames do not
 * advance); the director then kills and restarts it.
 */
typedef gboolean (*RegiaChildHealthFunc) (char **ret_why, gpointer user_data);

/** regia_child_new: parses what the director passed (and nothing else), connects. Errors: REGIA_ERROR_USAGE,
 * G_IO_ERROR. */
RegiaChild *regia_child_new (int argc, char **argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_child_free (RegiaChild *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaChild, regia_child_free)

/* What the director passed; immutable, any thread. Strings are owned by the child. */
const char *regia_child_get_name (RegiaChild *self);     /* "engine", "recorder", "gateway", "relay" */
const char *regia_child_get_instance (RegiaChild *self); /* a relay's name in the event file; "" otherwise */
const char *regia_child_get_event_path (
    RegiaChild *self); /* the event file that this show runs from: a copy that is open, not on a disk */
const char *regia_child_get_base_dir (
    RegiaChild *self); /* folder of the original event file: its relative paths start here */
const char *regia_child_get_run_dir (RegiaChild *self);        /* may be gone in mid-event */
const char *regia_child_get_recordings_dir (RegiaChild *self); /* absolute */
const char *regia_child_get_session (
    RegiaChild *self); /* name of this show's session folder, for example 2022-09-29-sirio */
/* What a reader connects to, even after the socket's own name is gone. */
const char *regia_child_get_feed_path (RegiaChild *self);
/* The engine's: the listening socket of the feed, made once by the director and handed to each engine; −1:
 * none, it is to be made at regia_child_get_feed_path(). */
int regia_child_get_feed_fd (RegiaChild *self);
const RegiaEpoch *regia_child_get_epoch (RegiaChild *self);
guint64 regia_child_get_generation (RegiaChild *self); /* counts engine starts within a show, from 1 */

/**
 * regia_child_set_state:
 * @state: a{sv}; a floating reference is consumed. Keys and types: control/org.regia.control.xml, "State" of
 * each process
 *
 * Publishes the process' state (D-Bus property State, which the director merges into the show's status). Call
 * when it changes, at most some times a second. Any thread: it is handed to the main context.
 */
void regia_child_set_state (RegiaChild *self, GVariant *state);

/** regia_child_set_health: installs @func; without one a process whose main context answers is healthy. */
void regia_child_set_health (RegiaChild *self, RegiaChildHealthFunc func, gpointer user_data);

/**
 * regia_child_get_status:
 *
 * Asks the director for the show's whole status (Show1.GetStatus); for the gateway. Asynchronous.
 * Finish: (transfer full): a{sv}. Main context only.
 */
void regia_child_get_status (RegiaChild *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data);
GVariant *regia_child_get_status_finish (RegiaChild *self, GAsyncResult *result,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_child_run: runs the main loop. Returns the exit status for main(). */
int regia_child_run (RegiaChild *self, RegiaChildStopFunc stop, gpointer user_data);

/** regia_child_stopped: the process has gone away in order; ends regia_child_run(). Any thread. */
void regia_child_stopped (RegiaChild *self);

/** regia_child_failed: ends regia_child_run() with the exit status of @error after logging it. Any thread. */
void regia_child_failed (RegiaChild *self, const GError *error);
