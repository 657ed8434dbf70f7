/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-relay"

#include "worker-private.h"

#include <string.h>

#include "pace-private.h"
#include "regia/base/error.h"
#include "regia/feed/client.h"
#include "regia/mux/output.h"
#include "state-private.h"

/*
 * RegiaRelayWorker: one thread in an endless round:
 *
 *   wait for a feed that has our tracks and a keyframe → connect → push → (the feed ended: from the start;
 * else wait a while, from the start)
 *
 * The thread may block on the network, always with a deadline; nobody waits for it but free(). While no
 * connection stands the feed is not read at all, and a new connection begins at the newest keyframe: nothing
 * ever piles up. Show time goes on when the engine is restarted, and so does the connection, as long as the
 * new generation's tracks are the same.
 *
 * The key comes from the director, and again when it changed: a corrected one is used at the next attempt.
 * What libavformat is given is wiped after it.
 */

#define TICK_MS   250                       /* how often the thread looks up while the feed is quiet */
#define QUIET_US  (10 * G_TIME_SPAN_SECOND) /* a connection without a feed is given up after this */
#define FINISH_US (800 * G_TIME_SPAN_MILLISECOND)
#define SOON_MS   10000 /* a connection closed this early: perhaps the key */
#define STUCK_MS  30000 /* above the deadline of a call */

struct _RegiaRelayWorker {
  RegiaRelayWorkerSetup setup; /* immutable, but for backoff: the thread's; strings owned */
  const char *kind;            /* immutable, static */
  void (*done_cb) (gpointer);  /* immutable */
  gpointer done_data;
  GThread *thread;
  GCancellable *cancellable; /* (owned) cancelled: go away at once */
  RegiaRelayState state;     /* its own lock */

  GMutex lock;           /* guards finish_us, key, key_error */
  GCond cond;            /* it was set */
  gint64 finish_us;      /* when stop() was first called, 0 before */
  char *key, *key_error; /* (owned) (nullable) */

  /* the thread's own */
  RegiaPace pace;
  guint64 ended_generation; /* the last one whose end we were told, 0 before */
  gboolean accepted;        /* the far end took our stream once: what it rejects later is most likely a
                             * second stream beside one that it has not yet noticed to be dead */
};

typedef enum {
  PUSH_FEED_ENDED, /* or is quiet, or we are to stop: no fault of the far end */
  PUSH_REOPEN,     /* the tracks have changed */
  PUSH_FAILED,
} PushResult;

void
regia_relay_worker_setup (RegiaRelayWorkerSetup *ret_setup, const RegiaConfigRelay *relay)
{
  memset (ret_setup, 0, sizeof *ret_setup);
  ret_setup->relay = relay;
  ret_setup->timeout_ms = 5000;
  ret_setup->backoff = (RegiaBackoff){.first_ms = 1000, .max_ms = 30000, .reset_ms = 60000};
  ret_setup->rejected_ms = 60000;
}

static gint64
finish_asked_us (RegiaRelayWorker *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return self->finish_us;
}

static gboolean
must_leave (RegiaRelayWorker *self)
{
  return g_cancellable_is_cancelled (self->cancellable) || finish_asked_us (self) > 0;
}

static gboolean
wants (RegiaRelayWorker *self, const RegiaTrack *track)
{
  return g_str_equal (track->name, self->setup.video) || g_str_equal (track->name, self->setup.audio);
}

static RegiaFeedClient *
new_client (RegiaRelayWorker *self)
{
  const char *const names[] = {self->setup.video, self->setup.audio, NULL};

  return regia_feed_client_new (self->setup.feed, names, REGIA_FEED_FROM_LIVE, 0, 0);
}

/* (transfer full): our tracks of the table, video first. */
static GPtrArray *
pick_tracks (RegiaRelayWorker *self, GPtrArray *table, GError **error)
{
  const char *const names[] = {self->setup.video, self->setup.audio};
  g_autoptr (GPtrArray) picked = regia_tracks_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    RegiaTrack *track = regia_tracks_find (table, names[i]);

    if (track == NULL) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE, "The programme has no track %s", names[i]);
      return NULL;
    }
    g_ptr_array_add (picked, regia_track_ref (track));
  }
  return g_steal_pointer (&picked);
}

/* What an engine that hangs, or has ended, still serves is nothing to connect for. */
static gboolean
is_on_air (RegiaRelayWorker *self, const RegiaFeedEvent *event)
{
  return event->generation != self->ended_generation &&
         regia_epoch_show_time (&self->setup.epoch) - event->packet->pts_ns < QUIET_US * 1000;
}

/* Waits until there is something to send. Returns: (nullable): our tracks; NULL without error when the thread
 * is to leave. */
