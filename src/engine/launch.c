/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "launch-private.h"

#include <string.h>

#include "channels-private.h"
#include "compositor-private.h"
#include "hls-private.h"
#include "ingest-private.h"
#include "mark-elements-private.h"
#include "pulse-private.h"
#include "regia/base/error.h"
#include "regia/base/scrub.h"

/*
 * From a pipeline file to GStreamer elements, with errors that a technician can act on. No state.
 */

typedef struct {
  const char *package;
  const char *elements[12];
} Package;

/* Where Debian 12 and 13 keep what our own files and the usual capture hardware need. */
static const Package packages[] = {
    {"gstreamer1.0-plugins-base",
     {"videotestsrc", "audiotestsrc", "videoconvertscale", "videoconvert", "videoscale", "audioconvert",
      "audioresample", "appsrc", "appsink", "decodebin", "compositor", "audiomixer"}},
    {"gstreamer1.0-plugins-base",
     {"opusenc", "opusdec", "uridecodebin", "decodebin3", "rawvideoparse", "rawaudioparse", "videorate",
      "audiorate"}},
    {"gstreamer1.0-x", {"textoverlay", "clockoverlay", "timeoverlay"}},
    {"gstreamer1.0-alsa", {"alsasrc"}},
    {"gstreamer1.0-plugins-good",
     {"rtspsrc", "pulsesrc", "v4l2src", "level", "jpegdec", "pngdec", "qtdemux", "matroskademux",
      "rtph264depay", "udpsrc", "deinterlace", "imagefreeze"}},
    {"gstreamer1.0-plugins-good", {"flvdemux", "ximagesrc", "rtpmp2tdepay", "jackaudiosrc", "v4l2h264enc"}},
    {"gstreamer1.0-plugins-bad",
     {"h264parse", "srtsrc", "decklinkvideosrc", "decklinkaudiosrc", "y4mdec", "tsdemux", "rtmp2src",
      "voaacenc", "openh264enc", "uvch264src", "ristsrc"}},
    {"gstreamer1.0-plugins-bad", {"vah264enc", "vapostproc", "qsvh264enc", "nvh264enc"}},
    {"gstreamer1.0-plugins-ugly", {"x264enc"}},
    {"gstreamer1.0-libav", {"avenc_aac", "avdec_h264", "avdec_aac", "avdec_h265", "avdec_mjpeg"}},
    {"gstreamer1.0-pipewire", {"pipewiresrc"}},
    {"gstreamer1.0-vaapi", {"vaapih264enc", "vaapipostproc"}},
    {"libgstreamer1.0-0",
     {"queue", "identity", "capsfilter", "filesrc", "fdsrc", "tee", "valve", "fakesink", "queue2"}},
};

const char *
regia_launch_package (const char *element)
{
  for (gsize i = 0; i < G_N_ELEMENTS (packages); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (packages[i].elements) && packages[i].elements[j]; j++)
      if (strcmp (packages[i].elements[j], element) == 0)
        return packages[i].package;
  return NULL;
}

/* Elements that are there only where the hardware is. */
static const struct {
  const char *element, *plugin, *hardware;
} hardware[] = {
    {"vah264enc", "va",
     "a graphics processor with VA-API, its driver, and the right to /dev/dri (group render)"},
    {"vapostproc", "va",
     "a graphics processor with VA-API, its driver, and the right to /dev/dri (group render)"},
    {"vaapih264enc", "vaapi",
     "a graphics processor with VA-API, its driver, and the right to /dev/dri (group render)"},
    {"vaapipostproc", "vaapi",
     "a graphics processor with VA-API, its driver, and the right to /dev/dri (group render)"},
    {"qsvh264enc", "qsv",
     "a processor with Intel Quick Sync, its runtime, and the right to /dev/dri (group render)"},
    {"nvh264enc", "nvcodec", "a card of NVIDIA and NVIDIA's own driver with libnvidia-encode1"},
    {"v4l2h264enc", "video4linux2",
     "a board with an encoder of its own, and the right to /dev/video* (group video)"},
};

gboolean
regia_launch_needs_hardware (const char *element)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hardware); i++)
    if (strcmp (hardware[i].element, element) == 0)
      return TRUE;
  return FALSE;
}

char *
regia_launch_missing (const char *element)
{
  const char *package = regia_launch_package (element);

  for (gsize i = 0; i < G_N_ELEMENTS (hardware); i++) {
    g_autoptr (GstPlugin) plugin = NULL;

    if (strcmp (hardware[i].element, element) != 0)
      continue;
    plugin = gst_registry_find_plugin (gst_registry_get (), hardware[i].plugin);
    return plugin
               ? g_strdup_printf ("%s: needs %s", element, hardware[i].hardware)
               : g_strdup_printf ("%s: needs %s, and the package %s", element, hardware[i].hardware, package);
  }
  return package ? g_strdup_printf ("%s: install the package %s", element, package)
                 : g_strdup_printf ("%s: no package of Debian is known to have it", element);
}

gboolean
regia_gst_init (GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!gst_init_check (NULL, NULL, &local_error)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE, "GStreamer does not start: %s",
                 local_error ? local_error->message : "no reason given");
    return FALSE;
  }
  if (!regia_mark_elements_register () || !regia_channels_register () || !regia_compositor_register () ||
      !regia_pulse_register () || !regia_ingest_register () || !regia_hls_register ()) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE, "GStreamer refuses Regia's own elements");
    return FALSE;
  }
  return TRUE;
}

