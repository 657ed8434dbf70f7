/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** regia_hls_register: makes regiahls, see hls.c, known to this process' GStreamer. %FALSE when it refuses.
 */
gboolean regia_hls_register (void) G_GNUC_WARN_UNUSED_RESULT;
