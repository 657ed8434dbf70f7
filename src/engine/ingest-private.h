/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** Name of the element message by which regiartmp says, in "words", what it waits for; "" once it comes. */
#define REGIA_INGEST_WAITS "regia-waits"

/** regia_ingest_register: makes regiartmp, see ingest.c, known to this process' GStreamer. %FALSE when it
 * refuses. */
gboolean regia_ingest_register (void) G_GNUC_WARN_UNUSED_RESULT;

/** regia_ingest_link: gives each regiartmp in @bin its way to the listener.
 * @fd: (transfer none): REGIA_CHILD_INGEST_FD; 0 where there is no listener */
void regia_ingest_link (GstBin *bin, int fd);
