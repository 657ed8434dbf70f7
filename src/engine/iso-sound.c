/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "iso-sound-private.h"

#include "iso-pipe-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"

/*
 * RegiaIsoSound: push() → appsrc ─ encoding (encode/aac) → packet. Where a source was away the encoder begins
 * anew, and the first packet behind the hole is marked by the encoding.
 *
 * Owner: RegiaIso. Threads: the source's pushes; the appsrc's encodes; the main one looks after it. `lock` (a
 * leaf) guards when a packet came last.
 */

#define ROOM_BYTES ((gsize)1 << 20) /* 2.7 s of stereo */

struct _RegiaIsoSound {
  RegiaEncoderSpec spec; /* (owned strings), immutable */
  RegiaEncoderTrackFunc track_cb;
  RegiaEncoderPacketFunc packet_cb;
  gpointer user_data;
  GstCaps *caps;      /* (owned) */
  RegiaIsoPipe *pipe; /* (owned) */
  /* main thread */
  RegiaEncoding *encoding; /* (owned) (nullable) */
  gint64 after_ns;         /* where the encoding before this one ended, show time */

  GMutex lock;
  gint64 last_out_ns; /* CLOCK_MONOTONIC */
};

static gboolean
on_raw_cb (gint64 pts_ns, gpointer user_data)
{
  return FALSE;
}

static void
on_track_cb (RegiaTrack *track, gpointer user_data)
{
  RegiaIsoSound *self = user_data;

  self->track_cb (track, self->user_data);
}

static void
on_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  RegiaIsoSound *self = user_data;

  g_mutex_lock (&self->lock);
  self->last_out_ns = regia_clock_monotonic_ns ();
  g_mutex_unlock (&self->lock);
  self->packet_cb (packet, self->user_data);
}

static void
on_end_cb (gpointer user_data)
{
}

static const RegiaEncodingCallbacks encoding_callbacks = {
    .raw_cb = on_raw_cb, .track_cb = on_track_cb, .packet_cb = on_packet_cb, .end_cb = on_end_cb};

static gboolean
build_cb (GstBin *pipeline, GstElement *head, gpointer user_data, GError **error)
{
  RegiaIsoSound *self = user_data;

  self->encoding =
      regia_encoding_new (&self->spec, self->after_ns, pipeline, &encoding_callbacks, self, error);
  if (self->encoding == NULL)
    return FALSE;
  if (gst_element_link (head, regia_encoding_get_head (self->encoding)))
    return TRUE;
  g_clear_pointer (&self->encoding, regia_encoding_free);
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "track %s (encode/%s): takes no input",
               self->spec.track_name, self->spec.encoder);
  return FALSE;
}

static void
gone_cb (gpointer user_data)
{
  RegiaIsoSound *self = user_data;

  self->after_ns = regia_encoding_cut (self->encoding);
  g_clear_pointer (&self->encoding, regia_encoding_free);
}

static const RegiaIsoPipeClass pipe_class = {.build = build_cb, .gone = gone_cb};

RegiaIsoSound *
regia_iso_sound_new (const RegiaEncoderSpec *spec, RegiaEncoderTrackFunc track_cb,
                     RegiaEncoderPacketFunc packet_cb, gpointer user_data)
{
  RegiaIsoSound *self = g_new0 (RegiaIsoSound, 1);

  regia_encoder_spec_copy (spec, &self->spec);
  self->track_cb = track_cb;
  self->packet_cb = packet_cb;
  self->user_data = user_data;
  self->caps = gst_caps_from_string (spec->in_caps);
  g_mutex_init (&self->lock);
  self->pipe = regia_iso_pipe_new (&pipe_class, ROOM_BYTES, self);
  return self;
}

void
regia_iso_sound_free (RegiaIsoSound *self)
{
  if (self == NULL)
    return;
  regia_iso_pipe_free (self->pipe);
  regia_encoder_spec_clear (&self->spec);
  gst_clear_caps (&self->caps);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
regia_iso_sound_push (RegiaIsoSound *self, GstBuffer *sound)
{
  regia_iso_pipe_push (self->pipe, gst_buffer_ref (sound), self->caps);
}

void
regia_iso_sound_tick (RegiaIsoSound *self, gint64 now_ns)
{
  regia_iso_pipe_tick (self->pipe, now_ns);
}

char *
regia_iso_sound_get_error (RegiaIsoSound *self)
{
  gint64 last_out_ns;

  g_mutex_lock (&self->lock);
  last_out_ns = self->last_out_ns;
  g_mutex_unlock (&self->lock);
  return g_strdup (regia_iso_pipe_get_error (self->pipe, last_out_ns));
}
