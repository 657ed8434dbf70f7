/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes: its own, the others, and the kernel. */
#include "refused.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

extern char **environ;

static int
start_process (const Place *p)
{
  long pid = syscall (SYS_fork);

  if (pid == 0)
    _exit (0);
  return told (pid);
}

static int
start_by_vfork (const Place *p)
{
  /* As vfork(), but with a copy of the memory, so that the child can go its own way. */
  long pid = syscall (SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);

  if (pid == 0)
    _exit (0);
  return told (pid);
}

static int
start_by_clone3 (const Place *p)
{
  guint64 arguments[8] = {[4] = SIGCHLD};
  long pid = syscall (SYS_clone3, arguments, sizeof arguments);

  if (pid == 0)
    _exit (0);
  return told (pid);
}

static int
run_program (const Place *p)
{
  char *argv[] = {(char *)"/bin/true", NULL};

  execve (argv[0], argv, environ);
  return errno;
}

static int
run_descriptor (const Place *p)
{
  char *argv[] = {(char *)"true", NULL};
  int fd = open ("/bin/true", O_PATH);

  fexecve (fd, argv, environ);
  return errno;
}

static int
make_memory_file (const Place *p)
{
  return told (memfd_create ("program", 0));
}

static int
map_executable (const Place *p)
{
  void *map = mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return map == MAP_FAILED ? errno : 0;
}

static int
make_executable (const Place *p)
{
  void *map = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return told (mprotect (map, 4096, PROT_READ | PROT_EXEC));
}

static int
make_executable_by_key (const Place *p)
{
  void *map = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return told (syscall (SYS_pkey_mprotect, map, 4096, PROT_READ | PROT_EXEC, -1));
}

static int
kill_other (const Place *p)
{
  return told (kill (p->victim, SIGKILL));
}

static int
kill_group (const Place *p)
{
  setpgid (0, 0); /* where it can, it hits itself alone */
  return told (kill (0, SIGCONT));
}

static int
kill_thread (const Place *p)
{
  return told (syscall (SYS_tgkill, p->victim, p->victim, SIGKILL));
}

static int
kill_by_thread (const Place *p)
{
  return told (syscall (SYS_tkill, p->victim, SIGKILL));
}

static int
queue_signal (const Place *p)
{
  return told (sigqueue (p->victim, SIGKILL, (union sigval){0}));
}

static int
signal_by_owner (const Place *p)
{
  return told (fcntl (p->listen_fd, F_SETOWN, p->victim));
}

static int
open_process (const Place *p)
{
  return told (syscall (SYS_pidfd_open, p->victim, 0));
}

static int
trace_other (const Place *p)
{
  return told (ptrace (PTRACE_SEIZE, p->victim, NULL, NULL));
}

static int
write_memory (const Place *p)
{
  static char here[8];
  struct iovec mine = {here, sizeof here}, theirs = {here, sizeof here};

  return told (process_vm_writev (p->victim, &mine, 1, &theirs, 1, 0));
}

static int
read_memory (const Place *p)
{
  static char here[8];
  struct iovec mine = {here, sizeof here}, theirs = {here, sizeof here};

  return told (process_vm_readv (p->victim, &mine, 1, &theirs, 1, 0));
}

static int
limit_other (const Place *p)
{
  const struct rlimit limit = {1, 1};

  return told (prlimit (p->victim, RLIMIT_CPU, &limit, NULL));
}

static int
limit_itself (const Place *p)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur--;
  return told (setrlimit (RLIMIT_NOFILE, &limit));
}

static int
pin_other (const Place *p)
{
  cpu_set_t all;

  CPU_ZERO (&all);
  CPU_SET (0, &all);
  return told (sched_setaffinity (p->victim, sizeof all, &all));
}

static int
schedule_other (const Place *p)
{
  const struct sched_param none = {0};

  return told (sched_setscheduler (p->victim, SCHED_IDLE, &none));
}

static int
nice_other (const Place *p)
{
  return told (setpriority (PRIO_PROCESS, (id_t)p->victim, 19));
}

static int
leave_namespaces (const Place *p)
{
  return told (unshare (CLONE_NEWNS));
}

static int
leave_user (const Place *p)
{
  return told (unshare (CLONE_NEWUSER));
}

static int
enter_namespace (const Place *p)
{
  int fd = open ("/proc/self/ns/net", O_RDONLY);

  return fd < 0 ? errno : told (setns (fd, 0));
}

static int
change_user (const Place *p)
{
  return told (setresuid (65534, 65534, 65534));
}

static int
raise_capabilities (const Place *p)
{
  return told (prctl (PR_CAPBSET_DROP, 5, 0, 0, 0));
}

