/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's WebSocket, with libsoup's own client as the page and a feed of the test's: who gets one, what
 * comes over it, and that a page which takes nothing costs nothing. */
#include "console-socket-private.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wait.h"
#include "client.h"
#include "console-house.h"
#include "regia/feed/log.h"
#include "regia/feed/server.h"

#define BEARER  "Authorization: Bearer "
#define COOKIE  "Cookie: regia_session=" DIRECTOR_TECHNICIAN "\r\n"
#define OWN     "Origin: http://localhost\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void
test_who (ConsoleHouse *house, gconstpointer data)
{
  static const struct {
    const char *method, *fields;
    guint status;
  } table[] = {
      {"GET", UPGRADE KEY BEARER DIRECTOR_TECHNICIAN "\r\n", 101},
      {"GET", UPGRADE KEY COOKIE OWN, 101},
      {"GET", UPGRADE KEY COOKIE OWN "Sec-Fetch-Site: same-origin\r\n", 101},
      {"GET", UPGRADE KEY BEARER DIRECTOR_TECHNICIAN "\r\n" OWN, 101},
      {"GET", UPGRADE KEY, 401},
      {"GET", UPGRADE KEY BEARER "short\r\n", 401},
      {"GET", UPGRADE KEY BEARER DIRECTOR_STAFF "\r\n", 403},
      /* Another site's page: a browser sends the cookie with it. */
      {"GET", UPGRADE KEY COOKIE, 403},
      {"GET", UPGRADE KEY COOKIE "Origin: http://evil.example\r\n", 403},
      {"GET", UPGRADE KEY COOKIE "Origin: null\r\n", 403},
      {"GET", UPGRADE KEY COOKIE OWN "Sec-Fetch-Site: cross-site\r\n", 403},
      {"GET", COOKIE OWN, 426},
      {"GET", UPGRADE COOKIE OWN, 426},
      {"GET", UPGRADE "Sec-WebSocket-Key: short\r\n" COOKIE OWN, 426},
      {"POST", UPGRADE KEY COOKIE OWN "Content-Length: 0\r\n", 405},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_auto (ClientAnswer) answer = {0};
    g_autofree char *request = g_strconcat (table[i].method, " /api/v1/live HTTP/1.1\r\nHost: localhost\r\n",
                                            table[i].fields, "\r\n", NULL);
    int fd = client_connect (house->port, 0);

    client_send (fd, request);
    client_receive (fd, TRUE, &answer);
    g_test_message ("%s: %u", table[i].fields, answer.status);
    g_assert_cmpuint (answer.status, ==, table[i].status);
    if (answer.status == 101)
      g_assert_nonnull (strstr (answer.head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")); /* RFC 6455 §1.3 */
    close (fd);
  }
}

/* Bytes behind a request that is refused are the next request, judged like any other; behind a yes they are
 * never one. */
static void
test_smuggled (ConsoleHouse *house, gconstpointer data)
{
  static const char hidden[] =
      "POST /api/v1/commands/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n" BEARER DIRECTOR_TECHNICIAN "\r\n\r\n{}";
  g_autofree char *good = g_strconcat (
                      "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n" UPGRADE KEY COOKIE OWN "\r\n",
                      hidden, NULL),
                  *heard = NULL;
  g_auto (ClientAnswer) answer = {0};
  int fd = client_connect (house->port, 0);

  client_send (fd, good);
  client_receive (fd, TRUE, &answer);
  g_assert_cmpuint (answer.status, ==, 101);
  g_assert_cmpint (client_wait_end (fd, 10000), >=, 0); /* it is no frame of a client's */
  close (fd);
  heard = director_take (house->director);
  g_assert_null (strstr (heard, "Stop"));
}

/* A page */

typedef struct {
  SoupSession *session;            /* (owned) */
  SoupWebsocketConnection *socket; /* (owned) (nullable) */
  GPtrArray *texts, *pictures;     /* (owned) (element-type utf8), (element-type GBytes) */
  gboolean is_closed;
  guint code;
} Page;

static void
page_message_cb (SoupWebsocketConnection *socket, int type, GBytes *message, gpointer data)
{
  Page *self = data;
  gsize length;
  const char *bytes = g_bytes_get_data (message, &length);

  if (type == SOUP_WEBSOCKET_DATA_TEXT)
    g_ptr_array_add (self->texts, g_strndup (bytes, length));
  else
    g_ptr_array_add (self->pictures, g_bytes_ref (message));
}

static void
page_closed_cb (SoupWebsocketConnection *socket, gpointer data)
{
  Page *self = data;

  self->is_closed = TRUE;
  self->code = soup_websocket_connection_get_close_code (socket);
}

static void
page_open_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Page *self = data;
  g_autoptr (GError) error = NULL;

  self->socket = soup_session_websocket_connect_finish (SOUP_SESSION (object), result, &error);
  g_assert_no_error (error);
  soup_websocket_connection_set_max_incoming_payload_size (self->socket, 4 << 20);
  g_signal_connect (self->socket, "message", G_CALLBACK (page_message_cb), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (page_closed_cb), self);
}

static void
page_open (Page *self, guint port)
{
  g_autofree char *address = g_strdup_printf ("ws://localhost:%u/api/v1/live", port);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", address);

  *self = (Page){.session = soup_session_new (),
                 .texts = g_ptr_array_new_with_free_func (g_free),
                 .pictures = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref)};
  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization",
                                "Bearer " DIRECTOR_TECHNICIAN);
  soup_session_websocket_connect_async (self->session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL,
                                        page_open_cb, self);
  WAIT_UNTIL (self->socket != NULL);
}

