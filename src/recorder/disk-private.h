/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaDisk: the few things the recording asks of a disk, so that tests can give it one that fails on
 * command. Each function blocks as long as the disk does. Immutable; any thread.
 */
typedef struct _RegiaDisk RegiaDisk;

/** Where the name of a file that is open leads to. */
typedef enum {
  REGIA_PLACE_KEPT,      /* to that file, or nobody can say */
  REGIA_PLACE_REMOVED,   /* nowhere, and the file has no other name: it goes when it is closed */
  REGIA_PLACE_ELSEWHERE, /* nowhere or to another file; ours has a name that cannot be reached by this one */
} RegiaPlace;

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
  /** Files that may still be made beneath @folder; G_MAXINT64 when the disk does not count them. */
  gint64 (*free_files) (const RegiaDisk *self, const char *folder);
  /** Whether @path still leads to the file or folder that is open as @fd. */
  RegiaPlace (*find_place) (const RegiaDisk *self, int fd, const char *path);
};

/** regia_disk_real: the kernel's. Static. */
const RegiaDisk *regia_disk_real (void);

/**
 * regia_place_in_words: (transfer full): what has become of the file or folder that was @path and is open as
 * @fd, for a person: "was removed", "was moved to /mnt/b/live". A phrase that follows its name. Blocks on the
 * disk.
 */
char *regia_place_in_words (RegiaPlace place, int fd, const char *path);

/**
 * regia_disk_refusal_in_words: (transfer full): why nothing is recorded, and the remedy, by the name of what
 * is used up. Pure.
 * @error: what a write or the making of a file came to
 * @free_bytes, @free_files: of the disk at that time; −1 unknown
 * @recordings: for the message
 */
char *regia_disk_refusal_in_words (const GError *error, gint64 free_bytes, gint64 free_files,
                                   const char *recordings);

/** regia_disk_is_full: whether @error says that there is no room, for bytes or for files. */
gboolean regia_disk_is_full (const GError *error);
