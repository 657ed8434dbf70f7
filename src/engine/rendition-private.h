/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encoding-private.h"
#include "regia/config/config.h"

/** regia_rendition_caps: (transfer full): the format of the programme's pictures, without their rate. */
char *regia_rendition_caps (const RegiaConfigValues *config);
/**
 * regia_rendition_spec: @ret_spec: (out): how @rendition of @config is encoded, to be given to
 * regia_encoder_spec_clear(). Its track has the id 0; its encoder is as written, also when that is "auto".
 * Any thread.
 */
void regia_rendition_spec (const RegiaConfigValues *config, const RegiaConfigRendition *rendition,
                           RegiaEncoderSpec *ret_spec);
/** regia_rendition_sound_specs: @ret_specs: (out): how the sound of a language is encoded, as AAC and as
 * Opus, likewise. Any thread. */
void regia_rendition_sound_specs (const RegiaConfigAudio *audio, RegiaEncoderSpec ret_specs[2]);
/**
 * regia_rendition_iso_specs:
 * @chosen: (nullable): encode file for encoder = auto
 * @ret_specs: (out): how the picture and the sound of an isolated @source are encoded, where they have to be:
 * the picture as the first rendition, which is the one that is recorded. To be given to
 * regia_encoder_spec_clear(); their tracks have the id 0.
 */
void regia_rendition_iso_specs (const RegiaConfigValues *config, const char *source, const char *chosen,
                                RegiaEncoderSpec ret_specs[2]);
