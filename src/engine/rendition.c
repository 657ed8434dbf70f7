/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "rendition-private.h"

#include <string.h>

#include "regia/base/clock.h"

/* From a [rendition] of the event to what its encoder is told, for the programme and for `regia check`. No
 * state. */

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
