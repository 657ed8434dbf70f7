/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "iso-copy-private.h"

#include <gst/app/gstappsink.h>

#include "iso-order-private.h"
#include "iso-pipe-private.h"
#include "payload-private.h"
#include "regia/base/error.h"

/*
 * RegiaIsoCopy:
 *
 *   push() → appsrc ─ h264parse (lengths before each NAL unit, as the feed has them) ─ appsink → held →
 * packet
 *
 * Two things are not known yet when a unit comes: where its stream lies in show time, which the decoded
 * picture tells, and when it is to be decoded, which the units after it tell. So some are held. What cannot
 * be decoded, because a unit before it is missing, is left out up to the next keyframe, which is marked.
 *
 * A unit's stream travels with it in its pts, above what any running time reaches: nothing else of a buffer
 * comes out of a parser for sure.
 *
 * Owner: RegiaIso. Threads: the source's pushes; the appsrc's brings units back; the main one looks after it.
 * Locks: `in_lock` guards the way in; `lock` the way out, is held while the owner is called back, and comes
 * before the locks that it takes then. Neither is taken with the other.
 */

#define NUMBER_SHIFT 52 /* 2^52 ns are 52 days */
#define NUMBER_MASK  0x7ffu
#define ROOM_BYTES   ((gsize)8 << 20)
/* Without knowing their time: that of a sender's clock is known after 0.8 s. */
#define HELD_MAX   300
#define HELD_BYTES ((gsize)16 << 20)
/* What stopped coming has no unit after it that is waited for. Its source would have been restarted by now.
 */
#define AT_REST_NS (3 * REGIA_SECOND)
#define STUCK_NS   (5 * REGIA_SECOND)
/* A time so far from now is a mistake of the source's clock, which its picture does not follow either
 * (timeline.c); and such a packet would push a whole minute out of the feed. */
#define EARLIEST_NS      (-10 * REGIA_SECOND)
#define LATEST_NS        (5 * REGIA_SECOND)
#define NO_TIME          G_MAXINT64
#define FRAME_NS         (40 * REGIA_MSECOND)
#define PROFILE_BASELINE 66

typedef struct {
  guint number;
  gint64 running_ns;
  gint64 duration_ns; /* 0: not known */
  guint flags;        /* RegiaPacketFlags */
  RegiaTrack *track;  /* (owned) */
  GBytes *payload;    /* (owned) */
} Unit;

typedef struct {
  guint number;
  gboolean placed;
  gint64 shift_ns;
} Stream;

struct _RegiaIsoCopy {
  guint track_id;
  char *name; /* (owned) */
  RegiaEpoch epoch;
  RegiaEncoderTrackFunc track_cb;
  RegiaEncoderPacketFunc packet_cb;
  gpointer user_data;
  RegiaIsoPipe *pipe; /* (owned) */
  gint64 waits_ns;    /* main thread: since when units go in and none comes out, CLOCK_MONOTONIC; 0: not */

  GMutex in_lock;      /* guards what follows */
  guint pushed_number; /* of the last unit that was pushed */
  gboolean broken;     /* one was left out: the next one is a keyframe */
  gint64 last_in_ns;   /* CLOCK_MONOTONIC */

  GMutex lock;       /* guards what follows */
  Stream streams[2]; /* this one, and the one before: of that something may still be on its way */
  GstCaps *caps;     /* (owned) (nullable): of the last unit … */
  RegiaTrack *track; /* (owned) (nullable): … and what they say */
  RegiaTrack *told;  /* (owned) (nullable) */
  GQueue held;       /* (element-type Unit) (owned) as they are stored */
  gsize held_bytes;
  gboolean lost; /* until a keyframe comes */
  gint64 last_dts_ns, last_pts_ns, last_duration_ns;
  gint64 last_out_ns; /* CLOCK_MONOTONIC: a unit came out of the parser */
};

static void
unit_free (Unit *self)
{
  regia_track_unref (self->track);
  g_bytes_unref (self->payload);
  g_free (self);
}

/* Under the lock. */
static const Stream *
find_stream (RegiaIsoCopy *self, guint number)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->streams); i++)
    if (self->streams[i].number == number)
      return &self->streams[i];
  return NULL;
}

/* Under the lock. */
static void
forget_first (RegiaIsoCopy *self)
{
  Unit *unit = g_queue_pop_head (&self->held);

  self->held_bytes -= g_bytes_get_size (unit->payload);
  unit_free (unit);
}

