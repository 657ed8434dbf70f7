/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real server that speaks https on a loopback port: that everything comes through whole, from whichever way
 * of answering, to quick and slow clients. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tls-house.h"

static void
test_answers (gconstpointer version)
{
  g_auto (ClientAnswer) answer = {0}, plain = {0};
  g_autofree char *etag = NULL, *again = NULL;
  RegiaServerStats stats;
  SSL_CTX *context;
  House house;
  SSL *ssl;

  house_open (&house);
  context = pair_client (&house.pair, GPOINTER_TO_INT (version));
  ssl = tls_connect (&house, context);
  g_assert_cmpint (SSL_version (ssl), ==, GPOINTER_TO_INT (version));
  for (guint i = 0; i < 100; i++) {
    g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
    g_assert_cmpuint (answer.body->len, >, 100);
  }
  etag = client_field (&answer, "ETag");
  again = g_strdup_printf ("GET " PLAYLIST " HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: %s\r\n\r\n", etag);
  g_assert_cmpuint (tls_ask (ssl, again, &answer), ==, 304);
  g_assert_cmpuint (tls_ask (ssl, "HEAD " SEGMENT " HTTP/1.1\r\nHost: localhost\r\n\r\n", &answer), ==, 200);
  g_assert_cmpuint (tls_ask (ssl, GET ("/nix"), &answer), ==, 404);
  /* Several in one record, and one in records of a byte. */
  tls_send (ssl, GET (SEGMENT) GET ("/healthz") GET (PLAYLIST));
  tls_receive (ssl, FALSE, &answer);
  g_assert_cmpuint (answer.body->len, >, 5000);
  tls_receive (ssl, FALSE, &answer);
  g_assert_cmpmem (answer.body->data, answer.body->len, "ok", 2);
  tls_receive (ssl, FALSE, &answer);
  g_assert_cmpmem (answer.body->data, 7, "#EXTM3U", 7);
  for (const char *p = GET (PLAYLIST); *p != '\0'; p++)
    tls_send (ssl, (char[]){*p, '\0'});
  tls_receive (ssl, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  regia_server_get_stats (house.fixture.server, &stats);
  g_assert_cmpuint (stats.wire.requests, ==, 107);
  g_assert_cmpuint (stats.connections, ==, 1);
  /* A refusal can be read to its end, and so can the end. */
  g_assert_cmpuint (tls_ask (ssl, "GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n", &answer), ==, 421);
  g_assert_cmpuint (answer.body->len, >, 10);
  tls_expect_end (ssl);
  tls_hang_up (ssl);

  ssl = tls_connect (&house, context);
  g_assert_cmpuint (
      tls_ask (ssl, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &answer), ==,
      200);
  tls_expect_end (ssl);
  tls_hang_up (ssl);
  SSL_CTX_free (context);
  house_close (&house);
}

#define BIG_FRAME (200 * 1024) /* × 50 pictures a segment */

/* Ten megabytes to one who takes them slowly through a small window, while another is served at once; then to
 * one who leaves in the middle. */
static void
test_big (void)
{
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) slow = {0}, quick = {0};
  guint8 piece[8192];
  gsize before;
  House house;
  SSL *ssl, *other;

  options.threads = 1;
  house_open_with (&house, &options, BIG_FRAME, NULL);
  other = tls_connect (&house, house.context);
  g_assert_cmpuint (tls_ask (other, GET (SEGMENT), &quick), ==, 200);
  g_assert_cmpuint (quick.body->len, >, 50 * BIG_FRAME);

  ssl = tls_connect_slow (&house);
  tls_send (ssl, GET (SEGMENT) GET ("/healthz"));
  for (guint i = 0; i < 20; i++) { /* each of these comes while the first is stuck */
    g_auto (ClientAnswer) answer = {0};

    g_assert_cmpuint (tls_ask (other, GET (PLAYLIST), &answer), ==, 200);
    before = (gsize)SSL_read (ssl, piece, 1);
    g_assert_cmpuint (before, ==, 1);
  }
  /* Twenty bytes of the head are read: the rest of it, and the body. */
  g_assert_cmpint (SSL_version (ssl), ==, TLS1_3_VERSION);
  {
    g_autoptr (GString) head = g_string_new (NULL);
    g_autoptr (GByteArray) body = g_byte_array_new ();

    while (!g_str_has_suffix (head->str, "\r\n\r\n")) {
      g_assert_cmpint (SSL_read (ssl, piece, 1), ==, 1);
      g_string_append_c (head, (char)piece[0]);
    }
    while (body->len < quick.body->len) {
      int n = SSL_read (ssl, piece, (int)MIN (sizeof piece, quick.body->len - body->len));

      g_assert_cmpint (n, >, 0);
      g_byte_array_append (body, piece, (guint)n);
    }
    g_assert_cmpmem (body->data, body->len, quick.body->data, quick.body->len);
  }
  tls_receive (ssl, FALSE, &slow);
  g_assert_cmpmem (slow.body->data, slow.body->len, "ok", 2);
  /* In the middle of an answer: gone, and nobody is the worse for it. */
  tls_send (ssl, GET (SEGMENT));
  g_assert_cmpint (SSL_read (ssl, piece, sizeof piece), >, 0);
  tls_hang_up (ssl);
  g_assert_cmpuint (tls_ask (other, GET (SEGMENT), &slow), ==, 200);
  tls_hang_up (other);
  house_close (&house);
}

