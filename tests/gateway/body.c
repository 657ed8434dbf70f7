/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests that libsoup answers, with what reaches it, and bodies where they are taken. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"

#define H "Host: localhost\r\n"

static const RegiaBodyRule rules[] = {
    {REGIA_METHOD_POST, "/test/echo", 100000, 700},
    {REGIA_METHOD_DELETE, "/test/things/", 0, 700},
    {0},
};

/* An ordinary handler of libsoup: answers with what it was asked. */
static void
echo_cb (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  g_autoptr (GBytes) body = soup_message_body_flatten (soup_server_message_get_request_body (message));
  g_autofree char *uri = g_uri_to_string (soup_server_message_get_uri (message));
  GString *text = g_string_new (NULL);
  SoupMessageHeadersIter iter;
  const char *name, *value;

  g_string_append_printf (text, "%s %s\n", soup_server_message_get_method (message), uri);
  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    g_string_append_printf (text, "%s: %s\n", name, value);
  g_string_append_printf (text, "body of %zu bytes: ", g_bytes_get_size (body));
  g_string_append_len (text, g_bytes_get_data (body, NULL), (gssize)g_bytes_get_size (body));
  soup_server_message_set_status (message, 200, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_TAKE, text->str, text->len);
  g_string_free (text, FALSE);
}

static void
add_handlers_cb (RegiaHttp *http, SoupServer *server, gpointer data)
{
  soup_server_add_handler (server, "/test", echo_cb, NULL, NULL);
  regia_site_add_handlers (http, server, data);
}

static RegiaServerOptions
make_options (void)
{
  RegiaServerOptions options = fixture_options ();

  options.threads = 1;
  options.rules = rules;
  options.add_handlers = add_handlers_cb;
  return options;
}

static void
assert_body (const ClientAnswer *answer, const char *text)
{
  g_autofree char *found = g_strndup ((const char *)answer->body->data, answer->body->len);
  g_assert_cmpstr (found, ==, text);
}

/* libsoup sees the request itself: its path, query and fields, and nothing that is not on the list. */
static void
test_canonical (void)
{
  RegiaServerOptions options = make_options ();
  g_auto (ClientAnswer) answer = {0};
  g_autofree char *sniff = NULL;
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 100, NULL);
  fd = client_connect (fixture.port, 0);
  client_send (fd,
               "GET /test/a?b=%20&c=d+e HTTP/1.1\r\nX-Junk: 1\r\nRANGE: bytes=0-,0-,0-\r\ncookie:  s=1\r\n" H
               "Upgrade: h2c\r\nX-Forwarded-For: 1.2.3.4\r\nTE: trailers\r\nConnection: TE, upgrade\r\n\r\n");
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  assert_body (&answer, "GET http://localhost/test/a?b=%20&c=d+e\nHost: localhost\nCookie: "
                        "s=1\nX-Regia-Client: 127.0.0.1\nbody of 0 bytes: ");
  sniff = client_field (&answer, "X-Content-Type-Options");
  g_assert_cmpstr (sniff, ==, "nosniff");
  /* The same connection, by turns from the lane and from libsoup. */
  for (int i = 0; i < 50; i++) {
    client_send (fd, "GET /live/index.m3u8 HTTP/1.1\r\n" H "\r\nGET /test/b HTTP/1.1\r\n" H
                     "\r\nHEAD /test/c HTTP/1.1\r\n" H "\r\n");
    client_receive (fd, FALSE, &answer);
    g_assert_cmpmem (answer.body->data, 7, "#EXTM3U", 7);
    client_receive (fd, FALSE, &answer);
    assert_body (
        &answer,
        "GET http://localhost/test/b\nHost: localhost\nX-Regia-Client: 127.0.0.1\nbody of 0 bytes: ");
    client_receive (fd, TRUE, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
  }
  close (fd);
  fixture_stop (&fixture);
}

