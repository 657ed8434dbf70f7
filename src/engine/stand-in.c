/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "stand-in-private.h"

#include "regia/base/clock.h"

const char *
regia_stand_in_words (const RegiaConfigScene *scene, const RegiaPictureTrouble *trouble)
{
  const char *const *when = (const char *const *)scene->backup_when;
  gint64 after_ns = (gint64)scene->backup_after_ms * REGIA_MSECOND;

  if (trouble->lost)
    return g_strv_contains (when, "lost") ? "lost" : NULL;
  if (trouble->black)
    return g_strv_contains (when, "black") ? "black" : NULL;
  return g_strv_contains (when, "frozen") && trouble->still_ns >= after_ns ? "frozen" : NULL;
}

gboolean
regia_stand_in_decide (RegiaStandIn *self, const RegiaConfigScene *scene, gboolean bad, gboolean backup_bad,
                       gboolean held, gint64 now_ns)
{
  gint64 after_ns = (gint64)scene->backup_after_ms * REGIA_MSECOND,
         until_ns = (gint64)scene->backup_until_ms * REGIA_MSECOND;

  if (held) {
    *self = (RegiaStandIn){0};
    return FALSE;
  }
  if (bad) {
    self->good_since_ns = 0;
    if (self->bad_since_ns == 0)
      self->bad_since_ns = now_ns;
    self->used = self->used || (!backup_bad && now_ns - self->bad_since_ns >= after_ns);
  } else {
    self->bad_since_ns = 0;
    if (self->good_since_ns == 0)
      self->good_since_ns = now_ns;
    self->used = self->used && now_ns - self->good_since_ns < until_ns;
  }
  return self->used;
}
