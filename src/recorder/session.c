/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "session-private.h"

#include <string.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/json.h"

#define VERSION 1

/*
 * RegiaSession is a plain tree of values. The recorder's worker keeps one for the session it writes;
 * finishing and the library make theirs from the file and drop them. Reading is lenient in what is missing (a
 * value becomes 0 or "") and strict in what would be dangerous: names that are no plain names are dropped.
 */

static void
track_free (RegiaSessionTrack *self)
{
  g_free (self->name);
  g_free (self->language);
  g_free (self->codec);
  g_free (self);
}

static void
part_free (RegiaSessionPart *self)
{
  g_free (self->file);
  g_free (self->state);
  g_free (self->message);
  g_free (self);
}

static void
gap_free (RegiaSessionGap *self)
{
  g_free (self->reason);
  g_free (self);
}

static void
file_free (RegiaSessionFile *self)
{
  g_free (self->name);
  g_free (self->content_type);
  g_free (self->sha256);
  g_strfreev (self->tracks);
  g_free (self);
}

RegiaSession *
regia_session_new (const char *id, const char *title, const char *place)
{
  RegiaSession *self = g_new0 (RegiaSession, 1);

  self->id = g_strdup (id);
  self->title = g_strdup (title);
  self->place = g_strdup (place != NULL ? place : "");
  self->state = g_strdup (REGIA_SESSION_RECORDING);
  self->message = g_strdup ("");
  self->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)track_free);
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify)part_free);
  self->gaps = g_ptr_array_new_with_free_func ((GDestroyNotify)gap_free);
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify)file_free);
  return self;
}

void
regia_session_free (RegiaSession *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->title);
  g_free (self->place);
  g_free (self->state);
  g_free (self->message);
  g_ptr_array_unref (self->tracks);
  g_ptr_array_unref (self->parts);
  g_ptr_array_unref (self->gaps);
  g_ptr_array_unref (self->files);
  g_free (self);
}

static void
set_string (char **place, const char *value)
{
  g_free (*place);
  *place = g_strdup (value);
}

void
regia_session_set_state (RegiaSession *self, const char *state, const char *message)
{
  set_string (&self->state, state);
  set_string (&self->message, message);
}

RegiaSessionTrack *
regia_session_add_track (RegiaSession *self, const char *name, const char *language, const char *codec)
{
  RegiaSessionTrack *track = NULL;

  for (guint i = 0; i < self->tracks->len && track == NULL; i++) {
    RegiaSessionTrack *known = g_ptr_array_index (self->tracks, i);

    if (strcmp (known->name, name) == 0)
      track = known;
  }
  if (track == NULL) {
    track = g_new0 (RegiaSessionTrack, 1);
    track->name = g_strdup (name);
    g_ptr_array_add (self->tracks, track);
  }
  set_string (&track->language, language);
  set_string (&track->codec, codec);
  return track;
}

RegiaSessionPart *
regia_session_find_part (RegiaSession *self, const char *file)
{
  for (guint i = 0; i < self->parts->len; i++) {
    RegiaSessionPart *part = g_ptr_array_index (self->parts, i);

    if (strcmp (part->file, file) == 0)
      return part;
  }
  return NULL;
}

RegiaSessionPart *
regia_session_add_part (RegiaSession *self, const char *file, const char *state)
{
  RegiaSessionPart *part = g_new0 (RegiaSessionPart, 1);

  part->file = g_strdup (file);
  part->state = g_strdup (state);
  part->message = g_strdup ("");
  g_ptr_array_add (self->parts, part);
  return part;
}

void
regia_session_set_part_state (RegiaSessionPart *part, const char *state, const char *message)
{
  set_string (&part->state, state);
  set_string (&part->message, message);
}

