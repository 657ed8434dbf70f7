/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "house-private.h"

#include "live-intake-private.h"

struct _RegiaHouse {
  RegiaHlsOptions options; /* immutable */
  gint64 idle_us;          /* immutable */
  gint64 asked_us;         /* atomic: when somebody did last; 0: nobody has */
  RegiaLiveIntake *intake; /* (owned) (nullable) the writer's */
  GMutex lock;             /* guards that there is a window; the window's own is below it */
  RegiaHlsWindow *window;  /* (owned) (nullable) the writer's to set */
};

RegiaHouse *
regia_house_new (const RegiaHouseOptions *options)
{
  RegiaHouse *self = g_new0 (RegiaHouse, 1);

  g_mutex_init (&self->lock);
  self->options = (RegiaHlsOptions){.segment_ns = (gint64)options->segment_ms * REGIA_MSECOND,
                                    .segments = REGIA_HOUSE_SEGMENTS,
                                    .segments_kept = REGIA_HOUSE_SEGMENTS + 4,
                                    .epoch = options->epoch};
  self->idle_us = options->idle_us;
  return self;
}

void
regia_house_free (RegiaHouse *self)
{
  if (self == NULL)
    return;
  regia_house_close (self);
  g_mutex_clear (&self->lock);
  g_free (self);
}

RegiaHlsFound
regia_house_look_up (RegiaHouse *self, const char *path, RegiaHlsResource *ret_resource)
{
  g_autoptr (GMutexLocker) locker = NULL;

  __atomic_store_n (&self->asked_us, g_get_monotonic_time (), __ATOMIC_RELAXED);
  locker = g_mutex_locker_new (&self->lock);
  return self->window != NULL ? regia_hls_window_lookup (self->window, path, ret_resource)
                              : REGIA_HLS_NOT_YET;
}

gboolean
regia_house_is_wanted (RegiaHouse *self)
{
  gint64 asked_us = __atomic_load_n (&self->asked_us, __ATOMIC_RELAXED);

  return asked_us != 0 && g_get_monotonic_time () - asked_us < self->idle_us;
}

const char *const *
regia_house_get_tracks (void)
{
  static const char *const tracks[] = {"video/*", "audio/*", NULL};

  return tracks;
}

void
regia_house_open (RegiaHouse *self)
{
  RegiaHlsWindow *window = regia_hls_window_new (&self->options);

  regia_house_close (self);
  self->intake = regia_live_intake_new (window, &self->options.epoch);
  g_mutex_lock (&self->lock);
  self->window = window;
  g_mutex_unlock (&self->lock);
}

void
regia_house_close (RegiaHouse *self)
{
  RegiaHlsWindow *window;

  g_mutex_lock (&self->lock);
  window = g_steal_pointer (&self->window);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->intake, regia_live_intake_free);
  g_clear_pointer (&window, regia_hls_window_free);
}

gboolean
regia_house_is_open (RegiaHouse *self)
{
  return self->intake != NULL;
}

void
regia_house_take (RegiaHouse *self, const RegiaFeedEvent *event, gboolean connected)
{
  if (self->intake != NULL)
    regia_live_intake_take (self->intake, event, connected);
}
