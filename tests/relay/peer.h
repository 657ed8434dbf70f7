/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** Peer: a real far end on the loopback: nginx with its RTMP module, or srt-live-transmit. */
typedef struct {
  GSubprocess *process; /* (owned) */
  char *folder;         /* (owned) where it writes */
  guint16 port;
  GSocket *
      judge; /* (owned) (nullable) asked by nginx whether a stream may come in; says yes to the name "good" */
  GThread *judge_thread;
} Peer;

/** A port that was free a moment ago. */
guint16 peer_free_port (GSocketType type);

/** peer_new_nginx: applications: `live` records whatever comes; `guarded` asks the judge. */
Peer *peer_new_nginx (const char *folder, guint16 port);
/** peer_new_srt: writes what comes into FOLDER/srt.ts. */
Peer *peer_new_srt (const char *folder, guint16 port, const char *passphrase);
/** peer_signal: to the process. */
void peer_signal (Peer *self, int number);
/** peer_recordings: (transfer full) (element-type utf8): files it has written, oldest first. */
GPtrArray *peer_recordings (Peer *self);
/** peer_stop: asks it to end, waits; its files are complete after this. */
void peer_stop (Peer *self);
void peer_free (Peer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peer, peer_free)
