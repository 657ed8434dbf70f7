/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "scan-private.h"

#include <string.h>

#define MAX_LINE_BYTES 4096
#define MAX_GROUPS     100
#define MAX_ENTRIES    100

/*
 * GKeyFile merges double groups, lets the last of two equal keys win, stops at the first line that it does
 * not understand and forgets line numbers. A technician needs the opposite of all four, so the structure is
 * read here, a line at a time, and GKeyFile is left what it does well: the escapes of values.
 *
 * A RegiaKeyText is made from the text of one file, kept as long as somebody may ask for a line number, and
 * never changed.
 */

static void
entry_free (gpointer data)
{
  RegiaKeyEntry *entry = data;

  g_free (entry->key);
  g_free (entry->raw);
  g_free (entry);
}

static void
group_free (gpointer data)
{
  RegiaKeyGroup *group = data;

  g_free (group->kind);
  g_free (group->name);
  g_free (group->title);
  g_ptr_array_unref (group->entries);
  g_free (group);
}

void
regia_key_text_free (RegiaKeyText *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->groups);
  g_free (self);
}

const RegiaKeyGroup *
regia_key_text_find_group (const RegiaKeyText *self, const char *title)
{
  for (guint i = 0; i < self->groups->len; i++) {
    const RegiaKeyGroup *group = g_ptr_array_index (self->groups, i);

    if (g_str_equal (group->title, title))
      return group;
  }
  return NULL;
}

const RegiaKeyEntry *
regia_key_text_find_entry (const RegiaKeyGroup *group, const char *key)
{
  for (guint i = 0; i < group->entries->len; i++) {
    const RegiaKeyEntry *entry = g_ptr_array_index (group->entries, i);

    if (g_str_equal (entry->key, key))
      return entry;
  }
  return NULL;
}

guint
regia_key_text_line (const RegiaKeyText *self, const char *title, const char *key)
{
  const RegiaKeyGroup *group = regia_key_text_find_group (self, title);
  const RegiaKeyEntry *entry;

  if (group == NULL)
    return 0;
  entry = key != NULL ? regia_key_text_find_entry (group, key) : NULL;
  return entry != NULL ? entry->line : group->line;
}

char *
regia_key_text_decode (const char *raw)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *value = NULL;

  /* for an unknown escape GKeyFile sets the error and returns a value nevertheless */
  g_key_file_set_value (file, "g", "k", raw);
  value = g_key_file_get_string (file, "g", "k", &error);
  return error == NULL ? g_steal_pointer (&value) : NULL;
}

static gboolean
is_key (const char *text)
{
  return text[0] != '\0' && strlen (text) < 64 &&
         strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-") == strlen (text);
}

/* The group of a header line; NULL, after naming the fault, when it cannot be one. */
static RegiaKeyGroup *
scan_header (RegiaKeyText *self, char *line, guint number, RegiaFaults *faults)
{
  RegiaKeyGroup *group;
  const RegiaKeyGroup *before;
  g_auto (GStrv) words = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *title = NULL;
  char *end = strchr (line, ']');

  if (end == NULL || end[1] != '\0') {
    regia_faults_add (faults, number, NULL, NULL, "a group is written [name] alone on its line; %s",
                      end == NULL ? "close it with ]" : "remove what follows the ]");
    return NULL;
  }
  *end = '\0';
  {
    g_auto (GStrv) parts = g_strsplit_set (line + 1, " \t", -1);

    for (guint i = 0; parts[i] != NULL; i++)
      if (parts[i][0] != '\0')
        g_strv_builder_add (builder, parts[i]);
  }
  words = g_strv_builder_end (builder);
  if (words[0] == NULL || g_strv_length (words) > 2 || strchr (line + 1, '[') != NULL) {
    regia_faults_add (faults, number, NULL, NULL,
                      "not a group; write [kind] or [kind name], for example [event] or [source camera]");
    return NULL;
  }

  title = g_strjoinv (" ", words);
  before = regia_key_text_find_group (self, title);
  if (before != NULL) {
    regia_faults_add (
        faults, number, title, NULL,
        "double name, this group began in line %u already; put the keys there or choose another name",
        before->line);
    return NULL;
  }

  group = g_new0 (RegiaKeyGroup, 1);
  group->kind = g_strdup (words[0]);
  group->name = g_strdup (words[1]);
  group->title = g_steal_pointer (&title);
  group->line = number;
  group->entries = g_ptr_array_new_with_free_func (entry_free);
  g_ptr_array_add (self->groups, group);
  return group;
}

