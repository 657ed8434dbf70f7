/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "disk-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int
real_create (const RegiaDisk *self, const char *path)
{
  return open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
}

static gboolean
real_write (const RegiaDisk *self, int fd, const void *data, gsize length)
{
  const char *p = data;

  while (length > 0) {
    ssize_t n = write (fd, p, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      errno = n < 0 ? errno : EIO;
      return FALSE;
    }
    p += n;
    length -= (gsize)n;
  }
  return TRUE;
}

static gboolean
real_sync (const RegiaDisk *self, int fd)
{
  return fdatasync (fd) == 0;
}

static gint64
real_free_bytes (const RegiaDisk *self, const char *folder)
{
  struct statvfs st;

  if (statvfs (folder, &st) != 0)
    return -1;
  return (gint64)st.f_bavail * (gint64)st.f_frsize;
}

const RegiaDisk *
regia_disk_real (void)
{
  static const RegiaDisk disk = {real_create, real_write, real_sync, real_free_bytes};

  return &disk;
}
