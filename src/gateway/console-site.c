/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "console-private.h"
#include "console-stream-private.h"
#include "regia/base/error.h"
#include "regia/base/json.h"
#include "router-private.h"

#define COMMANDS   "/api/v1/commands/"
#define BODY_BYTES 4096
#define BODY_MS    5000
#define COOKIE_S   (7 * 24 * 3600) /* the director ends a session sooner */
#define NOT_KNOWN  "log in first: POST /api/v1/login, or Authorization: Bearer"
#define NOT_SURE                                                                                             \
  "it is not known whether this took effect: the director did not answer; repeat it with the same id"
#define TOO_MANY   "too many at once; try again in a second"
#define MEDIA_TYPE "application/json"

typedef struct _Turn Turn;

/* One line of the table. */
typedef struct {
  const char *path; /* one that ends in `/` stands for everything below it */
  gboolean changes; /* POST; else GET and HEAD */
  gboolean open;    /* to anybody; else: */
  RegiaAction action;
  void (*begin) (Turn *turn);
} Route;

/* A worker's. */
typedef struct {
  RegiaHttp *http;
  RegiaConsoleSite *site;
  RegiaConsoleAsk *ask;         /* (owned) */
  RegiaConsoleStreams *streams; /* (owned) */
} Worker;

/*
 * Turn: a request on its way: who asks, whether that one may, and then what is asked. Each step either ends
 * it (finish()) or asks the director and goes on with the answer; the message waits from the first question
 * on. All in the worker's context.
 */
struct _Turn {
  Worker *worker;
  const Route *route;
  SoupServerMessage *message; /* (owned) */
  RegiaHttpPending *pending;  /* (nullable): since something was asked */
  char *path;                 /* (owned) */
  char *once;                 /* (owned) (nullable) */
  char *token;                /* (owned) "": none */
  char *name;                 /* (owned) (nullable): whose session that is */
  RegiaRole role;
  char *id; /* (owned) (nullable): of a command */
};

const RegiaBodyRule regia_console_rules[] = {
    {REGIA_METHOD_POST, "/api/v1/login", BODY_BYTES, BODY_MS},
    {REGIA_METHOD_POST, "/api/v1/logout", BODY_BYTES, BODY_MS},
    {REGIA_METHOD_POST, COMMANDS, BODY_BYTES, BODY_MS},
    {0},
};

static const char *
get_field (Turn *turn, const char *name)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers (turn->message), name);
}

static void
turn_free (Turn *turn)
{
  g_object_unref (turn->message);
  g_free (turn->path);
  g_free (turn->once);
  g_free (turn->token);
  g_free (turn->name);
  g_free (turn->id);
  g_free (turn);
}

/* Takes @turn. */
static void
finish (Turn *turn, const RegiaReply *reply)
{
  if (turn->pending != NULL)
    regia_http_resume (turn->pending, reply);
  else
    regia_http_respond (turn->message, reply);
  turn_free (turn);
}

static void
refuse (Turn *turn, guint status, const char *words, guint retry_after_s)
{
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (g_str_has_prefix (turn->path, "/api/")) {
    regia_reply_error (&reply, status, turn->path, words);
  } else {
    reply.status = status;
    reply.content_type = "text/plain; charset=utf-8";
    reply.cache_control = "no-store";
    reply.body = g_bytes_new (words, strlen (words));
  }
  reply.retry_after_s = retry_after_s;
  if (status == 405)
    reply.allow = turn->route->changes ? "POST, OPTIONS" : REGIA_REQUEST_ALLOW;
  finish (turn, &reply);
}

static void
finish_json (Turn *turn, RegiaReply *reply, GVariant *value)
{
  char *text = regia_json_from_variant (value, FALSE);

  reply->status = 200;
  reply->content_type = MEDIA_TYPE;
  reply->cache_control = "no-store";
  reply->body = g_bytes_new_take (text, strlen (text));
  finish (turn, reply);
}

