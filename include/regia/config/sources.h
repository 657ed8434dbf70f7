/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/config/config.h"

/*
 * Sources and relays that are other than the files say: added, removed and (sources) set while the event is
 * on. They are laid over the files as an event file is over its hall, and read and checked by the same code.
 */

/** The key under which a relay's change holds its stream key or passphrase. No file has one of that name: it
 * is handed to that relay alone, and is no part of a config. */
#define REGIA_CONFIG_RELAY_KEY "key"

/** What one source or relay is other by. */
typedef struct {
  const char *kind; /* static: "source" or "relay" */
  char *name;       /* (owned) [source NAME], [relay NAME] */
  gboolean removed; /* there is none */
  gboolean fresh;   /* what the files say of a source of this name does not hold */
  GHashTable *keys; /* (owned) (element-type utf8 utf8) as [source NAME] in a file, escapes resolved; "" as
                       `key =` there. May be passwords */
} RegiaConfigSourceChange;

/** regia_config_source_change_new: nothing is other yet. @kind: static. */
RegiaConfigSourceChange *regia_config_source_change_new (const char *kind, const char *name);
RegiaConfigSourceChange *regia_config_source_change_copy (const RegiaConfigSourceChange *self);
void regia_config_source_change_free (RegiaConfigSourceChange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConfigSourceChange, regia_config_source_change_free)

/** regia_config_source_check: whether @name can be that of a @kind and @key (nullable) a key of one. Pure.
 * Errors: REGIA_ERROR_USAGE. */
gboolean regia_config_source_check (const char *kind, const char *name, const char *key,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_source_key_is_known: whether @key is one that every source can have: its value is no
 * password. Pure. */
gboolean regia_config_source_key_is_known (const char *key);

/**
 * regia_config_change_sources:
 * @self: of files or text, not of a part
 * @changes: (element-type RegiaConfigSourceChange)
 * @check: (nullable): the source of which the pipeline file is read, and its parameters checked against it
 *
 * Reads the disk (which pipeline files give pictures); any thread.
 *
 * Returns: (transfer full): @self with other sources; or %NULL with REGIA_ERROR_CONFIG, lines as those of
 * regia_config_load(); of what was not written in a file they name `the change`.
 */
RegiaConfig *regia_config_change_sources (RegiaConfig *self, GPtrArray *changes, const char *check,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_check_key: why @key is none for a relay to @url: %NULL: it is one. Static. Pure. */
const char *regia_config_check_key (const char *url, const char *key);

/** regia_config_source_equal: whether the engine would do the same with both. Pure. */
gboolean regia_config_source_equal (const RegiaConfigSource *a, const RegiaConfigSource *b);
