/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "regia/control/role.h"

/*
 * RegiaInvitations: one-time tokens for somebody who is to choose a password: good once, for a day, for one
 * name and role. As tickets they are in no file, and here by their SHA-256 alone; no restart is survived.
 * Times are of the monotonic clock. Main context.
 */
typedef struct _RegiaInvitations RegiaInvitations;

#define REGIA_INVITATION_S (24 * 3600)
/** As many are good at a time; with one more the oldest is not. */
#define REGIA_INVITATIONS_MAX 64

RegiaInvitations *regia_invitations_new (void);
void regia_invitations_free (RegiaInvitations *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaInvitations, regia_invitations_free)

/** regia_invitations_make: (transfer full): a token for @name, whose invitations of before are void. */
char *regia_invitations_make (RegiaInvitations *self, const char *name, RegiaRole role, gint64 now_us);
/** regia_invitations_find: (transfer none) (nullable): for whom @token, whatever that is, is good, and in
 * which @ret_role; until one is made or taken. */
const char *regia_invitations_find (RegiaInvitations *self, const char *token, gint64 now_us,
                                    RegiaRole *ret_role);
/** regia_invitations_take: whether @token was good; it is not any more. */
gboolean regia_invitations_take (RegiaInvitations *self, const char *token, gint64 now_us);
/** regia_invitations_forget: those for @name are void. */
void regia_invitations_forget (RegiaInvitations *self, const char *name);
