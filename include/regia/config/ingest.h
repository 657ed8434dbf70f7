/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/config/config.h"

/**
 * Sources that are sent to: whoever sends calls at an address of this machine, and is let in by a key
 * (pipelines/capture/rtmp-in.pipeline). What the event file says about that; pure, any thread.
 */

/** [source] pipeline: that a source is one of them. */
#define REGIA_CONFIG_INGEST "rtmp-in"

typedef struct {
  char *listen;      /* ADDRESS:PORT, numbers alone */
  char *application; /* what the address ends in: letters, digits, . _ - */
  char *key;         /* secret: letters, digits, . _ - = */
  char *url;         /* what a sender is told; the host's own name where every address is listened on */
  char *hello;       /* secret: see regia_config_ingest_hello() */
} RegiaConfigIngest;

void regia_config_ingest_free (RegiaConfigIngest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConfigIngest, regia_config_ingest_free)

/** regia_config_source_has_ingest: whether @source is sent to. */
gboolean regia_config_source_has_ingest (const RegiaConfigSource *source);

/** regia_config_has_ingest: whether one of @config's sources is. */
gboolean regia_config_has_ingest (const RegiaConfigValues *config);

/** regia_config_source_ingest: (transfer full): where @source, which is one, is sent to. Errors:
 * REGIA_ERROR_CONFIG: "KEY: what is wrong". No value is in it. */
RegiaConfigIngest *regia_config_source_ingest (const RegiaConfigSource *source,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_ingest_hello: (transfer full): by what the engine and the listener know that they mean the
 * same one; holds the key. */
char *regia_config_ingest_hello (const char *listen, const char *application, const char *key);
