/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** How a rendition's encoder is doing. */
typedef struct {
  gint64 behind_ns; /* show time that waits for it */
  gboolean judged;  /* it works: packets come out, and it is not catching up after it was replaced */
} RegiaSheddingLoad;

/** One rendition, as decided. Times are the caller's, ns. */
typedef struct {
  gboolean shed;
  gint64 since_ns; /* of the present state */
  gint64 room_ns;  /* how long the machine must have room before it comes back */
  gint64 retry_ns; /* when it comes back if nothing is behind until then; 0 unless it is shed */
  const char *why; /* static; "" unless it is shed */
} RegiaSheddingState;

/**
 * RegiaShedding: which renditions are made when the machine cannot keep up with all of them. A pure decision:
 * time is given, nothing is done here. One thread at a time.
 *
 * The first rendition, which is recorded, is never shed. When several are behind, or the mix itself is, the
 * lowest goes, and the next one a second later if that did not help; one that alone is behind while all
 * others have no work waiting is slow by itself, and goes itself. One comes back after the machine had room
 * for 20 s, the highest first and one at a time; twice as long each time it has to go again within 5 min, at
 * most 5 min.
 */
typedef struct _RegiaShedding RegiaShedding;

#define REGIA_SHEDDING_BEHIND_NS   (G_GINT64_CONSTANT (400) * 1000000)
#define REGIA_SHEDDING_SETTLE_NS   (G_GINT64_CONSTANT (1) * 1000000000)
#define REGIA_SHEDDING_ROOM_NS     (G_GINT64_CONSTANT (20) * 1000000000)
#define REGIA_SHEDDING_ROOM_MAX_NS (G_GINT64_CONSTANT (300) * 1000000000)

RegiaShedding *regia_shedding_new (guint renditions);
void regia_shedding_free (RegiaShedding *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaShedding, regia_shedding_free)

/**
 * regia_shedding_step:
 * @loads: (array): one for each rendition, in order
 * @mix_behind_ns: how much later than usual the mix makes its frames
 *
 * Returns: the rendition whose state has changed; −1 for none. At most one a step.
 */
int regia_shedding_step (RegiaShedding *self, const RegiaSheddingLoad *loads, gint64 mix_behind_ns,
                         gint64 now_ns);
void regia_shedding_get (RegiaShedding *self, guint rendition, RegiaSheddingState *ret_state);
