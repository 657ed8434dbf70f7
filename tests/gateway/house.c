/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The programme as the house has it, at the console's address: who gets it, that it is private all the same,
 * and that it costs nothing while nobody asks. */
#include "house-private.h"

#include <string.h>
#include <sys/socket.h>

#include "../hls/feeding.h"
#include "../wait.h"
#include "client.h"
#include "console-house.h"
#include "regia/feed/log.h"
#include "regia/feed/server.h"

#define TECHNICIAN "Authorization: Bearer " DIRECTOR_TECHNICIAN "\r\n"
#define STAFF      "Authorization: Bearer " DIRECTOR_STAFF "\r\n"
#define COOKIE     "Cookie: regia_session=" DIRECTOR_TECHNICIAN "\r\n"
#define MASTER     "/house/index.m3u8"
#define SECONDS    20
/* video/64p, audio/it, audio/it/opus, audio/en. */
#define PROGRAMME 0xf

typedef struct {
  RegiaFeedLog *log;
  RegiaFeedServer *server;
} Feed;

/* Twenty seconds of it. */
static void
feed_begin (Feed *self, ConsoleHouse *house)
{
  g_autoptr (GPtrArray) tracks = make_tracks ();
  g_autoptr (GError) error = NULL;
  int ends[2];

  *self = (Feed){.log = regia_feed_log_new (1, 60 * REGIA_SECOND, 1 << 24)};
  regia_feed_log_set_tracks (self->log, tracks);
  for (guint frame = 0, aac = 0; FRAME_NS (frame) <= SECONDS * REGIA_SECOND;) {
    if (FRAME_NS (frame) <= AAC_NS (aac)) {
      regia_feed_log_append (self->log, packets_frame (VIDEO, frame++));
    } else {
      regia_feed_log_append (self->log, packets_aac (AUDIO_IT, aac));
      regia_feed_log_append (self->log, packets_aac (AUDIO_EN, aac++));
    }
  }
  self->server = regia_feed_server_new (self->log);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_true (regia_feed_server_add_reader (self->server, ends[0], "console", REGIA_FEED_HOUSE, &error));
  regia_feed_link_use (house->link, ends[1]);
}

static void
feed_end (Feed *self)
{
  regia_feed_server_free (self->server);
  regia_feed_log_free (self->log);
}

static guint
ask (ConsoleHouse *house, const char *path, const char *fields, ClientAnswer *ret_answer)
{
  client_answer_clear (ret_answer);
  client_ask (house->port, "GET", path, fields, ret_answer);
  return ret_answer->status;
}

/* (transfer full): the body as text. */
static char *
text_of (const ClientAnswer *answer)
{
  return g_strndup ((const char *)answer->body->data, answer->body->len);
}

static void
test_who (ConsoleHouse *house, gconstpointer data)
{
  static const struct {
    const char *method, *path, *fields;
    guint status;
  } table[] = {
      {"GET", MASTER, NULL, 401},
      {"GET", MASTER, STAFF, 403},
      {"GET", "/house/video/64p/5.m4s", NULL, 401},
      {"GET", "/house/video/64p/5.m4s", STAFF, 403},
      {"HEAD", MASTER, STAFF, 403},
      {"POST", MASTER, TECHNICIAN "Origin: http://localhost\r\nContent-Length: 0\r\n", 405},
      {"GET", "/house", TECHNICIAN, 404},
      {"GET", "/house/../house/index.m3u8", TECHNICIAN, 400},
      {"GET", "/live/index.m3u8", TECHNICIAN, 404},
  };
  Feed feed;

  feed_begin (&feed, house);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_auto (ClientAnswer) answer = {0};

    client_ask (house->port, table[i].method, table[i].path, table[i].fields, &answer);
    g_test_message ("%zu: %s %s: %u", i, table[i].method, table[i].path, answer.status);
    g_assert_cmpuint (answer.status, ==, table[i].status);
  }
  g_assert_cmphex (regia_feed_server_get_wanted (feed.server), ==, 0); /* none of them had it read */
  feed_end (&feed);
}

/* Read from the oldest on, as soon as somebody asks; given to be kept by nobody; forgotten when nobody asks.
 */
