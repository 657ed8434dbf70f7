/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * Marks: what the test source burns into its picture so that a machine can say which frame it sees, when that
 * was made, and whether the beep should sound now. They survive scaling to a width of 320 and ordinary H.264.
 *
 * The picture's top is two rows of REGIA_MARK_COLUMNS blocks; a block is width / REGIA_MARK_COLUMNS wide and
 * as high (column c spans [c × width / 48, (c + 1) × width / 48), row r spans [r × width / 48, (r + 1) ×
 * width / 48), fractions cut off). Luma of 128 and more, seen against the row's own first two blocks, is a 1.
 * Each row: one white block, one black block, 46 bits, the highest first. Both rows after each other are:
 * frame number (32), wall clock in ms since 1970 (42), CRC-16/CCITT-FALSE of those as 4 + 6 bytes big endian
 * (16), two zeros.
 *
 * The flash is a box at the right under the blocks: columns 40 to 48, rows 3 to 9; white from each full
 * second of the source's running time, for as many frames as 50 ms touch, black otherwise. The beep (1 kHz,
 * 50 ms) begins at the same instants.
 *
 * Frame number and time stand below the rows as figures for people.
 */
#define REGIA_MARK_COLUMNS 48
#define REGIA_MARK_ROWS    2

/** Smallest width that can be read: blocks of 4 pixels. */
#define REGIA_MARK_MIN_WIDTH 192

/**
 * regia_mark_draw:
 * @luma, @stride: the picture's luma plane, 8 bits a pixel, video range; written in place
 * @width, @height: pixels; nothing is drawn when smaller than REGIA_MARK_MIN_WIDTH wide or than 10 blocks
 * high
 * @wall_ms: Unix time, ms, below 2^42 (the year 2109)
 * @flash: whether the flash box is white
 *
 * Pure but for @luma; any thread.
 */
void regia_mark_draw (guint8 *luma, int stride, int width, int height, guint32 frame, gint64 wall_ms,
                      gboolean flash);

/**
 * regia_mark_read:
 * @luma, @stride, @width, @height: a luma plane, of the drawn size or scaled
 * @ret_frame, @ret_wall_ms: (out) (nullable): untouched on failure
 *
 * Returns: %FALSE when there are no marks (the slate), or when they are damaged. Pure; any thread.
 */
gboolean regia_mark_read (const guint8 *luma, int stride, int width, int height, guint32 *ret_frame,
                          gint64 *ret_wall_ms) G_GNUC_WARN_UNUSED_RESULT;

/** regia_mark_read_flash: whether the flash box is white. Means something only where regia_mark_read()
 * succeeds. Pure; any thread. */
gboolean regia_mark_read_flash (const guint8 *luma, int stride, int width,
                                int height) G_GNUC_WARN_UNUSED_RESULT;

/** regia_mark_rows_height: height in pixels of all that regia_mark_draw() writes into: for the chroma planes'
 * owner. Pure. */
int regia_mark_rows_height (int width);
