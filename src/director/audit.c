/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "audit-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LAST_US G_USEC_PER_SEC /* at the end, for the last lines */

typedef struct {
  char *text; /* (owned) */
  guint64 end;
} Line;

/*
 * A line's way: handed to the thread, written there, handed back to the main context through `there`, and
 * remembered. Of this struct the thread has path, lines and there, and wakes the main context.
 */
struct _RegiaAudit {
  char *path;                    /* (owned) immutable */
  RegiaAuditWrittenFunc written; /* %NULL: nobody is there any more */
  gpointer user_data;
  GThreadPool *writer; /* (owned): one thread */
  gint lines;          /* atomic: not yet written */
  GAsyncQueue *there;  /* (owned) (element-type Line) */
  GQueue last;         /* (element-type Line): the oldest first */
};

static void
line_free (gpointer data)
{
  Line *line = data;

  g_free (line->text);
  g_free (line);
}

static gboolean
there_cb (gpointer user_data)
{
  RegiaAudit *self = user_data;
  Line *line;

  while ((line = g_async_queue_try_pop (self->there)) != NULL)
    g_queue_push_tail (&self->last, line);
  while (self->last.length > REGIA_AUDIT_REMEMBERED)
    line_free (g_queue_pop_head (&self->last));
  if (self->written != NULL)
    self->written (self->user_data);
  return G_SOURCE_REMOVE;
}

/* 0, with errno set: it did not get there, or not whole. */
static guint64
append (const char *path, const char *text)
{
  g_autofree char *whole = g_strconcat (text, "\n", NULL);
  gssize length = (gssize)strlen (whole), wrote;
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  off_t end = 0;

  if (fd < 0)
    return 0;
  wrote = write (fd, whole, (gsize)length);
  if (wrote >= 0 && wrote < length)
    errno = ENOSPC;
  else if (wrote == length && fdatasync (fd) == 0)
    end = lseek (fd, 0, SEEK_CUR);
  if (end <= 0) {
    int saved = errno;
    close (fd);
    errno = saved;
    return 0;
  }
  close (fd);
  return (guint64)end;
}

static void
write_cb (gpointer text, gpointer user_data)
{
  RegiaAudit *self = user_data;
  guint64 end = append (self->path, text);

  if (end == 0) {
    g_warning ("%s: %s; what was commanded is not written down", self->path, g_strerror (errno));
    g_free (text);
  } else {
    Line *line = g_new (Line, 1);

    *line = (Line){text, end};
    g_async_queue_push (self->there, line);
    g_idle_add_full (G_PRIORITY_DEFAULT, there_cb, self, NULL);
  }
  g_atomic_int_add (&self->lines, -1);
}

RegiaAudit *
regia_audit_new (const char *path, RegiaAuditWrittenFunc written, gpointer user_data)
{
  RegiaAudit *self = g_new0 (RegiaAudit, 1);

  self->path = g_strdup (path);
  self->written = written;
  self->user_data = user_data;
  self->there = g_async_queue_new_full (line_free);
  g_queue_init (&self->last);
  self->writer = g_thread_pool_new (write_cb, self, 1, FALSE, NULL);
  return self;
}

void
regia_audit_free (RegiaAudit *self)
{
  gint64 deadline_us = g_get_monotonic_time () + LAST_US;

  if (self == NULL)
    return;
  while (g_atomic_int_get (&self->lines) > 0 && g_get_monotonic_time () < deadline_us)
    g_usleep (1000);
  self->written = NULL;
  if (g_atomic_int_get (&self->lines) > 0)
    return; /* the disk does not answer: the thread still points here; the process is about to end */
  g_thread_pool_free (self->writer, FALSE, TRUE);
  while (g_idle_remove_by_data (self))
    ;
  g_async_queue_unref (self->there);
  g_queue_clear_full (&self->last, line_free);
  g_free (self->path);
  g_free (self);
}

void
regia_audit_write (RegiaAudit *self, char *line)
{
  g_atomic_int_inc (&self->lines);
  g_thread_pool_push (self->writer, line, NULL);
}

GVariant *
regia_audit_get_last (RegiaAudit *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ts)"));
  for (GList *link = self->last.head; link != NULL; link = link->next) {
    const Line *line = link->data;
    g_variant_builder_add (&builder, "(ts)", line->end, line->text);
  }
  return g_variant_builder_end (&builder);
}
