/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "alarms-private.h"
#include "processes-private.h"
#include "regia/config/config.h"
#include "show-private.h"

/* Everything the status is made of; all borrowed. */
typedef struct {
  const RegiaConfigValues *config;
  const RegiaShow *show;
  const RegiaDesired *desired; /* in effect */
  GVariant *next;              /* a{sv}: what comes next, {} for nothing */
  gboolean ready;              /* the programme runs, or ran */
  gboolean ended;              /* all that ends with the event is gone */
  gint64 show_time_ns;
  gint64 director_started_us;
  RegiaProcesses *processes;
  GPtrArray *folders;  /* (element-type utf8): what is the matter with the folders, in words */
  RegiaAlarms *alarms; /* (nullable): none was judged yet */
  /* For those outside alone: */
  gboolean hidden;               /* it is rehearsed: as if nothing were on */
  const RegiaConfigValues *hall; /* (nullable): what there is then */
} RegiaStatusInput;

/** regia_status_build: (transfer floating): the a{sv} of Show.GetStatus. Main context. */
GVariant *regia_status_build (const RegiaStatusInput *input);

/**
 * regia_status_build_public:
 * @input: as of regia_status_build(); `folders` and `director_started_us` are not looked at
 *
 * What those outside may know, and the gateway with them: control/org.regia.control.xml, "What those outside
 * are told". Main context.
 *
 * Returns: (transfer floating): a{sv}.
 */
GVariant *regia_status_build_public (const RegiaStatusInput *input);

/** regia_status_is_news: whether @status says something else than @before besides what time it is, how much
 * time and memory processes use, and what the gateway says, who knows that better. Both a{sv} of
 * regia_status_build(). Pure. */
gboolean regia_status_is_news (GVariant *status, GVariant *before);

/** regia_status_format_time: (transfer full): @time_s (Unix time, 0 for none) in RFC 3339 with the offset of
 * the hall, from which a page tells whether its viewer lives by another clock; "" for none. Pure. */
char *regia_status_format_time (const RegiaConfigValues *config, gint64 time_s);

/** regia_status_describe_talks: (transfer floating): av, `talks` of both. @talks: (nullable) (element-type
 * RegiaConfigTalk). Pure. */
GVariant *regia_status_describe_talks (GPtrArray *talks);

/** regia_status_announce: (transfer full): a{sv}: @config as what comes next, `next` of the status. Pure. */
GVariant *regia_status_announce (const RegiaConfigValues *config);

/**
 * regia_status_warnings: what a technician should know now, in words, worst first; from the published states
 * alone. Pure.
 * @state: as regia_status_state() says; @recorder_ran: since this program began; @engine, @recorder,
 * @gateway: a{sv}; @relays (element-type GVariant). (transfer full)
 */
char **regia_status_warnings (const RegiaConfigValues *config, const char *state, gboolean recorder_ran,
                              GVariant *engine, GVariant *recorder, GVariant *gateway, GPtrArray *relays);

/** regia_status_state: what people are told of the show's state: "starting", "on-air", "paused", … Static.
 * Pure. */
const char *regia_status_state (const RegiaStatusInput *input);
