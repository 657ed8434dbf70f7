/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "viewers-private.h"

#include <string.h>
#include <sys/random.h>

/* Owned by the gateway, told by the HTTP workers, asked by the main thread. */
struct _RegiaViewers {
  GMutex lock;      /* guards seen */
  GHashTable *seen; /* (owned) (element-type gint64 gint64): hash of the identity → when last, ms */
  guint8 key[32];   /* immutable */
};

RegiaViewers *
regia_viewers_new (void)
{
  RegiaViewers *self = g_new0 (RegiaViewers, 1);

  g_mutex_init (&self->lock);
  self->seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  if (getrandom (self->key, sizeof self->key, 0) != sizeof self->key)
    for (gsize i = 0; i < sizeof self->key; i++)
      self->key[i] = (guint8)g_random_int ();
  return self;
}

void
regia_viewers_free (RegiaViewers *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->seen);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The first 64 bits of HMAC-SHA-256 of what a viewer is known by, its kind first. */
static gint64
identity (RegiaViewers *self, const RegiaRequest *request, const RegiaPeer *peer)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, self->key, sizeof self->key);
  guint8 digest[32];
  gsize size = sizeof digest;
  gint64 id;

  g_hmac_update (hmac, (const guchar *)(request->viewer ? "v" : "p"), 1);
  if (request->viewer)
    g_hmac_update (hmac, (const guchar *)request->viewer, -1);
  else {
    g_hmac_update (hmac, peer->bytes, sizeof peer->bytes);
    if (request->user_agent)
      g_hmac_update (hmac, (const guchar *)request->user_agent, -1);
  }
  g_hmac_get_digest (hmac, digest, &size);
  memcpy (&id, digest, sizeof id);
  return id;
}

void
regia_viewers_saw (RegiaViewers *self, const RegiaRequest *request, const RegiaPeer *peer, gint64 now_ms)
{
  gint64 id = identity (self, request, peer);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gpointer key, value;

  if (g_hash_table_lookup_extended (self->seen, &id, &key, &value)) {
    *(gint64 *)value = now_ms;
    return;
  }
  if (g_hash_table_size (self->seen) >= REGIA_VIEWERS_MAX)
    return;
  gint64 *pair = g_new (gint64, 2); /* key and value in one piece; freed as the key */
  pair[0] = id;
  pair[1] = now_ms;
  g_hash_table_insert (self->seen, &pair[0], &pair[1]);
}

static gboolean
is_gone_cb (gpointer key, gpointer value, gpointer data)
{
  return *(gint64 *)data - *(gint64 *)value > REGIA_VIEWERS_SPAN_MS;
}

guint
regia_viewers_count (RegiaViewers *self, gint64 now_ms)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_hash_table_foreach_remove (self->seen, is_gone_cb, &now_ms);
  return g_hash_table_size (self->seen);
}
