/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "iso-tap-private.h"

#include <string.h>

/*
 * RegiaIsoTap. Capture files need not know of it: whatever there is of H.264 in them goes into a decoder, by
 * access units, as gstreamer's parsers cut it for decoders. A probe there sees each of them, takes a
 * reference and goes on: nothing is put between the two, so nothing can block or fail between them.
 *
 * Threads: built on the run's thread; decoders come on threads of their elements; units on one streaming
 * thread, and `stream` is what the others need to know of that. Its pipeline is shut down before it is freed.
 */

struct _RegiaIsoTap {
  RegiaIso *iso; /* (owned) */
  int stream;    /* atomic: number of what comes at present */
  GMutex lock;   /* guards what follows; a leaf */
  GstPad *pad;   /* (unowned) (nullable): of the decoder that is followed; compared only */
};

/* What a probe knows of its pad; streaming thread. */
typedef struct {
  RegiaIsoTap *tap; /* (unowned) */
  GstCaps *caps;    /* (owned) (nullable): of H.264 in access units */
  GstSegment segment;
} Watch;

static void
watch_free (gpointer data)
{
  Watch *self = data;

  gst_clear_caps (&self->caps);
  g_free (self);
}

RegiaIsoTap *
regia_iso_tap_new (RegiaIso *iso)
{
  RegiaIsoTap *self = g_new0 (RegiaIsoTap, 1);

  self->iso = regia_iso_ref (iso);
  self->stream = (int)regia_iso_begin (iso);
  g_mutex_init (&self->lock);
  return self;
}

void
regia_iso_tap_free (RegiaIsoTap *self)
{
  if (self == NULL)
    return;
  regia_iso_unref (self->iso);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static guint
stream_of (RegiaIsoTap *self)
{
  return (guint)g_atomic_int_get (&self->stream);
}

/* Of several decoders (a second programme of an MPEG-TS) the one that began last is followed, as its picture
 * is. */
static gboolean
is_followed (RegiaIsoTap *self, GstPad *pad)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->pad == pad;
}

static void
follow (RegiaIsoTap *self, GstPad *pad)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->pad = pad;
}

static void
take_caps (Watch *self, GstPad *pad, GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  gboolean is_h264 = gst_structure_has_name (structure, "video/x-h264") &&
                     g_strcmp0 (gst_structure_get_string (structure, "alignment"), "au") == 0;

  gst_caps_replace (&self->caps, is_h264 ? caps : NULL);
  if (is_h264)
    follow (self->tap, pad);
  else if (is_followed (self->tap, pad))
    follow (self->tap, NULL);
}

static void
take_unit (Watch *self, GstPad *pad, GstBuffer *unit)
{
  GstClockTime running = gst_segment_to_running_time (&self->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (unit));

  if (self->caps && GST_CLOCK_TIME_IS_VALID (running) && is_followed (self->tap, pad))
    regia_iso_take_unit (self->tap->iso, stream_of (self->tap), unit, self->caps, running);
}

static GstPadProbeReturn
on_coded_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Watch *self = user_data;
  GstEvent *event;
  GstCaps *caps;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    take_unit (self, pad, GST_PAD_PROBE_INFO_BUFFER (info));
    return GST_PAD_PROBE_OK;
  }
  event = GST_PAD_PROBE_INFO_EVENT (info);
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    take_caps (self, pad, caps);
    break;
  case GST_EVENT_SEGMENT:
    gst_event_copy_segment (event, &self->segment);
    break;
  case GST_EVENT_FLUSH_STOP: /* its running time begins anew */
    if (is_followed (self->tap, pad))
      g_atomic_int_set (&self->tap->stream, (int)regia_iso_begin (self->tap->iso));
    break;
  default:
    break;
  }
  return GST_PAD_PROBE_OK;
}

static void
look_at (RegiaIsoTap *self, GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  g_autoptr (GstPad) pad = NULL;
  Watch *watch;

  if (factory == NULL ||
      !gst_element_factory_list_is_type (factory, GST_ELEMENT_FACTORY_TYPE_DECODER |
                                                      GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO))
    return;
  pad = gst_element_get_static_pad (element, "sink");
  if (pad == NULL)
    return;
  watch = g_new0 (Watch, 1);
  watch->tap = self;
  gst_segment_init (&watch->segment, GST_FORMAT_TIME);
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      on_coded_cb, watch, watch_free);
}

static void
on_added_cb (GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer user_data)
{
  look_at (user_data, element);
}

static void
look_at_cb (const GValue *item, gpointer user_data)
{
  look_at (user_data, g_value_get_object (item));
}

void
regia_iso_tap_watch (RegiaIsoTap *self, GstBin *bin)
{
  g_autoptr (GstIterator) elements = gst_bin_iterate_recurse (bin);

  gst_iterator_foreach (elements, look_at_cb, self);
  g_signal_connect (bin, "deep-element-added", G_CALLBACK (on_added_cb), self);
}

void
regia_iso_tap_place (RegiaIsoTap *self, gint64 running_ns, gint64 time_ns)
{
  regia_iso_place (self->iso, stream_of (self), time_ns - running_ns);
}

void
regia_iso_tap_picture (RegiaIsoTap *self, GstBuffer *picture)
{
  regia_iso_take_picture (self->iso, stream_of (self), picture);
}

void
regia_iso_tap_sound (RegiaIsoTap *self, GstBuffer *sound)
{
  regia_iso_take_sound (self->iso, stream_of (self), sound);
}
