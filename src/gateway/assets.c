/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "assets-private.h"

#include <string.h>

/* Made at start-up, before the workers run, and never changed after. */
struct _RegiaAssets {
  GHashTable *table; /* (owned) (element-type utf8 RegiaAsset) */
};

static const struct {
  const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
};

static void
asset_free (gpointer data)
{
  RegiaAsset *self = data;
  g_bytes_unref (self->bytes);
  g_free (self);
}

static const char *
type_of (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].suffix))
      return types[i].type;
  return "application/octet-stream";
}

/* NAME-HASH.SUFFIX or NAME.HASH.SUFFIX with a hash of at least 8 characters of base 16, 32, 36 or 64. */
static gboolean
has_hashed_name (const char *name)
{
  const char *dot = strrchr (name, '.'), *from;

  if (!g_str_has_prefix (name, "assets/") || dot == NULL)
    return FALSE;
  for (from = dot; from > name && (g_ascii_isalnum (from[-1]) || from[-1] == '_'); from--)
    ;
  return dot - from >= 8 && from > name && (from[-1] == '-' || from[-1] == '.');
}

void
regia_assets_add (RegiaAssets *self, const char *name, GBytes *bytes)
{
  RegiaAsset *asset = g_new0 (RegiaAsset, 1);
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);

  asset->bytes = g_bytes_ref (bytes);
  asset->content_type = type_of (name);
  asset->is_page = g_str_has_suffix (name, ".html");
  asset->cache_control = has_hashed_name (name) ? "public, max-age=31536000, immutable" : "no-cache";
  g_snprintf (asset->etag, sizeof asset->etag, "\"%.32s\"", hash);
  g_hash_table_insert (self->table, g_strdup (name), asset);
}

static void
load_folder (RegiaAssets *self, const char *root, const char *folder)
{
  g_autofree char *path = g_strconcat (root, folder, NULL);
  g_auto (GStrv) names = g_resources_enumerate_children (path, 0, NULL);

  for (gsize i = 0; names != NULL && names[i] != NULL; i++) {
    g_autofree char *name = g_strconcat (folder, names[i], NULL);

    if (g_str_has_suffix (name, "/")) {
      load_folder (self, root, name);
    } else {
      g_autofree char *full = g_strconcat (root, name, NULL);
      g_autoptr (GBytes) bytes = g_resources_lookup_data (full, 0, NULL);
      if (bytes != NULL)
        regia_assets_add (self, name, bytes);
    }
  }
}

RegiaAssets *
regia_assets_new (const char *root)
{
  RegiaAssets *self = g_new0 (RegiaAssets, 1);
  GHashTableIter iter;
  gpointer name, asset;

  self->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, asset_free);
  load_folder (self, root, "");
  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, &name, &asset)) {
    g_autofree char *twin = g_strconcat (name, ".gz", NULL);
    ((RegiaAsset *)asset)->gzip = g_hash_table_lookup (self->table, twin);
  }
  return self;
}

void
regia_assets_free (RegiaAssets *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->table);
  g_free (self);
}

const RegiaAsset *
regia_assets_get (RegiaAssets *self, const char *name)
{
  return g_hash_table_lookup (self->table, name);
}
