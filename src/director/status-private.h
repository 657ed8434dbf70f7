/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "process-private.h"
#include "regia/config/config.h"
#include "show-private.h"

typedef enum {
  REGIA_SHOW_STARTING,
  REGIA_SHOW_ON_AIR,
  REGIA_SHOW_STOPPING,
  REGIA_SHOW_ENDED,
  REGIA_SHOW_FAILED,
} RegiaShowState;

/* Everything the status is made of; all borrowed. */
typedef struct {
  const RegiaConfigValues *config;
  const RegiaShow *show;
  RegiaShowState state;
  gint64 show_time_ns;
  gint64 director_started_us;
  RegiaProcess *engine, *recorder, *gateway; /* recorder (nullable) */
  GPtrArray *relays;                         /* (element-type RegiaProcess) */
  GPtrArray *folders; /* (element-type utf8): what is the matter with the folders, in words */
} RegiaStatusInput;

/** regia_status_build: (transfer floating): the a{sv} of Show.GetStatus. Main context. */
GVariant *regia_status_build (const RegiaStatusInput *input);

/**
 * regia_status_warnings: what a technician should know now, in words, worst first; from the published states
 * alone. Pure.
 * @engine, @recorder, @gateway: a{sv}; @relays (element-type GVariant). (transfer full)
 */
char **regia_status_warnings (const RegiaConfigValues *config, RegiaShowState state, GVariant *engine,
                              GVariant *recorder, GVariant *gateway, GPtrArray *relays);

/** "starting", "on-air", … Static. */
const char *regia_show_state_to_string (RegiaShowState state);
