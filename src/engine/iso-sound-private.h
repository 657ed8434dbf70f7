/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "encoding-private.h"

/** RegiaIsoSound: a source's own sound on its way into the feed, as AAC. */
typedef struct _RegiaIsoSound RegiaIsoSound;

/** regia_iso_sound_new: @spec: copied; in_caps is the format of what is pushed
 * The callbacks are called on a thread of its own. Main thread. */
RegiaIsoSound *regia_iso_sound_new (const RegiaEncoderSpec *spec, RegiaEncoderTrackFunc track_cb,
                                    RegiaEncoderPacketFunc packet_cb, gpointer user_data);
/** regia_iso_sound_free: when it has returned nothing is called back any more. Any one thread. */
void regia_iso_sound_free (RegiaIsoSound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaIsoSound, regia_iso_sound_free)

/** regia_iso_sound_push: @sound (transfer none): a block, its pts is show time. Never waits; what there is no
 * room for is left out. One thread at a time. */
void regia_iso_sound_push (RegiaIsoSound *self, GstBuffer *sound);

/** regia_iso_sound_tick: begins anew after a fault. Main thread. */
void regia_iso_sound_tick (RegiaIsoSound *self, gint64 now_ns);
/** regia_iso_sound_get_error: (transfer full): why nothing is given at present, "" otherwise. Main thread. */
char *regia_iso_sound_get_error (RegiaIsoSound *self);
