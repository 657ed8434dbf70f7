/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "session-private.h"

#include <stdio.h>
#include <string.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/fields.h"
#include "regia/base/json.h"

/* It rises with what a program that does not know of it would do wrong, by passing it over or by writing the
 * record without it. Below it, each version is read field by field; above it, none. */
#define VERSION 2 /* private spans: without them the public would be given what is not for it */

/*
 * RegiaSession is a plain tree of values. The recorder's worker keeps one for the session it writes;
 * finishing and the library make theirs from the file and drop them. Reading is lenient in what is missing (a
 * value becomes 0 or "") and strict in what would be dangerous: names that are no plain names are dropped.
 */

static const RegiaField session_fields[] = {
    REGIA_FIELD_STRING (RegiaSession, id, "id"),
    REGIA_FIELD_STRING (RegiaSession, title, "title"),
    REGIA_FIELD_STRING (RegiaSession, place, "place"),
    REGIA_FIELD_STRING (RegiaSession, state, "state"),
    REGIA_FIELD_STRING (RegiaSession, message, "message"),
    REGIA_FIELD_INT64 (RegiaSession, epoch_ms, "epoch-ms"),
    REGIA_FIELD_INT64 (RegiaSession, started_ms, "started-ms"),
    REGIA_FIELD_INT64 (RegiaSession, duration_ms, "duration-ms"),
    REGIA_FIELD_UINT (RegiaSession, gaps_total, "gaps-total"),
    REGIA_FIELD_INT64 (RegiaSession, gap_ms, "gap-ms"),
    {NULL},
};

static const RegiaField track_fields[] = {
    REGIA_FIELD_STRING (RegiaSessionTrack, name, "name"),
    REGIA_FIELD_STRING (RegiaSessionTrack, language, "language"),
    REGIA_FIELD_STRING (RegiaSessionTrack, codec, "codec"),
    {NULL},
};

static const RegiaField picture_fields[] = {
    REGIA_FIELD_UINT (RegiaSessionTrack, width, "width"),
    REGIA_FIELD_UINT (RegiaSessionTrack, height, "height"),
    REGIA_FIELD_UINT (RegiaSessionTrack, rate_num, "rate-num"),
    REGIA_FIELD_UINT (RegiaSessionTrack, rate_den, "rate-den"),
    {NULL},
};

static const RegiaField sound_fields[] = {
    REGIA_FIELD_UINT (RegiaSessionTrack, sample_rate, "sample-rate"),
    REGIA_FIELD_UINT (RegiaSessionTrack, channels, "channels"),
    {NULL},
};

static const RegiaField part_fields[] = {
    REGIA_FIELD_STRING (RegiaSessionPart, file, "file"),
    REGIA_FIELD_INT64 (RegiaSessionPart, from_ms, "from-ms"),
    REGIA_FIELD_INT64 (RegiaSessionPart, to_ms, "to-ms"),
    REGIA_FIELD_UINT64 (RegiaSessionPart, bytes, "size-bytes"),
    REGIA_FIELD_UINT64 (RegiaSessionPart, lost_bytes, "lost-bytes"),
    REGIA_FIELD_STRING (RegiaSessionPart, state, "state"),
    REGIA_FIELD_STRING (RegiaSessionPart, message, "message"),
    {NULL},
};

static const RegiaField gap_fields[] = {
    REGIA_FIELD_INT64 (RegiaSessionGap, from_ms, "from-ms"),
    REGIA_FIELD_INT64 (RegiaSessionGap, to_ms, "to-ms"),
    REGIA_FIELD_STRING (RegiaSessionGap, reason, "reason"),
    {NULL},
};

static const RegiaField file_fields[] = {
    REGIA_FIELD_STRING (RegiaSessionFile, name, "name"),
    REGIA_FIELD_STRING (RegiaSessionFile, content_type, "content-type"),
    REGIA_FIELD_UINT64 (RegiaSessionFile, size_bytes, "size-bytes"),
    REGIA_FIELD_STRING (RegiaSessionFile, sha256, "sha256"),
    REGIA_FIELD_INT64 (RegiaSessionFile, duration_ms, "duration-ms"),
    REGIA_FIELD_STRINGS (RegiaSessionFile, tracks, "tracks"),
    REGIA_FIELD_UINT64 (RegiaSessionFile, silent_frames, "silent-frames"),
    {NULL},
};

