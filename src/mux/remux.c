/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include "regia/mux/remux.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/crc.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "remux-private.h"

/*
 * Job: one run of regia_remux_run(), on one thread, alive only inside it. Two passes over the parts take the
 * same decisions about each sample (Mix): the first only counts, which tells how large the index will be; the
 * second copies. So the index can be reserved at the beginning of the file and nothing has to be moved
 * afterwards.
 */

#define BUFFER_BYTES  (1 << 18)
#define AAC_FRAME     1024
#define CHAPTER_BYTES 64 /* in the index, besides its title */
#define OVERLAP_MAX_S 10 /* parts that overlap by more are not one fragment written twice */
#define WRITEBACK_BYTES                                                                                      \
  (32u << 20) /* hand this much to the disk at a time, so that no later fsync of a live recording waits for  \
                 it all */

/* What happens to one track, and what it will cost in the index. */
typedef struct {
  int stream;        /* of the output; −1: the track has no samples in this group */
  guint32 timescale; /* of parts and output alike */
  guint64 origin;    /* start of the group, ticks of show time */
  gint64 cut;        /* samples of the present part from here on are in a later part too */
  gboolean begun;
  gint64 shift;      /* ticks that were cut out before the last sample */
  gint64 last, next; /* ticks of show time less what was cut out: dts of the last sample, end of it */
  gint64 first;
  gint64 delta; /* last distance of two samples */
  guint64 sync, time_runs;
  GBytes *silence; /* (owned) (nullable) */
} Mix;

typedef struct {
  RegiaRemuxGroup *group;
  RegiaRemuxResult *result;
  const GArray *cuts; /* (nullable) (element-type RegiaRemuxGap) */
  GCancellable *cancellable;
  RegiaRemuxSpan span;
  Mix mixes[REGIA_TRACKS_MAX];
  guint64 chunks, chapter_bytes;
  int last_stream;
  AVFormatContext *source; /* (owned): header of the first part */
  AVFormatContext *output; /* (owned) (nullable): none in the counting pass */
  AVPacket *packet;        /* (owned) */
  int in, out;             /* (owned) descriptors, −1 for none */
  gint64 position, written_back, length;
  guint64 copied;
  GByteArray *buffer; /* (owned) */
  GError *error;      /* (owned) (nullable): why a callback ended the scan */
} Job;

void
regia_remux_span_tell (const RegiaRemuxSpan *self, guint64 done, guint64 total)
{
  if (self->func != NULL && total > 0)
    self->func (self->from + (self->to - self->from) * MIN ((double)done / (double)total, 1.0),
                self->user_data);
}

/* --- the output's I/O --- */

/* Starts the writing of the last stretch and waits for the one before it: the file grows as fast as the disk,
 * not as fast as memory, so that progress is true and no sync of a live recording waits behind all of it.
 * Hints only: the fsync at the end is what counts. */
static void
write_back (Job *self)
{
  gint64 length = self->position - self->written_back;

  if (sync_file_range (self->out, self->written_back, length, SYNC_FILE_RANGE_WRITE) != 0 ||
      (self->written_back >= length && sync_file_range (self->out, self->written_back - length, length,
                                                        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                                            SYNC_FILE_RANGE_WAIT_AFTER) != 0))
    g_debug ("sync_file_range: %s", g_strerror (errno));
  self->written_back = self->position;
}

static int
write_cb (void *opaque, RegiaAvOut *data, int length)
{
  Job *self = opaque;
  int done = 0;

  if (g_cancellable_is_cancelled (self->cancellable))
    return AVERROR_EXIT;
  while (done < length) {
    ssize_t n = pwrite (self->out, data + done, (size_t)(length - done), self->position);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return AVERROR (n < 0 ? errno : EIO);
    done += (int)n;
    self->position += n;
  }
  self->length = MAX (self->length, self->position);
  if (self->position - self->written_back >= WRITEBACK_BYTES)
    write_back (self);
  return length;
}

static int64_t
seek_cb (void *opaque, int64_t offset, int whence)
{
  Job *self = opaque;

  switch (whence) {
  case AVSEEK_SIZE:
    return self->length;
  case SEEK_SET:
    break;
  case SEEK_CUR:
    offset += self->position;
    break;
  case SEEK_END:
    offset += self->length;
    break;
  default:
    return AVERROR (EINVAL);
  }
  return offset < 0 ? AVERROR (EINVAL) : (self->position = offset);
}

