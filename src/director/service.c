/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "service-private.h"

#include <systemd/sd-daemon.h>

#include "director-private.h"
#include "editor-private.h"
#include "folder-private.h"
#include "prepare-private.h"
#include "regia/base/error.h"

/* So long an event that was ended is shown as that; then the next is announced. */
#define ENDED_US  (60 * G_USEC_PER_SEC)
#define NO_FOLDER "what runs here is one event file and has no folder of events; --events=FOLDER names one"

/*
 * What is on the air needs neither hall nor folder: it goes on from its merged copy, in run/event.conf.
 *
 * What is there gives way to something else (a Change: an event, or the hall without one) in three steps:
 *
 *   preparing  a thread reads all that it takes; the copy is written
 *   saving     an event: show.json says that it is on the air; then it is answered
 *   going      the processes of before end, since the new ones need their port; then the new ones are started
 *
 * There is one at a time. Until the second step is done nothing has happened, and whoever wants an end gets
 * it at once; after that it is an event that begins, and ends in order when it has begun.
 */
typedef enum { PREPARING, SAVING, GOING } Step;

typedef struct {
  char *name;                     /* (owned) (nullable): the event; none: back to standby */
  char *who;                      /* (owned) */
  RegiaControlCommandedFunc done; /* (nullable): still to be answered … */
  gpointer data;                  /* … with this */
  GCancellable *cancellable;      /* (owned) */
  Step step;
  RegiaExchange *exchange; /* (owned) (nullable) while it is prepared */
  RegiaShow before;        /* (owned) from the second step on */
  gboolean continued, rehearse;
} Change;

struct _RegiaService {
  RegiaDirector *director;
  char *hall_path, *events_dir; /* (owned) */
  RegiaFolder *folder;          /* (owned) */
  RegiaEditor *editor;          /* (owned) */
  char *start_error;            /* (owned) (nullable): why one cannot start by itself */
  GArray *askers;               /* (owned) (element-type Asker) */
  Change *change;               /* (owned) (nullable) */
  guint installer;              /* source */
  gboolean bare;                /* what is there is the hall alone */
  gint64 over_us;               /* since when the event is over, 0 while it is not */
  gboolean stop, quit;          /* asked for while it was too late not to begin */
};

typedef struct {
  RegiaControlCommandedFunc done;
  gpointer data;
} Asker;

static void looked_cb (gboolean fresh, gpointer user_data);
static void edited_cb (const char *who, const char *what, gpointer user_data);

static void
change_free (Change *change)
{
  if (change == NULL)
    return;
  g_cancellable_cancel (change->cancellable);
  g_object_unref (change->cancellable);
  regia_exchange_free (change->exchange);
  regia_show_clear (&change->before);
  g_free (change->name);
  g_free (change->who);
  g_free (change);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

RegiaService *
regia_service_new (RegiaDirector *director, const char *hall_path, const char *events_dir)
{
  RegiaService *self = g_new0 (RegiaService, 1);

  self->director = director;
  self->hall_path = g_strdup (hall_path);
  self->events_dir = g_strdup (events_dir);
  self->folder = regia_folder_new (events_dir, hall_path, looked_cb, self);
  self->editor = regia_editor_new (edited_cb, self);
  self->askers = g_array_new (FALSE, FALSE, sizeof (Asker));
  return self;
}

static void
answer_askers (RegiaService *self, GVariant *result, const GError *error)
{
  g_autoptr (GArray) askers = g_steal_pointer (&self->askers);

  self->askers = g_array_new (FALSE, FALSE, sizeof (Asker));
  for (guint i = 0; i < askers->len; i++) {
    const Asker *asker = &g_array_index (askers, Asker, i);
    asker->done (result, error, asker->data);
  }
}

void
regia_service_free (RegiaService *self)
{
  g_autoptr (GError) error = NULL;

  if (self == NULL)
    return;
  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "Regia goes away");
  answer_askers (self, NULL, error);
  if (self->change != NULL && self->change->done != NULL)
    self->change->done (NULL, error, self->change->data);
  change_free (self->change);
  g_clear_handle_id (&self->installer, g_source_remove);
  regia_editor_free (self->editor);
  regia_folder_free (self->folder);
  g_array_unref (self->askers);
  g_free (self->hall_path);
  g_free (self->events_dir);
  g_free (self->start_error);
  g_free (self);
}

/* The start of the program */

