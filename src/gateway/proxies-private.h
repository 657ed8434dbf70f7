/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/socket.h>

/** One address as connections are counted by: IPv4 as ::ffff:a.b.c.d, IPv6 by its first 64 bits. */
typedef struct {
  guint8 bytes[16];
} RegiaPeer;

/** regia_peer_from_sockaddr: pure; other families become ::. */
void regia_peer_from_sockaddr (const struct sockaddr *address, RegiaPeer *ret_peer);

/**
 * RegiaProxies: the web servers in front of this one, whose word about the viewer's address is taken.
 * Immutable once made; any thread.
 */
typedef struct _RegiaProxies RegiaProxies;

/** regia_proxies_new: @networks: (nullable) (array zero-terminated=1): `A.B.C.D`, `A.B.C.D/N`, `V6`, `V6/N`;
 * what is none of these is passed over (the event file's check has named it). */
RegiaProxies *regia_proxies_new (const char *const *networks);
void regia_proxies_free (RegiaProxies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaProxies, regia_proxies_free)

/** regia_proxies_trust: whether a connection from @address comes from one of them. */
gboolean regia_proxies_trust (const RegiaProxies *self, const struct sockaddr *address);

/**
 * regia_proxies_client:
 * @forwarded: (nullable): the value of X-Forwarded-For: addresses separated by commas, the one that the
 * nearest proxy saw last; each may have a port
 * @ret_peer: (out): whom the request came from
 *
 * The last address that is not a proxy of ours: what stands before it anybody may have written. Returns:
 * %FALSE, with nothing set, when that is not an address. Pure.
 */
gboolean regia_proxies_client (const RegiaProxies *self, const char *forwarded, RegiaPeer *ret_peer);
