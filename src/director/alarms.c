/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "alarms-private.h"

#include "regia/base/clock.h"
#include "regia/base/json.h"

/*
 * One step asks the rules what is so. What was so for as long as its rule wants is raised, and what was not
 * so for as long as that ends; what comes and goes faster than that changes nothing. Each alarm that has ever
 * been judged in this show has a place in `there`, raised or not; one that ended leaves a copy in `ended`.
 *
 * Made anew of what was kept, those that were raised are so, and the processes that just start say nothing
 * that would end them: a director that was killed does not make an alarm begin twice.
 */
struct _RegiaAlarms {
  GPtrArray *there;  /* (owned) (element-type RegiaAlarm) */
  GPtrArray *raised; /* (owned) (element-type RegiaAlarm, of there): worst first */
  GQueue ended;      /* (element-type RegiaAlarm): the latest first */
  gint64 now_ms, show_ms, wall_ms;
  gboolean changed;
  RegiaAlarmsChangedFunc tell; /* during a step */
  gpointer user_data;
  const RegiaDesired *desired; /* during a step */
};

static void
alarm_free (gpointer data)
{
  RegiaAlarm *alarm = data;

  g_free (alarm->id);
  g_free (alarm->about);
  g_free (alarm->value);
  g_free (alarm->by);
  g_free (alarm);
}

static RegiaAlarm *
alarm_new (RegiaAlarmKind kind, const char *about, const char *value)
{
  RegiaAlarm *alarm = g_new0 (RegiaAlarm, 1);
  const char *name = regia_alarm_kind_to_string (kind);

  alarm->kind = kind;
  alarm->about = g_strdup (about);
  alarm->value = g_strdup (value);
  alarm->id = *about != '\0' ? g_strdup_printf ("%s/%s", name, about) : g_strdup (name);
  return alarm;
}

/* By kind, which are declared worst first, then as they came. */
static void
sort_raised (RegiaAlarms *self)
{
  g_ptr_array_set_size (self->raised, 0);
  for (guint kind = 0; kind < REGIA_ALARM_KINDS; kind++)
    for (guint i = 0; i < self->there->len; i++) {
      RegiaAlarm *alarm = g_ptr_array_index (self->there, i);

      if (alarm->raised && alarm->kind == (RegiaAlarmKind)kind)
        g_ptr_array_add (self->raised, alarm);
    }
}

static RegiaAlarm *
find (RegiaAlarms *self, RegiaAlarmKind kind, const char *about)
{
  RegiaAlarm *alarm;

  for (guint i = 0; i < self->there->len; i++) {
    alarm = g_ptr_array_index (self->there, i);
    if (alarm->kind == kind && g_str_equal (alarm->about, about))
      return alarm;
  }
  alarm = alarm_new (kind, about, "");
  g_ptr_array_add (self->there, alarm);
  return alarm;
}

static void
raise_alarm (RegiaAlarms *self, RegiaAlarm *alarm, const char *value)
{
  alarm->raised = TRUE;
  alarm->since_ms = self->show_ms;
  alarm->since_wall_ms = self->wall_ms;
  g_free (alarm->value);
  alarm->value = g_strdup (value);
  self->changed = TRUE;
  self->tell (alarm, self->user_data);
}

static void
end_alarm (RegiaAlarms *self, RegiaAlarm *alarm)
{
  const RegiaDesiredAcknowledgement *acknowledged =
      regia_desired_get_acknowledgement (self->desired, alarm->id, alarm->since_wall_ms);
  RegiaAlarm *past = alarm_new (alarm->kind, alarm->about, alarm->value);

  past->since_ms = alarm->since_ms;
  past->since_wall_ms = alarm->since_wall_ms;
  past->ended_ms = self->show_ms;
  past->ended_wall_ms = self->wall_ms;
  if (acknowledged != NULL) {
    past->by = g_strdup (acknowledged->who);
    past->by_wall_ms = acknowledged->at_ms;
  }
  alarm->raised = FALSE;
  alarm->yes_since_ms = alarm->no_since_ms = 0;
  g_queue_push_head (&self->ended, past);
  if (self->ended.length > REGIA_ALARMS_ENDED_MAX)
    alarm_free (g_queue_pop_tail (&self->ended));
  self->changed = TRUE;
  self->tell (past, self->user_data);
}

