/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "edit-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/base/named.h"
#include "regia/config/config.h"
#include "regia/config/edit.h"
#include "regia/config/events.h"

#define SUFFIX         ".conf"
#define NAME_MAX_BYTES 100
#define NEW_MODE       0640 /* a stream's key may stand in it */

void
regia_edit_free (RegiaEdit *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->text);
  g_free (self->version);
  g_free (self->from);
  g_free (self->events_dir);
  g_free (self->hall_path);
  g_free (self->running);
  g_free (self);
}

gboolean
regia_edit_action_parse (const char *text, RegiaEditAction *ret_action)
{
  static const char *const names[REGIA_EDITS] = {"read", "check", "write", "remove"};

  for (guint i = 0; i < REGIA_EDITS; i++)
    if (g_str_equal (names[i], text)) {
      *ret_action = (RegiaEditAction)i;
      return TRUE;
    }
  return FALSE;
}

gboolean
regia_edit_is_name (const char *name)
{
  gsize length = strlen (name);

  return length > strlen (SUFFIX) && length <= NAME_MAX_BYTES && g_str_has_suffix (name, SUFFIX) &&
         g_ascii_isalnum (name[0]) && strspn (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") == length;
}

static gboolean
is_hall (const RegiaEdit *self)
{
  return g_str_equal (self->name, REGIA_EDIT_HALL);
}

/* (transfer full) (nullable) */
static char *
find_path (const RegiaEdit *self, const char *name, GError **error)
{
  g_autofree char *path = NULL;

  if (g_str_equal (name, REGIA_EDIT_HALL))
    return g_strdup (self->hall_path);
  if (!regia_edit_is_name (name)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                 "an event file is called by letters without accents, digits, . _ and -, a letter or digit "
                 "first, " SUFFIX " last, at most %d of them",
                 NAME_MAX_BYTES);
    return NULL;
  }
  path = g_build_filename (self->events_dir, name, NULL);
  /* as an event it would be read by other rules */
  if (g_str_equal (path, self->hall_path)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE, "%s is the hall file", name);
    return NULL;
  }
  return g_steal_pointer (&path);
}

/* What is there. */
typedef struct {
  char *text;    /* (owned) (nullable): %NULL: no such file */
  char *version; /* (owned): "": none */
  int mode;
} Present;

static void
present_clear (Present *self)
{
  g_free (self->text);
  g_free (self->version);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Present, present_clear)

/* (transfer full): what tells this content from any other. */
static char *
make_version (const void *data, gsize length)
{
  char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, length);

  digest[32] = '\0';
  return digest;
}

static gboolean
read_present (const char *path, Present *ret_present, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GByteArray) content = NULL;
  struct stat st;

  if (lstat (path, &st) < 0) {
    if (errno != ENOENT)
      return regia_error_set_errno (error, errno, "%s", name);
    *ret_present = (Present){NULL, g_strdup (""), NEW_MODE};
    return TRUE;
  }
  /* replacing it would put a file of its own in the link's place */
  if (S_ISLNK (st.st_mode)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 "%s is a link to another file; edit that one, on the machine", name);
    return FALSE;
  }
  content = regia_named_read (path, REGIA_EDIT_MAX_BYTES, "edit it on the machine", error);
  if (content == NULL) {
    g_prefix_error (error, "%s ", name);
    return FALSE;
  }
  if (!g_utf8_validate ((const char *)content->data, content->len, NULL)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE, "%s is not UTF-8 text; edit it on the machine", name);
    return FALSE;
  }
  ret_present->mode = (int)(st.st_mode & 0777);
  ret_present->version = make_version (content->data, content->len);
  ret_present->text = g_strndup ((const char *)content->data, content->len);
  return TRUE;
}

/* Another event's id: their recordings could not be told apart. */
static void
check_id (const RegiaEdit *self, const char *path, const char *id, GPtrArray *faults)
{
  g_autoptr (GPtrArray) events = regia_events_scan (self->events_dir, self->hall_path, NULL);

  for (guint i = 0; events != NULL && i < events->len; i++) {
    const RegiaEvent *event = g_ptr_array_index (events, i);
    g_autofree char *name = g_path_get_basename (event->file), *text = NULL;

    if (g_str_equal (event->file, path) || event->error != NULL || !g_str_equal (event->id, id))
      continue;
    text = g_strdup_printf ("\"%s\" is that of %s; write another id, or another name or day", id, name);
    g_ptr_array_add (faults, regia_config_fault_new ("", 0, "event", "id", text));
    return;
  }
}

/* (transfer floating) */
static GVariant *
describe_faults (GPtrArray *faults)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; faults != NULL && i < faults->len; i++) {
    const RegiaConfigFault *fault = g_ptr_array_index (faults, i);
    g_autofree char *file = g_path_get_basename (fault->file), *text = g_utf8_make_valid (fault->text, -1);
    g_autofree char *group = g_utf8_make_valid (fault->group, -1);
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "file", "s", fault->file[0] != '\0' ? file : "");
    g_variant_dict_insert (&dict, "line", "t", (guint64)fault->line);
    g_variant_dict_insert (&dict, "group", "s", group);
    g_variant_dict_insert (&dict, "key", "s", fault->key);
    g_variant_dict_insert (&dict, "text", "s", text);
    g_variant_builder_add (&list, "v", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&list);
}

