/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * The command line's side of control.sock: blocking calls with a deadline. Each function connects, asks, and
 * closes. Errors: REGIA_ERROR_STATE when nobody listens: "nothing runs here", or, where the folder's lock is
 * held though its socket is gone, how to end the event without it; G_IO_ERROR_TIMED_OUT when the director
 * does not answer.
 */

/** regia_client_get_status: (transfer full): the show's status, a{sv} as in control/org.regia.control.xml. */
GVariant *regia_client_get_status (const char *control_path, guint timeout_ms,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_client_open_feed: a descriptor for regia_feed_link_use(), (transfer full); −1 with an error, also
 * when no engine runs at present (%G_DBUS_ERROR_FAILED). */
int regia_client_open_feed (const char *control_path, guint timeout_ms, GError **error);

/**
 * regia_client_command: changes one thing that is wanted of the running event.
 * @id: the caller's own for this command: sent again with the same one, it has no second effect
 * @change: a{sv} with one key; a floating reference is consumed. Both, and the answer: Show1.Command in
 * control/org.regia.control.xml
 *
 * Returns: (transfer full): the answer: it is kept and in effect. Errors: why nothing was changed; when the
 * time was over it is not known.
 */
GVariant *regia_client_command (const char *control_path, const char *id, GVariant *change, guint timeout_ms,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_client_start: puts the event @name on the air, where a director waits for events; @again: one that
 * was ended. Answer and errors: Show1.Start in control/org.regia.control.xml; when the time was over it is
 * not known.
 */
GVariant *regia_client_start (const char *control_path, const char *name, gboolean again, guint timeout_ms,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_client_rehearse: begins the event @name as a rehearsal; Show1.Rehearse, else as
 * regia_client_start(). */
GVariant *regia_client_rehearse (const char *control_path, const char *name, guint timeout_ms,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_client_get_events: (transfer full): what the director sees in its folder of events now;
 * Show1.GetEvents.
 */
GVariant *regia_client_get_events (const char *control_path, guint timeout_ms,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_client_list_people: (transfer full): who there is; People1.List in control/org.regia.control.xml. */
GVariant *regia_client_list_people (const char *control_path, guint timeout_ms,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_client_set_person, regia_client_remove_person: People1.Set and People1.Remove; when the time was
 * over it is not known whether they took effect. */
gboolean regia_client_set_person (const char *control_path, const char *name, const char *role,
                                  const char *hash, guint timeout_ms,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean regia_client_remove_person (const char *control_path, const char *name, guint timeout_ms,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_client_make_link: (transfer full): People1.MakeLink; good for @ret_seconds. */
char *regia_client_make_link (const char *control_path, guint *ret_seconds, guint timeout_ms,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_client_stop: ends the event; with @quit the director ends as well, otherwise recordings stay served.
 * Blocks until the event is over, its recording finished, however long that takes; @timeout_ms is for the
 * director to hear it.
 *
 * Returns: (transfer full): the status at the end. Errors: also G_IO_ERROR when the director goes away
 * before.
 */
GVariant *regia_client_stop (const char *control_path, gboolean quit, guint timeout_ms,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
