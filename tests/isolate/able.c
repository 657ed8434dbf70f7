/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a gateway or a relay still can do when it is shut in: all that it is there for. Each in a process of
 * its own, which returns the line of what went wrong.
 */
#include "place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pairs.h"
#include "regia/tls/stream.h"

#define NEED(condition)                                                                                      \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    if (!(condition)) {                                                                                      \
      fprintf (stderr, "# %s:%d: %s: %s\n", __FILE__, __LINE__, #condition, g_strerror (errno));             \
      return 1;                                                                                              \
    }                                                                                                        \
  }                                                                                                          \
  G_STMT_END

static int
read_recordings (const Place *p)
{
  g_autoptr (GDir) dir = NULL;
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", p->recordings_fd);
  char content[16] = "";
  int folder_fd = openat (p->recordings_fd, "session", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  int fd = openat (folder_fd, "programme.mp4", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  NEED (folder_fd >= 0 && fd >= 0);
  NEED (pread (fd, content, sizeof content, 0) == (ssize_t)strlen ("recorded"));
  NEED (strcmp (content, "recorded") == 0);
  dir = g_dir_open (path, 0, NULL);
  NEED (dir != NULL && strcmp (g_dir_read_name (dir), "session") == 0);
  return 0;
}

/* Whether a recorder works on a session is asked without a lock being taken. */
static int
ask_for_lock (const Place *p)
{
  struct flock lock = {.l_type = F_WRLCK};

  NEED (fcntl (p->session_fd, F_OFD_GETLK, &lock) == 0);
  NEED (lock.l_type == F_UNLCK);
  return 0;
}

/* A viewer has connected: accepted, and sent a recording. */
static int
serve (const Place *p)
{
  struct pollfd polled = {.fd = p->listen_fd, .events = POLLIN};
  off_t offset = 0;
  int fd;

  NEED (poll (&polled, 1, 10000) == 1);
  fd = accept4 (p->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  NEED (fd >= 0);
  NEED (setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof (int)) == 0);
  NEED (sendfile (fd, p->recording_fd, &offset, 4) == 4);
  NEED (send (fd, "rded", 4, MSG_NOSIGNAL) == 4);
  NEED (shutdown (fd, SHUT_WR) == 0 && close (fd) == 0);
  return 0;
}

static void
work_cb (gpointer data, gpointer counter)
{
  g_atomic_int_inc ((int *)counter);
}

static void
task_cb (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_int (task, 7);
}

static void
task_done_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  *(gssize *)data = g_task_propagate_int (G_TASK (result), NULL);
}

static gpointer
name_cb (gpointer data)
{
  static char name[32];

  prctl (PR_GET_NAME, name);
  return name;
}

static int
use_threads (const Place *p)
{
  int done = 0;
  gssize result = 0;
  GThreadPool *own = g_thread_pool_new (work_cb, &done, 4, TRUE, NULL);
  GThreadPool *shared = g_thread_pool_new (work_cb, &done, 4, FALSE, NULL);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, task_done_cb, &result);

  NEED (own != NULL && shared != NULL);
  for (guint i = 1; i <= 64; i++) {
    NEED (g_thread_pool_push (own, GUINT_TO_POINTER (i), NULL));
    NEED (g_thread_pool_push (shared, GUINT_TO_POINTER (i), NULL));
  }
  g_thread_pool_free (own, FALSE, TRUE);
  g_thread_pool_free (shared, FALSE, TRUE);
  NEED (done == 128);
  g_task_run_in_thread (task, task_cb);
  while (result == 0)
    g_main_context_iteration (NULL, TRUE);
  NEED (result == 7);
  NEED (strcmp (g_thread_join (g_thread_new ("worker", name_cb, NULL)), "worker") == 0);
  return 0;
}

static int
wait_for_events (const Place *p)
{
  const struct itimerspec soon = {.it_value.tv_nsec = 1000000};
  struct epoll_event event = {.events = EPOLLIN};
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC), event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  int timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), ends[2];

  NEED (epoll_fd >= 0 && event_fd >= 0 && timer_fd >= 0 && pipe2 (ends, O_CLOEXEC) == 0);
  NEED (timerfd_settime (timer_fd, 0, &soon, NULL) == 0);
  NEED (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, timer_fd, &event) == 0);
  NEED (epoll_wait (epoll_fd, &event, 1, 10000) == 1);
  NEED (eventfd_write (event_fd, 1) == 0 && fcntl (event_fd, F_SETFL, O_NONBLOCK) == 0);
  NEED (write (ends[1], "x", 1) == 1);
  return 0;
}

