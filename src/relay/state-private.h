/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** What the worker is at. */
typedef enum {
  REGIA_RELAY_WAITING, /* for the feed */
  REGIA_RELAY_CONNECTING,
  REGIA_RELAY_CONNECTED,
  REGIA_RELAY_RETRYING,
} RegiaRelayPhase;

/**
 * RegiaRelayState: what a relay knows of itself. Written by the worker, read by the main thread; the
 * functions take its lock, a leaf.
 */
typedef struct {
  GMutex lock; /* guards all of the following */
  RegiaRelayPhase phase;
  guint64 attempts; /* connections tried since the start */
  guint64 bytes;    /* of this connection */
  guint64 dropped;  /* packets, since the start */
  guint64 bps;
  gint64 connected_us; /* since when this connection works, 0 when there is none */
  gint64 progress_us;  /* when the far end last took something */
  gint64 busy_us;      /* since when a call on the network runs, 0 when none does */
  gint64 retry_us;     /* RETRYING: when the next attempt begins */
  gint64 rate_us;      /* the window in which bps is measured … */
  guint64 rate_bytes;  /* … and bytes at its beginning */
  char *last_error;    /* (owned) "" when the connection has been good for a while */
} RegiaRelayState;

void regia_relay_state_init (RegiaRelayState *self);
void regia_relay_state_clear (RegiaRelayState *self);

/** All times are g_get_monotonic_time() values, given by the caller so that these are pure but for the lock.
 */
void regia_relay_state_set_phase (RegiaRelayState *self, RegiaRelayPhase phase, gint64 now_us);
/** regia_relay_state_busy: a call on the network begins. */
void regia_relay_state_busy (RegiaRelayState *self, gint64 now_us);
/** regia_relay_state_wrote: it ended well; the connection has taken @bytes so far. */
void regia_relay_state_wrote (RegiaRelayState *self, guint64 bytes, guint64 dropped, gint64 now_us);
/** regia_relay_state_failed: it did not; @delay_ms until the next attempt. */
void regia_relay_state_failed (RegiaRelayState *self, const char *words, guint delay_ms, gint64 now_us);
/** regia_relay_state_connected_ms: how long this connection has worked. */
guint64 regia_relay_state_connected_ms (RegiaRelayState *self, gint64 now_us);
/** regia_relay_state_busy_ms: how long the running call on the network takes already. */
guint64 regia_relay_state_busy_ms (RegiaRelayState *self, gint64 now_us);

/** regia_relay_state_get: idle, connecting, live, stalled or retrying: `live` only when bytes left within the
 * last 2 s. Static. */
const char *regia_relay_state_get (RegiaRelayState *self, gint64 now_us);
/** regia_relay_state_to_variant: a floating a{sv} as in control/org.regia.control.xml. */
GVariant *regia_relay_state_to_variant (RegiaRelayState *self, const char *name, const char *kind,
                                        gint64 now_us);
