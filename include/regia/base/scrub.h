/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * Messages of other libraries (GStreamer, libav) repeat addresses and values: before they are logged, shown
 * or published they go through here. Rather too much is taken out than too little. Pure; any thread.
 */

/**
 * regia_scrub:
 * @text: UTF-8 or not
 * @secrets: (nullable) (array zero-terminated=1): values known to be secret, see regia_scrub_secrets_of()
 *
 * Returns: (transfer full): @text without
 *  - what stands between :// and the last @ before the next blank (user, password), also where the whole
 *    address is percent-encoded, or where the password holds a blank, a /, an @ or a quotation mark;
 *  - the value of name=value, where the name is that of a secret (password, token, key, …);
 *  - each of @secrets, as it is, percent-encoded or -decoded, or escaped with backslashes.
 */
char *regia_scrub (const char *text, const char *const *secrets);

/** regia_scrub_error: the same for the message of an error. Accepts NULL. */
void regia_scrub_error (GError *error, const char *const *secrets);

/** regia_scrub_secrets_of: (transfer full): what is secret in @value, an address or anything else: user and
 * password, each value of a secret's name in its query. Without any: an empty list. */
char **regia_scrub_secrets_of (const char *value);
