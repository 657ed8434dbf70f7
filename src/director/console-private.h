/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "control-private.h"
#include "processes-private.h"
#include "regia/control/role.h"

/*
 * RegiaConsole: org.regia.Console1: the commands of control.sock for the one kind of child that may give
 * them, each in the name of whose session it has the token. Main context only.
 */
typedef struct _RegiaConsole RegiaConsole;

/** So many commands besides the desired state (start, rehearse, stop) are remembered by their ids. */
#define REGIA_CONSOLE_REMEMBERED 64

/** RegiaConsoleIdentifyFunc: whose session that of @token, whatever that is, is. @ret_name: (out) (transfer
 * full) (nullable): %NULL with %REGIA_ROLE_VIEWER where it is none. */
typedef void (*RegiaConsoleIdentifyFunc) (const char *token, char **ret_name, RegiaRole *ret_role,
                                          gpointer user_data);

/** regia_console_new: @methods is static; both have @user_data. */
RegiaConsole *regia_console_new (const RegiaControlMethods *methods, RegiaConsoleIdentifyFunc identify,
                                 gpointer user_data);
/** regia_console_free: after whatever still answers. */
void regia_console_free (RegiaConsole *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConsole, regia_console_free)

/** regia_console_connect: a child of @kind is there on @connection, of which nothing was read yet: it is
 * served if its kind has that right, as long as the connection lasts. */
void regia_console_connect (RegiaConsole *self, const RegiaProcessKind *kind, GDBusConnection *connection);