void
regia_alarms_judge (RegiaAlarms *self, RegiaAlarmKind kind, const char *about, RegiaAlarmTruth truth,
                    gint64 after_ms, gint64 clear_ms, const char *format, ...)
{
  RegiaAlarm *alarm = find (self, kind, about);
  gint64 now_ms = MAX (self->now_ms, 1);

  alarm->judged = TRUE;
  /* Whether one channel is dead is not to be heard while nobody speaks: what was so before still counts. */
  if (truth == REGIA_ALARM_UNKNOWN)
    return;
  if (truth == REGIA_ALARM_YES) {
    alarm->no_since_ms = 0;
    if (alarm->yes_since_ms == 0)
      alarm->yes_since_ms = now_ms;
    if (!alarm->raised && now_ms - alarm->yes_since_ms >= after_ms) {
      g_autofree char *value = NULL;
      va_list args;

      va_start (args, format);
      value = g_strdup_vprintf (format, args);
      va_end (args);
      raise_alarm (self, alarm, value);
    }
    return;
  }
  alarm->yes_since_ms = 0;
  if (alarm->no_since_ms == 0)
    alarm->no_since_ms = now_ms;
  if (alarm->raised && now_ms - alarm->no_since_ms >= clear_ms)
    end_alarm (self, alarm);
}

guint64
regia_alarms_count (RegiaAlarms *self, RegiaAlarmKind kind, const char *about, guint64 count)
{
  RegiaAlarm *alarm = find (self, kind, about);
  guint64 *newest = &alarm->counts[alarm->counted % REGIA_ALARM_COUNTS];
  guint64 before;

  if (alarm->counted > 0 &&
      count < alarm->counts[(alarm->counted + REGIA_ALARM_COUNTS - 1) % REGIA_ALARM_COUNTS])
    alarm->counted = 0;
  if (alarm->counted == 0) {
    for (guint i = 0; i < REGIA_ALARM_COUNTS; i++)
      alarm->counts[i] = count;
    newest = &alarm->counts[0];
  }
  before = *newest;
  *newest = count;
  alarm->counted++;
  return count - before;
}

gboolean
regia_alarms_step (RegiaAlarms *self, const RegiaAlarmsInput *input, RegiaAlarmsChangedFunc changed,
                   gpointer user_data)
{
  self->now_ms = input->now_ms;
  self->show_ms = input->show_ms;
  self->wall_ms = input->wall_ms;
  self->desired = input->desired;
  self->tell = changed;
  self->user_data = user_data;
  self->changed = FALSE;
  for (guint i = 0; i < self->there->len; i++)
    ((RegiaAlarm *)g_ptr_array_index (self->there, i))->judged = FALSE;
  regia_alarm_rules (self, input);
  for (guint i = self->there->len; i-- > 0;) {
    RegiaAlarm *alarm = g_ptr_array_index (self->there, i);

    if (alarm->judged)
      continue;
    if (alarm->raised)
      end_alarm (self, alarm);
    g_ptr_array_remove_index (self->there, i);
  }
  sort_raised (self);
  self->desired = NULL;
  return self->changed;
}

GPtrArray *
regia_alarms_get (RegiaAlarms *self)
{
  return self->raised;
}

/* Told */

static GVariant *
words_to_variant (const RegiaAlarm *alarm, char *(*say) (const RegiaAlarm *, RegiaAlarmLanguage))
{
  g_autofree char *english = say (alarm, REGIA_ALARM_ENGLISH), *italian = say (alarm, REGIA_ALARM_ITALIAN);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "en", "s", english);
  g_variant_dict_insert (&dict, "it", "s", italian);
  return g_variant_dict_end (&dict);
}

static void
insert_time (GVariantDict *dict, const char *key, gint64 wall_ms)
{
  g_autofree char *text = wall_ms != 0 ? regia_time_format_iso (wall_ms * REGIA_MSECOND) : g_strdup ("");

  g_variant_dict_insert (dict, key, "s", text);
}

static void
describe (const RegiaAlarm *alarm, const char *by, gint64 by_wall_ms, GVariantBuilder *builder)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", alarm->id);
  g_variant_dict_insert (&dict, "severity", "s", regia_alarm_severity (alarm->kind));
  insert_time (&dict, "since", alarm->since_wall_ms);
  g_variant_dict_insert (&dict, "since-ms", "t", (guint64)MAX (alarm->since_ms, 0));
  g_variant_dict_insert_value (&dict, "text", words_to_variant (alarm, regia_alarm_text));
  g_variant_dict_insert_value (&dict, "remedy", words_to_variant (alarm, regia_alarm_remedy));
  g_variant_dict_insert (&dict, "acknowledged-by", "s", by != NULL ? by : "");
  insert_time (&dict, "acknowledged-at", by_wall_ms);
  if (!alarm->raised) {
    insert_time (&dict, "ended", alarm->ended_wall_ms);
    g_variant_dict_insert (&dict, "ended-ms", "t", (guint64)MAX (alarm->ended_ms, 0));
  }
  g_variant_builder_add (builder, "v", g_variant_dict_end (&dict));
}

