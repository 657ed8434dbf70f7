/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * Who somebody is, and what such a one may do. Rights are ordered: each role may all that those before it
 * may. The director says who somebody is (org.regia.Accounts1), whoever serves them asks here what that
 * allows.
 */
typedef enum {
  REGIA_ROLE_VIEWER,     /* nobody in particular */
  REGIA_ROLE_STAFF,      /* fetches recordings */
  REGIA_ROLE_TECHNICIAN, /* runs the event */
} RegiaRole;

#define REGIA_ROLES (REGIA_ROLE_TECHNICIAN + 1)

/** What there is to do. */
typedef enum {
  REGIA_ACTION_WATCH,   /* the stream, its pages, the public status */
  REGIA_ACTION_LIBRARY, /* recordings that are not public */
  REGIA_ACTION_OBSERVE, /* the whole status, events, metrics: they name paths, relays, people */
  REGIA_ACTION_COMMAND, /* whatever changes the show */
} RegiaAction;

#define REGIA_ACTIONS (REGIA_ACTION_COMMAND + 1)

/** regia_role_may: whether @role may do @action; %FALSE for values that are none of these. Pure. */
gboolean regia_role_may (RegiaRole role, RegiaAction action);

/** regia_role_to_string: "viewer", "staff", "technician". Static. Pure. */
const char *regia_role_to_string (RegiaRole role);
/** regia_role_parse: the reverse. Returns: %FALSE, with nothing set, for any other word. Pure. */
gboolean regia_role_parse (const char *text, RegiaRole *ret_role) G_GNUC_WARN_UNUSED_RESULT;
