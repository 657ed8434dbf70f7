/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "faults-private.h"

#include <string.h>

#include "regia/base/error.h"

/* A hostile or garbled file could hold a fault on each of its lines; nobody reads more than this many. */
#define MAX_FAULTS 60

typedef struct {
  char *file; /* (nullable): %NULL: the file that all this is of */
  guint line;
  guint order;
  char *text;
} Fault;

/*
 * RegiaFaults collects everything that is wrong with one file, so that the technician mends it in one go
 * instead of running the program once per mistake. Made by the reader of the file, freed when its lines have
 * been turned into an error or into warnings.
 */
struct _RegiaFaults {
  char *file;
  GArray *faults; /* (element-type Fault) */
  guint count;    /* also those beyond MAX_FAULTS */
};

static void
fault_clear (gpointer data)
{
  g_free (((Fault *)data)->file);
  g_free (((Fault *)data)->text);
}

RegiaFaults *
regia_faults_new (const char *file)
{
  RegiaFaults *self = g_new0 (RegiaFaults, 1);

  self->file = g_strdup (file);
  self->faults = g_array_new (FALSE, FALSE, sizeof (Fault));
  g_array_set_clear_func (self->faults, fault_clear);
  return self;
}

void
regia_faults_free (RegiaFaults *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->faults);
  g_free (self->file);
  g_free (self);
}

G_GNUC_PRINTF (5, 0)
static void
add_fault (RegiaFaults *self, RegiaPlace place, const char *group, const char *key, const char *format,
           va_list args)
{
  gboolean own = place.file == NULL || g_str_equal (place.file, self->file);
  GString *text;
  Fault fault;

  if (self->count++ >= MAX_FAULTS)
    return;

  text = g_string_new (own ? self->file : place.file);
  if (place.line > 0)
    g_string_append_printf (text, ":%u", place.line);
  g_string_append (text, ": ");
  if (group != NULL)
    g_string_append_printf (text, "[%s]%s", group, key != NULL ? " " : ": ");
  if (key != NULL)
    g_string_append_printf (text, "%s: ", key);
  g_string_append_vprintf (text, format, args);

  fault.file = own ? NULL : g_strdup (place.file);
  fault.line = place.line;
  fault.order = self->count;
  fault.text = g_string_free (text, FALSE);
  g_array_append_val (self->faults, fault);
}

void
regia_faults_add (RegiaFaults *self, guint line, const char *group, const char *key, const char *format, ...)
{
  RegiaPlace place = {NULL, line};
  va_list args;

  va_start (args, format);
  add_fault (self, place, group, key, format, args);
  va_end (args);
}

void
regia_faults_add_at (RegiaFaults *self, RegiaPlace place, const char *group, const char *key,
                     const char *format, ...)
{
  va_list args;

  va_start (args, format);
  add_fault (self, place, group, key, format, args);
  va_end (args);
}

/* Things that are not there (line 0) come last: what is there and wrong may be the reason. */
static int
compare_faults_cb (gconstpointer a, gconstpointer b)
{
  const Fault *left = a;
  const Fault *right = b;

  int files = g_strcmp0 (left->file, right->file); /* %NULL comes first */

  if (files != 0)
    return files;
  if (left->line != right->line)
    return left->line - 1 < right->line - 1 ? -1 : 1;
  return left->order < right->order ? -1 : 1;
}

GPtrArray *
regia_faults_lines (RegiaFaults *self)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);

  g_array_sort (self->faults, compare_faults_cb);
  for (guint i = 0; i < self->faults->len; i++)
    g_ptr_array_add (lines, g_strdup (g_array_index (self->faults, Fault, i).text));
  if (self->count > self->faults->len)
    g_ptr_array_add (lines, g_strdup_printf ("%s: and %u more; mend these first", self->file,
                                             self->count - self->faults->len));
  return lines;
}

gboolean
regia_faults_raise (RegiaFaults *self, GError **error)
{
  g_autoptr (GPtrArray) lines = NULL;
  g_autofree char *text = NULL;

  if (self->count == 0)
    return TRUE;
  lines = regia_faults_lines (self);
  g_ptr_array_add (lines, NULL);
  text = g_strjoinv ("\n", (char **)lines->pdata);
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG, text);
  return FALSE;
}

char *
regia_quote_clip (const char *text)
{
  GString *quoted = g_string_new ("\"");
  guint length = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (length++ == 48) {
      g_string_append (quoted, "…");
      break;
    }
    g_string_append_unichar (quoted, g_unichar_isprint (c) ? c : 0xFFFD);
  }
  g_string_append_c (quoted, '"');
  return g_string_free (quoted, FALSE);
}

/* Levenshtein's distance, with one row; both words are short (names of keys and groups). */
static guint
edit_distance (const char *a, const char *b)
{
  guint row[64];
  gsize a_length = strlen (a);
  gsize b_length = strlen (b);

  if (a_length >= G_N_ELEMENTS (row) || b_length >= G_N_ELEMENTS (row))
    return G_MAXUINT;
  for (gsize j = 0; j <= b_length; j++)
    row[j] = j;
  for (gsize i = 1; i <= a_length; i++) {
    guint diagonal = row[0];

    row[0] = i;
    for (gsize j = 1; j <= b_length; j++) {
      guint change = diagonal + (g_ascii_tolower (a[i - 1]) != g_ascii_tolower (b[j - 1]));

      diagonal = row[j];
      row[j] = MIN (change, MIN (row[j], row[j - 1]) + 1);
    }
  }
  return row[b_length];
}

const char *
regia_nearest_name (const char *text, const char *const *names)
{
  const char *nearest = NULL;
  guint best = MAX (2, strlen (text) / 3) + 1;

  for (; *names != NULL; names++) {
    guint distance = edit_distance (text, *names);

    /* two letters of difference say nothing about a word of two letters */
    if (distance < best && distance < strlen (*names)) {
      best = distance;
      nearest = *names;
    }
  }
  return nearest;
}

char *
regia_suggest (const char *text, const char *const *names)
{
  const char *nearest = regia_nearest_name (text, names);
  g_autofree char *all = NULL;

  if (nearest != NULL)
    return g_strdup_printf ("did you mean \"%s\"?", nearest);
  all = g_strjoinv (", ", (char **)names);
  return g_strdup_printf ("allowed: %s", all[0] != '\0' ? all : "none");
}
