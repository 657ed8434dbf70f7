/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "server-private.h"

#include <sys/resource.h>
#include <unistd.h>

#include "accept-private.h"
#include "regia/base/thread.h"

#define DISK_THREADS 4
#define SPARE_FDS    32 /* never given to connections: files, the feed, the library */
#define TICK_MS      1000

/*
 * Worker: one thread, one main context, one listen socket, one HTTP layer. Nothing of it is touched by
 * another thread but tick_us and the acceptor's counters (atomics), and loop quitting. Born in
 * regia_server_start(), ends in regia_server_free().
 */
typedef struct {
  RegiaServer *server;
  guint number;
  int listen_fd;
  int pair[2];             /* see regia_http_pair(); −1: handed on */
  GMainContext *context;   /* (owned) */
  GMainLoop *loop;         /* (owned) */
  GThread *thread;         /* (owned) (nullable) */
  RegiaHttp *http;         /* (owned) (nullable) */
  RegiaAcceptor *acceptor; /* (owned) (nullable) */
  RegiaAcceptor *redirect; /* (owned) (nullable): the first worker's, at redirect_fd */
  RegiaWireOwner owner;
  gint64 tick_us; /* atomic */
} Worker;

struct _RegiaServer {
  RegiaLimits limits;            /* immutable once started */
  RegiaHosts *hosts;             /* (owned) immutable */
  RegiaProxies *proxies;         /* (owned) immutable */
  RegiaConnections *connections; /* (owned) */
  RegiaBudget *budget;           /* (owned) */
  RegiaDisk *disk;               /* (owned) (nullable): since the start */
  GSocketAddress *bound;         /* (owned) */
  Worker *workers;               /* (owned) (array length=threads) */
  guint threads;
  int redirect_fd;       /* −1: none */
  gint64 drain_until_us; /* set before the workers are told to end */
  RegiaServerOptions options;
  GSourceFunc stopped; /* (nullable) */
  gpointer stopped_data;
};

static gboolean
show_cb (RegiaWire *wire, gpointer data)
{
  Worker *worker = data;
  GSocketAddress *local = worker->server->bound;
  g_autoptr (GError) error = NULL;

  /* libsoup wants an address; whom a request is from, its head says where that is known. */
  if (regia_http_accept (worker->http, wire, local, local, &error))
    return TRUE;
  g_debug ("accept: %s", error->message);
  return FALSE;
}

static gboolean
tick_cb (gpointer data)
{
  Worker *worker = data;
  __atomic_store_n (&worker->tick_us, g_get_monotonic_time (), __ATOMIC_RELAXED);
  return G_SOURCE_CONTINUE;
}

static void
attach (GMainContext *context, GSource *source, GSourceFunc func, gpointer data)
{
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
}

static gpointer
worker_thread_func (gpointer data)
{
  Worker *worker = data;

  g_main_context_push_thread_default (worker->context);
  g_main_loop_run (worker->loop);
  g_main_context_pop_thread_default (worker->context);
  return NULL;
}

/* What is spent on connections must leave descriptors for the rest of the process. */
static guint
affordable_connections (guint wanted)
{
  struct rlimit limit;
  guint used = SPARE_FDS + 32;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
      limit.rlim_cur >= wanted + used)
    return wanted;
  return limit.rlim_cur > used ? (guint)limit.rlim_cur - used : 1;
}

