/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-base"

#include "regia/base/named.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/error.h"

static const char *
kind_in_words (mode_t mode)
{
  switch (mode & S_IFMT) {
  case S_IFDIR:
    return "a folder";
  case S_IFIFO:
    return "a pipe";
  case S_IFSOCK:
    return "a socket";
  case S_IFCHR:
  case S_IFBLK:
    return "a device";
  default:
    return "something else";
  }
}

static void
set_errno_error (int number, const char *remedy, GError **error)
{
  if (number == EACCES || number == EPERM)
    remedy = "change its owner or mode";
  else if (number == EIO || number == ESTALE)
    remedy = "check the disk that it is on";
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "cannot be read: %s; %s", g_strerror (number), remedy);
}

static gboolean
is_file (const struct stat *info, const char *remedy, GError **error)
{
  if (S_ISREG (info->st_mode))
    return TRUE;
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "is not a file but %s; %s",
               kind_in_words (info->st_mode), remedy);
  return FALSE;
}

int
regia_named_open (const char *path, const char *remedy, GError **error)
{
  struct stat info;
  int fd;

  /* Looked at before it is opened, since opening alone can start a device (a watchdog) or hang (a pipe);
   * looked at again afterwards, and opened without waiting, because the name may have got another meaning in
   * between. */
  if (stat (path, &info) < 0) {
    set_errno_error (errno, remedy, error);
    return -1;
  }
  if (!is_file (&info, remedy, error))
    return -1;
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 || fstat (fd, &info) < 0) {
    set_errno_error (errno, remedy, error);
    if (fd >= 0)
      close (fd);
    return -1;
  }
  if (!is_file (&info, remedy, error)) {
    close (fd);
    return -1;
  }
  return fd;
}

static void
set_too_large (gsize max_bytes, const char *remedy, GError **error)
{
  g_autofree char *most = g_format_size_full (max_bytes, G_FORMAT_SIZE_IEC_UNITS);

  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "larger than %s, so it can hardly be meant; %s", most,
               remedy);
}

GByteArray *
regia_named_read (const char *path, gsize max_bytes, const char *remedy, GError **error)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  int fd = regia_named_open (path, remedy, error);
  struct stat info;
  guint8 buffer[16384];
  gssize got;
  int number;

  if (fd < 0)
    return NULL;
  if (fstat (fd, &info) == 0 && info.st_size > 0 && (guint64)info.st_size > max_bytes) {
    close (fd);
    set_too_large (max_bytes, remedy, error);
    return NULL;
  }
  /* The size is only a hint: files of /proc have none, and others grow. */
  do {
    got = read (fd, buffer, MIN (sizeof buffer, max_bytes + 1 - content->len));
    number = errno;
    if (got > 0)
      g_byte_array_append (content, buffer, (guint)got);
  } while ((got > 0 && content->len <= max_bytes) || (got < 0 && number == EINTR));
  explicit_bzero (buffer, sizeof buffer);
  close (fd);
  if (got < 0) {
    set_errno_error (number, remedy, error);
    return NULL;
  }
  if (content->len > max_bytes) {
    set_too_large (max_bytes, remedy, error);
    return NULL;
  }
  g_byte_array_append (content, (const guint8 *)"", 1);
  g_byte_array_set_size (content, content->len - 1);
  return g_steal_pointer (&content);
}
