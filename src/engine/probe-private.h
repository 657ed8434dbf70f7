/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaProbe: asks whether anybody is at the far end of a source, by a TCP connection that is closed as soon
 * as it is there: so that a source need not be started to find out, and can be as soon as it is of use. One
 * connection at a time, and at most one a second. Main thread.
 */
typedef struct _RegiaProbe RegiaProbe;

/**
 * regia_probe_read:
 * @address: `scheme://host:port/path`
 * @ret_host, @ret_port: (out) (transfer full): what it is connected to by TCP
 * @ret_tls: (out): whether under TLS
 *
 * Ports where none is given: RFC 2326 (rtsp), RFC 7826 (rtsps), RFC 9110 (http, https), Adobe's RTMP.
 *
 * Returns: %FALSE when it is none, or of a scheme that needs no TCP. Pure.
 */
gboolean regia_probe_read (const char *address, char **ret_host, guint16 *ret_port,
                           gboolean *ret_tls) G_GNUC_WARN_UNUSED_RESULT;

/** regia_probe_find: the first such address in @text, gst-launch text with its parameters filled in. Pure. */
gboolean regia_probe_find (const char *text, char **ret_host, guint16 *ret_port) G_GNUC_WARN_UNUSED_RESULT;

/** regia_probe_new: (transfer full) (nullable): for a source's @text; %NULL when there is nothing to ask. */
RegiaProbe *regia_probe_new (const char *text);
void regia_probe_free (RegiaProbe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaProbe, regia_probe_free)

/**
 * regia_probe_tick: asks, if the last time is a second ago, and looks at what came of it. Call it while the
 * answer is of use, about ten times a second.
 * @now_ns: CLOCK_MONOTONIC, by the caller's reckoning
 *
 * Returns: %TRUE once when somebody answers where nobody did before.
 */
gboolean regia_probe_tick (RegiaProbe *self, gint64 now_ns) G_GNUC_WARN_UNUSED_RESULT;

/** regia_probe_pause: its answer is of no use for now: a connection that is being made is let go. */
void regia_probe_pause (RegiaProbe *self);

/** regia_probe_is_same: both ask the same far end. */
gboolean regia_probe_is_same (const RegiaProbe *a, const RegiaProbe *b);

/** regia_probe_is_silent: nobody answered when it was asked last. */
gboolean regia_probe_is_silent (const RegiaProbe *self);