static GPtrArray *
wait_for_feed (RegiaRelayWorker *self, GError **error)
{
  g_autoptr (RegiaFeedClient) client = new_client (self);
  g_autoptr (GPtrArray) table = NULL;

  while (!must_leave (self)) {
    g_auto (RegiaFeedEvent) event = {0};

    if (!regia_feed_client_next (client, TICK_MS, self->cancellable, &event, error))
      return NULL;
    if (event.type == REGIA_FEED_EVENT_NONE) {
      regia_relay_state_set_phase (&self->state, REGIA_RELAY_WAITING, g_get_monotonic_time ());
    } else if (event.type == REGIA_FEED_EVENT_TRACKS) {
      g_clear_pointer (&table, g_ptr_array_unref);
      table = g_ptr_array_ref (event.tracks);
    } else if (event.type == REGIA_FEED_EVENT_PACKET && table != NULL && is_on_air (self, &event)) {
      return pick_tracks (self, table, error);
    }
  }
  return NULL;
}

static void
wipe (char *secret)
{
  if (secret == NULL)
    return;
  explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

/* (transfer full): to be wiped. */
static char *
copy_key (RegiaRelayWorker *self, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  if (self->key != NULL)
    return g_strdup (self->key);
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
                       self->key_error != NULL ? self->key_error : "the key has not come yet");
  return NULL;
}

static RegiaOutput *
connect_output (RegiaRelayWorker *self, GPtrArray *tracks, GError **error)
{
  const RegiaConfigRelay *relay = self->setup.relay;
  gboolean srt = g_str_equal (self->kind, "srt");
  RegiaOutputTarget target = {
      .url = relay->url, .stream_id = relay->stream_id, .latency_ms = relay->latency_ms};
  char *key = NULL;
  RegiaOutput *output;

  if (relay->key_file != NULL && (key = copy_key (self, error)) == NULL)
    return NULL;
  target.key = key;
  regia_relay_state_busy (&self->state, g_get_monotonic_time ());
  output = regia_output_open (&target, srt ? "mpegts" : "flv", tracks, self->setup.timeout_ms,
                              self->cancellable, error);
  wipe (key);
  return output;
}

static gboolean
push_packet (RegiaRelayWorker *self, RegiaOutput *output, RegiaPacket *packet, gboolean is_video,
             GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!regia_pace_take (&self->pace, packet, is_video, regia_epoch_show_time (&self->setup.epoch)))
    return TRUE;
  regia_relay_state_busy (&self->state, g_get_monotonic_time ());
  if (!regia_output_write (output, packet, &local)) {
    if (!g_error_matches (local, REGIA_ERROR, REGIA_ERROR_MEDIA)) {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
    g_debug ("packet passed over: %s", local->message);
    self->pace.dropped++;
  }
  regia_relay_state_wrote (&self->state, regia_output_get_bytes (output), self->pace.dropped,
                           g_get_monotonic_time ());
  return TRUE;
}

static gboolean
finished (RegiaRelayWorker *self, gboolean feed_quiet)
{
  gint64 asked_us = finish_asked_us (self);

  return asked_us > 0 && (feed_quiet || g_get_monotonic_time () - asked_us > FINISH_US);
}

static PushResult
push (RegiaRelayWorker *self, RegiaOutput *output, GError **error)
{
  g_autoptr (RegiaFeedClient) client = new_client (self);
  g_autoptr (GPtrArray) table = NULL;
  gint64 fed_us = g_get_monotonic_time ();

  regia_pace_start (&self->pace, TRUE);
  while (TRUE) {
    g_auto (RegiaFeedEvent) event = {0};

    if (!regia_feed_client_next (client, TICK_MS, self->cancellable, &event, error))
      return PUSH_FAILED;
    if (finished (self, event.type == REGIA_FEED_EVENT_NONE))
      return PUSH_FEED_ENDED;
    switch (event.type) {
    case REGIA_FEED_EVENT_NONE:
      if (g_get_monotonic_time () - fed_us > QUIET_US)
        return PUSH_FEED_ENDED;
      break;
    case REGIA_FEED_EVENT_TRACKS:
      if (!regia_output_follow (output, event.tracks))
        return PUSH_REOPEN;
      g_clear_pointer (&table, g_ptr_array_unref);
      table = g_ptr_array_ref (event.tracks);
      break;
    case REGIA_FEED_EVENT_GAP:
      regia_pace_gap (&self->pace);
      break;
    case REGIA_FEED_EVENT_END:
      self->ended_generation = event.generation;
      return PUSH_FEED_ENDED;
    case REGIA_FEED_EVENT_PACKET: {
      const RegiaTrack *track = g_ptr_array_index (table, event.packet->track);

      fed_us = g_get_monotonic_time ();
      if (wants (self, track) &&
          !push_packet (self, output, event.packet, regia_track_is_video (track), error))
        return PUSH_FAILED;
      break;
    }
    }
  }
}

