// SPDX-License-Identifier: GPL-3.0-or-later
// How loud is what: places and bands of all meters, as functions of values.

export const FLOOR_DB = -60;
/** Borders of the bands (EBU R 128 s1: speech around −18, never above −9). */
export const GOOD_DB = -18;
export const LOUD_DB = -9;

export type Band = 'low' | 'good' | 'loud';

export function bandOf (db: number): Band {
  return db > LOUD_DB ? 'loud' : db > GOOD_DB ? 'good' : 'low';
}

/** Where on a scale from `floor` to `top`, 0 to 1. */
export function place (db: number, floor = FLOOR_DB, top = 0): number {
  return Math.min(1, Math.max(0, (db - floor) / (top - floor)));
}
