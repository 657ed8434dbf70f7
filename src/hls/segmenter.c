/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-hls"

#include "segmenter-private.h"

#include <string.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/mux/fmp4.h"

/*
 * RegiaHlsSegmenter: one track's knife. It decides from timestamps alone which number a packet belongs to, so
 * that every gateway, and the same gateway after a restart, cuts alike.
 *
 * Where a number begins
 * - Audio: a frame belongs to the number in which its middle lies. So a segment begins at most half a frame
 * (11 ms) before or after its boundary, where counting from the frame's beginning would let it begin up to a
 * whole frame late.
 * - Video: a keyframe belongs to the number in which its middle lies (a timestamp rounded down to just below
 * the boundary is thereby still the right one); other frames belong to the keyframe before them. If the
 * encoder misses a keyframe, the segment is ended an eighth of its length late and the rest dropped up to the
 * next keyframe: a segment longer than the target duration would be against RFC 8216 §4.3.3.1.
 *
 * A hole within a number (the engine was restarted) begins a new fragment (moof + mdat) in the same segment,
 * with its own time: so no sample lasts as long as the hole. A segment therefore is a list of chunks; the
 * parts of low latency HLS will be such chunks, cut by time as well.
 *
 * The sequence number in each moof is made from the segment's number instead of being counted, because a
 * counter would give different bytes after a restart under an address that caches hold as immutable.
 *
 * Life cycle: new() for a track's parameters; push() and finish() in any order; free(). It outlives engines:
 * another engine's packets of the same parameters go on in it, whatever number its table gives the track.
 * Owner: a stream of the window; the window's writing thread alone.
 */

/* A segment has at most this many chunks numbered apart: the low bits of the moof's sequence number. */
#define CHUNK_BITS 6

struct _RegiaHlsSegmenter {
  RegiaTrack *track; /* (owned) */
  RegiaFmp4 *mux;    /* (owned) */
  gint64 segment_ns;
  gboolean is_video;

  gint64 open; /* number being made, −1 none */
  GPtrArray
      *chunks; /* (owned) (element-type GBytes): of the open segment, but for what the muxer still holds */
  gint64 start_ns, end_ns; /* of the open segment: first packet, end of the last one */

  gint64 closed;      /* this number and all below are over; −1 none */
  gint64 last_dts_ns; /* of the last packet taken, −1 none */
  gboolean whole;     /* begin only where nothing is missing */
  gboolean need_key;  /* what follows cannot be decoded before a keyframe */
  guint64 dropped;
};

void
regia_hls_segment_clear (RegiaHlsSegment *segment)
{
  g_clear_pointer (&segment->bytes, g_bytes_unref);
}

static RegiaFmp4 *
make_mux (RegiaTrack *track, GError **error)
{
  g_autoptr (GPtrArray) tracks = regia_tracks_new ();

  g_ptr_array_add (tracks, regia_track_ref (track));
  return regia_fmp4_new (tracks, error);
}

