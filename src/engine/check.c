/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "regia/engine/check.h"

#include <gst/gst.h>
#include <string.h>

#include "launch-private.h"
#include "links-private.h"
#include "logo-private.h"
#include "regia/base/error.h"
#include "regia/base/thread.h"
#include "slate-private.h"

/*
 * Tries pipeline files without running them, and the slate, for `regia check`, `regia run` and `regia
 * pipelines`. No state but GStreamer's own.
 */

static gboolean
has_element (const char *name)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);

  return factory != NULL;
}

GPtrArray *
regia_engine_missing_elements (const RegiaPipelineFile *file)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);

  if (!regia_gst_init (NULL)) {
    g_ptr_array_add (lines, g_strdup ("GStreamer: install the package libgstreamer1.0-0"));
    return lines;
  }
  for (char **need = file->needs; need && *need; need++)
    if (!has_element (*need))
      g_ptr_array_add (lines, regia_launch_missing (*need));
  return lines;
}

gboolean
regia_engine_needs_hardware (const RegiaPipelineFile *file)
{
  for (char **need = file->needs; need && *need; need++)
    if (regia_launch_needs_hardware (*need))
      return TRUE;
  return FALSE;
}

/* A value that fits most places, for parameters that must be given. */
static GHashTable *
made_up_values (const RegiaPipelineFile *file)
{
  GHashTable *values = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < file->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (file->params, i);
    if (param->default_value == NULL)
      g_hash_table_insert (values, param->name, (char *)(param->file ? "/dev/null" : "rtsp://localhost/"));
  }
  return values;
}

static gboolean
check_names (const RegiaPipelineFile *file, GstBin *bin, GError **error)
{
  gboolean capture = strcmp (file->kind, "capture") == 0;
  const char *first = capture ? "video" : "in", *second = capture ? "audio" : "out";
  g_autoptr (GstElement) a = gst_bin_get_by_name (bin, first), b = gst_bin_get_by_name (bin, second);

  if (capture ? a || b : a && b)
    return TRUE;
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
               "%s: no element is called \"%s\"%s; write name=%s at the element where %s", file->path,
               a ? second : first, capture ? " or \"audio\"" : "", a ? second : first,
               capture ? "the raw picture comes out"
               : a     ? "the packets come out"
                       : "the raw stream goes in");
  return FALSE;
}

gboolean
regia_engine_check_pipeline (const RegiaPipelineFile *file, GHashTable *values, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  g_autoptr (GPtrArray) missing = regia_engine_missing_elements (file);
  g_autoptr (GHashTable) made_up = values ? NULL : made_up_values (file);
  g_autofree char *text = NULL, *where = NULL;
  g_autoptr (GstElement) bin = NULL;

  if (missing->len > 0) {
    g_autofree char *list = NULL;

    g_ptr_array_add (missing, NULL);
    list = g_strjoinv ("; ", (char **)missing->pdata);
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE, "%s/%s needs %s", file->kind, file->name, list);
    return FALSE;
  }
  text = regia_launch_expand (file, values ? values : made_up, error);
  if (text == NULL)
    return FALSE;
  where = g_strdup_printf ("%s/%s", file->kind, file->name);
  bin = regia_launch_parse (text, where, error);
  if (bin == NULL)
    return FALSE;
  gst_object_ref_sink (bin);
  if (strcmp (file->kind, "capture") == 0 && !regia_links_check (text, GST_BIN (bin), where, error))
    return FALSE;
  return strcmp (file->kind, "output") == 0 || check_names (file, GST_BIN (bin), error);
}

static gboolean
check_named (const char *kind, const char *name, GHashTable *values, GError **error)
{
  g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load (kind, name, error);

  return file && regia_engine_check_pipeline (file, values, error);
}

gboolean
regia_engine_check_source (const char *pipeline, GHashTable *values, GError **error)
{
  return check_named ("capture", pipeline, values, error);
}

gboolean
regia_engine_check_encoder (const char *encoder, GHashTable *values, GError **error)
{
  return check_named ("encode", encoder, values, error);
}

gboolean
regia_engine_check_slate (const char *path, guint width, guint height, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  g_autofree char *caps =
      g_strdup_printf ("video/x-raw,format=I420,width=%u,height=%u,pixel-aspect-ratio=1/1", width, height);
  g_autoptr (GstBuffer) frame = NULL;

  if (!regia_gst_init (error))
    return FALSE;
  frame = regia_slate_draw_image (path, caps, NULL, error);
  return frame != NULL;
}

gboolean
regia_engine_check_logo (const char *path, GError **error)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  g_autoptr (cairo_surface_t) logo = NULL;

  if (!regia_gst_init (error))
    return FALSE;
  logo = regia_logo_load (path, NULL, error);
  return logo != NULL;
}
