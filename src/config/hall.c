/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <string.h>
#include <sys/stat.h>

#include "config-private.h"
#include "options-private.h"
#include "regia/base/error.h"
#include "regia/base/named.h"
#include "scene-private.h"
#include "values-private.h"

/*
 * Which files there are and what of them is read: the event file, the hall that it names, one laid over the
 * other, and the groups that are left out. What comes of it is read as if it stood in one file (config.c),
 * but each key remembers the file and line that it is in.
 */

#define REMEDY "check the name (config/example.conf is a file to start from)"

/* What is of one event and so cannot be the same for all. */
static const char *const event_keys[] = {"name", "start", "end", "id", NULL};

/* The name of a file in messages: as short as the event file's was given. */
static char *
name_as (const char *path, const char *event_name)
{
  g_autofree char *here = g_get_current_dir ();
  gsize length = strlen (here);

  if (!g_path_is_absolute (event_name) && g_str_has_prefix (path, here) && path[length] == '/')
    return g_strdup (path + length + 1);
  return g_strdup (path);
}

static gboolean
is_same_file (const char *one, const char *other)
{
  struct stat first, second;

  return stat (one, &first) == 0 && stat (other, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

static void
check_hall (const RegiaKeyText *hall, RegiaFaults *faults)
{
  const RegiaKeyGroup *event = regia_key_text_find_group (hall, "event");

  for (guint i = 0; event != NULL && i < event->entries->len; i++) {
    const RegiaKeyEntry *entry = g_ptr_array_index (event->entries, i);
    RegiaPlace place = {entry->origin->name, entry->line};

    if (g_str_equal (entry->key, "hall"))
      regia_faults_add_at (faults, place, "event", "hall",
                           "a hall file has no hall of its own; remove it, or name that file in the event");
    else if (g_strv_contains (event_keys, entry->key))
      regia_faults_add_at (faults, place, "event", entry->key,
                           "this is a hall file, and that is an event's own; write it in the event file");
  }
}

/* @place: where it is named; a line 0 when it is by other means. %NULL after naming the fault. */
static RegiaKeyText *
read_hall (RegiaConfig *self, const char *path, RegiaPlace place, RegiaFaults *faults)
{
  g_autofree char *name = name_as (path, self->file);
  g_autofree char *base_dir = g_path_get_dirname (path);
  g_autoptr (RegiaKeyOrigin) origin = NULL;
  g_autoptr (GByteArray) content = NULL;
  g_autoptr (GError) error = NULL;
  RegiaKeyText *hall;

  if (is_same_file (path, self->files[0])) {
    regia_faults_add_at (faults, place, "event", "hall",
                         "this is the file itself; name that of the hall, or leave it out");
    return NULL;
  }
  /* paths in it become absolute, and have to stand in a text that is UTF-8 */
  if (!g_utf8_validate (path, -1, NULL)) {
    regia_faults_add_at (faults, place, "event", "hall",
                         "its path is not UTF-8; give its folder another name");
    return NULL;
  }
  content = regia_named_read (path, REGIA_CONFIG_MAX_BYTES, "check the path", &error);
  if (content == NULL) {
    regia_faults_add_at (faults, place, "event", "hall", "%s %s", name, error->message);
    return NULL;
  }
  origin = regia_key_origin_new (name, base_dir);
  hall = regia_key_text_text ((const char *)content->data, content->len, origin, faults);
  check_hall (hall, faults);
  return hall;
}

/* @ret_path: (nullable): the hall that the file names, else @by_default; @ret_place: where it does. %FALSE
 * after naming a fault. */
static gboolean
find_hall (RegiaConfig *self, const char *by_default, char **ret_path, RegiaPlace *ret_place,
           RegiaFaults *faults)
{
  const RegiaKeyGroup *event = regia_key_text_find_group (self->scan, "event");
  const RegiaKeyEntry *entry = event != NULL ? regia_key_text_find_entry (event, "hall") : NULL;
  g_autofree char *text = NULL;

  *ret_place = (RegiaPlace){NULL, 0};
  *ret_path = NULL;
  if (entry == NULL) {
    if (by_default != NULL)
      *ret_path = g_canonicalize_filename (by_default, NULL);
    return TRUE;
  }
  *ret_place = (RegiaPlace){entry->origin->name, entry->line};
  text = regia_key_text_decode (entry->raw);
  if (text == NULL)
    regia_faults_add_at (faults, *ret_place, "event", "hall",
                         "an escape that is not known; a backslash is written twice");
  else if (text[0] != '\0') /* `hall =` says: none */
    *ret_path = g_canonicalize_filename (text, entry->origin->base_dir);
  return text != NULL;
}

/* %FALSE when there is one that cannot be read: what all is missing from the event would only distract. */
static gboolean
add_hall (RegiaConfig *self, const char *by_default, RegiaFaults *faults)
{
  RegiaPlace place;
  g_autofree char *path = NULL;
  g_autoptr (RegiaKeyText) hall = NULL;
  g_autoptr (RegiaKeyText) event = NULL;

  if (!find_hall (self, by_default, &path, &place, faults))
    return FALSE;
  if (path == NULL)
    return TRUE;
  hall = read_hall (self, path, place, faults);
  if (hall == NULL)
    return FALSE;
  event = g_steal_pointer (&self->scan);
  self->scan = regia_key_text_merge (hall, event);
  self->files = g_renew (char *, self->files, 3);
  self->files[1] = g_steal_pointer (&path);
  self->files[2] = NULL;
  return TRUE;
}

/* What @data is read as, which stands in @path or is to: an event, with the hall that it names or @hall, or a
 * hall. @ret_partly: (nullable). */
static RegiaConfig *
read_text (const char *data, gsize length, const char *path, const char *base_dir, const char *hall,
           gboolean is_hall, gboolean check_files, RegiaConfig **ret_partly, GError **error)
{
  g_autoptr (RegiaConfig) self = NULL;
  g_autoptr (RegiaFaults) faults = regia_faults_new (path);
  g_autoptr (RegiaKeyOrigin) origin = NULL;

  if (length == 0) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "%s: is empty; " REMEDY, path);
    return NULL;
  }
  self = regia_config_new (path, base_dir);
  self->is_hall = is_hall;
  self->files = g_new0 (char *, 2);
  self->files[0] = g_canonicalize_filename (path, NULL);
  origin = regia_key_origin_new (path, self->values.base_dir);
  self->scan = regia_key_text_text (data, length, origin, faults);
  if (is_hall)
    check_hall (self->scan, faults);
  else if (!add_hall (self, hall, faults) && !regia_faults_raise (faults, error))
    return NULL;
  if (regia_config_read (self, faults, check_files, error)) {
    g_strfreev (self->values.shows);
    self->values.shows = regia_scenes_names (&self->values);
    return g_steal_pointer (&self);
  }
  if (ret_partly != NULL)
    *ret_partly = g_steal_pointer (&self);
  return NULL;
}

