/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaIsolation: what a process keeps when it is shut in. All zeros: what is open, and nothing else.
 */
typedef struct {
  /** (nullable) (array zero-terminated=1): files and folders, with what is below, that stay readable. What is
   * not there when the process is shut in stays closed. */
  const char *const *read_only;
  /** (nullable): the one folder below which files may be made, written, renamed and removed. */
  const char *writable;
  /** It may open TCP and UDP sockets (IPv4, IPv6), look up names and check certificates, for which the files
   * that this takes stay readable; it cannot listen. Else it has the sockets that are open and those it
   * accepts. */
  gboolean connects;
  /** How much memory of its own it may have, 0: as before. Counted as RLIMIT_DATA does, what was written to
   * and the threads' stacks, and not as RLIMIT_AS, which counts the 64 MiB that malloc only reserves for each
   * thread. Not with AddressSanitizer, which reserves terabytes. */
  guint64 memory_bytes;
  /** When the machine's memory is at its end: above 0 (to 1000) it dies before others do. */
  int oom_score_adj;
} RegiaIsolation;

/** How far the process could be shut in. */
typedef struct {
  int landlock_abi;      /* 0: the kernel has none, or it is switched off */
  gboolean system_calls; /* the allow-list is in force; FALSE: the kernel has no seccomp */
  guint64 resolver[2];   /* which file /etc/resolv.conf was; 0, 0 for none */
  guint threads;         /* that the process had: of those but the first only the system calls are held */
} RegiaIsolated;

/**
 * regia_isolate:
 * @what: what it keeps
 * @ret_done: (out): what was achieved
 *
 * From here on the calling thread and those it starts can do nothing but compute, use what is open, and what
 * @what says. Three layers, each of which holds where another has a gap:
 *
 * - no privileges: none can be gained (no_new_privs), every capability is gone, also from the bounding set,
 *   and other processes of the same user can neither trace it nor read its memory (which it has no core dump
 *   for, either). A file of another user is closed to it even when the user is root;
 * - Landlock: files are reached only as @what says (and /dev/null, /dev/urandom). Where the kernel knows how,
 *   no TCP port is bound or connected to (ABI 4), no process outside is signalled, no abstract socket is
 *   connected to (ABI 6);
 * - an allow-list of system calls, for all threads. What is not on it fails with EPERM, and the kernel's log
 *   says so where it is kept (audit); what is newer than the list fails with ENOSYS, so that libraries fall
 *   back to what is on it. Not on it: starting processes (threads stay possible), running programs, memory
 *   that can be executed, tracing, namespaces and mounts, locks on files, modes, owners, times, names and
 *   lengths of files (but below @what->writable), limits and schedules of others, signals to others,
 * io_uring, descriptors of processes, keys, BPF, sockets but those that @what allows. Descriptors that are
 * open are used freely: what must not be written is to be opened read-only.
 *
 * Beside them limits that can only go down: memory and its order of death as @what says, no core dump, and
 * 1 GiB for what it writes (the log, if that is a file) unless @what->writable.
 *
 * A kernel without Landlock or seccomp is no error: @ret_done says it, and the other layers hold.
 *
 * Call while the process has one thread, which is before GLib starts any (D-Bus, GTask, shared pools); shared
 * libraries that are loaded later (resolver modules of nsswitch.conf, for one) cannot be: the resolver then
 * passes on to its next. The time zone is read before, for the log.
 *
 * Sanitizers: the same list is in force in a build with AddressSanitizer, with one exception: LeakSanitizer
 * starts a process that traces all threads, which the list forbids, so a process that is shut in checks no
 * leaks at its end (unit tests look for those of the same code, without isolation). Reports come without
 * names of functions, which would have to be read from files.
 *
 * Errors: G_IO_ERROR when something the kernel does know fails; the process is then shut in in part.
 */
gboolean regia_isolate (const RegiaIsolation *what, RegiaIsolated *ret_done,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_isolated_is_stale: whether /etc/resolv.conf is another file than it was, as after the network was
 * configured anew: who connects cannot read that one and looks up no name any more, until it is started
 * again. Any thread. */
gboolean regia_isolated_is_stale (const RegiaIsolated *done);

/** regia_isolated_is_whole: whether every layer holds for every thread. */
gboolean regia_isolated_is_whole (const RegiaIsolated *done);

/** regia_isolated_describe: (transfer full): for the log: which layers there are and what is missing. */
char *regia_isolated_describe (const RegiaIsolated *done);
