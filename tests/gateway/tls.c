/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real server that speaks https on a loopback port: who comes in, with what, and how long it may take. */
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address-private.h"
#include "tls-house.h"

/* By http to the address of https: told so in the clear. */
static void
test_clear_text (void)
{
  g_auto (ClientAnswer) answer = {0};
  RegiaServerStats stats;
  House house;
  int fd;

  house_open (&house);
  fd = client_connect (house.fixture.port, 0);
  client_send (fd, GET ("/"));
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 400);
  g_byte_array_append (answer.body, (const guint8 *)"", 1);
  g_assert_nonnull (strstr ((char *)answer.body->data, "put https:// in front"));
  g_assert_cmpint (client_wait_end (fd, 2000), >=, 0); /* it was given time to read why */
  regia_server_get_stats (house.fixture.server, &stats);
  g_assert_cmpuint (stats.wire.refused, ==, 1);
  g_assert_cmpuint (stats.wire.requests, ==, 0);
  close (fd);
  house_close (&house);
}

/* One client hello, as OpenSSL's client says it. */
static GBytes *
client_hello (House *self)
{
  SSL *ssl = SSL_new (self->context);
  BIO *in = BIO_new (BIO_s_mem ()), *out = BIO_new (BIO_s_mem ());
  char *data;
  long length;
  GBytes *hello;

  SSL_set_bio (ssl, in, out);
  SSL_connect (ssl);
  length = BIO_get_mem_data (out, &data);
  hello = g_bytes_new (data, (gsize)length);
  SSL_free (ssl);
  return hello;
}

/* Nothing, half a handshake, one that drips, one that is done and then says nothing: each is shut at its
 * deadline, and not sooner; a newcomer is served meanwhile. */
static void
test_deadlines (void)
{
  RegiaServerOptions options = fixture_options ();
  g_autoptr (GBytes) hello = NULL;
  g_auto (ClientAnswer) answer = {0};
  RegiaServerStats stats;
  gint64 began_us, ended_ms;
  House house;
  int silent, half, drip;
  SSL *mute, *ssl;
  char byte;

  options.limits.handshake_ms = 1500;
  options.limits.head_ms = 3000;
  house_open_with (&house, &options, 100, NULL);
  hello = client_hello (&house);
  began_us = g_get_monotonic_time ();
  silent = client_connect (house.fixture.port, 0);
  half = client_connect (house.fixture.port, 0);
  drip = client_connect (house.fixture.port, 0);
  g_assert_cmpint (send (half, g_bytes_get_data (hello, NULL), g_bytes_get_size (hello), 0), >, 0);
  mute = tls_connect (&house, house.context);
  ssl = tls_connect (&house, house.context);
  for (gsize i = 0; i < 100 && g_get_monotonic_time () - began_us < 1000 * 1000; i++) {
    g_assert_cmpint (send (drip, (const char *)g_bytes_get_data (hello, NULL) + i, 1, MSG_NOSIGNAL), ==, 1);
    g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  }
  g_assert_cmpint (client_wait_end (silent, 5000), >=, 0);
  ended_ms = (g_get_monotonic_time () - began_us) / 1000;
  g_assert_cmpint (ended_ms, >=, 1500);
  g_assert_cmpint (ended_ms, <, 2900);
  g_assert_cmpint (client_wait_end (half, 1000), >=, 0);
  g_assert_cmpint (client_wait_end (drip, 1000), >=, 0);
  /* The one that has shaken hands has its own time for a request. */
  g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  /* It is cut, and not told that this was the end. */
  g_assert_cmpint (SSL_get_error (mute, SSL_read (mute, &byte, 1)), !=, SSL_ERROR_ZERO_RETURN);
  ended_ms = (g_get_monotonic_time () - began_us) / 1000;
  g_assert_cmpint (ended_ms, >=, 3000);
  g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  regia_server_get_stats (house.fixture.server, &stats);
  g_assert_cmpuint (stats.wire.cut, ==, 4);
  close (silent);
  close (half);
  close (drip);
  tls_hang_up (mute);
  tls_hang_up (ssl);
  house_close (&house);
}

