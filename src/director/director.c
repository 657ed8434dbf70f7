/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "regia/director/director.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "control-private.h"
#include "process-private.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/base/named.h"
#include "regia/control/paths.h"
#include "show-private.h"
#include "status-private.h"

#define HURRY_MS            1500
#define STOP_DEADLINE_MS    10000
#define ORPHANS_DEADLINE_MS 6000
#define SAVE_DEADLINE_MS    3000
#define HEARTBEAT_S         10
/* Viewers' pages ask every 3 s: they are to hear that the event is over before the gateway goes. */
#define FAREWELL_MS 5000
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
  int lock_fd;
  GMainLoop *loop;       /* (owned) */
  RegiaControl *control; /* (owned) */
  RegiaShow show;
  RegiaShowState state;
  gint64 started_us, ended_us, farewell_us;
  RegiaProcess *engine, *recorder, *gateway; /* (owned); recorder (nullable) */
  GPtrArray *relays;                         /* (owned) (element-type RegiaProcess) */
  gboolean quit, ready_told, hurry;
  Advance programme, recording;
  guint ticks;
  gboolean saving, save_again; /* show.json, on a worker thread */
  int exit_signals;
} Director;

/* Starting: folders, lock, state */

/*
 * The lock is held by the director and, through inheritance, by every child: while it is taken either another
 * director runs, or children of one that died are still on their way out.
 */
static gboolean
take_lock (Director *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->run_dir, "alive.lock", NULL);
  g_autofree char *owner_path = g_build_filename (self->run_dir, "director.lock", NULL);
  gint64 deadline_us = g_get_monotonic_time () + ORPHANS_DEADLINE_MS * 1000;
  int owner_fd = open (owner_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (owner_fd < 0 || flock (owner_fd, LOCK_EX | LOCK_NB) < 0) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 "another Regia runs on %s already; `regia status` shows it, `regia stop` ends it, --state "
                 "chooses another folder",
                 self->options->state_dir);
    return FALSE;
  }
  /* Held until the process ends; the descriptor is never used again. */
  self->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->lock_fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    return FALSE;
  }
  while (flock (self->lock_fd, LOCK_EX | LOCK_NB) < 0) {
    if (g_get_monotonic_time () > deadline_us) {
      g_warning ("processes of an earlier Regia on %s do not end; going on beside them",
                 self->options->state_dir);
      break;
    }
    g_usleep (
        20000); /* there is no event for "the last holder let go" that can be waited for with a deadline */
  }
  return TRUE;
}