/* (transfer full) (nullable): what the show runs from. */
static RegiaConfig *
load_shown (RegiaService *self, const RegiaShow *show)
{
  g_autofree char *base_dir = g_path_get_dirname (show->config_path);
  g_autoptr (GError) copy_error = NULL, file_error = NULL;
  RegiaConfig *config = regia_config_load (self->director->event_path, base_dir, &copy_error);

  if (config != NULL)
    return config;
  config = regia_config_load_in_hall (show->config_path, self->hall_path, &file_error);
  if (config == NULL)
    g_warning ("the show of %s cannot go on: %s; %s", show->config_path, copy_error->message,
               file_error->message);
  return config;
}

gboolean
regia_service_begin (RegiaService *self, GError **error)
{
  RegiaDirector *director = self->director;
  g_autoptr (GError) hall_error = NULL;
  RegiaShow old = {0};
  gboolean have_old;
  gint64 idle_s;
  g_autoptr (RegiaConfig) hall = NULL;
  RegiaConfig *config = NULL;
  RegiaShowNow now;
  RegiaStart start;

  if (!regia_director_read_show (director, "", &old, &have_old, &now, &idle_s, error))
    return FALSE;
  start = regia_show_decide_service (have_old ? &old : NULL, idle_s);
  hall = regia_config_load_hall (self->hall_path, &hall_error);
  if (start != REGIA_START_STAND_BY)
    config = load_shown (self, &old);
  if (config != NULL) {
    regia_director_use_config (director, config, regia_recordings_dir (config, director->options->state_dir));
    if (regia_show_settle (&old, director->recordings_dir))
      start = REGIA_START_FINISH;
    regia_director_resume (director, &old, &now, start);
    if (start == REGIA_START_FINISH)
      regia_show_note_ended (&director->show);
    director->resumed = TRUE;
    return TRUE;
  }
  director->show = old;
  if (hall == NULL) {
    g_propagate_error (error, g_steal_pointer (&hall_error));
    return FALSE;
  }
  if (!have_old) {
    director->show = (RegiaShow){.event_id = g_strdup (""),
                                 .id = regia_show_new_id (),
                                 .session = g_strdup (""),
                                 .config_path = g_strdup (""),
                                 .desired = regia_desired_new ()};
    regia_epoch_now (&director->show.epoch);
  }
  director->show.state = REGIA_SHOW_STANDBY;
  self->bare = TRUE;
  regia_director_use_config (director, regia_config_ref (hall),
                             regia_recordings_dir (hall, director->options->state_dir));
  return TRUE;
}

/* Exchanging */

static gboolean
is_over (RegiaService *self)
{
  return self->director->show.state == REGIA_SHOW_ENDED && self->director->ended;
}

/* Nothing is on and nothing is about to be. */
static gboolean
is_free (RegiaService *self)
{
  RegiaDirector *director = self->director;

  return (director->show.state == REGIA_SHOW_STANDBY || is_over (self)) && self->change == NULL &&
         !director->quit && !director->leaving;
}

gboolean
regia_service_is_changing (RegiaService *self)
{
  return self != NULL && self->change != NULL;
}

gboolean
regia_service_is_exchanging (RegiaService *self)
{
  return self != NULL && self->change != NULL && self->change->step != PREPARING;
}

const RegiaShow *
regia_service_get_shown (RegiaService *self, const RegiaShow *present)
{
  return regia_service_is_exchanging (self) ? &self->change->before : present;
}

const RegiaConfigValues *
regia_service_get_hall (RegiaService *self)
{
  RegiaConfig *hall = self != NULL ? regia_folder_get_hall (self->folder) : NULL;

  return hall != NULL ? regia_config_get (hall) : NULL;
}

/* Ends the change with a refusal. */
static void
refuse (RegiaService *self, const GError *error)
{
  g_autoptr (Change) change = g_steal_pointer (&self->change);

  if (change->step == SAVING) {
    regia_show_clear (&self->director->show);
    self->director->show = change->before;
    change->before = (RegiaShow){0};
    regia_show_file_save_later (self->director->show_file);
  }
  if (change->name != NULL)
    g_message ("%s was not started: %s", change->name, error->message);
  if (change->done != NULL) {
    change->done (NULL, error, change->data);
    return;
  }
  if (g_strcmp0 (error->message, self->start_error) != 0)
    g_warning ("an event cannot start by itself: %s", error->message);
  g_free (self->start_error);
  self->start_error = g_strdup (error->message);
}

gboolean
regia_service_hold_stop (RegiaService *self, gboolean quit)
{
  g_autoptr (GError) error = NULL;

  if (self == NULL || self->change == NULL)
    return FALSE;
  if (self->change->step == GOING) {
    self->stop = TRUE;
    self->quit = self->quit || quit;
    return TRUE;
  }
  error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE, "an end was asked for before it had begun");
  refuse (self, error);
  return FALSE;
}

