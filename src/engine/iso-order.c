/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "iso-order-private.h"

#include "regia/base/clock.h"

/* Arithmetic of stored and shown order: values in, values out. */

gint64
regia_iso_order_dts (const gint64 *pts_ns, guint count, gint64 last_dts_ns)
{
  guint first = 0;

  for (guint i = 1; i < count; i++)
    if (pts_ns[i] < pts_ns[first])
      first = i;
  if (first == 0)
    return pts_ns[0];
  if (last_dts_ns == REGIA_ISO_ORDER_NONE)
    return pts_ns[first] - first * REGIA_MSECOND;
  return last_dts_ns + (pts_ns[first] - last_dts_ns) / (first + 1);
}
