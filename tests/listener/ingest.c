/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Senders and strangers at real sockets, and the engine's end. */
#include "../../src/listener/ingest-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wait.h"
#include "regia/config/ingest.h"
#include "rtmp.h"

#define KEY "ponente-e-levante"

typedef struct {
  int port;
  RegiaConfig *config;
  RegiaIngest *ingest;
  int link[2]; /* the engine's end, the listener's */
  char *hello[2];
} Fixture;

static int
free_port (void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  getsockname (fd, (struct sockaddr *)&address, &length);
  close (fd);
  return ntohs (address.sin_port);
}

/* Two sources at one address, told apart by what the address ends in. */
static void
fixture_init (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *listen = NULL;

  *f = (Fixture){.port = free_port ()};
  listen = g_strdup_printf ("127.0.0.1:%d", f->port);
  text =
      g_strdup_printf ("[event]\nname = a\n"
                       "[source one]\npipeline = rtmp-in\nkey = " KEY "\nlisten = %s\n"
                       "[source two]\npipeline = rtmp-in\nkey = " KEY "\nlisten = %s\napplication = second\n",
                       listen, listen);
  f->config = regia_config_parse (text, strlen (text), "a.conf", "/", FALSE, &error);
  g_assert_no_error (error);
  f->hello[0] = regia_config_ingest_hello (listen, "live", KEY);
  f->hello[1] = regia_config_ingest_hello (listen, "second", KEY);
  f->ingest = regia_ingest_new (regia_config_get (f->config), &error);
  g_assert_no_error (error);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, f->link), ==, 0);
  regia_ingest_open (f->ingest, f->link[1]);
}

