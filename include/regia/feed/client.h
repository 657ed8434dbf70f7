/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/feed/link.h"
#include "regia/feed/log.h"

/**
 * RegiaFeedClient: how every reader follows the feed. Blocking calls on one thread of the reader's own
 * choosing (not the main context). It reads from the link's newest connection, waits while there is none, and
 * after a loss goes on by itself where it was; the reader sees only a sequence of events.
 *
 * Order of events: TRACKS first, again for each new generation, and whenever
 * tracks have come, gone or changed (the generation is the same then, and packets from there on are of the
 * new table); then PACKET …; GAP whenever something is missing before the next packet; END when the engine
 * ended the feed in order (calling again waits for a new engine). NONE when the timeout passed: time for the
 * reader's own ticking.
 *
 * Resuming: a client that was cut off from the same generation asks for the next seq, so nothing is lost
 * while the log still holds it. A new generation is followed from its oldest packet (its first one, unless
 * the reader was away for long).
 */
typedef struct _RegiaFeedClient RegiaFeedClient;

typedef enum {
  REGIA_FEED_EVENT_NONE,
  REGIA_FEED_EVENT_TRACKS,
  REGIA_FEED_EVENT_PACKET,
  REGIA_FEED_EVENT_GAP,
  REGIA_FEED_EVENT_END,
} RegiaFeedEventType;

typedef enum {
  REGIA_FEED_GAP_OVERRUN,    /* the reader was too late: packets have left the log */
  REGIA_FEED_GAP_GENERATION, /* the engine was restarted: nothing was encoded in between */
} RegiaFeedGapReason;

typedef struct {
  RegiaFeedEventType type;
  guint64 generation;
  GPtrArray
      *tracks; /* TRACKS: (owned) (element-type RegiaTrack): all tracks of the generation, wanted or not */
  RegiaPacket *packet;           /* PACKET: (owned); packet->track indexes the generation's table */
  RegiaFeedGapReason gap_reason; /* GAP … */
  gint64 gap_from_ns,
      gap_to_ns; /* … show time: end of the last packet given (0 when none), pts of the next one */
} RegiaFeedEvent;

/** regia_feed_event_clear: drops what the event owns. Safe on a zeroed event and twice. */
void regia_feed_event_clear (RegiaFeedEvent *event);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaFeedEvent, regia_feed_event_clear)

/**
 * regia_feed_client_new:
 * @link: (transfer none): need not have a connection yet; no other client may be there
 * @tracks: (nullable) (array zero-terminated=1): names or globs (`audio/` + `*`) of wanted tracks; %NULL for
 * all
 * @from: where to begin; with %REGIA_FEED_FROM_SEQ @seq and @generation say where
 */
RegiaFeedClient *regia_feed_client_new (RegiaFeedLink *link, const char *const *tracks, RegiaFeedFrom from,
                                        guint64 generation, guint64 seq);
/**
 * regia_feed_client_set_tracks: what is read from now on; @tracks as in regia_feed_client_new(). Of those
 * that are read before and after nothing is missed; others begin where the reader is, be that a keyframe or
 * not. Same thread as next().
 */
void regia_feed_client_set_tracks (RegiaFeedClient *self, const char *const *tracks);
/** Leaves the link to the next client. */
void regia_feed_client_free (RegiaFeedClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFeedClient, regia_feed_client_free)

/**
 * regia_feed_client_next:
 * @timeout_ms: how long to wait; −1 for ever
 * @cancellable: (nullable): cancelled from any thread to make it return at once
 * @ret_event: (out caller-allocates): cleared first, then filled
 *
 * Returns: %FALSE with G_IO_ERROR_CANCELLED, or with REGIA_ERROR_PROTOCOL when the server does not speak our
 * protocol (another version); a lost connection is not an error.
 */
gboolean regia_feed_client_next (RegiaFeedClient *self, int timeout_ms, GCancellable *cancellable,
                                 RegiaFeedEvent *ret_event, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_feed_client_tell_safe: says that everything read is in safety, or that nothing will be: an engine at
 * its end waits for that (regia_feed_server_wait_safe()). Every engine that the link is connected with later
 * hears it as well, until another client begins. Same thread as next(). */
void regia_feed_client_tell_safe (RegiaFeedClient *self);

/** regia_feed_client_is_connected: whether an engine has told its tracks on the link's present connection.
 * One that is starting has not, and one that never answers (stopped, hung) neither, however long the
 * connection stands. Same thread as next(). */
gboolean regia_feed_client_is_connected (RegiaFeedClient *self);
