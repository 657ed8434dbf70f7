/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real server on a loopback port, and clients of all manners. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wait.h"
#include "client.h"
#include "fixture.h"

#define PLAYLIST  "/live/video/64p/index.m3u8"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void
test_keep_alive (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  RegiaServerStats stats;
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 100, NULL);
  fd = client_connect (fixture.port, 0);
  for (int i = 0; i < 300; i++) {
    client_send (fd, GET (PLAYLIST));
    client_receive (fd, FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
    g_assert_cmpuint (answer.body->len, >, 100);
  }
  regia_server_get_stats (fixture.server, &stats);
  g_assert_cmpuint (stats.wire.requests, ==, 300);
  g_assert_cmpuint (stats.wire.accepted, ==, 1);
  g_assert_cmpuint (stats.connections, ==, 1);
  close (fd);
  fixture_stop (&fixture);
}

/* Requests in one packet, and one request in packets of a byte. */
static void
test_pieces (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  static const char one[] = GET (PLAYLIST);
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 100, NULL);
  fd = client_connect (fixture.port, 0);
  client_send (fd, GET ("/live/video/64p/5.m4s") GET (
                       "/healthz") "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" GET ("/nix") GET (PLAYLIST));
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.body->len, >, 5000);
  client_receive (fd, FALSE, &answer);
  g_assert_cmpmem (answer.body->data, answer.body->len, "ok", 2);
  client_receive (fd, TRUE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 404);
  client_receive (fd, FALSE, &answer);
  g_assert_cmpmem (answer.body->data, 7, "#EXTM3U", 7);
  for (gsize i = 0; i < sizeof one - 1; i++) {
    char byte[2] = {one[i], '\0'};
    client_send (fd, byte);
  }
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  close (fd);
  fixture_stop (&fixture);
}

