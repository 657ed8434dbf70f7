/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture file that somebody names as slate. */
#include "../../src/engine/picture-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize length);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  RegiaPicture picture = {0};

  if (regia_picture_measure (data, length, &picture, &error)) {
    g_assert_no_error (error);
    g_assert_true (picture.width >= 1 && picture.width <= REGIA_PICTURE_MAX_SIDE);
    g_assert_true (picture.height >= 1 && picture.height <= REGIA_PICTURE_MAX_SIDE);
    g_assert_cmpuint (picture.width * picture.height, <=, REGIA_PICTURE_MAX_PIXELS);
  } else
    g_assert_nonnull (error);
  return 0;
}
