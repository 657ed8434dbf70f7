/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** What a picture file may be at most: enough for every still camera, and decoded in 200 MB. */
#define REGIA_PICTURE_MAX_BYTES  (32 << 20)
#define REGIA_PICTURE_MAX_SIDE   8192
#define REGIA_PICTURE_MAX_PIXELS (1 << 25)

typedef struct {
  gboolean png; /* else JPEG */
  guint width, height;
} RegiaPicture;

/**
 * regia_picture_measure:
 * @data, @length: a picture file, whole
 *
 * What a picture is, from its headers alone: nothing is decoded, so that its size can be judged before memory
 * is taken for it. Walks to the end of the picture, so that one that was cut off is told as well, and of a
 * PNG what is damaged in any other way. Sources: PNG (W3C, Third Edition) §5.2 to §5.5, §11.2.1; JPEG (ITU-T
 * T.81) §B.1.1, §B.2.2.
 *
 * Returns: %FALSE with REGIA_ERROR_MEDIA: no PNG or JPEG, cut off, or larger than the limits above. The
 * message is to stand behind the file's name. Pure; any thread. Fuzzed.
 */
gboolean regia_picture_measure (const guint8 *data, gsize length, RegiaPicture *ret_picture,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