/* Two hundred silent and two hundred half-done ones beside each other, on one worker. */
static void
test_newcomer (void)
{
  enum { EACH = 200 };
  RegiaServerOptions options = fixture_options ();
  g_autoptr (GBytes) hello = NULL;
  g_auto (ClientAnswer) answer = {0};
  gint64 began_us, took_ms;
  int fds[2 * EACH];
  RegiaServerStats stats;
  House house;
  SSL *ssl;

  options.threads = 1;
  house_open_with (&house, &options, 100, NULL);
  hello = client_hello (&house);
  for (guint i = 0; i < 2 * EACH; i++) {
    fds[i] = client_connect (house.fixture.port, 0);
    if (i % 2 == 1)
      g_assert_cmpint (send (fds[i], g_bytes_get_data (hello, NULL), g_bytes_get_size (hello), 0), >, 0);
  }
  began_us = g_get_monotonic_time ();
  ssl = tls_connect (&house, house.context);
  g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  took_ms = (g_get_monotonic_time () - began_us) / 1000;
  g_test_message ("a newcomer among %d: %" G_GINT64_FORMAT " ms", 2 * EACH, took_ms);
  regia_server_get_stats (house.fixture.server, &stats);
  g_assert_cmpuint (stats.connections, ==, 2 * EACH + 1);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (took_ms, <, 1000);
#endif
  for (guint i = 0; i < 2 * EACH; i++)
    close (fds[i]);
  tls_hang_up (ssl);
  house_close (&house);
}

/* Between handshake and first request the kernel still holds the tickets for a while: nobody is stalled by
 * that.
 */
static void
test_sweep (void)
{
  enum { BATCH = 20, LONGER_THAN_SWEEPS_MS = 1700 };
  RegiaServerOptions options = fixture_options ();
  gint64 began_us = g_get_monotonic_time ();
  RegiaServerStats stats;
  guint n = 0;
  House house;

  options.threads = 1;
  house_open_with (&house, &options, 100, NULL);
  for (; g_get_monotonic_time () - began_us < LONGER_THAN_SWEEPS_MS * 1000; n += BATCH) {
    SSL *some[BATCH];

    for (guint i = 0; i < BATCH; i++)
      some[i] = tls_connect (&house, house.context);
    for (guint i = 0; i < BATCH; i++) {
      g_auto (ClientAnswer) answer = {0};

      g_assert_cmpuint (tls_ask (some[i], GET (PLAYLIST), &answer), ==, 200);
      tls_hang_up (some[i]);
    }
  }
  regia_server_get_stats (house.fixture.server, &stats);
  g_assert_cmpuint (stats.wire.requests, ==, n);
  g_assert_cmpuint (stats.wire.cut, ==, 0);
  house_close (&house);
}

/* Another certificate: new connections get it, those that are open go on; none at all: nobody new is let in,
 * and those that are open still go on. */
static void
test_exchange (void)
{
  g_auto (Pair) next = {NULL};
  g_auto (ClientAnswer) answer = {0};
  g_autoptr (RegiaTls) tls = NULL;
  RegiaServerStats stats;
  SSL_CTX *trusts_next;
  SSL *before, *after, *fooled;
  House house;
  int fd;
  char byte;

  house_open (&house);
  before = tls_connect (&house, house.context);
  pair_make (&next, -DAY, 60 * DAY);
  tls = pair_tls (&next);
  trusts_next = pair_client (&next, 0);
  regia_tls_slot_set (house.slot, tls);
  after = tls_connect (&house, trusts_next);
  g_assert_cmpuint (tls_ask (before, GET (SEGMENT), &answer), ==, 200);
  g_assert_cmpuint (tls_ask (after, GET (SEGMENT), &answer), ==, 200);
  fooled = SSL_new (house.context);
  SSL_set_fd (fooled, client_connect (house.fixture.port, 0));
  g_assert_cmpint (SSL_connect (fooled), <=, 0);
  g_assert_cmpint (SSL_get_verify_result (fooled), !=, X509_V_OK);
  tls_hang_up (fooled);

  regia_tls_slot_set (house.slot, NULL);
  fd = client_connect (house.fixture.port, 0);
  g_assert_cmpint (recv (fd, &byte, 1, 0), <=, 0); /* nothing in the clear */
  close (fd);
  do /* it is counted when it has been shut */
    regia_server_get_stats (house.fixture.server, &stats);
  while (stats.wire.turned_away == 0);
  g_assert_cmpuint (stats.wire.turned_away, ==, 1);
  g_assert_cmpuint (tls_ask (before, GET (PLAYLIST), &answer), ==, 200);
  g_assert_cmpuint (tls_ask (after, GET (PLAYLIST), &answer), ==, 200);
  tls_hang_up (before);
  tls_hang_up (after);
  SSL_CTX_free (trusts_next);
  house_close (&house);
}

static guint
free_port (void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, length), ==, 0);
  getsockname (fd, (struct sockaddr *)&address, &length);
  close (fd);
  return ntohs (address.sin_port);
}

