/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "console-turn-private.h"
#include "regia/base/error.h"
#include "router-private.h"

#define COMMANDS   "/api/v1/commands/"
#define LIVE       "/api/v1/live"
#define HOUSE      "/house/"
#define BODY_BYTES 4096
#define BODY_MS    5000
#define FILE_BYTES 131072 /* a text of 48 KiB, with its escapes */
#define FILE_MS    20000
#define NOT_SURE                                                                                             \
  "it is not known whether this took effect: the director did not answer; repeat it with the same id"

const RegiaBodyRule regia_console_rules[] = {
    {REGIA_METHOD_POST, "/api/v1/login", BODY_BYTES, BODY_MS},
    {REGIA_METHOD_POST, "/api/v1/logout", BODY_BYTES, BODY_MS},
    {REGIA_METHOD_POST, COMMANDS, BODY_BYTES, BODY_MS},
    {REGIA_METHOD_POST, REGIA_TURN_PEOPLE "/", BODY_BYTES, BODY_MS},
    {REGIA_METHOD_POST, "/api/v1/invitation", BODY_BYTES, BODY_MS},
    {REGIA_METHOD_PUT, REGIA_TURN_EVENT_FILES, FILE_BYTES, FILE_MS},
    {REGIA_METHOD_DELETE, REGIA_TURN_EVENT_FILES, 0, BODY_MS},
    {REGIA_METHOD_PUT, REGIA_TURN_HALL_FILE, FILE_BYTES, FILE_MS},
    {.method = REGIA_METHOD_GET, .path = LIVE},
    {0},
};

/* What there is to see */

static void
show_session (RegiaTurn *turn)
{
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", turn->name);
  g_variant_dict_insert (&dict, "role", "s", regia_role_to_string (turn->role));
  regia_turn_finish_json (turn, &reply, g_variant_dict_end (&dict));
}

/* What was rendered for all requests of this second. */
static void
show_ready (RegiaTurn *turn, RegiaSnapshot *snapshot, const char *content_type)
{
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  reply.body = regia_snapshot_get_status (snapshot);
  if (reply.body == NULL) {
    regia_turn_refuse (turn, 503, "the director has not answered yet; try again in some seconds", 2);
    return;
  }
  reply.status = 200;
  reply.content_type = content_type;
  reply.cache_control = "no-store";
  regia_turn_finish (turn, &reply);
}

static void
show_status (RegiaTurn *turn)
{
  show_ready (turn, turn->worker->site->snapshot, "application/json");
}

static void
show_metrics (RegiaTurn *turn)
{
  show_ready (turn, turn->worker->site->metrics, "text/plain; version=0.0.4; charset=utf-8");
}

static void
show_events (RegiaTurn *turn)
{
  g_autoptr (SoupServerMessage) message = NULL;

  if (soup_server_message_get_method (turn->message) != SOUP_METHOD_GET ||
      soup_server_message_get_http_version (turn->message) == SOUP_HTTP_1_0) {
    regia_turn_refuse (turn, 400, "this takes GET and HTTP/1.1", 0);
    return;
  }
  if (!regia_console_streams_have_room (turn->worker->streams)) {
    regia_turn_refuse (turn, 503, "too many follow the events already", 10);
    return;
  }
  if (turn->pending == NULL)
    turn->pending = regia_http_pause (turn->worker->http, turn->message);
  message = regia_http_take_back (g_steal_pointer (&turn->pending));
  if (message != NULL)
    regia_console_streams_add (turn->worker->streams, message, turn->token,
                               regia_turn_get_field (turn, "Last-Event-ID"));
  regia_turn_free (turn);
}

/* A browser lets every page open a WebSocket to everybody, and sends our cookie with it. */
static void
show_live (RegiaTurn *turn)
{
  g_autoptr (SoupServerMessage) message = NULL;

  if (!regia_turn_is_of_ours (turn)) {
    regia_turn_refuse (turn, 403, "another site's page asked for this, or a cookie came without an Origin",
                       0);
    return;
  }
  if (!regia_console_sockets_have_room (turn->worker->sockets)) {
    regia_turn_refuse (turn, 503, "too many pages are open already", 10);
    return;
  }
  if (regia_turn_get_field (turn, "Upgrade") == NULL) {
    regia_turn_refuse (turn, 426, "this is a WebSocket (RFC 6455, version 13)", 0);
    return;
  }
  if (turn->pending == NULL)
    turn->pending = regia_http_pause (turn->worker->http, turn->message);
  message = regia_http_take_back (g_steal_pointer (&turn->pending));
  if (message != NULL) {
    if (!regia_console_sockets_add (turn->worker->sockets, message, turn->token))
      soup_server_message_set_status (message, 400, NULL);
    soup_server_message_unpause (message);
  }
  regia_turn_free (turn);
}

