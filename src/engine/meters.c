/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "meters-private.h"

#include <string.h>

#include "regia/base/clock.h"
#include "regia/base/json.h"
#include "regia/base/thread.h"

/*
 * RegiaMeters asks ten times a second. Streaming threads measure and never wait for it; when the main thread
 * is late, it finds more than one step, and tells them all.
 *
 * Owner: RegiaEngine.
 */

typedef struct {
  char *name; /* (owned) */
  gboolean is_mix;
  RegiaMeter *meter; /* (owned) */
  RegiaMeterValues values;
} Entry;

struct _RegiaMeters {
  GPtrArray *entries; /* (element-type Entry) (owned) */
  gint64 next_ns;     /* end of the next step, 0 before the mixes began */
};

static void
entry_free (Entry *self)
{
  g_free (self->name);
  regia_meter_unref (self->meter);
  g_free (self);
}

RegiaMeters *
regia_meters_new (void)
{
  RegiaMeters *self = g_new0 (RegiaMeters, 1);

  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_free);
  return self;
}

void
regia_meters_free (RegiaMeters *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->entries);
  g_free (self);
}

static void
add (RegiaMeters *self, const char *name, gboolean is_mix, RegiaMeter *meter)
{
  Entry *entry = g_new0 (Entry, 1);

  *entry = (Entry){.name = g_strdup (name),
                   .is_mix = is_mix,
                   .meter = regia_meter_ref (meter),
                   .values = REGIA_METER_NOTHING};
  g_ptr_array_add (self->entries, entry);
}

void
regia_meters_add_source (RegiaMeters *self, const char *name, RegiaMeter *meter)
{
  add (self, name, FALSE, meter);
}

void
regia_meters_remove_source (RegiaMeters *self, const char *name)
{
  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (self->entries, i);

    if (!entry->is_mix && strcmp (entry->name, name) == 0)
      g_ptr_array_remove_index (self->entries, i--);
  }
}

void
regia_meters_add_mix (RegiaMeters *self, const char *language, RegiaMeter *meter)
{
  add (self, language, TRUE, meter);
}

/* Show time that all mixes are through with; −1 when one has not begun, or there is none. */
static gint64
get_through_ns (RegiaMeters *self)
{
  gint64 through_ns = G_MAXINT64;

  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);

    if (entry->is_mix)
      through_ns = MIN (through_ns, regia_meter_get_end (entry->meter));
  }
  return through_ns == G_MAXINT64 ? -1 : through_ns;
}

GBytes *
regia_meters_next (RegiaMeters *self, gint64 *ret_time_ns)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  gint64 through_ns = get_through_ns (self);
  GVariantBuilder sources, mixes;
  GVariantDict dict;
  char *text;

  if (through_ns < 0)
    return NULL;
  if (self->next_ns == 0)
    self->next_ns = (through_ns / REGIA_METER_STEP_NS + 1) * REGIA_METER_STEP_NS;
  if (through_ns < self->next_ns)
    return NULL;
  *ret_time_ns = self->next_ns - REGIA_METER_STEP_NS;
  g_variant_builder_init (&sources, G_VARIANT_TYPE ("av"));
  g_variant_builder_init (&mixes, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *entry = g_ptr_array_index (self->entries, i);

    regia_meter_settle (entry->meter, self->next_ns, &entry->values);
    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, entry->is_mix ? "language" : "name", "s", entry->name);
    regia_meter_values_add (&entry->values, &dict);
    g_variant_builder_add (entry->is_mix ? &mixes : &sources, "v", g_variant_dict_end (&dict));
  }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "time-ms", "t", (guint64)(*ret_time_ns / REGIA_MSECOND));
  g_variant_dict_insert_value (&dict, "sources", g_variant_builder_end (&sources));
  g_variant_dict_insert_value (&dict, "audios", g_variant_builder_end (&mixes));
  self->next_ns += REGIA_METER_STEP_NS;
  text = regia_json_from_variant (g_variant_dict_end (&dict), FALSE);
  return g_bytes_new_take (text, strlen (text));
}

static RegiaMeterValues
get (RegiaMeters *self, const char *name, gboolean is_mix)
{
  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (self->entries, i);

    if (entry->is_mix == is_mix && strcmp (entry->name, name) == 0)
      return entry->values;
  }
  return REGIA_METER_NOTHING;
}

RegiaMeterValues
regia_meters_get_source (RegiaMeters *self, const char *name)
{
  return get (self, name, FALSE);
}

RegiaMeterValues
regia_meters_get_mix (RegiaMeters *self, const char *language)
{
  return get (self, language, TRUE);
}
