/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/**
 * RegiaIntake: which packets of the feed are recorded. It knows for each track, by name, up to where it is
 * recorded already, on the disk of an earlier recorder or by this one, and where people do not want it to be
 * recorded, so that the feed may be read again from its oldest packet at any time. Pure: no disk, no clock;
 * one thread at a time.
 */
typedef struct _RegiaIntake RegiaIntake;

typedef enum {
  REGIA_INTAKE_PASS,      /* not wanted, or recorded already */
  REGIA_INTAKE_BACKWARDS, /* its time does not follow what was taken before: to be counted */
  REGIA_INTAKE_HOLD,      /* lies in a pause, or after one and before the keyframe that ends it: to be offered
                             again after the next keyframe of the main track was taken, or other pauses were set */
  REGIA_INTAKE_TAKE,
  REGIA_INTAKE_TAKE_ANEW, /* after a pause or a leap of more than an hour: begins a new part */
} RegiaIntakeVerdict;

/** A hole in the main track (the picture, where there is one) before a packet. */
typedef struct {
  gint64 from_ns, to_ns; /* show time; both 0: none */
} RegiaIntakeGap;

/**
 * regia_intake_new:
 * @names: (array zero-terminated=1): tracks wanted, in the order of the file; the first is the main one
 * @ends: (element-type utf8 gint64): by track name, show time (ns) up to which it is recorded
 * @until_ns: show time up to which every track is recorded that @ends does not name; 0: nothing is
 */
RegiaIntake *regia_intake_new (const char *const *names, GHashTable *ends, gint64 until_ns);
void regia_intake_free (RegiaIntake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaIntake, regia_intake_free)

/**
 * regia_intake_set_tracks: a generation begins; its tracks go on where those of the same names ended.
 * @tracks: (element-type RegiaTrack): the generation's table
 * Returns: (transfer full) (element-type RegiaTrack): those that are recorded.
 */
GPtrArray *regia_intake_set_tracks (RegiaIntake *self, GPtrArray *tracks);

/**
 * regia_intake_set_pauses: where nothing is recorded: from the packet at or after the beginning to the first
 * keyframe of the main track at or after the end. What was taken of it already is in the pieces of
 * regia_intake_split() and regia_intake_list_passed().
 * @pauses: (element-type RegiaSessionSpan): in order; copied
 */
void regia_intake_set_pauses (RegiaIntake *self, GPtrArray *pauses);

/** regia_intake_is_paused: whether every track has come to a pause, so that what lay before it was taken. A
 * track of which nothing comes is waited for until the main one is 2 s ahead. */
gboolean regia_intake_is_paused (RegiaIntake *self);

/** A piece of a hole. */
typedef struct {
  gint64 from_ns, to_ns; /* show time */
  gboolean paused;       /* it was wanted; otherwise it is a loss */
} RegiaIntakePiece;

/**
 * regia_intake_list_passed: (transfer full) (element-type RegiaIntakePiece): pauses that were over when the
 * recording got beyond them, in order: told late, so that what lies in them is recorded and has to be cut
 * out; over before it began; and all those that were held as they should, once more. From a packet to the
 * keyframe that follows; one whose keyframe has not come yet, or of which the feed tells no more, is left
 * out.
 */
GArray *regia_intake_list_passed (RegiaIntake *self);

/** regia_intake_split: (transfer full) (element-type RegiaIntakePiece): @hole, as the last packet of the main
 * track that was taken had it, or %NULL for a pause that lasts, in order. */
GArray *regia_intake_split (RegiaIntake *self, const RegiaIntakeGap *hole);

/**
 * regia_intake_offer: decides about @packet and, when it is taken, remembers it. A recording that continues
 * nothing, or that goes on after a hole, begins with a keyframe.
 * @ret_gap: (out)
 */
RegiaIntakeVerdict regia_intake_offer (RegiaIntake *self, const RegiaPacket *packet, RegiaIntakeGap *ret_gap);

/** regia_intake_is_main: whether @packet is of the main track. */
gboolean regia_intake_is_main (RegiaIntake *self, const RegiaPacket *packet);
