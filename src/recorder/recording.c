/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "regia/recorder/recording.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/feed/client.h"
#include "regia/recorder/finish.h"
#include "regia/recorder/status.h"
#include "regia/recorder/store.h"
#include "regia/recorder/writer.h"

/*
 * RegiaRecording is one thread with one loop. It takes an event of the feed, and puts packets into the
 * writer's present part. There is no queue: while the disk blocks, the loop blocks, and the feed's memory (a
 * minute) holds what comes; what falls out of that is told as a gap.
 *
 * It starts by looking at the session's parts: each track goes on at the end of what is whole on the disk. So
 * it does not matter how the one before it ended. It reads the feed from its oldest packet and leaves out
 * what is there already.
 *
 * When the disk is full or fails, the packets that did not reach it are kept (`backlog`, at most a second or
 * two), the feed is not read any more, and once a second a new part is tried.
 *
 * Owner: the recorder's process, or a test. Shared between threads: `status` (own lock), `lock` with what it
 * guards, `cancellable`.
 */

#define TICK_MS       200
#define RETRY_MS      1000
#define RETRY_SLOWEST 10 /* × RETRY_MS, for a disk that fails again and again */
#define DRAIN_US      (3 * G_USEC_PER_SEC)
#define SAVE_US       (10 * G_USEC_PER_SEC)
#define LOCK_WAIT_MS  10000
#define LEAP_NS       (3600 * REGIA_SECOND) /* begins a new part */
#define FUTURE_NS     (30 * REGIA_SECOND)   /* the disk cannot know later times than now */
#define RATE_SPAN_US  (10 * G_USEC_PER_SEC)

typedef enum {
  STOP_NONE,
  STOP_LEAVE,  /* flush and go */
  STOP_FINISH, /* drain, finish */
} Stop;

/* What the thread knows of one track of the present generation. */
typedef struct {
  gboolean wanted;
  gboolean video;
  gboolean begun; /* a packet was taken since this thread started */
  gint64 end_ns;  /* of the last packet taken, or of what is on the disk; 0: nothing yet */
} Lane;

struct _RegiaRecording {
  RegiaRecordingOptions options;                               /* strings owned, see below */
  char *recordings, *session_name, *title, *place, *feed_path; /* (owned) immutable */
  char **tracks;                                               /* (owned) immutable */
  RegiaRecordingDoneFunc done;
  gpointer user_data;
  GThread *thread;
  GCancellable *cancellable; /* (owned): leave at once */
  RegiaStatus *status;       /* (owned) */

  GMutex lock; /* a leaf; guards stop */
  GCond wake;
  Stop stop;

