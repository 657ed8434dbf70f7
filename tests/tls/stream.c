/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/tls/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pairs.h"

#define DAY (24 * 60 * 60)

/* Both ends of a connection: the stream that is tested, and an OpenSSL client of which every byte goes by
 * hand, so that a test decides what arrives and when. */
typedef struct {
  Pair pair;
  RegiaTls *tls;
  SSL_CTX *context;
  RegiaTlsStream *stream;
  int fd, far_fd;
  SSL *client;
  BIO *in, *out; /* of the client's, owned by it */
} Ends;

static void
ends_connect (Ends *self)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), ==, 0);
  self->fd = pair[0];
  self->far_fd = pair[1];
  self->stream = regia_tls_stream_new (self->tls, self->fd);
  self->client = SSL_new (self->context);
  self->in = BIO_new (BIO_s_mem ());
  self->out = BIO_new (BIO_s_mem ());
  SSL_set_bio (self->client, self->in, self->out);
  SSL_set_connect_state (self->client);
}

static void
ends_disconnect (Ends *self)
{
  g_clear_pointer (&self->stream, regia_tls_stream_free);
  g_clear_pointer (&self->client, SSL_free);
  if (self->far_fd >= 0)
    close (self->far_fd);
  close (self->fd);
}

static void
ends_open (Ends *self, int version)
{
  *self = (Ends){.far_fd = -1};
  pair_make (&self->pair, -DAY, 30 * DAY);
  self->tls = pair_tls (&self->pair);
  self->context = pair_client (&self->pair, version);
  ends_connect (self);
}

static void
ends_close (Ends *self)
{
  ends_disconnect (self);
  SSL_CTX_free (self->context);
  regia_tls_unref (self->tls);
  pair_clear (&self->pair);
}

/* What the client has to say, at most @limit bytes of it; how many went. */
static gsize
client_send (Ends *self, gsize limit)
{
  char bytes[4096];
  gsize sent = 0;
  int n;

  while (sent < limit && (n = BIO_read (self->out, bytes, (int)MIN (sizeof bytes, limit - sent))) > 0) {
    g_assert_cmpint (send (self->far_fd, bytes, (gsize)n, MSG_NOSIGNAL), ==, n);
    sent += (gsize)n;
  }
  return sent;
}

