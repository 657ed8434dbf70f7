/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * marks: the measuring tool of the end-to-end tests. Decodes a file or an address with libav, reads the marks
 * that the test source and the test camera burn into their pictures (regia/engine/mark.h), finds the onsets
 * of the beeps, and says what is missing.
 *
 *   marks [--frames] [--seconds N] [--beep-hz HZ] FILE-OR-URL
 *
 * With --frames a line for each frame of video ("v INDEX PTS_MS FRAME WALL_MS FLASH NOW_MS LUMA", frame −1
 * when no marks can be read; NOW_MS is the wall clock when it was decoded; LUMA the mean of its luma plane)
 * and for each beep ("a PTS_MS"). Last a JSON object with the whole. Exit status 0 when the input could be
 * read at all; judging is the caller's work.
 */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>

#include "beeps.h"
#include "regia/engine/mark.h"

typedef struct {
  double pts_ms;
  gint64 frame; /* −1: no marks */
  gint64 wall_ms;
  gboolean flash;
} Picture;

typedef struct {
  GArray *pictures; /* (element-type Picture) */
  Beeps *beeps;     /* (owned) (nullable) until the first audio frame */
  guint64 samples;
  int rate;
  double audio_first_ms, audio_end_ms; /* NAN before the first */
  GString *audio_gaps;                 /* JSON objects, comma separated */
  guint decode_errors;
  gboolean print;
} Marks;

static int log_errors;

static void G_GNUC_PRINTF (3, 0) log_cb (void *context, int level, const char *format, va_list arguments)
{
  if (level > AV_LOG_ERROR)
    return;
  log_errors++;
  vfprintf (stderr, format, arguments);
}

static guint
mean_luma (const AVFrame *frame)
{
  guint64 sum = 0;

  for (int y = 0; y < frame->height; y++)
    for (int x = 0; x < frame->width; x++)
      sum += frame->data[0][y * frame->linesize[0] + x];
  return (guint)(sum / MAX ((guint64)frame->width * (guint64)frame->height, 1));
}

static void
take_picture (Marks *self, const AVFrame *frame, AVRational base)
{
  Picture picture = {.frame = -1};
  guint32 number = 0;

  picture.pts_ms = (double)frame->best_effort_timestamp * av_q2d (base) * 1000;
  if (regia_mark_read (frame->data[0], frame->linesize[0], frame->width, frame->height, &number,
                       &picture.wall_ms)) {
    picture.frame = number;
    picture.flash = regia_mark_read_flash (frame->data[0], frame->linesize[0], frame->width, frame->height);
  }
  if (frame->flags & AV_FRAME_FLAG_CORRUPT || frame->decode_error_flags)
    self->decode_errors++;
  g_array_append_val (self->pictures, picture);
  if (self->print) {
    printf ("v %u %.1f %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d %" G_GINT64_FORMAT " %u\n",
            self->pictures->len - 1, picture.pts_ms, picture.frame, picture.wall_ms, picture.flash,
            g_get_real_time () / 1000, mean_luma (frame));
    fflush (stdout);
  }
}

/* The first channel as floating point, whatever the decoder gives. */
static float
sample_at (const AVFrame *frame, int index)
{
  switch (frame->format) {
  case AV_SAMPLE_FMT_FLTP:
    return ((const float *)frame->data[0])[index];
  case AV_SAMPLE_FMT_FLT:
    return ((const float *)frame->data[0])[index * frame->ch_layout.nb_channels];
  case AV_SAMPLE_FMT_S16P:
    return (float)((const gint16 *)frame->data[0])[index] / 32768;
  case AV_SAMPLE_FMT_S16:
    return (float)((const gint16 *)frame->data[0])[index * frame->ch_layout.nb_channels] / 32768;
  default:
    return NAN;
  }
}

