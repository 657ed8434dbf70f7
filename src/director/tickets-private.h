/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * RegiaTickets: one-time tokens: what lets one in who has seen the terminal that it was written on. Each is
 * good once, for a quarter of an hour, and no restart is survived: they are in no file, and here by their
 * SHA-256 alone. Times are of the monotonic clock. Main context.
 */
typedef struct _RegiaTickets RegiaTickets;

#define REGIA_TICKET_S (15 * 60)
/** As many are good at a time; with one more the oldest is not. */
#define REGIA_TICKETS_MAX 16

RegiaTickets *regia_tickets_new (void);
void regia_tickets_free (RegiaTickets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaTickets, regia_tickets_free)

/** regia_tickets_make: (transfer full): a new token. */
char *regia_tickets_make (RegiaTickets *self, gint64 now_us);
/** regia_tickets_use: whether @token, whatever that is, was good; it is not any more. */
gboolean regia_tickets_use (RegiaTickets *self, const char *token, gint64 now_us);