static gboolean
prepare_folders (Director *self, GError **error)
{
  const char *recordings = self->values->folder;

  self->run_dir = g_build_filename (self->options->state_dir, "run", NULL);
  self->show_path = g_build_filename (self->options->state_dir, "show.json", NULL);
  self->event_path = g_build_filename (self->run_dir, "event.conf", NULL);
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

/* The children run from a copy: whatever happens to the event file during the event, a restarted process
 * means the same show. */
static gboolean
copy_event (Director *self, GError **error)
{
  g_autoptr (GByteArray) text = NULL;

  if (self->options->keep_event || g_str_equal (self->options->config_path, self->event_path))
    return TRUE;
  text = regia_named_read (self->options->config_path, REGIA_CONFIG_MAX_BYTES, "check the name", error);
  if (text == NULL) {
    g_prefix_error (error, "%s: ", self->options->config_path);
    return FALSE;
  }
  return regia_file_replace (self->event_path, text->data, text->len, 0600, error);
}

static gboolean
save_show (Director *self, GError **error)
{
  g_autofree char *text = regia_show_to_json (&self->show);

  return regia_file_replace (self->show_path, text, strlen (text), 0600, error);
}

static void
save_show_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_auto (GStrv) job = g_strdupv (task_data);
  GError *error = NULL;

  if (regia_file_replace (job[0], job[1], strlen (job[1]), 0600, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void save_show_later (Director *self);

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Director *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_warning ("the show's state cannot be kept; after a crash this show would begin anew: %s",
               error->message);
  self->saving = FALSE;
  if (self->save_again)
    save_show_later (self);
}

/* A disk that hangs or is full must not stop the director, so once the show runs its state is written
 * elsewhere: one at a time, the newest last. */
static void
save_show_later (Director *self)
{
  g_autoptr (GTask) task = NULL;
  char **job;

  self->save_again = self->saving;
  if (self->saving)
    return;
  self->saving = TRUE;
  task = g_task_new (NULL, NULL, saved_cb, self);
  job = g_new0 (char *, 3);
  job[0] = g_strdup (self->show_path);
  job[1] = regia_show_to_json (&self->show);
  g_task_set_task_data (task, job, (GDestroyNotify)g_strfreev);
  g_task_run_in_thread (task, save_show_thread);
}

/* At the end: what is on its way is waited for, within reason, so that the last word is the last that is
 * written. A disk that does not take it makes no failure of an event that has ended in order: whoever starts
 * what fails would put it on the air again. */
static void
save_show_at_last (Director *self)
{
  gint64 deadline_us = g_get_monotonic_time () + SAVE_DEADLINE_MS * 1000;
  g_autoptr (GError) error = NULL;

  while (self->saving && g_get_monotonic_time () < deadline_us)
    g_main_context_iteration (NULL, TRUE);
  if (self->saving)
    g_warning ("%s: the disk does not answer; the next start may go on with this show", self->show_path);
  else if (!save_show (self, &error))
    g_warning ("%s; the next start of this event may go on with this show, --new begins another",
               error->message);
}

static gint64
idle_seconds (const char *path)
{
  struct stat st;

  if (stat (path, &st) < 0)
    return G_MAXINT64;
  return regia_clock_realtime_ns () / REGIA_SECOND - st.st_mtime;
}

/* Decides between going on and beginning anew. Going on, a disk that is full or read-only does not keep the
 * show off the air: what lies there from before is still right. */
static gboolean
begin_show (Director *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  RegiaShow old = {0};
  gboolean have_old = regia_show_load (self->show_path, &old, &local_error);
  gboolean resumes = have_old && !self->options->fresh &&
                     regia_show_may_resume (&old, self->values->id, idle_seconds (self->show_path));

  if (local_error != NULL)
    g_warning ("%s; a new show begins, recordings are not touched", local_error->message);
  g_clear_error (&local_error);
  if (resumes) {
    self->show = old;
    if (regia_epoch_rebase_now (&self->show.epoch))
      g_message ("the computer was restarted; show time goes on by the wall clock");
    g_message ("going on with the interrupted show, session %s", self->show.session);
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
  if (copy_event (self, &local_error) && save_show (self, &local_error))
    return TRUE;
  if (resumes && g_file_test (self->event_path, G_FILE_TEST_IS_REGULAR)) {
    g_warning ("%s; the show goes on with what was kept before", local_error->message);
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

  if (process == self->engine) {
    self->show.generation++;
    save_show_later (self);
  }
#define ADD(...) g_ptr_array_add (arguments, g_strdup_printf (__VA_ARGS__))
  ADD ("child");
  ADD ("%s", instance != NULL ? "relay" : name);
  ADD ("--control-fd=3");
  ADD ("--event=%s", self->event_path);
  ADD ("--base=%s", self->options->base_dir);
  ADD ("--run=%s", self->run_dir);
  ADD ("--recordings=%s", self->recordings_dir);
  ADD ("--session=%s", self->show.session);
  ADD ("--epoch=%s", epoch);
  ADD ("--generation=%" G_GUINT64_FORMAT, self->show.generation);
  if (instance != NULL)
    ADD ("--instance=%s", instance);
#undef ADD
  g_ptr_array_add (arguments, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&arguments), FALSE);
}

static GVariant *
build_status (Director *self)
{
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
                            .relays = self->relays};

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
      if (self->farewell_us > self->ended_us)
        self->farewell_us = g_get_monotonic_time () + (gint64)FAREWELL_MS * 1000;
      self->show.on_air = FALSE;
      save_show_later (self);
    }
    g_message ("the event is over");
    report (self);
  }
  if (self->state == REGIA_SHOW_ENDED && self->quit) {
    if (is_gone (self->gateway))
      g_main_loop_quit (self->loop);
    else if (g_get_monotonic_time () >= self->farewell_us)
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
    self->farewell_us = self->ended_us + (count_viewers (self) > 0 ? (gint64)FAREWELL_MS * 1000 : 0);
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
  self->farewell_us = 0;
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
  if (deserves_watchdog (self))
    sd_notify (0, "WATCHDOG=1");
  /* The time of show.json says until when the show was alive (see regia_show_may_resume()). */
  if (self->ticks % HEARTBEAT_S == 0 && self->show.on_air)
    save_show_later (self);
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

static gboolean
start_processes (Director *self, GError **error)
{
  g_autofree char *control_path = g_build_filename (self->run_dir, REGIA_CONTROL_SOCKET, NULL);

  self->control = regia_control_new (control_path, &control_methods, self, error);
  if (self->control == NULL)
    return FALSE;
  self->engine = regia_process_new ("engine", child_arguments, changed_cb, self, NULL, self->lock_fd);
  self->gateway = regia_process_new ("gateway", child_arguments, changed_cb, self,
                                     regia_control_get_read_only (self->control), -1);
  if (self->values->record)
    self->recorder = regia_process_new ("recorder", child_arguments, changed_cb, self, NULL, self->lock_fd);
  if (self->recorder != NULL)
    regia_process_set_finish_tries (self->recorder, 2);
  for (guint i = 0; i < self->values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (self->values->relays, i);
    g_autofree char *name = g_strdup_printf ("relay %s", relay->name);

    g_ptr_array_add (self->relays, regia_process_new (name, child_arguments, changed_cb, self, NULL, -1));
  }
  regia_process_start (self->engine);
  if (self->recorder != NULL)
    regia_process_start (self->recorder);
  regia_process_start (self->gateway);
  for (guint i = 0; i < self->relays->len; i++)
    regia_process_start (g_ptr_array_index (self->relays, i));
  return TRUE;
}

static void
director_clear (Director *self)
{
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->engine, regia_process_free);
  g_clear_pointer (&self->recorder, regia_process_free);
  g_clear_pointer (&self->gateway, regia_process_free);
  g_clear_pointer (&self->relays, g_ptr_array_unref);
  g_clear_pointer (&self->control, regia_control_free);
  g_clear_pointer (&self->config, regia_config_unref);
  regia_show_clear (&self->show);
  g_free (self->run_dir);
  g_free (self->recordings_dir);
  g_free (self->show_path);
  g_free (self->event_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Director, director_clear)

gboolean
regia_director_run (RegiaConfig *config, const RegiaDirectorOptions *options, GError **error)
{
  g_auto (Director) self = {.options = options, .lock_fd = -1};
  guint sources[4];

  self.config = regia_config_ref (config);
  self.values = regia_config_get (config);
  self.started_us = g_get_monotonic_time ();
  self.relays = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_process_free);
  if (!prepare_folders (&self, error) || !take_lock (&self, error) || !begin_show (&self, error))
    return FALSE;
  self.loop = g_main_loop_new (NULL, FALSE);
  if (!start_processes (&self, error))
    return FALSE;
  sources[0] = g_unix_signal_add (SIGINT, signal_cb, &self);
  sources[1] = g_unix_signal_add (SIGTERM, signal_cb, &self);
  sources[2] = g_timeout_add (1000, tick_cb, &self);
  sources[3] = g_unix_signal_add (SIGHUP, signal_cb, &self);
  report (&self);
  g_main_loop_run (self.loop);
  save_show_at_last (&self);
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
  gboolean usable;

  if (!regia_show_load (show_path, &show, &error))
    return NULL;
  usable = show.on_air && g_str_equal (show.config_path, config_path) &&
           idle_seconds (show_path) < REGIA_SHOW_RESUME_LIMIT_S;
  regia_show_clear (&show);
  return usable && g_file_test (event_path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&event_path) : NULL;
}
