/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "slate-private.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <string.h>

#include "launch-private.h"
#include "picture-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/named.h"

/*
 * The slate is the picture that lies under all others: one raw frame, which the compositor repeats for ever.
 * A plain dark one is there at once; the drawn one (an image, or the event's name and place) follows from a
 * little pipeline on a thread of its own, so that neither fonts nor a slow disk can delay the programme. An
 * image that is no good, or no good any more, gives way to name and place, and its fault is told.
 *
 * While the hall is private, viewers see the same with a line that says that it goes on. An event's own image
 * stays as it is: whoever made it knows best what it says.
 */

#define RENDER_NS (10 * REGIA_SECOND)
#define LOOK_NS   (20 * GST_MSECOND)

/* The house's dark ground, in BT.709 video range, as luma and the two chroma values; the drawn slate has the
 * same (0x14212b). */
enum { DARK_Y = 42, DARK_U = 135, DARK_V = 122 };

typedef struct {
  char *caps, *image, *name, *place;
  char *line; /* below the place; "" for none */
  GCancellable *cancellable;
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
make_pipeline (const char *text, GError **error)
{
  GstElement *bin = regia_launch_parse (text, "slate", error), *pipeline;

  if (bin == NULL)
    return NULL;
  pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_bin_add (GST_BIN (pipeline), bin);
  return pipeline;
}

/* The first frame that comes out of @pipeline, or NULL with the pipeline's own error, if it gives one. */
static GstBuffer *
take_frame (GstElement *pipeline, GCancellable *cancellable, GError **error)
{
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GstSample) sample = NULL;
  gint64 until_ns = regia_clock_monotonic_ns () + RENDER_NS;
  GstBuffer *frame = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (sample == NULL && message == NULL && !gst_app_sink_is_eos (GST_APP_SINK (out)) &&
         !g_cancellable_is_cancelled (cancellable) && regia_clock_monotonic_ns () < until_ns) {
    sample = gst_app_sink_try_pull_sample (GST_APP_SINK (out), LOOK_NS);
    if (sample == NULL)
      message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  }
  if (sample)
    frame = gst_buffer_copy_deep (gst_sample_get_buffer (sample));
  else if (!g_cancellable_set_error_if_cancelled (cancellable, error) && message)
    gst_message_parse_error (message, error, NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return frame;
}

static GstBuffer *
decode_image (GByteArray *content, gboolean png, const char *caps, GCancellable *cancellable, GError **error)
{
  g_autofree char *text = g_strdup_printf ("appsrc name=in ! %s ! videoconvertscale add-borders=true ! "
                                           "appsink name=out sync=false caps=\"%s\"",
                                           png ? "pngdec" : "jpegdec", caps);
  g_autoptr (GstElement) pipeline = make_pipeline (text, error), in = NULL;
  g_autoptr (GstCaps) in_caps =
      gst_caps_from_string (png ? "image/png,framerate=0/1" : "image/jpeg,framerate=0/1");
  GstBuffer *frame;

  if (pipeline == NULL)
    return NULL;
  in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  g_object_set (in, "caps", in_caps, "format", GST_FORMAT_TIME, NULL);
  gst_app_src_push_buffer (GST_APP_SRC (in), gst_buffer_new_memdup (content->data, content->len));
  gst_app_src_end_of_stream (GST_APP_SRC (in));
  frame = take_frame (pipeline, cancellable, NULL);
  /* GStreamer's own words would be "Internal data stream error" */
  if (frame == NULL && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                         "is damaged or of a rare kind; save it anew as PNG or JPEG");
  return frame;
}

GstBuffer *
regia_slate_draw_image (const char *path, const char *caps, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) content =
      regia_named_read (path, REGIA_PICTURE_MAX_BYTES, "name a PNG or JPEG picture", error);
  GstBuffer *frame = NULL;
  RegiaPicture picture;

  if (content && regia_picture_measure (content->data, content->len, &picture, error))
    frame = decode_image (content, picture.png, caps, cancellable, error);
  if (frame == NULL)
    g_prefix_error (error, "%s ", path);
  return frame;
}