  /* The thread's own. */
  RegiaStore *store;     /* (owned) */
  RegiaSession *session; /* (owned) */
  RegiaWriter *writer;   /* (owned) */
  RegiaFeedClient *feed; /* (owned) */
  GHashTable *ends; /* (owned) (element-type utf8 gint64) by track name: what is on the disk or was taken */
  GPtrArray *file_tracks; /* (owned) (nullable) (element-type RegiaTrack) of the present generation, to be
                             recorded */
  Lane lanes[REGIA_TRACKS_MAX];
  gint64 finished_until_ns; /* what finished files hold already */
  gboolean fresh;           /* nothing on the disk that a packet could continue */
  guint gap_lane;           /* the track whose gaps are told: the picture, where there is one */
  const char *gap_reason, *overrun_reason; /* in words, static */
  guint failures;                          /* of the disk, since a fragment last reached it */
  gboolean warned;                         /* that finishing has too little room */
  GQueue backlog;                          /* (element-type RegiaPacket): refused by the disk */
  gboolean blocked;
  gint64 retry_at_us, drain_until_us, saved_at_us;
  gboolean dirty; /* session differs from session.json */
  gboolean feed_ended;
  RegiaSessionPart *part; /* borrowed (nullable): the open one */
  guint next_number;
  gint64 earlier_ms; /* recorded by parts closed before the present one */
  guint64 earlier_bytes, dropped;
  gint64 rate_since_us;
  guint64 rate_bytes, rate_bps;
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

/* --- session.json --- */

/* A record that cannot be written now is written later; the parts are what counts. */
static void
save (RegiaRecording *self)
{
  g_autoptr (GError) error = NULL;

  regia_status_enter_disk (self->status);
  if (!regia_store_save (self->store, self->session, &error))
    g_info ("the session's record could not be written now: %s", error->message);
  else
    self->dirty = FALSE;
  regia_status_leave_disk (self->status);
  self->saved_at_us = g_get_monotonic_time ();
}

static void
show_progress (RegiaRecording *self)
{
  RegiaWriterStats stats;
  gint64 part_ms;

  regia_writer_get_stats (self->writer, &stats);
  part_ms = (stats.to_ns - stats.from_ns) / REGIA_MSECOND;
  if (self->part != NULL && stats.to_ns > 0) {
    self->part->from_ms = stats.from_ns / REGIA_MSECOND;
    self->part->to_ms = stats.to_ns / REGIA_MSECOND;
  }
  if (self->part != NULL)
    self->part->bytes = stats.bytes;
  if (self->session->started_ms == 0 && stats.to_ns > 0) {
    self->session->started_ms = regia_epoch_wall (&self->options.epoch, stats.from_ns) / REGIA_MSECOND;
    self->dirty = TRUE;
  }
  if (self->session->started_ms > 0)
    self->session->duration_ms =
        MAX (self->session->duration_ms,
             regia_epoch_wall (&self->options.epoch, stats.on_disk_ns) / REGIA_MSECOND -
                 self->session->started_ms);
  regia_status_set_written (self->status, &stats, self->earlier_ms + (self->part != NULL ? part_ms : 0),
                            self->earlier_bytes + stats.total_bytes, self->session->parts->len);
}

/* --- room on the disk --- */

static void
measure_rate (RegiaRecording *self)
{
  RegiaWriterStats stats;
  gint64 now_us = g_get_monotonic_time ();

  regia_writer_get_stats (self->writer, &stats);
  if (self->rate_since_us == 0) {
    self->rate_since_us = now_us;
    self->rate_bytes = stats.total_bytes;
  }
  if (now_us - self->rate_since_us >= RATE_SPAN_US) {
    self->rate_bps = (guint64)((double)(stats.total_bytes - self->rate_bytes) * 8e6 /
                               (double)(now_us - self->rate_since_us));
    self->rate_since_us = now_us;
    self->rate_bytes = stats.total_bytes;
  }
}

/* What the encoders aim at, until it was measured. */
static guint64
expected_bps (RegiaRecording *self)
{
  guint64 sum = 0;

  if (self->rate_bps > 0)
    return self->rate_bps;
  for (guint i = 0; self->file_tracks != NULL && i < self->file_tracks->len; i++)
    sum += ((RegiaTrack *)g_ptr_array_index (self->file_tracks, i))->bitrate_bps;
  return sum;
}

/* Bytes until recording pauses, or −1 when the disk does not say. */
static gint64
measure_space (RegiaRecording *self)
{
  gint64 free_bytes, usable;

  regia_status_enter_disk (self->status);
  free_bytes = self->options.disk->free_bytes (self->options.disk, regia_store_get_folder (self->store));
  regia_status_leave_disk (self->status);
  if (free_bytes < 0)
    return -1;
  usable = MAX (free_bytes - (gint64)self->options.reserve_bytes, 0);
  regia_status_set_space (self->status, (guint64)free_bytes, (guint64)usable, expected_bps (self));
  return usable;
}

/* --- parts --- */

static void
block (RegiaRecording *self, const GError *error)
{
  gboolean full = g_error_matches (error, REGIA_ERROR, REGIA_ERROR_NO_SPACE);
  g_autofree char *message = NULL;

  if (full)
    message = g_strdup_printf ("Disk full: nothing is recorded; free up space in %s; live goes on",
                               self->recordings);
  else
    message = g_strdup_printf ("Nothing is recorded: %s; check the disk; live goes on", error->message);
  /* Said once; not at all when the next moment brings a new part. */
  if (!self->blocked && (full || self->failures > 0))
    g_warning ("%s", message);
  self->blocked = TRUE;
  self->retry_at_us =
      g_get_monotonic_time () + (gint64)RETRY_MS * 1000 * MIN (1 + self->failures, RETRY_SLOWEST);
  regia_status_set_phase (self->status, full ? REGIA_PHASE_NO_SPACE : REGIA_PHASE_DISK_ERROR, message);
}

/* The writer closed its part, in order or not. */
static void
note_part_closed (RegiaRecording *self, const GError *error)
{
  RegiaWriterStats stats;

  if (self->part == NULL)
    return;
  show_progress (self);
  regia_writer_get_stats (self->writer, &stats);
  self->earlier_ms += (stats.to_ns - stats.from_ns) / REGIA_MSECOND;
  if (error != NULL && !g_error_matches (error, REGIA_ERROR, REGIA_ERROR_NO_SPACE))
    regia_session_set_part_state (self->part, REGIA_PART_SUSPECT, error->message);
  else
    regia_session_set_part_state (self->part, REGIA_PART_WHOLE, error != NULL ? "The disk was full" : "");
  self->part = NULL;
  self->dirty = TRUE;
}

/* After any failure of the writer: what it could not save waits, in order, before everything else. */
static void
take_back (RegiaRecording *self)
{
  GPtrArray *unsaved = regia_writer_take_unsaved (self->writer);

  while (unsaved->len > 0)
    g_queue_push_head (&self->backlog, g_ptr_array_steal_index (unsaved, unsaved->len - 1));
  g_ptr_array_unref (unsaved);
}

static void
part_failed (RegiaRecording *self, const GError *error)
{
  g_warning ("the recording goes on in a new part: %s", error->message);
  note_part_closed (self, error);
  take_back (self);
  block (self, error);
  /* A disk that failed gets its second chance at once, in another file, and the next ones ever later; a full
   * one when there is room. */
  if (!g_error_matches (error, REGIA_ERROR, REGIA_ERROR_NO_SPACE) && self->failures++ == 0)
    self->retry_at_us = 0;
}

static void
end_part (RegiaRecording *self)
{
  g_autoptr (GError) error = NULL;

  if (!regia_writer_is_open (self->writer))
    return;
  regia_status_enter_disk (self->status);
  if (!regia_writer_end (self->writer, &error)) {
    regia_status_leave_disk (self->status);
    part_failed (self, error);
    return;
  }
  regia_status_leave_disk (self->status);
  note_part_closed (self, NULL);
  save (self);
}

static void
record_tracks (RegiaRecording *self)
{
  for (guint i = 0; i < self->file_tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (self->file_tracks, i);
    RegiaSessionTrack *known = regia_session_add_track (self->session, track->name, track->language,
                                                        regia_codec_to_string (track->codec));

    known->width = track->width;
    known->height = track->height;
    known->rate_num = track->rate_num;
    known->rate_den = track->rate_den;
    known->sample_rate = track->sample_rate;
    known->channels = track->channels;
  }
}

static gboolean
begin_part (RegiaRecording *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;
  guint number;
  gboolean ok;

  regia_status_enter_disk (self->status);
  ok = regia_store_make_live (self->store, &error) &&
       regia_writer_begin (self->writer, self->next_number, self->file_tracks, &number, &error);
  regia_status_leave_disk (self->status);
  if (!ok) {
    block (self, error);
    return FALSE;
  }
  self->next_number = number + 1;
  file = g_strdup_printf (REGIA_SESSION_LIVE "/programme-%04u.mp4", number);
  g_info ("recording into %s/%s", self->session_name, file);
  self->part = regia_session_add_part (self->session, file, REGIA_PART_OPEN);
  record_tracks (self);
  regia_session_set_state (self->session, REGIA_SESSION_RECORDING, "");
  save (self);
  self->blocked = FALSE;
  regia_status_set_phase (self->status, REGIA_PHASE_RECORDING, "");
  return TRUE;
}

/* --- packets --- */

/* Packets that are there already, or cannot follow. A packet that ends where the disk's last one ends is that
 * one; half a duration is tolerance for the rounding of timescales. */
static gboolean
is_news (RegiaRecording *self, const RegiaPacket *packet, Lane *lane)
{
  if (packet->dts_ns + packet->duration_ns / 2 >= lane->end_ns)
    return TRUE;
  if (lane->begun && self->dropped++ == 0)
    g_info ("a packet of track %u at %.3f s does not follow the one before it and is left out; more are only "
            "counted",
            packet->track, (double)packet->dts_ns / REGIA_SECOND);
  return FALSE;
}

static void
note_gap (RegiaRecording *self, const RegiaPacket *packet, Lane *lane)
{
  gint64 jump_ns = packet->dts_ns - lane->end_ns;

  if (packet->track != self->gap_lane || lane->end_ns == 0)
    return;
  if (jump_ns > packet->duration_ns / 2) {
    g_warning ("%.3f s are missing in the recording from show time %.3f s on: %s",
               (double)jump_ns / REGIA_SECOND, (double)lane->end_ns / REGIA_SECOND, self->gap_reason);
    regia_session_add_gap (self->session, lane->end_ns / REGIA_MSECOND, packet->dts_ns / REGIA_MSECOND,
                           self->gap_reason);
    regia_status_set_gaps (self->status, self->session->gaps_total, self->session->gap_ms);
    self->dirty = TRUE;
  }
  self->gap_reason = "packets were missing in the feed";
  self->overrun_reason = "the recorder was behind for too long";
}

/* The very first part begins with a picture that can be shown. */
static gboolean
may_begin (RegiaRecording *self, const RegiaPacket *packet, const Lane *lane)
{
  const Lane *picture = &self->lanes[self->gap_lane];

  if (!picture->video || !self->fresh)
    return TRUE;
  return lane == picture && regia_packet_is_keyframe (packet);
}

static void
advance (RegiaRecording *self, const RegiaPacket *packet, Lane *lane)
{
  self->fresh = FALSE;
  lane->begun = TRUE;
  lane->end_ns = packet->dts_ns + packet->duration_ns;
}

/* Into the present part, or a new one. FALSE: the disk refused; the packet is in the backlog. */
static gboolean
write_packet (RegiaRecording *self, RegiaPacket *packet)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!regia_writer_is_open (self->writer) && !begin_part (self)) {
    g_queue_push_head (&self->backlog, regia_packet_ref (packet));
    return FALSE;
  }
  regia_status_enter_disk (self->status);
  ok = regia_writer_add (self->writer, packet, &error);
  regia_status_leave_disk (self->status);
  if (ok)
    return TRUE;
  if (g_error_matches (error, REGIA_ERROR, REGIA_ERROR_MEDIA) && regia_writer_is_open (self->writer)) {
    self->dropped++;
    g_debug ("left out: %s", error->message);
    return TRUE;
  }
  part_failed (self, error);
  return FALSE;
}

