/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** RegiaTone: the line-up tone of rehearsals: 1 kHz at −20 dBFS (AES17: a sine whose peak is a tenth of full
 * scale), in place of a language's mix. One for each mix; its streaming thread, but for
 * regia_tone_set(). */
typedef struct _RegiaTone RegiaTone;

RegiaTone *regia_tone_new (void);
void regia_tone_free (RegiaTone *self);

/** regia_tone_set: from the next buffer on; it comes and goes in 10 ms. Any thread. */
void regia_tone_set (RegiaTone *self, gboolean on);

/** regia_tone_take_buffer: (transfer full): @buffer (transfer full), sound as the programme's, with the tone
 * in its place; itself, untouched, while there is none. Its phase follows the buffer's time, so that it is
 * the same in all languages. */
GstBuffer *regia_tone_take_buffer (RegiaTone *self, GstBuffer *buffer);
