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
  const char *listen_key;             /* see regia_listen(): its @key */
  const char *listen;                 /* see regia_listen() */
  const char *const *hosts;           /* (nullable): see regia_hosts_new() */
  const char *const *trusted_proxies; /* (nullable): see regia_proxies_new() */
  RegiaArena *arena;          /* (nullable) (transfer none): where bodies may lie; outlives the server */
  const RegiaBodyRule *rules; /* (nullable) ends with a path of NULL; static */
  RegiaAnswerFunc answer;     /* what lies ready */
  RegiaHttpHandlersFunc add_handlers; /* everything else */
  gpointer user_data;                 /* of both */
  guint threads;
  RegiaTlsSlot *tls; /* (transfer none) (nullable): https, with the context that is in it by then; must
                        outlive the server. %NULL: http */
  const char *redirect_listen; /* (nullable): with tls: a second address, which sends on to https */
  RegiaLimits limits;          /* max_connections is lowered to what the descriptor limit allows */
} RegiaServerOptions;

/** regia_server_new: opens the sockets; nothing is accepted yet. Starts no thread and leaves no socket to
 * be made later, so that the process can be isolated before regia_server_start() starts its threads. Errors:
 * as regia_listen(). */
RegiaServer *regia_server_new (const RegiaServerOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean regia_server_start (RegiaServer *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * regia_server_stop:
 * @self: (transfer full)
 * @drain_ms: how long answers on their way may take
 * @stopped: (nullable): called in the default main context when nothing of the server is left
 *
 * Accepts no more, and returns at once: what has to be waited for, a thread of its own waits for.
 */
void regia_server_stop (RegiaServer *self, guint drain_ms, GSourceFunc stopped, gpointer user_data);
/** regia_server_free: for one that was not started, or whose end may be waited for: no answer is. */
void regia_server_free (RegiaServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaServer, regia_server_free)

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
