/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** One line of a meter: what all of them tell in step. Lines begin at its multiples in show time. */
#define REGIA_METER_STEP_NS G_GINT64_CONSTANT (100000000)
/** What stands for silence, in dBFS and in LUFS. */
#define REGIA_METER_SILENCE (-120.0)
/** How long a peak stays. */
#define REGIA_METER_HOLD_NS G_GINT64_CONSTANT (2000000000)

/** What was heard in one step; a copy. Everything in dB is at least #REGIA_METER_SILENCE. */
typedef struct {
  double rms_db;          /* of the louder channel, dBFS (a sine at full scale: −3.01) */
  double peak_db;         /* largest sample of the last #REGIA_METER_HOLD_NS, dBFS */
  double true_peak_db;    /* largest value between samples of the same time, dBTP (ITU-R BS.1770-4 annex 2) */
  double momentary_lufs;  /* loudness of the last 400 ms (EBU Tech 3341 §2.2) */
  double short_term_lufs; /* … of the last 3 s */
  double channel_db[2];   /* RMS of left and right, dBFS */
  double correlation; /* of left and right: 1 the same, −1 one turned over, 0 nothing in common or silent */
  guint64
      clips; /* how often a channel went to full scale, having been 3 dB below, since the meter was made */
} RegiaMeterValues;

/**
 * RegiaMeter: how loud one sound is, 48 kHz stereo, in steps of show time. It has a value for each step from
 * its first one on, whatever becomes of what it measures: what did not come in time is silence. Reference
 * counted; any thread. Its lock is a leaf, held for as long as a block takes to be measured.
 */
typedef struct _RegiaMeter RegiaMeter;

RegiaMeter *regia_meter_new (void);
RegiaMeter *regia_meter_ref (RegiaMeter *self);
void regia_meter_unref (RegiaMeter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaMeter, regia_meter_unref)

/**
 * regia_meter_take:
 * @samples: (array length=2*frames): left and right in turn, full scale ±1; not kept
 * @time_ns: show time of the first
 *
 * What is before the time that was measured or settled last is left out; what is missing is silence.
 */
void regia_meter_take (RegiaMeter *self, const float *samples, gsize frames, gint64 time_ns);

/** regia_meter_take_buffer: the same of a buffer of the programme's sound, whose time is show time. */
void regia_meter_take_buffer (RegiaMeter *self, GstBuffer *buffer);

/** regia_meter_get_end: show time up to which it has measured, −1 before the first sound. */
gint64 regia_meter_get_end (RegiaMeter *self);

/** regia_meter_look: how loud the louder channel was in the last whole step that has come by now, whether
 * everybody else's has or not; silent when nothing has come for half a second.
 * @now_ns: show time */
double regia_meter_look (RegiaMeter *self, gint64 now_ns);

/**
 * regia_meter_settle:
 * @until_ns: end of a step, not before the one of the last call
 * @ret_values: of that step
 *
 * What has not come of it by now does not count any more.
 */
void regia_meter_settle (RegiaMeter *self, gint64 until_ns, RegiaMeterValues *ret_values);

/** What is silent altogether. */
#define REGIA_METER_NOTHING                                                                                  \
  ((RegiaMeterValues){.rms_db = REGIA_METER_SILENCE,                                                         \
                      .peak_db = REGIA_METER_SILENCE,                                                        \
                      .true_peak_db = REGIA_METER_SILENCE,                                                   \
                      .momentary_lufs = REGIA_METER_SILENCE,                                                 \
                      .short_term_lufs = REGIA_METER_SILENCE,                                                \
                      .channel_db = {REGIA_METER_SILENCE, REGIA_METER_SILENCE}})

/** regia_meter_values_add: @dict gets rms-db, peak-db, momentary-lufs, short-term-lufs, true-peak-db and
 * correlation (d), channel-db (ad: left, right), clips (t), as org.regia.control.xml says, to a hundredth.
 * Pure. */
void regia_meter_values_add (const RegiaMeterValues *values, GVariantDict *dict);
