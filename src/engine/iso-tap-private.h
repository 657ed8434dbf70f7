/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "iso-private.h"

/**
 * RegiaIsoTap: what one run of the source gives to it. Owned by the run, whose pipeline it outlives; one that
 * is not the newest of its RegiaIso has no effect.
 */
typedef struct _RegiaIsoTap RegiaIsoTap;

RegiaIsoTap *regia_iso_tap_new (RegiaIso *iso);
void regia_iso_tap_free (RegiaIsoTap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaIsoTap, regia_iso_tap_free)

/** regia_iso_tap_watch: takes what goes into decoders of H.264 in @bin, those too that are added to it later.
 * Before it plays. */
void regia_iso_tap_watch (RegiaIsoTap *self, GstBin *bin);
/** regia_iso_tap_place: a picture with running time @running_ns was given show time @time_ns. Streaming
 * thread of the pictures. */
void regia_iso_tap_place (RegiaIsoTap *self, gint64 running_ns, gint64 time_ns);
/** regia_iso_tap_picture: @picture (transfer none): as it goes into the mix; it is encoded if nothing of it
 * is copied. Streaming thread of the pictures. */
void regia_iso_tap_picture (RegiaIsoTap *self, GstBuffer *picture);
/** regia_iso_tap_sound: @sound (transfer none): as it goes into the mixes. Streaming thread of the sound. */
void regia_iso_tap_sound (RegiaIsoTap *self, GstBuffer *sound);
