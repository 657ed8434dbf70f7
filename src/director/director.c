/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "regia/director/director.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "director-private.h"
#include "exchange-private.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/config/part.h"
#include "regia/control/child.h"
#include "regia/control/paths.h"
#include "status-private.h"

#define REPLACE_DEADLINE_MS 3000
/* A gateway that is replaced because of the recordings folder costs viewers a request each; not more often.
 */
#define REPLACE_EVERY_US (5 * G_USEC_PER_SEC)

/* Starting: folders, lock, state */

static gboolean
prepare_folders (RegiaDirector *self, GError **error)
{
  self->run_dir = g_build_filename (self->options->state_dir, "run", NULL);
  self->show_path = g_build_filename (self->options->state_dir, "show.json", NULL);
  self->event_path = g_build_filename (self->run_dir, "event.conf", NULL);
  self->show_file = regia_show_file_new (self->show_path, &self->show);
  return regia_file_make_folder (self->options->state_dir, 0700, error) &&
         regia_file_make_folder (self->run_dir, 0700, error);
}

void
regia_director_use_config (RegiaDirector *self, RegiaConfig *config, char *recordings_dir)
{
  g_clear_pointer (&self->config, regia_config_unref);
  self->config = config;
  self->values = regia_config_get (config);
  g_free (self->recordings_dir);
  self->recordings_dir = recordings_dir;
}

/* For the next start, should the event file be broken by then. */
static gboolean
keep_event (RegiaDirector *self, GError **error)
{
  gsize length;
  const char *text = g_bytes_get_data (self->handed.event, &length);

  if (self->options->keep_event || self->show.state == REGIA_SHOW_STANDBY ||
      g_strcmp0 (self->options->config_path, self->event_path) == 0)
    return TRUE;
  return regia_file_replace (self->event_path, text, length, 0600, error);
}

void
regia_director_resume (RegiaDirector *self, const RegiaShow *old, const RegiaShowNow *now, RegiaStart start)
{
  gint64 recorded_ns = 0;

  self->show = *old;
  if (!g_str_equal (old->epoch.boot_id, now->boot_id))
    recorded_ns = regia_show_last_written (self->recordings_dir, old->session);
  if (regia_show_go_on (&self->show, now, recorded_ns))
    g_message ("the computer was restarted; show time goes on from %" G_GINT64_FORMAT
               " s, where %" G_GINT64_FORMAT " s were reached",
               (now->monotonic_ns - self->show.epoch.monotonic_ns) / REGIA_SECOND,
               old->reached_ns / REGIA_SECOND);
  switch (start) {
  case REGIA_START_FINISH:
    g_message ("this event was ended; its recording, session %s, is finished now. `regia run --again` puts "
               "it on the air again",
               self->show.session);
    self->show.state = REGIA_SHOW_ENDING;
    break;
  case REGIA_START_SERVE:
    g_message ("this event was ended; its recordings are served. `regia run --again` puts it on the air "
               "again, `--new` "
               "begins another");
    self->show.state = REGIA_SHOW_ENDED;
    break;
  default:
    g_message ("going on with the interrupted show, session %s", self->show.session);
    self->show.state = REGIA_SHOW_ON_AIR;
  }
}

