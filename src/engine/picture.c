/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "picture-private.h"

#include <string.h>

#include "regia/base/error.h"

/*
 * GStreamer finds out how large a picture is by decoding it, and takes the memory for that: 1.2 GiB for one
 * of 20 000 × 20 000. So the few bytes that say it are read here first.
 */

static guint32
read_be32 (const guint8 *data)
{
  return (guint32)data[0] << 24 | (guint32)data[1] << 16 | (guint32)data[2] << 8 | data[3];
}

static guint
read_be16 (const guint8 *data)
{
  return (guint)data[0] << 8 | data[1];
}

static const guint8 png_signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

/* CRC-32 of ISO 3309, four bits at a time. */
static guint32
checksum (const guint8 *data, gsize length)
{
  static const guint32 table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                    0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                    0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < length; i++) {
    crc = crc >> 4 ^ table[(crc ^ data[i]) & 15];
    crc = crc >> 4 ^ table[(crc ^ data[i] >> 4) & 15];
  }
  return ~crc;
}

/* Returns whether the picture is sound as far as its end; sizes are 0 when not even they are there. What is
 * damaged is found by the checksums, and not left to the decoder: GStreamer's never frees the picture that it
 * had to give up. */
static gboolean
walk_png (const guint8 *data, gsize length, RegiaPicture *picture)
{
  gsize at = sizeof png_signature;

  /* each chunk: length, type, that many bytes, checksum */
  while (length - at >= 12) {
    gsize size = read_be32 (data + at);

    if (size > length - at - 12)
      return FALSE;
    if (memcmp (data + at + 4, "IHDR", 4) == 0 && size >= 8 && picture->width == 0) {
      picture->width = read_be32 (data + at + 8);
      picture->height = read_be32 (data + at + 12);
    }
    if (checksum (data + at + 4, 4 + size) != read_be32 (data + at + 8 + size))
      return FALSE;
    if (memcmp (data + at + 4, "IEND", 4) == 0)
      return TRUE;
    at += 12 + size;
  }
  return FALSE;
}

static gboolean
is_start_of_frame (guint8 marker)
{
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static gboolean
walk_jpeg (const guint8 *data, gsize length, RegiaPicture *picture)
{
  gsize at = 2;

  while (at + 1 < length) {
    guint8 marker = data[at + 1];
    gsize size;

    /* Within coded data 0xff stands before 0 or a restart marker, and is no marker; before one it may be
     * repeated. */
    if (data[at] != 0xff || marker == 0x00 || marker == 0xff || (marker >= 0xd0 && marker <= 0xd7)) {
      at++;
      continue;
    }
    if (marker == 0xd9)
      return TRUE;
    if (length - at < 4)
      return FALSE;
    size = read_be16 (data + at + 2);
    if (size < 2 || size > length - at - 2)
      return FALSE;
    if (is_start_of_frame (marker) && size >= 7 && picture->width == 0) {
      picture->height = read_be16 (data + at + 5);
      picture->width = read_be16 (data + at + 7);
    }
    at += 2 + size;
  }
  return FALSE;
}

gboolean
regia_picture_measure (const guint8 *data, gsize length, RegiaPicture *ret_picture, GError **error)
{
  RegiaPicture picture = {0};
  gboolean whole;

  if (length == 0) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "is empty; copy it again");
    return FALSE;
  }
  if (length >= sizeof png_signature && memcmp (data, png_signature, sizeof png_signature) == 0) {
    picture.png = TRUE;
    whole = walk_png (data, length, &picture);
  } else if (length >= 4 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
    whole = walk_jpeg (data, length, &picture);
  else {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                         "is no picture that is known; convert it to PNG or JPEG");
    return FALSE;
  }
  if (picture.width > REGIA_PICTURE_MAX_SIDE || picture.height > REGIA_PICTURE_MAX_SIDE ||
      (guint64)picture.width * picture.height > REGIA_PICTURE_MAX_PIXELS) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                 "has %u x %u pixels, more than are taken; scale it down, best to the programme's size",
                 picture.width, picture.height);
    return FALSE;
  }
  if (!whole || picture.width == 0 || picture.height == 0) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA,
                         "is damaged or cut off; copy it again, or save it anew");
    return FALSE;
  }
  *ret_picture = picture;
  return TRUE;
}
