/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** regia_payload_of_buffer: (transfer full) (nullable): all of @buffer, of which a reference is taken; %NULL
 * when its memory cannot be read. Any thread. */
GBytes *regia_payload_of_buffer (GstBuffer *buffer);
/** regia_payload_of_caps: (transfer full) (nullable): a copy of the buffer in @field of @caps, or of the
 * first one in an array there. Any thread. */
GBytes *regia_payload_of_caps (const GstStructure *caps, const char *field);
