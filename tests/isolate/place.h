/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "regia/isolate/isolate.h"

/** Who is shut in: exactly as the process is. */
typedef enum {
  GATEWAY = 1 << 0, /* a recordings folder, open; nothing else */
  RELAY = 1 << 1,   /* it connects */
} Role;

/** A recording, what lies outside, and another process: all that a process taken over could want. Made anew
 * for each call that is tried. */
typedef struct {
  char *folder;     /* (owned) */
  char *recordings; /* (owned) */
  char *session;    /* (owned) its one session's folder */
  char *recording;  /* (owned) a file in it */
  char *keys;       /* (owned) where the keys of relays lie */
  char *outside;    /* (owned) a file that nobody was given */
  char *socket;     /* (owned) a listening path socket */
  int recordings_fd, session_fd, recording_fd;
  int socket_fd, listen_fd, port; /* the path socket's; a TCP socket of the loopback that listens */
  int victim;                     /* a process that waits */
} Place;

void place_make (Place *self);
void place_clear (Place *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

/** Shuts the process in as @role is. */
void place_shut_in (const Place *self, Role role, RegiaIsolated *ret_done);

/** Runs @func in a process of its own, shut in as @role is (0: not at all). Returns: what it returned (an
 * errno, 0 for success; at most 255); EKEYREJECTED when the process was killed by a signal. */
int place_run (const Place *self, Role role, int (*func) (const Place *));
