/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "programme-private.h"

/**
 * RegiaLook: what is written over and under the picture: caption, logo, and the slates of the event's own
 * text. It draws them, on a thread of its own, so that neither letters nor a slow disk hold up the programme,
 * and hands them to the programme's overlay and inputs. Main thread.
 */
typedef struct _RegiaLook RegiaLook;

/** regia_look_new: makes the inputs of the slates, so before the programme starts. @config and @programme
 * outlive it; @epoch is copied. */
RegiaLook *regia_look_new (const RegiaConfigValues *config, const RegiaEpoch *epoch,
                           RegiaProgramme *programme);
/** Waits for what is being drawn. */
void regia_look_free (RegiaLook *self);

/** regia_look_start: begins to draw; after the programme has started. */
void regia_look_start (RegiaLook *self);

/** regia_look_set_caption: what the caption bar says from now on; the same again changes nothing.
 * @name: "" for no caption
 * @at_once: without fading in */
void regia_look_set_caption (RegiaLook *self, const char *name, const char *line, gboolean at_once);

/** regia_look_set_scene: the scene that the programme shows: the logo is over all of them but the slates,
 * which have their own; and the time that is left is drawn while it is seen. */
void regia_look_set_scene (RegiaLook *self, const char *name);

/** regia_look_set_tone: the line-up tone, whatever the scene; with the bars it is there by itself. */
void regia_look_set_tone (RegiaLook *self, gboolean on);
