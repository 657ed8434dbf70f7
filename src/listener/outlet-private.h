/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaOutlet: what a source of the engine gets of its sender, over a socket that the engine made: lines of
 * words as long as nobody sends ("#waits for …\n"), then FLV (Adobe's Video File Format 10.1, annex E): the
 * decoders' settings first, the picture from a keyframe on. When the sender is gone the socket is closed, and
 * the engine makes another. It is never waited for: one that does not read is closed.
 *
 * Belongs to the default main context of the thread that made it.
 */
typedef struct _RegiaOutlet RegiaOutlet;

RegiaOutlet *regia_outlet_new (void);
void regia_outlet_free (RegiaOutlet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaOutlet, regia_outlet_free)

/** regia_outlet_use: @fd (transfer full): the engine's newest socket; one before it is closed. */
void regia_outlet_use (RegiaOutlet *self, int fd);

/** regia_outlet_say: @words: what is waited for, or why nobody was let in; one line, shown to those who work
 * here. Said to every socket that is still without FLV. */
void regia_outlet_say (RegiaOutlet *self, const char *words);

/** regia_outlet_send: the body of an FLV tag of the sender's: @type 9 (picture) or 8 (sound). */
void regia_outlet_send (RegiaOutlet *self, guint8 type, guint32 time_ms, const guint8 *data, gsize size);

/** regia_outlet_end: the sender is gone. */
void regia_outlet_end (RegiaOutlet *self);
