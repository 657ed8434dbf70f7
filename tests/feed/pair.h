/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/socket.h>

#include "regia/feed/link.h"
#include "regia/feed/server.h"

/** pair_open: what the director does: a socket pair for a reader, one end to the engine. Returns: the
 * reader's. */
static inline int
pair_open (RegiaFeedServer *server, const char *name, RegiaFeedRights rights)
{
  g_autoptr (GError) error = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  regia_feed_server_add_reader (server, ends[0], name, rights, &error);
  g_assert_no_error (error);
  return ends[1];
}

/** pair_hand: … and the other end to the reader. */
static inline void
pair_hand (RegiaFeedServer *server, RegiaFeedLink *link, const char *name, RegiaFeedRights rights)
{
  regia_feed_link_use (link, pair_open (server, name, rights));
}
