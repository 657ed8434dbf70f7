/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include <string.h>

#include "log-private.h"
#include "wire-private.h"

/*
 * RegiaFeedCursor: where a reader is, and what it may have. What is wanted of a table is worked out once for
 * each table that is met, by name. All functions below take the log's lock and call nothing while they hold
 * it but the allocator and the matching of names.
 */
struct _RegiaFeedCursor {
  RegiaFeedLog *log; /* (unowned) */
  RegiaFeedRights rights;
  char *patterns; /* (owned) */
  gsize length;

  guint64 position;
  guint told;             /* version of the table that the reader was told, 0 none … */
  GPtrArray *told_tracks; /* (owned) (nullable) … or of a later one that is the same to it: what is in it … */
  guint64 told_mask;      /* … and what of that it wants and may have */
  gint64 last_pts_ns;     /* of the last packet given, 0 none */
  guint64 given;          /* tracks that it has had something of … */
  guint64 lost;           /* … and have lost something since */
  guint64 wants_key;      /* tracks that are passed over until a keyframe */

  guint newest_version; /* of the log's newest table, which it may not have met yet; 0 for none … */
  guint64 newest_mask;  /* … what it wants of that, and may have */

  /* What follows is of the table that was met last. */
  guint version;
  guint64 mask; /* wanted and allowed */
  int leader;   /* the first wanted video track, or −1: others start with it, because keyframes are aligned */
};

#define BIT(track) (G_GUINT64_CONSTANT (1) << (track))

static guint64
wanted_locked (const RegiaFeedCursor *self, const RegiaFeedTable *table)
{
  guint64 mask = regia_feed_tracks_mask (table->tracks, self->patterns, self->length);

  return self->rights == REGIA_FEED_PUBLIC ? mask & table->public_mask : mask;
}

static void
meet_locked (RegiaFeedCursor *self, const RegiaFeedTable *table)
{
  if (self->version == table->version)
    return;
  self->version = table->version;
  self->mask = wanted_locked (self, table);
  self->leader = -1;
  for (guint i = 0; i < table->tracks->len && self->leader < 0; i++)
    if ((self->mask & BIT (i)) && regia_track_is_video (g_ptr_array_index (table->tracks, i)))
      self->leader = (int)i;
}

/* What this reader is given of a slot. */
static RegiaFeedView
view_locked (RegiaFeedCursor *self, const RegiaFeedSlot *slot)
{
  RegiaFeedView view = (RegiaFeedView)slot->view;

  if (self->rights == REGIA_FEED_HOUSE || (self->rights == REGIA_FEED_RECORD && view != REGIA_FEED_WITHHELD))
    view = REGIA_FEED_SHOWN;
  if (slot->packet == NULL || (view == REGIA_FEED_BLANKED && slot->table->blanks[slot->track] == NULL))
    return REGIA_FEED_WITHHELD;
  return view;
}

static guint
blank_index (const RegiaFeedSlot *slot)
{
  return slot->blank % slot->table->blanks[slot->track]->len;
}

static gboolean
is_keyframe (const RegiaFeedSlot *slot, RegiaFeedView view)
{
  const RegiaTrack *track = g_ptr_array_index (slot->table->tracks, slot->track);

  if (view == REGIA_FEED_BLANKED && regia_track_is_video (track))
    return blank_index (slot) == 0;
  return regia_packet_is_keyframe (slot->packet);
}

/* (transfer full) */
static RegiaPacket *
make_packet (const RegiaFeedSlot *slot, RegiaFeedView view, gboolean discontinuity)
{
  const RegiaPacket *packet = slot->packet;
  guint flags = packet->flags | (discontinuity ? REGIA_PACKET_DISCONTINUITY : 0);
  GBytes *payload = packet->payload;
  RegiaPacket *made;

  if (view == REGIA_FEED_BLANKED) {
    flags &= ~(guint)REGIA_PACKET_KEYFRAME;
    flags |= is_keyframe (slot, view) ? REGIA_PACKET_KEYFRAME : 0;
    payload = g_ptr_array_index (slot->table->blanks[slot->track], blank_index (slot));
  }
  if (flags == packet->flags && payload == packet->payload)
    return regia_packet_ref (slot->packet);
  made = regia_packet_new (packet->track, flags, packet->pts_ns, packet->dts_ns, packet->duration_ns,
                           g_bytes_ref (payload));
  made->seq = packet->seq;
  return made;
}

