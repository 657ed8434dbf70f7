/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "payload-private.h"

/* From GStreamer's buffers to what packets hold. No state. */

GBytes *
regia_payload_of_caps (const GstStructure *caps, const char *field)
{
  const GValue *value = gst_structure_get_value (caps, field);
  GstBuffer *buffer;
  gpointer data;
  gsize size;

  if (value && GST_VALUE_HOLDS_ARRAY (value))
    value = gst_value_array_get_size (value) > 0 ? gst_value_array_get_value (value, 0) : NULL;
  if (value == NULL || !GST_VALUE_HOLDS_BUFFER (value))
    return NULL;
  buffer = gst_value_get_buffer (value);
  gst_buffer_extract_dup (buffer, 0, gst_buffer_get_size (buffer), &data, &size);
  return g_bytes_new_take (data, size);
}

/* A buffer's memory, mapped for as long as somebody holds the payload. */
typedef struct {
  GstBuffer *buffer; /* (owned) */
  GstMapInfo map;
} Mapped;

static void
mapped_free (gpointer data)
{
  Mapped *self = data;

  gst_buffer_unmap (self->buffer, &self->map);
  gst_buffer_unref (self->buffer);
  g_free (self);
}

/*
 * The buffer's own memory, not copied. Only where an encoder asks for far more room than a packet takes
 * (audio: kilobytes for some hundred bytes) is it copied into its size, or a minute of small packets would
 * hold ten times what it weighs.
 */
GBytes *
regia_payload_of_buffer (GstBuffer *buffer)
{
  gsize room = 0, size = gst_buffer_get_sizes (buffer, NULL, &room);
  Mapped *mapped;

  if (room / 2 > size) {
    gpointer copy = g_malloc (size);
    gst_buffer_extract (buffer, 0, copy, size);
    return g_bytes_new_take (copy, size);
  }
  mapped = g_new0 (Mapped, 1);
  mapped->buffer = gst_buffer_ref (buffer);
  if (!gst_buffer_map (buffer, &mapped->map, GST_MAP_READ)) {
    gst_buffer_unref (mapped->buffer);
    g_free (mapped);
    return NULL;
  }
  return g_bytes_new_with_free_func (mapped->map.data, mapped->map.size, mapped_free, mapped);
}
