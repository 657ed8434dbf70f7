/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "encoding-private.h"
#include "regia/base/clock.h"

/**
 * RegiaIsoCopy: access units of H.264, as a source sends them, on their way into the feed: nothing is decoded
 * and no byte of a picture is changed.
 */
typedef struct _RegiaIsoCopy RegiaIsoCopy;

/** regia_iso_copy_new: of the track called @name in the place @track_id. The callbacks are called on a thread
 * of its own, or in regia_iso_copy_tick() and regia_iso_copy_free(), one call at a time, and may not call
 * back. Main thread. */
RegiaIsoCopy *regia_iso_copy_new (guint track_id, const char *name, const RegiaEpoch *epoch,
                                  RegiaEncoderTrackFunc track_cb, RegiaEncoderPacketFunc packet_cb,
                                  gpointer user_data);
/** regia_iso_copy_free: what is held and can be placed in time is still given. When it has returned nothing
 * is called back any more. Any one thread. */
void regia_iso_copy_free (RegiaIsoCopy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaIsoCopy, regia_iso_copy_free)

/** regia_iso_copy_begin: units from now on are of another stream, whose clock begins anew. Returns: its
 * number, which goes with each of its units. Any thread. */
guint regia_iso_copy_begin (RegiaIsoCopy *self);
/** regia_iso_copy_place: show time is so much more than the running time of stream @number. Units are held
 * until it is known, for some seconds. Any thread. */
void regia_iso_copy_place (RegiaIsoCopy *self, guint number, gint64 shift_ns);
/** regia_iso_copy_push: @unit (transfer none): an access unit of stream @number.
 * @caps: (transfer none): video/x-h264, alignment=au
 * @running_ns: its pts
 * Never waits; what there is no room for is left out, up to the next keyframe. Streaming thread. */
void regia_iso_copy_push (RegiaIsoCopy *self, guint number, GstBuffer *unit, GstCaps *caps,
                          GstClockTime running_ns);

/** regia_iso_copy_tick: begins anew after a fault, and gives what waits behind a stream that has stopped. Ten
 * times a second; main thread. */
void regia_iso_copy_tick (RegiaIsoCopy *self, gint64 now_ns);
/** regia_iso_copy_get_error: (transfer full): why nothing is given at present, "" otherwise. Main thread. */
char *regia_iso_copy_get_error (RegiaIsoCopy *self);
