/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaDisk: the few things the recording asks of a disk, so that tests can give it one that fails on
 * command. Each function blocks as long as the disk does. Immutable; any thread.
 */
typedef struct _RegiaDisk RegiaDisk;

struct _RegiaDisk {
  /** A new file for writing; fails with EEXIST when the name is taken. Returns: descriptor, or −1 with errno.
   */
  int (*create) (const RegiaDisk *self, const char *path);
  /** All of it, or FALSE with errno (some of it may be in the file then). */
  gboolean (*write) (const RegiaDisk *self, int fd, const void *data, gsize length);
  /** fdatasync: FALSE with errno; must not be tried again on the same file (the kernel may have dropped the
   * pages). */
  gboolean (*sync) (const RegiaDisk *self, int fd);
  /** Bytes that may still be written beneath @folder; −1 with errno. */
  gint64 (*free_bytes) (const RegiaDisk *self, const char *folder);
};

/** regia_disk_real: the kernel's. Static. */
const RegiaDisk *regia_disk_real (void);