/* (transfer full) */
static GPtrArray *
check_text (const RegiaEdit *self, const char *path, const char *text)
{
  g_autofree char *id = NULL;
  GPtrArray *faults =
      regia_config_check_text (text, strlen (text), path, self->hall_path, is_hall (self), &id);

  if (id != NULL && !is_hall (self))
    check_id (self, path, id, faults);
  return faults;
}

/* @faults: (nullable) */
static GVariant *
make_result (const RegiaEdit *self, const char *path, const char *outcome, const char *version,
             const char *shown, GPtrArray *faults)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", self->name);
  g_variant_dict_insert (&dict, "outcome", "s", outcome);
  g_variant_dict_insert (&dict, "version", "s", version);
  g_variant_dict_insert (&dict, "running", "b",
                         is_hall (self) ? self->running[0] != '\0' : g_str_equal (path, self->running));
  if (shown != NULL)
    g_variant_dict_insert (&dict, "text", "s", shown);
  g_variant_dict_insert_value (&dict, "faults", describe_faults (faults));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static GVariant *
read_file (const RegiaEdit *self, const char *path, const Present *present)
{
  g_autofree char *shown = NULL;
  g_autoptr (GPtrArray) faults = NULL;

  if (present->text == NULL)
    return make_result (self, path, "missing", "", NULL, NULL);
  shown = regia_config_mask_secrets (present->text);
  faults = check_text (self, path, present->text);
  return make_result (self, path, "read", present->version, shown, faults);
}

/* (transfer full) (nullable): what the masks of the new text stand for. */
static char *
read_original (const RegiaEdit *self, const Present *present, GError **error)
{
  g_autofree char *path = NULL;
  g_auto (Present) other = {0};

  if (present->text != NULL || self->from[0] == '\0')
    return g_strdup (present->text != NULL ? present->text : "");
  path = find_path (self, self->from, error);
  if (path == NULL || !read_present (path, &other, error))
    return NULL;
  return g_strdup (other.text != NULL ? other.text : "");
}

/* (nullable): why not that one. Static. */
static const char *
compare_version (const RegiaEdit *self, const Present *present)
{
  if (g_str_equal (self->version, present->version))
    return NULL;
  return present->text == NULL ? "missing" : self->version[0] == '\0' ? "exists" : "changed";
}

static GVariant *
write_file (const RegiaEdit *self, const char *path, const Present *present, GError **error)
{
  g_autofree char *original = read_original (self, present, error), *text = NULL, *version = NULL;
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_config_fault_free);
  const char *other = compare_version (self, present);

  if (original == NULL)
    return NULL;
  text = regia_config_restore_secrets (self->text, original, faults);
  if (faults->len == 0) {
    g_ptr_array_unref (faults);
    faults = check_text (self, path, text);
  }
  version = make_version (text, strlen (text));
  if (self->action == REGIA_EDIT_CHECK)
    return make_result (self, path, faults->len > 0 ? "faulty" : "good", present->version, NULL, faults);
  /* what is there already was written by the same request before, or needs no writing */
  if (present->text != NULL && g_str_equal (version, present->version))
    return make_result (self, path, "unchanged", version, NULL, NULL);
  if (other != NULL)
    return make_result (self, path, other, present->version, NULL, NULL);
  if (faults->len > 0)
    return make_result (self, path, "faulty", present->version, NULL, faults);
  if (!regia_file_replace (path, text, strlen (text), present->mode, error))
    return NULL;
  return make_result (self, path, present->text == NULL ? "made" : "written", version, NULL, NULL);
}

static GVariant *
remove_file (const RegiaEdit *self, const char *path, const Present *present, GError **error)
{
  g_autofree char *bin = g_build_filename (self->events_dir, REGIA_EDIT_BIN, NULL);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *when = g_date_time_format (now, "%Y%m%dT%H%M%S"), *target = NULL;
  const char *other = compare_version (self, present);

  if (other != NULL)
    return make_result (self, path, other, present->version, NULL, NULL);
  target = g_strdup_printf ("%s/%s.%s.%.8s", bin, self->name, when, present->version);
  if (!regia_file_make_folder (bin, 0750, error))
    return NULL;
  if (rename (path, target) < 0) {
    regia_error_set_errno (error, errno, "%s: cannot move it to %s", self->name, REGIA_EDIT_BIN);
    return NULL;
  }
  if (!regia_file_sync_folder (bin, error) || !regia_file_sync_folder (self->events_dir, error))
    return NULL;
  return make_result (self, path, "removed", "", NULL, NULL);
}

GVariant *
regia_edit_perform (const RegiaEdit *self, GError **error)
{
  g_autofree char *path = find_path (self, self->name, error);
  g_auto (Present) present = {0};

  if (path == NULL)
    return NULL;
  if (self->action == REGIA_EDIT_REMOVE && (is_hall (self) || g_str_equal (path, self->running))) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 is_hall (self) ? "%s: the hall file is needed and cannot be removed"
                                : "%s is on the air or rehearsed; remove it when that is over",
                 self->name);
    return NULL;
  }
  if (self->text != NULL &&
      (strlen (self->text) > REGIA_EDIT_MAX_BYTES || !g_utf8_validate (self->text, -1, NULL))) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE, "the text is no UTF-8, or longer than %d bytes",
                 REGIA_EDIT_MAX_BYTES);
    return NULL;
  }
  if (!read_present (path, &present, error))
    return NULL;
  switch (self->action) {
  case REGIA_EDIT_READ:
    return read_file (self, path, &present);
  case REGIA_EDIT_REMOVE:
    return remove_file (self, path, &present, error);
  default:
    return write_file (self, path, &present, error);
  }
}
