/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/**
 * RegiaDecoders: what one source's pictures are decoded by: the computer's own decoders (VA-API, NVDEC, V4L2)
 * before software, whatever their rank, and those no more that have failed for this source. Outlives its
 * runs; reference counted; any thread.
 */
typedef struct _RegiaDecoders RegiaDecoders;

RegiaDecoders *regia_decoders_new (void);
RegiaDecoders *regia_decoders_ref (RegiaDecoders *self);
void regia_decoders_unref (RegiaDecoders *self);

/** regia_decoders_watch: whatever decodebin there is, or comes to be, in @pipeline decides by @self. Before
 * it plays. */
void regia_decoders_watch (RegiaDecoders *self, GstBin *pipeline);

/**
 * regia_decoders_blame: an error has come.
 * @message: a GST_MESSAGE_ERROR
 * @decoded: whether pictures had
 *
 * Returns: whether it is a hardware decoder's, which is not used any more from now on: by its sender; or, as
 * long as nothing was decoded, because pictures could not be passed on.
 */
gboolean regia_decoders_blame (RegiaDecoders *self, GstMessage *message, gboolean decoded);

/** regia_decoders_get_used: (transfer full): the element that decodes the picture, "" for none. */
char *regia_decoders_get_used (RegiaDecoders *self);
/** regia_decoders_get_note: (transfer full): which have failed, and why, in words; "" for none. */
char *regia_decoders_get_note (RegiaDecoders *self);