static void
ask (Turn *turn, RegiaConsoleShare share, const char *interface, const char *method, GVariant *arguments,
     RegiaConsoleAnswerFunc func)
{
  if (turn->pending == NULL)
    turn->pending = regia_http_pause (turn->worker->http, turn->message);
  if (!regia_console_ask_call (turn->worker->ask, share, interface, method, arguments, func, turn))
    refuse (turn, 429, TOO_MANY, 1);
}

/* Coming in and going out */

static void
set_cookie (Turn *turn, RegiaReply *reply, const char *token, guint for_s)
{
  gboolean secure = g_strcmp0 (get_field (turn, "X-Forwarded-Proto"), "https") == 0;

  g_snprintf (reply->cookie, sizeof reply->cookie,
              REGIA_CONSOLE_COOKIE "=%s; Path=/; Max-Age=%u; HttpOnly; SameSite=Strict%s", token, for_s,
              secure ? "; Secure" : "");
}

/* What Login and UseOneTime answer; TRUE: let in. @turn is refused else. */
static gboolean
take_admission (Turn *turn, GVariant *answer, const char **ret_token, const char **ret_role,
                gint64 *ret_expires)
{
  const char *refusal;
  guint retry_after;

  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(sussx)"))) {
    refuse (turn, 503, "the director does not answer; try again in some seconds", 5);
    return FALSE;
  }
  g_variant_get (answer, "(&su&s&sx)", &refusal, &retry_after, ret_token, ret_role, ret_expires);
  if (*refusal == '\0')
    return TRUE;
  if (strcmp (refusal, "wrong") == 0)
    refuse (turn, 403,
            turn->once != NULL
                ? "This address was used before, or is too old: `regia console` prints another one."
                : "name or password are wrong",
            0);
  else
    refuse (turn, 429, strcmp (refusal, "wait") == 0 ? "wrong too often: wait, and try again then" : TOO_MANY,
            MAX (retry_after, 1));
  return FALSE;
}

static void
logged_in_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  Turn *turn = user_data;
  const char *token, *role;
  gint64 expires;
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (!take_admission (turn, answer, &token, &role, &expires))
    return;
  set_cookie (turn, &reply, token, COOKIE_S);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "token", "s", token);
  g_variant_dict_insert (&dict, "role", "s", role);
  g_variant_dict_insert (&dict, "expires", "x", expires);
  finish_json (turn, &reply, g_variant_dict_end (&dict));
}

static const char *
get_client (Turn *turn)
{
  const char *client = get_field (turn, REGIA_REQUEST_CLIENT);

  return client != NULL ? client : "";
}

/* (transfer full) */
static GBytes *
get_body (Turn *turn)
{
  return soup_message_body_flatten (soup_server_message_get_request_body (turn->message));
}

static void
log_in (Turn *turn)
{
  g_autoptr (GBytes) body = get_body (turn);
  g_autofree char *name = NULL, *password = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *json = g_bytes_get_data (body, &length);

  if (!regia_console_login_read (json, length, &name, &password, &error)) {
    refuse (turn, 400, error->message, 0);
    return;
  }
  ask (turn, REGIA_CONSOLE_STRANGER, "Accounts1", "Login",
       g_variant_new ("(sss)", name, password, get_client (turn)), logged_in_cb);
}

static void
used_once_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  Turn *turn = user_data;
  const char *token, *role;
  gint64 expires;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (!take_admission (turn, answer, &token, &role, &expires))
    return;
  set_cookie (turn, &reply, token, COOKIE_S);
  reply.status = 303;
  reply.location = "./"; /* without the token, and below whatever path a proxy shows this */
  reply.cache_control = "no-store";
  finish (turn, &reply);
}

static void
use_once (Turn *turn)
{
  if (turn->once == NULL)
    refuse (turn, 404, "There is nothing at this address.", 0);
  else if (!regia_console_is_token (turn->once))
    refuse (turn, 403, "This address was not copied whole: `regia console` prints another one.", 0);
  else
    ask (turn, REGIA_CONSOLE_STRANGER, "Accounts1", "UseOneTime",
         g_variant_new ("(ss)", turn->once, get_client (turn)), used_once_cb);
}

