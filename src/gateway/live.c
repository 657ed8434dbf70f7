/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "live-private.h"

#include "regia/base/error.h"
#include "regia/feed/client.h"

#define TICK_MS 200
/* The engine may be late; only when nothing came for this long, though the connection stands, are numbers
 * given up as gaps. */
#define SILENCE_MS 5000
#define FUTURE_NS  (10 * REGIA_SECOND)
#define RETRY_MS   1000

/*
 * One thread, which owns the feed client and is the only writer of the window. Three states: following
 * (packets come), away (the engine is gone or silent: show time is pushed on by the clock so that the
 * playlist's numbers do not stop), over (the feed ended in order or the director said so: the window is
 * closed until a new generation's tracks arrive).
 */
struct _RegiaLive {
  RegiaHlsWindow *window;    /* (unowned) */
  RegiaEpoch epoch;          /* immutable */
  RegiaFeedClient *client;   /* (owned) this thread's */
  GCancellable *cancellable; /* (owned) */
  GThread *thread;           /* (owned) */
  gboolean over;             /* this thread's */
  gint64 last_packet_us;     /* this thread's */
  int finish;                /* atomic */
  gint64 tick_us;            /* atomic */
  guint64 errors;            /* atomic */
  GMutex lock;               /* guards last_error */
  char *last_error;          /* (owned) (nullable) */
};

static void
note_error (RegiaLive *self, const GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_debug ("%s", error->message);
  __atomic_add_fetch (&self->errors, 1, __ATOMIC_RELAXED);
  g_free (self->last_error);
  self->last_error = g_strdup (error->message);
}

static void
end_window (RegiaLive *self)
{
  g_autoptr (GError) error = NULL;

  if (self->over)
    return;
  self->over = TRUE;
  if (!regia_hls_window_end (self->window, &error))
    note_error (self, error);
}

static void
advance (RegiaLive *self)
{
  gint64 silent_ms = (g_get_monotonic_time () - self->last_packet_us) / 1000;
  g_autoptr (GError) error = NULL;

  if (self->over || (regia_feed_client_is_connected (self->client) && silent_ms < SILENCE_MS))
    return;
  if (!regia_hls_window_advance (self->window, regia_epoch_show_time (&self->epoch), &error))
    note_error (self, error);
}

/* Engine and gateway read the same clock, so no honest packet is far ahead; one that is would stop its track
 * until its time has come. */
static gboolean
is_of_the_future (RegiaLive *self, const RegiaPacket *packet)
{
  gint64 latest_ns = regia_epoch_show_time (&self->epoch) + FUTURE_NS;

  return packet->pts_ns > latest_ns || packet->dts_ns > latest_ns || packet->duration_ns > FUTURE_NS;
}

static void
take_event (RegiaLive *self, const RegiaFeedEvent *event)
{
  g_autoptr (GError) error = NULL;

  switch (event->type) {
  case REGIA_FEED_EVENT_TRACKS:
    self->over = FALSE;
    self->last_packet_us = g_get_monotonic_time ();
    if (!regia_hls_window_set_tracks (self->window, event->tracks, &error))
      note_error (self, error);
    break;
  case REGIA_FEED_EVENT_PACKET:
    if (is_of_the_future (self, event->packet)) {
      g_set_error_literal (&error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                           "a packet of the future was passed over");
      note_error (self, error);
      break;
    }
    self->last_packet_us = g_get_monotonic_time ();
    if (!regia_hls_window_push (self->window, event->packet, &error))
      note_error (self, error);
    break;
  case REGIA_FEED_EVENT_END:
    end_window (self);
    break;
  case REGIA_FEED_EVENT_GAP: /* the window sees it by the packets' times */
    break;
  case REGIA_FEED_EVENT_NONE:
    advance (self);
    break;
  }
}

static gpointer
live_thread_func (gpointer data)
{
  RegiaLive *self = data;

  while (!g_cancellable_is_cancelled (self->cancellable)) {
    g_auto (RegiaFeedEvent) event = {0};
    g_autoptr (GError) error = NULL;

    __atomic_store_n (&self->tick_us, g_get_monotonic_time (), __ATOMIC_RELAXED);
    if (__atomic_load_n (&self->finish, __ATOMIC_ACQUIRE))
      end_window (self);
    if (regia_feed_client_next (self->client, TICK_MS, self->cancellable, &event, &error)) {
      take_event (self, &event);
    } else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      GPollFD poll;
      note_error (self, error);
      advance (self);
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

  g_mutex_init (&self->lock);
  self->window = window;
  self->epoch = *epoch;
  self->cancellable = g_cancellable_new ();
  self->client = regia_feed_client_new (feed, tracks, REGIA_FEED_FROM_OLDEST, 0, 0);
  self->tick_us = self->last_packet_us = g_get_monotonic_time ();
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
  g_mutex_clear (&self->lock);
  g_free (self->last_error);
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
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  *ret_last = g_strdup (self->last_error);
  return __atomic_load_n (&self->errors, __ATOMIC_RELAXED);
}