static void
take_packet (RegiaRecording *self, RegiaPacket *packet)
{
  Lane *lane;

  if (packet->track >= REGIA_TRACKS_MAX)
    return;
  lane = &self->lanes[packet->track];
  if (!lane->wanted || !may_begin (self, packet, lane) || !is_news (self, packet, lane))
    return;
  note_gap (self, packet, lane);
  if (lane->end_ns > 0 && packet->dts_ns - lane->end_ns > LEAP_NS)
    end_part (self);
  advance (self, packet, lane);
  if (!self->blocked)
    write_packet (self, packet);
  else
    g_queue_push_tail (&self->backlog, regia_packet_ref (packet));
}

/* --- events of the feed --- */

static RegiaTrack *
find_track (GPtrArray *tracks, const char *name)
{
  for (guint i = 0; i < tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (tracks, i);

    if (strcmp (track->name, name) == 0)
      return track;
  }
  return NULL;
}

/* A generation begins: its tracks take over where those of the same names ended. */
static void
take_tracks (RegiaRecording *self, GPtrArray *tracks)
{
  end_part (self);
  g_clear_pointer (&self->file_tracks, g_ptr_array_unref);
  self->file_tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  memset (self->lanes, 0, sizeof self->lanes);
  for (guint i = 0; self->tracks[i] != NULL; i++) {
    RegiaTrack *track = find_track (tracks, self->tracks[i]);
    gint64 *end;
    Lane *lane;

    if (track == NULL)
      continue;
    if (self->file_tracks->len == 0)
      self->gap_lane = track->id;
    g_ptr_array_add (self->file_tracks, regia_track_ref (track));
    lane = &self->lanes[track->id];
    end = g_hash_table_lookup (self->ends, track->name);
    lane->wanted = TRUE;
    lane->video = regia_track_is_video (track);
    lane->end_ns = end != NULL ? *end : self->finished_until_ns;
  }
}

