/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <string.h>

#include "faults-private.h"
#include "pipeline-private.h"
#include "regia/base/error.h"

/*
 * Values into gst-launch text, such that a value stays a value. The grammar (GStreamer 1.22,
 * gst/parse/parse.l and grammar.y) reads `property=string`, where a string is either quoted or runs to the
 * next blank, `\x` standing for x; the longest match wins. Quoting a value with " is not safe there, since a
 * backslash before the closing quote makes the match run on to the next quote of the text. So values are put
 * in bare, with a backslash before each character that is not plain, and backslashes themselves are refused:
 * that leaves one reading only. In caps, where gst-launch text knows no quoting of fields, only plain
 * characters are taken.
 */

#define PLAIN G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.:/@%+"

static void
place_free (gpointer data)
{
  RegiaPipelinePlace *place = data;

  g_free (place->param);
  g_free (place);
}

static void
pipeline_fault_free (gpointer data)
{
  RegiaPipelineFault *fault = data;

  g_free (fault->param);
  g_free (fault->text);
  g_free (fault);
}

/* Length of `{param}` at @text, 0 when it is some other use of a brace. */
static gsize
place_length (const char *text)
{
  gsize length;

  if (text[0] != '{' || !g_ascii_islower (text[1]))
    return 0;
  length = 1 + strspn (text + 1, G_CSET_a_2_z G_CSET_DIGITS "_-");
  return text[length] == '}' ? length + 1 : 0;
}

/* Whether the link that begins at @link (after a `!`) is caps: a media type before any property. */
static gboolean
is_caps (const char *link)
{
  link += strspn (link, " \t\n");
  link += strcspn (link, "/= \t\n!");
  return *link == '/';
}

/* @token begins the word in which the place at @place stands. */
static void
judge_place (const char *text, const char *link, const char *token, RegiaPipelinePlace *place)
{
  const char *at = text + place->start;
  gsize name = strspn (token, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_:");
  gboolean caps = is_caps (link);

  if (token == at) /* `property = {param}` */
  {
    const char *before = at;

    while (before > text && g_ascii_isspace (before[-1]))
      before--;
    if (before == text || before[-1] != '=')
      place->fault = "stands where no value can be; write property={param}";
    place->whole = TRUE;
  } else if (!caps && (name == 0 || token[name] != '=' || token + name >= at))
    place->fault = "stands where no value can be; write property={param}";
  else
    place->whole = token + name + 1 == at;
  place->whole = place->whole && (text[place->end] == '\0' || g_ascii_isspace (text[place->end]));
  place->plain_only =
      caps || memchr (token, ',', at - token) != NULL || memchr (token, ';', at - token) != NULL;
}

GPtrArray *
regia_pipeline_places (const char *text)
{
  GPtrArray *places = g_ptr_array_new_with_free_func (place_free);
  const char *link = text;
  const char *token = text;
  char quote = '\0';

  for (const char *p = text; *p != '\0'; p++) {
    gsize length = place_length (p);

    if (length > 0) {
      RegiaPipelinePlace *place = g_new0 (RegiaPipelinePlace, 1);

      place->start = p - text;
      place->end = place->start + length;
      place->param = g_strndup (p + 1, length - 2);
      /* a quoted string is a property's value or caps: a plain word cannot end it */
      place->plain_only = quote != '\0';
      if (quote == '\0')
        judge_place (text, link, token, place);
      g_ptr_array_add (places, place);
      p += length - 1;
    } else if (*p == '\\' && p[1] != '\0')
      p++;
    else if (quote != '\0')
      quote = *p == quote ? '\0' : quote;
    else if (*p == '"' || *p == '\'')
      quote = *p;
    else if (g_ascii_isspace (*p))
      token = p + 1;
    else if (*p == '!')
      link = token = p + 1;
  }
  return places;
}

static const RegiaPipelineParam *
find_param (const RegiaPipelineFile *self, const char *name)
{
  for (guint i = 0; i < self->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (self->params, i);

    if (g_str_equal (param->name, name))
      return param;
  }
  return NULL;
}

static const char *
value_of (const RegiaPipelineFile *self, GHashTable *values, const char *name)
{
  const char *value = values != NULL ? g_hash_table_lookup (values, name) : NULL;
  const RegiaPipelineParam *param = find_param (self, name);

  if (value == NULL && param != NULL)
    value = param->default_value;
  return value;
}

static void
add_fault (GPtrArray *faults, const char *param, char *text)
{
  RegiaPipelineFault *fault = g_new0 (RegiaPipelineFault, 1);

  fault->param = g_strdup (param);
  fault->text = text;
  g_ptr_array_add (faults, fault);
}

/* Why @value cannot be put in anywhere; NULL when it can. */
static const char *
why_not_a_value (const char *value)
{
  if (!g_utf8_validate (value, -1, NULL))
    return "is not UTF-8; write it anew";
  /* GStreamer would take it for a string in its own notation and unwrap it */
  if (value[0] == '"')
    return "begins with a quotation mark; leave it out, values need none";
  for (const char *p = value; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029)
      return "holds a line end or another control character; remove it";
    if (c == '\\')
      return "holds a backslash, which GStreamer would misread; write it without";
  }
  return NULL;
}

