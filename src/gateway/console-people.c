/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "console-turn-private.h"
#include "regia/base/json.h"

/* Who works here: listed and changed by technicians; and the way in of somebody who was invited. */

static GVariant *
set_person (const char *token, GVariant *body)
{
  return g_variant_new ("(ssss)", token, regia_json_get_string (body, "name"),
                        regia_json_get_string (body, "role"), regia_json_get_string (body, "password"));
}

static GVariant *
remove_person (const char *token, GVariant *body)
{
  return g_variant_new ("(ss)", token, regia_json_get_string (body, "name"));
}

static GVariant *
end_session (const char *token, GVariant *body)
{
  return g_variant_new ("(ss)", token, regia_json_get_string (body, "session"));
}

static GVariant *
invite (const char *token, GVariant *body)
{
  return g_variant_new ("(sss)", token, regia_json_get_string (body, "name"),
                        regia_json_get_string (body, "role"));
}

static const struct {
  const char *name, *method;
  GVariant *(*make) (const char *token, GVariant *body);
} changes[] = {
    {"set", "SetPerson", set_person},
    {"remove", "RemovePerson", remove_person},
    {"end-session", "EndSession", end_session},
    {"invite", "Invite", invite},
};

static void
changed_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  RegiaTurn *turn = user_data;
  const char *address;
  guint seconds;
  GVariantDict dict;
  g_auto (RegiaReply) reply;

  regia_reply_init (&reply);
  if (answer == NULL) {
    regia_turn_refuse_by_director (turn, error, is_remote);
    return;
  }
  if (g_variant_is_of_type (answer, G_VARIANT_TYPE ("(a{sv})"))) {
    g_autoptr (GVariant) result = g_variant_get_child_value (answer, 0);

    regia_turn_finish_json (turn, &reply, result);
    return;
  }
  g_variant_dict_init (&dict, NULL);
  if (g_variant_is_of_type (answer, G_VARIANT_TYPE ("(su)"))) {
    g_variant_get (answer, "(&su)", &address, &seconds);
    g_variant_dict_insert (&dict, "address", "s", address);
    g_variant_dict_insert (&dict, "seconds", "u", seconds);
  }
  regia_turn_finish_json (turn, &reply, g_variant_dict_end (&dict));
}

void
regia_turn_show_people (RegiaTurn *turn)
{
  regia_turn_ask (turn, REGIA_CONSOLE_KNOWN, "Accounts1", "GetPeople", g_variant_new ("(s)", turn->token),
                  changed_cb);
}

void
regia_turn_change_people (RegiaTurn *turn)
{
  const char *name = turn->path + strlen (REGIA_TURN_PEOPLE "/");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GError) error = NULL;
  const char *json;
  gsize length, i = 0;

  while (i < G_N_ELEMENTS (changes) && strcmp (changes[i].name, name) != 0)
    i++;
  if (i == G_N_ELEMENTS (changes)) {
    regia_turn_refuse (turn, 404, "there is nothing of that name to be done with people", 0);
    return;
  }
  bytes = regia_turn_get_body (turn);
  json = g_bytes_get_data (bytes, &length);
  body = regia_console_people_read (name, json, length, &error);
  if (body == NULL)
    regia_turn_refuse (turn, 400, error->message, 0);
  else
    regia_turn_ask (turn, REGIA_CONSOLE_KNOWN, "Accounts1", changes[i].method,
                    changes[i].make (turn->token, body), changed_cb);
}

static void
accepted_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  RegiaTurn *turn = user_data;
  const char *refusal, *why, *token, *role;
  gint64 expires;

  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(ssssx)"))) {
    regia_turn_refuse (turn, 504, "it is not known whether this took effect; try to log in", 0);
    return;
  }
  g_variant_get (answer, "(&s&s&s&sx)", &refusal, &why, &token, &role, &expires);
  if (*refusal == '\0')
    regia_turn_let_in (turn, token, role, expires);
  else if (strcmp (refusal, "wrong") == 0)
    regia_turn_refuse (turn, 403, "this invitation was used before, or is too old; ask for another one", 0);
  else
    regia_turn_refuse (turn, strcmp (refusal, "password") == 0 ? 400 : 503, why, 0);
}

void
regia_turn_accept_invitation (RegiaTurn *turn)
{
  g_autoptr (GBytes) bytes = regia_turn_get_body (turn);
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *json = g_bytes_get_data (bytes, &length), *once;
  g_autoptr (GVariant) body = regia_console_people_read ("accept", json, length, &error);

  if (body == NULL) {
    regia_turn_refuse (turn, 400, error->message, 0);
    return;
  }
  once = regia_json_get_string (body, "invitation");
  if (!regia_console_is_token (once))
    regia_turn_refuse (turn, 403, "this address was not copied whole", 0);
  else
    regia_turn_ask (
        turn, REGIA_CONSOLE_STRANGER, "Accounts1", "Accept",
        g_variant_new ("(sss)", once, regia_json_get_string (body, "password"), regia_turn_get_client (turn)),
        accepted_cb);
}
