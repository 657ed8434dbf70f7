/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "control-private.h"

typedef struct _RegiaDirector RegiaDirector;

/** RegiaAiring: what is rehearsed is about to go on the air. The director's; main context only. */
typedef struct _RegiaAiring RegiaAiring;

/**
 * regia_airing_start: puts what is rehearsed on the air.
 * @name: its id, its file, or the file's name; @again: although it was ended
 * @done: (nullable): called once: it is persisted and in effect, with the answer of Show1.Start; or why not
 *
 * Returns: %FALSE where nothing is rehearsed, or it is just being put away; then nothing was done.
 */
gboolean regia_airing_start (RegiaDirector *director, const char *name, gboolean again, const char *who,
                             RegiaControlCommandedFunc done, gpointer data);
/** regia_airing_cancel: what has not begun yet does not begin: it goes on as a rehearsal, and is refused in
 * words. */
void regia_airing_cancel (RegiaDirector *director, const char *why);
/** regia_airing_is_saving: the show says that it is on the air, and that is not in effect yet. */
gboolean regia_airing_is_saving (RegiaDirector *director);