/* Under the lock. */
static void
drop_first (RegiaIsoCopy *self)
{
  self->lost = TRUE;
  forget_first (self);
}

/* Under the lock: of the first one that is held, as regia_iso_order_dts() wants it; NO_TIME where it is a
 * mistake. One alone, or the first of a new row, is laid where the row goes on. */
static guint
collect_pts (RegiaIsoCopy *self, gint64 shift_ns, gint64 pts_ns[REGIA_ISO_ORDER_AHEAD + 1])
{
  const Unit *first = self->held.head->data;
  gint64 now_ns = regia_epoch_show_time (&self->epoch);
  guint count = 0;

  for (GList *link = self->held.head; link && count <= REGIA_ISO_ORDER_AHEAD; link = link->next) {
    const Unit *unit = link->data;

    /* no picture is shown before a keyframe that is stored before it */
    if (unit->number != first->number || (count > 0 && unit->flags & REGIA_PACKET_KEYFRAME))
      break;
    pts_ns[count] = unit->running_ns + shift_ns;
    if (pts_ns[count] < now_ns + EARLIEST_NS || pts_ns[count] > now_ns + LATEST_NS)
      pts_ns[count] = NO_TIME;
    count++;
  }
  if (pts_ns[0] == NO_TIME && self->last_dts_ns > now_ns + EARLIEST_NS)
    pts_ns[0] = self->last_pts_ns + self->last_duration_ns;
  return count;
}

/* Under the lock. */
static gint64
duration_of (RegiaIsoCopy *self, const Unit *unit, gint64 pts_ns)
{
  gint64 since_ns = pts_ns - self->last_pts_ns;

  if (unit->duration_ns > 0)
    return unit->duration_ns;
  return self->last_dts_ns != REGIA_ISO_ORDER_NONE && since_ns > 0 && since_ns < REGIA_SECOND ? since_ns
                                                                                              : FRAME_NS;
}

/* Under the lock: the first one that is held, whose stream has its place. */
static void
give_first (RegiaIsoCopy *self, gint64 shift_ns)
{
  const Unit *unit = self->held.head->data;
  gint64 pts_ns[REGIA_ISO_ORDER_AHEAD + 1];
  guint count = collect_pts (self, shift_ns, pts_ns);
  gint64 dts_ns = regia_iso_order_dts (pts_ns, count, self->last_dts_ns);
  guint flags = unit->flags;

  if (pts_ns[0] == NO_TIME || dts_ns < 0 || dts_ns <= self->last_dts_ns ||
      (self->lost && (flags & REGIA_PACKET_KEYFRAME) == 0)) {
    drop_first (self);
    return;
  }
  if (self->lost)
    flags |= REGIA_PACKET_DISCONTINUITY;
  if (self->last_dts_ns == REGIA_ISO_ORDER_NONE)
    flags &= ~(guint)REGIA_PACKET_DISCONTINUITY;
  if (self->told != unit->track) {
    g_clear_pointer (&self->told, regia_track_unref);
    self->told = regia_track_ref (unit->track);
    self->track_cb (regia_track_ref (unit->track), self->user_data);
  }
  self->last_duration_ns = duration_of (self, unit, pts_ns[0]);
  self->packet_cb (regia_packet_new (self->track_id, flags, pts_ns[0], dts_ns, self->last_duration_ns,
                                     g_bytes_ref (unit->payload)),
                   self->user_data);
  self->last_dts_ns = dts_ns;
  self->last_pts_ns = pts_ns[0];
  self->lost = FALSE;
  forget_first (self);
}

/* Under the lock: all but the last @keep, as far as their time is known. That of a stream that is over will
 * not be told any more. */
static void
give_held (RegiaIsoCopy *self, guint keep)
{
  while (self->held.length > keep) {
    const Stream *stream = find_stream (self, ((Unit *)self->held.head->data)->number);

    if (stream != NULL && stream->placed)
      give_first (self, stream->shift_ns);
    else if (stream != &self->streams[0] || self->held.length > HELD_MAX || self->held_bytes > HELD_BYTES)
      drop_first (self);
    else
      return;
  }
}

/* Under the lock. Of the baseline profile there are no B-frames (ITU-T H.264 §A.2.1): nothing is waited for.
 */
