/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <string.h>

#include "faults-private.h"
#include "pipeline-private.h"
#include "regia/base/error.h"
#include "regia/base/named.h"

#define MAX_FILE_BYTES (64 * 1024)
#define SUFFIX         ".pipeline"

/*
 * RegiaPipelineFile: what a technician writes to add a kind of camera. Loaded when it is needed and freed by
 * whoever loaded it; nothing in it changes after loading, so any thread may read it.
 */

/* What the elements of a kind have to be called, so that the engine finds its ends. */
typedef struct {
  const char *kind;
  const char *all[3];    /* each of these */
  const char *either[3]; /* at least one of these */
} Contract;

static const Contract contracts[] = {
    {"capture", {NULL}, {"video", "audio", NULL}},
    {"encode", {"in", "out", NULL}, {NULL}},
    {"output", {NULL}, {NULL}},
};

static void
param_free (gpointer data)
{
  RegiaPipelineParam *param = data;

  g_free (param->name);
  g_free (param->default_value);
  g_free (param->help);
  g_free (param);
}

void
regia_pipeline_file_free (RegiaPipelineFile *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->path);
  g_free (self->kind);
  g_free (self->summary);
  g_strfreev (self->needs);
  g_clear_pointer (&self->params, g_ptr_array_unref);
  g_free (self->text);
  g_free (self);
}

char *
regia_pipeline_folder (void)
{
  const char *chosen = g_getenv ("REGIA_PIPELINES");
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);

  if (chosen != NULL && chosen[0] != '\0')
    return g_strdup (chosen);
  if (program != NULL && g_str_has_prefix (program, REGIA_BUILD_DIR "/"))
    return g_build_filename (REGIA_SOURCE_DIR, "pipelines", NULL);
  return g_strdup (REGIA_PIPELINES_DIR);
}

/* Takes @word, with the blanks and the comma after it, from the beginning of @text if it is there. */
static const char *
take_word (const char *text, const char *word, gboolean *ret_there)
{
  *ret_there = g_str_has_prefix (text, word) && !g_ascii_isalnum (text[strlen (word)]);
  if (*ret_there) {
    text += strlen (word);
    text += strspn (text, " \t,");
  }
  return text;
}

/* `# param name=default  help`, `# param name="a default"  help` or `# param name  help`; @rest begins at the
 * name. */
static void
read_param (RegiaPipelineFile *self, const char *rest, guint line, RegiaFaults *faults)
{
  RegiaPipelineParam *param = g_new0 (RegiaPipelineParam, 1);
  gsize length = strspn (rest, G_CSET_a_2_z G_CSET_DIGITS "_-");

  param->name = g_strndup (rest, length);
  g_ptr_array_add (self->params, param);
  rest += length;
  if (*rest == '=') {
    gboolean quoted = rest[1] == '"';

    rest += 1 + quoted;
    length = strcspn (rest, quoted ? "\"" : " \t");
    param->default_value = g_strndup (rest, length);
    rest += length;
    if (quoted && *rest != '"')
      regia_faults_add (faults, line, NULL, NULL, "parameter \"%s\": its default is not closed; add a \"",
                        param->name);
    else
      rest += quoted;
  }
  if (!g_ascii_islower (param->name[0]) || (*rest != '\0' && !g_ascii_isspace (*rest))) {
    regia_faults_add (faults, line, NULL, NULL,
                      "not a parameter; write `# param name=default  what it is`, the name of a-z 0-9 _ -");
    return;
  }
  rest += strspn (rest, " \t");
  rest = take_word (rest, "secret", &param->secret);
  rest = take_word (rest, "file", &param->file);
  param->help = g_strdup (rest);
  if (param->help[0] == '\0')
    regia_faults_add (faults, line, NULL, NULL,
                      "parameter \"%s\": nothing says what it is; add that after it", param->name);
  for (guint i = 0; i + 1 < self->params->len; i++)
    if (g_str_equal (((RegiaPipelineParam *)self->params->pdata[i])->name, param->name))
      regia_faults_add (faults, line, NULL, NULL, "parameter \"%s\": double name; remove one", param->name);
}

