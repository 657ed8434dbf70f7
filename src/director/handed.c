/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "handed-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/file.h"
#include "regia/base/socket.h"
#include "regia/control/paths.h"

int
regia_handed_seal (const char *name, GBytes *bytes, GError **error)
{
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "no memory for it: %s",
                 g_strerror (errno));
    return -1;
  }
  if (!regia_fd_write_all (fd, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error)) {
    close (fd);
    return -1;
  }
  fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  return fd;
}

static gboolean
listen_for_readers (RegiaHanded *self, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, REGIA_FEED_SOCKET, NULL);

  self->feed_fd = regia_socket_listen (path, error);
  if (self->feed_fd < 0)
    return FALSE;
  self->feed_name = open (path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (self->feed_name >= 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
  return FALSE;
}

/* Readers have the socket from us and need no name for it: where the state folder cannot be written to it is
 * made elsewhere, and only `regia tap` does without. */
static gboolean
open_feed (RegiaHanded *self, const char *run_dir, GError **error)
{
  const char *const others[] = {g_get_tmp_dir (), "/run", "/dev/shm"};
  g_autoptr (GError) first = NULL;

  if (listen_for_readers (self, run_dir, &first)) {
    self->feed_path = g_build_filename (run_dir, REGIA_FEED_SOCKET, NULL);
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree char *folder = g_build_filename (others[i], "regia-XXXXXX", NULL);
    g_autofree char *path = NULL;
    gboolean ok;

    if (g_mkdtemp (folder) == NULL)
      continue;
    path = g_build_filename (folder, REGIA_FEED_SOCKET, NULL);
    ok = listen_for_readers (self, folder, NULL);
    unlink (path);
    rmdir (folder);
    if (ok) {
      g_warning ("%s; `regia tap` has nothing to read from", first->message);
      return TRUE;
    }
  }
  g_propagate_error (error, g_steal_pointer (&first));
  return FALSE;
}

gboolean
regia_handed_open (RegiaHanded *self, char *event, const char *run_dir, GError **error)
{
  self->event = g_bytes_new_take (event, strlen (event));
  return open_feed (self, run_dir, error);
}

void
regia_handed_close (RegiaHanded *self)
{
  struct stat named, found;

  if (self->feed_path != NULL && fstat (self->feed_name, &named) == 0 &&
      lstat (self->feed_path, &found) == 0 && named.st_dev == found.st_dev && named.st_ino == found.st_ino)
    unlink (self->feed_path);
  if (self->feed_name >= 0)
    close (self->feed_name);
  if (self->feed_fd >= 0)
    close (self->feed_fd);
  g_clear_pointer (&self->event, g_bytes_unref);
  g_clear_pointer (&self->feed_path, g_free);
  *self = REGIA_HANDED_INIT;
}
