/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "encoder-private.h"

#include <gst/app/gstappsink.h>

#include "encoder-life-private.h"
#include "frames-private.h"
#include "grid-private.h"
#include "regia/base/backoff.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/thread.h"
#include "trial-private.h"

/*
 * RegiaEncoder turns one of the programme's raw streams into a track of the feed:
 *
 *   sound:     tee ─ encoding
 *   rendition: tee ─ appsink ─ frames ─ life (a pipeline of its own: encoding)
 *   apart:                     frames ─ life
 *
 * Sound needs a fiftieth of the work, so it is encoded on the mixer's own thread and no queue has to be woken
 * for each block. A rendition's encoder can be slow, stuck, or gone with its driver, and the programme goes
 * on: the mix never waits for it, and another life takes its place and its frames. Only from the programme's
 * bins it cannot be taken out while it hangs; so it is not in one.
 *
 * Owner: RegiaProgramme, which frees it after the pipeline is shut down. Threads: the mixer's comes in
 * through on_frame_cb(), an encoding's through the callbacks; life and backoff are the main thread's. `lock`
 * (a leaf) guards what all of them use.
 */

/* So many lives in a row that end without more than the rest of the one before: another encode file may do
 * better. */
#define FRUITLESS 2
#define STUCK_NS  (3 * REGIA_SECOND)
#define BUILD_NS  (10 * REGIA_SECOND)
/* For a life that ends in order; one that hangs is left behind. */
#define END_NS (2 * REGIA_SECOND)
/* Of the first rendition, which is recorded: what comes while its encoder is stuck, and until the next one
 * has caught up. Memory is taken only then, and no more than this. */
#define HELD_NS    (5 * REGIA_SECOND)
#define HELD_BYTES ((guint64)400 << 20)
#define SHED_ROOM  12
static const RegiaBackoff patience = {.first_ms = 500, .max_ms = 30000, .reset_ms = 60000};

typedef enum { ENCODED, SHED, RETURNING } Use;

struct _RegiaEncoder {
  RegiaEncoderSpec spec; /* (owned strings), immutable */
  RegiaEncoderTrackFunc track_cb;
  RegiaEncoderPacketFunc packet_cb;
  gpointer user_data;
  RegiaEncoding *encoding; /* (owned) (nullable): of sound */
  RegiaFrames *frames;     /* (owned) (nullable): of a rendition */

  /* main thread only */
  RegiaEncoderLife *life; /* (owned) (nullable) */
  RegiaBackoff backoff;
  gint64 begun_ns, retry_ns; /* CLOCK_MONOTONIC */
  gint64 after_ns;           /* where the last life ended */
  char *error;               /* (owned) (nullable) */
  guint64 packets_before;    /* of the lives before this one */
  guint fruitless;           /* lives in a row that gave nothing */

  GMutex lock;        /* guards what follows */
  GCond drained_cond; /* told when one of the next becomes true */
  RegiaEncoderStats stats;
  gint64 forced_ns; /* the first frame at or after this show time becomes a keyframe; −1: none is asked for */
  gboolean drained;
  gboolean
      lifeless; /* its last encoder gave up, and the next one has not begun: there is nothing to wait for */
  RegiaTrack *track; /* (owned) (nullable): told last */
  Use use;
  gint64 period; /* number of the keyframe period that the last frame of the mix was in */
};

static gint64
grid_time (const RegiaEncoder *self, gint64 pts_ns)
{
  return regia_grid_time (regia_grid_frame (pts_ns, self->spec.rate_num, self->spec.rate_den),
                          self->spec.rate_num, self->spec.rate_den);
}

/* --- what an encoding tells --- */

static gboolean
on_raw_cb (gint64 pts_ns, gpointer user_data)
{
  RegiaEncoder *self = user_data;
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean forced = self->forced_ns >= 0 && pts_ns >= self->forced_ns;

  if (forced)
    self->forced_ns = -1;
  self->stats.last_in_ns = regia_clock_monotonic_ns ();
  return forced;
}

