/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaChunks: the chunk stream of RTMP (Adobe's RTMP 1.0, §5.3): bytes in, whole messages out. What comes is
 * strangers': memory grows only by what was really sent, up to a limit for all that is unfinished. No
 * sockets; one thread.
 */
typedef struct _RegiaChunks RegiaChunks;

/* Message types, §5.4, §7.1. */
enum {
  REGIA_RTMP_CHUNK_SIZE = 1,
  REGIA_RTMP_ABORT = 2,
  REGIA_RTMP_ACKNOWLEDGEMENT = 3,
  REGIA_RTMP_WINDOW = 5,
  REGIA_RTMP_BANDWIDTH = 6,
  REGIA_RTMP_AUDIO = 8,
  REGIA_RTMP_VIDEO = 9,
  REGIA_RTMP_COMMAND_3 = 17, /* AMF 3: a byte, then mostly AMF 0 */
  REGIA_RTMP_COMMAND = 20,
};

/** A message; @data is valid until the next call. */
typedef struct {
  guint8 type;
  guint32 time_ms; /* the sender's, wraps after 49 days */
  const guint8 *data;
  gsize size;
} RegiaRtmpMessage;

RegiaChunks *regia_chunks_new (void);
void regia_chunks_free (RegiaChunks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaChunks, regia_chunks_free)

/** regia_chunks_set_limit: how many bytes the messages that are unfinished may hold together. */
void regia_chunks_set_limit (RegiaChunks *self, gsize bytes);

/**
 * regia_chunks_take:
 * @data: what has come, @length bytes of it
 * @ret_message: (out): filled in when a message is whole; else its type is 0
 *
 * Takes from @data up to the end of the first message; call again with the rest. Chunk sizes and aborts are
 * obeyed here, and handed out as well.
 *
 * Returns: how many bytes were taken, or −1 with REGIA_ERROR_PROTOCOL.
 */
gssize regia_chunks_take (RegiaChunks *self, const guint8 *data, gsize length, RegiaRtmpMessage *ret_message,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_chunks_add: appends to @to a message as chunks of 128 bytes, which is what a far end expects that
 * was told nothing else. @chunk_stream: 2 … 63. */
void regia_chunks_add (GByteArray *to, guint8 chunk_stream, guint8 type, guint32 message_stream,
                       const guint8 *data, gsize size);
