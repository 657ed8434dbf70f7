/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "connections-private.h"

#include <string.h>
#include <sys/socket.h>

/*
 * Shared by all workers and as old as the server. A guest moves between the lists as its connection does; its
 * socket stays open until it has left, under the lock, so that making room can shut it down from another
 * worker's thread: that one finds the end of the connection and closes. An entry of the table exists while
 * its address has a connection, so strangers can make us hold no more entries than connections.
 */
struct _RegiaConnections {
  GMutex lock;           /* guards what follows, and every guest */
  GQueue lingering;      /* (element-type RegiaGuest) each by age */
  GQueue newcomers;      /* (element-type RegiaGuest) */
  GQueue idle;           /* (element-type RegiaGuest) */
  GHashTable *addresses; /* (owned) (element-type RegiaPeer uint) */
  guint count;
  guint max, max_per_address; /* immutable */
};

static guint
peer_hash (gconstpointer key)
{
  const guint8 *bytes = ((const RegiaPeer *)key)->bytes;
  guint32 hash = 2166136261u;

  for (gsize i = 0; i < sizeof (RegiaPeer); i++)
    hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

static gboolean
peer_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (RegiaPeer)) == 0;
}

RegiaConnections *
regia_connections_new (guint max_connections, guint max_connections_per_address)
{
  RegiaConnections *self = g_new0 (RegiaConnections, 1);

  g_mutex_init (&self->lock);
  g_queue_init (&self->lingering);
  g_queue_init (&self->newcomers);
  g_queue_init (&self->idle);
  self->addresses = g_hash_table_new_full (peer_hash, peer_equal, g_free, NULL);
  self->max = max_connections;
  self->max_per_address = max_connections_per_address;
  return self;
}

void
regia_connections_free (RegiaConnections *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->addresses);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* All below: must be called with the lock. */

static gboolean
count_in (RegiaConnections *self, const RegiaPeer *peer)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->addresses, peer));

  if (n >= self->max_per_address)
    return FALSE;
  g_hash_table_replace (self->addresses, g_memdup2 (peer, sizeof *peer), GUINT_TO_POINTER (n + 1));
  return TRUE;
}

static void
count_out (RegiaConnections *self, const RegiaPeer *peer)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->addresses, peer));

  g_return_if_fail (n > 0);
  if (n == 1)
    g_hash_table_remove (self->addresses, peer);
  else
    g_hash_table_replace (self->addresses, g_memdup2 (peer, sizeof *peer), GUINT_TO_POINTER (n - 1));
}

static void
move (RegiaGuest *guest, GQueue *queue)
{
  if (guest->queue != NULL)
    g_queue_unlink (guest->queue, &guest->link);
  guest->queue = queue;
  if (queue != NULL)
    g_queue_push_tail_link (queue, &guest->link);
}

static void
count_guest_out (RegiaConnections *self, RegiaGuest *guest)
{
  move (guest, NULL);
  if (!guest->is_in)
    return;
  guest->is_in = FALSE;
  self->count--;
  if (guest->has_peer)
    count_out (self, &guest->peer);
}

/* Whoever is shut out is counted out at once: the place is free, though its worker has yet to close it. */
static gboolean
make_room (RegiaConnections *self)
{
  GQueue *const queues[] = {&self->lingering, &self->newcomers, &self->idle};

  for (gsize i = 0; i < G_N_ELEMENTS (queues); i++) {
    RegiaGuest *guest = g_queue_peek_head (queues[i]);
    if (guest == NULL)
      continue;
    shutdown (guest->fd, SHUT_RDWR);
    count_guest_out (self, guest);
    return TRUE;
  }
  return FALSE;
}

RegiaAdmission
regia_connections_enter (RegiaConnections *self, RegiaGuest *guest, const RegiaPeer *peer, int fd,
                         gboolean *ret_shut)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  *ret_shut = FALSE;
  if (peer != NULL && !count_in (self, peer))
    return REGIA_ADMISSION_FULL_ADDRESS;
  if (self->count >= self->max && !(*ret_shut = make_room (self))) {
    if (peer != NULL)
      count_out (self, peer);
    return REGIA_ADMISSION_FULL;
  }
  self->count++;
  guest->link.data = guest;
  guest->fd = fd;
  guest->is_in = TRUE;
  guest->has_peer = peer != NULL;
  if (peer != NULL)
    guest->peer = *peer;
  move (guest, &self->newcomers);
  return REGIA_ADMISSION_IN;
}

static void
move_if_in (RegiaConnections *self, RegiaGuest *guest, GQueue *queue)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (guest->is_in)
    move (guest, queue);
}

void
regia_connections_serve (RegiaConnections *self, RegiaGuest *guest)
{
  move_if_in (self, guest, NULL);
}

void
regia_connections_rest (RegiaConnections *self, RegiaGuest *guest)
{
  move_if_in (self, guest, &self->idle);
}

void
regia_connections_linger (RegiaConnections *self, RegiaGuest *guest)
{
  move_if_in (self, guest, &self->lingering);
}

void
regia_connections_leave (RegiaConnections *self, RegiaGuest *guest)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  count_guest_out (self, guest);
}

gboolean
regia_connections_begin (RegiaConnections *self, const RegiaPeer *peer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return count_in (self, peer);
}

void
regia_connections_end (RegiaConnections *self, const RegiaPeer *peer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  count_out (self, peer);
}

guint
regia_connections_count (RegiaConnections *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->count;
}
