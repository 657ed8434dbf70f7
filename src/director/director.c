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

#include "control-private.h"
#include "handed-private.h"
#include "locks-private.h"
#include "process-private.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/control/paths.h"
#include "show-file-private.h"
#include "show-private.h"
#include "status-private.h"
#include "watch-private.h"

#define HURRY_MS            1500
#define STOP_DEADLINE_MS    10000
#define REPLACE_DEADLINE_MS 3000
/* A gateway that is replaced because of the recordings folder costs viewers a request each; not more often.
 */
#define REPLACE_EVERY_US (5 * G_USEC_PER_SEC)
/* Viewers' pages ask every 3 s: they are to hear that the event is over before the gateway goes. */
#define VIEWERS_GRACE_MS 5000
/* A programme or recording that stands still for this long is no longer vouched for to systemd. */
#define ADVANCE_LIMIT_MS 8000

/* One thing that must move on: a counter and when it last moved. */
typedef struct {
  guint64 value;
  gint64 moved_us;
} Advance;

/*
 * Director: the show, its processes and the two ways in (signals, control.sock). Everything happens on the
 * default main context; the only blocking work, replacing show.json, is done on a worker thread once the show
 * runs.
 *
 * Life: regia_director_run() makes it, runs the loop, and takes it down.
 */
typedef struct {
  const RegiaDirectorOptions *options;
  RegiaConfig *config;                                     /* (owned) */
  const RegiaConfigValues *values;                         /* of config */
  char *run_dir, *recordings_dir, *show_path, *event_path; /* (owned) */
  RegiaHanded handed;
  RegiaLocks locks;
  GMainLoop *loop;       /* (owned) */
  RegiaControl *control; /* (owned) */
  RegiaWatch *watch;     /* (owned) */
  guint gateway_change;  /* of the recordings folder, that the present gateway was given */
  RegiaShow show;
  RegiaShowFile *show_file; /* (owned) */
  RegiaShowState state;
  gint64 started_us, ended_us, grace_us;
  RegiaProcess *engine, *recorder, *gateway; /* (owned); recorder (nullable) */
  GPtrArray *relays;                         /* (owned) (element-type RegiaProcess) */
  gboolean resumed, quit, ready_told, hurry;
  Advance programme, recording;
  guint ticks;
  int exit_signals;
} Director;

/* Starting: folders, lock, state */

static gboolean
prepare_folders (Director *self, GError **error)
{
  const char *recordings = self->values->folder;

  self->run_dir = g_build_filename (self->options->state_dir, "run", NULL);
  self->show_path = g_build_filename (self->options->state_dir, "show.json", NULL);
  self->event_path = g_build_filename (self->run_dir, "event.conf", NULL);
  self->show_file = regia_show_file_new (self->show_path, &self->show);
  self->recordings_dir = recordings != NULL ? g_strdup (recordings)
                                            : g_build_filename (self->options->state_dir, "recordings", NULL);
  if (!regia_file_make_folder (self->options->state_dir, 0700, error) ||
      !regia_file_make_folder (self->run_dir, 0700, error))
    return FALSE;
  /* A recording disk that is not there must not keep the event off the air; the recorder tells and tries
   * again. */
  if (g_mkdir_with_parents (self->recordings_dir, 0750) < 0)
    g_warning ("%s: cannot make the recordings folder: %s", self->recordings_dir, g_strerror (errno));
  return TRUE;
}

/* For the next start, should the event file be broken by then. */
static gboolean
keep_event (Director *self, GError **error)
{
  gsize length;
  const char *text = g_bytes_get_data (self->handed.event, &length);

  if (self->options->keep_event || g_str_equal (self->options->config_path, self->event_path))
    return TRUE;
  return regia_file_replace (self->event_path, text, length, 0600, error);
}

/* Makes the interrupted show the present one. */
static void
resume_show (Director *self, const RegiaShow *old, const RegiaShowNow *now)
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
  g_message ("going on with the interrupted show, session %s", self->show.session);
}

/* Decides between going on and beginning anew. Going on, a disk that is full or read-only does not keep the
 * show off the air: what lies there from before is still right. */