static RegiaConfig *
load (const char *path, const char *base_dir, const char *hall, gboolean is_hall, gboolean check_files,
      RegiaConfig **ret_partly, GError **error)
{
  g_autoptr (GByteArray) content = regia_named_read (path, REGIA_CONFIG_MAX_BYTES, REMEDY, error);

  if (content == NULL) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  return read_text ((const char *)content->data, content->len, path, base_dir, hall, is_hall, check_files,
                    ret_partly, error);
}

RegiaConfig *
regia_config_load_text (const char *data, gsize length, const char *path, const char *hall, gboolean is_hall,
                        GError **error)
{
  return read_text (data, length, path, NULL, hall, is_hall, TRUE, NULL, error);
}

RegiaConfig *
regia_config_load_partly (const char *path, const char *hall, RegiaConfig **ret_partly, GError **error)
{
  *ret_partly = NULL;
  return load (path, NULL, hall, FALSE, TRUE, ret_partly, error);
}

RegiaConfig *
regia_config_load (const char *path, const char *base_dir, GError **error)
{
  return load (path, base_dir, NULL, FALSE, base_dir == NULL, NULL, error);
}

RegiaConfig *
regia_config_load_in_hall (const char *path, const char *hall, GError **error)
{
  return load (path, NULL, hall, FALSE, TRUE, NULL, error);
}

