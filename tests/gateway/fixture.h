/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "router-private.h"
#include "server-private.h"

/** Fixture: a whole gateway without a director: a window filled with made-up media, a recordings folder, a
 * server on a free port. */
typedef struct {
  RegiaArena *arena;
  RegiaHlsWindow *window;
  RegiaSite site;
  RegiaServer *server;
  char *folder; /* (nullable): the recordings folder */
  int folder_fd;
  guint port;
  guint64 last_msn; /* newest segment of the window */
} Fixture;

/** The address of 48 KiB that lie ready in memory and in no file, as a page's script does. */
#define FIXTURE_READY "/assets/ready.txt"

/** fixture_limits: the defaults, for a test to shorten. */
RegiaServerOptions fixture_options (void);

/**
 * fixture_start:
 * @frame_bytes: size of each of the 50 pictures of a segment
 * @folder: (nullable): recordings
 */
void fixture_start (Fixture *self, const RegiaServerOptions *options, guint frame_bytes, const char *folder);
/** fixture_start_show: small pictures and no recordings, and @show in every media address. */
void fixture_start_show (Fixture *self, const RegiaServerOptions *options, const char *show);
/** fixture_prepare: everything but the threads: clients can connect and wait. */
void fixture_prepare (Fixture *self, const RegiaServerOptions *options, guint frame_bytes,
                      const char *folder);
/** fixture_stop: gives answers on their way a second. */
void fixture_stop (Fixture *self);

/** fixture_resident_bytes: what this process has in memory, its server included. */
guint64 fixture_resident_bytes (void);
/** fixture_assert_grown_less: freed memory is really given back or used again; address sanitizer keeps it on
 * purpose, and says nothing about that. */
void fixture_assert_grown_less (guint64 before, guint64 limit);