static void
take_sound (Marks *self, const AVFrame *frame, AVRational base, double beep_hz)
{
  double pts_ms = (double)frame->best_effort_timestamp * av_q2d (base) * 1000;

  if (self->beeps == NULL) {
    self->rate = frame->sample_rate;
    self->beeps = beeps_new (frame->sample_rate, beep_hz);
    self->audio_first_ms = self->audio_end_ms = pts_ms;
  }
  /* A coded frame lasts 21 ms and containers round to a millisecond or less: more than 2 ms apart is a gap or
   * an overlap. */
  if (fabs (pts_ms - self->audio_end_ms) > 2) {
    g_string_append_printf (self->audio_gaps, "%s{\"at_ms\": %.1f, \"ms\": %.1f}",
                            self->audio_gaps->len ? ", " : "", self->audio_end_ms,
                            pts_ms - self->audio_end_ms);
    beeps_jump (self->beeps, pts_ms);
  }
  for (int i = 0; i < frame->nb_samples; i++)
    beeps_push (self->beeps, pts_ms + i * 1000.0 / frame->sample_rate, sample_at (frame, i));
  self->samples += (guint64)frame->nb_samples;
  self->audio_end_ms = pts_ms + frame->nb_samples * 1000.0 / frame->sample_rate;
}

static gboolean
decode (Marks *self, AVCodecContext *codec, const AVPacket *packet, AVFrame *frame, AVRational base,
        double beep_hz)
{
  int status = avcodec_send_packet (codec, packet);

  if (status < 0 && status != AVERROR_EOF)
    self->decode_errors++;
  while (avcodec_receive_frame (codec, frame) >= 0) {
    if (codec->codec_type == AVMEDIA_TYPE_VIDEO)
      take_picture (self, frame, base);
    else
      take_sound (self, frame, base, beep_hz);
    av_frame_unref (frame);
  }
  return status >= 0;
}

static AVCodecContext *
open_decoder (AVFormatContext *input, enum AVMediaType type, int *ret_stream)
{
  const AVCodec *codec = NULL;
  int stream = av_find_best_stream (input, type, -1, -1, &codec, 0);
  AVCodecContext *context;

  *ret_stream = -1;
  if (stream < 0)
    return NULL;
  context = avcodec_alloc_context3 (codec);
  avcodec_parameters_to_context (context, input->streams[stream]->codecpar);
  context->pkt_timebase = input->streams[stream]->time_base;
  context->thread_count = 2;
  if (avcodec_open2 (context, codec, NULL) < 0) {
    avcodec_free_context (&context);
    return NULL;
  }
  *ret_stream = stream;
  return context;
}

