/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/hls/window.h"

/**
 * RegiaHlsShelf: the finished answers by path. One thread puts, any number look up; one lock, a leaf.
 */
typedef struct _RegiaHlsShelf RegiaHlsShelf;

RegiaHlsShelf *regia_hls_shelf_new (void);
void regia_hls_shelf_free (RegiaHlsShelf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHlsShelf, regia_hls_shelf_free)

/** regia_hls_shelf_put: @bytes (transfer none) under @path, instead of what was there. @content_type is
 * static. */
void regia_hls_shelf_put (RegiaHlsShelf *self, const char *path, GBytes *bytes, const char *content_type,
                          RegiaHlsKind kind);
/** regia_hls_shelf_put_playlist: the same for playlist @text (transfer full). */
void regia_hls_shelf_put_playlist (RegiaHlsShelf *self, const char *path, char *text, RegiaHlsKind kind);
void regia_hls_shelf_remove (RegiaHlsShelf *self, const char *path);

/** regia_hls_shelf_set_stream: folder @name exists; its newest number is @newest (−1 none yet), which tells
 * "not yet" from "gone". */
void regia_hls_shelf_set_stream (RegiaHlsShelf *self, const char *name, gint64 newest);
/** regia_hls_shelf_remove_stream: forgets folder @name and all in it. */
void regia_hls_shelf_remove_stream (RegiaHlsShelf *self, const char *name);

/** regia_hls_shelf_count_segment: one more was made, which ends at @end_ns. */
void regia_hls_shelf_count_segment (RegiaHlsShelf *self, gint64 end_ns);
/** regia_hls_shelf_set_dropped: packets that could not be used so far. */
void regia_hls_shelf_set_dropped (RegiaHlsShelf *self, guint64 dropped);

/* Any thread. */
RegiaHlsFound regia_hls_shelf_lookup (RegiaHlsShelf *self, const char *path, RegiaHlsResource *ret_resource);
void regia_hls_shelf_get_stats (RegiaHlsShelf *self, RegiaHlsStats *ret_stats);
