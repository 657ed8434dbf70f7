/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaConsoleEvents: the last changes of the status and the last entries of the audit, numbered, as
 * text/event-stream has them (WHATWG HTML, "Server-sent events"). The main thread posts, the worker reads;
 * one lock, a leaf.
 *
 * `status` has in short how everything is, complete each time, so that who missed some needs the newest only;
 * `alarm` is a warning that was not there before; `audit` is a line of audit.jsonl: who did what and when.
 *
 * An id is `RUN-NUMBER-PLACE`, as `a1b2c3d4-17-4096`: this process, the event's number in it, and where in
 * audit.jsonl the newest line ended that was told up to then. By the last of them another process goes on
 * with the audit after this one has died.
 */
typedef struct _RegiaConsoleEvents RegiaConsoleEvents;

/** So many are kept for who comes back. */
#define REGIA_CONSOLE_EVENTS_KEPT 256

RegiaConsoleEvents *regia_console_events_new (void);
void regia_console_events_free (RegiaConsoleEvents *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConsoleEvents, regia_console_events_free)

/** regia_console_events_post: @status, a{sv} as of GetStatus, is how it is now; nothing happens where it is
 * as before. */
void regia_console_events_post (RegiaConsoleEvents *self, GVariant *status);
/** regia_console_events_post_audit: @lines, a(ts): the last lines of the audit and where each ends, the
 * oldest first; those that were posted before are passed over. */
void regia_console_events_post_audit (RegiaConsoleEvents *self, GVariant *lines);
/** regia_console_events_begin: the number of the first event for one who has seen that with the id @last
 * (nullable, whatever it is): the next one. Of another process' id: whatever of the audit was not there then,
 * and the newest `status`. Else that. What is kept no more is passed over. */
guint64 regia_console_events_begin (RegiaConsoleEvents *self, const char *last);
/** regia_console_events_read: (transfer full) (nullable): all events from @number on as text, which is then
 * past them; %NULL where there is none yet. */
char *regia_console_events_read (RegiaConsoleEvents *self, guint64 *number);
/** regia_console_events_set_waker: @source, of whatever context, is made ready when something new has come;
 * %NULL before it is gone. */
void regia_console_events_set_waker (RegiaConsoleEvents *self, GSource *source);