static int
compare_strings_cb (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
regia_pipeline_file_faults (const RegiaPipelineFile *self, GHashTable *values)
{
  GPtrArray *faults = g_ptr_array_new_with_free_func (pipeline_fault_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GPtrArray) places = regia_pipeline_places (self->text);
  g_autoptr (GPtrArray) given = g_ptr_array_new ();
  gpointer key;
  GHashTableIter iter;

  for (guint i = 0; i < self->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (self->params, i);

    g_ptr_array_add (names, param->name);
    if (value_of (self, values, param->name) == NULL)
      add_fault (faults, param->name, g_strdup_printf ("missing; add it (%s)", param->help));
  }
  g_ptr_array_add (names, NULL);

  if (values != NULL)
    for (g_hash_table_iter_init (&iter, values); g_hash_table_iter_next (&iter, &key, NULL);)
      g_ptr_array_add (given, key);
  g_ptr_array_sort (given, compare_strings_cb);
  for (guint i = 0; i < given->len; i++) {
    const char *name = given->pdata[i];
    const char *why = why_not_a_value (g_hash_table_lookup (values, name));

    if (find_param (self, name) == NULL) {
      g_autofree char *suggestion = regia_suggest (name, (const char *const *)names->pdata);

      add_fault (faults, name, g_strdup_printf ("not a parameter of %s; %s", self->path, suggestion));
    } else if (why != NULL)
      add_fault (faults, name, g_strdup (why));
  }

  for (guint i = 0; i < places->len; i++) {
    const RegiaPipelinePlace *place = g_ptr_array_index (places, i);
    const char *value = value_of (self, values, place->param);

    if (value != NULL && place->plain_only && (value[0] == '\0' || strspn (value, PLAIN) != strlen (value)))
      add_fault (
          faults, place->param,
          g_strdup (
              "holds something else than letters, digits and _ - . : / @ % +, or nothing; write it plainer"));
  }
  return faults;
}

static void
append_value (GString *text, const char *value, gboolean whole)
{
  /* nothing at all would make the next word the value */
  if (value[0] == '\0' && whole)
    g_string_append (text, "\"\"");
  for (const char *p = value; *p != '\0'; p++) {
    if ((guchar)*p < 0x80 && strchr (PLAIN, *p) == NULL)
      g_string_append_c (text, '\\');
    g_string_append_c (text, *p);
  }
}

char *
regia_pipeline_file_expand (const RegiaPipelineFile *self, GHashTable *values, GError **error)
{
  g_autoptr (GPtrArray) faults = regia_pipeline_file_faults (self, values);
  g_autoptr (GPtrArray) places = NULL;
  g_autoptr (GString) text = NULL;
  gsize done = 0;

  if (faults->len > 0) {
    g_autoptr (GString) message = g_string_new (NULL);

    for (guint i = 0; i < faults->len; i++) {
      const RegiaPipelineFault *fault = g_ptr_array_index (faults, i);

      g_string_append_printf (message, "%s%s: %s: %s", i > 0 ? "\n" : "", self->path, fault->param,
                              fault->text);
    }
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG, message->str);
    return NULL;
  }

  places = regia_pipeline_places (self->text);
  text = g_string_new (NULL);
  for (guint i = 0; i < places->len; i++) {
    const RegiaPipelinePlace *place = g_ptr_array_index (places, i);

    g_string_append_len (text, self->text + done, place->start - done);
    append_value (text, value_of (self, values, place->param), place->whole);
    done = place->end;
  }
  g_string_append (text, self->text + done);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