static void
test_play (ConsoleHouse *house, gconstpointer data)
{
  g_auto (ClientAnswer) answer = {0};
  g_autofree char *master = NULL, *list = NULL, *segment = NULL, *cache = NULL, *cors = NULL;
  Feed feed;

  feed_begin (&feed, house);
  g_assert_cmpuint (ask (house, MASTER, TECHNICIAN, &answer), ==, 503);
  WAIT_UNTIL (ask (house, MASTER, TECHNICIAN, &answer) == 200);
  master = text_of (&answer);
  cache = client_field (&answer, "Cache-Control");
  cors = client_field (&answer, "Access-Control-Allow-Origin");
  g_assert_cmpstr (cache, ==, "no-store");
  g_assert_null (cors);
  g_assert_nonnull (strstr (master, "\nvideo/64p/index.m3u8"));
  g_assert_nonnull (strstr (master, "URI=\"audio/it/index.m3u8\""));
  g_assert_cmphex (regia_feed_server_get_wanted (feed.server), ==, PROGRAMME);
  WAIT_UNTIL (ask (house, "/house/video/64p/9.m4s", COOKIE, &answer) == 200);
  g_assert_cmpmem (answer.body->data + 4, 4, "moof", 4);
  g_assert_cmpuint (ask (house, "/house/" V_INDEX, COOKIE, &answer), ==, 200);
  list = text_of (&answer);
  g_assert_nonnull (strstr (list, "#EXT-X-MEDIA-SEQUENCE:2\n")); /* eight of ten */
  g_assert_cmpuint (ask (house, "/house/video/64p/99.m4s", COOKIE, &answer), ==, 503);
  g_assert_cmpuint (ask (house, "/house/nothing/index.m3u8", COOKIE, &answer), ==, 404);

  WAIT_UNTIL (regia_feed_server_get_wanted (feed.server) == 0);
  g_assert_cmpuint (ask (house, "/house/video/64p/9.m4s", COOKIE, &answer), ==, 503);
  WAIT_UNTIL (ask (house, "/house/video/64p/9.m4s", COOKIE, &answer) == 200);
  feed_end (&feed);
}

/* What pages look at comes and goes meanwhile, and no segment has a hole for that. */
static void
test_beside (ConsoleHouse *house, gconstpointer data)
{
  static const char *const nothing[] = {NULL}, *const meters[] = {"meters", NULL};
  g_auto (ClientAnswer) answer = {0};
  g_autofree char *list = NULL;
  Feed feed;

  feed_begin (&feed, house);
  regia_console_feed_want (house->site.feed, meters);
  WAIT_UNTIL (ask (house, "/house/" V_INDEX, TECHNICIAN, &answer) == 200);
  for (guint i = 0, frame = SECONDS * 25 + 1; i < 150; i++) {
    regia_feed_log_append (feed.log, packets_frame (VIDEO, frame + i));
    if (i % 7 == 0)
      regia_console_feed_want (house->site.feed, i % 14 == 0 ? nothing : meters);
    g_usleep (500);
  }
  WAIT_UNTIL (ask (house, "/house/video/64p/11.m4s", TECHNICIAN, &answer) == 200);
  g_assert_cmpuint (ask (house, "/house/" V_INDEX, TECHNICIAN, &answer), ==, 200);
  list = text_of (&answer);
  g_assert_null (strstr (list, "#EXT-X-GAP"));
  g_assert_null (strstr (list, "#EXT-X-DISCONTINUITY\n"));
  g_assert_cmpuint (ask (house, "/house/video/64p/10.m4s", TECHNICIAN, &answer), ==, 200);
  {
    gsize expected = 0;

    for (guint i = 0; i < 50; i++)
      expected += 100 + (SECONDS * 25 + i) % 7;
    g_assert_cmpuint (answer.body->len, >, expected); /* fifty whole frames, and their boxes */
  }
  feed_end (&feed);
}

/* The page may ask where viewers do, and at nobody's whose address is none. */
static void
test_viewers (ConsoleHouse *house, gconstpointer data)
{
  static const struct {
    const char *gateway, *ends;
  } table[] = {
      {"@a{sv} {}", "connect-src 'self'"},
      {"{'addresses': <['http://localhost:8080', 'https://hall.example']>}",
       "connect-src 'self' http://localhost:8080 https://hall.example"},
      {"{'addresses': <['http://a.example; script-src *', 'http://[::1]:80', 'ftp://b', '*']>}",
       "connect-src 'self' http://[::1]:80"},
      {"{'addresses': <'http://localhost'>}", "connect-src 'self'"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GVariant) gateway = g_variant_ref_sink (g_variant_new_parsed (table[i].gateway));
    g_auto (ClientAnswer) answer = {0};
    g_autofree char *policy = NULL;

    regia_console_site_tell_viewers (&house->site, gateway);
    ask (house, "/", NULL, &answer);
    policy = client_field (&answer, "Content-Security-Policy");
    g_assert_nonnull (policy);
    if (!g_str_has_suffix (policy, table[i].ends) || strstr (policy, "script-src 'self';") == NULL)
      g_error ("%zu: %s", i, policy);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name)                                                                                            \
  g_test_add ("/gateway/house/" #name, ConsoleHouse, NULL, console_house_set_up, test_##name,                \
              console_house_tear_down)
  ADD (who);
  ADD (play);
  ADD (beside);
  ADD (viewers);
  return g_test_run ();
}
