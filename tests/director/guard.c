/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child that was taken over floods the director: this very program again (`child …`), which writes to its
 * control connection as fast as it can, in several ways, and reads nothing. And the counting alone, with
 * bytes.
 */
#include <errno.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixfdmessage.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../part.h"
#include "../wait.h"
#include "guard-private.h"
#include "process-private.h"
#include "regia/control/paths.h"

#define TICK_MS 10
/* What the machine lets us wait for a processor is not counted. */
#ifdef __SANITIZE_ADDRESS__
#define LATE_MS 500 /* each start of a child copies the page tables of the shadow */
#else
#define LATE_MS 50
#endif
#define RSS_BYTES (64u << 20)
#define CONTROL   3

/* --- the child's side --- */

static void
write_all (const void *data, gsize length)
{
  const char *at = data;

  while (length > 0) {
    ssize_t n = send (CONTROL, at, length, MSG_NOSIGNAL);

    if (n <= 0)
      while (TRUE)
        pause (); /* shut out: it is to be killed, not to go */
    at += n;
    length -= (gsize)n;
  }
}

static void
talk (const char *line)
{
  char answer[256];

  write_all (line, strlen (line));
  g_assert_cmpint (recv (CONTROL, answer, sizeof answer, 0), >, 0);
}

static void
begin (void)
{
  g_autofree char *uid = g_strdup_printf ("%u", (unsigned)getuid ());
  g_autoptr (GString) line = g_string_new ("AUTH EXTERNAL ");

  for (const char *c = uid; *c != '\0'; c++)
    g_string_append_printf (line, "%02x", *c);
  g_string_append (line, "\r\n");
  write_all ("", 1);
  talk (line->str);
  talk ("NEGOTIATE_UNIX_FD\r\n");
  write_all ("BEGIN\r\n", 7);
}

static guchar *
make_message (const char *kind, gsize *ret_length)
{
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_call (NULL, REGIA_SHOW_OBJECT, "org.regia.Show1", "GetStatus");
  g_autofree char *large = NULL;
  guchar *blob;

  if (g_str_equal (kind, "messages"))
    g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  if (g_str_equal (kind, "large")) {
    large = g_strnfill (100 << 20, 'x');
    g_dbus_message_set_body (message, g_variant_new ("(s)", large));
  }
  g_dbus_message_set_serial (message, 7);
  blob = g_dbus_message_to_blob (message, ret_length, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  return blob;
}

G_GNUC_NORETURN static void
child_main (const char *kind)
{
  gsize length;
  g_autofree guchar *blob = make_message (kind, &length);

  signal (SIGTERM, SIG_IGN);
  begin ();
  while (TRUE)
    write_all (blob, length);
}

/* --- the director's side --- */

typedef struct {
  RegiaProcess *process;
  gint64 tick_us,
      queued_us; /* of a timer of the main context: when it was last, how long we had waited by then */
  gint64 late_us, total_us; /* the most that it was late: by us, and all in all */
  gsize rss_before, rss_most;
  guint timer;
} Fixture;

static gsize
get_rss (void)
{
  g_autofree char *statm = NULL;
  unsigned long pages = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL));
  g_assert_cmpint (sscanf (statm, "%*u %lu", &pages), ==, 1);
  return (gsize)pages * (gsize)sysconf (_SC_PAGESIZE);
}

/* Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat": ns run, ns ready without a processor. 0
 * where it is not counted. */
static gint64
get_queued_us (void)
{
  g_autofree char *text = NULL;
  gint64 queued_ns = 0;

  if (!g_file_get_contents ("/proc/thread-self/schedstat", &text, NULL, NULL) ||
      sscanf (text, "%*d %" G_GINT64_FORMAT, &queued_ns) != 1)
    return 0;
  return queued_ns / 1000;
}

static GVariant *
part_cb (RegiaProcess *process, gpointer user_data)
{
  return part_new (NULL, "/none", "1:2:b", 1);
}

static void
changed_cb (RegiaProcess *process, gpointer user_data)
{
}

static const RegiaProcessCallbacks callbacks = {.part = part_cb, .changed = changed_cb};

static gboolean
tick_cb (gpointer user_data)
{
  Fixture *f = user_data;
  gint64 now_us = g_get_monotonic_time (), queued_us = get_queued_us ();

  if (f->tick_us > 0) {
    gint64 late_us = now_us - f->tick_us - TICK_MS * 1000;

    f->total_us = MAX (f->total_us, late_us);
    f->late_us = MAX (f->late_us, late_us - (queued_us - f->queued_us));
  }
  f->tick_us = now_us;
  f->queued_us = queued_us;
  f->rss_most = MAX (f->rss_most, get_rss ());
  return G_SOURCE_CONTINUE;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->rss_before = f->rss_most = get_rss ();
  f->process = regia_process_new ("fake", data, &callbacks, f);
  f->timer = g_timeout_add (TICK_MS, tick_cb, f);
  regia_process_start (f->process);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_source_remove (f->timer);
  regia_process_free (f->process);
}

