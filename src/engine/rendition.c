/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "rendition-private.h"

#include <string.h>

#include "programme-sound-private.h"
#include "regia/base/clock.h"

/* From a [rendition] or a language of the event to what its encoders are told, for the programme and for
 * `regia check`. No state. */

G_STATIC_ASSERT (REGIA_CONFIG_TRACKS_MAX == REGIA_TRACKS_MAX);

#define ISO_SOUND_KBPS     160
#define THREADS_FOR_PIXELS (1280 * 720 * 31)

char *
regia_rendition_caps (const RegiaConfigValues *config)
{
  return g_strdup_printf ("video/x-raw,format=I420,width=%u,height=%u,pixel-aspect-ratio=1/1,"
                          "interlace-mode=progressive,colorimetry=bt709,chroma-site=mpeg2",
                          config->width, config->height);
}

void
regia_rendition_spec (const RegiaConfigValues *config, const RegiaConfigRendition *rendition,
                      RegiaEncoderSpec *ret_spec)
{
  g_autofree char *name = g_strdup_printf ("video/%s", rendition->name),
                  *caps = regia_rendition_caps (config);
  g_autofree char *in_caps = g_strdup_printf ("%s,framerate=%u/%u", caps, config->rate_num, config->rate_den);
  g_autoptr (GHashTable) parameters = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  /* One thread costs least; slices are worth their price only where one core may not keep up. */
  gboolean big = (guint64)rendition->width * rendition->height * config->rate_num / config->rate_den >
                 THREADS_FOR_PIXELS;
  RegiaEncoderSpec spec = {
      .track_name = name,
      .language = "",
      .encoder = rendition->encoder,
      .parameters = parameters,
      .bitrate_bps = rendition->bitrate_kbps * 1000,
      .width = rendition->width,
      .height = rendition->height,
      .in_width = config->width,
      .in_height = config->height,
      .in_caps = in_caps,
      .rate_num = config->rate_num,
      .rate_den = config->rate_den,
      .keyframe_ns = (gint64)config->segment_ms * REGIA_MSECOND,
      .may_shed = rendition != config->renditions->pdata[0],
      .automatic = strcmp (rendition->encoder, REGIA_ENCODER_AUTO) == 0,
  };

  g_hash_table_insert (parameters, (gpointer) "bitrate", g_strdup_printf ("%u", rendition->bitrate_kbps));
  g_hash_table_insert (parameters, (gpointer) "preset", g_strdup (rendition->preset));
  g_hash_table_insert (parameters, (gpointer) "threads", g_strdup (big ? "0" : "1"));
  regia_encoder_spec_copy (&spec, ret_spec);
}

static void
sound_spec (const char *track, const char *language, const char *title, const char *encoder, guint kbps,
            RegiaEncoderSpec *ret_spec)
{
  g_autoptr (GHashTable) parameters = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  const RegiaEncoderSpec spec = {.track_name = track,
                                 .language = language,
                                 .title = title,
                                 .encoder = encoder,
                                 .parameters = parameters,
                                 .bitrate_bps = kbps * 1000,
                                 .in_caps = REGIA_PROGRAMME_SOUND_CAPS};

  g_hash_table_insert (parameters, (gpointer) "bitrate", g_strdup_printf ("%u", kbps));
  regia_encoder_spec_copy (&spec, ret_spec);
}

void
regia_rendition_sound_specs (const RegiaConfigAudio *audio, RegiaEncoderSpec ret_specs[2])
{
  g_autofree char *aac = g_strdup_printf ("audio/%s", audio->language),
                  *opus = g_strdup_printf ("audio/%s/opus", audio->language);

  sound_spec (aac, audio->language, audio->title, "aac", audio->bitrate_kbps, &ret_specs[0]);
  sound_spec (opus, audio->language, audio->title, "opus", audio->opus_bitrate_kbps, &ret_specs[1]);
}

void
regia_rendition_iso_specs (const RegiaConfigValues *config, const char *source, const char *chosen,
                           RegiaEncoderSpec ret_specs[2])
{
  g_autofree char *sound_name = g_strdup_printf ("iso/%s/audio", source);
  RegiaEncoderSpec *picture = &ret_specs[0];

  regia_rendition_spec (config, g_ptr_array_index (config->renditions, 0), picture);
  g_free ((char *)picture->track_name);
  picture->track_name = g_strdup_printf ("iso/%s", source);
  picture->may_shed = TRUE; /* no seconds of it are kept for a stuck encoder's successor */
  if (picture->automatic) {
    g_free ((char *)picture->encoder);
    picture->encoder = g_strdup (chosen);
  }
  sound_spec (sound_name, "", NULL, "aac", ISO_SOUND_KBPS, &ret_specs[1]);
}
