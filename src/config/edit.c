/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "regia/config/edit.h"

#include <stdlib.h>
#include <string.h>

#include "config-private.h"
#include "regia/base/scrub.h"
#include "regia/config/pipeline.h"

void
regia_config_fault_free (RegiaConfigFault *self)
{
  if (self == NULL)
    return;
  g_free (self->file);
  g_free (self->group);
  g_free (self->key);
  g_free (self->text);
  g_free (self);
}

RegiaConfigFault *
regia_config_fault_new (const char *file, guint line, const char *group, const char *key, const char *text)
{
  RegiaConfigFault *self = g_new (RegiaConfigFault, 1);

  *self = (RegiaConfigFault){g_strdup (file), line, g_strdup (group), g_strdup (key), g_strdup (text)};
  return self;
}

/* Behind the name of the file, of which no more is known than what follows it. */
static const char *
skip_file (const char *line, const char *path)
{
  const char *end;

  if (g_str_has_prefix (line, path) && line[strlen (path)] == ':')
    return line + strlen (path);
  end = strstr (line, ": [");
  if (end == NULL)
    return NULL;
  /* its line, if it has one */
  while (end > line && g_ascii_isdigit (end[-1]))
    end--;
  return end > line && end[-1] == ':' ? end - 1 : strstr (line, ": [");
}

RegiaConfigFault *
regia_config_fault_parse (const char *line, const char *path)
{
  const char *rest = skip_file (line, path), *close, *colon;
  g_autofree char *file = NULL, *group = NULL, *key = NULL;
  guint number = 0;

  if (rest == NULL)
    return regia_config_fault_new ("", 0, "", "", line);
  file = g_strndup (line, (gsize)(rest - line));
  rest++;
  if (g_ascii_isdigit (*rest)) {
    char *end;

    number = (guint)strtoul (rest, &end, 10);
    rest = *end == ':' ? end + 1 : end;
  }
  rest += strspn (rest, " ");
  close = *rest == '[' ? strchr (rest, ']') : NULL;
  if (close != NULL) {
    group = g_strndup (rest + 1, (gsize)(close - rest - 1));
    rest = close + 1;
    colon = *rest == ' ' ? strstr (rest, ": ") : NULL;
    if (colon != NULL) {
      key = g_strndup (rest + 1, (gsize)(colon - rest - 1));
      rest = regia_key_text_is_key (key) ? colon : rest;
    }
    rest += strspn (rest, ": ");
  }
  return regia_config_fault_new (g_str_equal (file, path) ? "" : file, number, group != NULL ? group : "",
                                 key != NULL && regia_key_text_is_key (key) ? key : "", rest);
}

static void
add_faults (GPtrArray *faults, const GError *error, const char *path)
{
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_ptr_array_add (faults, regia_config_fault_parse (lines[i], path));
}

GPtrArray *
regia_config_check_text (const char *text, gsize length, const char *path, const char *hall, gboolean is_hall,
                         char **ret_id)
{
  GPtrArray *faults = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_config_fault_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_load_text (text, length, path, hall, is_hall, &error);

  if (config == NULL || !regia_config_check_pipelines (config, &error))
    add_faults (faults, error, path);
  if (ret_id != NULL)
    *ret_id = faults->len == 0 ? g_strdup (regia_config_get (config)->id) : NULL;
  return faults;
}

/* Secrets */

/* One line `key = value`, in a comment or not, or any other, which is all value. Read here and not by scan.c,
 * which stops at what is faulty: of a text that is shown no line may be left out. */
typedef struct {
  guint line;  /* from 0 */
  char *title; /* of its group, as scan.c has it; "" before the first */
  char *key;
  char *raw;        /* behind the equals sign, without blanks at its ends */
  gsize value_at;   /* bytes of the line before raw */
  gboolean is_used; /* it has given its secret back */
} Line;

static void
line_free (Line *line)
{
  g_free (line->title);
  g_free (line->key);
  g_free (line->raw);
  g_free (line);
}

/* (transfer full) (nullable): of a group's header. */
static char *
read_header (const char *text)
{
  gsize mark = g_str_has_prefix (text, "\xef\xbb\xbf") ? 3 : 0;
  g_autofree char *trimmed = g_strstrip (g_strdup (text + mark));
  g_auto (GStrv) words = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) kept = NULL;
  gsize length = strlen (trimmed);

  if (length < 2 || trimmed[0] != '[' || trimmed[length - 1] != ']')
    return NULL;
  trimmed[length - 1] = '\0';
  words = g_strsplit_set (trimmed + 1, " \t", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (words[i][0] != '\0')
      g_strv_builder_add (builder, words[i]);
  kept = g_strv_builder_end (builder);
  return g_strjoinv (" ", kept);
}

/* (transfer full) (element-type Line) */
static GPtrArray *
read_lines (char **texts)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify)line_free);
  g_autofree char *title = g_strdup ("");

  for (guint i = 0; texts[i] != NULL; i++) {
    const char *equals = strchr (texts[i], '=');
    char *header = read_header (texts[i]);
    Line *line;

    if (header != NULL) {
      g_free (title);
      title = header;
      continue;
    }
    line = g_new0 (Line, 1);
    line->line = i;
    line->title = g_strdup (title);
    line->key = equals != NULL ? g_strndup (texts[i], (gsize)(equals - texts[i])) : g_strdup ("");
    /* a byte order mark is none of the key, a comment's sign neither */
    g_strstrip (g_strdelimit (line->key, "#\xef\xbb\xbf", ' '));
    if (regia_key_text_is_key (line->key)) {
      line->value_at = (gsize)(equals + 1 - texts[i]) + strspn (equals + 1, " \t");
    } else {
      line->key[0] = '\0';
      line->value_at = strspn (texts[i], " \t");
    }
    line->raw = g_strchomp (g_strdup (texts[i] + line->value_at));
    g_ptr_array_add (lines, line);
  }
  return lines;
}

