/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child that was taken over floods the director: this very program again (`child …`), which writes to its
 * control connection as fast as it can, in several ways, and reads nothing. And the counting alone, with
 * bytes.
 */
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

#define TICK_MS   10
#define LATE_MS   500 /* 50 are promised; the machine may have more to do than this */
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
  gint64 tick_us, late_us; /* of a timer of the main context; the most that it was late */
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
  gint64 now_us = g_get_monotonic_time ();

  if (f->tick_us > 0)
    f->late_us = MAX (f->late_us, now_us - f->tick_us - TICK_MS * 1000);
  f->tick_us = now_us;
  f->rss_most = MAX (f->rss_most, get_rss ());
  regia_process_tick (f->process);
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
  g_test_message ("%s; most %zu MiB, %.1f ms late", regia_process_get_last_exit (f->process),
                  f->rss_most >> 20, (double)f->late_us / 1000);
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
  g_test_add ("/director/guard/calls", Fixture, "calls", set_up, test_flood, tear_down);
  g_test_add ("/director/guard/messages", Fixture, "messages", set_up, test_flood, tear_down);
  g_test_add ("/director/guard/large", Fixture, "large", set_up, test_flood, tear_down);
  return g_test_run ();
}
