/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "programme-private.h"

/**
 * RegiaLook: what is written over the picture: draws it, on a thread of its own, so that neither letters nor
 * a slow disk hold up the programme, and hands it to the programme's overlay. Main thread.
 */
typedef struct _RegiaLook RegiaLook;

/** regia_look_new: @config and @programme outlive it. */
RegiaLook *regia_look_new (const RegiaConfigValues *config, RegiaProgramme *programme);
/** Waits for what is being drawn. */
void regia_look_free (RegiaLook *self);

/** regia_look_set_caption: what the caption bar says from now on; the same again changes nothing.
 * @name: "" for no caption
 * @at_once: without fading in */
void regia_look_set_caption (RegiaLook *self, const char *name, const char *line, gboolean at_once);