static void
on_track_cb (RegiaTrack *track, gpointer user_data)
{
  RegiaEncoder *self = user_data;
  gboolean known;

  g_mutex_lock (&self->lock);
  known = self->track && regia_track_same_parameters (self->track, track);
  if (!known) {
    g_clear_pointer (&self->track, regia_track_unref);
    self->track = regia_track_ref (track);
  }
  g_mutex_unlock (&self->lock);
  if (known)
    regia_track_unref (track);
  else
    self->track_cb (track, self->user_data);
}

static void
on_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  RegiaEncoder *self = user_data;

  g_mutex_lock (&self->lock);
  self->stats.packets++;
  self->stats.bytes += g_bytes_get_size (packet->payload);
  self->stats.last_packet_ns = regia_clock_monotonic_ns ();
  g_mutex_unlock (&self->lock);
  if (self->frames)
    regia_frames_done (self->frames, packet->pts_ns + packet->duration_ns / 2);
  self->packet_cb (packet, self->user_data);
}

static void
on_end_cb (gpointer user_data)
{
  RegiaEncoder *self = user_data;

  g_mutex_lock (&self->lock);
  self->drained = TRUE;
  g_cond_broadcast (&self->drained_cond);
  g_mutex_unlock (&self->lock);
}

static const RegiaEncodingCallbacks encoding_callbacks = {
    .raw_cb = on_raw_cb, .track_cb = on_track_cb, .packet_cb = on_packet_cb, .end_cb = on_end_cb};

/* --- a rendition's frames --- */

/* Whether a frame of the mix is to be encoded. One that was shed begins again with a keyframe period. */
static gboolean
is_wanted (RegiaEncoder *self, gint64 pts_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 period = grid_time (self, pts_ns) / self->spec.keyframe_ns;

  if (self->use == RETURNING && period != self->period)
    self->use = ENCODED;
  self->period = period;
  return self->use == ENCODED;
}

void
regia_encoder_push (RegiaEncoder *self, GstBuffer *frame)
{
  if (is_wanted (self, (gint64)GST_BUFFER_PTS (frame)))
    regia_frames_push (self->frames, gst_buffer_ref (frame));
  else
    regia_frames_skip (self->frames);
}

/* The mixer's thread. */
static GstFlowReturn
on_frame_cb (GstAppSink *sink, gpointer user_data)
{
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;

  if (buffer != NULL)
    regia_encoder_push (user_data, buffer);
  return GST_FLOW_OK;
}

static void
on_mix_end_cb (GstAppSink *sink, gpointer user_data)
{
  regia_frames_end (((RegiaEncoder *)user_data)->frames);
}

static guint
room_of (const RegiaEncoderSpec *spec)
{
  guint64 frame_bytes = (guint64)spec->in_width * spec->in_height * 3 / 2;
  gint64 frames = regia_grid_frame (HELD_NS, spec->rate_num, spec->rate_den);

  if (spec->may_shed)
    return SHED_ROOM;
  return (guint)CLAMP ((guint64)frames, SHED_ROOM, MAX (HELD_BYTES / MAX (frame_bytes, 1), SHED_ROOM));
}

static void
set_lifeless (RegiaEncoder *self, gboolean lifeless)
{
  g_mutex_lock (&self->lock);
  self->lifeless = lifeless;
  g_cond_broadcast (&self->drained_cond);
  g_mutex_unlock (&self->lock);
}

static void
begin_life (RegiaEncoder *self, gint64 now_ns)
{
  self->begun_ns = now_ns;
  set_lifeless (self, FALSE);
  self->life =
      regia_encoder_life_start (&self->spec, self->after_ns, self->frames, &encoding_callbacks, self);
}

static void
begin_frames (RegiaEncoder *self, gint64 now_ns)
{
  self->frames = regia_frames_new (room_of (&self->spec));
  begin_life (self, now_ns);
}

static gboolean
build_rendition (RegiaEncoder *self, GstBin *pipeline, GstElement *tee, GError **error)
{
  static const GstAppSinkCallbacks callbacks = {.new_sample = on_frame_cb, .eos = on_mix_end_cb};
  GstElement *sink = gst_element_factory_make ("appsink", NULL);
  gint64 now_ns = regia_clock_monotonic_ns ();

  g_object_set (sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, "qos", FALSE, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), (GstAppSinkCallbacks *)&callbacks, self, NULL);
  gst_bin_add (pipeline, sink);
  gst_element_link (tee, sink);
  begin_frames (self, now_ns);
  return regia_encoder_life_wait_built (self->life, now_ns + BUILD_NS, error);
}

