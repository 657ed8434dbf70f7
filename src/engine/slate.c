/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "slate-private.h"

#include <gst/app/gstappsink.h>
#include <string.h>

#include "launch-private.h"
#include "regia/base/error.h"

/*
 * The slate is the picture that lies under all others: one raw frame, which the compositor repeats for ever.
 * A plain dark one is there at once; the drawn one (an image, or the event's name and place) follows from a
 * little pipeline on a thread of its own, so that neither fonts nor a slow disk can delay the programme.
 */

#define RENDER_TIMEOUT (10 * GST_SECOND)

/* The house's dark ground, in BT.709 video range, as luma and the two chroma values; the drawn slate has the
 * same (0x14212b). */
enum { DARK_Y = 42, DARK_U = 135, DARK_V = 122 };

typedef struct {
  char *caps, *image, *name, *place;
  RegiaSlateFunc callback;
  gpointer user_data;
} Job;

GstBuffer *
regia_slate_plain (guint width, guint height)
{
  gsize luma = (gsize)width * height, chroma = (gsize)(width / 2) * (height / 2);
  GstBuffer *frame = gst_buffer_new_allocate (NULL, luma + 2 * chroma, NULL);

  gst_buffer_memset (frame, 0, DARK_Y, luma);
  gst_buffer_memset (frame, luma, DARK_U, chroma);
  gst_buffer_memset (frame, luma + chroma, DARK_V, chroma);
  return frame;
}

static GstElement *
make_pipeline (const Job *job, GError **error)
{
  g_autofree char *text =
      job->image
          ? g_strdup_printf ("filesrc name=file ! decodebin ! videoconvertscale add-borders=true ! "
                             "appsink name=out sync=false caps=\"%s\"",
                             job->caps)
          : g_strdup_printf (
                "videotestsrc pattern=solid-color foreground-color=0xff14212b num-buffers=1 ! capsfilter "
                "caps=\"%s\" ! "
                "textoverlay name=name valignment=position ypos=0.42 halignment=center line-alignment=center "
                "draw-shadow=false draw-outline=false font-desc=\"Sans Bold 26\" ! "
                "textoverlay name=place valignment=position ypos=0.66 halignment=center "
                "line-alignment=center "
                "draw-shadow=false draw-outline=false font-desc=\"Sans 15\" ! "
                "videoconvertscale ! appsink name=out sync=false caps=\"%s\"",
                job->caps, job->caps);
  GstElement *bin = regia_launch_parse (text, "slate", error), *pipeline;

  if (bin == NULL)
    return NULL;
  pipeline = gst_pipeline_new (NULL);
  gst_bin_add (GST_BIN (pipeline), bin);
  for (guint i = 0; i < 3; i++) {
    const char *names[] = {"file", "name", "place"}, *properties[] = {"location", "text", "text"};
    const char *values[] = {job->image, job->name, job->place};
    g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (pipeline), names[i]);
    if (element)
      g_object_set (element, properties[i], values[i], NULL);
  }
  return pipeline;
}

static GstBuffer *
render (const Job *job, GError **error)
{
  GstElement *pipeline = make_pipeline (job, error);
  g_autoptr (GstElement) out = NULL;
  g_autoptr (GstSample) sample = NULL;
  GstBuffer *frame = NULL;

  if (pipeline == NULL)
    return NULL;
  gst_object_ref_sink (pipeline);
  out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  sample = gst_app_sink_try_pull_sample (GST_APP_SINK (out), RENDER_TIMEOUT);
  if (sample)
    frame = gst_buffer_copy_deep (gst_sample_get_buffer (sample));
  else
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                 "[programme] slate: %s cannot be drawn; take a PNG or JPEG picture",
                 job->image ? job->image : "the event's name");
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return frame;
}

static gpointer
render_thread (gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (GError) error = NULL;
  GstBuffer *frame = render (job, &error);

  job->callback (frame, error, job->user_data);
  g_free (job->caps);
  g_free (job->image);
  g_free (job->name);
  g_free (job->place);
  g_free (job);
  return NULL;
}

GThread *
regia_slate_render (const RegiaConfigValues *config, const char *caps, RegiaSlateFunc callback,
                    gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->caps = g_strdup (caps);
  job->image = g_strdup (config->slate);
  job->name = g_strdup (config->name ? config->name : "");
  job->place = g_strdup (config->place ? config->place : "");
  job->callback = callback;
  job->user_data = user_data;
  return g_thread_new ("slate", render_thread, job);
}
