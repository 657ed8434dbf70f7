/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "router-private.h"

#include <string.h>

#include "range-private.h"

#define MEDIA_CACHE "public, max-age=31536000, immutable"

/* One line of the table. A path ending in `/` stands for everything below it. */
typedef struct {
  const char *path;
  gboolean is_slow; /* needs the disk */
  void (*answer) (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
                  RegiaReply *reply);
} Route;

/* Whole answers that may be repeated: 304 when the client has it. @bytes is (transfer none). */
static void
answer_bytes (const RegiaRequest *request, RegiaReply *reply, GBytes *bytes, const char *content_type,
              const char *etag, const char *cache_control)
{
  g_strlcpy (reply->etag, etag, sizeof reply->etag);
  reply->cache_control = cache_control;
  if (request->if_none_match != NULL && regia_etag_matches (request->if_none_match, reply->etag)) {
    reply->status = 304;
    return;
  }
  reply->status = 200;
  reply->content_type = content_type;
  reply->body = g_bytes_ref (bytes);
}

void
regia_assets_answer (RegiaAssets *assets, const char *name, const RegiaRequest *request, RegiaReply *reply)
{
  const RegiaAsset *asset = regia_assets_get (assets, name), *sent;

  if (asset == NULL) {
    regia_reply_error (reply, 404, request->path, "There is nothing at this address.");
    return;
  }
  sent = asset->gzip != NULL && request->gzip ? asset->gzip : asset;
  reply->guard = asset->is_page ? REGIA_GUARD_PAGE : REGIA_GUARD_DATA;
  reply->vary_encoding = asset->gzip != NULL;
  reply->encoding = sent != asset ? "gzip" : NULL;
  answer_bytes (request, reply, sent->bytes, asset->content_type, sent->etag, asset->cache_control);
}

static void
index_page (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
            RegiaReply *reply)
{
  regia_assets_answer (site->assets, "index.html", request, reply);
}

static void
recordings_page (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
                 RegiaReply *reply)
{
  regia_assets_answer (site->assets, "recordings.html", request, reply);
}

static void
assets (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
        RegiaReply *reply)
{
  regia_assets_answer (site->assets, request->path + 1, request, reply);
}

static void
openapi (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
         RegiaReply *reply)
{
  regia_assets_answer (site->assets, "openapi.json", request, reply);
}

/* What belongs to another show is nothing of this one, whatever its number. Whoever has typed the address
 * does not know the show. */
static RegiaHlsFound
look_up_media (RegiaSite *site, const char *rest, RegiaHlsResource *ret_resource)
{
  gsize length = site->show != NULL ? strlen (site->show) : 0;

  if (site->show == NULL)
    return regia_hls_window_lookup (site->window, rest, ret_resource);
  if (strcmp (rest, "index.m3u8") == 0)
    return regia_hls_window_lookup (site->window, REGIA_HLS_ABOVE, ret_resource);
  if (strncmp (rest, site->show, length) != 0 || rest[length] != '/')
    return REGIA_HLS_NOT_FOUND;
  return regia_hls_window_lookup (site->window, rest + length + 1, ret_resource);
}

static void
live (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
      RegiaReply *reply)
{
  g_auto (RegiaHlsResource) resource = {0};

  reply->cors = TRUE;
  switch (look_up_media (site, rest, &resource)) {
  case REGIA_HLS_FOUND:
    answer_bytes (request, reply, resource.bytes, resource.content_type, resource.etag,
                  resource.kind == REGIA_HLS_MEDIA ? MEDIA_CACHE : site->playlist_cache);
    if (resource.kind == REGIA_HLS_MEDIA && request->method == REGIA_METHOD_GET)
      regia_viewers_saw (site->viewers, request, peer, g_get_monotonic_time () / 1000);
    return;
  case REGIA_HLS_NOT_YET:
    regia_reply_error (reply, 404, request->path, "Nothing to play here yet.");
    return;
  case REGIA_HLS_GONE:
    regia_reply_error (reply, 404, request->path, "This part of the stream is no longer kept.");
    return;
  case REGIA_HLS_NOT_FOUND:
    break;
  }
  regia_reply_error (reply, 404, request->path, "There is nothing at this address.");
}

