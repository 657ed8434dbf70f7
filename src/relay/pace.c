/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-relay"

#include "pace-private.h"

#include "regia/base/clock.h"

/*
 * A relay keeps no queue of its own: while the far end is slow the reader simply falls behind in the feed's
 * log. RegiaPace says when that is too far, and where to go on. How far behind we are is the packet's age in
 * show time less the age that packets have when nothing is slow, which is the least age seen: so neither the
 * mixing window nor the encoder's delay counts as being behind.
 *
 * Keyframes are 2 s apart, so the newest one is at most that far from the live edge; FRESH_NS leaves some
 * room. With sparser keyframes the next one to come is taken.
 */

#define FUTURE_NS (10 * REGIA_SECOND)
#define BEHIND_NS (5 * REGIA_SECOND)
#define FRESH_NS  (5 * REGIA_SECOND / 2)

void
regia_pace_start (RegiaPace *self, gboolean has_video)
{
  self->floor_ns = G_MAXINT64;
  self->begun = FALSE;
  self->wants_key = TRUE;
  self->catching_up = FALSE;
  self->has_video = has_video;
}

void
regia_pace_gap (RegiaPace *self)
{
  self->wants_key = TRUE;
}

gboolean
regia_pace_take (RegiaPace *self, const RegiaPacket *packet, gboolean is_video, gint64 now_ns)
{
  gint64 age_ns = now_ns - packet->pts_ns;
  gint64 behind_ns;

  /* From far in the future: it would make all that follow look hours late. */
  if (age_ns < -FUTURE_NS) {
    self->dropped += self->begun;
    return FALSE;
  }
  self->floor_ns = MIN (self->floor_ns, age_ns);
  behind_ns = age_ns - self->floor_ns;
  if (behind_ns > BEHIND_NS)
    self->catching_up = self->wants_key = TRUE;
  if (self->wants_key) {
    gboolean key = regia_packet_is_keyframe (packet) && (is_video || !self->has_video);

    if (!key || (self->catching_up && behind_ns > FRESH_NS)) {
      self->dropped += self->begun;
      return FALSE;
    }
    self->wants_key = self->catching_up = FALSE;
  }
  self->begun = TRUE;
  return TRUE;
}
