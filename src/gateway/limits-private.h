/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** How much strangers may take, and how long they may take for it. A plain value. */
typedef struct {
  guint max_connections;             /* of all workers together */
  guint max_connections_per_address; /* an IPv6 network of 64 bits counts as one address */
  guint max_requests;                /* on one connection */
  guint handshake_ms;                /* of TLS, from the accept */
  guint head_ms;                     /* from the first byte of a request (or the accept) to its empty line */
  guint idle_ms;                     /* between requests */
  guint progress_ms;    /* without a byte taken by the client, when memory for answers is spent */
  guint stalled_ms;     /* the same when it is not: a paused video reads nothing */
  guint linger_ms;      /* after a refusal, for the client to read it */
  guint64 budget_bytes; /* of memory for answers on their way, of all workers together */
} RegiaLimits;

/** regia_limits_default: 2000 connections, 500 an address, 1000 requests, 5 s, 5 s, 30 s, 10 s, 120 s, 1 s,
 * 128 MiB.
 */
void regia_limits_default (RegiaLimits *ret_limits);

/** regia_raise_descriptors: as many descriptors as allowed, at most @wanted. Returns: how many there may be.
 */
guint regia_raise_descriptors (guint wanted);
