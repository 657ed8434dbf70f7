/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/mux/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "sample.h"

#define KEY "sEcReT-KeY-4711"

static Sample *sample;

static RegiaOutput *
open_fd (int fd, const char *format, guint timeout_ms, GCancellable *cancellable)
{
  g_autofree char *url = g_strdup_printf ("fd:%d", fd);
  const RegiaOutputTarget target = {.url = url};
  g_autoptr (GError) error = NULL;
  RegiaOutput *output = regia_output_open (&target, format, sample->tracks, timeout_ms, cancellable, &error);

  g_assert_no_error (error);
  return output;
}

static void
write_good (RegiaOutput *output, RegiaPacket *packet)
{
  g_autoptr (GError) error = NULL;
  gboolean good = regia_output_write (output, packet, &error);

  g_assert_no_error (error);
  g_assert_true (good);
}

/* Eight seconds of the sample, beginning at an odd time, through @format into a file, read back by ffprobe.
 */
static void
check_format (gconstpointer data)
{
  const char *format = data;
  g_autofree char *path = NULL;
  g_autofree char *first = NULL;
  g_autofree char *decoded = NULL;
  g_autofree char *name = g_strdup_printf ("regia-output-XXXXXX.%s", format);
  int fd = g_file_open_tmp (name, &path, NULL);
  RegiaOutput *output = open_fd (fd, format, 5000, NULL);
  guint64 frame = 0, sound = 0;

  while (frame < 200 || sound < 375) {
    g_autoptr (RegiaPacket) packet = sample_next (sample, &frame, &sound, 1234567890123);

    write_good (output, packet);
  }
  g_assert_cmpuint (regia_output_get_bytes (output), >, 100000);
  regia_output_free (output);
  g_close (fd, NULL);
  g_assert_cmpuint (sample_count (path, "v:0"), ==, frame);
  g_assert_cmpuint (sample_count (path, "a:0"), ==, sound);
  decoded = sample_run ("ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-", NULL);
  first = sample_run ("ffprobe", "-v", "error", "-show_entries", "stream=start_time", "-of", "csv=p=0", path,
                      NULL);
  /* MPEG-TS begins at the time that its clock runs ahead. */
  g_assert_cmpfloat (g_ascii_strtod (first, NULL), <=, 0.11);
  g_unlink (path);
}

static void
check_time_rises (void)
{
  int fd = g_open ("/dev/null", O_WRONLY);
  g_autoptr (RegiaOutput) output = open_fd (fd, "flv", 5000, NULL);
  g_autoptr (GError) error = NULL;
  guint64 frame = 5, sound = 1000, earlier = 4, bytes;
  g_autoptr (RegiaPacket) packet = sample_next (sample, &frame, &sound, REGIA_SECOND);
  g_autoptr (RegiaPacket) before = sample_next (sample, &earlier, &sound, REGIA_SECOND);
  g_autoptr (RegiaPacket) stranger = regia_packet_new (7, 0, 0, 0, 1, g_bytes_new_static ("x", 1));

  write_good (output, packet);
  bytes = regia_output_get_bytes (output);
  g_assert_false (regia_output_write (output, packet, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
  write_good (output, before);
  write_good (output, stranger);
  g_assert_cmpuint (regia_output_get_bytes (output), ==, bytes);
  g_close (fd, NULL);
}

static void
check_follow (void)
{
  int fd = g_open ("/dev/null", O_WRONLY);
  g_autoptr (RegiaOutput) output = open_fd (fd, "mpegts", 5000, NULL);
  g_autoptr (GPtrArray) same = regia_tracks_new ();
  g_autoptr (GPtrArray) other = regia_tracks_new ();
  RegiaTrack *ours = g_ptr_array_index (sample->tracks, 0);
  RegiaTrack *sounds = g_ptr_array_index (sample->tracks, 1);
  g_autoptr (GBytes) extradata = g_bytes_new_static ("\1\2\3\4", 4);
  RegiaTrack *moved = regia_track_new (4, ours->name, "", ours->codec, ours->extradata);
  RegiaTrack *changed = regia_track_new (0, ours->name, "", ours->codec, extradata);
  guint64 frame = 0, sound = 1000, bytes;
  g_autoptr (RegiaPacket) packet = sample_next (sample, &frame, &sound, 0);
  g_autoptr (RegiaPacket) there = regia_packet_new (4, REGIA_PACKET_KEYFRAME, REGIA_SECOND, REGIA_SECOND, 1,
                                                    g_bytes_ref (packet->payload));

  moved->width = changed->width = ours->width;
  moved->height = changed->height = ours->height;
  moved->rate_num = ours->rate_num;
  moved->rate_den = ours->rate_den;
  g_ptr_array_add (same, regia_track_ref (sounds));
  g_ptr_array_add (same, moved);
  g_ptr_array_add (other, regia_track_ref (sounds));
  g_ptr_array_add (other, changed);
  write_good (output, packet);
  g_assert_false (regia_output_follow (output, other));
  g_assert_true (regia_output_follow (output, same));
  write_good (output, there);
  bytes = regia_output_get_bytes (output);
  g_assert_cmpuint (bytes, >, 0);
  g_close (fd, NULL);
}

/* Writes to @output until that fails. */
static GError *
write_until_error (RegiaOutput *output)
{
  guint64 frame = 0, sound = 0;
  GError *error = NULL;

  while (error == NULL) {
    g_autoptr (RegiaPacket) packet = sample_next (sample, &frame, &sound, 0);

    g_assert_cmpuint (frame, <, 100000);
    g_assert_true (regia_output_write (output, packet, &error) == (error == NULL));
  }
  return error;
}

static void
check_reader_gone (void)
{
  g_autoptr (GError) error = NULL;
  RegiaOutput *output;
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  output = open_fd (fds[1], "mpegts", 5000, NULL);
  close (fds[0]);
  error = write_until_error (output);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  regia_output_free (output);
  close (fds[1]);
}

static void
check_reader_asleep (void)
{
  g_autoptr (GError) error = NULL;
  RegiaOutput *output;
  gint64 began_us;
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  output = open_fd (fds[1], "matroska", 300, NULL);
  began_us = g_get_monotonic_time ();
  error = write_until_error (output);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, 300000);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 3000000);
  regia_output_free (output);
  close (fds[0]);
  close (fds[1]);
}

