/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "../../src/config/pipeline-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/*
 * The input is a pipeline file, or gst-launch text alone, and, after a NUL, a value for each of its places.
 * Whatever both are, what is put in reads back as the value: up to its end there is no blank and no quote
 * without a backslash before it, and without the backslashes it is the value.
 */
static void
assert_one_word (const char *text, const char *value)
{
  while (*value != '\0') {
    g_assert_true (!g_ascii_isspace (*text) && *text != '"' && *text != '\'' && *text != '!');
    if (*text == '\\')
      text++;
    g_assert_cmpint (*text++, ==, *value++);
  }
}

static void
assert_expanded (const RegiaPipelineFile *file, const char *value, const char *expanded)
{
  g_autoptr (GPtrArray) places = regia_pipeline_places (file->text);
  gsize from = 0;

  for (guint i = 0; i < places->len; i++) {
    const RegiaPipelinePlace *place = g_ptr_array_index (places, i);
    gsize before = place->start - from;

    g_assert_cmpint (strncmp (expanded, file->text + from, before), ==, 0);
    expanded += before;
    from = place->end;
    if (value[0] == '\0') {
      g_assert_true (!place->whole || g_str_has_prefix (expanded, "\"\""));
      expanded += place->whole ? 2 : 0;
      continue;
    }
    assert_one_word (expanded, value);
    for (const char *p = value; *p != '\0'; p++)
      expanded += *expanded == '\\' ? 2 : 1;
  }
  g_assert_cmpstr (expanded, ==, file->text + from);
}

/* @value in each of the places of @file. */
static void
expand (const RegiaPipelineFile *file, const char *value)
{
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  g_autofree char *expanded = NULL;

  for (guint i = 0; i < file->params->len; i++)
    g_hash_table_insert (values, ((RegiaPipelineParam *)g_ptr_array_index (file->params, i))->name,
                         (gpointer)value);
  expanded = regia_pipeline_file_expand (file, values, &error);
  g_assert_true ((expanded == NULL) == (error != NULL));
  if (expanded != NULL)
    assert_expanded (file, value, expanded);
}

/* The text as it is, with a parameter made for each place: deeper than a header that the fuzzer has to get
 * right first. */
static void
expand_text (char *text, const char *value)
{
  g_autoptr (GPtrArray) places = regia_pipeline_places (text);
  g_autoptr (GPtrArray) params = g_ptr_array_new_with_free_func (g_free);
  char help[] = "help";
  char path[] = "x.pipeline";
  RegiaPipelineFile file = {.name = path, .path = path, .text = text, .params = params};

  for (guint i = 0; i < places->len; i++) {
    const RegiaPipelinePlace *place = g_ptr_array_index (places, i);
    RegiaPipelineParam *param;

    /* a file with such a place is refused when it is loaded */
    if (place->fault != NULL)
      return;
    param = g_new0 (RegiaPipelineParam, 1);
    param->name = place->param;
    param->help = help;
    g_ptr_array_add (params, param);
  }
  expand (&file, value);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  gsize length = strlen (text);
  g_autofree char *value =
      length < size ? g_strndup ((const char *)data + length + 1, size - length - 1) : g_strdup ("");
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaPipelineFile) file =
      regia_pipeline_file_parse ("capture", "x", "x.pipeline", text, length, &error);

  g_assert_true ((file == NULL) == (error != NULL));
  if (file != NULL)
    expand (file, value);
  expand_text (text, value);
  return 0;
}
