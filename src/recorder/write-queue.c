/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "write-queue-private.h"

#include <string.h>

#include "disk-private.h"
#include "missing-private.h"
#include "regia/base/error.h"
#include "regia/feed/track.h"
#include "writer-private.h"

/*
 * RegiaWriteQueue sits between the loop that follows the feed and the writer of one part. It is `blocked`
 * while the disk takes nothing. What was given to it and is not on the disk is in exactly one of two places:
 * in the writer (the fragment being made), or, after a failure, in `backlog`, in order, each packet with the
 * track table that it belongs to: the engine may have been restarted, and numbers tracks anew. It is
 * `displaced`, for the rest of its life, when what it writes into cannot be reached by its name any more.
 *
 * Owner: the recording, from the opening of the session to its finishing.
 */

#define RETRY_US      G_USEC_PER_SEC
#define RETRY_SLOWEST 10 /* × RETRY_US, for a disk that fails again and again */
#define SAVE_US       (10 * G_USEC_PER_SEC)
#define UNSAVED_US    G_USEC_PER_SEC
#define RATE_SPAN_US  (10 * G_USEC_PER_SEC)
#define MARGIN_BYTES                                                                                         \
  (256u << 10) /* with a tenth of the reserve: room that must come back before recording goes on */

/* Fewer files than this may still be made: the finished one and a few parts, if nobody else makes any. */
#define FILES_LOW 10

/* A packet that the disk refused. */
typedef struct {
  RegiaPacket *packet; /* (owned) */
  GPtrArray *tracks;   /* (owned) (element-type RegiaTrack) */
} Waiting;

struct _RegiaWriteQueue {
  const RegiaDisk *disk;
  RegiaStore *store;
  RegiaSession *session;
  RegiaRecorderStatus *status;
  RegiaEpoch epoch;
  char *recordings; /* (owned) */
  guint64 reserve_bytes;
  RegiaWriter *writer;    /* (owned) */
  GPtrArray *tracks;      /* (owned) (nullable) (element-type RegiaTrack): of the packets that come */
  GPtrArray *part_tracks; /* (owned) (nullable) (element-type RegiaTrack): of the last part begun */
  RegiaSessionPart *part; /* borrowed (nullable): the open one */
  guint next_number;
  GQueue backlog; /* (element-type Waiting) */
  gboolean blocked;
  char *displaced; /* (owned) (nullable) */
  guint failures;  /* of the disk, since a fragment last reached it */
  gint64 retry_at_us, saved_at_us, seen_on_disk_us;
  gboolean dirty;        /* session differs from session.json */
  gboolean space_known;  /* free space was measured */
  gboolean warned;       /* that finishing has too little room */
  gboolean loss_told;    /* what lost parts mean was told, now that there is a part after them */
  gint64 free_files;     /* as last measured; G_MAXINT64: as many as one likes */
  gint64 earlier_ms;     /* recorded by parts closed before the present one */
  guint64 earlier_bytes; /* of parts of earlier recorders */
  guint64 dropped;
  gint64 rate_since_us;
  guint64 rate_bytes, rate_bps;
};

static Waiting *
waiting_new (RegiaPacket *packet, GPtrArray *tracks)
{
  Waiting *waiting = g_new (Waiting, 1);

  waiting->packet = regia_packet_ref (packet);
  waiting->tracks = g_ptr_array_ref (tracks);
  return waiting;
}

static void
waiting_free (Waiting *waiting)
{
  regia_packet_unref (waiting->packet);
  g_ptr_array_unref (waiting->tracks);
  g_free (waiting);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Waiting, waiting_free)

RegiaWriteQueue *
regia_write_queue_new (const RegiaDisk *disk, RegiaStore *store, RegiaSession *session,
                       RegiaRecorderStatus *status, const RegiaEpoch *epoch, const char *recordings,
                       guint64 reserve_bytes)
{
  RegiaWriteQueue *self = g_new0 (RegiaWriteQueue, 1);
  g_autofree char *live = regia_store_path (store, REGIA_SESSION_LIVE);

  self->disk = disk;
  self->store = store;
  self->session = session;
  self->status = status;
  self->epoch = *epoch;
  self->recordings = g_strdup (recordings);
  self->reserve_bytes = reserve_bytes;
  self->writer = regia_writer_new (disk, live);
  g_queue_init (&self->backlog);
  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);

    if (strcmp (part->state, REGIA_PART_LOST) == 0)
      continue;
    self->earlier_ms += part->to_ms - part->from_ms;
    self->earlier_bytes += part->bytes;
  }
  self->next_number = regia_session_next_number (session);
  self->free_files = G_MAXINT64;
  regia_recorder_status_set_gaps (status, session->gaps_total, session->gap_ms);
  return self;
}