static void
page_say (Page *self, const char *json)
{
  soup_websocket_connection_send_text (self->socket, json);
}

static void
page_close (Page *self)
{
  if (!self->is_closed)
    soup_websocket_connection_close (self->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  WAIT_UNTIL (self->is_closed);
  g_object_unref (self->socket);
  g_object_unref (self->session);
  g_ptr_array_unref (self->texts);
  g_ptr_array_unref (self->pictures);
}

static guint
count_texts (const Page *self, const char *beginning)
{
  guint count = 0;

  for (guint i = 0; i < self->texts->len; i++)
    count += g_str_has_prefix (self->texts->pdata[i], beginning);
  return count;
}

/* A feed */

typedef struct {
  RegiaFeedLog *log;
  RegiaFeedServer *server;
  guint n;
} Feed;

static void
feed_begin (Feed *self, ConsoleHouse *house)
{
  static const char *const names[] = {"meters", "preview/camera", "preview/hall"};
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  g_autoptr (GBytes) nothing = g_bytes_new_static (NULL, 0);
  g_autoptr (GError) error = NULL;
  int ends[2];

  *self = (Feed){.log = regia_feed_log_new (1, 60 * G_GINT64_CONSTANT (1000000000), 1 << 24)};
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_ptr_array_add (
        tracks, regia_track_new (i, names[i], "", i == 0 ? REGIA_CODEC_JSON : REGIA_CODEC_JPEG, nothing));
  regia_feed_log_set_tracks (self->log, tracks);
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

/* One of each track; each says its number. */
static void
feed_give (Feed *self)
{
  gint64 time_ns = ++self->n * G_GINT64_CONSTANT (100000000);
  char *meters = g_strdup_printf ("{\"n\":%u}", self->n);

  regia_feed_log_append (self->log, regia_packet_new (0, REGIA_PACKET_KEYFRAME, time_ns, time_ns, 0,
                                                      g_bytes_new_take (meters, strlen (meters))));
  for (guint i = 1; i < 3; i++) {
    char *picture = g_strdup_printf ("picture %u of %u", self->n, i);

    regia_feed_log_append (self->log, regia_packet_new (i, REGIA_PACKET_KEYFRAME, time_ns, time_ns, 0,
                                                        g_bytes_new_take (picture, strlen (picture))));
  }
}

static gboolean
give_cb (gpointer data)
{
  feed_give (data);
  return G_SOURCE_CONTINUE;
}

static void
test_talk (ConsoleHouse *house, gconstpointer data)
{
  Page page;
  Feed feed;
  guint giver, texts, pictures;
  gsize length;
  const guint8 *bytes;
  guint64 time_ms;
  g_autofree char *meters = NULL;
  g_autoptr (GVariant) status = g_variant_ref_sink (g_variant_new_parsed ("{'state': <'on-air'>}"));

  feed_begin (&feed, house);
  regia_console_events_post (house->site.events, status);
  page_open (&page, house->port);
  giver = g_timeout_add (5, give_cb, &feed);
  WAIT_UNTIL (feed.n > 20);
  g_assert_cmpuint (page.texts->len, ==, 0); /* it has not said anything */
  g_assert_cmpuint (regia_feed_server_get_wanted (feed.server), ==, 0);

  page_say (&page, "{}");
  WAIT_UNTIL (count_texts (&page, "id: ") == 1);
  g_assert_nonnull (strstr (page.texts->pdata[0], "event: status\ndata: {"));

  g_assert_nonnull (strstr (page.texts->pdata[0], "\"state\":\"on-air\""));

  page_say (&page, "{\"meters\":true,\"previews\":[\"camera\"],\"ack\":1}");
  WAIT_UNTIL (regia_feed_server_get_wanted (feed.server) == 3);
  /* So much, and no more, until it has taken some. */
  WAIT_UNTIL (page.pictures->len + page.texts->len == REGIA_CONSOLE_SOCKET_AHEAD + 1);
  WAIT_UNTIL (feed.n > 20 && page.pictures->len > 0 && count_texts (&page, "{") > 0);
  texts = page.texts->len;
  pictures = page.pictures->len;
  {
    guint n = feed.n;

    WAIT_UNTIL (feed.n > n + 40);
  }
  g_assert_cmpuint (page.texts->len + page.pictures->len, ==, texts + pictures);
  bytes = g_bytes_get_data (page.pictures->pdata[0], &length);
  g_assert_cmpuint (bytes[0], ==, 6);
  g_assert_cmpmem (bytes + 1, 6, "camera", 6);
  memcpy (&time_ms, bytes + 7, sizeof time_ms);
  meters = g_strdup_printf ("picture %" G_GUINT64_FORMAT " of 1", GUINT64_FROM_BE (time_ms) / 100);
  g_assert_cmpmem (bytes + 15, length - 15, meters, strlen (meters));

  /* What it has missed is not sent after. */
  {
    guint n = feed.n;
    guint64 told;

    page_say (&page, "{\"ack\":16,\"meters\":false}");
    WAIT_UNTIL (page.pictures->len > pictures);
    bytes = g_bytes_get_data (page.pictures->pdata[pictures], &length);
    memcpy (&told, bytes + 7, sizeof told);
    g_assert_cmpuint (GUINT64_FROM_BE (told) / 100 + 20, >, n); /* forty were passed over */
  }
  WAIT_UNTIL (regia_feed_server_get_wanted (feed.server) == 2);
  page_close (&page);
  WAIT_UNTIL (regia_feed_server_get_wanted (feed.server) == 0);
  g_source_remove (giver);
  feed_end (&feed);
}

/* The engine is started anew: the page goes on, with the new one's. */
static void
test_engine (ConsoleHouse *house, gconstpointer data)
{
  Page page;
  Feed feed;
  guint giver;

  page_open (&page, house->port);
  page_say (&page, "{\"previews\":[\"hall\"]}");
  for (guint i = 0; i < 3; i++) {
    guint before = page.pictures->len;

    feed_begin (&feed, house);
    giver = g_timeout_add (5, give_cb, &feed);
    WAIT_UNTIL (page.pictures->len > before);
    page_say (&page, "{\"ack\":16}");
    WAIT_UNTIL (page.pictures->len > before + 1);
    g_source_remove (giver);
    feed_end (&feed);
  }
  page_close (&page);
}

static void
test_wrong (ConsoleHouse *house, gconstpointer data)
{
  static const struct {
    const char *text;
    guint code;
  } table[] = {
      {"", 1008},
      {"[]", 1008},
      {"{", 1008},
      {"{\"nothing\":1}", 1008},
      {"{\"ack\":0}", 1008},
      {"{\"ack\":17}", 1008},
      {"{\"ack\":\"1\"}", 1008},
      {"{\"meters\":1}", 1008},
      {"{\"last\":1}", 1008},
      {"{\"previews\":\"camera\"}", 1008},
      {"{\"previews\":[1]}", 1008},
      {"{\"previews\":[\"a/b\"]}", 1008},
      {"{\"previews\":[\"*\"]}", 1008},
      {"{\"previews\":[\"\"]}", 1008},
      {"{\"previews\":{}}", 1008},
      {NULL, 1003},
  };
  static const guint8 bytes[] = {0, 1, 2};
  Page page;
  g_autofree char *large = g_strnfill (100000, ' ');

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    page_open (&page, house->port);
    if (table[i].text != NULL)
      page_say (&page, table[i].text);
    else
      soup_websocket_connection_send_binary (page.socket, bytes, sizeof bytes);
    WAIT_UNTIL (page.is_closed);
    g_test_message ("%s: %u", table[i].text, page.code);
    g_assert_cmpuint (page.code, ==, table[i].code);
    page_close (&page);
  }
  page_open (&page, house->port);
  page_say (&page, large);
  WAIT_UNTIL (page.is_closed); /* 1009, where the client still reads it */
  page_close (&page);
}

static void
test_over (ConsoleHouse *house, gconstpointer data)
{
  Page page;

  page_open (&page, house->port);
  page_say (&page, "{\"meters\":true}");
  director_forget (house->director);
  WAIT_UNTIL_S (40, page.is_closed);
  g_assert_cmpuint (page.code, ==, 1008);
  page_close (&page);
}

/* Places are had again by others when their pages have gone, however they went. */
static void
test_places (ConsoleHouse *house, gconstpointer data)
{
  for (guint round = 0; round < 3; round++) {
    int sockets[REGIA_CONSOLE_SOCKETS];
    g_auto (ClientAnswer) refused = {0};
    guint status = 0;

    for (guint i = 0; i < REGIA_CONSOLE_SOCKETS; i++) {
      g_autofree char *request = g_strconcat (
          "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n" UPGRADE KEY COOKIE OWN "\r\n", NULL);
      gint64 deadline_us = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

      for (status = 0; status != 101 && g_get_monotonic_time () < deadline_us;) {
        g_auto (ClientAnswer) answer = {0};

        sockets[i] = client_connect (house->port, 0);
        client_send (sockets[i], request);
        client_receive (sockets[i], TRUE, &answer);
        status = answer.status;
        if (status != 101)
          close (sockets[i]);
      }
      g_assert_cmpuint (status, ==, 101);
    }
    client_ask (house->port, "GET", "/api/v1/live", UPGRADE KEY COOKIE OWN, &refused);
    g_assert_cmpuint (refused.status, ==, 503);
    for (guint i = 0; i < REGIA_CONSOLE_SOCKETS; i++)
      close (sockets[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define TEST(name, func)                                                                                     \
  g_test_add ("/gateway/socket/" name, ConsoleHouse, NULL, console_house_set_up, func,                       \
              console_house_tear_down)
  TEST ("who", test_who);
  TEST ("smuggled", test_smuggled);
  TEST ("talk", test_talk);
  TEST ("engine", test_engine);
  TEST ("wrong", test_wrong);
  TEST ("over", test_over);
  TEST ("places", test_places);
  return g_test_run ();
}