#define ID         "2022-09-29-tls"
#define FILE_BYTES (3 * 1024 * 1024 + 4321)

static char *
make_recordings (char **ret_file)
{
  char *folder = g_dir_make_tmp ("regia-tls-XXXXXX", NULL);
  g_autofree char *session = g_build_filename (folder, ID, NULL);
  g_autofree char *json = g_build_filename (session, "session.json", NULL);
  g_autofree char *text = g_strdup_printf (
      "{\"version\":1,\"id\":\"" ID "\",\"title\":\"Hall\",\"place\":\"Massa\",\"state\":\"finished\","
      "\"message\":\"\",\"epoch-ms\":1664436600000,\"started-ms\":1664436600000,\"duration-ms\":60000,"
      "\"files\":[{\"name\":\"programme.mp4\",\"content-type\":\"video/mp4\",\"sha256\":\"\","
      "\"size-bytes\":%d,\"duration-ms\":60000,\"tracks\":[]}]}",
      FILE_BYTES);
  g_autofree char *data = g_malloc (FILE_BYTES);

  for (guint i = 0; i < FILE_BYTES; i++)
    data[i] = (char)(i * 2654435761u >> 24);
  *ret_file = g_build_filename (session, "programme.mp4", NULL);
  g_assert_cmpint (g_mkdir (session, 0700), ==, 0);
  g_assert_true (g_file_set_contents (*ret_file, data, FILE_BYTES, NULL));
  g_assert_true (g_file_set_contents (json, text, -1, NULL));
  return folder;
}

static void
remove_recordings (const char *folder)
{
  static const char *const names[] = {ID "/programme.mp4", ID "/session.json", ID, ""};

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (folder, names[i], NULL);
    g_assert_cmpint (g_remove (path), ==, 0);
  }
}

static void
assert_file (const ClientAnswer *answer, gsize from, gsize length)
{
  g_assert_cmpuint (answer->body->len, ==, length);
  for (gsize i = 0; i < length; i++)
    if (answer->body->data[i] != (guint8)((guint)(from + i) * 2654435761u >> 24))
      g_error ("byte %zu is another", from + i);
}

/* Files, to one who takes them quickly and one with a small window; a file that loses its end while it is
 * being sent is the end of the connection and of nothing else. */
static void
test_download (void)
{
  RegiaServerOptions options = fixture_options ();
  g_autofree char *file = NULL, *folder = make_recordings (&file);
  g_auto (ClientAnswer) answer = {0};
  SSL *ssl, *slow;
  guint8 piece[8192];
  gsize got = 0;
  House house;
  int n;

  options.threads = 1;
  house_open_with (&house, &options, 100, folder);
  ssl = tls_connect (&house, house.context);
  g_assert_cmpuint (tls_ask (ssl, GET ("/api/v1/recordings"), &answer), ==, 200);
  g_assert_cmpuint (tls_ask (ssl, GET ("/recordings/" ID "/programme.mp4"), &answer), ==, 200);
  assert_file (&answer, 0, FILE_BYTES);
  g_assert_cmpuint (tls_ask (ssl,
                             "GET /recordings/" ID "/programme.mp4 HTTP/1.1\r\nHost: localhost\r\n"
                             "Range: bytes=1234567-2345678\r\n\r\n",
                             &answer),
                    ==, 206);
  assert_file (&answer, 1234567, 2345678 - 1234567 + 1);

  slow = tls_connect_slow (&house);
  for (guint round = 0; round < 2; round++) {
    tls_send (slow, GET ("/recordings/" ID "/programme.mp4"));
    for (guint i = 0; i < 20; i++) { /* each of these comes while that is stuck */
      g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
    }
    tls_receive (slow, FALSE, &answer);
    assert_file (&answer, 0, FILE_BYTES);
  }
  tls_send (slow, GET ("/recordings/" ID "/programme.mp4"));
  g_assert_cmpint (SSL_read (slow, piece, sizeof piece), >, 0);
  g_assert_cmpint (truncate (file, 100), ==, 0);
  while ((n = SSL_read (slow, piece, sizeof piece)) > 0)
    got += (gsize)n;
  g_assert_cmpuint (got, <, FILE_BYTES);
  tls_hang_up (slow);
  g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  tls_hang_up (ssl);
  house_close (&house);
  remove_recordings (folder);
}

