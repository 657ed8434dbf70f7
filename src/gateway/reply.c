/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "reply-private.h"

#include <string.h>
#include <unistd.h>

#include "regia/base/json.h"

/*
 * A reply lives on the stack of whoever answers, for as long as it takes to hand it to the HTTP layer, which
 * takes the body and the descriptor over. The text arrays are not cleared as a whole: an answer is made
 * thousands of times a second.
 */

void
regia_reply_init (RegiaReply *self)
{
  self->status = 500;
  self->guard = REGIA_GUARD_DATA;
  self->content_type = self->cache_control = self->encoding = self->allow = NULL;
  self->location = NULL;
  self->retry_after_s = 0;
  self->cookie[0] = '\0';
  self->vary_encoding = self->cors = self->cors_preflight = self->accept_ranges = FALSE;
  self->etag[0] = self->last_modified[0] = self->content_range[0] = self->disposition[0] = self->origins[0] =
      '\0';
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
status_title (guint status)
{
  switch (status) {
  case 404:
    return "Not found";
  case 410:
    return "Gone";
  case 416:
    return "Range not satisfiable";
  case 503:
    return "Not available now";
  default:
    return "Error";
  }
}

void
regia_reply_error (RegiaReply *self, guint status, const char *path, const char *words)
{
  regia_reply_clear (self);
  self->status = status;
  self->cache_control = "no-store";
  self->etag[0] = self->last_modified[0] = self->disposition[0] = '\0';
  if (g_str_has_prefix (path, "/api/")) {
    g_autoptr (GVariantDict) dict = g_variant_dict_new (NULL);
    char *text;

    g_variant_dict_insert (dict, "status", "u", status);
    g_variant_dict_insert (dict, "error", "s", words);
    text = regia_json_from_variant (g_variant_dict_end (dict), FALSE);
    self->content_type = "application/json";
    self->body = g_bytes_new_take (text, strlen (text));
  } else {
    g_autofree char *escaped = g_markup_escape_text (words, -1);
    g_autoptr (GString) up = g_string_new ("./");

    /* Not "/": a proxy may show all of this below a path that is not told here. */
    for (const char *slash = strchr (path + 1, '/'); slash != NULL; slash = strchr (slash + 1, '/'))
      g_string_append (up, "../");
    char *text =
        g_strdup_printf ("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>%u %s</title>"
                         "<h1>%s</h1><p>%s</p><p><a href=\"%s\">Live</a> · <a "
                         "href=\"%srecordings\">Recordings</a></p></html>\n",
                         status, status_title (status), status_title (status), escaped, up->str, up->str);
    self->content_type = "text/html; charset=utf-8";
    self->body = g_bytes_new_take (text, strlen (text));
  }
}