/* Values are quoted by regia_pipeline_file_expand() with quotes inside escaped, so this pattern can only be a
 * whole property. */
static char *
drop_empty_properties (const char *text)
{
  g_autoptr (GRegex) pattern = g_regex_new ("(?<=\\s)[a-z][a-z0-9-]*=\"\"(?=\\s|$)", 0, 0, NULL);

  return g_regex_replace_literal (pattern, text, -1, 0, "", 0, NULL);
}

char *
regia_launch_expand (const RegiaPipelineFile *file, GHashTable *values, GError **error)
{
  g_autofree char *text = regia_pipeline_file_expand (file, values, error);

  return text ? drop_empty_properties (text) : NULL;
}

/* What must not be shown of @values: the secret ones, and what addresses hold. */
static char **
find_secrets (const RegiaPipelineFile *file, GHashTable *values)
{
  g_autoptr (GStrvBuilder) secrets = g_strv_builder_new ();

  for (guint i = 0; values && i < file->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (file->params, i);
    const char *value = g_hash_table_lookup (values, param->name);
    g_auto (GStrv) within = regia_scrub_secrets_of (value ? value : "");

    if (value && param->secret)
      g_strv_builder_add (secrets, value);
    g_strv_builder_addv (secrets, (const char **)within);
  }
  return g_strv_builder_end (secrets);
}

char *
regia_launch_text (const char *kind, const char *name, GHashTable *values, gboolean *ret_sender_clock,
                   char ***ret_secrets, GError **error)
{
  g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load (kind, name, error);

  if (file == NULL)
    return NULL;
  if (ret_sender_clock)
    *ret_sender_clock = file->sender_clock;
  if (ret_secrets)
    *ret_secrets = find_secrets (file, values);
  return regia_launch_expand (file, values, error);
}

static void
translate_error (const GError *from, GstParseContext *context, const char *where, GError **error)
{
  g_auto (GStrv) missing = gst_parse_context_get_missing_elements (context);

  /* GStreamer, 1.26 too, also counts an element as missing of which it could not set a property */
  if (g_error_matches (from, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT) && missing && missing[0]) {
    const char *package = regia_launch_package (missing[0]);
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE,
                 "%s: the GStreamer element \"%s\" is missing; %s%s", where, missing[0],
                 package ? "install the package " : "\"regia pipelines\" lists what is needed",
                 package ? package : "");
  } else
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "%s: %s", where, from->message);
}

GstElement *
regia_launch_parse (const char *text, const char *where, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GstParseContext) context = gst_parse_context_new ();
  GstElement *bin = gst_parse_launch_full (
      text, context, GST_PARSE_FLAG_FATAL_ERRORS | GST_PARSE_FLAG_PLACE_IN_BIN, &local_error);

  if (local_error) {
    regia_scrub_error (local_error, NULL);
    translate_error (local_error, context, where, error);
    g_clear_pointer (&bin, gst_object_unref);
    return NULL;
  }
  if (bin == NULL)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "%s: describes nothing", where);
  else if (G_OBJECT_TYPE (bin) != GST_TYPE_BIN) {
    /* A single element is given as it is. */
    GstElement *only = bin;

    bin = gst_bin_new (NULL);
    gst_bin_add (GST_BIN (bin), only);
  }
  return bin;
}

/* Folders that plugins come from: those that are told to GStreamer, and those that it has found some in. */
static GHashTable *
plugin_folders (GList *plugins)
{
  static const char *const variables[] = {"GST_PLUGIN_PATH_1_0", "GST_PLUGIN_PATH",
                                          "GST_PLUGIN_SYSTEM_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH"};
  GHashTable *folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++) {
    const char *value = g_getenv (variables[i]);
    g_auto (GStrv) parts = g_strsplit (value ? value : "", G_SEARCHPATH_SEPARATOR_S, -1);

    for (char **part = parts; *part; part++)
      if (g_path_is_absolute (*part))
        g_hash_table_add (folders, g_strdup (*part));
  }
  for (GList *link = plugins; link; link = link->next) {
    const char *path = gst_plugin_get_filename (link->data);

    if (path && g_path_is_absolute (path))
      g_hash_table_add (folders, g_path_get_dirname (path));
  }
  return folders;
}

guint
regia_launch_find_plugins (void)
{
  GstRegistry *registry = gst_registry_get ();
  GList *plugins = gst_registry_get_plugin_list (registry);
  g_autoptr (GHashTable) folders = plugin_folders (plugins);
  GHashTableIter iter;
  gpointer folder;
  guint found = 0;

  gst_plugin_list_free (plugins);
  for (g_hash_table_iter_init (&iter, folders); g_hash_table_iter_next (&iter, &folder, NULL);) {
    g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name (dir))) {
      g_autoptr (GstPlugin) known = gst_registry_lookup (registry, name), plugin = NULL;
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (known || !g_str_has_prefix (name, "libgst") || !g_str_has_suffix (name, ".so"))
        continue;
      plugin = gst_plugin_load_file (path, NULL);
      found += plugin != NULL;
    }
  }
  return found;
}
