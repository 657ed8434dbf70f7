/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/config/pipeline.h"

/**
 * regia_engine_check_pipeline:
 * @file: a pipeline file
 * @values: (nullable) (element-type utf8 utf8): parameters to try it with. %NULL: its defaults, with made-up
 * values for what must be given
 *
 * Whether @file can run on this machine: its elements are installed, its text can be parsed, and the
 * contract's names are there (capture: `video` or `audio`; encode: `in` and `out`). No device is opened. Main
 * thread. Errors: REGIA_ERROR_UNAVAILABLE naming the elements and packages that are missing,
 * REGIA_ERROR_CONFIG for the rest.
 */
gboolean regia_engine_check_pipeline (const RegiaPipelineFile *file, GHashTable *values,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_engine_check_source, regia_engine_check_encoder: the same by name, as in [source] pipeline and
 * [rendition] encoder. */
gboolean regia_engine_check_source (const char *pipeline, GHashTable *values,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean regia_engine_check_encoder (const char *encoder, GHashTable *values,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_engine_missing_elements:
 *
 * Returns: (transfer full) (element-type utf8): one line for each element in @file's `# needs` that is not
 * installed: "x264enc: install the package gstreamer1.0-plugins-ugly". Empty when all are there. Main thread.
 */
GPtrArray *regia_engine_missing_elements (const RegiaPipelineFile *file);

/** regia_engine_needs_hardware: whether @file needs an element that is there only where some hardware is. */
gboolean regia_engine_needs_hardware (const RegiaPipelineFile *file);

/**
 * regia_engine_check_slate:
 * @path: as [programme] slate
 * @width, @height: the programme's size
 *
 * Draws the slate as the engine does. Main thread; blocks, 10 s at most unless the disk hangs. Errors:
 * REGIA_ERROR_CONFIG, REGIA_ERROR_MEDIA: it is no picture that can be shown; REGIA_ERROR_UNAVAILABLE: an
 * element is missing. The message begins with the path.
 */
gboolean regia_engine_check_slate (const char *path, guint width, guint height,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_engine_check_logo: the same for [look] logo. */
gboolean regia_engine_check_logo (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
