/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include "regia/mux/output.h"

#include <string.h>

#include "av-private.h"
#include "output-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"

/*
 * RegiaOutput: one muxer of libavformat and the place it writes to (output-io.c). Life cycle: open() connects
 * and writes the header; write() for each packet; free() writes the trailer if that can still be done and
 * closes. Owner: whoever opened it; one thread at a time.
 *
 * Packets of the tracks are put in order by libavformat, which for that holds a packet until the other track
 * has one as well: a few tens of ms with live tracks, and never more than INTERLEAVE_US when one of them
 * falls silent. That is also all that is ever held here.
 */

#define INTERLEAVE_US 500000
#define SRT_WAY_MS    500
#define CLOSE_MS      1500
#define SECOND_TICKS  ((AVRational){1, 1000000000})

typedef struct {
  RegiaTrack *track; /* (owned) */
  gint64 last_dts_ns;
  gboolean begun;
} Stream;

struct _RegiaOutput {
  RegiaOutputIo io;
  AVFormatContext *context; /* (owned) */
  AVPacket *packet;         /* (owned) scratch */
  guint timeout_ms;
  GArray *streams; /* (owned) (element-type Stream) one for each stream of the context, same order */
  int index[REGIA_TRACKS_MAX]; /* RegiaTrack.id of the present generation → stream, −1 for a track that is not
                                  ours */
  gint64 offset_ns;            /* show time of the output's 0 */
  gboolean begun;              /* a packet was written: offset_ns is set */
  gboolean header, failed;
};

static void
stream_clear_cb (gpointer data)
{
  g_clear_pointer (&((Stream *)data)->track, regia_track_unref);
}

static gboolean
check_tracks (const char *format, GPtrArray *tracks, GError **error)
{
  guint videos = 0, audios = 0;
  gboolean flv = g_str_equal (format, "flv");

  for (guint i = 0; i < tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (tracks, i);

    videos += regia_track_is_video (track);
    audios += regia_track_is_audio (track);
    if (flv && track->codec != REGIA_CODEC_H264 && track->codec != REGIA_CODEC_AAC) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "RTMP cannot carry %s (track %s)",
                   regia_codec_to_string (track->codec), track->name);
      return FALSE;
    }
  }
  if (tracks->len == 0 || (flv && (videos > 1 || audios > 1))) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                 tracks->len == 0 ? "There is no track to send"
                                  : "RTMP carries one video and one audio track");
    return FALSE;
  }
  return TRUE;
}

static gboolean
add_streams (RegiaOutput *self, GPtrArray *tracks, GError **error)
{
  memset (self->index, -1, sizeof self->index);
  for (guint i = 0; i < tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (tracks, i);
    const Stream stream = {.track = regia_track_ref (track)};

    g_array_append_val (self->streams, stream);
    self->index[track->id] = (int)i;
    if (regia_av_add_stream (self->context, track, error) == NULL)
      return FALSE;
  }
  return TRUE;
}

/* Everything that libavformat would wait for in order to be kind to a multiplex on air is turned off: packets
 * leave at once. */
static gboolean
write_header (RegiaOutput *self, GError **error)
{
  AVFormatContext *context = self->context;
  AVDictionary *options = NULL;
  int code;

  context->flags |= AVFMT_FLAG_FLUSH_PACKETS;
  context->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  context->max_interleave_delta = INTERLEAVE_US;
  context->max_delay =
      50000; /* MPEG-TS: the clock runs 0.1 s before the pictures, which hardware decoders want */
  av_dict_set (&options, "flvflags", "no_duration_filesize", 0);
  av_dict_set (&options, "pes_payload_size", "0", 0); /* one AAC frame a PES packet, not 0.2 s of them */
  av_dict_set (&options, "live", "1", 0);             /* Matroska … */
  av_dict_set (&options, "cluster_time_limit", "200", 0);
  av_dict_set (&context->metadata, "service_provider", "Regia", 0);
  av_dict_set (&context->metadata, "service_name", "Regia", 0);
  code = avformat_write_header (context, &options);
  av_dict_free (&options);
  if (code < 0)
    return regia_output_io_set_error (&self->io, code, error);
  avio_flush (context->pb);
  if (context->pb->error < 0)
    return regia_output_io_set_error (&self->io, context->pb->error, error);
  self->header = TRUE;
  return TRUE;
}

static gboolean
start (RegiaOutput *self, const RegiaOutputTarget *target, const char *format, GPtrArray *tracks,
       GError **error)
{
  guint64 bitrate_bps = 0;
  int code = avformat_alloc_output_context2 (&self->context, NULL, format, NULL);

  if (code < 0)
    return regia_av_set_error (error, code, "Format %s", format);
  if (!check_tracks (format, tracks, error) || !add_streams (self, tracks, error))
    return FALSE;
  for (guint i = 0; i < tracks->len; i++)
    bitrate_bps += ((RegiaTrack *)g_ptr_array_index (tracks, i))->bitrate_bps;
  if (!regia_output_io_open (&self->io, target, bitrate_bps, error))
    return FALSE;
  self->context->pb = self->io.pb;
  self->context->flags |= AVFMT_FLAG_CUSTOM_IO;
  return write_header (self, error);
}

