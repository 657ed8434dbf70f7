/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/hls/playlist.h"

/**
 * RegiaHlsList: the last numbers of one track, without holes: what cannot be a segment is a gap. Not MT-safe.
 */
typedef struct _RegiaHlsList RegiaHlsList;

/** regia_hls_list_new: @max: numbers held at most; more are taken out by regia_hls_list_pop(). */
RegiaHlsList *regia_hls_list_new (gint64 segment_ns, guint max);
void regia_hls_list_free (RegiaHlsList *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHlsList, regia_hls_list_free)

/** Oldest and newest number, −1 when empty. */
gint64 regia_hls_list_get_first (RegiaHlsList *self);
gint64 regia_hls_list_get_newest (RegiaHlsList *self);

/** regia_hls_list_append: @number is newest + 1 unless the list is empty; @map: file name of its init
 * segment, copied. */
void regia_hls_list_append (RegiaHlsList *self, gint64 number, gint64 start_ns, gint64 duration_ns,
                            const char *map);
/** regia_hls_list_append_gaps: the numbers up to and including @to, from newest + 1 or, when the list is
 * empty, @from. Of a stretch longer than the list only the last part, in bounded time. */
void regia_hls_list_append_gaps (RegiaHlsList *self, gint64 from, gint64 to);

/** regia_hls_list_pop: takes the oldest number out if there are too many. @ret_map: (out) (transfer full)
 * (nullable): NULL of a gap. */
gboolean regia_hls_list_pop (RegiaHlsList *self, gint64 *ret_number, char **ret_map);
/** regia_hls_list_has_map: whether a number held uses init segment @map. */
gboolean regia_hls_list_has_map (RegiaHlsList *self, const char *map);

/**
 * regia_hls_list_get_entries:
 * @from: numbers below it are left out
 *
 * What to show: gaps at the beginning are left out, unless there is nothing else.
 *
 * Returns: (transfer container) (array length=ret_n): their strings belong to the list, until it changes;
 * NULL when empty
 */
RegiaHlsEntry *regia_hls_list_get_entries (RegiaHlsList *self, gint64 from, gsize *ret_n);