static void
test_last_request (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  Fixture fixture;
  int fd;

  options.limits.max_requests = 3;
  fixture_start (&fixture, &options, 100, NULL);
  fd = client_connect (fixture.port, 0);
  for (int i = 0; i < 3; i++) {
    g_autofree char *connection = NULL;
    client_send (fd, GET (PLAYLIST));
    client_receive (fd, FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
    connection = client_field (&answer, "Connection");
    g_assert_cmpstr (connection, ==, i == 2 ? "close" : NULL);
  }
  g_assert_cmpint (client_wait_end (fd, 2000), >=, 0);
  close (fd);
  fixture_stop (&fixture);
}

static void
test_http10 (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 100, NULL);
  fd = client_connect (fixture.port, 0);
  client_send (fd, "GET " PLAYLIST " HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpint (client_wait_end (fd, 2000), >=, 0);
  close (fd);
  fixture_stop (&fixture);
}

/* Half a head, a byte now and then, nothing at all: each is cut when its time is up, not before, and not as a
 * hang of others. */
static void
test_slow_clients (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  Fixture fixture;
  gint64 start_us = g_get_monotonic_time (), took_ms;
  int silent, half, idle, dripping;
  gssize sent;

  options.limits.head_ms = 1500;
  options.limits.idle_ms = 1000;
  fixture_start (&fixture, &options, 100, NULL);
  silent = client_connect (fixture.port, 0);
  half = client_connect (fixture.port, 0);
  client_send (half, "GET / HTTP/1.1\r\nHost: loc");
  idle = client_connect (fixture.port, 0);
  client_send (idle, GET (PLAYLIST));
  client_receive (idle, FALSE, &answer);
  dripping = client_connect (fixture.port, 0);
  client_send (dripping, "GET / HTTP/1.1\r\n");
  do {
    client_ask (fixture.port, "GET", PLAYLIST, NULL, &answer); /* others do not notice */
    g_assert_cmpuint (answer.status, ==, 200);
    sent = send (dripping, "X", 1, MSG_NOSIGNAL);
    g_usleep (50000);
  } while (sent == 1 && g_get_monotonic_time () - start_us < 5 * G_USEC_PER_SEC);
  took_ms = (g_get_monotonic_time () - start_us) / 1000;
  g_assert_cmpint (took_ms, >=, 1400);
  g_assert_cmpint (took_ms, <, 3500);
  g_assert_cmpint (client_wait_end (silent, 1500), >=, 0);
  g_assert_cmpint (client_wait_end (half, 1500), >=, 0);
  g_assert_cmpint (client_wait_end (idle, 1500), >=, 0);
  close (silent);
  close (half);
  close (idle);
  close (dripping);
  fixture_stop (&fixture);
}

/* A client that asks for much and reads nothing is cut; one that reads slowly is not. */
static void
test_reader (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  Fixture fixture;
  int frozen, slow;
  gint64 start_us;
  gsize total = 0;
  char piece[65536];

  options.limits.progress_ms = options.limits.stalled_ms = 1000;
  fixture_start (&fixture, &options, 400000, NULL); /* segments of 20 MB */
  frozen = client_connect (fixture.port, 4096);
  client_send (frozen, GET ("/live/video/64p/6.m4s"));
  slow = client_connect (fixture.port, 0);
  client_send (slow, GET ("/live/video/64p/6.m4s"));
  start_us = g_get_monotonic_time ();
  while (g_get_monotonic_time () - start_us < 3 * G_USEC_PER_SEC) {
    gssize n = recv (slow, piece, sizeof piece, 0);
    g_assert_cmpint (n, >, 0);
    total += (gsize)n;
    g_usleep (15000);
  }
  while (total < 20000000) {
    gssize n = recv (slow, piece, sizeof piece, 0);
    g_assert_cmpint (n, >, 0);
    total += (gsize)n;
  }
  /* What the kernel had taken for the frozen one can still be read, but not all of the segment. */
  client_receive (frozen, FALSE, &answer);
  g_assert_cmpuint (answer.body->len, <, 20000000);
  close (frozen);
  close (slow);
  fixture_stop (&fixture);
}

/* Each must be refused with its status, closed, and whatever is behind it must never be answered. */
static void
test_smuggling (void)
{
  static const struct {
    guint status;
    const char *bytes;
  } table[] = {
#define SECRET "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
      {400, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 43\r\n\r\n" SECRET},
      {400, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 43\r\n\r\n" SECRET},
      {400, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n" SECRET},
      {400, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: "
            "chunked\r\n\r\n0\r\n\r\n" SECRET},
      {411, "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECRET},
      {411, "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" SECRET},
      {411, "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n" SECRET},
      {400, "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" SECRET},
      {400, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length:\n 43\r\n\r\n" SECRET},
      {400, "GET / HTTP/1.1\nHost: localhost\n\n" SECRET},
      {400, "GET / HTTP/1.1\r\nHost: localhost\r\n Folded: x\r\n\r\n" SECRET},
      {400, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n" SECRET},
      {421, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n" SECRET},
      {421, "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n" SECRET},
      {405, "POST /api/v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 43\r\n\r\n" SECRET},
      {405, "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2b\r\n" SECRET},
      {405, "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" SECRET},
      {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SECRET},
      {400, "GET /%2e%2e HTTP/1.1\r\nHost: localhost\r\n\r\n" SECRET},
      {400, "\x16\x03\x01\x02\x01\x01\r\n" SECRET},
      {417, "GET / HTTP/1.1\r\nHost: localhost\r\nExpect: x\r\n\r\n" SECRET},
  };
  RegiaServerOptions options = fixture_options ();
  RegiaServerStats stats;
  Fixture fixture;

  fixture_start (&fixture, &options, 100, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_auto (ClientAnswer) answer = {0}, second = {0};
    g_autofree char *connection = NULL, *sniff = NULL;
    int fd = client_connect (fixture.port, 0);

    g_test_message ("%s", table[i].bytes);
    client_send (fd, table[i].bytes);
    client_receive (fd, FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, table[i].status);
    connection = client_field (&answer, "Connection");
    sniff = client_field (&answer, "X-Content-Type-Options");
    g_assert_cmpstr (connection, ==, "close");
    g_assert_cmpstr (sniff, ==, "nosniff");
    g_assert_cmpuint (answer.body->len, >, 10);
    client_receive (fd, FALSE, &second);
    g_assert_cmpuint (second.status, ==, 0);
    g_assert_cmpstr (second.head, ==, "");
    close (fd);
  }
  regia_server_get_stats (fixture.server, &stats);
  g_assert_cmpuint (stats.wire.refused, ==, G_N_ELEMENTS (table));
  g_assert_cmpuint (stats.wire.requests, ==, 0);
  fixture_stop (&fixture);
}

/* The answer to a good request comes whole, although a bad one is right behind it. */
static void
test_good_then_bad (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 15000, NULL);
  fd = client_connect (fixture.port, 0);
  client_send (fd, GET ("/live/video/64p/6.m4s") "BAD\r\n\r\n");
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpuint (answer.body->len, >, 750000);
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 400);
  g_assert_cmpint (client_wait_end (fd, 2000), >=, 0);
  close (fd);
  fixture_stop (&fixture);
}

static void
test_endless_head (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  g_autofree char *filler = g_strnfill (70000, 'a');
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 100, NULL);
  fd = client_connect (fixture.port, 0);
  client_send (fd, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
  client_send (fd, filler);
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 431);
  close (fd);
  fixture_stop (&fixture);
}

/* 300 MB that nobody asked for: refused at the head, and held nowhere. */
static void
test_huge_body (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  g_autofree char *chunk = g_strnfill (65536, 'x');
  guint64 before, sent = 0;
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 100, NULL);
  before = fixture_resident_bytes ();
  fd = client_connect (fixture.port, 0);
  client_send (fd, "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  while (sent < 300000000) {
    gssize n;
    if (send (fd, "10000\r\n", 7, MSG_NOSIGNAL) < 0 || (n = send (fd, chunk, 65536, MSG_NOSIGNAL)) < 0)
      break;
    sent += (guint64)n;
  }
  g_test_message ("sent %" G_GUINT64_FORMAT " bytes", sent);
  g_assert_cmpuint (sent, <, 50000000);
  fixture_assert_grown_less (before, 8000000);
  close (fd);
  client_ask (fixture.port, "GET", PLAYLIST, NULL, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  fixture_stop (&fixture);
}

/* Descriptors run out, come back, and new viewers are let in at once. */
static void
test_descriptors (void)
{
  RegiaServerOptions options = fixture_options ();
  struct rlimit before, low;
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_auto (ClientAnswer) answer = {0};
  gint64 start_us;
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 100, NULL);
  getrlimit (RLIMIT_NOFILE, &before);
  low = before;
  low.rlim_cur = 100;
  setrlimit (RLIMIT_NOFILE, &low);
  /* Client and server share the limit: connections that are not accepted yet leave room for more clients. */
  while ((fd = client_connect (fixture.port, 0)) >= 0)
    g_array_append_val (fds, fd);
  g_assert_cmpint (errno, ==, EMFILE);
  g_assert_cmpuint (fds->len, >, 20);
  for (guint i = 0; i < fds->len; i++)
    close (g_array_index (fds, int, i));
  start_us = g_get_monotonic_time ();
  for (;;) { /* what the dead connections leave behind goes first */
    client_ask (fixture.port, "GET", PLAYLIST, NULL, &answer);
    if (answer.status == 200)
      break;
    g_assert_cmpint (g_get_monotonic_time () - start_us, <, G_USEC_PER_SEC);
  }
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, G_USEC_PER_SEC);
  setrlimit (RLIMIT_NOFILE, &before);
  fixture_stop (&fixture);
}

static void
test_per_address (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  Fixture fixture;
  int fds[4];

  options.limits.max_connections_per_address = 4;
  fixture_start (&fixture, &options, 100, NULL);
  for (int i = 0; i < 4; i++) {
    fds[i] = client_connect (fixture.port, 0);
    client_send (fds[i], GET (PLAYLIST));
    client_receive (fds[i], FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
  }
  client_ask (fixture.port, "GET", PLAYLIST, NULL, &answer);
  g_assert_cmpuint (answer.status, ==, 503);
  client_send (fds[0], GET (PLAYLIST)); /* who is in stays in */
  client_receive (fds[0], FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  for (int i = 0; i < 4; i++)
    close (fds[i]);
  fixture_stop (&fixture);
}

/* A full table of idle connections makes room for somebody who wants something. */
static void
test_makes_room (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  Fixture fixture;
  gint64 start_us;
  guint gone = 0;
  int fds[6];

  options.threads = 1;
  options.limits.max_connections = 6;
  fixture_start (&fixture, &options, 100, NULL);
  for (int i = 0; i < 6; i++) {
    fds[i] = client_connect (fixture.port, 0);
    client_send (fds[i], GET (PLAYLIST));
    client_receive (fds[i], FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
  }
  start_us = g_get_monotonic_time ();
  do {
    client_ask (fixture.port, "GET", PLAYLIST, NULL, &answer);
    g_assert_cmpint (g_get_monotonic_time () - start_us, <, G_USEC_PER_SEC);
  } while (answer.status != 200);
  for (int i = 0; i < 6; i++)
    gone += client_wait_end (fds[i], 20) >= 0;
  g_assert_cmpuint (gone, >=, 1);
  g_assert_cmpuint (gone, <, 6);
  for (int i = 0; i < 6; i++)
    close (fds[i]);
  fixture_stop (&fixture);
}

/* Connections come and go: what they cost is given back. */
static void
test_churn (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  RegiaServerStats stats;
  guint64 before = 0;
  Fixture fixture;

  fixture_start (&fixture, &options, 100, NULL);
  for (int i = 0; i < 6000; i++) {
    int fd = client_connect (fixture.port, 0);
    if (i == 1000)
      before = fixture_resident_bytes ();
    if (i % 3 == 0) {
      client_send (fd, GET (PLAYLIST));
      client_receive (fd, FALSE, &answer);
      g_assert_cmpuint (answer.status, ==, 200);
    } else if (i % 3 == 1) {
      client_send (fd, "GET / HT");
    }
    close (fd);
  }
  fixture_assert_grown_less (before, 3000000);
  WAIT_UNTIL_S (5, (regia_server_get_stats (fixture.server, &stats), stats.connections == 0));
  fixture_stop (&fixture);
}

static void
test_address_in_use (void)
{
  RegiaServerOptions options = fixture_options ();
  g_autofree char *listen = NULL;
  g_autoptr (GError) error = NULL;
  Fixture fixture;

  fixture_start (&fixture, &options, 100, NULL);
  listen = g_strdup_printf ("127.0.0.1:%u", fixture.port);
  options.listen = listen;
  g_assert_null (regia_server_new (&options, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, listen));
  g_assert_nonnull (strstr (error->message, "in use"));
  fixture_stop (&fixture);
}

/* Stopping waits for an answer on its way, but not for ever. */
static void
test_drain (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  Fixture fixture;
  gint64 start_us;
  int fd;

  fixture_start (&fixture, &options, 400000, NULL);
  fd = client_connect (fixture.port, 4096);
  client_send (fd, GET ("/live/video/64p/6.m4s"));
  g_assert_cmpint (recv (fd, &(char){0}, 1, 0), ==, 1);
  start_us = g_get_monotonic_time ();
  fixture_stop (&fixture);
  g_assert_cmpint (g_get_monotonic_time () - start_us, >, 900000);
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, 2500000);
  close (fd);
}

static void
test_health (void)
{
  RegiaServerOptions options = fixture_options ();
  g_autofree char *why = NULL;
  Fixture fixture;

  fixture_start (&fixture, &options, 100, NULL);
  g_assert_true (regia_server_is_healthy (fixture.server, 5000, &why));
  g_assert_null (why);
  WAIT_UNTIL_S (1, !regia_server_is_healthy (fixture.server, 1, &why)); /* nobody ticks each millisecond */
  g_assert_nonnull (strstr (why, "worker"));
  fixture_stop (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/wire/keep-alive", test_keep_alive);
  g_test_add_func ("/gateway/wire/pieces", test_pieces);
  g_test_add_func ("/gateway/wire/last-request", test_last_request);
  g_test_add_func ("/gateway/wire/http-1.0", test_http10);
  g_test_add_func ("/gateway/wire/slow-clients", test_slow_clients);
  g_test_add_func ("/gateway/wire/reader", test_reader);
  g_test_add_func ("/gateway/wire/smuggling", test_smuggling);
  g_test_add_func ("/gateway/wire/good-then-bad", test_good_then_bad);
  g_test_add_func ("/gateway/wire/endless-head", test_endless_head);
  g_test_add_func ("/gateway/wire/huge-body", test_huge_body);
  g_test_add_func ("/gateway/wire/descriptors", test_descriptors);
  g_test_add_func ("/gateway/wire/per-address", test_per_address);
  g_test_add_func ("/gateway/wire/makes-room", test_makes_room);
  g_test_add_func ("/gateway/wire/churn", test_churn);
  g_test_add_func ("/gateway/wire/address-in-use", test_address_in_use);
  g_test_add_func ("/gateway/wire/drain", test_drain);
  g_test_add_func ("/gateway/wire/health", test_health);
  return g_test_run ();
}
