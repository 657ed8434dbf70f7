/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* A second, independent reader of MP4 boxes (ISO/IEC 14496-12 §4.2), for tests: it asserts where the
 * program's own is lenient. */

typedef struct {
  const guint8 *data; /* payload, behind the box header */
  gsize length;
} Box;

/* The @nth box of @type directly inside @in; asserts that the boxes before it are whole. data is NULL when
 * there is none. */
static inline Box
box_find (Box in, const char *type, guint nth)
{
  gsize at = 0;

  while (at + 8 <= in.length) {
    const guint8 *p = in.data + at;
    gsize size = (gsize)p[0] << 24 | (gsize)p[1] << 16 | (gsize)p[2] << 8 | p[3];

    g_assert_cmpuint (size, >=, 8);
    g_assert_cmpuint (at + size, <=, in.length);
    if (memcmp (p + 4, type, 4) == 0 && nth-- == 0)
      return (Box){p + 8, size - 8};
    at += size;
  }
  return (Box){NULL, 0};
}

static inline Box
box_from_bytes (GBytes *bytes)
{
  Box box;

  box.data = g_bytes_get_data (bytes, &box.length);
  return box;
}

static inline guint32
box_u32 (Box box, gsize at)
{
  g_assert_cmpuint (at + 4, <=, box.length);
  return (guint32)box.data[at] << 24 | (guint32)box.data[at + 1] << 16 | (guint32)box.data[at + 2] << 8 |
         box.data[at + 3];
}

static inline guint64
box_u64 (Box box, gsize at)
{
  return (guint64)box_u32 (box, at) << 32 | box_u32 (box, at + 4);
}