/* Before the lanes of a generation go: their ends belong to the names. */
static void
keep_ends (RegiaRecording *self)
{
  for (guint i = 0; self->file_tracks != NULL && i < self->file_tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (self->file_tracks, i);
    gint64 end = self->lanes[track->id].end_ns;

    if (end > 0)
      g_hash_table_insert (self->ends, g_strdup (track->name), g_memdup2 (&end, sizeof end));
  }
}

static void
take_event (RegiaRecording *self, RegiaFeedEvent *event)
{
  switch (event->type) {
  case REGIA_FEED_EVENT_TRACKS:
    self->feed_ended = FALSE;
    keep_ends (self);
    take_tracks (self, event->tracks);
    break;
  case REGIA_FEED_EVENT_GAP:
    self->gap_reason =
        event->gap_reason == REGIA_FEED_GAP_GENERATION ? "the engine was restarted" : self->overrun_reason;
    break;
  case REGIA_FEED_EVENT_PACKET:
    take_packet (self, event->packet);
    break;
  case REGIA_FEED_EVENT_END:
    self->feed_ended = TRUE;
    break;
  case REGIA_FEED_EVENT_NONE:
    break;
  }
}

/* --- the loop --- */

static void
flush (RegiaRecording *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  regia_status_enter_disk (self->status);
  ok = regia_writer_flush (self->writer, &error);
  regia_status_leave_disk (self->status);
  if (!ok)
    part_failed (self, error);
}

