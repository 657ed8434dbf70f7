/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/socket.h>

/** How much strangers may take, and how long they may take for it. A plain value. */
typedef struct {
  guint max_connections;             /* of all workers together */
  guint max_connections_per_address; /* an IPv6 network of 64 bits counts as one address */
  guint max_requests;                /* on one connection */
  guint head_ms;                     /* from the first byte of a request (or the accept) to its empty line */
  guint idle_ms;                     /* between requests */
  guint progress_ms;                 /* in an answer without a byte taken by the client */
  guint linger_ms;                   /* after a refusal, for the client to read it */
} RegiaLimits;

/** regia_limits_default: 2000 connections, 500 an address, 1000 requests, 5 s, 30 s, 10 s, 1 s. */
void regia_limits_default (RegiaLimits *ret_limits);

/** One address as connections are counted by: IPv4 as ::ffff:a.b.c.d, IPv6 by its first 64 bits. */
typedef struct {
  guint8 bytes[16];
} RegiaPeer;

/** regia_peer_from_sockaddr: pure; other families become ::. */
void regia_peer_from_sockaddr (const struct sockaddr *address, RegiaPeer *ret_peer);

/**
 * RegiaCensus: the connections of all workers, counted. Any thread; one lock, a leaf.
 */
typedef struct _RegiaCensus RegiaCensus;

typedef enum {
  REGIA_CENSUS_IN,
  REGIA_CENSUS_FULL,         /* max_connections reached */
  REGIA_CENSUS_FULL_ADDRESS, /* max_connections_per_address reached */
} RegiaCensusVerdict;

RegiaCensus *regia_census_new (guint max_connections, guint max_connections_per_address);
void regia_census_free (RegiaCensus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaCensus, regia_census_free)

/** regia_census_enter: counts a connection in; only after %REGIA_CENSUS_IN must regia_census_leave() follow.
 */
RegiaCensusVerdict regia_census_enter (RegiaCensus *self, const RegiaPeer *peer);
void regia_census_leave (RegiaCensus *self, const RegiaPeer *peer);
guint regia_census_count (RegiaCensus *self);
