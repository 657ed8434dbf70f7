/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "console-turn-private.h"

#include <string.h>

#define COOKIE_S (7 * 24 * 3600) /* the director ends a session sooner */

static void
set_cookie (RegiaTurn *turn, RegiaReply *reply, const char *token, guint for_s)
{
  g_snprintf (reply->cookie, sizeof reply->cookie,
              REGIA_CONSOLE_COOKIE "=%s; Path=/; Max-Age=%u; HttpOnly; SameSite=Strict%s", token, for_s,
              regia_turn_is_https (turn) ? "; Secure" : "");
}

/* What Login and UseOneTime answer; TRUE: let in. @turn is refused else. */
static gboolean
take_admission (RegiaTurn *turn, GVariant *answer, const char **ret_token, const char **ret_role,
                gint64 *ret_expires)
{
  const char *refusal;
  guint retry_after;

  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(sussx)"))) {
    regia_turn_refuse (turn, 503, REGIA_TURN_NO_DIRECTOR, 5);
    return FALSE;
  }
  g_variant_get (answer, "(&su&s&sx)", &refusal, &retry_after, ret_token, ret_role, ret_expires);
  if (*refusal == '\0')
    return TRUE;
  if (strcmp (refusal, "wrong") == 0)
    regia_turn_refuse (
        turn, 403,
        turn->once != NULL
            ? "This address was used before, or is too old: `regia console` prints another one."
            : "name or password are wrong",
        0);
  else
    regia_turn_refuse (turn, 429,
                       strcmp (refusal, "wait") == 0 ? "wrong too often: wait, and try again then"
                                                     : REGIA_TURN_TOO_MANY,
                       MAX (retry_after, 1));
  return FALSE;
}

void
regia_turn_let_in (RegiaTurn *turn, const char *token, const char *role, gint64 expires_s)
{
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  set_cookie (turn, &reply, token, COOKIE_S);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "token", "s", token);
  g_variant_dict_insert (&dict, "role", "s", role);
  g_variant_dict_insert (&dict, "expires", "x", expires_s);
  regia_turn_finish_json (turn, &reply, g_variant_dict_end (&dict));
}

static void
logged_in_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  RegiaTurn *turn = user_data;
  const char *token, *role;
  gint64 expires;

  if (take_admission (turn, answer, &token, &role, &expires))
    regia_turn_let_in (turn, token, role, expires);
}

const char *
regia_turn_get_client (RegiaTurn *turn)
{
  const char *client = regia_turn_get_field (turn, REGIA_REQUEST_CLIENT);

  return client != NULL ? client : "";
}

void
regia_turn_log_in (RegiaTurn *turn)
{
  g_autoptr (GBytes) body = regia_turn_get_body (turn);
  g_autofree char *name = NULL, *password = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *json = g_bytes_get_data (body, &length);

  if (!regia_console_login_read (json, length, &name, &password, &error)) {
    regia_turn_refuse (turn, 400, error->message, 0);
    return;
  }
  regia_turn_ask (turn, REGIA_CONSOLE_STRANGER, "Accounts1", "Login",
                  g_variant_new ("(sss)", name, password, regia_turn_get_client (turn)), logged_in_cb);
}

static void
used_once_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  RegiaTurn *turn = user_data;
  const char *token, *role;
  gint64 expires;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (!take_admission (turn, answer, &token, &role, &expires))
    return;
  set_cookie (turn, &reply, token, COOKIE_S);
  reply.status = 303;
  /* Without the token, and below whatever path a proxy shows this. */
  reply.location = strcmp (turn->path, "/phone") == 0       ? "phone"
                   : strcmp (turn->path, "/multiview") == 0 ? "multiview"
                                                            : "./";
  reply.cache_control = "no-store";
  regia_turn_finish (turn, &reply);
}

void
regia_turn_use_once (RegiaTurn *turn)
{
  if (turn->once == NULL)
    regia_turn_refuse (turn, 404, "There is nothing at this address.", 0);
  else if (!regia_console_is_token (turn->once))
    regia_turn_refuse (turn, 403, "This address was not copied whole: `regia console` prints another one.",
                       0);
  else
    regia_turn_ask (turn, REGIA_CONSOLE_STRANGER, "Accounts1", "UseOneTime",
                    g_variant_new ("(ss)", turn->once, regia_turn_get_client (turn)), used_once_cb);
}

static void
logged_out_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  RegiaTurn *turn = user_data;
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (answer == NULL) {
    regia_turn_refuse (turn, 503, REGIA_TURN_NO_DIRECTOR, 5);
    return;
  }
  regia_console_ask_note (turn->worker->ask, turn->token, NULL, REGIA_ROLE_VIEWER);
  set_cookie (turn, &reply, "", 0);
  g_variant_dict_init (&dict, NULL);
  regia_turn_finish_json (turn, &reply, g_variant_dict_end (&dict));
}

void
regia_turn_log_out (RegiaTurn *turn)
{
  regia_turn_ask (turn, REGIA_CONSOLE_KNOWN, "Accounts1", "Logout", g_variant_new ("(s)", turn->token),
                  logged_out_cb);
}
