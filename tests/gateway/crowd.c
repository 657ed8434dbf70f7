/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real server, and more clients than it wants. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wait.h"
#include "client.h"
#include "fixture.h"

#define PLAYLIST  "/live/video/64p/index.m3u8"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* 2 000 connections that say nothing, half of it or a little now and then, from five addresses, and come back
 * when they are shut: whoever wants something is served all the same, at once. */
static void
test_strangers (void)
{
  enum { STRANGERS = 2000, VIEWERS = 32 };
  RegiaServerOptions options = fixture_options ();
  g_autofree int *fds = g_new (int, STRANGERS);
  RegiaServerStats stats;
  Fixture fixture;

  if (regia_raise_descriptors (2 * STRANGERS + 500) < 2 * STRANGERS + 300) {
    g_test_skip ("too few descriptors are allowed");
    return;
  }
  options.limits.head_ms = options.limits.idle_ms = 60000; /* their time is not up while this runs */
  fixture_start (&fixture, &options, 100, NULL);
  for (int i = 0; i < STRANGERS; i++) {
    g_autofree char *from = g_strdup_printf ("127.0.0.%d", 2 + i % 5);
    fds[i] = client_connect_from (from, fixture.port, 0);
    if (i % 3 == 0) {
      g_auto (ClientAnswer) answer = {0};
      client_send (fds[i], GET (PLAYLIST)); /* one that was useful once, and idles */
      client_receive (fds[i], FALSE, &answer);
      g_assert_cmpuint (answer.status, ==, 200);
    } else if (i % 3 == 1) {
      client_send (fds[i], "GET / HTTP/1.1\r\nHost: loc");
    }
  }
  WAIT_UNTIL_S (10, (regia_server_get_stats (fixture.server, &stats), stats.connections == STRANGERS));
  for (int i = 0; i < VIEWERS; i++) {
    g_auto (ClientAnswer) answer = {0};
    int again = (i * 61 % (STRANGERS / 3)) * 3 + 1;

    client_ask (fixture.port, "GET", PLAYLIST, NULL, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
    if (send (fds[again], "X", 1, MSG_NOSIGNAL) == 1)
      continue;
    close (fds[again]);
    fds[again] = client_connect_from ("127.0.0.2", fixture.port, 0);
  }
  regia_server_get_stats (fixture.server, &stats);
  g_assert_cmpuint (stats.connections, <=, STRANGERS);
  g_assert_cmpuint (stats.wire.turned_away, ==, 0);
  g_assert_cmpuint (stats.wire.cut, >=, 1);
  /* Not one of those that were useful had to go: there were enough of the others. */
  for (int i = 0; i < STRANGERS; i += 3) {
    char byte;
    g_assert_cmpint (recv (fds[i], &byte, 1, MSG_DONTWAIT), ==, -1);
    g_assert_cmpint (errno, ==, EAGAIN);
  }
  for (int i = 0; i < STRANGERS; i++)
    close (fds[i]);
  fixture_stop (&fixture);
}

/* Behind a proxy each viewer is somebody: the limit of an address and the number of viewers go by what the
 * proxy says, and only a trusted one is believed. */
static void
test_behind_proxy (void)
{
  static const char *const trusted[] = {"127.0.0.1", NULL};
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) refused = {0};
  Fixture fixture;
  int fds[9];

  options.limits.max_connections_per_address = 5;
  options.trusted_proxies = trusted;
  fixture_start (&fixture, &options, 400000, NULL); /* segments of 20 MB */
  for (int i = 0; i < 8; i++) {
    g_autofree char *text = g_strdup_printf ("GET /live/video/64p/6.m4s HTTP/1.1\r\nHost: localhost\r\n"
                                             "X-Forwarded-For: 203.0.113.9, 192.0.2.%d\r\n\r\n",
                                             i);
    char status[13] = {0};
    fds[i] = client_connect (fixture.port, 4096);
    client_send (fds[i], text);
    g_assert_cmpint (recv (fds[i], status, 12, MSG_WAITALL), ==, 12);
    g_assert_cmpstr (status, ==, "HTTP/1.1 200");
  }
  g_assert_cmpuint (regia_viewers_count (fixture.site.viewers, g_get_monotonic_time () / 1000), ==, 8);
  for (int i = 0; i < 8; i++)
    close (fds[i]);

  for (int i = 0; i < 5; i++) {
    char byte;
    fds[i] = client_connect (fixture.port, 4096);
    client_send (fds[i], "GET /live/video/64p/6.m4s HTTP/1.1\r\nHost: localhost\r\n"
                         "X-Forwarded-For: 198.51.100.1\r\n\r\n");
    g_assert_cmpint (recv (fds[i], &byte, 1, 0), ==, 1);
  }
  client_ask (fixture.port, "GET", PLAYLIST, "X-Forwarded-For: 198.51.100.1\r\n", &refused);
  g_assert_cmpuint (refused.status, ==, 503);
  client_ask (fixture.port, "GET", PLAYLIST, "X-Forwarded-For: 198.51.100.2\r\n", &refused);
  g_assert_cmpuint (refused.status, ==, 200);
  for (int i = 0; i < 5; i++)
    close (fds[i]);
  WAIT_UNTIL_S (5, (client_ask (fixture.port, "GET", PLAYLIST, "X-Forwarded-For: 198.51.100.1\r\n", &refused),
                    refused.status == 200));

  /* Somebody else says the same and is not believed. */
  for (int i = 0; i < 5; i++) {
    g_autofree char *text = g_strdup_printf (
        "GET " PLAYLIST " HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.%d\r\n\r\n", i);
    fds[i] = client_connect_from ("127.0.0.2", fixture.port, 0);
    client_send (fds[i], text);
    client_receive (fds[i], FALSE, &refused);
    g_assert_cmpuint (refused.status, ==, 200);
  }
  fds[5] = client_connect_from ("127.0.0.2", fixture.port, 0);
  client_send (fds[5], GET (PLAYLIST));
  client_receive (fds[5], FALSE, &refused);
  g_assert_cmpuint (refused.status, ==, 503);
  for (int i = 0; i < 6; i++)
    close (fds[i]);
  fixture_stop (&fixture);
}

