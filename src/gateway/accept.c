/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "accept-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_MS 200
#define SWEEP_MS 500
#define BURST    64 /* accepted in a row before open connections have their turn */

/*
 * An acceptor belongs to one worker and lives as long as it. It holds a reference on every wire from accept
 * until the wire is closed.
 */
struct _RegiaAcceptor {
  int listen_fd;
  RegiaWireOwner owner;
  RegiaPoller *poller;    /* (owned) */
  GSource *listen_source; /* (owned) (nullable): NULL while paused or stopped */
  GSource *sweep_source;  /* (owned) */
  GSource *pause_source;  /* (owned) (nullable) */
  GHashTable *wires;      /* (owned) (element-type RegiaWire) */
  RegiaWireStats stats;
};

static void listen_again (RegiaAcceptor *self);

static void
drop_source (GSource **source)
{
  if (*source != NULL) {
    g_source_destroy (*source);
    g_source_unref (*source);
    *source = NULL;
  }
}

static void
wire_closed_cb (RegiaWire *wire, gpointer data)
{
  g_hash_table_remove (((RegiaAcceptor *)data)->wires, wire);
}

static gint
compare_stalled (gconstpointer a, gconstpointer b)
{
  gint64 since_a = regia_wire_get_stalled_since (*(RegiaWire *const *)a);
  gint64 since_b = regia_wire_get_stalled_since (*(RegiaWire *const *)b);

  return (since_a > since_b) - (since_a < since_b);
}

/* The memory for answers is spent: whoever has taken nothing for longest goes, until it is enough. Each
 * worker looks at its own, so "longest" is meant within one. */
static void
save_memory (RegiaAcceptor *self, GPtrArray *wires, gint64 now_us)
{
  gint64 limit_us = now_us - (gint64)self->owner.limits->progress_ms * 1000;

  g_ptr_array_sort (wires, compare_stalled);
  for (guint i = 0; i < wires->len; i++) {
    if (regia_wire_get_stalled_since (wires->pdata[i]) > limit_us ||
        regia_budget_excess (self->owner.budget) == 0)
      return;
    regia_wire_cut (wires->pdata[i]);
  }
}

/* (transfer full): a copy, because those that are closed go from the table. */
static GPtrArray *
all_wires (RegiaAcceptor *self)
{
  GPtrArray *wires = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->wires);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (wires, g_object_ref (key));
  return wires;
}

static gboolean
sweep_cb (gpointer data)
{
  RegiaAcceptor *self = data;
  gint64 now_us = g_get_monotonic_time ();
  g_autoptr (GPtrArray) wires = all_wires (self);

  for (guint i = 0; i < wires->len; i++)
    regia_wire_sweep (wires->pdata[i], now_us);
  if (regia_budget_excess (self->owner.budget) > 0)
    save_memory (self, wires, now_us);
  return G_SOURCE_CONTINUE;
}

