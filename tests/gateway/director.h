/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** Director: one for a console, on a thread of its own: who is who and what is commanded, as a test needs it,
 * over a real connection. */
typedef struct _Director Director;

/** Tokens that are good: of a technician, of one of the staff. */
#define DIRECTOR_TECHNICIAN "TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT"
#define DIRECTOR_STAFF      "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS"
/** A one-time token, good once. */
#define DIRECTOR_ONCE "OOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOO"

/** @ret_connection: (out) (transfer full): the console's end. */
Director *director_new (GDBusConnection **ret_connection);
void director_free (Director *self);
/** director_hang_up: it is killed. */
void director_hang_up (Director *self);
/** director_forget: the technician's session has ended. */
void director_forget (Director *self);
/** director_take: (transfer full): what was asked since the last time, a line each. */
char *director_take (Director *self);
