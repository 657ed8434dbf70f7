/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libsoup/soup.h>

#include "console-events-private.h"
#include "console-private.h"

/** RegiaConsoleStreams: whoever follows the events of a worker's console. In the worker's context. */
typedef struct _RegiaConsoleStreams RegiaConsoleStreams;

/** So many at once. */
#define REGIA_CONSOLE_STREAMS 50

/** regia_console_streams_new: in the thread's default main context; both outlive it. */
RegiaConsoleStreams *regia_console_streams_new (RegiaConsoleEvents *events, RegiaConsoleAsk *ask);
/** regia_console_streams_free: whoever is still there hears nothing more. */
void regia_console_streams_free (RegiaConsoleStreams *self);

/**
 * regia_console_streams_add: @message is answered by events from now on, for as long as the session of @token
 * may observe. @message is paused.
 * @last_id: (nullable): Last-Event-ID
 */
void regia_console_streams_add (RegiaConsoleStreams *self, SoupServerMessage *message, const char *token,
                                const char *last_id);
/** regia_console_streams_have_room: whether one more may. */
gboolean regia_console_streams_have_room (RegiaConsoleStreams *self);
