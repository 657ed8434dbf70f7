/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "audit-private.h"
#include "director-private.h"
#include "regia/base/error.h"
#include "regia/base/json.h"
#include "regia/config/ingest.h"
#include "regia/config/scene.h"

/*
 * What people want of a running show. A command makes another desired state; that is persisted, then takes
 * effect, then the command is answered: whoever has an answer knows that no kill undoes it, and one that was
 * refused never was in effect. One at a time is on its way to the disk, the others wait in order.
 *
 * `private on` alone does not wait for the disk: it takes effect at once, is answered when the engine says
 * that it does (or was killed for not doing so: it comes back private), and says whether it could be kept.
 */

#define PRIVATE_US (G_USEC_PER_SEC)     /* for the engine to do it */
#define KEPT_US    (2 * G_USEC_PER_SEC) /* for the disk to keep what is in effect already */
#define LOOK_MS    100                  /* how often, meanwhile */

typedef struct {
  char *id, *who;   /* (owned) */
  GVariant *change; /* (owned) */
  RegiaCommandsDoneFunc done;
  gpointer user_data;
  gint64 asked_us;
  guint64 version;     /* private on: that the engine is to reach */
  gboolean at_once;    /* private on */
  gboolean seen;       /* … the engine does it */
  gboolean saved;      /* the disk has it, or has refused */
  guint64 last_ms;     /* … show time of the last public frame */
  char *save_error;    /* (owned) (nullable) */
  RegiaConfig *config; /* (owned) (nullable): the event with other sources, which it puts in effect */
  gboolean answered;   /* too late for the disk: only waits for it */
} Command;

/* What a thread reads the sources of; also the way back. */
typedef struct {
  RegiaCommands *commands; /* (unowned) (nullable): %NULL when nobody waits any more; main thread */
  RegiaConfig *event;      /* (owned) */
  RegiaDesired *wanted;    /* (owned) */
  char *name;              /* (owned) (nullable): that of which the pipeline file is read */
} Check;

struct _RegiaCommands {
  RegiaDirector *director;
  GQueue waiting;    /* (element-type Command): not yet looked at */
  Command *saving;   /* (owned) (nullable): on its way to the disk, or being checked before that … */
  Check *check;      /* (nullable): … by a thread, which owns this */
  GPtrArray *urgent; /* (owned) (element-type Command): private on */
  guint looker;      /* source: while there is an urgent one */
  RegiaAudit *audit; /* (owned) */
};

static void next (RegiaCommands *self);

static void
command_free (Command *command)
{
  g_free (command->id);
  g_free (command->who);
  g_free (command->save_error);
  g_clear_pointer (&command->config, regia_config_unref);
  g_variant_unref (command->change);
  g_free (command);
}

/* audit.jsonl */

/* Those who follow it are told with their part: complete each time, so that none is lost on the way. */
static void
audited_cb (gpointer user_data)
{
  RegiaProcesses *processes = ((RegiaCommands *)user_data)->director->processes;

  for (guint i = 0; processes != NULL && i < processes->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (processes, i);

    if (entry->kind->commands)
      regia_process_apply (entry->process);
  }
}

GVariant *
regia_commands_get_audit (RegiaCommands *self)
{
  return regia_audit_get_last (self->audit);
}

static void
log_line (RegiaCommands *self, const char *who, const char *id, GVariant *change, const char *outcome)
{
  g_autofree char *wall = regia_time_format_iso (regia_clock_realtime_ns ());
  g_autoptr (GVariant) said = g_variant_ref_sink (change), shown = regia_desired_without_secrets (said);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "at", "s", wall);
  g_variant_dict_insert (&dict, "session", "s", self->director->show.session);
  g_variant_dict_insert (&dict, "show-time-ms", "t",
                         (guint64)MAX (regia_epoch_show_time (&self->director->show.epoch), 0) /
                             REGIA_MSECOND);
  g_variant_dict_insert (&dict, "who", "s", who);
  g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert_value (&dict, "change", shown);
  g_variant_dict_insert (&dict, "outcome", "s", outcome);
  g_variant_dict_insert (&dict, "version", "t", self->director->desired->version);
  regia_audit_write (self->audit, regia_json_from_variant (g_variant_dict_end (&dict), FALSE));
}