/* Decides between going on and beginning anew. */
static gboolean
decide (RegiaDirector *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  RegiaShow old = {0};
  gboolean have_old = regia_show_load (self->show_path, &old, &local_error);
  /* systemd cannot tell whether a person wanted this start. */
  const RegiaStartWish wish = {.event_id = self->values->id,
                               .fresh = self->options->fresh,
                               .again = self->options->again,
                               .by_service =
                                   g_getenv ("INVOCATION_ID") != NULL || g_getenv ("NOTIFY_SOCKET") != NULL};
  RegiaShowNow now;
  RegiaStart start;

  if (g_error_matches (local_error, REGIA_ERROR, REGIA_ERROR_STATE)) {
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  if (local_error != NULL)
    g_warning ("%s; a new show begins, recordings are not touched", local_error->message);
  regia_show_now (&now);
  start = regia_show_decide (have_old ? &old : NULL, &wish, have_old ? regia_show_idle_s (&old, &now) : 0);
  self->resumed = start != REGIA_START_NEW;
  self->unbegun = !self->resumed && regia_locks_told_to_go ();
  if (self->unbegun) {
    g_message ("told to go before the event began");
    regia_show_clear (&old);
    return TRUE;
  }
  if (self->resumed) {
    regia_director_resume (self, &old, &now, start);
  } else {
    self->show.event_id = g_strdup (self->values->id);
    self->show.session = regia_show_new_session (self->recordings_dir, self->values->id);
    self->show.id = regia_show_new_id ();
    self->show.generation = 0;
    self->show.state = REGIA_SHOW_ON_AIR;
    self->show.desired = regia_desired_new ();
    self->show.ended = g_steal_pointer (&old.ended);
    regia_epoch_now (&self->show.epoch);
    regia_show_clear (&old);
  }
  g_free (self->show.config_path);
  self->show.config_path = g_strdup (self->options->config_path);
  return TRUE;
}

/* Going on, a disk that is full or read-only does not keep the show off the air: what lies there from before
 * is still right. */
static gboolean
begin_show (RegiaDirector *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  /* A recording disk that is not there must not keep the event off the air; the recorder tells and tries
   * again. */
  if (g_mkdir_with_parents (self->recordings_dir, 0750) < 0)
    g_warning ("%s: cannot make the recordings folder: %s", self->recordings_dir, g_strerror (errno));
  if (self->service == NULL && !decide (self, error))
    return FALSE;
  if (self->unbegun)
    return TRUE;
  self->show.left = FALSE;
  if (self->show.state == REGIA_SHOW_ON_AIR)
    regia_show_forget_ended (&self->show);
  self->desired =
      self->show.state == REGIA_SHOW_STANDBY ? regia_desired_new () : regia_desired_ref (self->show.desired);
  if (keep_event (self, &local_error) && regia_show_file_save (self->show_file, &local_error))
    return TRUE;
  if (self->resumed) {
    g_warning ("%s; the show goes on with what was kept before", local_error->message);
    /* How many engines there were since that was kept is not known. Readers tell generations apart by their
     * number, so it must be a new one: engines do not start more often than this grows. */
    self->show.generation = MAX (self->show.generation,
                                 1000 + (guint64)(regia_epoch_show_time (&self->show.epoch) / REGIA_SECOND));
    return TRUE;
  }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* The processes */

static void
starting_cb (RegiaProcess *process, gpointer user_data)
{
  RegiaDirector *self = user_data;
  RegiaProcessEntry *entry = regia_processes_find (self->processes, process);

  if (entry->kind->generation) {
    self->show.generation++;
    regia_show_file_save_later (self->show_file);
  }
  if (entry->kind->recordings) {
    regia_process_hand (process, REGIA_CHILD_RECORDINGS_FD, regia_watch_get_recordings (self->watch));
    entry->recordings = regia_watch_get_change (self->watch);
  }
}

/* What every process is told, and then what is its own. */
static GVariant *
part_cb (RegiaProcess *process, gpointer user_data)
{
  RegiaDirector *self = user_data;
  RegiaProcessEntry *entry = regia_processes_find (self->processes, process);
  g_autoptr (GVariant) desired = g_variant_ref_sink (regia_desired_to_variant (self->desired));
  g_autofree char *epoch = regia_epoch_to_string (&self->show.epoch);
  const char *instance = regia_process_get_instance (process), *key_error;
  const char *key = regia_keys_get (self->keys, instance, &key_error);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "t", self->desired->version);
  g_variant_dict_insert (&dict, "generation", "t", self->show.generation);
  g_variant_dict_insert (&dict, "session", "s", self->show.session);
  g_variant_dict_insert (&dict, "show", "s", self->show.id);
  g_variant_dict_insert (&dict, "epoch", "s", epoch);
  g_variant_dict_insert (&dict, "run", "s", self->run_dir);
  g_variant_dict_insert (&dict, "recordings", "s", self->recordings_dir);
  g_variant_dict_insert_value (&dict, "config",
                               regia_config_part (self->config, entry->kind->kind, instance, key));
  if (key_error != NULL)
    g_variant_dict_insert (&dict, "key-error", "s", key_error);
  for (guint i = 0; entry->kind->desired[i] != NULL; i++) {
    const char *name = entry->kind->desired[i];
    g_autoptr (GVariant) value = g_variant_lookup_value (desired, name, NULL);

    g_variant_dict_insert_value (&dict, name, value);
  }
  if (entry->kind->shows && self->control != NULL) {
    g_autoptr (GVariant) status = regia_director_build_status (self);
    g_variant_dict_insert_value (&dict, "status", status);
  }
  return g_variant_dict_end (&dict);
}

/* (transfer full) (element-type utf8): what is the matter with the folders. */
static GPtrArray *
folder_warnings (RegiaDirector *self)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func (g_free);

  regia_service_warn (self->service, warnings);
  if (self->watch == NULL || self->ended)
    return warnings;
  if (self->desired->private_on)
    g_ptr_array_add (warnings,
                     g_strdup ("The hall is private: viewers and platforms get the slate and silence; "
                               "`regia private off` lets them in again"));
  regia_watch_warn (self->watch, warnings);
  regia_show_file_warn (self->show_file, warnings);
  return warnings;
}

