/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "../../src/config/pipeline-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/*
 * The input is gst-launch text and, after a NUL, a value for each of its places. Whatever both are, what is
 * put in reads back as the value: up to its end there is no blank and no quote without a backslash before it,
 * and without the backslashes it is the value.
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

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  gsize length = strlen (text);
  g_autofree char *value =
      length < size ? g_strndup ((const char *)data + length + 1, size - length - 1) : g_strdup ("");
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) places = regia_pipeline_places (text);
  g_autoptr (GPtrArray) params = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *expanded = NULL;
  char help[] = "help";
  char path[] = "x.pipeline";
  RegiaPipelineFile file = {.name = path, .path = path, .text = text, .params = params};

  for (guint i = 0; i < places->len; i++) {
    const RegiaPipelinePlace *place = g_ptr_array_index (places, i);
    RegiaPipelineParam *param = g_new0 (RegiaPipelineParam, 1);

    /* a file with such a place is refused when it is loaded */
    if (place->fault != NULL) {
      g_free (param);
      return -1;
    }
    param->name = place->param;
    param->help = help;
    g_ptr_array_add (params, param);
    g_hash_table_insert (values, place->param, value);
  }
  expanded = regia_pipeline_file_expand (&file, values, &error);
  g_assert_true ((expanded == NULL) == (error != NULL));
  if (expanded != NULL)
    assert_expanded (&file, value, expanded);
  return 0;
}
