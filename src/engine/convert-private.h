/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** The element whose caps are the format of the sound. */
#define REGIA_CONVERT_SOUND_CAPS "regia-sound-caps"

/**
 * What stands between a source and the programme, whatever the source gives: see convert.c. Both make an
 * element with the pads `sink` and `src`; formats may change while it runs. Any thread.
 */

/** What of a source's picture is used; a plain value. */
typedef struct {
  guint crop[4]; /* percent of it that are left away at the left, top, right, bottom */
  gboolean fill; /* the rest loses its edges, where it has not the programme's shape; else it gets bars */
} RegiaConvertCut;

/**
 * regia_convert_picture_new:
 * @caps: the programme's pictures, without their rate
 * @rate_num, @rate_den: pictures a second of the programme: decides whether an interlaced frame becomes one
 * picture or two
 * @cut: copied
 *
 * Returns: (transfer floating): takes any raw picture; gives it progressive, upright, in the programme's
 * size. Errors: REGIA_ERROR_UNAVAILABLE.
 */
GstElement *regia_convert_picture_new (const char *caps, guint rate_num, guint rate_den,
                                       const RegiaConvertCut *cut, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_convert_sound_new:
 * @caps: the programme's sound
 * @channels: the source's channels for left and right, from 1; {0, 0}: decided by what there is
 * @ret_channels: (out) (transfer full): the element inside that knows which are used; for
 * regia_channels_get_use()
 *
 * Returns: (transfer floating): takes any raw sound; posts `level` messages five times a second. Errors:
 * REGIA_ERROR_UNAVAILABLE.
 */
GstElement *regia_convert_sound_new (const char *caps, const guint channels[2], GstElement **ret_channels,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
