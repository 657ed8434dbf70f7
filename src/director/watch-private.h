/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "control-private.h"
#include "locks-private.h"

/*
 * RegiaWatch: looks every two seconds whether the state folder and the recordings folder are still what their
 * names mean. Main context only.
 */
typedef struct _RegiaWatch RegiaWatch;

typedef struct {
  const char *state_dir, *run_dir, *recordings_dir; /* absolute */
  const char *event_path;                           /* in run_dir: the copy of the event file … */
  GBytes *event;                                    /* … and what is in it */
} RegiaPlaces;

/** Called when the state folder was made anew: new locks are held, the show's state is to be written again.
 */
typedef void (*RegiaWatchMadeFunc) (gpointer user_data);

/** regia_watch_new: @control is served anew when its socket is gone; @locks are exchanged with the folder's.
 * Both outlive it. Has a first look at the recordings folder at once, which may wait for the disk. */
RegiaWatch *regia_watch_new (const RegiaPlaces *places, RegiaControl *control, RegiaLocks *locks,
                             RegiaWatchMadeFunc made, gpointer user_data);
/** Waits for a look that is on its way, within reason. */
void regia_watch_free (RegiaWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaWatch, regia_watch_free)

/** Once a second. */
void regia_watch_tick (RegiaWatch *self);

/** regia_watch_open: opens a recordings folder so that it can be read. Returns: a descriptor, or −1 and
 * @ret_errno. May wait for the disk; any thread. */
int regia_watch_open (const char *recordings_dir, int *ret_errno);
/** regia_watch_move: from now on @places are looked after. @recordings_fd (transfer full), @recordings_errno:
 * as regia_watch_open() gave them. Does not wait. */
void regia_watch_move (RegiaWatch *self, const RegiaPlaces *places, int recordings_fd, int recordings_errno);

/** regia_watch_get_recordings: an open descriptor (unowned) of what the recordings folder's name means now,
 * −1 when it cannot be read. */
int regia_watch_get_recordings (RegiaWatch *self);
/** regia_watch_get_change: counts how often that became something else. */
guint regia_watch_get_change (RegiaWatch *self);

/** regia_watch_warn: adds what is the matter with the folders, in words, to @warnings (element-type utf8,
 * owned). */
void regia_watch_warn (RegiaWatch *self, GPtrArray *warnings);