static void
fixture_clear (Fixture *f)
{
  regia_ingest_free (f->ingest);
  regia_config_unref (f->config);
  close (f->link[0]);
  close (f->link[1]);
  g_free (f->hello[0]);
  g_free (f->hello[1]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* What the engine does: a socket of its own for a source. */
static int
ask (Fixture *f, const char *hello)
{
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = {
      .header = {.cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct iovec part = {(gpointer)hello, strlen (hello)};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
  memcpy (CMSG_DATA (&control.header), &pair[1], sizeof pair[1]);
  g_assert_cmpint (sendmsg (f->link[0], &message, 0), ==, (ssize_t)part.iov_len);
  close (pair[1]);
  return pair[0];
}

/* Without waiting: what has come, appended. %FALSE at its end. */
static gboolean
read_some (int fd, GByteArray *to)
{
  guint8 bytes[65536];
  ssize_t got = recv (fd, bytes, sizeof bytes, MSG_DONTWAIT);

  if (got > 0)
    g_byte_array_append (to, bytes, (guint)got);
  return got > 0 || (got < 0 && errno == EAGAIN);
}

static gboolean
has_come (int fd, GByteArray *to, const char *bytes, gsize length)
{
  read_some (fd, to);
  return to->len >= length && memmem (to->data, to->len, bytes, length) != NULL;
}

static gboolean
has_ended (int fd)
{
  g_autoptr (GByteArray) rest = g_byte_array_new ();

  return !read_some (fd, rest);
}

static int
call (Fixture *f)
{
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                .sin_port = htons ((guint16)f->port)};
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  fcntl (fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void
say (int fd, GByteArray *words)
{
  g_assert_cmpint (send (fd, words->data, words->len, MSG_NOSIGNAL), ==, (ssize_t)words->len);
  g_byte_array_set_size (words, 0);
}

static int
send_as (Fixture *f, const char *application, const char *key)
{
  g_autoptr (GByteArray) words = g_byte_array_new ();
  int fd = call (f);

  rtmp_add_entry (words, application, key);
  say (fd, words);
  return fd;
}

static void
send_media (int fd, guint8 type, const char *body, gsize size)
{
  g_autoptr (GByteArray) words = g_byte_array_new ();

  regia_chunks_add (words, 4, type, 1, (const guint8 *)body, size);
  say (fd, words);
}

#define SETTINGS                "\x17\0\0\0\0settings"
#define KEYFRAME                "\x17\1\0\0\0keyframe"
#define FRAME                   "\x27\1\0\0\0frame"
#define SEND(fd, body)          send_media (fd, REGIA_RTMP_VIDEO, body, sizeof (body) - 1)
#define HAS_COME(fd, to, bytes) has_come (fd, to, bytes, sizeof (bytes) - 1)
#define SENDING(f)              regia_ingest_get_counts ((f)->ingest).sending
#define CONNECTED(f)            regia_ingest_get_counts ((f)->ingest).connected

/* Words while nobody sends; then FLV, its settings first, the picture from a keyframe on, also for an engine
 * that comes in the middle of it; each source its own. */
static void
test_sends (void)
{
  g_auto (Fixture) f = {0};
  g_autoptr (GByteArray) one = g_byte_array_new (), two = g_byte_array_new (), again = g_byte_array_new ();
  int engine_one, engine_two, engine_again, sender;

  fixture_init (&f);
  engine_one = ask (&f, f.hello[0]);
  engine_two = ask (&f, f.hello[1]);
  WAIT_UNTIL (HAS_COME (engine_one, one, "#waits for a sender at rtmp://127.0.0.1:") &&
              HAS_COME (engine_two, two, "/second\n"));
  g_byte_array_set_size (one, 0);
  sender = send_as (&f, "live", KEY);
  SEND (sender, SETTINGS);
  SEND (sender, FRAME "before");
  SEND (sender, KEYFRAME "1");
  SEND (sender, FRAME "2");
  WAIT_UNTIL (HAS_COME (engine_one, one, FRAME "2"));
  g_assert_cmpmem (one->data, 9, "FLV\1\5\0\0\0\11", 9);
  g_assert_nonnull (memmem (one->data, one->len, SETTINGS, sizeof SETTINGS - 1));
  g_assert_null (memmem (one->data, one->len, "before", 6));
  g_assert_false (HAS_COME (engine_two, two, "FLV"));

  engine_again = ask (&f, f.hello[0]);
  WAIT_UNTIL (has_ended (engine_one));
  SEND (sender, FRAME "3");
  SEND (sender, KEYFRAME "4");
  WAIT_UNTIL (HAS_COME (engine_again, again, KEYFRAME "4"));
  g_assert_nonnull (memmem (again->data, again->len, SETTINGS, sizeof SETTINGS - 1));
  g_assert_null (memmem (again->data, again->len, FRAME "3", sizeof FRAME));

  close (sender);
  WAIT_UNTIL (has_ended (engine_again) && SENDING (&f) == 0);
  close (engine_one);
  close (engine_two);
  close (engine_again);
}

/* Not a byte of it reaches the engine, which hears of it in words. */
static void
test_wrong_key (void)
{
  g_auto (Fixture) f = {0};
  g_autoptr (GByteArray) come = g_byte_array_new ();
  int engine, stranger;

  fixture_init (&f);
  engine = ask (&f, f.hello[0]);
  stranger = send_as (&f, "live", "ponente-e-libeccio");
  WAIT_UNTIL (HAS_COME (engine, come, "127.0.0.1 came with a wrong key\n"));
  WAIT_UNTIL (CONNECTED (&f) == 0);
  g_assert_null (memmem (come->data, come->len, "FLV", 3));
  g_assert_null (memmem (come->data, come->len, "libeccio", 8));
  close (stranger);
  close (engine);
}

/* More than there is room for, who say nothing, half a handshake, or a handshake and nothing more. */
static void
test_crowd (void)
{
  enum { CROWD = 700 };
  g_auto (Fixture) f = {0};
  g_autoptr (GByteArray) come = g_byte_array_new (), hello = g_byte_array_new ();
  int crowd[CROWD], engine, sender;

  fixture_init (&f);
  engine = ask (&f, f.hello[0]);
  rtmp_add_handshake (hello);
  for (guint i = 0; i < CROWD; i++) {
    crowd[i] = call (&f);
    g_assert_cmpint (send (crowd[i], hello->data,
                           i % 3 == 0   ? 0
                           : i % 3 == 1 ? 700
                                        : hello->len,
                           MSG_NOSIGNAL),
                     >=, 0);
    g_main_context_iteration (NULL, FALSE);
  }
  WAIT_UNTIL (CONNECTED (&f) >= 200);
  sender = send_as (&f, "live", KEY);
  SEND (sender, KEYFRAME);
  WAIT_UNTIL (HAS_COME (engine, come, KEYFRAME));
  g_assert_cmpuint (SENDING (&f), ==, 1);
  g_assert_cmpuint (CONNECTED (&f), <=, 257);
  /* Patience has its end; the sender, who speaks, stays. */
  for (gint64 until_us = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
       CONNECTED (&f) > 1 && g_get_monotonic_time () < until_us;) {
    SEND (sender, FRAME);
    read_some (engine, come);
    for (guint i = 0; i < 20; i++) {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (5000);
    }
  }
  g_assert_cmpuint (CONNECTED (&f), ==, 1);
  g_assert_cmpuint (SENDING (&f), ==, 1);
  for (guint i = 0; i < CROWD; i++)
    close (crowd[i]);
  close (sender);
  close (engine);
}

static gboolean
goes_on (int sender)
{
  SEND (sender, FRAME);
  return TRUE;
}

static gboolean
begins_anew (int sender)
{
  SEND (sender, KEYFRAME);
  return TRUE;
}

static gboolean
later_cb (gpointer ret_later)
{
  *(gboolean *)ret_later = TRUE;
  return G_SOURCE_REMOVE;
}

/* Another one with the key: refused while something comes of the first, let in when nothing does. */
static void
test_takes_over (void)
{
  g_auto (Fixture) f = {0};
  g_autoptr (GByteArray) come = g_byte_array_new ();
  int engine, first, second, tries = 0;

  fixture_init (&f);
  engine = ask (&f, f.hello[0]);
  first = send_as (&f, "live", KEY);
  WAIT_UNTIL (SENDING (&f) == 1);
  second = send_as (&f, "live", KEY);
  WAIT_UNTIL (goes_on (first) && has_ended (second));
  g_assert_false (has_ended (first));
  for (gboolean in = FALSE; !in; tries++) { /* as a sender does that tries to come back */
    g_autoptr (GByteArray) answer = g_byte_array_new ();

    gboolean later = FALSE;

    g_timeout_add (200, later_cb, &later);
    WAIT_UNTIL (later);
    close (second);
    second = send_as (&f, "live", KEY);
    WAIT_UNTIL (!read_some (second, answer) || HAS_COME (second, answer, "Publish."));
    in = HAS_COME (second, answer, "Publish.Start");
  }
  g_assert_cmpint (tries, >=, 1);
  WAIT_UNTIL (has_ended (first));
  WAIT_UNTIL (has_ended (engine));
  close (engine);
  engine = ask (&f, f.hello[0]);
  WAIT_UNTIL (begins_anew (second) && HAS_COME (engine, come, KEYFRAME));
  g_assert_cmpuint (SENDING (&f), ==, 1);
  close (first);
  close (second);
  close (engine);
}

/* An engine that does not read is closed, and keeps nobody waiting. */
static void
test_engine_hangs (void)
{
  g_auto (Fixture) f = {0};
  g_autoptr (GByteArray) come = g_byte_array_new ();
  g_autofree char *large = g_malloc0 (60000);
  int hung, engine, sender;

  fixture_init (&f);
  hung = ask (&f, f.hello[0]);
  sender = send_as (&f, "live", KEY);
  large[0] = 0x17;
  large[1] = 1;
  for (guint i = 0; i < 600; i++) {
    g_autoptr (GByteArray) words = g_byte_array_new ();
    gsize sent = 0;

    regia_chunks_add (words, 4, REGIA_RTMP_VIDEO, 1, (const guint8 *)large, 60000);
    while (sent < words->len) {
      ssize_t now = send (sender, words->data + sent, words->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

      sent += now > 0 ? (gsize)now : 0;
      g_main_context_iteration (NULL, FALSE);
    }
  }
  WAIT_UNTIL (has_ended (hung));
  engine = ask (&f, f.hello[0]);
  WAIT_UNTIL (begins_anew (sender) && HAS_COME (engine, come, KEYFRAME));
  close (hung);
  close (engine);
  close (sender);
}

/* Of FLV that has come, how many tags of a kind. */
static guint
count_tags (const GByteArray *flv, guint8 type)
{
  gsize at = 13;
  guint n = 0;

  while (flv->len >= at + 11) {
    gsize size = (gsize)flv->data[at + 1] << 16 | (gsize)flv->data[at + 2] << 8 | flv->data[at + 3];

    n += flv->data[at] == type;
    at += 11 + size + 4;
  }
  return n;
}

#define GST_SENDER                                                                                           \
  "gst-launch-1.0 -q videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=25/1 ! "         \
  "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! h264parse ! flvmux name=mux "            \
  "streamable=true audiotestsrc is-live=true ! avenc_aac ! mux. mux. ! "

/* Other people's senders: librtmp, which OBS has as well, and two that were written from nothing. */
static void
test_senders (gconstpointer data)
{
  const char *command = data;
  g_auto (Fixture) f = {0};
  g_autoptr (GByteArray) come = g_byte_array_new ();
  g_autoptr (GSubprocess) sender = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *url = NULL, *line = NULL;
  g_auto (GStrv) argv = NULL;
  int engine, status = 0;

  if (strstr (command, "rtmpsink") != NULL &&
      !g_spawn_command_line_sync ("gst-inspect-1.0 --exists rtmpsink", NULL, NULL, &status, NULL))
    status = -1;
  if (status != 0) {
    g_test_skip ("this GStreamer has no librtmp any more");
    return;
  }
  fixture_init (&f);
  url = g_strdup_printf ("rtmp://127.0.0.1:%d/live/" KEY, f.port);
  line = g_strconcat (command, url, NULL);
  argv = g_strsplit (line, " ", -1);
  engine = ask (&f, f.hello[0]);
  WAIT_UNTIL (HAS_COME (engine, come, "\n"));
  g_byte_array_set_size (come, 0);
  sender = g_subprocess_newv ((const char *const *)argv, G_SUBPROCESS_FLAGS_STDIN_INHERIT, &error);
  g_assert_no_error (error);
  WAIT_UNTIL_S (90, read_some (engine, come) && count_tags (come, 9) >= 50 && count_tags (come, 8) >= 50);
  g_assert_cmpmem (come->data, 3, "FLV", 3);
  g_subprocess_force_exit (sender);
  WAIT_UNTIL (SENDING (&f) == 0);
  close (engine);
}

static void
test_cannot_listen (void)
{
  g_auto (Fixture) f = {0};
  g_autoptr (GError) error = NULL;

  fixture_init (&f);
  g_assert_null (regia_ingest_new (regia_config_get (f.config), &error));
  g_assert_nonnull (strstr (error->message, "[source one] cannot wait for senders at 127.0.0.1:"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/listener/ingest/sends", test_sends);
  g_test_add_func ("/listener/ingest/wrong-key", test_wrong_key);
  g_test_add_func ("/listener/ingest/crowd", test_crowd);
  g_test_add_func ("/listener/ingest/takes-over", test_takes_over);
  g_test_add_func ("/listener/ingest/engine-hangs", test_engine_hangs);
  g_test_add_data_func ("/listener/ingest/sender/librtmp", GST_SENDER "rtmpsink location=", test_senders);
  g_test_add_data_func ("/listener/ingest/sender/gstreamer", GST_SENDER "rtmp2sink location=", test_senders);
  g_test_add_data_func ("/listener/ingest/sender/ffmpeg",
                        "ffmpeg -v error -re -f lavfi -i testsrc=size=320x180:rate=25 -f lavfi -i sine "
                        "-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac -f flv ",
                        test_senders);
  g_test_add_func ("/listener/ingest/cannot-listen", test_cannot_listen);
  return g_test_run ();
}