static guint
ahead (const RegiaIsoCopy *self)
{
  gsize size;
  const guint8 *config = g_bytes_get_data (self->track->extradata, &size);

  return size > 1 && config[1] == PROFILE_BASELINE ? 0 : REGIA_ISO_ORDER_AHEAD;
}

/* Under the lock. */
static void
take_caps (RegiaIsoCopy *self, GstCaps *gst_caps)
{
  const GstStructure *caps = gst_caps_get_structure (gst_caps, 0);
  g_autoptr (GBytes) extradata = regia_payload_of_caps (caps, "codec_data");
  g_autoptr (RegiaTrack) track = NULL;
  int width = 0, height = 0, rate_num = 0, rate_den = 1;

  gst_caps_replace (&self->caps, gst_caps);
  gst_structure_get_int (caps, "width", &width);
  gst_structure_get_int (caps, "height", &height);
  gst_structure_get_fraction (caps, "framerate", &rate_num, &rate_den);
  if (extradata == NULL || width <= 0 || height <= 0)
    return;
  track = regia_track_new (self->track_id, self->name, "", REGIA_CODEC_H264, extradata);
  track->width = (guint)width;
  track->height = (guint)height;
  track->rate_num = (guint)MAX (rate_num, 0);
  track->rate_den = (guint)MAX (rate_den, 1);
  if (self->track != NULL && regia_track_is_same (track, self->track))
    return;
  g_clear_pointer (&self->track, regia_track_unref);
  self->track = g_steal_pointer (&track);
}

/* Under the lock. */
static void
hold (RegiaIsoCopy *self, GstBuffer *buffer)
{
  const Unit *last = self->held.tail ? self->held.tail->data : NULL;
  guint64 stamp = GST_BUFFER_PTS (buffer);
  Unit *unit;
  GBytes *payload = regia_payload_of_buffer (buffer);

  if (payload == NULL)
    return;
  unit = g_new0 (Unit, 1);
  unit->number = (guint)(stamp >> NUMBER_SHIFT);
  unit->running_ns = (gint64)(stamp & ((G_GUINT64_CONSTANT (1) << NUMBER_SHIFT) - 1));
  unit->duration_ns = GST_BUFFER_DURATION_IS_VALID (buffer) ? (gint64)GST_BUFFER_DURATION (buffer) : 0;
  unit->flags = (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT) ? 0 : REGIA_PACKET_KEYFRAME) |
                (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) ? REGIA_PACKET_DISCONTINUITY : 0);
  unit->track = regia_track_ref (self->track);
  unit->payload = payload;
  if (last != NULL && last->number != unit->number)
    give_held (self, 0);
  g_queue_push_tail (&self->held, unit);
  self->held_bytes += g_bytes_get_size (payload);
}

static GstFlowReturn
on_unit_cb (GstAppSink *sink, gpointer user_data)
{
  RegiaIsoCopy *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;
  gsize size = buffer ? gst_buffer_get_size (buffer) : 0;
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = NULL;

  if (size == 0 || size > REGIA_PACKET_MAX_BYTES || !GST_BUFFER_PTS_IS_VALID (buffer))
    return GST_FLOW_OK;
  locker = g_mutex_locker_new (&self->lock);
  if (gst_sample_get_caps (sample) != self->caps)
    take_caps (self, gst_sample_get_caps (sample));
  if (self->track == NULL)
    return GST_FLOW_OK;
  self->last_out_ns = regia_clock_monotonic_ns ();
  hold (self, buffer);
  give_held (self, ahead (self));
  return GST_FLOW_OK;
}

static gboolean
build_cb (GstBin *pipeline, GstElement *head, gpointer user_data, GError **error)
{
  static const GstAppSinkCallbacks callbacks = {.new_sample = on_unit_cb};
  GstElement *parser = gst_element_factory_make ("h264parse", NULL), *sink;
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/x-h264,stream-format=avc,alignment=au");

  if (parser == NULL) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE,
                         "the GStreamer element \"h264parse\" is missing; install the package "
                         "gstreamer1.0-plugins-bad");
    return FALSE;
  }
  sink = gst_element_factory_make ("appsink", NULL);
  g_object_set (sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, "qos", FALSE, "caps", caps,
                NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), (GstAppSinkCallbacks *)&callbacks, user_data, NULL);
  gst_bin_add_many (pipeline, parser, sink, NULL);
  gst_element_link_many (head, parser, sink, NULL);
  return TRUE;
}

static const RegiaIsoPipeClass pipe_class = {.build = build_cb};

