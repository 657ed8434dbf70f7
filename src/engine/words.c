/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "words-private.h"

#include <string.h>

#include "launch-private.h"
#include "regia/base/scrub.h"

/*
 * Errors of sources are read by somebody who has ten minutes left and knows cameras, not GStreamer. So each
 * kind is told as what happened and what to do; GStreamer's own words follow in brackets, for whoever is
 * asked on the telephone. Where GStreamer says no more than "Internal data stream error" or "Generic error",
 * it is found out here: which two elements could not agree, by asking their pads; why an address is not
 * reached, by trying it (words-network.c).
 *
 * No state.
 */

/* What stands behind the line "file(line): function (): /path:" of a debug text. */
static const char *
detail_of (const char *debug)
{
  const char *line = debug ? strchr (debug, '\n') : NULL;

  return line && line[1] != '\0' ? line + 1 : NULL;
}

static gboolean
debug_has (const char *debug, const char *text)
{
  return debug && strstr (debug, text) != NULL;
}

char *
regia_words_clean (const char *text)
{
  return g_strchomp (g_strdelimit (regia_scrub (text, NULL), "\r\n", ' '));
}

/* (transfer full) (nullable): address or file that the element reads. */
static char *
location_of (GstObject *source)
{
  static const char *const names[] = {"location", "uri", "device"};

  for (gsize i = 0; GST_IS_ELEMENT (source) && i < G_N_ELEMENTS (names); i++) {
    GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (source), names[i]);
    char *value = NULL;

    if (spec && spec->value_type == G_TYPE_STRING && (spec->flags & G_PARAM_READABLE))
      g_object_get (source, names[i], &value, NULL);
    if (value && *value)
      return value;
    g_free (value);
  }
  return NULL;
}

static const char *
factory_of (GstObject *object)
{
  GstElementFactory *factory =
      GST_IS_ELEMENT (object) ? gst_element_get_factory (GST_ELEMENT (object)) : NULL;

  return factory ? GST_OBJECT_NAME (factory) : "pipeline";
}

/* Elements that say "not found" or nothing at all, of something that a technician knows by name. */
static const struct {
  const char *element, *words;
} behind[] = {
    {"ximagesrc",
     "the screen cannot be looked at: no X server answers at that display, or it does not let this "
     "user look; check `display`, and allow it with xhost"},
    {"jackaudiosrc",
     "no JACK server answers, or it has no output of that name; start it, as the user that Regia runs as, "
     "or check `server` and `ports`"},
    {"pipewiresrc",
     "no PipeWire answers, or it has nothing of that name; start it, as the user that Regia runs as, or set "
     "PIPEWIRE_REMOTE in its environment, and check the name"},
    {"decklinkvideosrc", "no DeckLink answers: there is no card of that number, another program has it, or "
                         "Blackmagic's driver (Desktop Video) is not installed"},
};

/* (transfer full) (nullable) */
static char *
words_behind (GstElement *element)
{
  for (gsize i = 0; i < G_N_ELEMENTS (behind); i++)
    if (g_str_equal (behind[i].element, factory_of (GST_OBJECT (element))))
      return g_strdup (behind[i].words);
  return NULL;
}

char *
regia_words_of_silence (GstElement *pipeline)
{
  g_autoptr (GstIterator) elements = gst_bin_iterate_recurse (GST_BIN (pipeline));
  g_auto (GValue) item = G_VALUE_INIT;
  char *words = NULL;

  while (words == NULL && gst_iterator_next (elements, &item) == GST_ITERATOR_OK) {
    words = words_behind (g_value_get_object (&item));
    g_value_reset (&item);
  }
  return words ? words : g_strdup ("the source does not start and gives no reason");
}

/* (transfer full): where two structures of the same name differ: "rate 48000 against 8000". */
static char *
difference (const GstStructure *gives, const GstStructure *takes)
{
  GString *text = g_string_new (NULL);

  for (int i = 0; i < gst_structure_n_fields (gives); i++) {
    const char *field = gst_structure_nth_field_name (gives, (guint)i);
    const GValue *have = gst_structure_get_value (gives, field),
                 *want = gst_structure_get_value (takes, field);

    if (want && !gst_value_intersect (NULL, have, want)) {
      g_autofree char *first = gst_value_serialize (have), *second = gst_value_serialize (want);
      g_string_append_printf (text, "%s%s %.60s against %.60s", text->len ? ", " : "", field, first, second);
    }
  }
  return g_string_free (text, FALSE);
}

/* (transfer full): the least difference between what is given and any of what is taken: of the same kind, if
 * there is any. */
