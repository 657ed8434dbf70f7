/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "inputs-private.h"

#include <math.h>
#include <string.h>

#include "automix-private.h"
#include "regia/base/clock.h"
#include "regia/base/thread.h"

/*
 * RegiaInputs holds the faders. What people say, what is lowered for an interpreter and whether a backup is
 * heard come together in one gain for each, and a fader is told when it changes.
 *
 * Loudness is taken from the sources' meters, before any fader: who is muted is there all the same, and no
 * backup is heard in place of somebody who was muted on purpose.
 *
 * Owner: RegiaEngine.
 */

/* A change that nobody said how fast it is to be. */
#define RAMP_NS (60 * REGIA_MSECOND)
/* A backup comes and goes by this. */
#define BACKUP_RAMP_NS (200 * REGIA_MSECOND)

typedef struct {
  guint audio;
  char *source; /* (owned) */
  gboolean is_backup, is_ducked;
  RegiaFader *fader; /* (unowned) */
  RegiaMeter *meter; /* (owned) */
  int gain;          /* tenths of a dB, as people say */
  gboolean muted;
} Input;

typedef struct {
  const RegiaConfigAudio *config; /* (unowned) */
  RegiaBackup backup;
  RegiaDuck duck;
  gboolean backup_used, ducked; /* as the faders were told last */
} Language;

struct _RegiaInputs {
  GPtrArray *inputs;   /* (element-type Input) (owned) */
  Language *languages; /* (owned) */
  guint count;
};

static void
input_free (gpointer data)
{
  Input *self = data;

  g_free (self->source);
  regia_meter_unref (self->meter);
  g_free (self);
}

RegiaInputs *
regia_inputs_new (const RegiaConfigValues *config)
{
  RegiaInputs *self = g_new0 (RegiaInputs, 1);

  self->inputs = g_ptr_array_new_with_free_func (input_free);
  self->count = config->audios->len;
  self->languages = g_new0 (Language, self->count);
  for (guint i = 0; i < self->count; i++)
    self->languages[i].config = g_ptr_array_index (config->audios, i);
  return self;
}

void
regia_inputs_free (RegiaInputs *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->inputs);
  g_free (self->languages);
  g_free (self);
}

void
regia_inputs_set_config (RegiaInputs *self, const RegiaConfigValues *config)
{
  g_return_if_fail (config->audios->len == self->count);
  for (guint i = 0; i < self->count; i++)
    self->languages[i].config = g_ptr_array_index (config->audios, i);
}

void
regia_inputs_remove (RegiaInputs *self, const char *source)
{
  for (guint i = 0; i < self->inputs->len; i++)
    if (strcmp (((const Input *)g_ptr_array_index (self->inputs, i))->source, source) == 0)
      g_ptr_array_remove_index (self->inputs, i--);
}

static gboolean
is_among (char *const *names, const char *name)
{
  return names != NULL && g_strv_contains ((const char *const *)names, name);
}

static void
apply (RegiaInputs *self, Input *input, gint64 from_ns, gint64 ramp_ns)
{
  const Language *language = &self->languages[input->audio];
  int gain = input->gain + (input->is_ducked && language->ducked ? language->config->duck_by : 0);
  gboolean heard = !input->muted && (!input->is_backup || language->backup_used);

  regia_fader_set (input->fader, heard ? pow (10, gain / 200.0) : 0, from_ns, ramp_ns);
}

void
regia_inputs_add (RegiaInputs *self, guint audio, const char *source, RegiaFader *fader, RegiaMeter *meter)
{
  const RegiaConfigAudio *config = self->languages[audio].config;
  Input *input = g_new0 (Input, 1);

  *input = (Input){.audio = audio,
                   .source = g_strdup (source),
                   .is_backup = !is_among (config->sources, source),
                   .is_ducked = is_among (config->duck, source),
                   .fader = fader,
                   .meter = regia_meter_ref (meter),
                   .gain = regia_config_gain (config, source)};
  apply (self, input, -1, 0);
  g_ptr_array_add (self->inputs, input);
}