typedef struct {
  int fd;
  GDBusConnectionFlags flags;
  GDBusConnection *connection;
} End;

static gpointer
connect_cb (gpointer data)
{
  End *end = data;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (end->fd, NULL);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  g_autofree char *guid = g_dbus_generate_guid ();

  end->connection = g_dbus_connection_new_sync (
      G_IO_STREAM (stream), end->flags & G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER ? guid : NULL,
      end->flags, NULL, NULL, NULL);
  return NULL;
}

static int pair[2]; /* made before, as the director does */

/* Made before: what the director hands over, and what prepares the process for it. */
static Pair tls_pair;

/* A certificate that comes when it is shut in already, a handshake, an answer, a question, and the end. */
static int
speak_tls (const Place *p)
{
  g_autoptr (RegiaTls) tls = regia_tls_new (tls_pair.certificate, tls_pair.key, NULL, NULL);
  g_autoptr (RegiaTlsStream) stream = NULL;
  const struct iovec answer = {(void *)"answer", 6};
  char heard[16] = "";
  SSL *client;

  NEED (tls != NULL);
  NEED (fcntl (pair[0], F_SETFL, O_NONBLOCK) == 0 && fcntl (pair[1], F_SETFL, O_NONBLOCK) == 0);
  client = SSL_new (pair_client (&tls_pair, 0));
  NEED (client != NULL && SSL_set_fd (client, pair[1]) == 1);
  SSL_set_connect_state (client);
  stream = regia_tls_stream_new (tls, pair[0]);
  for (guint i = 0; i < 8; i++) {
    SSL_do_handshake (client);
    NEED (regia_tls_stream_read (stream, heard, 1) == -1 && errno == EAGAIN);
  }
  NEED (SSL_is_init_finished (client) && regia_tls_stream_is_open (stream));
  NEED (regia_tls_stream_write (stream, &answer, 1) == 6);
  NEED (SSL_read (client, heard, sizeof heard) == 6 && strcmp (heard, "answer") == 0);
  NEED (SSL_write (client, "question", 8) == 8);
  NEED (regia_tls_stream_read (stream, heard, sizeof heard) == 8);
  regia_tls_stream_close (stream);
  NEED (SSL_read (client, heard, 1) == 0);
  SSL_free (client);
  return 0;
}

static int
talk_dbus (const Place *p)
{
  End server = {.fd = pair[0], .flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER};
  End client = {.fd = pair[1], .flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT};
  GThread *thread = g_thread_new ("server", connect_cb, &server);
  g_autoptr (GVariant) answer = NULL;

  connect_cb (&client);
  g_thread_join (thread);
  NEED (server.connection != NULL && client.connection != NULL);
  answer = g_dbus_connection_call_sync (client.connection, NULL, "/", "org.freedesktop.DBus.Peer", "Ping",
                                        NULL, NULL, G_DBUS_CALL_FLAGS_NONE, 10000, NULL, NULL);
  NEED (answer != NULL);
  return 0;
}

/* The log's clock: read before, because the zone's file is closed afterwards. */
static int
tell_time (const Place *p)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr (GDateTime) summer = g_date_time_new (zone, 2022, 7, 1, 12, 0, 0);

  NEED (g_date_time_get_utc_offset (summer) == 2 * G_TIME_SPAN_HOUR);
  return 0;
}

static int
know_itself (const Place *p)
{
  struct rlimit limit;
  cpu_set_t set;

  NEED (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 0);
  NEED (sched_getaffinity (0, sizeof set, &set) == 0 && g_get_num_processors () > 0);
  NEED (kill (getpid (), 0) == 0 && raise (SIGCONT) == 0);
  NEED (open ("/dev/urandom", O_RDONLY | O_CLOEXEC) >= 0);
  NEED (g_random_int () != g_random_int ());
  return 0;
}

/* No privilege is left, and there is no way to any. */
static int
have_nothing (const Place *p)
{
  NEED (prctl (PR_GET_DUMPABLE) == 0);
  for (int capability = 0; capability < 64; capability++)
    NEED (syscall (SYS_prctl, PR_CAPBSET_READ, capability, 0, 0, 0) <= 0);
  return 0;
}

