/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "access-private.h"
#include "accounts-private.h"
#include "regia-control-generated.h"

/*
 * RegiaAccessPeople: what a technician does with people by the console, and how somebody who was invited
 * chooses a password: the rest of org.regia.Accounts1. Main context.
 */
typedef struct _RegiaAccessPeople RegiaAccessPeople;

/** regia_access_people_new: answers @skeleton's calls, as long as it lives; @accounts, @skeleton, @host
 * outlive it. */
RegiaAccessPeople *regia_access_people_new (RegiaAccounts *accounts, RegiaDBusAccounts1 *skeleton,
                                            const RegiaAccessHost *host, gpointer user_data);
/** regia_access_people_free: after @accounts, which answers whoever still waits. */
void regia_access_people_free (RegiaAccessPeople *self);
