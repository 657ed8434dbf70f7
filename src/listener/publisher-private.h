/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaPublisher: one conversation with somebody who wants to send by RTMP (Adobe's RTMP 1.0): handshake,
 * connect, createStream, publish; then pictures and sound. Bytes in, bytes and calls out; no sockets, no
 * clock; one thread.
 *
 * What it says is looked at before anything of it goes further: until publish was allowed, nothing but a few
 * small commands is taken, and no media at all.
 */
typedef struct _RegiaPublisher RegiaPublisher;

typedef struct {
  /** Whether it may send as @application (what its address ends in) with @key: strangers' words, both. Called
   * once. @ret_why: (out) (transfer full): for %FALSE: what it is told. */
  gboolean (*may_publish) (const char *application, const char *key, char **ret_why, gpointer user_data);
  /** After that: @data of a picture or a sound, as in the body of an FLV tag: @type is 9 or 8. */
  void (*media) (guint8 type, guint32 time_ms, const guint8 *data, gsize size, gpointer user_data);
} RegiaPublisherCallbacks;

/** regia_publisher_new: @callbacks: static. */
RegiaPublisher *regia_publisher_new (const RegiaPublisherCallbacks *callbacks, gpointer user_data);
void regia_publisher_free (RegiaPublisher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaPublisher, regia_publisher_free)

/**
 * regia_publisher_take: @length bytes of @data have come.
 *
 * Returns: %FALSE when the conversation is over: with an error when it was not what it should be
 * (REGIA_ERROR_PROTOCOL, or REGIA_ERROR_STATE when it was not let in), without one when it said good-bye.
 * What is to be sent to it is sent all the same, then the connection is closed.
 */
gboolean regia_publisher_take (RegiaPublisher *self, const guint8 *data, gsize length,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_publisher_get_answer: (transfer none): what is to be sent to it; whoever sends takes it out. */
GByteArray *regia_publisher_get_answer (RegiaPublisher *self);

/** regia_publisher_is_in: whether it was allowed to publish. */
gboolean regia_publisher_is_in (RegiaPublisher *self);