void
regia_commands_log (RegiaCommands *self, const char *who, const char *what)
{
  log_line (self, who, "", g_variant_new_parsed ("{'show': <%s>}", what), "done");
}

void
regia_commands_log_people (RegiaCommands *self, const char *who, const char *what)
{
  log_line (self, who, "", g_variant_new_parsed ("{'people': <%s>}", what), "done");
}

void
regia_commands_log_file (RegiaCommands *self, const char *who, const char *what)
{
  log_line (self, who, "", g_variant_new_parsed ("{'file': <%s>}", what), "done");
}

void
regia_commands_log_alarm (RegiaCommands *self, const char *id, gboolean raised)
{
  log_line (self, "regia", "", g_variant_new_parsed ("{'alarm': <%s>}", id), raised ? "raised" : "over");
}

/* Effect */

void
regia_director_put_into_effect (RegiaDirector *director, RegiaDesired *desired)
{
  if (director->desired != desired) {
    regia_desired_unref (director->desired);
    director->desired = regia_desired_ref (desired);
  }
  regia_director_match_relays (director);
  regia_director_enforce (director);
  regia_processes_apply (director->processes);
  regia_director_report (director);
}

/* (transfer full): their names. */
static char **
name_relays (RegiaConfig *config)
{
  GPtrArray *relays = regia_config_get (config)->relays;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < relays->len; i++)
    g_strv_builder_add (names, ((const RegiaConfigRelay *)g_ptr_array_index (relays, i))->name);
  return g_strv_builder_end (names);
}

/* (transfer full): their names. */
static char **
name_sources (RegiaConfig *config)
{
  GPtrArray *sources = regia_config_get (config)->sources;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < sources->len; i++)
    g_strv_builder_add (names, ((const RegiaConfigSource *)g_ptr_array_index (sources, i))->name);
  return g_strv_builder_end (names);
}

static RegiaDesired *
change (RegiaCommands *self, RegiaDesired *from, const Command *command, GError **error)
{
  RegiaDirector *director = self->director;
  g_autoptr (GVariant) engine = regia_processes_get_state (director->processes, "engine");
  g_auto (GStrv) relays = name_relays (director->config), own_relays = name_relays (director->event),
                 sources = name_sources (director->config), own_sources = name_sources (director->event);
  RegiaDesiredContext context = {
      .now_ms = (guint64)MAX (regia_epoch_show_time (&director->show.epoch), 0) / REGIA_MSECOND,
      .wall_s = regia_clock_realtime_ns () / REGIA_SECOND,
      .replaced = engine != NULL ? regia_json_get_string (engine, "scene-for") : NULL,
      .relays = (const char *const *)relays,
      .own_relays = (const char *const *)own_relays,
      .scenes = (const char *const *)director->values->shows,
      .audios = director->values->audios,
      .sources = (const char *const *)sources,
      .own_sources = (const char *const *)own_sources,
      .slates = (const char *const *)director->values->look_slates,
      .talks = director->values->talks,
      .recorded = director->values->record,
      .rehearsed = director->rehearsing,
      .alarms = director->alarms != NULL ? regia_alarms_get (director->alarms) : NULL,
      .who = command->who,
  };

  return regia_desired_change (from, command->id, command->change, &context, error);
}

static void
answer (RegiaCommands *self, Command *command, gboolean repeated)
{
  g_autoptr (GVariant) result = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "t", self->director->desired->version);
  g_variant_dict_insert (&dict, "repeated", "b", repeated);
  g_variant_dict_insert (&dict, "kept", "b", command->saved && command->save_error == NULL);
  if (command->at_once)
    g_variant_dict_insert (&dict, "last-public-ms", "t", command->last_ms);
  if (command->save_error != NULL)
    g_variant_dict_insert (&dict, "note", "s", command->save_error);
  result = g_variant_ref_sink (g_variant_dict_end (&dict));
  log_line (self, command->who, command->id, command->change, repeated ? "repeated" : "done");
  command->done (result, NULL, command->user_data);
  command->answered = TRUE;
}