static void
logged_out_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  Turn *turn = user_data;
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (answer == NULL) {
    refuse (turn, 503, "the director does not answer; try again in some seconds", 5);
    return;
  }
  regia_console_ask_note (turn->worker->ask, turn->token, NULL, REGIA_ROLE_VIEWER);
  set_cookie (turn, &reply, "", 0);
  g_variant_dict_init (&dict, NULL);
  finish_json (turn, &reply, g_variant_dict_end (&dict));
}

static void
log_out (Turn *turn)
{
  ask (turn, REGIA_CONSOLE_KNOWN, "Accounts1", "Logout", g_variant_new ("(s)", turn->token), logged_out_cb);
}

/* What there is to see */

static void
show_session (Turn *turn)
{
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", turn->name);
  g_variant_dict_insert (&dict, "role", "s", regia_role_to_string (turn->role));
  finish_json (turn, &reply, g_variant_dict_end (&dict));
}

static void
show_status (Turn *turn)
{
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  reply.body = regia_snapshot_get_status (turn->worker->site->snapshot);
  if (reply.body == NULL) {
    refuse (turn, 503, "the director has not answered yet; try again in some seconds", 2);
    return;
  }
  reply.status = 200;
  reply.content_type = MEDIA_TYPE;
  reply.cache_control = "no-store";
  finish (turn, &reply);
}

static void
show_metrics (Turn *turn)
{
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  reply.body = regia_snapshot_get_status (turn->worker->site->metrics);
  if (reply.body == NULL) {
    refuse (turn, 503, "the director has not answered yet; try again in some seconds", 2);
    return;
  }
  reply.status = 200;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.cache_control = "no-store";
  finish (turn, &reply);
}

static void
show_events (Turn *turn)
{
  g_autoptr (SoupServerMessage) message = NULL;

  if (soup_server_message_get_method (turn->message) != SOUP_METHOD_GET ||
      soup_server_message_get_http_version (turn->message) == SOUP_HTTP_1_0) {
    refuse (turn, 400, "this takes GET and HTTP/1.1", 0);
    return;
  }
  if (!regia_console_streams_have_room (turn->worker->streams)) {
    refuse (turn, 503, "too many follow the events already", 10);
    return;
  }
  if (turn->pending == NULL)
    turn->pending = regia_http_pause (turn->worker->http, turn->message);
  message = regia_http_take_back (g_steal_pointer (&turn->pending));
  if (message != NULL)
    regia_console_streams_add (turn->worker->streams, message, turn->token,
                               get_field (turn, "Last-Event-ID"));
  turn_free (turn);
}

static void
show_health (Turn *turn)
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
  finish (turn, &reply);
}

/* Commands */

static void
refuse_by_director (Turn *turn, const GError *error, gboolean is_remote)
{
  guint status = 503;

  if (!is_remote) {
    refuse (turn, 504, NOT_SURE, 0);
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
  refuse (turn, status, error->message, 0);
}

static void
done_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  Turn *turn = user_data;
  g_autoptr (GVariant) result = NULL;
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(a{sv})"))) {
    refuse_by_director (turn, error, is_remote && error != NULL);
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
  finish_json (turn, &reply, g_variant_dict_end (&dict));
}

static void
command (Turn *turn)
{
  const char *name = turn->path + strlen (COMMANDS);
  gint64 show_ns = regia_epoch_show_time (&turn->worker->site->epoch);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (RegiaConsoleOrder) order = {0};
  const char *json;
  gsize length;

  if (!regia_console_order_is_known (name)) {
    refuse (turn, 404, "there is no such command", 0);
    return;
  }
  body = get_body (turn);
  json = g_bytes_get_data (body, &length);
  if (!regia_console_order_read (name, turn->token, json, length, (guint64)MAX (show_ns, 0) / REGIA_MSECOND,
                                 &order, &error)) {
    refuse (turn, 400, error->message, 0);
    return;
  }
  turn->id = g_strdup (order.id);
  ask (turn, REGIA_CONSOLE_KNOWN, "Console1", order.method, order.arguments, done_cb);
}