static void
test_flood (Fixture *f, gconstpointer data)
{
  WAIT_UNTIL (regia_process_get_restarts (f->process) == 3);
  g_test_message ("%s; most %zu MiB, %.1f ms late, %.1f with the machine's part",
                  regia_process_get_last_exit (f->process), f->rss_most >> 20, (double)f->late_us / 1000,
                  (double)f->total_us / 1000);
  g_assert_nonnull (strstr (regia_process_get_last_exit (f->process), "flooded the director"));
  g_assert_cmpuint (f->rss_most - f->rss_before, <, RSS_BYTES / 2);
  g_assert_cmpint (f->late_us, <, LATE_MS * 1000);
}

/* --- counting --- */

/* What a client of GLib sends: authentication, then @n messages with bodies of @body_bytes. */
static GByteArray *
make_stream (guint n, gsize body_bytes, gboolean call)
{
  static const char hello[] = "\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";
  GByteArray *stream = g_byte_array_new ();

  g_byte_array_append (stream, (const guint8 *)hello, sizeof hello - 1);
  for (guint i = 0; i < n; i++) {
    g_autoptr (GDBusMessage) message =
        call ? g_dbus_message_new_method_call (NULL, "/", "org.regia.Show1", "GetStatus")
             : g_dbus_message_new_signal ("/", "org.regia.Show1", "Told");
    g_autofree char *text = g_strnfill (body_bytes, 'x');
    g_autofree guchar *blob = NULL;
    gsize length;

    g_dbus_message_set_body (message, g_variant_new ("(s)", text));
    g_dbus_message_set_serial (message, i + 1);
    if (i % 2 == 0)
      g_dbus_message_set_byte_order (message, G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN);
    blob = g_dbus_message_to_blob (message, &length, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
    g_byte_array_append (stream, blob, (guint)length);
  }
  return stream;
}

/* In steps of @step bytes, the time standing still. */
static const char *
count (RegiaGuardMeter *meter, GByteArray *stream, gsize step)
{
  for (gsize at = 0; at < stream->len; at += step) {
    const char *fault =
        regia_guard_meter_count (meter, stream->data + at, MIN (step, stream->len - at), 5 * G_USEC_PER_SEC);

    if (fault != NULL)
      return fault;
  }
  return NULL;
}

static void
test_meter (void)
{
  const gsize steps[] = {1, 7, 16, 4096, G_MAXSIZE / 2};

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    RegiaGuardMeter meter = {0}, other = {0}, third = {0};
    g_autoptr (GByteArray) most = make_stream (REGIA_GUARD_MESSAGES, 100, TRUE);
    g_autoptr (GByteArray) more = make_stream (REGIA_GUARD_MESSAGES + 1, 3, FALSE);
    g_autoptr (GByteArray) large = make_stream (1, REGIA_GUARD_MESSAGE_BYTES, FALSE);

    g_assert_null (count (&meter, most, steps[i]));
    g_assert_cmpuint (meter.n_messages, ==, REGIA_GUARD_MESSAGES);
    g_assert_cmpuint (meter.calls, ==, REGIA_GUARD_MESSAGES);
    g_assert_cmpuint (meter.body_bytes + meter.head_bytes, ==, 0);
    g_assert_nonnull (strstr (count (&other, more, steps[i]), "messages in a second"));
    g_assert_cmpuint (other.calls, ==, 0);
    g_assert_nonnull (strstr (count (&third, large, steps[i]), "bytes"));
  }
}

/* A new second begins with nothing. */
static void
test_seconds (void)
{
  RegiaGuardMeter meter = {0};
  g_autoptr (GByteArray) one = make_stream (1, 3, FALSE);
  const gsize hello = 45;

  g_assert_null (count (&meter, one, 16));
  for (guint i = 0; i < 1000; i++)
    g_assert_null (regia_guard_meter_count (&meter, one->data + hello, one->len - hello,
                                            (5 + i / (REGIA_GUARD_MESSAGES / 2)) * G_USEC_PER_SEC));
  g_assert_cmpuint (meter.n_messages, ==, 1001);
}

static void
test_no_dbus (void)
{
  RegiaGuardMeter meter = {0};
  g_autofree char *text = g_strnfill (5000, 'x');

  g_assert_nonnull (regia_guard_meter_count (&meter, text, 5000, 0));
}

