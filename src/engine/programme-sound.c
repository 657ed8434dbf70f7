/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "programme-sound-private.h"

#include <stdio.h>

#include "mix-private.h"
#include "regia/base/clock.h"

/*
 * RegiaProgrammeSound is the sound's part of the programme's pipeline: a mixer for each language, and for
 * each source in it a fader and an input.
 *
 * Owner: RegiaProgramme, whose pipeline it builds into and which takes that down first. Main thread.
 */

#define SILENCE_DB (-120.0)
#define BLOCK_NS   (20 * REGIA_MSECOND)

struct _RegiaProgrammeSound {
  const RegiaConfigValues *config; /* (unowned) */
  GstBin *bin;                     /* (unowned) */
  GPtrArray *faders;               /* (element-type RegiaFader) (owned) */
  GPtrArray *mixers;               /* (element-type GstElement) (unowned) one for each language */
  RegiaProgrammeLevel *levels;     /* (owned) one for each language */
};

RegiaProgrammeSound *
regia_programme_sound_new (const RegiaConfigValues *config, GstBin *bin)
{
  RegiaProgrammeSound *self = g_new0 (RegiaProgrammeSound, 1);

  self->config = config;
  self->bin = bin;
  self->faders = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_fader_free);
  self->mixers = g_ptr_array_new ();
  self->levels = g_new0 (RegiaProgrammeLevel, config->audios->len);
  return self;
}

void
regia_programme_sound_free (RegiaProgrammeSound *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->faders);
  g_ptr_array_unref (self->mixers);
  g_free (self->levels);
  g_free (self);
}

gboolean
regia_programme_sound_add_language (RegiaProgrammeSound *self, guint index, GstElement **ret_tee,
                                    GError **error)
{
  g_autofree char *level_name = g_strdup_printf ("level-%u", index);
  GstElement *level = gst_element_factory_make ("level", level_name), *mixer;

  g_object_set (level, "interval", (guint64)200 * GST_MSECOND, NULL);
  mixer = regia_mix_new (self->bin, "audiomixer", REGIA_PROGRAMME_SOUND_CAPS, self->config->latency_ms, level,
                         ret_tee, error);
  if (mixer == NULL)
    return FALSE;
  g_object_set (mixer, "output-buffer-duration", (guint64)BLOCK_NS, NULL);
  g_ptr_array_add (self->mixers, mixer);
  self->levels[index] = (RegiaProgrammeLevel){SILENCE_DB, SILENCE_DB};
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
regia_programme_sound_set_start (RegiaProgrammeSound *self, gint64 start_ns)
{
  for (guint i = 0; i < self->mixers->len; i++)
    regia_mix_set_start (g_ptr_array_index (self->mixers, i), start_ns);
}

static double
loudest (const GstStructure *structure, const char *field)
{
  const GValue *value = gst_structure_get_value (structure, field);
  GValueArray *channels = value ? g_value_get_boxed (value) : NULL;
  double db = SILENCE_DB;

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
    self->levels[index] =
        (RegiaProgrammeLevel){.level_db = loudest (gst_message_get_structure (message), "rms"),
                              .peak_db = loudest (gst_message_get_structure (message), "peak")};
}

RegiaProgrammeLevel
regia_programme_sound_get_level (RegiaProgrammeSound *self, guint index)
{
  return self->levels[index];
}