/* The callback's errno outlives libavformat's own code for it. */
static gboolean
fail (Job *self, int code, const char *what)
{
  if (self->output != NULL && self->output->pb != NULL && self->output->pb->error < 0)
    code = self->output->pb->error;
  return regia_av_set_error (&self->error, code, "%s", what);
}

/* --- decisions about samples --- */

static gboolean
emit (Job *self, Mix *mix, RegiaRemuxTrack *track, const RegiaSample *sample, const guint8 *data)
{
  const AVStream *stream;
  int code;

  if (mix->begun && sample->dts - mix->last != mix->delta) {
    mix->delta = sample->dts - mix->last;
    mix->time_runs++;
  }
  if (!mix->begun)
    mix->first = sample->dts;
  mix->begun = TRUE;
  mix->last = sample->dts;
  mix->next = sample->dts + sample->duration;
  mix->sync += sample->key;
  if (mix->stream != self->last_stream) {
    self->last_stream = mix->stream;
    self->chunks++;
  }
  track->samples++;
  track->bytes += sample->size;
  if (self->output == NULL)
    return TRUE;

  stream = self->output->streams[mix->stream];
  track->checksum = av_crc (av_crc_get_table (AV_CRC_32_IEEE), track->checksum, data, sample->size);
  self->packet->stream_index = mix->stream;
  self->packet->dts = sample->dts - (gint64)mix->origin;
  self->packet->pts = self->packet->dts + sample->cts;
  self->packet->duration = sample->duration;
  self->packet->flags = sample->key ? AV_PKT_FLAG_KEY : 0;
  self->packet->data = (uint8_t *)data;
  self->packet->size = (int)sample->size;
  av_packet_rescale_ts (self->packet, (AVRational){1, (int)mix->timescale}, stream->time_base);
  code = av_write_frame (self->output, self->packet);
  self->packet->data = NULL;
  self->packet->size = 0;
  if (code >= 0 && self->output->pb->error < 0)
    code = self->output->pb->error;
  return code >= 0 || fail (self, code, "Cannot write the finished file");
}

/* Fills [mix->next, @until) with as many whole frames as come nearest to it. */
static gboolean
emit_silence (Job *self, Mix *mix, RegiaRemuxTrack *track, guint index, gint64 until)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (mix->silence, &size);
  gint64 from = mix->next, frames = (until - from + AAC_FRAME / 2) / AAC_FRAME;

  for (gint64 i = 0; i < frames; i++) {
    RegiaSample sample = {.track = index, .key = TRUE, .dts = from + i * AAC_FRAME, .duration = AAC_FRAME};

    sample.size = (guint32)size;
    if (!emit (self, mix, track, &sample, data))
      return FALSE;
    track->silent++;
  }
  return TRUE;
}

static void
note_gap (Job *self, const RegiaScanTrack *scanned, gint64 from, gint64 to)
{
  RegiaRemuxGap gap = {regia_scan_track_ns (scanned, from), regia_scan_track_ns (scanned, to)};

  g_array_append_val (self->result->gaps, gap);
}

