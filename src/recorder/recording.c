/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "recording-private.h"

#include "conclusion-private.h"
#include "opening-private.h"
#include "reception-private.h"
#include "regia/base/error.h"
#include "regia/feed/client.h"
#include "status-private.h"
#include "store-private.h"
#include "write-queue-private.h"

/*
 * RegiaRecording is one thread with one loop. It takes an event of the feed, asks the intake whether the
 * packet is to be recorded, and gives it to the queue. There is no queue: while the disk blocks, the loop
 * blocks, and the feed's memory (a minute) holds what comes; what falls out of that is told as a gap. While
 * the queue is blocked (full disk, failing disk) the feed is not read.
 *
 * It starts by looking at the session's parts: each track goes on at the end of what is whole on the disk. So
 * it does not matter how the one before it ended. It reads the feed from its oldest packet; the intake passes
 * over what is there already. The same is done when files or folders are removed or moved under its hands, or
 * a disk is mounted over them: the session is opened anew in the place that its name means then.
 *
 * Owner: the recorder's process, or a test. Shared between threads: `status` (own lock), `lock` with what it
 * guards, `cancellable`.
 */

#define TICK_MS      200
#define RETRY_US     G_USEC_PER_SEC
#define DRAIN_US     (3 * G_USEC_PER_SEC)  /* of silence on the feed */
#define NOTHING_US   (G_USEC_PER_SEC / 2)  /* … of which nothing was ever heard */
#define DRAIN_MAX_US (30 * G_USEC_PER_SEC) /* of an engine that does not end */

#define REASON_AWAY  "the recorder was away for too long"
#define REASON_PLACE "the recording's files were removed or moved"
/* Somebody may remove the folder again and again; when the event is over there is an end to it. */
#define MOVES_AT_END_MAX 3

typedef enum {
  STOP_NONE,
  STOP_LEAVE,  /* flush and go */
  STOP_FINISH, /* drain, finish */
} Stop;

struct _RegiaRecording {
  RegiaRecordingOptions options; /* immutable; but `disk` and `wanted`, what it points to is owned */
  RegiaRecordingDoneFunc done;
  gpointer user_data;
  GThread *thread;
  GCancellable *cancellable;   /* (owned): leave at once */
  RegiaRecorderStatus *status; /* (owned) */

  GMutex lock; /* a leaf; guards what follows */
  GCond wake;
  Stop stop;
  RegiaWanted *wanted; /* (owned) */
  guint64 applied;     /* version of the one in effect */

  /* The thread's own. */
  RegiaStore *store;         /* (owned) */
  RegiaSession *session;     /* (owned) */
  RegiaFeedClient *feed;     /* (owned) */
  RegiaWriteQueue *queue;    /* (owned) */
  RegiaReception *reception; /* (owned) */
  RegiaSession *earlier;     /* (owned) (nullable): as it was where it cannot be reached any more */
  char *displaced;           /* (owned) (nullable): what became of that */
  const char *away_reason;   /* static: why the first packet of a place does not follow the last one */
  RegiaWanted *in_effect;    /* (owned) */
  gboolean heard;            /* anything of the feed, now or in earlier parts */
  gint64 drain_until_us, drain_limit_us; /* 0: not told to finish */
  gint64 tick_at_us;
  gint64 unrecorded_ns; /* at the end, because of the disk */
};

static Stop
get_stop (RegiaRecording *self)
{
  Stop stop;

  g_mutex_lock (&self->lock);
  stop = self->stop;
  g_mutex_unlock (&self->lock);
  return stop;
}

/* Until @until_us (monotonic) or a stop, whichever comes first. */
static void
wait_for_stop (RegiaRecording *self, gint64 until_us)
{
  g_mutex_lock (&self->lock);
  while (self->stop == STOP_NONE && g_cond_wait_until (&self->wake, &self->lock, until_us))
    ;
  g_mutex_unlock (&self->lock);
}

/* --- the loop --- */

