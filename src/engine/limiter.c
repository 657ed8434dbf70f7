/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "limiter-private.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"

/*
 * RegiaLimiter is libavfilter's `alimiter`: a look-ahead limiter, whose output never exceeds its limit. What
 * GStreamer has does not do: audiodynamic bends each sample by itself, which is heard, and rglimiter only
 * what is close to full scale.
 *
 * It gives as many samples as it takes, each as much later as it looks ahead: the first ones are none, and
 * the times of the others are put back by that. So sound stays with its picture, and buffers are changed in
 * place.
 *
 * Owner: RegiaProgrammeSound, one for each language's streaming thread.
 */

#define RATE         48000
#define CHANNELS     2
#define AHEAD_MS     5
#define AHEAD_FRAMES (RATE * AHEAD_MS / 1000 - 1) /* by the newest sample, which it has seen */
#define RELEASE_MS   80

struct _RegiaLimiter {
  AVFilterGraph *graph;      /* (owned) */
  AVFilterContext *in, *out; /* (unowned) */
  gint64 taken;              /* frames */
};

static gboolean
build (RegiaLimiter *self, double peak)
{
  static const char source[] = "sample_rate=48000:sample_fmt=dbl:channel_layout=stereo:time_base=1/48000";
  char peak_text[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *options = g_strdup_printf ("level=0:attack=%d:release=%d:limit=%s", AHEAD_MS, RELEASE_MS,
                                              g_ascii_formatd (peak_text, sizeof peak_text, "%.9f", peak));
  AVFilterContext *limiter = NULL;

  self->graph = avfilter_graph_alloc ();
  if (self->graph == NULL)
    return FALSE;
  self->graph->nb_threads = 1;
  return avfilter_graph_create_filter (&self->in, avfilter_get_by_name ("abuffer"), "in", source, NULL,
                                       self->graph) >= 0 &&
         avfilter_graph_create_filter (&limiter, avfilter_get_by_name ("alimiter"), "limiter", options, NULL,
                                       self->graph) >= 0 &&
         avfilter_graph_create_filter (&self->out, avfilter_get_by_name ("abuffersink"), "out", NULL, NULL,
                                       self->graph) >= 0 &&
         avfilter_link (self->in, 0, limiter, 0) == 0 && avfilter_link (limiter, 0, self->out, 0) == 0 &&
         avfilter_graph_config (self->graph, NULL) >= 0;
}

RegiaLimiter *
regia_limiter_new (double peak, GError **error)
{
  g_autoptr (RegiaLimiter) self = g_new0 (RegiaLimiter, 1);

  if (build (self, peak))
    return g_steal_pointer (&self);
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                       "libavfilter's limiter does not start; limit = off does without it");
  return NULL;
}

void
regia_limiter_free (RegiaLimiter *self)
{
  if (self == NULL)
    return;
  avfilter_graph_free (&self->graph);
  g_free (self);
}

/* @samples are limited in place. */
static gboolean
limit (RegiaLimiter *self, float *samples, gsize frames)
{
  AVFrame *frame = av_frame_alloc ();
  gboolean done = FALSE;

  if (frame == NULL)
    return FALSE;
  frame->format = AV_SAMPLE_FMT_DBL;
  frame->sample_rate = RATE;
  frame->nb_samples = (int)frames;
  frame->pts = self->taken;
  av_channel_layout_default (&frame->ch_layout, CHANNELS);
  if (av_frame_get_buffer (frame, 0) >= 0) {
    double *values = (double *)frame->data[0];

    for (gsize i = 0; i < CHANNELS * frames; i++)
      values[i] = (double)samples[i];
    done = av_buffersrc_add_frame (self->in, frame) >= 0;
  }
  av_frame_unref (frame);
  done = done && av_buffersink_get_frame (self->out, frame) >= 0 && frame->nb_samples == (int)frames;
  if (done) {
    const double *values = (const double *)frame->data[0];

    for (gsize i = 0; i < CHANNELS * frames; i++)
      samples[i] = (float)values[i];
  }
  av_frame_free (&frame);
  return done;
}

GstBuffer *
regia_limiter_take (RegiaLimiter *self, GstBuffer *buffer)
{
  const gsize frame_bytes = CHANNELS * sizeof (float);
  gint64 frames = (gint64)(gst_buffer_get_size (buffer) / frame_bytes);
  gint64 none = CLAMP (AHEAD_FRAMES - self->taken, 0, frames);
  GstMapInfo map;

  buffer = gst_buffer_make_writable (buffer);
  if (gst_buffer_map (buffer, &map, GST_MAP_READWRITE)) {
    if (!limit (self, (float *)map.data, (gsize)frames))
      g_warning_once ("the limiter refuses sound; it goes past it");
    gst_buffer_unmap (buffer, &map);
  }
  GST_BUFFER_PTS (buffer) =
      (GstClockTime)((gint64)GST_BUFFER_PTS (buffer) + (none - AHEAD_FRAMES) * REGIA_SECOND / RATE);
  self->taken += frames;
  /* What was silent may have the end of a sound in it now. */
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_GAP);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale ((guint64)(frames - none), GST_SECOND, RATE);
  GST_BUFFER_OFFSET (buffer) = GST_BUFFER_OFFSET_END (buffer) = GST_BUFFER_OFFSET_NONE;
  if (none == frames) {
    gst_buffer_unref (buffer);
    return NULL;
  }
  gst_buffer_resize (buffer, (gssize)((gsize)none * frame_bytes),
                     (gssize)((gsize)(frames - none) * frame_bytes));
  return buffer;
}
