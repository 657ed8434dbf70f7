/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desired-alarms-private.h"
#include "desired-caption-private.h"
#include "desired-marks-private.h"
#include "desired-sound-private.h"
#include "desired-sources-private.h"

#include <string.h>

#include "regia/base/error.h"
#include "regia/base/json.h"

#define BARS        "bars" /* of [look] slates */
#define ID_MAX      64
#define FADE_MAX_MS 5000
#define END_MAX     (7 * 24 * 3600) /* no event is planned to end later than this from now */

RegiaDesired *
regia_desired_new (void)
{
  RegiaDesired *self = g_new0 (RegiaDesired, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->version = 1;
  self->scene = g_strdup ("");
  self->caption = g_strdup ("");
  self->caption_line = g_strdup ("");
  self->notice = g_strdup ("");
  self->fade_ms = -1;
  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_config_source_change_free);
  self->faders = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_desired_fader_free);
  self->relays_off = g_ptr_array_new_with_free_func (g_free);
  self->acknowledged = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_desired_acknowledgement_free);
  self->marks = regia_desired_marks_new ();
  self->private_spans = g_array_new (FALSE, FALSE, sizeof (RegiaDesiredSpan));
  self->paused_spans = g_array_new (FALSE, FALSE, sizeof (RegiaDesiredSpan));
  self->ids = g_ptr_array_new_with_free_func (g_free);
  return self;
}

RegiaDesired *
regia_desired_ref (RegiaDesired *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_desired_unref (RegiaDesired *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->scene);
  g_free (self->caption);
  g_free (self->caption_line);
  g_free (self->notice);
  g_ptr_array_unref (self->sources);
  g_ptr_array_unref (self->faders);
  g_ptr_array_unref (self->relays_off);
  g_ptr_array_unref (self->acknowledged);
  g_ptr_array_unref (self->marks);
  g_array_unref (self->private_spans);
  g_array_unref (self->paused_spans);
  g_ptr_array_unref (self->ids);
  g_free (self);
}

static gpointer
copy_text_cb (gconstpointer text, gpointer user_data)
{
  return g_strdup (text);
}

static RegiaDesired *
copy (const RegiaDesired *self)
{
  RegiaDesired *new = regia_desired_new ();

  new->version = self->version;
  new->private_on = self->private_on;
  new->paused = self->paused;
  new->end_s = self->end_s;
  new->tone = self->tone;
  g_free (new->scene);
  new->scene = g_strdup (self->scene);
  new->held = self->held;
  new->fade_ms = self->fade_ms;
  regia_desired_set_caption (new, self->caption, self->caption_line);
  regia_desired_copy_sources (new->sources, self->sources);
  regia_desired_copy_faders (new->faders, self->faders);
  regia_desired_copy_acknowledgements (new->acknowledged, self->acknowledged);
  for (guint i = 0; i < self->relays_off->len; i++)
    g_ptr_array_add (new->relays_off, g_strdup (g_ptr_array_index (self->relays_off, i)));
  regia_desired_copy_marks (new->marks, self->marks);
  new->talk = self->talk;
  new->talk_since_ms = self->talk_since_ms;
  regia_desired_set_notice (new, self->notice);
  g_array_append_vals (new->private_spans, self->private_spans->data, self->private_spans->len);
  g_array_append_vals (new->paused_spans, self->paused_spans->data, self->paused_spans->len);
  g_ptr_array_unref (new->ids);
  new->ids = g_ptr_array_copy (self->ids, copy_text_cb, NULL);
  g_ptr_array_set_free_func (new->ids, g_free);
  return new;
}

/* A switch that leaves a trace: the span that begins or ends. */
static void
set_switch (gboolean *flag, GArray *spans, gboolean on, guint64 now_ms)
{
  RegiaDesiredSpan span = {now_ms, 0};

  if (*flag == on)
    return;
  *flag = on;
  if (on)
    g_array_append_val (spans, span);
  else if (spans->len > 0)
    g_array_index (spans, RegiaDesiredSpan, spans->len - 1).to_ms = MAX (now_ms, 1);
}

static gboolean
change_relay (RegiaDesired *self, const char *name, gboolean on, const RegiaDesiredContext *context,
              GError **error)
{
  guint at;
  gboolean off = g_ptr_array_find_with_equal_func (self->relays_off, name, g_str_equal, &at);

  if (!regia_desired_check_relay (name, context, error))
    return FALSE;
  if (on && off)
    g_ptr_array_remove_index (self->relays_off, at);
  else if (!on && !off)
    g_ptr_array_add (self->relays_off, g_strdup (name));
  return TRUE;
}