void
regia_write_queue_free (RegiaWriteQueue *self)
{
  if (self == NULL)
    return;
  if (self->dropped > 0)
    g_info ("%" G_GUINT64_FORMAT " packets could not follow the ones before them in the file", self->dropped);
  regia_writer_free (self->writer);
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
  g_clear_pointer (&self->part_tracks, g_ptr_array_unref);
  g_queue_clear_full (&self->backlog, (GDestroyNotify)waiting_free);
  g_free (self->displaced);
  g_free (self->recordings);
  g_free (self);
}

/* --- session.json and the status --- */

/* A record that cannot be written now is written later; the parts are what counts. */
void
regia_write_queue_save (RegiaWriteQueue *self)
{
  g_autoptr (GError) error = NULL;

  regia_recorder_status_enter_disk (self->status);
  self->dirty = !regia_store_save (self->store, self->session, &error);
  if (self->dirty)
    g_info ("the session's record could not be written now: %s", error->message);
  regia_recorder_status_leave_disk (self->status);
  self->saved_at_us = g_get_monotonic_time ();
}

/* Once the recording has come to where it was it is known how much of what was lost the feed still had. */
static void
tell_loss (RegiaWriteQueue *self)
{
  RegiaSession *session = self->session;
  g_autofree char *words = NULL;
  g_autofree char *note = NULL;
  const char *reason = NULL;

  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);

    if (strcmp (part->state, REGIA_PART_LOST) == 0)
      reason = part->message;
  }
  self->loss_told = TRUE;
  if (reason == NULL)
    return;
  regia_missing_note (session);
  regia_recorder_status_set_gaps (self->status, session->gaps_total, session->gap_ms);
  words = regia_missing_in_words (session);
  if (words[0] == '\0')
    note =
        g_strdup_printf ("Recording goes on in a new part, because %s; nothing is missing, the feed's memory "
                         "had all of it",
                         reason);
  g_warning ("%s", note != NULL ? note : words);
  regia_recorder_status_set_loss (self->status, note != NULL ? note : words, note == NULL);
  self->dirty = TRUE;
}

static void
show_progress (RegiaWriteQueue *self)
{
  RegiaSession *session = self->session;
  RegiaWriterStats stats;
  gint64 part_ms = 0;

  regia_writer_get_stats (self->writer, &stats);
  if (self->part != NULL) {
    self->part->bytes = stats.bytes;
    self->part->from_ms = stats.from_ns / REGIA_MSECOND;
    self->part->to_ms = stats.to_ns / REGIA_MSECOND;
    part_ms = self->part->to_ms - self->part->from_ms;
    if (part_ms > 0 && !self->loss_told && self->part->to_ms >= regia_missing_until (session))
      tell_loss (self);
  }
  if (session->started_ms == 0 && stats.to_ns > 0) {
    session->started_ms = regia_epoch_wall (&self->epoch, stats.from_ns) / REGIA_MSECOND;
    self->dirty = TRUE;
  }
  if (stats.on_disk_ns > 0) {
    gint64 now_ms = regia_epoch_wall (&self->epoch, stats.on_disk_ns) / REGIA_MSECOND;

    session->duration_ms = MAX (session->duration_ms, now_ms - session->started_ms);
  }
  regia_recorder_status_set_written (self->status, &stats, self->earlier_ms + part_ms,
                                     self->earlier_bytes + stats.total_bytes, session->parts->len);
}