static int
become_dumpable (const Place *p)
{
  return told (prctl (PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* --- the kernel --- */

static int
use_io_uring (const Place *p)
{
  struct io_uring_params parameters = {0};

  return told (syscall (SYS_io_uring_setup, 2, &parameters));
}

static int
use_bpf (const Place *p)
{
  union bpf_attr attributes = {
      .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

  return told (syscall (SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

static int
use_perf (const Place *p)
{
  struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE,
                                       .size = sizeof attributes,
                                       .config = PERF_COUNT_SW_TASK_CLOCK,
                                       .exclude_kernel = 1};

  return told (syscall (SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

static int
use_keys (const Place *p)
{
  return told (syscall (SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1));
}

static int
catch_faults (const Place *p)
{
  return told (syscall (SYS_userfaultfd, 1 /* user mode only */));
}

static int
sync_disks (const Place *p)
{
  return told (syscall (SYS_syncfs, p->session_fd));
}

static int
name_machine (const Place *p)
{
  char name[256];

  gethostname (name, sizeof name);
  return told (sethostname (name, strlen (name)));
}

static int
set_clock (const Place *p)
{
  const struct timespec no_time = {.tv_nsec = -1}; /* EINVAL is as far as a test should get */

  return told (syscall (SYS_clock_settime, CLOCK_REALTIME, &no_time));
}

static int
block_layer (const Place *p)
{
  return told (syscall (SYS_ioprio_set, 1, p->victim, 3 << 13 /* idle */));
}

#ifdef __x86_64__
/* Another table of system calls, in which 20 is getpid. */
static int
call_as_i386 (const Place *p)
{
  long result;

  __asm__ volatile ("int $0x80" : "=a"(result) : "a"(20L) : "memory");
  return result > 0 ? 0 : (int)-result;
}

static int
call_as_x32 (const Place *p)
{
  return told (syscall (0x40000000L | SYS_socket, AF_INET, SOCK_STREAM, 0));
}
#endif

const Line refused_processes[] = {
    {"fork", "starts a process", start_process, BOTH},
    {"clone CLONE_VFORK", "starts a process", start_by_vfork, BOTH},
    {"clone3", "starts a process", start_by_clone3, BOTH},
    {"execve", "runs a program", run_program, BOTH},
    {"execveat", "runs a program that is open", run_descriptor, BOTH},
    {"memfd_create", "makes a program in memory", make_memory_file, BOTH},
    {"mmap PROT_EXEC", "runs code that it brought", map_executable, BOTH},
    {"mprotect PROT_EXEC", "runs code that it wrote", make_executable, BOTH},
    {"pkey_mprotect PROT_EXEC", "runs code that it wrote", make_executable_by_key, BOTH},
    {"kill", "kills the recorder", kill_other, BOTH},
    {"kill 0", "kills its process group, the director with it", kill_group, BOTH},
    {"tgkill", "kills the recorder", kill_thread, BOTH},
    {"tkill", "kills the recorder", kill_by_thread, BOTH},
    {"rt_sigqueueinfo", "kills the recorder", queue_signal, BOTH},
    {"fcntl F_SETOWN", "has the kernel send signals", signal_by_owner, BOTH},
    {"pidfd_open", "gets hold of the recorder", open_process, BOTH},
    {"ptrace", "takes the recorder over", trace_other, BOTH},
    {"process_vm_writev", "writes into the recorder", write_memory, BOTH},
    {"process_vm_readv", "reads the secrets of others", read_memory, BOTH},
    {"prlimit RLIMIT_CPU", "has the recorder killed by the kernel", limit_other, BOTH},
    {"setrlimit", "changes its own limits", limit_itself, BOTH},
    {"sched_setaffinity", "pens the recorder up on one processor", pin_other, BOTH},
    {"sched_setscheduler", "starves the recorder", schedule_other, BOTH},
    {"setpriority", "starves the recorder", nice_other, BOTH},
    {"ioprio_set", "starves the recorder's disk", block_layer, BOTH},
    {"unshare CLONE_NEWNS", "mounts for itself", leave_namespaces, BOTH, TRUE},
    {"unshare CLONE_NEWUSER", "becomes root of something", leave_user, BOTH, TRUE},
    {"setns", "enters somebody's namespace", enter_namespace, BOTH, TRUE},
    {"setresuid", "becomes another user", change_user, BOTH, TRUE},
    {"prctl PR_CAPBSET_DROP", "still has a capability to use", raise_capabilities, BOTH, TRUE},
    {"prctl PR_SET_DUMPABLE", "opens itself to other processes", become_dumpable, BOTH},
    {"io_uring_setup", "makes system calls that no filter sees", use_io_uring, BOTH},
    {"bpf", "loads programs into the kernel", use_bpf, BOTH, TRUE},
    {"perf_event_open", "watches the machine", use_perf, BOTH, TRUE},
    {"keyctl", "reads keys that the kernel keeps", use_keys, BOTH},
    {"userfaultfd", "stops the kernel half-way", catch_faults, BOTH},
    {"syncfs", "holds up the recorder's disk", sync_disks, BOTH},
    {"sethostname", "renames the machine", name_machine, BOTH, TRUE},
    {"clock_settime", "sets the clock", set_clock, BOTH, TRUE},
#ifdef __x86_64__
    {"int 0x80", "calls by numbers that the list does not mean", call_as_i386, BOTH},
    {"x32", "calls by numbers that the list does not mean", call_as_x32, BOTH},
#endif
    {NULL},
};
