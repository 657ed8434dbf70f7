/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include <math.h>

#include "director-private.h"
#include "status-private.h"

/*
 * The alarms of the present show: judged once a second, told to log, audit and whoever sees the status, and
 * kept with the show, so that one that goes on does not begin anew with the director. Nothing else comes of
 * one: what is to be done about it people do.
 */

static void
changed_cb (const RegiaAlarm *alarm, gpointer user_data)
{
  RegiaDirector *self = user_data;
  g_autofree char *text = regia_alarm_text (alarm, REGIA_ALARM_ENGLISH);

  if (alarm->raised)
    g_warning ("alarm %s (%s): %s", alarm->id, regia_alarm_severity (alarm->kind), text);
  else
    g_message ("alarm %s is over", alarm->id);
  regia_commands_log_alarm (self->commands, alarm->id, alarm->raised);
}

/* Those of another show are no longer of interest; it has its own. */
static void
take_show (RegiaDirector *self)
{
  if (self->alarms != NULL && g_strcmp0 (self->alarms_show, self->show.id) == 0)
    return;
  g_clear_pointer (&self->alarms, regia_alarms_free);
  g_free (self->alarms_show);
  self->alarms_show = g_strdup (self->show.id);
  self->alarms = regia_alarms_new (self->show.alarms);
}

/* (transfer full) (element-type GVariant) */
static GPtrArray *
relay_states (RegiaProcesses *processes)
{
  GPtrArray *states = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);

  for (guint i = 0; i < processes->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (processes, i);

    if (entry->kind->many)
      g_ptr_array_add (states, regia_process_get_published (entry->process));
  }
  return states;
}

void
regia_director_judge_alarms (RegiaDirector *self)
{
  const RegiaStatusInput status = {
      .show = &self->show, .desired = self->desired, .ready = self->ready, .ended = self->ended};
  g_autoptr (GVariant) engine = NULL, recorder = NULL, gateway = NULL;
  g_autoptr (GPtrArray) relays = NULL;
  RegiaAlarmsInput input;

  if (regia_service_is_exchanging (self->service))
    return;
  if (self->machine == NULL)
    self->machine = regia_machine_new ("/sys/class/thermal", "/proc/stat");
  regia_machine_tick (self->machine);
  take_show (self);
  engine = regia_processes_get_state (self->processes, "engine");
  recorder = regia_processes_get_state (self->processes, "recorder");
  gateway = regia_processes_get_state (self->processes, "gateway");
  relays = relay_states (self->processes);
  input = (RegiaAlarmsInput){
      .config = self->values,
      .desired = self->desired,
      .state = regia_status_state (&status),
      .engine = engine,
      .recorder = recorder,
      .gateway = gateway,
      .relays = relays,
      .temperature_c = regia_machine_get_temperature (self->machine),
      .load_percent = regia_machine_get_load (self->machine),
      .now_ms = g_get_monotonic_time () / 1000,
      .show_ms = regia_epoch_show_time (&self->show.epoch) / REGIA_MSECOND,
      .wall_ms = regia_clock_realtime_ns () / REGIA_MSECOND,
  };
  if (!regia_alarms_step (self->alarms, &input, changed_cb, self))
    return;
  g_clear_pointer (&self->show.alarms, g_variant_unref);
  self->show.alarms = g_variant_ref_sink (regia_alarms_to_kept (self->alarms));
  regia_show_file_save_later (self->show_file);
}

void
regia_director_free_alarms (RegiaDirector *self)
{
  g_clear_pointer (&self->alarms, regia_alarms_free);
  g_clear_pointer (&self->machine, regia_machine_free);
  g_clear_pointer (&self->alarms_show, g_free);
}
