/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** regia_mark_elements_register: makes regiamark and regiabeep known to this process' GStreamer. %FALSE when
 * it refuses. */
gboolean regia_mark_elements_register (void) G_GNUC_WARN_UNUSED_RESULT;
