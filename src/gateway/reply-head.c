/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "range-private.h"
#include "reply-private.h"
#include "request-private.h"

/* The head of an answer: one list of its fields, whoever writes them. */

/* The last one takes more origins behind it. */
#define PAGE_CSP                                                                                             \
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' "   \
  "blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "                 \
  "frame-ancestors 'self'; connect-src 'self'"

static const char *
phrase_of (guint status)
{
  switch (status) {
  case 200:
    return "OK";
  case 204:
    return "No Content";
  case 206:
    return "Partial Content";
  case 304:
    return "Not Modified";
  case 400:
    return "Bad Request";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 411:
    return "Length Required";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 416:
    return "Range Not Satisfiable";
  case 417:
    return "Expectation Failed";
  case 421:
    return "Misdirected Request";
  case 431:
    return "Request Header Fields Too Large";
  case 503:
    return "Service Unavailable";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return status < 500 ? "Bad Request" : "Internal Server Error";
  }
}

gboolean
regia_reply_has_body (const RegiaReply *self, gboolean is_head)
{
  return !is_head && self->status != 304 && self->status != 204 && regia_reply_length (self) > 0;
}

void
regia_reply_each_field (const RegiaReply *self, RegiaReplyFieldFunc func, gpointer user_data)
{
  gboolean empty = self->status == 304 || self->status == 204;
  char length[24], retry_after[16] = "", policy[sizeof PAGE_CSP + 1 + REGIA_REPLY_ORIGINS_BYTES];
  const struct {
    const char *name, *value;
  } fields[] = {
      {"Content-Type", self->content_type},
      {"Content-Encoding", empty ? NULL : self->encoding},
      {"Vary", self->vary_encoding ? "Accept-Encoding" : NULL},
      {"Cache-Control", self->cache_control},
      {"ETag", self->etag},
      {"Last-Modified", self->last_modified},
      {"Content-Range", self->content_range},
      {"Content-Disposition", self->disposition},
      {"Allow", self->allow},
      {"Location", self->location},
      {"Retry-After", retry_after},
      {"Set-Cookie", self->cookie},
      {"Accept-Ranges", self->accept_ranges ? "bytes" : NULL},
      {"Access-Control-Allow-Origin", self->cors ? "*" : NULL},
      {"Access-Control-Allow-Methods", self->cors_preflight ? REGIA_REQUEST_ALLOW : NULL},
      {"Access-Control-Allow-Headers", self->cors_preflight ? "X-Regia-Viewer, Range" : NULL},
      {"Access-Control-Max-Age", self->cors_preflight ? "86400" : NULL},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Content-Security-Policy",
       self->guard == REGIA_GUARD_PAGE ? policy : "default-src 'none'; frame-ancestors 'none'"},
      {"X-Frame-Options", self->guard == REGIA_GUARD_PAGE ? "SAMEORIGIN" : NULL},
      {"Permissions-Policy", self->guard == REGIA_GUARD_PAGE
                                 ? "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
                                 : NULL},
      {"Content-Length", empty ? NULL : length}, /* would be that of the whole (RFC 9110 §15.4.5) */
  };

  g_snprintf (length, sizeof length, "%" G_GUINT64_FORMAT, regia_reply_length (self));
  if (self->guard == REGIA_GUARD_PAGE)
    g_snprintf (policy, sizeof policy, PAGE_CSP "%s%s", self->origins[0] != '\0' ? " " : "", self->origins);
  if (self->retry_after_s > 0)
    g_snprintf (retry_after, sizeof retry_after, "%u", self->retry_after_s);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].value != NULL && fields[i].value[0] != '\0')
      func (fields[i].name, fields[i].value, user_data);
}

/* What does not fit is left out whole; all that is written here fits (see REGIA_REPLY_HEAD_BYTES). */
typedef struct {
  char *to;
  gsize length;
} Writer;

static void
append (Writer *writer, const char *text, gsize length)
{
  memcpy (writer->to + writer->length, text, length);
  writer->length += length;
}

static void
append_field_cb (const char *name, const char *value, gpointer data)
{
  Writer *writer = data;
  gsize name_length = strlen (name), value_length = strlen (value);

  if (writer->length + name_length + value_length + 4 + 2 > REGIA_REPLY_HEAD_BYTES)
    return;
  append (writer, name, name_length);
  append (writer, ": ", 2);
  append (writer, value, value_length);
  append (writer, "\r\n", 2);
}

gsize
regia_reply_write_head (const RegiaReply *self, gboolean last, const char *date,
                        char ret_head[REGIA_REPLY_HEAD_BYTES])
{
  const char *phrase = phrase_of (self->status);
  char status[] = "HTTP/1.1 000 ";
  Writer writer = {.to = ret_head};

  status[9] = (char)('0' + self->status / 100 % 10);
  status[10] = (char)('0' + self->status / 10 % 10);
  status[11] = (char)('0' + self->status % 10);
  append (&writer, status, sizeof status - 1);
  append (&writer, phrase, strlen (phrase));
  append (&writer, "\r\n", 2);
  append_field_cb ("Date", date, &writer);
  regia_reply_each_field (self, append_field_cb, &writer);
  if (last)
    append_field_cb ("Connection", "close", &writer);
  append (&writer, "\r\n", 2);
  return writer.length;
}

const char *
regia_reply_date_now (void)
{
  static _Thread_local gint64 second;
  static _Thread_local char text[REGIA_HTTP_DATE_BYTES];
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  if (now != second)
    regia_http_date_format (now, text);
  second = now;
  return text;
}
