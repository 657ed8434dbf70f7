/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include "regia/mux/pull.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

#include "av-private.h"
#include "pull-times-private.h"
#include "regia/base/error.h"

/*
 * A live stream by HLS comes in pieces of some seconds each, as fast as the network can, and then not for
 * some seconds. So one thread reads ahead of the other, which writes each packet when its time has come. What
 * was read and is not due yet is also what a server may be away for before anything is seen of it. It is put
 * in order on the way: in a segment all of the picture may lie before all of the sound.
 *
 * Thread: regia_pull_run()'s caller writes, `read` reads. `lock` guards the queue; a leaf.
 */

#define AHEAD_TICKS (60 * REGIA_PULL_TICKS)
#define AHEAD_BYTES (64u << 20)
#define OUT_BYTES   (188 * 64)
#define BEGIN_US    G_TIME_SPAN_SECOND /* that picture and sound wait for each other at their beginning */

typedef struct {
  const RegiaPullTarget *target;
  AVFormatContext *in, *out; /* (owned) */
  int (*open_cb) (AVFormatContext *, AVIOContext **, const char *, int, AVDictionary **);
  int from[REGIA_PULL_STREAMS]; /* index of the streams of `in`, −1 for none */
  int to[REGIA_PULL_STREAMS];   /* … of `out` */
  int fd;
  int opened; /* libav's code of the last playlist or segment that was opened; the thread that reads */

  GMutex lock; /* guards what follows */
  GCond changed;
  GQueue waiting;                    /* (element-type AVPacket) (owned) in the order in which they came */
  gsize bytes;                       /* in there */
  gboolean come[REGIA_PULL_STREAMS]; /* something of a stream of `out` has */
  int end;                           /* libav's code, once nothing more comes */
  gboolean abandoned;                /* nobody reads the other end any more */
} Pull;

/* The HLS demuxer opens each playlist and segment by this, and would pass on neither the time limit nor that
 * a certificate has to be right. */
static int
open_cb (AVFormatContext *context, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
  Pull *self = context->opaque;

  av_dict_set (options, "protocol_whitelist", "http,https,tcp,tls,crypto", 0);
  av_dict_set_int (options, "rw_timeout", self->target->timeout_ms * G_GINT64_CONSTANT (1000), 0);
  av_dict_set_int (options, "tls_verify", 1, 0);
  self->opened = self->open_cb (context, io, url, flags, options);
  return self->opened;
}

static gboolean
set_error (GError **error, int code, const char *what)
{
  const char *words = NULL;

  switch (code) {
  case AVERROR_EOF:
    words = "the stream has ended";
    break;
  case AVERROR_HTTP_NOT_FOUND:
    words = "the server has nothing there (404): the stream has not begun, or its address is another one";
    break;
  case AVERROR_HTTP_UNAUTHORIZED:
  case AVERROR_HTTP_FORBIDDEN:
    words = "the server does not let us have it (401 or 403): it wants a password, or another address";
    break;
  case AVERROR_HTTP_SERVER_ERROR:
    words = "the server has an error of its own (5xx)";
    break;
  case AVERROR_INVALIDDATA:
    words = "what comes is no playlist of HLS; check that the address is that of the .m3u8 and not of a page";
    break;
  case AVERROR (ECONNREFUSED):
    words = "nothing listens at this server and port";
    break;
  case AVERROR (ETIMEDOUT):
    words = "the server does not answer";
    break;
  case AVERROR (EIO):
    words = "the server is not reached, breaks off, or has a certificate that is not trusted";
    break;
  default:
    return regia_av_set_error (error, code, "%s", what);
  }
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, words);
  return FALSE;
}

static gboolean
open_in (Pull *self, GError **error)
{
  const AVInputFormat *hls = av_find_input_format ("hls");
  int code;

  if (!g_str_has_prefix (self->target->url, "http://") && !g_str_has_prefix (self->target->url, "https://")) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
                         "location: is an address that begins with http:// or https://");
    return FALSE;
  }
  self->in = avformat_alloc_context ();
  self->in->opaque = self;
  self->open_cb = self->in->io_open;
  self->in->io_open = open_cb;
  code = avformat_open_input (&self->in, self->target->url, hls, NULL);
  if (code < 0)
    return set_error (error, code, "opening the playlist");
  if (self->in->duration != AV_NOPTS_VALUE) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                         "is over, or a recording: its playlist has an end; recordings are played by file");
    return FALSE;
  }
  code = avformat_find_stream_info (self->in, NULL);
  return code >= 0 || set_error (error, code, "reading the first segment");
}

