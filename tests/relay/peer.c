/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "peer.h"
#include "../wait.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define MODULE "/usr/lib/nginx/modules/ngx_rtmp_module.so"

static GSocket *
bind_socket (GSocketType type, guint16 *ret_port)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, type, G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, any, FALSE, &error));
  bound = g_socket_get_local_address (socket, &error);
  g_assert_no_error (error);
  *ret_port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return socket;
}

guint16
peer_free_port (GSocketType type)
{
  guint16 port;

  g_object_unref (bind_socket (type, &port));
  return port;
}

static gboolean
is_whole (const char *request)
{
  const char *length = strstr (request, "Content-Length: "), *body = strstr (request, "\r\n\r\n");

  return length != NULL && body != NULL &&
         strlen (body + 4) >= g_ascii_strtoull (length + strlen ("Content-Length: "), NULL, 10);
}

static gpointer
judge (gpointer data)
{
  GSocket *listener = data;

  while (TRUE) {
    static const char yes[] = "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char no[] = "HTTP/1.0 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    g_autoptr (GSocket) client = g_socket_accept (listener, NULL, NULL);
    const char *answer;
    char request[4096] = "";
    gsize length = 0;
    gssize got = 1;

    if (client == NULL)
      return NULL;
    while (got > 0 && !is_whole (request)) {
      got = g_socket_receive (client, request + length, sizeof request - 1 - length, NULL, NULL);
      length += (gsize)MAX (got, 0);
    }
    /* the key, or a token: in what is published, or (escaped) in the address of the application */
    answer = strstr (request, "name=good") != NULL || strstr (request, "&token=good") != NULL ||
                     strstr (request, "%3Ftoken=good") != NULL
                 ? yes
                 : no;
    g_socket_send (client, answer, strlen (answer), NULL, NULL);
  }
}

/* Peers do not outlive a test that was killed. */
static void
die_with_parent_cb (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocessLauncher *
new_launcher (void)
{
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent_cb, NULL, NULL);
  return launcher;
}

static void
wait_for_port (guint16 port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  WAIT_UNTIL_S (10, (connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, NULL)));
}

Peer *
peer_new_nginx (const char *folder, guint16 port)
{
  Peer *self = g_new0 (Peer, 1);
  g_autoptr (GSubprocessLauncher) launcher = new_launcher ();
  g_autofree char *path = g_build_filename (folder, "nginx.conf", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  guint16 judge_port;

  self->folder = g_strdup (folder);
  self->port = port;
  self->judge = bind_socket (G_SOCKET_TYPE_STREAM, &judge_port);
  g_assert_true (g_socket_listen (self->judge, &error));
  self->judge_thread = g_thread_new ("judge", judge, self->judge);
  text = g_strdup_printf (
      "load_module " MODULE ";\n"
      "daemon off; master_process off; pid %s/nginx.pid; error_log %s/error.log;\n"
      "events { worker_connections 64; }\n"
      "rtmp { access_log off; server { listen 127.0.0.1:%u; chunk_size 4096; ack_window 4000;\n"
      "  application live { live on; record all; record_path %s; record_unique on; }\n"
      "  application guarded { live on; on_publish http://127.0.0.1:%u/; } } }\n",
      folder, folder, port, folder, judge_port);
  g_assert_true (g_file_set_contents (path, text, -1, &error));
  self->process = g_subprocess_launcher_spawn (launcher, &error, "/usr/sbin/nginx", "-p", folder, "-e",
                                               "/dev/null", "-c", path, NULL);
  g_assert_no_error (error);
  wait_for_port (port);
  return self;
}

Peer *
peer_new_srt (const char *folder, guint16 port, const char *passphrase)
{
  Peer *self = g_new0 (Peer, 1);
  g_autoptr (GSubprocessLauncher) launcher = new_launcher ();
  g_autofree char *path = g_build_filename (folder, "srt.ts", NULL);
  g_autofree char *url =
      g_strdup_printf ("srt://127.0.0.1:%u?mode=listener&latency=120&passphrase=%s", port, passphrase);
  g_autoptr (GError) error = NULL;

  self->folder = g_strdup (folder);
  self->port = port;
  g_subprocess_launcher_set_stdout_file_path (launcher, path);
  self->process = g_subprocess_launcher_spawn (launcher, &error, "srt-live-transmit", "-q", "-a", "no", url,
                                               "file://con", NULL);
  g_assert_no_error (error);
  return self;
}

void
peer_signal (Peer *self, int number)
{
  g_subprocess_send_signal (self->process, number);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

GPtrArray *
peer_recordings (Peer *self)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".flv") || g_str_has_suffix (name, ".ts"))
      g_ptr_array_add (files, g_build_filename (self->folder, name, NULL));
  g_ptr_array_sort (files, compare_names);
  return files;
}

void
peer_stop (Peer *self)
{
  g_autoptr (GError) error = NULL;

  if (self->process == NULL)
    return;
  peer_signal (self, SIGCONT);
  peer_signal (self, self->judge != NULL ? SIGQUIT : SIGTERM);
  g_subprocess_wait (self->process, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&self->process);
}

void
peer_free (Peer *self)
{
  if (self == NULL)
    return;
  if (self->process != NULL) {
    g_subprocess_force_exit (self->process);
    g_subprocess_wait (self->process, NULL, NULL);
    g_clear_object (&self->process);
  }
  if (self->judge != NULL) {
    g_socket_shutdown (self->judge, TRUE, TRUE, NULL);
    g_thread_join (self->judge_thread);
    g_object_unref (self->judge);
  }
  g_free (self->folder);
  g_free (self);
}
