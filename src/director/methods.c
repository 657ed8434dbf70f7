/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "director-private.h"
#include "regia/base/error.h"
#include "regia/control/paths.h"

static GVariant *
get_status_cb (gpointer user_data)
{
  return regia_director_build_status (user_data);
}

static void
stop_cb (gboolean quit, const char *who, RegiaControlStoppedFunc stopped, gpointer data, gpointer user_data)
{
  RegiaDirector *self = user_data;

  if (self->show.state == REGIA_SHOW_STANDBY && !quit) {
    g_autoptr (GError) error = g_error_new_literal (
        REGIA_ERROR, REGIA_ERROR_STATE, "no event is on the air; `regia stop --quit` ends Regia itself");
    stopped (error, data);
    return;
  }
  regia_commands_log (self->commands, who, quit ? "stop --quit" : "stop");
  regia_ending_stop (self, quit);
  regia_show_file_save_then (self->show_file, stopped, data);
}

static void
command_cb (const char *id, const char *who, GVariant *change, RegiaControlCommandedFunc commanded,
            gpointer data, gpointer user_data)
{
  RegiaDirector *self = user_data;

  if (self->show.state >= REGIA_SHOW_ENDING || self->show.state == REGIA_SHOW_STANDBY ||
      regia_service_is_exchanging (self->service)) {
    g_autoptr (GError) error = g_error_new_literal (
        REGIA_ERROR, REGIA_ERROR_STATE,
        self->show.state >= REGIA_SHOW_ENDING ? "the event is over" : "no event is on the air yet");
    commanded (NULL, error, data);
    return;
  }
  regia_commands_take (self->commands, id, who, change, commanded, data);
}

static int
open_feed_cb (gpointer user_data, GError **error)
{
  RegiaDirector *self = user_data;

  return regia_readers_open (self->readers, error);
}

static void
start_cb (const char *name, gboolean again, const char *who, RegiaControlCommandedFunc started, gpointer data,
          gpointer user_data)
{
  RegiaDirector *self = user_data;

  if (!regia_airing_start (self, name, again, who, started, data))
    regia_service_start (self->service, name, again, FALSE, who, started, data);
}

static void
rehearse_cb (const char *name, const char *who, RegiaControlCommandedFunc started, gpointer data,
             gpointer user_data)
{
  RegiaDirector *self = user_data;

  regia_service_start (self->service, name, FALSE, TRUE, who, started, data);
}

static void
get_events_cb (RegiaControlCommandedFunc done, gpointer data, gpointer user_data)
{
  RegiaDirector *self = user_data;

  regia_service_ask (self->service, done, data);
}

static void
edit_cb (RegiaEdit *edit, const char *who, RegiaControlCommandedFunc done, gpointer data, gpointer user_data)
{
  RegiaDirector *self = user_data;

  regia_service_edit (self->service, edit, who, done, data);
}

const RegiaControlMethods regia_director_methods = {.get_status = get_status_cb,
                                                    .stop = stop_cb,
                                                    .command = command_cb,
                                                    .open_feed = open_feed_cb,
                                                    .start = start_cb,
                                                    .rehearse = rehearse_cb,
                                                    .get_events = get_events_cb,
                                                    .edit = edit_cb};

RegiaPlaces
regia_director_get_places (RegiaDirector *self)
{
  return (RegiaPlaces){.state_dir = self->options->state_dir,
                       .run_dir = self->run_dir,
                       .recordings_dir = self->recordings_dir,
                       .event_path = self->event_path,
                       .event = self->handed.event};
}

/* `regia stop` can wait: a show that was interrupted is brought back without it, and the watch tries again.
 */
gboolean
regia_director_open_control (RegiaDirector *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->run_dir, REGIA_CONTROL_SOCKET, NULL);
  const RegiaPlaces places = regia_director_get_places (self);
  g_autoptr (GError) local_error = NULL;
  RegiaControlListener *listener = regia_control_listener_new (path, &local_error);

  if (listener == NULL && !self->resumed) {
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  self->control = regia_control_new (&regia_director_methods, self);
  if (listener != NULL)
    regia_control_open (self->control, listener);
  else
    g_warning ("%s; `regia stop` does not reach this event, Ctrl-C and SIGTERM do", local_error->message);
  self->watch = regia_watch_new (&places, self->control, &self->locks, regia_director_made_cb, self);
  return TRUE;
}