static void
test_body (void)
{
  RegiaServerOptions options = make_options ();
  g_auto (ClientAnswer) answer = {0};
  g_autofree char *big = g_strnfill (100000, 'x');
  g_autofree char *wanted = g_strconcat (
      "POST http://localhost/test/echo\nHost: localhost\nContent-Length: 100000\nX-Regia-Client: 127.0.0.1\n"
      "body of 100000 bytes: ",
      big, NULL);
  static const char post[] = "POST /test/echo HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello"
                             "GET /live/index.m3u8 HTTP/1.1\r\n" H "\r\n";
  Fixture fixture;
  int fd;

  fixture_start (&fixture, &options, 100, NULL);
  fd = client_connect (fixture.port, 0);
  /* In one packet with the next request, and in packets of a byte. */
  for (int pieces = 0; pieces < 2; pieces++) {
    for (gsize i = 0; i < sizeof post - 1; i += pieces ? 1 : sizeof post - 1) {
      g_autofree char *piece = g_strndup (post + i, pieces ? 1 : sizeof post - 1);
      client_send (fd, piece);
    }
    client_receive (fd, FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
    assert_body (&answer, "POST http://localhost/test/echo\nHost: localhost\nContent-Length: "
                          "5\nX-Regia-Client: 127.0.0.1\nbody of 5 bytes: hello");
    client_receive (fd, FALSE, &answer);
    g_assert_cmpmem (answer.body->data, 7, "#EXTM3U", 7);
  }
  client_send (fd, "POST /test/echo HTTP/1.1\r\n" H "Content-Length: 100000\r\n\r\n");
  client_send (fd, big);
  client_receive (fd, FALSE, &answer);
  assert_body (&answer, wanted);
  client_send (fd, "DELETE /test/things/a HTTP/1.1\r\n" H "\r\n");
  client_receive (fd, FALSE, &answer);
  assert_body (
      &answer,
      "DELETE http://localhost/test/things/a\nHost: localhost\nX-Regia-Client: 127.0.0.1\nbody of 0 bytes: ");
  /* Expect: 100-continue (RFC 9110 §10.1.1) */
  client_send (fd, "POST /test/echo HTTP/1.1\r\n" H "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  client_receive (fd, TRUE, &answer);
  g_assert_cmpuint (answer.status, ==, 100);
  client_send (fd, "ok");
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_true (g_str_has_suffix (answer.head, "\r\n\r\n"));
  close (fd);
  fixture_stop (&fixture);
}

/* Too long, too slow, cut off, or where none is taken: refused or cut, and what follows is never a request.
 */
static void
test_limits (void)
{
  static const struct {
    const char *bytes;
    guint status; /* 0: no answer */
  } table[] = {
#define SECRET "GET /healthz HTTP/1.1\r\n" H "\r\n"
      {"POST /test/echo HTTP/1.1\r\n" H "Content-Length: 100001\r\n\r\n" SECRET, 413},
      {"POST /test/echo HTTP/1.1\r\n" H "\r\n" SECRET, 411},
      {"POST /test/echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECRET, 411},
      {"POST /test/other HTTP/1.1\r\n" H "Content-Length: 41\r\n\r\n" SECRET, 405},
      {"PUT /test/echo HTTP/1.1\r\n" H "Content-Length: 41\r\n\r\n" SECRET, 405},
      {"DELETE /test/things/a HTTP/1.1\r\n" H "Content-Length: 41\r\n\r\n" SECRET, 400},
      {"GET /test/echo HTTP/1.1\r\n" H "Content-Length: 41\r\n\r\n" SECRET, 400},
      {"POST /test/echo HTTP/1.1\r\n" H "Content-Length: 1000\r\n\r\n" SECRET, 0},
  };
  RegiaServerOptions options = make_options ();
  g_auto (ClientAnswer) last = {0};
  Fixture fixture;

  fixture_start (&fixture, &options, 100, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_auto (ClientAnswer) answer = {0}, second = {0};
    gint64 start_us = g_get_monotonic_time ();
    int fd = client_connect (fixture.port, 0);

    g_test_message ("%s", table[i].bytes);
    client_send (fd, table[i].bytes);
    client_receive (fd, FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, table[i].status);
    client_receive (fd, FALSE, &second);
    g_assert_cmpuint (second.status, ==, 0);
    if (table[i].status == 0)
      g_assert_cmpint (g_get_monotonic_time () - start_us, >=, 600000);
    close (fd);
  }
  client_ask (fixture.port, "GET", "/healthz", NULL, &last);
  g_assert_cmpuint (last.status, ==, 200);
  fixture_stop (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/body/canonical", test_canonical);
  g_test_add_func ("/gateway/body/body", test_body);
  g_test_add_func ("/gateway/body/limits", test_limits);
  return g_test_run ();
}