static void
refuse (RegiaCommands *self, Command *command, const GError *error)
{
  g_autofree char *outcome = g_strconcat ("refused: ", error->message, NULL);

  log_line (self, command->who, command->id, command->change, outcome);
  command->done (NULL, error, command->user_data);
  command->answered = TRUE;
}

/* The ordinary way: disk, effect, answer */

static void
saved_cb (const GError *error, gpointer user_data)
{
  RegiaCommands *self = user_data;
  RegiaDirector *director = self->director;
  Command *command = g_steal_pointer (&self->saving);

  command->saved = TRUE;
  if (error == NULL) {
    if (command->config != NULL)
      regia_director_take_sources (director, g_steal_pointer (&command->config));
    regia_director_put_into_effect (director, director->show.desired);
    answer (self, command, FALSE);
  } else {
    g_autoptr (GError) refusal = g_error_new (
        error->domain, error->code, "it could not be kept, so nothing was changed: %s", error->message);

    regia_desired_unref (director->show.desired);
    director->show.desired = regia_desired_ref (director->desired);
    regia_show_file_save_later (director->show_file);
    refuse (self, command, refusal);
  }
  command_free (command);
  next (self);
}

static void
save (RegiaCommands *self, Command *command, RegiaDesired *wanted)
{
  RegiaDirector *director = self->director;

  regia_desired_unref (director->show.desired);
  director->show.desired = wanted;
  self->saving = command;
  regia_show_file_save_then (director->show_file, saved_cb, self);
}

/* Other sources: they are read as those of a file are, by a thread, because that reads pipeline files. */

static void
check_free (gpointer data)
{
  Check *check = data;

  regia_config_unref (check->event);
  regia_desired_unref (check->wanted);
  g_free (check->name);
  g_free (check);
}

static void
check_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Check *check = data;
  g_autoptr (GError) error = NULL;
  RegiaConfig *config =
      regia_config_change_sources (check->event, check->wanted->sources, check->name, &error);

  if (config != NULL)
    g_task_return_pointer (task, config, (GDestroyNotify)regia_config_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* Nobody's picture is taken away by a slip of the keyboard. */
static gboolean
stays_shown (RegiaDirector *director, RegiaConfig *config, GError **error)
{
  const char *shown = director->show.desired->scene;

  if (*shown == '\0')
    shown = regia_scenes_first_name (director->values);
  if (*shown == '\0' || g_strv_contains ((const char *const *)regia_config_get (config)->shows, shown))
    return TRUE;
  return regia_error_set_usage (
      error, "%s is shown, and would not be there any more; show another scene first, with `regia scene`",
      shown);
}

static gboolean
is_listened_for (const RegiaConfigValues *values, const RegiaConfigSource *wanted)
{
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);
    g_autoptr (RegiaConfigIngest) had = NULL, asked = NULL;

    if (!g_str_equal (source->name, wanted->name) || !regia_config_source_has_ingest (source))
      continue;
    had = regia_config_source_ingest (source, NULL);
    asked = regia_config_source_ingest (wanted, NULL);
    return had != NULL && asked != NULL && g_str_equal (had->hello, asked->hello);
  }
  return FALSE;
}

/* The listener opens what it listens at before it shuts itself in. */
static gboolean
are_listened_for (RegiaDirector *director, RegiaConfig *config, GError **error)
{
  const RegiaConfigValues *values = regia_config_get (config);

  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    if (regia_config_source_has_ingest (source) && !is_listened_for (director->values, source))
      return regia_error_set_usage (
          error,
          "%s: what senders call at (pipeline = " REGIA_CONFIG_INGEST
          ", its listen, application and key) is settled when an event begins; write "
          "it into the event file before",
          source->name);
  }
  return TRUE;
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = g_task_get_task_data (G_TASK (result));
  RegiaCommands *self = check->commands;
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = g_task_propagate_pointer (G_TASK (result), &error);
  RegiaDesired *wanted = NULL;
  Command *command;

  if (self == NULL)
    return;
  self->check = NULL;
  command = g_steal_pointer (&self->saving);
  if (check->event != self->director->event) {
    g_clear_error (&error);
    g_clear_pointer (&config, regia_config_unref);
    g_set_error_literal (&error, REGIA_ERROR, REGIA_ERROR_STATE, "another event is on by now");
  }
  /* Once more: the hall may have become private meanwhile. */
  if (config != NULL && stays_shown (self->director, config, &error) &&
      are_listened_for (self->director, config, &error))
    wanted = change (self, self->director->show.desired, command, &error);
  if (wanted != NULL) {
    command->config = g_steal_pointer (&config);
    save (self, command, wanted);
    return;
  }
  refuse (self, command, error);
  command_free (command);
  next (self);
}

