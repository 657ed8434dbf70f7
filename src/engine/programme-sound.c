/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "programme-sound-private.h"

#include <math.h>

#include "leveller-private.h"
#include "limiter-private.h"
#include "mix-private.h"
#include "regia/base/clock.h"
#include "tone-private.h"

/*
 * RegiaProgrammeSound is the sound's part of the programme's pipeline: a mixer for each language, and for
 * each source in it a fader and an input.
 *
 * Owner: RegiaProgramme, whose pipeline it builds into and which takes that down first. Main thread.
 */

#define BLOCK_NS (20 * REGIA_MSECOND)

/* What a mix goes through on its way to the encoders; its streaming thread's. */
typedef struct {
  RegiaLeveller *leveller; /* (owned) (nullable) */
  RegiaTone *tone;         /* (owned) */
  RegiaLimiter *limiter;   /* (owned) (nullable) */
  RegiaMeter *meter;       /* (owned) */
} Mix;

struct _RegiaProgrammeSound {
  const RegiaConfigValues *config; /* (unowned) */
  GstBin *bin;                     /* (unowned) */
  RegiaMixWait *wait;              /* (unowned) */
  GPtrArray *faders;               /* (element-type RegiaFader) (owned) */
  GPtrArray *mixers;               /* (element-type GstElement) (unowned) one for each language */
  GPtrArray *mixes;                /* (element-type Mix) (owned) one for each language */
};

static void
mix_free (gpointer data)
{
  Mix *self = data;

  regia_leveller_free (self->leveller);
  regia_tone_free (self->tone);
  regia_limiter_free (self->limiter);
  regia_meter_unref (self->meter);
  g_free (self);
}

RegiaProgrammeSound *
regia_programme_sound_new (const RegiaConfigValues *config, GstBin *bin, RegiaMixWait *wait)
{
  RegiaProgrammeSound *self = g_new0 (RegiaProgrammeSound, 1);

  self->config = config;
  self->bin = bin;
  self->wait = wait;
  self->faders = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_fader_free);
  self->mixers = g_ptr_array_new ();
  self->mixes = g_ptr_array_new_with_free_func (mix_free);
  return self;
}

void
regia_programme_sound_free (RegiaProgrammeSound *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->faders);
  g_ptr_array_unref (self->mixers);
  g_ptr_array_unref (self->mixes);
  g_free (self);
}

/* Streaming thread. What goes into the encoders is measured as it goes into them. */
static GstPadProbeReturn
on_mix_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Mix *self = user_data;

  if (self->leveller != NULL)
    info->data = regia_leveller_take (self->leveller, GST_PAD_PROBE_INFO_BUFFER (info));
  info->data = regia_tone_take_buffer (self->tone, GST_PAD_PROBE_INFO_BUFFER (info));
  if (self->limiter != NULL)
    info->data = regia_limiter_take (self->limiter, GST_PAD_PROBE_INFO_BUFFER (info));
  if (info->data == NULL)
    return GST_PAD_PROBE_HANDLED;
  regia_meter_take_buffer (self->meter, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

gboolean
regia_programme_sound_add_language (RegiaProgrammeSound *self, guint index, GstElement **ret_tee,
                                    GError **error)
{
  const RegiaConfigAudio *audio = g_ptr_array_index (self->config->audios, index);
  GstElement *mixer =
      regia_mix_new (self->bin, "audiomixer", REGIA_PROGRAMME_SOUND_CAPS, self->wait, ret_tee, error);
  g_autoptr (GstPad) pad = NULL;
  Mix *mix;

  if (mixer == NULL)
    return FALSE;
  g_object_set (mixer, "output-buffer-duration", (guint64)BLOCK_NS, NULL);
  g_ptr_array_add (self->mixers, mixer);
  mix = g_new0 (Mix, 1);
  mix->tone = regia_tone_new ();
  mix->meter = regia_meter_new ();
  g_ptr_array_add (self->mixes, mix);
  if (audio->level != 0)
    mix->leveller = regia_leveller_new (audio->level);
  if (audio->limit != REGIA_CONFIG_NO_LIMIT) {
    mix->limiter = regia_limiter_new (pow (10, audio->limit / 200.0), error);
    if (mix->limiter == NULL)
      return FALSE;
  }
  pad = gst_element_get_static_pad (*ret_tee, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_mix_cb, mix, NULL);
  return TRUE;
}

GstAppSrc *
regia_programme_sound_add_input (RegiaProgrammeSound *self, guint index, gint64 queue_ns,
                                 RegiaFader **ret_fader)
{
  g_autoptr (GstPad) pad = NULL;
  GstAppSrc *input;

  *ret_fader = regia_fader_new (self->bin);
  g_ptr_array_add (self->faders, *ret_fader);
  input = regia_mix_add_input (self->bin, regia_fader_get_element (*ret_fader),
                               g_ptr_array_index (self->mixers, index), REGIA_PROGRAMME_SOUND_CAPS, queue_ns,
                               &pad);
  g_object_set (pad, "volume", REGIA_FADER_SCALE, NULL);
  return input;
}

void
regia_programme_sound_remove_input (RegiaProgrammeSound *self, guint index, GstAppSrc *input,
                                    RegiaFader *fader)
{
  regia_mix_remove_input (self->bin, regia_fader_get_element (fader), g_ptr_array_index (self->mixers, index),
                          input);
  g_ptr_array_remove (self->faders, fader);
}

void
regia_programme_sound_set_tone (RegiaProgrammeSound *self, gboolean on)
{
  for (guint i = 0; i < self->mixes->len; i++)
    regia_tone_set (((Mix *)g_ptr_array_index (self->mixes, i))->tone, on);
}

void
regia_programme_sound_set_start (RegiaProgrammeSound *self, gint64 start_ns)
{
  for (guint i = 0; i < self->mixers->len; i++)
    regia_mix_set_start (g_ptr_array_index (self->mixers, i), start_ns);
}

RegiaMeter *
regia_programme_sound_get_meter (RegiaProgrammeSound *self, guint index)
{
  return ((Mix *)g_ptr_array_index (self->mixes, index))->meter;
}

double
regia_programme_sound_get_levelled_db (RegiaProgrammeSound *self, guint index)
{
  const Mix *mix = g_ptr_array_index (self->mixes, index);

  return mix->leveller != NULL ? regia_leveller_get_gain_db (mix->leveller) : 0;
}