static gpointer
cancel_when_full (gpointer data)
{
  gpointer *both = data;
  GPollFD polled = {.fd = GPOINTER_TO_INT (both[1]), .events = G_IO_OUT};

  while (g_poll (&polled, 1, 0) == 1)
    g_usleep (1000);
  g_cancellable_cancel (both[0]);
  return NULL;
}

static void
check_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  RegiaOutput *output;
  GThread *thread;
  gpointer both[2];
  gint64 began_us = g_get_monotonic_time ();
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  output = open_fd (fds[1], "mpegts", 20000, cancellable);
  both[0] = cancellable;
  both[1] = GINT_TO_POINTER (fds[1]);
  thread = g_thread_new ("cancel", cancel_when_full, both);
  error = write_until_error (output);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  regia_output_free (output);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 5000000);
  g_thread_join (thread);
  close (fds[0]);
  close (fds[1]);
}

static GError *
open_bad (const RegiaOutputTarget *target, guint timeout_ms)
{
  GError *error = NULL;
  const char *format = g_str_has_prefix (target->url, "srt") ? "mpegts" : "flv";

  g_assert_null (regia_output_open (target, format, sample->tracks, timeout_ms, NULL, &error));
  g_assert_nonnull (error);
  g_assert_null (strstr (error->message, "://127"));
  g_assert_null (strstr (error->message, KEY));
  return error;
}

static void
check_addresses (void)
{
  const char *const bad[] = {
      "",
      "fd:",
      "fd:-1",
      "fd:1x",
      "file:///etc/passwd",
      "http://127.0.0.1/live",
      "rtmp://127.0.0.1",
      "rtmp://127.0.0.1/",
      "rtmp:///live",
      "rtmp://user:pass@127.0.0.1/live",
      "rtmp://127.0.0.1/?listen=1",
      "rtmp://127.0.0.1/live#x",
      "rtmp://127.0.0.1%20conn=S:x/live",
      "rtmpt://127.0.0.1/live",
      "srt://127.0.0.1",
      "srt://127.0.0.1:1/x",
      "srt://127.0.0.1:1?mode=listener",
      "concat:rtmp://127.0.0.1/live",
  };
  const RegiaOutputTarget odd_keys[] = {
      {.url = "rtmp://127.0.0.1:1/live", .key = "two\nlines"},
      {.url = "srt://127.0.0.1:1", .key = "short"},
      {.url = "srt://127.0.0.1:1", .key = KEY, .stream_id = "a\nb"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    const RegiaOutputTarget target = {.url = bad[i], .key = KEY};
    g_autoptr (GError) error = open_bad (&target, 2000);

    g_test_message ("%s: %s", bad[i], error->message);
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (odd_keys); i++) {
    g_autoptr (GError) error = open_bad (&odd_keys[i], 2000);

    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  }
}

/* A listening TCP socket which nobody accepts from; with @backlog the kernel answers for it. */
static GSocket *
new_listener (guint16 *ret_port)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, any, FALSE, &error));
  g_assert_true (g_socket_listen (socket, &error));
  bound = g_socket_get_local_address (socket, &error);
  *ret_port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return socket;
}

