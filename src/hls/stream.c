/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-hls"

#include "stream-private.h"

#include <string.h>

/*
 * RegiaHlsStream: the folder of one track. The window decides when something is listed; the stream knows how:
 * paths, names, content types, what to let go of.
 *
 * Life cycle: made for the first table that names the track; goes on through tables that name it again, with
 * a new segmenter if the parameters changed; freed when a table lacks it. Owner: the window; its writing
 * thread alone.
 */

/* x264 with a VBV of its bit rate overshoots a little; a segment that is above it raises BANDWIDTH for good.
 */
#define PEAK_PERCENT 125

void
regia_hls_breaks_clear (RegiaHlsBreaks *self)
{
  g_clear_pointer (&self->at, g_array_unref);
}

void
regia_hls_breaks_add (RegiaHlsBreaks *self, gint64 number, gint64 oldest)
{
  if (self->at == NULL)
    self->at = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (self->at->len == 0 || g_array_index (self->at, gint64, self->at->len - 1) != number)
    g_array_append_val (self->at, number);
  while (g_array_index (self->at, gint64, 0) < oldest && self->at->len > 1) {
    g_array_remove_index (self->at, 0);
    self->gone++;
  }
}

/* How many lie before @number; @ret_at tells whether one lies at it. */
static guint64
count_breaks (const RegiaHlsBreaks *breaks, guint64 number, gboolean *ret_at)
{
  guint64 count = breaks->gone;

  *ret_at = FALSE;
  for (guint i = 0; breaks->at != NULL && i < breaks->at->len; i++) {
    gint64 at = g_array_index (breaks->at, gint64, i);

    if (at < (gint64)number)
      count++;
    else if (at == (gint64)number)
      *ret_at = TRUE;
  }
  return count;
}

RegiaHlsStream *
regia_hls_stream_new (RegiaTrack *track, const RegiaHlsOptions *options, RegiaHlsCache *cache)
{
  RegiaHlsStream *self = g_new0 (RegiaHlsStream, 1);

  self->track = regia_track_ref (track);
  self->options = options;
  self->cache = cache;
  self->list = regia_hls_list_new (options->segment_ns, options->segments_kept);
  self->idle_since_ns = -1;
  self->peak_bps = (guint64)track->bitrate_bps * PEAK_PERCENT / 100;
  regia_hls_cache_set_stream (cache, track->name, -1);
  return self;
}

void
regia_hls_stream_free (RegiaHlsStream *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->list, regia_hls_list_free);
  g_clear_pointer (&self->segmenter, regia_hls_segmenter_free);
  g_clear_pointer (&self->track, regia_track_unref);
  g_free (self->map);
  g_free (self);
}

static void
shelve_media (RegiaHlsStream *self, const char *name, GBytes *bytes)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", self->track->name, name);
  g_autoptr (GBytes) kept = self->options->keep != NULL
                                ? self->options->keep (bytes, self->options->keep_data)
                                : g_bytes_ref (bytes);

  regia_hls_cache_put (self->cache, path, kept,
                       regia_track_is_video (self->track) ? "video/mp4" : "audio/mp4", REGIA_HLS_MEDIA);
}

static void
unshelve_media (RegiaHlsStream *self, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", self->track->name, name);

  regia_hls_cache_remove (self->cache, path);
}

void
regia_hls_stream_set_track (RegiaHlsStream *self, RegiaTrack *track)
{
  regia_track_ref (track);
  regia_track_unref (self->track);
  self->track = track;
}

/* The init segment's name says what is in it, so it can be kept for ever and is the same after a restart. */
void
regia_hls_stream_set_segmenter (RegiaHlsStream *self, RegiaHlsSegmenter *segmenter)
{
  GBytes *init = regia_hls_segmenter_get_init (segmenter);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, init);

  self->dropped = regia_hls_stream_get_dropped (self);
  g_clear_pointer (&self->segmenter, regia_hls_segmenter_free);
  self->segmenter = segmenter;
  g_free (self->map);
  self->map = g_strdup_printf ("init-%.8s.mp4", digest);
  shelve_media (self, self->map, init);
}

static void
note_peak (RegiaHlsStream *self, const RegiaHlsSegment *segment)
{
  guint64 bps;

  /* RFC 8216 §4.3.4.2: only stretches of at least half a target duration count */
  if (segment->duration_ns < self->options->segment_ns / 2)
    return;
  bps = g_bytes_get_size (segment->bytes) * 8 * (guint64)REGIA_SECOND / (guint64)segment->duration_ns;
  self->peak_bps = MAX (self->peak_bps, bps);
}

void
regia_hls_stream_add (RegiaHlsStream *self, const RegiaHlsSegment *segment, gint64 from)
{
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT ".m4s", segment->number);

  regia_hls_list_append_gaps (self->list, from, segment->number - 1);
  regia_hls_list_append (self->list, segment->number, segment->start_ns, segment->duration_ns, self->map);
  shelve_media (self, name, segment->bytes);
  regia_hls_cache_set_stream (self->cache, self->track->name, segment->number);
  regia_hls_cache_count_segment (self->cache, segment->start_ns + segment->duration_ns);
  note_peak (self, segment);
}

void
regia_hls_stream_add_gaps (RegiaHlsStream *self, gint64 from, gint64 to)
{
  regia_hls_list_append_gaps (self->list, from, to);
  regia_hls_segmenter_skip_to (self->segmenter, to);
  regia_hls_cache_set_stream (self->cache, self->track->name, to);
}

void
regia_hls_stream_render (RegiaHlsStream *self, gint64 from, const RegiaHlsBreaks *breaks, gboolean ended)
{
  g_autofree char *path = g_strdup_printf ("%s/index.m3u8", self->track->name);
  gint64 oldest = regia_hls_list_get_newest (self->list) - self->options->segments + 1;
  gsize n = 0;
  g_autofree RegiaHlsEntry *entries = regia_hls_list_get_entries (self->list, MAX (from, oldest), &n);
  RegiaHlsMedia media = {
      .segment_ns = self->options->segment_ns,
      .epoch = self->options->epoch,
      .entries = entries,
      .n_entries = n,
      .ended = ended,
  };
  gboolean at;

  if (n == 0)
    return;
  for (gsize i = 0; i < n; i++)
    count_breaks (breaks, entries[i].number, &entries[i].discontinuity);
  media.discontinuity_sequence = count_breaks (breaks, entries[0].number, &at);
  regia_hls_cache_put_playlist (self->cache, path, regia_hls_media_playlist (&media), REGIA_HLS_PLAYLIST);
}

void
regia_hls_stream_evict (RegiaHlsStream *self)
{
  gint64 number;
  char *popped;

  while (regia_hls_list_pop (self->list, &number, &popped)) {
    g_autofree char *map = popped;
    g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT ".m4s", number);

    if (map == NULL)
      continue;
    unshelve_media (self, name);
    if (strcmp (map, self->map) != 0 && !regia_hls_list_has_map (self->list, map))
      unshelve_media (self, map);
  }
}

gboolean
regia_hls_stream_is_idle (RegiaHlsStream *self, gint64 show_time_ns)
{
  if (self->pushed || self->idle_since_ns < 0) {
    self->pushed = FALSE;
    self->idle_since_ns = show_time_ns;
  }
  return show_time_ns - self->idle_since_ns >= self->options->segment_ns / 2;
}

guint64
regia_hls_stream_get_dropped (RegiaHlsStream *self)
{
  return self->dropped + (self->segmenter != NULL ? regia_hls_segmenter_get_dropped (self->segmenter) : 0);
}
