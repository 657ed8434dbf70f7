/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * Passwords, and what is kept of them: a hash by yescrypt (crypt(5), `$y$j9T$`: 16 MiB and some 18 ms of one
 * processor each), made and compared by libxcrypt.
 */

#define REGIA_PASSWORD_MIN_CHARACTERS 10
#define REGIA_PASSWORD_MAX_BYTES      256

/**
 * regia_password_hash: what is to be kept of @password, with a salt of its own. Blocks for its time; any
 * thread.
 * @name: whose it is
 *
 * Spelled as Unicode's NFKC, so that what one keyboard composes and another does not is the same (RFC 8265).
 *
 * Returns: (transfer full). Errors: REGIA_ERROR_USAGE: what is wrong with it, in words that do not show it.
 */
char *regia_password_hash (const char *name, const char *password, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_password_is_hash: whether @text has the form of what regia_password_hash() gives. Pure. */
gboolean regia_password_is_hash (const char *text);

/**
 * regia_password_is_right:
 * @hash: (nullable): of regia_password_hash(); %NULL, where nobody has the name: takes as long and is %FALSE
 *
 * Blocks for the time of one hash; any thread. A @password that regia_password_hash() would not take is never
 * right.
 */
gboolean regia_password_is_right (const char *password, const char *hash);

/** regia_password_wipe: overwrites @password before it frees it. */
void regia_password_wipe (char *password);