GVariant *
regia_alarms_describe (RegiaAlarms *self, const RegiaDesired *desired)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < self->raised->len; i++) {
    const RegiaAlarm *alarm = g_ptr_array_index (self->raised, i);
    const RegiaDesiredAcknowledgement *acknowledged =
        regia_desired_get_acknowledgement (desired, alarm->id, alarm->since_wall_ms);

    describe (alarm, acknowledged != NULL ? acknowledged->who : NULL,
              acknowledged != NULL ? acknowledged->at_ms : 0, &builder);
  }
  return g_variant_builder_end (&builder);
}

GVariant *
regia_alarms_describe_ended (RegiaAlarms *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (GList *link = self->ended.head; link != NULL; link = link->next) {
    const RegiaAlarm *alarm = link->data;

    describe (alarm, alarm->by, alarm->by_wall_ms, &builder);
  }
  return g_variant_builder_end (&builder);
}

/* Kept */

static void
keep (const RegiaAlarm *alarm, GVariantBuilder *builder)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "kind", "s", regia_alarm_kind_to_string (alarm->kind));
  g_variant_dict_insert (&dict, "about", "s", alarm->about);
  g_variant_dict_insert (&dict, "value", "s", alarm->value);
  g_variant_dict_insert (&dict, "since-ms", "x", alarm->since_ms);
  g_variant_dict_insert (&dict, "since-wall-ms", "x", alarm->since_wall_ms);
  if (!alarm->raised) {
    g_variant_dict_insert (&dict, "ended-ms", "x", alarm->ended_ms);
    g_variant_dict_insert (&dict, "ended-wall-ms", "x", alarm->ended_wall_ms);
  }
  if (alarm->by != NULL) {
    g_variant_dict_insert (&dict, "by", "s", alarm->by);
    g_variant_dict_insert (&dict, "by-wall-ms", "x", alarm->by_wall_ms);
  }
  g_variant_builder_add (builder, "v", g_variant_dict_end (&dict));
}

GVariant *
regia_alarms_to_kept (RegiaAlarms *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < self->raised->len; i++)
    keep (g_ptr_array_index (self->raised, i), &builder);
  for (GList *link = self->ended.head; link != NULL; link = link->next)
    keep (link->data, &builder);
  return g_variant_builder_end (&builder);
}

/* (transfer full) (nullable) */
static RegiaAlarm *
read_kept (GVariant *dict)
{
  RegiaAlarm *alarm;
  RegiaAlarmKind kind;
  const char *by;

  if (!g_variant_is_of_type (dict, G_VARIANT_TYPE_VARDICT) ||
      !regia_alarm_kind_parse (regia_json_get_string (dict, "kind"), &kind))
    return NULL;
  alarm = alarm_new (kind, regia_json_get_string (dict, "about"), regia_json_get_string (dict, "value"));
  alarm->since_ms = regia_json_get_int (dict, "since-ms");
  alarm->since_wall_ms = regia_json_get_int (dict, "since-wall-ms");
  alarm->ended_ms = regia_json_get_int (dict, "ended-ms");
  alarm->ended_wall_ms = regia_json_get_int (dict, "ended-wall-ms");
  alarm->raised = alarm->ended_wall_ms == 0;
  by = regia_json_get_string (dict, "by");
  alarm->by = *by != '\0' ? g_strdup (by) : NULL;
  alarm->by_wall_ms = regia_json_get_int (dict, "by-wall-ms");
  return alarm;
}

RegiaAlarms *
regia_alarms_new (GVariant *kept)
{
  RegiaAlarms *self = g_new0 (RegiaAlarms, 1);
  gsize n =
      kept != NULL && g_variant_is_of_type (kept, G_VARIANT_TYPE ("av")) ? g_variant_n_children (kept) : 0;

  self->there = g_ptr_array_new_with_free_func (alarm_free);
  self->raised = g_ptr_array_new ();
  g_queue_init (&self->ended);
  for (gsize i = 0; i < n; i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (kept, i);
    g_autoptr (GVariant) dict = g_variant_get_variant (boxed);
    RegiaAlarm *alarm = read_kept (dict);

    if (alarm == NULL)
      continue;
    if (alarm->raised)
      g_ptr_array_add (self->there, alarm);
    else if (self->ended.length < REGIA_ALARMS_ENDED_MAX)
      g_queue_push_tail (&self->ended, alarm);
    else
      alarm_free (alarm);
  }
  sort_raised (self);
  return self;
}

void
regia_alarms_free (RegiaAlarms *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->raised);
  g_ptr_array_unref (self->there);
  g_queue_clear_full (&self->ended, alarm_free);
  g_free (self);
}