/* Puts the failure into the state and waits for as long as it asks for. */
static void
wait_after (RegiaRelayWorker *self, const GError *failure, guint64 worked_ms)
{
  gboolean rejected = g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  gboolean early = g_str_equal (self->kind, "rtmp") && worked_ms > 0 && worked_ms < SOON_MS &&
                   g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  guint delay_ms = regia_backoff_failed (&self->setup.backoff, worked_ms, g_random_double ());
  g_autofree char *words = g_strconcat (
      failure->message,
      early ? " soon after it began; if it does so again, the key may be wrong or already in use" : "", NULL);
  gint64 now_us = g_get_monotonic_time ();

  if (rejected && !self->accepted)
    delay_ms = MAX (delay_ms, self->setup.rejected_ms);
  g_debug ("%s: next attempt in %u ms", words, delay_ms);
  regia_relay_state_failed (&self->state, words, delay_ms, now_us);
  g_mutex_lock (&self->lock);
  while (self->finish_us == 0 &&
         g_cond_wait_until (&self->cond, &self->lock, now_us + delay_ms * G_TIME_SPAN_MILLISECOND))
    ;
  g_mutex_unlock (&self->lock);
}

/* One connection from beginning to end. Returns: FALSE with the reason when it failed. */
static gboolean
run_connection (RegiaRelayWorker *self, GPtrArray *tracks, guint64 *ret_worked_ms, GError **error)
{
  g_autoptr (RegiaOutput) output = NULL;
  PushResult result;

  regia_relay_state_set_phase (&self->state, REGIA_RELAY_CONNECTING, g_get_monotonic_time ());
  output = connect_output (self, tracks, error);
  if (output == NULL)
    return FALSE;
  regia_relay_state_set_phase (&self->state, REGIA_RELAY_CONNECTED, g_get_monotonic_time ());
  result = push (self, output, error);
  *ret_worked_ms = MAX (regia_relay_state_connected_ms (&self->state, g_get_monotonic_time ()), 1);
  self->accepted = self->accepted || *ret_worked_ms >= SOON_MS;
  return result != PUSH_FAILED;
}

static gpointer
run (gpointer data)
{
  RegiaRelayWorker *self = data;

  while (!must_leave (self)) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) tracks = NULL;
    guint64 worked_ms = 0;

    tracks = wait_for_feed (self, &error);
    if (tracks != NULL)
      run_connection (self, tracks, &worked_ms, &error);
    if (error == NULL)
      regia_relay_state_set_phase (&self->state, REGIA_RELAY_WAITING, g_get_monotonic_time ());
    else if (!must_leave (self))
      wait_after (self, error, worked_ms);
  }
  regia_relay_state_set_phase (&self->state, REGIA_RELAY_WAITING, g_get_monotonic_time ());
  if (self->done_cb != NULL)
    self->done_cb (self->done_data);
  return NULL;
}

RegiaRelayWorker *
regia_relay_worker_new (const RegiaRelayWorkerSetup *setup, void (*done_cb) (gpointer), gpointer done_data)
{
  RegiaRelayWorker *self = g_new0 (RegiaRelayWorker, 1);

  self->setup = *setup;
  self->setup.video = g_strdup (setup->video);
  self->setup.audio = g_strdup (setup->audio);
  self->setup.feed = regia_feed_link_ref (setup->feed);
  self->setup.key = self->setup.key_error = NULL;
  self->key = g_strdup (setup->key);
  self->key_error = g_strdup (setup->key_error);
  self->kind = g_str_has_prefix (setup->relay->url, "srt:") ? "srt" : "rtmp";
  self->done_cb = done_cb;
  self->done_data = done_data;
  self->cancellable = g_cancellable_new ();
  regia_relay_state_init (&self->state);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->thread = g_thread_new ("relay", run, self);
  return self;
}

void
regia_relay_worker_set_key (RegiaRelayWorker *self, const char *key, const char *key_error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  wipe (self->key);
  g_free (self->key_error);
  self->key = g_strdup (key);
  self->key_error = g_strdup (key_error);
}

void
regia_relay_worker_stop (RegiaRelayWorker *self, gboolean finish)
{
  g_mutex_lock (&self->lock);
  if (self->finish_us == 0)
    self->finish_us = g_get_monotonic_time ();
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
  if (!finish)
    g_cancellable_cancel (self->cancellable);
}

GVariant *
regia_relay_worker_get_state (RegiaRelayWorker *self)
{
  return regia_relay_state_to_variant (&self->state, self->setup.relay->name, self->kind,
                                       g_get_monotonic_time ());
}

gboolean
regia_relay_worker_is_healthy (RegiaRelayWorker *self, char **ret_why)
{
  guint64 busy_ms = regia_relay_state_busy_ms (&self->state, g_get_monotonic_time ());

  if (busy_ms <= self->setup.timeout_ms + STUCK_MS)
    return TRUE;
  *ret_why =
      g_strdup_printf ("a call on the network has not returned for %" G_GUINT64_FORMAT " s", busy_ms / 1000);
  return FALSE;
}

void
regia_relay_worker_free (RegiaRelayWorker *self)
{
  if (self == NULL)
    return;
  regia_relay_worker_stop (self, FALSE);
  g_thread_join (self->thread);
  g_object_unref (self->cancellable);
  regia_relay_state_clear (&self->state);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  wipe (self->key);
  g_free (self->key_error);
  g_free ((char *)self->setup.video);
  g_free ((char *)self->setup.audio);
  regia_feed_link_unref (self->setup.feed);
  g_free (self);
}
