/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/isolate/isolate.h"

/* Whether the compiler builds for AddressSanitizer. */
#if defined(__SANITIZE_ADDRESS__)
#define REGIA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REGIA_SANITIZED 1
#endif
#endif

/* The layers of regia_isolate(), in the order in which they are put on: each but the last needs system calls
 * that the last forbids. Errors as there. */

/** regia_isolate_fail: sets @error to @what and the text of errno. Returns: FALSE. */
gboolean regia_isolate_fail (GError **error, const char *what);

/** regia_isolate_limits: so that it starves nobody. */
gboolean regia_isolate_limits (const RegiaIsolation *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_isolate_files: Landlock. @ret_abi: (out): 0 where there is none. Sets no_new_privs. */
gboolean regia_isolate_files (const RegiaIsolation *what, int *ret_abi,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_isolate_privileges: no capability is left, nor can one come back. */
gboolean regia_isolate_privileges (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_isolate_calls: the allow-list of system calls. @landlock_abi: what Landlock does not hold is held
 * here, at the price of system calls that cannot be looked into. @ret_done: (out): FALSE where the kernel has
 * no seccomp. */
gboolean regia_isolate_calls (const RegiaIsolation *what, int landlock_abi, gboolean *ret_done,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
