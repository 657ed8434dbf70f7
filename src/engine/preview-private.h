/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/feed/packet.h"
#include "regia/feed/track.h"

/** Width of a preview; its height is that of the programme's shape. */
#define REGIA_PREVIEW_WIDTH 480
/** Pictures a second of one preview, and of all that are looked at together. */
#define REGIA_PREVIEW_RATE_MIN 2
#define REGIA_PREVIEW_RATE_MAX 10
#define REGIA_PREVIEW_RATE_ALL 20

/**
 * RegiaPreview: small JPEG pictures of one source, or of the programme, made from pictures that are decoded
 * already, and only while somebody looks. Reference counted.
 */
typedef struct _RegiaPreview RegiaPreview;

/** @packet is (transfer full). From the preview's own streaming thread. */
typedef void (*RegiaPreviewFunc) (RegiaPacket *packet, gpointer user_data);

/**
 * regia_preview_new:
 * @name: of its track: `preview/camera`
 * @caps: raw pictures of the programme's size, which will be offered
 *
 * Main thread.
 */
RegiaPreview *regia_preview_new (guint track_id, const char *name, const char *caps, guint width,
                                 guint height, RegiaPreviewFunc packet_cb, gpointer user_data);
RegiaPreview *regia_preview_ref (RegiaPreview *self);
/** regia_preview_unref: the last one after regia_preview_close(). Any thread. */
void regia_preview_unref (RegiaPreview *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaPreview, regia_preview_unref)

/** (transfer none): its track. */
RegiaTrack *regia_preview_get_track (RegiaPreview *self);

/** regia_preview_set_rate: pictures a second; 0: nobody looks, and nothing is made. Main thread; stopping
 * waits for the picture that is being made. */
void regia_preview_set_rate (RegiaPreview *self, guint rate);

/** regia_preview_close: nothing is made any more, whatever is offered; its function is not called again. Main
 * thread. */
void regia_preview_close (RegiaPreview *self);

/** regia_preview_offer: @time_ns: show time of the picture, which is taken when one is due. Streaming
 * threads; never waits for one to be made. */
void regia_preview_offer (RegiaPreview *self, GstBuffer *picture, gint64 time_ns);

/**
 * regia_preview_rate: how many pictures a second each preview has while @watched are looked at: all of them
 * share %REGIA_PREVIEW_RATE_ALL. 0 for none. Pure.
 */
guint regia_preview_rate (guint watched);
