/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include "fader-private.h"
#include "meter-private.h"
#include "mix-wait-private.h"
#include "regia/config/config.h"

/** The format of all sound of the programme. */
#define REGIA_PROGRAMME_SOUND_CAPS                                                                           \
  "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved,channel-mask=(bitmask)0x3"

/** RegiaProgrammeSound: a mix of sources' sound for each language, in the programme's pipeline. A part of
 * RegiaProgramme; main thread. */
typedef struct _RegiaProgrammeSound RegiaProgrammeSound;

/** regia_programme_sound_new: @config, @bin and @wait outlive it. */
RegiaProgrammeSound *regia_programme_sound_new (const RegiaConfigValues *config, GstBin *bin,
                                                RegiaMixWait *wait);
void regia_programme_sound_free (RegiaProgrammeSound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaProgrammeSound, regia_programme_sound_free)

/** regia_programme_sound_add_language: one after the other, from @index 0. @ret_tee: see regia_mix_new(),
 * errors too, and those of regia_limiter_new(). */
gboolean regia_programme_sound_add_language (RegiaProgrammeSound *self, guint index, GstElement **ret_tee,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_programme_sound_add_input: see regia_programme_add_sound(). */
GstAppSrc *regia_programme_sound_add_input (RegiaProgrammeSound *self, guint index, gint64 queue_ns,
                                            RegiaFader **ret_fader);
/** regia_programme_sound_remove_input: see regia_programme_remove_sound(). */
void regia_programme_sound_remove_input (RegiaProgrammeSound *self, guint index, GstAppSrc *input,
                                         RegiaFader *fader);
/** regia_programme_sound_set_tone: in all languages, see regia_tone_set(). */
void regia_programme_sound_set_tone (RegiaProgrammeSound *self, gboolean on);
/** regia_programme_sound_set_start: see regia_mix_set_start(). */
void regia_programme_sound_set_start (RegiaProgrammeSound *self, gint64 start_ns);
/** regia_programme_sound_get_meter: (transfer none): of the mix of language @index. */
RegiaMeter *regia_programme_sound_get_meter (RegiaProgrammeSound *self, guint index);
/** regia_programme_sound_get_levelled_db: by how much the mix of language @index is made louder by itself
 * just now, dB; 0 where nobody asked for that. */
double regia_programme_sound_get_levelled_db (RegiaProgrammeSound *self, guint index);