void
regia_write_queue_note_gap (RegiaWriteQueue *self, const char *reason, gint64 from_ns, gint64 to_ns)
{
  g_warning ("%.3f s are missing in the recording from show time %.3f s on: %s",
             (double)(to_ns - from_ns) / REGIA_SECOND, (double)from_ns / REGIA_SECOND, reason);
  regia_session_add_gap (self->session, from_ns / REGIA_MSECOND, to_ns / REGIA_MSECOND, reason);
  regia_recorder_status_set_gaps (self->status, self->session->gaps_total, self->session->gap_ms);
  self->dirty = TRUE;
}

void
regia_write_queue_note_pause (RegiaWriteQueue *self, gint64 from_ns, gint64 to_ns)
{
  if (regia_session_set_pause (self->session, from_ns / REGIA_MSECOND, to_ns / REGIA_MSECOND))
    self->dirty = TRUE;
}

void
regia_write_queue_note_passed (RegiaWriteQueue *self, gint64 from_ns, gint64 to_ns)
{
  if (regia_session_add_pause (self->session, from_ns / REGIA_MSECOND, to_ns / REGIA_MSECOND))
    self->dirty = TRUE;
}

void
regia_write_queue_note_wanted (RegiaWriteQueue *self, RegiaWanted *wanted)
{
  if (regia_wanted_note (wanted, self->session))
    regia_write_queue_save (self);
}

gboolean
regia_write_queue_is_open (RegiaWriteQueue *self)
{
  return regia_writer_is_open (self->writer);
}

/* --- room on the disk --- */

static void
measure_rate (RegiaWriteQueue *self)
{
  RegiaWriterStats stats;
  gint64 now_us = g_get_monotonic_time ();

  regia_writer_get_stats (self->writer, &stats);
  if (self->rate_since_us != 0 && now_us - self->rate_since_us < RATE_SPAN_US)
    return;
  if (self->rate_since_us != 0)
    self->rate_bps = (guint64)((double)(stats.total_bytes - self->rate_bytes) * 8e6 /
                               (double)(now_us - self->rate_since_us));
  self->rate_since_us = now_us;
  self->rate_bytes = stats.total_bytes;
}

/* What the encoders aim at, until it was measured. */
static guint64
expected_bps (RegiaWriteQueue *self)
{
  guint64 sum = 0;

  if (self->rate_bps > 0)
    return self->rate_bps;
  for (guint i = 0; self->tracks != NULL && i < self->tracks->len; i++)
    sum += ((RegiaTrack *)g_ptr_array_index (self->tracks, i))->bitrate_bps;
  return sum;
}

/* Bytes until recording pauses, or −1 when the disk does not say. */
static gint64
measure_space (RegiaWriteQueue *self)
{
  gint64 free_bytes, usable;

  regia_recorder_status_enter_disk (self->status);
  free_bytes = self->disk->free_bytes (self->disk, regia_store_get_folder (self->store));
  self->free_files = self->disk->free_files (self->disk, regia_store_get_folder (self->store));
  regia_recorder_status_leave_disk (self->status);
  if (free_bytes < 0)
    return -1;
  self->space_known = TRUE;
  usable = MAX (free_bytes - (gint64)self->reserve_bytes, 0);
  regia_recorder_status_set_space (self->status, (guint64)free_bytes, (guint64)usable, expected_bps (self));
  return usable;
}

/* The finished file is made beside the parts: said while something can be done about it. */
static void
warn_of_finishing (RegiaWriteQueue *self)
{
  guint64 free_bytes = regia_recorder_status_get_free_bytes (self->status);
  g_autofree char *need = NULL, *have = NULL, *message = NULL;
  RegiaWriterStats stats;
  guint64 needed;

  if (!self->space_known || regia_recorder_status_get_phase (self->status) != REGIA_PHASE_RECORDING)
    return;
  regia_writer_get_stats (self->writer, &stats);
  needed = self->earlier_bytes + stats.total_bytes;
  if (free_bytes >= needed && self->free_files >= FILES_LOW) {
    if (self->warned)
      regia_recorder_status_set_phase (self->status, REGIA_PHASE_RECORDING, "");
    self->warned = FALSE;
    return;
  }
  need = g_format_size (needed);
  have = g_format_size (free_bytes);
  if (free_bytes < needed)
    message =
        g_strdup_printf ("Making the finished file will need %s and only %s are free: free up space in %s",
                         need, have, self->recordings);
  else
    message =
        g_strdup_printf ("The disk of %s has inodes for %" G_GINT64_FORMAT
                         " more files only, and finishing needs some: remove files there, however small",
                         self->recordings, self->free_files);
  if (!self->warned)
    g_message ("%s", message);
  self->warned = TRUE;
  regia_recorder_status_set_phase (self->status, REGIA_PHASE_RECORDING, message);
}