static gboolean
build_sound (RegiaEncoder *self, GstBin *pipeline, GstElement *tee, GError **error)
{
  self->encoding = regia_encoding_new (&self->spec, 0, pipeline, &encoding_callbacks, self, error);
  if (self->encoding == NULL)
    return FALSE;
  if (gst_element_link (tee, regia_encoding_get_head (self->encoding)))
    return TRUE;
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "track %s (encode/%s): takes no input",
               self->spec.track_name, self->spec.encoder);
  return FALSE;
}

static RegiaEncoder *
allocate (const RegiaEncoderSpec *spec, RegiaEncoderTrackFunc track_cb, RegiaEncoderPacketFunc packet_cb,
          gpointer user_data)
{
  RegiaEncoder *self = g_new0 (RegiaEncoder, 1);

  regia_encoder_spec_copy (spec, &self->spec);
  self->backoff = patience;
  self->forced_ns = self->period = -1;
  self->track_cb = track_cb;
  self->packet_cb = packet_cb;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->drained_cond);
  return self;
}

RegiaEncoder *
regia_encoder_new (const RegiaEncoderSpec *spec, GstBin *pipeline, GstElement *tee,
                   RegiaEncoderTrackFunc track_cb, RegiaEncoderPacketFunc packet_cb, gpointer user_data,
                   GError **error)
{
  g_autoptr (RegiaEncoder) self = allocate (spec, track_cb, packet_cb, user_data);

  if (spec->width > 0 && !spec->unqueued ? build_rendition (self, pipeline, tee, error)
                                         : build_sound (self, pipeline, tee, error))
    return g_steal_pointer (&self);
  return NULL;
}

RegiaEncoder *
regia_encoder_new_apart (const RegiaEncoderSpec *spec, RegiaEncoderTrackFunc track_cb,
                         RegiaEncoderPacketFunc packet_cb, gpointer user_data)
{
  RegiaEncoder *self = allocate (spec, track_cb, packet_cb, user_data);

  begin_frames (self, regia_clock_monotonic_ns ());
  return self;
}

/* Nothing comes out of the present life any more; another one may begin. @wait_ns: for its thread. */
static void
end_life (RegiaEncoder *self, gint64 wait_ns)
{
  RegiaEncoderLife *life = g_steal_pointer (&self->life);

  if (life == NULL)
    return;
  self->after_ns = regia_encoder_life_cut (life);
  set_lifeless (self, TRUE);
  regia_frames_begin (self->frames);
  if (!regia_encoder_life_end (life, regia_clock_monotonic_ns () + wait_ns) && wait_ns > 0)
    g_debug ("track %s: its encoder hangs and is left behind", self->spec.track_name);
}

void
regia_encoder_free (RegiaEncoder *self)
{
  if (self == NULL)
    return;
  end_life (self, END_NS);
  regia_encoding_free (self->encoding);
  regia_frames_unref (self->frames);
  g_clear_pointer (&self->track, regia_track_unref);
  regia_encoder_spec_clear (&self->spec);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->drained_cond);
  g_free (self->error);
  g_free (self);
}

/* (transfer full) (nullable): why the present life is to end. */
static char *
fault_of (RegiaEncoder *self, gint64 now_ns)
{
  char *error = regia_encoder_life_get_error (self->life);
  RegiaFramesStats frames;
  gint64 since_ns;

  if (error)
    return error;
  regia_frames_get_stats (self->frames, &frames);
  g_mutex_lock (&self->lock);
  since_ns = MAX (self->stats.last_packet_ns, self->begun_ns);
  g_mutex_unlock (&self->lock);
  if (frames.owed_ns == 0)
    return NULL;
  since_ns = MAX (since_ns, frames.owed_ns);
  if (now_ns - since_ns < STUCK_NS)
    return NULL;
  return g_strdup_printf ("frames go in and no packet has come out for %.0f s",
                          (double)(now_ns - since_ns) / REGIA_SECOND);
}

