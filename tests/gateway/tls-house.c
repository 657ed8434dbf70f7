/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tls-house.h"

#include <string.h>
#include <unistd.h>

void
house_open_with (House *self, RegiaServerOptions *options, guint frame_bytes, const char *folder)
{
  g_autoptr (RegiaTls) tls = NULL;

  *self = (House){.slot = regia_tls_slot_new ()};
  pair_make (&self->pair, -DAY, 30 * DAY);
  tls = pair_tls (&self->pair);
  regia_tls_slot_set (self->slot, tls);
  self->context = pair_client (&self->pair, 0);
  options->tls = self->slot;
  fixture_start (&self->fixture, options, frame_bytes, folder);
}

void
house_open (House *self)
{
  RegiaServerOptions options = fixture_options ();

  house_open_with (self, &options, 100, NULL);
}

void
house_close (House *self)
{
  fixture_stop (&self->fixture);
  regia_tls_slot_free (self->slot);
  SSL_CTX_free (self->context);
  pair_clear (&self->pair);
}

SSL *
tls_connect (House *self, SSL_CTX *context)
{
  SSL *ssl = SSL_new (context);

  SSL_set_fd (ssl, client_connect (self->fixture.port, 0));
  SSL_set1_host (ssl, "localhost");
  if (SSL_connect (ssl) != 1)
    g_error ("no handshake");
  return ssl;
}

SSL *
tls_connect_slow (House *self)
{
  SSL *ssl = SSL_new (self->context);

  SSL_set_fd (ssl, client_connect (self->fixture.port, 16384));
  g_assert_cmpint (SSL_connect (ssl), ==, 1);
  return ssl;
}

void
tls_hang_up (SSL *ssl)
{
  close (SSL_get_fd (ssl));
  SSL_free (ssl);
}

void
tls_send (SSL *ssl, const char *text)
{
  g_assert_cmpint (SSL_write (ssl, text, (int)strlen (text)), ==, (int)strlen (text));
}

void
tls_receive (SSL *ssl, gboolean no_body, ClientAnswer *ret_answer)
{
  g_autoptr (GString) head = g_string_new (NULL);
  g_autofree char *length_text = NULL;
  guint64 length;
  char byte;

  client_answer_clear (ret_answer);
  *ret_answer = (ClientAnswer){.body = g_byte_array_new ()};
  while (!g_str_has_suffix (head->str, "\r\n\r\n") && SSL_read (ssl, &byte, 1) == 1)
    g_string_append_c (head, byte);
  ret_answer->head = g_strdup (head->str);
  if (!g_str_has_suffix (head->str, "\r\n\r\n"))
    return;
  ret_answer->status = (guint)g_ascii_strtoull (head->str + 9, NULL, 10);
  length_text = client_field (ret_answer, "Content-Length");
  length = length_text != NULL && !no_body ? g_ascii_strtoull (length_text, NULL, 10) : 0;
  while (ret_answer->body->len < length) {
    guint8 piece[65536];
    int n = SSL_read (ssl, piece, (int)MIN (sizeof piece, length - ret_answer->body->len));

    if (n <= 0)
      return;
    g_byte_array_append (ret_answer->body, piece, (guint)n);
  }
}

guint
tls_ask (SSL *ssl, const char *request, ClientAnswer *ret_answer)
{
  tls_send (ssl, request);
  tls_receive (ssl, g_str_has_prefix (request, "HEAD"), ret_answer);
  return ret_answer->status;
}

void
tls_expect_end (SSL *ssl)
{
  char byte;
  int n = SSL_read (ssl, &byte, 1);

  g_assert_cmpint (SSL_get_error (ssl, n), ==, SSL_ERROR_ZERO_RETURN);
}
