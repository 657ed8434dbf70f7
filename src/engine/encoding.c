/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "encoding-private.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <string.h>

#include "grid-private.h"
#include "launch-private.h"
#include "payload-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"

/*
 * RegiaEncoding turns a raw stream into packets of one track:
 *
 *   head ─ [videoscale] ─ in … encode file … out ─ appsink
 *
 * Before `in` it asks for a keyframe at the first frame of each keyframe period of show time, and where it is
 * told to; behind `out` it makes packets whose payload is the encoder's own memory. Picture times are put on
 * the programme's frame grid exactly, so that renditions agree to the nanosecond.
 *
 * Owner: RegiaEncoder for sound and the blank, RegiaEncoderLife for pictures. Threads: whoever brings the raw
 * frames runs the probe, and with most encoders all the rest. `lock` is held while the owner is called back,
 * so that regia_encoding_cut() can promise silence; it comes before the locks that the owner takes then.
 */

struct _RegiaEncoding {
  RegiaEncoderSpec spec; /* (owned strings), immutable */
  const RegiaEncodingCallbacks *callbacks;
  gpointer user_data;
  GstElement *head; /* (owned) */

  /* raw side's streaming thread only */
  gint64 keyframe_period; /* number of the period the last frame was in; −1 before the first */

  GMutex lock; /* guards what follows */
  gboolean is_cut;
  gint64 expected_pts_ns; /* where the next packet should be; 0 before the first */
  gboolean has_packets;
  gint64 priming_ns; /* sound: see take_parameters() */
  gint64 frame_ns;   /* sound: what a packet decodes to */
  gboolean has_track;
};

void
regia_encoder_spec_copy (const RegiaEncoderSpec *self, RegiaEncoderSpec *ret_copy)
{
  *ret_copy = *self;
  ret_copy->track_name = g_strdup (self->track_name);
  ret_copy->language = g_strdup (self->language);
  ret_copy->title = g_strdup (self->title);
  ret_copy->encoder = g_strdup (self->encoder);
  ret_copy->in_caps = g_strdup (self->in_caps);
  ret_copy->parameters = self->parameters ? g_hash_table_ref (self->parameters) : NULL;
}

void
regia_encoder_spec_clear (RegiaEncoderSpec *self)
{
  g_free ((char *)self->track_name);
  g_free ((char *)self->language);
  g_free ((char *)self->title);
  g_free ((char *)self->encoder);
  g_free ((char *)self->in_caps);
  g_clear_pointer (&self->parameters, g_hash_table_unref);
}

static gint64
frame_of (const RegiaEncoding *self, gint64 pts_ns)
{
  return regia_grid_frame (pts_ns, self->spec.rate_num, self->spec.rate_den);
}

static gint64
time_of (const RegiaEncoding *self, gint64 frame)
{
  return regia_grid_time (frame, self->spec.rate_num, self->spec.rate_den);
}

/* The segment starts at 0 with rate 1, so a raw buffer's pts is its show time. */
static GstPadProbeReturn
on_raw_buffer_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  RegiaEncoding *self = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  gint64 pts_ns = 0;
  gboolean forced;

  if (self->spec.keyframe_ns > 0)
    pts_ns = time_of (self, frame_of (self, (gint64)GST_BUFFER_PTS (buffer)));
  g_mutex_lock (&self->lock);
  forced = !self->is_cut && self->callbacks->raw_cb (pts_ns, self->user_data);
  g_mutex_unlock (&self->lock);
  if (self->spec.keyframe_ns > 0) {
    gint64 period = pts_ns / self->spec.keyframe_ns;

    /* Not for the very first frame, which is a keyframe anyway: in GStreamer 1.22 x264enc would note that
     * request under a time 1000 hours ahead and refuse all later ones as too early. 1.26 does not: with
     * Debian 12 the condition can go. */
    if (self->keyframe_period >= 0 && (period != self->keyframe_period || forced))
      gst_pad_send_event (
          pad, gst_video_event_new_downstream_force_key_unit (
                   GST_BUFFER_PTS (buffer), GST_BUFFER_PTS (buffer), GST_BUFFER_PTS (buffer), FALSE, 0));
    self->keyframe_period = period;
  }
  return GST_PAD_PROBE_OK;
}

/*
 * Sound is stamped so that a player that just decodes and plays, without any edit list or trimming, is in
 * time; measured with a beep through both encoders of Debian 12 and 13.
 *
 * avenc_aac: what goes in at t comes out of a decoder 1024 samples after the packet that GStreamer stamps t:
 * one frame of priming. Taken off all times. opusenc: GStreamer takes the encoder's look-ahead (312 samples)
 * off the times already, but for the first packet, which it shortens instead; likewise the last one. Decoded
 * without trimming they are as long as all others, so the first begins earlier.
 *
 * Under the lock.
 */
