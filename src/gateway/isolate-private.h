/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** How far the process could be shut in; for the log. */
typedef struct {
  gboolean no_new_privileges;
  int landlock_abi; /* 0: the kernel has none, or it is switched off */
  guint threads;    /* that the process had: those but the first are not shut in */
} RegiaIsolation;

/**
 * regia_isolate:
 * @read_only: (array zero-terminated=1): folders that stay readable, with what is below them
 * @ret_done: (out): what was achieved
 *
 * From here on the calling thread and those it starts cannot write, create, remove or execute a file, read
 * any file outside @read_only (and /dev/null, /dev/urandom), gain privileges, and, where the kernel knows how
 * (ABI 4, 6), open TCP connections, listen on new ports or signal other processes. What is open stays open;
 * Unix sockets below a folder can still be connected to.
 *
 * Call while the process has one thread, which is before GLib starts any (D-Bus, GTask). A kernel without
 * Landlock is no error. Errors: G_IO_ERROR when what it does know fails.
 */
gboolean regia_isolate (const char *const *read_only, RegiaIsolation *ret_done,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_raise_descriptors: as many descriptors as allowed, at most @wanted. Returns: how many there may be.
 */
guint regia_raise_descriptors (guint wanted);
