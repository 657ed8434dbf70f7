/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "regia/base/error.h"
#include "regia/base/json.h"
#include "regia/base/scrub.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"
#include "regia/director/password.h"

/* `regia source`: which cameras, desks and files are on, while the event is. */

/* The pipeline file is read and checked first, on a disk that may be slow. */
#define ANSWER_MS 15000
#define ASK       "-" /* KEY=-: the value is asked for */

static const char usage[] = "list | add NAME KEY=VALUE… | set NAME KEY=VALUE… | remove NAME";

/* What every user of this computer may see is no place for a password. */
static gboolean
check_open (const char *word, const char *key, GError **error)
{
  g_auto (GStrv) secrets = regia_scrub_secrets_of (word);

  if (secrets[0] == NULL)
    return TRUE;
  return regia_error_set_usage (error,
                                "%s: everybody on this computer can see a password that is written here; "
                                "write %s=" ASK " and give it when asked, or on standard input",
                                key, key);
}

/* `KEY=VALUE`. @asked: one value is read from standard input, and no more. */
static gboolean
add_key (GVariantBuilder *keys, const char *word, gboolean *asked, GError **error)
{
  const char *equal = strchr (word, '=');
  g_autofree char *key = equal != NULL ? g_strndup (word, (gsize)(equal - word)) : NULL;
  g_autofree char *question = NULL;
  char *value;

  if (!g_utf8_validate (word, -1, NULL))
    return regia_error_set_usage (error,
                                  "what is written is not in UTF-8; check the terminal's character set");
  if (key == NULL || *key == '\0')
    return regia_error_set_usage (error, "\"%s\" is no KEY=VALUE, as pipeline=rtsp", word);
  if (strcmp (equal + 1, ASK) != 0) {
    g_variant_builder_add (keys, "{ss}", key, equal + 1);
    return check_open (word, key, error);
  }
  if (*asked)
    return regia_error_set_usage (error,
                                  "%s: only one value can be asked for at once; `regia source set` says "
                                  "another one afterwards",
                                  key);
  *asked = TRUE;
  question = g_strdup_printf ("%s: ", key);
  value = regia_cli_ask_secret (question, error);
  if (value == NULL)
    return FALSE;
  if (g_utf8_validate (value, -1, NULL))
    g_variant_builder_add (keys, "{ss}", key, value);
  else
    regia_error_set_usage (error, "%s: not in UTF-8; check the terminal's character set", key);
  regia_password_wipe (value);
  return error == NULL || *error == NULL;
}

/* (transfer floating) (nullable): (sa{ss}) */
static GVariant *
read_keys (const char *name, char **words, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GVariantBuilder keys;
  gboolean asked = FALSE, ok = TRUE;

  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  for (; *words != NULL && ok; words++)
    ok = add_key (&keys, *words, &asked, &local_error);
  if (ok)
    return g_variant_new ("(sa{ss})", name, &keys);
  g_variant_builder_clear (&keys);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static int
command (const char *control_path, const char *kind, GVariant *value, const char *said)
{
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, kind, value);
  result = regia_client_command (control_path, id, g_variant_dict_end (&dict), ANSWER_MS, &error);
  if (result == NULL)
    return regia_cli_fail (error);
  printf ("%s\n", said);
  return 0;
}

static int
list (const char *control_path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) status = regia_client_get_status (control_path, 5000, &error);
  g_autoptr (GVariant) engine = NULL;
  g_autoptr (GPtrArray) sources = NULL;

  if (status == NULL)
    return regia_cli_fail (error);
  engine = g_variant_lookup_value (status, "engine", G_VARIANT_TYPE_VARDICT);
  sources = engine != NULL ? regia_json_get_list (engine, "sources") : NULL;
  for (guint i = 0; sources != NULL && i < sources->len; i++) {
    GVariant *source = g_ptr_array_index (sources, i);
    const char *fault = regia_json_get_string (source, "last-error");

    printf ("%-16s %-10s %s%s%s\n", regia_json_get_string (source, "name"),
            regia_json_get_string (source, "state"), regia_json_get_string (source, "pipeline"),
            *fault != '\0' ? ": " : "", fault);
  }
  if (sources == NULL || sources->len == 0)
    fprintf (stderr, "regia: there is no source: no event is on, or its engine is just being started\n");
  return 0;
}

int
regia_cli_source (int argc, char **argv)
{
  static const struct {
    const char *word, *kind, *said;
    int least; /* arguments, itself among them */
  } commands[] = {{"add", "source-add", "added", 3},
                  {"set", "source-set", "set", 3},
                  {"remove", "source-remove", "removed", 2}};
  g_autofree char *state_option = NULL, *state_dir = NULL, *control_path = NULL;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder that the event runs on", "DIR"},
      G_OPTION_ENTRY_NULL,
  };
  int status;

  if (!regia_cli_parse (
          "source", usage,
          "Adds a source while the event is on, sets keys of one or removes it; the keys are "
          "those of [source NAME] in the event file. A password is not written here: KEY=- asks "
          "for the value, or takes a line of standard input.",
          entries, &argc, &argv, &status))
    return status;
  state_dir = regia_cli_state_dir (state_option);
  control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  if (argc == 2 && strcmp (argv[1], "list") == 0)
    return list (control_path);
  for (gsize i = 0; i < G_N_ELEMENTS (commands) && argc > 1; i++) {
    gboolean plain = commands[i].least == 2;
    g_autoptr (GError) error = NULL;
    g_autofree char *said = NULL;
    GVariant *value;

    if (strcmp (argv[1], commands[i].word) != 0 || argc - 1 < commands[i].least || (plain && argc > 3))
      continue;
    value = plain ? g_variant_new_string (argv[2]) : read_keys (argv[2], argv + 3, &error);
    if (value == NULL)
      return regia_cli_fail (error);
    said = g_strdup_printf ("Source %s is %s.", argv[2], commands[i].said);
    return command (control_path, commands[i].kind, value, said);
  }
  fprintf (stderr, "regia: write `regia source %s`; `regia source --help` says more\n", usage);
  return 64;
}
