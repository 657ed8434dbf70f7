/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-hls"

#include "regia/hls/window.h"

#include <string.h>

#include "list-private.h"
#include "regia/base/error.h"
#include "regia/hls/playlist.h"
#include "segmenter-private.h"
#include "shelf-private.h"

/*
 * RegiaHlsWindow: the writer's side of HLS. For each H.264 or AAC track it holds a Stream: a segmenter, which
 * turns packets into numbered segments, and the list of the last numbers. What viewers can fetch lies on the
 * shelf, the only thing that other threads touch.
 *
 * One list a track, not one for all: a segment is listed as soon as its own track has it, so that one track
 * which is stuck holds nobody up. Tracks flow in step (each is cut by the first packet behind the same
 * boundary), so lists differ for milliseconds, and a player that finds video n before audio n plays what it
 * has buffered meanwhile. Only at the beginning all wait for each other, and begin with the same number: so a
 * player never meets an empty list. A track that stays silent gets gaps from advance() and is thereby in step
 * again.
 *
 * Gaps at the beginning of a list are left out, since players must not start there; thus a pause longer than
 * the window begins a new window. While the list holds nothing but gaps they are listed, so that players that
 * are waiting see the time go on.
 *
 * Discontinuities belong to the window, not to a track: players match them across renditions by their count.
 *
 * Life cycle: new(); set_tracks() for each generation, push() and advance() in any order, end(); free() when
 * no thread looks up any more. Threads: the one that writes; lookup() and get_stats() go straight to the
 * shelf, from any thread.
 */

/* x264 with a VBV of its bit rate overshoots a little; a segment that is above it raises BANDWIDTH for good.
 */
#define PEAK_PERCENT 125

/* A table's first packet has a seq below this when the reader is there from the beginning: unwanted tracks
 * may have begun before it. */
#define FIRST_PACKETS REGIA_TRACKS_MAX

/* One track. Lives as long as tables have a track of its name. */
typedef struct {
  RegiaTrack *track;            /* (owned): of the present table */
  RegiaHlsSegmenter *segmenter; /* (owned) */
  char *map;                    /* (owned): file name of the present init segment */
  RegiaHlsList *list;           /* (owned): the last segments_kept numbers */
  gboolean pushed;              /* a packet since the last advance() */
  gint64 idle_since_ns;         /* show time of the first advance() without one, −1 not idle */
  gboolean offered;             /* named in the multivariant playlist */
  guint64 peak_bps;
  guint64 dropped; /* by segmenters that were replaced */
} Stream;

struct _RegiaHlsWindow {
  RegiaHlsOptions options;
  RegiaHlsShelf *shelf; /* (owned) */
  GPtrArray *streams;   /* (owned) (element-type Stream): in the order of the table */
  guint n_tracks;       /* of the present table */
  gboolean begun;       /* the present table has had a packet */
  gboolean listed;      /* playlists are out … */
  gint64 listed_from;   /* … and begin here or later */
  GArray *breaks;       /* (owned) (element-type gint64): numbers before which parameters change, rising */
  guint64 breaks_gone;  /* older ones, no longer in @breaks */
  gboolean ended;
};

static void
stream_free (gpointer data)
{
  Stream *stream = data;

  g_clear_pointer (&stream->list, regia_hls_list_free);
  g_clear_pointer (&stream->segmenter, regia_hls_segmenter_free);
  g_clear_pointer (&stream->track, regia_track_unref);
  g_free (stream->map);
  g_free (stream);
}

static Stream *
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
  self->options.segments_kept = MAX (options->segments_kept, options->segments + 3);
  self->shelf = regia_hls_shelf_new ();
  self->streams = g_ptr_array_new_with_free_func (stream_free);
  self->breaks = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

void
regia_hls_window_free (RegiaHlsWindow *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->streams);
  g_array_unref (self->breaks);
  regia_hls_shelf_free (self->shelf);
  g_free (self);
}

RegiaHlsFound
regia_hls_window_lookup (RegiaHlsWindow *self, const char *path, RegiaHlsResource *ret_resource)
{
  g_return_val_if_fail (self != NULL && path != NULL && ret_resource != NULL, REGIA_HLS_NOT_FOUND);
  return regia_hls_shelf_lookup (self->shelf, path, ret_resource);
}

void
regia_hls_window_get_stats (RegiaHlsWindow *self, RegiaHlsStats *ret_stats)
{
  g_return_if_fail (self != NULL && ret_stats != NULL);
  regia_hls_shelf_get_stats (self->shelf, ret_stats);
}