/* Viewers and the recording are spared what is for rehearsals, unless it is said that they are not to be. */
static gboolean
may_test (const char *what, gboolean anyway, const RegiaDesiredContext *context, GError **error)
{
  if (anyway || context->rehearsed)
    return TRUE;
  return regia_error_set_usage (
      error,
      "the event is on the air: viewers and the recording would get the %s; write --on-air if they shall",
      what);
}

static gboolean
change_scene (RegiaDesired *self, const char *name, gint64 fade_ms, gboolean bars_too,
              const RegiaDesiredContext *context, GError **error)
{
  if (strcmp (name, BARS) == 0 && context->slates != NULL && g_strv_contains (context->slates, BARS) &&
      !may_test ("bars and their tone", bars_too, context, error))
    return FALSE;
  if (!g_strv_contains (context->scenes, name)) {
    g_autofree char *names = g_strjoinv (", ", (char **)context->scenes);
    return regia_error_set_usage (error, "there is no scene \"%s\"; %s%s", name,
                                  names[0] != '\0' ? "this event has " : "this event has none", names);
  }
  if (fade_ms > FADE_MAX_MS)
    return regia_error_set_usage (error, "a fade takes at most %d s", FADE_MAX_MS / 1000);
  g_free (self->scene);
  self->scene = g_strdup (name);
  self->held = g_strcmp0 (context->replaced, name) == 0;
  self->fade_ms = MAX (fade_ms, -1);
  return TRUE;
}

static gboolean
change_end (RegiaDesired *self, gint64 end_s, const RegiaDesiredContext *context, GError **error)
{
  if (end_s <= context->wall_s)
    return regia_error_set_usage (error, "the planned end must lie ahead; `regia stop` ends the event now");
  if (end_s > context->wall_s + END_MAX)
    return regia_error_set_usage (error, "the planned end must lie within a week");
  self->end_s = end_s;
  return TRUE;
}

static gboolean
take (RegiaDesired *self, const char *id, GVariant *change, const RegiaDesiredContext *context,
      GError **error)
{
  const char *text;
  guint64 at_ms;
  const char *source;
  gint64 end_s, fade_ms, gain;
  gboolean on, anyway, known;

  if (g_variant_n_children (change) != 1)
    return regia_error_set_usage (error, "a command changes one thing");
  if (g_variant_lookup (change, "private", "b", &on)) {
    set_switch (&self->private_on, self->private_spans, on, context->now_ms);
    return TRUE;
  }
  if (context->rehearsed && (g_variant_lookup (change, "paused", "b", &on) ||
                             g_variant_lookup (change, "mark", "(t&s)", &at_ms, &text)))
    return regia_error_set_usage (error, "this is a rehearsal: nothing is recorded");
  if (g_variant_lookup (change, "paused", "b", &on)) {
    if (!context->recorded)
      return regia_error_set_usage (
          error, "this event is not recorded ([record] enabled = no): there is nothing to pause");
    set_switch (&self->paused, self->paused_spans, on, context->now_ms);
    return TRUE;
  }
  if (g_variant_lookup (change, "relay", "(&sb)", &text, &on))
    return change_relay (self, text, on, context, error);
  if (g_variant_lookup (change, "mark", "(t&s)", &at_ms, &text))
    return regia_desired_change_mark (self, id, at_ms, text, context, error);
  if (g_variant_lookup (change, "talk", "(xt)", &gain, &at_ms))
    return regia_desired_change_talk (self, id, gain, at_ms, context, error);
  if (g_variant_lookup (change, "scene", "(&sx)", &text, &fade_ms))
    return change_scene (self, text, fade_ms, FALSE, context, error);
  if (g_variant_lookup (change, "scene-on-air", "(&sx)", &text, &fade_ms))
    return change_scene (self, text, fade_ms, TRUE, context, error);
  if (g_variant_lookup (change, "tone", "(bb)", &on, &anyway)) {
    self->tone = on;
    return !on || may_test ("tone", anyway, context, error);
  }
  if (g_variant_lookup (change, "caption", "(&s&s)", &text, &source))
    return regia_desired_change_caption (self, text, source, error);
  if (g_variant_lookup (change, "caption-talk", "x", &gain))
    return regia_desired_change_caption_talk (self, gain, context->talks, error);
  if (g_variant_lookup (change, "caption-off", "b", &on)) {
    regia_desired_set_caption (self, "", "");
    return TRUE;
  }
  if (g_variant_lookup (change, "notice", "&s", &text))
    return regia_desired_change_notice (self, text, error);
  if (g_variant_lookup (change, "gain", "(&s&sx)", &text, &source, &gain))
    return regia_desired_change_fader (self, text, source, &gain, NULL, context, error);
  if (g_variant_lookup (change, "mute", "(&s&sb)", &text, &source, &on))
    return regia_desired_change_fader (self, text, source, NULL, &on, context, error);
  if (!regia_desired_change_sources (self, change, context, &known, error))
    return FALSE;
  if (known)
    return TRUE;
  if (g_variant_lookup (change, "acknowledge", "&s", &text))
    return regia_desired_acknowledge (self, text, context, error);
  if (g_variant_lookup (change, "end", "x", &end_s))
    return change_end (self, end_s, context, error);
  return regia_error_set_usage (error, "this command is not known; scene, source-add, source-set, "
                                       "source-remove, caption, notice, tone, gain, mute, acknowledge, "
                                       "private, paused, relay, relay-add, relay-remove, "
                                       "mark, talk and end are");
}

