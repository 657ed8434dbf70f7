/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "programme-sound-private.h"

#include <stdio.h>

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

struct _RegiaProgrammeSound {
  const RegiaConfigValues *config; /* (unowned) */
  GstBin *bin;                     /* (unowned) */
  GPtrArray *faders;               /* (element-type RegiaFader) (owned) */
  GPtrArray *mixers;               /* (element-type GstElement) (unowned) one for each language */
  GPtrArray *tones;                /* (element-type RegiaTone) (owned) one for each language */
  GPtrArray *meters;               /* (element-type RegiaMeter) (owned) one for each language */
  double *levels;                  /* (owned) dBFS, one for each language */
};

RegiaProgrammeSound *
regia_programme_sound_new (const RegiaConfigValues *config, GstBin *bin)
{
  RegiaProgrammeSound *self = g_new0 (RegiaProgrammeSound, 1);

  self->config = config;
  self->bin = bin;
  self->faders = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_fader_free);
  self->mixers = g_ptr_array_new ();
  self->tones = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_tone_free);
  self->meters = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_meter_unref);
  self->levels = g_new0 (double, config->audios->len);
  return self;
}

void
regia_programme_sound_free (RegiaProgrammeSound *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->faders);
  g_ptr_array_unref (self->mixers);
  g_ptr_array_unref (self->tones);
  g_ptr_array_unref (self->meters);
  g_free (self->levels);
  g_free (self);
}

/* Streaming thread. What goes into the encoders. */
static GstPadProbeReturn
on_mix_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  regia_meter_take_buffer (user_data, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

/* Streaming thread. Before all that measures. */
static GstPadProbeReturn
on_mixed_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GST_PAD_PROBE_INFO_DATA (info) = regia_tone_take_buffer (user_data, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

gboolean
regia_programme_sound_add_language (RegiaProgrammeSound *self, guint index, GstElement **ret_tee,
                                    GError **error)
{
  g_autofree char *level_name = g_strdup_printf ("level-%u", index);
  GstElement *level = gst_element_factory_make ("level", level_name), *mixer;
  g_autoptr (GstPad) pad = NULL, mixed = NULL;
  RegiaMeter *meter;

  g_object_set (level, "interval", (guint64)200 * GST_MSECOND, NULL);
  mixer = regia_mix_new (self->bin, "audiomixer", REGIA_PROGRAMME_SOUND_CAPS, self->config->latency_ms, level,
                         ret_tee, error);
  if (mixer == NULL)
    return FALSE;
  g_object_set (mixer, "output-buffer-duration", (guint64)BLOCK_NS, NULL);
  g_ptr_array_add (self->mixers, mixer);
  g_ptr_array_add (self->tones, regia_tone_new ());
  mixed = gst_element_get_static_pad (mixer, "src");
  gst_pad_add_probe (mixed, GST_PAD_PROBE_TYPE_BUFFER, on_mixed_cb, g_ptr_array_index (self->tones, index),
                     NULL);
  meter = regia_meter_new ();
  g_ptr_array_add (self->meters, meter);
  pad = gst_element_get_static_pad (*ret_tee, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_mix_cb, regia_meter_ref (meter),
                     (GDestroyNotify)regia_meter_unref);
  self->levels[index] = REGIA_METER_SILENCE;
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
regia_programme_sound_set_tone (RegiaProgrammeSound *self, gboolean on)
{
  for (guint i = 0; i < self->tones->len; i++)
    regia_tone_set (g_ptr_array_index (self->tones, i), on);
}

void
regia_programme_sound_set_start (RegiaProgrammeSound *self, gint64 start_ns)
{
  for (guint i = 0; i < self->mixers->len; i++)
    regia_mix_set_start (g_ptr_array_index (self->mixers, i), start_ns);
}

static double
loudest (const GstStructure *structure)
{
  const GValue *value = gst_structure_get_value (structure, "rms");
  GValueArray *channels = value ? g_value_get_boxed (value) : NULL;
  double db = REGIA_METER_SILENCE;

  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  for (guint i = 0; channels && i < channels->n_values; i++)
    db = MAX (db, g_value_get_double (g_value_array_get_nth (channels, i)));
  G_GNUC_END_IGNORE_DEPRECATIONS
  return db;
}

void
regia_programme_sound_take_message (RegiaProgrammeSound *self, GstMessage *message)
{
  guint index;

  if (gst_message_has_name (message, "level") &&
      sscanf (GST_OBJECT_NAME (GST_MESSAGE_SRC (message)), "level-%u", &index) == 1 &&
      index < self->mixers->len)
    self->levels[index] = loudest (gst_message_get_structure (message));
}

double
regia_programme_sound_get_level (RegiaProgrammeSound *self, guint index)
{
  return self->levels[index];
}

RegiaMeter *
regia_programme_sound_get_meter (RegiaProgrammeSound *self, guint index)
{
  return g_ptr_array_index (self->meters, index);
}
