/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libsoup/soup.h>

#include "console-events-private.h"
#include "console-feed-private.h"
#include "console-private.h"

/**
 * RegiaConsoleSockets: the pages that follow the console over a WebSocket (RFC 6455) each: events, meters and
 * previews on one connection, which a browser does not count among its six. In the worker's context.
 *
 * To the page:
 *
 *   text that begins with `id:`   events as in /api/v1/events, one or several
 *   text that begins with `{`     the newest of the track `meters`, as it is in the feed
 *   binary                        a preview: a byte, so many bytes of name, show time in ms (u64, the highest
 *                                 byte first), JPEG
 *
 * From the page, each a JSON object with any of:
 *
 *   "last": "…"            only in the first: the id of the last event that it has seen
 *   "previews": ["…", …]   the names whose previews it shows; those before are forgotten
 *   "meters": true         it shows meters
 *   "ack": n               so many more messages have been taken
 *
 * Nothing is sent before the page's first message. At most %REGIA_CONSOLE_SOCKET_AHEAD messages are on their
 * way to a page; what is newer waits, and what is newer still takes its place: a slow page costs no memory.
 */
typedef struct _RegiaConsoleSockets RegiaConsoleSockets;

/** So many pages at once. */
#define REGIA_CONSOLE_SOCKETS      30
#define REGIA_CONSOLE_SOCKET_AHEAD 16
/** So many previews of one page, and of all. */
#define REGIA_CONSOLE_SOCKET_PREVIEWS 64

/** What a page says. */
typedef struct {
  char *last;      /* (owned) (nullable) */
  char **previews; /* (owned) (nullable): %NULL: it says nothing of them */
  int meters;      /* −1: it says nothing of them */
  guint ack;
} RegiaConsoleWish;

void regia_console_wish_clear (RegiaConsoleWish *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaConsoleWish, regia_console_wish_clear)
/** regia_console_wish_read: Pure. Errors: REGIA_ERROR_USAGE, for who writes pages. */
gboolean regia_console_wish_read (const char *json, gsize length, RegiaConsoleWish *ret_wish,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_console_sockets_new: in the thread's default main context; all three outlive it. */
RegiaConsoleSockets *regia_console_sockets_new (RegiaConsoleEvents *events, RegiaConsoleFeed *feed,
                                                RegiaConsoleAsk *ask);
/** regia_console_sockets_free: whoever is still there hears nothing more. */
void regia_console_sockets_free (RegiaConsoleSockets *self);
/** regia_console_sockets_have_room: whether one more may. */
gboolean regia_console_sockets_have_room (RegiaConsoleSockets *self);
/**
 * regia_console_sockets_add: @message, which asks for a WebSocket, gets one, for as long as the session of
 * @token may observe.
 * Returns: %FALSE: it does not ask for one by the book, and is still to be answered.
 */
gboolean regia_console_sockets_add (RegiaConsoleSockets *self, SoupServerMessage *message,
                                    const char *token) G_GNUC_WARN_UNUSED_RESULT;
