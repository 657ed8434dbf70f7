/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-hls"

#include "regia/hls/window.h"

#include <string.h>

#include "regia/base/error.h"
#include "regia/hls/playlist.h"
#include "stream-private.h"

/*
 * RegiaHlsWindow: the writer's side of HLS. For each H.264 or AAC track it holds a stream (stream.c): a
 * segmenter, which turns packets into numbered segments, and the list of the last numbers. What viewers can
 * fetch lies on the cache, the only thing that other threads touch.
 *
 * One list a track, not one for all: a segment is listed as soon as its own track has it, so that one track
 * which is stuck holds nobody up. Tracks flow in step (each is cut by the first packet behind the same
 * boundary), so lists differ for milliseconds, and a player that finds video n before audio n plays what it
 * has buffered meanwhile. Only at the beginning all wait for each other, and begin with the same number: so a
 * player never meets an empty list. A track that stays silent is given gaps when another one is two
 * segments ahead, and so are all by advance().
 *
 * Gaps at the beginning of a list are left out, since players must not start there; thus a pause longer than
 * the window begins a new window. While the list holds nothing but gaps they are listed, so that players that
 * are waiting see the time go on.
 *
 * Discontinuities belong to the window, not to a track: players match them across renditions by their count.
 *
 * Life cycle: new(); set_tracks() for each generation, push() and advance() in any order, end(); free() when
 * no thread looks up any more. Threads: the one that writes; lookup() and get_stats() go straight to the
 * cache, from any thread.
 */

/* A table's first packet has a seq below this when the reader is there from the beginning: unwanted tracks
 * may have begun before it. */
#define FIRST_PACKETS REGIA_TRACKS_MAX

struct _RegiaHlsWindow {
  RegiaHlsOptions options;
  char *prefix;         /* (owned) (nullable): SHOW/ */
  RegiaHlsCache *cache; /* (owned) */
  GPtrArray *streams;   /* (owned) (element-type RegiaHlsStream): in the order of the table */
  guint n_tracks;       /* of the present table */
  gboolean begun;       /* the present table has had a packet */
  gboolean listed;      /* playlists are out … */
  gint64 listed_from;   /* … and begin here or later */
  RegiaHlsBreaks breaks;
  gboolean ended;
};

static RegiaHlsStream *
get_stream (RegiaHlsWindow *self, guint index)
{
  return g_ptr_array_index (self->streams, index);
}

RegiaHlsWindow *
regia_hls_window_new (const RegiaHlsOptions *options)
{
  RegiaHlsWindow *self;

  g_return_val_if_fail (options != NULL && options->segment_ns > 0 && options->segments > 0, NULL);

  self = g_new0 (RegiaHlsWindow, 1);
  self->options = *options;
  self->prefix = options->show != NULL ? g_strconcat (options->show, "/", NULL) : NULL;
  self->options.show = NULL; /* copied */
  self->options.segments_kept = MAX (options->segments_kept, options->segments + 3);
  self->cache = regia_hls_cache_new ();
  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_hls_stream_free);
  return self;
}

void
regia_hls_window_free (RegiaHlsWindow *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->streams);
  regia_hls_breaks_clear (&self->breaks);
  regia_hls_cache_free (self->cache);
  g_free (self->prefix);
  g_free (self);
}

RegiaHlsFound
regia_hls_window_lookup (RegiaHlsWindow *self, const char *path, RegiaHlsResource *ret_resource)
{
  g_return_val_if_fail (self != NULL && path != NULL && ret_resource != NULL, REGIA_HLS_NOT_FOUND);
  return regia_hls_cache_lookup (self->cache, path, ret_resource);
}

void
regia_hls_window_get_stats (RegiaHlsWindow *self, RegiaHlsStats *ret_stats)
{
  g_return_if_fail (self != NULL && ret_stats != NULL);
  regia_hls_cache_get_stats (self->cache, ret_stats);
}

/* Playlists */