/* NULL: the disk cannot read it. */
static const guint8 *
load (Job *self, const RegiaSample *sample)
{
  gsize done = 0;

  g_byte_array_set_size (self->buffer, MAX (sample->size, 1));
  while (done < sample->size) {
    ssize_t n =
        pread (self->in, self->buffer->data + done, sample->size - done, (off_t)(sample->offset + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return NULL;
    done += (gsize)n;
  }
  return self->buffer->data;
}

/* What was cut out before @ns of show time; of a cut that @ns lies in, what lies before it. */
static gint64
cut_before (Job *self, gint64 ns)
{
  gint64 sum = 0;

  for (guint i = 0; self->cuts != NULL && i < self->cuts->len; i++) {
    const RegiaRemuxGap *cut = &g_array_index (self->cuts, RegiaRemuxGap, i);

    sum += MAX (MIN (cut->to_ns, ns) - MAX (cut->from_ns, self->group->from_ns), 0);
  }
  return sum;
}

/* A sample that lies across the beginning of a cut is in the file, one across its end for the most part is
 * not: with sound that is what comes nearest to the picture. */
static gboolean
is_cut_out (Job *self, const Mix *mix, const RegiaSample *sample)
{
  gint64 from_ns = av_rescale (sample->dts, REGIA_SECOND, (gint64)mix->timescale);
  gint64 middle_ns = av_rescale (sample->dts + sample->duration / 2, REGIA_SECOND, (gint64)mix->timescale);

  for (guint i = 0; self->cuts != NULL && i < self->cuts->len; i++) {
    const RegiaRemuxGap *cut = &g_array_index (self->cuts, RegiaRemuxGap, i);

    if (from_ns >= cut->from_ns && from_ns < cut->to_ns && middle_ns < cut->to_ns)
      return TRUE;
  }
  return FALSE;
}

/* The same for every track, whatever its samples' edges: so they stay in step. What lies across the beginning
 * of a cut is not moved. */
static gint64
shift_of (Job *self, const Mix *mix, const RegiaSample *sample)
{
  gint64 ns = av_rescale (sample->dts + sample->duration / 2, REGIA_SECOND, (gint64)mix->timescale);

  for (guint i = 0; self->cuts != NULL && i < self->cuts->len; i++) {
    const RegiaRemuxGap *cut = &g_array_index (self->cuts, RegiaRemuxGap, i);

    if (ns > cut->from_ns && ns < cut->to_ns)
      ns = cut->from_ns;
  }
  return av_rescale (cut_before (self, ns), (gint64)mix->timescale, REGIA_SECOND);
}

static gboolean
sample_cb (const RegiaScan *scan, const RegiaSample *recorded, gpointer user_data)
{
  Job *self = user_data;
  RegiaSample moved = *recorded;
  const RegiaSample *sample = &moved;
  Mix *mix = &self->mixes[sample->track];
  RegiaRemuxTrack *track;
  gint64 half = sample->duration / 2, shift;
  const guint8 *data = NULL;

  /* On a track that had no samples when the parts were planned: run_part() tells of it. */
  if (mix->stream < 0 || is_cut_out (self, mix, recorded))
    return TRUE;
  track = &self->result->tracks[mix->stream];
  shift = shift_of (self, mix, recorded);
  moved.dts -= shift;
  if (sample->size == 0 || recorded->dts >= mix->cut || (mix->begun && sample->dts <= mix->last) ||
      sample->dts + half < mix->next) {
    track->dropped++;
    return TRUE;
  }
  if (self->output != NULL && (data = load (self, sample)) == NULL) {
    track->unreadable++;
    return TRUE;
  }
  if (mix->begun && sample->track == 0 && sample->dts - mix->next > half)
    note_gap (self, &scan->tracks[0], mix->next + mix->shift, recorded->dts);
  mix->shift = shift;
  if (mix->silence != NULL && !emit_silence (self, mix, track, sample->track, sample->dts))
    return FALSE;
  self->copied += sample->size;
  regia_remux_span_tell (&self->span, self->copied, self->group->bytes);
  return emit (self, mix, track, sample, data);
}

/* --- passes --- */

static gint64
cut_of (Job *self, guint part, guint track)
{
  const RegiaScan *scan = g_ptr_array_index (self->group->scans, part);
  const RegiaScanTrack *here = &scan->tracks[track];

  for (guint i = part + 1; i < self->group->scans->len; i++) {
    const RegiaScanTrack *later = &((RegiaScan *)g_ptr_array_index (self->group->scans, i))->tracks[track];

    if (later->samples > 0)
      return later->first < here->end && here->end - later->first <= OVERLAP_MAX_S * (gint64)here->timescale
                 ? later->first
                 : G_MAXINT64;
  }
  return G_MAXINT64;
}

/* Whether a part is found again as it was when it was planned; a disk that fails now and then gives less. */
static gboolean
is_as_planned (Job *self, guint part, const RegiaScan *scan)
{
  const RegiaScan *planned = g_ptr_array_index (self->group->scans, part);

  return scan->fragments == planned->fragments && scan->whole_bytes == planned->whole_bytes &&
         scan->lost_bytes == planned->lost_bytes;
}

static gboolean
run_part (Job *self, guint part)
{
  const char *path = g_ptr_array_index (self->group->paths, part);
  RegiaScan scan;
  gboolean ok;

  for (guint i = 0; i < REGIA_TRACKS_MAX; i++)
    self->mixes[i].cut = self->mixes[i].stream < 0 ? 0 : cut_of (self, part, i);
  self->in = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (self->in < 0)
    return regia_error_set_errno (&self->error, errno, "%s", path);
  ok = regia_scan_fd (self->in, sample_cb, self, &scan, self->error == NULL ? &self->error : NULL) &&
       self->error == NULL;
  if (ok && self->output != NULL && !is_as_planned (self, part, &scan))
    self->result->tracks[0].unreadable++;
  close (self->in);
  self->in = -1;
  return ok;
}

static void
reset_mixes (Job *self)
{
  const RegiaScan *first = g_ptr_array_index (self->group->scans, 0);
  int streams = 0;

  g_array_set_size (self->result->gaps, 0);
  for (guint i = 0; i < REGIA_TRACKS_MAX; i++) {
    Mix *mix = &self->mixes[i];
    GBytes *silence = mix->silence;
    guint64 samples = 0;

    for (guint part = 0; part < self->group->scans->len; part++)
      samples += ((RegiaScan *)g_ptr_array_index (self->group->scans, part))->tracks[i].samples;
    *mix = (Mix){.stream = -1, .silence = silence};
    if (i >= first->n_tracks || samples == 0)
      continue;
    mix->stream = streams++;
    mix->timescale = first->tracks[i].timescale;
    mix->origin =
        (guint64)av_rescale_rnd (self->group->from_ns, mix->timescale, REGIA_SECOND, AV_ROUND_NEAR_INF);
    mix->next = (gint64)mix->origin;
    memset (&self->result->tracks[mix->stream], 0, sizeof (RegiaRemuxTrack));
    g_strlcpy (self->result->tracks[mix->stream].name, first->tracks[i].name, sizeof first->tracks[i].name);
    self->result->tracks[mix->stream].video = first->tracks[i].video;
  }
  self->result->n_tracks = (guint)streams;
  self->chunks = 0;
  self->copied = 0;
  self->last_stream = -1;
}

static gboolean
run_pass (Job *self)
{
  self->result->duration_ns = 0;
  for (guint i = 0; i < self->group->paths->len; i++)
    if (!run_part (self, i))
      return FALSE;
  for (guint i = 0; i < REGIA_TRACKS_MAX; i++) {
    const Mix *mix = &self->mixes[i];

    if (mix->stream < 0 || !mix->begun)
      continue;
    self->result->tracks[mix->stream].length_ns =
        av_rescale (mix->next - mix->first, REGIA_SECOND, (gint64)mix->timescale);
    self->result->duration_ns =
        MAX (self->result->duration_ns,
             av_rescale (mix->next - (gint64)mix->origin, REGIA_SECOND, (gint64)mix->timescale));
  }
  return TRUE;
}

/* An upper bound of moov from what the counting pass saw: stsz 4 bytes a sample, stss 4, stts 8 a run, ctts 8
 * (rare), and 20 in stsc and co64 for each chunk, of which libavformat makes a new one at each change of
 * stream and at each MiB. */
static guint64
index_bytes (Job *self)
{
  guint64 bytes = 65536 + self->chunks * 20 + self->chapter_bytes;

  for (guint i = 0; i < REGIA_TRACKS_MAX; i++) {
    const Mix *mix = &self->mixes[i];

    if (mix->stream >= 0) {
      const RegiaRemuxTrack *track = &self->result->tracks[mix->stream];

      bytes += 8192 + track->samples * 4 + (mix->time_runs + 2) * 8 + (track->bytes >> 20) * 40;
      bytes += track->video ? mix->sync * 4 + track->samples * 8 : 0;
    }
  }
  return bytes;
}

/* --- chapters --- */

static int
compare_marks_cb (gconstpointer a, gconstpointer b)
{
  const RegiaRemuxMark *x = a, *y = b;

  return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

/* From @at_ns of the file's time on; ends with the file until there is another. One at the same time gives
 * way. */
static gboolean
add_chapter (Job *self, gint64 at_ns, const char *title)
{
  AVFormatContext *output = self->output;
  AVChapter *chapter = output->nb_chapters > 0 ? output->chapters[output->nb_chapters - 1] : NULL;
  gint64 at_ms = at_ns / REGIA_MSECOND;

  if (chapter == NULL || chapter->start < at_ms) {
    if (chapter != NULL)
      chapter->end = at_ms;
    chapter = av_mallocz (sizeof *chapter);
    *chapter = (AVChapter){.id = output->nb_chapters, .time_base = {1, 1000}, .start = at_ms};
    if (av_dynarray_add_nofree (&output->chapters, (int *)&output->nb_chapters, chapter) < 0) {
      av_free (chapter);
      return fail (self, AVERROR (ENOMEM), "Cannot begin the finished file");
    }
  }
  chapter->end = self->result->duration_ns / REGIA_MSECOND;
  av_dict_set (&chapter->metadata, "title", title, 0);
  self->chapter_bytes += CHAPTER_BYTES + strlen (title);
  return TRUE;
}

/* The first begins with the file: players disagree about time without a chapter. */
static gboolean
add_chapters (Job *self, const RegiaRemuxOptions *options)
{
  g_autoptr (GArray) marks = options->marks != NULL ? g_array_copy (options->marks) : NULL;

  if (marks != NULL)
    g_array_sort (marks, compare_marks_cb);
  for (guint i = 0; marks != NULL && i < marks->len; i++) {
    const RegiaRemuxMark *mark = &g_array_index (marks, RegiaRemuxMark, i);
    g_autofree char *number = g_strdup_printf ("%u", i + 1);

    if (mark->at_ns < self->group->from_ns || mark->at_ns >= self->group->to_ns)
      continue;
    if ((self->output->nb_chapters == 0 &&
         !add_chapter (self, 0, options->title != NULL ? options->title : "0")) ||
        !add_chapter (self, mark->at_ns - self->group->from_ns - cut_before (self, mark->at_ns),
                      mark->title[0] != '\0' ? mark->title : number))
      return FALSE;
  }
  return TRUE;
}

/* --- the output --- */

static gboolean
add_streams (Job *self)
{
  const RegiaScan *scan = g_ptr_array_index (self->group->scans, 0);
  gboolean have_audio = FALSE;

  for (guint i = 0; i < scan->n_tracks; i++) {
    const AVStream *from = self->source->streams[i];
    AVStream *stream;
    int code;

    if (self->mixes[i].stream < 0)
      continue;
    stream = avformat_new_stream (self->output, NULL);
    code = stream != NULL ? avcodec_parameters_copy (stream->codecpar, from->codecpar) : AVERROR (ENOMEM);
    if (code < 0)
      return fail (self, code, "Cannot begin the finished file");
    stream->codecpar->codec_tag = 0;
    stream->time_base = (AVRational){1, (int)scan->tracks[i].timescale};
    stream->avg_frame_rate = from->avg_frame_rate;
    av_dict_copy (&stream->metadata, from->metadata, 0);
    if (scan->tracks[i].title[0] != '\0')
      av_dict_set (&stream->metadata, "title", scan->tracks[i].title, 0);
    /* One sound is on by itself: the first language. */
    if (!scan->tracks[i].video) {
      stream->codecpar->frame_size = stream->codecpar->codec_id == AV_CODEC_ID_AAC ? AAC_FRAME : 0;
      stream->disposition = have_audio ? 0 : AV_DISPOSITION_DEFAULT;
      have_audio = TRUE;
    }
  }
  return TRUE;
}

static gboolean
open_output (Job *self, const RegiaRemuxOptions *options)
{
  AVDictionary *muxer = NULL;
  int code = avformat_alloc_output_context2 (&self->output, NULL, "mp4", NULL);

  if (code < 0)
    return fail (self, code, "Cannot begin the finished file");
  self->output->pb =
      avio_alloc_context (av_malloc (BUFFER_BYTES), BUFFER_BYTES, 1, self, NULL, write_cb, seek_cb);
  self->output->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  self->output->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  if (!add_streams (self) || !add_chapters (self, options))
    return FALSE;
  if (options->title != NULL)
    av_dict_set (&self->output->metadata, "title", options->title, 0);
  if (options->creation_s > 0) {
    g_autofree char *iso = regia_time_format_iso (options->creation_s * REGIA_SECOND);

    av_dict_set (&self->output->metadata, "creation_time", iso, 0);
  }
  av_dict_set_int (&muxer, "moov_size", (int64_t)MIN (index_bytes (self), G_MAXINT32), 0);
  av_dict_set_int (&muxer, "video_track_timescale", REGIA_AV_VIDEO_TIMESCALE, 0);
  code = avformat_write_header (self->output, &muxer);
  av_dict_free (&muxer);
  return code >= 0 || fail (self, code, "Cannot begin the finished file");
}

static gboolean
close_output (Job *self)
{
  int code = av_write_trailer (self->output);

  if (code < 0)
    return fail (self, code, "Cannot write the index of the finished file");
  avio_flush (self->output->pb);
  if (self->output->pb->error < 0)
    return fail (self, self->output->pb->error, "Cannot write the finished file");
  if (fsync (self->out) != 0)
    return fail (self, AVERROR (errno), "Cannot write the finished file to the disk");
  /* What is read back has to come from the disk, not from the memory that was written to it. */
  if (posix_fadvise (self->out, 0, 0, POSIX_FADV_DONTNEED) != 0)
    g_debug ("the finished file stays in memory");
  return TRUE;
}

static gboolean
open_source (Job *self)
{
  const RegiaScan *scan = g_ptr_array_index (self->group->scans, 0);
  const char *path = g_ptr_array_index (self->group->paths, 0);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0)
    return regia_error_set_errno (&self->error, errno, "%s", path);
  self->source = regia_remux_read_parameters (fd, scan->header_bytes, &self->error);
  close (fd);
  if (self->source == NULL)
    return FALSE;
  for (guint i = 0; i < scan->n_tracks; i++)
    self->mixes[i].silence = regia_silence_new (self->source->streams[i]->codecpar);
  return TRUE;
}

static gboolean
run_job (Job *self, const RegiaRemuxOptions *options, const char *path)
{
  RegiaRemuxProgressFunc func = self->span.func;

  if (!open_source (self))
    return FALSE;
  reset_mixes (self);
  self->span.func = NULL; /* the counting pass reads a few bytes of each fragment */
  if (!run_pass (self))
    return FALSE;
  self->span.func = func;
  self->out = open (path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (self->out < 0)
    return fail (self, AVERROR (errno), "Cannot make the finished file");
  if (!open_output (self, options))
    return FALSE;
  reset_mixes (self);
  return run_pass (self) && close_output (self);
}

static void
clear_job (Job *self)
{
  if (self->output != NULL) {
    if (self->output->pb != NULL) {
      av_freep (&self->output->pb->buffer);
      avio_context_free (&self->output->pb);
    }
    avformat_free_context (self->output);
  }
  avformat_close_input (&self->source);
  av_packet_free (&self->packet);
  if (self->out >= 0)
    close (self->out);
  for (guint i = 0; i < REGIA_TRACKS_MAX; i++)
    g_clear_pointer (&self->mixes[i].silence, g_bytes_unref);
  g_byte_array_unref (self->buffer);
}

gboolean
regia_remux_run (RegiaRemuxGroup *group, const RegiaRemuxOptions *options, const char *output,
                 RegiaRemuxProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                 RegiaRemuxResult *ret_result, GError **error)
{
  g_auto (RegiaRemuxResult) result = {0};
  Job job = {.group = group,
             .result = &result,
             .cuts = options->cuts,
             .cancellable = cancellable,
             .in = -1,
             .out = -1};
  RegiaRemuxSpan verify = {progress, user_data, 0.4, 1.0};
  gboolean ok;

  g_return_val_if_fail (group != NULL && group->paths->len > 0 && options != NULL, FALSE);

  regia_av_init ();
  result.gaps = g_array_new (FALSE, FALSE, sizeof (RegiaRemuxGap));
  job.span = (RegiaRemuxSpan){progress, user_data, 0.0, 0.4};
  job.packet = av_packet_alloc ();
  job.buffer = g_byte_array_new ();
  ok = run_job (&job, options, output);
  clear_job (&job);
  if (!ok)
    g_propagate_prefixed_error (error, job.error, "%s: ", output);
  else
    ok = regia_remux_verify (output, &verify, cancellable, &result, error);
  if (!ok)
    return FALSE;
  *ret_result = result;
  memset (&result, 0, sizeof result);
  return TRUE;
}