static void
print_video (const Marks *self, GString *out)
{
  g_autoptr (GString) missing = g_string_new (NULL), steps = g_string_new (NULL),
                      slates = g_string_new (NULL);
  g_autoptr (GString) doubled = g_string_new (NULL);
  guint marked = 0, missed = 0, duplicates = 0, backwards = 0;
  gint64 first = -1, last = -1, first_wall = 0, last_wall = 0;
  double step_max = 0, usual = 0, slate_from = NAN;
  guint slate_frames = 0;

  if (self->pictures->len > 1) /* the usual distance of two frames */
    usual = (g_array_index (self->pictures, Picture, self->pictures->len - 1).pts_ms -
             g_array_index (self->pictures, Picture, 0).pts_ms) /
            (self->pictures->len - 1);
  for (guint i = 0; i < self->pictures->len; i++) {
    const Picture *picture = &g_array_index (self->pictures, Picture, i);

    if (i > 0) {
      double step = picture->pts_ms - picture[-1].pts_ms;
      step_max = MAX (step_max, step);
      if (step > 1.5 * usual || step <= 0)
        g_string_append_printf (steps, "%s{\"at_ms\": %.1f, \"ms\": %.1f}", steps->len ? ", " : "",
                                picture[-1].pts_ms, step);
    }
    if (picture->frame < 0) {
      if (slate_frames++ == 0)
        slate_from = picture->pts_ms;
    }
    if (slate_frames > 0 && (picture->frame >= 0 || i + 1 == self->pictures->len)) {
      g_string_append_printf (slates, "%s{\"from_ms\": %.1f, \"to_ms\": %.1f, \"frames\": %u}",
                              slates->len ? ", " : "", slate_from, picture->pts_ms, slate_frames);
      slate_frames = 0;
    }
    if (picture->frame < 0)
      continue;
    marked++;
    if (first < 0) {
      first = picture->frame;
      first_wall = picture->wall_ms;
    } else if (picture->frame == last && picture->wall_ms == last_wall) {
      duplicates++;
      g_string_append_printf (doubled, "%s%.1f", doubled->len ? ", " : "", picture->pts_ms);
    } else if (picture->frame <= last) { /* another source, or the same one begun anew */
      backwards++;
    } else if (picture->frame > last + 1) {
      missed += (guint)(picture->frame - last - 1);
      g_string_append_printf (missing,
                              "%s{\"from\": %" G_GINT64_FORMAT ", \"to\": %" G_GINT64_FORMAT
                              ", \"at_ms\": %.1f, \"wall_ms\": %" G_GINT64_FORMAT "}",
                              missing->len ? ", " : "", last + 1, picture->frame - 1, picture->pts_ms,
                              picture->wall_ms - last_wall);
    }
    last = picture->frame;
    last_wall = picture->wall_ms;
  }
  g_string_append_printf (out,
                          "\"video\": {\"frames\": %u, \"marked\": %u, \"first\": %" G_GINT64_FORMAT
                          ", \"last\": %" G_GINT64_FORMAT
                          ", \"missing\": %u, \"missing_ranges\": [%s], \"duplicates\": %u, \"backwards\": "
                          "%u, \"first_wall_ms\": %" G_GINT64_FORMAT ", \"last_wall_ms\": %" G_GINT64_FORMAT
                          ", \"step_max_ms\": %.1f, \"steps\": [%s], \"slates\": [%s], \"doubled\": [%s]",
                          self->pictures->len, marked, first, last, missed, missing->str, duplicates,
                          backwards, first_wall, last_wall, step_max, steps->str, slates->str, doubled->str);
  if (self->pictures->len > 0)
    g_string_append_printf (out, ", \"first_ms\": %.1f, \"last_ms\": %.1f",
                            g_array_index (self->pictures, Picture, 0).pts_ms,
                            g_array_index (self->pictures, Picture, self->pictures->len - 1).pts_ms);
  g_string_append (out, "}");
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The offset of sound against picture: each flash's first frame with the beep nearest to it. Positive: the
 * sound is late. */
static void
print_offset (const Marks *self, GArray *onsets, GString *out)
{
  g_autoptr (GArray) offsets = g_array_new (FALSE, FALSE, sizeof (double));
  double sum = 0;

  for (guint i = 1; i < self->pictures->len; i++) {
    const Picture *picture = &g_array_index (self->pictures, Picture, i);
    double best = INFINITY;

    if (!picture->flash || picture[-1].flash || picture[-1].frame < 0)
      continue;
    for (guint k = 0; k < onsets->len; k++) {
      double offset = g_array_index (onsets, double, k) - picture->pts_ms;
      if (fabs (offset) < fabs (best))
        best = offset;
    }
    if (fabs (best) < 500) {
      g_array_append_val (offsets, best);
      sum += best;
    }
  }
  g_array_sort (offsets, compare_doubles);
  g_string_append_printf (out, "\"av_offset\": {\"pairs\": %u", offsets->len);
  if (offsets->len > 0)
    g_string_append_printf (
        out, ", \"mean_ms\": %.1f, \"min_ms\": %.1f, \"median_ms\": %.1f, \"max_ms\": %.1f",
        sum / offsets->len, g_array_index (offsets, double, 0),
        g_array_index (offsets, double, offsets->len / 2), g_array_index (offsets, double, offsets->len - 1));
  g_string_append (out, "}");
}

static void
print_all (Marks *self, double duration_ms)
{
  g_autoptr (GString) out = g_string_new ("{");
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (double));
  GArray *onsets = self->beeps ? beeps_finish (self->beeps) : none;

  print_video (self, out);
  g_string_append_printf (
      out, ", \"audio\": {\"samples\": %" G_GUINT64_FORMAT ", \"rate\": %d, \"gaps\": [%s], \"beeps\": [",
      self->samples, self->rate, self->audio_gaps->str);
  for (guint i = 0; i < onsets->len; i++) {
    g_string_append_printf (out, "%s%.1f", i ? ", " : "", g_array_index (onsets, double, i));
    if (self->print)
      printf ("a %.1f\n", g_array_index (onsets, double, i));
  }
  g_string_append_printf (out, "], \"silence_max_ms\": %.0f",
                          self->beeps ? beeps_longest_silence_ms (self->beeps) : 0);
  if (self->beeps)
    g_string_append_printf (out, ", \"first_ms\": %.1f, \"end_ms\": %.1f", self->audio_first_ms,
                            self->audio_end_ms);
  g_string_append (out, "}, ");
  print_offset (self, onsets, out);
  g_string_append_printf (out, ", \"duration_ms\": %.0f, \"decode_errors\": %u, \"log_errors\": %d}",
                          duration_ms, self->decode_errors, log_errors);
  puts (out->str);
}