static void
show_planned (Turn *turn)
{
  ask (turn, REGIA_CONSOLE_KNOWN, "Console1", "GetEvents", g_variant_new ("(s)", turn->token), done_cb);
}

/* Who may */

static void
admit (Turn *turn, const char *name, RegiaRole role)
{
  turn->name = g_strdup (name);
  turn->role = role;
  if (*name == '\0')
    refuse (turn, 401, NOT_KNOWN, 0);
  else if (!regia_role_may (role, turn->route->action))
    refuse (turn, 403, "that takes the role of a technician", 0);
  else
    turn->route->begin (turn);
}

static void
checked_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  Turn *turn = user_data;
  const char *name, *role_text;
  RegiaRole role;

  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(ss)"))) {
    refuse (turn, 503, "the director does not answer; try again in some seconds", 2);
    return;
  }
  g_variant_get (answer, "(&s&s)", &name, &role_text);
  if (!regia_role_parse (role_text, &role))
    role = REGIA_ROLE_VIEWER;
  regia_console_ask_note (turn->worker->ask, turn->token, name, role);
  admit (turn, name, role);
}

static void
identify (Turn *turn)
{
  RegiaConsoleAsk *director = turn->worker->ask;
  const char *name;
  RegiaRole role;

  if (!regia_console_is_token (turn->token))
    admit (turn, "", REGIA_ROLE_VIEWER);
  else if (regia_console_ask_recall (director, turn->token, &name, &role))
    admit (turn, name, role);
  else
    ask (turn, regia_console_ask_share (director, turn->token), "Accounts1", "Check",
         g_variant_new ("(s)", turn->token), checked_cb);
}

/* (transfer full): "" where there is none. @ret_by_cookie: a browser sends it by itself. */
static char *
read_token (Turn *turn, gboolean *ret_by_cookie)
{
  const char *authorization = get_field (turn, "Authorization"), *cookie = get_field (turn, "Cookie");
  g_auto (GStrv) pairs = NULL;

  *ret_by_cookie = FALSE;
  if (authorization != NULL)
    return g_ascii_strncasecmp (authorization, "Bearer ", 7) == 0 ? g_strdup (authorization + 7)
                                                                  : g_strdup ("");
  pairs = g_strsplit (cookie != NULL ? cookie : "", ";", -1);
  for (guint i = 0; pairs[i] != NULL; i++) {
    const char *pair = g_strchug (pairs[i]);

    if (g_str_has_prefix (pair, REGIA_CONSOLE_COOKIE "=")) {
      *ret_by_cookie = TRUE;
      return g_strdup (pair + strlen (REGIA_CONSOLE_COOKIE "="));
    }
  }
  return g_strdup ("");
}

/* Whether it was a page of this very address that had a browser ask. A program is not a browser: it says no
 * Origin, and its token by itself. */
static gboolean
is_of_ours (Turn *turn, gboolean by_cookie)
{
  const char *origin = get_field (turn, "Origin"), *site = get_field (turn, "Sec-Fetch-Site");
  const char *host = get_field (turn, "Host"), *rest;

  if (site != NULL && strcmp (site, "same-origin") != 0)
    return FALSE;
  if (origin == NULL)
    return !by_cookie;
  rest = g_str_has_prefix (origin, "https://")  ? origin + 8
         : g_str_has_prefix (origin, "http://") ? origin + 7
                                                : NULL;
  return rest != NULL && host != NULL && g_ascii_strcasecmp (rest, host) == 0;
}

