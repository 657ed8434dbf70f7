/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * Unix sockets below folders of any depth. An address holds 107 bytes (unix(7)); a longer path given to it is
 * cut, and then names another file, perhaps another event's. Nothing here is ever cut.
 */

/**
 * regia_socket_name:
 * @path: absolute path of a socket, which need not exist yet
 * @ret_folder_fd: (out): descriptor of its folder (O_PATH); keep it open as long as the name is used, then
 * close it
 *
 * Returns: (transfer full): a name for the same socket that fits into an address, "/proc/self/fd/N/NAME". It
 * goes on meaning the folder that is there now, whatever happens to the folder's own name; it holds in this
 * process alone. Any thread; may wait for the disk. Errors: G_IO_ERROR: the folder cannot be opened, or NAME
 * itself is too long.
 */
char *regia_socket_name (const char *path, int *ret_folder_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_socket_listen: a listening stream socket at @path, mode 0600, non-blocking, close-on-exec; replaces
 * one left over. Any thread; may wait for the disk. Errors: G_IO_ERROR; then −1 is returned.
 */
int regia_socket_listen (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_socket_connect: a stream socket connected to the one at @path, non-blocking, close-on-exec, or −1
 * with errno: nobody listens there, or has no room for one more. Any thread.
 */
int regia_socket_connect (const char *path) G_GNUC_WARN_UNUSED_RESULT;
