/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-isolate"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "isolate-private.h"

/*
 * The allow-list of system calls (seccomp(2), through libseccomp). What is here was seen to be used by glibc,
 * GLib, libsoup, libav, libsrt, GnuTLS and OpenSSL of Debian 12 and 13, or stands beside something that was
 * (pread64 beside preadv). What a library does not get it is told with EPERM.
 *
 * A filter sees numbers, not what pointers lead to: paths are Landlock's part, and a system call that takes
 * its flags in memory (openat2, clone3) is allowed only where Landlock holds what it could do, or never.
 *
 * Life: built, loaded into the kernel and freed within regia_isolate_calls().
 */

/* Newer system calls have the same numbers everywhere. From the first of them that is not in every kernel of
 * today up to what may come: "not known", as an older kernel answers. */
#define NEW_FIRST 424
#define NEW_END   640

typedef struct {
  scmp_filter_ctx context; /* the list itself: EPERM for what is not on it, with a line in the kernel's log */
  scmp_filter_ctx unknown; /* what is not known here: ENOSYS; libraries ask for it as a matter of course, so
                              nothing is logged */
  gboolean allowed[NEW_END]; /* by number */
  int failure;               /* the first: a negative errno; 0 none */
} List;

/* Computing, threads, time, what is open; none of them takes a path but to read. */
static const int for_all[] = {
    /* memory; mmap and mprotect below. libunwind, which C++'s exceptions go through once GStreamer is linked,
     * asks with mincore and msync whether an address is there: without an answer libsrt's end in abort() */
    SCMP_SYS (mincore), SCMP_SYS (msync), SCMP_SYS (brk), SCMP_SYS (munmap), SCMP_SYS (mremap),
    SCMP_SYS (madvise), SCMP_SYS (membarrier),
    /* threads; clone below */
    SCMP_SYS (futex), SCMP_SYS (set_robust_list), SCMP_SYS (set_tid_address), SCMP_SYS (rseq),
    SCMP_SYS (sched_yield), SCMP_SYS (sched_getaffinity), SCMP_SYS (exit), SCMP_SYS (exit_group),
    SCMP_SYS (restart_syscall),
    /* signals; kill and tgkill below */
    SCMP_SYS (rt_sigaction), SCMP_SYS (rt_sigprocmask), SCMP_SYS (rt_sigreturn), SCMP_SYS (sigaltstack),
    SCMP_SYS (rt_sigtimedwait), SCMP_SYS (rt_sigpending), SCMP_SYS (pause),
    /* time */
    SCMP_SYS (clock_gettime), SCMP_SYS (clock_getres), SCMP_SYS (clock_nanosleep), SCMP_SYS (nanosleep),
    SCMP_SYS (gettimeofday), SCMP_SYS (time), SCMP_SYS (timerfd_create), SCMP_SYS (timerfd_settime),
    SCMP_SYS (timerfd_gettime), SCMP_SYS (getrusage), SCMP_SYS (times),
    /* itself and the machine */
    SCMP_SYS (getpid), SCMP_SYS (gettid), SCMP_SYS (getppid), SCMP_SYS (getuid), SCMP_SYS (geteuid),
    SCMP_SYS (getgid), SCMP_SYS (getegid), SCMP_SYS (getresuid), SCMP_SYS (getresgid), SCMP_SYS (getgroups),
    SCMP_SYS (getcwd), SCMP_SYS (getrandom), SCMP_SYS (getcpu), SCMP_SYS (sysinfo), SCMP_SYS (uname),
    /* waiting */
    SCMP_SYS (poll), SCMP_SYS (ppoll), SCMP_SYS (select), SCMP_SYS (pselect6), SCMP_SYS (epoll_create),
    SCMP_SYS (epoll_create1), SCMP_SYS (epoll_ctl), SCMP_SYS (epoll_wait), SCMP_SYS (epoll_pwait),
    SCMP_SYS (epoll_pwait2), SCMP_SYS (eventfd2), SCMP_SYS (pipe), SCMP_SYS (pipe2),
    /* descriptors; fcntl and ioctl below */
    SCMP_SYS (read), SCMP_SYS (readv), SCMP_SYS (pread64), SCMP_SYS (preadv), SCMP_SYS (preadv2),
    SCMP_SYS (write), SCMP_SYS (writev), SCMP_SYS (pwrite64), SCMP_SYS (pwritev), SCMP_SYS (pwritev2),
    SCMP_SYS (lseek), SCMP_SYS (close), SCMP_SYS (close_range), SCMP_SYS (dup), SCMP_SYS (dup2),
    SCMP_SYS (dup3), SCMP_SYS (sendfile), SCMP_SYS (fadvise64), SCMP_SYS (readahead),
    /* looking at files; open and openat below */
    SCMP_SYS (stat), SCMP_SYS (lstat), SCMP_SYS (fstat), SCMP_SYS (newfstatat), SCMP_SYS (statx),
    SCMP_SYS (statfs), SCMP_SYS (fstatfs), SCMP_SYS (access), SCMP_SYS (faccessat), SCMP_SYS (faccessat2),
    SCMP_SYS (readlink), SCMP_SYS (readlinkat), SCMP_SYS (getdents64),
    /* sockets that it has; sendto below */
    SCMP_SYS (accept), SCMP_SYS (accept4), SCMP_SYS (getsockname), SCMP_SYS (getpeername),
    SCMP_SYS (getsockopt), SCMP_SYS (setsockopt), SCMP_SYS (recvfrom), SCMP_SYS (recvmsg),
    SCMP_SYS (recvmmsg), SCMP_SYS (sendmsg), SCMP_SYS (shutdown)};