/* Of two pictures, both of which may be had. */
static gboolean
is_better (const AVStream *one, const AVStream *other, int most_lines)
{
  int a = one->codecpar->height, b = other->codecpar->height;
  gboolean fits = most_lines == 0 || a <= most_lines;

  if (a == b)
    return one->codecpar->bit_rate > other->codecpar->bit_rate;
  /* of those that are too large the least */
  return fits ? a > b || (most_lines != 0 && b > most_lines) : a < b;
}

static int
find_picture (const Pull *self)
{
  int best = -1;

  for (guint i = 0; i < self->in->nb_streams; i++) {
    const AVStream *stream = self->in->streams[i];

    if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && stream->codecpar->height > 0 &&
        (best < 0 || is_better (stream, self->in->streams[best], (int)self->target->most_lines)))
      best = (int)i;
  }
  return best;
}

/* With the picture's, where several renditions have their own. */
static int
find_sound (const Pull *self, int picture)
{
  int best = av_find_best_stream (self->in, AVMEDIA_TYPE_AUDIO, -1, picture, NULL, 0);
  const AVProgram *program = picture >= 0 ? av_find_program_from_stream (self->in, NULL, picture) : NULL;
  guint count = program != NULL ? program->nb_stream_indexes : self->in->nb_streams;

  for (guint i = 0; self->target->language != NULL && i < count; i++) {
    guint index = program != NULL ? program->stream_index[i] : i;
    const AVStream *stream = self->in->streams[index];
    const AVDictionaryEntry *language = av_dict_get (stream->metadata, "language", NULL, 0);

    if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && language != NULL &&
        g_ascii_strcasecmp (language->value, self->target->language) == 0)
      return (int)index;
  }
  return MAX (best, -1);
}

static int
write_cb (void *opaque, RegiaAvOut *data, int length)
{
  Pull *self = opaque;

  for (int done = 0; done < length;) {
    gssize written = write (self->fd, data + done, (gsize)(length - done));

    if (written < 0 && errno != EINTR)
      return AVERROR (errno);
    done += (int)MAX (written, 0);
  }
  return length;
}

static gboolean
open_out (Pull *self, GError **error)
{
  AVDictionary *options = NULL;
  int code = avformat_alloc_output_context2 (&self->out, NULL, "mpegts", NULL);

  for (guint i = 0; code >= 0 && i < REGIA_PULL_STREAMS; i++) {
    AVStream *stream = self->from[i] >= 0 ? avformat_new_stream (self->out, NULL) : NULL;

    if (stream == NULL)
      continue;
    code = avcodec_parameters_copy (stream->codecpar, self->in->streams[self->from[i]]->codecpar);
    stream->codecpar->codec_tag = 0;
    self->to[i] = stream->index;
  }
  if (code < 0)
    return regia_av_set_error (error, code, "passing it on");
  self->out->pb = avio_alloc_context (av_malloc (OUT_BYTES), OUT_BYTES, 1, self, NULL, write_cb, NULL);
  self->out->flags |= AVFMT_FLAG_FLUSH_PACKETS | AVFMT_FLAG_CUSTOM_IO;
  self->out->max_delay = 0;
  av_dict_set_int (&options, "pes_payload_size", 0, 0); /* no frame of sound waits for the next */
  av_dict_set_int (&options, "mpegts_copyts", 1, 0);
  code = avformat_write_header (self->out, &options);
  av_dict_free (&options);
  return code >= 0 || regia_av_set_error (error, code, "is in a format that cannot be passed on");
}

static gboolean
choose (Pull *self, GError **error)
{
  self->from[0] = find_picture (self);
  self->from[1] = find_sound (self, self->from[0]);
  for (guint i = 0; i < self->in->nb_streams; i++)
    self->in->streams[i]->discard =
        (int)i == self->from[0] || (int)i == self->from[1] ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  if (self->from[0] >= 0 || self->from[1] >= 0)
    return TRUE;
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "holds neither picture nor sound");
  return FALSE;
}

/* With the lock held: what is ahead is enough. */
static gboolean
is_full (Pull *self)
{
  const AVPacket *first = g_queue_peek_head (&self->waiting), *last = g_queue_peek_tail (&self->waiting);

  return first != NULL && (last->dts - first->dts > AHEAD_TICKS || self->bytes > AHEAD_BYTES);
}

/* Takes @packet. FALSE: nobody wants it any more. */
static gboolean
put (Pull *self, AVPacket *packet)
{
  GList *before;
  gboolean wanted;

  g_mutex_lock (&self->lock);
  while (is_full (self) && !self->abandoned)
    g_cond_wait (&self->changed, &self->lock);
  wanted = !self->abandoned;
  self->bytes += (gsize)packet->size;
  before = self->waiting.tail;
  while (before != NULL && ((AVPacket *)before->data)->dts > packet->dts)
    before = before->prev;
  if (before != NULL)
    g_queue_insert_after (&self->waiting, before, packet);
  else
    g_queue_push_head (&self->waiting, packet);
  self->come[packet->stream_index] = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  return wanted;
}

