/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "processes-private.h"

#include <string.h>

#include "readers-private.h"
#include "regia/config/ingest.h"

#define IN(state)  (1u << REGIA_SHOW_##state)
#define ALWAYS     (IN (STANDBY) | IN (REHEARSAL) | IN (ON_AIR) | IN (ENDING) | IN (ENDED))
#define KEYS(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define HURRY_MS   1500
#define STOP_MS    10000
#define GATEWAY_MS 3000
#define WAY_MS     1000
/* A programme or recording that stands still for this long is no longer vouched for to systemd. */
#define ADVANCE_LIMIT_US (8 * G_USEC_PER_SEC)

static gboolean
viewers_by_https (const RegiaConfigValues *config)
{
  return config->certificate != NULL;
}

static gboolean
console_by_https (const RegiaConfigValues *config)
{
  return regia_config_get_console (config) == REGIA_CONFIG_CONSOLE_HTTPS;
}

/*
 * The process table. The director walks it and knows no process by name; another kind is another row. A full
 * disk is not cured by a restart, so a recorder that says what keeps it from writing counts as moving on.
 */
static const RegiaProcessKind kinds[] = {
    {.kind = "engine",
     .wanted = IN (REHEARSAL) | IN (ON_AIR),
     .stop_ms = STOP_MS,
     .hurry_ms = HURRY_MS,
     .alive_lock = TRUE,
     .generation = TRUE,
     .leads = TRUE,
     .desired = KEYS ("private", "scene", "scene-fade-ms", "scene-held", "caption", "caption-line", "tone",
                      "faders"),
     .advance = "frames",
     .ingest = REGIA_HANDED_ENGINE},
    {.kind = "listener",
     .asked_for = regia_config_has_ingest,
     .wanted = IN (REHEARSAL) | IN (ON_AIR),
     .stop_ms = HURRY_MS,
     .hurry_ms = HURRY_MS,
     .ingest = REGIA_HANDED_LISTENER},
    {.kind = "recorder",
     .if_recorded = TRUE,
     .wanted = IN (ON_AIR),
     .hurry_ms = HURRY_MS,
     .finish_tries = 2,
     .alive_lock = TRUE,
     .reads = REGIA_READERS_RECORD,
     .desired = KEYS ("paused", "paused-spans", "marks", "private-spans"),
     .advance = "last-fragment-ms",
     .excuses = "no-space disk-error waiting paused"},
    {.kind = "gateway",
     .wanted = ALWAYS,
     .lasts = TRUE,
     .stop_ms = GATEWAY_MS,
     .hurry_ms = HURRY_MS,
     .recordings = TRUE,
     .reads = REGIA_READERS_PUBLIC,
     .https = viewers_by_https,
     .shows = TRUE},
    {.kind = "console",
     .wanted = ALWAYS,
     .lasts = TRUE,
     .stop_ms = GATEWAY_MS,
     .hurry_ms = HURRY_MS,
     .reads = REGIA_READERS_HOUSE,
     .https = console_by_https,
     .accounts = TRUE,
     .commands = TRUE,
     .shows = TRUE,
     .whole = TRUE},
    {.kind = "relay",
     .many = TRUE,
     .wanted = IN (ON_AIR),
     .stop_ms = STOP_MS,
     .hurry_ms = HURRY_MS,
     .reads = REGIA_READERS_PUBLIC},
};

static void
entry_free (RegiaProcessEntry *entry)
{
  regia_process_free (entry->process);
  g_free (entry);
}

const RegiaProcessKind *
regia_process_kind (const char *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, kind))
      return &kinds[i];
  g_return_val_if_reached (NULL);
}

gboolean
regia_process_speaks_https (const RegiaProcessKind *kind, const RegiaConfigValues *config)
{
  return kind->https != NULL && kind->https (config);
}

static void
add (RegiaProcesses *self, const RegiaProcessKind *kind, const char *instance,
     const RegiaProcessCallbacks *callbacks, gpointer user_data)
{
  RegiaProcessEntry *entry = g_new0 (RegiaProcessEntry, 1);

  entry->kind = kind;
  entry->process = regia_process_new (kind->kind, instance, callbacks, user_data);
  regia_process_set_finish_tries (entry->process, kind->finish_tries);
  g_ptr_array_add (self, entry);
}

RegiaProcesses *
regia_processes_new (const RegiaConfigValues *config, const RegiaProcessCallbacks *callbacks,
                     gpointer user_data)
{
  RegiaProcesses *self = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_free);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    gboolean none = (kinds[i].if_recorded && !config->record) ||
                    (kinds[i].asked_for != NULL && !kinds[i].asked_for (config));

    if (!kinds[i].many && !none)
      add (self, &kinds[i], "", callbacks, user_data);
  }
  regia_processes_match (self, config, callbacks, user_data);
  return self;
}

static gboolean
has_relay (const RegiaConfigValues *config, const char *name)
{
  for (guint i = 0; i < config->relays->len; i++)
    if (g_str_equal (((RegiaConfigRelay *)g_ptr_array_index (config->relays, i))->name, name))
      return TRUE;
  return FALSE;
}

static RegiaProcessEntry *
find_instance (RegiaProcesses *self, const RegiaProcessKind *kind, const char *instance)
{
  for (guint i = 0; i < self->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (self, i);

    if (entry->kind == kind && g_str_equal (regia_process_get_instance (entry->process), instance))
      return entry;
  }
  return NULL;
}

