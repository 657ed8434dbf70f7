/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/config/config.h"

/*
 * RegiaKeys: the relays' keys as their files say, read again every few seconds on a thread of their own, so
 * that a corrected one is used at the next attempt. A relay is told its own key and no other. Main context
 * only.
 */
typedef struct _RegiaKeys RegiaKeys;

/** A key, or why there is none, has changed. */
typedef void (*RegiaKeysChangedFunc) (const char *relay, gpointer user_data);

/** regia_keys_new: reads them all; may wait for the disk. Any thread, @changed is called on the main context.
 */
RegiaKeys *regia_keys_new (RegiaConfig *config, RegiaKeysChangedFunc changed, gpointer user_data);
/** Wipes them. */
void regia_keys_free (RegiaKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaKeys, regia_keys_free)
/** Once a second. */
void regia_keys_tick (RegiaKeys *self);
/** regia_keys_get: (transfer none) (nullable): the key of @relay. @ret_error: (out) (nullable): why it cannot
 * be read; it never shows the key. */
const char *regia_keys_get (RegiaKeys *self, const char *relay, const char **ret_error);
