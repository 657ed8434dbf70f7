/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/gateway/reply.h"
#include "regia/gateway/wire.h"

struct _RegiaWire {
  GIOStream parent;
  int fd;
  RegiaReadiness ready; /* set by the poller */
  RegiaPeer peer;
  const RegiaWireOwner *owner;
  GInputStream *input;   /* (owned) */
  GOutputStream *output; /* (owned) */

  RegiaWirePhase phase;
  gint64 deadline_us;   /* of the present phase */
  gint64 idle_since_us; /* in REGIA_WIRE_IDLE */
  int unsent; /* bytes the client had not taken when the deadline was moved last; −1: not looked yet */

  char *in; /* (owned) */
  gsize in_length, in_room, scanned;
  gsize head_bytes; /* of the request being answered, at the start of `in` */
  RegiaRequest request;
  guint requests;

  char *held; /* (owned) (nullable): head of an answer, waiting for company or for room */
  gsize held_length, held_sent;
  GBytes *body; /* (owned) (nullable): of our own answer */
  gsize body_sent;

  gboolean refused; /* the answer is a refusal */
  gboolean closing; /* our own answer is the last */
  gboolean ended;   /* nothing more is read */
  GSource *again;   /* (owned) (nullable): goes on at the loop's next turn */

  /* The library's part. */
  gboolean attached; /* it has the wire */
  gboolean lent;     /* and answers the present request */
  gboolean farewell; /* which is not a request but the way to end it */
  gboolean hold_next;
  const char *show; /* what it has yet to read of the fixed head */
};

/* wire.c, for the doors. */
gssize regia_wire_read (RegiaWire *self, void *buffer, gsize count, GError **error);
gssize regia_wire_write (RegiaWire *self, const void *buffer, gsize count, GError **error);
/** regia_wire_wait: the library has nothing left to write and waits for the next request. */
void regia_wire_wait (RegiaWire *self);

/* doors.c: (transfer full). A door knows its wire until it is detached. */
GInputStream *regia_wire_input_new (RegiaWire *wire);
GOutputStream *regia_wire_output_new (RegiaWire *wire);
void regia_wire_input_detach (GInputStream *door);
void regia_wire_output_detach (GOutputStream *door);
