/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/crc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "remux-private.h"

/*
 * Reading a finished file back, with libavformat's demuxer (none of our own code that wrote it), from the
 * disk. What the muxer was given and what the demuxer finds must agree to the byte.
 */

static int
interrupt_cb (void *user_data)
{
  return g_cancellable_is_cancelled (user_data);
}

static AVFormatContext *
open_file (const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *url = g_strconcat ("file:", path, NULL);
  AVFormatContext *context = avformat_alloc_context ();
  AVDictionary *options = NULL;
  int code;

  context->interrupt_callback = (AVIOInterruptCB){interrupt_cb, cancellable};
  /* The samples as they lie in the file; edit lists only say when they are shown. */
  av_dict_set (&options, "ignore_editlist", "1", 0);
  av_dict_set (&options, "protocol_whitelist", "file", 0);
  code = avformat_open_input (&context, url, av_find_input_format ("mov"), &options);
  av_dict_free (&options);
  if (code >= 0)
    return context;
  regia_av_set_error (error, code, "%s cannot be read back", path);
  return NULL;
}

static gboolean
index_is_first (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  guint64 at = 0;
  guint8 raw[16];
  gboolean found = FALSE;

  while (fd >= 0 && !found && pread (fd, raw, sizeof raw, (off_t)at) == sizeof raw) {
    guint64 size = GUINT32_FROM_BE (*(guint32 *)(void *)raw);

    if (memcmp (raw + 4, "mdat", 4) == 0 || size < 8)
      break;
    found = memcmp (raw + 4, "moov", 4) == 0;
    at += size;
  }
  if (fd >= 0)
    close (fd);
  if (!found)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "%s does not begin with its index", path);
  return found;
}

static gboolean
read_packets (AVFormatContext *context, const char *path, const RegiaRemuxSpan *span, RegiaRemuxResult *found,
              GError **error)
{
  gint64 first[REGIA_TRACKS_MAX] = {0};
  guint64 total = (guint64)MAX (avio_size (context->pb), 1);
  const AVCRC *table = av_crc_get_table (AV_CRC_32_IEEE);
  AVPacket *packet = av_packet_alloc ();
  int code;

  while ((code = av_read_frame (context, packet)) >= 0) {
    const AVStream *stream = context->streams[packet->stream_index];
    RegiaRemuxTrack *track = &found->tracks[packet->stream_index];
    gint64 end =
        av_rescale_q (packet->dts + packet->duration, stream->time_base, (AVRational){1, REGIA_SECOND});

    if ((guint)packet->stream_index >= found->n_tracks) {
      av_packet_unref (packet);
      continue;
    }
    if (track->samples++ == 0)
      first[packet->stream_index] =
          av_rescale_q (packet->dts, stream->time_base, (AVRational){1, REGIA_SECOND});
    track->bytes += (guint64)packet->size;
    track->checksum = av_crc (table, track->checksum, packet->data, (size_t)packet->size);
    track->length_ns = MAX (track->length_ns, end - first[packet->stream_index]);
    found->duration_ns = MAX (found->duration_ns, end);
    regia_remux_span_tell (span, (guint64)MAX (packet->pos, 0), total);
    av_packet_unref (packet);
  }
  av_packet_free (&packet);
  /* The demuxer does not tell a read error from the end of the file; its I/O layer does. */
  if (code == AVERROR_EOF && context->pb->error < 0)
    code = context->pb->error;
  return code == AVERROR_EOF || regia_av_set_error (error, code, "%s cannot be read back", path);
}

static gboolean
checksum_file (const char *path, const RegiaRemuxSpan *span, guint64 total, GCancellable *cancellable,
               RegiaRemuxResult *result, GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const gsize step = 1 << 20;
  g_autofree guint8 *buffer = g_malloc (step);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t n = -1;

  result->size_bytes = 0;
  while (fd >= 0 && !g_cancellable_is_cancelled (cancellable)) {
    n = read (fd, buffer, step);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    g_checksum_update (sum, buffer, n);
    result->size_bytes += (guint64)n;
    regia_remux_span_tell (span, result->size_bytes, total);
  }
  if (n < 0)
    regia_error_set_errno (error, errno, "%s", path);
  if (fd >= 0)
    close (fd);
  if (n < 0 || g_cancellable_set_error_if_cancelled (cancellable, n < 0 ? NULL : error))
    return FALSE;
  g_strlcpy (result->sha256, g_checksum_get_string (sum), sizeof result->sha256);
  return TRUE;
}

