/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "console-turn-private.h"
#include "regia/base/json.h"

/*
 * Event files and the hall file, as resources with a version (RFC 9110 §8.8.3, §13.1.1): PUT without If-Match
 * makes a new file, and with it replaces the very version that was looked at. The director does it, checks
 * it, and says what became of it; here that is a status.
 */

#define ANYBODYS "somebody else has changed this meanwhile; nothing was written"

/* What the director answers. */
static const struct Outcome {
  const char *name;
  guint status;
  const char *error; /* (nullable): words, where it is none that was wished for */
} outcomes[] = {
    {"read", 200, NULL},
    {"good", 200, NULL},
    {"made", 201, NULL},
    {"written", 200, NULL},
    {"unchanged", 200, NULL},
    {"removed", 200, NULL},
    {"faulty", 422, "not written: what is wrong stands in `faults`"},
    {"missing", 404, "there is no such file"},
    {"exists", 412,
     "there is a file of that name already; choose another name, or say by If-Match which version "
     "is replaced"},
    {"changed", 412, ANYBODYS},
};

static const struct Outcome *
find_outcome (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    if (strcmp (outcomes[i].name, name) == 0)
      return &outcomes[i];
  return NULL;
}

static void
done_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  RegiaTurn *turn = user_data;
  g_autoptr (GVariant) result = NULL;
  const char *name = "", *version = "";
  const struct Outcome *outcome;
  GVariantDict dict;
  g_auto (RegiaReply) reply;
  char *text;

  regia_reply_init (&reply);
  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(a{sv})"))) {
    regia_turn_refuse_by_director (turn, error, is_remote && error != NULL);
    return;
  }
  result = g_variant_get_child_value (answer, 0);
  g_variant_lookup (result, "outcome", "&s", &name);
  g_variant_lookup (result, "version", "&s", &version);
  outcome = find_outcome (name);
  if (outcome == NULL) {
    regia_turn_refuse (turn, 503, REGIA_TURN_NO_DIRECTOR, 2);
    return;
  }
  g_variant_dict_init (&dict, result);
  reply.status = outcome->status;
  /* with a version that is gone it is no name that was misspelt */
  if (strcmp (name, "missing") == 0 && regia_turn_get_field (turn, "If-Match") != NULL)
    reply.status = 412;
  if (outcome->error != NULL) {
    g_variant_dict_insert (&dict, "status", "u", reply.status);
    g_variant_dict_insert (&dict, "error", "s", outcome->error);
  } else if (version[0] != '\0') {
    g_snprintf (reply.etag, sizeof reply.etag, "\"%s\"", version);
  }
  text = regia_json_from_variant (g_variant_dict_end (&dict), FALSE);
  reply.content_type = "application/json";
  reply.cache_control = "no-store";
  reply.body = g_bytes_new_take (text, strlen (text));
  regia_turn_finish (turn, &reply);
}

/* (transfer full): of If-Match; "" without one, and what no file has where it is no single entity tag. */
static char *
read_version (RegiaTurn *turn)
{
  const char *field = regia_turn_get_field (turn, "If-Match");
  gsize length = field != NULL ? strlen (field) : 0;

  if (field == NULL)
    return g_strdup ("");
  if (length < 3 || length > REGIA_CONSOLE_NAME_BYTES || field[0] != '"' || field[length - 1] != '"')
    return g_strdup ("?");
  return g_strndup (field + 1, length - 2);
}

static void
edit (RegiaTurn *turn, const char *name)
{
  g_autofree char *version = read_version (turn);
  g_auto (RegiaConsoleFile) file = {0};
  const char *action = turn->method == REGIA_TURN_GET ? "read" : "remove";
  GVariantBuilder arguments;

  if (strlen (name) > REGIA_CONSOLE_NAME_BYTES) {
    regia_turn_refuse (turn, 404, "there is no such file", 0);
    return;
  }
  if (turn->method == REGIA_TURN_PUT) {
    g_autoptr (GBytes) body = regia_turn_get_body (turn);
    g_autoptr (GError) error = NULL;
    gsize length;
    const char *json = g_bytes_get_data (body, &length);

    if (!regia_console_file_read (json, length, &file, &error)) {
      regia_turn_refuse (turn, 400, error->message, 0);
      return;
    }
    action = file.check ? "check" : "write";
  }
  g_variant_builder_init (&arguments, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&arguments, "{sv}", "version", g_variant_new_string (version));
  if (file.text != NULL) {
    g_variant_builder_add (&arguments, "{sv}", "text", g_variant_new_string (file.text));
    g_variant_builder_add (&arguments, "{sv}", "from", g_variant_new_string (file.from));
  }
  regia_turn_ask (turn, REGIA_CONSOLE_KNOWN, "Console1", "EditFile",
                  g_variant_new ("(sssa{sv})", turn->token, action, name, &arguments), done_cb);
}

void
regia_turn_edit_event (RegiaTurn *turn)
{
  const char *name = turn->path + strlen (REGIA_TURN_EVENT_FILES);

  /* the hall has an address of its own */
  edit (turn, strcmp (name, "hall") == 0 ? "" : name);
}

void
regia_turn_edit_hall (RegiaTurn *turn)
{
  edit (turn, "hall");
}