static char *
least_difference (const GstCaps *gives, const GstCaps *takes)
{
  gboolean least_is_same = FALSE;
  char *least = NULL;

  if (gst_caps_is_empty (takes))
    return g_strdup ("nothing can be taken there");
  for (guint i = 0; i < gst_caps_get_size (takes); i++) {
    const GstStructure *a = gst_caps_get_structure (gives, 0), *b = gst_caps_get_structure (takes, i);
    gboolean same = gst_structure_has_name (b, gst_structure_get_name (a));
    g_autofree char *text =
        same ? difference (a, b)
             : g_strdup_printf ("%s against %s", gst_structure_get_name (a), gst_structure_get_name (b));

    if (*text && (least == NULL || same > least_is_same ||
                  (same == least_is_same && strlen (text) < strlen (least)))) {
      g_free (least);
      least = g_steal_pointer (&text);
      least_is_same = same;
    }
  }
  return least ? least : g_strdup ("");
}

/* (transfer full) (nullable): when this pad and its peer cannot agree: who gives what, who takes what. */
static char *
conflict_at (GstPad *pad)
{
  g_autoptr (GstCaps) gives = gst_pad_get_current_caps (pad), takes = NULL;
  g_autoptr (GstPad) peer = gst_pad_get_peer (pad);
  g_autoptr (GstObject) giver = gst_object_get_parent (GST_OBJECT (pad)), taker = NULL;
  g_autofree char *text = NULL;

  if (peer == NULL)
    return NULL;
  takes = gst_pad_query_caps (peer, NULL);
  if (gives == NULL)
    gives = gst_pad_query_caps (pad, NULL);
  if (gst_caps_is_empty (gives) || gst_caps_is_any (gives) || gst_caps_is_any (takes) ||
      gst_caps_can_intersect (gives, takes))
    return NULL;
  text = least_difference (gives, takes);
  taker = gst_object_get_parent (GST_OBJECT (peer));
  return g_strdup_printf ("%s and %s cannot agree%s%s", factory_of (giver), factory_of (taker),
                          *text ? ": " : "", text);
}

/* (transfer full) (nullable): the first two elements of the pipeline that do not fit. */
static char *
conflict_in (GstElement *pipeline)
{
  g_autoptr (GstIterator) elements =
      GST_IS_BIN (pipeline) ? gst_bin_iterate_recurse (GST_BIN (pipeline)) : NULL;
  g_auto (GValue) item = G_VALUE_INIT;
  char *words = NULL;

  while (words == NULL && elements && gst_iterator_next (elements, &item) == GST_ITERATOR_OK) {
    GstElement *element = g_value_get_object (&item);

    g_autoptr (GstIterator) pads = GST_IS_BIN (element) ? NULL : gst_element_iterate_src_pads (element);
    g_auto (GValue) pad = G_VALUE_INIT;
    while (words == NULL && pads && gst_iterator_next (pads, &pad) == GST_ITERATOR_OK) {
      words = conflict_at (g_value_get_object (&pad));
      g_value_reset (&pad);
    }
    g_value_reset (&item);
  }
  return words;
}

/* (transfer full): of "Internal data stream error", which is all that a source says when those behind it
 * refused. */
static char *
explain_stream (GstObject *source, const char *debug, GstElement *pipeline)
{
  g_autofree char *location = NULL, *why = NULL;

  if (debug_has (debug, "not-negotiated")) {
    g_autofree char *conflict = conflict_in (pipeline);

    if (g_str_equal (factory_of (source), "v4l2src"))
      return g_strdup_printf ("the device offers nothing of the kind%s%s; change width, height or rate in "
                              "the event file, `v4l2-ctl --list-formats-ext` prints what it has",
                              conflict ? ": " : "", conflict ? conflict : "");
    return g_strdup_printf ("%s; put a converter between them into the pipeline file (videoconvertscale, "
                            "deinterlace, audioconvert, audioresample)",
                            conflict ? conflict : "two parts of its pipeline cannot agree on a format");
  }
  if (debug_has (debug, "not-linked"))
    return g_strdup ("gives nothing that its pipeline file takes; check that it is the right file or camera");
  location = location_of (source);
  if (location)
    why = regia_words_why_not_reached (location);
  return why ? g_steal_pointer (&why)
             : g_strdup ("broke off; check that the file is whole, or the connection");
}