GVariant *
regia_director_build_status (RegiaDirector *self)
{
  g_autoptr (GPtrArray) folders = folder_warnings (self);
  g_autoptr (GVariant) next = regia_service_announce (self->service);
  const RegiaShow *show = regia_service_get_shown (self->service, &self->show);
  RegiaStatusInput input = {.config = self->values,
                            .show = show,
                            .next = next,
                            .desired = self->desired,
                            .ready = self->ready,
                            .ended = self->ended,
                            .show_time_ns = self->ended_us > 0
                                                ? self->ended_us * 1000 - show->epoch.monotonic_ns
                                                : regia_epoch_show_time (&show->epoch),
                            .director_started_us = self->started_us,
                            .processes = self->processes,
                            .folders = folders};

  return g_variant_ref_sink (regia_status_build (&input));
}

void
regia_director_report (RegiaDirector *self)
{
  g_autoptr (GVariant) status = NULL;

  if (self->options->tick == NULL)
    return;
  status = regia_director_build_status (self);
  self->options->tick (status, self->options->tick_data);
}

/* In standby everything runs when people can see that nothing is on. */
static void
note_serving (RegiaDirector *self, RegiaProcessEntry *entry)
{
  g_autoptr (GVariant) published = regia_process_get_published (entry->process);

  if (g_variant_n_children (published) == 0)
    return;
  self->serving = TRUE;
  g_message ("waiting for an event");
  sd_notify (0, "READY=1\nSTATUS=Waiting for an event");
}

static void
changed_cb (RegiaProcess *process, gpointer user_data)
{
  RegiaDirector *self = user_data;
  RegiaProcessEntry *entry;
  gboolean ready = FALSE;

  if (self->loop == NULL)
    return; /* being taken down */
  regia_readers_match (self->readers);
  entry = regia_processes_find (self->processes, process);
  regia_processes_note (entry);
  if (entry->seen != regia_process_get_state (process)) {
    entry->seen = regia_process_get_state (process);
    regia_processes_apply (self->processes, TRUE);
  }
  if (entry->kind->leads) {
    g_autoptr (GVariant) published = regia_process_get_published (process);
    g_variant_lookup (published, "ready", "b", &ready);
  }
  if (ready && !self->ready && self->show.state == REGIA_SHOW_ON_AIR) {
    self->ready = self->serving = TRUE;
    g_message ("on air");
    regia_director_report (self);
    sd_notify (0, "READY=1\nSTATUS=On air");
  }
  if (entry->kind->shows && !self->serving && self->show.state == REGIA_SHOW_STANDBY)
    note_serving (self, entry);
  regia_commands_note (self->commands, entry);
  regia_ending_check (self);
  regia_service_note (self->service);
}

static const RegiaProcessCallbacks process_callbacks = {
    .starting = starting_cb, .part = part_cb, .changed = changed_cb};

/* Running */

void
regia_director_enforce (RegiaDirector *self)
{
  if (!regia_service_is_exchanging (self->service))
    regia_processes_enforce (self->processes, self->show.state);
}

/*
 * Some have shut themselves in with the recordings folder that they were given; where the name has come to
 * mean another (a disk was mounted, the folder was made anew, it cannot be read or can be again) only a new
 * run can show it. Viewers' players ask again within a second, and find the same numbers.
 */
static void
refresh_recordings (RegiaDirector *self)
{
  for (guint i = 0; i < self->processes->len && !self->quit; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (self->processes, i);
    gint64 started_us = regia_process_get_started_us (entry->process);

    if (!entry->kind->recordings || entry->recordings == regia_watch_get_change (self->watch) ||
        started_us == 0 || g_get_monotonic_time () - started_us < REPLACE_EVERY_US)
      continue;
    g_message ("%s is another folder now; the %s is started again to show it", self->recordings_dir,
               regia_process_get_name (entry->process));
    regia_process_replace (entry->process, REPLACE_DEADLINE_MS);
  }
}