static void
read_header_line (RegiaPipelineFile *self, const char *comment, guint line, RegiaFaults *faults)
{
  comment += strspn (comment, "# \t");
  if (g_str_has_prefix (comment, "summary:")) {
    if (self->summary != NULL)
      regia_faults_add (faults, line, NULL, NULL, "a second summary; remove one");
    g_free (self->summary);
    self->summary = g_strstrip (g_strdup (comment + strlen ("summary:")));
  } else if (g_str_has_prefix (comment, "needs:")) {
    g_auto (GStrv) words = g_strsplit_set (comment + strlen ("needs:"), " \t,", -1);
    g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

    if (self->needs != NULL)
      g_strv_builder_addv (builder, (const char **)self->needs);
    for (guint i = 0; words[i] != NULL; i++)
      if (words[i][0] != '\0')
        g_strv_builder_add (builder, words[i]);
    g_strfreev (self->needs);
    self->needs = g_strv_builder_end (builder);
  } else if (g_str_has_prefix (comment, "clock:")) {
    g_autofree char *clock = g_strstrip (g_strdup (comment + strlen ("clock:")));

    self->sender_clock = g_str_equal (clock, "sender");
    if (!self->sender_clock)
      regia_faults_add (faults, line, NULL, NULL,
                        "clock \"%s\" is unknown; write `# clock: sender`, or leave the line out", clock);
  } else if (g_str_has_prefix (comment, "param ") || g_str_has_prefix (comment, "param\t"))
    read_param (self, comment + strlen ("param") + strspn (comment + strlen ("param"), " \t"), line, faults);
}

static gboolean
has_element (const char *text, const char *name)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\n", -1);
  g_autofree char *wanted = g_strconcat ("name=", name, NULL);

  return g_strv_contains ((const char *const *)words, wanted);
}

static void
check_contract (RegiaPipelineFile *self, RegiaFaults *faults)
{
  for (gsize i = 0; i < G_N_ELEMENTS (contracts); i++) {
    const Contract *contract = &contracts[i];
    gboolean either = contract->either[0] == NULL;

    if (!g_str_equal (contract->kind, self->kind))
      continue;
    for (guint j = 0; contract->all[j] != NULL; j++)
      if (!has_element (self->text, contract->all[j]))
        regia_faults_add (faults, 0, NULL, NULL, "no element is called \"%s\"; add name=%s to it",
                          contract->all[j], contract->all[j]);
    for (guint j = 0; contract->either[j] != NULL; j++)
      either = either || has_element (self->text, contract->either[j]);
    if (!either)
      regia_faults_add (faults, 0, NULL, NULL,
                        "no element is called \"%s\" or \"%s\"; add name=%s to the last one",
                        contract->either[0], contract->either[1], contract->either[0]);
  }
}

static void
check_places (RegiaPipelineFile *self, RegiaFaults *faults)
{
  g_autoptr (GPtrArray) places = regia_pipeline_places (self->text);
  g_autoptr (GHashTable) used = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < places->len; i++) {
    const RegiaPipelinePlace *place = g_ptr_array_index (places, i);
    gboolean known = FALSE;

    for (guint j = 0; j < self->params->len; j++)
      known = known || g_str_equal (((RegiaPipelineParam *)self->params->pdata[j])->name, place->param);
    if (!known)
      regia_faults_add (faults, 0, NULL, NULL,
                        "{%s} is not explained; add a line `# param %s=default  what it is`", place->param,
                        place->param);
    if (place->fault != NULL)
      regia_faults_add (faults, 0, NULL, NULL, "{%s} %s", place->param, place->fault);
    g_hash_table_add (used, place->param);
  }
  for (guint i = 0; i < self->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (self->params, i);

    if (!g_hash_table_contains (used, param->name))
      regia_faults_add (faults, 0, NULL, NULL,
                        "parameter \"%s\" is used nowhere; put {%s} into the text or remove its line",
                        param->name, param->name);
  }
}

