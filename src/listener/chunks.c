/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-listener"

#include "chunks-private.h"

#include <string.h>

#include "regia/base/error.h"

/*
 * RegiaChunks reads byte by byte into the header of a chunk until that is whole, then as much of its payload
 * as there is. Messages of several chunk streams may be interleaved; each has its own slot, with what its
 * next headers leave out.
 */

#define CHUNK_DEFAULT 128
#define CHUNK_MAX     (1u << 24) /* no message is longer, §5.4.1 */
#define STREAMS_MAX   16         /* encoders use four or five */
#define HEADER_MAX    (3 + 11 + 4)
#define EXTENDED      0xffffffu

typedef struct {
  guint32 id;
  gboolean used;
  gboolean extended; /* its last header had an extended timestamp: those of type 3 repeat it */
  guint8 type;
  guint32 time_ms, delta_ms;
  guint32 length;
  GByteArray *data; /* (owned): of the unfinished message */
} Slot;

struct _RegiaChunks {
  guint8 header[HEADER_MAX];
  gsize have;   /* of it */
  Slot *slot;   /* (nullable): whose payload is being read */
  gsize left;   /* … in this chunk */
  gsize chunk;  /* size */
  gsize limit;  /* of what is unfinished */
  gsize held;   /* now */
  Slot *handed; /* (nullable): whose message was given out by the last call */
  Slot slots[STREAMS_MAX];
};

RegiaChunks *
regia_chunks_new (void)
{
  RegiaChunks *self = g_new0 (RegiaChunks, 1);

  self->chunk = CHUNK_DEFAULT;
  self->limit = CHUNK_MAX;
  return self;
}

void
regia_chunks_free (RegiaChunks *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < STREAMS_MAX; i++)
    g_clear_pointer (&self->slots[i].data, g_byte_array_unref);
  g_free (self);
}

void
regia_chunks_set_limit (RegiaChunks *self, gsize bytes)
{
  self->limit = bytes;
}

static gssize
fail (GError **error, const char *what)
{
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL, "does not speak RTMP: %s", what);
  return -1;
}

static guint32
number (const guint8 *at, guint bytes)
{
  guint32 value = 0;

  for (guint i = 0; i < bytes; i++)
    value = value << 8 | at[i];
  return value;
}

static void
empty (RegiaChunks *self, Slot *slot)
{
  self->held -= slot->data->len;
  g_byte_array_set_size (slot->data, 0);
}

/* (nullable): all are in use. */
static Slot *
find_slot (RegiaChunks *self, guint32 id, gboolean make)
{
  Slot *free_slot = NULL;

  for (guint i = 0; i < STREAMS_MAX; i++) {
    if (self->slots[i].used && self->slots[i].id == id)
      return &self->slots[i];
    if (!self->slots[i].used && free_slot == NULL)
      free_slot = &self->slots[i];
  }
  if (!make || free_slot == NULL)
    return NULL;
  free_slot->used = TRUE;
  free_slot->id = id;
  free_slot->data = g_byte_array_new ();
  return free_slot;
}

static gsize
basic_length (RegiaChunks *self)
{
  guint8 low = self->header[0] & 0x3f;

  return low == 0 ? 2 : low == 1 ? 3 : 1;
}

/* Of the header's first bytes, §5.3.1.1. */
static guint32
stream_id (RegiaChunks *self)
{
  gsize basic = basic_length (self);

  if (basic == 1)
    return self->header[0] & 0x3fu;
  return 64u + self->header[1] + (basic == 3 ? 256u * self->header[2] : 0);
}

/* What the header that is begun says about its own length, as far as it is known by now. */
static gsize
header_length (RegiaChunks *self)
{
  static const guint8 lengths[] = {11, 7, 3, 0};
  gsize basic = basic_length (self), whole = basic + lengths[self->header[0] >> 6];
  const Slot *slot;

  if (self->have < basic)
    return basic;
  if (self->have < whole)
    return whole;
  if (whole > basic)
    return whole + (number (self->header + basic, 3) == EXTENDED ? 4 : 0);
  slot = find_slot (self, stream_id (self), FALSE);
  return whole + (slot != NULL && slot->extended ? 4 : 0);
}

