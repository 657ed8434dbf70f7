/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "disk-private.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

/* Made when the server starts, ends before its workers' contexts do: jobs come back to those. */
struct _RegiaDisk {
  GThreadPool *pool; /* (owned) */
  guint most_waiting;
};

#define READ_BYTES (256 * 1024)

static gboolean
job_done_cb (gpointer data)
{
  RegiaDiskJob *job = data;
  job->done (job);
  return G_SOURCE_REMOVE;
}

static void
disk_thread_func (gpointer data, gpointer user_data)
{
  RegiaDiskJob *job = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  job->work (job);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, job_done_cb, job, NULL);
  g_source_attach (source, job->context);
}

RegiaDisk *
regia_disk_new (guint threads, guint most_waiting)
{
  RegiaDisk *self = g_new0 (RegiaDisk, 1);

  self->pool = g_thread_pool_new (disk_thread_func, NULL, (gint)threads, FALSE, NULL);
  self->most_waiting = most_waiting;
  return self;
}

void
regia_disk_free (RegiaDisk *self)
{
  if (self == NULL)
    return;
  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_free (self);
}

void
regia_disk_push (RegiaDisk *self, RegiaDiskJob *job)
{
  g_thread_pool_push (self->pool, job, NULL);
}

gboolean
regia_disk_is_busy (RegiaDisk *self)
{
  return g_thread_pool_unprocessed (self->pool) >= self->most_waiting;
}

gboolean
regia_disk_warm (int fd, guint64 offset, gsize count)
{
  static GPrivate scratch = G_PRIVATE_INIT (g_free);
  guint64 end = offset + count;

  if (g_private_get (&scratch) == NULL)
    g_private_set (&scratch, g_malloc (READ_BYTES));
  while (offset < end) {
    gssize n = pread (fd, g_private_get (&scratch), MIN (READ_BYTES, end - offset), (off_t)offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    offset += (guint64)n;
  }
  return TRUE;
}

gboolean
regia_disk_is_warm (int fd, guint64 offset, gsize count, gsize step)
{
  char byte;
  struct iovec part = {&byte, 1};

  for (gsize at = 0; at < count; at += step)
    if (preadv2 (fd, &part, 1, (off_t)(offset + at), RWF_NOWAIT) != 1)
      return FALSE;
  return preadv2 (fd, &part, 1, (off_t)(offset + count - 1), RWF_NOWAIT) == 1;
}
