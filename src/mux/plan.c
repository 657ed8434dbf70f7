/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "remux-private.h"

/*
 * Which parts go into one file. A part joins the group before it when libavformat finds the same streams in
 * its header, and no pause of hours lies between (MP4 cannot say that a picture lasts for more than six).
 */

/* A part that begins further before the end of the one before it is of another show: its time began anew. */
#define BACKWARDS_MAX_S 30

typedef struct {
  const guint8 *data;
  gsize length, at;
} Memory;

static int
read_cb (void *opaque, uint8_t *buffer, int size)
{
  Memory *self = opaque;
  gsize n = MIN ((gsize)size, self->length - self->at);

  if (n == 0)
    return AVERROR_EOF;
  memcpy (buffer, self->data + self->at, n);
  self->at += n;
  return (int)n;
}

AVFormatContext *
regia_remux_read_parameters (int fd, gsize header_bytes, GError **error)
{
  g_autofree guint8 *header = g_malloc (header_bytes);
  Memory memory = {header, header_bytes, 0};
  AVFormatContext *context;
  AVIOContext *io;
  ssize_t got = pread (fd, header, header_bytes, 0);
  int code;

  if (got != (ssize_t)header_bytes) {
    regia_error_set_errno (error, got < 0 ? errno : EIO, "Cannot read the header of a recording");
    return NULL;
  }
  io = avio_alloc_context (av_malloc (4096), 4096, 0, &memory, read_cb, NULL, NULL);
  context = avformat_alloc_context ();
  context->pb = io;
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  code = avformat_open_input (&context, NULL, av_find_input_format ("mov"), NULL);
  if (code < 0)
    regia_av_set_error (error, code, "The header of a recording cannot be read");
  else
    context->pb = NULL; /* lives shorter than the context, whose streams are all that is wanted */
  av_freep (&io->buffer);
  avio_context_free (&io);
  return code < 0 ? NULL : context;
}

static gboolean
same_stream (const AVCodecParameters *a, const AVCodecParameters *b)
{
  return a->codec_id == b->codec_id && a->extradata_size == b->extradata_size &&
         (a->extradata_size == 0 || memcmp (a->extradata, b->extradata, (gsize)a->extradata_size) == 0) &&
         a->width == b->width && a->height == b->height && a->sample_rate == b->sample_rate &&
         a->ch_layout.nb_channels == b->ch_layout.nb_channels;
}

static gboolean
same_streams (const AVFormatContext *a, const RegiaScan *a_scan, const AVFormatContext *b,
              const RegiaScan *b_scan)
{
  if (a->nb_streams != b->nb_streams || a_scan->n_tracks != b_scan->n_tracks)
    return FALSE;
  for (guint i = 0; i < a->nb_streams; i++)
    if (!same_stream (a->streams[i]->codecpar, b->streams[i]->codecpar) ||
        a_scan->tracks[i].timescale != b_scan->tracks[i].timescale ||
        strcmp (a_scan->tracks[i].name, b_scan->tracks[i].name) != 0)
      return FALSE;
  return TRUE;
}

static void
scan_range (const RegiaScan *scan, gint64 *ret_from, gint64 *ret_to)
{
  *ret_from = G_MAXINT64;
  *ret_to = 0;
  for (guint i = 0; i < scan->n_tracks; i++)
    if (scan->tracks[i].samples > 0) {
      *ret_from = MIN (*ret_from, regia_scan_track_ns (&scan->tracks[i], scan->tracks[i].first));
      *ret_to = MAX (*ret_to, regia_scan_track_ns (&scan->tracks[i], scan->tracks[i].end));
    }
}

void
regia_remux_group_free (RegiaRemuxGroup *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->paths);
  g_ptr_array_unref (self->scans);
  g_free (self);
}

static RegiaRemuxGroup *
group_new (gint64 from_ns)
{
  RegiaRemuxGroup *self = g_new0 (RegiaRemuxGroup, 1);

  self->paths = g_ptr_array_new_with_free_func (g_free);
  self->scans = g_ptr_array_new_with_free_func (g_free);
  self->from_ns = from_ns;
  return self;
}

typedef struct {
  GPtrArray *groups;
  AVFormatContext *last; /* (owned) (nullable): header of the last part taken */
} Plan;

static void
plan_add (Plan *self, const char *path, const RegiaScan *scan, AVFormatContext *header)
{
  RegiaRemuxGroup *group =
      self->groups->len > 0 ? g_ptr_array_index (self->groups, self->groups->len - 1) : NULL;
  gint64 from, to;

  scan_range (scan, &from, &to);
  if (group == NULL ||
      !same_streams (self->last, g_ptr_array_index (group->scans, group->scans->len - 1), header, scan) ||
      from - group->to_ns > REGIA_SCAN_LEAP_MAX_S * REGIA_SECOND ||
      group->to_ns - from > BACKWARDS_MAX_S * REGIA_SECOND) {
    group = group_new (from);
    g_ptr_array_add (self->groups, group);
  }
  g_ptr_array_add (group->paths, g_strdup (path));
  g_ptr_array_add (group->scans, g_memdup2 (scan, sizeof *scan));
  group->from_ns = MIN (group->from_ns, from);
  group->to_ns = MAX (group->to_ns, to);
  group->bytes += scan->whole_bytes - scan->header_bytes;
  avformat_close_input (&self->last);
  self->last = header;
}

static gboolean
plan_part (Plan *self, const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  int saved = errno;
  RegiaScan scan;
  gboolean ok;

  if (fd < 0) {
    return regia_error_set_errno (error, saved, "%s", path);
  }
  ok = regia_scan_fd (fd, NULL, NULL, &scan, error);
  if (ok && scan.fragments > 0) {
    g_autoptr (GError) ignored = NULL;
    AVFormatContext *header = regia_remux_read_parameters (fd, scan.header_bytes, &ignored);

    /* A header that libavformat refuses makes the part unusable, as a missing one would. */
    if (header != NULL && header->nb_streams == scan.n_tracks)
      plan_add (self, path, &scan, header);
    else
      avformat_close_input (&header);
  }
  close (fd);
  return ok;
}

GPtrArray *
regia_remux_plan (const char *const *paths, GError **error)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_remux_group_free);
  Plan plan = {groups, NULL};
  gboolean ok = TRUE;

  regia_av_init ();
  for (guint i = 0; ok && paths[i] != NULL; i++) {
    ok = plan_part (&plan, paths[i], error);
    if (!ok)
      g_prefix_error (error, "%s: ", paths[i]);
  }
  avformat_close_input (&plan.last);
  return ok ? g_steal_pointer (&groups) : NULL;
}
