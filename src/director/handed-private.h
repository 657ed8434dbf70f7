/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaHanded: what the children are given open, so that each of them comes back whatever becomes of the
 * state folder. Owned by the director, open until it ends.
 */
typedef struct {
  GBytes *event;   /* (owned): the text of the event file, with that of its hall */
  int feed_fd;     /* the feed's listening socket: who waits for an engine waits here */
  int feed_name;   /* O_PATH: what readers connect to */
  char *feed_path; /* (owned) (nullable): the name that `regia tap` finds it by */
} RegiaHanded;

#define REGIA_HANDED_INIT ((RegiaHanded){.feed_fd = -1, .feed_name = -1})

/** regia_handed_open:
 * @event: (transfer full): the merged text of the event file; whatever happens to its files during the event,
 * a restarted director means the same show
 * @run_dir: where the feed's socket is made; elsewhere, without a name, when that cannot be written to
 *
 * Blocks. Errors: G_FILE_ERROR, G_IO_ERROR. */
gboolean regia_handed_open (RegiaHanded *self, char *event, const char *run_dir,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_handed_close (RegiaHanded *self);

/** regia_handed_seal: a file in memory that holds @bytes and can be changed by nobody any more. Returns: a
 * descriptor, or −1. Errors: G_IO_ERROR. */
int regia_handed_seal (const char *name, GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
