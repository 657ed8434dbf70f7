/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "automix-private.h"

/* It is given back at once: the others are in the mix all along, and nothing of their first word is lost. */
gboolean
regia_backup_decide (RegiaBackup *self, double loudest_db, double below_db, gint64 after_ns, gint64 now_ns)
{
  if (loudest_db > below_db)
    self->silent_since_ns = 0;
  else if (self->silent_since_ns == 0)
    self->silent_since_ns = now_ns;
  self->used = self->silent_since_ns != 0 && now_ns - self->silent_since_ns >= after_ns;
  return self->used;
}

gboolean
regia_duck_decide (RegiaDuck *self, double loudest_db, double above_db, gint64 now_ns)
{
  if (loudest_db > above_db)
    self->heard_ns = now_ns;
  return self->heard_ns != 0 && now_ns - self->heard_ns < REGIA_DUCK_HOLD_NS;
}