static gboolean
is_start_locked (RegiaFeedCursor *self, guint64 seq)
{
  const RegiaFeedSlot *slot = REGIA_FEED_SLOT (self->log, seq);
  RegiaFeedView view = view_locked (self, slot);

  meet_locked (self, slot->table);
  return view != REGIA_FEED_WITHHELD && self->leader >= 0 && slot->track == (guint)self->leader &&
         is_keyframe (slot, view);
}

static guint64
newest_start_locked (RegiaFeedCursor *self)
{
  RegiaFeedLog *log = self->log;

  meet_locked (self, regia_feed_log_newest_table (log));
  if (self->leader < 0)
    return log->next_seq > log->first_seq ? log->next_seq - 1 : log->next_seq;
  for (guint64 seq = log->next_seq; seq > log->first_seq; seq--)
    if (is_start_locked (self, seq - 1))
      return seq - 1;
  return log->next_seq;
}

static guint64
oldest_start_locked (RegiaFeedCursor *self)
{
  RegiaFeedLog *log = self->log;

  meet_locked (self, regia_feed_log_newest_table (log));
  if (self->leader < 0)
    return log->first_seq;
  for (guint64 seq = log->first_seq; seq < log->next_seq; seq++)
    if (is_start_locked (self, seq))
      return seq;
  return log->next_seq;
}

RegiaFeedCursor *
regia_feed_cursor_new (RegiaFeedLog *log, RegiaFeedRights rights, const char *patterns, gsize length,
                       RegiaFeedFrom from, guint64 seq)
{
  RegiaFeedCursor *self = g_new0 (RegiaFeedCursor, 1);
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = NULL;

  self->log = log;
  self->rights = rights;
  self->patterns = g_strndup (patterns, length);
  self->length = length;
  locker = g_mutex_locker_new (&log->lock);
  g_return_val_if_fail (log->tables->len > 0, NULL);
  switch (from) {
  case REGIA_FEED_FROM_LIVE:
    self->position = newest_start_locked (self);
    break;
  case REGIA_FEED_FROM_SEQ:
    self->position = MIN (seq, log->next_seq);
    break;
  case REGIA_FEED_FROM_OLDEST:
    self->position = log->first_seq;
    break;
  }
  return self;
}

void
regia_feed_cursor_free (RegiaFeedCursor *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->told_tracks, g_ptr_array_unref);
  g_free (self->patterns);
  g_free (self);
}

guint64
regia_feed_cursor_get_wanted (RegiaFeedCursor *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->log->lock);
  const RegiaFeedTable *table = regia_feed_log_newest_table (self->log);

  if (self->newest_version != table->version) {
    self->newest_version = table->version;
    self->newest_mask = wanted_locked (self, table);
  }
  return self->newest_mask;
}

/* All but the house during a rehearsal: nothing of it is there, and when it is over nothing of it is missing.
 */
static gboolean
skip_rehearsal_locked (RegiaFeedCursor *self, RegiaFeedRead *result)
{
  if (self->rights == REGIA_FEED_HOUSE || self->log->shown_from_ns != G_MAXINT64)
    return FALSE;
  self->position = self->log->next_seq;
  self->lost = self->wants_key = self->given;
  result->end = self->log->ended;
  result->over = self->log->over;
  return TRUE;
}

