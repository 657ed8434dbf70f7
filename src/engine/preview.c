/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "preview-private.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <sys/resource.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/scrub.h"
#include "regia/base/thread.h"

/*
 * RegiaPreview has a small pipeline of its own while somebody looks, and nothing otherwise:
 *
 *   appsrc (one picture, the newest) → scaler → JPEG → appsink
 *
 * It shares no thread with the source or the programme: what it cannot take in time it leaves out, and its
 * thread comes after everybody else's. If an element of it is missing or gives up there is no preview, and
 * nothing else is different.
 *
 * Life: made with the programme, before whose end it is closed; a source's run that hangs may still hold it
 * and offer to it. `lock` guards the pipeline that is offered to, and is held only to hand a picture over.
 */

#define NICE 15

struct _RegiaPreview {
  gatomicrefcount ref_count;
  RegiaTrack *track; /* (owned) */
  char *caps;        /* (owned) */
  RegiaPreviewFunc packet_cb;
  gpointer user_data;
  GstElement *pipeline; /* (owned) (nullable): while somebody looks; main thread */
  gboolean closed;      /* main thread */
  gboolean said;        /* why there is none; main thread */
  int wanted;           /* atomic: somebody looks */
  gint64 given_ns;      /* time of the last packet; the preview's streaming thread, one after the other */

  GMutex lock;        /* guards what follows */
  GstAppSrc *source;  /* (owned) (nullable): of the pipeline */
  gint64 distance_ns; /* from one picture to the next */
  gint64 last_taken_ns;
};

guint
regia_preview_rate (guint watched)
{
  if (watched == 0)
    return 0;
  return CLAMP (REGIA_PREVIEW_RATE_ALL / watched, REGIA_PREVIEW_RATE_MIN, REGIA_PREVIEW_RATE_MAX);
}

RegiaPreview *
regia_preview_new (guint track_id, const char *name, const char *caps, guint width, guint height,
                   RegiaPreviewFunc packet_cb, gpointer user_data)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  RegiaPreview *self = g_new0 (RegiaPreview, 1);
  g_autoptr (GBytes) nothing = g_bytes_new_static (NULL, 0);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->track = regia_track_new (track_id, name, "", REGIA_CODEC_JPEG, nothing);
  self->track->width = REGIA_PREVIEW_WIDTH;
  self->track->height = MAX (2, (REGIA_PREVIEW_WIDTH * height / width) & ~1u);
  self->caps = g_strdup (caps);
  self->packet_cb = packet_cb;
  self->user_data = user_data;
  self->given_ns = -1;
  return self;
}

RegiaPreview *
regia_preview_ref (RegiaPreview *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_preview_unref (RegiaPreview *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->pipeline == NULL);
  regia_track_unref (self->track);
  g_mutex_clear (&self->lock);
  g_free (self->caps);
  g_free (self);
}

RegiaTrack *
regia_preview_get_track (RegiaPreview *self)
{
  return self->track;
}

static GstFlowReturn
on_jpeg_cb (GstAppSink *sink, gpointer user_data)
{
  RegiaPreview *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;
  gint64 time_ns;
  gpointer data;
  gsize size;

  if (buffer == NULL || !GST_BUFFER_PTS_IS_VALID (buffer))
    return GST_FLOW_OK;
  time_ns = (gint64)GST_BUFFER_PTS (buffer);
  if (time_ns <= self->given_ns) /* a source that began anew a little earlier */
    return GST_FLOW_OK;
  self->given_ns = time_ns;
  gst_buffer_extract_dup (buffer, 0, (gsize)-1, &data, &size);
  self->packet_cb (regia_packet_new (self->track->id, REGIA_PACKET_KEYFRAME, time_ns, time_ns, 0,
                                     g_bytes_new_take (data, size)),
                   self->user_data);
  return GST_FLOW_OK;
}