static gboolean
begin_show (Director *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  RegiaShow old = {0};
  gboolean have_old = regia_show_load (self->show_path, &old, &local_error);
  RegiaShowNow now;

  regia_show_now (&now);
  self->resumed = have_old && !self->options->fresh &&
                  regia_show_may_resume (&old, self->values->id, regia_show_idle_s (&old, &now));
  if (local_error != NULL)
    g_warning ("%s; a new show begins, recordings are not touched", local_error->message);
  g_clear_error (&local_error);
  if (self->resumed) {
    resume_show (self, &old, &now);
  } else {
    self->show.event_id = g_strdup (self->values->id);
    self->show.session = regia_show_new_session (self->recordings_dir, self->values->id);
    self->show.generation = 0;
    regia_epoch_now (&self->show.epoch);
    regia_show_clear (&old);
  }
  g_free (self->show.config_path);
  self->show.config_path = g_strdup (self->options->config_path);
  self->show.on_air = TRUE;
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

static char **
child_arguments (RegiaProcess *process, gpointer user_data)
{
  Director *self = user_data;
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autofree char *epoch = regia_epoch_to_string (&self->show.epoch);
  const char *name = regia_process_get_name (process);
  const char *instance = g_str_has_prefix (name, "relay ") ? name + strlen ("relay ") : NULL;
  int recordings_fd = -1;

  if (process == self->engine) {
    self->show.generation++;
    regia_show_file_save_later (self->show_file);
  }
  if (process == self->gateway) {
    recordings_fd = regia_watch_get_recordings (self->watch);
    self->gateway_change = regia_watch_get_change (self->watch);
    regia_process_hand (process, REGIA_PROCESS_RECORDINGS_FD, recordings_fd);
  }
#define ADD(...) g_ptr_array_add (arguments, g_strdup_printf (__VA_ARGS__))
  ADD ("child");
  ADD ("%s", instance != NULL ? "relay" : name);
  ADD ("--control-fd=3");
  ADD ("--event=/proc/self/fd/%d", REGIA_PROCESS_EVENT_FD);
  ADD ("--base=%s", self->options->base_dir);
  ADD ("--run=%s", self->run_dir);
  ADD ("--recordings=%s", self->recordings_dir);
  ADD ("--session=%s", self->show.session);
  ADD ("--epoch=%s", epoch);
  ADD ("--generation=%" G_GUINT64_FORMAT, self->show.generation);
  if (process == self->engine)
    ADD ("--feed-fd=%d", REGIA_PROCESS_FEED_FD);
  else
    ADD ("--feed=/proc/self/fd/%d", REGIA_PROCESS_FEED_FD);
  if (recordings_fd >= 0)
    ADD ("--recordings-fd=%d", REGIA_PROCESS_RECORDINGS_FD);
  if (instance != NULL)
    ADD ("--instance=%s", instance);
#undef ADD
  g_ptr_array_add (arguments, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&arguments), FALSE);
}

/* (transfer full) (element-type utf8): what is the matter with the folders. */
static GPtrArray *
folder_warnings (Director *self)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func (g_free);

  if (self->watch == NULL || self->state == REGIA_SHOW_ENDED)
    return warnings;
  regia_watch_warn (self->watch, warnings);
  regia_show_file_warn (self->show_file, warnings);
  return warnings;
}

static GVariant *
build_status (Director *self)
{
  g_autoptr (GPtrArray) folders = folder_warnings (self);
  RegiaStatusInput input = {.config = self->values,
                            .show = &self->show,
                            .state = self->state,
                            .show_time_ns = self->ended_us > 0
                                                ? self->ended_us * 1000 - self->show.epoch.monotonic_ns
                                                : regia_epoch_show_time (&self->show.epoch),
                            .director_started_us = self->started_us,
                            .engine = self->engine,
                            .recorder = self->recorder,
                            .gateway = self->gateway,
                            .relays = self->relays,
                            .folders = folders};

  return g_variant_ref_sink (regia_status_build (&input));
}

static void
report (Director *self)
{
  g_autoptr (GVariant) status = NULL;

  if (self->options->tick == NULL)
    return;
  status = build_status (self);
  self->options->tick (status, self->options->tick_data);
}