/* TRUE: a packet for the reader; otherwise it is passed over. */
static gboolean
take_locked (RegiaFeedCursor *self, const RegiaFeedSlot *slot, RegiaPacket **ret_packet)
{
  const guint64 bit = BIT (slot->track);
  RegiaFeedView view;

  if ((self->mask & bit) == 0)
    return FALSE;
  view = view_locked (self, slot);
  if (view == REGIA_FEED_WITHHELD) {
    self->lost |= self->given & bit;
    if (regia_track_is_video (g_ptr_array_index (slot->table->tracks, slot->track)))
      self->wants_key |= bit;
    return FALSE;
  }
  if ((self->wants_key & bit) != 0 && !is_keyframe (slot, view))
    return FALSE;
  *ret_packet = make_packet (slot, view, (self->lost & bit) != 0);
  self->last_pts_ns = (*ret_packet)->pts_ns;
  self->given |= bit;
  self->lost &= ~bit;
  self->wants_key &= ~bit;
  return TRUE;
}

/* Whether all that this reader is given is the same in both tables, and in the same places: what others read
 * comes and goes without a recording or a viewer's player beginning anew. */
static gboolean
is_same_locked (const RegiaFeedCursor *self, const RegiaFeedTable *table)
{
  guint64 mask = wanted_locked (self, table);

  if (self->told_tracks == NULL || mask != self->told_mask || mask == 0)
    return FALSE;
  for (guint i = 0; i < table->tracks->len; i++)
    if ((mask & BIT (i)) &&
        !regia_track_is_same (g_ptr_array_index (table->tracks, i), g_ptr_array_index (self->told_tracks, i)))
      return FALSE;
  return TRUE;
}

/* Another table begins here: it is told before its first packet. */
static gboolean
tell_table_locked (RegiaFeedCursor *self, const RegiaFeedTable *table, RegiaFeedRead *result)
{
  gboolean same;

  if (table->version == self->told)
    return FALSE;
  same = is_same_locked (self, table);
  self->told = table->version;
  g_clear_pointer (&self->told_tracks, g_ptr_array_unref);
  self->told_tracks = g_ptr_array_ref (table->tracks);
  self->told_mask = wanted_locked (self, table);
  if (same)
    return FALSE;
  /* Places may mean other tracks now. */
  self->given = self->lost = self->wants_key = 0;
  result->table = g_bytes_ref (self->rights == REGIA_FEED_PUBLIC ? table->public_bytes : table->bytes);
  return TRUE;
}

void
regia_feed_cursor_read (RegiaFeedCursor *self, RegiaPacket **packets, guint max, RegiaFeedRead *ret_read)
{
  RegiaFeedLog *log = self->log;
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = NULL;
  guint64 position;

  g_return_if_fail (max >= 1);

  memset (ret_read, 0, sizeof *ret_read);
  locker = g_mutex_locker_new (&log->lock);
  if (skip_rehearsal_locked (self, ret_read))
    return;
  position = self->position;
  if (position < log->first_seq) {
    ret_read->gap = TRUE;
    ret_read->gap_from_ns = self->last_pts_ns;
    position = oldest_start_locked (self);
    self->lost = self->wants_key = 0;
  }
  for (; position < log->next_seq && ret_read->count < max; position++) {
    const RegiaFeedSlot *slot = REGIA_FEED_SLOT (log, position);

    if (slot->table->version != self->told && ret_read->count > 0)
      break;
    if (tell_table_locked (self, slot->table, ret_read))
      break;
    meet_locked (self, slot->table);
    ret_read->count += take_locked (self, slot, &packets[ret_read->count]);
  }
  if (position == log->next_seq && ret_read->count == 0 && ret_read->table == NULL)
    tell_table_locked (self, regia_feed_log_newest_table (log), ret_read);
  /* A gap without a packet behind it yet cannot tell its length: the reader stays where it was and hears of
   * it with the next packet. */
  if (ret_read->gap && ret_read->count == 0) {
    ret_read->gap = FALSE;
    return;
  }
  if (ret_read->gap)
    ret_read->gap_to_ns = packets[0]->pts_ns;
  self->position = position;
  ret_read->end = log->ended && position == log->next_seq && ret_read->table == NULL;
  ret_read->over = log->over;
}