/* Nothing of it is kept anywhere: it may be private. */
static void
show_house (RegiaTurn *turn)
{
  g_auto (RegiaHlsResource) resource = {0};
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  switch (regia_console_feed_look_up (turn->worker->site->feed, turn->path + strlen (HOUSE), &resource)) {
  case REGIA_HLS_FOUND:
    reply.status = 200;
    reply.content_type = resource.content_type;
    reply.cache_control = "no-store";
    reply.body = g_steal_pointer (&resource.bytes);
    regia_turn_finish (turn, &reply);
    return;
  case REGIA_HLS_NOT_YET:
    regia_turn_refuse (turn, 503, "it is read from the feed from now on; try again in a second", 1);
    return;
  case REGIA_HLS_GONE:
  case REGIA_HLS_NOT_FOUND:
    break;
  }
  regia_turn_refuse (turn, 404, "There is nothing at this address.", 0);
}

static void
show_health (RegiaTurn *turn)
{
  gboolean healthy = FALSE;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  reply.body = regia_snapshot_get_health (turn->worker->site->snapshot, &healthy);
  if (reply.body == NULL)
    reply.body = g_bytes_new_static ("starting\n", 9);
  reply.status = healthy ? 200 : 503;
  reply.content_type = "text/plain; charset=utf-8";
  reply.cache_control = "no-store";
  regia_turn_finish (turn, &reply);
}

/* Commands */

void
regia_turn_refuse_by_director (RegiaTurn *turn, const GError *error, gboolean is_remote)
{
  guint status = 503;

  /* One that goes away refuses what is on its way to the disk, and may have got there. */
  if (!is_remote || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)) {
    regia_turn_refuse (turn, 504, NOT_SURE, 0);
    return;
  }
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED)) {
    regia_console_ask_note (turn->worker->ask, turn->token, NULL, REGIA_ROLE_VIEWER);
    status = 401;
  } else if (g_error_matches (error, REGIA_ERROR, REGIA_ERROR_STATE)) {
    status = 409;
  } else if (error->domain == REGIA_ERROR && error->code != REGIA_ERROR_NO_SPACE) {
    status = 400;
  }
  regia_turn_refuse (turn, status, error->message, 0);
}

static void
done_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  RegiaTurn *turn = user_data;
  g_autoptr (GVariant) result = NULL;
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(a{sv})"))) {
    regia_turn_refuse_by_director (turn, error, is_remote && error != NULL);
    return;
  }
  result = g_variant_get_child_value (answer, 0);
  g_variant_dict_init (&dict, result);
  if (turn->id != NULL) {
    g_autoptr (GVariant) event = g_variant_lookup_value (result, "id", NULL);

    if (event != NULL)
      g_variant_dict_insert_value (&dict, "event", event);
    g_variant_dict_insert (&dict, "id", "s", turn->id);
  }
  regia_turn_finish_json (turn, &reply, g_variant_dict_end (&dict));
}

static void
command (RegiaTurn *turn)
{
  const char *name = turn->path + strlen (COMMANDS);
  gint64 show_ns = regia_epoch_show_time (&turn->worker->site->epoch);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (RegiaConsoleOrder) order = {0};
  const char *json;
  gsize length;

  if (!regia_console_order_is_known (name)) {
    regia_turn_refuse (turn, 404, "there is no such command", 0);
    return;
  }
  body = regia_turn_get_body (turn);
  json = g_bytes_get_data (body, &length);
  if (!regia_console_order_read (name, turn->token, json, length, (guint64)MAX (show_ns, 0) / REGIA_MSECOND,
                                 &order, &error)) {
    regia_turn_refuse (turn, 400, error->message, 0);
    return;
  }
  turn->id = g_strdup (order.id);
  regia_turn_ask (turn, REGIA_CONSOLE_KNOWN, "Console1", order.method, order.arguments, done_cb);
}