/* The pipeline's streaming thread says that it begins: it comes after all others. */
static GstBusSyncReply
on_message_cb (GstBus *bus, GstMessage *message, gpointer user_data)
{
  RegiaPreview *self = user_data;
  GstStreamStatusType type;
  GstElement *owner;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_STREAM_STATUS) {
    gst_message_parse_stream_status (message, &type, &owner);
    if (type == GST_STREAM_STATUS_TYPE_ENTER)
      (void)setpriority (PRIO_PROCESS, (id_t)gettid (), NICE);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;

    gst_message_parse_error (message, &error, NULL);
    regia_scrub_error (error, NULL);
    g_warning ("%s: no preview: %s", self->track->name, error->message);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
begin (RegiaPreview *self)
{
  static const GstAppSinkCallbacks callbacks = {.new_sample = on_jpeg_cb};
  g_autofree char *text = g_strdup_printf (
      "appsrc name=in is-live=true format=time block=false max-buffers=1 leaky-type=downstream "
      "! videoconvertscale n-threads=1 ! video/x-raw,width=%u,height=%u "
      "! jpegenc quality=75 ! appsink name=out sync=false async=false max-buffers=2",
      self->track->width, self->track->height);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) sink = NULL, source = NULL;
  g_autoptr (GstCaps) caps = gst_caps_from_string (self->caps);
  g_autoptr (GstBus) bus = NULL;

  self->pipeline = gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (self->pipeline == NULL) {
    if (!self->said)
      g_warning ("%s: no preview: %s; install the package gstreamer1.0-plugins-good", self->track->name,
                 error->message);
    self->said = TRUE;
    return;
  }
  gst_object_ref_sink (self->pipeline);
  source = gst_bin_get_by_name (GST_BIN (self->pipeline), "in");
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "out");
  g_object_set (source, "caps", caps, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), (GstAppSinkCallbacks *)&callbacks, self, NULL);
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, on_message_cb, self, NULL);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  g_mutex_lock (&self->lock);
  self->source = GST_APP_SRC (g_steal_pointer (&source));
  self->last_taken_ns = -1;
  g_mutex_unlock (&self->lock);
}

static void
end (RegiaPreview *self)
{
  GstAppSrc *source;

  g_mutex_lock (&self->lock);
  source = g_steal_pointer (&self->source);
  g_mutex_unlock (&self->lock);
  gst_clear_object (&source);
  if (self->pipeline == NULL)
    return;
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->pipeline);
}

void
regia_preview_set_rate (RegiaPreview *self, guint rate)
{
  REGIA_ON_THREAD (NULL);

  gboolean wanted = rate > 0 && !self->closed;

  if (wanted) {
    g_mutex_lock (&self->lock);
    self->distance_ns = REGIA_SECOND / rate;
    g_mutex_unlock (&self->lock);
  }
  if (wanted == (self->pipeline != NULL))
    return;
  if (wanted)
    begin (self);
  else
    end (self);
  g_atomic_int_set (&self->wanted, self->pipeline != NULL);
}

void
regia_preview_close (RegiaPreview *self)
{
  REGIA_ON_THREAD (NULL);
  self->closed = TRUE;
  regia_preview_set_rate (self, 0);
}

void
regia_preview_offer (RegiaPreview *self, GstBuffer *picture, gint64 time_ns)
{
  GstBuffer *copy;

  if (!g_atomic_int_get (&self->wanted))
    return;
  g_mutex_lock (&self->lock);
  /* Half a millisecond of slack: times of frames are rounded. */
  if (self->source != NULL && (self->last_taken_ns < 0 || time_ns < self->last_taken_ns ||
                               time_ns - self->last_taken_ns >= self->distance_ns - REGIA_MSECOND / 2)) {
    self->last_taken_ns = time_ns;
    copy = gst_buffer_copy (picture); /* its memory is shared */
    GST_BUFFER_PTS (copy) = (GstClockTime)MAX (time_ns, 0);
    GST_BUFFER_DTS (copy) = GST_BUFFER_DURATION (copy) = GST_CLOCK_TIME_NONE;
    gst_app_src_push_buffer (self->source, copy);
  }
  g_mutex_unlock (&self->lock);
}