/* On its own sockets of the network. */
static const int for_connecting[] = {SCMP_SYS (connect), SCMP_SYS (bind), SCMP_SYS (sendto),
                                     SCMP_SYS (sendmmsg)};

/* Below the folder that Landlock leaves. */
static const int for_writing[] = {SCMP_SYS (ftruncate), SCMP_SYS (fallocate), SCMP_SYS (fsync),
                                  SCMP_SYS (fdatasync), SCMP_SYS (mkdir),     SCMP_SYS (mkdirat),
                                  SCMP_SYS (rename),    SCMP_SYS (unlink),    SCMP_SYS (renameat),
                                  SCMP_SYS (renameat2), SCMP_SYS (unlinkat),  SCMP_SYS (rmdir)};

static const guint fcntl_commands[] = {
    F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,      F_SETFD,     F_GETFL,
    F_SETFL, F_GET_SEALS,     F_GETPIPE_SZ, F_OFD_GETLK, /* asks */
};
static const guint ioctl_requests[] = {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, SIOCOUTQ, SIOCOUTQNSD, TCGETS};
static const guint prctl_operations[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE,
                                         0x53564d41 /* PR_SET_VMA: names memory */};

/*
 * Of others as little as of itself may a schedule be changed; but for the number 0 a filter cannot tell a
 * thread of this process from another's. GLib 2.74 gives a pool's threads the schedule of the one that made
 * the pool when it finds that it may, by their numbers; refused altogether it starts them from a thread of
 * its own, as GLib 2.84 does. Reading by number stays for sched_getaffinity: pthread_getattr_np() fails
 * without it, which AddressSanitizer calls for each thread.
 */
static const int for_itself[] = {SCMP_SYS (sched_getscheduler), SCMP_SYS (sched_getparam)};

/* The kernel takes an int: what stands in the upper half of the register is nothing to it. */
#define INT_IS(argument, value) SCMP_CMP ((argument), SCMP_CMP_MASKED_EQ, G_MAXUINT32, (guint32)(value))
#define BITS(argument, mask, value)                                                                          \
  SCMP_CMP ((argument), SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value))

static void
note (List *list, int code)
{
  if (code < 0 && list->failure == 0)
    list->failure = code;
}