static const RegiaField mark_fields[] = {
    REGIA_FIELD_STRING (RegiaSessionMark, id, "id"),
    REGIA_FIELD_INT64 (RegiaSessionMark, at_ms, "at-ms"),
    REGIA_FIELD_STRING (RegiaSessionMark, title, "title"),
    {NULL},
};

static const RegiaField span_fields[] = {
    REGIA_FIELD_INT64 (RegiaSessionSpan, from_ms, "from-ms"),
    REGIA_FIELD_INT64 (RegiaSessionSpan, to_ms, "to-ms"),
    {NULL},
};

static void
track_free (RegiaSessionTrack *self)
{
  regia_fields_clear (track_fields, self);
  g_free (self);
}

static void
part_free (RegiaSessionPart *self)
{
  regia_fields_clear (part_fields, self);
  g_free (self);
}

static void
gap_free (RegiaSessionGap *self)
{
  regia_fields_clear (gap_fields, self);
  g_free (self);
}

static void
file_free (RegiaSessionFile *self)
{
  regia_fields_clear (file_fields, self);
  g_free (self);
}

void
regia_session_mark_free (RegiaSessionMark *self)
{
  regia_fields_clear (mark_fields, self);
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
  self->marks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_session_mark_free);
  self->pauses = g_ptr_array_new_with_free_func (g_free);
  self->private_spans = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
regia_session_free (RegiaSession *self)
{
  if (self == NULL)
    return;
  regia_fields_clear (session_fields, self);
  g_ptr_array_unref (self->tracks);
  g_ptr_array_unref (self->parts);
  g_ptr_array_unref (self->gaps);
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->marks);
  g_ptr_array_unref (self->pauses);
  g_ptr_array_unref (self->private_spans);
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

