/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/** Names that director, children and command line agree on. */
#define REGIA_CONTROL_SOCKET "control.sock" /* in the run folder */

#define REGIA_PROCESS_OBJECT  "/org/regia/Process"  /* exported by each child */
#define REGIA_SHOW_OBJECT     "/org/regia/Show"     /* exported by the director on control.sock … */
#define REGIA_PEOPLE_OBJECT   "/org/regia/People"   /* … and this */
#define REGIA_ACCOUNTS_OBJECT "/org/regia/Accounts" /* exported by the director to the console … */
#define REGIA_CONSOLE_OBJECT  "/org/regia/Console"  /* … and this */

/** The console's address with this parameter and a one-time token lets one in. */
#define REGIA_CONSOLE_ONCE "once"