static gboolean
is_gone (RegiaProcess *process)
{
  return process == NULL || regia_process_get_state (process) == REGIA_PROCESS_STOPPED;
}

static void
note_advance (Advance *advance, RegiaProcess *process, const char *key)
{
  g_autoptr (GVariant) published = regia_process_get_published (process);
  guint64 value = 0;

  if (g_variant_lookup (published, key, "t", &value) && value != advance->value) {
    advance->value = value;
    advance->moved_us = g_get_monotonic_time ();
  }
}

static gboolean
moves (const Advance *advance)
{
  return advance->moved_us > 0 &&
         g_get_monotonic_time () - advance->moved_us < (gint64)ADVANCE_LIMIT_MS * 1000;
}

/* The event is over when engine and relays are gone and the recorder has finished its files. */
static void
check_stopping (Director *self)
{
  gboolean relays_gone = TRUE;

  for (guint i = 0; i < self->relays->len; i++)
    relays_gone = relays_gone && is_gone (g_ptr_array_index (self->relays, i));
  if (self->state == REGIA_SHOW_STOPPING && is_gone (self->engine) && is_gone (self->recorder) &&
      relays_gone) {
    g_autoptr (GVariant) status = NULL;

    self->state = REGIA_SHOW_ENDED;
    status = build_status (self);
    regia_control_tell_end (self->control, status);
    if (!self->hurry) {
      /* Finishing may have taken long; the pages are still to see that the event has ended. */
      if (self->grace_us > self->ended_us)
        self->grace_us = g_get_monotonic_time () + (gint64)VIEWERS_GRACE_MS * 1000;
      self->show.on_air = FALSE;
      regia_show_file_save_later (self->show_file);
    }
    g_message ("the event is over");
    report (self);
  }
  if (self->state == REGIA_SHOW_ENDED && self->quit) {
    if (is_gone (self->gateway))
      g_main_loop_quit (self->loop);
    else if (g_get_monotonic_time () >= self->grace_us)
      regia_process_stop (self->gateway, TRUE, 3000);
  }
}

static void
changed_cb (RegiaProcess *process, gpointer user_data)
{
  Director *self = user_data;
  gboolean ready = FALSE;

  if (self->loop == NULL)
    return; /* being taken down */
  if (process == self->engine) {
    g_autoptr (GVariant) published = regia_process_get_published (process);
    note_advance (&self->programme, process, "frames");
    g_variant_lookup (published, "ready", "b", &ready);
  } else if (process == self->recorder) {
    note_advance (&self->recording, process, "last-fragment-ms");
  }
  if (ready && self->state == REGIA_SHOW_STARTING) {
    self->state = REGIA_SHOW_ON_AIR;
    g_message ("on air");
    report (self);
  }
  if (ready && !self->ready_told) {
    self->ready_told = TRUE;
    sd_notify (0, "READY=1\nSTATUS=On air");
  }
  check_stopping (self);
}

/* Ending */

static guint64
count_viewers (Director *self)
{
  g_autoptr (GVariant) gateway = regia_process_get_published (self->gateway);
  guint64 viewers = 0;

  g_variant_lookup (gateway, "viewers", "t", &viewers);
  return viewers;
}

static void
stop_show (gboolean quit, gpointer user_data)
{
  Director *self = user_data;

  self->quit = self->quit || quit;
  if (self->state < REGIA_SHOW_STOPPING) {
    g_message ("ending the event");
    self->state = REGIA_SHOW_STOPPING;
    self->ended_us = g_get_monotonic_time ();
    self->grace_us = self->ended_us + (count_viewers (self) > 0 ? (gint64)VIEWERS_GRACE_MS * 1000 : 0);
    regia_process_stop (self->engine, TRUE, STOP_DEADLINE_MS);
    for (guint i = 0; i < self->relays->len; i++)
      regia_process_stop (g_ptr_array_index (self->relays, i), TRUE, STOP_DEADLINE_MS);
    /* The recorder takes as long as the finishing of its files takes. */
    if (self->recorder != NULL)
      regia_process_stop (self->recorder, TRUE, 0);
    sd_notify (0, "STOPPING=1\nSTATUS=Ending the event");
    report (self);
  }
  check_stopping (self);
}

