/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void
put (const char *path, const char *content)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
}

static int
wait_process (void)
{
  int pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    while (TRUE)
      pause ();
  }
  return pid;
}

static void
listen_on (int fd, const void *address, socklen_t length)
{
  g_assert_cmpint (bind (fd, address, length), ==, 0);
  g_assert_cmpint (listen (fd, 8), ==, 0);
}

void
place_make (Place *self)
{
  struct sockaddr_un path = {.sun_family = AF_UNIX};
  struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}};
  socklen_t length = sizeof inet;
  g_autofree char *key = NULL;

  self->folder = g_dir_make_tmp ("regia-isolate-XXXXXX", NULL);
  self->recordings = g_build_filename (self->folder, "recordings", NULL);
  self->session = g_build_filename (self->recordings, "session", NULL);
  self->recording = g_build_filename (self->session, "programme.mp4", NULL);
  self->keys = g_build_filename (self->folder, "keys", NULL);
  self->outside = g_build_filename (self->folder, "outside", NULL);
  self->socket = g_build_filename (self->folder, "control.sock", NULL);
  key = g_build_filename (self->keys, "key", NULL);
  g_assert_cmpint (g_mkdir_with_parents (self->session, 0755), ==, 0);
  g_assert_cmpint (g_mkdir (self->keys, 0700), ==, 0);
  put (self->recording, "recorded");
  put (self->outside, "secret");
  put (key, "key");
  self->recordings_fd = open (self->recordings, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  self->session_fd = open (self->session, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  self->recording_fd = open (self->recording, O_RDONLY | O_CLOEXEC);
  self->socket_fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_strlcpy (path.sun_path, self->socket, sizeof path.sun_path);
  listen_on (self->socket_fd, &path, sizeof path);
  self->listen_fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  listen_on (self->listen_fd, &inet, sizeof inet);
  g_assert_cmpint (getsockname (self->listen_fd, (struct sockaddr *)&inet, &length), ==, 0);
  self->port = ntohs (inet.sin_port);
  self->victim = wait_process ();
}

static void
remove_below (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *below = g_build_filename (path, name, NULL);

    if (!g_file_test (below, G_FILE_TEST_IS_SYMLINK) && g_file_test (below, G_FILE_TEST_IS_DIR))
      remove_below (below);
    else
      g_remove (below);
  }
  g_rmdir (path);
}

void
place_clear (Place *self)
{
  if (self->folder == NULL)
    return;
  kill (self->victim, SIGKILL);
  waitpid (self->victim, NULL, 0);
  close (self->recordings_fd);
  close (self->session_fd);
  close (self->recording_fd);
  close (self->socket_fd);
  close (self->listen_fd);
  remove_below (self->folder);
  g_free (self->folder);
  g_free (self->recordings);
  g_free (self->session);
  g_free (self->recording);
  g_free (self->keys);
  g_free (self->outside);
  g_free (self->socket);
}

void
place_shut_in (const Place *self, Role role, RegiaIsolated *ret_done)
{
  g_autofree char *recordings = g_strdup_printf ("/proc/self/fd/%d", self->recordings_fd);
  const char *read_only[] = {role == GATEWAY ? recordings : NULL, NULL};
  RegiaIsolation what = {
      .read_only = read_only, .connects = role == RELAY, .memory_bytes = 1 << 30, .oom_score_adj = 300};
  g_autoptr (GError) error = NULL;

  if (!regia_isolate (&what, ret_done, &error))
    g_error ("%s", error->message);
}

int
place_run (const Place *self, Role role, int (*func) (const Place *))
{
  int pid = fork (), status;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    RegiaIsolated done;

    alarm (20);
    if (role != 0)
      place_shut_in (self, role, &done);
    _exit (func (self));
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return WIFEXITED (status) ? WEXITSTATUS (status) : EKEYREJECTED;
}