/* The lock goes to whoever is started from now on. */
static void
hand_lock (RegiaDirector *self)
{
  for (guint i = 0; i < self->processes->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (self->processes, i);

    if (entry->kind->alive_lock)
      regia_process_hand (entry->process, REGIA_CHILD_LOCK_FD, self->locks.alive_fd);
  }
}

/* The state folder was made anew: what belongs into it is not there yet. */
static void
made_cb (gpointer user_data)
{
  RegiaDirector *self = user_data;

  hand_lock (self);
  regia_show_file_save_later (self->show_file);
}

static gboolean
tick_cb (gpointer user_data)
{
  RegiaDirector *self = user_data;
  gboolean on_air = self->show.state == REGIA_SHOW_ON_AIR;

  self->ticks++;
  regia_watch_tick (self->watch);
  regia_keys_tick (self->keys);
  refresh_recordings (self);
  /* systemd's watchdog is fed only while the show does what it is for. */
  if (!on_air || !self->ready || regia_processes_move (self->processes))
    sd_notify (0, "WATCHDOG=1");
  /* The time of show.json says until when the show was alive (see regia_show_decide()). */
  if (self->ticks % REGIA_SHOW_SAVE_EVERY_S == 0 && on_air)
    regia_show_file_save_later (self->show_file);
  regia_processes_apply (self->processes, TRUE);
  regia_ending_check (self);
  regia_service_tick (self->service);
  regia_director_report (self);
  return G_SOURCE_CONTINUE;
}

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

  regia_service_start (self->service, name, again, who, started, data);
}

static void
get_events_cb (RegiaControlCommandedFunc done, gpointer data, gpointer user_data)
{
  RegiaDirector *self = user_data;

  regia_service_ask (self->service, done, data);
}

static const RegiaControlMethods control_methods = {.get_status = get_status_cb,
                                                    .stop = stop_cb,
                                                    .command = command_cb,
                                                    .open_feed = open_feed_cb,
                                                    .start = start_cb,
                                                    .get_events = get_events_cb};

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
static gboolean
open_control (RegiaDirector *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->run_dir, REGIA_CONTROL_SOCKET, NULL);
  const RegiaPlaces places = regia_director_get_places (self);
  g_autoptr (GError) local_error = NULL;
  RegiaControlListener *listener = regia_control_listener_new (path, &local_error);

  if (listener == NULL && !self->resumed) {
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  self->control = regia_control_new (&control_methods, self);
  if (listener != NULL)
    regia_control_open (self->control, listener);
  else
    g_warning ("%s; `regia stop` does not reach this event, Ctrl-C and SIGTERM do", local_error->message);
  self->watch = regia_watch_new (&places, self->control, &self->locks, made_cb, self);
  return TRUE;
}

void
regia_director_key_changed_cb (const char *relay, gpointer user_data)
{
  RegiaDirector *self = user_data;
  g_autofree char *name = g_strdup_printf ("relay %s", relay);
  RegiaProcessEntry *entry = regia_processes_find_name (self->processes, name);

  if (entry != NULL)
    regia_process_apply (entry->process);
}

void
regia_director_start_processes (RegiaDirector *self)
{
  self->processes = regia_processes_new (self->values, &process_callbacks, self);
  self->readers = regia_readers_new ();
  for (guint i = 0; i < self->processes->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (self->processes, i);

    if (entry->kind->generation)
      regia_readers_set_engine (self->readers, entry->process);
    if (entry->kind->reads != NULL)
      regia_readers_add (self->readers, entry->process, entry->kind->reads);
    entry->held_back =
        entry->kind->many &&
        g_ptr_array_find_with_equal_func (self->desired->relays_off,
                                          regia_process_get_instance (entry->process), g_str_equal, NULL);
  }
  hand_lock (self);
  regia_director_enforce (self);
}

static void
director_clear (RegiaDirector *self)
{
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->service, regia_service_free);
  g_clear_pointer (&self->commands, regia_commands_free);
  g_clear_pointer (&self->readers, regia_readers_free);
  g_clear_pointer (&self->processes, g_ptr_array_unref);
  g_clear_pointer (&self->watch, regia_watch_free);
  g_clear_pointer (&self->keys, regia_keys_free);
  g_clear_pointer (&self->control, regia_control_free);
  g_clear_pointer (&self->config, regia_config_unref);
  g_clear_pointer (&self->show_file, regia_show_file_free);
  regia_show_clear (&self->show);
  g_clear_pointer (&self->desired, regia_desired_unref);
  regia_handed_close (&self->handed);
  g_free (self->run_dir);
  g_free (self->recordings_dir);
  g_free (self->show_path);
  g_free (self->event_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaDirector, director_clear)

