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

/** regia_raise_descriptors: as many descriptors as allowed, at most @wanted. Returns: how many there may be.
 */
guint regia_raise_descriptors (guint wanted);

/** One address as connections are counted by: IPv4 as ::ffff:a.b.c.d, IPv6 by its first 64 bits. */
typedef struct {
  guint8 bytes[16];
} RegiaPeer;

/** regia_peer_from_sockaddr: pure; other families become ::. */
void regia_peer_from_sockaddr (const struct sockaddr *address, RegiaPeer *ret_peer);

/**
 * RegiaClientCount: the connections of all workers, counted. Any thread; one lock, a leaf.
 */
typedef struct _RegiaClientCount RegiaClientCount;

typedef enum {
  REGIA_ADMISSION_IN,
  REGIA_ADMISSION_FULL,         /* max_connections reached */
  REGIA_ADMISSION_FULL_ADDRESS, /* max_connections_per_address reached */
} RegiaAdmission;

RegiaClientCount *regia_client_count_new (guint max_connections, guint max_connections_per_address);
void regia_client_count_free (RegiaClientCount *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaClientCount, regia_client_count_free)

/** regia_client_count_enter: counts a connection in; only after %REGIA_ADMISSION_IN must
 * regia_client_count_leave() follow.
 */
RegiaAdmission regia_client_count_enter (RegiaClientCount *self, const RegiaPeer *peer);
void regia_client_count_leave (RegiaClientCount *self, const RegiaPeer *peer);
guint regia_client_count_count (RegiaClientCount *self);
