/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "mix-private.h"

#include <gst/base/gstaggregator.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"

GstElement *
regia_mix_new (GstBin *bin, const char *factory, const char *caps_text, RegiaMixWait *wait,
               GstElement **ret_tee, GError **error)
{
  GstElement *mixer =
      gst_element_factory_make_full (factory, "force-live", TRUE, "ignore-inactive-pads", TRUE, NULL);
  GstElement *filter = gst_element_factory_make ("capsfilter", NULL),
             *tee = gst_element_factory_make ("tee", NULL);
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);

  if (mixer == NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE,
                 "the GStreamer element \"%s\" is missing; install the package gstreamer1.0-plugins-base",
                 factory);
    return NULL;
  }
  g_object_set (filter, "caps", caps, NULL);
  gst_bin_add_many (bin, mixer, filter, tee, NULL);
  gst_element_link_many (mixer, filter, tee, NULL);
  regia_mix_wait_add (wait, mixer);
  *ret_tee = tee;
  return mixer;
}

GstAppSrc *
regia_mix_add_input (GstBin *bin, GstElement *through, GstElement *mixer, const char *caps_text,
                     gint64 queue_ns, GstPad **ret_pad)
{
  GstElement *source = gst_element_factory_make ("appsrc", NULL);
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  g_autoptr (GstPad) out = NULL, in = NULL;

  /* leaky-type 2: the oldest goes. */
  g_object_set (source, "caps", caps, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE,
                "emit-signals", FALSE, "max-bytes", (guint64)0, "max-buffers", (guint64)0, "max-time",
                (guint64)queue_ns, "leaky-type", 2, NULL);
  gst_bin_add (bin, source);
  if (through != NULL)
    gst_element_link (source, through);
  out = gst_element_get_static_pad (through != NULL ? through : source, "src");
  in = gst_element_request_pad_simple (mixer, "sink_%u");
  gst_pad_link (out, in);
  if (through != NULL)
    gst_element_sync_state_with_parent (through);
  gst_element_sync_state_with_parent (source);
  if (ret_pad)
    *ret_pad = g_steal_pointer (&in);
  return gst_object_ref (GST_APP_SRC (source));
}

static void
take_out (GstBin *bin, GstElement *element)
{
  gst_element_set_locked_state (element, TRUE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_bin_remove (bin, element);
}

/*
 * The mixer's pad goes first: it is flushed, so a streaming thread that waits in it comes back, and the
 * mixer takes it out under the lock that it mixes under. A buffer that is just about to be pushed finds
 * nobody any more, which an element says as an error: the owner of the pipeline passes over those of elements
 * that are not in it.
 */
void
regia_mix_remove_input (GstBin *bin, GstElement *through, GstElement *mixer, GstAppSrc *input)
{
  GstElement *last = through != NULL ? through : GST_ELEMENT (input);
  g_autoptr (GstPad) out = gst_element_get_static_pad (last, "src");
  g_autoptr (GstPad) in = gst_pad_get_peer (out);

  if (in != NULL)
    gst_element_release_request_pad (mixer, in);
  take_out (bin, GST_ELEMENT (input));
  if (through != NULL)
    take_out (bin, through);
}

/*
 * The property start-time would do so only from its first input on, and a mixer that is live by force may
 * make output before that: it then begins at 0 and runs through all of the show so far. In PAUSED, a segment
 * can be set and no output is made yet.
 */
void
regia_mix_set_start (GstElement *mixer, gint64 start_ns)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.base = segment.time = segment.position = (guint64)start_ns;
  gst_aggregator_update_segment (GST_AGGREGATOR (mixer), &segment);
}
