/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaArena: memory that can be sent by sendfile: one file without a name, mapped, in which the bodies that
 * thousands ask for lie. The kernel then hands out its pages instead of copying them for each viewer.
 *
 * The file is made before the process is isolated, which cannot make one afterwards. Any thread; one lock, a
 * leaf.
 */
typedef struct _RegiaArena RegiaArena;

/** regia_arena_new: @bytes: room, which costs nothing until it is used. Errors: G_IO_ERROR. */
RegiaArena *regia_arena_new (gsize bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
RegiaArena *regia_arena_ref (RegiaArena *self);
void regia_arena_unref (RegiaArena *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaArena, regia_arena_unref)

/** regia_arena_keep: (transfer full): @bytes, copied into the arena; itself when there is no room, or when it
 * is so small that copying is cheaper. */
GBytes *regia_arena_keep (RegiaArena *self, GBytes *bytes);

/** regia_arena_find: where @bytes lies in the arena's file. Returns: the file (transfer none), −1 when it
 * does not lie there. */
int regia_arena_find (RegiaArena *self, GBytes *bytes, guint64 *ret_offset);
