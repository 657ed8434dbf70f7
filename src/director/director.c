/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "regia/director/director.h"

#include <systemd/sd-daemon.h>

#include "director-private.h"
#include "exchange-private.h"
#include "regia/config/part.h"
#include "regia/control/child.h"
#include "status-private.h"

#define REPLACE_DEADLINE_MS 3000
/* A gateway that is replaced because of the recordings folder costs viewers a request each; not more often.
 */
#define REPLACE_EVERY_US (5 * G_USEC_PER_SEC)

/* The processes */

static GVariant *build_status (RegiaDirector *self, gboolean public);

static void
starting_cb (RegiaProcess *process, gpointer user_data)
{
  RegiaDirector *self = user_data;
  RegiaProcessEntry *entry = regia_processes_find (self->processes, process);

  if (entry->kind->generation) {
    self->show.generation++;
    regia_show_file_save_later (self->show_file);
  }
  if (entry->kind->ingest != 0)
    regia_process_hand (process, REGIA_CHILD_INGEST_FD, self->handed.ingest[entry->kind->ingest - 1]);
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
  const char *instance = regia_process_get_instance (process);
  const char *said = regia_desired_get_relay_key (self->desired, instance);
  const char *key = said != NULL ? said : regia_keys_get (self->keys, instance);
  GVariant *config =
      regia_config_part (self->config, entry->kind->kind, instance, entry->kind->many ? key : NULL);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "t", self->desired->version);
  g_variant_dict_insert (&dict, "generation", "t", self->show.generation);
  g_variant_dict_insert (&dict, "session", "s", self->show.session);
  g_variant_dict_insert (&dict, "show", "s", self->show.id);
  g_variant_dict_insert (&dict, "epoch", "s", epoch);
  g_variant_dict_insert (&dict, "run", "s", self->run_dir);
  g_variant_dict_insert (&dict, "recordings", "s", self->recordings_dir);
  g_variant_dict_insert (&dict, "rehearsal", "b", self->rehearsing);
  if (config != NULL) /* else a relay that was removed, and is going */
    g_variant_dict_insert_value (&dict, "config", config);
  regia_keys_tell (self->keys, instance, regia_process_speaks_https (entry->kind, self->values), &dict);
  for (guint i = 0; entry->kind->desired != NULL && entry->kind->desired[i] != NULL; i++) {
    const char *name = entry->kind->desired[i];
    g_autoptr (GVariant) value = g_variant_lookup_value (desired, name, NULL);

    g_variant_dict_insert_value (&dict, name, value);
  }
  if (entry->kind->commands)
    g_variant_dict_insert_value (&dict, "audit", regia_commands_get_audit (self->commands));
  if (entry->kind->shows && self->control != NULL) {
    g_autoptr (GVariant) status = build_status (self, !entry->kind->whole);
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
  regia_keys_warn (self->keys, warnings);
  if (self->sources_error != NULL)
    g_ptr_array_add (warnings, g_strdup (self->sources_error));
  if (regia_config_get_console (self->values) == REGIA_CONFIG_CONSOLE_CLEAR)
    g_ptr_array_add (warnings, g_strdup ("[console] listen: " REGIA_CONFIG_CONSOLE_WARNING));
  if (self->watch == NULL || self->ended)
    return warnings;
  if (self->desired->private_on)
    g_ptr_array_add (warnings,
                     g_strdup ("The hall is private: viewers and platforms get the slate and silence; "
                               "`regia private off` lets them in again"));
  regia_readers_warn (self->readers, warnings);
  regia_watch_warn (self->watch, warnings);
  regia_show_file_warn (self->show_file, warnings);
  regia_access_warn (self->access, warnings);
  return warnings;
}

/* (transfer full): a{sv}: of one event alone that is rehearsed, what comes next is itself. */
static GVariant *
announce (RegiaDirector *self)
{
  if (self->service == NULL && self->rehearsing)
    return regia_status_announce (self->values);
  return regia_service_announce (self->service);
}