/* What the server has said so far; how much that was. */
static gsize
client_receive (Ends *self)
{
  char bytes[4096];
  gsize received = 0;
  gssize n;

  while ((n = recv (self->far_fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
    g_assert_cmpint (BIO_write (self->in, bytes, (int)n), ==, n);
    received += (gsize)n;
  }
  return received;
}

/* The server's turn: it must find nothing to give yet. */
static void
server_waits (Ends *self)
{
  char byte;

  g_assert_cmpint (regia_tls_stream_read (self->stream, &byte, 1), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  g_assert_false (regia_tls_stream_read_waits_to_write (self->stream));
}

static gssize
server_read (Ends *self, char *buffer, gsize count, int *ret_errno)
{
  gssize n = regia_tls_stream_read (self->stream, buffer, count);

  *ret_errno = n < 0 ? errno : 0;
  return n;
}

static void
shake_hands (Ends *self)
{
  for (guint i = 0;
       i < 8 && !(SSL_is_init_finished (self->client) && regia_tls_stream_is_open (self->stream)); i++) {
    SSL_do_handshake (self->client);
    client_send (self, G_MAXSIZE);
    server_waits (self);
    client_receive (self);
  }
  g_assert_true (regia_tls_stream_is_open (self->stream));
  g_assert_true (SSL_is_init_finished (self->client));
}

static void
client_says (Ends *self, const char *text)
{
  g_assert_cmpint (SSL_write (self->client, text, (int)strlen (text)), ==, (int)strlen (text));
  client_send (self, G_MAXSIZE);
}

static void
server_hears (Ends *self, const char *text)
{
  char buffer[256];
  int code;
  gssize n = server_read (self, buffer, sizeof buffer, &code);

  g_assert_cmpmem (buffer, MAX (n, 0), text, strlen (text));
}

static void
server_says (Ends *self, const char *text)
{
  const struct iovec part = {(void *)text, strlen (text)};

  g_assert_cmpint (regia_tls_stream_write (self->stream, &part, 1), ==, strlen (text));
}

static void
client_hears (Ends *self, const char *text)
{
  char buffer[256];
  int n;

  client_receive (self);
  n = SSL_read (self->client, buffer, sizeof buffer);
  g_assert_cmpmem (buffer, MAX (n, 0), text, strlen (text));
}

/* A handshake that arrives byte by byte: it waits after each, and comes about. */
static void
test_fragments (gconstpointer version)
{
  Ends ends;
  gsize bytes = 0;

  ends_open (&ends, GPOINTER_TO_INT (version));
  for (guint i = 0; i < 8 && !regia_tls_stream_is_open (ends.stream); i++) {
    SSL_do_handshake (ends.client);
    for (; client_send (&ends, 1) == 1; bytes++)
      server_waits (&ends);
    client_receive (&ends);
  }
  g_assert_true (regia_tls_stream_is_open (ends.stream));
  g_assert_cmpuint (bytes, >, 200);
  SSL_do_handshake (ends.client);
  g_assert_cmpint (SSL_version (ends.client), ==, GPOINTER_TO_INT (version));
  /* … and so do records. */
  g_assert_cmpint (SSL_write (ends.client, "GET /", 5), ==, 5);
  while (BIO_ctrl_pending (ends.out) > 1) {
    client_send (&ends, 1);
    server_waits (&ends);
  }
  client_send (&ends, 1);
  server_hears (&ends, "GET /");
  g_assert_false (regia_tls_stream_has_buffered (ends.stream));
  server_says (&ends, "200");
  client_hears (&ends, "200");
  ends_close (&ends);
}

static void
test_buffered (void)
{
  Ends ends;
  char byte;

  ends_open (&ends, 0);
  shake_hands (&ends);
  client_says (&ends, "abc");
  g_assert_false (regia_tls_stream_has_buffered (ends.stream));
  g_assert_cmpint (regia_tls_stream_read (ends.stream, &byte, 1), ==, 1);
  g_assert_true (regia_tls_stream_has_buffered (ends.stream));
  server_hears (&ends, "bc");
  g_assert_false (regia_tls_stream_has_buffered (ends.stream));
  server_waits (&ends);
  ends_close (&ends);
}

/* Who offers nothing that is spoken here is refused, and told in an alert. */
static void
expect_refusal (Ends *self)
{
  char byte;
  int code = EAGAIN;

  for (guint i = 0; i < 4 && code == EAGAIN; i++) {
    SSL_do_handshake (self->client);
    client_send (self, G_MAXSIZE);
    g_assert_cmpint (server_read (self, &byte, 1, &code), ==, -1);
    client_receive (self);
  }
  g_assert_cmpint (code, ==, EPROTO);
  g_assert_false (regia_tls_stream_is_open (self->stream));
  /* It stays so, and nothing is asked of OpenSSL any more. */
  g_assert_cmpint (server_read (self, &byte, 1, &code), ==, -1);
  g_assert_cmpint (code, ==, EPROTO);
  g_assert_cmpint (regia_tls_stream_write (self->stream, &(struct iovec){(void *)"x", 1}, 1), ==, -1);
  g_assert_cmpint (errno, ==, EPROTO);
}

static void
test_old_versions (void)
{
  static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};

  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++) {
    Ends ends;

    ends_open (&ends, versions[i]);
    SSL_CTX_set_cipher_list (ends.context, "ALL:@SECLEVEL=0");
    ends_disconnect (&ends);
    ends_connect (&ends);
    expect_refusal (&ends);
    ends_close (&ends);
  }
}

static void
test_weak_ciphers (void)
{
  static const char *const lists[] = {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA",
                                      "ECDHE-ECDSA-AES128-SHA256"};

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++) {
    Ends ends;

    ends_open (&ends, TLS1_2_VERSION);
    SSL_set_cipher_list (ends.client, lists[i]);
    expect_refusal (&ends);
    ends_close (&ends);
  }
}