/* --- when the disk refuses --- */

static void
block (RegiaWriteQueue *self, const GError *error)
{
  gboolean full = regia_disk_is_full (error);
  gint64 usable = measure_space (self);
  g_autofree char *message = regia_disk_refusal_in_words (error, usable, self->free_files, self->recordings);

  /* Said once; not at all when the next moment brings a new part. */
  if (!self->blocked && (full || self->failures > 0))
    g_warning ("%s", message);
  self->blocked = TRUE;
  self->retry_at_us = g_get_monotonic_time () + RETRY_US * (gint64)MIN (1 + self->failures, RETRY_SLOWEST);
  regia_recorder_status_set_phase (self->status, full ? REGIA_PHASE_NO_SPACE : REGIA_PHASE_DISK_ERROR,
                                   message);
}

/* For good: see regia_write_queue_get_displaced(). @what became of @name. */
static void
displace (RegiaWriteQueue *self, const char *name, const char *what)
{
  self->displaced = g_strdup_printf ("%s %s", name, what);
  self->blocked = TRUE;
  self->retry_at_us = G_MAXINT64;
  g_warning ("what was recorded is not in its place any more: %s; a new part is begun", self->displaced);
  regia_recorder_status_set_phase (self->status, REGIA_PHASE_DISK_ERROR,
                                   "What was recorded is not in its place any more; a new part is begun");
  /* Said until it is known what it means, see tell_loss(): there may be no room for a new part. */
  regia_recorder_status_set_loss (self->status, self->displaced, FALSE);
}

/* The writer closed its part, in order or not. */
static void
note_part_closed (RegiaWriteQueue *self, const GError *error)
{
  if (self->part == NULL)
    return;
  show_progress (self);
  self->earlier_ms += self->part->to_ms - self->part->from_ms;
  if (error != NULL && !regia_disk_is_full (error))
    regia_session_set_part_state (self->part, REGIA_PART_SUSPECT, error->message);
  else
    regia_session_set_part_state (self->part, REGIA_PART_WHOLE, error != NULL ? "The disk was full" : "");
  self->part = NULL;
  self->dirty = TRUE;
}

/* What the writer could not save waits, in order, before everything else. */
static void
take_back (RegiaWriteQueue *self)
{
  GPtrArray *unsaved = regia_writer_take_unsaved (self->writer);

  while (unsaved->len > 0) {
    g_autoptr (RegiaPacket) packet = g_ptr_array_steal_index (unsaved, unsaved->len - 1);

    g_queue_push_head (&self->backlog, waiting_new (packet, self->part_tracks));
  }
  g_ptr_array_unref (unsaved);
}

static void
part_failed (RegiaWriteQueue *self, const GError *error)
{
  if (regia_writer_get_displaced (self->writer) != NULL) {
    g_autofree char *file = g_strdup (self->part->file);

    note_part_closed (self, error);
    displace (self, file, regia_writer_get_displaced (self->writer));
    return;
  }
  g_warning ("the recording goes on in a new part: %s", error->message);
  note_part_closed (self, error);
  take_back (self);
  block (self, error);
  /* A disk that failed gets its second chance at once, in another file, and the next ones ever later; a full
   * one when there is room. */
  if (!regia_disk_is_full (error) && self->failures++ == 0)
    self->retry_at_us = 0;
}

/* --- parts --- */

