/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "regia/engine/mark.h"

#include <string.h>

/*
 * Drawing and reading of the marks: functions of values, no GStreamer, so that a reader anywhere can use
 * them. The layout is written in mark.h. Blocks are read at their middle, where scaling and coding have left
 * the value alone.
 */

enum {
  BITS_PER_ROW = REGIA_MARK_COLUMNS - 2,
  BITS = BITS_PER_ROW * REGIA_MARK_ROWS,
  WALL_BITS = 42,
  BLACK = 16,
  WHITE = 235,
  FLASH_COLUMN = 40,
  FLASH_ROW = 3,
  FLASH_ROWS = 6,
  TEXT_ROW = 3, /* figures for people begin here, in blocks */
  TEXT_COLUMN = 1,
  LAST_ROW = 10, /* nothing is drawn at or below this row */
};

static guint16
crc16 (const guint8 *data, gsize length)
{
  guint16 crc = 0xffff;

  for (gsize i = 0; i < length; i++) {
    crc ^= (guint16)(data[i] << 8);
    for (int bit = 0; bit < 8; bit++)
      crc = (guint16)((crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1);
  }
  return crc;
}

static guint16
checksum (guint32 frame, guint64 wall_ms)
{
  guint8 bytes[10];

  for (int i = 0; i < 4; i++)
    bytes[i] = (guint8)(frame >> (24 - 8 * i));
  for (int i = 0; i < 6; i++)
    bytes[4 + i] = (guint8)(wall_ms >> (40 - 8 * i));
  return crc16 (bytes, sizeof bytes);
}

static int
edge (int width, int block)
{
  return block * width / REGIA_MARK_COLUMNS;
}

static gboolean
fits (int width, int height)
{
  return width >= REGIA_MARK_MIN_WIDTH && height >= edge (width, LAST_ROW);
}

int
regia_mark_rows_height (int width)
{
  return edge (width, LAST_ROW);
}

static void
fill (guint8 *luma, int stride, int width, int column, int row, int columns, int rows, guint8 value)
{
  int left = edge (width, column), right = edge (width, column + columns);

  for (int y = edge (width, row); y < edge (width, row + rows); y++)
    memset (luma + (gsize)y * (gsize)stride + left, value, (gsize)(right - left));
}

/* 3 × 5 figures, one row a nibble, the top row in the highest bits. */
static const guint16 figures[] = {0x7b6f, 0x2c97, 0x73e7, 0x73cf, 0x5bc9,
                                  0x79cf, 0x79ef, 0x7249, 0x7bef, 0x7bcf};

static guint16
glyph (char c)
{
  if (c >= '0' && c <= '9')
    return figures[c - '0'];
  return c == ':' ? 0x0410 : c == '.' ? 0x0002 : 0;
}

static void
draw_text (guint8 *luma, int stride, int width, int row, const char *text)
{
  int dot = MAX (width * 2 / (5 * REGIA_MARK_COLUMNS), 1);
  int left = edge (width, TEXT_COLUMN), top = edge (width, row);

  for (; *text; text++, left += 4 * dot) {
    guint16 bits = glyph (*text);
    for (int i = 0; i < 15; i++) {
      guint8 *at = luma + (gsize)(top + i / 3 * dot) * (gsize)stride + left + i % 3 * dot;
      if (bits & (0x4000 >> i))
        for (int y = 0; y < dot; y++)
          memset (at + (gsize)y * (gsize)stride, WHITE, (gsize)dot);
    }
  }
}

static char *
put_figures (char *at, guint value, int count)
{
  for (int i = count - 1; i >= 0; i--, value /= 10)
    at[i] = (char)('0' + value % 10);
  return at + count;
}

void
regia_mark_draw (guint8 *luma, int stride, int width, int height, guint32 frame, gint64 wall_ms,
                 gboolean flash)
{
  guint64 wall = (guint64)wall_ms & ((G_GUINT64_CONSTANT (1) << WALL_BITS) - 1);
  guint16 check = checksum (frame, wall);
  char text[16], *at = text;
  guint day_ms = (guint)(wall % (24 * 3600 * 1000));

  if (!fits (width, height))
    return;
  for (int i = 0; i < BITS; i++) {
    gboolean one = i < 32               ? frame >> (31 - i) & 1
                   : i < 32 + WALL_BITS ? wall >> (31 + WALL_BITS - i) & 1
                   : i < 48 + WALL_BITS ? check >> (47 + WALL_BITS - i) & 1
                                        : 0;
    fill (luma, stride, width, 2 + i % BITS_PER_ROW, i / BITS_PER_ROW, 1, 1, one ? WHITE : BLACK);
  }
  for (int row = 0; row < REGIA_MARK_ROWS; row++) {
    fill (luma, stride, width, 0, row, 1, 1, WHITE);
    fill (luma, stride, width, 1, row, 1, 1, BLACK);
  }
  fill (luma, stride, width, FLASH_COLUMN, FLASH_ROW, REGIA_MARK_COLUMNS - FLASH_COLUMN, FLASH_ROWS,
        flash ? WHITE : BLACK);

  /* Twelve figures of 4 dots are 20 columns wide; the frame number on one line, the time of day (UTC) on the
   * next. */
  fill (luma, stride, width, TEXT_COLUMN - 1, TEXT_ROW - 1, 22, LAST_ROW - TEXT_ROW, BLACK);
  *put_figures (text, frame, 10) = '\0';
  draw_text (luma, stride, width, TEXT_ROW, text);
  at = put_figures (at, day_ms / 3600000, 2);
  *at++ = ':';
  at = put_figures (at, day_ms / 60000 % 60, 2);
  *at++ = ':';
  at = put_figures (at, day_ms / 1000 % 60, 2);
  *at++ = '.';
  *put_figures (at, day_ms % 1000, 3) = '\0';
  draw_text (luma, stride, width, TEXT_ROW + 3, text);
}

/* Mean of the middle third of a block. */
static int
sample (const guint8 *luma, int stride, int width, int column, int row, int columns, int rows)
{
  int left = edge (width, column), right = edge (width, column + columns);
  int top = edge (width, row), bottom = edge (width, row + rows);
  int dx = (right - left) / 3, dy = (bottom - top) / 3, sum = 0, count = 0;

  for (int y = top + dy; y < bottom - dy; y++)
    for (int x = left + dx; x < right - dx; x++, count++)
      sum += luma[(gsize)y * (gsize)stride + (gsize)x];
  return sum / count;
}

gboolean
regia_mark_read (const guint8 *luma, int stride, int width, int height, guint32 *ret_frame,
                 gint64 *ret_wall_ms)
{
  guint32 frame = 0;
  guint64 wall = 0;
  guint check = 0;

  if (!fits (width, height))
    return FALSE;
  for (int row = 0; row < REGIA_MARK_ROWS; row++) {
    int white = sample (luma, stride, width, 0, row, 1, 1),
        black = sample (luma, stride, width, 1, row, 1, 1);

    if (white - black < 80)
      return FALSE;
    for (int i = 0; i < BITS_PER_ROW; i++) {
      int index = row * BITS_PER_ROW + i;
      guint bit = sample (luma, stride, width, 2 + i, row, 1, 1) * 2 >= white + black;

      if (index < 32)
        frame = frame << 1 | bit;
      else if (index < 32 + WALL_BITS)
        wall = wall << 1 | bit;
      else
        check = check << 1 | bit; /* with the two zeros behind it */
    }
  }
  if (check != (guint)checksum (frame, wall) << 2)
    return FALSE;
  if (ret_frame)
    *ret_frame = frame;
  if (ret_wall_ms)
    *ret_wall_ms = (gint64)wall;
  return TRUE;
}

gboolean
regia_mark_read_flash (const guint8 *luma, int stride, int width, int height)
{
  if (!fits (width, height))
    return FALSE;
  return sample (luma, stride, width, FLASH_COLUMN, FLASH_ROW, REGIA_MARK_COLUMNS - FLASH_COLUMN,
                 FLASH_ROWS) >= 128;
}
