/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/config/pipeline.h"

/**
 * regia_gst_init:
 *
 * GStreamer, and the elements that Regia brings itself (regiamark, regiabeep). Once per process is enough,
 * more do no harm; the main thread. Errors: REGIA_ERROR_UNAVAILABLE.
 */
gboolean regia_gst_init (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_launch_expand:
 * @values: (nullable) (element-type utf8 utf8): parameters
 *
 * Returns: (transfer full): @file's gst-launch text with the parameters filled in; a property whose value is
 * empty is left out, so that `device={device}` with an empty device means the element's own default. Errors:
 * REGIA_ERROR_CONFIG. Any thread.
 */
char *regia_launch_expand (const RegiaPipelineFile *file, GHashTable *values,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_launch_text: (transfer full): the same for the pipeline file @name of @kind ("capture", "encode",
 * "output"). @ret_secrets: (out) (optional) (transfer full): what of @values must not be shown, for
 * regia_scrub(); left alone when the file cannot be loaded. */
char *regia_launch_text (const char *kind, const char *name, GHashTable *values, gboolean *ret_sender_clock,
                         char ***ret_secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_launch_parse:
 * @text: gst-launch text
 * @where: what to call it in errors, for example "capture/rtsp"
 *
 * Returns: (transfer floating): a bin with what @text describes, without ghost pads. Errors can repeat values
 * of @text: what they are known to hold that is secret is for the caller to take out. Errors:
 * REGIA_ERROR_UNAVAILABLE for a missing element, naming the package; REGIA_ERROR_CONFIG otherwise. Any
 * thread.
 */
GstElement *regia_launch_parse (const char *text, const char *where,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_launch_package: (nullable): the Debian package that brings the GStreamer element @element. Static.
 */
const char *regia_launch_package (const char *element);

/** regia_launch_needs_hardware: whether @element is there only where some hardware is. */
gboolean regia_launch_needs_hardware (const char *element);
/** regia_launch_missing: (transfer full): in a line, what to do about @element, which is not there. Any
 * thread. */
char *regia_launch_missing (const char *element);

/**
 * regia_launch_find_plugins: makes known what was installed since GStreamer started. gst_update_registry()
 * would do it as well, but must not be called while pipelines run. Blocks on the disk; any thread. Returns:
 * how many plugins are new.
 */
guint regia_launch_find_plugins (void);
