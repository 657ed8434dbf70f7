/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include "regia/mux/fmp4.h"

#include <libavutil/opt.h>

#include "av-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"

/*
 * RegiaFmp4 wraps libavformat's "mp4" muxer, writing into a byte array. Life cycle: new() writes ftyp + moov
 * at once; then any number of write() … flush() rounds, each of which makes one moof + mdat; free() writes
 * nothing (skip_trailer). Owner: whoever made it; one thread at a time.
 *
 * Why the flags are what they are (libavformat 5.1, movenc.c):
 * - `empty_moov`: the header does not wait for packets, and an edit list is never needed;
 * - `frag_custom`: a fragment ends where flush() says, nowhere else;
 * - `frag_discont` is eaten by the next packet of each track. It makes libavformat take the tfdt from that
 * packet's dts instead of from the sum of the durations before it, so it is set again for each fragment: show
 * time stays true across gaps, and a muxer made late in a show writes the same tfdt as one that was there
 * from the beginning;
 * - `skip_trailer`: no mfra, for which libavformat would otherwise remember every fragment;
 * - `use_editlist` off and avoid_negative_ts disabled: nothing is shifted.
 */

#define BUFFER_BYTES 4096
#define FLAGS        "frag_custom+empty_moov+default_base_moof+skip_sidx+skip_trailer"

typedef struct {
  int index;      /* of the stream; −1: not one of ours */
  gint64 last;    /* dts of the last packet, in ticks */
  gboolean begun; /* whether there was one */
} Track;

struct _RegiaFmp4 {
  AVFormatContext *context; /* (owned) */
  AVPacket *packet;         /* (owned) scratch */
  GByteArray *out;          /* (owned) what the muxer wrote since it was last taken */
  GBytes *header;           /* (owned) */
  Track tracks[REGIA_TRACKS_MAX];
  gboolean pending; /* the fragment being made has a packet */
};

static int
write_cb (void *opaque, RegiaAvOut *data, int length)
{
  RegiaFmp4 *self = opaque;

  g_byte_array_append (self->out, data, (guint)length);
  return length;
}

static GBytes *
take_output (RegiaFmp4 *self)
{
  GByteArray *out;

  avio_flush (self->context->pb);
  out = g_steal_pointer (&self->out);
  self->out = g_byte_array_new ();
  return g_byte_array_free_to_bytes (out);
}

static gboolean
add_tracks (RegiaFmp4 *self, GPtrArray *tracks, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->tracks); i++)
    self->tracks[i].index = -1;
  for (guint i = 0; i < tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (tracks, i);
    AVStream *stream = regia_av_add_stream (self->context, track, error);

    if (stream == NULL)
      return FALSE;
    self->tracks[track->id].index = stream->index;
  }
  return TRUE;
}

static gboolean
open_output (RegiaFmp4 *self, GError **error)
{
  unsigned char *buffer = av_malloc (BUFFER_BYTES);
  AVDictionary *options = NULL;
  int code;

  self->context->pb = avio_alloc_context (buffer, BUFFER_BYTES, 1, self, NULL, write_cb, NULL);
  self->context->pb->seekable = 0;
  self->context->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  self->context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  av_dict_set (&options, "movflags", FLAGS, 0);
  av_dict_set_int (&options, "video_track_timescale", REGIA_AV_VIDEO_TIMESCALE, 0);
  av_dict_set_int (&options, "use_editlist", 0, 0);
  code = avformat_write_header (self->context, &options);
  av_dict_free (&options);
  if (code < 0)
    return regia_av_set_error (error, code, "Cannot begin a fragmented MP4");
  self->header = take_output (self);
  return TRUE;
}

