/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "iso-pipe-private.h"

#include <gst/app/gstappsrc.h>

#include "regia/base/backoff.h"
#include "regia/base/clock.h"
#include "regia/base/scrub.h"

/*
 * RegiaIsoPipe: appsrc ─ what its owner builds. The appsrc's own thread does all of the work, so whoever
 * pushes does none, and an error of an element stays in here.
 *
 * Life: built by new(), and by a tick after a fault; main thread, but for free(). Lock: `lock` is a leaf,
 * held to hand a buffer over.
 */

static const RegiaBackoff patience = {.first_ms = 500, .max_ms = 30000, .reset_ms = 60000};

struct _RegiaIsoPipe {
  const RegiaIsoPipeClass *class;
  gpointer user_data;
  gsize room_bytes;
  /* main thread */
  GstElement *pipeline; /* (owned) (nullable) */
  RegiaBackoff backoff;
  gint64 begun_ns, retry_ns; /* CLOCK_MONOTONIC */
  char *error;               /* (owned) */

  GMutex lock;       /* guards what follows */
  GstAppSrc *source; /* (owned) (nullable): the head */
  GstCaps *caps;     /* (owned) (nullable): that it was told last */
  char *fault;       /* (owned) (nullable): an element's last word */
};

/* Streaming threads. */
static GstBusSyncReply
on_message_cb (GstBus *bus, GstMessage *message, gpointer user_data)
{
  RegiaIsoPipe *self = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;

    gst_message_parse_error (message, &error, NULL);
    regia_scrub_error (error, NULL);
    g_mutex_lock (&self->lock);
    if (self->fault == NULL)
      self->fault = g_strdup (error->message);
    g_mutex_unlock (&self->lock);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* Without a bound of its own: how much it holds is asked before each push. */
static GstElement *
make_head (void)
{
  GstElement *head = gst_element_factory_make ("appsrc", NULL);

  g_object_set (head, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE, "max-bytes", (guint64)0,
                NULL);
  return head;
}

static gboolean
begin (RegiaIsoPipe *self, GError **error)
{
  g_autoptr (GstElement) pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GstElement *head = make_head ();

  gst_bin_add (GST_BIN (pipeline), head);
  gst_bus_set_sync_handler (bus, on_message_cb, self, NULL);
  if (!self->class->build (GST_BIN (pipeline), head, self->user_data, error)) {
    gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
    return FALSE;
  }
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  self->pipeline = g_steal_pointer (&pipeline);
  g_mutex_lock (&self->lock);
  self->source = gst_object_ref (GST_APP_SRC (head));
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
end (RegiaIsoPipe *self)
{
  g_autoptr (GstAppSrc) source = NULL;

  g_mutex_lock (&self->lock);
  source = g_steal_pointer (&self->source);
  gst_clear_caps (&self->caps);
  g_mutex_unlock (&self->lock);
  if (self->pipeline == NULL)
    return;
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->pipeline);
  g_clear_pointer (&self->fault, g_free); /* of its end: no thread of it is left */
  if (self->class->gone)
    self->class->gone (self->user_data);
}

static void
try_to_begin (RegiaIsoPipe *self, gint64 now_ns)
{
  g_autoptr (GError) error = NULL;

  self->begun_ns = now_ns;
  if (!begin (self, &error))
    regia_iso_pipe_fail (self, error->message, now_ns);
}

RegiaIsoPipe *
regia_iso_pipe_new (const RegiaIsoPipeClass *class, gsize room_bytes, gpointer user_data)
{
  RegiaIsoPipe *self = g_new0 (RegiaIsoPipe, 1);

  self->class = class;
  self->user_data = user_data;
  self->room_bytes = room_bytes;
  self->backoff = patience;
  self->error = g_strdup ("");
  g_mutex_init (&self->lock);
  try_to_begin (self, regia_clock_monotonic_ns ());
  return self;
}

void
regia_iso_pipe_free (RegiaIsoPipe *self)
{
  if (self == NULL)
    return;
  end (self);
  g_mutex_clear (&self->lock);
  g_free (self->fault);
  g_free (self->error);
  g_free (self);
}

gboolean
regia_iso_pipe_push (RegiaIsoPipe *self, GstBuffer *buffer, GstCaps *caps)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GstBuffer) pushed = buffer;

  if (self->source == NULL || self->fault != NULL ||
      gst_app_src_get_current_level_bytes (self->source) > self->room_bytes)
    return FALSE;
  if (caps != self->caps) {
    gst_caps_replace (&self->caps, caps);
    gst_app_src_set_caps (self->source, caps);
  }
  return gst_app_src_push_buffer (self->source, g_steal_pointer (&pushed)) == GST_FLOW_OK;
}

void
regia_iso_pipe_fail (RegiaIsoPipe *self, const char *why, gint64 now_ns)
{
  guint64 ran_ms = (guint64)((now_ns - self->begun_ns) / REGIA_MSECOND);

  end (self);
  g_free (self->error);
  self->error = g_strdup (why);
  self->retry_ns = now_ns + regia_backoff_failed (&self->backoff, ran_ms, 0.5) * REGIA_MSECOND;
}

void
regia_iso_pipe_tick (RegiaIsoPipe *self, gint64 now_ns)
{
  g_autofree char *fault = NULL;

  g_mutex_lock (&self->lock);
  fault = g_steal_pointer (&self->fault);
  g_mutex_unlock (&self->lock);
  if (fault)
    regia_iso_pipe_fail (self, fault, now_ns);
  if (self->pipeline == NULL && now_ns >= self->retry_ns)
    try_to_begin (self, now_ns);
}

const char *
regia_iso_pipe_get_error (RegiaIsoPipe *self, gint64 last_out_ns)
{
  return last_out_ns > self->begun_ns ? "" : self->error;
}
