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