static gboolean
interrupt_cb (gpointer user_data)
{
  regia_ending_signal (user_data, SIGINT);
  return G_SOURCE_CONTINUE;
}

static gboolean
terminate_cb (gpointer user_data)
{
  regia_ending_signal (user_data, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static gboolean
hang_up_cb (gpointer user_data)
{
  regia_ending_signal (user_data, SIGHUP);
  return G_SOURCE_CONTINUE;
}

/* The locks are held until the process ends, whatever becomes of the rest of this. */
static gboolean
begin (RegiaDirector *self, RegiaConfig *config, GError **error)
{
  if (!prepare_folders (self, error) || !regia_locks_take (&self->locks, self->run_dir, TRUE, error))
    return FALSE;
  if (self->service != NULL) {
    if (!regia_service_begin (self->service, error))
      return FALSE;
  } else {
    char *recordings_dir = regia_recordings_dir (config, self->options->state_dir);
    regia_director_use_config (self, regia_config_ref (config), recordings_dir);
  }
  regia_handed_open (&self->handed, regia_config_to_text (self->config));
  return begin_show (self, error) && (self->unbegun || open_control (self, error));
}

static void
run (RegiaDirector *self)
{
  guint tick = g_timeout_add (1000, tick_cb, self);

  self->loop = g_main_loop_new (NULL, FALSE);
  self->commands = regia_commands_new (self);
  self->keys = regia_keys_new (self->config, regia_director_key_changed_cb, self);
  regia_director_start_processes (self);
  if (self->show.state == REGIA_SHOW_ENDED || self->show.state == REGIA_SHOW_ENDING) {
    self->ended_us = g_get_monotonic_time ();
    self->ended = self->show.state == REGIA_SHOW_ENDED;
    self->serving = TRUE;
    sd_notify (0, "READY=1\nSTATUS=The event is over; its recordings are served");
  }
  if (self->ended) {
    g_autoptr (GVariant) status = regia_director_build_status (self);
    regia_control_tell_end (self->control, status);
  }
  regia_service_tick (self->service);
  regia_director_report (self);
  g_main_loop_run (self->loop);
  regia_show_file_save_at_last (self->show_file);
  g_source_remove (tick);
  regia_director_report (self);
}

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};

void
regia_director_hold_signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    sigaddset (&set, ends[i]);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

/* From here on they come to the main loop, those that were held first. */
static void
take_signals (RegiaDirector *self, guint sources[G_N_ELEMENTS (ends)])
{
  static const GSourceFunc callbacks[] = {interrupt_cb, terminate_cb, hang_up_cb};
  sigset_t set;

  sigemptyset (&set);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    sources[i] = g_unix_signal_add (ends[i], callbacks[i], self);
    sigaddset (&set, ends[i]);
  }
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

gboolean
regia_director_run (RegiaConfig *config, const RegiaDirectorOptions *options, GError **error)
{
  g_auto (RegiaDirector) self = {.options = options, .handed = REGIA_HANDED_INIT, .locks = REGIA_LOCKS_INIT};
  guint signals[G_N_ELEMENTS (ends)];
  gboolean ok;

  self.started_us = g_get_monotonic_time ();
  if (options->hall_path != NULL)
    self.service = regia_service_new (&self, options->hall_path, options->events_dir);
  ok = begin (&self, config, error);
  take_signals (&self, signals);
  if (ok && !self.unbegun)
    run (&self);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (signals[i]);
  return ok;
}

char *
regia_director_stored_event (const char *state_dir, const char *config_path)
{
  g_autofree char *show_path = g_build_filename (state_dir, "show.json", NULL);
  g_autofree char *event_path = g_build_filename (state_dir, "run", "event.conf", NULL);
  g_autoptr (GError) error = NULL;
  RegiaShow show = {0};
  RegiaShowNow now;
  gboolean usable;

  if (!regia_show_load (show_path, &show, &error))
    return NULL;
  regia_show_now (&now);
  usable = show.state == REGIA_SHOW_ON_AIR && g_str_equal (show.config_path, config_path) &&
           regia_show_idle_s (&show, &now) < REGIA_SHOW_RESUME_LIMIT_S;
  regia_show_clear (&show);
  return usable && g_file_test (event_path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&event_path) : NULL;
}
