/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "lineup-private.h"

#include <string.h>

#include "regia/base/thread.h"
#include "regia/config/sources.h"
#include "source-private.h"

/*
 * RegiaLineup. A Member owns its source and its places; both are made and given back together, so nothing of
 * a source is left when it goes. What was said of a source (its config) is immutable: another word is another
 * member.
 *
 *   made ── (whoever had the name is gone, or hangs) ──► runs ──► leaves: without places, until its run is
 * gone
 *
 * Owner: RegiaEngine.
 */

/* Room that an input's queue has beyond the mixer's own window. */
#define QUEUE_SLACK_NS (500 * REGIA_MSECOND)
/* Raw sound is small, and may be far ahead of its picture when a source is shifted as a whole. */
#define SOUND_SLACK_NS (3 * REGIA_SECOND)
#define LEAVE_NS       (2 * REGIA_SECOND)

/* Its sound in one language. */
typedef struct {
  guint audio;
  GstAppSrc *input;  /* (owned) */
  RegiaFader *fader; /* (unowned) of the programme */
} Voice;

typedef struct {
  RegiaConfig *config;             /* (owned) */
  const RegiaConfigSource *source; /* of it */
  guint languages;                 /* bit i: heard in language i */
  gint64 delay_ns;                 /* with what others need */
  RegiaSource *run;                /* (owned) */
  GstAppSrc *picture;              /* (owned) (nullable) */
  RegiaPreview *preview;           /* (unowned) (nullable) of the programme */
  RegiaIso *iso;                   /* (owned) (nullable): until it leaves */
  GArray *voices;                  /* (element-type Voice) (owned) */
  gint64 left_ns;                  /* CLOCK_MONOTONIC; 0: it is on */
} Member;

struct _RegiaLineup {
  RegiaProgramme *programme; /* (unowned) */
  RegiaInputs *inputs;       /* (unowned) */
  RegiaMeters *meters;       /* (unowned) */
  RegiaEpoch epoch;
  int ingest_fd;       /* (unowned): see regia_ingest_link() */
  RegiaConfig *config; /* (owned) (nullable): set last */
  GPtrArray *members;  /* (element-type Member) (owned) in the order of the config */
  GPtrArray *leaving;  /* (element-type Member) (owned) */
};

static void
voice_clear (gpointer data)
{
  gst_object_unref (((Voice *)data)->input);
}

static void
close_iso (Member *member)
{
  if (member->iso)
    regia_iso_close (member->iso);
}

static void
member_free (gpointer data)
{
  Member *self = data;

  close_iso (self);
  regia_source_free (self->run);
  regia_iso_unref (self->iso);
  gst_clear_object (&self->picture);
  g_array_unref (self->voices);
  regia_config_unref (self->config);
  g_free (self);
}

RegiaLineup *
regia_lineup_new (RegiaProgramme *programme, RegiaInputs *inputs, RegiaMeters *meters,
                  const RegiaEpoch *epoch)
{
  RegiaLineup *self = g_new0 (RegiaLineup, 1);

  self->programme = programme;
  self->inputs = inputs;
  self->meters = meters;
  self->epoch = *epoch;
  self->ingest_fd = -1;
  self->members = g_ptr_array_new_with_free_func (member_free);
  self->leaving = g_ptr_array_new_with_free_func (member_free);
  return self;
}

void
regia_lineup_free (RegiaLineup *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->members);
  g_ptr_array_unref (self->leaving);
  g_clear_pointer (&self->config, regia_config_unref);
  g_free (self);
}

/* A source that is put earlier by hand would come after its time; so all the others are put later instead. */
static gint64
earliest_delay_ns (const RegiaConfigValues *values)
{
  int least_ms = 0;

  for (guint i = 0; i < values->sources->len; i++)
    least_ms = MIN (least_ms, ((RegiaConfigSource *)g_ptr_array_index (values->sources, i))->delay_ms);
  return (gint64)least_ms * REGIA_MSECOND;
}

static guint
find_languages (const RegiaConfigValues *values, const RegiaConfigSource *source)
{
  guint languages = 0;

  for (guint i = 0; source->audio && i < values->audios->len; i++)
    if (regia_config_mixes (g_ptr_array_index (values->audios, i), source->name))
      languages |= 1u << i;
  return languages;
}

static void
add_voice (RegiaLineup *self, Member *member, guint audio, gint64 queue_ns, RegiaMeter *meter)
{
  Voice voice = {.audio = audio};

  voice.input = regia_programme_add_sound (self->programme, audio, queue_ns + SOUND_SLACK_NS, &voice.fader);
  g_array_append_val (member->voices, voice);
  regia_inputs_add (self->inputs, audio, member->source->name, voice.fader, meter);
}

