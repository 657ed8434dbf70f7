/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "locks-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

#define OWNER_DEADLINE_MS   90000
#define ORPHANS_DEADLINE_MS 6000
#define ASK_EVERY_MS        1000
#define ANSWER_MS           1000
/* There is no event for "the last holder let go" that can be waited for with a deadline. */
#define LOOK_EVERY_US 20000

gboolean
regia_locks_told_to_go (void)
{
  sigset_t set;

  return sigpending (&set) == 0 && (sigismember (&set, SIGINT) == 1 || sigismember (&set, SIGTERM) == 1 ||
                                    sigismember (&set, SIGHUP) == 1);
}

/* A file system that has become read-only still holds locks. */
static int
open_lock (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  int saved_errno = errno;

  if (fd < 0 && (saved_errno == EROFS || saved_errno == EACCES))
    fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                 "%s: %s; the state folder must be one that can be written to, --state chooses another", path,
                 g_strerror (saved_errno));
  return fd;
}

static gboolean
answers (const char *run_dir)
{
  g_autofree char *control = g_build_filename (run_dir, REGIA_CONTROL_SOCKET, NULL);
  g_autoptr (GVariant) status = regia_client_get_status (control, ANSWER_MS, NULL);

  return status != NULL;
}

/*
 * A director that was killed holds its lock for as long as one of its threads waits for a disk that does not
 * answer, which no signal ends. It differs from one that runs in that it answers nobody.
 */
static gboolean
take_owner_lock (int fd, const char *run_dir, gboolean patient, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (run_dir);
  gint64 deadline_us = g_get_monotonic_time () + (gint64)OWNER_DEADLINE_MS * 1000, ask_us = 0;
  gboolean told = FALSE;

  while (flock (fd, LOCK_EX | LOCK_NB) < 0) {
    gint64 now_us = g_get_monotonic_time ();

    if (errno != EWOULDBLOCK && errno != EINTR)
      return regia_error_set_errno (error, errno, "%s: director.lock", run_dir);
    if (!patient || (now_us >= ask_us && answers (run_dir))) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                   "another Regia runs on %s already; `regia status` shows it, `regia stop` ends it, --state "
                   "chooses another folder",
                   folder);
      return FALSE;
    }
    if (regia_locks_told_to_go ()) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                   "told to go while it waited for an earlier Regia on %s", folder);
      return FALSE;
    }
    if (now_us >= ask_us)
      ask_us = g_get_monotonic_time () + (gint64)ASK_EVERY_MS * 1000;
    if (!told)
      g_message ("an earlier Regia on %s does not answer and is not gone; waiting for it (a disk that hangs "
                 "keeps it until it answers)",
                 folder);
    told = TRUE;
    if (now_us > deadline_us) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                   "an earlier Regia on %s neither answers nor ends, %d s long; look for it with `pgrep -a "
                   "regia` and for its disk with `dmesg`, or choose another folder with --state",
                   folder, OWNER_DEADLINE_MS / 1000);
      return FALSE;
    }
    g_usleep (LOOK_EVERY_US);
  }
  if (told)
    g_message ("the earlier Regia is gone; going on");
  return TRUE;
}

static void
take_alive_lock (int fd, const char *run_dir, gboolean patient)
{
  gint64 deadline_us = g_get_monotonic_time () + (gint64)(patient ? ORPHANS_DEADLINE_MS : 0) * 1000;

  while (flock (fd, LOCK_EX | LOCK_NB) < 0) {
    if (g_get_monotonic_time () > deadline_us) {
      g_warning ("processes of an earlier Regia on %s do not end; going on beside them", run_dir);
      break;
    }
    g_usleep (LOOK_EVERY_US);
  }
}

/* For `regia stop`, when it finds no socket: whom to end. */
static void
note_owner (int fd)
{
  if (ftruncate (fd, 0) < 0 || lseek (fd, 0, SEEK_SET) < 0 || dprintf (fd, "%d\n", getpid ()) < 0)
    g_debug ("director.lock: %s", g_strerror (errno));
}

gboolean
regia_locks_take_owner (RegiaLocks *self, const char *run_dir, GError **error)
{
  g_autofree char *path = g_build_filename (run_dir, "director.lock", NULL);
  RegiaLocks taken = REGIA_LOCKS_INIT;

  taken.owner_fd = open_lock (path, error);
  if (taken.owner_fd < 0 || !take_owner_lock (taken.owner_fd, run_dir, FALSE, error)) {
    regia_locks_drop (&taken);
    return FALSE;
  }
  *self = taken;
  return TRUE;
}

gboolean
regia_locks_take (RegiaLocks *self, const char *run_dir, gboolean patient, GError **error)
{
  g_autofree char *owner_path = g_build_filename (run_dir, "director.lock", NULL);
  g_autofree char *alive_path = g_build_filename (run_dir, "alive.lock", NULL);
  RegiaLocks taken = REGIA_LOCKS_INIT;

  taken.owner_fd = open_lock (owner_path, error);
  if (taken.owner_fd >= 0 && take_owner_lock (taken.owner_fd, run_dir, patient, error))
    taken.alive_fd = open_lock (alive_path, error);
  if (taken.alive_fd < 0) {
    regia_locks_drop (&taken);
    return FALSE;
  }
  note_owner (taken.owner_fd);
  take_alive_lock (taken.alive_fd, run_dir, patient);
  *self = taken;
  return TRUE;
}

static gboolean
is_at (int fd, const char *run_dir, const char *name)
{
  g_autofree char *path = g_build_filename (run_dir, name, NULL);
  struct stat held, found;

  return fstat (fd, &held) == 0 && lstat (path, &found) == 0 && held.st_dev == found.st_dev &&
         held.st_ino == found.st_ino;
}

gboolean
regia_locks_are_of (const RegiaLocks *self, const char *run_dir)
{
  return is_at (self->owner_fd, run_dir, "director.lock") && is_at (self->alive_fd, run_dir, "alive.lock");
}

void
regia_locks_drop (RegiaLocks *self)
{
  if (self->owner_fd >= 0)
    close (self->owner_fd);
  if (self->alive_fd >= 0)
    close (self->alive_fd);
  *self = REGIA_LOCKS_INIT;
}