/* What people want, when it has changed. */
static void
heed_wanted (RegiaRecording *self)
{
  g_autoptr (RegiaWanted) wanted = NULL;

  g_mutex_lock (&self->lock);
  if (self->wanted != self->in_effect)
    wanted = regia_wanted_ref (self->wanted);
  g_mutex_unlock (&self->lock);
  if (wanted == NULL)
    return;
  regia_reception_set_wanted (self->reception, wanted);
  g_mutex_lock (&self->lock);
  self->applied = wanted->version;
  g_mutex_unlock (&self->lock);
  regia_wanted_unref (self->in_effect);
  self->in_effect = g_steal_pointer (&wanted);
}

/* A pause shows once the part is closed that came before it, whether anything comes from the engine or not.
 */
static void
show_pause (RegiaRecording *self)
{
  gboolean paused = regia_wanted_is_paused (self->in_effect) && !regia_write_queue_is_open (self->queue);
  RegiaPhase phase = regia_recorder_status_get_phase (self->status);

  if (paused && (phase == REGIA_PHASE_WAITING || phase == REGIA_PHASE_RECORDING))
    regia_recorder_status_set_phase (self->status, REGIA_PHASE_PAUSED, "");
  else if (!paused && phase == REGIA_PHASE_PAUSED)
    regia_recorder_status_set_phase (self->status, REGIA_PHASE_WAITING, "");
}

static gboolean
step (RegiaRecording *self, GError **error)
{
  g_auto (RegiaFeedEvent) event = {0};
  gint64 retry_at_us;

  regia_recorder_status_tick (self->status);
  heed_wanted (self);
  show_pause (self);
  if (regia_write_queue_is_blocked (self->queue, &retry_at_us)) {
    wait_for_stop (self, MIN (retry_at_us, g_get_monotonic_time () + TICK_MS * 1000));
    if (regia_write_queue_tick (self->queue))
      regia_reception_set_overrun_reason (self->reception, REGIA_REASON_DISK);
    return TRUE;
  }
  if (!regia_feed_client_next (self->feed, TICK_MS, self->cancellable, &event, error))
    return FALSE;
  self->heard |= event.type != REGIA_FEED_EVENT_NONE;
  regia_reception_take (self->reception, &event);
  /* As long as something comes there may be more. */
  if (event.type != REGIA_FEED_EVENT_NONE && self->drain_limit_us != 0)
    self->drain_until_us = MIN (g_get_monotonic_time () + DRAIN_US, self->drain_limit_us);
  if (event.type != REGIA_FEED_EVENT_PACKET || g_get_monotonic_time () >= self->tick_at_us) {
    self->tick_at_us = g_get_monotonic_time () + TICK_MS * 1000;
    regia_write_queue_tick (self->queue);
  }
  return TRUE;
}

static gboolean
is_over (RegiaRecording *self)
{
  gint64 now_us = g_get_monotonic_time (), retry_at_us;

  switch (get_stop (self)) {
  case STOP_NONE:
    return FALSE;
  case STOP_LEAVE:
    return TRUE;
  case STOP_FINISH:
  default:
    if (self->drain_limit_us == 0) {
      self->drain_until_us = now_us + (self->heard ? DRAIN_US : NOTHING_US);
      self->drain_limit_us = now_us + DRAIN_MAX_US;
    }
    return regia_reception_has_ended (self->reception) ||
           regia_write_queue_is_blocked (self->queue, &retry_at_us) || now_us >= self->drain_until_us;
  }
}

