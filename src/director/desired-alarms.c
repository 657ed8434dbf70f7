/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desired-alarms-private.h"

#include "alarms-private.h"
#include "regia/base/error.h"
#include "regia/base/json.h"

void
regia_desired_acknowledgement_free (RegiaDesiredAcknowledgement *acknowledgement)
{
  g_free (acknowledgement->alarm);
  g_free (acknowledgement->who);
  g_free (acknowledgement);
}

static void
add (GPtrArray *acknowledged, const char *alarm, gint64 since_ms, const char *who, gint64 at_ms)
{
  RegiaDesiredAcknowledgement *one = g_new (RegiaDesiredAcknowledgement, 1);

  *one = (RegiaDesiredAcknowledgement){g_strdup (alarm), since_ms, g_strdup (who), at_ms};
  g_ptr_array_add (acknowledged, one);
}

void
regia_desired_copy_acknowledgements (GPtrArray *to, GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++) {
    const RegiaDesiredAcknowledgement *one = g_ptr_array_index (from, i);

    add (to, one->alarm, one->since_ms, one->who, one->at_ms);
  }
}

const RegiaDesiredAcknowledgement *
regia_desired_get_acknowledgement (const RegiaDesired *self, const char *alarm, gint64 since_ms)
{
  for (guint i = 0; i < self->acknowledged->len; i++) {
    const RegiaDesiredAcknowledgement *one = g_ptr_array_index (self->acknowledged, i);

    if (one->since_ms == since_ms && g_str_equal (one->alarm, alarm))
      return one;
  }
  return NULL;
}

/* (transfer none) (nullable) */
static const RegiaAlarm *
find_alarm (GPtrArray *alarms, const char *id)
{
  for (guint i = 0; alarms != NULL && i < alarms->len; i++) {
    const RegiaAlarm *alarm = g_ptr_array_index (alarms, i);

    if (g_str_equal (alarm->id, id))
      return alarm;
  }
  return NULL;
}

static gboolean
refuse (GPtrArray *alarms, const char *id, GError **error)
{
  g_autoptr (GString) there = g_string_new (NULL);

  for (guint i = 0; alarms != NULL && i < alarms->len; i++)
    g_string_append_printf (there, "%s%s", i > 0 ? ", " : "",
                            ((const RegiaAlarm *)g_ptr_array_index (alarms, i))->id);
  return regia_error_set_usage (error, "no alarm \"%s\" is raised; %s%s", id,
                                there->len > 0 ? "raised now: " : "none is now", there->str);
}

gboolean
regia_desired_acknowledge (RegiaDesired *self, const char *alarm, const RegiaDesiredContext *context,
                           GError **error)
{
  const RegiaAlarm *raised = find_alarm (context->alarms, alarm);

  if (raised == NULL)
    return refuse (context->alarms, alarm, error);
  for (guint i = self->acknowledged->len; i-- > 0;) {
    const RegiaDesiredAcknowledgement *one = g_ptr_array_index (self->acknowledged, i);
    const RegiaAlarm *its = find_alarm (context->alarms, one->alarm);

    if (its == NULL || its->since_wall_ms != one->since_ms)
      g_ptr_array_remove_index (self->acknowledged, i);
  }
  if (regia_desired_get_acknowledgement (self, alarm, raised->since_wall_ms) == NULL)
    add (self->acknowledged, alarm, raised->since_wall_ms, context->who != NULL ? context->who : "",
         context->wall_s * 1000);
  return TRUE;
}

GVariant *
regia_desired_acknowledgements_to_variant (GPtrArray *acknowledged)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < acknowledged->len; i++) {
    const RegiaDesiredAcknowledgement *one = g_ptr_array_index (acknowledged, i);
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "alarm", "s", one->alarm);
    g_variant_dict_insert (&dict, "since-ms", "x", one->since_ms);
    g_variant_dict_insert (&dict, "who", "s", one->who);
    g_variant_dict_insert (&dict, "at-ms", "x", one->at_ms);
    g_variant_builder_add (&builder, "v", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

gboolean
regia_desired_take_acknowledgement (RegiaDesired *self, GVariant *entry)
{
  const char *alarm, *who;
  gint64 since_ms = 0, at_ms = 0;

  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT) ||
      !g_variant_lookup (entry, "alarm", "&s", &alarm) || !g_variant_lookup (entry, "who", "&s", &who) ||
      !regia_json_read_int (entry, "since-ms", &since_ms) || !regia_json_read_int (entry, "at-ms", &at_ms))
    return FALSE;
  add (self->acknowledged, alarm, since_ms, who, at_ms);
  return TRUE;
}
