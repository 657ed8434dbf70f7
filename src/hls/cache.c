/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-hls"

#include "cache-private.h"

#include <string.h>

/*
 * RegiaHlsCache: where the window's writer puts what it has made and HTTP threads take it from. Everything on
 * it is immutable: a playlist that changes is another resource under the same path. A lookup holds the lock
 * for one hash lookup and one reference; hashing for the ETag, rendering and muxing all happen before put()
 * takes it.
 *
 * Owner: the window. Lock: `lock` guards all fields below it; nothing is called while it is held but GLib's
 * tables and allocator.
 */
struct _RegiaHlsCache {
  GMutex lock;
  GHashTable *resources; /* (owned) (element-type utf8 RegiaHlsResource) */
  GHashTable *streams;   /* (owned) (element-type utf8 gint64): folder → newest number, −1 none */
  RegiaHlsStats stats;
};

void
regia_hls_resource_clear (RegiaHlsResource *resource)
{
  g_clear_pointer (&resource->bytes, g_bytes_unref);
}

static void
resource_free (gpointer data)
{
  RegiaHlsResource *resource = data;

  regia_hls_resource_clear (resource);
  g_free (resource);
}

/* MD5 is here to tell contents apart, not to protect anything: it is the cheapest of GLib's that is long
 * enough. */
static RegiaHlsResource *
resource_new (GBytes *bytes, const char *content_type, RegiaHlsKind kind)
{
  RegiaHlsResource *resource = g_new0 (RegiaHlsResource, 1);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, bytes);

  resource->bytes = g_bytes_ref (bytes);
  resource->content_type = content_type;
  resource->kind = kind;
  g_snprintf (resource->etag, sizeof resource->etag, "\"%s\"", digest);
  return resource;
}

RegiaHlsCache *
regia_hls_cache_new (void)
{
  RegiaHlsCache *self = g_new0 (RegiaHlsCache, 1);

  g_mutex_init (&self->lock);
  self->resources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, resource_free);
  self->streams = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
regia_hls_cache_free (RegiaHlsCache *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->resources);
  g_hash_table_unref (self->streams);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Must be called with the lock. Returns what to free without it: freeing a segment gives memory back to the
 * kernel. */
static RegiaHlsResource *
take (RegiaHlsCache *self, const char *path)
{
  g_autofree char *key = NULL;
  gpointer stolen_key = NULL, resource = NULL;

  if (!g_hash_table_steal_extended (self->resources, path, &stolen_key, &resource))
    return NULL;
  key = stolen_key;
  self->stats.bytes -= g_bytes_get_size (((RegiaHlsResource *)resource)->bytes);
  return resource;
}

void
regia_hls_cache_put (RegiaHlsCache *self, const char *path, GBytes *bytes, const char *content_type,
                     RegiaHlsKind kind)
{
  RegiaHlsResource *resource = resource_new (bytes, content_type, kind), *old;
  char *key = g_strdup (path);

  g_mutex_lock (&self->lock);
  old = take (self, path);
  self->stats.bytes += g_bytes_get_size (bytes);
  g_hash_table_insert (self->resources, key, resource);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&old, resource_free);
}

void
regia_hls_cache_put_playlist (RegiaHlsCache *self, const char *path, char *text, RegiaHlsKind kind)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  regia_hls_cache_put (self, path, bytes, "application/vnd.apple.mpegurl", kind);
}

void
regia_hls_cache_remove (RegiaHlsCache *self, const char *path)
{
  RegiaHlsResource *old;

  g_mutex_lock (&self->lock);
  old = take (self, path);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&old, resource_free);
}

void
regia_hls_cache_set_stream (RegiaHlsCache *self, const char *name, gint64 newest)
{
  char *key = g_strdup (name);
  gint64 *value = g_new (gint64, 1);

  *value = newest;
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->streams, key, value);
  g_mutex_unlock (&self->lock);
}