/* No room for more: the part is closed while there still is room to close it. */
static void
check_space (RegiaRecording *self)
{
  g_autoptr (GError) error = NULL;

  if (measure_space (self) != 0)
    return;
  end_part (self);
  if (self->blocked)
    return;
  g_set_error_literal (&error, REGIA_ERROR, REGIA_ERROR_NO_SPACE, "the reserve is reached");
  block (self, error);
}

/* A new part, when there is room (a little more than the reserve, so that it does not close again at once),
 * and the backlog into it. */
static void
retry (RegiaRecording *self)
{
  gint64 usable;

  if (g_get_monotonic_time () < self->retry_at_us)
    return;
  usable = measure_space (self);
  if (usable >= 0 && (guint64)usable < self->options.reserve_bytes / 10 + (256u << 10)) {
    g_autoptr (GError) error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_NO_SPACE, "the disk is full");

    block (self, error);
    return;
  }
  if (!begin_part (self))
    return;
  self->overrun_reason = "the disk was full or failed";
  while (!self->blocked && !g_queue_is_empty (&self->backlog)) {
    g_autoptr (RegiaPacket) packet = g_queue_pop_head (&self->backlog);

    write_packet (self, packet);
  }
  if (!self->blocked)
    g_message ("recording again");
}

static void
wait_blocked (RegiaRecording *self)
{
  gint64 until_us = MIN (self->retry_at_us, g_get_monotonic_time () + TICK_MS * 1000);

  g_mutex_lock (&self->lock);
  while (self->stop == STOP_NONE && g_cond_wait_until (&self->wake, &self->lock, until_us))
    ;
  g_mutex_unlock (&self->lock);
}

