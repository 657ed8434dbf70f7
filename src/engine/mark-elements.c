/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "mark-elements-private.h"

#include <gst/audio/gstaudiofilter.h>
#include <gst/base/gstbasetransform.h>
#include <gst/gst.h>
#include <gst/video/gstvideofilter.h>
#include <gst/video/video.h>
#include <math.h>
#include <string.h>

#include "regia/base/clock.h"
#include "regia/engine/mark.h"

/*
 * The two elements of the test source. Both work in place on whatever picture and sound flows through them:
 *
 * regiamark burns the marks of mark.h into I420 frames: how many frames it has seen, the wall clock, and the
 * flash. regiabeep adds the beep to F32 sound, from each full second of running time on.
 *
 * Each instance belongs to its pipeline and is touched by its streaming thread only.
 */

#define BEEP_NS       (50 * REGIA_MSECOND)
#define BEEP_HZ       1000.0
#define BEEP_LOUDNESS 0.5f

typedef struct {
  GstVideoFilter parent;
  guint32 frame;
} RegiaMarkElement;

typedef struct {
  GstVideoFilterClass parent_class;
} RegiaMarkElementClass;

typedef struct {
  GstAudioFilter parent;
} RegiaBeepElement;

typedef struct {
  GstAudioFilterClass parent_class;
} RegiaBeepElementClass;

static GType regia_mark_element_get_type (void);
static GType regia_beep_element_get_type (void);
G_DEFINE_TYPE (RegiaMarkElement, regia_mark_element, GST_TYPE_VIDEO_FILTER)
G_DEFINE_TYPE (RegiaBeepElement, regia_beep_element, GST_TYPE_AUDIO_FILTER)

static guint64
running_time (GstBaseTransform *transform, GstBuffer *buffer)
{
  guint64 time = gst_segment_to_running_time (&transform->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));

  return GST_CLOCK_TIME_IS_VALID (time) ? time : 0;
}

/*
 * A live source begins when its thread gets to it, some milliseconds after the sound's, and keeps that phase.
 * Put on multiples of the frame's duration in running time, frames fall on the full seconds exactly, where
 * the beeps are.
 */
static guint64
straighten (GstVideoFilter *filter, GstBuffer *buffer)
{
  guint64 time_ns = running_time (GST_BASE_TRANSFORM (filter), buffer), frame;
  guint64 num = (guint64)GST_VIDEO_INFO_FPS_N (&filter->in_info),
          den = (guint64)GST_VIDEO_INFO_FPS_D (&filter->in_info);

  if (num == 0)
    return time_ns;
  frame = gst_util_uint64_scale_round (time_ns, num, den * GST_SECOND);
  GST_BUFFER_PTS (buffer) += gst_util_uint64_scale_round (frame, den * GST_SECOND, num) - time_ns;
  return gst_util_uint64_scale_round (frame, den * GST_SECOND, num);
}

static GstFlowReturn
mark_transform (GstVideoFilter *filter, GstVideoFrame *frame)
{
  RegiaMarkElement *self = (RegiaMarkElement *)filter;
  int width = GST_VIDEO_FRAME_WIDTH (frame), height = GST_VIDEO_FRAME_HEIGHT (frame);
  /* The flash starts with the first frame at or after the full second. */
  gboolean flash = straighten (filter, frame->buffer) % REGIA_SECOND < BEEP_NS;

  if (height >= regia_mark_rows_height (width) && width >= REGIA_MARK_MIN_WIDTH)
    for (guint plane = 1; plane < 3; plane++)
      for (int y = 0; y < (regia_mark_rows_height (width) + 1) / 2; y++)
        memset ((guint8 *)GST_VIDEO_FRAME_PLANE_DATA (frame, plane) +
                    (gsize)y * (gsize)GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane),
                128, (gsize)GST_VIDEO_FRAME_COMP_WIDTH (frame, plane));
  regia_mark_draw (GST_VIDEO_FRAME_PLANE_DATA (frame, 0), GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0), width,
                   height, self->frame++, regia_clock_realtime_ns () / REGIA_MSECOND, flash);
  return GST_FLOW_OK;
}

static void
regia_mark_element_init (RegiaMarkElement *self)
{
}

static void
regia_mark_element_class_init (RegiaMarkElementClass *class)
{
  GstElementClass *element = GST_ELEMENT_CLASS (class);
  g_autoptr (GstCaps) caps = gst_caps_from_string (GST_VIDEO_CAPS_MAKE ("I420"));

  gst_element_class_add_pad_template (element,
                                      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_add_pad_template (element,
                                      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_element_class_set_static_metadata (element, "Regia marks", "Filter/Effect/Video",
                                         "Burns frame number, wall clock and a flash into the picture",
                                         "Regia");
  GST_VIDEO_FILTER_CLASS (class)->transform_frame_ip = mark_transform;
}

static GstFlowReturn
beep_transform (GstBaseTransform *transform, GstBuffer *buffer)
{
  GstAudioInfo *info = GST_AUDIO_FILTER_INFO (transform);
  guint64 start_ns = running_time (transform, buffer);
  int rate = GST_AUDIO_INFO_RATE (info), channels = GST_AUDIO_INFO_CHANNELS (info);
  /* Counted in samples: the beep begins at the sample nearest to the full second. */
  guint64 first = gst_util_uint64_scale_round (start_ns, (guint64)rate, GST_SECOND);
  guint64 length = gst_util_uint64_scale (BEEP_NS, (guint64)rate, GST_SECOND);
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READWRITE))
    return GST_FLOW_ERROR;
  for (gsize i = 0; i < map.size / (sizeof (float) * (gsize)channels); i++) {
    guint64 into = (first + i) % (guint64)rate;
    if (into >= length)
      continue;
    float value = BEEP_LOUDNESS * sinf ((float)(2 * G_PI * BEEP_HZ * (double)into / rate));
    for (int c = 0; c < channels; c++)
      ((float *)map.data)[i * (gsize)channels + (gsize)c] += value;
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_GAP);
  return GST_FLOW_OK;
}

static void
regia_beep_element_init (RegiaBeepElement *self)
{
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}

static void
regia_beep_element_class_init (RegiaBeepElementClass *class)
{
  GstElementClass *element = GST_ELEMENT_CLASS (class);
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (GST_AUDIO_CAPS_MAKE (GST_AUDIO_NE (F32)) ", layout = (string) interleaved");

  gst_audio_filter_class_add_pad_templates (GST_AUDIO_FILTER_CLASS (class), caps);
  gst_element_class_set_static_metadata (element, "Regia beep", "Filter/Effect/Audio",
                                         "Adds 50 ms of 1 kHz at each full second", "Regia");
  GST_BASE_TRANSFORM_CLASS (class)->transform_ip = beep_transform;
}

gboolean
regia_mark_elements_register (void)
{
  return gst_element_register (NULL, "regiamark", GST_RANK_NONE, regia_mark_element_get_type ()) &&
         gst_element_register (NULL, "regiabeep", GST_RANK_NONE, regia_beep_element_get_type ());
}
