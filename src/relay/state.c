/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-relay"

#include "state-private.h"

#include <string.h>

/*
 * RegiaRelayState is the only thing that a relay's two threads share. The worker writes down facts (what it
 * is at, since when, how many bytes went); what to call that is decided when somebody asks, from the facts
 * and the time: so a worker that is stuck in a write cannot go on claiming to be live.
 */

#define LIVE_US (2 * G_TIME_SPAN_SECOND)
#define RATE_US (2 * G_TIME_SPAN_SECOND)
#define GOOD_US (60 * G_TIME_SPAN_SECOND)

void
regia_relay_state_init (RegiaRelayState *self)
{
  memset (self, 0, sizeof *self);
  g_mutex_init (&self->lock);
  self->last_error = g_strdup ("");
}

void
regia_relay_state_clear (RegiaRelayState *self)
{
  g_mutex_clear (&self->lock);
  g_clear_pointer (&self->last_error, g_free);
}

void
regia_relay_state_set_phase (RegiaRelayState *self, RegiaRelayPhase phase, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  self->phase = phase;
  self->busy_us = 0;
  if (phase == REGIA_RELAY_CONNECTING)
    self->attempts++;
  if (phase != REGIA_RELAY_CONNECTED) {
    self->connected_us = 0;
    self->bps = 0;
    return;
  }
  self->connected_us = self->progress_us = self->rate_us = now_us;
  self->bytes = self->rate_bytes = 0;
}

void
regia_relay_state_busy (RegiaRelayState *self, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  self->busy_us = now_us;
}

void
regia_relay_state_wrote (RegiaRelayState *self, guint64 bytes, guint64 dropped, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  self->busy_us = 0;
  self->dropped = dropped;
  if (bytes > self->bytes)
    self->progress_us = now_us;
  self->bytes = bytes;
  if (now_us - self->rate_us >= RATE_US) {
    self->bps = (bytes - self->rate_bytes) * 8 * G_TIME_SPAN_SECOND / (guint64)(now_us - self->rate_us);
    self->rate_us = now_us;
    self->rate_bytes = bytes;
  }
  if (*self->last_error != '\0' && now_us - self->connected_us >= GOOD_US) {
    g_free (self->last_error);
    self->last_error = g_strdup ("");
  }
}

void
regia_relay_state_failed (RegiaRelayState *self, const char *words, guint delay_ms, gint64 now_us)
{
  regia_relay_state_set_phase (self, REGIA_RELAY_RETRYING, now_us);
  g_mutex_lock (&self->lock);
  g_free (self->last_error);
  self->last_error = g_strdup (words);
  self->retry_us = now_us + delay_ms * G_TIME_SPAN_MILLISECOND;
  g_mutex_unlock (&self->lock);
}

static guint64
ms_between (gint64 from_us, gint64 to_us)
{
  return from_us > 0 && to_us > from_us ? (guint64)(to_us - from_us) / G_TIME_SPAN_MILLISECOND : 0;
}

guint64
regia_relay_state_connected_ms (RegiaRelayState *self, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return ms_between (self->connected_us, now_us);
}

guint64
regia_relay_state_busy_ms (RegiaRelayState *self, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return ms_between (self->busy_us, now_us);
}

/* Must be called with the lock. */
static const char *
name_state (const RegiaRelayState *self, gint64 now_us)
{
  switch (self->phase) {
  case REGIA_RELAY_CONNECTING:
    return "connecting";
  case REGIA_RELAY_RETRYING:
    return "retrying";
  case REGIA_RELAY_CONNECTED:
    if (now_us - self->progress_us < LIVE_US)
      return "live";
    return self->busy_us > 0 ? "stalled" : "idle";
  case REGIA_RELAY_WAITING:
  default:
    return "idle";
  }
}

const char *
regia_relay_state_get (RegiaRelayState *self, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return name_state (self, now_us);
}

GVariant *
regia_relay_state_to_variant (RegiaRelayState *self, const char *name, const char *kind, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);
  const char *state = name_state (self, now_us);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "kind", "s", kind);
  g_variant_dict_insert (&dict, "state", "s", state);
  g_variant_dict_insert (&dict, "last-error", "s", self->last_error);
  g_variant_dict_insert (&dict, "retry-in-ms", "t",
                         self->phase == REGIA_RELAY_RETRYING ? ms_between (now_us, self->retry_us)
                                                             : G_GUINT64_CONSTANT (0));
  g_variant_dict_insert (&dict, "attempts", "t", self->attempts);
  g_variant_dict_insert (&dict, "bytes", "t",
                         self->phase == REGIA_RELAY_CONNECTED ? self->bytes : G_GUINT64_CONSTANT (0));
  g_variant_dict_insert (&dict, "bps", "t", g_str_equal (state, "live") ? self->bps : G_GUINT64_CONSTANT (0));
  g_variant_dict_insert (&dict, "dropped", "t", self->dropped);
  g_variant_dict_insert (&dict, "live-ms", "t", ms_between (self->connected_us, now_us));
  return g_variant_dict_end (&dict);
}