/* Not from within a callback of a process that it frees. */
static gboolean
install_cb (gpointer user_data)
{
  RegiaService *self = user_data;
  RegiaDirector *director = self->director;
  Change *change;

  self->installer = 0;
  if (director->leaving)
    return G_SOURCE_REMOVE;
  change = g_steal_pointer (&self->change);
  regia_exchange_install (g_steal_pointer (&change->exchange), director);
  change_free (change);
  self->bare = director->show.state == REGIA_SHOW_STANDBY;
  if (self->bare) {
    regia_control_tell_begin (director->control);
    sd_notify (0, "STATUS=Waiting for an event");
  }
  regia_director_report (director);
  if (self->stop && (self->quit || !self->bare)) {
    regia_ending_stop (director, self->quit);
    if (director->hurry)
      regia_processes_hurry (director->processes);
  }
  self->stop = self->quit = FALSE;
  return G_SOURCE_REMOVE;
}

void
regia_service_note (RegiaService *self)
{
  if (self != NULL && self->change != NULL && self->change->step == GOING && self->installer == 0 &&
      regia_processes_are_gone (self->director->processes, TRUE))
    self->installer = g_idle_add (install_cb, self);
}

static void
begin_going (RegiaService *self)
{
  self->change->step = GOING;
  regia_processes_make_way (self->director->processes);
  regia_service_note (self);
}

static void
answer_start (RegiaService *self)
{
  Change *change = self->change;
  const RegiaShow *show = &self->director->show;
  g_autoptr (GVariant) result = NULL;
  g_autofree char *what = g_strdup_printf ("%s %s", change->rehearse ? "rehearse" : "start", show->event_id);
  GVariantDict dict;

  if (change->rehearse)
    g_message ("%s is rehearsed", show->config_path);
  else
    g_message ("%s begins, session %s", show->config_path, show->session);
  regia_control_tell_begin (self->director->control);
  regia_commands_log (self->director->commands, change->who, what);
  g_clear_pointer (&self->start_error, g_free);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", show->event_id);
  g_variant_dict_insert (&dict, "name", "s", regia_config_get (change->exchange->config)->name);
  g_variant_dict_insert (&dict, "session", "s", show->session);
  g_variant_dict_insert (&dict, "continued", "b", change->continued);
  result = g_variant_ref_sink (g_variant_dict_end (&dict));
  if (change->done != NULL)
    change->done (result, NULL, change->data);
  change->done = NULL;
}

/* @user_data: the service; where its change is another one by now, so is what was saved. */
static void
saved_cb (const GError *error, gpointer user_data)
{
  RegiaService *self = user_data;

  if (self->change == NULL || self->change->step != SAVING)
    return;
  if (error != NULL) {
    g_autoptr (GError) refusal = g_error_new (
        error->domain, error->code, "it could not be kept, so nothing was started: %s", error->message);
    refuse (self, refusal);
    return;
  }
  answer_start (self);
  begin_going (self);
}

/* Preparing */

/* (transfer full): the show that is to begin. */
static RegiaShow
make_show (const RegiaShow *before, const RegiaPrepared *prepared, gboolean rehearse)
{
  RegiaShow show;
  RegiaShowNow now;

  regia_show_copy (before, &show);
  if (prepared->continued) {
    regia_show_now (&now);
    regia_show_go_on (&show, &now, prepared->recorded_ns);
  } else {
    g_free (show.event_id);
    show.event_id = g_strdup (regia_config_get (prepared->exchange->config)->id);
    g_free (show.id);
    show.id = regia_show_new_id ();
    g_clear_pointer (&show.alarms, g_variant_unref);
    g_free (show.session);
    show.session = g_strdup (prepared->session);
    regia_desired_unref (show.desired);
    show.desired = regia_desired_new ();
    show.generation = 0;
    show.reached_ns = show.reached_wall_ns = show.aired_ns = 0;
    regia_epoch_now (&show.epoch);
  }
  g_free (show.config_path);
  show.config_path = g_strdup (prepared->file);
  show.state = rehearse ? REGIA_SHOW_REHEARSAL : REGIA_SHOW_ON_AIR;
  show.left = FALSE;
  if (!rehearse)
    regia_show_forget_ended (&show);
  return show;
}