static gboolean
is_id (const char *id)
{
  gsize length = strlen (id);

  for (const char *c = id; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return FALSE;
  return length > 0 && length <= ID_MAX;
}

RegiaDesired *
regia_desired_change (RegiaDesired *self, const char *id, GVariant *change,
                      const RegiaDesiredContext *context, GError **error)
{
  g_autoptr (RegiaDesired) new = NULL;

  if (!is_id (id)) {
    regia_error_set_usage (error, "a command's id has 1 to %d printable characters", ID_MAX);
    return NULL;
  }
  if (g_ptr_array_find_with_equal_func (self->ids, id, g_str_equal, NULL))
    return regia_desired_ref (self);
  new = copy (self);
  if (!take (new, id, change, context, error))
    return NULL;
  new->version++;
  g_ptr_array_add (new->ids, g_strdup (id));
  if (new->ids->len > REGIA_DESIRED_IDS_MAX)
    g_ptr_array_remove_range (new->ids, 0, new->ids->len - REGIA_DESIRED_IDS_MAX);
  return g_steal_pointer (&new);
}

static void
begin_spans (GArray *spans, guint64 at_ms)
{
  for (guint i = 0; i < spans->len; i++) {
    RegiaDesiredSpan *span = &g_array_index (spans, RegiaDesiredSpan, i);

    if (span->to_ms != 0)
      g_array_remove_index (spans, i--);
    else
      span->from_ms = at_ms;
  }
}

RegiaDesired *
regia_desired_go_on_air (RegiaDesired *self, guint64 at_ms, const char *not_bars)
{
  RegiaDesired *new = copy (self);

  new->version++;
  g_ptr_array_set_size (new->marks, 0);
  if (new->talk != 0)
    regia_desired_set_caption (new, "", "");
  new->talk = 0;
  new->talk_since_ms = 0;
  new->tone = FALSE;
  if (not_bars != NULL && strcmp (new->scene, BARS) == 0) {
    g_free (new->scene);
    new->scene = g_strdup (not_bars);
  }
  begin_spans (new->private_spans, at_ms);
  begin_spans (new->paused_spans, at_ms);
  return new;
}

static GVariant *
spans_to_variant (const GArray *spans)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < spans->len; i++) {
    const RegiaDesiredSpan *span = &g_array_index (spans, RegiaDesiredSpan, i);
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "from-ms", "t", span->from_ms);
    g_variant_dict_insert (&dict, "to-ms", "t", span->to_ms);
    g_variant_builder_add (&builder, "v", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

GVariant *
regia_desired_to_variant (const RegiaDesired *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "t", self->version);
  g_variant_dict_insert (&dict, "private", "b", self->private_on);
  g_variant_dict_insert (&dict, "paused", "b", self->paused);
  g_variant_dict_insert (&dict, "end", "x", self->end_s);
  g_variant_dict_insert (&dict, "scene", "s", self->scene);
  g_variant_dict_insert (&dict, "scene-fade-ms", "x", self->fade_ms);
  g_variant_dict_insert (&dict, "scene-held", "b", self->held);
  g_variant_dict_insert (&dict, "tone", "b", self->tone);
  g_variant_dict_insert (&dict, "caption", "s", self->caption);
  g_variant_dict_insert (&dict, "caption-line", "s", self->caption_line);
  g_variant_dict_insert (&dict, "notice", "s", self->notice);
  g_variant_dict_insert (&dict, "talk", "x", self->talk);
  g_variant_dict_insert (&dict, "talk-since-ms", "t", self->talk_since_ms);
  g_variant_dict_insert_value (&dict, "sources", regia_desired_sources_to_variant (self->sources));
  g_variant_dict_insert_value (&dict, "faders", regia_desired_faders_to_variant (self->faders));
  g_variant_dict_insert_value (
      &dict, "relays-off",
      g_variant_new_strv ((const char *const *)self->relays_off->pdata, (gssize)self->relays_off->len));
  g_variant_dict_insert_value (&dict, "acknowledged",
                               regia_desired_acknowledgements_to_variant (self->acknowledged));
  g_variant_dict_insert_value (&dict, "marks", regia_desired_marks_to_variant (self->marks));
  g_variant_dict_insert_value (&dict, "private-spans", spans_to_variant (self->private_spans));
  g_variant_dict_insert_value (&dict, "paused-spans", spans_to_variant (self->paused_spans));
  g_variant_dict_insert_value (
      &dict, "ids", g_variant_new_strv ((const char *const *)self->ids->pdata, (gssize)self->ids->len));
  return g_variant_dict_end (&dict);
}