RegiaFmp4 *
regia_fmp4_new (GPtrArray *tracks, GError **error)
{
  g_autoptr (RegiaFmp4) self = NULL;
  int code;

  g_return_val_if_fail (tracks != NULL && tracks->len > 0, NULL);

  regia_av_init ();
  self = g_new0 (RegiaFmp4, 1);
  self->out = g_byte_array_new ();
  self->packet = av_packet_alloc ();
  code = avformat_alloc_output_context2 (&self->context, NULL, "mp4", NULL);
  if (code < 0) {
    regia_av_set_error (error, code, "Cannot begin a fragmented MP4");
    return NULL;
  }
  if (!add_tracks (self, tracks, error) || !open_output (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
regia_fmp4_free (RegiaFmp4 *self)
{
  if (self == NULL)
    return;
  if (self->context != NULL) {
    if (self->header != NULL)
      av_write_trailer (self->context); /* writes nothing that is kept, but frees the muxer's tracks */
    if (self->context->pb != NULL) {
      av_freep (&self->context->pb->buffer);
      avio_context_free (&self->context->pb);
    }
    avformat_free_context (self->context);
  }
  av_packet_free (&self->packet);
  g_clear_pointer (&self->out, g_byte_array_unref);
  g_clear_pointer (&self->header, g_bytes_unref);
  g_free (self);
}

GBytes *
regia_fmp4_get_header (RegiaFmp4 *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->header;
}

/* A fragment begins: every track's next packet says where in show time it is. */
static gboolean
begin_fragment (RegiaFmp4 *self, GError **error)
{
  int code = av_opt_set (self->context->priv_data, "movflags", "+frag_discont", 0);

  if (code < 0)
    return regia_av_set_error (error, code, "Cannot begin a fragment");
  self->pending = TRUE;
  return TRUE;
}

gboolean
regia_fmp4_write (RegiaFmp4 *self, RegiaPacket *packet, GError **error)
{
  const AVRational ns = {1, REGIA_SECOND};
  Track *track;
  AVStream *stream;
  gint64 dts, end;
  gsize size;
  int code;

  g_return_val_if_fail (self != NULL && packet != NULL, FALSE);

  if (packet->track >= REGIA_TRACKS_MAX || self->tracks[packet->track].index < 0) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "A packet of track %u, which is not in this file",
                 packet->track);
    return FALSE;
  }
  track = &self->tracks[packet->track];
  stream = self->context->streams[track->index];
  if (packet->dts_ns < 0 || packet->pts_ns < 0)
    return TRUE;
  dts = av_rescale_q (packet->dts_ns, ns, stream->time_base);
  if (track->begun && dts <= track->last) {
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_MEDIA, "Timestamp %.3f s of track %u does not rise above %.3f s",
        (double)packet->dts_ns / REGIA_SECOND, packet->track, track->last * av_q2d (stream->time_base));
    return FALSE;
  }
  if (!self->pending && !begin_fragment (self, error))
    return FALSE;

  /* The end is rounded, not the duration, so that it meets the next packet's rounded dts. */
  end = av_rescale_q (packet->dts_ns + packet->duration_ns, ns, stream->time_base);
  self->packet->stream_index = track->index;
  self->packet->dts = dts;
  self->packet->pts = av_rescale_q (packet->pts_ns, ns, stream->time_base);
  self->packet->duration = MAX (end - dts, 1);
  self->packet->flags = regia_packet_is_keyframe (packet) ? AV_PKT_FLAG_KEY : 0;
  /* Lent for the duration of the call: the muxer copies it into its fragment and never writes to it. */
  self->packet->data = (uint8_t *)g_bytes_get_data (packet->payload, &size);
  self->packet->size = (int)size;
  code = av_write_frame (self->context, self->packet);
  self->packet->data = NULL;
  self->packet->size = 0;
  if (code < 0)
    return regia_av_set_error (error, code, "Cannot write a packet of track %u", packet->track);
  track->last = dts;
  track->begun = TRUE;
  return TRUE;
}

GBytes *
regia_fmp4_flush (RegiaFmp4 *self, GError **error)
{
  int code;

  g_return_val_if_fail (self != NULL, NULL);

  if (!self->pending)
    return NULL;
  self->pending = FALSE;
  code = av_write_frame (self->context, NULL);
  if (code < 0) {
    regia_av_set_error (error, code, "Cannot write a fragment");
    return NULL;
  }
  return take_output (self);
}
