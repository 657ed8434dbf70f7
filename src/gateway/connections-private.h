/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "proxies-private.h"

/**
 * RegiaConnections: who is in: the connections of all workers, counted together and by address, and in which
 * order they go when all places are taken: first those that never asked for anything whole, the longest here
 * first; then the idle ones, the longest idle first. Whoever is being served stays.
 *
 * Any thread; one lock, a leaf (shutdown(2) is called while it is held). Each guest is one worker's.
 */
typedef struct _RegiaConnections RegiaConnections;

/** One connection's place, part of the connection. All fields are the table's. */
typedef struct {
  GList link;    /* in one of the lists */
  GQueue *queue; /* (nullable) (unowned): the list it is in; NULL: being served */
  int fd;
  RegiaPeer peer;
  gboolean is_in;    /* counted among all */
  gboolean has_peer; /* counted under its address; connections of trusted proxies are not */
} RegiaGuest;

typedef enum {
  REGIA_ADMISSION_IN,
  REGIA_ADMISSION_FULL,         /* and everybody is being served */
  REGIA_ADMISSION_FULL_ADDRESS, /* its address has its share */
} RegiaAdmission;

RegiaConnections *regia_connections_new (guint max_connections, guint max_connections_per_address);
void regia_connections_free (RegiaConnections *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConnections, regia_connections_free)

/**
 * regia_connections_enter:
 * @guest: zeroed; in place until regia_connections_leave()
 * @peer: (nullable): its address; NULL for a trusted proxy's, which speaks for many
 * @fd: its socket; shut down when it has to make room, which its worker then sees as its end
 * @ret_shut: (out): whether somebody else had to go for it
 */
RegiaAdmission regia_connections_enter (RegiaConnections *self, RegiaGuest *guest, const RegiaPeer *peer,
                                        int fd, gboolean *ret_shut);
/** regia_connections_serve: it asked for something: it stays until regia_connections_rest(). */
void regia_connections_serve (RegiaConnections *self, RegiaGuest *guest);
/** regia_connections_rest: its answer is complete; idle from now on. */
void regia_connections_rest (RegiaConnections *self, RegiaGuest *guest);
/** regia_connections_linger: refused; the first to go. */
void regia_connections_linger (RegiaConnections *self, RegiaGuest *guest);
/** regia_connections_leave: before its socket is closed. Harmless when it never was in. */
void regia_connections_leave (RegiaConnections *self, RegiaGuest *guest);

/** regia_connections_begin: a request of @peer came through a trusted proxy: it counts among the connections
 * of that address until regia_connections_end(). Returns: %FALSE, not counted, when the address has its
 * share. */
gboolean regia_connections_begin (RegiaConnections *self, const RegiaPeer *peer);
void regia_connections_end (RegiaConnections *self, const RegiaPeer *peer);

guint regia_connections_count (RegiaConnections *self);
