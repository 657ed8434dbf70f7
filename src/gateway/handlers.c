/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "regia/base/json.h"
#include "router-private.h"

/* What does not lie ready: ordinary handlers of libsoup. */

/* The list below /api/v1/recordings, or the one recording that is named behind it. */
#define RECORDINGS "/api/v1/recordings"

static void
answer_json (RegiaReply *reply, GVariant *value)
{
  char *text = regia_json_from_variant (value, FALSE);

  reply->status = 200;
  reply->content_type = "application/json";
  reply->cache_control = "no-cache";
  reply->body = g_bytes_new_take (text, strlen (text));
}

static void
list_recordings (RegiaSite *site, RegiaReply *reply)
{
  GVariantBuilder items, root;

  g_variant_builder_init (&items, G_VARIANT_TYPE ("av"));
  if (site->library != NULL) {
    g_autoptr (GPtrArray) list = regia_library_list (site->library);
    for (guint i = 0; i < list->len; i++)
      g_variant_builder_add (&items, "v", regia_library_item_to_variant (list->pdata[i]));
  }
  g_variant_builder_init (&root, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&root, "{sv}", "recordings", g_variant_builder_end (&items));
  g_variant_builder_add (&root, "{sv}", "readable", g_variant_new_boolean (site->library != NULL));
  answer_json (reply, g_variant_builder_end (&root));
}

static void
make_recordings_cb (const char *path, RegiaReply *reply, gpointer data)
{
  RegiaSite *site = data;
  const char *rest = path + strlen (RECORDINGS);
  g_autoptr (RegiaLibraryItem) item = NULL;

  if (*rest == '\0') {
    list_recordings (site, reply);
    return;
  }
  if (site->library != NULL && strchr (rest + 1, '/') == NULL)
    item = regia_library_get (site->library, rest + 1);
  if (item == NULL)
    regia_reply_error (reply, 404, path, "There is no such recording");
  else
    answer_json (reply, regia_library_item_to_variant (item));
}

static void
nothing (SoupServerMessage *message, const char *path)
{
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  regia_reply_error (&reply, 404, path, "There is nothing at this address.");
  regia_http_respond (message, &reply);
}

typedef struct {
  RegiaHttp *http;
  RegiaSite *site;
} Handler;

static void
recordings_cb (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
               gpointer data)
{
  Handler *self = data;

  regia_http_respond_later (self->http, message, path, make_recordings_cb, self->site);
}

static void
health_cb (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  Handler *self = data;
  gboolean healthy = regia_snapshot_is_healthy (self->site->snapshot);
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (strcmp (path, "/healthz") != 0) { /* a handler is asked for what is below its path, too */
    nothing (message, path);
    return;
  }
  reply.body = healthy ? g_bytes_new_static ("ok", 2) : g_bytes_new_static ("not ok", 6);
  reply.status = healthy ? 200 : 503;
  reply.retry_after_s = healthy ? 0 : REGIA_SITE_RETRY_S;
  reply.content_type = "text/plain; charset=utf-8";
  reply.cache_control = "no-store";
  regia_http_respond (message, &reply);
}

static void
nothing_cb (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer data)
{
  nothing (message, path);
}

void
regia_site_add_handlers (RegiaHttp *http, SoupServer *server, gpointer user_data)
{
  static const struct {
    const char *path;
    SoupServerCallback callback;
  } handlers[] = {{RECORDINGS, recordings_cb}, {"/healthz", health_cb}, {NULL, nothing_cb}};

  for (gsize i = 0; i < G_N_ELEMENTS (handlers); i++) {
    Handler *handler = g_new (Handler, 1);

    *handler = (Handler){http, user_data};
    soup_server_add_handler (server, handlers[i].path, handlers[i].callback, handler, g_free);
  }
}
