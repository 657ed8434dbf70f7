/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "status-private.h"

#include <string.h>

#include "regia/base/clock.h"
#include "regia/base/fields.h"

#define HANG_US       (5 * G_USEC_PER_SEC)
#define SLOW_DISK_US  (2 * G_USEC_PER_SEC)
#define QUIET_US      (4 * G_USEC_PER_SEC) /* without a fragment it does not record, whatever it believes */
#define FSYNC_SPAN_US (30 * G_USEC_PER_SEC)

/*
 * RegiaRecorderStatus is shared by the recording's thread, which may hang in the disk for minutes, and the
 * main context, which must go on saying so. The lock is held for the copying of values only.
 */
struct _RegiaRecorderStatus {
  char *title;          /* (owned) immutable */
  guint memory_ms;      /* immutable */
  GMutex lock;          /* a leaf; guards what follows */
  char *session, *path; /* (owned) */
  char *loss;           /* (owned) */
  gboolean missing;
  RegiaPhase phase;
  gint64 phase_since_us;
  char *message; /* (owned) */
  RegiaWriterStats stats;
  gint64 recorded_ms;
  guint64 bytes;
  guint parts, gaps, percent;
  gint64 gap_ms;
  guint64 free_bytes, left_ms;
  char **files;                     /* (owned) */
  gint64 tick_us, disk_since_us;    /* monotonic; the latter 0 outside of the disk */
  gint64 fsync_us, fsync_before_us; /* slowest of this span, and of the one before it */
  gint64 fsync_span_us;             /* when this span began */
};

static const char *const phase_names[] = {
    [REGIA_PHASE_WAITING] = "waiting",       [REGIA_PHASE_RECORDING] = "recording",
    [REGIA_PHASE_PAUSED] = "paused",         [REGIA_PHASE_NO_SPACE] = "no-space",
    [REGIA_PHASE_DISK_ERROR] = "disk-error", [REGIA_PHASE_FINISHING] = "finishing",
    [REGIA_PHASE_FINISHED] = "finished",
};

RegiaRecorderStatus *
regia_recorder_status_new (const char *session, const char *title, const char *path, guint memory_ms)
{
  RegiaRecorderStatus *self = g_new0 (RegiaRecorderStatus, 1);

  self->session = g_strdup (session);
  self->title = g_strdup (title);
  self->path = g_strdup (path);
  self->memory_ms = memory_ms;
  self->message = g_strdup ("");
  self->loss = g_strdup ("");
  self->files = g_new0 (char *, 1);
  self->tick_us = self->fsync_span_us = g_get_monotonic_time ();
  g_mutex_init (&self->lock);
  return self;
}

void
regia_recorder_status_free (RegiaRecorderStatus *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->lock);
  g_free (self->session);
  g_free (self->title);
  g_free (self->path);
  g_free (self->message);
  g_free (self->loss);
  g_strfreev (self->files);
  g_free (self);
}