RegiaServer *
regia_server_new (const RegiaServerOptions *options, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  g_autoptr (RegiaServer) self = g_new0 (RegiaServer, 1);
  g_autofree int *fds = g_new0 (int, options->threads);

  self->limits = options->limits;
  self->options = *options;
  self->options.listen = NULL; /* the caller's, and not needed any more */
  self->options.redirect_listen = NULL;
  self->options.hosts = self->options.trusted_proxies = NULL;
  self->redirect_fd = -1;
  if (!regia_listen (options->listen_key, options->listen, options->threads, fds, &self->bound, error))
    return NULL;
  self->threads = options->threads;
  self->workers = g_new0 (Worker, self->threads);
  for (guint i = 0; i < self->threads; i++) {
    Worker *worker = &self->workers[i];
    worker->server = self;
    worker->number = i;
    worker->listen_fd = fds[i];
    worker->pair[0] = worker->pair[1] = -1;
    worker->context = g_main_context_new ();
    worker->loop = g_main_loop_new (worker->context, FALSE);
  }
  for (guint i = 0; i < self->threads; i++)
    if (!regia_http_pair (self->workers[i].pair, error))
      return NULL;
  if (options->redirect_listen != NULL) {
    g_autoptr (GSocketAddress) bound = NULL;
    int fd;

    if (!regia_listen ("[web] redirect_listen", options->redirect_listen, 1, &fd, &bound, error))
      return NULL;
    self->redirect_fd = fd;
  }
  self->hosts = regia_hosts_new (options->hosts, options->listen);
  self->limits.max_connections = affordable_connections (self->limits.max_connections);
  self->proxies = regia_proxies_new (options->trusted_proxies);
  self->budget = regia_budget_new (self->limits.budget_bytes);
  self->connections =
      regia_connections_new (self->limits.max_connections, self->limits.max_connections_per_address);
  return g_steal_pointer (&self);
}

/* The addresses that @worker accepts at. */
static gboolean
start_accepting (Worker *worker, GError **error)
{
  RegiaServer *self = worker->server;
  RegiaWireOwner owner = worker->owner;

  worker->acceptor = regia_acceptor_new (worker->listen_fd, &owner, error);
  if (worker->acceptor == NULL)
    return FALSE;
  if (worker->number > 0 || self->redirect_fd < 0)
    return TRUE;
  owner.tls = NULL;
  owner.redirect_port = regia_server_get_port (self);
  worker->redirect = regia_acceptor_new (self->redirect_fd, &owner, error);
  return worker->redirect != NULL;
}

static gboolean
start_worker (Worker *worker, GError **error)
{
  RegiaServer *self = worker->server;
  const RegiaServerOptions *options = &self->options;
  gboolean ok;

  worker->owner = (RegiaWireOwner){.hosts = self->hosts,
                                   .rules = options->rules,
                                   .proxies = self->proxies,
                                   .limits = &self->limits,
                                   .connections = self->connections,
                                   .budget = self->budget,
                                   .arena = options->arena,
                                   .disk = self->disk,
                                   .answer = options->answer,
                                   .answer_data = options->user_data,
                                   .tls = options->tls,
                                   .context = worker->context,
                                   .show = show_cb,
                                   .show_data = worker};
  g_main_context_push_thread_default (worker->context);
  worker->http = regia_http_new (self->disk, worker->pair, options->add_handlers, options->user_data, error);
  worker->pair[0] = worker->pair[1] = -1;
  ok = worker->http != NULL && start_accepting (worker, error);
  g_main_context_pop_thread_default (worker->context);
  if (!ok)
    return FALSE;
  tick_cb (worker);
  attach (worker->context, g_timeout_source_new (TICK_MS), tick_cb, worker);
  worker->thread = g_thread_new ("http", worker_thread_func, worker);
  return TRUE;
}

gboolean
regia_server_start (RegiaServer *self, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);
  /* Not before: GLib 2.84, other than 2.74, starts a thread ("pool-spawner") with the first shared pool. */
  self->disk = regia_disk_new (DISK_THREADS, MAX (self->limits.max_connections / 2, 1));
  for (guint i = 0; i < self->threads; i++)
    if (!start_worker (&self->workers[i], error))
      return FALSE;
  return TRUE;
}

/* Runs on the worker's context until its answers are out or the time is up. */
static gboolean
drain_cb (gpointer data)
{
  Worker *worker = data;

  regia_acceptor_stop (worker->acceptor);
  if (worker->redirect != NULL)
    regia_acceptor_stop (worker->redirect);
  if (regia_acceptor_busy (worker->acceptor) > 0 && g_get_monotonic_time () < worker->server->drain_until_us)
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (worker->loop);
  return G_SOURCE_REMOVE;
}