static void
check_refused (void)
{
  /* what follows the ? is for the far end and no option of our own */
  const char *const rests[] = {"live", "live?listen=1", "live?protocol_whitelist=file&rtmp_app=x"};
  guint16 port;
  GSocket *listener = new_listener (&port);

  g_object_unref (listener);
  for (gsize i = 0; i < G_N_ELEMENTS (rests); i++) {
    g_autofree char *url = g_strdup_printf ("rtmp://127.0.0.1:%u/%s", port, rests[i]);
    const RegiaOutputTarget target = {.url = url, .key = KEY};
    g_autoptr (GError) error = open_bad (&target, 5000);

    g_test_message ("%s", error->message);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  }
}

static void
check_silent (void)
{
  guint16 port;
  g_autoptr (GSocket) listener G_GNUC_UNUSED = new_listener (&port);
  const char *const schemes[] = {"rtmp", "rtmps"};

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++) {
    g_autofree char *url = g_strdup_printf ("%s://127.0.0.1:%u/live", schemes[i], port);
    const RegiaOutputTarget target = {.url = url, .key = KEY};
    gint64 began_us = g_get_monotonic_time ();
    g_autoptr (GError) error = open_bad (&target, 700);

    g_test_message ("%s: %s", schemes[i], error->message);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    g_assert_cmpint (g_get_monotonic_time () - began_us, >=, 600000);
    g_assert_cmpint (g_get_monotonic_time () - began_us, <, 3000000);
  }
}

static void
check_srt_nobody (void)
{
  const RegiaOutputTarget target = {.url = "srt://127.0.0.1:9", .key = KEY};
  gint64 began_us = g_get_monotonic_time ();
  g_autoptr (GError) error = open_bad (&target, 1000);

  g_test_message ("%s", error->message);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 3000000);
}

/* A server whose certificate nobody vouches for gets no key. */
static void
check_certificate (void)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-tls-XXXXXX", NULL);
  g_autofree char *key = g_build_filename (folder, "key.pem", NULL);
  g_autofree char *certificate = g_build_filename (folder, "certificate.pem", NULL);
  g_autofree char *made = NULL, *removed = NULL, *where = NULL, *url = NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSubprocess) server = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  gint64 end_us = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  RegiaOutputTarget target = {.key = KEY};
  guint16 port;

  g_object_unref (new_listener (&port));
  where = g_strdup_printf ("127.0.0.1:%u", port);
  url = g_strdup_printf ("rtmps://localhost:%u/live", port);
  target.url = url;
  made = sample_run ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                     "-addext", "subjectAltName=DNS:localhost", "-batch", NULL);
  server = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error,
                             "openssl", "s_server", "-quiet", "-accept", where, "-key", key, "-cert",
                             certificate, NULL);
  g_assert_no_error (error);
  while (connection == NULL && g_get_monotonic_time () < end_us)
    connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, NULL);
  g_assert_nonnull (connection);
  g_clear_object (&connection);
  error = open_bad (&target, 5000);
  g_test_message ("%s", error->message);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (error->message, "certificate"));
  g_subprocess_force_exit (server);
  g_subprocess_wait (server, NULL, NULL);
  removed = sample_run ("rm", "-rf", folder, NULL);
}

static void
check_unknown_host (void)
{
  const RegiaOutputTarget target = {.url = "rtmp://no-such-host.invalid/live", .key = KEY};
  g_autoptr (GError) error = open_bad (&target, 2000);

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  int result;

  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  sample = sample_new (1000);
  g_test_add_data_func ("/mux/output/mpegts", "mpegts", check_format);
  g_test_add_data_func ("/mux/output/matroska", "matroska", check_format);
  g_test_add_data_func ("/mux/output/flv", "flv", check_format);
  g_test_add_func ("/mux/output/time-rises", check_time_rises);
  g_test_add_func ("/mux/output/follow", check_follow);
  g_test_add_func ("/mux/output/reader-gone", check_reader_gone);
  g_test_add_func ("/mux/output/reader-asleep", check_reader_asleep);
  g_test_add_func ("/mux/output/cancel", check_cancel);
  g_test_add_func ("/mux/output/addresses", check_addresses);
  g_test_add_func ("/mux/output/refused", check_refused);
  g_test_add_func ("/mux/output/silent", check_silent);
  g_test_add_func ("/mux/output/srt-nobody", check_srt_nobody);
  g_test_add_func ("/mux/output/certificate", check_certificate);
  g_test_add_func ("/mux/output/unknown-host", check_unknown_host);
  result = g_test_run ();
  sample_free (sample);
  return result;
}
