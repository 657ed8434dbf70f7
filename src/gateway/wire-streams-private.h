/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "wire-private.h"

struct _RegiaWire {
  GIOStream parent;
  int fd;
  RegiaReadiness ready; /* set by the poller */
  RegiaGuest guest;
  gboolean from_proxy;
  RegiaPeer peer, client; /* the far end; whom the present request comes from */
  gboolean is_counted;    /* the request, under the client's address: it came through a proxy */
  gboolean has_too_many;
  const RegiaWireOwner *owner;
  GInputStream *input;   /* (owned) */
  GOutputStream *output; /* (owned) */

  RegiaWirePhase phase;
  gint64 deadline_us; /* of the present phase */
  int unsent; /* bytes the client had not taken when the deadline was moved last; −1: not looked yet */

  char *in; /* (owned) */
  gsize in_length, in_room, scanned;
  gsize head_bytes; /* of the request being answered, at the start of `in` */
  RegiaRequest request;
  guint requests;
  const char *show; /* what the library has yet to read of the fixed head */

  char *held; /* (owned) (nullable): start of an answer */
  gsize held_length, held_sent;
  gboolean hold_next, refused, cut;
  gboolean last_request; /* the request being answered is our own */
};

/* wire.c, for the streams: reading and writing as the streams do. */
gssize regia_wire_read (RegiaWire *self, void *buffer, gsize count, GError **error);
gssize regia_wire_write (RegiaWire *self, const void *buffer, gsize count, GError **error);
/** regia_wire_has_buffered: whether a read would find something without the socket. */
gboolean regia_wire_has_buffered (RegiaWire *self);

/* wire-streams.c: (transfer full). A stream knows its wire until it is detached. */
GInputStream *regia_wire_input_new (RegiaWire *wire);
GOutputStream *regia_wire_output_new (RegiaWire *wire);
void regia_wire_input_detach (GInputStream *stream);
void regia_wire_output_detach (GOutputStream *stream);