void
regia_recorder_status_set_phase (RegiaRecorderStatus *self, RegiaPhase phase, const char *message)
{
  g_mutex_lock (&self->lock);
  if (self->phase != phase)
    self->phase_since_us = g_get_monotonic_time ();
  self->phase = phase;
  g_free (self->message);
  self->message = g_strdup (message);
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_set_place (RegiaRecorderStatus *self, const char *session, const char *path)
{
  g_mutex_lock (&self->lock);
  g_free (self->session);
  g_free (self->path);
  self->session = g_strdup (session);
  self->path = g_strdup (path);
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_set_loss (RegiaRecorderStatus *self, const char *words, gboolean missing)
{
  g_mutex_lock (&self->lock);
  g_free (self->loss);
  self->loss = g_strdup (words);
  self->missing = missing;
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_tick (RegiaRecorderStatus *self)
{
  g_mutex_lock (&self->lock);
  self->tick_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_enter_disk (RegiaRecorderStatus *self)
{
  g_mutex_lock (&self->lock);
  self->disk_since_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_leave_disk (RegiaRecorderStatus *self)
{
  g_mutex_lock (&self->lock);
  self->disk_since_us = 0;
  self->tick_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_set_written (RegiaRecorderStatus *self, const RegiaWriterStats *stats,
                                   gint64 recorded_ms, guint64 bytes, guint parts)
{
  gint64 now_us = g_get_monotonic_time ();

  g_mutex_lock (&self->lock);
  if (now_us - self->fsync_span_us > FSYNC_SPAN_US) {
    self->fsync_before_us = self->fsync_us;
    self->fsync_us = 0;
    self->fsync_span_us = now_us;
  }
  if (stats->on_disk_at_us != self->stats.on_disk_at_us)
    self->fsync_us = MAX (self->fsync_us, stats->sync_us);
  self->stats = *stats;
  self->recorded_ms = recorded_ms;
  self->bytes = bytes;
  self->parts = parts;
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_set_gaps (RegiaRecorderStatus *self, guint gaps, gint64 gap_ms)
{
  g_mutex_lock (&self->lock);
  self->gaps = gaps;
  self->gap_ms = gap_ms;
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_set_space (RegiaRecorderStatus *self, guint64 free_bytes, guint64 usable_bytes,
                                 guint64 rate_bps)
{
  g_mutex_lock (&self->lock);
  self->free_bytes = free_bytes;
  self->left_ms = rate_bps > 0 ? (guint64)((double)usable_bytes * 8000.0 / (double)rate_bps) : 0;
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_set_percent (RegiaRecorderStatus *self, guint percent)
{
  g_mutex_lock (&self->lock);
  self->percent = percent;
  self->tick_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
}

void
regia_recorder_status_set_files (RegiaRecorderStatus *self, const char *const *names)
{
  g_mutex_lock (&self->lock);
  g_strfreev (self->files);
  self->files = g_strdupv ((char **)names);
  g_mutex_unlock (&self->lock);
}

RegiaPhase
regia_recorder_status_get_phase (RegiaRecorderStatus *self)
{
  RegiaPhase phase;

  g_mutex_lock (&self->lock);
  phase = self->phase;
  g_mutex_unlock (&self->lock);
  return phase;
}

char *
regia_recorder_status_dup_message (RegiaRecorderStatus *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_strdup (self->message);
}

guint64
regia_recorder_status_get_free_bytes (RegiaRecorderStatus *self)
{
  guint64 free_bytes;

  g_mutex_lock (&self->lock);
  free_bytes = self->free_bytes;
  g_mutex_unlock (&self->lock);
  return free_bytes;
}

/* Lock held. How long the thread has been waiting for the disk, µs. */
static gint64
in_disk_us (RegiaRecorderStatus *self)
{
  return self->disk_since_us > 0 ? g_get_monotonic_time () - self->disk_since_us : 0;
}

/* Lock held. How long nothing has reached the disk since recording began. */
static gint64
quiet_us (RegiaRecorderStatus *self)
{
  return g_get_monotonic_time () - MAX (self->stats.on_disk_at_us, self->phase_since_us);
}

/* While the disk hangs the feed's memory fills, and then what comes is lost: said while something can be
 * done, and as it happens. */
char *
regia_recorder_status_hang_in_words (gint64 hung_ms, gint64 behind_ms, gint64 memory_ms, const char *path)
{
  gint64 over_ms = MAX (behind_ms, hung_ms) - memory_ms;

  if (over_ms < 0)
    return g_strdup_printf (
        "The disk has not answered for %" G_GINT64_FORMAT
        " s; what comes in waits in the feed's memory, which has room for %" G_GINT64_FORMAT
        " s more; check the disk of %s",
        hung_ms / 1000, -over_ms / 1000, path);
  return g_strdup_printf ("The disk has not answered for %" G_GINT64_FORMAT
                          " s; the feed's memory of %" G_GINT64_FORMAT
                          " s is used up, about %" G_GINT64_FORMAT
                          " s are lost to the recording so far, and it gets more; check the disk of %s",
                          hung_ms / 1000, memory_ms / 1000, over_ms / 1000, path);
}

/* Lock held. What is the matter now, and what was lost before. */
static char *
message_in_words (RegiaRecorderStatus *self, const char *now)
{
  gboolean both = now[0] != '\0' && self->loss[0] != '\0' && strcmp (now, self->loss) != 0;

  if (both)
    return g_strdup_printf ("%s. %s", now, self->loss);
  return g_strdup (now[0] != '\0' ? now : self->loss);
}

/* What is shown; a copy. */
typedef struct {
  char *state, *message, *session, *title, *path; /* (owned) */
  gboolean whole;
  guint64 last_fragment_ms, last_fragment_age_ms, recorded_ms, bytes, parts, gaps, gap_ms;
  double fsync_ms;
  guint64 free_bytes, left_ms, finishing_percent;
  char **files; /* (owned) */
} Shown;

static const RegiaField shown_fields[] = {
    REGIA_FIELD_STRING (Shown, state, "state"),
    REGIA_FIELD_STRING (Shown, message, "message"),
    REGIA_FIELD_BOOLEAN (Shown, whole, "whole"),
    REGIA_FIELD_STRING (Shown, session, "session"),
    REGIA_FIELD_STRING (Shown, title, "title"),
    REGIA_FIELD_STRING (Shown, path, "path"),
    REGIA_FIELD_UINT64 (Shown, last_fragment_ms, "last-fragment-ms"),
    REGIA_FIELD_UINT64 (Shown, last_fragment_age_ms, "last-fragment-age-ms"),
    REGIA_FIELD_UINT64 (Shown, recorded_ms, "recorded-ms"),
    REGIA_FIELD_UINT64 (Shown, bytes, "bytes"),
    REGIA_FIELD_UINT64 (Shown, parts, "parts"),
    REGIA_FIELD_UINT64 (Shown, gaps, "gaps"),
    REGIA_FIELD_UINT64 (Shown, gap_ms, "gap-ms"),
    REGIA_FIELD_DOUBLE (Shown, fsync_ms, "fsync-ms"),
    REGIA_FIELD_UINT64 (Shown, free_bytes, "free-bytes"),
    REGIA_FIELD_UINT64 (Shown, left_ms, "left-ms"),
    REGIA_FIELD_UINT64 (Shown, finishing_percent, "finishing-percent"),
    REGIA_FIELD_STRINGS (Shown, files, "files"),
    {NULL},
};

/* Lock held. The phase as it shows, which the thread cannot say itself while it hangs. (transfer full)
 * (nullable): the words for it, where they are not those last set. */
static char *
judge (RegiaRecorderStatus *self, RegiaPhase *ret_phase)
{
  *ret_phase = self->phase;
  /* Finishing waits for the disk all the time. */
  if (in_disk_us (self) > SLOW_DISK_US && self->phase != REGIA_PHASE_FINISHING) {
    *ret_phase = REGIA_PHASE_DISK_ERROR;
    return regia_recorder_status_hang_in_words (in_disk_us (self) / 1000, quiet_us (self) / 1000,
                                                self->memory_ms, self->path);
  }
  if (self->phase == REGIA_PHASE_RECORDING && quiet_us (self) > QUIET_US) {
    *ret_phase = REGIA_PHASE_WAITING;
    return g_strdup_printf ("Nothing has come from the engine for %" G_GINT64_FORMAT " s",
                            quiet_us (self) / G_USEC_PER_SEC);
  }
  return NULL;
}

GVariant *
regia_recorder_status_to_variant (RegiaRecorderStatus *self)
{
  g_autofree char *words = NULL;
  RegiaPhase phase;
  GVariant *variant;
  Shown shown;
  gint64 age_us;

  g_mutex_lock (&self->lock);
  words = judge (self, &phase);
  age_us = self->stats.on_disk_at_us > 0 ? g_get_monotonic_time () - self->stats.on_disk_at_us : 0;
  shown = (Shown){
      .state = g_strdup (phase_names[phase]),
      .message = message_in_words (self, words != NULL ? words : self->message),
      .whole = !self->missing,
      .session = g_strdup (self->session),
      .title = g_strdup (self->title),
      .path = g_strdup (self->path),
      .last_fragment_ms = (guint64)(self->stats.on_disk_ns / REGIA_MSECOND),
      .last_fragment_age_ms = (guint64)(age_us / 1000),
      .recorded_ms = (guint64)self->recorded_ms,
      .bytes = self->bytes,
      .parts = self->parts,
      .gaps = self->gaps,
      .gap_ms = (guint64)self->gap_ms,
      .fsync_ms = (double)MAX (self->fsync_us, self->fsync_before_us) / 1000.0,
      .free_bytes = self->free_bytes,
      .left_ms = self->left_ms,
      .finishing_percent = self->percent,
      .files = g_strdupv (self->files),
  };
  g_mutex_unlock (&self->lock);
  variant = regia_fields_to_variant (shown_fields, &shown);
  regia_fields_clear (shown_fields, &shown);
  return variant;
}

gboolean
regia_recorder_status_is_healthy (RegiaRecorderStatus *self, char **ret_why)
{
  gint64 silent_us;
  gboolean healthy;

  g_mutex_lock (&self->lock);
  silent_us = g_get_monotonic_time () - self->tick_us;
  healthy = self->disk_since_us > 0 || silent_us < HANG_US;
  g_mutex_unlock (&self->lock);
  if (!healthy && ret_why != NULL)
    *ret_why = g_strdup_printf ("the recording's thread has not moved for %" G_GINT64_FORMAT " s",
                                silent_us / G_USEC_PER_SEC);
  return healthy;
}
