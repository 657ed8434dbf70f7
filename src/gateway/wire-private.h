/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "connections-private.h"
#include "disk-private.h"
#include "lane-private.h"
#include "limits-private.h"
#include "poller-private.h"
#include "regia/tls/tls.h"
#include "request-private.h"

/**
 * RegiaWire: the guard of one accepted connection. It collects a head, has it judged by
 * regia_request_parse(), and then either answers it itself, by the lane (what lies ready: no library, no
 * thread, no copy), or shows it to the HTTP library in canonical form. What strangers write never reaches the
 * library's parsers. Refusals are written from here and the connection is closed behind them.
 *
 * To the library it is a GIOStream with pollable, non-blocking ends. All functions belong to the worker's
 * thread.
 */
#define REGIA_TYPE_WIRE (regia_wire_get_type ())
G_DECLARE_FINAL_TYPE (RegiaWire, regia_wire, REGIA, WIRE, GIOStream)

typedef enum {
  REGIA_WIRE_HANDSHAKE, /* of TLS: nothing is agreed yet */
  REGIA_WIRE_IDLE,      /* waits for a request's first byte */
  REGIA_WIRE_HEAD,      /* a head is arriving */
  REGIA_WIRE_ANSWER,    /* a request is being answered */
  REGIA_WIRE_LINGER,    /* refused and half closed: waits for the client to have read why */
  REGIA_WIRE_CLOSED,
} RegiaWirePhase;

/** Whose an answer is. */
typedef enum {
  REGIA_ANSWER_READY, /* the lane's, and here it is */
  REGIA_ANSWER_SLOW,  /* the lane's, and it needs the disk: to be asked again on a thread that may wait */
  REGIA_ANSWER_OTHER, /* the library's */
} RegiaAnswer;

/**
 * RegiaAnswerFunc: fills @reply (already initialised) for %REGIA_ANSWER_READY.
 * @may_wait: %FALSE on the worker's thread: nothing may block there; %TRUE when it is asked again on a disk
 * thread, where %REGIA_ANSWER_READY is the only answer
 *
 * Called on several threads at once.
 */
typedef RegiaAnswer (*RegiaAnswerFunc) (const RegiaRequest *request, const RegiaPeer *peer, gboolean may_wait,
                                        RegiaReply *reply, gpointer user_data);

/** Counters of one worker, written by its thread only, read by any (atomically, relaxed). */
typedef struct {
  guint64 requests, refused, bytes_sent, accepted, turned_away, cut;
} RegiaWireStats;

typedef struct {
  /* (transfer none) all workers' */
  const RegiaHosts *hosts;
  const RegiaBodyRule *rules; /* (nullable) */
  const RegiaProxies *proxies;
  const RegiaLimits *limits;
  RegiaConnections *connections;
  RegiaBudget *budget;
  RegiaArena *arena; /* (nullable) */
  RegiaDisk *disk;
  RegiaAnswerFunc answer;
  gpointer answer_data;
  RegiaTlsSlot *tls;   /* (nullable): what new connections take; %NULL: in the clear */
  guint redirect_port; /* every request is sent on to https at this port; 0: it is answered */
  /* (transfer none) the worker's */
  GMainContext *context;
  /* Shows the wire to the library, once; %FALSE: it could not be taken. */
  gboolean (*show) (RegiaWire *wire, gpointer user_data);
  gpointer show_data;
  /* (transfer none) the acceptor's, which fills them in */
  RegiaWireStats *stats;
  RegiaPoller *poller;
  void (*closed) (RegiaWire *wire, gpointer user_data); /* called once */
  gpointer closed_data;
} RegiaWireOwner;

/**
 * regia_wire_new:
 * @fd: (transfer full): a connected, non-blocking socket; stays the caller's when this fails
 * @remote: its far end
 * @tls: (transfer none) (nullable): %NULL: in the clear
 * @owner: must outlive the wire
 * @ret_admission: (out): why it is not let in
 *
 * Returns: (nullable): %NULL when all places are taken.
 */
RegiaWire *regia_wire_new (int fd, const struct sockaddr *remote, RegiaTls *tls, const RegiaWireOwner *owner,
                           RegiaAdmission *ret_admission);

/** regia_wire_get_peer: whom the present request comes from: the far end, or whom a trusted proxy speaks for.
 */
const RegiaPeer *regia_wire_get_peer (RegiaWire *self);
RegiaWirePhase regia_wire_get_phase (RegiaWire *self);

/** regia_wire_sweep: called some times a second: closes the connection when it missed a deadline, ends
 * lingering, and looks at what the client has taken. @now_us: g_get_monotonic_time(). */
void regia_wire_sweep (RegiaWire *self, gint64 now_us);

/** regia_wire_get_stalled_since: since when a client has not taken anything of what it was sent, G_MAXINT64
 * when it is not waited for. As of the last sweep. */
gint64 regia_wire_get_stalled_since (RegiaWire *self);

/** regia_wire_cut: closes it at once, and counts it; what the kernel holds for it is dropped. */
void regia_wire_cut (RegiaWire *self);