void
regia_inputs_set_gains (RegiaInputs *self, const RegiaEngineGain *gains, guint count, gint64 from_ns)
{
  REGIA_ON_THREAD (NULL);

  for (guint i = 0; i < self->inputs->len; i++) {
    Input *input = g_ptr_array_index (self->inputs, i);
    const RegiaConfigAudio *config = self->languages[input->audio].config;

    input->gain = regia_config_gain (config, input->source);
    input->muted = FALSE;
    for (guint j = 0; j < count; j++)
      if (strcmp (gains[j].language, config->language) == 0 && strcmp (gains[j].source, input->source) == 0) {
        input->gain = gains[j].gain;
        input->muted = gains[j].muted;
      }
    apply (self, input, from_ns, RAMP_NS);
  }
}

/* The loudest of a language's own sources; @others: without those that are lowered, and those that are muted,
 * who make nobody step back. */
static double
get_loudest_db (RegiaInputs *self, guint audio, gboolean others, gint64 now_ns)
{
  double loudest_db = REGIA_METER_SILENCE;

  for (guint i = 0; i < self->inputs->len; i++) {
    const Input *input = g_ptr_array_index (self->inputs, i);

    if (input->audio == audio && !input->is_backup && !(others && (input->is_ducked || input->muted)))
      loudest_db = MAX (loudest_db, regia_meter_look (input->meter, now_ns));
  }
  return loudest_db;
}

static void
use_backup (RegiaInputs *self, guint audio, gint64 now_ns)
{
  Language *language = &self->languages[audio];

  if (language->backup_used)
    g_warning ("audio %s: none of its sources is heard; %s takes their place", language->config->language,
               language->config->backup);
  else
    g_message ("audio %s: its own sources are heard again, without %s", language->config->language,
               language->config->backup);
  for (guint i = 0; i < self->inputs->len; i++) {
    Input *input = g_ptr_array_index (self->inputs, i);

    if (input->audio == audio && input->is_backup)
      apply (self, input, now_ns, BACKUP_RAMP_NS);
  }
}

static void
duck (RegiaInputs *self, guint audio, gint64 now_ns)
{
  const Language *language = &self->languages[audio];
  guint ramp_ms = language->ducked ? language->config->duck_attack_ms : language->config->duck_release_ms;

  for (guint i = 0; i < self->inputs->len; i++) {
    Input *input = g_ptr_array_index (self->inputs, i);

    if (input->audio == audio && input->is_ducked)
      apply (self, input, now_ns, (gint64)ramp_ms * REGIA_MSECOND);
  }
}

void
regia_inputs_tick (RegiaInputs *self, gint64 now_ns)
{
  REGIA_ON_THREAD (NULL);

  for (guint i = 0; i < self->count; i++) {
    Language *language = &self->languages[i];
    const RegiaConfigAudio *config = language->config;

    if (config->backup != NULL &&
        regia_backup_decide (&language->backup, get_loudest_db (self, i, FALSE, now_ns),
                             config->backup_below / 10.0, (gint64)config->backup_after_ms * REGIA_MSECOND,
                             regia_clock_monotonic_ns ()) != language->backup_used) {
      language->backup_used = !language->backup_used;
      use_backup (self, i, now_ns);
    }
    if (config->duck != NULL &&
        regia_duck_decide (&language->duck, get_loudest_db (self, i, TRUE, now_ns), config->duck_above / 10.0,
                           regia_clock_monotonic_ns ()) != language->ducked) {
      language->ducked = !language->ducked;
      duck (self, i, now_ns);
    }
  }
}

const char *
regia_inputs_get_backup (RegiaInputs *self, guint audio)
{
  return self->languages[audio].backup_used ? self->languages[audio].config->backup : "";
}

gboolean
regia_inputs_is_ducked (RegiaInputs *self, guint audio)
{
  return self->languages[audio].ducked;
}
