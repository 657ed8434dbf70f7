/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "handed-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/file.h"

int
regia_handed_seal (const char *name, GBytes *bytes, GError **error)
{
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd < 0) {
    regia_error_set_errno (error, errno, "no memory for it");
    return -1;
  }
  if (!regia_fd_write_all (fd, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error)) {
    close (fd);
    return -1;
  }
  fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  return fd;
}

void
regia_handed_open (RegiaHanded *self, char *event)
{
  self->event = g_bytes_new_take (event, strlen (event));
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, self->ingest) < 0)
    g_warning ("no sockets for what is sent here: %s; senders are not let in", g_strerror (errno));
}

void
regia_handed_close (RegiaHanded *self)
{
  g_clear_pointer (&self->event, g_bytes_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->ingest); i++)
    if (self->ingest[i] >= 0)
      close (self->ingest[i]);
  *self = REGIA_HANDED_INIT;
}