static gboolean
take_parameters (RegiaEncoding *self, GstCaps *gst_caps)
{
  const GstStructure *caps = gst_caps_get_structure (gst_caps, 0);
  const char *type = gst_structure_get_name (caps);
  g_autoptr (GBytes) extradata = NULL;
  RegiaCodec codec = 0;
  RegiaTrack *track;
  int rate = 0, channels = 0;

  gst_structure_get_int (caps, "rate", &rate);
  gst_structure_get_int (caps, "channels", &channels);
  if (strcmp (type, "video/x-h264") == 0) {
    codec = REGIA_CODEC_H264;
    extradata = regia_payload_of_caps (caps, "codec_data");
  } else if (strcmp (type, "audio/mpeg") == 0) {
    codec = REGIA_CODEC_AAC;
    extradata = regia_payload_of_caps (caps, "codec_data");
    self->frame_ns = self->priming_ns = rate > 0 ? 1024 * REGIA_SECOND / rate : 0;
  } else if (strcmp (type, "audio/x-opus") == 0) {
    codec = REGIA_CODEC_OPUS;
    extradata = regia_payload_of_caps (caps, "streamheader");
    rate = 48000;
    self->frame_ns = 20 * REGIA_MSECOND;
  }
  if (codec == 0 || extradata == NULL)
    return FALSE;
  track = regia_track_new (self->spec.track_id, self->spec.track_name, self->spec.language, codec, extradata);
  regia_track_set_title (track, self->spec.title);
  track->width = self->spec.width;
  track->height = self->spec.height;
  track->rate_num = self->spec.width ? self->spec.rate_num : 0;
  track->rate_den = self->spec.width ? self->spec.rate_den : 1;
  track->sample_rate = (guint)rate;
  track->channels = (guint)channels;
  track->bitrate_bps = self->spec.bitrate_bps;
  self->has_track = TRUE;
  self->callbacks->track_cb (track, self->user_data);
  return TRUE;
}

/* Under the lock. */
static RegiaPacket *
make_packet (RegiaEncoding *self, GstBuffer *buffer, gint64 pts_ns)
{
  gboolean video = self->spec.width > 0;
  gint64 duration_ns = self->frame_ns;
  guint flags =
      !video || !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT) ? REGIA_PACKET_KEYFRAME : 0;
  GBytes *payload;

  if (video) {
    gint64 frame = frame_of (self, pts_ns);
    pts_ns = time_of (self, frame);
    duration_ns = time_of (self, frame + 1) - pts_ns;
  } else {
    pts_ns -= self->priming_ns;
    if (!self->has_packets && GST_BUFFER_DURATION_IS_VALID (buffer))
      pts_ns -= MAX (duration_ns - (gint64)GST_BUFFER_DURATION (buffer), 0);
  }
  if (pts_ns < 0 || duration_ns <= 0)
    return NULL;
  if (self->expected_pts_ns != 0 && ABS (pts_ns - self->expected_pts_ns) > duration_ns / 2) {
    if (pts_ns < self->expected_pts_ns)
      return NULL; /* dts must rise */
    flags |= REGIA_PACKET_DISCONTINUITY;
  }
  payload = regia_payload_of_buffer (buffer);
  if (payload == NULL)
    return NULL;
  self->expected_pts_ns = pts_ns + duration_ns;
  self->has_packets = TRUE;
  return regia_packet_new (self->spec.track_id, flags, pts_ns, pts_ns, duration_ns, payload);
}

static GstFlowReturn
on_sample_cb (GstAppSink *sink, gpointer user_data)
{
  RegiaEncoding *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;
  gsize size = buffer ? gst_buffer_get_size (buffer) : 0;
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = NULL;
  RegiaPacket *packet;
  GstClockTime running;

  if (size == 0 || size > REGIA_PACKET_MAX_BYTES)
    return GST_FLOW_OK;
  /* Sound: a header and nothing else. Pictures: parameters are within, before a keyframe. */
  if (self->spec.width == 0 && GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER))
    return GST_FLOW_OK;
  /* x264enc's segment starts 1000 hours late; running time takes that away. */
  running =
      gst_segment_to_running_time (gst_sample_get_segment (sample), GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (!GST_CLOCK_TIME_IS_VALID (running))
    return GST_FLOW_OK;
  locker = g_mutex_locker_new (&self->lock);
  if (self->is_cut || (!self->has_track && !take_parameters (self, gst_sample_get_caps (sample))))
    return GST_FLOW_OK;
  packet = make_packet (self, buffer, (gint64)running);
  if (packet)
    self->callbacks->packet_cb (packet, self->user_data);
  return GST_FLOW_OK;
}