static RegiaRunPlan *
make_plan (RegiaLineup *self, const RegiaConfigValues *values, const Member *member)
{
  const RegiaConfigSource *source = member->source;
  RegiaMixWait *wait = regia_programme_get_wait (self->programme);
  RegiaRunPlan *plan = regia_run_plan_new ();

  plan->video_caps = g_strdup (regia_programme_video_caps (self->programme));
  plan->audio_caps = g_strdup (regia_programme_audio_caps (self->programme));
  plan->rate_num = values->rate_num;
  plan->rate_den = values->rate_den;
  memcpy (plan->cut.crop, source->crop, sizeof source->crop);
  plan->cut.fill = g_str_equal (source->fit, REGIA_CONFIG_FILL);
  plan->channels[0] = source->channels[0];
  plan->channels[1] = source->channels[1];
  plan->epoch = self->epoch;
  plan->ingest_fd = self->ingest_fd;
  plan->delay_ns = member->delay_ns;
  plan->wait = regia_mix_wait_ref (wait);
  plan->late_limit_ns = regia_mix_wait_get_most_ns (wait) * 3 / 4;
  return plan;
}

static Member *
join (RegiaLineup *self, RegiaConfig *config, const RegiaConfigSource *source, const RegiaScene *scene)
{
  const RegiaConfigValues *values = regia_config_get (config);
  Member *member = g_new0 (Member, 1);
  RegiaRunPlan *plan;
  gint64 queue_ns;

  member->config = regia_config_ref (config);
  member->source = source;
  member->languages = find_languages (values, source);
  member->delay_ns = (gint64)source->delay_ms * REGIA_MSECOND - earliest_delay_ns (values);
  member->voices = g_array_new (FALSE, FALSE, sizeof (Voice));
  g_array_set_clear_func (member->voices, voice_clear);
  plan = make_plan (self, values, member);
  queue_ns = regia_mix_wait_get_most_ns (regia_programme_get_wait (self->programme)) + member->delay_ns +
             QUEUE_SLACK_NS;
  if (source->video) {
    member->picture = regia_programme_add_picture (self->programme, source->name, queue_ns, scene);
    g_ptr_array_add (plan->video_targets, gst_object_ref (member->picture));
    member->preview = regia_programme_add_preview (self->programme, source->name);
    plan->preview = member->preview ? regia_preview_ref (member->preview) : NULL;
  }
  if (source->iso)
    member->iso = regia_programme_add_iso (self->programme, source->name, source->video, source->audio);
  plan->iso = member->iso ? regia_iso_ref (member->iso) : NULL;
  if (member->languages != 0) {
    plan->meter = regia_meter_new ();
    regia_meters_add_source (self->meters, source->name, plan->meter);
  }
  for (guint i = 0; i < values->audios->len; i++)
    if (member->languages >> i & 1) {
      add_voice (self, member, i, queue_ns, plan->meter);
      g_ptr_array_add (plan->audio_targets,
                       gst_object_ref (g_array_index (member->voices, Voice, member->voices->len - 1).input));
    }
  member->run = regia_source_new (source, plan);
  return member;
}

/* Its places go at once, whatever its driver does. */
static void
leave (RegiaLineup *self, Member *member)
{
  regia_source_stop (member->run);
  regia_inputs_remove (self->inputs, member->source->name);
  regia_meters_remove_source (self->meters, member->source->name);
  for (guint i = 0; i < member->voices->len; i++) {
    const Voice *voice = &g_array_index (member->voices, Voice, i);

    regia_programme_remove_sound (self->programme, voice->audio, voice->input, voice->fader);
  }
  g_array_set_size (member->voices, 0);
  if (member->preview)
    regia_programme_remove_preview (self->programme, member->preview);
  member->preview = NULL;
  if (member->iso) {
    close_iso (member);
    regia_programme_remove_iso (self->programme, member->iso);
  }
  g_clear_pointer (&member->iso, regia_iso_unref);
  if (member->picture)
    regia_programme_remove_picture (self->programme, member->picture);
  gst_clear_object (&member->picture);
  member->left_ns = regia_clock_monotonic_ns ();
  g_ptr_array_add (self->leaving, member);
}

static const RegiaConfigSource *
find_source (const RegiaConfigValues *values, const char *name)
{
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    if (strcmp (source->name, name) == 0)
      return source;
  }
  return NULL;
}

