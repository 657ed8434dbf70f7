/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "arena-private.h"
#include "budget-private.h"
#include "reply-private.h"
#include "stream-private.h"

/**
 * RegiaLane: one answer on its way out: a ready head with a ready body in one writev, or a file's bytes by
 * sendfile. Plain; nothing of it blocks, and what could not be sent at once is kept for the next time.
 */
typedef struct {
  RegiaBudget *budget; /* (unowned) */
  char *head;          /* (owned) (nullable): what of the head was not taken */
  gsize head_length;
  GBytes *body; /* (nullable): held by the budget */
  gsize body_sent;
  int fd;               /* −1, or the file; (owned) unless it is the arena's */
  gboolean is_in_arena; /* the body, which is then sent as a file */
  guint64 offset, left;
  gsize warm;     /* bytes from offset on that are in memory */
  gsize warm_run; /* bytes in a row that were when they were looked for */
} RegiaLane;

typedef enum {
  REGIA_LANE_DONE,
  REGIA_LANE_FULL, /* the socket takes no more now */
  REGIA_LANE_COLD, /* the file's next bytes, regia_lane_piece() of them, have to be read first */
  REGIA_LANE_BROKEN,
} RegiaLaneState;

/**
 * regia_lane_start:
 * @self: zeroed, or cleared
 * @arena: (nullable): where the body may lie
 * @head: (transfer none): the answer's head
 * @reply: (nullable): whose body goes behind it: its file is taken over; %NULL: the head alone
 * @ret_sent: (out): bytes that the client was sent
 *
 * Sends as much as goes.
 */
RegiaLaneState regia_lane_start (RegiaLane *self, RegiaBudget *budget, RegiaArena *arena, RegiaStream *stream,
                                 const char *head, gsize head_length, RegiaReply *reply, gsize *ret_sent);
/** regia_lane_go_on: the socket takes more, or the file's bytes are there. */
RegiaLaneState regia_lane_go_on (RegiaLane *self, RegiaStream *stream, gsize *ret_sent);
/** regia_lane_piece: how many bytes are to be read before the lane goes on. */
gsize regia_lane_piece (const RegiaLane *self);
void regia_lane_set_warm (RegiaLane *self, gsize bytes);
void regia_lane_clear (RegiaLane *self);