/* @wanted is (transfer full). */
static void
check_sources (RegiaCommands *self, Command *command, RegiaDesired *wanted, const char *name)
{
  Check *check = g_new0 (Check, 1);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, checked_cb, NULL);

  check->commands = self;
  check->event = regia_config_ref (self->director->event);
  check->wanted = wanted;
  check->name = g_strdup (name);
  self->check = check;
  self->saving = command;
  g_task_set_task_data (task, check, check_free);
  g_task_run_in_thread (task, check_thread);
}

static void
begin (RegiaCommands *self, Command *command)
{
  RegiaDirector *director = self->director;
  g_autoptr (GError) error = NULL;
  RegiaDesired *wanted = change (self, director->show.desired, command, &error);
  const char *name;

  if (wanted == NULL || wanted == director->show.desired) {
    if (wanted == NULL) {
      refuse (self, command, error);
    } else {
      command->saved = TRUE;
      answer (self, command, TRUE);
      regia_desired_unref (wanted);
    }
    command_free (command);
    return;
  }
  if (regia_desired_is_about_sources (command->change, &name))
    check_sources (self, command, wanted, name);
  else
    save (self, command, wanted);
}

static void
next (RegiaCommands *self)
{
  while (self->saving == NULL && !g_queue_is_empty (&self->waiting))
    begin (self, g_queue_pop_head (&self->waiting));
}

/* private on */

static RegiaProcessEntry *
find_leader (RegiaCommands *self)
{
  for (guint i = 0; i < self->director->processes->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (self->director->processes, i);

    if (entry->kind->leads)
      return entry;
  }
  return NULL;
}

/* What does not run says nothing more, and begins private. */
static void
look_at_leader (RegiaCommands *self, Command *command)
{
  RegiaProcessEntry *leader = find_leader (self);
  g_autoptr (GVariant) state = leader != NULL ? regia_process_get_published (leader->process) : NULL;
  guint64 applied = 0;

  if (leader == NULL || regia_process_get_state (leader->process) != REGIA_PROCESS_RUNNING) {
    command->seen = TRUE;
  } else if (g_variant_lookup (state, "applied", "t", &applied) && applied >= command->version) {
    g_variant_lookup (state, "last-public-ms", "t", &command->last_ms);
    command->seen = TRUE;
  } else if (g_get_monotonic_time () - command->asked_us > PRIVATE_US) {
    regia_process_kill (leader->process, "it did not become private when it was told to");
    command->seen = TRUE;
  }
}

static void
look_at_urgent (RegiaCommands *self)
{
  for (guint i = 0; i < self->urgent->len; i++) {
    Command *command = g_ptr_array_index (self->urgent, i);

    if (!command->seen)
      look_at_leader (self, command);
    if (!command->saved && command->save_error == NULL &&
        g_get_monotonic_time () - command->asked_us > KEPT_US)
      command->save_error =
          g_strdup ("the hall is private, but the disk does not answer: it is not known whether that would "
                    "survive a restart of this computer");
    if (command->seen && !command->answered && (command->saved || command->save_error != NULL))
      answer (self, command, FALSE);
    if (command->answered && command->saved)
      g_ptr_array_remove_index (self->urgent, i--);
  }
}

