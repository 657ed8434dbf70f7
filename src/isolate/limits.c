/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-isolate"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "isolate-private.h"

/* What a process without a folder to write into may write into what it was given: its log, if that is a file.
 */
#define FILE_BYTES (G_GUINT64_CONSTANT (1) << 30)

/* Only ever down, both limits: none is given what it does not have. */
static gboolean
limit (int resource, guint64 most, GError **error)
{
  struct rlimit now;

  if (getrlimit (resource, &now) < 0)
    return regia_isolate_fail (error, "limits");
  now.rlim_max = MIN (now.rlim_max, (rlim_t)most);
  now.rlim_cur = MIN (now.rlim_cur, now.rlim_max);
  return setrlimit (resource, &now) == 0 || regia_isolate_fail (error, "limits");
}

/* Upwards everybody may, downwards nobody needs to. What the service manager has set stays if it is more. A
 * kernel without it kills by size alone. */
static void
stand_forward (int score)
{
  char text[16] = "";
  int fd = open ("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC), length;

  if (fd < 0)
    return;
  if (pread (fd, text, sizeof text - 1, 0) > 0 && atoi (text) < score) {
    length = snprintf (text, sizeof text, "%d", score);
    if (pwrite (fd, text, (size_t)length, 0) < 0)
      g_debug ("oom_score_adj stays as it is");
  }
  close (fd);
}

gboolean
regia_isolate_limits (const RegiaIsolation *what, GError **error)
{
  if (what->oom_score_adj > 0)
    stand_forward (what->oom_score_adj);
  if (what->writable == NULL) {
    signal (SIGXFSZ, SIG_IGN); /* write() fails, nobody dies */
    if (!limit (RLIMIT_FSIZE, FILE_BYTES, error))
      return FALSE;
  }
#ifndef REGIA_SANITIZED
  if (what->memory_bytes > 0 && !limit (RLIMIT_DATA, what->memory_bytes, error))
    return FALSE;
#endif
  return limit (RLIMIT_CORE, 0, error);
}
