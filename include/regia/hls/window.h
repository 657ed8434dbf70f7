/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/base/clock.h"
#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * RegiaHlsWindow: turns the feed into what HLS viewers ask for (RFC 8216): the multivariant playlist, a media
 * playlist and an init segment for each track, and the last segments. No sockets, no threads of its own.
 *
 * One thread (the gateway's feed thread) writes; any number of threads look resources up. One lock, a leaf; a
 * lookup takes a reference and lets go. A playlist is rendered once per segment and shared by every request.
 *
 * Media sequence number = show time / segment duration. A segment number for which nothing was encoded is
 * listed with EXT-X-GAP.
 *
 * Paths: `index.m3u8`; for each track `video/720p/index.m3u8`, `video/720p/init-<hash>.mp4`,
 * `video/720p/<msn>.m4s`, `audio/it/index.m3u8` … (in addresses these stand behind the show's id, which is
 * taken off before they are looked up). %REGIA_HLS_ABOVE is index.m3u8 once more, for the folder above.
 * index.m3u8 and the playlists appear together, when every track has a segment; from then on each track's
 * list grows by itself.
 *
 * Room for LL-HLS: parts will be <msn>.<part>.m4s, blocking reload a decision function beside the lookup.
 */
typedef struct _RegiaHlsWindow RegiaHlsWindow;

/** The multivariant playlist for an address without the show in it: it names what is the show's below SHOW/.
 * Only where there is a show. */
#define REGIA_HLS_ABOVE "../index.m3u8"

typedef struct {
  gint64 segment_ns;    /* target duration, for example 2 s */
  guint segments;       /* how many are listed */
  guint segments_kept;  /* how many can still be fetched (≥ segments + 3) */
  RegiaEpoch epoch;     /* for EXT-X-PROGRAM-DATE-TIME */
  gboolean sound_alone; /* is offered as a variant by itself */
  const char *show; /* (nullable): whose paths these are: each show counts from 0, and caches keep what they
                       have */
  /* (nullable): gives init and media segments a place of their own: (transfer full) what is published instead
     of @bytes, with the same content. The writer's thread. */
  GBytes *(*keep) (GBytes *bytes, gpointer user_data);
  gpointer keep_data;
} RegiaHlsOptions;

/** How long a cache may keep an answer. */
typedef enum {
  REGIA_HLS_PLAYLIST, /* changes with each segment: max-age a fraction of the target duration */
  REGIA_HLS_MASTER,
  REGIA_HLS_MEDIA, /* init and media segments: immutable */
} RegiaHlsKind;

/** An answer: shared, immutable. */
typedef struct {
  GBytes *bytes;            /* (owned) */
  const char *content_type; /* static */
  RegiaHlsKind kind;
  char etag[40]; /* quoted, ready for the header */
} RegiaHlsResource;

void regia_hls_resource_clear (RegiaHlsResource *resource);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaHlsResource, regia_hls_resource_clear)

typedef enum {
  REGIA_HLS_FOUND,
  REGIA_HLS_NOT_YET,   /* the event has begun but there is nothing to play yet, or the segment lies in the
                          future: 404, short cache */
  REGIA_HLS_GONE,      /* has left the window: 404 */
  REGIA_HLS_NOT_FOUND, /* no such name */
} RegiaHlsFound;

typedef struct {
  guint64 segments;     /* made since start */
  gint64 newest_end_ns; /* show time of the end of the newest complete segment, 0 before the first */
  guint64 bytes;        /* held */
  guint64 dropped;      /* packets that could not be used: late, time not rising, before the first keyframe */
} RegiaHlsStats;

RegiaHlsWindow *regia_hls_window_new (const RegiaHlsOptions *options);
void regia_hls_window_free (RegiaHlsWindow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHlsWindow, regia_hls_window_free)

/* The writer's side, one thread. */

/** A generation's table, before its packets. Tracks with the same name and parameters go on; changed
 * parameters get a new init segment (EXT-X-MAP) and EXT-X-DISCONTINUITY at the next number, on all tracks
 * alike (players match discontinuities across renditions). H.264 and AAC tracks are used, others ignored.
 * When the table's first packet is not the first of its generation (seq 0), each track begins at the next
 * number of which nothing is missing. On failure nothing has changed. */
gboolean regia_hls_window_set_tracks (RegiaHlsWindow *self, GPtrArray *tracks,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Packets of the present table in dts order per track. A segment is published when a packet of the next
 * number arrives on its track, at the latest when another track is two segments ahead. Packets that cannot be
 * used are dropped and counted, which is no error; errors: a track that is not in the table
 * (REGIA_ERROR_PROTOCOL), the muxer; the window stays usable. */
gboolean regia_hls_window_push (RegiaHlsWindow *self, RegiaPacket *packet,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Show time goes on although no packets come (engine away): publishes what is open and lists gaps up to
 * @show_time_ns − 1 segment. For calling now and then (each half segment or oftener) while the feed has
 * nothing to give; does nothing on a track that was given a packet since the call before, however late its
 * packets are, so a slow encoder is not taken for a dead one. */
gboolean regia_hls_window_advance (RegiaHlsWindow *self, gint64 show_time_ns,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** The event is over: publishes what is open and adds EXT-X-ENDLIST. set_tracks() takes it up again. */
gboolean regia_hls_window_end (RegiaHlsWindow *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The readers' side, any thread. */

/** regia_hls_window_lookup: @path as above, already checked to be of safe characters; @ret_resource filled on
 * FOUND. */
RegiaHlsFound regia_hls_window_lookup (RegiaHlsWindow *self, const char *path,
                                       RegiaHlsResource *ret_resource);
void regia_hls_window_get_stats (RegiaHlsWindow *self, RegiaHlsStats *ret_stats);
