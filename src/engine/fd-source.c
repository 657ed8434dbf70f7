/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "fd-source-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * Life cycle: start() on the thread that starts the pipeline, without waiting; create() waits on the
 * streaming thread, and is woken by unlock(); stop() closes.
 */

#define BLOCK_BYTES (64 * 1024)

G_DEFINE_ABSTRACT_TYPE (RegiaFdSource, regia_fd_source, GST_TYPE_PUSH_SRC)

static RegiaFdSourceClass *
class_of (gpointer self)
{
  return G_TYPE_INSTANCE_GET_CLASS (self, REGIA_TYPE_FD_SOURCE, RegiaFdSourceClass);
}

static gboolean
stop (GstBaseSrc *base)
{
  RegiaFdSource *self = (RegiaFdSource *)base;

  if (self->fd >= 0)
    close (self->fd);
  if (self->wake >= 0)
    close (self->wake);
  self->fd = self->wake = -1;
  if (class_of (self)->close)
    class_of (self)->close (self);
  return TRUE;
}

static gboolean
start (GstBaseSrc *base)
{
  RegiaFdSource *self = (RegiaFdSource *)base;

  self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->wake < 0)
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("cannot wait for anything: %s", g_strerror (errno)),
                       (NULL));
  else
    self->fd = class_of (self)->open (self);
  if (self->fd >= 0)
    return TRUE;
  stop (base);
  return FALSE;
}

static gboolean
unlock (GstBaseSrc *base)
{
  const guint64 one = 1;
  RegiaFdSource *self = (RegiaFdSource *)base;

  return self->wake < 0 || write (self->wake, &one, sizeof one) == sizeof one;
}

static gboolean
unlock_stop (GstBaseSrc *base)
{
  guint64 count;
  RegiaFdSource *self = (RegiaFdSource *)base;

  while (self->wake >= 0 && read (self->wake, &count, sizeof count) == sizeof count)
    ;
  return TRUE;
}

/* Returns: how many bytes have come; 0 at the end; −1 when it was woken. */
static ssize_t
wait_for_bytes (RegiaFdSource *self, guint8 *bytes, gsize length)
{
  for (;;) {
    struct pollfd fds[] = {{.fd = self->wake, .events = POLLIN}, {.fd = self->fd, .events = POLLIN}};
    ssize_t got;

    if (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno != EINTR)
      return 0;
    if (fds[0].revents)
      return -1;
    got = read (self->fd, bytes, length);
    if (got >= 0)
      return got;
    if (errno != EAGAIN && errno != EINTR)
      return 0;
  }
}

static GstFlowReturn
create (GstPushSrc *base, GstBuffer **ret_buffer)
{
  RegiaFdSource *self = (RegiaFdSource *)base;
  RegiaFdSourceClass *class = class_of (self);
  g_autofree guint8 *bytes = g_malloc (BLOCK_BYTES);
  gsize from = 0, got_bytes;
  ssize_t got;

  do {
    got = wait_for_bytes (self, bytes, BLOCK_BYTES);
    if (got < 0)
      return GST_FLOW_FLUSHING;
    if (got == 0) {
      g_autofree char *why = class->why_ended (self);

      GST_ELEMENT_ERROR (self, RESOURCE, READ, ("%s", why), (NULL));
      return GST_FLOW_ERROR;
    }
    from = class->skip ? class->skip (self, bytes, (gsize)got) : 0;
  } while (from == (gsize)got);
  got_bytes = (gsize)got - from;
  *ret_buffer = from == 0 ? gst_buffer_new_wrapped (g_steal_pointer (&bytes), got_bytes)
                          : gst_buffer_new_memdup (bytes + from, got_bytes);
  return GST_FLOW_OK;
}

static void
regia_fd_source_init (RegiaFdSource *self)
{
  self->fd = self->wake = -1;
  gst_base_src_set_live (GST_BASE_SRC (self), TRUE);
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}

static void
regia_fd_source_class_init (RegiaFdSourceClass *class)
{
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS (class);

  base->start = start;
  base->stop = stop;
  base->unlock = unlock;
  base->unlock_stop = unlock_stop;
  GST_PUSH_SRC_CLASS (class)->create = create;
}