static GstBuffer *
draw_words (const Job *job, GError **error)
{
  g_autofree char *text = g_strdup_printf (
      "videotestsrc pattern=solid-color foreground-color=0xff14212b num-buffers=1 ! capsfilter "
      "caps=\"%s\" ! "
      "textoverlay name=name valignment=position ypos=0.42 halignment=center line-alignment=center "
      "draw-shadow=false draw-outline=false font-desc=\"Sans Bold 26\" ! "
      "textoverlay name=place valignment=position ypos=0.66 halignment=center "
      "line-alignment=center "
      "draw-shadow=false draw-outline=false font-desc=\"Sans 15\" ! "
      "textoverlay name=line valignment=position ypos=0.84 halignment=center "
      "line-alignment=center "
      "draw-shadow=false draw-outline=false font-desc=\"Sans 15\" ! "
      "videoconvertscale ! appsink name=out sync=false caps=\"%s\"",
      job->caps, job->caps);
  g_autoptr (GstElement) pipeline = make_pipeline (text, error), name = NULL, place = NULL, line = NULL;
  g_autoptr (GError) local_error = NULL;
  GstBuffer *frame;

  if (pipeline == NULL)
    return NULL;
  name = gst_bin_get_by_name (GST_BIN (pipeline), "name");
  place = gst_bin_get_by_name (GST_BIN (pipeline), "place");
  line = gst_bin_get_by_name (GST_BIN (pipeline), "line");
  g_object_set (name, "text", job->name, NULL);
  g_object_set (place, "text", job->place, NULL);
  g_object_set (line, "text", job->line, NULL);
  frame = take_frame (pipeline, job->cancellable, &local_error);
  if (frame == NULL)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "the event's name cannot be drawn%s%s",
                 local_error ? ": " : "", local_error ? local_error->message : "");
  return frame;
}

/* What the event asked for, or what stands in for it together with the reason. */
static GstBuffer *
draw (const Job *job, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GstBuffer *frame = NULL;

  if (job->image)
    frame = regia_slate_draw_image (job->image, job->caps, job->cancellable, &local_error);
  if (frame == NULL)
    frame = draw_words (job, local_error ? NULL : &local_error);
  if (local_error)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return frame;
}

static Job *
job_new (const RegiaConfigValues *config, const char *line, const char *caps, GCancellable *cancellable)
{
  Job *job = g_new0 (Job, 1);

  job->caps = g_strdup (caps);
  job->image = g_strdup (config->slate);
  job->name = g_strdup (config->name ? config->name : "");
  job->place = g_strdup (config->place ? config->place : "");
  job->line = g_strdup (line);
  job->cancellable = g_object_ref (cancellable);
  return job;
}

static void
job_free (Job *job)
{
  g_object_unref (job->cancellable);
  g_free (job->caps);
  g_free (job->image);
  g_free (job->name);
  g_free (job->place);
  g_free (job->line);
  g_free (job);
}

static gpointer
render_thread (gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (GError) error = NULL;
  GstBuffer *frame = draw (job, &error);

  job->callback (frame, error, job->user_data);
  job_free (job);
  return NULL;
}

GThread *
regia_slate_render (const RegiaConfigValues *config, const char *caps, GCancellable *cancellable,
                    RegiaSlateFunc callback, gpointer user_data)
{
  Job *job = job_new (config, "", caps, cancellable);

  job->callback = callback;
  job->user_data = user_data;
  return g_thread_new ("slate", render_thread, job);
}

char *
regia_slate_break_line (const char *const *languages)
{
  static const struct {
    const char *language, *words;
  } lines[] = {
      {"it", "Torniamo subito"},    {"en", "We will be right back"},       {"de", "Wir sind gleich zurück"},
      {"es", "Volvemos enseguida"}, {"fr", "Nous revenons tout de suite"},
  };
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  for (guint i = 0; languages && languages[i]; i++)
    for (gsize j = 0; j < G_N_ELEMENTS (lines); j++)
      if (strncmp (languages[i], lines[j].language, 2) == 0 && !g_ascii_isalpha (languages[i][2]) &&
          !g_ptr_array_find (words, lines[j].words, NULL))
        g_ptr_array_add (words, (char *)lines[j].words);
  if (words->len == 0)
    g_ptr_array_add (words, (char *)"We will be right back");
  g_ptr_array_add (words, NULL);
  return g_strjoinv ("\n", (char **)words->pdata);
}

GstBuffer *
regia_slate_draw_break (const RegiaConfigValues *config, const char *caps, GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *line = regia_slate_break_line ((const char *const *)config->languages);
  Job *job = job_new (config, line, caps, cancellable);
  GstBuffer *frame = draw (job, error);

  job_free (job);
  return frame;
}