static gboolean
stays (const Member *member, const RegiaConfigValues *values)
{
  const RegiaConfigSource *source = find_source (values, member->source->name);

  return source != NULL && regia_config_source_equal (source, member->source) &&
         find_languages (values, source) == member->languages &&
         (gint64)source->delay_ms * REGIA_MSECOND - earliest_delay_ns (values) == member->delay_ns;
}

/* (transfer full) (nullable) */
static Member *
steal_member (GPtrArray *members, const char *name)
{
  for (guint i = 0; i < members->len; i++)
    if (strcmp (((const Member *)g_ptr_array_index (members, i))->source->name, name) == 0)
      return g_ptr_array_steal_index (members, i);
  return NULL;
}

void
regia_lineup_set_ingest (RegiaLineup *self, int fd)
{
  REGIA_ON_THREAD (NULL);

  self->ingest_fd = fd;
  for (guint i = 0; i < self->members->len; i++)
    regia_source_set_ingest (((const Member *)g_ptr_array_index (self->members, i))->run, fd);
}

gboolean
regia_lineup_set (RegiaLineup *self, RegiaConfig *config, const RegiaScene *scene)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  const RegiaConfigValues *values = regia_config_get (config);
  GPtrArray *members = g_ptr_array_new_with_free_func (member_free);
  gboolean changed = FALSE;

  regia_inputs_set_config (self->inputs, values);
  for (guint i = 0; i < self->members->len; i++)
    if (!stays (g_ptr_array_index (self->members, i), values)) {
      leave (self, g_ptr_array_steal_index (self->members, i--));
      changed = TRUE;
    }
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);
    Member *member = steal_member (self->members, source->name);

    changed = changed || member == NULL;
    g_ptr_array_add (members, member != NULL ? member : join (self, config, source, scene));
  }
  g_ptr_array_unref (self->members);
  self->members = members;
  regia_config_ref (config);
  g_clear_pointer (&self->config, regia_config_unref);
  self->config = config;
  return changed;
}

static gboolean
is_awaited (RegiaLineup *self, const Member *member)
{
  for (guint i = 0; i < self->leaving->len; i++)
    if (strcmp (((const Member *)g_ptr_array_index (self->leaving, i))->source->name, member->source->name) ==
        0)
      return TRUE;
  return FALSE;
}

void
regia_lineup_tick (RegiaLineup *self, gint64 now_ns)
{
  REGIA_ON_THREAD (NULL);

  for (guint i = 0; i < self->leaving->len; i++) {
    const Member *member = g_ptr_array_index (self->leaving, i);

    /* What hangs goes on without its owner. */
    if (regia_source_is_gone (member->run) || now_ns - member->left_ns > LEAVE_NS)
      g_ptr_array_remove_index (self->leaving, i--);
  }
  for (guint i = 0; i < self->members->len; i++) {
    const Member *member = g_ptr_array_index (self->members, i);

    if (!is_awaited (self, member))
      regia_source_tick (member->run, now_ns);
    if (member->iso)
      regia_iso_tick (member->iso, now_ns);
  }
}

void
regia_lineup_stop (RegiaLineup *self, gint64 until_ns)
{
  GPtrArray *lists[] = {self->members, self->leaving};

  for (guint i = 0; i < self->members->len; i++)
    regia_source_stop (((const Member *)g_ptr_array_index (self->members, i))->run);
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    for (guint j = 0; j < lists[i]->len; j++)
      regia_source_wait_stopped (((const Member *)g_ptr_array_index (lists[i], j))->run, until_ns);
  for (guint i = 0; i < self->members->len; i++)
    close_iso (g_ptr_array_index (self->members, i));
}

gboolean
regia_lineup_get_trouble (RegiaLineup *self, const char *name, RegiaPictureTrouble *ret_trouble)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  for (guint i = 0; i < self->members->len; i++) {
    const Member *member = g_ptr_array_index (self->members, i);

    if (strcmp (member->source->name, name) != 0)
      continue;
    regia_source_get_trouble (member->run, ret_trouble);
    return TRUE;
  }
  return FALSE;
}

void
regia_lineup_add_states (RegiaLineup *self, GVariantBuilder *builder, gint64 now_ns)
{
  REGIA_ON_THREAD (NULL);

  for (guint i = 0; i < self->members->len; i++) {
    const Member *member = g_ptr_array_index (self->members, i);
    RegiaMeterValues meter = regia_meters_get_source (self->meters, member->source->name);

    regia_source_add_state (member->run, &meter, builder, now_ns);
  }
}