RegiaIsoCopy *
regia_iso_copy_new (guint track_id, const char *name, const RegiaEpoch *epoch, RegiaEncoderTrackFunc track_cb,
                    RegiaEncoderPacketFunc packet_cb, gpointer user_data)
{
  RegiaIsoCopy *self = g_new0 (RegiaIsoCopy, 1);

  self->track_id = track_id;
  self->name = g_strdup (name);
  self->epoch = *epoch;
  self->track_cb = track_cb;
  self->packet_cb = packet_cb;
  self->user_data = user_data;
  self->last_dts_ns = REGIA_ISO_ORDER_NONE;
  g_queue_init (&self->held);
  g_mutex_init (&self->in_lock);
  g_mutex_init (&self->lock);
  self->pipe = regia_iso_pipe_new (&pipe_class, ROOM_BYTES, self);
  return self;
}

void
regia_iso_copy_free (RegiaIsoCopy *self)
{
  if (self == NULL)
    return;
  regia_iso_pipe_free (self->pipe);
  g_mutex_lock (&self->lock);
  give_held (self, 0);
  g_mutex_unlock (&self->lock);
  g_queue_clear_full (&self->held, (GDestroyNotify)unit_free);
  gst_clear_caps (&self->caps);
  g_clear_pointer (&self->track, regia_track_unref);
  g_clear_pointer (&self->told, regia_track_unref);
  g_mutex_clear (&self->in_lock);
  g_mutex_clear (&self->lock);
  g_free (self->name);
  g_free (self);
}

guint
regia_iso_copy_begin (RegiaIsoCopy *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->streams[1] = self->streams[0];
  self->streams[0] = (Stream){.number = (self->streams[0].number + 1) & NUMBER_MASK};
  return self->streams[0].number;
}

void
regia_iso_copy_place (RegiaIsoCopy *self, guint number, gint64 shift_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->streams[0].number != number)
    return;
  self->streams[0].shift_ns = shift_ns;
  self->streams[0].placed = TRUE;
}

void
regia_iso_copy_push (RegiaIsoCopy *self, guint number, GstBuffer *unit, GstCaps *caps,
                     GstClockTime running_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->in_lock);
  GstBuffer *copy;

  self->broken |= number != self->pushed_number;
  self->pushed_number = number;
  if (self->broken && GST_BUFFER_FLAG_IS_SET (unit, GST_BUFFER_FLAG_DELTA_UNIT))
    return;
  copy = gst_buffer_copy (unit); /* its memory is shared */
  GST_BUFFER_PTS (copy) = (GstClockTime)number << NUMBER_SHIFT | running_ns;
  GST_BUFFER_DTS (copy) = GST_CLOCK_TIME_NONE;
  if (self->broken)
    GST_BUFFER_FLAG_SET (copy, GST_BUFFER_FLAG_DISCONT);
  self->broken = !regia_iso_pipe_push (self->pipe, copy, caps);
  if (!self->broken)
    self->last_in_ns = regia_clock_monotonic_ns ();
}

void
regia_iso_copy_tick (RegiaIsoCopy *self, gint64 now_ns)
{
  gint64 last_in_ns, last_out_ns;

  g_mutex_lock (&self->in_lock);
  last_in_ns = self->last_in_ns;
  g_mutex_unlock (&self->in_lock);
  g_mutex_lock (&self->lock);
  last_out_ns = self->last_out_ns;
  if (now_ns - last_out_ns > AT_REST_NS)
    give_held (self, 0);
  g_mutex_unlock (&self->lock);
  if (last_in_ns - last_out_ns < REGIA_SECOND)
    self->waits_ns = 0;
  else if (self->waits_ns == 0)
    self->waits_ns = now_ns;
  if (self->waits_ns != 0 && now_ns - self->waits_ns > STUCK_NS) {
    regia_iso_pipe_fail (self->pipe, "there is no access unit in what it sends as H.264", now_ns);
    self->waits_ns = 0;
  }
  regia_iso_pipe_tick (self->pipe, now_ns);
}

char *
regia_iso_copy_get_error (RegiaIsoCopy *self)
{
  gint64 last_out_ns;

  g_mutex_lock (&self->lock);
  last_out_ns = self->last_out_ns;
  g_mutex_unlock (&self->lock);
  return g_strdup (regia_iso_pipe_get_error (self->pipe, last_out_ns));
}