void
regia_session_add_gap (RegiaSession *self, gint64 from_ms, gint64 to_ms, const char *reason)
{
  RegiaSessionGap *last = self->gaps->len > 0 ? g_ptr_array_index (self->gaps, self->gaps->len - 1) : NULL;

  if (to_ms <= from_ms)
    return;
  if (last != NULL && from_ms <= last->to_ms && from_ms >= last->from_ms) {
    self->gap_ms += MAX (to_ms - last->to_ms, 0);
    last->to_ms = MAX (last->to_ms, to_ms);
    return;
  }
  self->gaps_total++;
  self->gap_ms += to_ms - from_ms;
  if (self->gaps->len < REGIA_SESSION_GAPS_MAX) {
    RegiaSessionGap *gap = g_new0 (RegiaSessionGap, 1);

    gap->from_ms = from_ms;
    gap->to_ms = to_ms;
    gap->reason = g_strdup (reason);
    g_ptr_array_add (self->gaps, gap);
  }
}

void
regia_session_take_gaps (RegiaSession *self, RegiaSession *from)
{
  g_ptr_array_set_size (self->gaps, 0);
  g_ptr_array_extend_and_steal (self->gaps, from->gaps);
  from->gaps = g_ptr_array_new_with_free_func ((GDestroyNotify)gap_free);
  self->gaps_total = from->gaps_total;
  self->gap_ms = from->gap_ms;
  from->gaps_total = 0;
  from->gap_ms = 0;
}

RegiaSessionFile *
regia_session_find_file (RegiaSession *self, const char *name)
{
  for (guint i = 0; i < self->files->len; i++) {
    RegiaSessionFile *file = g_ptr_array_index (self->files, i);

    if (strcmp (file->name, name) == 0)
      return file;
  }
  return NULL;
}

RegiaSessionFile *
regia_session_add_file (RegiaSession *self, const char *name)
{
  RegiaSessionFile *file = regia_session_find_file (self, name);

  if (file != NULL)
    g_ptr_array_remove (self->files, file);
  file = g_new0 (RegiaSessionFile, 1);
  file->name = g_strdup (name);
  file->content_type = g_strdup ("video/mp4");
  file->sha256 = g_strdup ("");
  file->tracks = g_new0 (char *, 1);
  g_ptr_array_add (self->files, file);
  return file;
}

gboolean
regia_session_name_is_safe (const char *name)
{
  gsize n = 0;

  for (; name[n] != '\0' && n <= 128; n++)
    if (!g_ascii_isalnum (name[n]) && strchr ("._-", name[n]) == NULL)
      return FALSE;
  return n >= 1 && n <= 128 && name[0] != '.';
}

/* --- to JSON --- */

static void
put (GVariantBuilder *builder, const char *key, GVariant *value)
{
  g_variant_builder_add (builder, "{sv}", key, value);
}

static GVariant *
track_to_variant (gpointer element)
{
  const RegiaSessionTrack *track = element;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  put (&builder, "name", g_variant_new_string (track->name));
  put (&builder, "language", g_variant_new_string (track->language));
  put (&builder, "codec", g_variant_new_string (track->codec));
  if (track->width > 0) {
    put (&builder, "width", g_variant_new_uint32 (track->width));
    put (&builder, "height", g_variant_new_uint32 (track->height));
    put (&builder, "rate-num", g_variant_new_uint32 (track->rate_num));
    put (&builder, "rate-den", g_variant_new_uint32 (track->rate_den));
  } else {
    put (&builder, "sample-rate", g_variant_new_uint32 (track->sample_rate));
    put (&builder, "channels", g_variant_new_uint32 (track->channels));
  }
  return g_variant_builder_end (&builder);
}

static GVariant *
part_to_variant (gpointer element)
{
  const RegiaSessionPart *part = element;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  put (&builder, "file", g_variant_new_string (part->file));
  put (&builder, "from-ms", g_variant_new_int64 (part->from_ms));
  put (&builder, "to-ms", g_variant_new_int64 (part->to_ms));
  put (&builder, "size-bytes", g_variant_new_uint64 (part->bytes));
  put (&builder, "lost-bytes", g_variant_new_uint64 (part->lost_bytes));
  put (&builder, "state", g_variant_new_string (part->state));
  put (&builder, "message", g_variant_new_string (part->message));
  return g_variant_builder_end (&builder);
}