static void
add_secret_names (GHashTable *names, const RegiaPipelineFile *file)
{
  for (guint i = 0; i < file->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (file->params, i);

    if (param->secret)
      g_hash_table_add (names, g_strdup (param->name));
  }
}

/* (transfer full): the parameters that any capture file calls secret: those that are installed, since the
 * hall may say which of them a source has, and those that @lines name by a path. */
static GHashTable *
secret_names (GPtrArray *lines)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) faults = NULL;
  g_autoptr (GPtrArray) files = regia_pipeline_file_list (&faults);

  for (guint i = 0; i < files->len; i++)
    add_secret_names (names, g_ptr_array_index (files, i));
  for (guint i = 0; i < lines->len; i++) {
    const Line *line = g_ptr_array_index (lines, i);
    g_autoptr (RegiaPipelineFile) file = NULL;

    if (g_str_equal (line->key, "pipeline") && g_str_has_suffix (line->raw, ".pipeline"))
      file = regia_pipeline_file_load ("capture", line->raw, NULL);
    if (file != NULL)
      add_secret_names (names, file);
  }
  return names;
}

static gboolean
is_of_kind (const Line *line, const char *kind)
{
  gsize length = strlen (kind);

  return strncmp (line->title, kind, length) == 0 &&
         (line->title[length] == ' ' || line->title[length] == '\0');
}

static gboolean
is_known_group (const Line *line)
{
  for (const RegiaOptionGroup *group = regia_option_groups; group->kind != NULL; group++)
    if (is_of_kind (line, group->kind))
      return TRUE;
  return FALSE;
}

/* (transfer full): as the value is shown. */
static char *
mask (GHashTable *names, const Line *line)
{
  g_auto (GStrv) secrets = NULL;
  GString *shown;

  if (line->raw[0] == '\0')
    return g_strdup ("");
  if ((g_hash_table_contains (names, line->key) && (is_of_kind (line, "source") || !is_known_group (line))) ||
      (is_of_kind (line, "relay") && g_str_equal (line->key, "stream_id")))
    return g_strdup (REGIA_CONFIG_MASK);
  /* user and password together come behind the password alone, which is in them */
  secrets = regia_scrub_secrets_of (line->raw);
  shown = g_string_new (line->raw);
  for (guint i = g_strv_length (secrets); i > 0; i--)
    g_string_replace (shown, secrets[i - 1], REGIA_CONFIG_MASK, 0);
  return g_string_free (shown, FALSE);
}

static void
set_value (char **text, const Line *line, const char *value)
{
  char *set = g_strdup_printf ("%.*s%s%s", (int)line->value_at, *text, value,
                               *text + line->value_at + strlen (line->raw));

  g_free (*text);
  *text = set;
}

char *
regia_config_mask_secrets (const char *text)
{
  g_auto (GStrv) texts = g_strsplit (text, "\n", -1);
  g_autoptr (GPtrArray) lines = read_lines (texts);
  g_autoptr (GHashTable) names = secret_names (lines);

  for (guint i = 0; i < lines->len; i++) {
    const Line *line = g_ptr_array_index (lines, i);
    g_autofree char *shown = mask (names, line);

    set_value (&texts[line->line], line, shown);
  }
  return g_strjoinv ("\n", texts);
}

/* (transfer none) (nullable): the line of @originals that was shown as @line is. */
static Line *
find_original (GPtrArray *originals, GHashTable *names, const Line *line)
{
  for (guint i = 0; i < originals->len; i++) {
    Line *original = g_ptr_array_index (originals, i);
    g_autofree char *shown = NULL;

    if (original->is_used || !g_str_equal (original->title, line->title) ||
        !g_str_equal (original->key, line->key))
      continue;
    shown = mask (names, original);
    if (g_str_equal (shown, line->raw))
      return original;
  }
  return NULL;
}

char *
regia_config_restore_secrets (const char *text, const char *original, GPtrArray *faults)
{
  g_auto (GStrv) texts = g_strsplit (text, "\n", -1),
                 before = g_strsplit (original != NULL ? original : "", "\n", -1);
  g_autoptr (GPtrArray) lines = read_lines (texts), originals = read_lines (before);
  g_autoptr (GHashTable) names = secret_names (originals);

  for (guint i = 0; i < lines->len; i++) {
    const Line *line = g_ptr_array_index (lines, i);
    Line *found;

    if (strstr (line->raw, REGIA_CONFIG_MASK) == NULL)
      continue;
    found = find_original (originals, names, line);
    if (found != NULL) {
      found->is_used = TRUE;
      set_value (&texts[line->line], line, found->raw);
    } else {
      g_ptr_array_add (faults, regia_config_fault_new ("", line->line + 1, line->title, line->key,
                                                       REGIA_CONFIG_MASK
                                                       " stands for a secret that is not shown, and this "
                                                       "value is not as it was; write the secret again"));
    }
  }
  return g_strjoinv ("\n", texts);
}
