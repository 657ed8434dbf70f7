/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feeder.h"

#include "regia/feed/server.h"

struct _Feeder {
  Sample *sample;
  RegiaEpoch epoch;
  RegiaFeedLog *log;
  RegiaFeedServer *server;
  GThread *thread;
  GMutex lock; /* guards frames and ending */
  GCond cond;
  guint64 frames;
  gboolean ending;
};

/* Sleeps until show time @until_ns. Must be called with the lock. */
static void
wait_until (Feeder *self, gint64 until_ns)
{
  gint64 wait_ns = until_ns - regia_epoch_show_time (&self->epoch);
  gint64 end_us = g_get_monotonic_time () + wait_ns / 1000;

  while (!self->ending && g_get_monotonic_time () < end_us)
    g_cond_wait_until (&self->cond, &self->lock, end_us);
}

static gpointer
run (gpointer data)
{
  Feeder *self = data;
  gint64 start_ns = regia_epoch_show_time (&self->epoch);
  guint64 frame = 0, sound = 0;

  g_mutex_lock (&self->lock);
  while (!self->ending) {
    RegiaPacket *packet = sample_next (self->sample, &frame, &sound, start_ns);

    wait_until (self, packet->pts_ns);
    regia_feed_log_append (self->log, packet);
    self->frames = frame;
    g_cond_broadcast (&self->cond);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

Feeder *
feeder_new (Sample *sample, const RegiaEpoch *epoch, guint64 generation)
{
  Feeder *self = g_new0 (Feeder, 1);

  self->sample = sample;
  self->epoch = *epoch;
  self->log = regia_feed_log_new (generation, 60 * REGIA_SECOND, 64 << 20);
  regia_feed_log_set_tracks (self->log, sample->tracks);
  self->server = regia_feed_server_new (self->log);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->thread = g_thread_new ("feeder", run, self);
  return self;
}

int
feeder_hand (Feeder *self, const char *name, RegiaFeedRights rights)
{
  return pair_open (self->server, name, rights);
}

guint
feeder_get_frames (Feeder *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return (guint)self->frames;
}

void
feeder_wait (Feeder *self, guint frames)
{
  guint64 until;

  g_mutex_lock (&self->lock);
  until = self->frames + frames;
  while (self->frames < until)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
end_thread (Feeder *self)
{
  if (self->thread == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->ending = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  g_thread_join (g_steal_pointer (&self->thread));
}

void
feeder_end (Feeder *self)
{
  end_thread (self);
  regia_feed_log_end (self->log);
  regia_feed_server_drain (self->server, 5000);
}

void
feeder_free (Feeder *self)
{
  end_thread (self);
  regia_feed_server_free (self->server);
  regia_feed_log_free (self->log);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}
