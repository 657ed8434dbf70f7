/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "director-private.h"
#include "regia/control/paths.h"

/* What the director has to do with who may come in: it lends its audit and its socket, and says which of its
 * children may ask. */

static char *
address_cb (gpointer user_data)
{
  RegiaDirector *self = user_data;

  return regia_access_address (self->values, regia_keys_get_pair (self->keys));
}

static void
audit_cb (const char *who, const char *what, gpointer user_data)
{
  regia_commands_log_people (((RegiaDirector *)user_data)->commands, who, what);
}

static void
identify_cb (const char *token, char **ret_name, RegiaRole *ret_role, gpointer user_data)
{
  RegiaDirector *self = user_data;

  *ret_name = NULL;
  *ret_role = REGIA_ROLE_VIEWER;
  if (self->access != NULL)
    regia_access_identify (self->access, token, ret_name, ret_role);
}

static const RegiaAccessHost host = {.address = address_cb, .audit = audit_cb};

void
regia_director_open_access (RegiaDirector *self)
{
  self->access = regia_access_new (self->options->state_dir, &host, self);
  self->console = regia_console_new (&regia_director_methods, identify_cb, self);
  regia_control_add (self->control, regia_access_get_people (self->access), REGIA_PEOPLE_OBJECT);
  /* `regia run FILE` says it of its file by itself. */
  if (self->service != NULL && regia_config_get_console (self->values) == REGIA_CONFIG_CONSOLE_CLEAR)
    g_warning ("[console] listen: " REGIA_CONFIG_CONSOLE_WARNING);
}

void
regia_director_connected_cb (RegiaProcess *process, GDBusConnection *connection, gpointer user_data)
{
  RegiaDirector *self = user_data;
  const RegiaProcessKind *kind = regia_processes_find (self->processes, process)->kind;

  if (self->access == NULL)
    return;
  regia_console_connect (self->console, kind, connection);
  regia_access_connect (self->access, kind, connection);
}