static void
turn_away (RegiaAcceptor *self, int fd, const char *words)
{
  g_autofree char *text = g_strdup_printf (
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 2\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n\r\n%s",
      strlen (words), words);

  /* Under TLS nothing can be said before the handshake, which is what there is no room for. */
  if (self->owner.tls == NULL && send (fd, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("turned away without a word: %s", g_strerror (errno));
  close (fd);
  __atomic_store_n (&self->stats.turned_away, self->stats.turned_away + 1, __ATOMIC_RELAXED);
}

static void
take (RegiaAcceptor *self, int fd, const struct sockaddr_storage *from)
{
  RegiaAdmission admission;
  g_autoptr (RegiaTls) tls = self->owner.tls != NULL ? regia_tls_slot_get (self->owner.tls) : NULL;
  g_autoptr (RegiaWire) wire = NULL;

  if (self->owner.tls != NULL && tls == NULL) {
    turn_away (self, fd, "");
    return;
  }
  wire = regia_wire_new (fd, (const struct sockaddr *)from, tls, &self->owner, &admission);
  if (wire == NULL) {
    turn_away (self, fd,
               admission == REGIA_ADMISSION_FULL
                   ? "Too many connections; try again in some seconds.\n"
                   : "Too many connections from your address; try again in some seconds.\n");
    return;
  }
  g_hash_table_add (self->wires, g_object_ref (wire));
  __atomic_store_n (&self->stats.accepted, self->stats.accepted + 1, __ATOMIC_RELAXED);
}

static gboolean
pause_over_cb (gpointer data)
{
  RegiaAcceptor *self = data;
  drop_source (&self->pause_source);
  listen_again (self);
  return G_SOURCE_REMOVE;
}

static gboolean
accept_cb (int fd, GIOCondition condition, gpointer data)
{
  RegiaAcceptor *self = data;

  for (guint i = 0; i < BURST; i++) {
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    int client = accept4 (fd, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (client >= 0) {
      take (self, client, &from);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      g_debug ("accept: %s; again in %d ms", g_strerror (errno), PAUSE_MS);
      drop_source (&self->listen_source);
      self->pause_source = g_timeout_source_new (PAUSE_MS);
      g_source_set_callback (self->pause_source, pause_over_cb, self, NULL);
      g_source_attach (self->pause_source, g_main_context_get_thread_default ());
      return G_SOURCE_REMOVE;
    }
    if (errno == EAGAIN)
      break;
    /* ECONNABORTED and the like concern one connection only (accept(2)) */
  }
  return G_SOURCE_CONTINUE;
}

static void
listen_again (RegiaAcceptor *self)
{
  self->listen_source = g_unix_fd_source_new (self->listen_fd, G_IO_IN);
  g_source_set_callback (self->listen_source, G_SOURCE_FUNC (accept_cb), self, NULL);
  g_source_attach (self->listen_source, g_main_context_get_thread_default ());
}

RegiaAcceptor *
regia_acceptor_new (int listen_fd, const RegiaWireOwner *owner, GError **error)
{
  g_autoptr (RegiaPoller) poller = regia_poller_new (error);
  RegiaAcceptor *self;

  if (poller == NULL)
    return NULL;
  self = g_new0 (RegiaAcceptor, 1);
  self->poller = g_steal_pointer (&poller);

  self->listen_fd = listen_fd;
  self->owner = *owner;
  self->owner.stats = &self->stats;
  self->owner.poller = self->poller;
  self->owner.closed = wire_closed_cb;
  self->owner.closed_data = self;
  self->wires = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->sweep_source = g_timeout_source_new (SWEEP_MS);
  g_source_set_callback (self->sweep_source, sweep_cb, self, NULL);
  g_source_attach (self->sweep_source, g_main_context_get_thread_default ());
  listen_again (self);
  return self;
}

void
regia_acceptor_stop (RegiaAcceptor *self)
{
  drop_source (&self->listen_source);
  drop_source (&self->pause_source);
}

guint
regia_acceptor_busy (RegiaAcceptor *self)
{
  GHashTableIter iter;
  gpointer key;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->wires);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    n += regia_wire_get_phase (key) == REGIA_WIRE_ANSWER;
  return n;
}

void
regia_acceptor_close (RegiaAcceptor *self)
{
  g_autoptr (GPtrArray) wires = all_wires (self);

  for (guint i = 0; i < wires->len; i++)
    regia_wire_cut (wires->pdata[i]);
}

void
regia_acceptor_free (RegiaAcceptor *self)
{
  if (self == NULL)
    return;
  regia_acceptor_stop (self);
  drop_source (&self->sweep_source);
  regia_acceptor_close (self);
  g_hash_table_unref (self->wires);
  regia_poller_free (self->poller);
  g_free (self);
}

void
regia_acceptor_read_stats (RegiaAcceptor *self, RegiaWireStats *stats)
{
  stats->requests += __atomic_load_n (&self->stats.requests, __ATOMIC_RELAXED);
  stats->refused += __atomic_load_n (&self->stats.refused, __ATOMIC_RELAXED);
  stats->bytes_sent += __atomic_load_n (&self->stats.bytes_sent, __ATOMIC_RELAXED);
  stats->accepted += __atomic_load_n (&self->stats.accepted, __ATOMIC_RELAXED);
  stats->turned_away += __atomic_load_n (&self->stats.turned_away, __ATOMIC_RELAXED);
  stats->cut += __atomic_load_n (&self->stats.cut, __ATOMIC_RELAXED);
}
