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

RegiaKeyOrigin *
regia_key_origin_new (const char *name, const char *base_dir)
{
  RegiaKeyOrigin *self = g_atomic_rc_box_new0 (RegiaKeyOrigin);

  self->name = g_strdup (name);
  self->base_dir = g_strdup (base_dir);
  return self;
}

static void
origin_clear (gpointer data)
{
  RegiaKeyOrigin *self = data;

  g_free (self->name);
  g_free (self->base_dir);
}

void
regia_key_origin_unref (RegiaKeyOrigin *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, origin_clear);
}

static void
entry_free (gpointer data)
{
  RegiaKeyEntry *entry = data;

  regia_key_origin_unref (entry->origin);
  g_free (entry->key);
  g_free (entry->raw);
  g_free (entry);
}

static void
group_free (gpointer data)
{
  RegiaKeyGroup *group = data;

  regia_key_origin_unref (group->origin);
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

RegiaPlace
regia_key_text_place (const RegiaKeyText *self, const char *title, const char *key)
{
  const RegiaKeyGroup *group = regia_key_text_find_group (self, title);
  const RegiaKeyEntry *entry = NULL;

  if (group == NULL)
    return (RegiaPlace){NULL, 0};
  if (key != NULL)
    entry = regia_key_text_find_entry (group, key);
  return entry != NULL ? (RegiaPlace){entry->origin->name, entry->line}
                       : (RegiaPlace){group->origin->name, group->line};
}

char *
regia_key_text_elsewhere (const RegiaKeyText *self, RegiaPlace place, const char *title, const char *key)
{
  RegiaPlace other = regia_key_text_place (self, title, key);

  if (other.file == NULL || place.file == NULL || g_str_equal (other.file, place.file))
    return g_strdup ("");
  if (other.line == 0) /* not of a file */
    return g_strdup_printf (" (%s)", other.file);
  return g_strdup_printf (" (%s:%u)", other.file, other.line);
}

static RegiaKeyEntry *
entry_copy (const RegiaKeyEntry *entry)
{
  RegiaKeyEntry *copy = g_new0 (RegiaKeyEntry, 1);

  copy->key = g_strdup (entry->key);
  copy->raw = g_strdup (entry->raw);
  copy->origin = g_atomic_rc_box_acquire (entry->origin);
  copy->line = entry->line;
  return copy;
}

/* @over: (nullable): what it says goes before what @group says. */
static RegiaKeyGroup *
group_copy (const RegiaKeyGroup *group, const RegiaKeyGroup *over)
{
  const RegiaKeyGroup *header = over != NULL ? over : group;
  RegiaKeyGroup *copy = g_new0 (RegiaKeyGroup, 1);

  copy->kind = g_strdup (group->kind);
  copy->name = g_strdup (group->name);
  copy->title = g_strdup (group->title);
  copy->origin = g_atomic_rc_box_acquire (header->origin);
  copy->line = header->line;
  copy->entries = g_ptr_array_new_with_free_func (entry_free);
  for (guint i = 0; i < group->entries->len; i++) {
    const RegiaKeyEntry *entry = g_ptr_array_index (group->entries, i);

    if (over == NULL || regia_key_text_find_entry (over, entry->key) == NULL)
      g_ptr_array_add (copy->entries, entry_copy (entry));
  }
  for (guint i = 0; over != NULL && i < over->entries->len; i++)
    g_ptr_array_add (copy->entries, entry_copy (g_ptr_array_index (over->entries, i)));
  return copy;
}

RegiaKeyText *
regia_key_text_take_out (RegiaKeyText *self, GPtrArray *groups)
{
  RegiaKeyText *taken = g_new0 (RegiaKeyText, 1);

  taken->groups = g_ptr_array_new_with_free_func (group_free);
  for (guint i = 0; i < groups->len; i++) {
    guint at;

    if (g_ptr_array_find (self->groups, g_ptr_array_index (groups, i), &at))
      g_ptr_array_add (taken->groups, g_ptr_array_steal_index (self->groups, at));
  }
  return taken;
}

RegiaKeyText *
regia_key_text_merge (const RegiaKeyText *hall, const RegiaKeyText *event)
{
  RegiaKeyText *self = g_new0 (RegiaKeyText, 1);

  self->groups = g_ptr_array_new_with_free_func (group_free);
  for (guint i = 0; i < hall->groups->len; i++) {
    const RegiaKeyGroup *group = g_ptr_array_index (hall->groups, i);

    g_ptr_array_add (self->groups, group_copy (group, regia_key_text_find_group (event, group->title)));
  }
  for (guint i = 0; i < event->groups->len; i++) {
    const RegiaKeyGroup *group = g_ptr_array_index (event->groups, i);

    if (regia_key_text_find_group (hall, group->title) == NULL)
      g_ptr_array_add (self->groups, group_copy (group, NULL));
  }
  return self;
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

char *
regia_key_text_encode (const char *value)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *raw = NULL;
  gsize end;

  g_key_file_set_string (file, "g", "k", value);
  raw = g_key_file_get_value (file, "g", "k", NULL);
  end = strlen (raw);
  if (end == 0 || raw[end - 1] != ' ')
    return g_steal_pointer (&raw);
  raw[end - 1] = '\0'; /* GKeyFile writes a blank at the end as it is, and we would take it away */
  return g_strconcat (raw, "\\s", NULL);
}

gboolean
regia_key_text_is_key (const char *text)
{
  return text[0] != '\0' && strlen (text) < 64 &&
         strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-") == strlen (text);
}

/* Where the reading of a file has got to. */
typedef struct {
  RegiaKeyText *text;
  RegiaKeyOrigin *origin; /* (unowned) */
  RegiaFaults *faults;    /* (unowned) */
  guint line;
  gboolean merged;      /* comments say where lines are from */
  RegiaKeyOrigin *from; /* (owned) (nullable): the last one that they named */
  guint from_line;      /* of what comes next, 0 when nothing was said of it */
} Scan;

static RegiaPlace
place_of (const Scan *self)
{
  return self->from_line > 0 ? (RegiaPlace){self->from->name, self->from_line}
                             : (RegiaPlace){self->origin->name, self->line};
}

static RegiaKeyOrigin *
origin_of (const Scan *self)
{
  return g_atomic_rc_box_acquire (self->from_line > 0 ? self->from : self->origin);
}

/* `# from FILE:LINE`. Paths in a merged text are absolute, or start where the event file was. */
static void
scan_from (Scan *self, const char *comment)
{
  const char *name = comment + strlen (REGIA_KEY_TEXT_FROM);
  const char *colon = strrchr (name, ':');
  guint64 line;

  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 1, G_MAXINT, &line, NULL))
    return;
  self->from_line = (guint)line;
  if (self->from == NULL || strlen (self->from->name) != (gsize)(colon - name) ||
      strncmp (self->from->name, name, colon - name) != 0) {
    g_autofree char *file = g_strndup (name, colon - name);

    regia_key_origin_unref (self->from);
    self->from = regia_key_origin_new (file, self->origin->base_dir);
  }
}

