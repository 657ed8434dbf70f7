/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/** Names that director, children and command line agree on. */
#define REGIA_FEED_SOCKET    "feed.sock"    /* in the run folder */
#define REGIA_CONTROL_SOCKET "control.sock" /* in the run folder */

/** What a reader connects to, whatever becomes of the socket's own name: REGIA_CHILD_FEED_FD. */
#define REGIA_FEED_NAME "/proc/self/fd/6"

#define REGIA_PROCESS_OBJECT "/org/regia/Process" /* exported by each child */
#define REGIA_SHOW_OBJECT    "/org/regia/Show"    /* exported by the director */
