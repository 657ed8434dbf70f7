/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "viewers-private.h"

#include <string.h>
#include <sys/random.h>

/* Owned by the gateway, told by the HTTP workers, asked by the main thread. */
struct _RegiaViewers {
  GMutex lock;      /* guards seen */
  GHashTable *seen; /* (owned) (element-type gint64 gint64): hash of the identity → when last, ms */
  guint64 key[2];   /* immutable */
};

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static void
sip_round (guint64 v[4])
{
  v[0] += v[1];
  v[1] = ROTL (v[1], 13) ^ v[0];
  v[0] = ROTL (v[0], 32);
  v[2] += v[3];
  v[3] = ROTL (v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = ROTL (v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = ROTL (v[1], 17) ^ v[2];
  v[2] = ROTL (v[2], 32);
}

/* SipHash-2-4 (Aumasson, Bernstein 2012), with @seed mixed into the state so that calls can be chained. */
static guint64
sip_hash (const guint64 key[2], guint64 seed, const void *data, gsize length)
{
  guint64 v[4] = {key[0] ^ 0x736f6d6570736575 ^ seed, key[1] ^ 0x646f72616e646f6d,
                  key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
  const guint8 *bytes = data;
  guint64 last = (guint64)length << 56;

  for (; length >= 8; bytes += 8, length -= 8) {
    guint64 word;
    memcpy (&word, bytes, 8);
    v[3] ^= word;
    sip_round (v);
    sip_round (v);
    v[0] ^= word;
  }
  for (gsize i = 0; i < length; i++)
    last |= (guint64)bytes[i] << (8 * i);
  v[3] ^= last;
  sip_round (v);
  sip_round (v);
  v[0] ^= last;
  v[2] ^= 0xff;
  for (int i = 0; i < 4; i++)
    sip_round (v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

RegiaViewers *
regia_viewers_new (void)
{
  RegiaViewers *self = g_new0 (RegiaViewers, 1);

  g_mutex_init (&self->lock);
  self->seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  if (getrandom (self->key, sizeof self->key, 0) != sizeof self->key)
    self->key[0] = ((guint64)g_random_int () << 32) | g_random_int ();
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

static guint64
identity (RegiaViewers *self, const RegiaRequest *request, const RegiaPeer *peer)
{
  guint64 hash;

  if (request->viewer != NULL)
    return sip_hash (self->key, 1, request->viewer, strlen (request->viewer));
  hash = sip_hash (self->key, 2, peer->bytes, sizeof peer->bytes);
  if (request->user_agent != NULL)
    hash = sip_hash (self->key, hash, request->user_agent, strlen (request->user_agent));
  return hash;
}

void
regia_viewers_saw (RegiaViewers *self, const RegiaRequest *request, const RegiaPeer *peer, gint64 now_ms)
{
  gint64 id = (gint64)identity (self, request, peer);
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
is_gone (gpointer key, gpointer value, gpointer data)
{
  return *(gint64 *)data - *(gint64 *)value > REGIA_VIEWERS_SPAN_MS;
}

guint
regia_viewers_count (RegiaViewers *self, gint64 now_ms)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_hash_table_foreach_remove (self->seen, is_gone, &now_ms);
  return g_hash_table_size (self->seen);
}
