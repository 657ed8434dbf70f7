/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-isolate"

#include "isolate-private.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "regia/base/error.h"

/*
 * A thread can only shut in itself and those it starts afterwards (but for the system calls); GLib's own
 * threads block every signal, so that nothing could be made to run in them later. Hence the rule that the
 * process is shut in while it has one thread, and the count that tells when it was not.
 */

#ifdef REGIA_SANITIZED
static gboolean shut_in;

/* LeakSanitizer asks this at the process' end: it would wait for a tracer that cannot be started. */
int __lsan_is_turned_off (void);
int
__lsan_is_turned_off (void)
{
  return shut_in;
}
#endif

gboolean
regia_isolate_fail (GError **error, const char *what)
{
  return regia_error_set_errno (error, errno, "cannot isolate the process: %s", what);
}

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (tasks != NULL && g_dir_read_name (tasks) != NULL)
    n++;
  return MAX (n, 1);
}

/* Through the system calls: libcap would be a library for a few lines. Who has none does not ask to have
 * none: the service's unit forbids it (SystemCallFilter=~@privileged). */
static gboolean
drop_capabilities (GError **error)
{
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = {0};
  const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

  if (syscall (SYS_capget, &header, has) == 0 && memcmp (has, none, sizeof none) == 0)
    return TRUE;
  return syscall (SYS_capset, &header, none) == 0 || regia_isolate_fail (error, "capabilities");
}

gboolean
regia_isolate_privileges (GError **error)
{
  /* The bounding set can be emptied only by who has the capability for it; who has not has nothing that could
   * come back, either. Up to the first that the kernel does not know. */
  for (int capability = 0; prctl (PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (prctl (PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EPERM)
      return regia_isolate_fail (error, "capabilities that could come back");
  if (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
    return regia_isolate_fail (error, "ambient capabilities");
  if (!drop_capabilities (error))
    return FALSE;
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return regia_isolate_fail (error, "memory that others can read");
  return TRUE;
}

/* Looking at a file's number needs no permission to read it, neither before nor afterwards. */
static void
identify_resolver (guint64 ret_identity[2])
{
  struct stat st;
  gboolean there = stat ("/etc/resolv.conf", &st) == 0;

  ret_identity[0] = there ? st.st_dev : 0;
  ret_identity[1] = there ? st.st_ino : 0;
}

gboolean
regia_isolated_is_stale (const RegiaIsolated *done)
{
  guint64 now[2];

  identify_resolver (now);
  return memcmp (now, done->resolver, sizeof now) != 0;
}

gboolean
regia_isolate (const RegiaIsolation *what, RegiaIsolated *ret_done, GError **error)
{
  g_autoptr (GTimeZone) zone G_GNUC_UNUSED = g_time_zone_new_local (); /* GLib keeps it */

  tzset ();                                                 /* the C library, too, keeps it */
  *ret_done = (RegiaIsolated){.threads = count_threads ()}; /* /proc cannot be read afterwards */
  identify_resolver (ret_done->resolver);
  if (!regia_isolate_limits (what, error) || !regia_isolate_files (what, &ret_done->landlock_abi, error) ||
      !regia_isolate_privileges (error) ||
      !regia_isolate_calls (what, ret_done->landlock_abi, &ret_done->system_calls, error))
    return FALSE;
#ifdef REGIA_SANITIZED
  shut_in = TRUE;
#endif
  return TRUE;
}

gboolean
regia_isolated_is_whole (const RegiaIsolated *done)
{
  return done->landlock_abi > 0 && done->system_calls && done->threads == 1;
}

char *
regia_isolated_describe (const RegiaIsolated *done)
{
  GString *text = g_string_new ("no privileges");

  if (done->landlock_abi > 0)
    g_string_append_printf (text, ", files by Landlock (ABI %d)", done->landlock_abi);
  if (done->system_calls)
    g_string_append (text, ", system calls by an allow-list");
#ifdef REGIA_SANITIZED
  g_string_append (text, ", leaks not looked for");
#endif
  if (done->landlock_abi == 0)
    g_string_append (text, "; this kernel has no Landlock, so files that it does not need can be read");
  if (!done->system_calls)
    g_string_append (text, "; this kernel has no seccomp, so every system call is possible");
  if (done->threads > 1)
    g_string_append_printf (text, "; %u threads ran before and are not held by all of it", done->threads - 1);
  return g_string_free (text, FALSE);
}
