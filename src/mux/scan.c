/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include "regia/mux/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"

/*
 * One pass over the top-level boxes: ftyp and moov make the header, then each moof + mdat pair is a fragment.
 * A fragment counts only when all of it is there and its tables agree with each other; then its samples are
 * told. Where the chain of boxes breaks in the middle (a sector lost or unreadable), the pass looks for the
 * next moof and goes on behind it; what lies between is `lost_bytes`.
 *
 * Input is a Source, so that descriptors and memory (tests, fuzzing) take the same way.
 */

#define BOX_MAX      (16u << 20) /* a moov or moof larger than this is not ours */
#define SAMPLES_MAX  65536       /* in a fragment; one second has some hundreds */
#define SEARCH_STEP  (64u << 10)
#define SECONDS_MAX  (10 * 366 * 86400LL) /* a show time beyond this is damage */
#define TAIL_BYTES   (32u << 20)
#define SEARCHES_MAX 4096 /* false beginnings of a moof before a file is given up */
/* An unfinished fragment is never larger (4 MB, one packet of 8 MB, and tables): a longer end of a file
 * without a whole fragment in it is damage. */
#define UNFINISHED_MAX (16u << 20)

#define TYPE(a, b, c, d) ((guint32)(a) << 24 | (guint32)(b) << 16 | (guint32)(c) << 8 | (guint32)(d))

typedef struct {
  int fd; /* −1: memory */
  const guint8 *data;
  guint64 size;
  gboolean unreadable; /* the disk refused some of it */
} Source;

/* A stretch of memory that is read from its beginning; `bad` sticks once it was too short. */
typedef struct {
  const guint8 *data;
  gsize length;
  gboolean bad;
} Bytes;

typedef struct {
  guint32 type;
  guint64 size; /* with its header */
  guint header; /* 8 or 16 */
} Box;

typedef struct {
  Source *source;
  RegiaScan *scan;
  RegiaSampleFunc func;
  gpointer user_data;
  GByteArray *buffer;
  GArray *samples;    /* (element-type RegiaSample) of the fragment being read */
  guint64 tail_bytes; /* only so much of the end is wanted; 0: all */
} Reader;

