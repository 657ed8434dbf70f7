/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/log.h"

/*
 * What goes over a reader's socket pair. Both ends are the same program on the same machine, so integers are
 * in host order; the magic changes with the layout, so that a reader of another version is refused in words.
 *
 *   reader → server   RegiaFeedRequest, then `patterns_bytes` bytes: with START the wanted tracks, names or
 *                     globs, each ended by '\n'
 *   server → reader   messages: RegiaFeedHeader, then `size` bytes
 *
 * A START may follow another at any time. Each message carries the number of the START that it answers, so
 * that what was on its way for an earlier one is passed over. The first answer is HELLO, at once, then TRACKS
 * as soon as the tracks are known.
 */
#define REGIA_FEED_MAGIC              0x52474603u /* "RGF" and the version */
#define REGIA_FEED_PATTERNS_MAX_BYTES 4096u
#define REGIA_FEED_TRACKS_MAX_BYTES   (1u << 20)

typedef enum {
  REGIA_FEED_REQUEST_START = 1,
  REGIA_FEED_REQUEST_STOP = 2, /* nobody reads at present; nothing more is sent until the next START */
  REGIA_FEED_REQUEST_SAFE = 3, /* what was given is on disk, and the server's memory is not needed for it */
} RegiaFeedRequestType;

typedef struct {
  guint32 magic;
  guint32 type;   /* RegiaFeedRequestType; of the others everything else is 0 */
  guint32 number; /* of this START */
  guint32 from;   /* RegiaFeedFrom */
  guint64 generation, seq;
  guint32 patterns_bytes;
  guint32 reserved;
} RegiaFeedRequest;

typedef enum {
  REGIA_FEED_MESSAGE_HELLO = 1,  /* seq: the generation */
  REGIA_FEED_MESSAGE_TRACKS = 2, /* size bytes: a serialised track table, of the packets that follow */
  REGIA_FEED_MESSAGE_PACKET = 3, /* size bytes: the payload */
  REGIA_FEED_MESSAGE_GAP = 4,    /* pts_ns … dts_ns: from … to */
  REGIA_FEED_MESSAGE_END = 5,
} RegiaFeedMessage;

typedef struct {
  guint32 magic;
  guint32 type;
  guint32 size;
  guint32 track;
  guint64 seq;
  gint64 pts_ns, dts_ns, duration_ns;
  guint32 flags;
  guint32 request; /* number of the START that this answers */
} RegiaFeedHeader;

G_STATIC_ASSERT (sizeof (RegiaFeedRequest) == 40);
G_STATIC_ASSERT (sizeof (RegiaFeedHeader) == 56);

/** The table as bytes, and back; the reverse checks everything and gives REGIA_ERROR_PROTOCOL. Pure.
 * @shown: bit i set for track i: of the others nothing is told but that there is one, called
 * %REGIA_FEED_WITHHELD_NAME: ids are places in the table */
#define REGIA_FEED_WITHHELD_NAME "withheld"
GBytes *regia_feed_tracks_to_bytes (GPtrArray *tracks, guint64 shown);
GPtrArray *regia_feed_tracks_from_bytes (GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Bit i set when track i matches one of the '\n'-ended patterns; all tracks when there is no pattern. Pure.
 */
guint64 regia_feed_tracks_mask (GPtrArray *tracks, const char *patterns, gsize length);

/** Checks a header read from the socket: magic, type, sizes. Pure. */
gboolean regia_feed_header_check (const RegiaFeedHeader *header, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Checks a request's fixed part as it came from a reader: magic, type, sizes. Pure. */
gboolean regia_feed_request_check (const RegiaFeedRequest *request) G_GNUC_WARN_UNUSED_RESULT;