static void
scan_entry (RegiaKeyGroup *group, char *line, guint number, RegiaFaults *faults)
{
  RegiaKeyEntry *entry;
  const RegiaKeyEntry *before;
  char *equals = strchr (line, '=');

  if (equals == NULL) {
    g_autofree char *quoted = regia_quote_clip (line);

    regia_faults_add (faults, number, group->title, NULL,
                      "%s is no `key = value`; put a = between them, or a # before a comment", quoted);
    return;
  }
  *equals = '\0';
  g_strchomp (line);
  if (!is_key (line)) {
    g_autofree char *quoted = regia_quote_clip (line);

    regia_faults_add (faults, number, group->title, NULL,
                      "%s cannot be a key; keys are letters, digits, - and _ (comments begin with #)",
                      quoted);
    return;
  }
  before = regia_key_text_find_entry (group, line);
  if (before != NULL) {
    regia_faults_add (faults, number, group->title, line,
                      "double name, this key is in line %u already; remove one of them", before->line);
    return;
  }
  if (group->entries->len == MAX_ENTRIES) {
    regia_faults_add (faults, number, group->title, line, "more than %d keys in a group; remove some",
                      MAX_ENTRIES);
    return;
  }

  entry = g_new0 (RegiaKeyEntry, 1);
  entry->key = g_strdup (line);
  entry->raw = g_strdup (g_strstrip (equals + 1));
  entry->line = number;
  g_ptr_array_add (group->entries, entry);
}

/* Whether the bytes of a line are text; names the first thing that is not. */
static gboolean
check_line (const char *line, gsize length, guint number, RegiaFaults *faults)
{
  const char *end;

  if (length > MAX_LINE_BYTES) {
    regia_faults_add (faults, number, NULL, NULL,
                      "the line is %" G_GSIZE_FORMAT " bytes long; at most %d are allowed, shorten it",
                      length, MAX_LINE_BYTES);
    return FALSE;
  }
  for (gsize i = 0; i < length; i++)
    if ((guchar)line[i] < 0x20 && line[i] != '\t') {
      regia_faults_add (faults, number, NULL, NULL,
                        "control character 0x%02x in column %" G_GSIZE_FORMAT "; remove it",
                        (guint)(guchar)line[i], i + 1);
      return FALSE;
    }
  if (!g_utf8_validate_len (line, length, &end)) {
    regia_faults_add (faults, number, NULL, NULL,
                      "byte 0x%02x in column %" G_GSIZE_FORMAT " is not UTF-8; save the file as UTF-8",
                      (guint)(guchar)*end, (gsize)(end - line) + 1);
    return FALSE;
  }
  return TRUE;
}

RegiaKeyText *
regia_key_text_text (const char *data, gsize length, RegiaFaults *faults)
{
  RegiaKeyText *self = g_new0 (RegiaKeyText, 1);
  RegiaKeyGroup *group = NULL;
  gboolean skip = FALSE; /* within a group that had to be refused: its keys would only be named as strays */
  const char *end = data + length;
  guint number = 0;

  self->groups = g_ptr_array_new_with_free_func (group_free);
  if (length >= 2 && (memcmp (data, "\xff\xfe", 2) == 0 || memcmp (data, "\xfe\xff", 2) == 0)) {
    regia_faults_add (faults, 1, NULL, NULL, "the file is UTF-16; save it as UTF-8");
    return self;
  }
  if (length >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0)
    data += 3;

  while (data < end) {
    const char *newline = memchr (data, '\n', end - data);
    gsize line_length = (newline != NULL ? newline : end) - data;
    const char *start = data;
    g_autofree char *line = NULL;

    data += line_length + (newline != NULL);
    number++;
    if (line_length > 0 && start[line_length - 1] == '\r')
      line_length--;
    if (!check_line (start, line_length, number, faults))
      continue;
    line = g_strndup (start, line_length);
    g_strstrip (line);

    if (line[0] == '\0' || line[0] == '#')
      continue;
    if (line[0] == '[') {
      if (self->groups->len == MAX_GROUPS) {
        regia_faults_add (faults, number, NULL, NULL, "more than %d groups; remove some", MAX_GROUPS);
        break;
      }
      group = scan_header (self, line, number, faults);
      skip = group == NULL;
    } else if (group != NULL)
      scan_entry (group, line, number, faults);
    else if (!skip) {
      regia_faults_add (faults, number, NULL, NULL, "a line before the first group; begin with [event]");
      skip = TRUE;
    }
  }
  return self;
}
