/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/base/backoff.h"
#include "regia/base/clock.h"
#include "regia/config/config.h"
#include "regia/feed/link.h"

/**
 * RegiaRelayWorker: the thread that pushes the feed to one destination. Everything here may be called from
 * any thread but the worker's own.
 */
typedef struct _RegiaRelayWorker RegiaRelayWorker;

/** What a worker needs to know. A plain value, copied; `relay` must outlive the worker. */
typedef struct {
  const RegiaConfigRelay *relay; /* (borrowed) */
  const char *key;               /* (nullable): stream key or passphrase; copied, wiped with the worker */
  const char *key_error;         /* (nullable): why there is none though the event names one; copied */
  const char *video;             /* track names, for example video/720p … */
  const char *audio;             /* … and audio/it */
  RegiaFeedLink *feed;           /* a reference is taken; no other client may be on it */
  RegiaEpoch epoch;
  guint timeout_ms;     /* longest a call on the network may take */
  RegiaBackoff backoff; /* between attempts … */
  guint rejected_ms; /* … but this long after the far end said no: asking often does not help, and may get us
                        banned */
} RegiaRelayWorkerSetup;

/** regia_relay_worker_setup: the usual times, for @relay. */
void regia_relay_worker_setup (RegiaRelayWorkerSetup *ret_setup, const RegiaConfigRelay *relay);

/** regia_relay_worker_new: starts at once. @done_cb (nullable) is called on the worker's thread as the last
 * thing it does. */
RegiaRelayWorker *regia_relay_worker_new (const RegiaRelayWorkerSetup *setup, void (*done_cb) (gpointer),
                                          gpointer done_data);

/** regia_relay_worker_set_key: another one is used from the next attempt on. Both as in the setup. */
void regia_relay_worker_set_key (RegiaRelayWorker *self, const char *key, const char *key_error);

/** regia_relay_worker_stop: ends the thread: @finish: after what the feed still has, at most 0.8 s of it;
 * otherwise at once. May be called again, to be less patient. Does not wait. */
void regia_relay_worker_stop (RegiaRelayWorker *self, gboolean finish);

/** regia_relay_worker_get_state: a floating a{sv}: "Process.State of relay" in control/org.regia.control.xml.
 */
GVariant *regia_relay_worker_get_state (RegiaRelayWorker *self);

/** regia_relay_worker_is_healthy: %FALSE when the thread is stuck in something that its deadlines do not
 * bound (the resolver).
 * @ret_why: (out) (transfer full) */
gboolean regia_relay_worker_is_healthy (RegiaRelayWorker *self, char **ret_why);

/** Stops and waits for the thread. Accepts NULL. */
void regia_relay_worker_free (RegiaRelayWorker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaRelayWorker, regia_relay_worker_free)
