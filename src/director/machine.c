/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "machine-private.h"

#include <math.h>
#include <stdio.h>

#define EVERY_S 5
/* What a sensor that is not connected says lies outside. */
#define COLDEST_C -20
#define HOTTEST_C 150

struct _RegiaMachine {
  char *thermal, *stat;      /* (owned) */
  GCancellable *cancellable; /* (owned) */
  gboolean looking;
  guint ticks;
  guint64 used, all; /* as last read */
  double temperature_c, load_percent;
};

/* What is asked of the thread, and what it has seen. */
typedef struct {
  char *thermal, *stat; /* (owned) */
  double temperature_c;
  guint64 used, all; /* 0, 0: not known */
} Look;

static void
look_free (gpointer data)
{
  Look *look = data;

  g_free (look->thermal);
  g_free (look->stat);
  g_free (look);
}

RegiaMachine *
regia_machine_new (const char *thermal, const char *stat)
{
  RegiaMachine *self = g_new0 (RegiaMachine, 1);

  self->thermal = g_strdup (thermal);
  self->stat = g_strdup (stat);
  self->cancellable = g_cancellable_new ();
  self->temperature_c = self->load_percent = NAN;
  return self;
}

void
regia_machine_free (RegiaMachine *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_free (self->thermal);
  g_free (self->stat);
  g_free (self);
}

double
regia_machine_read_temperature (const char *thermal)
{
  g_autoptr (GDir) dir = g_dir_open (thermal, 0, NULL);
  double hottest = NAN;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (thermal, name, "temp", NULL);
    g_autofree char *text = NULL;
    double degrees;
    char *end;

    if (!g_str_has_prefix (name, "thermal_zone") || !g_file_get_contents (path, &text, NULL, NULL))
      continue;
    degrees = (double)g_ascii_strtoll (text, &end, 10) / 1000;
    if (end != text && degrees > COLDEST_C && degrees < HOTTEST_C && !(degrees <= hottest))
      hottest = degrees;
  }
  return hottest;
}

gboolean
regia_machine_parse_stat (const char *text, guint64 *ret_used, guint64 *ret_all)
{
  unsigned long long user, nice, system, idle, wait, irq, softirq, steal;

  if (sscanf (text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq,
              &softirq, &steal) != 8)
    return FALSE;
  *ret_used = user + nice + system + irq + softirq + steal;
  *ret_all = *ret_used + idle + wait;
  return TRUE;
}

static void
look_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Look *look = task_data;
  g_autofree char *text = NULL;

  look->temperature_c = regia_machine_read_temperature (look->thermal);
  if (g_file_get_contents (look->stat, &text, NULL, NULL))
    regia_machine_parse_stat (text, &look->used, &look->all);
  g_task_return_boolean (task, TRUE);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaMachine *self = user_data;
  const Look *look = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), NULL))
    return; /* cancelled: it is gone */
  self->looking = FALSE;
  self->temperature_c = look->temperature_c;
  if (self->all > 0 && look->all > self->all && look->used >= self->used)
    self->load_percent = 100.0 * (double)(look->used - self->used) / (double)(look->all - self->all);
  self->used = look->used;
  self->all = look->all;
}

void
regia_machine_tick (RegiaMachine *self)
{
  g_autoptr (GTask) task = NULL;
  Look *look;

  if (self->ticks++ % EVERY_S != 0 || self->looking)
    return;
  self->looking = TRUE;
  look = g_new0 (Look, 1);
  look->thermal = g_strdup (self->thermal);
  look->stat = g_strdup (self->stat);
  task = g_task_new (NULL, self->cancellable, looked_cb, self);
  g_task_set_check_cancellable (task, TRUE);
  g_task_set_task_data (task, look, look_free);
  g_task_run_in_thread (task, look_thread);
}

double
regia_machine_get_temperature (const RegiaMachine *self)
{
  return self->temperature_c;
}

double
regia_machine_get_load (const RegiaMachine *self)
{
  return self->load_percent;
}