/* A message head of the director's, with a body of @body bytes. */
static GByteArray *
make_signal (guint32 body)
{
  const guint32 numbers[3] = {body, 1, 0};
  GByteArray *message = g_byte_array_new ();
  const guint8 start[4] = {G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'l' : 'B', 4, 0, 1};

  g_byte_array_append (message, start, sizeof start);
  g_byte_array_append (message, (const guint8 *)numbers, sizeof numbers);
  g_byte_array_set_size (message, sizeof start + sizeof numbers + body);
  memset (message->data + 16, 0, body);
  return message;
}

static void
send_message (int fd, GByteArray *message, int handed)
{
  union {
    struct cmsghdr align;
    char room[CMSG_SPACE (sizeof (int))];
  } control = {0};
  gsize sent = 0;

  while (sent < message->len) {
    struct iovec part = {message->data + sent, message->len - sent};
    struct msghdr piece = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    if (handed >= 0 && sent == 0) {
      piece.msg_control = &control;
      piece.msg_controllen = sizeof control;
      CMSG_FIRSTHDR (&piece)->cmsg_level = SOL_SOCKET;
      CMSG_FIRSTHDR (&piece)->cmsg_type = SCM_RIGHTS;
      CMSG_FIRSTHDR (&piece)->cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (CMSG_FIRSTHDR (&piece)), &handed, sizeof handed);
    }
    n = sendmsg (fd, &piece, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN)
      continue; /* GSocket has set it so */
    g_assert_cmpint (n, >, 0);
    sent += (gsize)n;
  }
}

/* Returns: how many descriptors came with the next @length bytes. */
static guint
receive (int fd, gsize length)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (dup (fd), NULL);
  guint handed = 0;

  g_socket_set_blocking (socket, TRUE);
  while (length > 0) {
    g_autofree char *room = g_malloc (length);
    GInputVector part = {room, length};
    GSocketControlMessage **messages = NULL;
    int n = 0;
    gssize got = g_socket_receive_message (socket, NULL, &part, 1, &messages, &n, NULL, NULL, NULL);

    g_assert_cmpint (got, >, 0);
    length -= (gsize)got;
    for (int i = 0; i < n; i++) {
      if (G_IS_UNIX_FD_MESSAGE (messages[i]))
        handed += (guint)g_unix_fd_list_get_length (
            g_unix_fd_message_get_fd_list (G_UNIX_FD_MESSAGE (messages[i])));
      g_object_unref (messages[i]);
    }
    g_free (messages);
  }
  return handed;
}

static gpointer
read_late (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);

  g_usleep (20000); /* by then they wait for each other */
  g_assert_cmpuint (receive (fd, 16 + (1 << 20)), ==, 0);
  g_assert_cmpuint (receive (fd, 24), ==, 0);
  g_assert_cmpuint (receive (fd, 24), ==, 1);
  g_assert_cmpuint (receive (fd, 24), ==, 0);
  return NULL;
}

/* Several messages wait, since the child has not read: the descriptor comes with its own. */
static void
test_descriptors (void)
{
  g_autoptr (GByteArray) large = make_signal (1 << 20), small = make_signal (8);
  g_autoptr (GError) error = NULL;
  GThread *reader;
  RegiaGuard *guard;
  int pair[2], director;

  for (guint round = 0; round < 20; round++) {
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    guard = regia_guard_new (pair[0], &director, &error);
    g_assert_no_error (error);
    g_assert_cmpint (write (pair[1], "BEGIN\r\n", 7), ==, 7);
    receive (director, 7);
    reader = g_thread_new ("reader", read_late, GINT_TO_POINTER (pair[1]));
    send_message (director, large, -1);
    send_message (director, small, -1);
    send_message (director, small, STDERR_FILENO);
    send_message (director, small, -1);
    g_thread_join (reader);
    regia_guard_free (guard);
    close (director);
    close (pair[1]);
  }
}

int
main (int argc, char **argv)
{
  if (argc > 3 && strcmp (argv[1], "child") == 0)
    child_main (argv[3] + strlen ("--instance="));
  g_test_init (&argc, &argv, NULL);
  /* The warnings of the supervisor are what is tested, not a failure. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/director/guard/meter", test_meter);
  g_test_add_func ("/director/guard/seconds", test_seconds);
  g_test_add_func ("/director/guard/no-dbus", test_no_dbus);
  g_test_add_func ("/director/guard/descriptors", test_descriptors);
  g_test_add ("/director/guard/calls", Fixture, "calls", set_up, test_flood, tear_down);
  g_test_add ("/director/guard/messages", Fixture, "messages", set_up, test_flood, tear_down);
  g_test_add ("/director/guard/large", Fixture, "large", set_up, test_flood, tear_down);
  return g_test_run ();
}