static GVariant *
gap_to_variant (gpointer element)
{
  const RegiaSessionGap *gap = element;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  put (&builder, "from-ms", g_variant_new_int64 (gap->from_ms));
  put (&builder, "to-ms", g_variant_new_int64 (gap->to_ms));
  put (&builder, "reason", g_variant_new_string (gap->reason));
  return g_variant_builder_end (&builder);
}

static GVariant *
file_to_variant (gpointer element)
{
  const RegiaSessionFile *file = element;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  put (&builder, "name", g_variant_new_string (file->name));
  put (&builder, "content-type", g_variant_new_string (file->content_type));
  put (&builder, "size-bytes", g_variant_new_uint64 (file->size_bytes));
  put (&builder, "sha256", g_variant_new_string (file->sha256));
  put (&builder, "duration-ms", g_variant_new_int64 (file->duration_ms));
  put (&builder, "tracks", g_variant_new_strv ((const char *const *)file->tracks, -1));
  put (&builder, "silent-frames", g_variant_new_uint64 (file->silent_frames));
  return g_variant_builder_end (&builder);
}

static void
put_list (GVariantBuilder *builder, const char *key, GPtrArray *list, GVariant *(*to_variant) (gpointer))
{
  GVariantBuilder array = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint i = 0; i < list->len; i++)
    g_variant_builder_add (&array, "v", to_variant (g_ptr_array_index (list, i)));
  put (builder, key, g_variant_builder_end (&array));
}

char *
regia_session_to_json (RegiaSession *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autofree char *started =
      self->started_ms > 0 ? regia_time_format_iso (self->started_ms * REGIA_MSECOND) : g_strdup ("");

  put (&builder, "version", g_variant_new_uint32 (VERSION));
  put (&builder, "id", g_variant_new_string (self->id));
  put (&builder, "title", g_variant_new_string (self->title));
  put (&builder, "place", g_variant_new_string (self->place));
  put (&builder, "state", g_variant_new_string (self->state));
  put (&builder, "message", g_variant_new_string (self->message));
  put (&builder, "epoch-ms", g_variant_new_int64 (self->epoch_ms));
  put (&builder, "started", g_variant_new_string (started));
  put (&builder, "started-ms", g_variant_new_int64 (self->started_ms));
  put (&builder, "duration-ms", g_variant_new_int64 (self->duration_ms));
  put (&builder, "gaps-total", g_variant_new_uint32 (self->gaps_total));
  put (&builder, "gap-ms", g_variant_new_int64 (self->gap_ms));
  put_list (&builder, "tracks", self->tracks, track_to_variant);
  put_list (&builder, "parts", self->parts, part_to_variant);
  put_list (&builder, "gaps", self->gaps, gap_to_variant);
  put_list (&builder, "files", self->files, file_to_variant);
  return regia_json_from_variant (g_variant_builder_end (&builder), TRUE);
}

/* --- from JSON --- */

/* Never NULL; borrowed from @dict. */
static const char *
get_string (GVariant *dict, const char *key)
{
  const char *value = "";

  return g_variant_lookup (dict, key, "&s", &value) ? value : "";
}

static gint64
get_int (GVariant *dict, const char *key)
{
  gint64 value = 0;
  double real = 0;

  if (g_variant_lookup (dict, key, "x", &value))
    return value;
  return g_variant_lookup (dict, key, "d", &real) && real > -9e15 && real < 9e15 ? (gint64)real : 0;
}

static guint
get_uint (GVariant *dict, const char *key)
{
  return (guint)CLAMP (get_int (dict, key), 0, G_MAXINT32);
}

static void
read_track (RegiaSession *self, GVariant *dict)
{
  RegiaSessionTrack *track;

  if (get_string (dict, "name")[0] == '\0')
    return;
  track = regia_session_add_track (self, get_string (dict, "name"), get_string (dict, "language"),
                                   get_string (dict, "codec"));
  track->width = get_uint (dict, "width");
  track->height = get_uint (dict, "height");
  track->rate_num = get_uint (dict, "rate-num");
  track->rate_den = get_uint (dict, "rate-den");
  track->sample_rate = get_uint (dict, "sample-rate");
  track->channels = get_uint (dict, "channels");
}