/* Playlists */

static void
shelve_text (RegiaHlsWindow *self, const char *path, char *text, RegiaHlsKind kind)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  regia_hls_shelf_put (self->shelf, path, bytes, "application/vnd.apple.mpegurl", kind);
}

static void
render_multivariant (RegiaHlsWindow *self)
{
  g_autofree RegiaHlsRendition *renditions = g_new0 (RegiaHlsRendition, self->streams->len);
  gsize n = 0;

  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = get_stream (self, i);
    RegiaHlsRendition *rendition = &renditions[n];

    if (regia_hls_list_get_first (stream->list) < 0) /* a new language: offered when it can be played */
      continue;
    rendition->track = stream->track;
    rendition->peak_bps = stream->peak_bps;
    rendition->average_bps = stream->track->bitrate_bps > 0 ? stream->track->bitrate_bps : stream->peak_bps;
    n++;
  }
  shelve_text (self, "index.m3u8", regia_hls_multivariant_playlist (renditions, n), REGIA_HLS_MASTER);
}

/* How many breaks lie before @number; @ret_at tells whether one lies at it. */
static guint64
count_breaks (RegiaHlsWindow *self, gint64 number, gboolean *ret_at)
{
  guint64 count = self->breaks_gone;

  *ret_at = FALSE;
  for (guint i = 0; i < self->breaks->len; i++) {
    gint64 at = g_array_index (self->breaks, gint64, i);

    if (at < number)
      count++;
    else if (at == number)
      *ret_at = TRUE;
  }
  return count;
}

static void
render_media (RegiaHlsWindow *self, Stream *stream)
{
  g_autofree char *path = g_strdup_printf ("%s/index.m3u8", stream->track->name);
  gint64 from = regia_hls_list_get_newest (stream->list) - self->options.segments + 1;
  gsize n = 0;
  g_autofree RegiaHlsEntry *entries =
      regia_hls_list_get_entries (stream->list, MAX (self->listed_from, from), &n);
  RegiaHlsMedia media = {
      .segment_ns = self->options.segment_ns,
      .epoch = self->options.epoch,
      .entries = entries,
      .n_entries = n,
      .ended = self->ended,
  };
  gboolean at;

  if (n == 0) /* a new language of which nothing was encoded yet */
    return;
  for (gsize i = 0; i < n; i++)
    count_breaks (self, (gint64)entries[i].number, &entries[i].discontinuity);
  media.discontinuity_sequence = count_breaks (self, (gint64)entries[0].number, &at);
  shelve_text (self, path, regia_hls_media_playlist (&media), REGIA_HLS_PLAYLIST);
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
refresh (RegiaHlsWindow *self, Stream *stream)
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

/* Lists */

static void
unshelve_segment (RegiaHlsWindow *self, Stream *stream, gint64 number)
{
  g_autofree char *path = g_strdup_printf ("%s/%" G_GINT64_FORMAT ".m4s", stream->track->name, number);

  regia_hls_shelf_remove (self->shelf, path);
}

/* Lets go of what nobody is told of any more. */
static void
evict (RegiaHlsWindow *self, Stream *stream)
{
  gint64 number;
  char *popped;

  while (regia_hls_list_pop (stream->list, &number, &popped)) {
    g_autofree char *map = popped;

    if (map == NULL)
      continue;
    unshelve_segment (self, stream, number);
    if (strcmp (map, stream->map) != 0 && !regia_hls_list_has_map (stream->list, map)) {
      g_autofree char *path = g_strdup_printf ("%s/%s", stream->track->name, map);

      regia_hls_shelf_remove (self->shelf, path);
    }
  }
}

/* Where the gaps before @number begin on a track that had nothing yet: where the others' lists do. */
static gint64
gaps_from (RegiaHlsWindow *self, gint64 number)
{
  return self->listed ? MAX (self->listed_from, number - self->options.segments + 1) : number;
}

static void
note_peak (RegiaHlsWindow *self, Stream *stream, const RegiaHlsSegment *segment)
{
  guint64 bps;

  /* RFC 8216 §4.3.4.2: only stretches of at least half a target duration count */
  if (segment->duration_ns < self->options.segment_ns / 2)
    return;
  bps = g_bytes_get_size (segment->bytes) * 8 * (guint64)REGIA_SECOND / (guint64)segment->duration_ns;
  if (bps <= stream->peak_bps)
    return;
  stream->peak_bps = bps;
  if (self->listed)
    render_multivariant (self);
}

static void
publish (RegiaHlsWindow *self, Stream *stream, const RegiaHlsSegment *segment)
{
  g_autofree char *path =
      g_strdup_printf ("%s/%" G_GINT64_FORMAT ".m4s", stream->track->name, segment->number);

  regia_hls_list_append_gaps (stream->list, gaps_from (self, segment->number), segment->number - 1);
  regia_hls_list_append (stream->list, segment->number, segment->start_ns, segment->duration_ns, stream->map);
  regia_hls_shelf_put (self->shelf, path, segment->bytes,
                       regia_track_is_video (stream->track) ? "video/mp4" : "audio/mp4", REGIA_HLS_MEDIA);
  regia_hls_shelf_set_stream (self->shelf, stream->track->name, segment->number);
  regia_hls_shelf_count_segment (self->shelf, segment->start_ns + segment->duration_ns);
  note_peak (self, stream, segment);
  refresh (self, stream);
  evict (self, stream);
}

static gboolean
finish_stream (RegiaHlsWindow *self, Stream *stream, GError **error)
{
  g_auto (RegiaHlsSegment) done = {0};
  gboolean ok = regia_hls_segmenter_finish (stream->segmenter, &done, error);

  if (done.bytes != NULL)
    publish (self, stream, &done);
  return ok;
}

/* The writer's interface */

static Stream *
find_stream (RegiaHlsWindow *self, const char *name)
{
  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = get_stream (self, i);

    if (strcmp (stream->track->name, name) == 0)
      return stream;
  }
  return NULL;
}