#define BODY_BYTES 3000000

static void
echo_cb (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  g_autoptr (GBytes) body = soup_message_body_flatten (soup_server_message_get_request_body (message));

  soup_server_message_set_status (message, 200, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_COPY, g_bytes_get_data (body, NULL),
                                    g_bytes_get_size (body));
}

static void
add_handlers_cb (RegiaHttp *http, SoupServer *server, gpointer data)
{
  soup_server_add_handler (server, "/test", echo_cb, NULL, NULL);
  regia_site_add_handlers (http, server, data);
}

/* What libsoup reads and answers: a body in hundreds of records, and back to one with a small window. */
static void
test_body (void)
{
  static const RegiaBodyRule rules[] = {{REGIA_METHOD_POST, "/test/echo", BODY_BYTES, 20000}, {0}};
  RegiaServerOptions options = fixture_options ();
  g_autofree char *body = g_malloc (BODY_BYTES);
  g_autofree char *head = g_strdup_printf (
      "POST /test/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", BODY_BYTES);
  g_auto (ClientAnswer) answer = {0};
  House house;
  SSL *ssl;

  for (guint i = 0; i < BODY_BYTES; i++)
    body[i] = (char)(i * 2654435761u >> 24);
  options.threads = 1;
  options.rules = rules;
  options.add_handlers = add_handlers_cb;
  house_open_with (&house, &options, 100, NULL);
  ssl = tls_connect_slow (&house);
  for (guint round = 0; round < 3; round++) {
    tls_send (ssl, head);
    g_assert_cmpint (SSL_write (ssl, body, BODY_BYTES), ==, BODY_BYTES);
    tls_receive (ssl, FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
    g_assert_cmpmem (answer.body->data, answer.body->len, body, BODY_BYTES);
    g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  }
  tls_hang_up (ssl);
  house_close (&house);
}

/* Ready bodies of several records that lie in no file, a hundred of them to one with a small window. */
static void
test_ready (void)
{
  enum { N = 100 };
  RegiaServerOptions options = fixture_options ();
  g_auto (ClientAnswer) quick = {0}, answer = {0};
  House house;
  SSL *ssl, *slow;

  options.threads = 1;
  house_open_with (&house, &options, 100, NULL);
  ssl = tls_connect (&house, house.context);
  g_assert_cmpuint (tls_ask (ssl, GET (FIXTURE_READY), &quick), ==, 200);
  g_assert_cmpuint (quick.body->len, >, 2 * SSL3_RT_MAX_PLAIN_LENGTH);
  slow = tls_connect_slow (&house);
  for (guint i = 0; i < N; i++)
    tls_send (slow, GET (FIXTURE_READY));
  g_assert_cmpuint (tls_ask (ssl, GET (PLAYLIST), &answer), ==, 200);
  for (guint i = 0; i < N; i++) {
    tls_receive (slow, FALSE, &answer);
    g_assert_cmpmem (answer.body->data, answer.body->len, quick.body->data, quick.body->len);
  }
  tls_hang_up (ssl);
  tls_hang_up (slow);
  house_close (&house);
}

/* Two hundred requests at once, in full records and then the client's end: each is answered, and then the
 * end. */
static void
test_pipeline (void)
{
  enum { N = 200 };
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (ClientAnswer) answer = {0};
  House house;
  SSL *ssl;

  for (guint i = 0; i < N; i++)
    g_string_append (text, i % 10 == 0 ? GET ("/healthz") : GET (PLAYLIST));
  g_assert_cmpuint (text->len, >, 8000);
  house_open (&house);
  ssl = tls_connect (&house, house.context);
  tls_send (ssl, text->str);
  g_assert_cmpint (SSL_shutdown (ssl), ==, 0); /* ours is said, theirs is still to come */
  for (guint i = 0; i < N; i++) {
    tls_receive (ssl, FALSE, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
  }
  tls_expect_end (ssl);
  tls_hang_up (ssl);
  house_close (&house);
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN); /* as regia_child_main() does */
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/tls-carried/answers/1.2", GINT_TO_POINTER (TLS1_2_VERSION), test_answers);
  g_test_add_data_func ("/tls-carried/answers/1.3", GINT_TO_POINTER (TLS1_3_VERSION), test_answers);
  g_test_add_func ("/tls-carried/big", test_big);
  g_test_add_func ("/tls-carried/download", test_download);
  g_test_add_func ("/tls-carried/body", test_body);
  g_test_add_func ("/tls-carried/ready", test_ready);
  g_test_add_func ("/tls-carried/pipeline", test_pipeline);
  return g_test_run ();
}
