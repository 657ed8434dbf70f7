/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <errno.h>

#include "place.h"

/** One call that a process taken over would make. */
typedef struct {
  const char *name, *harm;
  int (*call) (const Place *); /* see place_run() */
  Role roles;                  /* who must be refused */
  gboolean root;               /* gets somewhere only when root tries */
} Line;

/** Each ends with a line without a name. */
extern const Line refused_files[], refused_processes[], refused_connections[];

#define BOTH (GATEWAY | RELAY)

/* What a call gave, as place_run() hands it on. */
static inline int
told (long result)
{
  return result >= 0 ? 0 : errno;
}