void
regia_processes_match (RegiaProcesses *self, const RegiaConfigValues *config,
                       const RegiaProcessCallbacks *callbacks, gpointer user_data)
{
  const RegiaProcessKind *kind = regia_process_kind ("relay");

  for (guint i = 0; i < self->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (self, i);

    entry->removed = entry->kind == kind && !has_relay (config, regia_process_get_instance (entry->process));
  }
  for (guint i = 0; i < config->relays->len; i++) {
    const char *name = ((RegiaConfigRelay *)g_ptr_array_index (config->relays, i))->name;

    if (find_instance (self, kind, name) == NULL)
      add (self, kind, name, callbacks, user_data);
  }
}

#define FOR_EACH(self, entry)                                                                                \
  for (guint entry##_i = 0; entry##_i < (self)->len; entry##_i++)                                            \
    for (RegiaProcessEntry *entry = g_ptr_array_index (self, entry##_i); entry != NULL; entry = NULL)

RegiaProcessEntry *
regia_processes_find (RegiaProcesses *self, RegiaProcess *process)
{
  FOR_EACH (self, entry)
  if (entry->process == process)
    return entry;
  g_return_val_if_reached (NULL);
}

RegiaProcessEntry *
regia_processes_find_name (RegiaProcesses *self, const char *name)
{
  FOR_EACH (self, entry)
  if (g_str_equal (regia_process_get_name (entry->process), name))
    return entry;
  return NULL;
}

static gboolean
is_gone (RegiaProcessEntry *entry)
{
  return regia_process_get_state (entry->process) == REGIA_PROCESS_STOPPED;
}

static void
enforce (RegiaProcessEntry *entry, RegiaShowState state)
{
  const RegiaProcessKind *kind = entry->kind;

  if ((kind->wanted & 1u << state) != 0 && !entry->held_back) {
    regia_process_start (entry->process);
  } else {
    gboolean over = state >= REGIA_SHOW_ENDING;

    /* What a crash left unfinished. */
    if (state == REGIA_SHOW_ENDING && kind->finish_tries > 0 && is_gone (entry) &&
        regia_process_get_last_exit (entry->process) == NULL)
      regia_process_start (entry->process);
    regia_process_stop (entry->process, over, over ? kind->stop_ms : STOP_MS);
  }
}

void
regia_processes_enforce (RegiaProcesses *self, RegiaShowState state)
{
  FOR_EACH (self, entry)
  enforce (entry, state);
}

void
regia_processes_hurry (RegiaProcesses *self)
{
  FOR_EACH (self, entry)
  {
    if (entry->kind->lasts || is_gone (entry))
      continue;
    regia_process_set_finish_tries (entry->process, 0);
    /* One that finishes something else than the recording's files has to say it to others. */
    regia_process_stop (entry->process, entry->kind->stop_ms != 0, entry->kind->hurry_ms);
  }
}

void
regia_processes_end_all (RegiaProcesses *self)
{
  FOR_EACH (self, entry)
  regia_process_stop (entry->process, TRUE, entry->kind->stop_ms);
}

void
regia_processes_leave (RegiaProcesses *self)
{
  FOR_EACH (self, entry)
  {
    regia_process_set_finish_tries (entry->process, 0);
    regia_process_stop (entry->process, FALSE, STOP_MS);
  }
}

/* Without a finish: what it was about to tell is told by the next one, which its viewers find by themselves.
 */
void
regia_processes_make_way (RegiaProcesses *self)
{
  FOR_EACH (self, entry)
  regia_process_stop (entry->process, FALSE, WAY_MS);
}

gboolean
regia_processes_are_gone (RegiaProcesses *self, gboolean all)
{
  FOR_EACH (self, entry)
  if ((all || !entry->kind->lasts) && !is_gone (entry))
    return FALSE;
  return TRUE;
}

void
regia_processes_apply (RegiaProcesses *self)
{
  FOR_EACH (self, entry)
  regia_process_apply (entry->process);
}

void
regia_processes_renew (RegiaProcesses *self, const RegiaConfigValues *config)
{
  FOR_EACH (self, entry)
  if (regia_process_speaks_https (entry->kind, config))
    regia_process_apply (entry->process);
}

void
regia_processes_tell (RegiaProcesses *self, GVariant *status, gboolean whole)
{
  FOR_EACH (self, entry)
  if (entry->kind->shows && entry->kind->whole == whole)
    regia_process_tell (entry->process, status);
}

void
regia_processes_note (RegiaProcessEntry *entry)
{
  g_autoptr (GVariant) published = regia_process_get_published (entry->process);
  guint64 value = 0;

  if (entry->kind->advance != NULL && g_variant_lookup (published, entry->kind->advance, "t", &value) &&
      value != entry->advance) {
    entry->advance = value;
    entry->advanced_us = g_get_monotonic_time ();
  }
}

static gboolean
is_excused (RegiaProcessEntry *entry)
{
  g_autoptr (GVariant) published = regia_process_get_published (entry->process);
  g_auto (GStrv) excuses = g_strsplit (entry->kind->excuses != NULL ? entry->kind->excuses : "", " ", -1);
  const char *state;

  return g_variant_lookup (published, "state", "&s", &state) &&
         g_strv_contains ((const char *const *)excuses, state);
}

gboolean
regia_processes_move (RegiaProcesses *self)
{
  gint64 now_us = g_get_monotonic_time ();

  FOR_EACH (self, entry)
  if (entry->kind->advance != NULL &&
      (entry->advanced_us == 0 || now_us - entry->advanced_us >= ADVANCE_LIMIT_US) && !is_excused (entry))
    return FALSE;
  return TRUE;
}

GVariant *
regia_processes_get_state (RegiaProcesses *self, const char *kind)
{
  RegiaProcessEntry *entry = regia_processes_find_name (self, kind);

  return entry != NULL ? regia_process_get_published (entry->process)
                       : g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}