/* Reading. What is missing has its default; what is of another kind makes all of it unreadable: "private"
 * must not become its opposite by a slip. */

static gboolean
read_number (GVariant *dict, const char *key, gint64 *ret_value)
{
  return regia_json_read_int (dict, key, ret_value) && *ret_value >= 0;
}

/* Each entry to @take_cb, until one is refused. */
static gboolean
read_list (GVariant *dict, const char *key, gboolean (*take_cb) (RegiaDesired *, GVariant *),
           RegiaDesired *self)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dict, key, NULL);
  g_autoptr (GPtrArray) list = regia_json_get_list (dict, key);

  for (guint i = 0; list != NULL && i < list->len; i++)
    if (!take_cb (self, g_ptr_array_index (list, i)))
      return FALSE;
  return value == NULL || list != NULL;
}

static gboolean
take_relay_cb (RegiaDesired *self, GVariant *entry)
{
  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_STRING))
    return FALSE;
  g_ptr_array_add (self->relays_off, g_variant_dup_string (entry, NULL));
  return TRUE;
}

static gboolean
take_id_cb (RegiaDesired *self, GVariant *entry)
{
  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_STRING))
    return FALSE;
  g_ptr_array_add (self->ids, g_variant_dup_string (entry, NULL));
  return TRUE;
}

static gboolean
take_span (GArray *spans, GVariant *entry)
{
  gint64 from_ms = 0, to_ms = 0;
  RegiaDesiredSpan span;

  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT) || !read_number (entry, "from-ms", &from_ms) ||
      !read_number (entry, "to-ms", &to_ms))
    return FALSE;
  span = (RegiaDesiredSpan){(guint64)from_ms, (guint64)to_ms};
  g_array_append_val (spans, span);
  return TRUE;
}

static gboolean
take_private_cb (RegiaDesired *self, GVariant *entry)
{
  return take_span (self->private_spans, entry);
}

static gboolean
take_paused_cb (RegiaDesired *self, GVariant *entry)
{
  return take_span (self->paused_spans, entry);
}

static gboolean
read_scene (GVariant *dict, RegiaDesired *self)
{
  g_autoptr (GVariant) scene = g_variant_lookup_value (dict, "scene", NULL);

  if (scene == NULL)
    return TRUE;
  if (!g_variant_is_of_type (scene, G_VARIANT_TYPE_STRING) ||
      !regia_json_read_int (dict, "scene-fade-ms", &self->fade_ms) ||
      !regia_json_read_boolean (dict, "scene-held", &self->held))
    return FALSE;
  g_free (self->scene);
  self->scene = g_variant_dup_string (scene, NULL);
  return TRUE;
}

RegiaDesired *
regia_desired_from_variant (GVariant *value)
{
  g_autoptr (RegiaDesired) self = regia_desired_new ();
  gint64 version = 1;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT) || !read_number (value, "version", &version) ||
      !regia_json_read_boolean (value, "private", &self->private_on) ||
      !regia_json_read_boolean (value, "paused", &self->paused) ||
      !regia_json_read_boolean (value, "tone", &self->tone) || !read_number (value, "end", &self->end_s) ||
      !read_scene (value, self) || !regia_desired_read_caption (value, self) ||
      !regia_desired_read_notice (value, self) || !regia_desired_read_talk (value, self) ||
      !read_list (value, "relays-off", take_relay_cb, self) ||
      !read_list (value, "sources", regia_desired_take_source, self) ||
      !read_list (value, "faders", regia_desired_take_fader, self) ||
      !read_list (value, "acknowledged", regia_desired_take_acknowledgement, self) ||
      !read_list (value, "marks", regia_desired_take_mark, self) ||
      !read_list (value, "private-spans", take_private_cb, self) ||
      !read_list (value, "paused-spans", take_paused_cb, self) || !read_list (value, "ids", take_id_cb, self))
    return NULL;
  self->version = (guint64)version;
  return g_steal_pointer (&self);
}
