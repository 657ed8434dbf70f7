/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "regia/gateway/reply.h"

#include <string.h>
#include <unistd.h>

#include "regia/base/json.h"
#include "regia/gateway/range.h"

/*
 * A reply lives on the stack of whoever answers, for as long as it takes to hand it to the HTTP layer, which
 * takes the body and the descriptor over. The text arrays are not cleared as a whole: an answer is made
 * thousands of times a second.
 */

void
regia_reply_init (RegiaReply *self)
{
  self->status = 500;
  self->is_slow = FALSE;
  self->guard = REGIA_GUARD_DATA;
  self->content_type = self->cache_control = self->allow = NULL;
  self->cors = self->cors_preflight = self->accept_ranges = FALSE;
  self->etag[0] = self->last_modified[0] = self->content_range[0] = self->disposition[0] = '\0';
  self->body = NULL;
  self->fd = -1;
  self->offset = self->length = 0;
}

void
regia_reply_clear (RegiaReply *self)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

guint64
regia_reply_length (const RegiaReply *self)
{
  if (self->fd >= 0)
    return self->length;
  return self->body != NULL ? g_bytes_get_size (self->body) : 0;
}

static const char *
status_phrase (guint status)
{
  static const struct {
    guint status;
    const char *phrase;
  } table[] = {
      {200, "OK"},
      {304, "Not Modified"},
      {206, "Partial Content"},
      {204, "No Content"},
      {400, "Bad Request"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {411, "Length Required"},
      {414, "URI Too Long"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].status == status)
      return table[i].phrase;
  return "Unknown";
}

void
regia_reply_error (RegiaReply *self, guint status, gboolean json, const char *words)
{
  regia_reply_clear (self);
  self->status = status;
  self->cache_control = "no-store";
  self->etag[0] = self->last_modified[0] = self->disposition[0] = '\0';
  if (json) {
    g_autoptr (GVariantDict) dict = g_variant_dict_new (NULL);
    char *text;

    g_variant_dict_insert (dict, "status", "u", status);
    g_variant_dict_insert (dict, "error", "s", words);
    text = regia_json_from_variant (g_variant_dict_end (dict), FALSE);
    self->content_type = "application/json";
    self->body = g_bytes_new_take (text, strlen (text));
  } else {
    g_autofree char *escaped = g_markup_escape_text (words, -1);
    char *text = g_strdup_printf (
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>%u %s</title>"
        "<h1>%s</h1><p>%s</p><p><a href=\"/\">Live</a> · <a href=\"/recordings\">Recordings</a></p></html>\n",
        status, status_phrase (status), status_phrase (status), escaped);
    self->content_type = "text/html; charset=utf-8";
    self->body = g_bytes_new_take (text, strlen (text));
  }
}

#define PAGE_CSP                                                                                             \
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "                    \
  "media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; "                 \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

void
regia_reply_each_field (const RegiaReply *self, gboolean last, RegiaFieldFunc func, gpointer user_data)
{
  if (self->content_type != NULL)
    func ("Content-Type", self->content_type, user_data);
  if (self->cache_control != NULL)
    func ("Cache-Control", self->cache_control, user_data);
  if (self->etag[0] != '\0')
    func ("ETag", self->etag, user_data);
  if (self->last_modified[0] != '\0')
    func ("Last-Modified", self->last_modified, user_data);
  if (self->content_range[0] != '\0')
    func ("Content-Range", self->content_range, user_data);
  if (self->disposition[0] != '\0')
    func ("Content-Disposition", self->disposition, user_data);
  if (self->allow != NULL)
    func ("Allow", self->allow, user_data);
  if (self->accept_ranges)
    func ("Accept-Ranges", "bytes", user_data);
  if (self->cors)
    func ("Access-Control-Allow-Origin", "*", user_data);
  if (self->cors_preflight) {
    func ("Access-Control-Allow-Methods", REGIA_REQUEST_ALLOW, user_data);
    func ("Access-Control-Allow-Headers", "X-Regia-Viewer, Range", user_data);
    func ("Access-Control-Max-Age", "86400", user_data);
  }
  func ("X-Content-Type-Options", "nosniff", user_data);
  func ("Referrer-Policy", "no-referrer", user_data);
  if (self->guard == REGIA_GUARD_PAGE) {
    func ("Content-Security-Policy", PAGE_CSP, user_data);
    func ("X-Frame-Options", "SAMEORIGIN", user_data);
    func ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()", user_data);
  } else {
    func ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'", user_data);
  }
  if (last)
    func ("Connection", "close", user_data);
}

gboolean
regia_reply_has_body (const RegiaReply *self, RegiaMethod method)
{
  return method != REGIA_METHOD_HEAD && self->status != 204 && self->status != 304 &&
         regia_reply_length (self) > 0;
}

/* Text in a room that is known to be large enough: a field that would not fit is left out rather than cut. */
typedef struct {
  char *at, *end;
} Cursor;

static void
append_field (const char *name, const char *value, gpointer data)
{
  Cursor *cursor = data;
  gsize name_length = strlen (name), value_length = strlen (value);

  if ((gsize)(cursor->end - cursor->at) < name_length + value_length + 4)
    return;
  cursor->at = mempcpy (cursor->at, name, name_length);
  cursor->at = mempcpy (cursor->at, ": ", 2);
  cursor->at = mempcpy (cursor->at, value, value_length);
  cursor->at = mempcpy (cursor->at, "\r\n", 2);
}

/* The same for all answers of a second. */
static const char *
date_now (void)
{
  static __thread gint64 date_s;
  static __thread char date[REGIA_HTTP_DATE_BYTES];
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC;

  if (now_s != date_s)
    regia_http_date_format (date_s = now_s, date);
  return date;
}

gsize
regia_reply_write_head (const RegiaReply *self, gboolean last, char ret_text[REGIA_REPLY_HEAD_BYTES])
{
  Cursor cursor = {ret_text, ret_text + REGIA_REPLY_HEAD_BYTES - 2};
  char length[24];

  cursor.at += g_snprintf (ret_text, 128, "HTTP/1.1 %u %s\r\n", self->status, status_phrase (self->status));
  append_field ("Date", date_now (), &cursor);
  if (self->status != 204 && self->status != 304) { /* RFC 9110 §8.6 */
    g_snprintf (length, sizeof length, "%" G_GUINT64_FORMAT, regia_reply_length (self));
    append_field ("Content-Length", length, &cursor);
  }
  regia_reply_each_field (self, last, append_field, &cursor);
  cursor.at = mempcpy (cursor.at, "\r\n", 2);
  return (gsize)(cursor.at - ret_text);
}
