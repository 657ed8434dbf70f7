/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept-private.h"
#include "regia/base/address.h"
#include "regia/base/error.h"

/* Plain socket calls: g_socket_bind() clears SO_REUSEPORT on stream sockets, and GSocket's backlog is 10. */
#define BACKLOG       512
#define NOTSENT_BYTES (1024 * 1024)

static GSocketAddress *
parse_listen (const char *key, const char *text, GError **error)
{
  g_autofree char *host = NULL;
  g_autoptr (GInetAddress) ip = NULL;
  guint port = 0;

  if (regia_address_split (text, &host, &port))
    ip = regia_address_ip (host);
  if (ip != NULL)
    return g_inet_socket_address_new (ip, (guint16)port);
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
               "%s: \"%s\" is not ADDRESS:PORT; write for example 0.0.0.0:8080 or [::]:8080", key, text);
  return NULL;
}

static gboolean
fail_errno (GError **error, const char *key, const char *address, const char *doing)
{
  int code = errno;

  if (code == EADDRINUSE) {
    const char *colon = strrchr (address, ':');
    g_set_error (
        error, REGIA_ERROR, REGIA_ERROR_STATE,
        "%s is in use by another program (`ss -ltnp 'sport = %s'` names it); stop that one, or set another "
        "%s in the event file",
        address, colon != NULL ? colon : address, key);
  } else if (code == EADDRNOTAVAIL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 "%s: this machine does not have that address now; set another %s in the event file "
                 "(0.0.0.0:PORT takes all addresses)",
                 address, key);
  } else if (code == EACCES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                 "%s: ports below 1024 need a privilege (CAP_NET_BIND_SERVICE); set another %s in the "
                 "event file",
                 address, key);
  } else {
    regia_error_set_errno (error, code, "%s: %s", address, doing);
  }
  return FALSE;
}

static gboolean
set_option (int fd, int level, int name, int value)
{
  return setsockopt (fd, level, name, &value, sizeof value) == 0;
}

static gboolean
listen_one (const char *key, const char *address, const struct sockaddr_storage *native, socklen_t length,
            gboolean first, gboolean shared, int *ret_fd, GError **error)
{
  int fd = socket (native->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  *ret_fd = fd;
  if (fd < 0)
    return fail_errno (error, key, address, "socket");
  if (!set_option (fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
      (!first && !set_option (fd, SOL_SOCKET, SO_REUSEPORT, 1)))
    return fail_errno (error, key, address, "setsockopt");
  if (native->ss_family == AF_INET6 && !set_option (fd, IPPROTO_IPV6, IPV6_V6ONLY, 0))
    return fail_errno (error, key, address, "setsockopt");
  if (bind (fd, (const struct sockaddr *)native, length) < 0)
    return fail_errno (error, key, address, "bind");
  if (first && shared && !set_option (fd, SOL_SOCKET, SO_REUSEPORT, 1))
    return fail_errno (error, key, address, "setsockopt");
  /* Accepted sockets inherit these. The second bounds what the kernel holds for a slow viewer, beyond what is
   * on its way; with many of them it is less (see wire.c). */
  set_option (fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option (fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_BYTES);
  if (listen (fd, BACKLOG) < 0)
    return fail_errno (error, key, address, "listen");
  return TRUE;
}

gboolean
regia_listen (const char *key, const char *address, guint count, int *ret_fds, GSocketAddress **ret_bound,
              GError **error)
{
  g_autoptr (GSocketAddress) wanted = parse_listen (key, address, error);
  struct sockaddr_storage native = {0};
  socklen_t length;

  if (wanted == NULL)
    return FALSE;
  length = (socklen_t)g_socket_address_get_native_size (wanted);
  if (!g_socket_address_to_native (wanted, &native, sizeof native, error))
    return FALSE;
  for (guint i = 0; i < count; i++)
    ret_fds[i] = -1;
  for (guint i = 0; i < count; i++) {
    if (!listen_one (key, address, &native, length, i == 0, count > 1, &ret_fds[i], error)) {
      for (guint j = 0; j <= i; j++) {
        if (ret_fds[j] >= 0)
          close (ret_fds[j]);
        ret_fds[j] = -1;
      }
      return FALSE;
    }
    if (i == 0) { /* with port 0 the others follow to the port that was found */
      socklen_t room = sizeof native;
      getsockname (ret_fds[0], (struct sockaddr *)&native, &room);
    }
  }
  *ret_bound = g_socket_address_new_from_native (&native, length);
  return TRUE;
}