static void
test_alpn (void)
{
  static const struct {
    const char *offered;
    gboolean taken;
  } table[] = {
      {"\x08http/1.1", TRUE}, {"\x02h2\x08http/1.1", TRUE}, {"\x02h2", FALSE}, {"\x08http/1.0", FALSE}};

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    const guchar *chosen;
    guint length;
    Ends ends;

    ends_open (&ends, 0);
    SSL_set_alpn_protos (ends.client, (const guchar *)table[i].offered, (guint)strlen (table[i].offered));
    if (table[i].taken) {
      shake_hands (&ends);
      SSL_get0_alpn_selected (ends.client, &chosen, &length);
      g_assert_cmpmem (chosen, length, "http/1.1", 8);
    } else {
      expect_refusal (&ends);
    }
    ends_close (&ends);
  }
}

static void
test_garbage (void)
{
  static const struct {
    const char *bytes;
    gsize length;
    gboolean http;
  } table[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, TRUE},
      {"HEAD / HTTP/1.1\r\n", 17, TRUE},
      {"SSH-2.0-OpenSSH_9.2\r\n", 21, FALSE},
      {"\x16\x03\x01\xff\xff\x01\x00", 7, FALSE},
      {"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", 10, FALSE},
      {"\x17\x03\x03\x00\x01\x00", 6, FALSE},
      {"\x15\x03\x03\x00\x02\x02\x28", 7, FALSE},
      {"\0\0\0\0\0\0\0\0\0\0\0\0", 12, FALSE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    Ends ends;
    char byte;
    int code;

    ends_open (&ends, 0);
    server_waits (&ends);
    g_assert_cmpint (send (ends.far_fd, table[i].bytes, table[i].length, MSG_NOSIGNAL), >, 0);
    g_assert_cmpint (server_read (&ends, &byte, 1, &code), ==, -1);
    if (code != EPROTO)
      g_error ("garbage %zu: %s", i, g_strerror (code));
    g_assert_true (regia_tls_stream_met_http (ends.stream) == table[i].http);
    regia_tls_stream_close (ends.stream);
    ends_close (&ends);
  }
}

/* Each byte of a record, changed: nothing of it is given out. */
static void
test_forged (gconstpointer version)
{
  for (gsize at = 0; at < 40; at++) {
    Ends ends;
    char bytes[256], got[64];
    int n, code;

    ends_open (&ends, GPOINTER_TO_INT (version));
    shake_hands (&ends);
    client_says (&ends, "first");
    server_hears (&ends, "first");
    g_assert_cmpint (SSL_write (ends.client, "GET /secret", 11), ==, 11);
    n = BIO_read (ends.out, bytes, sizeof bytes);
    if ((int)at >= n || at == 3 || at == 4) { /* a longer record is one that goes on */
      ends_close (&ends);
      continue;
    }
    bytes[at] ^= 0x10;
    g_assert_cmpint (send (ends.far_fd, bytes, (gsize)n, MSG_NOSIGNAL), ==, n);
    g_assert_cmpint (server_read (&ends, got, sizeof got, &code), ==, -1);
    if (code != EPROTO)
      g_error ("byte %zu: %s", at, g_strerror (code));
    g_assert_false (regia_tls_stream_is_open (ends.stream));
    ends_close (&ends);
  }
}

