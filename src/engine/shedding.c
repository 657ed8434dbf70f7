/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shedding-private.h"

/*
 * RegiaShedding. Behind is what has 400 ms or more waiting, while what is read as room has less than 200 ms:
 * in between nothing is decided, but time that counts as room begins anew.
 */

#define ROOM_BEHIND_NS (REGIA_SHEDDING_BEHIND_NS / 2)
#define IDLE_BEHIND_NS (G_GINT64_CONSTANT (120) * 1000000)

typedef struct {
  gboolean shed;
  gint64 since_ns, room_ns;
  const char *why;
} Rendition;

struct _RegiaShedding {
  guint count;
  Rendition *renditions; /* (owned) */
  gint64 room_since_ns;  /* the machine has had room since then; 0: it has none */
  gint64 settled_ns;     /* nothing is decided before */
  gint64 shed_behind_ns; /* how far behind was whatever was, when the last one was shed */
};

RegiaShedding *
regia_shedding_new (guint renditions)
{
  RegiaShedding *self = g_new0 (RegiaShedding, 1);

  self->count = renditions;
  self->renditions = g_new0 (Rendition, renditions);
  for (guint i = 0; i < renditions; i++) {
    self->renditions[i].room_ns = REGIA_SHEDDING_ROOM_NS;
    self->renditions[i].why = "";
  }
  return self;
}

void
regia_shedding_free (RegiaShedding *self)
{
  if (self == NULL)
    return;
  g_free (self->renditions);
  g_free (self);
}

static int
lowest_made (const RegiaShedding *self)
{
  for (guint i = self->count; i > 1; i--)
    if (!self->renditions[i - 1].shed)
      return (int)i - 1;
  return -1;
}

/* The one that is behind while nobody else has anything to do; −1 when there is no such one. */
static int
slow_by_itself (const RegiaShedding *self, const RegiaSheddingLoad *loads)
{
  int slow = -1;

  for (guint i = 0; i < self->count; i++) {
    if (self->renditions[i].shed || loads[i].behind_ns < IDLE_BEHIND_NS)
      continue;
    if (slow >= 0 || i == 0 || !loads[i].judged || loads[i].behind_ns < REGIA_SHEDDING_BEHIND_NS)
      return -1;
    slow = (int)i;
  }
  return slow;
}

static gint64
most_behind (const RegiaShedding *self, const RegiaSheddingLoad *loads, gint64 mix_behind_ns)
{
  gint64 most_ns = mix_behind_ns;

  for (guint i = 0; i < self->count; i++)
    if (!self->renditions[i].shed && loads[i].judged)
      most_ns = MAX (most_ns, loads[i].behind_ns);
  return most_ns;
}

static int
shed (RegiaShedding *self, int index, const char *why, gint64 behind_ns, gint64 now_ns)
{
  Rendition *rendition;

  if (index < 0)
    return -1;
  rendition = &self->renditions[index];
  /* It had come back, and that was too early. */
  if (rendition->since_ns != 0)
    rendition->room_ns = now_ns - rendition->since_ns < REGIA_SHEDDING_ROOM_MAX_NS
                             ? MIN (rendition->room_ns * 2, REGIA_SHEDDING_ROOM_MAX_NS)
                             : REGIA_SHEDDING_ROOM_NS;
  rendition->shed = TRUE;
  rendition->since_ns = now_ns;
  rendition->why = why;
  self->shed_behind_ns = behind_ns;
  self->settled_ns = now_ns + REGIA_SHEDDING_SETTLE_NS;
  self->room_since_ns = 0;
  return index;
}

static int
bring_back (RegiaShedding *self, gint64 now_ns)
{
  for (guint i = 1; i < self->count; i++) {
    Rendition *rendition = &self->renditions[i];

    if (!rendition->shed || now_ns - self->room_since_ns < rendition->room_ns)
      continue;
    rendition->shed = FALSE;
    rendition->since_ns = now_ns;
    rendition->why = "";
    self->settled_ns = now_ns + REGIA_SHEDDING_SETTLE_NS;
    self->room_since_ns = now_ns;
    return (int)i;
  }
  return -1;
}

int
regia_shedding_step (RegiaShedding *self, const RegiaSheddingLoad *loads, gint64 mix_behind_ns, gint64 now_ns)
{
  gint64 behind_ns = most_behind (self, loads, mix_behind_ns);
  int slow = slow_by_itself (self, loads);

  if (behind_ns >= ROOM_BEHIND_NS)
    self->room_since_ns = 0;
  else if (self->room_since_ns == 0)
    self->room_since_ns = now_ns;
  if (now_ns < self->settled_ns)
    return -1;
  if (behind_ns < REGIA_SHEDDING_BEHIND_NS) {
    self->shed_behind_ns = 0;
    return self->room_since_ns != 0 ? bring_back (self, now_ns) : -1;
  }
  /* What was shed has helped, and what waits is worked off: that takes a while. */
  if (self->shed_behind_ns > 0 && behind_ns < self->shed_behind_ns * 3 / 4) {
    self->shed_behind_ns = behind_ns;
    self->settled_ns = now_ns + REGIA_SHEDDING_SETTLE_NS;
    return -1;
  }
  if (slow >= 0 && mix_behind_ns < ROOM_BEHIND_NS)
    return shed (self, slow, "its encoder cannot keep up", behind_ns, now_ns);
  return shed (self, lowest_made (self), "the machine cannot keep up", behind_ns, now_ns);
}

void
regia_shedding_get (RegiaShedding *self, guint rendition, RegiaSheddingState *ret_state)
{
  const Rendition *one = &self->renditions[rendition];

  ret_state->shed = one->shed;
  ret_state->since_ns = one->since_ns;
  ret_state->room_ns = one->room_ns;
  ret_state->retry_ns =
      !one->shed ? 0 : one->room_ns + (self->room_since_ns != 0 ? self->room_since_ns : one->since_ns);
  ret_state->why = one->why;
}