static void
test_redirect (void)
{
  static const struct {
    const char *request;
    guint status;
    const char *place; /* behind the authority; NULL: no Location */
  } table[] = {
      {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 308, "/"},
      {"GET /recordings HTTP/1.1\r\nHost: localhost:80\r\n\r\n", 308, "/recordings"},
      {"GET /a/b.m3u8?x=1&y=2 HTTP/1.0\r\nHost: localhost\r\n\r\n", 308, "/a/b.m3u8?x=1&y=2"},
      {"HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 308, "/a"},
      {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 308, "/"},
      {"GET http://localhost/b HTTP/1.1\r\nHost: localhost\r\n\r\n", 308, "/b"},
      {"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n", 421, NULL},
      {"GET /\r\n\r\n", 400, NULL},
  };
  RegiaServerOptions options = fixture_options ();
  guint port = free_port ();
  g_autofree char *listen = g_strdup_printf ("127.0.0.1:%u", port);
  House house;

  options.redirect_listen = listen;
  house_open_with (&house, &options, 100, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *wanted = NULL, *location = NULL;
    g_auto (ClientAnswer) answer = {0};
    int fd = client_connect (port, 0);

    client_send (fd, table[i].request);
    client_receive (fd, g_str_has_prefix (table[i].request, "HEAD"), &answer);
    g_assert_cmpuint (answer.status, ==, table[i].status);
    if (table[i].place != NULL)
      wanted = g_strdup_printf ("https://localhost:%u%s", house.fixture.port, table[i].place);
    location = client_field (&answer, "Location");
    g_assert_cmpstr (location, ==, wanted);
    g_assert_cmpint (client_wait_end (fd, 3000), >=, 0);
    close (fd);
  }
  house_close (&house);
}

static void
test_location (void)
{
  static const struct {
    const char *host, *path, *query;
    guint port;
    const char *wanted;
  } table[] = {
      {"live.example.org", "/", NULL, 443, "https://live.example.org/"},
      {"live.example.org:80", "/a", "b=c", 443, "https://live.example.org/a?b=c"},
      {"live.example.org:8080", "/a", NULL, 8443, "https://live.example.org:8443/a"},
      {"[2001:db8::1]", "*", NULL, 443, "https://[2001:db8::1]/"},
      {"[2001:db8::1]:80", "/", NULL, 8443, "https://[2001:db8::1]:8443/"},
      {"192.0.2.1:80", "/", NULL, 443, "https://192.0.2.1/"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *location =
        regia_redirect_location (table[i].host, table[i].path, table[i].query, table[i].port);

    g_assert_cmpstr (location, ==, table[i].wanted);
  }
}

/* The house is full: the one that was silent longest makes room, also before its handshake. */
static void
test_full (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  House house;
  int fds[10];
  SSL *ssl = NULL;

  options.threads = 1;
  options.limits.max_connections = 10;
  options.limits.handshake_ms = 30000;
  house_open_with (&house, &options, 100, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = client_connect (house.fixture.port, 0);
  for (guint tries = 0; tries < 20 && ssl == NULL; tries++) {
    SSL *one = SSL_new (house.context);

    SSL_set_fd (one, client_connect (house.fixture.port, 0));
    if (SSL_connect (one) == 1)
      ssl = one;
    else
      tls_hang_up (one);
  }
  g_assert_nonnull (ssl);
  g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  tls_hang_up (ssl);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  house_close (&house);
}

/* Whoever is there when the server ends gets the end of his answer. */
static void
test_stop (void)
{
  g_auto (ClientAnswer) answer = {0};
  House house;
  SSL *ssl, *idle;
  int silent;

  house_open (&house);
  ssl = tls_connect (&house, house.context);
  idle = tls_connect (&house, house.context);
  silent = client_connect (house.fixture.port, 0);
  g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  house_close (&house);
  g_assert_cmpint (client_wait_end (silent, 1000), >=, 0);
  g_assert_cmpint (client_wait_end (SSL_get_fd (idle), 1000), >=, 0);
  close (silent);
  tls_hang_up (ssl);
  tls_hang_up (idle);
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN); /* as regia_child_main() does */
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tls/clear-text", test_clear_text);
  g_test_add_func ("/tls/deadlines", test_deadlines);
  g_test_add_func ("/tls/newcomer", test_newcomer);
  g_test_add_func ("/tls/sweep", test_sweep);
  g_test_add_func ("/tls/exchange", test_exchange);
  g_test_add_func ("/tls/redirect", test_redirect);
  g_test_add_func ("/tls/location", test_location);
  g_test_add_func ("/tls/full", test_full);
  g_test_add_func ("/tls/stop", test_stop);
  return g_test_run ();
}