static void
show_planned (RegiaTurn *turn)
{
  regia_turn_ask (turn, REGIA_CONSOLE_KNOWN, "Console1", "GetEvents", g_variant_new ("(s)", turn->token),
                  done_cb);
}

static void
find_nothing (RegiaTurn *turn)
{
  regia_turn_refuse (turn, 404, "There is nothing at this address.", 0);
}

/* One page, which looks at its address. */
static gboolean
is_page (const char *path)
{
  return strcmp (path, "/") == 0 || strcmp (path, "/multiview") == 0 || strcmp (path, "/phone") == 0;
}

static const RegiaTurnRoute routes[] = {
    {"/", REGIA_TURN_GET, TRUE, REGIA_ACTION_WATCH, regia_turn_use_once},
    {"/multiview", REGIA_TURN_GET, TRUE, REGIA_ACTION_WATCH, regia_turn_use_once},
    {"/phone", REGIA_TURN_GET, TRUE, REGIA_ACTION_WATCH, regia_turn_use_once},
    {"/healthz", REGIA_TURN_GET, TRUE, REGIA_ACTION_WATCH, show_health},
    {"/api/", REGIA_TURN_GET, TRUE, REGIA_ACTION_WATCH, find_nothing},
    {"/api/v1/session", REGIA_TURN_GET, FALSE, REGIA_ACTION_WATCH, show_session},
    {"/api/v1/status", REGIA_TURN_GET, FALSE, REGIA_ACTION_OBSERVE, show_status},
    {"/api/v1/events", REGIA_TURN_GET, FALSE, REGIA_ACTION_OBSERVE, show_events},
    {LIVE, REGIA_TURN_GET, FALSE, REGIA_ACTION_OBSERVE, show_live},
    {HOUSE, REGIA_TURN_GET, FALSE, REGIA_ACTION_OBSERVE, show_house},
    {"/metrics", REGIA_TURN_GET, FALSE, REGIA_ACTION_OBSERVE, show_metrics},
    {"/api/v1/planned", REGIA_TURN_GET, FALSE, REGIA_ACTION_OBSERVE, show_planned},
    {REGIA_TURN_EVENT_FILES, REGIA_TURN_GET | REGIA_TURN_PUT | REGIA_TURN_DELETE, FALSE, REGIA_ACTION_COMMAND,
     regia_turn_edit_event},
    {REGIA_TURN_HALL_FILE, REGIA_TURN_GET | REGIA_TURN_PUT, FALSE, REGIA_ACTION_COMMAND,
     regia_turn_edit_hall},
    {REGIA_TURN_PEOPLE, REGIA_TURN_GET, FALSE, REGIA_ACTION_COMMAND, regia_turn_show_people},
    {REGIA_TURN_PEOPLE "/", REGIA_TURN_POST, FALSE, REGIA_ACTION_COMMAND, regia_turn_change_people},
    {"/api/v1/invitation", REGIA_TURN_POST, TRUE, REGIA_ACTION_WATCH, regia_turn_accept_invitation},
    {"/api/v1/login", REGIA_TURN_POST, TRUE, REGIA_ACTION_WATCH, regia_turn_log_in},
    {"/api/v1/logout", REGIA_TURN_POST, FALSE, REGIA_ACTION_WATCH, regia_turn_log_out},
    {COMMANDS, REGIA_TURN_POST, FALSE, REGIA_ACTION_COMMAND, command},
};

typedef struct {
  RegiaTurnWorker *worker;
  const RegiaTurnRoute *route;
} Handler;

static void
handler_cb (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer data)
{
  Handler *handler = data;
  RegiaTurn *turn = g_new0 (RegiaTurn, 1);

  turn->worker = handler->worker;
  turn->route = handler->route;
  turn->message = g_object_ref (message);
  turn->path = g_strdup (path);
  if (query != NULL && is_page (path))
    turn->once = g_strdup (g_hash_table_lookup (query, "once"));
  regia_turn_begin (turn);
}

