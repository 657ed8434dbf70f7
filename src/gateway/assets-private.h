/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** RegiaAssets: the pages and what they load, out of the GResource below /org/regia/web/. Read once;
 * immutable; any thread. */
typedef struct _RegiaAssets RegiaAssets;

typedef struct _RegiaAsset RegiaAsset;
struct _RegiaAsset {
  GBytes *bytes;             /* (owned) */
  const char *content_type;  /* static */
  const char *cache_control; /* static: names with a hash in them are for ever, pages are asked for again */
  char etag[40];             /* with quotes */
  gboolean is_page;
  const RegiaAsset *gzip; /* (nullable): the same, compressed (NAME.gz), with a tag of its own */
};

/** regia_assets_new: @root: for example "/org/regia/web/". A missing resource makes an empty set. */
RegiaAssets *regia_assets_new (const char *root);
void regia_assets_free (RegiaAssets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaAssets, regia_assets_free)

/** regia_assets_get: (nullable) (transfer none): @name below the root: "index.html",
 * "assets/viewer-0123abcd.js". */
const RegiaAsset *regia_assets_get (RegiaAssets *self, const char *name);

/** regia_assets_add: for the making of a set. @bytes: (transfer none) */
void regia_assets_add (RegiaAssets *self, const char *name, GBytes *bytes);
