/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/log.h"

/*
 * What goes over feed.sock. Both ends are the same program on the same machine, so integers are in host
 * order; the magic changes with the layout, so that a reader of another version is refused in words.
 *
 *   reader → server   one RegiaFeedRequest, then `patterns_bytes` bytes: wanted tracks, names or globs, each
 * ended by '\n' server → reader   messages: RegiaFeedHeader, then `size` bytes
 *
 * After the request the reader only reads; last it may write the one byte REGIA_FEED_SAFE: what it was given
 * is on disk, and the server's memory is not needed for its sake.
 */
#define REGIA_FEED_MAGIC              0x52474602u /* "RGF" and the version */
#define REGIA_FEED_PATTERNS_MAX_BYTES 4096u
#define REGIA_FEED_SAFE               'S'
#define REGIA_FEED_HELLO_MAX_BYTES    (1u << 20)

typedef struct {
  guint32 magic;
  guint32 from; /* RegiaFeedFrom */
  guint64 generation, seq;
  guint32 patterns_bytes;
  guint32 reserved;
} RegiaFeedRequest;

typedef enum {
  REGIA_FEED_MESSAGE_HELLO = 1,  /* size bytes: a serialised track table; seq: the generation */
  REGIA_FEED_MESSAGE_PACKET = 2, /* size bytes: the payload */
  REGIA_FEED_MESSAGE_GAP = 3,    /* pts_ns … dts_ns: from … to */
  REGIA_FEED_MESSAGE_END = 4,
} RegiaFeedMessage;

typedef struct {
  guint32 magic;
  guint32 type;
  guint32 size;
  guint32 track;
  guint64 seq;
  gint64 pts_ns, dts_ns, duration_ns;
  guint32 flags;
  guint32 reserved;
} RegiaFeedHeader;

G_STATIC_ASSERT (sizeof (RegiaFeedRequest) == 32);
G_STATIC_ASSERT (sizeof (RegiaFeedHeader) == 56);

/** The table as bytes, and back; the reverse checks everything and gives REGIA_ERROR_PROTOCOL. Pure. */
GBytes *regia_feed_tracks_to_bytes (GPtrArray *tracks);
GPtrArray *regia_feed_tracks_from_bytes (GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Bit i set when track i matches one of the '\n'-ended patterns; all tracks when there is no pattern. Pure.
 */
guint64 regia_feed_tracks_mask (GPtrArray *tracks, const char *patterns, gsize length);

/** Checks a header read from the socket: magic, type, sizes. Pure. */
gboolean regia_feed_header_check (const RegiaFeedHeader *header, GError **error) G_GNUC_WARN_UNUSED_RESULT;
