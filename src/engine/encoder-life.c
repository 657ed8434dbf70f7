/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "encoder-life-private.h"

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/scrub.h"

/*
 * RegiaEncoderLife: the thread builds the pipeline, pushes each frame from a pad of its own into the
 * encoding's head, and so most encoders do their work on it. It ends with the stream, when its RegiaFrames
 * begins another life, or when an element gives up; then it shuts the pipeline down.
 *
 * Owner: RegiaEncoder, and the thread itself (one reference each), so one that hangs can be left behind: its
 * encoding is cut, and it reaches nobody any more.
 *
 * Lock: `lock` is a leaf.
 */

struct _RegiaEncoderLife {
  gatomicrefcount ref_count;
  RegiaEncoderSpec spec; /* (owned strings), immutable */
  gint64 after_ns;
  RegiaFrames *frames; /* (owned) */
  guint number;        /* among the lives of frames */
  const RegiaEncodingCallbacks *callbacks;
  gpointer user_data;

  GMutex lock;             /* guards what follows */
  GCond cond;              /* it is built, or gone */
  GstElement *pipeline;    /* (owned) (nullable) until it is built; constant then */
  RegiaEncoding *encoding; /* (owned) (nullable) the same */
  gboolean is_cut;         /* also before there is an encoding */
  GError *error;           /* (owned) (nullable) */
  gboolean gone;           /* its pipeline is shut down */
};

static void
life_unref (RegiaEncoderLife *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->pipeline, gst_object_unref);
  regia_encoding_free (self->encoding);
  regia_frames_unref (self->frames);
  regia_encoder_spec_clear (&self->spec);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

static void
set_error (RegiaEncoderLife *self, GError *error)
{
  g_mutex_lock (&self->lock);
  if (self->error == NULL)
    self->error = error;
  else
    g_error_free (error);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* What an element has said on the bus, or else @flow. */
static GError *
error_of (GstElement *pipeline, const char *flow)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  if (message == NULL)
    return flow ? g_error_new (REGIA_ERROR, REGIA_ERROR_MEDIA, "it takes no more frames: %s", flow) : NULL;
  gst_message_parse_error (message, &error, NULL);
  regia_scrub_error (error, NULL);
  return error;
}

static gboolean
build (RegiaEncoderLife *self, GError **error)
{
  g_autoptr (GstElement) pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (RegiaEncoding) encoding = NULL;

  encoding = regia_encoding_new (&self->spec, self->after_ns, GST_BIN (pipeline), self->callbacks,
                                 self->user_data, error);
  if (encoding == NULL)
    return FALSE;
  g_mutex_lock (&self->lock);
  if (self->is_cut)
    regia_encoding_cut (encoding);
  self->pipeline = g_steal_pointer (&pipeline);
  self->encoding = g_steal_pointer (&encoding);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static GstPad *
open_pad (GstElement *head)
{
  GstPad *pad = gst_object_ref_sink (gst_pad_new ("frames", GST_PAD_SRC));
  g_autoptr (GstPad) in = gst_element_get_static_pad (head, "sink");

  gst_pad_set_active (pad, TRUE);
  gst_pad_link (pad, in);
  gst_pad_push_event (pad, gst_event_new_stream_start ("frames"));
  return pad;
}

static void
begin_stream (RegiaEncoderLife *self, GstPad *pad)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (self->spec.in_caps);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

static void
feed (RegiaEncoderLife *self)
{
  g_autoptr (GstPad) pad = open_pad (regia_encoding_get_head (self->encoding));
  GstFlowReturn flow = GST_FLOW_OK;
  GstBuffer *frame;
  gboolean end;

  begin_stream (self, pad);
  while (flow == GST_FLOW_OK && (frame = regia_frames_take (self->frames, self->number, &end)))
    flow = gst_pad_push (pad, frame);
  if (flow != GST_FLOW_OK)
    set_error (self, error_of (self->pipeline, gst_flow_get_name (flow)));
  else if (end)
    gst_pad_push_event (pad, gst_event_new_eos ());
  /* The last packets may still be on their way; and whoever gives up is told to go. */
  regia_frames_wait_over (self->frames, self->number);
}

static gpointer
life_thread (gpointer user_data)
{
  RegiaEncoderLife *self = user_data;
  GError *error = NULL;

  if (!build (self, &error)) {
    set_error (self, error);
  } else {
    if (gst_element_set_state (self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
      set_error (self, error_of (self->pipeline, "it does not start"));
    else
      feed (self);
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  }
  g_mutex_lock (&self->lock);
  self->gone = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  life_unref (self);
  return NULL;
}

RegiaEncoderLife *
regia_encoder_life_start (const RegiaEncoderSpec *spec, gint64 after_ns, RegiaFrames *frames,
                          const RegiaEncodingCallbacks *callbacks, gpointer user_data)
{
  RegiaEncoderLife *self = g_new0 (RegiaEncoderLife, 1);

  g_atomic_ref_count_init (&self->ref_count);
  regia_encoder_spec_copy (spec, &self->spec);
  self->after_ns = after_ns;
  self->frames = regia_frames_ref (frames);
  self->callbacks = callbacks;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->number = regia_frames_begin (frames);
  g_atomic_ref_count_inc (&self->ref_count);
  g_thread_unref (g_thread_new ("encoder", life_thread, self));
  return self;
}

gboolean
regia_encoder_life_wait_built (RegiaEncoderLife *self, gint64 until_ns, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (self->encoding == NULL && self->error == NULL)
    if (!g_cond_wait_until (&self->cond, &self->lock, until_ns / 1000))
      break;
  if (self->encoding)
    return TRUE;
  if (self->error)
    g_propagate_error (error, g_error_copy (self->error));
  else
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                 "track %s (encode/%s): its encoder does not get ready", self->spec.track_name,
                 self->spec.encoder);
  return FALSE;
}

char *
regia_encoder_life_get_error (RegiaEncoderLife *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  /* An encoder that works on threads of its own says so on the bus alone. */
  if (self->error == NULL && self->pipeline)
    self->error = error_of (self->pipeline, NULL);
  return self->error ? g_strdup (self->error->message) : NULL;
}

gint64
regia_encoder_life_cut (RegiaEncoderLife *self)
{
  RegiaEncoding *encoding;

  g_mutex_lock (&self->lock);
  self->is_cut = TRUE;
  encoding = self->encoding;
  g_mutex_unlock (&self->lock);
  return encoding ? regia_encoding_cut (encoding) : self->after_ns;
}

gboolean
regia_encoder_life_end (RegiaEncoderLife *self, gint64 until_ns)
{
  gboolean gone;

  g_mutex_lock (&self->lock);
  while (!self->gone)
    if (!g_cond_wait_until (&self->cond, &self->lock, until_ns / 1000))
      break;
  gone = self->gone;
  g_mutex_unlock (&self->lock);
  life_unref (self);
  return gone;
}