static void
on_eos_cb (GstAppSink *sink, gpointer user_data)
{
  RegiaEncoding *self = user_data;

  g_mutex_lock (&self->lock);
  if (!self->is_cut)
    self->callbacks->end_cb (self->user_data);
  g_mutex_unlock (&self->lock);
}

static GstElement *
make_head (const RegiaEncoderSpec *spec, GError **error)
{
  gboolean scale = spec->width != spec->in_width || spec->height != spec->in_height;
  g_autofree char *text = spec->width > 0 && scale
                              ? g_strdup_printf ("capsfilter name=head ! videoscale n-threads=1 ! capsfilter "
                                                 "name=tail caps=video/x-raw,width=%u,height=%u,"
                                                 "pixel-aspect-ratio=1/1",
                                                 spec->width, spec->height)
                              : g_strdup ("capsfilter name=head ! capsfilter name=tail");

  return regia_launch_parse (text, "encoder", error);
}

static gboolean
link_named (GstBin *from, const char *from_name, GstBin *to, const char *to_name, const char *where,
            GError **error)
{
  g_autoptr (GstElement) a = gst_bin_get_by_name (from, from_name), b = gst_bin_get_by_name (to, to_name);

  if (a && b && gst_element_link (a, b))
    return TRUE;
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
               "%s: cannot be put between \"%s\" and \"%s\"; an encode file begins at "
               "an element called \"in\" and ends at one called \"out\"",
               where, from_name, to_name);
  return FALSE;
}

/* Encode files differ in what they can be told: an x264 preset means nothing to the others. */
static char *
text_of (const RegiaEncoderSpec *spec, GError **error)
{
  g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load ("encode", spec->encoder, error);
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);

  if (file == NULL)
    return NULL;
  for (guint i = 0; spec->parameters && i < file->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (file->params, i);
    gpointer value = g_hash_table_lookup (spec->parameters, param->name);

    if (value)
      g_hash_table_insert (values, param->name, value);
  }
  return regia_launch_expand (file, values, error);
}

static gboolean
build (RegiaEncoding *self, GstBin *bin, GError **error)
{
  static const GstAppSinkCallbacks callbacks = {.new_sample = on_sample_cb, .eos = on_eos_cb};
  g_autofree char *text = text_of (&self->spec, error);
  g_autofree char *where =
      g_strdup_printf ("track %s (encode/%s)", self->spec.track_name, self->spec.encoder);
  g_autoptr (GstElement) in = NULL;
  g_autoptr (GstPad) in_pad = NULL;
  GstElement *head, *encode, *sink;

  if (text == NULL)
    return FALSE;
  head = make_head (&self->spec, error);
  if (head == NULL)
    return FALSE;
  gst_bin_add (bin, head);
  encode = regia_launch_parse (text, where, error);
  if (encode == NULL)
    return FALSE;
  gst_bin_add (bin, encode);
  sink = gst_element_factory_make ("appsink", "sink");
  g_object_set (sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, "qos", FALSE, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), (GstAppSinkCallbacks *)&callbacks, self, NULL);
  gst_bin_add (GST_BIN (encode), sink);

  if (!link_named (GST_BIN (head), "tail", GST_BIN (encode), "in", where, error) ||
      !link_named (GST_BIN (encode), "out", GST_BIN (encode), "sink", where, error))
    return FALSE;
  self->head = gst_bin_get_by_name (GST_BIN (head), "head");
  in = gst_bin_get_by_name (GST_BIN (encode), "in");
  in_pad = gst_element_get_static_pad (in, "sink");
  if (in_pad == NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "%s: the element \"in\" takes no input", where);
    return FALSE;
  }
  gst_pad_add_probe (in_pad, GST_PAD_PROBE_TYPE_BUFFER, on_raw_buffer_cb, self, NULL);
  return TRUE;
}

RegiaEncoding *
regia_encoding_new (const RegiaEncoderSpec *spec, gint64 after_ns, GstBin *bin,
                    const RegiaEncodingCallbacks *callbacks, gpointer user_data, GError **error)
{
  g_autoptr (RegiaEncoding) self = g_new0 (RegiaEncoding, 1);

  regia_encoder_spec_copy (spec, &self->spec);
  self->keyframe_period = -1;
  self->expected_pts_ns = after_ns;
  self->callbacks = callbacks;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  return build (self, bin, error) ? g_steal_pointer (&self) : NULL;
}

void
regia_encoding_free (RegiaEncoding *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->head);
  regia_encoder_spec_clear (&self->spec);
  g_mutex_clear (&self->lock);
  g_free (self);
}

GstElement *
regia_encoding_get_head (RegiaEncoding *self)
{
  return self->head;
}

gint64
regia_encoding_cut (RegiaEncoding *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->is_cut = TRUE;
  return self->expected_pts_ns;
}
