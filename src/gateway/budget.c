/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "budget-private.h"

/* Shared by all workers and as old as the server. Only a body that could not be sent at once is held, so an
 * answer that leaves in one piece, as nearly all do, takes no lock. */
struct _RegiaBudget {
  GMutex lock;        /* guards what follows */
  GHashTable *bodies; /* (owned) (element-type GBytes uint): how many hold it */
  gint64 bytes;
  guint64 limit_bytes; /* immutable */
};

RegiaBudget *
regia_budget_new (guint64 limit_bytes)
{
  RegiaBudget *self = g_new0 (RegiaBudget, 1);

  g_mutex_init (&self->lock);
  self->bodies = g_hash_table_new (NULL, NULL);
  self->limit_bytes = limit_bytes;
  return self;
}

void
regia_budget_free (RegiaBudget *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->bodies);
  g_mutex_clear (&self->lock);
  g_free (self);
}

GBytes *
regia_budget_hold (RegiaBudget *self, GBytes *body)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->bodies, body));

  g_hash_table_insert (self->bodies, body, GUINT_TO_POINTER (n + 1));
  if (n == 0)
    self->bytes += (gint64)g_bytes_get_size (body);
  return g_bytes_ref (body);
}

void
regia_budget_release (RegiaBudget *self, GBytes *body)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (self->bodies, body));
  if (n == 1) {
    g_hash_table_remove (self->bodies, body);
    self->bytes -= (gint64)g_bytes_get_size (body);
  } else {
    g_hash_table_insert (self->bodies, body, GUINT_TO_POINTER (n - 1));
  }
  g_mutex_unlock (&self->lock);
  g_bytes_unref (body); /* gives memory back to the kernel: not with the lock */
}

void
regia_budget_add (RegiaBudget *self, gint64 bytes)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  self->bytes += bytes;
}

guint
regia_budget_get_percent (RegiaBudget *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return (guint)((guint64)MAX (self->bytes, 0) * 100 / self->limit_bytes);
}

guint64
regia_budget_excess (RegiaBudget *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  return self->bytes > (gint64)self->limit_bytes ? (guint64)self->bytes - self->limit_bytes : 0;
}