static void
render_multivariant (RegiaHlsWindow *self)
{
  g_autofree RegiaHlsRendition *renditions = g_new0 (RegiaHlsRendition, self->streams->len);
  gsize n = 0;

  for (guint i = 0; i < self->streams->len; i++) {
    RegiaHlsStream *stream = get_stream (self, i);
    RegiaHlsRendition *rendition = &renditions[n];

    if (regia_hls_list_get_first (stream->list) < 0) /* a new language: offered when it can be played */
      continue;
    rendition->track = stream->track;
    rendition->peak_bps = stream->peak_bps;
    rendition->average_bps = stream->track->bitrate_bps > 0 ? stream->track->bitrate_bps : stream->peak_bps;
    n++;
  }
  regia_hls_cache_put_playlist (
      self->cache, "index.m3u8",
      regia_hls_multivariant_playlist (renditions, n, self->options.sound_alone, ""), REGIA_HLS_MASTER);
  if (self->prefix != NULL)
    regia_hls_cache_put_playlist (
        self->cache, REGIA_HLS_ABOVE,
        regia_hls_multivariant_playlist (renditions, n, self->options.sound_alone, self->prefix),
        REGIA_HLS_MASTER);
}

static void
render_media (RegiaHlsWindow *self, RegiaHlsStream *stream)
{
  regia_hls_stream_render (stream, self->listed_from, &self->breaks, self->ended);
}

static void
render_all (RegiaHlsWindow *self)
{
  for (guint i = 0; i < self->streams->len; i++)
    render_media (self, get_stream (self, i));
  render_multivariant (self);
}

/* All begin together: at the first number that every track can have. */
static gboolean
can_list (RegiaHlsWindow *self)
{
  gint64 from = 0;

  for (guint i = 0; i < self->streams->len; i++) {
    gint64 first = regia_hls_list_get_first (get_stream (self, i)->list);

    if (first < 0)
      return FALSE;
    from = MAX (from, first);
  }
  for (guint i = 0; i < self->streams->len; i++)
    if (regia_hls_list_get_newest (get_stream (self, i)->list) < from)
      return FALSE;
  self->listed_from = from;
  return TRUE;
}

static void
refresh (RegiaHlsWindow *self, RegiaHlsStream *stream)
{
  if (self->listed) {
    render_media (self, stream);
    if (!stream->offered)
      render_multivariant (self);
    stream->offered = TRUE;
  } else if (can_list (self)) {
    self->listed = TRUE;
    render_all (self);
  }
}

/* Where the gaps before @number begin on a track that had nothing yet: where the others' lists do. */
static gint64
gaps_from (RegiaHlsWindow *self, gint64 number)
{
  return self->listed ? MAX (self->listed_from, number - self->options.segments + 1) : number;
}

static void
publish (RegiaHlsWindow *self, RegiaHlsStream *stream, const RegiaHlsSegment *segment)
{
  guint64 peak_bps = stream->peak_bps;

  regia_hls_stream_add (stream, segment, gaps_from (self, segment->number));
  if (self->listed && stream->peak_bps > peak_bps)
    render_multivariant (self);
  refresh (self, stream);
  regia_hls_stream_evict (stream);
}

static gboolean
finish_stream (RegiaHlsWindow *self, RegiaHlsStream *stream, GError **error)
{
  g_auto (RegiaHlsSegment) done = {0};
  gboolean ok = regia_hls_segmenter_finish (stream->segmenter, &done, error);

  if (done.bytes != NULL)
    publish (self, stream, &done);
  return ok;
}

/* The writer's interface */

static RegiaHlsStream *
find_stream (RegiaHlsWindow *self, const char *name)
{
  for (guint i = 0; i < self->streams->len; i++) {
    RegiaHlsStream *stream = get_stream (self, i);

    if (strcmp (stream->track->name, name) == 0)
      return stream;
  }
  return NULL;
}

static RegiaHlsStream *
find_stream_by_id (RegiaHlsWindow *self, guint id)
{
  for (guint i = 0; i < self->streams->len; i++) {
    RegiaHlsStream *stream = get_stream (self, i);

    if (stream->track->id == id)
      return stream;
  }
  return NULL;
}

/* The number at which all tracks go on when one of them changes its parameters: nothing has been made of it
 * yet. */
static gint64
next_break (RegiaHlsWindow *self)
{
  gint64 number = 0;

  for (guint i = 0; i < self->streams->len; i++) {
    RegiaHlsStream *stream = get_stream (self, i);

    number = MAX (number, regia_hls_list_get_newest (stream->list) + 1);
    number = MAX (number, regia_hls_segmenter_get_open (stream->segmenter) + 1);
  }
  return number;
}

