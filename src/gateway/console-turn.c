/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "console-turn-private.h"

#include <string.h>

#include "regia/base/json.h"

#define NOT_KNOWN  "log in first: POST /api/v1/login, or Authorization: Bearer"
#define MEDIA_TYPE "application/json"

const char *
regia_turn_get_field (RegiaTurn *turn, const char *name)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers (turn->message), name);
}

gboolean
regia_turn_is_https (RegiaTurn *turn)
{
  const char *proxy = regia_turn_get_field (turn, "X-Forwarded-Proto");

  return proxy != NULL ? strcmp (proxy, "https") == 0 : turn->worker->site->https;
}

void
regia_turn_free (RegiaTurn *turn)
{
  g_object_unref (turn->message);
  g_free (turn->path);
  g_free (turn->once);
  g_free (turn->token);
  g_free (turn->name);
  g_free (turn->id);
  g_free (turn);
}

void
regia_turn_finish (RegiaTurn *turn, const RegiaReply *reply)
{
  if (turn->pending != NULL)
    regia_http_resume (turn->pending, reply);
  else
    regia_http_respond (turn->message, reply);
  regia_turn_free (turn);
}

/* Each set of methods that a route has. */
static const struct Allowed {
  guint methods;
  const char *allow, *words;
} allowed[] = {
    {REGIA_TURN_POST, "POST, OPTIONS", "this takes POST"},
    {REGIA_TURN_GET | REGIA_TURN_PUT, REGIA_REQUEST_ALLOW ", PUT", "this takes GET and PUT"},
    {REGIA_TURN_GET | REGIA_TURN_PUT | REGIA_TURN_DELETE, REGIA_REQUEST_ALLOW ", PUT, DELETE",
     "this takes GET, PUT and DELETE"},
    {REGIA_TURN_GET, REGIA_REQUEST_ALLOW, "this takes GET"},
};

static const struct Allowed *
find_allowed (const RegiaTurnRoute *route)
{
  gsize i = 0;

  while (i + 1 < G_N_ELEMENTS (allowed) && allowed[i].methods != route->methods)
    i++;
  return &allowed[i];
}

void
regia_turn_refuse (RegiaTurn *turn, guint status, const char *words, guint retry_after_s)
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
    reply.allow = find_allowed (turn->route)->allow;
  regia_turn_finish (turn, &reply);
}

void
regia_turn_finish_json (RegiaTurn *turn, RegiaReply *reply, GVariant *value)
{
  char *text = regia_json_from_variant (value, FALSE);

  reply->status = 200;
  reply->content_type = MEDIA_TYPE;
  reply->cache_control = "no-store";
  reply->body = g_bytes_new_take (text, strlen (text));
  regia_turn_finish (turn, reply);
}

void
regia_turn_ask (RegiaTurn *turn, RegiaConsoleShare share, const char *interface, const char *method,
                GVariant *arguments, RegiaConsoleAnswerFunc func)
{
  if (turn->pending == NULL)
    turn->pending = regia_http_pause (turn->worker->http, turn->message);
  if (!regia_console_ask_call (turn->worker->ask, share, interface, method, arguments, func, turn))
    regia_turn_refuse (turn, 429, REGIA_TURN_TOO_MANY, 1);
}

GBytes *
regia_turn_get_body (RegiaTurn *turn)
{
  return soup_message_body_flatten (soup_server_message_get_request_body (turn->message));
}

/* Who may */

static void
admit (RegiaTurn *turn, const char *name, RegiaRole role)
{
  turn->name = g_strdup (name);
  turn->role = role;
  if (*name == '\0')
    regia_turn_refuse (turn, 401, NOT_KNOWN, 0);
  else if (!regia_role_may (role, turn->route->action))
    regia_turn_refuse (turn, 403, "that takes the role of a technician", 0);
  else
    turn->route->begin (turn);
}

static void
checked_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  RegiaTurn *turn = user_data;
  const char *name, *role_text;
  RegiaRole role;

  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(ss)"))) {
    regia_turn_refuse (turn, 503, REGIA_TURN_NO_DIRECTOR, 2);
    return;
  }
  g_variant_get (answer, "(&s&s)", &name, &role_text);
  if (!regia_role_parse (role_text, &role))
    role = REGIA_ROLE_VIEWER;
  regia_console_ask_note (turn->worker->ask, turn->token, name, role);
  admit (turn, name, role);
}

