/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "isolate-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Landlock (landlock(7)) through its system calls: glibc has no wrappers, and Debian 12's header knows the
 * first three ABIs only, so what came later is written down here as the kernel's documentation gives it; with
 * Debian 13's, which knows all six, Ruleset can be landlock_ruleset_attr.
 *
 * A thread can only shut in itself and those it starts afterwards; GLib's own threads block every signal, so
 * that nothing could be made to run in them later. Hence the rule that the process is shut in while it has
 * one thread, and the count that tells when it was not.
 */

typedef struct {
  guint64 handled_access_fs;
  guint64 handled_access_net; /* ABI 4 */
  guint64 scoped;             /* ABI 6 */
} Ruleset;

#define FS_ABI1     ((G_GUINT64_CONSTANT (1) << 13) - 1)
#define FS_REFER    (G_GUINT64_CONSTANT (1) << 13) /* ABI 2 */
#define FS_TRUNCATE (G_GUINT64_CONSTANT (1) << 14) /* ABI 3 */
#define NET_ALL     G_GUINT64_CONSTANT (3)         /* ABI 4: bind, connect TCP */
#define SCOPE_ALL   G_GUINT64_CONSTANT (3)         /* ABI 6: abstract Unix sockets, signals */

static int ruleset_fd = -1; /* while regia_isolate() runs */

static gboolean
fail (GError **error, const char *what)
{
  int code = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "cannot isolate the gateway: %s: %s", what,
               g_strerror (code));
  return FALSE;
}

static gboolean
allow (const char *path, guint64 access, GError **error)
{
  struct landlock_path_beneath_attr rule = {.allowed_access = access};
  gboolean ok;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return errno == ENOENT || fail (error, path); /* what is not there needs no permission */
  ok = syscall (SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  if (!ok)
    fail (error, path);
  close (rule.parent_fd);
  return ok;
}

static gboolean
make_ruleset (int abi, const char *const *read_only, GError **error)
{
  Ruleset ruleset = {.handled_access_fs = FS_ABI1};
  gsize size = abi >= 6 ? sizeof ruleset : abi >= 4 ? 2 * sizeof (guint64) : sizeof (guint64);
  guint64 read = LANDLOCK_ACCESS_FS_READ_FILE;

  ruleset.handled_access_fs |= (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0);
  ruleset.handled_access_net = abi >= 4 ? NET_ALL : 0;
  ruleset.scoped = abi >= 6 ? SCOPE_ALL : 0;
  ruleset_fd = (int)syscall (SYS_landlock_create_ruleset, &ruleset, size, 0);
  if (ruleset_fd < 0)
    return fail (error, "landlock_create_ruleset");
  for (gsize i = 0; read_only[i] != NULL; i++)
    if (!allow (read_only[i], read | LANDLOCK_ACCESS_FS_READ_DIR, error))
      return FALSE;
  return allow ("/dev/urandom", read, error) &&
         allow ("/dev/null", read | LANDLOCK_ACCESS_FS_WRITE_FILE, error);
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

static gboolean
restrict_self (GError **error)
{
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return fail (error, "no new privileges");
  if (ruleset_fd >= 0 && syscall (SYS_landlock_restrict_self, ruleset_fd, 0) < 0)
    return fail (error, "landlock_restrict_self");
  return TRUE;
}

gboolean
regia_isolate (const char *const *read_only, RegiaIsolation *ret_done, GError **error)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  gboolean ok = TRUE;

  *ret_done = (RegiaIsolation){.threads = count_threads ()}; /* /proc cannot be read afterwards */
  if (abi > 0)
    ok = make_ruleset ((int)abi, read_only, error);
  ok = ok && restrict_self (error);
  if (ruleset_fd >= 0)
    close (ruleset_fd);
  ruleset_fd = -1;
  ret_done->no_new_privileges = ok;
  ret_done->landlock_abi = ok && abi > 0 ? (int)abi : 0;
  return ok;
}

guint
regia_raise_descriptors (guint wanted)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return 1024;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = MIN (limit.rlim_max, wanted);
    if (setrlimit (RLIMIT_NOFILE, &limit) < 0)
      g_debug ("setrlimit: %s", g_strerror (errno));
    getrlimit (RLIMIT_NOFILE, &limit);
  }
  return (guint)MIN (limit.rlim_cur, G_MAXUINT);
}