/* The oldest number that any track holds; −1 when there is none. */
static gint64
oldest_number (RegiaHlsWindow *self)
{
  gint64 oldest = -1;

  for (guint i = 0; i < self->streams->len; i++) {
    gint64 first = regia_hls_list_get_first (get_stream (self, i)->list);

    if (first >= 0 && (oldest < 0 || first < oldest))
      oldest = first;
  }
  return oldest;
}

/* Segmenters for those of @tracks that need a new one: fails before anything is changed. */
static GPtrArray *
make_segmenters (RegiaHlsWindow *self, GPtrArray *tracks, GError **error)
{
  g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_hls_segmenter_free);

  for (guint i = 0; i < tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (tracks, i);
    RegiaHlsStream *stream = find_stream (self, track->name);
    RegiaHlsSegmenter *segmenter = NULL;

    if (stream == NULL || !regia_track_same_parameters (stream->track, track)) {
      segmenter = regia_hls_segmenter_new (track, self->options.segment_ns, error);
      if (segmenter == NULL)
        return NULL;
    }
    g_ptr_array_add (made, segmenter);
  }
  return g_steal_pointer (&made);
}

static GPtrArray *
usable_tracks (GPtrArray *tracks)
{
  GPtrArray *usable = regia_tracks_new ();

  for (guint i = 0; i < tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (tracks, i);

    if (track->codec == REGIA_CODEC_H264 || track->codec == REGIA_CODEC_AAC)
      g_ptr_array_add (usable, regia_track_ref (track));
  }
  return usable;
}

/* The stream of @track, taken out of the old list or made; with @segmenter (transfer full) (nullable) if it
 * needs a new one. */
static RegiaHlsStream *
take_stream (RegiaHlsWindow *self, RegiaTrack *track, RegiaHlsSegmenter *segmenter, gint64 break_at)
{
  RegiaHlsStream *stream = find_stream (self, track->name);
  guint index;

  if (stream == NULL) {
    stream = regia_hls_stream_new (track, &self->options, self->cache);
  } else if (g_ptr_array_find (self->streams, stream, &index)) {
    g_ptr_array_steal_index (self->streams, index);
    regia_hls_stream_set_track (stream, track);
    if (segmenter != NULL)
      regia_hls_segmenter_skip_to (segmenter, break_at - 1);
  }
  if (segmenter != NULL)
    regia_hls_stream_set_segmenter (stream, segmenter);
  return stream;
}

/* Ends what cannot go on, and marks the break, if a track of @tracks changes its parameters. */
static gboolean
end_changed (RegiaHlsWindow *self, GPtrArray *tracks, GPtrArray *segmenters, gint64 break_at, GError **error)
{
  gboolean changed = FALSE, ok = TRUE;

  for (guint i = 0; i < tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (tracks, i);
    RegiaHlsStream *stream = find_stream (self, track->name);

    if (stream == NULL || g_ptr_array_index (segmenters, i) == NULL)
      continue;
    changed = TRUE;
    ok = finish_stream (self, stream, ok ? error : NULL) && ok;
  }
  if (changed)
    regia_hls_breaks_add (&self->breaks, break_at, oldest_number (self));
  return ok;
}

gboolean
regia_hls_window_set_tracks (RegiaHlsWindow *self, GPtrArray *tracks, GError **error)
{
  g_autoptr (GPtrArray) usable = NULL, segmenters = NULL, streams = NULL;
  gint64 break_at;
  gboolean ok;

  g_return_val_if_fail (self != NULL && tracks != NULL, FALSE);

  usable = usable_tracks (tracks);
  segmenters = make_segmenters (self, usable, error);
  if (segmenters == NULL)
    return FALSE;

  break_at = next_break (self);
  ok = end_changed (self, usable, segmenters, break_at, error);
  streams = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_hls_stream_free);
  for (guint i = 0; i < usable->len; i++) {
    RegiaHlsSegmenter *segmenter = g_steal_pointer (&g_ptr_array_index (segmenters, i));

    g_ptr_array_add (streams, take_stream (self, g_ptr_array_index (usable, i), segmenter, break_at));
  }
  for (guint i = 0; i < self->streams->len; i++)
    regia_hls_cache_remove_stream (self->cache, get_stream (self, i)->track->name);
  g_ptr_array_unref (self->streams);
  self->streams = g_steal_pointer (&streams);
  self->n_tracks = tracks->len;
  self->begun = self->ended = FALSE;
  if (self->listed)
    render_multivariant (self);
  return ok;
}