static void
prepared_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaPrepared) prepared = g_task_propagate_pointer (G_TASK (result), &error);
  RegiaService *self;
  Change *change;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* nobody wants it any more; the service may be gone */
  self = user_data;
  change = self->change;
  if (prepared == NULL) {
    refuse (self, error);
    return;
  }
  change->exchange = g_steal_pointer (&prepared->exchange);
  change->continued = prepared->continued;
  change->before = self->director->show;
  if (change->name != NULL) {
    prepared->exchange = change->exchange;
    self->director->show = make_show (&change->before, prepared, change->rehearse);
    prepared->exchange = NULL;
    change->step = SAVING;
    regia_show_file_save_then (self->director->show_file, saved_cb, self);
    return;
  }
  regia_show_copy (&change->before, &self->director->show);
  self->director->show.state = REGIA_SHOW_STANDBY;
  regia_show_file_save_later (self->director->show_file);
  begin_going (self);
}

/* @name: (nullable): none: back to standby. */
static void
begin_change (RegiaService *self, const char *name, gboolean again, gboolean rehearse, const char *who,
              RegiaControlCommandedFunc done, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  const RegiaShow *show = &self->director->show;
  RegiaConfig *hall = regia_folder_get_hall (self->folder);
  Change *change = g_new0 (Change, 1);
  RegiaOrder *order = g_new0 (RegiaOrder, 1);

  change->name = g_strdup (name);
  change->who = g_strdup (who);
  change->rehearse = rehearse;
  change->done = done;
  change->data = data;
  change->cancellable = g_cancellable_new ();
  self->change = change;

  order->folder = g_strdup (self->events_dir);
  order->hall_path = g_strdup (self->hall_path);
  order->state_dir = g_strdup (self->director->options->state_dir);
  order->event_path = g_strdup (self->director->event_path);
  order->name = g_strdup (name);
  order->again = again;
  order->rehearse = rehearse;
  order->ended = g_strdupv (show->ended);
  order->last_id = g_strdup (show->event_id);
  order->last_session = g_strdup (show->session);
  order->hall = hall != NULL ? regia_config_ref (hall) : NULL;
  order->director = self->director;
  task = g_task_new (NULL, change->cancellable, prepared_cb, self);
  g_task_set_check_cancellable (task, TRUE);
  g_task_set_task_data (task, order, (GDestroyNotify)regia_order_free);
  g_task_run_in_thread (task, regia_prepare_thread);
}

void
regia_service_start (RegiaService *self, const char *name, gboolean again, gboolean rehearse, const char *who,
                     RegiaControlCommandedFunc done, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (self == NULL)
    error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE,
                                 "this Regia runs one event file; one that was started with `regia run "
                                 "--hall=HALL --events=FOLDER` starts the events of the folder");
  else if (self->director->quit || self->director->leaving)
    error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE, "Regia is about to end");
  else if (self->change != NULL && self->change->name != NULL)
    error = g_error_new (REGIA_ERROR, REGIA_ERROR_STATE, "%s is just being started", self->change->name);
  else if (self->change != NULL)
    error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE,
                                 "the event before is just being put away; try again in a second");
  else if (!is_free (self) && self->director->show.state >= REGIA_SHOW_ENDING)
    error =
        g_error_new (REGIA_ERROR, REGIA_ERROR_STATE,
                     "the recording of \"%s\" is still being finished; `regia status` tells how far it is",
                     self->director->values->name);
  else if (self->director->show.state == REGIA_SHOW_REHEARSAL)
    error = g_error_new (REGIA_ERROR, REGIA_ERROR_STATE,
                         "\"%s\" is being rehearsed; `regia stop` ends the rehearsal first",
                         self->director->values->name);
  else if (!is_free (self))
    error = g_error_new (REGIA_ERROR, REGIA_ERROR_STATE, "\"%s\" is on the air; `regia stop` ends it first",
                         self->director->values->name);
  if (error != NULL)
    done (NULL, error, data);
  else
    begin_change (self, name, again, rehearse, who, done, data);
}

/* Looking */

/* What was rehearsed goes on the air at its hour; the rehearsal of another event gives way. */
static void
begin_rehearsed (RegiaService *self, const RegiaEvent *due)
{
  RegiaDirector *director = self->director;

  if (self->change != NULL || director->airing != NULL || director->quit || director->leaving)
    return;
  if (g_str_equal (due->id, director->show.event_id)) {
    regia_airing_start (director, due->id, FALSE, "its hour", NULL, NULL);
    return;
  }
  g_message ("the rehearsal of %s gives way to %s, whose hour it is", director->show.event_id, due->id);
  begin_change (self, due->file, FALSE, FALSE, "its hour", NULL, NULL);
}

