/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * regia_file_replace:
 * @path: file to replace or create
 * @data, @length: new content, bytes
 * @mode: permissions of the file, for example 0600
 *
 * Replaces a file so that after a crash or power cut either the whole old or the whole new content is there:
 * temporary file in the same folder, write, fsync, rename, fsync of the folder. Blocks on the disk: not from
 * a main context that must answer within milliseconds. Errors: G_IO_ERROR, message prefixed with the path;
 * the old file is then untouched.
 */
gboolean regia_file_replace (const char *path, const void *data, gsize length, int mode,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_file_sync_folder: fsync of the folder @path, which makes names created in it survive a power cut. */
gboolean regia_file_sync_folder (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_fd_write_all: writes @length bytes to @fd, through short writes and EINTR. Errors: G_IO_ERROR from
 * errno. */
gboolean regia_fd_write_all (int fd, const void *data, gsize length,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_file_make_folder: mkdir -p with @mode for the folders made. */
gboolean regia_file_make_folder (const char *path, int mode, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_slug:
 * @text: UTF-8
 *
 * Returns: (transfer full): @text as a name for files and addresses: `[a-z0-9-]{1,64}`, letters without their
 * accents, never empty ("event" if nothing is left). Pure.
 */
char *regia_slug (const char *text);