static void
record_tracks (RegiaWriteQueue *self)
{
  for (guint i = 0; i < self->part_tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (self->part_tracks, i);
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
begin_part (RegiaWriteQueue *self, GPtrArray *tracks)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;
  g_autofree char *what = NULL;
  guint number;
  gboolean ok;

  regia_recorder_status_enter_disk (self->status);
  if (regia_store_find_place (self->store, self->disk, &what) != REGIA_PLACE_KEPT) {
    regia_recorder_status_leave_disk (self->status);
    displace (self, regia_store_get_folder (self->store), what);
    return FALSE;
  }
  ok = regia_store_make_live (self->store, &error) &&
       regia_writer_begin (self->writer, self->next_number, tracks, &number, &error);
  regia_recorder_status_leave_disk (self->status);
  if (!ok) {
    block (self, error);
    self->failures++;
    return FALSE;
  }
  self->next_number = number + 1;
  g_clear_pointer (&self->part_tracks, g_ptr_array_unref);
  self->part_tracks = g_ptr_array_ref (tracks);
  file = g_strdup_printf (REGIA_SESSION_LIVE "/programme-%04u.mp4", number);
  g_info ("recording into %s/%s", regia_store_get_id (self->store), file);
  self->part = regia_session_add_part (self->session, file, REGIA_PART_OPEN);
  record_tracks (self);
  regia_session_set_state (self->session, REGIA_SESSION_RECORDING, "");
  regia_write_queue_save (self);
  self->blocked = FALSE;
  regia_recorder_status_set_phase (self->status, REGIA_PHASE_RECORDING, "");
  return TRUE;
}

void
regia_write_queue_end_part (RegiaWriteQueue *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!regia_writer_is_open (self->writer))
    return;
  regia_recorder_status_enter_disk (self->status);
  ok = regia_writer_end (self->writer, &error);
  regia_recorder_status_leave_disk (self->status);
  if (!ok) {
    part_failed (self, error);
    return;
  }
  note_part_closed (self, NULL);
  regia_write_queue_save (self);
}

void
regia_write_queue_set_tracks (RegiaWriteQueue *self, GPtrArray *tracks)
{
  regia_write_queue_end_part (self);
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
  self->tracks = g_ptr_array_ref (tracks);
}

/* The part is closed while there still is room to close it. */
static void
check_space (RegiaWriteQueue *self)
{
  g_autoptr (GError) error = NULL;

  if (measure_space (self) != 0)
    return;
  regia_write_queue_end_part (self);
  if (self->blocked)
    return;
  g_set_error_literal (&error, REGIA_ERROR, REGIA_ERROR_NO_SPACE, "the reserve is reached");
  block (self, error);
}

static void
after_write (RegiaWriteQueue *self)
{
  RegiaWriterStats stats;

  regia_writer_get_stats (self->writer, &stats);
  if (stats.on_disk_at_us == self->seen_on_disk_us)
    return;
  self->seen_on_disk_us = stats.on_disk_at_us;
  self->failures = 0;
  show_progress (self);
  /* How far the part goes is read from its file at the next start, but for a file that is gone by then. */
  self->dirty = TRUE;
  if (!self->blocked)
    check_space (self);
}

/* --- packets --- */

/* One that was begun for what had waited of the generation before. */
static void
end_foreign_part (RegiaWriteQueue *self, GPtrArray *tracks)
{
  if (!self->blocked && regia_writer_is_open (self->writer) && self->part_tracks != tracks)
    regia_write_queue_end_part (self);
}

/* Into the present part, or a new one. When the disk refuses, it is at the head of the backlog. */
static void
write_packet (RegiaWriteQueue *self, RegiaPacket *packet, GPtrArray *tracks)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!regia_writer_is_open (self->writer) && !begin_part (self, tracks)) {
    g_queue_push_head (&self->backlog, waiting_new (packet, tracks));
    return;
  }
  regia_recorder_status_enter_disk (self->status);
  ok = regia_writer_add (self->writer, packet, &error);
  regia_recorder_status_leave_disk (self->status);
  if (ok) {
    after_write (self);
  } else if (g_error_matches (error, REGIA_ERROR, REGIA_ERROR_MEDIA) && regia_writer_is_open (self->writer)) {
    self->dropped++;
    g_debug ("left out: %s", error->message);
  } else
    part_failed (self, error);
}

void
regia_write_queue_write (RegiaWriteQueue *self, RegiaPacket *packet)
{
  end_foreign_part (self, self->tracks);
  if (self->blocked)
    g_queue_push_tail (&self->backlog, waiting_new (packet, self->tracks));
  else
    write_packet (self, packet, self->tracks);
}

/* --- as time goes by --- */

/* A new part, when there is room (a little more than the reserve, so that it does not close again at once),
 * and the backlog into it. */