static void
identify (RegiaTurn *turn)
{
  RegiaConsoleAsk *director = turn->worker->ask;
  const char *name;
  RegiaRole role;

  if (!regia_console_is_token (turn->token))
    admit (turn, "", REGIA_ROLE_VIEWER);
  else if (regia_console_ask_recall (director, turn->token, &name, &role))
    admit (turn, name, role);
  else
    regia_turn_ask (turn, regia_console_ask_share (director, turn->token), "Accounts1", "Check",
                    g_variant_new ("(s)", turn->token), checked_cb);
}

/* (transfer full): "" where there is none. @ret_by_cookie: a browser sends it by itself. */
static char *
read_token (RegiaTurn *turn, gboolean *ret_by_cookie)
{
  const char *authorization = regia_turn_get_field (turn, "Authorization"),
             *cookie = regia_turn_get_field (turn, "Cookie");
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
 * Origin, and its token by itself. A page that came by http is none of ours where https is spoken: anybody in
 * between may have written it. The other way round a proxy may not have said that it speaks https. */
static gboolean
is_of_ours (RegiaTurn *turn, gboolean by_cookie)
{
  const char *origin = regia_turn_get_field (turn, "Origin"),
             *site = regia_turn_get_field (turn, "Sec-Fetch-Site");
  const char *host = regia_turn_get_field (turn, "Host"), *rest;

  if (site != NULL && strcmp (site, "same-origin") != 0)
    return FALSE;
  if (origin == NULL)
    return !by_cookie;
  if (g_str_has_prefix (origin, "https://"))
    rest = origin + 8;
  else
    rest = g_str_has_prefix (origin, "http://") && !regia_turn_is_https (turn) ? origin + 7 : NULL;
  return rest != NULL && host != NULL && g_ascii_strcasecmp (rest, host) == 0;
}

gboolean
regia_turn_is_of_ours (RegiaTurn *turn)
{
  gboolean by_cookie;
  g_autofree char *token = read_token (turn, &by_cookie);

  return is_of_ours (turn, by_cookie);
}

static gboolean
is_json (RegiaTurn *turn)
{
  const char *type = regia_turn_get_field (turn, "Content-Type");
  goffset length = soup_server_message_get_request_body (turn->message)->length;
  gsize n = strlen (MEDIA_TYPE);

  if (type == NULL)
    return length == 0;
  return g_ascii_strncasecmp (type, MEDIA_TYPE, n) == 0 &&
         (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static RegiaTurnMethod
read_method (RegiaTurn *turn)
{
  const char *method = soup_server_message_get_method (turn->message);

  return method == SOUP_METHOD_POST     ? REGIA_TURN_POST
         : method == SOUP_METHOD_PUT    ? REGIA_TURN_PUT
         : method == SOUP_METHOD_DELETE ? REGIA_TURN_DELETE
                                        : REGIA_TURN_GET;
}

void
regia_turn_begin (RegiaTurn *turn)
{
  gboolean changes, by_cookie;
  gsize length = strlen (turn->route->path);

  turn->method = read_method (turn);
  changes = turn->method != REGIA_TURN_GET;
  turn->token = read_token (turn, &by_cookie);
  if (turn->route->path[length - 1] != '/' && strcmp (turn->path, turn->route->path) != 0)
    regia_turn_refuse (turn, 404, "There is nothing at this address.", 0);
  else if ((turn->method & turn->route->methods) == 0)
    regia_turn_refuse (turn, 405, find_allowed (turn->route)->words, 0);
  else if (changes && !is_of_ours (turn, by_cookie))
    regia_turn_refuse (turn, 403, "another site's page asked for this, or a cookie came without an Origin",
                       0);
  else if (changes && !is_json (turn))
    regia_turn_refuse (turn, 415, "the body must be application/json", 0);
  else if (turn->route->open)
    turn->route->begin (turn);
  else
    identify (turn);
}