/* (transfer full) (nullable) */
static char *
explain_resource (int code, GstObject *source, const char *message, const char *debug)
{
  g_autofree char *location = location_of (source), *why = NULL;
  gboolean remote = location && strstr (location, "://") && !g_str_has_prefix (location, "file://");
  gboolean denied = debug_has (debug, "Permission denied") || strstr (message, "Permission denied");
  gboolean busy = debug_has (debug, "resource busy") || debug_has (debug, "already in use") ||
                  strstr (message, "already in use") || code == GST_RESOURCE_ERROR_BUSY;

  if (denied)
    return g_strdup_printf (
        "%s may not be opened by this user; change its owner or mode, or add the user that "
        "Regia runs as to its group (video, audio)",
        location ? location : "it");
  if (busy)
    return g_strdup_printf ("%s is in use by another program; end that one", location ? location : "it");
  if (location && g_file_test (location, G_FILE_TEST_IS_DIR))
    return g_strdup_printf ("%s is a folder; name a file in it", location);
  if (debug_has (debug, "(403)"))
    return g_strdup ("refuses this user; allow it in the camera's settings");
  if (debug_has (debug, "passphrase")) /* SRT */
    return g_strdup ("wants another passphrase; it is the same at both ends");
  if (debug_has (debug, "Timeout") || debug_has (debug, "Connection timeout"))
    return g_strdup ("does not answer in time; check that it is switched on, and the network");
  if (debug_has (debug, "Parse error"))
    return g_strdup ("answers in another language than expected; check the port in its address");
  switch (code) {
  case GST_RESOURCE_ERROR_FAILED:
  case GST_RESOURCE_ERROR_NOT_FOUND:
  case GST_RESOURCE_ERROR_OPEN_READ:
  case GST_RESOURCE_ERROR_SETTINGS:
    why = GST_IS_ELEMENT (source) ? words_behind (GST_ELEMENT (source)) : NULL;
    if (why)
      return g_steal_pointer (&why);
    break;
  default:
    break;
  }
  switch (code) {
  case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
    return g_strdup ("wants another user name or password");
  case GST_RESOURCE_ERROR_NOT_FOUND:
    if (debug_has (debug, "(404)"))
      return g_strdup ("is there, but has no stream of that name; check the path in its address");
    if (debug_has (debug, "No valid"))
      return g_strdup_printf ("%s%sis no address that it understands; check how it begins",
                              location ? location : "", location ? " " : "");
    why = remote ? regia_words_why_not_reached (location) : NULL;
    return why ? g_steal_pointer (&why)
           : location && !remote
               ? g_strdup_printf ("%s is not there; check its name, or plug it in", location)
               : g_strdup ("not found; check its name or address");
  case GST_RESOURCE_ERROR_OPEN_READ:
  case GST_RESOURCE_ERROR_OPEN_WRITE:
  case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
  case GST_RESOURCE_ERROR_SETTINGS:
    if (debug_has (debug, "No such file or directory") || debug_has (debug, "No such device"))
      return g_strdup_printf ("%s is not there; check its name, or plug it in", location ? location : "it");
    why = remote ? regia_words_why_not_reached (location) : NULL;
    return why ? g_steal_pointer (&why)
               : g_strdup ("cannot be opened; check that it is switched on and connected, and its address");
  case GST_RESOURCE_ERROR_READ:
    return g_strdup ("does not answer any more; check that it is switched on, and its cable");
  case GST_RESOURCE_ERROR_NO_SPACE_LEFT:
    return g_strdup ("there is no space left");
  default:
    return NULL;
  }
}

/* (transfer full) (nullable) */
static char *
explain (const GError *error, GstObject *source, const char *debug, GstElement *pipeline, const char *missing)
{
  if (error->domain == GST_RESOURCE_ERROR)
    return explain_resource (error->code, source, error->message, debug);
  if (error->domain == GST_CORE_ERROR)
    switch (error->code) {
    case GST_CORE_ERROR_MISSING_PLUGIN:
      return missing ? g_strdup (missing)
                     : g_strdup ("needs a part of GStreamer that is not installed; \"regia pipelines\" lists "
                                 "what is missing");
    case GST_CORE_ERROR_NEGOTIATION:
      return explain_stream (source, "not-negotiated", pipeline);
    default:
      return NULL;
    }
  if (error->domain != GST_STREAM_ERROR)
    return NULL;
  if (missing && error->code != GST_STREAM_ERROR_DECODE)
    return g_strdup (missing);
  switch (error->code) {
  case GST_STREAM_ERROR_FAILED:
    return explain_stream (source, debug, pipeline);
  case GST_STREAM_ERROR_TYPE_NOT_FOUND:
    return g_strdup (
        "is no kind of picture or sound that is known; check that it is the right file, and whole");
  case GST_STREAM_ERROR_WRONG_TYPE:
    return g_strdup ("holds neither picture nor sound; check that it is the right file");
  case GST_STREAM_ERROR_CODEC_NOT_FOUND:
    return g_strdup (
        "is in a format that this computer cannot decode; install the package gstreamer1.0-libav");
  case GST_STREAM_ERROR_DEMUX:
    return g_strdup (
        "is damaged, or was not written to its end; copy it once more, or repair it with ffmpeg");
  case GST_STREAM_ERROR_DECODE:
  case GST_STREAM_ERROR_FORMAT:
    return g_strdup (
        "cannot be decoded: what comes is damaged, or not what it says it is; check the camera's "
        "encoder settings, or the file");
  case GST_STREAM_ERROR_DECRYPT:
  case GST_STREAM_ERROR_DECRYPT_NOKEY:
    return g_strdup ("is encrypted; switch that off at its encoder");
  default:
    return NULL;
  }
}