/* But for the titles of the chapters, which are a track as well, the last one. */
static guint
count_tracks (const AVFormatContext *context)
{
  guint n = context->nb_streams;

  while (n > 0 && context->streams[n - 1]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO &&
         context->streams[n - 1]->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
    n--;
  return n;
}

static gboolean
probe (const char *path, const RegiaRemuxSpan *span, GCancellable *cancellable, RegiaRemuxResult *ret_result,
       GError **error)
{
  RegiaRemuxSpan reading = *span, summing = *span;
  AVFormatContext *context;
  guint64 total;
  guint n_tracks;
  gboolean ok;

  reading.to = summing.from = (span->from + span->to) / 2;
  regia_av_init ();
  memset (ret_result, 0, sizeof *ret_result);
  if (!index_is_first (path, error) || (context = open_file (path, cancellable, error)) == NULL)
    return FALSE;
  n_tracks = count_tracks (context);
  if (n_tracks == 0 || n_tracks > REGIA_TRACKS_MAX) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "%s holds %u tracks", path, n_tracks);
    avformat_close_input (&context);
    return FALSE;
  }
  ret_result->n_tracks = n_tracks;
  for (guint i = 0; i < n_tracks; i++) {
    const AVDictionaryEntry *name = av_dict_get (context->streams[i]->metadata, "handler_name", NULL, 0);

    ret_result->tracks[i].video = context->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    g_strlcpy (ret_result->tracks[i].name, name != NULL ? name->value : "",
               sizeof ret_result->tracks[i].name);
  }
  total = (guint64)MAX (avio_size (context->pb), 1);
  ok = read_packets (context, path, &reading, ret_result, error);
  avformat_close_input (&context);
  return ok && checksum_file (path, &summing, total, cancellable, ret_result, error);
}

gboolean
regia_remux_probe (const char *path, GCancellable *cancellable, RegiaRemuxResult *ret_result, GError **error)
{
  const RegiaRemuxSpan silent = {NULL};

  return probe (path, &silent, cancellable, ret_result, error);
}

gboolean
regia_remux_verify (const char *path, const RegiaRemuxSpan *span, GCancellable *cancellable,
                    RegiaRemuxResult *expected, GError **error)
{
  g_auto (RegiaRemuxResult) found = {0};

  if (!probe (path, span, cancellable, &found, error))
    return FALSE;
  if (found.n_tracks != expected->n_tracks) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "%s was read back with %u tracks instead of %u", path,
                 found.n_tracks, expected->n_tracks);
    return FALSE;
  }
  for (guint i = 0; i < found.n_tracks; i++) {
    const RegiaRemuxTrack *a = &expected->tracks[i], *b = &found.tracks[i];

    if (a->samples == b->samples && a->bytes == b->bytes && a->checksum == b->checksum &&
        ABS (a->length_ns - b->length_ns) <= 2 * REGIA_MSECOND)
      continue;
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_MEDIA,
        "%s: track %s was read back with %" G_GUINT64_FORMAT " packets of %" G_GUINT64_FORMAT
        " bytes lasting %.3f s instead of %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " lasting %.3f s%s",
        path, a->name, b->samples, b->bytes, (double)b->length_ns / REGIA_SECOND, a->samples, a->bytes,
        (double)a->length_ns / REGIA_SECOND, a->checksum != b->checksum ? ", with other contents" : "");
    return FALSE;
  }
  expected->size_bytes = found.size_bytes;
  memcpy (expected->sha256, found.sha256, sizeof found.sha256);
  return TRUE;
}

void
regia_remux_result_clear (RegiaRemuxResult *self)
{
  g_clear_pointer (&self->gaps, g_array_unref);
  memset (self, 0, sizeof *self);
}