static void
read_lines (RegiaPipelineFile *self, const char *content, gsize length, RegiaFaults *faults)
{
  g_auto (GStrv) lines = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  if (length > MAX_FILE_BYTES || !g_utf8_validate_len (content, length, NULL)) {
    regia_faults_add (faults, 0, NULL, NULL, "no text in UTF-8 of at most %d bytes; check which file this is",
                      MAX_FILE_BYTES);
    self->text = g_strdup ("");
    return;
  }
  lines = g_strsplit (content, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_strstrip (lines[i]);
    if (lines[i][0] == '#')
      read_header_line (self, lines[i], i + 1, faults);
    else if (lines[i][0] != '\0')
      g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", lines[i]);
  }
  self->text = g_string_free (g_steal_pointer (&text), FALSE);
  if (self->text[0] == '\0')
    regia_faults_add (faults, 0, NULL, NULL, "holds no pipeline; write gst-launch text below the comments");
}

RegiaPipelineFile *
regia_pipeline_file_parse (const char *kind, const char *name, const char *path, const char *content,
                           gsize length, GError **error)
{
  g_autoptr (RegiaPipelineFile) self = g_new0 (RegiaPipelineFile, 1);
  g_autoptr (RegiaFaults) faults = regia_faults_new (path);

  self->name = g_strdup (name);
  self->kind = g_strdup (kind);
  self->path = g_strdup (path);
  self->params = g_ptr_array_new_with_free_func (param_free);
  read_lines (self, content, length, faults);
  if (self->summary == NULL || self->summary[0] == '\0')
    regia_faults_add (faults, 0, NULL, NULL, "no summary; add a line `# summary: what it captures`");
  if (self->needs == NULL || self->needs[0] == NULL)
    regia_faults_add (faults, 0, NULL, NULL,
                      "does not say which elements it takes; add a line `# needs: element element`");
  check_contract (self, faults);
  check_places (self, faults);
  self->gives_video = has_element (self->text, "video");
  self->gives_audio = has_element (self->text, "audio");
  if (!regia_faults_raise (faults, error))
    return NULL;
  return g_steal_pointer (&self);
}

static RegiaPipelineFile *
load_path (const char *kind, const char *name, const char *path, GError **error)
{
  g_autoptr (GByteArray) content =
      regia_named_read (path, MAX_FILE_BYTES, "`regia pipelines` lists those there are", error);

  if (content == NULL) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  return regia_pipeline_file_parse (kind, name, path, (const char *)content->data, content->len, error);
}

RegiaPipelineFile *
regia_pipeline_file_load (const char *kind, const char *name, GError **error)
{
  g_autofree char *folder = regia_pipeline_folder ();
  g_autofree char *file = g_strconcat (name, SUFFIX, NULL);
  g_autofree char *path = g_build_filename (folder, kind, file, NULL);

  if (g_str_has_suffix (name, SUFFIX)) {
    g_autofree char *base = g_path_get_basename (name);

    base[strlen (base) - strlen (SUFFIX)] = '\0';
    return load_path (kind, base, name, error);
  }
  if (strchr (name, '/') != NULL || name[0] == '.' || name[0] == '\0') {
    g_autofree char *quoted = regia_quote_clip (name);

    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
                 "%s is no name of a pipeline file; write one that `regia pipelines` lists, or a path ending "
                 "in " SUFFIX,
                 quoted);
    return NULL;
  }
  return load_path (kind, name, path, error);
}

static int
compare_strings_cb (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
regia_pipeline_file_list (GPtrArray **ret_faults)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_pipeline_file_free);
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = regia_pipeline_folder ();

  for (gsize i = 0; i < G_N_ELEMENTS (contracts); i++) {
    g_autofree char *path = g_build_filename (folder, contracts[i].kind, NULL);
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
      if (g_str_has_suffix (name, SUFFIX) && name[0] != '.')
        g_ptr_array_add (names, g_strndup (name, strlen (name) - strlen (SUFFIX)));
    g_ptr_array_sort (names, compare_strings_cb);
    for (guint j = 0; j < names->len; j++) {
      g_autoptr (GError) error = NULL;
      RegiaPipelineFile *file = regia_pipeline_file_load (contracts[i].kind, names->pdata[j], &error);

      if (file != NULL)
        g_ptr_array_add (files, file);
      else
        g_ptr_array_add (faults, g_strdup (error->message));
    }
  }
  if (ret_faults != NULL)
    *ret_faults = g_steal_pointer (&faults);
  return files;
}