static void
allow_if (List *list, int call, guint n, const struct scmp_arg_cmp *arguments)
{
  note (list, seccomp_rule_add_array (list->context, SCMP_ACT_ALLOW, call, n, arguments));
  if (call >= 0 && call < NEW_END)
    list->allowed[call] = TRUE;
}

/* The list lets it pass to the other filter: of two refusals the newer filter's would count. */
static void
not_known (List *list, int call)
{
  note (list, seccomp_rule_add (list->unknown, SCMP_ACT_ERRNO (ENOSYS), call, 0));
  allow_if (list, call, 0, NULL);
}

static void
allow (List *list, const int *calls, gsize n)
{
  for (gsize i = 0; i < n; i++)
    allow_if (list, calls[i], 0, NULL);
}

static void
allow_values (List *list, int call, guint argument, const guint *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    allow_if (list, call, 1, (struct scmp_arg_cmp[]){INT_IS (argument, values[i])});
}

static void
allow_memory (List *list)
{
  const struct scmp_arg_cmp not_executable[] = {BITS (2, PROT_EXEC, 0)};

  allow_if (list, SCMP_SYS (mmap), 1, not_executable);
  allow_if (list, SCMP_SYS (mprotect), 1, not_executable);
}

/* glibc falls back to clone, whose flags can be seen: a thread, in the same namespaces, and no descriptor of
 * it. */
static void
allow_threads (List *list)
{
  const guint64 looked_at = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_PTRACE | CLONE_VFORK |
                            CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                            CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_IO;

  allow_if (list, SCMP_SYS (clone), 1,
            (struct scmp_arg_cmp[]){BITS (0, looked_at, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)});
}

static void
allow_on_itself (List *list)
{
  guint self = (guint)getpid ();

  allow_if (list, SCMP_SYS (kill), 1, (struct scmp_arg_cmp[]){INT_IS (0, self)});
  allow_if (list, SCMP_SYS (tgkill), 1, (struct scmp_arg_cmp[]){INT_IS (0, self)});
  for (gsize i = 0; i < G_N_ELEMENTS (for_itself); i++)
    allow_values (list, for_itself[i], 0, (guint[]){0, self}, 2);
  /* Limits: read, not set. */
  allow_if (list, SCMP_SYS (prlimit64), 2, (struct scmp_arg_cmp[]){INT_IS (0, 0), SCMP_A2 (SCMP_CMP_EQ, 0)});
  allow_if (list, SCMP_SYS (prlimit64), 2,
            (struct scmp_arg_cmp[]){INT_IS (0, self), SCMP_A2 (SCMP_CMP_EQ, 0)});
  allow_if (list, SCMP_SYS (getrlimit), 0, NULL);
}

/* To truncate while opening for reading alone is possible, and Landlock's first two ABIs do not see it. */
static void
allow_opening (List *list, gboolean write, int landlock_abi)
{
  const guint refused = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);

  allow_if (list, SCMP_SYS (open), 1, (struct scmp_arg_cmp[]){BITS (1, refused, O_RDONLY)});
  allow_if (list, SCMP_SYS (openat), 1, (struct scmp_arg_cmp[]){BITS (2, refused, O_RDONLY)});
  for (guint mode = O_WRONLY; write && mode <= O_RDWR; mode++) {
    allow_if (list, SCMP_SYS (open), 1, (struct scmp_arg_cmp[]){BITS (1, O_ACCMODE, mode)});
    allow_if (list, SCMP_SYS (openat), 1, (struct scmp_arg_cmp[]){BITS (2, O_ACCMODE, mode)});
  }
  if (landlock_abi >= 3)
    allow_if (list, SCMP_SYS (openat2), 0, NULL);
}