/* The finished file is made beside the parts: said while something can be done about it. */
static void
warn_of_finishing (RegiaRecording *self)
{
  RegiaWriterStats stats;
  guint64 needed, free_bytes;
  g_autofree char *need = NULL, *have = NULL, *message = NULL;

  if (regia_status_get_phase (self->status) != REGIA_PHASE_RECORDING)
    return;
  regia_writer_get_stats (self->writer, &stats);
  needed = self->earlier_bytes + stats.total_bytes;
  free_bytes = regia_status_get_free_bytes (self->status);
  if (free_bytes >= needed) {
    if (self->warned)
      regia_status_set_phase (self->status, REGIA_PHASE_RECORDING, "");
    self->warned = FALSE;
    return;
  }
  need = g_format_size (needed);
  have = g_format_size (free_bytes);
  message =
      g_strdup_printf ("Making the finished file will need %s and only %s are free: free up space in %s",
                       need, have, self->recordings);
  if (!self->warned)
    g_message ("%s", message);
  self->warned = TRUE;
  regia_status_set_phase (self->status, REGIA_PHASE_RECORDING, message);
}

/* What is done whether packets come or not. */
static void
housekeep (RegiaRecording *self)
{
  gint64 now_us = g_get_monotonic_time (), unsaved_us = regia_writer_has_unsaved (self->writer);

  regia_status_tick (self->status);
  if (!self->blocked && unsaved_us > 0 && now_us - unsaved_us > G_USEC_PER_SEC)
    flush (self);
  show_progress (self);
  measure_rate (self);
  warn_of_finishing (self);
  if (self->dirty && now_us - self->saved_at_us > SAVE_US)
    save (self);
}

static gboolean
step (RegiaRecording *self, GError **error)
{
  g_auto (RegiaFeedEvent) event = {0};
  RegiaWriterStats before, after;

  if (self->blocked) {
    wait_blocked (self);
    retry (self);
    housekeep (self);
    return TRUE;
  }
  regia_writer_get_stats (self->writer, &before);
  if (!regia_feed_client_next (self->feed, TICK_MS, self->cancellable, &event, error))
    return FALSE;
  take_event (self, &event);
  regia_writer_get_stats (self->writer, &after);
  if (after.on_disk_at_us != before.on_disk_at_us && !self->blocked) {
    self->failures = 0;
    check_space (self);
  }
  if (event.type != REGIA_FEED_EVENT_PACKET || after.on_disk_at_us != before.on_disk_at_us)
    housekeep (self);
  return TRUE;
}

static gboolean
is_over (RegiaRecording *self)
{
  gint64 now_us = g_get_monotonic_time ();

  switch (get_stop (self)) {
  case STOP_NONE:
    return FALSE;
  case STOP_LEAVE:
    return TRUE;
  case STOP_FINISH:
  default:
    if (self->drain_until_us == 0)
      self->drain_until_us = now_us + DRAIN_US;
    return self->feed_ended || self->blocked || now_us >= self->drain_until_us;
  }
}

static void
follow (RegiaRecording *self)
{
  while (!is_over (self)) {
    g_autoptr (GError) error = NULL;

    if (step (self, &error) || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      continue;
    /* Another version of the engine, for the moment of an update; asking for ever at full speed helps nobody.
     */
    g_warning ("the feed cannot be read: %s", error->message);
    regia_status_set_phase (self->status, REGIA_PHASE_WAITING, error->message);
    self->retry_at_us = g_get_monotonic_time () + RETRY_MS * 1000;
    wait_blocked (self);
    regia_status_tick (self->status);
  }
  end_part (self);
}

/* --- beginning and end --- */

/* Ends that lie in the future are of another show, or damage: they would hold the recording back until their
 * time has come. */
static gboolean
is_future_cb (gpointer key, gpointer value, gpointer user_data)
{
  return *(gint64 *)value > *(gint64 *)user_data;
}

/* The end of what is in finished files, show time: a feed that still holds it must not be recorded twice. */
static gint64
finished_until (RegiaSession *session)
{
  gint64 until_ms = 0;

  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);

    if (strcmp (part->state, REGIA_PART_FINISHED) == 0)
      until_ms = MAX (until_ms, part->to_ms);
  }
  return until_ms * REGIA_MSECOND;
}

