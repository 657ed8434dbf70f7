/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * Files that a person names: event file, pipeline file, slate, key, … Whatever is found under the name, these
 * neither hang nor take more memory than said, and opening has no effect on it: a pipe or a device is told
 * from a file before it is opened. Both block on the disk. Any thread.
 */

/**
 * regia_named_open:
 * @remedy: what the person can do when it is not there or is something else: `check the path`
 *
 * Returns: a descriptor of the regular file @path for reading (O_CLOEXEC), the caller's; −1 with
 * REGIA_ERROR_CONFIG. The message is to stand behind the path: `is not a file but a pipe; check the path`.
 */
int regia_named_open (const char *path, const char *remedy, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_named_read:
 * @max_bytes: what it may hold at most
 *
 * Returns: (transfer full): the whole content, followed by a NUL byte that is not counted; empty for an empty
 * file. Errors: as regia_named_open(), and also for a larger file, of which no more than @max_bytes + 1 are
 * read.
 */
GByteArray *regia_named_read (const char *path, gsize max_bytes, const char *remedy,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
