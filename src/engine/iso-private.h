/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "encoding-private.h"
#include "regia/base/clock.h"

/**
 * RegiaIso: a source's own picture and sound as tracks of the feed, `iso/NAME` and `iso/NAME/audio`: what is
 * H.264 already is copied, other pictures are encoded; sound is encoded. Whatever goes wrong with it is
 * nobody else's affair. Reference counted: a source's run that hangs may hold it after everybody else.
 */
typedef struct _RegiaIso RegiaIso;

/** regia_iso_new:
 * @picture: (nullable): of its pictures: name and place of the track, and what they are encoded to where they
 * have to be; copied
 * @sound: (nullable): of its sound likewise
 * Main thread. */
RegiaIso *regia_iso_new (const RegiaEncoderSpec *picture, const RegiaEncoderSpec *sound,
                         const RegiaEpoch *epoch, RegiaEncoderTrackFunc track_cb,
                         RegiaEncoderPacketFunc packet_cb, gpointer user_data);
RegiaIso *regia_iso_ref (RegiaIso *self);
/** regia_iso_unref: the last one after regia_iso_close(). */
void regia_iso_unref (RegiaIso *self);

/** regia_iso_close: when it has returned nothing is called back any more. Any one thread. */
void regia_iso_close (RegiaIso *self);
/** regia_iso_tick: looks after its encoders; ten times a second. Main thread. */
void regia_iso_tick (RegiaIso *self, gint64 now_ns);
/** regia_iso_get_ids: places of its tracks: bit i for track i. Any thread. */
guint64 regia_iso_get_ids (RegiaIso *self);
/** regia_iso_has_sound: whether one of them is of sound. Any thread. */
gboolean regia_iso_has_sound (RegiaIso *self);
/** regia_iso_get_way: "copied", "encoded", or "" as long as no picture has come. Static. Any thread. */
const char *regia_iso_get_way (RegiaIso *self);
/** regia_iso_get_error: (transfer full): why something of it is not in the feed, "" otherwise. Main thread.
 */
char *regia_iso_get_error (RegiaIso *self);

/**
 * regia_iso_begin: what comes from now on is another stream, whose clock begins anew; what still comes of the
 * one before is turned away. Returns: its number, for the calls below. Any thread.
 */
guint regia_iso_begin (RegiaIso *self);
/** regia_iso_place, regia_iso_take_unit: see regia_iso_copy_place(), regia_iso_copy_push(). */
void regia_iso_place (RegiaIso *self, guint stream, gint64 shift_ns);
void regia_iso_take_unit (RegiaIso *self, guint stream, GstBuffer *unit, GstCaps *caps,
                          GstClockTime running_ns);
/** regia_iso_take_picture: @picture (transfer none): as it goes into the mix, its pts is show time. It is
 * encoded unless units of its stream came. Never waits. One thread at a time. */
void regia_iso_take_picture (RegiaIso *self, guint stream, GstBuffer *picture);
/** regia_iso_take_sound: see regia_iso_sound_push(). */
void regia_iso_take_sound (RegiaIso *self, guint stream, GstBuffer *sound);
