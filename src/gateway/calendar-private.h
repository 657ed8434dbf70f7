/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * regia_calendar_render:
 * @status: what those outside are told, a{sv} as in control/org.regia.control.xml
 * @now_s: Unix time at which it came to be so
 *
 * The event that is on and the next one, as far as they have a name and a start: the same that the public
 * status says, for calendar programs that ask again and again. What else is planned nobody outside is told.
 *
 * Source of the format: RFC 5545; lines end with CR LF and are folded at 75 octets (§3.1), times are UTC
 * (§3.3.5). An event keeps its UID as long as it keeps name and day.
 *
 * Returns: (transfer full): `text/calendar`. Pure.
 */
char *regia_calendar_render (GVariant *status, gint64 now_s);