RegiaOutput *
regia_output_open (const RegiaOutputTarget *target, const char *format, GPtrArray *tracks, guint timeout_ms,
                   GCancellable *cancellable, GError **error)
{
  g_autoptr (RegiaOutput) self = g_new0 (RegiaOutput, 1);
  gboolean good;

  g_return_val_if_fail (target != NULL && target->url != NULL && format != NULL && tracks != NULL, NULL);
  regia_av_init ();
  self->timeout_ms = timeout_ms;
  self->io.cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->packet = av_packet_alloc ();
  self->streams = g_array_new (FALSE, TRUE, sizeof (Stream));
  g_array_set_clear_func (self->streams, stream_clear_cb);
  regia_output_io_begin (&self->io, timeout_ms);
  good = start (self, target, format, tracks, error);
  regia_output_io_end (&self->io);
  self->failed = !good;
  return good ? g_steal_pointer (&self) : NULL;
}

gboolean
regia_output_follow (RegiaOutput *self, GPtrArray *tracks)
{
  int index[REGIA_TRACKS_MAX];

  memset (index, -1, sizeof index);
  for (guint i = 0; i < self->streams->len; i++) {
    const RegiaTrack *ours = g_array_index (self->streams, Stream, i).track;
    const RegiaTrack *theirs = regia_tracks_find (tracks, ours->name);

    if (theirs == NULL || !regia_track_same_parameters (ours, theirs))
      return FALSE;
    index[theirs->id] = (int)i;
  }
  memcpy (self->index, index, sizeof index);
  return TRUE;
}

static void
release_payload_cb (void *payload, uint8_t *data)
{
  g_bytes_unref (payload);
}

static void
fill_packet (RegiaOutput *self, const RegiaPacket *packet, int index)
{
  const AVRational base = self->context->streams[index]->time_base;
  AVPacket *out = self->packet;
  gsize size;
  const void *data = g_bytes_get_data (packet->payload, &size);

  out->buf = av_buffer_create ((uint8_t *)data, size, release_payload_cb, g_bytes_ref (packet->payload),
                               AV_BUFFER_FLAG_READONLY);
  out->data = (uint8_t *)data;
  out->size = (int)size;
  out->stream_index = index;
  out->flags = regia_packet_is_keyframe (packet) ? AV_PKT_FLAG_KEY : 0;
  out->pts = av_rescale_q (packet->pts_ns - self->offset_ns, SECOND_TICKS, base);
  out->dts = av_rescale_q (packet->dts_ns - self->offset_ns, SECOND_TICKS, base);
  out->duration = av_rescale_q (packet->duration_ns, SECOND_TICKS, base);
}

gboolean
regia_output_write (RegiaOutput *self, RegiaPacket *packet, GError **error)
{
  int index = packet->track < REGIA_TRACKS_MAX ? self->index[packet->track] : -1;
  Stream *stream;
  int code;

  g_return_val_if_fail (!self->failed, FALSE);
  if (index < 0 || (self->begun && packet->dts_ns < self->offset_ns))
    return TRUE;
  stream = &g_array_index (self->streams, Stream, index);
  if (stream->begun && packet->dts_ns <= stream->last_dts_ns) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "Track %s: time does not rise", stream->track->name);
    return FALSE;
  }
  if (!self->begun)
    self->offset_ns = packet->dts_ns;
  self->begun = stream->begun = TRUE;
  stream->last_dts_ns = packet->dts_ns;
  fill_packet (self, packet, index);
  regia_output_io_begin (&self->io, self->timeout_ms);
  code = av_interleaved_write_frame (self->context, self->packet);
  regia_output_io_end (&self->io);
  if (code >= 0)
    return TRUE;
  self->failed = TRUE;
  return regia_output_io_set_error (&self->io, code, error);
}

guint64
regia_output_get_bytes (RegiaOutput *self)
{
  gint64 position = self->io.pb != NULL ? avio_tell (self->io.pb) : 0;

  return position > 0 ? (guint64)position : 0;
}

/*
 * SRT drops what it has not yet sent when the socket closes, and what its peer has not yet given on: all that
 * is younger than its latency. libavformat does not tell when that is; so it is given its latency, and time
 * for the way there, for what is sent again, and for a peer that is busy for a moment.
 */
static void
drain_srt (RegiaOutput *self)
{
  GPollFD polled;
  guint wait_ms = MIN (self->io.latency_ms + SRT_WAY_MS, CLOSE_MS - 100);

  if (self->io.cancellable == NULL || !g_cancellable_make_pollfd (self->io.cancellable, &polled)) {
    g_usleep (wait_ms * 1000);
    return;
  }
  g_poll (&polled, 1, (int)wait_ms);
  g_cancellable_release_fd (self->io.cancellable);
}

void
regia_output_free (RegiaOutput *self)
{
  gboolean in_order;

  if (self == NULL)
    return;
  regia_output_io_begin (&self->io, MIN (self->timeout_ms, CLOSE_MS));
  in_order = self->header && !self->failed && !g_cancellable_is_cancelled (self->io.cancellable) &&
             av_write_trailer (self->context) >= 0;
  if (in_order && self->io.kind == REGIA_OUTPUT_SRT)
    drain_srt (self);
  regia_output_io_close (&self->io, in_order);
  regia_output_io_end (&self->io);
  if (self->context != NULL)
    self->context->pb = NULL;
  avformat_free_context (self->context);
  av_packet_free (&self->packet);
  g_clear_pointer (&self->streams, g_array_unref);
  g_clear_object (&self->io.cancellable);
  g_free (self);
}
