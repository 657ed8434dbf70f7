/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "house-private.h"
#include "limits-private.h"
#include "poller-private.h"
#include "request-private.h"

/**
 * RegiaWire: one accepted connection, between the socket and the HTTP library. It collects a head, has it
 * judged by regia_request_parse(), and only then shows the library a request: one of six fixed heads. What
 * strangers send never reaches the library's parsers. Refusals are written from here and the connection is
 * closed behind them.
 *
 * It is a GIOStream with pollable, non-blocking ends. All functions belong to the worker's thread.
 */
#define REGIA_TYPE_WIRE (regia_wire_get_type ())
G_DECLARE_FINAL_TYPE (RegiaWire, regia_wire, REGIA, WIRE, GIOStream)

typedef enum {
  REGIA_WIRE_IDLE,   /* waits for a request's first byte */
  REGIA_WIRE_HEAD,   /* a head is arriving */
  REGIA_WIRE_ANSWER, /* a request is being answered */
  REGIA_WIRE_LINGER, /* refused and half closed: waits for the client to have read why */
  REGIA_WIRE_CLOSED,
} RegiaWirePhase;

/** Counters of one worker, written by its thread only, read by any (atomically, relaxed). */
typedef struct {
  guint64 requests, refused, bytes_sent, accepted, turned_away, cut;
} RegiaWireStats;

typedef struct {
  const RegiaHosts *hosts; /* (transfer none) all of them */
  const RegiaProxies *proxies;
  const RegiaLimits *limits;
  RegiaHouse *house;
  RegiaWireStats *stats;
  RegiaPoller *poller;
  /* The wire is closed by the library, or lingers; called once. */
  void (*closed) (RegiaWire *wire, gpointer user_data);
  gpointer user_data;
} RegiaWireOwner;

/**
 * regia_wire_new:
 * @fd: (transfer full): a connected, non-blocking socket; stays the caller's when this fails
 * @remote: its far end
 * @owner: must outlive the wire
 * @ret_admission: (out): why it is not let in
 *
 * Returns: (nullable): %NULL when the house is full.
 */
RegiaWire *regia_wire_new (int fd, const struct sockaddr *remote, const RegiaWireOwner *owner,
                           RegiaAdmission *ret_admission);

/** regia_wire_get_peer: whom the present request comes from: the far end, or whom a trusted proxy speaks for.
 */
const RegiaPeer *regia_wire_get_peer (RegiaWire *self);
/** regia_wire_has_too_many: the present request came through a proxy, and its address has its share of
 * connections already: it is to be refused. */
gboolean regia_wire_has_too_many (RegiaWire *self);
RegiaWirePhase regia_wire_get_phase (RegiaWire *self);

/** regia_wire_get_request: the request that is to be answered, valid until the answer is complete. */
const RegiaRequest *regia_wire_get_request (RegiaWire *self);

/** regia_wire_is_last: the answer to the present request must carry `Connection: close`. */
gboolean regia_wire_is_last (RegiaWire *self);

/** regia_wire_is_over: the client is gone or refused; the request the library sees is the wire's own and
 * needs no answer. */
gboolean regia_wire_is_over (RegiaWire *self);

/** regia_wire_expect_body: a body follows the head that is written next, so both may leave in one packet. */
void regia_wire_expect_body (RegiaWire *self);

/** regia_wire_sweep: called some times a second: shuts the connection down when it missed a deadline; ends
 * lingering. Returns: %TRUE when it was cut. @now_us: g_get_monotonic_time(). */
gboolean regia_wire_sweep (RegiaWire *self, gint64 now_us);

/** regia_wire_shutdown: both directions; the library then closes it. */
void regia_wire_shutdown (RegiaWire *self);
