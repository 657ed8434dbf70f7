/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaHanded: what the children are given open, so that each of them comes back whatever becomes of the
 * state folder. Owned by the director, open until it ends.
 */
typedef struct {
  GBytes *event; /* (owned): the text of the event file, with that of its hall */
  int ingest[2]; /* (owned): the ends of a pair of sockets by which the engine hands others to the listener:
                      see engine/ingest.c. What lies in it outlives both */
} RegiaHanded;

/** Which end of it; index + 1. */
typedef enum { REGIA_HANDED_ENGINE = 1, REGIA_HANDED_LISTENER = 2 } RegiaHandedEnd;

#define REGIA_HANDED_INIT ((RegiaHanded){NULL, {-1, -1}})

/** regia_handed_open:
 * @event: (transfer full): the merged text of the event file; whatever happens to its files during the event,
 * a restarted director means the same show
 */
void regia_handed_open (RegiaHanded *self, char *event);
void regia_handed_close (RegiaHanded *self);

/** regia_handed_seal: a file in memory that holds @bytes and can be changed by nobody any more. Returns: a
 * descriptor, or −1. Errors: G_IO_ERROR. */
int regia_handed_seal (const char *name, GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
