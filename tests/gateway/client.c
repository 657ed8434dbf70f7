/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int
client_connect (guint port, int receive_buffer)
{
  return client_connect_from (NULL, port, receive_buffer);
}

int
client_connect_from (const char *from, guint port, int receive_buffer)
{
  struct sockaddr_in own = {.sin_family = AF_INET};
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons ((guint16)port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
  struct timeval limit = {.tv_sec = 10};
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  if (receive_buffer > 0)
    setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (from != NULL) {
    g_assert_cmpint (inet_pton (AF_INET, from, &own.sin_addr), ==, 1);
    g_assert_cmpint (bind (fd, (struct sockaddr *)&own, sizeof own), ==, 0);
  }
  g_assert_cmpint (connect (fd, (struct sockaddr *)&to, sizeof to), ==, 0);
  return fd;
}

void
client_send (int fd, const char *text)
{
  gsize length = strlen (text);

  while (length > 0) {
    gssize n = send (fd, text, length, MSG_NOSIGNAL);
    if (n < 0)
      return; /* the server has had enough: the answer tells */
    text += n;
    length -= (gsize)n;
  }
}

void
client_answer_clear (ClientAnswer *answer)
{
  g_clear_pointer (&answer->head, g_free);
  g_clear_pointer (&answer->body, g_byte_array_unref);
}

char *
client_field (const ClientAnswer *answer, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (answer->head, "\r\n", -1);
  gsize length = strlen (name);

  for (gsize i = 1; lines[i] != NULL; i++)
    if (g_ascii_strncasecmp (lines[i], name, length) == 0 && lines[i][length] == ':')
      return g_strdup (g_strstrip (lines[i] + length + 1));
  return NULL;
}

void
client_receive (int fd, gboolean no_body, ClientAnswer *ret_answer)
{
  g_autoptr (GString) head = g_string_new (NULL);
  g_autofree char *length_text = NULL;
  guint64 length;
  char byte;

  client_answer_clear (ret_answer);
  ret_answer->status = 0;
  ret_answer->body = g_byte_array_new ();
  /* Byte by byte, so that nothing of the next answer is taken. */
  while (!g_str_has_suffix (head->str, "\r\n\r\n")) {
    if (recv (fd, &byte, 1, 0) != 1) {
      ret_answer->head = g_strdup (head->str);
      return;
    }
    g_string_append_c (head, byte);
  }
  ret_answer->head = g_strdup (head->str);
  g_assert_true (g_str_has_prefix (head->str, "HTTP/1."));
  ret_answer->status = (guint)g_ascii_strtoull (head->str + 9, NULL, 10);
  length_text = client_field (ret_answer, "Content-Length");
  length = length_text != NULL && !no_body ? g_ascii_strtoull (length_text, NULL, 10) : 0;
  while (ret_answer->body->len < length) {
    guint8 piece[65536];
    gssize n = recv (fd, piece, MIN (sizeof piece, length - ret_answer->body->len), 0);
    if (n <= 0)
      return;
    g_byte_array_append (ret_answer->body, piece, (guint)n);
  }
}

gint64
client_wait_end (int fd, guint limit_ms)
{
  gint64 start_us = g_get_monotonic_time (), now_us;
  struct timeval limit = {.tv_sec = limit_ms / 1000, .tv_usec = (limit_ms % 1000) * 1000};
  char scrap[65536];

  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  for (;;) {
    gssize n = recv (fd, scrap, sizeof scrap, 0);
    now_us = g_get_monotonic_time ();
    if (n == 0 || (n < 0 && errno != EAGAIN))
      return (now_us - start_us) / 1000;
    if (n < 0 || now_us - start_us > (gint64)limit_ms * 1000)
      return -1;
  }
}

void
client_ask (guint port, const char *method, const char *path, const char *fields, ClientAnswer *ret_answer)
{
  g_autofree char *text = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
                                           method, path, fields != NULL ? fields : "");
  int fd = client_connect (port, 0);

  client_send (fd, text);
  client_receive (fd, strcmp (method, "HEAD") == 0, ret_answer);
  close (fd);
}

guint
client_exchange (guint port, const char *method, const char *path, const char *fields, const char *body,
                 ClientAnswer *ret_answer)
{
  g_autoptr (GString) text = g_string_new (NULL);
  int fd = client_connect (port, 0);

  g_string_printf (text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", method, path,
                   fields != NULL ? fields : "");
  if (body != NULL)
    g_string_append_printf (text, "Content-Length: %zu\r\n", strlen (body));
  g_string_append_printf (text, "\r\n%s", body != NULL ? body : "");
  client_send (fd, text->str);
  client_receive (fd, strcmp (method, "HEAD") == 0, ret_answer);
  close (fd);
  return ret_answer->status;
}
