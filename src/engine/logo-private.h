/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "caption-private.h"
#include "regia/config/config.h"

/**
 * regia_logo_load:
 * @path: [look] logo: a PNG or JPEG picture, as of regia_slate_draw_image()
 *
 * Returns: (transfer full): the picture as it is, ARGB32; errors: REGIA_ERROR_MEDIA, and those of
 * regia_named_read(); the message begins with @path. Any thread; waits for the disk.
 */
cairo_surface_t *regia_logo_load (const char *path, GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_logo_draw: (transfer full): @logo as [look] wants it, in its corner, inside the safe area of 90 %
 * (EBU R 95). Any thread. */
RegiaRaster *regia_logo_draw (const RegiaStyle *style, const RegiaConfigValues *config,
                              cairo_surface_t *logo);

/** regia_logo_paint: @logo in the middle of the room at @x, @y, as large as fits. */
void regia_logo_paint (cairo_t *cr, cairo_surface_t *logo, double x, double y, double width, double height,
                       double opacity);
