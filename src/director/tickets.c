/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tickets-private.h"

#include "sessions-private.h"

typedef struct {
  char *digest; /* (owned) */
  gint64 until_us;
} Ticket;

struct _RegiaTickets {
  GPtrArray *tickets; /* (owned) (element-type Ticket): the oldest first */
};

static void
ticket_free (Ticket *ticket)
{
  g_free (ticket->digest);
  g_free (ticket);
}

RegiaTickets *
regia_tickets_new (void)
{
  RegiaTickets *self = g_new0 (RegiaTickets, 1);

  self->tickets = g_ptr_array_new_with_free_func ((GDestroyNotify)ticket_free);
  return self;
}

void
regia_tickets_free (RegiaTickets *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->tickets);
  g_free (self);
}

char *
regia_tickets_make (RegiaTickets *self, gint64 now_us)
{
  char *token = regia_token_new ();
  Ticket *ticket = g_new (Ticket, 1);

  *ticket = (Ticket){regia_token_digest (token), now_us + REGIA_TICKET_S * G_USEC_PER_SEC};
  if (self->tickets->len >= REGIA_TICKETS_MAX)
    g_ptr_array_remove_index (self->tickets, 0);
  g_ptr_array_add (self->tickets, ticket);
  return token;
}

/* Compared by digest, so the time that takes says nothing about a token that is good. */
gboolean
regia_tickets_use (RegiaTickets *self, const char *token, gint64 now_us)
{
  g_autofree char *digest = regia_token_digest (token);

  for (guint i = 0; i < self->tickets->len && digest != NULL; i++) {
    const Ticket *ticket = g_ptr_array_index (self->tickets, i);
    gboolean in_time = now_us < ticket->until_us;

    if (!g_str_equal (ticket->digest, digest))
      continue;
    g_ptr_array_remove_index (self->tickets, i);
    return in_time;
  }
  return FALSE;
}
