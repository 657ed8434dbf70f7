/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "regia/base/error.h"

char *
regia_socket_name (const char *path, int *ret_folder_fd, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = NULL;
  int fd = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0) {
    regia_error_set_errno (error, errno, "%s: cannot open the folder", folder);
    return NULL;
  }
  name = g_strdup_printf ("/proc/self/fd/%d/%s", fd, base);
  if (strlen (name) >= sizeof ((struct sockaddr_un *)NULL)->sun_path) {
    close (fd);
    regia_error_set_errno (error, ENAMETOOLONG, "%s: the name of a socket", path);
    return NULL;
  }
  *ret_folder_fd = fd;
  return g_steal_pointer (&name);
}

/* FALSE with errno. */
static gboolean
fill_address (struct sockaddr_un *address, const char *name)
{
  memset (address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (strlen (name) >= sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    return FALSE;
  }
  memcpy (address->sun_path, name, strlen (name));
  return TRUE;
}

int
regia_socket_listen (const char *path, GError **error)
{
  struct sockaddr_un address;
  int folder_fd = -1, fd, saved_errno;
  g_autofree char *name = regia_socket_name (path, &folder_fd, error);

  if (name == NULL)
    return -1;
  if (unlink (name) < 0 && errno != ENOENT) {
    regia_error_set_errno (error, errno, "%s: cannot replace what is there", path);
    close (folder_fd);
    return -1;
  }
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  /* fchmod before bind: there is no moment at which others could connect. */
  if (fd >= 0 && fill_address (&address, name) && fchmod (fd, 0600) == 0 &&
      bind (fd, (struct sockaddr *)&address, sizeof address) == 0 && chmod (name, 0600) == 0 &&
      listen (fd, 64) == 0) {
    close (folder_fd);
    return fd;
  }
  saved_errno = errno;
  if (fd >= 0)
    close (fd);
  close (folder_fd);
  regia_error_set_errno (error, saved_errno, "%s: cannot listen", path);
  return -1;
}

int
regia_socket_connect (const char *path)
{
  struct sockaddr_un address;
  g_autofree char *long_name = NULL;
  int folder_fd = -1, fd, saved_errno;

  if (!fill_address (&address, path)) {
    g_autoptr (GError) error = NULL;

    long_name = regia_socket_name (path, &folder_fd, &error);
    if (long_name == NULL || !fill_address (&address, long_name)) {
      errno = ENOENT;
      return -1;
    }
  }
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect (fd, (struct sockaddr *)&address, sizeof address) < 0) {
    saved_errno = errno;
    close (fd);
    fd = -1;
    errno = saved_errno;
  }
  saved_errno = errno;
  if (folder_fd >= 0)
    close (folder_fd);
  errno = saved_errno;
  return fd;
}
