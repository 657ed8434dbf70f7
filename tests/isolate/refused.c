/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a gateway or a relay that was taken over would do next. Each call is made twice by a process of its
 * own: without isolation it gets somewhere, so that the line can fail; shut in as the gateway, or the relay,
 * it is refused.
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

extern char **environ;

/* What a call gave, as place_run() hands it on. */
static int
told (long result)
{
  return result >= 0 ? 0 : errno;
}

/* --- recordings --- */

static int
delete_recording (const Place *p)
{
  return told (unlinkat (p->session_fd, "programme.mp4", 0));
}

static int
rename_recording (const Place *p)
{
  return told (renameat (p->session_fd, "programme.mp4", p->session_fd, "gone"));
}

static int
link_recording (const Place *p)
{
  return told (linkat (p->session_fd, "programme.mp4", p->recordings_fd, "copy", 0));
}

static int
symlink_beside (const Place *p)
{
  return told (symlinkat ("/etc/passwd", p->session_fd, "poster.jpg"));
}

static int
make_folder (const Place *p)
{
  return told (mkdirat (p->recordings_fd, "another", 0755));
}

static int
make_file (const Place *p)
{
  return told (openat (p->session_fd, "new", O_WRONLY | O_CREAT, 0644));
}

static int
write_recording (const Place *p)
{
  return told (open (p->recording, O_WRONLY));
}

static int
truncate_recording (const Place *p)
{
  return told (truncate (p->recording, 0));
}

/* Landlock's first two ABIs (Debian 12) let it pass. */
static int
truncate_by_opening (const Place *p)
{
  return told (openat (p->session_fd, "programme.mp4", O_RDONLY | O_TRUNC));
}

static int
truncate_by_openat2 (const Place *p)
{
  const guint64 how[3] = {O_RDONLY | O_TRUNC, 0, 0};

  return told (syscall (SYS_openat2, p->session_fd, "programme.mp4", how, sizeof how));
}

static int
chmod_recording (const Place *p)
{
  return told (fchmod (p->recording_fd, 0));
}

static int
chmod_by_path (const Place *p)
{
  return told (chmod (p->recording, 0));
}

static int
chown_recording (const Place *p)
{
  return told (fchown (p->recording_fd, getuid (), getgid ()));
}

static int
date_recording (const Place *p)
{
  const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

  return told (utimensat (p->session_fd, "programme.mp4", times, 0));
}

static int
tag_recording (const Place *p)
{
  return told (fsetxattr (p->recording_fd, "user.regia", "x", 1, 0));
}

static int
flag_recording (const Place *p)
{
  int flags = FS_NODUMP_FL;

  return told (ioctl (p->recording_fd, FS_IOC_SETFLAGS, &flags));
}

static int
lock_session (const Place *p)
{
  return told (flock (p->session_fd, LOCK_SH | LOCK_NB));
}

static int
lock_range (const Place *p)
{
  struct flock lock = {.l_type = F_RDLCK};

  return told (fcntl (p->recording_fd, F_SETLK, &lock));
}

static int
lock_description (const Place *p)
{
  struct flock lock = {.l_type = F_RDLCK};

  return told (fcntl (p->session_fd, F_OFD_SETLK, &lock));
}

static int
lease_recording (const Place *p)
{
  return told (fcntl (p->recording_fd, F_SETLEASE, F_RDLCK));
}

static int
open_by_handle (const Place *p)
{
  union {
    struct file_handle head;
    char room[sizeof (struct file_handle) + MAX_HANDLE_SZ];
  } handle = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
  int mount_id;

  if (name_to_handle_at (p->session_fd, "programme.mp4", &handle.head, &mount_id, 0) < 0)
    return errno;
  return told (open_by_handle_at (p->session_fd, &handle.head, O_RDONLY));
}

static int
open_recording (const Place *p)
{
  return told (open (p->recording, O_RDONLY));
}

/* --- other files --- */

static int
open_outside (const Place *p)
{
  return told (open (p->outside, O_RDONLY));
}

static int
open_above (const Place *p)
{
  return told (openat (p->recordings_fd, "../outside", O_RDONLY));
}

static int
list_outside (const Place *p)
{
  return told (open (p->folder, O_RDONLY | O_DIRECTORY));
}