static gboolean
retry (RegiaWriteQueue *self)
{
  gint64 usable = measure_space (self);
  const Waiting *next = g_queue_peek_head (&self->backlog);
  GPtrArray *tracks = next != NULL ? next->tracks : self->tracks;

  if ((usable >= 0 && (guint64)usable < self->reserve_bytes / 10 + MARGIN_BYTES) || self->free_files == 0) {
    g_autoptr (GError) error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_NO_SPACE, "the disk is full");

    block (self, error);
    return FALSE;
  }
  if (tracks == NULL || tracks->len == 0 || !begin_part (self, tracks))
    return FALSE;
  while (!self->blocked && !g_queue_is_empty (&self->backlog)) {
    g_autoptr (Waiting) waiting = NULL;

    /* What its end could not save comes before. */
    end_foreign_part (self, ((const Waiting *)g_queue_peek_head (&self->backlog))->tracks);
    if (self->blocked)
      break;
    waiting = g_queue_pop_head (&self->backlog);
    write_packet (self, waiting->packet, waiting->tracks);
  }
  if (!self->blocked)
    g_message ("recording again");
  return !self->blocked;
}

static void
flush (RegiaWriteQueue *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;

  regia_recorder_status_enter_disk (self->status);
  ok = regia_writer_flush (self->writer, &error);
  regia_recorder_status_leave_disk (self->status);
  if (ok)
    after_write (self);
  else
    part_failed (self, error);
}

gboolean
regia_write_queue_tick (RegiaWriteQueue *self)
{
  gint64 now_us = g_get_monotonic_time (), unsaved_us = regia_writer_has_unsaved (self->writer);
  gboolean resumed = FALSE;

  if (self->displaced != NULL)
    return FALSE;
  if (self->blocked && now_us >= self->retry_at_us)
    resumed = retry (self);
  else if (!self->blocked && unsaved_us > 0 && now_us - unsaved_us > UNSAVED_US)
    flush (self);
  show_progress (self);
  measure_rate (self);
  warn_of_finishing (self);
  if (self->dirty && now_us - self->saved_at_us > SAVE_US)
    regia_write_queue_save (self);
  return resumed;
}

gboolean
regia_write_queue_is_blocked (RegiaWriteQueue *self, gint64 *ret_retry_at_us)
{
  *ret_retry_at_us = self->retry_at_us;
  return self->blocked;
}

const char *
regia_write_queue_get_displaced (RegiaWriteQueue *self)
{
  return self->displaced;
}

/* The disk took nothing at the end. */
static gint64
note_unrecorded (RegiaWriteQueue *self)
{
  gint64 now_ns = regia_epoch_show_time (&self->epoch), until_ms = 0;

  for (guint i = 0; i < self->session->parts->len; i++)
    until_ms = MAX (until_ms, ((RegiaSessionPart *)g_ptr_array_index (self->session->parts, i))->to_ms);
  if (until_ms == 0 || now_ns <= until_ms * REGIA_MSECOND)
    return 0;
  regia_write_queue_note_gap (self, REGIA_REASON_DISK, until_ms * REGIA_MSECOND, now_ns);
  return now_ns - until_ms * REGIA_MSECOND;
}

gint64
regia_write_queue_close (RegiaWriteQueue *self)
{
  g_autofree char *what = NULL;
  gint64 unrecorded_ns;

  regia_write_queue_end_part (self);
  /* The second chance of a disk that failed at the last moment, see part_failed(). */
  if (self->blocked) {
    regia_write_queue_tick (self);
    regia_write_queue_end_part (self);
  }
  if (self->displaced != NULL)
    return 0;
  unrecorded_ns = self->blocked ? note_unrecorded (self) : 0;
  regia_recorder_status_enter_disk (self->status);
  if (regia_store_find_place (self->store, self->disk, &what) != REGIA_PLACE_KEPT)
    displace (self, regia_store_get_folder (self->store), what);
  regia_recorder_status_leave_disk (self->status);
  /* Whether it is dirty or not: somebody may have removed it, and it knows what finishing cannot see. */
  if (self->displaced == NULL && self->session->parts->len > 0)
    regia_write_queue_save (self);
  return unrecorded_ns;
}
