/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a picture is, told from its headers. */
#include "../../src/engine/picture-private.h"

#include <string.h>

#include "regia/base/error.h"

#define PNG        "\x89PNG\r\n\x1a\n"
#define IHDR(w, h) "\0\0\0\rIHDR" w h "\x08\x02\0\0\0...."
#define CHUNK                                                                                                \
  "\0\0\0\3teXt"                                                                                             \
  "IEN"                                                                                                      \
  "...."
#define IEND "\0\0\0\0IEND...."
#define SOI  "\xff\xd8"
#define APP                                                                                                  \
  "\xff\xe1\0\x08"                                                                                           \
  "\xff\xd9\xff\xda.." /* a small picture within: its end is not this one's */
#define SOF(m, h, w) "\xff" m "\0\x0b\x08" h w "\1\1\x11\0"
#define SOS          "\xff\xda\0\x08\1\1\0\0\x3f\0"
#define DATA         "\x12\xff\0\x34\xff\xd0\x56"
#define EOI          "\xff\xd9"
#define CASE(text)   text, sizeof text - 1

static const struct {
  const char *name, *data;
  gsize length;
  guint width, height;
  const char *word; /* of the error; NULL: it is a picture */
} table[] = {
    {"png", CASE (PNG IHDR ("\0\0\5\0", "\0\0\2\xd0") CHUNK IEND), 1280, 720, NULL},
    {"png-and-more", CASE (PNG IHDR ("\0\0\5\0", "\0\0\2\xd0") IEND "tail"), 1280, 720, NULL},
    {"png-largest", CASE (PNG IHDR ("\0\0\x20\0", "\0\0\x10\0") IEND), 8192, 4096, NULL},
    {"png-too-wide", CASE (PNG IHDR ("\0\0\x20\1", "\0\0\0\1") IEND), 0, 0, "8193 x 1 pixels"},
    {"png-too-many", CASE (PNG IHDR ("\0\0\x20\0", "\0\0\x10\1") IEND), 0, 0, "8192 x 4097 pixels"},
    {"png-huge", CASE (PNG IHDR ("\xff\xff\xff\xff", "\xff\xff\xff\xff") IEND), 0, 0, "4294967295"},
    {"png-huge-cut", CASE (PNG IHDR ("\0\0\x4e\x20", "\0\0\x4e\x20")), 0, 0, "20000 x 20000"},
    {"png-nothing", CASE (PNG IHDR ("\0\0\0\0", "\0\0\0\1") IEND), 0, 0, "damaged"},
    {"png-no-header", CASE (PNG IEND), 0, 0, "damaged"},
    {"png-no-end", CASE (PNG IHDR ("\0\0\5\0", "\0\0\2\xd0") CHUNK), 0, 0, "cut off"},
    {"png-long-chunk", CASE (PNG IHDR ("\0\0\5\0", "\0\0\2\xd0") "\xff\xff\xff\xf0teXt" IEND), 0, 0,
     "cut off"},
    {"jpeg", CASE (SOI SOF ("\xc0", "\2\xd0", "\5\0") SOS DATA EOI), 1280, 720, NULL},
    {"jpeg-progressive", CASE (SOI APP SOF ("\xc2", "\2\xd0", "\5\0") SOS DATA SOS DATA EOI), 1280, 720,
     NULL},
    {"jpeg-fill", CASE (SOI "\xff" SOF ("\xc0", "\2\xd0", "\5\0") SOS DATA "\xff" EOI), 1280, 720, NULL},
    {"jpeg-huge", CASE (SOI SOF ("\xc0", "\xff\xff", "\xff\xff") SOS DATA EOI), 0, 0, "65535 x 65535"},
    {"jpeg-no-end", CASE (SOI APP SOF ("\xc0", "\2\xd0", "\5\0") SOS DATA), 0, 0, "cut off"},
    {"jpeg-no-frame", CASE (SOI APP SOS DATA EOI), 0, 0, "damaged"},
    {"jpeg-tables-only", CASE (SOI "\xff\xc4\0\x0b\x08\1\1\1\1\1\x11\0" SOS EOI), 0, 0, "damaged"},
    {"jpeg-short-segment", CASE (SOI "\xff\xe0\0\1" EOI), 0, 0, "cut off"},
    {"empty", CASE (""), 0, 0, "is empty"},
    {"text", CASE ("Sirio migranti"), 0, 0, "no picture"},
    {"gif", CASE ("GIF89a\5\0\2\0"), 0, 0, "convert it to PNG or JPEG"},
    {"one-byte", CASE ("\xff"), 0, 0, "no picture"},
};

/* (transfer full): the row's file; a PNG's checksums, dots in the table, are right in it. */
static guint8 *
make_file (gsize row)
{
  gsize length = table[row].length;
  guint8 *data = g_memdup2 (table[row].data, length);

  if (!g_str_has_prefix (table[row].name, "png"))
    return data;
  for (gsize at = 8; at + 12 <= length;) {
    gsize size = (gsize)data[at] << 24 | (gsize)data[at + 1] << 16 | (gsize)data[at + 2] << 8 | data[at + 3];
    guint32 crc = 0xffffffff;

    if (size > length - at - 12)
      break;
    for (gsize i = at + 4; i < at + 8 + size; i++) {
      crc ^= data[i];
      for (guint bit = 0; bit < 8; bit++)
        crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    for (guint i = 0; i < 4; i++)
      data[at + 8 + size + i] = (guint8)(~crc >> (24 - 8 * i));
    at += 12 + size;
  }
  return data;
}

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) error = NULL;
    RegiaPicture picture = {0};
    g_autofree guint8 *data = make_file (i);
    gboolean good = regia_picture_measure (data, table[i].length, &picture, &error);

    g_test_message ("%s: %s", table[i].name, error ? error->message : "a picture");
    g_assert_cmpint (good, ==, table[i].word == NULL);
    g_assert_cmpuint (picture.width, ==, table[i].width);
    g_assert_cmpuint (picture.height, ==, table[i].height);
    if (!good) {
      g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
      g_assert_nonnull (strstr (error->message, table[i].word));
    }
  }
}

/* Cut off anywhere, no picture is one; each copy ends where its memory ends. */
static void
test_cut (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    for (gsize length = 0; table[i].word == NULL && length < table[i].length; length++) {
      g_autofree guint8 *data = make_file (i), *copy = g_memdup2 (data, length);
      RegiaPicture picture;

      if (strcmp (table[i].name, "png-and-more") != 0 || length < table[i].length - 4)
        g_assert_false (regia_picture_measure (copy, length, &picture, NULL));
    }
}

/* One bit changed anywhere in a PNG: it is none any more. */
static void
test_damaged (void)
{
  g_autofree guint8 *data = make_file (0);

  g_assert_cmpstr (table[0].name, ==, "png");
  for (gsize bit = 0; bit < table[0].length * 8; bit++) {
    RegiaPicture picture;

    data[bit / 8] ^= (guint8)(1 << bit % 8);
    g_assert_false (regia_picture_measure (data, table[0].length, &picture, NULL));
    data[bit / 8] ^= (guint8)(1 << bit % 8);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/slate-header/table", test_table);
  g_test_add_func ("/engine/slate-header/cut", test_cut);
  g_test_add_func ("/engine/slate-header/damaged", test_damaged);
  return g_test_run ();
}
