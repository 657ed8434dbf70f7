/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** regia_shutdown_ask: whether the machine is being shut down or restarted: asks systemd (SystemState) over
 * the system bus, on a thread of its own. Finish: %FALSE as well where there is no systemd, or it has not
 * answered within half a second. */
void regia_shutdown_ask (GAsyncReadyCallback callback, gpointer user_data);
gboolean regia_shutdown_ask_finish (GAsyncResult *result);
