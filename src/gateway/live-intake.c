/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "live-intake-private.h"

#include "regia/base/error.h"

/* The engine may be late; only when nothing came for this long, though the connection stands, are numbers
 * given up as gaps. */
#define SILENCE_MS 5000
#define FUTURE_NS  (10 * REGIA_SECOND)

/*
 * Three states: following (packets come), away (the engine is gone or silent: show time is pushed on by the
 * clock so that the playlist's numbers do not stop), over (the feed ended in order or somebody said so: the
 * window is closed until a new generation's tracks arrive).
 */
struct _RegiaLiveIntake {
  RegiaHlsWindow *window; /* (unowned) */
  RegiaEpoch epoch;       /* immutable */
  gboolean over;          /* the writer's */
  gint64 last_packet_us;  /* the writer's */
  guint64 errors;         /* atomic */
  GMutex lock;            /* guards last_error */
  char *last_error;       /* (owned) (nullable) */
};

RegiaLiveIntake *
regia_live_intake_new (RegiaHlsWindow *window, const RegiaEpoch *epoch)
{
  RegiaLiveIntake *self = g_new0 (RegiaLiveIntake, 1);

  g_mutex_init (&self->lock);
  self->window = window;
  self->epoch = *epoch;
  self->last_packet_us = g_get_monotonic_time ();
  return self;
}

void
regia_live_intake_free (RegiaLiveIntake *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->lock);
  g_free (self->last_error);
  g_free (self);
}

void
regia_live_intake_note (RegiaLiveIntake *self, const GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_debug ("%s", error->message);
  __atomic_add_fetch (&self->errors, 1, __ATOMIC_RELAXED);
  g_free (self->last_error);
  self->last_error = g_strdup (error->message);
}

void
regia_live_intake_end (RegiaLiveIntake *self)
{
  g_autoptr (GError) error = NULL;

  if (self->over)
    return;
  self->over = TRUE;
  if (!regia_hls_window_end (self->window, &error))
    regia_live_intake_note (self, error);
}

void
regia_live_intake_advance (RegiaLiveIntake *self, gboolean connected)
{
  gint64 silent_ms = (g_get_monotonic_time () - self->last_packet_us) / 1000;
  g_autoptr (GError) error = NULL;

  if (self->over || (connected && silent_ms < SILENCE_MS))
    return;
  if (!regia_hls_window_advance (self->window, regia_epoch_show_time (&self->epoch), &error))
    regia_live_intake_note (self, error);
}

/* Engine and gateway read the same clock, so no honest packet is far ahead; one that is would stop its track
 * until its time has come. */
static gboolean
is_of_the_future (RegiaLiveIntake *self, const RegiaPacket *packet)
{
  gint64 latest_ns = regia_epoch_show_time (&self->epoch) + FUTURE_NS;

  return packet->pts_ns > latest_ns || packet->dts_ns > latest_ns || packet->duration_ns > FUTURE_NS;
}

void
regia_live_intake_take (RegiaLiveIntake *self, const RegiaFeedEvent *event, gboolean connected)
{
  g_autoptr (GError) error = NULL;

  switch (event->type) {
  case REGIA_FEED_EVENT_TRACKS:
    self->over = FALSE;
    self->last_packet_us = g_get_monotonic_time ();
    if (!regia_hls_window_set_tracks (self->window, event->tracks, &error))
      regia_live_intake_note (self, error);
    break;
  case REGIA_FEED_EVENT_PACKET:
    if (is_of_the_future (self, event->packet)) {
      g_set_error_literal (&error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                           "a packet of the future was passed over");
      regia_live_intake_note (self, error);
      break;
    }
    self->last_packet_us = g_get_monotonic_time ();
    if (!regia_hls_window_push (self->window, event->packet, &error))
      regia_live_intake_note (self, error);
    break;
  case REGIA_FEED_EVENT_END:
    regia_live_intake_end (self);
    break;
  case REGIA_FEED_EVENT_GAP: /* the window sees it by the packets' times */
    break;
  case REGIA_FEED_EVENT_NONE:
    regia_live_intake_advance (self, connected);
    break;
  }
}

guint64
regia_live_intake_errors (RegiaLiveIntake *self, char **ret_last)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  *ret_last = g_strdup (self->last_error);
  return __atomic_load_n (&self->errors, __ATOMIC_RELAXED);
}
