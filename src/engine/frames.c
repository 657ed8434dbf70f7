/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frames-private.h"

#include "regia/base/clock.h"

/*
 * RegiaFrames is one queue with a mark in it: what lies before the mark was taken by the present encoder and
 * waits for its packet, what lies behind it waits to be taken. A new life moves the mark to the front.
 *
 * Threads: the mix pushes, the life's thread takes, the encoder's says what is done, the main thread asks.
 * `lock` is a leaf.
 */

struct _RegiaFrames {
  gatomicrefcount ref_count;
  guint room;

  GMutex lock;            /* guards what follows */
  GCond cond;             /* a frame came, the end, or another life */
  GQueue inside, waiting; /* (element-type GstBuffer) (owned) */
  guint life;
  guint told_end; /* life that was told the end */
  gboolean ended;
  guint64 dropped;
  gint64 last_in_ns, owed_ns;
};

static void
drop_all (GQueue *queue)
{
  GstBuffer *frame;

  while ((frame = g_queue_pop_head (queue)))
    gst_buffer_unref (frame);
}

RegiaFrames *
regia_frames_new (guint room)
{
  RegiaFrames *self = g_new0 (RegiaFrames, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->room = room;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_queue_init (&self->inside);
  g_queue_init (&self->waiting);
  return self;
}

RegiaFrames *
regia_frames_ref (RegiaFrames *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_frames_unref (RegiaFrames *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  drop_all (&self->inside);
  drop_all (&self->waiting);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

/* One that is inside is only forgotten: its packet may still come. */
static void
make_room_locked (RegiaFrames *self)
{
  if (self->inside.length + self->waiting.length < self->room)
    return;
  if (self->inside.length > 0) {
    gst_buffer_unref (g_queue_pop_head (&self->inside));
  } else {
    gst_buffer_unref (g_queue_pop_head (&self->waiting));
    self->dropped++;
  }
}

void
regia_frames_push (RegiaFrames *self, GstBuffer *frame)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->last_in_ns = regia_clock_monotonic_ns ();
  if (self->inside.length + self->waiting.length == 0)
    self->owed_ns = self->last_in_ns;
  make_room_locked (self);
  g_queue_push_tail (&self->waiting, frame);
  g_cond_broadcast (&self->cond);
}

void
regia_frames_skip (RegiaFrames *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->dropped++;
  self->last_in_ns = regia_clock_monotonic_ns ();
}

void
regia_frames_drop (RegiaFrames *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->dropped += self->waiting.length;
  drop_all (&self->waiting);
  drop_all (&self->inside);
}

void
regia_frames_end (RegiaFrames *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->ended = TRUE;
  g_cond_broadcast (&self->cond);
}

guint
regia_frames_begin (RegiaFrames *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GstBuffer *frame;

  while ((frame = g_queue_pop_tail (&self->inside)))
    g_queue_push_head (&self->waiting, frame);
  self->life++;
  g_cond_broadcast (&self->cond);
  return self->life;
}

GstBuffer *
regia_frames_take (RegiaFrames *self, guint life, gboolean *ret_end)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GstBuffer *frame;

  *ret_end = FALSE;
  while (life == self->life && self->waiting.length == 0 && !(self->ended && self->told_end != life))
    g_cond_wait (&self->cond, &self->lock);
  if (life != self->life)
    return NULL;
  if (self->waiting.length == 0) {
    self->told_end = life;
    *ret_end = TRUE;
    return NULL;
  }
  frame = g_queue_pop_head (&self->waiting);
  g_queue_push_tail (&self->inside, frame);
  return gst_buffer_ref (frame);
}

void
regia_frames_wait_over (RegiaFrames *self, guint life)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (life == self->life)
    g_cond_wait (&self->cond, &self->lock);
}

void
regia_frames_done (RegiaFrames *self, gint64 pts_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GstBuffer *frame;

  while ((frame = g_queue_peek_head (&self->inside)) && (gint64)GST_BUFFER_PTS (frame) <= pts_ns)
    gst_buffer_unref (g_queue_pop_head (&self->inside));
}

void
regia_frames_get_stats (RegiaFrames *self, RegiaFramesStats *ret_stats)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  ret_stats->waiting = self->waiting.length;
  ret_stats->dropped = self->dropped;
  ret_stats->last_in_ns = self->last_in_ns;
  ret_stats->owed_ns = self->inside.length + self->waiting.length > 0 ? self->owed_ns : 0;
}
