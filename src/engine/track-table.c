/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "track-table-private.h"

#include <string.h>

/*
 * RegiaTrackTable. `lock` guards all of it; the feed log is called outside of it, but for the hand-over of
 * the first packets and of a new table, which keeps their order (order of locks: lock, then the log's).
 *
 * Owner: RegiaProgramme. Threads: encoders' streaming threads, the blank's, the main thread.
 */

#define PLACE(id) (G_GUINT64_CONSTANT (1) << (id))

struct _RegiaTrackTable {
  RegiaFeedLog *log; /* (unowned) */

  GMutex lock;       /* guards what follows */
  GPtrArray *tracks; /* (element-type RegiaTrack) (owned) slots by id; never changed once the log has it */
  guint known;
  guint64 taken;     /* bit i: place i was given out, whether its track is there or not yet */
  GQueue waiting;    /* (element-type RegiaPacket) (owned) until all tracks are known */
  RegiaBlank *blank; /* (unowned) (nullable): once everything of it is made */
  char *blank_error; /* (owned) (nullable) */
};

RegiaTrackTable *
regia_track_table_new (RegiaFeedLog *log)
{
  RegiaTrackTable *self = g_new0 (RegiaTrackTable, 1);

  self->log = log;
  self->tracks = regia_tracks_new ();
  g_queue_init (&self->waiting);
  g_mutex_init (&self->lock);
  return self;
}

void
regia_track_table_free (RegiaTrackTable *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->waiting, (GDestroyNotify)regia_packet_unref);
  g_ptr_array_unref (self->tracks);
  g_mutex_clear (&self->lock);
  g_free (self->blank_error);
  g_free (self);
}

/* Under the lock: (transfer full): another one with the same tracks, since the one before may be in the log.
 */
static GPtrArray *
copy_tracks (const RegiaTrackTable *self)
{
  GPtrArray *tracks = regia_tracks_new ();

  for (guint i = 0; i < self->tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (self->tracks, i);

    g_ptr_array_add (tracks, track ? regia_track_ref (track) : NULL);
  }
  return tracks;
}

guint
regia_track_table_add (RegiaTrackTable *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GPtrArray *tracks;

  for (guint i = 0; i < self->tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (self->tracks, i);

    if (track == NULL || strcmp (track->name, REGIA_TRACK_GONE) != 0 || (self->taken >> i & 1) != 0)
      continue;
    self->taken |= PLACE (i);
    return i;
  }
  if (self->tracks->len == REGIA_TRACKS_MAX)
    return REGIA_TRACKS_MAX;
  tracks = copy_tracks (self);
  g_ptr_array_add (tracks, NULL);
  g_ptr_array_unref (self->tracks);
  self->tracks = tracks;
  self->taken |= PLACE (tracks->len - 1);
  return tracks->len - 1;
}

/* Of the others the public has nothing anyway. */
static gboolean
is_blanked (const RegiaTrack *track)
{
  return regia_feed_class_of (track) == REGIA_FEED_CLASS_PROGRAMME &&
         (regia_track_is_video (track) || regia_track_is_audio (track));
}

/* Under the lock, as soon as both the running encoders' parameters and the blank are known. */
static void
give_blank (RegiaTrackTable *self)
{
  g_autoptr (GString) faults = g_string_new (NULL);

  if (self->blank == NULL || self->known < self->tracks->len)
    return;
  for (guint i = 0; i < self->tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (self->tracks, i);
    g_autoptr (GError) error = NULL;
    gint64 duration_ns;
    GPtrArray *payloads;

    if (!is_blanked (track))
      continue;
    payloads = regia_blank_get (self->blank, track, &duration_ns, &error);
    if (payloads)
      regia_feed_log_set_blank (self->log, i, payloads);
    else
      g_string_append_printf (faults, "%s%s", faults->len ? "; " : "", error->message);
  }
  g_clear_pointer (&self->blank_error, g_free);
  if (faults->len)
    self->blank_error = g_string_free (g_steal_pointer (&faults), FALSE);
}

/* Under the lock: a table of its own, since the one before belongs to readers too. */
static void
replace (RegiaTrackTable *self, RegiaTrack *track)
{
  GPtrArray *tracks = copy_tracks (self);

  regia_track_unref (g_ptr_array_index (tracks, track->id));
  tracks->pdata[track->id] = track;
  g_ptr_array_unref (self->tracks);
  self->tracks = tracks;
  if (self->known == tracks->len)
    regia_feed_log_set_tracks (self->log, tracks);
}

void
regia_track_table_set (RegiaTrackTable *self, RegiaTrack *track)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (g_ptr_array_index (self->tracks, track->id) != NULL) {
    gboolean blanked = is_blanked (track);

    replace (self, track);
    if (!blanked)
      return; /* the log keeps the blanks of the others */
  } else {
    RegiaPacket *packet;

    self->tracks->pdata[track->id] = track;
    if (++self->known < self->tracks->len)
      return;
    regia_feed_log_set_tracks (self->log, self->tracks);
    while ((packet = g_queue_pop_head (&self->waiting)))
      regia_feed_log_append (self->log, packet);
  }
  give_blank (self);
}

static void
set_gone (RegiaTrackTable *self, guint id)
{
  g_autoptr (GBytes) nothing = g_bytes_new_static (NULL, 0);

  regia_track_table_set (self, regia_track_new (id, REGIA_TRACK_GONE, "", REGIA_CODEC_TEXT, nothing));
}

guint
regia_track_table_reserve (RegiaTrackTable *self)
{
  guint id = regia_track_table_add (self);

  if (id != REGIA_TRACKS_MAX)
    set_gone (self, id);
  return id;
}

void
regia_track_table_remove (RegiaTrackTable *self, guint id)
{
  set_gone (self, id);
  g_mutex_lock (&self->lock);
  self->taken &= ~PLACE (id);
  g_mutex_unlock (&self->lock);
}

void
regia_track_table_append (RegiaTrackTable *self, RegiaPacket *packet)
{
  gboolean complete;

  g_mutex_lock (&self->lock);
  complete = self->known == self->tracks->len;
  if (!complete)
    g_queue_push_tail (&self->waiting, packet);
  g_mutex_unlock (&self->lock);
  if (complete)
    regia_feed_log_append (self->log, packet);
}

void
regia_track_table_set_blank (RegiaTrackTable *self, RegiaBlank *blank)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->blank = blank;
  give_blank (self);
}

gboolean
regia_track_table_is_complete (RegiaTrackTable *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->known == self->tracks->len && self->tracks->len > 0;
}

char *
regia_track_table_get_blank_error (RegiaTrackTable *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_strdup (self->blank_error ? self->blank_error : "");
}