static int
look_up (const Place *p)
{
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
  struct addrinfo *found = NULL;

  NEED (getaddrinfo ("localhost", "80", &hints, &found) == 0 && found != NULL);
  freeaddrinfo (found);
  return 0;
}

static int
read_network_files (const Place *p)
{
  const char *const files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services",
                               "/etc/ssl/certs/ca-certificates.crt"};

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    NEED (access (files[i], F_OK) != 0 || open (files[i], O_RDONLY) >= 0);
  return 0;
}

static int
connect_out (const Place *p)
{
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}, .sin_port = htons ((guint16)p->port)};
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  struct pollfd polled = {.fd = fd, .events = POLLOUT};

  NEED (fd >= 0);
  NEED (connect (fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
  NEED (poll (&polled, 1, 10000) == 1 && polled.revents == POLLOUT);
  NEED (send (fd, "hello", 5, MSG_NOSIGNAL) == 5);
  return 0;
}

static int
send_datagrams (const Place *p)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int from = socket (AF_INET, SOCK_DGRAM, IPPROTO_UDP), to = socket (AF_INET, SOCK_DGRAM, 0);
  char text[8];

  NEED (from >= 0 && to >= 0);
  NEED (bind (to, (struct sockaddr *)&address, sizeof address) == 0);
  NEED (getsockname (to, (struct sockaddr *)&address, &length) == 0);
  NEED (sendto (from, "hello", 5, 0, (struct sockaddr *)&address, length) == 5);
  NEED (recv (to, text, sizeof text, 0) == 5);
  return 0;
}