/* The second signal: whoever presses Ctrl-C twice does not want to wait. The files are finished at the next
 * start. */
static void
hurry_up (Director *self)
{
  g_message ("leaving at once; the recording is finished at the next start");
  self->hurry = TRUE;
  self->grace_us = 0;
  if (self->recorder != NULL && !is_gone (self->recorder)) {
    regia_process_set_finish_tries (self->recorder, 0);
    regia_process_stop (self->recorder, FALSE, HURRY_MS);
  }
  if (!is_gone (self->engine))
    regia_process_stop (self->engine, TRUE, HURRY_MS);
  check_stopping (self);
}

static gboolean
signal_cb (gpointer user_data)
{
  Director *self = user_data;

  if (self->exit_signals++ == 0)
    stop_show (TRUE, self);
  else
    hurry_up (self);
  return G_SOURCE_CONTINUE;
}

/* Running */

/*
 * systemd's watchdog is fed only while the show does what it is for. A full disk is not cured by a restart,
 * so a recorder that says what keeps it from writing counts as advancing.
 */
static gboolean
deserves_watchdog (Director *self)
{
  g_autoptr (GVariant) recorder = NULL;
  const char *state = "";

  if (self->state != REGIA_SHOW_ON_AIR)
    return TRUE;
  if (!moves (&self->programme))
    return FALSE;
  if (self->recorder == NULL || moves (&self->recording))
    return TRUE;
  recorder = regia_process_get_published (self->recorder);
  g_variant_lookup (recorder, "state", "&s", &state);
  return g_str_equal (state, "no-space") || g_str_equal (state, "disk-error") ||
         g_str_equal (state, "waiting");
}

/*
 * The gateway has shut itself in with the recordings folder that it was given; where the name has come to
 * mean another (a disk was mounted, the folder was made anew, it cannot be read or can be again) only a new
 * gateway can show it. Viewers' players ask again within a second, and find the same numbers.
 */
static void
refresh_gateway (Director *self)
{
  gint64 started_us = regia_process_get_started_us (self->gateway);

  if (self->quit || self->gateway_change == regia_watch_get_change (self->watch) || started_us == 0 ||
      g_get_monotonic_time () - started_us < REPLACE_EVERY_US)
    return;
  g_message ("%s is another folder now; the gateway is started again to show it", self->recordings_dir);
  regia_process_replace (self->gateway, REPLACE_DEADLINE_MS);
}

/* The state folder was made anew: what belongs into it is not there yet. */
static void
made_cb (gpointer user_data)
{
  Director *self = user_data;

  regia_process_hand (self->engine, REGIA_PROCESS_LOCK_FD, self->locks.alive_fd);
  if (self->recorder != NULL)
    regia_process_hand (self->recorder, REGIA_PROCESS_LOCK_FD, self->locks.alive_fd);
  regia_show_file_save_later (self->show_file);
}

static gboolean
tick_cb (gpointer user_data)
{
  Director *self = user_data;

  self->ticks++;
  regia_process_tick (self->engine);
  regia_process_tick (self->gateway);
  if (self->recorder != NULL)
    regia_process_tick (self->recorder);
  for (guint i = 0; i < self->relays->len; i++)
    regia_process_tick (g_ptr_array_index (self->relays, i));
  regia_watch_tick (self->watch);
  refresh_gateway (self);
  if (deserves_watchdog (self))
    sd_notify (0, "WATCHDOG=1");
  /* The time of show.json says until when the show was alive (see regia_show_may_resume()). */
  if (self->ticks % REGIA_SHOW_SAVE_EVERY_S == 0 && self->show.on_air)
    regia_show_file_save_later (self->show_file);
  check_stopping (self);
  report (self);
  return G_SOURCE_CONTINUE;
}

static GVariant *
get_status_cb (gpointer user_data)
{
  return build_status (user_data);
}

static const RegiaControlMethods control_methods = {.get_status = get_status_cb, .stop = stop_show};

/* `regia stop` can wait: a show that was interrupted is brought back without it, and the watch tries again.
 */
