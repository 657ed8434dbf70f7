/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/hls/window.h"

/**
 * RegiaHlsCache: the finished answers by path. One thread puts, any number look up; one lock, a leaf.
 */
typedef struct _RegiaHlsCache RegiaHlsCache;

RegiaHlsCache *regia_hls_cache_new (void);
void regia_hls_cache_free (RegiaHlsCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHlsCache, regia_hls_cache_free)

/** regia_hls_cache_put: @bytes (transfer none) under @path, instead of what was there. @content_type is
 * static. */
void regia_hls_cache_put (RegiaHlsCache *self, const char *path, GBytes *bytes, const char *content_type,
                          RegiaHlsKind kind);
/** regia_hls_cache_put_playlist: the same for playlist @text (transfer full). */
void regia_hls_cache_put_playlist (RegiaHlsCache *self, const char *path, char *text, RegiaHlsKind kind);
void regia_hls_cache_remove (RegiaHlsCache *self, const char *path);

/** regia_hls_cache_set_stream: folder @name exists; its newest number is @newest (−1 none yet), which tells
 * "not yet" from "gone". */
void regia_hls_cache_set_stream (RegiaHlsCache *self, const char *name, gint64 newest);
/** regia_hls_cache_remove_stream: forgets folder @name and all in it. */
void regia_hls_cache_remove_stream (RegiaHlsCache *self, const char *name);

/** regia_hls_cache_count_segment: one more was made, which ends at @end_ns. */
void regia_hls_cache_count_segment (RegiaHlsCache *self, gint64 end_ns);
/** regia_hls_cache_set_dropped: packets that could not be used so far. */
void regia_hls_cache_set_dropped (RegiaHlsCache *self, guint64 dropped);

/* Any thread. */
RegiaHlsFound regia_hls_cache_lookup (RegiaHlsCache *self, const char *path, RegiaHlsResource *ret_resource);
void regia_hls_cache_get_stats (RegiaHlsCache *self, RegiaHlsStats *ret_stats);