static gboolean
look_cb (gpointer user_data)
{
  RegiaCommands *self = user_data;

  look_at_urgent (self);
  if (self->urgent->len > 0)
    return G_SOURCE_CONTINUE;
  self->looker = 0;
  return G_SOURCE_REMOVE;
}

static void
urgent_saved_cb (const GError *error, gpointer user_data)
{
  RegiaCommands *self = user_data;

  /* Every write says all of it, so one that went well is good for all that were there when it began; those
   * that came later have one of their own to come. */
  for (guint i = 0; i < self->urgent->len; i++) {
    Command *command = g_ptr_array_index (self->urgent, i);

    if (command->saved)
      continue;
    command->saved = TRUE;
    if (error != NULL && command->save_error == NULL)
      command->save_error =
          g_strdup_printf ("the hall is private, but that could not be kept (%s): it would not survive a "
                           "restart of this computer",
                           error->message);
    break;
  }
  look_at_urgent (self);
}

static void
begin_urgent (RegiaCommands *self, Command *command)
{
  RegiaDirector *director = self->director;
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaDesired) wanted = change (self, director->desired, command, &error);
  RegiaDesired *kept;

  if (wanted == NULL) {
    refuse (self, command, error);
    command_free (command);
    return;
  }
  command->at_once = TRUE;
  /* What is on its way to the disk is to say it too. */
  kept = self->saving != NULL ? change (self, director->show.desired, command, NULL)
                              : regia_desired_ref (wanted);
  regia_desired_unref (director->show.desired);
  director->show.desired = kept != NULL ? kept : regia_desired_ref (wanted);
  command->version = wanted->version;
  g_ptr_array_add (self->urgent, command);
  if (self->looker == 0)
    self->looker = g_timeout_add (LOOK_MS, look_cb, self);
  regia_director_put_into_effect (director, wanted);
  regia_show_file_save_then (director->show_file, urgent_saved_cb, self);
  look_at_urgent (self);
}

/* From outside */

RegiaCommands *
regia_commands_new (RegiaDirector *director)
{
  g_autofree char *path = g_build_filename (director->options->state_dir, "audit.jsonl", NULL);
  RegiaCommands *self = g_new0 (RegiaCommands, 1);

  self->director = director;
  g_queue_init (&self->waiting);
  self->urgent = g_ptr_array_new_with_free_func ((GDestroyNotify)command_free);
  self->audit = regia_audit_new (path, audited_cb, self);
  return self;
}

static void
refuse_at_end (RegiaCommands *self, Command *command)
{
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "Regia went away before it could be kept");

  if (!command->answered)
    refuse (self, command, error);
}

void
regia_commands_free (RegiaCommands *self)
{
  Command *command;

  if (self == NULL)
    return;
  while ((command = g_queue_pop_head (&self->waiting)) != NULL) {
    refuse_at_end (self, command);
    command_free (command);
  }
  if (self->check != NULL)
    self->check->commands = NULL;
  if (self->saving != NULL) {
    refuse_at_end (self, self->saving);
    command_free (self->saving);
  }
  for (guint i = 0; i < self->urgent->len; i++)
    refuse_at_end (self, g_ptr_array_index (self->urgent, i));
  g_ptr_array_unref (self->urgent);
  g_clear_handle_id (&self->looker, g_source_remove);
  regia_audit_free (self->audit);
  g_free (self);
}

void
regia_commands_take (RegiaCommands *self, const char *id, const char *who, GVariant *change,
                     RegiaCommandsDoneFunc done, gpointer user_data)
{
  Command *command = g_new0 (Command, 1);
  gboolean on = FALSE;

  command->id = g_strdup (id);
  command->who = g_strdup (who);
  command->change = g_variant_ref (change);
  command->done = done;
  command->user_data = user_data;
  command->asked_us = g_get_monotonic_time ();
  if (g_variant_n_children (change) == 1 && g_variant_lookup (change, "private", "b", &on) && on) {
    begin_urgent (self, command);
    return;
  }
  g_queue_push_tail (&self->waiting, command);
  next (self);
}

void
regia_commands_note (RegiaCommands *self, RegiaProcessEntry *entry)
{
  if (entry->kind->leads)
    look_at_urgent (self);
}