/* Nothing comes out of any life while it is called. */
static void
count_fruit (RegiaEncoder *self)
{
  guint64 packets;

  g_mutex_lock (&self->lock);
  packets = self->stats.packets;
  g_mutex_unlock (&self->lock);
  self->fruitless = packets > self->packets_before ? 1 : self->fruitless + 1;
  self->packets_before = packets;
}

/* Not tried first, as at the start: frames are waiting, and what is next will show by itself. */
static void
fall_back (RegiaEncoder *self, gboolean *ret_fell_back)
{
  const char *next = regia_trial_next (self->spec.encoder);

  if (next == NULL)
    return;
  g_mutex_lock (&self->lock);
  g_free ((char *)self->spec.encoder);
  self->spec.encoder = g_strdup (next);
  g_mutex_unlock (&self->lock);
  self->fruitless = 0;
  *ret_fell_back = TRUE;
}

gboolean
regia_encoder_tick (RegiaEncoder *self, gint64 now_ns, gboolean *ret_fell_back)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  *ret_fell_back = FALSE;
  if (self->frames == NULL)
    return FALSE;
  if (self->life) {
    g_autofree char *fault = fault_of (self, now_ns);
    guint delay_ms;

    if (fault == NULL)
      return FALSE;
    g_free (self->error);
    self->error = g_steal_pointer (&fault);
    end_life (self, 0);
    count_fruit (self);
    delay_ms =
        regia_backoff_failed (&self->backoff, (guint64)((now_ns - self->begun_ns) / REGIA_MSECOND), 0.5);
    /* The first time at once: seconds have been lost already. */
    self->retry_ns = now_ns + (self->backoff.failures > 1 ? (gint64)delay_ms * REGIA_MSECOND : 0);
  }
  if (now_ns < self->retry_ns)
    return FALSE;
  if (self->spec.automatic && self->fruitless >= FRUITLESS)
    fall_back (self, ret_fell_back);
  begin_life (self, now_ns);
  g_mutex_lock (&self->lock);
  self->stats.restarts++;
  self->stats.restarted_ns = now_ns;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

char *
regia_encoder_get_error (RegiaEncoder *self)
{
  return g_strdup (self->error ? self->error : "");
}

void
regia_encoder_set_shed (RegiaEncoder *self, gboolean shed)
{
  if (self->frames == NULL || !self->spec.may_shed)
    return;
  g_mutex_lock (&self->lock);
  if (shed)
    self->use = SHED;
  else if (self->use == SHED)
    self->use = RETURNING;
  g_mutex_unlock (&self->lock);
  if (shed)
    regia_frames_drop (self->frames);
}

void
regia_encoder_force_keyframe (RegiaEncoder *self, gint64 from_ns)
{
  if (self->spec.keyframe_ns == 0)
    return;
  g_mutex_lock (&self->lock);
  self->forced_ns = from_ns;
  g_mutex_unlock (&self->lock);
}

void
regia_encoder_get_stats (RegiaEncoder *self, RegiaEncoderStats *ret_stats)
{
  RegiaFramesStats frames = {0};

  if (self->frames)
    regia_frames_get_stats (self->frames, &frames);
  g_mutex_lock (&self->lock);
  *ret_stats = self->stats;
  g_mutex_unlock (&self->lock);
  if (self->frames == NULL)
    return;
  ret_stats->dropped = frames.dropped;
  ret_stats->last_in_ns = frames.last_in_ns;
  ret_stats->waiting = frames.waiting;
}

gboolean
regia_encoder_wait_drained (RegiaEncoder *self, gint64 until_ns)
{
  gboolean drained;

  g_mutex_lock (&self->lock);
  while (!self->drained && !self->lifeless)
    if (!g_cond_wait_until (&self->drained_cond, &self->lock, until_ns / 1000))
      break;
  drained = self->drained || self->lifeless;
  g_mutex_unlock (&self->lock);
  return drained;
}

const RegiaEncoderSpec *
regia_encoder_get_spec (RegiaEncoder *self)
{
  return &self->spec;
}

char *
regia_encoder_get_encoder (RegiaEncoder *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_strdup (self->spec.encoder);
}

const char *
regia_encoder_get_codec (RegiaEncoder *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->track ? regia_codec_to_string (self->track->codec) : "";
}
