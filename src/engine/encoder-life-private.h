/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encoding-private.h"
#include "frames-private.h"

/**
 * RegiaEncoderLife: one life of a rendition's encoder: its pipeline built, fed from a RegiaFrames and shut
 * down, all on a thread of its own, because each of the three may hang in a driver.
 */
typedef struct _RegiaEncoderLife RegiaEncoderLife;

/** regia_encoder_life_start: @after_ns, @callbacks, @user_data: see regia_encoding_new(). Begins a life of
 * @frames. Any thread. */
RegiaEncoderLife *regia_encoder_life_start (const RegiaEncoderSpec *spec, gint64 after_ns,
                                            RegiaFrames *frames, const RegiaEncodingCallbacks *callbacks,
                                            gpointer user_data);
/** regia_encoder_life_wait_built: until its elements are there, or @until_ns (CLOCK_MONOTONIC). Returns:
 * %FALSE when they are not. Errors as of regia_encoding_new(); REGIA_ERROR_MEDIA when it takes too long. */
gboolean regia_encoder_life_wait_built (RegiaEncoderLife *self, gint64 until_ns,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_encoder_life_get_error: (transfer full) (nullable): why it gave up; %NULL as long as it has not. Any
 * thread. */
char *regia_encoder_life_get_error (RegiaEncoderLife *self);
/** regia_encoder_life_cut: see regia_encoding_cut(). Its frames go to the life that begins next. */
gint64 regia_encoder_life_cut (RegiaEncoderLife *self);
/** regia_encoder_life_end: lets go of one that was cut, after its RegiaFrames began another life; waits until
 * @until_ns (CLOCK_MONOTONIC) for its thread. One that hangs lives on without its owner. Returns: %FALSE
 * then. */
gboolean regia_encoder_life_end (RegiaEncoderLife *self, gint64 until_ns);