RegiaConfig *
regia_config_load_hall (const char *path, GError **error)
{
  return load (path, NULL, NULL, TRUE, TRUE, NULL, error);
}

RegiaConfig *
regia_config_parse (const char *data, gsize length, const char *file_name, const char *base_dir,
                    gboolean check_files, GError **error)
{
  g_autoptr (RegiaConfig) self = regia_config_new (file_name, base_dir);
  g_autoptr (RegiaFaults) faults = regia_faults_new (file_name);
  g_autoptr (RegiaKeyOrigin) origin = regia_key_origin_new (file_name, self->values.base_dir);
  g_autofree char *hall = NULL;
  RegiaPlace place;

  self->files = g_new0 (char *, 1);
  self->scan = regia_key_text_text (data, length, origin, faults);
  if (find_hall (self, NULL, &hall, &place, faults) && hall != NULL)
    regia_faults_add_at (faults, place, "event", "hall",
                         "only a file can have one, and this is a text; put the two together first");
  return regia_config_read (self, faults, check_files, error) ? g_steal_pointer (&self) : NULL;
}

const char *const *
regia_config_get_files (RegiaConfig *self)
{
  return (const char *const *)self->files;
}

/* A group with nothing but `off`: no file has what was to be left out, so the name must be wrong. */
static void
name_unknown_group (RegiaConfig *self, const RegiaKeyGroup *group, const RegiaKeyEntry *off,
                    RegiaFaults *faults)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *suggestion = NULL;

  for (guint i = 0; i < self->scan->groups->len; i++) {
    const RegiaKeyGroup *other = g_ptr_array_index (self->scan->groups, i);

    if (other != group && other->name != NULL && g_str_equal (other->kind, group->kind))
      g_ptr_array_add (names, other->name);
  }
  g_ptr_array_add (names, NULL);
  suggestion = regia_suggest (group->name != NULL ? group->name : "", (const char *const *)names->pdata);
  regia_faults_add_at (faults, (RegiaPlace){off->origin->name, off->line}, group->title, "off",
                       "there is no [%s] that could be left out; %s", group->title, suggestion);
}

void
regia_config_leave_out (RegiaConfig *self, RegiaFaults *faults)
{
  g_autoptr (GPtrArray) out = g_ptr_array_new ();

  for (guint i = 0; i < self->scan->groups->len; i++) {
    const RegiaKeyGroup *group = g_ptr_array_index (self->scan->groups, i);
    const RegiaOptionGroup *known = regia_option_group_find (group->kind);
    const RegiaOption *option = known != NULL ? regia_option_find (known, "off") : NULL;
    const RegiaKeyEntry *entry = option != NULL ? regia_key_text_find_entry (group, "off") : NULL;
    g_autofree char *text = entry != NULL ? regia_key_text_decode (entry->raw) : NULL;
    g_autofree char *fault = NULL;
    gboolean off = FALSE;

    if (entry == NULL)
      continue;
    fault = text != NULL ? option->read (option, text, "/", &off) : g_strdup ("an escape that is not known");
    if (fault != NULL)
      regia_faults_add_at (faults, (RegiaPlace){entry->origin->name, entry->line}, group->title, "off", "%s",
                           fault);
    if (off && group->entries->len == 1)
      name_unknown_group (self, group, entry, faults);
    if (off)
      g_ptr_array_add (out, (gpointer)group);
  }
  self->left_out = regia_key_text_take_out (self->scan, out);
}