static int
read_shadow (const Place *p)
{
  return told (open ("/etc/shadow", O_RDONLY));
}

static int
read_processes (const Place *p)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/environ", p->victim);

  return told (open (path, O_RDONLY));
}

static int
change_root (const Place *p)
{
  return told (chroot (p->recordings));
}

static int
mount_something (const Place *p)
{
  return told (mount ("none", p->recordings, "tmpfs", 0, NULL));
}

static int
clone_mount (const Place *p)
{
  return told (syscall (SYS_open_tree, AT_FDCWD, p->recordings, 1 /* OPEN_TREE_CLONE */));
}

static int
watch_files (const Place *p)
{
  return told (syscall (SYS_inotify_init1, 0));
}

/* --- processes --- */

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

/* --- connections --- */

static int
open_tcp (const Place *p)
{
  return told (socket (AF_INET, SOCK_STREAM, 0));
}

static int
open_udp (const Place *p)
{
  return told (socket (AF_INET6, SOCK_DGRAM, 0));
}

static int
open_raw (const Place *p)
{
  return told (socket (AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int
open_packets (const Place *p)
{
  return told (socket (AF_PACKET, SOCK_RAW, 0));
}

static int
open_netlink (const Place *p)
{
  return told (socket (AF_NETLINK, SOCK_RAW, 0));
}

static int
open_algorithm (const Place *p)
{
  return told (socket (AF_ALG, SOCK_SEQPACKET, 0));
}

static int
open_path_socket (const Place *p)
{
  return told (socket (AF_UNIX, SOCK_STREAM, 0));
}

static int
open_path_datagrams (const Place *p)
{
  return told (socket (AF_UNIX, SOCK_DGRAM, 0));
}

static int
open_pair (const Place *p)
{
  int pair[2];

  return told (socketpair (AF_UNIX, SOCK_DGRAM, 0, pair));
}

/* The socket may come from anywhere: a path cannot be connected to. */
static int
connect_control (const Place *p)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  g_strlcpy (address.sun_path, p->socket, sizeof address.sun_path);
  return fd < 0 ? errno : told (connect (fd, (struct sockaddr *)&address, sizeof address));
}

static int
connect_tcp (const Place *p)
{
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}, .sin_port = htons ((guint16)p->port)};
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  return fd < 0 ? errno : told (connect (fd, (struct sockaddr *)&address, sizeof address));
}

static int
listen_again (const Place *p)
{
  return told (listen (p->listen_fd, 4096));
}

static int
listen_tcp (const Place *p)
{
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  return fd < 0 ? errno : told (listen (fd, 8));
}

/* Of a listening socket that it was given another kind of one. */
static int
unbind (const Place *p)
{
  struct sockaddr nothing = {.sa_family = AF_UNSPEC};

  return told (connect (p->listen_fd, &nothing, sizeof nothing));
}

#define BOTH (GATEWAY | RELAY)

typedef struct {
  const char *name, *harm;
  int (*call) (const Place *);
  Role roles;    /* who must be refused */
  gboolean root; /* gets somewhere only when root tries */
} Line;