void
regia_hls_cache_remove_stream (RegiaHlsCache *self, const char *name)
{
  g_autofree char *prefix = g_strconcat (name, "/", NULL);
  GHashTableIter iter;
  gpointer path, resource;

  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->streams, name);
  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, &path, &resource))
    /* `audio/it/` must not take `audio/it/opus/…` along */
    if (g_str_has_prefix (path, prefix) && strchr ((char *)path + strlen (prefix), '/') == NULL) {
      self->stats.bytes -= g_bytes_get_size (((RegiaHlsResource *)resource)->bytes);
      g_hash_table_iter_remove (&iter);
    }
  g_mutex_unlock (&self->lock);
}

void
regia_hls_cache_count_segment (RegiaHlsCache *self, gint64 end_ns)
{
  g_mutex_lock (&self->lock);
  self->stats.segments++;
  self->stats.newest_end_ns = MAX (self->stats.newest_end_ns, end_ns);
  g_mutex_unlock (&self->lock);
}

void
regia_hls_cache_set_dropped (RegiaHlsCache *self, guint64 dropped)
{
  g_mutex_lock (&self->lock);
  self->stats.dropped = dropped;
  g_mutex_unlock (&self->lock);
}

void
regia_hls_cache_get_stats (RegiaHlsCache *self, RegiaHlsStats *ret_stats)
{
  g_mutex_lock (&self->lock);
  *ret_stats = self->stats;
  g_mutex_unlock (&self->lock);
}

/* The number in `N.m4s`, written as we write it: no sign, no leading zero. */
static gboolean
parse_segment_name (const char *name, gint64 *ret_number)
{
  guint64 number = 0;
  g_autofree char *digits = NULL;

  if (!g_str_has_suffix (name, ".m4s") || (name[0] == '0' && name[1] != '.'))
    return FALSE;
  digits = g_strndup (name, strlen (name) - strlen (".m4s"));
  if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT64, &number, NULL))
    return FALSE;
  *ret_number = (gint64)number;
  return TRUE;
}

/* Why @path is not on the cache. */
static RegiaHlsFound
explain_absence (RegiaHlsCache *self, const char *path)
{
  const char *slash = strrchr (path, '/'), *name = slash != NULL ? slash + 1 : path;
  g_autofree char *folder = slash != NULL ? g_strndup (path, slash - path) : NULL;
  gboolean is_playlist = strcmp (name, "index.m3u8") == 0, any_stream, known = FALSE;
  gint64 number = -1, newest = -1;
  const gint64 *value;

  if (folder == NULL || strcmp (folder, "..") == 0) /* no track's */
    return is_playlist ? REGIA_HLS_NOT_YET : REGIA_HLS_NOT_FOUND;

  g_mutex_lock (&self->lock);
  any_stream = g_hash_table_size (self->streams) > 0;
  value = g_hash_table_lookup (self->streams, folder);
  if (value != NULL) {
    known = TRUE;
    newest = *value;
  }
  g_mutex_unlock (&self->lock);

  if (!known) /* before the first table nobody knows which folders there will be */
    return any_stream ? REGIA_HLS_NOT_FOUND : REGIA_HLS_NOT_YET;
  if (parse_segment_name (name, &number))
    return number > newest ? REGIA_HLS_NOT_YET : REGIA_HLS_GONE;
  return is_playlist ? REGIA_HLS_NOT_YET : REGIA_HLS_NOT_FOUND;
}

RegiaHlsFound
regia_hls_cache_lookup (RegiaHlsCache *self, const char *path, RegiaHlsResource *ret_resource)
{
  const RegiaHlsResource *resource;

  g_mutex_lock (&self->lock);
  resource = g_hash_table_lookup (self->resources, path);
  if (resource != NULL) {
    *ret_resource = *resource;
    g_bytes_ref (ret_resource->bytes);
  }
  g_mutex_unlock (&self->lock);
  return resource != NULL ? REGIA_HLS_FOUND : explain_absence (self, path);
}
