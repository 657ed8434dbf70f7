/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "live-private.h"

#include "live-intake-private.h"
#include "regia/feed/client.h"

#define TICK_MS  200
#define RETRY_MS 1000

/*
 * One thread, which owns the feed client and is the only writer of the window, by way of the intake.
 */
struct _RegiaLive {
  RegiaLiveIntake *intake;   /* (owned) */
  RegiaFeedClient *client;   /* (owned) this thread's */
  GCancellable *cancellable; /* (owned) */
  GThread *thread;           /* (owned) */
  int finish;                /* atomic */
  gint64 tick_us;            /* atomic */
};

static gpointer
live_thread_func (gpointer data)
{
  RegiaLive *self = data;

  while (!g_cancellable_is_cancelled (self->cancellable)) {
    g_auto (RegiaFeedEvent) event = {0};
    g_autoptr (GError) error = NULL;

    __atomic_store_n (&self->tick_us, g_get_monotonic_time (), __ATOMIC_RELAXED);
    if (__atomic_load_n (&self->finish, __ATOMIC_ACQUIRE))
      regia_live_intake_end (self->intake);
    if (regia_feed_client_next (self->client, TICK_MS, self->cancellable, &event, &error)) {
      regia_live_intake_take (self->intake, &event, regia_feed_client_is_connected (self->client));
    } else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      GPollFD poll;

      regia_live_intake_note (self->intake, error);
      regia_live_intake_advance (self->intake, regia_feed_client_is_connected (self->client));
      /* The peer speaks another version: it may be replaced by one that does not. */
      g_cancellable_make_pollfd (self->cancellable, &poll);
      g_poll (&poll, 1, RETRY_MS);
      g_cancellable_release_fd (self->cancellable);
    }
  }
  return NULL;
}

RegiaLive *
regia_live_new (RegiaFeedLink *feed, RegiaHlsWindow *window, const RegiaEpoch *epoch)
{
  static const char *const tracks[] = {"video/*", "audio/*", NULL};
  RegiaLive *self = g_new0 (RegiaLive, 1);

  self->intake = regia_live_intake_new (window, epoch);
  self->cancellable = g_cancellable_new ();
  self->client = regia_feed_client_new (feed, tracks, REGIA_FEED_FROM_OLDEST, 0, 0);
  self->tick_us = g_get_monotonic_time ();
  self->thread = g_thread_new ("live", live_thread_func, self);
  return self;
}

void
regia_live_free (RegiaLive *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  regia_feed_client_free (self->client);
  g_object_unref (self->cancellable);
  regia_live_intake_free (self->intake);
  g_free (self);
}

void
regia_live_finish (RegiaLive *self)
{
  __atomic_store_n (&self->finish, 1, __ATOMIC_RELEASE);
}

gint64
regia_live_tick_age_ms (RegiaLive *self)
{
  return (g_get_monotonic_time () - __atomic_load_n (&self->tick_us, __ATOMIC_RELAXED)) / 1000;
}

guint64
regia_live_errors (RegiaLive *self, char **ret_last)
{
  return regia_live_intake_errors (self->intake, ret_last);
}
