/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console-private.h"
#include "director.h"
#include "regia/feed/link.h"
#include "server-private.h"

/** Of the programme in segments. */
#define CONSOLE_HOUSE_SEGMENT_MS 2000
#define CONSOLE_HOUSE_IDLE_US    (2 * G_USEC_PER_SEC)

/** ConsoleHouse: a console's server with a director of the test's; a fixture of GLib's. */
typedef struct {
  Director *director;
  RegiaConsoleSite site;
  RegiaFeedLink *link; /* (owned): its way to the feed, which leads nowhere yet */
  RegiaServer *server;
  guint port;
} ConsoleHouse;

/** @data: (nullable): trusted proxies; %NULL: 127.0.0.1 */
void console_house_set_up (ConsoleHouse *self, gconstpointer data);
void console_house_tear_down (ConsoleHouse *self, gconstpointer data);
