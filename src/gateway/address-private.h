/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * regia_addresses:
 * @listen: as configured; @hosts: (nullable): allowed names; @port: the port in use
 *
 * Returns: (transfer full) (array zero-terminated=1): addresses to show to people, the one to give away
 * first: allowed names, then what the listen address means (every address of this machine when it is 0.0.0.0
 * or [::]). Reads the network interfaces. @https: that is what is spoken there
 */
char **regia_addresses (const char *listen, const char *const *hosts, guint port, gboolean https);

/** regia_redirect_location: (transfer full): where a request by http is sent on to: the same @host (as in its
 * Host field, with or without a port), @path ("*" becomes "/") and @query (nullable) by https at @port. Pure.
 */
char *regia_redirect_location (const char *host, const char *path, const char *query, guint port);