/* The group of a header line; NULL, after naming the fault, when it cannot be one. */
static RegiaKeyGroup *
scan_header (Scan *self, char *line)
{
  RegiaKeyGroup *group;
  const RegiaKeyGroup *before;
  g_auto (GStrv) words = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *title = NULL;
  char *end = strchr (line, ']');

  if (end == NULL || end[1] != '\0') {
    regia_faults_add_at (self->faults, place_of (self), NULL, NULL,
                         "a group is written [name] alone on its line; %s",
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
    regia_faults_add_at (self->faults, place_of (self), NULL, NULL,
                         "not a group; write [kind] or [kind name], for example [event] or [source camera]");
    return NULL;
  }

  title = g_strjoinv (" ", words);
  before = regia_key_text_find_group (self->text, title);
  if (before != NULL) {
    regia_faults_add_at (
        self->faults, place_of (self), title, NULL,
        "double name, this group began in line %u already; put the keys there or choose another name",
        before->line);
    return NULL;
  }

  group = g_new0 (RegiaKeyGroup, 1);
  group->kind = g_strdup (words[0]);
  group->name = g_strdup (words[1]);
  group->title = g_steal_pointer (&title);
  group->origin = origin_of (self);
  group->line = place_of (self).line;
  group->entries = g_ptr_array_new_with_free_func (entry_free);
  g_ptr_array_add (self->text->groups, group);
  return group;
}

static void
scan_entry (Scan *self, RegiaKeyGroup *group, char *line)
{
  RegiaKeyEntry *entry;
  const RegiaKeyEntry *before;
  char *equals = strchr (line, '=');

  if (equals == NULL) {
    g_autofree char *quoted = regia_quote_clip (line);

    regia_faults_add_at (self->faults, place_of (self), group->title, NULL,
                         "%s is no `key = value`; put a = between them, or a # before a comment", quoted);
    return;
  }
  *equals = '\0';
  g_strchomp (line);
  if (!regia_key_text_is_key (line)) {
    g_autofree char *quoted = regia_quote_clip (line);

    regia_faults_add_at (self->faults, place_of (self), group->title, NULL,
                         "%s cannot be a key; keys are letters, digits, - and _ (comments begin with #)",
                         quoted);
    return;
  }
  before = regia_key_text_find_entry (group, line);
  if (before != NULL) {
    regia_faults_add_at (self->faults, place_of (self), group->title, line,
                         "double name, this key is in line %u already; remove one of them", before->line);
    return;
  }
  if (group->entries->len == MAX_ENTRIES) {
    regia_faults_add_at (self->faults, place_of (self), group->title, line,
                         "more than %d keys in a group; remove some", MAX_ENTRIES);
    return;
  }

  entry = g_new0 (RegiaKeyEntry, 1);
  entry->key = g_strdup (line);
  entry->raw = g_strdup (g_strstrip (equals + 1));
  entry->origin = origin_of (self);
  entry->line = place_of (self).line;
  g_ptr_array_add (group->entries, entry);
}

/* Whether the bytes of a line are text; names the first thing that is not. */
static gboolean
check_line (Scan *self, const char *line, gsize length)
{
  const char *end;

  if (length > MAX_LINE_BYTES) {
    regia_faults_add_at (self->faults, place_of (self), NULL, NULL,
                         "the line is %" G_GSIZE_FORMAT " bytes long; at most %d are allowed, shorten it",
                         length, MAX_LINE_BYTES);
    return FALSE;
  }
  for (gsize i = 0; i < length; i++)
    if ((guchar)line[i] < 0x20 && line[i] != '\t') {
      regia_faults_add_at (self->faults, place_of (self), NULL, NULL,
                           "control character 0x%02x in column %" G_GSIZE_FORMAT "; remove it",
                           (guint)(guchar)line[i], i + 1);
      return FALSE;
    }
  if (!g_utf8_validate_len (line, length, &end)) {
    regia_faults_add_at (self->faults, place_of (self), NULL, NULL,
                         "byte 0x%02x in column %" G_GSIZE_FORMAT " is not UTF-8; save the file as UTF-8",
                         (guint)(guchar)*end, (gsize)(end - line) + 1);
    return FALSE;
  }
  return TRUE;
}

RegiaKeyText *
regia_key_text_text (const char *data, gsize length, RegiaKeyOrigin *origin, RegiaFaults *faults)
{
  Scan scan = {.text = g_new0 (RegiaKeyText, 1), .origin = origin, .faults = faults};
  Scan *self = &scan;
  RegiaKeyGroup *group = NULL;
  gboolean skip = FALSE; /* within a group that had to be refused: its keys would only be named as strays */
  const char *end = data + length;

  self->text->groups = g_ptr_array_new_with_free_func (group_free);
  if (length >= 2 && (memcmp (data, "\xff\xfe", 2) == 0 || memcmp (data, "\xfe\xff", 2) == 0)) {
    self->line = 1;
    regia_faults_add_at (faults, place_of (self), NULL, NULL, "the file is UTF-16; save it as UTF-8");
    return self->text;
  }
  if (length >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0)
    data += 3;

  while (data < end) {
    const char *newline = memchr (data, '\n', end - data);
    gsize line_length = (newline != NULL ? newline : end) - data;
    const char *start = data;
    g_autofree char *line = NULL;

    data += line_length + (newline != NULL);
    self->line++;
    if (line_length > 0 && start[line_length - 1] == '\r')
      line_length--;
    if (!check_line (self, start, line_length))
      continue;
    line = g_strndup (start, line_length);
    g_strstrip (line);

    if (self->line == 1)
      self->merged = g_str_equal (line, REGIA_KEY_TEXT_MERGED);
    if (self->merged && g_str_has_prefix (line, REGIA_KEY_TEXT_FROM))
      scan_from (self, line);
    if (line[0] == '\0' || line[0] == '#')
      continue;
    if (line[0] == '[') {
      if (self->text->groups->len == MAX_GROUPS) {
        regia_faults_add_at (faults, place_of (self), NULL, NULL, "more than %d groups; remove some",
                             MAX_GROUPS);
        break;
      }
      group = scan_header (self, line);
      skip = group == NULL;
    } else if (group != NULL)
      scan_entry (self, group, line);
    else if (!skip) {
      regia_faults_add_at (faults, place_of (self), NULL, NULL,
                           "a line before the first group; begin with [event]");
      skip = TRUE;
    }
    self->from_line = 0;
  }
  regia_key_origin_unref (self->from);
  return self->text;
}