static Stream *
find_stream_by_id (RegiaHlsWindow *self, guint id)
{
  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = get_stream (self, i);

    if (stream->track->id == id)
      return stream;
  }
  return NULL;
}

/* The name says what is in it, so it can be kept for ever and is the same after a restart. */
static void
shelve_init (RegiaHlsWindow *self, Stream *stream)
{
  GBytes *init = regia_hls_segmenter_get_init (stream->segmenter);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, init);
  g_autofree char *path = NULL;

  g_free (stream->map);
  stream->map = g_strdup_printf ("init-%.8s.mp4", digest);
  path = g_strdup_printf ("%s/%s", stream->track->name, stream->map);
  regia_hls_shelf_put (self->shelf, path, init,
                       regia_track_is_video (stream->track) ? "video/mp4" : "audio/mp4", REGIA_HLS_MEDIA);
}

static Stream *
stream_new (RegiaHlsWindow *self, RegiaTrack *track)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->track = regia_track_ref (track);
  stream->idle_since_ns = -1;
  stream->list = regia_hls_list_new (self->options.segment_ns, self->options.segments_kept);
  stream->peak_bps = (guint64)track->bitrate_bps * PEAK_PERCENT / 100;
  return stream;
}

/* @segmenter (transfer full) from here on */
static void
stream_set_segmenter (Stream *stream, RegiaHlsSegmenter *segmenter)
{
  if (stream->segmenter != NULL)
    stream->dropped += regia_hls_segmenter_get_dropped (stream->segmenter);
  g_clear_pointer (&stream->segmenter, regia_hls_segmenter_free);
  stream->segmenter = segmenter;
}

/* The number at which all tracks go on when one of them changes its parameters: nothing has been made of it
 * yet. */
static gint64
next_break (RegiaHlsWindow *self)
{
  gint64 number = 0;

  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = get_stream (self, i);

    number = MAX (number, regia_hls_list_get_newest (stream->list) + 1);
    number = MAX (number, regia_hls_segmenter_get_open (stream->segmenter) + 1);
  }
  return number;
}

static void
add_break (RegiaHlsWindow *self, gint64 number)
{
  gint64 oldest = number;
  guint last = self->breaks->len;

  for (guint i = 0; i < self->streams->len; i++) {
    gint64 first = regia_hls_list_get_first (get_stream (self, i)->list);

    if (first >= 0)
      oldest = MIN (oldest, first);
  }
  while (self->breaks->len > 0 && g_array_index (self->breaks, gint64, 0) < oldest) {
    g_array_remove_index (self->breaks, 0);
    self->breaks_gone++;
    last--;
  }
  if (last == 0 || g_array_index (self->breaks, gint64, last - 1) != number)
    g_array_append_val (self->breaks, number);
}

