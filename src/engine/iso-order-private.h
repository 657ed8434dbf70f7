/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** regia_iso_order_dts: before the first unit. */
#define REGIA_ISO_ORDER_NONE G_MININT64
/** So many units after one are enough to tell its dts, where pictures are stored in another order than they
 * are shown in: a pyramid of B-frames three deep. */
#define REGIA_ISO_ORDER_AHEAD 3

/**
 * regia_iso_order_dts:
 * @pts_ns: (array length=count): pts of a unit and of those that follow it as they are stored, at least one
 * @last_dts_ns: dts of the unit before it, or REGIA_ISO_ORDER_NONE
 *
 * When to decode a unit of which it is only known when it is shown (RTP has no other stamps, RFC 3550 §5.1):
 * at its pts; or, where a later unit is shown before it, evenly between the unit before it and that one. So
 * it rises, and is never after the pts. Pure.
 *
 * Returns: the dts; not above @last_dts_ns where there is no room: the unit is stored too late to be shown.
 */
gint64 regia_iso_order_dts (const gint64 *pts_ns, guint count, gint64 last_dts_ns);
