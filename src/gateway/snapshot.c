/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "snapshot-private.h"

#define STALE_MS        5000
#define SEGMENT_LATE_MS 12000

/* Written once a second by the main thread, read by the workers; lives as long as the gateway. */
struct _RegiaSnapshot {
  GMutex lock;             /* guards all */
  GBytes *status, *health; /* (owned) (nullable) */
  gboolean healthy;
};

RegiaSnapshot *
regia_snapshot_new (void)
{
  RegiaSnapshot *self = g_new0 (RegiaSnapshot, 1);
  g_mutex_init (&self->lock);
  return self;
}

void
regia_snapshot_free (RegiaSnapshot *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->status, g_bytes_unref);
  g_clear_pointer (&self->health, g_bytes_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
replace (GBytes **slot, GBytes *bytes)
{
  if (bytes != NULL)
    g_bytes_ref (bytes);
  if (*slot != NULL)
    g_bytes_unref (*slot);
  *slot = bytes;
}

void
regia_snapshot_post (RegiaSnapshot *self, GBytes *status_json, gboolean healthy, GBytes *health)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  replace (&self->status, status_json);
  replace (&self->health, health);
  self->healthy = healthy;
}

GBytes *
regia_snapshot_get_status (RegiaSnapshot *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->status != NULL ? g_bytes_ref (self->status) : NULL;
}

GBytes *
regia_snapshot_get_health (RegiaSnapshot *self, gboolean *ret_healthy)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  *ret_healthy = self->healthy;
  return self->health != NULL ? g_bytes_ref (self->health) : NULL;
}

gboolean
regia_snapshot_is_healthy (RegiaSnapshot *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->healthy;
}

static GVariant *
add_warning (GVariant *old, gint64 age_ms)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_builder_add_value (&builder, g_variant_new_take_string (g_strdup_printf (
                                             "The director has not answered for %" G_GINT64_FORMAT
                                             " s: what is shown here is that old",
                                             age_ms / 1000)));
  if (old != NULL && g_variant_is_of_type (old, G_VARIANT_TYPE_STRING_ARRAY)) {
    GVariantIter iter;
    const char *text;
    g_variant_iter_init (&iter, old);
    while (g_variant_iter_next (&iter, "&s", &text))
      g_variant_builder_add (&builder, "s", text);
  }
  return g_variant_builder_end (&builder);
}

GVariant *
regia_snapshot_render (GVariant *status, gint64 answer_age_ms)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (status);

  if (status == NULL)
    return NULL;
  if (answer_age_ms > STALE_MS) {
    g_autoptr (GVariant) old = g_variant_dict_lookup_value (&dict, "warnings", NULL);
    g_variant_dict_insert_value (&dict, "warnings", add_warning (old, answer_age_ms));
  }
  return g_variant_dict_end (&dict);
}

char *
regia_snapshot_judge (GVariant *status, GVariant *gateway, gint64 answer_age_ms, gboolean *ret_healthy)
{
  const char *state = "";
  guint64 segments = 0, age_ms = 0;

  *ret_healthy = FALSE;
  if (status == NULL)
    return g_strdup ("The director has not answered yet");
  if (answer_age_ms > STALE_MS)
    return g_strdup_printf ("The director has not answered for %" G_GINT64_FORMAT " s", answer_age_ms / 1000);
  g_variant_lookup (status, "state", "&s", &state);
  if (gateway != NULL) {
    g_variant_lookup (gateway, "segments", "t", &segments);
    g_variant_lookup (gateway, "last-segment-age-ms", "t", &age_ms);
  }
  if ((g_strcmp0 (state, "on-air") == 0 || g_strcmp0 (state, "paused") == 0) && segments > 0 &&
      age_ms > SEGMENT_LATE_MS)
    return g_strdup_printf ("On air, but the newest segment is %" G_GUINT64_FORMAT " s old", age_ms / 1000);
  *ret_healthy = TRUE;
  return g_strdup ("ok");
}