static void
allow_sockets (List *list, const RegiaIsolation *what)
{
  static const struct {
    int type, protocol;
  } kinds[] = {{SOCK_STREAM, 0}, {SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, 0}, {SOCK_DGRAM, IPPROTO_UDP}};
  const guint type_bits = ~(guint)(SOCK_CLOEXEC | SOCK_NONBLOCK);

  for (gsize i = 0; what->connects && i < G_N_ELEMENTS (kinds); i++) {
    allow_if (list, SCMP_SYS (socket), 3,
              (struct scmp_arg_cmp[]){INT_IS (0, AF_INET), BITS (1, type_bits, kinds[i].type),
                                      INT_IS (2, kinds[i].protocol)});
    allow_if (list, SCMP_SYS (socket), 3,
              (struct scmp_arg_cmp[]){INT_IS (0, AF_INET6), BITS (1, type_bits, kinds[i].type),
                                      INT_IS (2, kinds[i].protocol)});
  }
  if (what->connects)
    allow (list, for_connecting, G_N_ELEMENTS (for_connecting));
  else /* without an address: to whom it is connected */
    allow_if (list, SCMP_SYS (sendto), 1, (struct scmp_arg_cmp[]){SCMP_A4 (SCMP_CMP_EQ, 0)});
}

static void
answer_as_an_older_kernel (List *list)
{
  not_known (list, SCMP_SYS (sched_getattr));
  not_known (list, SCMP_SYS (sched_setattr));
  for (int call = NEW_FIRST; call < NEW_END; call++)
    if (!list->allowed[call])
      not_known (list, call);
}

static void
fill (List *list, const RegiaIsolation *what, int landlock_abi)
{
  allow (list, for_all, G_N_ELEMENTS (for_all));
  allow_memory (list);
  allow_threads (list);
  allow_on_itself (list);
  allow_opening (list, what->writable != NULL, landlock_abi);
  allow_sockets (list, what);
  allow_values (list, SCMP_SYS (fcntl), 1, fcntl_commands, G_N_ELEMENTS (fcntl_commands));
  allow_values (list, SCMP_SYS (ioctl), 1, ioctl_requests, G_N_ELEMENTS (ioctl_requests));
  allow_values (list, SCMP_SYS (prctl), 0, prctl_operations, G_N_ELEMENTS (prctl_operations));
  if (what->writable != NULL)
    allow (list, for_writing, G_N_ELEMENTS (for_writing));
  answer_as_an_older_kernel (list);
}

/* All threads; a binary tree, because a filter is walked for each call that the kernel has not in its own
 * table of those that are always allowed. */
static scmp_filter_ctx
new_filter (guint32 action)
{
  scmp_filter_ctx context = seccomp_init (action);

  if (context == NULL)
    return NULL;
  seccomp_attr_set (context, SCMP_FLTATR_CTL_TSYNC, 1);
  seccomp_attr_set (context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  seccomp_attr_set (context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  return context;
}

static int
load (List *list, const RegiaIsolation *what, int landlock_abi)
{
  list->context = new_filter (SCMP_ACT_ERRNO (EPERM));
  list->unknown = new_filter (SCMP_ACT_ALLOW);
  if (list->context == NULL || list->unknown == NULL)
    return -ENOMEM;
  seccomp_attr_set (list->context, SCMP_FLTATR_CTL_LOG, 1);
  fill (list, what, landlock_abi);
  if (list->failure == 0)
    note (list, seccomp_load (list->unknown));
  if (list->failure == 0)
    note (list, seccomp_load (list->context));
  return list->failure;
}

gboolean
regia_isolate_calls (const RegiaIsolation *what, int landlock_abi, gboolean *ret_done, GError **error)
{
  List list = {.context = NULL};
  int code;

  /* EFAULT for the program that is not there; EINVAL from a kernel that has no filters. */
  *ret_done = prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EFAULT;
  if (!*ret_done)
    return TRUE;
  code = load (&list, what, landlock_abi);
  g_clear_pointer (&list.context, seccomp_release);
  g_clear_pointer (&list.unknown, seccomp_release);
  errno = -code;
  *ret_done = code == 0;
  return *ret_done || regia_isolate_fail (error, "list of system calls");
}
