/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "disk-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "regia/base/error.h"

/* A disk with more free than this is not full, whatever it says: a quota is. */
#define ROOM_BYTES (64 << 20)

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

static gint64
real_free_files (const RegiaDisk *self, const char *folder)
{
  struct statvfs st;

  /* Some file systems make them as they go, and say 0 of 0. */
  if (statvfs (folder, &st) != 0 || st.f_files == 0)
    return G_MAXINT64;
  return (gint64)st.f_favail;
}

static RegiaPlace
real_find_place (const RegiaDisk *self, int fd, const char *path)
{
  struct stat ours, there;

  if (fstat (fd, &ours) != 0)
    return REGIA_PLACE_KEPT;
  if (lstat (path, &there) == 0) {
    if (there.st_dev == ours.st_dev && there.st_ino == ours.st_ino)
      return REGIA_PLACE_KEPT;
  } else if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE && errno != ELOOP) {
    /* A disk that fails, or a right that was taken away, says nothing of the name; what is open works. */
    return REGIA_PLACE_KEPT;
  }
  return ours.st_nlink == 0 ? REGIA_PLACE_REMOVED : REGIA_PLACE_ELSEWHERE;
}

const RegiaDisk *
regia_disk_real (void)
{
  static const RegiaDisk disk = {real_create,     real_write,      real_sync,
                                 real_free_bytes, real_free_files, real_find_place};

  return &disk;
}

/* --- in words --- */

/* The nearest folder above @path that is there. */
static gboolean
stat_above (const char *path, struct stat *st)
{
  g_autofree char *folder = g_path_get_dirname (path);

  while (stat (folder, st) != 0) {
    g_autofree char *below = g_steal_pointer (&folder);

    folder = g_path_get_dirname (below);
    if (strcmp (folder, below) == 0)
      return FALSE;
  }
  return TRUE;
}

/* What the kernel calls it now, when that name can be reached. */
static char *
present_name (int fd, const struct stat *ours)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *name = g_file_read_link (link, NULL);
  struct stat st;

  if (name == NULL || lstat (name, &st) != 0 || st.st_dev != ours->st_dev || st.st_ino != ours->st_ino)
    return NULL;
  return g_steal_pointer (&name);
}

char *
regia_place_in_words (RegiaPlace place, int fd, const char *path)
{
  g_autofree char *name = NULL;
  struct stat ours, above;

  if (place == REGIA_PLACE_REMOVED || fstat (fd, &ours) != 0)
    return g_strdup ("was removed");
  name = present_name (fd, &ours);
  /* What NFS makes of a file that is removed while it is open. */
  if (name != NULL && strstr (name, "/.nfs") != NULL)
    return g_strdup ("was removed");
  if (name != NULL)
    return g_strdup_printf ("was moved to %s", name);
  if (stat_above (path, &above) && above.st_dev != ours.st_dev)
    return g_strdup ("is on another disk than the one that is mounted there now");
  return g_strdup ("is under something that was mounted over it, or was moved out of sight");
}

gboolean
regia_disk_is_full (const GError *error)
{
  return g_error_matches (error, REGIA_ERROR, REGIA_ERROR_NO_SPACE) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

char *
regia_disk_refusal_in_words (const GError *error, gint64 free_bytes, gint64 free_files,
                             const char *recordings)
{
  if (regia_disk_is_full (error) && free_files == 0)
    return g_strdup_printf (
        "No inodes left: nothing is recorded; the disk of %s has room, but not for one more "
        "file: remove files there, however small; live goes on",
        recordings);
  if (regia_disk_is_full (error) && free_bytes > ROOM_BYTES)
    return g_strdup_printf (
        "Nothing is recorded: %s, although the disk has room; look at the quota of the user "
        "that Regia runs as; live goes on",
        error->message);
  if (regia_disk_is_full (error))
    return g_strdup_printf ("Disk full: nothing is recorded; free up space in %s; live goes on", recordings);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY))
    return g_strdup_printf (
        "Nothing is recorded: the disk of %s can only be read, as Linux leaves one on which "
        "it finds errors; mount it anew, or another in its place; live goes on",
        recordings);
  return g_strdup_printf ("Nothing is recorded: %s; check the disk; live goes on", error->message);
}
