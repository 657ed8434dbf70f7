/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** regia_pulse_register: makes regiapulse, see pulse.c, known to this process' GStreamer. %FALSE when it
 * refuses. */
gboolean regia_pulse_register (void) G_GNUC_WARN_UNUSED_RESULT;
