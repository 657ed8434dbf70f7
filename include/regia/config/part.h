/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/config/config.h"

/*
 * What of the configuration a child process is told, and nothing else: the director hands it over by a D-Bus
 * call, so that no child reads the event file and none holds a secret that is another's. One table
 * (src/config/part.c) says which field goes to which kind of child; both directions read it.
 */

/**
 * regia_config_part:
 * @kind: `engine`, `recorder`, `gateway`, `console` or `relay`
 * @instance: the relay's name; "" for the others
 * @key: (nullable): a relay's stream key or passphrase, from regia_config_read_key() at this moment; for the
 * others %NULL. It stands in the part alone and never in the RegiaConfig
 *
 * Any thread; does not touch the disk.
 *
 * Returns: (transfer floating) (nullable): a{sv}; %NULL when there is no such relay or kind.
 */
GVariant *regia_config_part (RegiaConfig *self, const char *kind, const char *instance,
                             const char *key) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_config_new_from_part:
 * @part: a{sv}; a floating reference is not taken
 *
 * The other direction: values in which all that the part does not hold has the default of the event file, or
 * is empty where there is none ("" for name, place and id; no lists, no groups, no warnings). Lines are 0:
 * who finds a value wrong names group and key. Any thread.
 *
 * Returns: (transfer full) or %NULL with REGIA_ERROR_PROTOCOL when it holds a field that is not known or is
 * of another type.
 */
RegiaConfig *regia_config_new_from_part (GVariant *part, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_of_process: the same from all that a process was told (control/child.h), in which it is
 * `config`. Errors also: REGIA_ERROR_PROTOCOL when it is not there. */
RegiaConfig *regia_config_of_process (GVariant *part, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_part_key: (transfer full) (nullable): the relay's key, if one came with the part; wipe it
 * after use. Any thread. */
char *regia_config_part_key (GVariant *part) G_GNUC_WARN_UNUSED_RESULT;
