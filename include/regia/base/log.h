/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * Logging is GLib's structured logging; each file defines its own topic before including anything:
 *
 *   #define G_LOG_DOMAIN "regia-feed"
 *
 * What several processes have in common (base, config, feed, mux, hls) logs at debug only (g_debug), and so
 * do streaming threads; the folders that are one process use g_info for what a technician wants to find
 * later, g_message for what they should see now, g_warning for what went wrong and was dealt with. Secrets
 * never reach a log call: log destinations by name, never by address or key.
 */

/**
 * regia_log_init:
 * @process: name put before each line, for example "engine" or "relay youtube"; copied
 *
 * Sends GLib's log to standard error as `HH:MM:SS.mmm process level topic: text`, or to the journal when
 * standard error is connected to it. Debug topics are chosen with G_MESSAGES_DEBUG. Call once, before threads
 * start.
 */
void regia_log_init (const char *process);
