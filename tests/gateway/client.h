/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** A plain, blocking HTTP client that shows what is on the wire and can misbehave. Every wait has a deadline
 * of 10 s. */

/** client_connect: @receive_buffer: 0 for the system's choice. Returns: a socket. */
int client_connect (guint port, int receive_buffer);
/** client_connect_from: the same from an address of its own, 127.0.0.0/8. */
int client_connect_from (const char *from, guint port, int receive_buffer);
void client_send (int fd, const char *text);

typedef struct {
  guint status;     /* 0: the connection ended before an answer */
  char *head;       /* (owned) status line and fields */
  GByteArray *body; /* (owned) */
} ClientAnswer;

void client_answer_clear (ClientAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ClientAnswer, client_answer_clear)

/** client_receive: one answer; @no_body for HEAD. A connection that ends early leaves the body short. */
void client_receive (int fd, gboolean no_body, ClientAnswer *ret_answer);
/** client_field: (transfer full) (nullable): value of a field of the answer. */
char *client_field (const ClientAnswer *answer, const char *name);
/** client_wait_end: waits for the end of the connection, dropping what comes. Returns: after how many ms, −1
 * after @limit_ms. */
gint64 client_wait_end (int fd, guint limit_ms);
/** client_ask: a whole exchange on a connection of its own. @fields: (nullable): lines with CRLF */
void client_ask (guint port, const char *method, const char *path, const char *fields,
                 ClientAnswer *ret_answer);
/** client_exchange: the same with a body, whose length is told. @body: (nullable). Returns: the status. */
guint client_exchange (guint port, const char *method, const char *path, const char *fields, const char *body,
                       ClientAnswer *ret_answer);