static gboolean
open_session (RegiaRecording *self, GError **error)
{
  gint64 latest_ns = regia_epoch_show_time (&self->options.epoch) + FUTURE_NS;
  gint64 epoch_ms = self->options.epoch.realtime_ns / REGIA_MSECOND;
  g_autoptr (GError) local_error = NULL;
  gboolean rebuilt = FALSE;

  self->store = regia_store_open (self->recordings, self->session_name, TRUE, LOCK_WAIT_MS, error);
  if (self->store == NULL)
    return FALSE;
  self->session = regia_store_load (self->store, FALSE, &rebuilt, &local_error);
  if (self->session == NULL && !g_error_matches (local_error, REGIA_ERROR, REGIA_ERROR_STATE)) {
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  if (self->session == NULL || rebuilt) {
    g_autoptr (RegiaSession) found = g_steal_pointer (&self->session);

    self->session = found != NULL ? g_steal_pointer (&found) : regia_session_new (self->session_name, "", "");
  }
  g_free (self->session->title);
  g_free (self->session->place);
  self->session->title = g_strdup (self->title);
  self->session->place = g_strdup (self->place);
  g_clear_pointer (&self->ends, g_hash_table_unref);
  self->ends = regia_store_get_ends (self->store);
  self->finished_until_ns = finished_until (self->session);
  if (self->session->epoch_ms != 0 && !rebuilt && ABS (self->session->epoch_ms - epoch_ms) > 1000) {
    g_hash_table_remove_all (self->ends);
    self->finished_until_ns = 0;
  }
  g_hash_table_foreach_remove (self->ends, is_future_cb, &latest_ns);
  self->fresh = g_hash_table_size (self->ends) == 0;
  self->session->epoch_ms = epoch_ms;
  return TRUE;
}

static void
note_earlier_parts (RegiaRecording *self)
{
  for (guint i = 0; i < self->session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (self->session->parts, i);

    self->earlier_ms += part->to_ms - part->from_ms;
    self->earlier_bytes += part->bytes;
  }
  self->next_number = self->session->parts->len + 1;
  self->gap_reason = self->overrun_reason = "the recorder was away for too long";
  if (self->session->parts->len > 0)
    g_message ("the recording of %s goes on after %u parts", self->session_name, self->session->parts->len);
  regia_status_set_gaps (self->status, self->session->gaps_total, self->session->gap_ms);
}

static void
finish_progress_cb (guint percent, gpointer user_data)
{
  RegiaRecording *self = user_data;

  regia_status_set_percent (self->status, percent);
}

static void
show_files (RegiaRecording *self, RegiaSession *session)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < session->files->len; i++)
    g_ptr_array_add (names, ((RegiaSessionFile *)g_ptr_array_index (session->files, i))->name);
  g_ptr_array_add (names, NULL);
  regia_status_set_files (self->status, (const char *const *)names->pdata);
}

/* An event during which nothing came leaves no item in the library. */
static void
discard (RegiaRecording *self)
{
  g_autofree char *live = regia_store_path (self->store, REGIA_SESSION_LIVE);
  g_autofree char *record = regia_store_path (self->store, REGIA_SESSION_FILE);

  if (unlink (record) != 0 && errno != ENOENT)
    g_info ("%s: %s", record, g_strerror (errno));
  if ((rmdir (live) != 0 && errno != ENOENT) || rmdir (regia_store_get_folder (self->store)) != 0)
    g_info ("%s: %s", regia_store_get_folder (self->store), g_strerror (errno));
  regia_status_set_phase (self->status, REGIA_PHASE_FINISHED, "Nothing was recorded");
}

