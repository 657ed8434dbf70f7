/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "wire-private.h"

struct _RegiaWire {
  GIOStream parent;
  int fd;
  RegiaStream *stream;  /* (owned) (nullable): closed */
  RegiaReadiness ready; /* set by the poller */
  RegiaGuest guest;
  gboolean from_proxy;
  RegiaPeer peer, client; /* the far end; whom the present request comes from */
  gboolean is_counted;    /* the request, under the client's address: it came through a proxy */
  const RegiaWireOwner *owner;

  RegiaWirePhase phase;
  gint64 deadline_us; /* of a head, of idling, of lingering */
  gint64 took_us;     /* when the client was last seen to take something */
  guint kernel_bytes; /* that the client had not taken at the last sweep; counted in the budget */
  gboolean was_cut;
  gint64 begun_us;     /* the request's answer */
  guint64 sent;        /* bytes of the answer, by the lane */
  gboolean is_bounded; /* what the kernel may hold for it: little */
  gboolean is_wide;    /* much */

  char *in; /* (owned) */
  gsize in_length, in_room, scanned;
  gsize head_bytes; /* of the request being answered, at the start of `in` */
  RegiaRequest request;
  guint requests;

  RegiaLane lane;
  gboolean is_waiting; /* for a disk thread, which holds a reference and may look at lane and request */

  GInputStream *input;   /* (owned) */
  GOutputStream *output; /* (owned) */
  gboolean is_shown;     /* the library has this wire and has not closed it */
  gboolean is_librarys;  /* the request being answered */
  char *show;            /* (owned) (nullable): what the library has yet to read of its request's head */
  gsize show_sent;
  guint64 body_left;       /* of the request, for the library to read */
  gint64 body_deadline_us; /* for it to have arrived */
  gboolean is_last_shown;  /* the request being answered is our own */
};

/* wire.c, for wire-library.c and wire-refusal.c. */

#define REGIA_WIRE_COUNT(self, field, n)                                                                     \
  __atomic_store_n (&(self)->owner->stats->field, (self)->owner->stats->field + (n), __ATOMIC_RELAXED)

/** regia_wire_finish_answer: the answer is complete; the next head may be looked at. */
void regia_wire_finish_answer (RegiaWire *self);
/** regia_wire_end: closes the connection, or lingers when the client has said more than was read. */
void regia_wire_end (RegiaWire *self);
/** regia_wire_linger: nothing more is written; gives the client time to read what was. */
void regia_wire_linger (RegiaWire *self);
/** regia_wire_count_sent: the client took so many bytes. */
void regia_wire_count_sent (RegiaWire *self, gsize bytes);

/* wire-refusal.c. */

/** regia_wire_refuse: says why, and lingers. */
void regia_wire_refuse (RegiaWire *self, const RegiaRefusal *refusal);
/** regia_wire_redirect: sends the present request on to https, and lingers. */
void regia_wire_redirect (RegiaWire *self);

/* wire-library.c. */

/** regia_wire_show_request: the library is to answer the present request. FALSE: it does not take it. */
gboolean regia_wire_show_request (RegiaWire *self);
/** regia_wire_show_last: the connection is over: has the library close its end by the book. */
void regia_wire_show_last (RegiaWire *self);
/* Reading and writing as the streams do. */
gssize regia_wire_read (RegiaWire *self, void *buffer, gsize count, GError **error);
gssize regia_wire_write (RegiaWire *self, const void *buffer, gsize count, GError **error);
gboolean regia_wire_is_readable (RegiaWire *self);
gboolean regia_wire_is_writable (RegiaWire *self);

/* wire-streams.c: (transfer full). A stream knows its wire until it is detached. */
GInputStream *regia_wire_input_new (RegiaWire *wire);
GOutputStream *regia_wire_output_new (RegiaWire *wire);
void regia_wire_input_detach (GInputStream *stream);
void regia_wire_output_detach (GOutputStream *stream);
