/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <errno.h>
#include <string.h>

#include "address-private.h"
#include "wire-streams-private.h"

/*
 * Answers that are the last thing said on a wire, and behind which nothing is read: whatever the answer to it
 * is, a request that cannot be understood must be the last one of its connection; and who came by http where
 * https is spoken elsewhere is to ask there. A fresh or drained socket takes them whole; one that does not is
 * not worth waiting for.
 */

void
regia_wire_refuse (RegiaWire *self, const RegiaRefusal *refusal)
{
  g_auto (RegiaReply) reply;
  char head[REGIA_REPLY_HEAD_BYTES];
  char *text = refusal->json
                   ? g_strdup_printf ("{\"status\":%u,\"error\":\"%s\"}\n", refusal->status, refusal->words)
                   : g_strdup_printf ("%s.\n", refusal->words);
  struct iovec parts[2];

  regia_reply_init (&reply);
  reply.status = refusal->status;
  reply.content_type = refusal->json ? "application/json" : "text/plain; charset=utf-8";
  reply.cache_control = "no-store";
  reply.allow = refusal->status == 405 ? REGIA_REQUEST_ALLOW : NULL;
  reply.body = g_bytes_new_take (text, strlen (text));
  parts[0] = (struct iovec){head, regia_reply_write_head (&reply, TRUE, regia_reply_date_now (), head)};
  parts[1] = (struct iovec){text, strlen (text)};
  if (self->stream->class->write (self->stream, parts, refusal->head ? 1 : 2, FALSE) < 0)
    g_debug ("refusal not sent: %s", g_strerror (errno));
  REGIA_WIRE_COUNT (self, refused, 1);
  regia_wire_linger (self);
}

void
regia_wire_redirect (RegiaWire *self)
{
  const RegiaRequest *request = &self->request;
  g_autofree char *place =
      regia_redirect_location (request->host, request->path, request->query, self->owner->redirect_port);
  g_autofree char *text = g_strdup_printf ("HTTP/1.1 308 Permanent Redirect\r\nDate: %s\r\n"
                                           "Connection: close\r\nLocation: %s\r\nContent-Length: 0\r\n"
                                           "Cache-Control: no-store\r\n\r\n",
                                           regia_reply_date_now (), place);
  const struct iovec part = {text, strlen (text)};

  if (self->stream->class->write (self->stream, &part, 1, FALSE) < 0)
    g_debug ("redirect not sent: %s", g_strerror (errno));
  regia_wire_linger (self);
}