/* What is due begins; in standby a hall that was changed is taken. */
static void
follow (RegiaService *self)
{
  g_autoptr (GBytes) hall_text = regia_folder_get_hall_text (self->folder);
  const RegiaEvent *due =
      regia_folder_get_due (self->folder, (const char *const *)self->director->show.ended);

  if (due != NULL && self->director->show.state == REGIA_SHOW_REHEARSAL)
    begin_rehearsed (self, due);
  if (!is_free (self))
    return;
  if (due != NULL) {
    begin_change (self, due->file, FALSE, FALSE, "its hour", NULL, NULL);
    return;
  }
  g_clear_pointer (&self->start_error, g_free);
  if (self->director->show.state == REGIA_SHOW_STANDBY && hall_text != NULL &&
      !g_bytes_equal (hall_text, self->director->handed.event)) {
    if (self->bare)
      g_message ("%s was changed", self->hall_path);
    begin_change (self, NULL, FALSE, FALSE, "", NULL, NULL);
  }
}

static void
looked_cb (gboolean fresh, gpointer user_data)
{
  RegiaService *self = user_data;
  RegiaDirector *director = self->director;
  gboolean rehearsed = director->show.state == REGIA_SHOW_REHEARSAL;
  gboolean on = director->show.state > REGIA_SHOW_REHEARSAL && director->show.state < REGIA_SHOW_ENDED;

  if (fresh) {
    g_autoptr (GVariant) answer = regia_folder_describe (self->folder, on ? director->show.event_id : "",
                                                         rehearsed ? director->show.event_id : "",
                                                         (const char *const *)director->show.ended);
    answer_askers (self, answer, NULL);
  }
  follow (self);
}

void
regia_service_ask (RegiaService *self, RegiaControlCommandedFunc done, gpointer data)
{
  const Asker asker = {done, data};

  if (self == NULL) {
    g_autoptr (GError) error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE, NO_FOLDER);
    done (NULL, error, data);
    return;
  }
  g_array_append_val (self->askers, asker);
  regia_folder_look (self->folder);
}

/* Editing */

static void
edited_cb (const char *who, const char *what, gpointer user_data)
{
  RegiaService *self = user_data;

  regia_commands_log_file (self->director->commands, who, what);
  regia_folder_look (self->folder);
}

void
regia_service_edit (RegiaService *self, RegiaEdit *edit, const char *who, RegiaControlCommandedFunc done,
                    gpointer data)
{
  const RegiaShow *show;
  gboolean on;

  if (self == NULL) {
    g_autoptr (GError) error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE, NO_FOLDER);

    regia_edit_free (edit);
    done (NULL, error, data);
    return;
  }
  show = &self->director->show;
  on = show->state != REGIA_SHOW_STANDBY && !is_over (self);
  edit->events_dir = g_strdup (self->events_dir);
  edit->hall_path = g_strdup (self->hall_path);
  edit->running = g_strdup (on ? show->config_path : "");
  regia_editor_do (self->editor, edit, who, done, data);
}

void
regia_service_tick (RegiaService *self)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self == NULL)
    return;
  regia_folder_tick (self->folder, self->director->show.state >= REGIA_SHOW_ON_AIR && !is_over (self));
  regia_service_note (self);
  if (!is_over (self) || !is_free (self)) {
    self->over_us = is_over (self) ? self->over_us : 0;
    return;
  }
  if (self->over_us == 0)
    self->over_us = now_us;
  if (now_us - self->over_us >= ENDED_US && regia_folder_get_hall (self->folder) != NULL)
    begin_change (self, NULL, FALSE, FALSE, "", NULL, NULL);
}

void
regia_service_stand_by (RegiaService *self)
{
  if (self != NULL && self->change == NULL && regia_folder_get_hall (self->folder) != NULL)
    begin_change (self, NULL, FALSE, FALSE, "", NULL, NULL);
}

GVariant *
regia_service_announce (RegiaService *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) ended = NULL;

  if (self == NULL)
    return g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  if (self->director->show.ended != NULL)
    g_strv_builder_addv (builder, (const char **)self->director->show.ended);
  if (self->director->show.state >= REGIA_SHOW_ON_AIR)
    g_strv_builder_add (builder, self->director->show.event_id);
  ended = g_strv_builder_end (builder);
  return regia_folder_announce (self->folder, (const char *const *)ended);
}

void
regia_service_warn (RegiaService *self, GPtrArray *warnings)
{
  if (self == NULL)
    return;
  if (self->start_error != NULL)
    g_ptr_array_add (warnings, g_strdup_printf ("An event cannot start by itself: %s", self->start_error));
  regia_folder_warn (self->folder, warnings);
}