static gboolean
finish (RegiaRecording *self, GError **error)
{
  g_autoptr (RegiaSession) session = NULL;

  if (self->session->parts->len == 0 && self->session->files->len == 0) {
    discard (self);
    return TRUE;
  }
  regia_status_set_phase (self->status, REGIA_PHASE_FINISHING, "");
  regia_status_enter_disk (self->status);
  session = regia_finish_run (self->store, finish_progress_cb, self, self->cancellable, error);
  regia_status_leave_disk (self->status);
  if (session == NULL) {
    regia_status_set_phase (self->status,
                            error != NULL && g_error_matches (*error, REGIA_ERROR, REGIA_ERROR_NO_SPACE)
                                ? REGIA_PHASE_NO_SPACE
                                : REGIA_PHASE_DISK_ERROR,
                            error != NULL ? (*error)->message : "");
    return FALSE;
  }
  show_files (self, session);
  regia_status_set_gaps (self->status, session->gaps_total, session->gap_ms);
  regia_status_set_percent (self->status, 100);
  regia_status_set_phase (self->status, REGIA_PHASE_FINISHED, session->message);
  return TRUE;
}

/* Tried for as long as it takes: a disk may be mounted late. FALSE: told to stop before it worked. */
static gboolean
open_patiently (RegiaRecording *self, GError **error)
{
  for (;;) {
    g_autoptr (GError) local_error = NULL;
    gboolean ok;

    regia_status_enter_disk (self->status);
    ok = open_session (self, &local_error);
    regia_status_leave_disk (self->status);
    if (ok)
      return TRUE;
    block (self, local_error);
    while (get_stop (self) == STOP_NONE && g_get_monotonic_time () < self->retry_at_us) {
      wait_blocked (self);
      regia_status_tick (self->status);
    }
    if (get_stop (self) != STOP_NONE) {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
    g_clear_pointer (&self->store, regia_store_free);
    g_clear_pointer (&self->session, regia_session_free);
  }
}

static gboolean
run (RegiaRecording *self, GError **error)
{
  if (!open_patiently (self, error))
    return FALSE;
  self->blocked = FALSE;
  regia_status_set_phase (self->status, REGIA_PHASE_WAITING, "");
  note_earlier_parts (self);
  show_progress (self);
  measure_space (self);
  follow (self);
  if (self->dirty)
    save (self);
  if (get_stop (self) != STOP_FINISH)
    return TRUE;
  return finish (self, error);
}

static gpointer
thread_main (gpointer user_data)
{
  RegiaRecording *self = user_data;
  g_autoptr (GError) error = NULL;

  run (self, &error);
  if (self->dropped > 0)
    g_info ("%" G_GUINT64_FORMAT " packets were left out because their time did not rise", self->dropped);
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
  g_autofree char *live = g_build_filename (path, REGIA_SESSION_LIVE, NULL);

  self->options = *options;
  self->recordings = g_strdup (options->recordings);
  self->session_name = g_strdup (options->session);
  self->title = g_strdup (options->title);
  self->place = g_strdup (options->place);
  self->feed_path = g_strdup (options->feed_path);
  self->tracks = g_strdupv ((char **)options->tracks);
  self->done = done;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->status = regia_status_new (options->session, options->title, path);
  self->writer = regia_writer_new (options->disk, live);
  self->feed = regia_feed_client_new (self->feed_path, (const char *const *)self->tracks,
                                      REGIA_FEED_FROM_OLDEST, 0, 0);
  g_queue_init (&self->backlog);
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
regia_recording_free (RegiaRecording *self)
{
  if (self == NULL)
    return;
  regia_recording_stop (self, FALSE);
  g_thread_join (self->thread);
  regia_feed_client_free (self->feed);
  regia_writer_free (self->writer);
  g_clear_pointer (&self->session, regia_session_free);
  g_clear_pointer (&self->file_tracks, g_ptr_array_unref);
  g_clear_pointer (&self->ends, g_hash_table_unref);
  g_queue_clear_full (&self->backlog, (GDestroyNotify)regia_packet_unref);
  regia_status_free (self->status);
  g_object_unref (self->cancellable);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  g_strfreev (self->tracks);
  g_free (self->recordings);
  g_free (self->session_name);
  g_free (self->title);
  g_free (self->place);
  g_free (self->feed_path);
  g_free (self);
}

GVariant *
regia_recording_get_state (RegiaRecording *self)
{
  return regia_status_to_variant (self->status);
}

gboolean
regia_recording_is_healthy (RegiaRecording *self, char **ret_why)
{
  return regia_status_is_healthy (self->status, ret_why);
}