static void
test_half_done (gconstpointer version)
{
  Ends ends;
  char byte;
  int code;

  ends_open (&ends, GPOINTER_TO_INT (version));
  SSL_do_handshake (ends.client);
  client_send (&ends, G_MAXSIZE);
  server_waits (&ends);
  server_waits (&ends);
  g_assert_cmpuint (client_receive (&ends), >, 500); /* its certificate */
  g_assert_false (regia_tls_stream_is_open (ends.stream));
  /* Nothing can be written yet, and it says what it waits for. */
  g_assert_cmpint (regia_tls_stream_write (ends.stream, &(struct iovec){(void *)"x", 1}, 1), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  g_assert_true (regia_tls_stream_write_waits_to_read (ends.stream));
  regia_tls_stream_close (ends.stream);
  close (ends.far_fd);
  ends.far_fd = -1;
  g_assert_cmpint (server_read (&ends, &byte, 1, &code), ==, -1);
  g_assert_cmpint (code, ==, ECONNRESET);
  ends_close (&ends);
}

static void
test_ends (gconstpointer version)
{
  Ends ends;
  char byte;
  int code;

  /* In order: what was said before comes, then the end, and it stays at its end. */
  ends_open (&ends, GPOINTER_TO_INT (version));
  shake_hands (&ends);
  client_says (&ends, "last");
  SSL_shutdown (ends.client);
  client_send (&ends, G_MAXSIZE);
  server_hears (&ends, "last");
  g_assert_cmpint (server_read (&ends, &byte, 1, &code), ==, 0);
  g_assert_cmpint (server_read (&ends, &byte, 1, &code), ==, 0);
  server_says (&ends, "answer");
  client_hears (&ends, "answer");
  regia_tls_stream_close (ends.stream);
  client_receive (&ends);
  g_assert_cmpint (SSL_read (ends.client, &byte, 1), ==, 0);
  g_assert_cmpint (SSL_get_error (ends.client, 0), ==, SSL_ERROR_ZERO_RETURN);
  ends_close (&ends);

  /* Cut off: that is no end. */
  ends_open (&ends, GPOINTER_TO_INT (version));
  shake_hands (&ends);
  client_says (&ends, "last");
  close (ends.far_fd);
  ends.far_fd = -1;
  server_hears (&ends, "last");
  g_assert_cmpint (server_read (&ends, &byte, 1, &code), ==, -1);
  g_assert_cmpint (code, ==, ECONNRESET);
  ends_close (&ends);

  /* Written to one that is gone: an error, no signal. */
  ends_open (&ends, GPOINTER_TO_INT (version));
  shake_hands (&ends);
  close (ends.far_fd);
  ends.far_fd = -1;
  g_assert_cmpint (regia_tls_stream_write (ends.stream, &(struct iovec){(void *)"x", 1}, 1), ==, -1);
  g_assert_cmpint (errno, ==, EPIPE);
  ends_close (&ends);
}

#define BIG_BYTES (8 * 1024 * 1024)

/* Eight megabytes through a socket that takes some kilobytes, given in parts of every size; the client stops
 * and goes on. Not a byte is lost, none comes twice. */
static void
test_big (gconstpointer version)
{
  g_autofree guint8 *sent = g_malloc (BIG_BYTES), *got = g_malloc (BIG_BYTES);
  gsize n_sent = 0, n_got = 0, full = 0;
  int room = 8192;
  Ends ends;

  for (gsize i = 0; i < BIG_BYTES; i++)
    sent[i] = (guint8)(i * 2654435761u >> 13);
  ends_open (&ends, GPOINTER_TO_INT (version));
  setsockopt (ends.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  shake_hands (&ends);
  while (n_got < BIG_BYTES) {
    gboolean filled = FALSE;
    int n;

    while (n_sent < BIG_BYTES && !filled) {
      gsize head = (gsize)g_test_rand_int_range (0, 700), body = (gsize)g_test_rand_int_range (1, 50000);

      head = MIN (head, BIG_BYTES - n_sent);
      body = MIN (body, BIG_BYTES - n_sent - head);

      const struct iovec parts[2] = {{sent + n_sent, head}, {sent + n_sent + head, body}};
      gssize done = regia_tls_stream_write (ends.stream, parts, 2);

      if (done < 0) {
        g_assert_cmpint (errno, ==, EAGAIN);
        g_assert_false (regia_tls_stream_write_waits_to_read (ends.stream));
        filled = TRUE;
        full++;
      } else {
        g_assert_cmpint (done, <=, 16384);
        n_sent += (gsize)done;
      }
    }
    client_receive (&ends);
    while (n_got < BIG_BYTES &&
           (n = SSL_read (ends.client, got + n_got, (int)MIN (BIG_BYTES - n_got, G_MAXINT))) > 0)
      n_got += (gsize)n;
  }
  g_assert_cmpuint (full, >, 100);
  g_assert_cmpmem (got, n_got, sent, n_sent);
  ends_close (&ends);
}

/* What stands in several parts is one record: a playlist and its head are one packet. */
static void
test_one_record (void)
{
  const struct iovec parts[3] = {{(void *)"head", 4}, {NULL, 0}, {(void *)"body", 4}};
  Ends ends;
  gsize bytes;

  ends_open (&ends, TLS1_3_VERSION);
  shake_hands (&ends);
  client_receive (&ends);
  g_assert_cmpint (regia_tls_stream_write (ends.stream, parts, 3), ==, 8);
  bytes = client_receive (&ends);
  g_assert_cmpuint (bytes, ==, 5 + 8 + 1 + 16); /* RFC 8446 §5.2: head, content, its type, tag */
  g_assert_cmpint (regia_tls_stream_write (ends.stream, parts + 1, 1), ==, 0);
  client_hears (&ends, "headbody");
  ends_close (&ends);
}

/* Keys are changed in mid-stream by the client of 1.3; of 1.2 it would be another handshake, which is refused
 * while the connection goes on. */
static void
test_new_keys (void)
{
  Ends ends;

  ends_open (&ends, TLS1_3_VERSION);
  shake_hands (&ends);
  for (guint i = 0; i < 10; i++) {
    g_assert_cmpint (SSL_key_update (ends.client, SSL_KEY_UPDATE_REQUESTED), ==, 1);
    client_says (&ends, "ask");
    server_hears (&ends, "ask");
    server_says (&ends, "answer");
    client_hears (&ends, "answer");
  }
  ends_close (&ends);

  ends_open (&ends, TLS1_2_VERSION);
  shake_hands (&ends);
  SSL_renegotiate (ends.client);
  SSL_do_handshake (ends.client);
  client_send (&ends, G_MAXSIZE);
  server_waits (&ends);
  g_assert_true (regia_tls_stream_is_open (ends.stream));
  g_assert_cmpuint (client_receive (&ends), <, 100); /* an alert, not a certificate */
  ends_close (&ends);
}

static SSL_SESSION *
session_after (Ends *self)
{
  server_says (self, "answer"); /* tickets of 1.3 come behind the handshake */
  client_hears (self, "answer");
  SSL_shutdown (self->client);
  return SSL_get1_session (self->client);
}

/* Resumed by its ticket with the same context, whole with another, also of the same bytes. */
static void
test_tickets (gconstpointer version)
{
  Ends ends;
  SSL_SESSION *session;

  ends_open (&ends, GPOINTER_TO_INT (version));
  shake_hands (&ends);
  g_assert_false (regia_tls_stream_was_resumed (ends.stream));
  session = session_after (&ends);
  for (guint i = 0; i < 2; i++) {
    ends_disconnect (&ends);
    if (i == 1) {
      regia_tls_unref (ends.tls);
      ends.tls = pair_tls (&ends.pair);
    }
    ends_connect (&ends);
    SSL_set_session (ends.client, session);
    shake_hands (&ends);
    g_assert_true (regia_tls_stream_was_resumed (ends.stream) == (i == 0));
    g_assert_true (SSL_session_reused (ends.client) == (i == 0));
  }
  SSL_SESSION_free (session);
  ends_close (&ends);
}

/* The context goes, its connections go on. */
static void
test_outlives (void)
{
  Ends ends;

  ends_open (&ends, 0);
  regia_tls_unref (g_steal_pointer (&ends.tls));
  shake_hands (&ends);
  server_says (&ends, "answer");
  client_hears (&ends, "answer");
  ends_close (&ends);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    int version;
  } versions[] = {{"1.2", TLS1_2_VERSION}, {"1.3", TLS1_3_VERSION}};
  static const struct {
    const char *name;
    GTestDataFunc func;
  } tests[] = {{"fragments", test_fragments}, {"forged", test_forged}, {"half-done", test_half_done},
               {"ends", test_ends},           {"big", test_big},       {"tickets", test_tickets}};

  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (tests); j++) {
      g_autofree char *path = g_strdup_printf ("/stream/%s/%s", versions[i].name, tests[j].name);

      g_test_add_data_func (path, GINT_TO_POINTER (versions[i].version), tests[j].func);
    }
  g_test_add_func ("/stream/buffered", test_buffered);
  g_test_add_func ("/stream/old-versions", test_old_versions);
  g_test_add_func ("/stream/weak-ciphers", test_weak_ciphers);
  g_test_add_func ("/stream/alpn", test_alpn);
  g_test_add_func ("/stream/garbage", test_garbage);
  g_test_add_func ("/stream/one-record", test_one_record);
  g_test_add_func ("/stream/new-keys", test_new_keys);
  g_test_add_func ("/stream/outlives", test_outlives);
  return g_test_run ();
}
