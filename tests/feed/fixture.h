/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "pair.h"
#include "regia/base/clock.h"
#include "regia/feed/client.h"
#include "regia/feed/server.h"

#define FRAME_NS (40 * REGIA_MSECOND)

/** An engine, and the links of its readers, which are handed over anew to each engine. */
typedef struct {
  RegiaFeedLog *log;
  RegiaFeedServer *server;
  GPtrArray *links; /* (owned) (element-type RegiaFeedLink) */
  GArray *rights;   /* (owned) (element-type RegiaFeedRights): of each */
  gint poured;      /* atomic */
} Fixture;

void set_up (Fixture *f, gconstpointer data);
void tear_down (Fixture *f, gconstpointer data);
/** engine_start: a new log and a server for it; all readers are handed over. */
void engine_start (Fixture *f, guint64 generation, gint64 span_ns);
void engine_stop (Fixture *f);
/** server_start: a new server for the log that is there; all readers are handed over. */
void server_start (Fixture *f);
/** reader_new: (transfer none): a further reader's link, handed over. */
RegiaFeedLink *reader_new (Fixture *f, RegiaFeedRights rights);

/** Four tracks: video/720p, video/360p, audio/it, audio/it/opus. */
GPtrArray *make_tracks (void);
/** append_frame: one packet of each track for frame @n; keyframes each 50; a payload that can be checked. */
void append_frame (RegiaFeedLog *log, guint n, gsize size);
/** next: the next event, which must be of @type. */
void next (RegiaFeedClient *client, RegiaFeedEvent *event, RegiaFeedEventType type);
void assert_payload (const RegiaPacket *packet, gsize size);
