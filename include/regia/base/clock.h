/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * Show time: nanoseconds since the show's epoch, which the director chooses once per show. Every packet of
 * every process is stamped in show time; it goes on across restarts of any process and, through the wall
 * clock, across a reboot.
 */

#define REGIA_SECOND  G_GINT64_CONSTANT (1000000000)
#define REGIA_MSECOND G_GINT64_CONSTANT (1000000)

#define REGIA_BOOT_ID_BYTES 40

/** The instant at which show time was 0. A plain value; copy freely. */
typedef struct {
  gint64 monotonic_ns;               /* CLOCK_MONOTONIC at show time 0; may be negative after a reboot */
  gint64 realtime_ns;                /* wall clock (Unix time) at show time 0; never changes for a show */
  char boot_id[REGIA_BOOT_ID_BYTES]; /* kernel boot id for which monotonic_ns holds */
} RegiaEpoch;

/** regia_clock_monotonic_ns: CLOCK_MONOTONIC in ns, the clock GStreamer's system clock uses. Any thread. */
gint64 regia_clock_monotonic_ns (void);

/** regia_clock_realtime_ns: wall clock, ns since 1970 UTC. Any thread. */
gint64 regia_clock_realtime_ns (void);

/** regia_epoch_now: @ret_epoch becomes the epoch of a show that starts at this moment. Any thread. */
void regia_epoch_now (RegiaEpoch *ret_epoch);

/**
 * regia_epoch_rebase:
 * @epoch: a stored epoch
 * @boot_id: the running kernel's boot id
 * @monotonic_ns, @realtime_ns: both clocks, read together
 *
 * Makes @epoch valid for the running boot: nothing changes when the boot id is the same; otherwise
 * monotonic_ns is computed anew from the wall clock; one that was set back to before the show began counts as
 * its beginning, so that show time is never negative. Pure. Returns: %TRUE when it had to be computed.
 */
gboolean regia_epoch_rebase (RegiaEpoch *epoch, const char *boot_id, gint64 monotonic_ns, gint64 realtime_ns);

/** regia_clock_boot_id: the running kernel's boot id. Any thread. */
void regia_clock_boot_id (char ret_id[REGIA_BOOT_ID_BYTES]);

/** regia_epoch_show_time: show time now, in ns. Any thread. */
gint64 regia_epoch_show_time (const RegiaEpoch *epoch);

/** regia_epoch_wall: wall clock (Unix ns) of @show_time_ns; not disturbed by later steps of the wall clock.
 * Pure. */
gint64 regia_epoch_wall (const RegiaEpoch *epoch, gint64 show_time_ns);

/** regia_epoch_to_string: `mono:real:boot`, as passed on the command line of children. (transfer full) */
char *regia_epoch_to_string (const RegiaEpoch *epoch);

/** regia_epoch_parse: the reverse; %FALSE when @text is not of that form. Pure. */
gboolean regia_epoch_parse (const char *text, RegiaEpoch *ret_epoch) G_GNUC_WARN_UNUSED_RESULT;

/** regia_time_format_iso: Unix ns as `2022-09-29T09:30:00.123Z` (RFC 3339, UTC, milliseconds). (transfer
 * full) Pure. */
char *regia_time_format_iso (gint64 realtime_ns);