static void
follow (RegiaRecording *self)
{
  while (!is_over (self) && regia_write_queue_get_displaced (self->queue) == NULL) {
    g_autoptr (GError) error = NULL;

    if (step (self, &error) || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      continue;
    /* Another version of the engine, for the moment of an update; asking for ever at full speed helps nobody.
     */
    g_warning ("the feed cannot be read: %s", error->message);
    regia_recorder_status_set_phase (self->status, REGIA_PHASE_WAITING, error->message);
    wait_for_stop (self, g_get_monotonic_time () + RETRY_US);
  }
  self->unrecorded_ns = regia_write_queue_close (self->queue);
}

/* --- beginning and end --- */

static gboolean
open_session (RegiaRecording *self, GError **error)
{
  g_auto (RegiaOpening) opening = {0};
  RegiaIntake *intake;

  if (!regia_opening_run (&self->options, self->status, self->earlier, self->displaced, &opening, error))
    return FALSE;
  g_clear_pointer (&self->earlier, regia_session_free);
  g_clear_pointer (&self->displaced, g_free);
  self->store = g_steal_pointer (&opening.store);
  self->session = g_steal_pointer (&opening.session);
  self->queue =
      regia_write_queue_new (self->options.disk, self->store, self->session, self->status,
                             &self->options.epoch, self->options.recordings, self->options.reserve_bytes);
  intake = regia_intake_new (self->options.tracks, opening.ends, opening.until_ns);
  self->reception =
      regia_reception_new (intake, self->queue, self->status, opening.lost_until_ns, self->away_reason);
  g_clear_pointer (&self->in_effect, regia_wanted_unref);
  heed_wanted (self);
  self->heard |= self->session->parts->len > 0;
  if (self->session->parts->len > 0)
    g_message ("the recording of %s goes on with part %u", regia_store_get_id (self->store),
               self->session->parts->len + 1);
  return TRUE;
}

static gboolean
finish (RegiaRecording *self, GError **error)
{
  gint64 retry_at_us;
  RegiaConclusion conclusion = {
      .disk = self->options.disk,
      .recordings = self->options.recordings,
      .store = self->store,
      .status = self->status,
      .blocked = regia_write_queue_is_blocked (self->queue, &retry_at_us),
      .unrecorded_ns = self->unrecorded_ns,
      .cancellable = self->cancellable,
  };

  return regia_conclusion_run (&conclusion, self->session, error);
}

/* Tried for as long as it takes: a disk may be mounted late. FALSE: told to stop before it worked. */
static gboolean
open_patiently (RegiaRecording *self, GError **error)
{
  g_autofree char *said = NULL;

  for (;;) {
    g_autoptr (GError) local_error = NULL;
    g_autofree char *message = NULL;
    const RegiaDisk *disk = self->options.disk;
    gboolean ok;

    regia_recorder_status_enter_disk (self->status);
    ok = open_session (self, &local_error);
    if (!ok)
      message = regia_disk_refusal_in_words (local_error, disk->free_bytes (disk, self->options.recordings),
                                             disk->free_files (disk, self->options.recordings),
                                             self->options.recordings);
    regia_recorder_status_leave_disk (self->status);
    if (ok)
      return TRUE;
    regia_recorder_status_set_phase (
        self->status, regia_disk_is_full (local_error) ? REGIA_PHASE_NO_SPACE : REGIA_PHASE_DISK_ERROR,
        message);
    if (g_strcmp0 (message, said) != 0)
      g_warning ("%s", message);
    g_free (said);
    said = g_steal_pointer (&message);
    wait_for_stop (self, g_get_monotonic_time () + RETRY_US);
    if (get_stop (self) != STOP_NONE) {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  }
}

/* The session's files cannot be reached by their names any more: as if another recorder began now, in the
 * place that the names mean now, but for what this one knows. */
static gboolean
move_on (RegiaRecording *self, GError **error)
{
  self->displaced = g_strdup (regia_write_queue_get_displaced (self->queue));
  self->earlier = g_steal_pointer (&self->session);
  g_clear_pointer (&self->reception, regia_reception_free);
  g_clear_pointer (&self->queue, regia_write_queue_free);
  g_clear_pointer (&self->store, regia_store_free);
  regia_feed_client_free (self->feed);
  self->feed = regia_feed_client_new (self->options.feed, self->options.tracks, REGIA_FEED_FROM_OLDEST, 0, 0);
  self->away_reason = REASON_PLACE;
  self->drain_limit_us = 0;
  return open_patiently (self, error);
}

/* Until the event is over and what was received is in its place. */
static gboolean
record (RegiaRecording *self, GError **error)
{
  for (guint moves_at_end = 0;;) {
    follow (self);
    if (regia_write_queue_get_displaced (self->queue) == NULL)
      return TRUE;
    if (get_stop (self) != STOP_NONE && ++moves_at_end > MOVES_AT_END_MAX) {
      g_set_error (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE,
                   "the recording is incomplete: %s, again and again",
                   regia_write_queue_get_displaced (self->queue));
      return FALSE;
    }
    if (!move_on (self, error))
      return FALSE;
  }
}

static gboolean
run (RegiaRecording *self, GError **error)
{
  gboolean ok = open_patiently (self, error);

  if (ok) {
    regia_recorder_status_set_phase (self->status, REGIA_PHASE_WAITING, "");
    regia_write_queue_tick (self->queue);
    ok = record (self, error);
  }
  regia_feed_client_tell_safe (self->feed); /* or nobody need wait for what cannot be */
  if (!ok || get_stop (self) != STOP_FINISH)
    return ok;
  return finish (self, error);
}

static gpointer
thread_main (gpointer user_data)
{
  RegiaRecording *self = user_data;
  g_autoptr (GError) error = NULL;

  run (self, &error);
  g_clear_pointer (&self->reception, regia_reception_free);
  g_clear_pointer (&self->queue, regia_write_queue_free);
  /* Let the session go before anybody is told, so that whoever is told may open it. */
  g_clear_pointer (&self->store, regia_store_free);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_clear_error (&error);
  self->done (error, self->user_data);
  return NULL;
}

RegiaRecording *
regia_recording_new (const RegiaRecordingOptions *options, RegiaRecordingDoneFunc done, gpointer user_data)
{
  RegiaRecording *self = g_new0 (RegiaRecording, 1);
  g_autofree char *path = g_build_filename (options->recordings, options->session, NULL);

  self->options = *options;
  self->options.recordings = g_strdup (options->recordings);
  self->options.session = g_strdup (options->session);
  self->options.title = g_strdup (options->title);
  self->options.place = g_strdup (options->place);
  self->options.feed = regia_feed_link_ref (options->feed);
  self->options.tracks = (const char *const *)g_strdupv ((char **)options->tracks);
  self->done = done;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->status = regia_recorder_status_new (options->session, options->title, path, options->memory_ms);
  self->feed = regia_feed_client_new (self->options.feed, self->options.tracks, REGIA_FEED_FROM_OLDEST, 0, 0);
  self->away_reason = REASON_AWAY;
  self->wanted = options->wanted != NULL ? regia_wanted_ref (options->wanted) : regia_wanted_new (NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->thread = g_thread_new ("recording", thread_main, self);
  return self;
}

void
regia_recording_stop (RegiaRecording *self, gboolean finish)
{
  g_mutex_lock (&self->lock);
  if (!finish)
    self->stop = STOP_LEAVE;
  else if (self->stop == STOP_NONE)
    self->stop = STOP_FINISH;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
  if (!finish)
    g_cancellable_cancel (self->cancellable);
}

void
regia_recording_set_wanted (RegiaRecording *self, RegiaWanted *wanted)
{
  g_mutex_lock (&self->lock);
  regia_wanted_unref (self->wanted);
  self->wanted = regia_wanted_ref (wanted);
  g_mutex_unlock (&self->lock);
}

guint64
regia_recording_get_applied (RegiaRecording *self)
{
  guint64 applied;

  g_mutex_lock (&self->lock);
  applied = self->applied;
  g_mutex_unlock (&self->lock);
  return applied;
}

void
regia_recording_free (RegiaRecording *self)
{
  if (self == NULL)
    return;
  regia_recording_stop (self, FALSE);
  g_thread_join (self->thread);
  regia_feed_client_free (self->feed);
  regia_wanted_unref (self->wanted);
  regia_wanted_unref (self->in_effect);
  g_clear_pointer (&self->session, regia_session_free);
  g_clear_pointer (&self->earlier, regia_session_free);
  g_free (self->displaced);
  regia_recorder_status_free (self->status);
  g_object_unref (self->cancellable);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  g_strfreev ((char **)self->options.tracks);
  g_free ((char *)self->options.recordings);
  g_free ((char *)self->options.session);
  g_free ((char *)self->options.title);
  g_free ((char *)self->options.place);
  regia_feed_link_unref (self->options.feed);
  g_free (self);
}

GVariant *
regia_recording_get_state (RegiaRecording *self)
{
  return regia_recorder_status_to_variant (self->status);
}

gboolean
regia_recording_is_healthy (RegiaRecording *self, char **ret_why)
{
  return regia_recorder_status_is_healthy (self->status, ret_why);
}