static gboolean
source_read (Source *self, guint64 offset, void *ret_data, gsize length)
{
  gsize done = 0;

  if (offset > self->size || length > self->size - offset)
    return FALSE;
  if (self->fd < 0) {
    memcpy (ret_data, self->data + offset, length);
    return TRUE;
  }
  while (done < length) {
    ssize_t n = pread (self->fd, (guint8 *)ret_data + done, length - done, (off_t)(offset + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      self->unreadable = TRUE;
    if (n <= 0)
      return FALSE;
    done += (gsize)n;
  }
  return TRUE;
}

static guint64
take (Bytes *self, guint bytes)
{
  guint64 value = 0;

  if (self->length < bytes) {
    self->bad = TRUE;
    self->length = 0;
    return 0;
  }
  for (guint i = 0; i < bytes; i++)
    value = value << 8 | self->data[i];
  self->data += bytes;
  self->length -= bytes;
  return value;
}

static void
skip (Bytes *self, gsize bytes)
{
  if (self->length < bytes) {
    self->bad = TRUE;
    bytes = self->length;
  }
  self->data += bytes;
  self->length -= bytes;
}

/* The next box inside @self; FALSE at the end or when it does not fit. */
static gboolean
take_box (Bytes *self, guint32 *ret_type, Bytes *ret_box)
{
  guint64 size;

  if (self->length < 8)
    return FALSE;
  size = take (self, 4);
  *ret_type = (guint32)take (self, 4);
  if (size < 8 || size - 8 > self->length) {
    self->bad = TRUE;
    return FALSE;
  }
  *ret_box = (Bytes){self->data, size - 8, FALSE};
  skip (self, size - 8);
  return TRUE;
}

static gboolean
find_box (Bytes in, guint32 type, Bytes *ret_box)
{
  guint32 found;

  while (take_box (&in, &found, ret_box))
    if (found == type)
      return TRUE;
  return FALSE;
}

static gboolean
read_box_header (Source *source, guint64 offset, Box *ret_box)
{
  guint8 raw[16];
  Bytes bytes = {raw, 8, FALSE};

  if (!source_read (source, offset, raw, 8))
    return FALSE;
  ret_box->size = take (&bytes, 4);
  ret_box->type = (guint32)take (&bytes, 4);
  ret_box->header = 8;
  if (ret_box->size == 1) {
    if (!source_read (source, offset, raw, 16))
      return FALSE;
    bytes = (Bytes){raw + 8, 8, FALSE};
    ret_box->size = take (&bytes, 8);
    ret_box->header = 16;
  }
  return ret_box->size >= ret_box->header && ret_box->size <= source->size - offset;
}

static gboolean
read_box (Reader *self, guint64 offset, const Box *box, Bytes *ret_bytes)
{
  gsize length = box->size - box->header;

  if (length > BOX_MAX)
    return FALSE;
  g_byte_array_set_size (self->buffer, (guint)length);
  if (!source_read (self->source, offset + box->header, self->buffer->data, length))
    return FALSE;
  *ret_bytes = (Bytes){self->buffer->data, length, FALSE};
  return TRUE;
}

/* --- the header --- */

static void
read_name (RegiaScanTrack *track, Bytes hdlr)
{
  gsize n = 0;

  skip (&hdlr, 24);
  while (n < hdlr.length && n + 1 < sizeof track->name && g_ascii_isgraph (hdlr.data[n]))
    n++;
  memcpy (track->name, hdlr.data, n);
  track->name[n] = '\0';
}

/* Track user data "name", as libavformat writes a title: it reads that of other brands alone. */
static void
read_title (RegiaScanTrack *track, Bytes trak)
{
  Bytes udta, name;

  if (!find_box (trak, TYPE ('u', 'd', 't', 'a'), &udta) ||
      !find_box (udta, TYPE ('n', 'a', 'm', 'e'), &name) || name.length >= sizeof track->title ||
      !g_utf8_validate_len ((const char *)name.data, name.length, NULL))
    return;
  memcpy (track->title, name.data, name.length);
  track->title[name.length] = '\0';
}

static gboolean
read_track (Bytes trak, RegiaScanTrack *ret_track)
{
  Bytes tkhd, mdia, mdhd, hdlr, kind;

  memset (ret_track, 0, sizeof *ret_track);
  if (!find_box (trak, TYPE ('t', 'k', 'h', 'd'), &tkhd) ||
      !find_box (trak, TYPE ('m', 'd', 'i', 'a'), &mdia) ||
      !find_box (mdia, TYPE ('m', 'd', 'h', 'd'), &mdhd) ||
      !find_box (mdia, TYPE ('h', 'd', 'l', 'r'), &hdlr))
    return FALSE;
  skip (&tkhd, take (&tkhd, 1) == 1 ? 3 + 16 : 3 + 8);
  ret_track->id = (guint32)take (&tkhd, 4);
  skip (&mdhd, take (&mdhd, 1) == 1 ? 3 + 16 : 3 + 8);
  ret_track->timescale = (guint32)take (&mdhd, 4);
  kind = hdlr;
  skip (&kind, 8);
  ret_track->video = take (&kind, 4) == TYPE ('v', 'i', 'd', 'e');
  read_name (ret_track, hdlr);
  read_title (ret_track, trak);
  return !tkhd.bad && !mdhd.bad && !kind.bad && ret_track->id > 0 && ret_track->timescale > 0;
}

static RegiaScanTrack *
find_track (RegiaScan *scan, guint32 id)
{
  for (guint i = 0; i < scan->n_tracks; i++)
    if (scan->tracks[i].id == id)
      return &scan->tracks[i];
  return NULL;
}

static void
read_defaults (RegiaScan *scan, Bytes mvex)
{
  Bytes trex;
  guint32 type;

  while (take_box (&mvex, &type, &trex)) {
    RegiaScanTrack *track;

    if (type != TYPE ('t', 'r', 'e', 'x'))
      continue;
    skip (&trex, 4);
    track = find_track (scan, (guint32)take (&trex, 4));
    if (track == NULL)
      continue;
    skip (&trex, 4);
    track->default_duration = (guint32)take (&trex, 4);
    track->default_size = (guint32)take (&trex, 4);
    track->default_flags = (guint32)take (&trex, 4);
  }
}

static gboolean
read_header (RegiaScan *scan, Bytes moov)
{
  Bytes in = moov, box, mvex;
  guint32 type;

  while (take_box (&in, &type, &box)) {
    if (type != TYPE ('t', 'r', 'a', 'k'))
      continue;
    if (scan->n_tracks == REGIA_TRACKS_MAX || !read_track (box, &scan->tracks[scan->n_tracks]))
      return FALSE;
    scan->n_tracks++;
  }
  if (in.bad || scan->n_tracks == 0 || !find_box (moov, TYPE ('m', 'v', 'e', 'x'), &mvex))
    return FALSE;
  read_defaults (scan, mvex);
  return TRUE;
}

/* --- a fragment --- */

typedef struct {
  RegiaScanTrack *track;
  guint32 duration, size, flags;
  gint64 dts;
  guint64 offset; /* where the next sample lies */
} Run;

enum {
  TFHD_BASE = 0x1,
  TFHD_DESCRIPTION = 0x2,
  TFHD_DURATION = 0x8,
  TFHD_SIZE = 0x10,
  TFHD_FLAGS = 0x20,
  TFHD_BASE_IS_MOOF = 0x20000,
  TRUN_OFFSET = 0x1,
  TRUN_FIRST_FLAGS = 0x4,
  TRUN_DURATION = 0x100,
  TRUN_SIZE = 0x200,
  TRUN_FLAGS = 0x400,
  TRUN_CTS = 0x800,
  SAMPLE_NOT_SYNC = 0x10000,
};

static gboolean
read_run_header (Reader *self, Bytes traf, guint64 moof, Run *ret_run)
{
  Bytes tfhd, tfdt;
  guint32 flags;
  gboolean wide;

  if (!find_box (traf, TYPE ('t', 'f', 'h', 'd'), &tfhd) ||
      !find_box (traf, TYPE ('t', 'f', 'd', 't'), &tfdt))
    return FALSE;
  flags = (guint32)take (&tfhd, 4) & 0xffffff;
  ret_run->track = find_track (self->scan, (guint32)take (&tfhd, 4));
  if (ret_run->track == NULL || (flags & TFHD_BASE) || !(flags & TFHD_BASE_IS_MOOF))
    return FALSE;
  if (flags & TFHD_DESCRIPTION)
    skip (&tfhd, 4);
  ret_run->duration = flags & TFHD_DURATION ? (guint32)take (&tfhd, 4) : ret_run->track->default_duration;
  ret_run->size = flags & TFHD_SIZE ? (guint32)take (&tfhd, 4) : ret_run->track->default_size;
  ret_run->flags = flags & TFHD_FLAGS ? (guint32)take (&tfhd, 4) : ret_run->track->default_flags;
  wide = take (&tfdt, 4) >> 24 == 1;
  ret_run->dts = (gint64)take (&tfdt, wide ? 8 : 4);
  ret_run->offset = moof;
  return !tfhd.bad && !tfdt.bad && ret_run->dts >= 0 &&
         ret_run->dts <= SECONDS_MAX * (gint64)ret_run->track->timescale;
}

static gboolean
read_trun (Reader *self, Bytes trun, guint64 moof, Run *run)
{
  guint32 flags = (guint32)take (&trun, 4) & 0xffffff;
  guint32 count = (guint32)take (&trun, 4), first_flags = run->flags;

  if (flags & TRUN_OFFSET)
    run->offset = moof + (guint64)(gint64)(gint32)take (&trun, 4);
  if (flags & TRUN_FIRST_FLAGS)
    first_flags = (guint32)take (&trun, 4);
  if (trun.bad || count > SAMPLES_MAX || self->samples->len + count > SAMPLES_MAX)
    return FALSE;
  for (guint32 i = 0; i < count; i++) {
    RegiaSample sample = {.track = (guint)(run->track - self->scan->tracks)};
    guint32 sample_flags;

    sample.duration = flags & TRUN_DURATION ? (guint32)take (&trun, 4) : run->duration;
    sample.size = flags & TRUN_SIZE ? (guint32)take (&trun, 4) : run->size;
    sample_flags = flags & TRUN_FLAGS ? (guint32)take (&trun, 4) : i == 0 ? first_flags : run->flags;
    sample.cts = flags & TRUN_CTS ? (gint32)take (&trun, 4) : 0;
    sample.key = (sample_flags & SAMPLE_NOT_SYNC) == 0;
    sample.dts = run->dts;
    sample.offset = run->offset;
    run->dts += sample.duration;
    run->offset += sample.size;
    if (trun.bad || sample.duration == 0 || sample.duration > G_MAXINT32)
      return FALSE;
    g_array_append_val (self->samples, sample);
  }
  return TRUE;
}

static gboolean
read_traf (Reader *self, Bytes traf, guint64 moof)
{
  Run run;
  Bytes box;
  guint32 type;
  gint64 first;

  if (!read_run_header (self, traf, moof, &run))
    return FALSE;
  first = run.dts;
  while (take_box (&traf, &type, &box))
    if (type == TYPE ('t', 'r', 'u', 'n') && !read_trun (self, box, moof, &run))
      return FALSE;
  /* Time does not run backwards on a track of ours, and a long leap begins a new file. */
  return !traf.bad && (run.track->samples == 0 ||
                       (first + run.track->timescale >= run.track->end &&
                        (first - run.track->end <= (gint64)REGIA_SCAN_LEAP_MAX_S * run.track->timescale ||
                         self->tail_bytes > 0)));
}

static gboolean
samples_lie_in (GArray *samples, guint64 from, guint64 to)
{
  for (guint i = 0; i < samples->len; i++) {
    const RegiaSample *sample = &g_array_index (samples, RegiaSample, i);

    if (sample->offset < from || sample->offset > to || sample->size > to - sample->offset)
      return FALSE;
  }
  return TRUE;
}

/* moof at @offset and the mdat behind it. FALSE: not a whole fragment. */
static gboolean
read_fragment (Reader *self, guint64 offset, const Box *moof, guint64 *ret_end)
{
  guint64 mdat_at = offset + moof->size;
  Bytes in, box;
  Box mdat;
  guint32 type;

  if (!read_box_header (self->source, mdat_at, &mdat) || mdat.type != TYPE ('m', 'd', 'a', 't') ||
      !read_box (self, offset, moof, &in))
    return FALSE;
  g_array_set_size (self->samples, 0);
  while (take_box (&in, &type, &box))
    if (type == TYPE ('t', 'r', 'a', 'f') && !read_traf (self, box, offset))
      return FALSE;
  *ret_end = mdat_at + mdat.size;
  return !in.bad && samples_lie_in (self->samples, mdat_at + mdat.header, *ret_end);
}

static gboolean
tell_samples (Reader *self)
{
  for (guint i = 0; i < self->samples->len; i++) {
    const RegiaSample *sample = &g_array_index (self->samples, RegiaSample, i);
    RegiaScanTrack *track = &self->scan->tracks[sample->track];

    if (track->samples == 0)
      track->first = sample->dts;
    track->end = MAX (track->end, sample->dts + sample->duration);
    track->samples++;
    track->bytes += sample->size;
    if (self->func != NULL && !self->func (self->scan, sample, self->user_data))
      return FALSE;
  }
  return TRUE;
}

/* --- the pass --- */

/* Where the next moof may begin, at or behind @from; the end of the file when there is none. */
static guint64
search_moof (Reader *self, guint64 from)
{
  static const guint8 mark[] = {'m', 'o', 'o', 'f'};

  while (from + 8 < self->source->size) {
    gsize length = MIN (SEARCH_STEP, self->source->size - from);
    const guint8 *found;

    g_byte_array_set_size (self->buffer, (guint)length);
    if (!source_read (self->source, from, self->buffer->data, length)) {
      from += length;
      continue;
    }
    found = length > 4 ? memmem (self->buffer->data + 4, length - 4, mark, sizeof mark) : NULL;
    if (found != NULL)
      return from + (guint64)(found - self->buffer->data) - 4;
    from += length - MIN (length, 7);
  }
  return self->source->size;
}

static guint64
scan_header (Reader *self)
{
  guint64 at = 0;
  Box box;
  Bytes moov;

  while (read_box_header (self->source, at, &box)) {
    if (box.type == TYPE ('m', 'o', 'o', 'v'))
      return read_box (self, at, &box, &moov) && read_header (self->scan, moov) ? at + box.size : 0;
    if (box.type == TYPE ('m', 'o', 'o', 'f') || box.type == TYPE ('m', 'd', 'a', 't'))
      return 0;
    at += box.size;
  }
  return 0;
}

static void
scan_fragments (Reader *self)
{
  RegiaScan *scan = self->scan;
  guint64 at = scan->header_bytes, rest;
  guint searches = 0;
  gboolean skipped = FALSE;

  while (at < self->source->size && searches < SEARCHES_MAX) {
    guint64 end;
    Box box;

    if (read_box_header (self->source, at, &box)) {
      if (box.type == TYPE ('m', 'o', 'o', 'f') && read_fragment (self, at, &box, &end)) {
        scan->lost_bytes += skipped ? 0 : at - scan->whole_bytes;
        scan->whole_bytes = at = end;
        scan->fragments++;
        if (!tell_samples (self))
          return;
        skipped = scan->fragments == 1 && at + self->tail_bytes < self->source->size && self->tail_bytes > 0;
        if (skipped)
          at = search_moof (self, self->source->size - self->tail_bytes);
        continue;
      }
    }
    at = search_moof (self, at + 1);
    searches++;
  }
  rest = self->source->size - scan->whole_bytes;
  if (self->source->unreadable || searches == SEARCHES_MAX || rest > UNFINISHED_MAX)
    scan->lost_bytes += MAX (rest, 1);
}

static void
scan_source (Source *source, guint64 tail_bytes, RegiaSampleFunc func, gpointer user_data, RegiaScan *scan)
{
  g_autoptr (GByteArray) buffer = g_byte_array_new ();
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (RegiaSample));
  Reader reader = {source, scan, func, user_data, buffer, samples, tail_bytes};

  memset (scan, 0, sizeof *scan);
  scan->total_bytes = source->size;
  scan->header_bytes = scan->whole_bytes = scan_header (&reader);
  if (scan->header_bytes > 0)
    scan_fragments (&reader);
  else
    scan->n_tracks = 0;
}

void
regia_scan_bytes (const guint8 *data, gsize length, RegiaSampleFunc func, gpointer user_data,
                  RegiaScan *ret_scan)
{
  Source source = {.fd = -1, .data = data, .size = length};

  scan_source (&source, 0, func, user_data, ret_scan);
}

static gboolean
scan_file (int fd, guint64 tail_bytes, RegiaSampleFunc func, gpointer user_data, RegiaScan *ret_scan,
           GError **error)
{
  Source source = {.fd = fd};
  struct stat st;

  if (fstat (fd, &st) != 0)
    return regia_error_set_errno (error, errno, "Cannot read a recording");
  source.size = (guint64)st.st_size;
  scan_source (&source, tail_bytes, func, user_data, ret_scan);
  return TRUE;
}

gboolean
regia_scan_fd (int fd, RegiaSampleFunc func, gpointer user_data, RegiaScan *ret_scan, GError **error)
{
  return scan_file (fd, 0, func, user_data, ret_scan, error);
}

static gboolean
scan_path (const char *path, guint64 tail_bytes, RegiaScan *ret_scan, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  int saved = errno;
  gboolean ok;

  if (fd < 0)
    return regia_error_set_errno (error, saved, "%s", path);
  ok = scan_file (fd, tail_bytes, NULL, NULL, ret_scan, error);
  close (fd);
  if (!ok)
    g_prefix_error (error, "%s: ", path);
  return ok;
}

gboolean
regia_scan_path (const char *path, RegiaScan *ret_scan, GError **error)
{
  return scan_path (path, 0, ret_scan, error);
}

gboolean
regia_scan_path_ends (const char *path, RegiaScan *ret_scan, GError **error)
{
  if (!scan_path (path, TAIL_BYTES, ret_scan, error))
    return FALSE;
  /* Nothing whole in the last stretch: then all of it has to be looked at. */
  return ret_scan->total_bytes - ret_scan->whole_bytes < TAIL_BYTES || scan_path (path, 0, ret_scan, error);
}

gint64
regia_scan_track_ns (const RegiaScanTrack *track, gint64 ticks)
{
  /* Whole seconds apart, so that nothing overflows within any show. */
  return ticks / track->timescale * REGIA_SECOND +
         (ticks % track->timescale * REGIA_SECOND + track->timescale / 2) / track->timescale;
}
