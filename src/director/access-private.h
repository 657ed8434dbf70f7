/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "processes-private.h"
#include "regia/control/role.h"

/*
 * RegiaAccess: the two D-Bus sides of RegiaAccounts: org.regia.People1 for the command line, and
 * org.regia.Accounts1 for the one kind of child that may ask who is who. Main context only.
 */
typedef struct _RegiaAccess RegiaAccess;

/** What it has of the director; static. */
typedef struct {
  char *(*address) (gpointer user_data); /* (transfer full): regia_access_address() as it is now */
  void (*audit) (const char *who, const char *what, gpointer user_data); /* RegiaAccountsWorld.audit */
} RegiaAccessHost;

/** regia_access_address: (transfer full): where a browser finds the console: `https://NAME:PORT`. Where that
 * is https, NAME is one that the certificate of @pair (nullable) is for, if there is one: of [web] hosts
 * first, then of this machine. Where all addresses are listened at, this machine's own is one of them. Pure.
 */
char *regia_access_address (const RegiaConfigValues *values, const RegiaConfigPair *pair);

/** regia_access_new: of the people and sessions in @state_dir. Blocks on the disk. */
RegiaAccess *regia_access_new (const char *state_dir, const RegiaAccessHost *host, gpointer user_data);
/** regia_access_free: see regia_accounts_free(). Calls that are not answered are refused. */
void regia_access_free (RegiaAccess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaAccess, regia_access_free)

/** regia_access_get_people: (transfer none): People1, to be exported at %REGIA_PEOPLE_OBJECT. */
GDBusInterfaceSkeleton *regia_access_get_people (RegiaAccess *self);
/** regia_access_connect: a child of @kind is there on @connection, of which nothing was read yet: it is
 * served if its kind has that right, as long as the connection lasts. Where nobody is configured, the first
 * time says on the terminal, if there is one, how one comes in. */
void regia_access_connect (RegiaAccess *self, const RegiaProcessKind *kind, GDBusConnection *connection);

/** regia_access_identify: whose session that of @token, whatever that is, is. It counts as used. @ret_name:
 * (out) (transfer full) (nullable): %NULL, and @ret_role a viewer, where it is none. */
void regia_access_identify (RegiaAccess *self, const char *token, char **ret_name, RegiaRole *ret_role);

/** See RegiaAccounts; @self may be %NULL. */
void regia_access_tick (RegiaAccess *self);
void regia_access_keep_again (RegiaAccess *self);
void regia_access_warn (RegiaAccess *self, GPtrArray *warnings);