/* The header is whole: @self->slot and @self->left for what follows it. */
static gboolean
read_header (RegiaChunks *self, GError **error)
{
  guint8 format = self->header[0] >> 6;
  const guint8 *at = self->header + basic_length (self), *end = self->header + self->have;
  Slot *slot = find_slot (self, stream_id (self), format == 0);
  guint32 time = 0;

  if (slot == NULL) {
    fail (error, format == 0 ? "more than " G_STRINGIFY (STREAMS_MAX) " chunk streams"
                             : "a chunk of nothing that was begun");
    return FALSE;
  }
  if (slot->data->len > 0 && format != 3)
    empty (self, slot); /* begun anew without an end */
  if (format < 3) {
    time = number (at, 3);
    slot->extended = time == EXTENDED;
    if (slot->extended)
      time = number (end - 4, 4);
  }
  if (format < 2) {
    slot->length = number (at + 3, 3);
    slot->type = at[6];
  }
  if (slot->data->len == 0) {
    slot->delta_ms = format == 0 ? 0 : format < 3 ? time : slot->delta_ms;
    slot->time_ms = format == 0 ? time : slot->time_ms + slot->delta_ms;
  }
  self->slot = slot;
  self->left = MIN (self->chunk, slot->length - slot->data->len);
  if (self->held + self->left > self->limit) {
    fail (error, "messages too large");
    return FALSE;
  }
  return TRUE;
}

/* Of the messages that are about the chunks themselves. */
static gboolean
obey (RegiaChunks *self, const RegiaRtmpMessage *message, GError **error)
{
  Slot *aborted;

  if (message->type != REGIA_RTMP_CHUNK_SIZE && message->type != REGIA_RTMP_ABORT)
    return TRUE;
  if (message->size < 4) {
    fail (error, "a message about chunks is cut off");
    return FALSE;
  }
  if (message->type == REGIA_RTMP_CHUNK_SIZE) {
    self->chunk = number (message->data, 4) & 0x7fffffff;
    if (self->chunk >= 1 && self->chunk <= CHUNK_MAX)
      return TRUE;
    fail (error, "chunks of an impossible size");
    return FALSE;
  }
  aborted = find_slot (self, number (message->data, 4), FALSE);
  if (aborted != NULL && aborted != self->handed)
    empty (self, aborted);
  return TRUE;
}

gssize
regia_chunks_take (RegiaChunks *self, const guint8 *data, gsize length, RegiaRtmpMessage *ret_message,
                   GError **error)
{
  gsize taken = 0;

  ret_message->type = 0;
  if (self->handed != NULL)
    empty (self, self->handed);
  self->handed = NULL;
  while (taken < length || (self->slot != NULL && self->left == 0)) {
    Slot *slot = self->slot;
    gsize n;

    if (slot == NULL) {
      self->header[self->have++] = data[taken++];
      if (self->have < header_length (self))
        continue;
      if (!read_header (self, error))
        return -1;
      self->have = 0;
      continue;
    }
    n = MIN (self->left, length - taken);
    g_byte_array_append (slot->data, data + taken, (guint)n);
    self->held += n;
    taken += n;
    self->left -= n;
    if (self->left > 0)
      break;
    self->slot = NULL;
    if (slot->data->len < slot->length)
      continue;
    self->handed = slot;
    *ret_message = (RegiaRtmpMessage){slot->type, slot->time_ms, slot->data->data, slot->data->len};
    return obey (self, ret_message, error) ? (gssize)taken : -1;
  }
  return (gssize)taken;
}

void
regia_chunks_add (GByteArray *to, guint8 chunk_stream, guint8 type, guint32 message_stream,
                  const guint8 *data, gsize size)
{
  const guint8 header[] = {chunk_stream,
                           0,
                           0,
                           0,
                           (guint8)(size >> 16),
                           (guint8)(size >> 8),
                           (guint8)size,
                           type,
                           (guint8)message_stream, /* little-endian, §5.3.1.2.5 */
                           (guint8)(message_stream >> 8),
                           (guint8)(message_stream >> 16),
                           (guint8)(message_stream >> 24)};
  const guint8 next = 0xc0 | chunk_stream;

  g_return_if_fail (chunk_stream >= 2 && chunk_stream < 64 && size < CHUNK_MAX);
  g_byte_array_append (to, header, sizeof header);
  for (gsize at = 0; at < size; at += CHUNK_DEFAULT) {
    if (at > 0)
      g_byte_array_append (to, &next, 1);
    g_byte_array_append (to, data + at, (guint)MIN (CHUNK_DEFAULT, size - at));
  }
}
