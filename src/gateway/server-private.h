/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "http-private.h"
#include "limits-private.h"
#include "wire-private.h"

/**
 * RegiaServer: listen sockets and worker threads: the whole HTTP side without knowing what is served. Made,
 * started and stopped on one thread (the main thread).
 */
typedef struct _RegiaServer RegiaServer;

typedef struct {
  const char *listen;                 /* see regia_listen() */
  const char *const *hosts;           /* (nullable): see regia_hosts_new() */
  const char *const *trusted_proxies; /* (nullable): see regia_proxies_new() */
  guint threads;
  RegiaLimits limits; /* max_connections is lowered to what the descriptor limit allows */
} RegiaServerOptions;

/** regia_server_new: opens the sockets; nothing is accepted yet. Starts no thread and leaves no socket to
 * be made later, so that the process can be isolated before regia_server_start() starts its threads. Errors:
 * as regia_listen(). */
RegiaServer *regia_server_new (const RegiaServerOptions *options, RegiaHttpAnswerFunc answer,
                               gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean regia_server_start (RegiaServer *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_server_free: accepts no more, gives answers on their way up to @drain_ms (regia_server_set_drain),
 * closes, joins. */
void regia_server_free (RegiaServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaServer, regia_server_free)
/** How long regia_server_free() waits for answers on their way; default 1000 ms. */
void regia_server_set_drain (RegiaServer *self, guint drain_ms);

/** regia_server_get_port: the port listened on. */
guint regia_server_get_port (RegiaServer *self);

/** regia_server_is_healthy: %FALSE when a worker's main context has not ticked for @limit_ms. @ret_why: (out)
 * (transfer full): in words */
gboolean regia_server_is_healthy (RegiaServer *self, guint limit_ms, char **ret_why);

typedef struct {
  RegiaWireStats wire;
  guint connections;
} RegiaServerStats;

void regia_server_get_stats (RegiaServer *self, RegiaServerStats *ret_stats);
