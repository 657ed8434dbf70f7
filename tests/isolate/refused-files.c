/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files: the recordings, and all others. */
#include "refused.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

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
read_key (const Place *p)
{
  g_autofree char *path = g_build_filename (p->keys, "key", NULL);

  return told (open (path, O_RDONLY));
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

const Line refused_files[] = {
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
    {"open of a key file", "reads another relay's key", read_key, BOTH},
    {"open /etc/shadow", "reads the passwords", read_shadow, BOTH, TRUE},
    {"open /proc/PID/environ", "reads another process' environment", read_processes, BOTH},
    {"chroot", "changes what paths mean", change_root, BOTH, TRUE},
    {"mount", "hides the recordings", mount_something, BOTH, TRUE},
    {"open_tree", "takes a copy of what is mounted", clone_mount, BOTH, TRUE},
    {"inotify_init1", "watches who opens what", watch_files, BOTH},
    {NULL},
};
