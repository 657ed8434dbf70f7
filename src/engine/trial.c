/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "trial-private.h"

#include <gst/video/video.h>
#include <string.h>

#include "encoder-life-private.h"
#include "grid-private.h"
#include "launch-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"

/*
 * Encoders, tried before they are believed: that an element is there says little, a driver can refuse the
 * size, the rate or the third session, and do so only when frames come. A trial is a life like any other, fed
 * as fast as it takes the frames.
 */

/* Hardware that needs more is of no use; software is what is left, and may have a busy machine. */
#define HARDWARE_NS (3 * REGIA_SECOND)
#define SOFTWARE_NS (10 * REGIA_SECOND)

static const char *const candidates[] = {"vah264",   "qsvh264", "nvh264",   "vaapih264",
                                         "v4l2h264", "x264",    "openh264", NULL};

typedef struct {
  gint64 forced_ns; /* show time of the keyframe that is asked for */

  GMutex lock; /* guards what follows */
  GCond cond;
  guint packets;
  gboolean first_is_key, forced_is_key, in_order, ended;
  gint64 last_ns;
} Trial;

static gboolean
on_raw_cb (gint64 pts_ns, gpointer user_data)
{
  return pts_ns == ((Trial *)user_data)->forced_ns;
}

static void
on_track_cb (RegiaTrack *track, gpointer user_data)
{
  regia_track_unref (track);
}

static void
on_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  Trial *self = user_data;

  g_mutex_lock (&self->lock);
  if (self->packets == 0)
    self->first_is_key = regia_packet_is_keyframe (packet);
  if (packet->pts_ns == self->forced_ns)
    self->forced_is_key = regia_packet_is_keyframe (packet);
  self->in_order = self->in_order && packet->pts_ns > self->last_ns;
  self->last_ns = packet->pts_ns;
  self->packets++;
  g_mutex_unlock (&self->lock);
  regia_packet_unref (packet);
}

static void
on_end_cb (gpointer user_data)
{
  Trial *self = user_data;

  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* A slope that moves: something to do for the encoder, and cheap to make. */
static GstBuffer *
draw (const RegiaEncoderSpec *spec, guint number)
{
  g_autofree guint8 *row = g_malloc (spec->in_width + 256);
  GstVideoInfo info;
  GstBuffer *buffer;
  GstMapInfo map;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, spec->in_width, spec->in_height);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  for (guint x = 0; x < spec->in_width + 256; x++)
    row[x] = (guint8)x;
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memset (map.data, 128, map.size);
  for (guint y = 0; y < spec->in_height; y++)
    memcpy (map.data + (gsize)y * (gsize)info.stride[0], row + (y + 3 * number) % 256, spec->in_width);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = (GstClockTime)regia_grid_time (number, spec->rate_num, spec->rate_den);
  GST_BUFFER_DURATION (buffer) =
      (GstClockTime)regia_grid_time ((gint64)number + 1, spec->rate_num, spec->rate_den) -
      GST_BUFFER_PTS (buffer);
  return buffer;
}

static gboolean
judge (const Trial *trial, guint frames, GError **error)
{
  if (!trial->ended)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "gives %u of %u pictures, and then nothing more",
                 trial->packets, frames);
  else if (trial->packets != frames || !trial->in_order)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "gives %u of %u pictures%s", trial->packets, frames,
                 trial->in_order ? "" : ", not in order");
  else if (!trial->first_is_key || !trial->forced_is_key)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "makes no keyframe where one is asked for");
  else
    return TRUE;
  return FALSE;
}

/* What it needs and this machine has not. */
static gboolean
check_needs (const char *encoder, gboolean *ret_hardware, GError **error)
{
  g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load ("encode", encoder, error);

  *ret_hardware = FALSE;
  if (file == NULL)
    return FALSE;
  for (char **need = file->needs; need && *need; need++) {
    g_autoptr (GstElementFactory) factory = gst_element_factory_find (*need);
    g_autofree char *words = factory ? NULL : regia_launch_missing (*need);

    *ret_hardware = *ret_hardware || regia_launch_needs_hardware (*need);
    if (words) {
      g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE, words);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
regia_trial_encode (const RegiaEncoderSpec *spec, GError **error)
{
  static const RegiaEncodingCallbacks callbacks = {
      .raw_cb = on_raw_cb, .track_cb = on_track_cb, .packet_cb = on_packet_cb, .end_cb = on_end_cb};
  guint frames = (guint)regia_grid_frame_after (REGIA_SECOND, spec->rate_num, spec->rate_den);
  g_autoptr (RegiaFrames) queue = regia_frames_new (frames);
  Trial trial = {.last_ns = -1, .in_order = TRUE};
  g_autofree char *fault = NULL;
  RegiaEncoderLife *life;
  gint64 begun_ns, took_ns, until_ns;
  gboolean ok, hardware;

  if (!check_needs (spec->encoder, &hardware, error))
    return FALSE;
  trial.forced_ns = regia_grid_time (frames / 2, spec->rate_num, spec->rate_den);
  g_mutex_init (&trial.lock);
  g_cond_init (&trial.cond);
  for (guint i = 0; i < frames; i++)
    regia_frames_push (queue, draw (spec, i));
  regia_frames_end (queue);
  begun_ns = regia_clock_monotonic_ns ();
  until_ns = begun_ns + (hardware ? HARDWARE_NS : SOFTWARE_NS);
  life = regia_encoder_life_start (spec, 0, queue, &callbacks, &trial);
  g_mutex_lock (&trial.lock);
  while (!trial.ended && fault == NULL && regia_clock_monotonic_ns () < until_ns) {
    g_cond_wait_until (&trial.cond, &trial.lock, g_get_monotonic_time () + 20000);
    g_mutex_unlock (&trial.lock);
    fault = regia_encoder_life_get_error (life);
    g_mutex_lock (&trial.lock);
  }
  g_mutex_unlock (&trial.lock);
  took_ns = regia_clock_monotonic_ns () - begun_ns;
  regia_encoder_life_cut (life);
  regia_frames_begin (queue);
  regia_encoder_life_end (life, regia_clock_monotonic_ns () + REGIA_SECOND);
  if (fault)
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, fault);
  ok = fault == NULL && judge (&trial, frames, error);
  if (ok && hardware && took_ns > REGIA_SECOND) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "takes %.1f s for a second",
                 (double)took_ns / REGIA_SECOND);
    ok = FALSE;
  }
  g_mutex_clear (&trial.lock);
  g_cond_clear (&trial.cond);
  return ok;
}

const char *
regia_trial_next (const char *encoder)
{
  gboolean behind = !g_strv_contains (candidates, encoder);

  for (gsize i = 0; candidates[i]; i++) {
    gboolean hardware;

    if (behind && check_needs (candidates[i], &hardware, NULL))
      return candidates[i];
    behind = behind || strcmp (candidates[i], encoder) == 0;
  }
  return NULL;
}

const char *
regia_trial_choose (const RegiaEncoderSpec *spec, char **ret_why)
{
  g_autoptr (GString) why = g_string_new ("");
  const char *found = NULL;

  for (gsize i = 0; candidates[i] && found == NULL; i++) {
    RegiaEncoderSpec one = *spec;
    g_autoptr (GError) error = NULL;

    one.encoder = candidates[i];
    if (regia_trial_encode (&one, &error))
      found = candidates[i];
    else
      g_string_append_printf (why, "%s%s: %s", why->len ? "; " : "", candidates[i], error->message);
  }
  *ret_why = g_string_free (g_steal_pointer (&why), FALSE);
  return found;
}