static void
count_dropped (RegiaHlsWindow *self)
{
  guint64 dropped = 0;

  for (guint i = 0; i < self->streams->len; i++)
    dropped += regia_hls_stream_get_dropped (get_stream (self, i));
  regia_hls_cache_set_dropped (self->cache, dropped);
}

/* The first packet of a table tells whether we are there from its beginning. */
static void
begin_table (RegiaHlsWindow *self, const RegiaPacket *packet)
{
  if (self->begun)
    return;
  self->begun = TRUE;
  if (packet->seq < FIRST_PACKETS)
    return;
  for (guint i = 0; i < self->streams->len; i++)
    regia_hls_segmenter_set_whole (get_stream (self, i)->segmenter);
}

/* Numbers of @stream up to @over are over: publishes what is open and lists the rest as gaps. */
static gboolean
close_until (RegiaHlsWindow *self, RegiaHlsStream *stream, gint64 over, GError **error)
{
  gint64 open = regia_hls_segmenter_get_open (stream->segmenter), oldest;
  gboolean ok = TRUE;

  if (open > over)
    return TRUE;
  if (open >= 0)
    ok = finish_stream (self, stream, error);
  oldest = oldest_number (self);
  if (oldest >= 0 && regia_hls_list_get_newest (stream->list) < over) {
    regia_hls_stream_add_gaps (stream, MAX (gaps_from (self, over), oldest), over);
    refresh (self, stream);
    regia_hls_stream_evict (stream);
  }
  return ok;
}

/* The feed is in the order of time: a track that is two whole segments behind another one is silent, whatever
 * the clock says. */
static gboolean
follow (RegiaHlsWindow *self, gint64 number, GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; i < self->streams->len; i++)
    ok = close_until (self, get_stream (self, i), number - 2, ok ? error : NULL) && ok;
  return ok;
}

gboolean
regia_hls_window_push (RegiaHlsWindow *self, RegiaPacket *packet, GError **error)
{
  g_auto (RegiaHlsSegment) done = {0};
  RegiaHlsStream *stream;
  guint64 dropped;
  gboolean ok;

  g_return_val_if_fail (self != NULL && packet != NULL, FALSE);

  if (packet->track >= self->n_tracks) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                 "HLS: the feed sent a packet of track %u, but its table has only %u tracks", packet->track,
                 self->n_tracks);
    return FALSE;
  }
  stream = find_stream_by_id (self, packet->track);
  if (stream == NULL || self->ended)
    return TRUE;

  begin_table (self, packet);
  stream->pushed = TRUE;
  dropped = regia_hls_segmenter_get_dropped (stream->segmenter);
  ok = regia_hls_segmenter_push (stream->segmenter, packet, &done, error);
  if (done.bytes != NULL) {
    publish (self, stream, &done);
    ok = follow (self, done.number, ok ? error : NULL) && ok;
  }
  if (regia_hls_segmenter_get_dropped (stream->segmenter) != dropped)
    count_dropped (self);
  return ok;
}

gboolean
regia_hls_window_advance (RegiaHlsWindow *self, gint64 show_time_ns, GError **error)
{
  gint64 over;
  gboolean ok = TRUE;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->ended)
    return TRUE;
  over = show_time_ns / self->options.segment_ns - 2; /* the newest number that ended a whole segment ago */
  for (guint i = 0; i < self->streams->len; i++) {
    RegiaHlsStream *stream = get_stream (self, i);

    if (regia_hls_stream_is_idle (stream, show_time_ns))
      ok = close_until (self, stream, over, ok ? error : NULL) && ok;
  }
  return ok;
}

gboolean
regia_hls_window_end (RegiaHlsWindow *self, GError **error)
{
  gboolean ok = TRUE;

  g_return_val_if_fail (self != NULL, FALSE);

  for (guint i = 0; i < self->streams->len; i++)
    ok = finish_stream (self, get_stream (self, i), ok ? error : NULL) && ok;
  self->ended = TRUE;
  if (self->listed)
    render_all (self);
  return ok;
}