/* Clients that ask for much and read nothing cost little, and go only when memory is spent: the longest
 * first, and no more of them than it takes. */
static void
test_budget (void)
{
  enum { FROZEN = 24, FIRST = 8 };
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) answer = {0};
  RegiaServerStats stats;
  Fixture fixture;
  gint64 start_us;
  guint gone[2] = {0};
  int fds[FROZEN];

  options.limits.progress_ms = 1000;
  options.limits.budget_bytes = 48 << 20; /* the segment, once for all, and what the kernel holds */
  options.threads = 1;
  fixture_start (&fixture, &options, 400000, NULL); /* segments of 20 MB */
  for (int i = 0; i < FROZEN; i++) {
    char byte;
    fds[i] = client_connect (fixture.port, 4096);
    client_send (fds[i], GET ("/live/video/64p/6.m4s"));
    g_assert_cmpint (recv (fds[i], &byte, 1, MSG_PEEK), ==, 1);
  }
  /* Enough for all of them: nobody goes, although they take nothing for longer than a second. */
  start_us = g_get_monotonic_time ();
  WAIT_UNTIL_S (10, g_get_monotonic_time () - start_us > 2500000);
  regia_server_get_stats (fixture.server, &stats);
  g_assert_cmpuint (stats.wire.cut, ==, 0);
  for (int i = 0; i < FROZEN; i++)
    close (fds[i]);
  fixture_stop (&fixture);

  options.limits.budget_bytes = 21 << 20;
  fixture_start (&fixture, &options, 400000, NULL);
  for (int i = 0; i < FROZEN; i++) {
    char byte;

    /* The last that the sweep saw of the first ones was before the others came. */
    start_us = g_get_monotonic_time ();
    WAIT_UNTIL_S (10, i != FIRST || g_get_monotonic_time () - start_us > 1200000);
    fds[i] = client_connect (fixture.port, 4096);
    client_send (fds[i], GET ("/live/video/64p/6.m4s"));
    g_assert_cmpint (recv (fds[i], &byte, 1, MSG_PEEK), ==, 1);
  }
  WAIT_UNTIL_S (10, (regia_server_get_stats (fixture.server, &stats), stats.wire.cut > 0));
  client_ask (fixture.port, "GET", PLAYLIST, NULL, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  for (int i = 0; i < FROZEN; i++) {
    client_receive (fds[i], FALSE, &answer); /* of one that stays it is the whole */
    gone[i >= FIRST] += answer.body->len < 20000000;
    close (fds[i]);
  }
  g_test_message ("%u of the first and %u of the others are gone", gone[0], gone[1]);
  g_assert_cmpuint (gone[0], >=, 1);
  g_assert_true (gone[0] == FIRST || gone[1] == 0);
  g_assert_cmpuint (gone[0] + gone[1], <, FROZEN);
  fixture_stop (&fixture);
}

static gboolean
tick_cb (gpointer data)
{
  ++*(guint *)data;
  return G_SOURCE_CONTINUE;
}

static gboolean
stopped_cb (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

/* The main thread goes on while the workers end, although somebody takes nothing of an answer. */
static void
test_stop (void)
{
  RegiaServerOptions options = fixture_options ();
  gboolean stopped = FALSE;
  guint ticks = 0, source;
  Fixture fixture;
  gint64 start_us;
  char byte;
  int fd;

  fixture_start (&fixture, &options, 400000, NULL);
  fd = client_connect (fixture.port, 4096);
  client_send (fd, GET ("/live/video/64p/6.m4s"));
  g_assert_cmpint (recv (fd, &byte, 1, 0), ==, 1);
  source = g_timeout_add (20, tick_cb, &ticks);
  start_us = g_get_monotonic_time ();
  regia_server_stop (g_steal_pointer (&fixture.server), 1000, stopped_cb, &stopped);
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, 300000);
  WAIT_UNTIL_S (5, stopped);
  g_assert_cmpint (g_get_monotonic_time () - start_us, >, 900000);
  g_assert_cmpuint (ticks, >=, 10);
  g_source_remove (source);
  close (fd);
  fixture_stop (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/crowd/strangers", test_strangers);
  g_test_add_func ("/gateway/crowd/behind-proxy", test_behind_proxy);
  g_test_add_func ("/gateway/crowd/budget", test_budget);
  g_test_add_func ("/gateway/crowd/stop", test_stop);
  return g_test_run ();
}