static void
worker_free (gpointer data)
{
  RegiaTurnWorker *worker = data;

  regia_console_sockets_free (worker->sockets);
  regia_console_streams_free (worker->streams);
  regia_console_ask_free (worker->ask);
  g_free (worker);
}

void
regia_console_add_handlers (RegiaHttp *http, SoupServer *server, gpointer user_data)
{
  RegiaConsoleSite *site = user_data;
  RegiaTurnWorker *worker = g_new0 (RegiaTurnWorker, 1);

  worker->http = http;
  worker->site = site;
  worker->ask = regia_console_ask_new (site->connection);
  worker->streams = regia_console_streams_new (site->events, worker->ask);
  worker->sockets = regia_console_sockets_new (site->events, site->feed, worker->ask);
  g_object_set_data_full (G_OBJECT (server), "regia-console-worker", worker, worker_free);
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++) {
    Handler *handler = g_new (Handler, 1);

    *handler = (Handler){worker, &routes[i]};
    soup_server_add_handler (server, routes[i].path, handler_cb, handler, g_free);
  }
}

/* What lies ready */

/* Nothing that would be another word of the policy. */
static gboolean
is_origin (const char *text)
{
  return (g_str_has_prefix (text, "http://") || g_str_has_prefix (text, "https://")) &&
         text[strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-.:/[]")] == '\0';
}

void
regia_console_site_tell_viewers (RegiaConsoleSite *self, GVariant *gateway)
{
  g_autofree const char **addresses = NULL;
  g_autoptr (GString) origins = g_string_new (NULL);
  g_autoptr (GBytes) bytes = NULL;

  if (gateway != NULL)
    g_variant_lookup (gateway, "addresses", "^a&s", &addresses);
  for (gsize i = 0; addresses != NULL && addresses[i] != NULL; i++)
    if (is_origin (addresses[i]) && origins->len + 1 + strlen (addresses[i]) < REGIA_REPLY_ORIGINS_BYTES)
      g_string_append_printf (origins, "%s%s", origins->len > 0 ? " " : "", addresses[i]);
  bytes = g_bytes_new (origins->str, origins->len + 1);
  regia_snapshot_post (self->viewers, bytes, FALSE, NULL);
}

static void
answer_page (RegiaConsoleSite *site, const RegiaRequest *request, RegiaReply *reply)
{
  g_autoptr (GBytes) origins = regia_snapshot_get_status (site->viewers);

  regia_assets_answer (site->assets, "console.html", request, reply);
  if (origins != NULL)
    g_strlcpy (reply->origins, g_bytes_get_data (origins, NULL), sizeof reply->origins);
}

static gboolean
comes_by_link (const RegiaRequest *request)
{
  return request->method == REGIA_METHOD_GET && request->query != NULL &&
         (g_str_has_prefix (request->query, "once=") || strstr (request->query, "&once=") != NULL);
}

RegiaAnswer
regia_console_answer (const RegiaRequest *request, const RegiaPeer *peer, gboolean may_wait,
                      RegiaReply *reply, gpointer user_data)
{
  RegiaConsoleSite *site = user_data;
  const char *path = request->path;

  if (request->method == REGIA_METHOD_OPTIONS) {
    reply->status = 204;
    reply->allow = REGIA_REQUEST_ALLOW;
    return REGIA_ANSWER_READY;
  }
  if (request->method > REGIA_METHOD_OPTIONS)
    return REGIA_ANSWER_OTHER;
  if (is_page (path) && !comes_by_link (request))
    answer_page (site, request, reply);
  else if (strcmp (path, "/events") == 0)
    regia_assets_answer (site->assets, "events.html", request, reply);
  else if (strcmp (path, "/people") == 0)
    regia_assets_answer (site->assets, "people.html", request, reply);
  else if (strcmp (path, "/api/v1/openapi.json") == 0)
    regia_assets_answer (site->assets, "console-openapi.json", request, reply);
  else if (g_str_has_prefix (path, "/assets/") || strcmp (path, "/favicon.ico") == 0 ||
           strcmp (path, "/robots.txt") == 0)
    regia_assets_answer (site->assets, path + 1, request, reply);
  else
    return REGIA_ANSWER_OTHER;
  return REGIA_ANSWER_READY;
}