char *
regia_words_of_error (GstMessage *message, GstElement *pipeline, const char *missing,
                      gboolean *ret_unavailable)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL, *words = NULL, *text = NULL;
  GstObject *source = GST_MESSAGE_SRC (message);
  const char *own, *detail;

  gst_message_parse_error (message, &error, &debug);
  detail = detail_of (debug);
  *ret_unavailable = FALSE;
  if (g_str_has_prefix (factory_of (source), "regia"))
    return regia_words_clean (error->message); /* our own elements say it all themselves */
  words = explain (error, source, debug, pipeline, missing);
  /* Cameras lock out who tries a wrong password too often. */
  *ret_unavailable = g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) ||
                     g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED) ||
                     (missing && error->domain == GST_STREAM_ERROR && error->code != GST_STREAM_ERROR_DECODE);
  /* GStreamer's stock sentences say less than what stands behind them. */
  own = detail && (g_str_has_prefix (error->message, "Could not") ||
                   g_str_has_prefix (error->message, "Internal") ||
                   g_str_has_prefix (error->message, "GStreamer"))
            ? detail
            : error->message;
  text = words ? g_strdup_printf ("%s (%s: %s)", words, factory_of (source), own)
               : g_strdup_printf ("%s: %s", factory_of (source), own);
  return regia_words_clean (text);
}

/* Where Debian has what reads a format; by the beginning of its name. */
static const struct {
  const char *format, *package;
} readers[] = {
    {"video/quicktime", "gstreamer1.0-plugins-good"}, {"video/x-matroska", "gstreamer1.0-plugins-good"},
    {"video/webm", "gstreamer1.0-plugins-good"},      {"video/x-msvideo", "gstreamer1.0-plugins-good"},
    {"video/x-flv", "gstreamer1.0-plugins-good"},     {"video/x-vp", "gstreamer1.0-plugins-good"},
    {"video/x-dv", "gstreamer1.0-plugins-good"},      {"audio/x-flac", "gstreamer1.0-plugins-good"},
    {"audio/x-wav", "gstreamer1.0-plugins-good"},     {"image/jpeg", "gstreamer1.0-plugins-good"},
    {"image/png", "gstreamer1.0-plugins-good"},       {"application/x-rtp", "gstreamer1.0-plugins-good"},
    {"audio/x-vorbis", "gstreamer1.0-plugins-base"},  {"audio/x-opus", "gstreamer1.0-plugins-base"},
    {"video/x-theora", "gstreamer1.0-plugins-base"},  {"application/ogg", "gstreamer1.0-plugins-base"},
    {"video/mpegts", "gstreamer1.0-plugins-bad"},     {"application/mxf", "gstreamer1.0-plugins-bad"},
    {"video/x-av1", "gstreamer1.0-plugins-bad"},
};

static const char *
package_of (const char *format)
{
  for (gsize i = 0; i < G_N_ELEMENTS (readers); i++)
    if (g_str_has_prefix (format, readers[i].format))
      return readers[i].package;
  return "gstreamer1.0-libav"; /* H.264, H.265, AAC, MPEG, AC-3 and nearly all the rest */
}

/* Fields as documented for missing-plugin messages (gstpbutils, missing-plugins.c). */
char *
regia_words_of_missing (GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  const char *type, *name, *package = NULL;
  const GValue *detail;

  if (!gst_message_has_name (message, "missing-plugin"))
    return NULL;
  type = gst_structure_get_string (structure, "type");
  name = gst_structure_get_string (structure, "name");
  detail = gst_structure_get_value (structure, "detail");
  if (detail && GST_VALUE_HOLDS_CAPS (detail) && gst_caps_get_size (gst_value_get_caps (detail)) > 0)
    package = package_of (gst_structure_get_name (gst_caps_get_structure (gst_value_get_caps (detail), 0)));
  else if (g_strcmp0 (type, "element") == 0 && detail && G_VALUE_HOLDS_STRING (detail))
    package = regia_launch_package (g_value_get_string (detail));
  return g_strdup_printf ("this computer has no %s; install the package %s", name ? name : "part for it",
                          package ? package : "gstreamer1.0-plugins-bad");
}