guint
regia_session_next_number (RegiaSession *self)
{
  guint number = self->parts->len + 1, taken;

  for (guint i = 0; i < self->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (self->parts, i);

    if (sscanf (part->file, REGIA_SESSION_LIVE "/programme-%u.mp4", &taken) == 1 && taken < 9999)
      number = MAX (number, taken + 1);
  }
  return number;
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

void
regia_session_add_mark (RegiaSession *self, const char *id, gint64 at_ms, const char *title)
{
  RegiaSessionMark *mark = g_new (RegiaSessionMark, 1);

  *mark = (RegiaSessionMark){g_strdup (id), at_ms, g_strdup (title)};
  g_ptr_array_add (self->marks, mark);
}

static gint64
end_of (const RegiaSessionSpan *span)
{
  return span->to_ms > 0 ? span->to_ms : G_MAXINT64;
}

gboolean
regia_session_set_pause (RegiaSession *self, gint64 from_ms, gint64 to_ms)
{
  RegiaSessionSpan joined = {from_ms, to_ms};
  guint at = 0;
  gboolean same = FALSE;

  while (at < self->pauses->len) {
    const RegiaSessionSpan *span = g_ptr_array_index (self->pauses, at);

    if (span->from_ms > end_of (&joined))
      break;
    if (end_of (span) < from_ms) {
      at++;
      continue;
    }
    joined.from_ms = MIN (joined.from_ms, span->from_ms);
    same = span->from_ms == joined.from_ms && span->to_ms == to_ms;
    g_ptr_array_remove_index (self->pauses, at);
  }
  g_ptr_array_insert (self->pauses, (gint)at, g_memdup2 (&joined, sizeof joined));
  return !same;
}

gboolean
regia_session_add_pause (RegiaSession *self, gint64 from_ms, gint64 to_ms)
{
  for (guint i = 0; i < self->pauses->len; i++) {
    const RegiaSessionSpan *span = g_ptr_array_index (self->pauses, i);

    if (span->from_ms <= from_ms && span->to_ms >= to_ms)
      return FALSE;
  }
  return regia_session_set_pause (self, from_ms, to_ms);
}

gboolean
regia_session_set_private (RegiaSession *self, gint64 from_ms, gint64 to_ms)
{
  RegiaSessionSpan new = {from_ms, to_ms};

  for (guint i = 0; i < self->private_spans->len; i++) {
    RegiaSessionSpan *span = g_ptr_array_index (self->private_spans, i);
    gboolean changed = span->to_ms != to_ms;

    if (span->from_ms != from_ms)
      continue;
    span->to_ms = to_ms;
    return changed;
  }
  g_ptr_array_add (self->private_spans, g_memdup2 (&new, sizeof new));
  return TRUE;
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

static GVariant *
track_to_variant (gconstpointer element)
{
  const RegiaSessionTrack *track = element;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  regia_fields_put (track_fields, track, &builder);
  regia_fields_put (track->width > 0 ? picture_fields : sound_fields, track, &builder);
  return g_variant_builder_end (&builder);
}

/* @fields: of an element; %NULL: those of a track. */
static void
put_list (GVariantBuilder *builder, const char *key, GPtrArray *list, const RegiaField *fields)
{
  GVariantBuilder array = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint i = 0; i < list->len; i++) {
    gconstpointer element = g_ptr_array_index (list, i);

    g_variant_builder_add (&array, "v",
                           fields ? regia_fields_to_variant (fields, element) : track_to_variant (element));
  }
  g_variant_builder_add (builder, "{sv}", key, g_variant_builder_end (&array));
}

char *
regia_session_to_json (RegiaSession *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autofree char *started =
      self->started_ms > 0 ? regia_time_format_iso (self->started_ms * REGIA_MSECOND) : g_strdup ("");

  g_variant_builder_add (&builder, "{sv}", "version", g_variant_new_uint32 (VERSION));
  g_variant_builder_add (&builder, "{sv}", "started", g_variant_new_string (started));
  regia_fields_put (session_fields, self, &builder);
  put_list (&builder, "tracks", self->tracks, NULL);
  put_list (&builder, "parts", self->parts, part_fields);
  put_list (&builder, "gaps", self->gaps, gap_fields);
  put_list (&builder, "files", self->files, file_fields);
  put_list (&builder, "marks", self->marks, mark_fields);
  put_list (&builder, "pauses", self->pauses, span_fields);
  put_list (&builder, "private", self->private_spans, span_fields);
  return regia_json_from_variant (g_variant_builder_end (&builder), TRUE);
}

char *
regia_session_private_to_json (RegiaSession *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&builder, "{sv}", "version", g_variant_new_uint32 (VERSION));
  put_list (&builder, "private", self->private_spans, span_fields);
  return regia_json_from_variant (g_variant_builder_end (&builder), TRUE);
}

/* --- from JSON --- */

static void
read_track_cb (RegiaSession *self, GVariant *dict)
{
  const char *name = regia_json_get_string (dict, "name");
  RegiaSessionTrack *track;

  if (name[0] == '\0')
    return;
  track = regia_session_add_track (self, name, "", "");
  regia_fields_read (track_fields, dict, track);
  regia_fields_read (picture_fields, dict, track);
  regia_fields_read (sound_fields, dict, track);
}

static void
read_part_cb (RegiaSession *self, GVariant *dict)
{
  const char *file = regia_json_get_string (dict, "file");

  if (g_str_has_prefix (file, REGIA_SESSION_LIVE "/") &&
      regia_session_name_is_safe (file + strlen (REGIA_SESSION_LIVE "/")) &&
      regia_session_find_part (self, file) == NULL)
    regia_fields_read (part_fields, dict, regia_session_add_part (self, file, ""));
}