static gboolean
is_json (Turn *turn)
{
  const char *type = get_field (turn, "Content-Type");
  goffset length = soup_server_message_get_request_body (turn->message)->length;
  gsize n = strlen (MEDIA_TYPE);

  if (type == NULL)
    return length == 0;
  return g_ascii_strncasecmp (type, MEDIA_TYPE, n) == 0 &&
         (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static void
begin (Turn *turn)
{
  const char *method = soup_server_message_get_method (turn->message);
  gboolean posts = method == SOUP_METHOD_POST, by_cookie;
  gsize length = strlen (turn->route->path);

  turn->token = read_token (turn, &by_cookie);
  if (turn->route->path[length - 1] != '/' && strcmp (turn->path, turn->route->path) != 0)
    refuse (turn, 404, "There is nothing at this address.", 0);
  else if (posts != turn->route->changes)
    refuse (turn, 405, turn->route->changes ? "this takes POST" : "this takes GET", 0);
  else if (posts && !is_of_ours (turn, by_cookie))
    refuse (turn, 403, "another site's page asked for this, or a cookie came without an Origin", 0);
  else if (posts && !is_json (turn))
    refuse (turn, 415, "the body must be application/json", 0);
  else if (turn->route->open)
    turn->route->begin (turn);
  else
    identify (turn);
}

static void
find_nothing (Turn *turn)
{
  refuse (turn, 404, "There is nothing at this address.", 0);
}

static const Route routes[] = {
    {"/", FALSE, TRUE, REGIA_ACTION_WATCH, use_once},
    {"/healthz", FALSE, TRUE, REGIA_ACTION_WATCH, show_health},
    {"/api/", FALSE, TRUE, REGIA_ACTION_WATCH, find_nothing},
    {"/api/v1/session", FALSE, FALSE, REGIA_ACTION_WATCH, show_session},
    {"/api/v1/status", FALSE, FALSE, REGIA_ACTION_OBSERVE, show_status},
    {"/api/v1/events", FALSE, FALSE, REGIA_ACTION_OBSERVE, show_events},
    {"/metrics", FALSE, FALSE, REGIA_ACTION_OBSERVE, show_metrics},
    {"/api/v1/planned", FALSE, FALSE, REGIA_ACTION_OBSERVE, show_planned},
    {"/api/v1/login", TRUE, TRUE, REGIA_ACTION_WATCH, log_in},
    {"/api/v1/logout", TRUE, FALSE, REGIA_ACTION_WATCH, log_out},
    {COMMANDS, TRUE, FALSE, REGIA_ACTION_COMMAND, command},
};

typedef struct {
  Worker *worker;
  const Route *route;
} Handler;

static void
handler_cb (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer data)
{
  Handler *handler = data;
  Turn *turn = g_new0 (Turn, 1);

  turn->worker = handler->worker;
  turn->route = handler->route;
  turn->message = g_object_ref (message);
  turn->path = g_strdup (path);
  if (query != NULL && strcmp (path, "/") == 0)
    turn->once = g_strdup (g_hash_table_lookup (query, "once"));
  begin (turn);
}

static void
worker_free (gpointer data)
{
  Worker *worker = data;

  regia_console_streams_free (worker->streams);
  regia_console_ask_free (worker->ask);
  g_free (worker);
}

void
regia_console_add_handlers (RegiaHttp *http, SoupServer *server, gpointer user_data)
{
  RegiaConsoleSite *site = user_data;
  Worker *worker = g_new0 (Worker, 1);

  worker->http = http;
  worker->site = site;
  worker->ask = regia_console_ask_new (site->connection);
  worker->streams = regia_console_streams_new (site->events, worker->ask);
  g_object_set_data_full (G_OBJECT (server), "regia-console-worker", worker, worker_free);
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++) {
    Handler *handler = g_new (Handler, 1);

    *handler = (Handler){worker, &routes[i]};
    soup_server_add_handler (server, routes[i].path, handler_cb, handler, g_free);
  }
}

/* What lies ready */

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
  if (strcmp (path, "/") == 0 && !comes_by_link (request))
    regia_assets_answer (site->assets, "console.html", request, reply);
  else if (strcmp (path, "/api/v1/openapi.json") == 0)
    regia_assets_answer (site->assets, "console-openapi.json", request, reply);
  else if (g_str_has_prefix (path, "/assets/") || strcmp (path, "/favicon.ico") == 0 ||
           strcmp (path, "/robots.txt") == 0)
    regia_assets_answer (site->assets, path + 1, request, reply);
  else
    return REGIA_ANSWER_OTHER;
  return REGIA_ANSWER_READY;
}
