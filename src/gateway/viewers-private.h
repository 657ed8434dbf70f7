/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "proxies-private.h"
#include "request-private.h"

/**
 * RegiaViewers: how many people watch: distinct viewers who fetched media within the last 12 s. A viewer is
 * the number that the page draws for as long as it is open (X-Regia-Viewer), so a class behind one address
 * counts as a class; players without it count by address and program. Identities exist in memory only, as
 * hashes under a key that dies with the process.
 *
 * Any thread; one lock, a leaf.
 */
typedef struct _RegiaViewers RegiaViewers;

#define REGIA_VIEWERS_SPAN_MS 12000
/** More than this are not told apart: what strangers can make us remember is bounded. */
#define REGIA_VIEWERS_MAX 50000

RegiaViewers *regia_viewers_new (void);
void regia_viewers_free (RegiaViewers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaViewers, regia_viewers_free)

/** regia_viewers_saw: @request fetched media at @now_ms (any clock that only goes forward). */
void regia_viewers_saw (RegiaViewers *self, const RegiaRequest *request, const RegiaPeer *peer,
                        gint64 now_ms);
/** regia_viewers_count: how many there are at @now_ms; forgets the others. */
guint regia_viewers_count (RegiaViewers *self, gint64 now_ms);
