/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-isolate"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isolate-private.h"

/*
 * Landlock (landlock(7)) through its system calls: glibc has no wrappers, and Debian 12's header knows the
 * first three ABIs only, so what came later is written down here as the kernel's documentation gives it; with
 * Debian 13's, which knows all six, Ruleset can be landlock_ruleset_attr.
 */
typedef struct {
  guint64 handled_access_fs;
  guint64 handled_access_net; /* ABI 4 */
  guint64 scoped;             /* ABI 6 */
} Ruleset;

#define FS_ABI1         ((G_GUINT64_CONSTANT (1) << 13) - 1)
#define FS_REFER        (G_GUINT64_CONSTANT (1) << 13) /* ABI 2 */
#define FS_TRUNCATE     (G_GUINT64_CONSTANT (1) << 14) /* ABI 3 */
#define NET_BIND_TCP    G_GUINT64_CONSTANT (1)         /* ABI 4 */
#define NET_CONNECT_TCP G_GUINT64_CONSTANT (2)
#define SCOPE_ALL       G_GUINT64_CONSTANT (3) /* ABI 6: abstract Unix sockets, signals */

#define READ_FILE  LANDLOCK_ACCESS_FS_READ_FILE
#define READ_BELOW (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_BELOW                                                                                          \
  (READ_BELOW | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                              \
   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)

/*
 * What looking up a name and checking a certificate reads. Not /etc as a whole, which holds what only root
 * may read, nor /etc/ssl, which holds private keys.
 */
static const char *const network_files[] = {"/etc/resolv.conf",
                                            "/etc/hosts",
                                            "/etc/nsswitch.conf",
                                            "/etc/host.conf",
                                            "/etc/gai.conf",
                                            "/etc/services",
                                            "/etc/protocols",
                                            "/etc/gnutls",
                                            "/etc/ssl/openssl.cnf",
                                            "/etc/ssl/certs",
                                            "/usr/share/ca-certificates",
                                            "/usr/local/share/ca-certificates",
                                            NULL};

static gboolean
allow (int ruleset_fd, const char *path, guint64 access, GError **error)
{
  struct landlock_path_beneath_attr rule = {.allowed_access = access};
  struct stat st;
  gboolean ok;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0) /* what is not there, or closed to us anyway, needs no permission */
    return errno == ENOENT || errno == EACCES || errno == ENOTDIR || regia_isolate_fail (error, path);
  if (fstat (rule.parent_fd, &st) == 0 && !S_ISDIR (st.st_mode))
    rule.allowed_access &= READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
  ok = syscall (SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  if (!ok)
    regia_isolate_fail (error, path);
  close (rule.parent_fd);
  return ok;
}

static gboolean
allow_all (int ruleset_fd, const char *const *paths, GError **error)
{
  for (gsize i = 0; paths != NULL && paths[i] != NULL; i++)
    if (!allow (ruleset_fd, paths[i], READ_BELOW, error))
      return FALSE;
  return TRUE;
}

static int
make_ruleset (const RegiaIsolation *what, int abi)
{
  Ruleset ruleset = {.handled_access_fs = FS_ABI1};
  gsize size = abi >= 6 ? sizeof ruleset : abi >= 4 ? 2 * sizeof (guint64) : sizeof (guint64);

  ruleset.handled_access_fs |= (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0);
  if (abi >= 4)
    ruleset.handled_access_net = NET_BIND_TCP | (what->connects ? 0 : NET_CONNECT_TCP);
  ruleset.scoped = abi >= 6 ? SCOPE_ALL : 0;
  return (int)syscall (SYS_landlock_create_ruleset, &ruleset, size, 0);
}

static gboolean
fill_ruleset (int fd, const RegiaIsolation *what, int abi, GError **error)
{
  guint64 write = WRITE_BELOW | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0);

  return allow_all (fd, what->read_only, error) &&
         (!what->connects || allow_all (fd, network_files, error)) &&
         (what->writable == NULL || allow (fd, what->writable, write, error)) &&
         allow (fd, "/dev/urandom", READ_FILE, error) &&
         allow (fd, "/dev/null", READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE, error);
}

gboolean
regia_isolate_files (const RegiaIsolation *what, int *ret_abi, GError **error)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  gboolean ok;
  int fd;

  *ret_abi = 0;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return regia_isolate_fail (error, "no new privileges");
  if (abi <= 0)
    return TRUE;
  fd = make_ruleset (what, (int)abi);
  if (fd < 0)
    return regia_isolate_fail (error, "landlock_create_ruleset");
  ok = fill_ruleset (fd, what, (int)abi, error);
  if (ok && syscall (SYS_landlock_restrict_self, fd, 0) < 0)
    ok = regia_isolate_fail (error, "landlock_restrict_self");
  close (fd);
  *ret_abi = ok ? (int)abi : 0;
  return ok;
}