static void
api_status (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
            RegiaReply *reply)
{
  reply->body = regia_snapshot_get_status (site->snapshot);
  if (reply->body == NULL) {
    regia_reply_error (reply, 503, request->path, "Nothing is known yet; try again in some seconds");
    reply->retry_after_s = REGIA_SITE_RETRY_S;
    return;
  }
  reply->status = 200;
  reply->content_type = "application/json";
  reply->cache_control = "no-store";
}

static void
calendar (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
          RegiaReply *reply)
{
  g_autoptr (GBytes) text = site->calendar != NULL ? regia_snapshot_get_status (site->calendar) : NULL;
  g_autofree char *digest = NULL, *etag = NULL;

  if (text == NULL) {
    regia_reply_error (reply, 503, request->path, "Nothing is known yet; try again in some seconds");
    reply->retry_after_s = REGIA_SITE_RETRY_S;
    return;
  }
  digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, text);
  etag = g_strdup_printf ("\"%.32s\"", digest);
  answer_bytes (request, reply, text, "text/calendar; charset=utf-8", etag, "public, max-age=300");
}

static void
download (RegiaSite *site, const char *rest, const RegiaRequest *request, const RegiaPeer *peer,
          RegiaReply *reply)
{
  const char *slash = strchr (rest, '/');
  g_autofree char *id = slash != NULL ? g_strndup (rest, slash - rest) : NULL;

  if (site->library == NULL || id == NULL || id[0] == '\0' || slash[1] == '\0' ||
      strchr (slash + 1, '/') != NULL)
    regia_reply_error (reply, 404, request->path, "There is nothing at this address.");
  else
    regia_download_answer (site->library, id, slash + 1, request, reply);
}

/* What lies ready; all else is the library's (handlers.c). The most asked for first. */
static const Route routes[] = {
    {"/live/", FALSE, live},
    {"/", FALSE, index_page},
    {"/assets/", FALSE, assets},
    {"/api/v1/status", FALSE, api_status},
    {"/api/v1/openapi.json", FALSE, openapi},
    {"/recordings", FALSE, recordings_page},
    {"/recordings/", TRUE, download},
    {"/events.ics", FALSE, calendar},
    {"/favicon.ico", FALSE, assets},
    {"/robots.txt", FALSE, assets},
};

static const Route *
find_route (const char *path, const char **ret_rest)
{
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++) {
    gsize length = strlen (routes[i].path);
    gboolean folder = length > 1 && routes[i].path[length - 1] == '/';

    if (folder ? strncmp (path, routes[i].path, length) == 0 && path[length] != '\0'
               : strcmp (path, routes[i].path) == 0) {
      *ret_rest = path + length;
      return &routes[i];
    }
  }
  return NULL;
}

RegiaAnswer
regia_site_answer (const RegiaRequest *request, const RegiaPeer *peer, gboolean may_wait, RegiaReply *reply,
                   gpointer user_data)
{
  const char *rest = NULL;
  const Route *route = find_route (request->path, &rest);

  if (request->method == REGIA_METHOD_OPTIONS) {
    reply->status = 204;
    reply->allow = REGIA_REQUEST_ALLOW;
    reply->cors = reply->cors_preflight = route != NULL && route->answer == live;
    return REGIA_ANSWER_READY;
  }
  if (route == NULL || request->method > REGIA_METHOD_OPTIONS)
    return REGIA_ANSWER_OTHER;
  if (route->is_slow && !may_wait)
    return REGIA_ANSWER_SLOW;
  route->answer (user_data, rest, request, peer, reply);
  return REGIA_ANSWER_READY;
}

/* Some caches give out what is too old while they fetch anew (RFC 5861), Varnish for ten seconds where it is
 * not told otherwise. A playlist of then plays what is gone; once another show has begun, the one before. */
void
regia_site_init (RegiaSite *self, guint segment_ms)
{
  self->playlist_cache =
      g_strdup_printf ("public, max-age=%u, stale-while-revalidate=0", MAX (1, segment_ms / 2000));
}

void
regia_site_clear (RegiaSite *self)
{
  g_clear_pointer (&self->playlist_cache, g_free);
}