/* Segmenters for those of @tracks that need a new one: fails before anything is changed. */
static GPtrArray *
make_segmenters (RegiaHlsWindow *self, GPtrArray *tracks, GError **error)
{
  g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_hls_segmenter_free);

  for (guint i = 0; i < tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (tracks, i);
    Stream *stream = find_stream (self, track->name);
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
static Stream *
take_stream (RegiaHlsWindow *self, RegiaTrack *track, RegiaHlsSegmenter *segmenter, gint64 break_at)
{
  Stream *stream = find_stream (self, track->name);
  guint index;

  if (stream == NULL) {
    stream = stream_new (self, track);
    regia_hls_shelf_set_stream (self->shelf, track->name, -1);
  } else if (g_ptr_array_find (self->streams, stream, &index)) {
    g_ptr_array_steal_index (self->streams, index);
    regia_track_unref (stream->track);
    stream->track = regia_track_ref (track);
  }
  if (segmenter != NULL) {
    if (stream->segmenter != NULL)
      regia_hls_segmenter_skip_to (segmenter, break_at - 1);
    stream_set_segmenter (stream, segmenter);
    shelve_init (self, stream);
  }
  return stream;
}

/* Ends what cannot go on, and marks the break, if a track of @tracks changes its parameters. */
static gboolean
end_changed (RegiaHlsWindow *self, GPtrArray *tracks, GPtrArray *segmenters, gint64 break_at, GError **error)
{
  gboolean changed = FALSE, ok = TRUE;

  for (guint i = 0; i < tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (tracks, i);
    Stream *stream = find_stream (self, track->name);

    if (stream == NULL || g_ptr_array_index (segmenters, i) == NULL)
      continue;
    changed = TRUE;
    ok = finish_stream (self, stream, ok ? error : NULL) && ok;
  }
  if (changed)
    add_break (self, break_at);
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
  streams = g_ptr_array_new_with_free_func (stream_free);
  for (guint i = 0; i < usable->len; i++) {
    RegiaHlsSegmenter *segmenter = g_steal_pointer (&g_ptr_array_index (segmenters, i));

    g_ptr_array_add (streams, take_stream (self, g_ptr_array_index (usable, i), segmenter, break_at));
  }
  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = get_stream (self, i);

    regia_hls_shelf_remove_stream (self->shelf, stream->track->name);
  }
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

  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = get_stream (self, i);

    dropped += stream->dropped + regia_hls_segmenter_get_dropped (stream->segmenter);
  }
  regia_hls_shelf_set_dropped (self->shelf, dropped);
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

gboolean
regia_hls_window_push (RegiaHlsWindow *self, RegiaPacket *packet, GError **error)
{
  g_auto (RegiaHlsSegment) done = {0};
  Stream *stream;
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
  if (done.bytes != NULL)
    publish (self, stream, &done);
  if (regia_hls_segmenter_get_dropped (stream->segmenter) != dropped)
    count_dropped (self);
  return ok;
}

/* The lowest number that any track has; −1 when there is none. */
static gint64
lowest_number (RegiaHlsWindow *self)
{
  gint64 lowest = -1;

  for (guint i = 0; i < self->streams->len; i++) {
    gint64 first = regia_hls_list_get_first (get_stream (self, i)->list);

    if (first >= 0 && (lowest < 0 || first < lowest))
      lowest = first;
  }
  return lowest;
}

/* Whether nothing has come for half a segment, by the clock of the advance() calls. */
static gboolean
is_idle (RegiaHlsWindow *self, Stream *stream, gint64 show_time_ns)
{
  if (stream->pushed || stream->idle_since_ns < 0) {
    stream->pushed = FALSE;
    stream->idle_since_ns = show_time_ns;
  }
  return show_time_ns - stream->idle_since_ns >= self->options.segment_ns / 2;
}

gboolean
regia_hls_window_advance (RegiaHlsWindow *self, gint64 show_time_ns, GError **error)
{
  gint64 over, lowest;
  gboolean ok = TRUE;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->ended)
    return TRUE;
  over = show_time_ns / self->options.segment_ns - 2; /* the newest number that ended a whole segment ago */
  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = get_stream (self, i);
    gint64 open = regia_hls_segmenter_get_open (stream->segmenter);

    if (!is_idle (self, stream, show_time_ns) || open > over)
      continue;
    if (open >= 0)
      ok = finish_stream (self, stream, ok ? error : NULL) && ok;
    lowest = lowest_number (self);
    if (lowest < 0 || regia_hls_list_get_newest (stream->list) >= over)
      continue;
    regia_hls_list_append_gaps (stream->list, MAX (gaps_from (self, over), lowest), over);
    regia_hls_segmenter_skip_to (stream->segmenter, over);
    regia_hls_shelf_set_stream (self->shelf, stream->track->name, over);
    refresh (self, stream);
    evict (self, stream);
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