/* Gives a packet its place in time. FALSE: it is of no stream that is passed on, or has no time. */
static gboolean
place (Pull *self, RegiaPullTimes *times, AVPacket *packet)
{
  guint which = packet->stream_index == self->from[0] ? 0 : 1;
  gint64 offset;

  if (packet->stream_index != self->from[which] ||
      (packet->dts == AV_NOPTS_VALUE && packet->pts == AV_NOPTS_VALUE))
    return FALSE;
  av_packet_rescale_ts (packet, self->in->streams[packet->stream_index]->time_base,
                        (AVRational){1, REGIA_PULL_TICKS});
  if (packet->dts == AV_NOPTS_VALUE)
    packet->dts = packet->pts;
  if (packet->pts == AV_NOPTS_VALUE)
    packet->pts = packet->dts;
  offset = regia_pull_times_place (times, which, packet->dts, packet->duration);
  packet->dts += offset;
  packet->pts += offset;
  packet->stream_index = self->to[which];
  return TRUE;
}

static gpointer
read_thread (gpointer user_data)
{
  Pull *self = user_data;
  RegiaPullTimes times = {0};
  gboolean wanted = TRUE;
  int code = 0;

  while (wanted && code >= 0) {
    AVPacket *packet = av_packet_alloc ();

    code = av_read_frame (self->in, packet);
    if (code >= 0 && place (self, &times, packet))
      wanted = put (self, packet);
    else
      av_packet_free (&packet);
  }
  g_mutex_lock (&self->lock);
  /* Of a playlist that it cannot load again the demuxer says that the stream has ended. */
  self->end = code == AVERROR_EOF && self->opened < 0 ? self->opened : code < 0 ? code : AVERROR_EXIT;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* The first that comes may not be the first in time. */
static void
wait_for_both (Pull *self)
{
  gint64 until_us = g_get_monotonic_time () + BEGIN_US;
  gboolean late = FALSE;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->out->nb_streams; i++)
    while (!self->come[i] && self->end == 0 && !late)
      late = !g_cond_wait_until (&self->changed, &self->lock, until_us);
  g_mutex_unlock (&self->lock);
}

/* (transfer full) (nullable): %NULL at the end. @ret_missed: it was not there yet. */
static AVPacket *
get (Pull *self, gboolean *ret_missed)
{
  AVPacket *packet;

  g_mutex_lock (&self->lock);
  *ret_missed = g_queue_is_empty (&self->waiting);
  while (g_queue_is_empty (&self->waiting) && self->end == 0)
    g_cond_wait (&self->changed, &self->lock);
  packet = g_queue_pop_head (&self->waiting);
  if (packet != NULL)
    self->bytes -= (gsize)packet->size;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  return packet;
}

/* Muxers refuse a step back: of a stream that is not in order the packet is left out. */
static gboolean
write_all (Pull *self, GError **error)
{
  RegiaPullPace pace = {0};
  gint64 last[REGIA_PULL_STREAMS] = {G_MININT64, G_MININT64};
  gboolean missed;
  AVPacket *packet;
  int code = 0;

  wait_for_both (self);
  while (code >= 0 && (packet = get (self, &missed)) != NULL) {
    if (packet->dts > last[packet->stream_index]) {
      gint64 wait_us = regia_pull_pace_wait (&pace, packet->dts, missed, g_get_monotonic_time ());

      last[packet->stream_index] = packet->dts;
      if (wait_us > 0)
        g_usleep ((gulong)wait_us);
      code = av_write_frame (self->out, packet);
    }
    av_packet_free (&packet);
  }
  g_mutex_lock (&self->lock);
  self->abandoned = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  return code < 0 ? regia_av_set_error (error, code, "passing it on")
                  : set_error (error, self->end, "fetching");
}

static void
clear (Pull *self)
{
  for (AVPacket *packet; (packet = g_queue_pop_head (&self->waiting)) != NULL;)
    av_packet_free (&packet);
  if (self->out != NULL && self->out->pb != NULL) {
    av_freep (&self->out->pb->buffer);
    avio_context_free (&self->out->pb);
  }
  avformat_free_context (self->out);
  avformat_close_input (&self->in);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

gboolean
regia_pull_run (const RegiaPullTarget *target, int fd, GError **error)
{
  Pull self = {.target = target, .fd = fd};

  regia_av_init ();
  g_mutex_init (&self.lock);
  g_cond_init (&self.changed);
  if (open_in (&self, error) && choose (&self, error) && open_out (&self, error)) {
    GThread *reader = g_thread_new ("read", read_thread, &self);

    write_all (&self, error);
    g_thread_join (reader);
  }
  clear (&self);
  return FALSE;
}
