/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * regia_address_split:
 * @text: ADDRESS:PORT
 * @ret_host: (out) (transfer full): what stands before the last colon, with the brackets of IPv6
 * @ret_port: (out): 0 … 65535
 *
 * Returns: %FALSE, with nothing set, when there is no port, digits alone, behind a colon. Pure.
 */
gboolean regia_address_split (const char *text, char **ret_host, guint *ret_port);

/** regia_address_ip: (transfer full) (nullable): @host, an IPv4 address or an IPv6 one in brackets, without a
 * zone; no names. Pure. */
GInetAddress *regia_address_ip (const char *host);

/** regia_address_is_loopback: whether who listens at @text, ADDRESS:PORT, is reached from this machine alone.
 * Pure. */
gboolean regia_address_is_loopback (const char *text);
