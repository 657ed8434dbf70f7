/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/config/config.h"

/*
 * RegiaKeys: what is secret as its files say, read again every few seconds on a thread of their own. The
 * relays' keys: a corrected one is used at the next attempt, and a relay is told its own and no other. The
 * certificate and its key: a renewed pair is used for new connections, one that is faulty leaves that before
 * it in use. Main context only.
 */
typedef struct _RegiaKeys RegiaKeys;

/** The key of @relay, or why there is none, has changed; "": the certificate. */
typedef void (*RegiaKeysChangedFunc) (const char *relay, gpointer user_data);

/** regia_keys_new: reads them all; may wait for the disk. Any thread, @changed is called on the main context.
 */
RegiaKeys *regia_keys_new (RegiaConfig *config, RegiaKeysChangedFunc changed, gpointer user_data);
/** Wipes them. */
void regia_keys_free (RegiaKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaKeys, regia_keys_free)
/** Once a second. */
void regia_keys_tick (RegiaKeys *self);
/** regia_keys_is_reading: between a tick that begins to read the files and its end. */
gboolean regia_keys_is_reading (RegiaKeys *self);
/** regia_keys_get: (transfer none) (nullable): the key of @relay. */
const char *regia_keys_get (RegiaKeys *self, const char *relay);
/** regia_keys_tell: adds to the part of a process what has no place in its config: why @relay's key cannot be
 * read (`key-error`), and to one that speaks @https `certificate` and `certificate-key` as they are in use.
 */
void regia_keys_tell (RegiaKeys *self, const char *relay, gboolean https, GVariantDict *part);
/** regia_keys_get_pair: (transfer none) (nullable): certificate and key that are in use. */
const RegiaConfigPair *regia_keys_get_pair (RegiaKeys *self);
/** regia_keys_warn: @warnings: (element-type utf8): what people should know of the certificate. */
void regia_keys_warn (RegiaKeys *self, GPtrArray *warnings);