RegiaHlsSegmenter *
regia_hls_segmenter_new (RegiaTrack *track, gint64 segment_ns, GError **error)
{
  g_autoptr (RegiaHlsSegmenter) self = NULL;

  g_return_val_if_fail (track != NULL && segment_ns > 0, NULL);

  self = g_new0 (RegiaHlsSegmenter, 1);
  self->track = regia_track_ref (track);
  self->segment_ns = segment_ns;
  self->is_video = regia_track_is_video (track);
  self->chunks = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  self->open = self->closed = self->last_dts_ns = -1;
  self->need_key = self->is_video;
  self->mux = make_mux (track, error);
  if (self->mux == NULL) {
    g_prefix_error (error, "Track %s: ", track->name);
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
regia_hls_segmenter_free (RegiaHlsSegmenter *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->mux, regia_fmp4_free);
  g_clear_pointer (&self->chunks, g_ptr_array_unref);
  g_clear_pointer (&self->track, regia_track_unref);
  g_free (self);
}

GBytes *
regia_hls_segmenter_get_init (RegiaHlsSegmenter *self)
{
  return regia_fmp4_get_header (self->mux);
}

gint64
regia_hls_segmenter_get_open (RegiaHlsSegmenter *self)
{
  return self->open;
}

guint64
regia_hls_segmenter_get_dropped (RegiaHlsSegmenter *self)
{
  return self->dropped;
}

void
regia_hls_segmenter_set_whole (RegiaHlsSegmenter *self)
{
  self->whole = TRUE;
}

void
regia_hls_segmenter_skip_to (RegiaHlsSegmenter *self, gint64 number)
{
  g_return_if_fail (self->open < 0 || self->open > number);
  self->closed = MAX (self->closed, number);
}

/* Writes @sequence into the mfhd box, the first in moof (ISO/IEC 14496-12 §8.8.4 and §8.8.5). */
static GBytes *
stamp_sequence (GBytes *fragment, guint32 sequence)
{
  gsize size = 0;
  guint8 *data = g_bytes_unref_to_data (fragment, &size);
  guint32 value = GUINT32_TO_BE (sequence);

  if (size >= 24 && memcmp (data + 4, "moof", 4) == 0 && memcmp (data + 12, "mfhd", 4) == 0)
    memcpy (data + 20, &value, sizeof value);
  return g_bytes_new_take (data, size);
}

/* Takes what the muxer holds as one more chunk of the open segment. */
static gboolean
end_chunk (RegiaHlsSegmenter *self, GError **error)
{
  g_autoptr (GError) local = NULL;
  GBytes *chunk = regia_fmp4_flush (self->mux, &local);
  guint index = MIN (self->chunks->len, (1u << CHUNK_BITS) - 1);

  if (local != NULL) {
    g_propagate_prefixed_error (error, g_steal_pointer (&local), "Track %s: ", self->track->name);
    return FALSE;
  }
  if (chunk != NULL)
    g_ptr_array_add (self->chunks, stamp_sequence (chunk, ((guint32)self->open << CHUNK_BITS) + index + 1));
  return TRUE;
}

static GBytes *
join_chunks (GPtrArray *chunks)
{
  GByteArray *all;

  if (chunks->len == 1)
    return g_bytes_ref (g_ptr_array_index (chunks, 0));
  all = g_byte_array_new ();
  for (guint i = 0; i < chunks->len; i++) {
    gsize size = 0;
    const guint8 *data = g_bytes_get_data (g_ptr_array_index (chunks, i), &size);

    g_byte_array_append (all, data, (guint)size);
  }
  return g_byte_array_free_to_bytes (all);
}

gboolean
regia_hls_segmenter_finish (RegiaHlsSegmenter *self, RegiaHlsSegment *ret_done, GError **error)
{
  gboolean ok;

  *ret_done = (RegiaHlsSegment){.number = self->open};
  if (self->open < 0)
    return TRUE;

  ok = end_chunk (self, error);
  if (self->chunks->len > 0) {
    ret_done->start_ns = self->start_ns;
    ret_done->duration_ns = self->end_ns - self->start_ns;
    ret_done->bytes = join_chunks (self->chunks);
  }
  g_ptr_array_set_size (self->chunks, 0);
  self->closed = self->open;
  self->open = -1;
  self->need_key = self->is_video;
  return ok;
}

static gboolean
drop (RegiaHlsSegmenter *self)
{
  self->dropped++;
  self->need_key = self->is_video;
  return TRUE;
}

/* Whether @packet ends the open segment. */
static gboolean
is_past_open (RegiaHlsSegmenter *self, const RegiaPacket *packet, gint64 number)
{
  if (!self->is_video || regia_packet_is_keyframe (packet))
    return number > self->open;
  return packet->pts_ns >= (self->open + 1) * self->segment_ns + self->segment_ns / 8;
}

/* Whether @packet can be the first one of @number. */
static gboolean
can_begin (RegiaHlsSegmenter *self, const RegiaPacket *packet, gint64 number)
{
  gint64 late_ns = self->is_video ? packet->duration_ns : packet->duration_ns / 2;

  if (number <= self->closed)
    return FALSE;
  return !self->whole || packet->pts_ns - number * self->segment_ns < late_ns;
}

/* The muxer knows the track by the number it had when the muxer was made. */
static gboolean
write_packet (RegiaHlsSegmenter *self, RegiaPacket *packet, GError **error)
{
  g_autoptr (RegiaPacket) renamed = NULL;

  if (packet->track == self->track->id)
    return regia_fmp4_write (self->mux, packet, error);
  renamed = regia_packet_new (self->track->id, packet->flags, packet->pts_ns, packet->dts_ns,
                              packet->duration_ns, g_bytes_ref (packet->payload));
  return regia_fmp4_write (self->mux, renamed, error);
}

gboolean
regia_hls_segmenter_push (RegiaHlsSegmenter *self, RegiaPacket *packet, RegiaHlsSegment *ret_done,
                          GError **error)
{
  gboolean keyframe = !self->is_video || regia_packet_is_keyframe (packet);
  gint64 number;

  *ret_done = (RegiaHlsSegment){.number = -1};
  if (packet->pts_ns < 0 || packet->duration_ns <= 0 || packet->dts_ns <= self->last_dts_ns)
    return drop (self);

  number = (packet->pts_ns + packet->duration_ns / 2) / self->segment_ns;
  if (self->open >= 0 && is_past_open (self, packet, number) &&
      !regia_hls_segmenter_finish (self, ret_done, error))
    return FALSE;
  if ((self->need_key || (packet->flags & REGIA_PACKET_DISCONTINUITY) != 0) && !keyframe)
    return drop (self);

  if (self->open < 0) {
    if (!can_begin (self, packet, number))
      return drop (self);
    self->open = number;
    self->start_ns = self->end_ns = packet->pts_ns;
    self->whole = FALSE;
  } else if (packet->pts_ns - self->end_ns > packet->duration_ns / 2 && !end_chunk (self, error)) {
    return FALSE;
  }

  if (!write_packet (self, packet, error)) {
    g_prefix_error (error, "Track %s: ", self->track->name);
    drop (self);
    return FALSE;
  }
  self->need_key = FALSE;
  self->last_dts_ns = packet->dts_ns;
  self->end_ns = packet->pts_ns + packet->duration_ns;
  return TRUE;
}