/* In a namespace of its own the resolver's file is replaced, from outside of the isolation. */
static int
notice_replaced (const Place *p)
{
  RegiaIsolated done;
  int go[2], gone[2];
  char c = 0;

  NEED (unshare (CLONE_NEWNS) == 0);
  if (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    return errno; /* in a chroot, which is no mount: what is mounted could be seen outside */
  NEED (pipe (go) == 0 && pipe (gone) == 0);
  if (fork () == 0) {
    c = read (go[0], &c, 1) == 1 && mount (p->outside, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
    _exit (write (gone[1], &c, 1) == 1 ? 0 : 1);
  }
  place_shut_in (p, RELAY, &done);
  NEED (!regia_isolated_is_stale (&done));
  NEED (write (go[1], &c, 1) == 1 && read (gone[0], &c, 1) == 1 && c == 1);
  NEED (regia_isolated_is_stale (&done));
  return 0;
}

static void
test_replaced (void)
{
  g_auto (Place) place = {0};
  int code;

  if (getuid () != 0 || access ("/etc/resolv.conf", F_OK) != 0) {
    g_test_skip ("root alone can replace /etc/resolv.conf, where there is one");
    return;
  }
  place_make (&place);
  code = place_run (&place, 0, notice_replaced);
  if (code == EINVAL)
    g_test_skip ("/ is no mount here");
  else
    g_assert_cmpint (code, ==, 0);
}

/* As the service: another user, and a filter before ours, which has neither capset nor (where the unit is not
 * ours) seccomp(2). */
static int
be_a_service (const Place *p)
{
  struct sock_filter code[] = {BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
                               BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 1, 0),
                               BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
                               BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                               BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog filter = {G_N_ELEMENTS (code), code};
  RegiaIsolated done;

  NEED (setresgid (65534, 65534, 65534) == 0 && setresuid (65534, 65534, 65534) == 0);
  NEED (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  NEED (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
  place_shut_in (p, GATEWAY, &done);
  NEED (done.system_calls && socket (AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
  return use_threads (p);
}

static void
test_service (void)
{
  g_auto (Place) place = {0};

  if (getuid () != 0) {
    g_test_skip ("root alone can become another user");
    return;
  }
  place_make (&place);
  g_assert_cmpint (place_run (&place, 0, be_a_service), ==, 0);
}

/* As the kernel tells it to others: it counts what the process has, and kills it before them. */
static void
test_limits (void)
{
  g_auto (Place) place = {0};
  g_autofree char *score_path = NULL, *limits_path = NULL, *score = NULL, *limits = NULL;
  int ready[2], pid;
  char c = 0;

  place_make (&place);
  g_assert_cmpint (pipe (ready), ==, 0);
  pid = fork ();
  if (pid == 0) {
    RegiaIsolated done;

    alarm (20);
    place_shut_in (&place, GATEWAY, &done);
    c = write (ready[1], "x", 1) == 1;
    while (c)
      pause ();
    _exit (1);
  }
  g_assert_cmpint (read (ready[0], &c, 1), ==, 1);
  score_path = g_strdup_printf ("/proc/%d/oom_score_adj", pid);
  limits_path = g_strdup_printf ("/proc/%d/limits", pid);
  g_assert_true (g_file_get_contents (score_path, &score, NULL, NULL));
  g_assert_cmpint (atoi (score), >=, 300);
  g_assert_true (g_file_get_contents (limits_path, &limits, NULL, NULL));
  g_assert_true (g_regex_match_simple ("^Max core file size +0 +0 ", limits, G_REGEX_MULTILINE, 0));
  g_assert_true (
      g_regex_match_simple ("^Max file size +1073741824 +1073741824 ", limits, G_REGEX_MULTILINE, 0));
#ifndef __SANITIZE_ADDRESS__
  g_assert_true (
      g_regex_match_simple ("^Max data size +1073741824 +1073741824 ", limits, G_REGEX_MULTILINE, 0));
#endif
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

typedef struct {
  const char *name;
  int (*func) (const Place *);
  Role roles;
} Line;

#define BOTH (GATEWAY | RELAY)

static const Line lines[] = {
    {"read-recordings", read_recordings, GATEWAY},
    {"ask-for-lock", ask_for_lock, GATEWAY},
    {"threads", use_threads, BOTH},
    {"tls", speak_tls, GATEWAY},
    {"events", wait_for_events, BOTH},
    {"dbus", talk_dbus, BOTH},
    {"time-zone", tell_time, BOTH},
    {"itself", know_itself, BOTH},
    {"no-privileges", have_nothing, BOTH},
    {"look-up", look_up, RELAY},
    {"network-files", read_network_files, RELAY},
    {"connect", connect_out, RELAY},
    {"datagrams", send_datagrams, RELAY},
};

static void
test_line (gconstpointer data)
{
  const Line *line = data;
  const Role roles[] = {GATEWAY, RELAY};

  for (gsize i = 0; i < G_N_ELEMENTS (roles); i++) {
    g_auto (Place) place = {0};

    if ((line->roles & roles[i]) == 0)
      continue;
    place_make (&place);
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_cmpint (place_run (&place, roles[i], line->func), ==, 0);
    close (pair[0]);
    close (pair[1]);
  }
}

static void
test_serve (void)
{
  g_auto (Place) place = {0};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}};
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char text[16] = "";

  place_make (&place);
  address.sin_port = htons ((guint16)place.port);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (place_run (&place, GATEWAY, serve), ==, 0);
  g_assert_cmpint (recv (fd, text, sizeof text, MSG_WAITALL), ==, 8);
  g_assert_cmpstr (text, ==, "recorded");
  close (fd);
}

static int
describe (const Place *p)
{
  RegiaIsolated done;
  g_autofree char *text = NULL;

  place_shut_in (p, GATEWAY, &done);
  text = regia_isolated_describe (&done);
  fprintf (stderr, "# %s\n", text);
  NEED (done.threads == 1);
  NEED (regia_isolated_is_whole (&done) == (strchr (text, ';') == NULL));
  return 0;
}

static void
test_described (void)
{
  g_auto (Place) place = {0};

  place_make (&place);
  g_assert_cmpint (place_run (&place, 0, describe), ==, 0);
}

int
main (int argc, char **argv)
{
  int result;

  g_setenv ("TZ", "Europe/Rome", TRUE);
  g_test_init (&argc, &argv, NULL);
  regia_tls_init ();
  pair_make (&tls_pair, -3600, 3600);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autofree char *name = g_strdup_printf ("/isolate/able/%s", lines[i].name);

    g_test_add_data_func (name, &lines[i], test_line);
  }
  g_test_add_func ("/isolate/able/serve", test_serve);
  g_test_add_func ("/isolate/able/service", test_service);
  g_test_add_func ("/isolate/able/limits", test_limits);
  g_test_add_func ("/isolate/able/resolver-replaced", test_replaced);
  g_test_add_func ("/isolate/able/described", test_described);
  result = g_test_run ();
  pair_clear (&tls_pair);
  return result;
}
