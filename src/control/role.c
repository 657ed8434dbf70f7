/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/control/role.h"

static const char *const names[REGIA_ROLES] = {
    [REGIA_ROLE_VIEWER] = "viewer",
    [REGIA_ROLE_STAFF] = "staff",
    [REGIA_ROLE_TECHNICIAN] = "technician",
};

/* The least that one must be. */
static const RegiaRole least[REGIA_ACTIONS] = {
    [REGIA_ACTION_WATCH] = REGIA_ROLE_VIEWER,
    [REGIA_ACTION_LIBRARY] = REGIA_ROLE_STAFF,
    [REGIA_ACTION_OBSERVE] = REGIA_ROLE_TECHNICIAN,
    [REGIA_ACTION_COMMAND] = REGIA_ROLE_TECHNICIAN,
};

/* Compared unsigned: what is none of them, negative too, is beyond the last. */
gboolean
regia_role_may (RegiaRole role, RegiaAction action)
{
  return (guint)role < REGIA_ROLES && (guint)action < REGIA_ACTIONS && role >= least[action];
}

const char *
regia_role_to_string (RegiaRole role)
{
  g_return_val_if_fail ((guint)role < REGIA_ROLES, names[REGIA_ROLE_VIEWER]);
  return names[role];
}

gboolean
regia_role_parse (const char *text, RegiaRole *ret_role)
{
  for (guint i = 0; i < REGIA_ROLES; i++)
    if (g_str_equal (names[i], text)) {
      *ret_role = (RegiaRole)i;
      return TRUE;
    }
  return FALSE;
}