static void
read_part (RegiaSession *self, GVariant *dict)
{
  const char *file = get_string (dict, "file");
  RegiaSessionPart *part;

  if (!g_str_has_prefix (file, REGIA_SESSION_LIVE "/") ||
      !regia_session_name_is_safe (file + strlen (REGIA_SESSION_LIVE "/")) ||
      regia_session_find_part (self, file) != NULL)
    return;
  part = regia_session_add_part (self, file, get_string (dict, "state"));
  part->from_ms = get_int (dict, "from-ms");
  part->to_ms = get_int (dict, "to-ms");
  part->bytes = (guint64)MAX (get_int (dict, "size-bytes"), 0);
  part->lost_bytes = (guint64)MAX (get_int (dict, "lost-bytes"), 0);
  set_string (&part->message, get_string (dict, "message"));
}

static void
read_gap (RegiaSession *self, GVariant *dict)
{
  regia_session_add_gap (self, get_int (dict, "from-ms"), get_int (dict, "to-ms"),
                         get_string (dict, "reason"));
}

static void
read_file (RegiaSession *self, GVariant *dict)
{
  g_autoptr (GVariant) tracks = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  RegiaSessionFile *file;

  if (!regia_session_name_is_safe (get_string (dict, "name")))
    return;
  file = regia_session_add_file (self, get_string (dict, "name"));
  file->size_bytes = (guint64)MAX (get_int (dict, "size-bytes"), 0);
  file->duration_ms = get_int (dict, "duration-ms");
  file->silent_frames = (guint64)MAX (get_int (dict, "silent-frames"), 0);
  set_string (&file->content_type, get_string (dict, "content-type"));
  set_string (&file->sha256, get_string (dict, "sha256"));
  tracks = g_variant_lookup_value (dict, "tracks", G_VARIANT_TYPE ("av"));
  for (gsize i = 0; tracks != NULL && i < g_variant_n_children (tracks); i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (tracks, i);
    g_autoptr (GVariant) name = g_variant_get_variant (boxed);

    if (g_variant_is_of_type (name, G_VARIANT_TYPE_STRING))
      g_ptr_array_add (names, g_variant_dup_string (name, NULL));
  }
  g_ptr_array_add (names, NULL);
  g_strfreev (file->tracks);
  file->tracks = (char **)g_ptr_array_steal (names, NULL);
}

static void
read_list (RegiaSession *self, GVariant *dict, const char *key, void (*read) (RegiaSession *, GVariant *))
{
  g_autoptr (GVariant) list = g_variant_lookup_value (dict, key, G_VARIANT_TYPE ("av"));

  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
    g_autoptr (GVariant) element = g_variant_get_variant (boxed);

    if (g_variant_is_of_type (element, G_VARIANT_TYPE_VARDICT))
      read (self, element);
  }
}

RegiaSession *
regia_session_from_json (const char *text, gssize length, GError **error)
{
  g_autoptr (GVariant) dict = regia_json_to_vardict (text, length, error);
  RegiaSession *self;

  if (dict == NULL)
    return NULL;
  if (get_int (dict, "version") != VERSION || !regia_session_name_is_safe (get_string (dict, "id")) ||
      get_string (dict, "state")[0] == '\0') {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not the record of a session");
    return NULL;
  }
  self = regia_session_new (get_string (dict, "id"), get_string (dict, "title"), get_string (dict, "place"));
  regia_session_set_state (self, get_string (dict, "state"), get_string (dict, "message"));
  self->epoch_ms = get_int (dict, "epoch-ms");
  self->started_ms = CLAMP (get_int (dict, "started-ms"), 0, G_GINT64_CONSTANT (253402300799000));
  self->duration_ms = get_int (dict, "duration-ms");
  read_list (self, dict, "tracks", read_track);
  read_list (self, dict, "parts", read_part);
  read_list (self, dict, "gaps", read_gap);
  read_list (self, dict, "files", read_file);
  self->gaps_total = MAX (self->gaps_total, get_uint (dict, "gaps-total"));
  self->gap_ms = MAX (self->gap_ms, get_int (dict, "gap-ms"));
  return self;
}