/* (transfer full). @public: what those outside are told. */
static GVariant *
build_status (RegiaDirector *self, gboolean public)
{
  g_autoptr (GPtrArray) folders = public ? NULL : folder_warnings (self);
  g_autoptr (GVariant) next = announce (self);
  const RegiaShow *show = regia_service_get_shown (self->service, &self->show);
  RegiaStatusInput input = {.config = self->values,
                            .show = show,
                            .next = next,
                            .desired = self->desired,
                            .ready = self->ready,
                            .ended = self->ended,
                            .hidden = self->rehearsing,
                            .hall = regia_service_get_hall (self->service),
                            .show_time_ns = self->ended_us > 0
                                                ? self->ended_us * 1000 - show->epoch.monotonic_ns
                                                : regia_epoch_show_time (&show->epoch),
                            .director_started_us = self->started_us,
                            .processes = self->processes,
                            .folders = folders,
                            .alarms = self->alarms};

  return g_variant_ref_sink (public ? regia_status_build_public (&input) : regia_status_build (&input));
}

GVariant *
regia_director_build_status (RegiaDirector *self)
{
  return build_status (self, FALSE);
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

static void
tell_status (RegiaDirector *self)
{
  g_autoptr (GVariant) outside = build_status (self, TRUE), whole = build_status (self, FALSE);

  regia_processes_tell (self->processes, outside, FALSE);
  regia_processes_tell (self->processes, whole, TRUE);
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
note_ready (RegiaDirector *self)
{
  self->ready = self->serving = TRUE;
  if (self->rehearsing) {
    g_message ("rehearsal: nobody sees this, nothing is recorded; `regia start %s` puts it on the air",
               self->show.event_id);
    sd_notify (0, "READY=1\nSTATUS=Rehearsal: nobody sees this, nothing is recorded");
  } else {
    g_message ("on air");
    sd_notify (0, "READY=1\nSTATUS=On air");
  }
  regia_director_report (self);
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
    tell_status (self);
  }
  if (entry->kind->leads) {
    g_autoptr (GVariant) published = regia_process_get_published (process);
    g_variant_lookup (published, "ready", "b", &ready);
  }
  if (ready && !self->ready &&
      (self->show.state == REGIA_SHOW_ON_AIR || self->show.state == REGIA_SHOW_REHEARSAL))
    note_ready (self);
  if (entry->kind->shows && !entry->kind->whole && !self->serving && self->show.state == REGIA_SHOW_STANDBY)
    note_serving (self, entry);
  regia_commands_note (self->commands, entry);
  regia_ending_check (self);
  regia_service_note (self->service);
}

static const RegiaProcessCallbacks process_callbacks = {.starting = starting_cb,
                                                        .part = part_cb,
                                                        .connected = regia_director_connected_cb,
                                                        .changed = changed_cb};

/* Running */

void
regia_director_enforce (RegiaDirector *self)
{
  if (!regia_service_is_exchanging (self->service) && !regia_airing_is_saving (self))
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

void
regia_director_made_cb (gpointer user_data)
{
  RegiaDirector *self = user_data;

  hand_lock (self);
  regia_show_file_save_later (self->show_file);
  regia_access_keep_again (self->access);
}

static gboolean
tick_cb (gpointer user_data)
{
  RegiaDirector *self = user_data;
  gboolean on_air = self->show.state == REGIA_SHOW_ON_AIR;

  self->ticks++;
  regia_watch_tick (self->watch);
  regia_keys_tick (self->keys);
  regia_access_tick (self->access);
  refresh_recordings (self);
  /* systemd's watchdog is fed only while the show does what it is for. */
  if (!on_air || !self->ready || regia_processes_move (self->processes))
    sd_notify (0, "WATCHDOG=1");
  /* The time of show.json says until when the show was alive (see regia_show_decide()). */
  if (self->ticks % REGIA_SHOW_SAVE_EVERY_S == 0 && (on_air || self->show.state == REGIA_SHOW_REHEARSAL))
    regia_show_file_save_later (self->show_file);
  regia_director_judge_alarms (self);
  tell_status (self);
  regia_ending_check (self);
  regia_service_tick (self->service);
  regia_director_report (self);
  return G_SOURCE_CONTINUE;
}

void
regia_director_key_changed_cb (const char *relay, gpointer user_data)
{
  RegiaDirector *self = user_data;
  g_autofree char *name = g_strdup_printf ("relay %s", relay);
  RegiaProcessEntry *entry = regia_processes_find_name (self->processes, name);

  if (relay[0] == '\0')
    regia_processes_renew (self->processes, self->values);
  else if (entry != NULL)
    regia_process_apply (entry->process);
}

/* To those who hand each other the feed. */
static void
introduce (RegiaDirector *self, RegiaProcessEntry *entry)
{
  if (entry->kind->generation)
    regia_readers_set_engine (self->readers, entry->process);
  if (entry->kind->reads != NULL)
    regia_readers_add (self->readers, entry->process, entry->kind->reads);
}

void
regia_director_match_relays (RegiaDirector *self)
{
  guint known = self->processes->len;

  regia_processes_match (self->processes, self->values, &process_callbacks, self);
  for (guint i = known; i < self->processes->len; i++)
    introduce (self, g_ptr_array_index (self->processes, i));
  for (guint i = 0; i < self->processes->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (self->processes, i);
    const char *name = regia_process_get_instance (entry->process);

    entry->held_back =
        entry->removed || (entry->kind->many && g_ptr_array_find_with_equal_func (self->desired->relays_off,
                                                                                  name, g_str_equal, NULL));
  }
}

void
regia_director_start_processes (RegiaDirector *self)
{
  self->processes = regia_processes_new (self->values, &process_callbacks, self);
  self->readers = regia_readers_new ();
  regia_readers_set_rehearsal (self->readers, self->rehearsing);
  for (guint i = 0; i < self->processes->len; i++)
    introduce (self, g_ptr_array_index (self->processes, i));
  regia_director_match_relays (self);
  hand_lock (self);
  regia_director_enforce (self);
}

static void
director_clear (RegiaDirector *self)
{
  g_clear_pointer (&self->loop, g_main_loop_unref);
  regia_airing_cancel (self, "Regia goes away");
  g_clear_pointer (&self->service, regia_service_free);
  g_clear_pointer (&self->commands, regia_commands_free);
  g_clear_pointer (&self->readers, regia_readers_free);
  g_clear_pointer (&self->processes, g_ptr_array_unref);
  regia_director_free_alarms (self);
  g_clear_pointer (&self->watch, regia_watch_free);
  g_clear_pointer (&self->keys, regia_keys_free);
  g_clear_pointer (&self->control, regia_control_free);
  g_clear_pointer (&self->config, regia_config_unref);
  g_clear_pointer (&self->event, regia_config_unref);
  g_free (self->sources_error);
  g_clear_pointer (&self->show_file, regia_show_file_free);
  g_clear_pointer (&self->console, regia_console_free); /* after whatever still answers what it asked */
  regia_show_clear (&self->show);
  g_clear_pointer (&self->desired, regia_desired_unref);
  regia_handed_close (&self->handed);
  g_free (self->run_dir);
  g_free (self->recordings_dir);
  g_free (self->show_path);
  g_free (self->event_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaDirector, director_clear)

/* The locks are held until the process ends, whatever becomes of the rest of this. */
static gboolean
begin (RegiaDirector *self, RegiaConfig *config, GError **error)
{
  if (!regia_director_prepare_folders (self, error) ||
      !regia_locks_take (&self->locks, self->run_dir, TRUE, error))
    return FALSE;
  if (self->service != NULL) {
    if (!regia_service_begin (self->service, error))
      return FALSE;
  } else {
    char *recordings_dir = regia_recordings_dir (config, self->options->state_dir);
    regia_director_use_config (self, regia_config_ref (config), recordings_dir);
  }
  regia_handed_open (&self->handed, regia_config_to_text (self->config));
  return regia_director_begin_show (self, error) &&
         (self->unbegun || regia_director_open_control (self, error));
}

static void
run (RegiaDirector *self)
{
  guint tick = g_timeout_add (1000, tick_cb, self);

  self->loop = g_main_loop_new (NULL, FALSE);
  self->commands = regia_commands_new (self);
  self->keys = regia_keys_new (self->config, regia_director_key_changed_cb, self);
  regia_director_open_access (self);
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
  regia_director_judge_alarms (self);
  regia_service_tick (self->service);
  regia_director_report (self);
  g_main_loop_run (self->loop);
  regia_show_file_save_at_last (self->show_file);
  g_clear_pointer (&self->access, regia_access_free);
  g_source_remove (tick);
  regia_director_report (self);
}

gboolean
regia_director_run (RegiaConfig *config, const RegiaDirectorOptions *options, GError **error)
{
  g_auto (RegiaDirector) self = {.options = options, .handed = REGIA_HANDED_INIT, .locks = REGIA_LOCKS_INIT};
  guint signals[REGIA_DIRECTOR_SIGNALS];
  gboolean ok;

  self.started_us = g_get_monotonic_time ();
  if (options->hall_path != NULL)
    self.service = regia_service_new (&self, options->hall_path, options->events_dir);
  ok = begin (&self, config, error);
  regia_director_take_signals (&self, signals);
  if (ok && !self.unbegun)
    run (&self);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (signals[i]);
  return ok;
}