int
main (int argc, char **argv)
{
  gboolean print = FALSE;
  int seconds = 0;
  double beep_hz = 1000;
  const GOptionEntry entries[] = {
      {"frames", 'f', 0, G_OPTION_ARG_NONE, &print, "A line for each frame", NULL},
      {"seconds", 's', 0, G_OPTION_ARG_INT, &seconds, "Stop after this long (wall clock)", "N"},
      {"beep-hz", 0, 0, G_OPTION_ARG_DOUBLE, &beep_hz, "Frequency of the beep", "HZ"},
      {NULL},
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("FILE-OR-URL");
  g_autoptr (GError) error = NULL;
  AVFormatContext *input = NULL;
  Marks self = {.audio_first_ms = NAN, .audio_end_ms = NAN};
  int streams[2], status;

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || argc != 2) {
    fprintf (stderr, "marks: %s\n", error ? error->message : "one file or address is wanted");
    return 64;
  }
  self.print = print;
  av_log_set_callback (log_cb);
  if ((status = avformat_open_input (&input, argv[1], NULL, NULL)) < 0 ||
      (status = avformat_find_stream_info (input, NULL)) < 0) {
    fprintf (stderr, "marks: %s cannot be read: %s\n", argv[1], av_err2str (status));
    avformat_close_input (&input);
    return 66;
  }
  AVCodecContext *codecs[2] = {open_decoder (input, AVMEDIA_TYPE_VIDEO, &streams[0]),
                               open_decoder (input, AVMEDIA_TYPE_AUDIO, &streams[1])};
  AVPacket *packet = av_packet_alloc ();
  AVFrame *frame = av_frame_alloc ();
  gint64 end = seconds > 0 ? g_get_monotonic_time () + seconds * G_USEC_PER_SEC : G_MAXINT64;

  self.pictures = g_array_new (FALSE, FALSE, sizeof (Picture));
  self.audio_gaps = g_string_new (NULL);
  while (g_get_monotonic_time () < end && av_read_frame (input, packet) >= 0) {
    for (int i = 0; i < 2; i++)
      if (codecs[i] && packet->stream_index == streams[i])
        decode (&self, codecs[i], packet, frame, input->streams[streams[i]]->time_base, beep_hz);
    av_packet_unref (packet);
  }
  for (int i = 0; i < 2; i++)
    if (codecs[i])
      decode (&self, codecs[i], NULL, frame, input->streams[streams[i]]->time_base, beep_hz);
  print_all (&self, input->duration == AV_NOPTS_VALUE ? -1 : (double)input->duration / (AV_TIME_BASE / 1000));

  for (int i = 0; i < 2; i++)
    avcodec_free_context (&codecs[i]);
  av_packet_free (&packet);
  av_frame_free (&frame);
  avformat_close_input (&input);
  g_array_unref (self.pictures);
  g_string_free (self.audio_gaps, TRUE);
  beeps_free (self.beeps);
  return 0;
}