static const Line lines[] = {
    {"unlinkat", "deletes a recording", delete_recording, BOTH},
    {"renameat", "hides a recording from the library", rename_recording, BOTH},
    {"linkat", "keeps what was deleted", link_recording, BOTH},
    {"symlinkat", "has others read or write elsewhere", symlink_beside, BOTH},
    {"mkdirat", "makes sessions that are none", make_folder, BOTH},
    {"openat O_CREAT", "fills the disk", make_file, BOTH},
    {"open O_WRONLY", "alters a recording", write_recording, BOTH},
    {"truncate", "empties a recording", truncate_recording, BOTH},
    {"openat O_TRUNC", "empties a recording", truncate_by_opening, BOTH},
    {"openat2 O_TRUNC", "empties a recording", truncate_by_openat2, BOTH},
    {"fchmod", "makes a recording unreadable", chmod_recording, BOTH},
    {"chmod", "makes a recording unreadable", chmod_by_path, BOTH},
    {"fchown", "gives a recording to somebody", chown_recording, BOTH},
    {"utimensat", "forges when it was recorded", date_recording, BOTH},
    {"fsetxattr", "labels a recording", tag_recording, BOTH},
    {"ioctl FS_IOC_SETFLAGS", "changes a recording's attributes", flag_recording, BOTH},
    {"flock", "keeps a restarted recorder out of its session", lock_session, BOTH},
    {"fcntl F_SETLK", "as flock, with locks on ranges", lock_range, BOTH},
    {"fcntl F_OFD_SETLK", "says that a session is worked on", lock_description, BOTH},
    {"fcntl F_SETLEASE", "holds up who opens a recording", lease_recording, BOTH},
    {"open_by_handle_at", "opens any file of the disk", open_by_handle, BOTH, TRUE},
    {"open of a recording", "the relay has none", open_recording, RELAY},
    {"open", "reads a file outside", open_outside, BOTH},
    {"openat ..", "leaves the recordings folder", open_above, BOTH},
    {"open O_DIRECTORY", "lists a folder outside", list_outside, BOTH},
    {"open /etc/shadow", "reads the passwords", read_shadow, BOTH, TRUE},
    {"open /proc/PID/environ", "reads another process' environment", read_processes, BOTH},
    {"chroot", "changes what paths mean", change_root, BOTH, TRUE},
    {"mount", "hides the recordings", mount_something, BOTH, TRUE},
    {"open_tree", "takes a copy of what is mounted", clone_mount, BOTH, TRUE},
    {"inotify_init1", "watches who opens what", watch_files, BOTH},
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
    {"socket AF_INET stream", "opens a connection", open_tcp, GATEWAY},
    {"socket AF_INET6 datagram", "sends what it read", open_udp, GATEWAY},
    {"socket AF_INET raw", "forges packets", open_raw, BOTH, TRUE},
    {"socket AF_PACKET", "listens to the network", open_packets, BOTH, TRUE},
    {"socket AF_NETLINK", "asks and changes the network", open_netlink, BOTH},
    {"socket AF_ALG", "reaches rarely used code of the kernel", open_algorithm, BOTH},
    {"socket AF_UNIX stream", "reaches the services of the machine", open_path_socket, BOTH},
    {"socket AF_UNIX datagram", "writes into the journal", open_path_datagrams, BOTH},
    {"socketpair", "makes a socket that can send to paths", open_pair, BOTH},
    {"connect to control.sock", "ends the event", connect_control, BOTH},
    {"connect", "opens a connection", connect_tcp, GATEWAY},
    {"connect AF_UNSPEC", "takes a listening socket apart", unbind, GATEWAY},
    {"listen", "lets more wait than it was told to", listen_again, BOTH},
    {"listen on a socket of its own", "opens a door", listen_tcp, BOTH},
};

static gboolean
is_refusal (int code)
{
  return code == EPERM || code == EACCES || code == ENOSYS || code == EKEYREJECTED;
}

static void
test_line (gconstpointer data)
{
  const Line *line = data;
  const Role roles[] = {GATEWAY, RELAY};
  int code;

  g_test_message ("%s: %s", line->name, line->harm);
  {
    g_auto (Place) place = {0};

    place_make (&place);
    code = place_run (&place, 0, line->call);
    if (line->root && getuid () != 0 && code != 0)
      g_test_message ("only root gets anywhere: %s", g_strerror (code));
    else if (code != 0)
      g_test_message ("without isolation: %s", g_strerror (code));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (roles); i++) {
    g_auto (Place) place = {0};
    int inside;

    if ((line->roles & roles[i]) == 0)
      continue;
    place_make (&place);
    inside = place_run (&place, roles[i], line->call);
    if (!is_refusal (inside))
      g_error ("%s is not refused: it %s (%s)", line->name, line->harm, g_strerror (inside));
  }
  if (is_refusal (code)) {
    if (line->root && getuid () != 0)
      return;
    g_autofree char *why = g_strdup_printf ("this machine refuses it to everybody: %s", g_strerror (code));
    g_test_skip (why);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autofree char *name = g_strdup_printf ("/isolate/refused/%s", lines[i].name);

    for (char *c = name + strlen ("/isolate/refused/"); *c != '\0'; c++)
      if (*c == '/' || *c == ' ')
        *c = '-';
    g_test_add_data_func (name, &lines[i], test_line);
  }
  return g_test_run ();
}