static void
read_gap_cb (RegiaSession *self, GVariant *dict)
{
  RegiaSessionGap gap = {0};

  regia_fields_read (gap_fields, dict, &gap);
  regia_session_add_gap (self, gap.from_ms, gap.to_ms, gap.reason);
  regia_fields_clear (gap_fields, &gap);
}

static void
read_file_cb (RegiaSession *self, GVariant *dict)
{
  const char *name = regia_json_get_string (dict, "name");

  if (regia_session_name_is_safe (name))
    regia_fields_read (file_fields, dict, regia_session_add_file (self, name));
}

static void
read_mark_cb (RegiaSession *self, GVariant *dict)
{
  RegiaSessionMark *mark = g_new0 (RegiaSessionMark, 1);

  regia_fields_read (mark_fields, dict, mark);
  g_ptr_array_add (self->marks, mark);
}

static void
read_pause_cb (RegiaSession *self, GVariant *dict)
{
  RegiaSessionSpan span = {0};

  regia_fields_read (span_fields, dict, &span);
  regia_session_set_pause (self, span.from_ms, span.to_ms);
}

/* One that cannot be read counts: what it hides is not for the public. */
static void
read_private_cb (RegiaSession *self, GVariant *dict)
{
  RegiaSessionSpan span = {0};

  regia_fields_read (span_fields, dict, &span);
  regia_session_set_private (self, span.from_ms, span.to_ms);
}

static void
read_list (RegiaSession *self, GVariant *dict, const char *key, void (*read_cb) (RegiaSession *, GVariant *))
{
  g_autoptr (GPtrArray) list = regia_json_get_list (dict, key);

  for (guint i = 0; list != NULL && i < list->len; i++)
    if (g_variant_is_of_type (g_ptr_array_index (list, i), G_VARIANT_TYPE_VARDICT))
      read_cb (self, g_ptr_array_index (list, i));
}

/* Of any version: it is never wrong to keep more from the public. */
void
regia_session_add_private_json (RegiaSession *self, const char *text, gssize length)
{
  g_autoptr (GVariant) dict = regia_json_to_vardict (text, length, NULL);

  if (dict != NULL)
    read_list (self, dict, "private", read_private_cb);
  if (self->private_spans->len == 0)
    regia_session_set_private (self, 0, 0);
}

static gboolean
check_version (GVariant *dict, GError **error)
{
  gint64 version = regia_json_get_int (dict, "version");

  if (version >= 1 && version <= VERSION)
    return TRUE;
  if (version > VERSION)
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_NEWER,
        "the record of this session was written by a later version of Regia (its form is %" G_GINT64_FORMAT
        ", this program knows up to %d); it is left as it is: use that version",
        version, VERSION);
  else
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not the record of a session");
  return FALSE;
}

RegiaSession *
regia_session_from_json (const char *text, gssize length, GError **error)
{
  g_autoptr (GVariant) dict = regia_json_to_vardict (text, length, error);
  guint gaps_listed;
  gint64 gap_ms_listed;
  RegiaSession *self;

  if (dict == NULL || !check_version (dict, error))
    return NULL;
  if (!regia_session_name_is_safe (regia_json_get_string (dict, "id")) ||
      regia_json_get_string (dict, "state")[0] == '\0') {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "not the record of a session");
    return NULL;
  }
  self = regia_session_new ("", "", "");
  read_list (self, dict, "tracks", read_track_cb);
  read_list (self, dict, "parts", read_part_cb);
  read_list (self, dict, "gaps", read_gap_cb);
  read_list (self, dict, "files", read_file_cb);
  read_list (self, dict, "marks", read_mark_cb);
  read_list (self, dict, "pauses", read_pause_cb);
  read_list (self, dict, "private", read_private_cb);
  gaps_listed = self->gaps_total;
  gap_ms_listed = self->gap_ms;
  regia_fields_read (session_fields, dict, self);
  self->gaps_total = MAX (self->gaps_total, gaps_listed);
  self->gap_ms = MAX (self->gap_ms, gap_ms_listed);
  self->started_ms = CLAMP (self->started_ms, 0, G_GINT64_CONSTANT (253402300799000));
  return self;
}
