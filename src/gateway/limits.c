/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "limits-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>

void
regia_limits_default (RegiaLimits *ret_limits)
{
  *ret_limits = (RegiaLimits){.max_connections = 2000,
                              .max_connections_per_address = 500,
                              .max_requests = 1000,
                              .head_ms = 5000,
                              .idle_ms = 30000,
                              .progress_ms = 10000,
                              .linger_ms = 1000};
}

guint
regia_raise_descriptors (guint wanted)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return 1024;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = MIN (limit.rlim_max, wanted);
    if (setrlimit (RLIMIT_NOFILE, &limit) < 0)
      g_debug ("setrlimit: %s", g_strerror (errno));
    getrlimit (RLIMIT_NOFILE, &limit);
  }
  return (guint)MIN (limit.rlim_cur, G_MAXUINT);
}

void
regia_peer_from_sockaddr (const struct sockaddr *address, RegiaPeer *ret_peer)
{
  static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

  memset (ret_peer, 0, sizeof *ret_peer);
  if (address->sa_family == AF_INET) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    memcpy (ret_peer->bytes, mapped, sizeof mapped);
    memcpy (ret_peer->bytes + 12, &in->sin_addr, 4);
  } else if (address->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    gboolean v4 = memcmp (&in6->sin6_addr, mapped, sizeof mapped) == 0;
    memcpy (ret_peer->bytes, &in6->sin6_addr, v4 ? 16 : 8);
  }
}

/*
 * The client_count is shared by all workers and lives as long as the server. An entry of the table exists
 * while its address has a connection, so that strangers can make us hold no more entries than connections.
 */
struct _RegiaClientCount {
  GMutex lock; /* guards what follows */
  guint count;
  GHashTable *addresses;      /* (owned) (element-type RegiaPeer uint) */
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

RegiaClientCount *
regia_client_count_new (guint max_connections, guint max_connections_per_address)
{
  RegiaClientCount *self = g_new0 (RegiaClientCount, 1);

  g_mutex_init (&self->lock);
  self->addresses = g_hash_table_new_full (peer_hash, peer_equal, g_free, NULL);
  self->max = max_connections;
  self->max_per_address = max_connections_per_address;
  return self;
}

void
regia_client_count_free (RegiaClientCount *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->addresses);
  g_mutex_clear (&self->lock);
  g_free (self);
}

RegiaAdmission
regia_client_count_enter (RegiaClientCount *self, const RegiaPeer *peer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->addresses, peer));

  if (n >= self->max_per_address)
    return REGIA_ADMISSION_FULL_ADDRESS;
  if (self->count >= self->max)
    return REGIA_ADMISSION_FULL;
  self->count++;
  g_hash_table_replace (self->addresses, g_memdup2 (peer, sizeof *peer), GUINT_TO_POINTER (n + 1));
  return REGIA_ADMISSION_IN;
}

void
regia_client_count_leave (RegiaClientCount *self, const RegiaPeer *peer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->addresses, peer));

  g_return_if_fail (n > 0 && self->count > 0);
  self->count--;
  if (n == 1)
    g_hash_table_remove (self->addresses, peer);
  else
    g_hash_table_replace (self->addresses, g_memdup2 (peer, sizeof *peer), GUINT_TO_POINTER (n - 1));
}

guint
regia_client_count_count (RegiaClientCount *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->count;
}
