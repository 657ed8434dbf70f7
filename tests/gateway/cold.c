/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Downloads from a slow disk: nothing is ever in memory before it was read, and each 256 KiB take 10 ms. The
 * disk is made here: these definitions stand before the C library's.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../wait.h"
#include "client.h"
#include "fixture.h"

#define DISK_PIECE (256 * 1024)
#define DISK_US    10000
#define ID         "2022-09-29-cold"
#define FILE_BYTES (3 * 1024 * 1024)
#define PLAYLIST   "/live/video/64p/index.m3u8"

static int gate; /* atomic: closed, the disk hangs */

gssize pread64 (int fd, void *buffer, gsize count, off_t offset);
gssize preadv64v2 (int fd, const struct iovec *parts, int n, off_t offset, int flags);

gssize
pread64 (int fd, void *buffer, gsize count, off_t offset)
{
  while (g_atomic_int_get (&gate))
    g_usleep (1000);
  if (offset % DISK_PIECE == 0)
    g_usleep (DISK_US);
  return syscall (SYS_pread64, fd, buffer, count, offset);
}

gssize
preadv64v2 (int fd, const struct iovec *parts, int n, off_t offset, int flags)
{
  errno = EAGAIN;
  return -1;
}

static char *
make_recordings (void)
{
  char *folder = g_dir_make_tmp ("regia-cold-XXXXXX", NULL);
  g_autofree char *session = g_build_filename (folder, ID, NULL);
  g_autofree char *file = g_build_filename (session, "programme.mp4", NULL);
  g_autofree char *json = g_build_filename (session, "session.json", NULL);
  g_autofree char *data = g_malloc (FILE_BYTES);
  g_autofree char *text = g_strdup_printf (
      "{\"version\":1,\"id\":\"" ID "\",\"title\":\"Cold\",\"place\":\"Massa\",\"state\":\"finished\","
      "\"message\":\"\",\"epoch-ms\":1664436600000,\"started-ms\":1664436600000,\"duration-ms\":60000,"
      "\"files\":[{\"name\":\"programme.mp4\",\"content-type\":\"video/mp4\",\"sha256\":\"\","
      "\"size-bytes\":%d,\"duration-ms\":60000,\"tracks\":[]}]}",
      FILE_BYTES);

  for (guint i = 0; i < FILE_BYTES; i++)
    data[i] = (char)(i * 2654435761u >> 24);
  g_assert_cmpint (g_mkdir (session, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, data, FILE_BYTES, NULL));
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

/* All wait their turn, none is cut or left behind, and viewers notice nothing. */
static void
test_crowd (gconstpointer data)
{
  guint n = GPOINTER_TO_UINT (data), begun = 0, done = 0, begun_at_first_end = 0, rounds = 0;
  RegiaServerOptions options = fixture_options ();
  g_autofree char *folder = make_recordings ();
  g_autofree struct pollfd *polls = g_new0 (struct pollfd, n);
  g_autofree gsize *got = g_new0 (gsize, n);
  gint64 start_us = g_get_monotonic_time ();
  RegiaServerStats stats;
  Fixture fixture;

  options.limits.progress_ms = options.limits.stalled_ms = 3000;
  g_atomic_int_set (&gate, 1);
  fixture_start (&fixture, &options, 100, folder);
  for (guint i = 0; i < n; i++) {
    polls[i] = (struct pollfd){client_connect (fixture.port, 0), POLLIN, 0};
    client_send (polls[i].fd, "GET /recordings/" ID "/programme.mp4 HTTP/1.1\r\nHost: localhost\r\n"
                              "Connection: close\r\n\r\n");
  }
  WAIT_UNTIL_S (20, (regia_server_get_stats (fixture.server, &stats), stats.wire.requests == n));
  g_atomic_int_set (&gate, 0);
  while (done < n && g_get_monotonic_time () - start_us < 60 * G_USEC_PER_SEC) {
    static char piece[65536];

    g_assert_cmpint (poll (polls, n, 5000), >, 0);
    for (guint i = 0; i < n; i++) {
      gssize count;

      if (polls[i].revents == 0)
        continue;
      count = recv (polls[i].fd, piece, sizeof piece, 0);
      if (got[i] == 0 && count > 0) {
        g_assert_true (g_str_has_prefix (piece, "HTTP/1.1 200 OK\r\n"));
        begun++;
      }
      if (count > 0) {
        got[i] += (gsize)count;
        continue;
      }
      g_assert_cmpint (count, ==, 0);
      g_assert_cmpuint (got[i], >, FILE_BYTES); /* and the head */
      if (done++ == 0)
        begun_at_first_end = begun;
      close (polls[i].fd);
      polls[i].fd = -1;
    }
    if (++rounds % 64 == 0) {
      g_auto (ClientAnswer) answer = {0};
      client_ask (fixture.port, "GET", PLAYLIST, NULL, &answer);
      g_assert_cmpuint (answer.status, ==, 200);
    }
  }
  g_test_message ("%u of %u, in %" G_GINT64_FORMAT " ms; %u had begun when the first was complete", done, n,
                  (g_get_monotonic_time () - start_us) / 1000, begun_at_first_end);
  g_assert_cmpuint (done, ==, n);
  g_assert_cmpuint (begun_at_first_end, ==, n);
  fixture_stop (&fixture);
  remove_recordings (folder);
}

/* Who asks for a file and reads nothing of it has none of our memory: what the kernel holds are the file's
 * own pages. */
static void
test_frozen (void)
{
  enum { FROZEN = 300 };
  RegiaServerOptions options = fixture_options ();
  g_autofree char *folder = make_recordings ();
  struct pollfd polls[FROZEN];
  guint64 before;
  Fixture fixture;

  fixture_start (&fixture, &options, 100, folder);
  before = fixture_resident_bytes ();
  for (guint i = 0; i < FROZEN; i++) {
    polls[i] = (struct pollfd){client_connect (fixture.port, 4096), POLLIN, 0};
    client_send (polls[i].fd, "GET /recordings/" ID "/programme.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  for (guint i = 0; i < FROZEN; i++) /* each has something to read */
    g_assert_cmpint (poll (&polls[i], 1, 20000), ==, 1);
  fixture_assert_grown_less (before, 16000000);
  for (guint i = 0; i < FROZEN; i++)
    close (polls[i].fd);
  fixture_stop (&fixture);
  remove_recordings (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/gateway/cold/120", GUINT_TO_POINTER (120), test_crowd);
  g_test_add_data_func ("/gateway/cold/300", GUINT_TO_POINTER (300), test_crowd);
  g_test_add_func ("/gateway/cold/frozen", test_frozen);
  return g_test_run ();
}
