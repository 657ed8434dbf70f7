/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/error.h"

gboolean
regia_fd_write_all (int fd, const void *data, gsize length, GError **error)
{
  const char *p = data;

  while (length > 0) {
    ssize_t n = write (fd, p, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return regia_error_set_errno (error, n == 0 ? EIO : errno, "cannot write");
    p += n;
    length -= (gsize)n;
  }
  return TRUE;
}

gboolean
regia_file_sync_folder (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int saved_errno;

  if (fd < 0)
    return regia_error_set_errno (error, errno, "%s: cannot open the folder", path);
  if (fsync (fd) < 0) {
    saved_errno = errno;
    close (fd);
    return regia_error_set_errno (error, saved_errno, "%s: cannot sync the folder", path);
  }
  close (fd);
  return TRUE;
}

gboolean
regia_file_replace (const char *path, const void *data, gsize length, int mode, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *temporary = g_strdup_printf ("%s.XXXXXX", path);
  int fd, saved_errno;

  g_return_val_if_fail (data != NULL || length == 0, FALSE);

  fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0)
    return regia_error_set_errno (error, errno, "%s: cannot create a temporary file beside it", path);
  if (!regia_fd_write_all (fd, data, length, error)) {
    g_prefix_error (error, "%s: ", path);
    close (fd);
    goto remove;
  }
  if (fsync (fd) < 0) {
    saved_errno = errno;
    close (fd);
    regia_error_set_errno (error, saved_errno, "%s: cannot sync", path);
    goto remove;
  }
  if (close (fd) < 0) {
    regia_error_set_errno (error, errno, "%s: cannot close", path);
    goto remove;
  }
  if (rename (temporary, path) < 0) {
    regia_error_set_errno (error, errno, "%s: cannot rename into place", path);
    goto remove;
  }
  return regia_file_sync_folder (folder, error);

remove:
  unlink (temporary);
  return FALSE;
}

gboolean
regia_file_make_folder (const char *path, int mode, GError **error)
{
  if (g_mkdir_with_parents (path, mode) < 0)
    return regia_error_set_errno (error, errno, "%s: cannot make the folder", path);
  return TRUE;
}

char *
regia_slug (const char *text)
{
  g_autofree char *ascii = g_str_to_ascii (text, "C");
  GString *slug = g_string_new (NULL);

  for (const char *p = ascii; *p != '\0' && slug->len < 64; p++) {
    if (g_ascii_isalnum (*p))
      g_string_append_c (slug, g_ascii_tolower (*p));
    else if (slug->len > 0 && slug->str[slug->len - 1] != '-' && *p != '\'' && *p != '?')
      g_string_append_c (slug, '-');
  }
  while (slug->len > 0 && slug->str[slug->len - 1] == '-')
    g_string_truncate (slug, slug->len - 1);
  if (slug->len == 0)
    g_string_append (slug, "event");
  return g_string_free (slug, FALSE);
}