/* The worker's thread has ended: its context is this thread's for the rest. */
static void
close_worker (Worker *worker)
{
  g_main_context_push_thread_default (worker->context);
  if (worker->http != NULL)
    regia_http_close (worker->http);
  while (g_main_context_iteration (worker->context, FALSE))
    ;
  g_clear_pointer (&worker->acceptor, regia_acceptor_free);
  g_clear_pointer (&worker->redirect, regia_acceptor_free);
  g_clear_pointer (&worker->http, regia_http_free);
  g_main_context_pop_thread_default (worker->context);
  g_main_loop_unref (worker->loop);
  g_main_context_unref (worker->context);
  close (worker->listen_fd);
  for (guint i = 0; i < G_N_ELEMENTS (worker->pair); i++)
    if (worker->pair[i] >= 0)
      close (worker->pair[i]);
}

/* Waits for the workers and the disk; not on the main thread, unless somebody may wait there. */
static void
finish (RegiaServer *self)
{
  for (guint i = 0; i < self->threads; i++)
    g_clear_pointer (&self->workers[i].thread, g_thread_join);
  for (guint i = 0; i < self->threads; i++) {
    if (self->workers[i].acceptor != NULL)
      regia_acceptor_close (self->workers[i].acceptor);
    if (self->workers[i].redirect != NULL)
      regia_acceptor_close (self->workers[i].redirect);
  }
  /* Jobs on disk threads come back to the workers' contexts, so they end first; they find their connections
   * closed. */
  g_clear_pointer (&self->disk, regia_disk_free);
  for (guint i = 0; i < self->threads; i++)
    close_worker (&self->workers[i]);
  if (self->redirect_fd >= 0)
    close (self->redirect_fd);
  g_free (self->workers);
  regia_connections_free (self->connections);
  regia_budget_free (self->budget);
  regia_proxies_free (self->proxies);
  regia_hosts_free (self->hosts);
  g_clear_object (&self->bound);
  g_free (self);
}

static void
begin_end (RegiaServer *self, guint drain_ms)
{
  self->drain_until_us = g_get_monotonic_time () + (gint64)drain_ms * 1000;
  for (guint i = 0; i < self->threads; i++)
    if (self->workers[i].thread != NULL)
      attach (self->workers[i].context, g_timeout_source_new (20), drain_cb, &self->workers[i]);
}

static gpointer
end_thread_func (gpointer data)
{
  RegiaServer *self = data;
  GSourceFunc stopped = self->stopped;
  gpointer user_data = self->stopped_data;

  finish (self);
  if (stopped != NULL)
    attach (NULL, g_idle_source_new (), stopped, user_data);
  return NULL;
}

void
regia_server_stop (RegiaServer *self, guint drain_ms, GSourceFunc stopped, gpointer user_data)
{
  REGIA_ON_THREAD (NULL);
  self->stopped = stopped;
  self->stopped_data = user_data;
  begin_end (self, drain_ms);
  g_thread_unref (g_thread_new ("http-end", end_thread_func, self));
}

void
regia_server_free (RegiaServer *self)
{
  if (self == NULL)
    return;
  begin_end (self, 0);
  finish (self);
}

guint
regia_server_get_port (RegiaServer *self)
{
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (self->bound));
}

gboolean
regia_server_is_healthy (RegiaServer *self, guint limit_ms, char **ret_why)
{
  gint64 now_us = g_get_monotonic_time ();

  for (guint i = 0; i < self->threads; i++) {
    gint64 age_ms = (now_us - __atomic_load_n (&self->workers[i].tick_us, __ATOMIC_RELAXED)) / 1000;
    if (age_ms > (gint64)limit_ms) {
      *ret_why =
          g_strdup_printf ("HTTP worker %u has not moved for %" G_GINT64_FORMAT " s", i, age_ms / 1000);
      return FALSE;
    }
  }
  return TRUE;
}

void
regia_server_get_stats (RegiaServer *self, RegiaServerStats *ret_stats)
{
  *ret_stats = (RegiaServerStats){0};
  for (guint i = 0; i < self->threads; i++) {
    if (self->workers[i].acceptor != NULL)
      regia_acceptor_read_stats (self->workers[i].acceptor, &ret_stats->wire);
    if (self->workers[i].redirect != NULL)
      regia_acceptor_read_stats (self->workers[i].redirect, &ret_stats->wire);
  }
  ret_stats->connections = regia_connections_count (self->connections);
}