static gboolean
open_control (Director *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->run_dir, REGIA_CONTROL_SOCKET, NULL);
  const RegiaPlaces places = {.state_dir = self->options->state_dir,
                              .run_dir = self->run_dir,
                              .recordings_dir = self->recordings_dir,
                              .event_path = self->event_path,
                              .event = self->handed.event};
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

static RegiaProcess *
add_process (Director *self, const char *name, GDBusInterfaceSkeleton *exports, int lock_fd)
{
  RegiaProcess *process = regia_process_new (name, child_arguments, changed_cb, self, exports, lock_fd);

  regia_process_hand (process, REGIA_PROCESS_EVENT_FD, self->handed.event_fd);
  regia_process_hand (process, REGIA_PROCESS_FEED_FD, self->handed.feed_name);
  return process;
}

static void
start_processes (Director *self)
{
  self->engine = add_process (self, "engine", NULL, self->locks.alive_fd);
  regia_process_hand (self->engine, REGIA_PROCESS_FEED_FD, self->handed.feed_fd);
  self->gateway = add_process (self, "gateway", regia_control_get_read_only (self->control), -1);
  if (self->values->record)
    self->recorder = add_process (self, "recorder", NULL, self->locks.alive_fd);
  if (self->recorder != NULL)
    regia_process_set_finish_tries (self->recorder, 2);
  for (guint i = 0; i < self->values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (self->values->relays, i);
    g_autofree char *name = g_strdup_printf ("relay %s", relay->name);

    g_ptr_array_add (self->relays, add_process (self, name, NULL, -1));
  }
  regia_process_start (self->engine);
  if (self->recorder != NULL)
    regia_process_start (self->recorder);
  regia_process_start (self->gateway);
  for (guint i = 0; i < self->relays->len; i++)
    regia_process_start (g_ptr_array_index (self->relays, i));
}

static void
director_clear (Director *self)
{
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->engine, regia_process_free);
  g_clear_pointer (&self->recorder, regia_process_free);
  g_clear_pointer (&self->gateway, regia_process_free);
  g_clear_pointer (&self->relays, g_ptr_array_unref);
  g_clear_pointer (&self->watch, regia_watch_free);
  g_clear_pointer (&self->control, regia_control_free);
  g_clear_pointer (&self->config, regia_config_unref);
  g_clear_pointer (&self->show_file, regia_show_file_free);
  regia_show_clear (&self->show);
  regia_handed_close (&self->handed);
  g_free (self->run_dir);
  g_free (self->recordings_dir);
  g_free (self->show_path);
  g_free (self->event_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Director, director_clear)

gboolean
regia_director_run (RegiaConfig *config, const RegiaDirectorOptions *options, GError **error)
{
  g_auto (Director) self = {.options = options, .handed = REGIA_HANDED_INIT, .locks = REGIA_LOCKS_INIT};
  guint sources[4];

  self.config = regia_config_ref (config);
  self.values = regia_config_get (config);
  self.started_us = g_get_monotonic_time ();
  self.relays = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_process_free);
  /* The locks are held until the process ends, whatever becomes of the rest of this. */
  if (!prepare_folders (&self, error) || !regia_locks_take (&self.locks, self.run_dir, TRUE, error) ||
      !regia_handed_open (&self.handed, options->keep_event ? self.event_path : options->config_path,
                          self.run_dir, error) ||
      !begin_show (&self, error) || !open_control (&self, error))
    return FALSE;
  self.loop = g_main_loop_new (NULL, FALSE);
  start_processes (&self);
  sources[0] = g_unix_signal_add (SIGINT, signal_cb, &self);
  sources[1] = g_unix_signal_add (SIGTERM, signal_cb, &self);
  sources[2] = g_timeout_add (1000, tick_cb, &self);
  sources[3] = g_unix_signal_add (SIGHUP, signal_cb, &self);
  report (&self);
  g_main_loop_run (self.loop);
  regia_show_file_save_at_last (self.show_file);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  report (&self);
  return TRUE;
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
  usable = show.on_air && g_str_equal (show.config_path, config_path) &&
           regia_show_idle_s (&show, &now) < REGIA_SHOW_RESUME_LIMIT_S;
  regia_show_clear (&show);
  return usable && g_file_test (event_path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&event_path) : NULL;
}
