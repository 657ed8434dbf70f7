/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include "log-private.h"

#include "wire-private.h"

#define REST_BYTES (32u << 20)

/*
 * RegiaFeedLog: a ring of packet references, indexed by seq. The engine's streaming threads append; the feed
 * server reads, with a cursor for each reader. A packet that is evicted lives on as long as some reader's
 * batch holds a reference, so that nothing is copied and nobody waits.
 *
 * Each class of tracks has a budget. A packet that its class has no room for leaves a hole behind, which
 * remembers its track, so that its readers know what they lost.
 *
 * What the public is shown is decided here, once, when a packet is appended: privacy is a property of the
 * feed.
 *
 * Life: made by the engine when it starts, tracks set once all encoders have shown their parameters, ended
 * with the event or closed when its engine goes away in order, freed after the server.
 */

static void
table_free (RegiaFeedTable *table)
{
  for (guint i = 0; i < REGIA_TRACKS_MAX; i++)
    g_clear_pointer (&table->blanks[i], g_ptr_array_unref);
  g_ptr_array_unref (table->tracks);
  g_bytes_unref (table->bytes);
  g_bytes_unref (table->public_bytes);
  g_free (table);
}

RegiaFeedLog *
regia_feed_log_new (guint64 generation, gint64 span_ns, guint64 max_bytes)
{
  RegiaFeedLog *self = g_new0 (RegiaFeedLog, 1);

  g_mutex_init (&self->lock);
  g_mutex_init (&self->wake_lock);
  self->generation = generation;
  self->span_ns = span_ns;
  self->classes[REGIA_FEED_CLASS_PROGRAMME].max_bytes = max_bytes;
  self->classes[REGIA_FEED_CLASS_ISO].max_bytes = max_bytes;
  self->classes[REGIA_FEED_CLASS_REST].max_bytes = REST_BYTES;
  self->public_from_ns = self->shown_from_ns = G_MININT64;
  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify)table_free);
  self->capacity = 1024;
  self->ring = g_new0 (RegiaFeedSlot, self->capacity);
  return self;
}

void
regia_feed_log_free (RegiaFeedLog *self)
{
  if (self == NULL)
    return;
  for (guint64 seq = self->first_seq; seq < self->next_seq; seq++)
    regia_packet_unref (REGIA_FEED_SLOT (self, seq)->packet);
  g_free (self->ring);
  g_ptr_array_unref (self->tables);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->wake_lock);
  g_free (self);
}

/* Without the ring's lock: readers never wait for a wake-up. */
static void
wake_listener (RegiaFeedLog *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->wake_lock);

  if (self->wake != NULL)
    self->wake (self->wake_data);
}

void
regia_feed_log_set_budget (RegiaFeedLog *self, RegiaFeedClass class, guint64 max_bytes)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->classes[class].max_bytes = max_bytes;
}

RegiaFeedTable *
regia_feed_log_newest_table (RegiaFeedLog *self)
{
  return self->tables->len > 0 ? g_ptr_array_index (self->tables, self->tables->len - 1) : NULL;
}

RegiaFeedClass
regia_feed_class_of (const RegiaTrack *track)
{
  if (g_str_has_prefix (track->name, "video/") || g_str_has_prefix (track->name, "audio/") ||
      g_str_has_prefix (track->name, "captions/"))
    return REGIA_FEED_CLASS_PROGRAMME;
  return g_str_has_prefix (track->name, "iso/") ? REGIA_FEED_CLASS_ISO : REGIA_FEED_CLASS_REST;
}

static RegiaFeedTable *
table_new (GPtrArray *tracks)
{
  RegiaFeedTable *table = g_new0 (RegiaFeedTable, 1);

  table->tracks = g_ptr_array_ref (tracks);
  for (guint i = 0; i < tracks->len; i++) {
    table->classes[i] = (guint8)regia_feed_class_of (g_ptr_array_index (tracks, i));
    if (table->classes[i] == REGIA_FEED_CLASS_PROGRAMME)
      table->public_mask |= G_GUINT64_CONSTANT (1) << i;
  }
  table->bytes = regia_feed_tracks_to_bytes (tracks, G_MAXUINT64);
  table->public_bytes = regia_feed_tracks_to_bytes (tracks, table->public_mask);
  return table;
}

/* Blanks have their track's parameters in them. */
static void
inherit_blanks (RegiaFeedTable *table, const RegiaFeedTable *before)
{
  for (guint i = 0; before != NULL && i < table->tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (table->tracks, i);
    const RegiaTrack *same = regia_tracks_find (before->tracks, track->name);

    if (same != NULL && before->blanks[same->id] != NULL && regia_track_same_parameters (track, same))
      table->blanks[i] = g_ptr_array_ref (before->blanks[same->id]);
  }
}

void
regia_feed_log_set_tracks (RegiaFeedLog *self, GPtrArray *tracks)
{
  RegiaFeedTable *table;

  g_return_if_fail (tracks->len <= REGIA_TRACKS_MAX);

  table = table_new (tracks);
  g_mutex_lock (&self->lock);
  inherit_blanks (table, regia_feed_log_newest_table (self));
  table->version = ++self->version;
  g_ptr_array_add (self->tables, table);
  g_mutex_unlock (&self->lock);
  wake_listener (self);
}

GPtrArray *
regia_feed_log_get_tracks (RegiaFeedLog *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  RegiaFeedTable *table = regia_feed_log_newest_table (self);

  return table != NULL ? g_ptr_array_ref (table->tracks) : NULL;
}

guint64
regia_feed_log_get_generation (RegiaFeedLog *self)
{
  return self->generation;
}

void
regia_feed_log_set_blank (RegiaFeedLog *self, guint track, GPtrArray *payloads)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  RegiaFeedTable *table = regia_feed_log_newest_table (self);

  g_return_if_fail (table != NULL && track < table->tracks->len && payloads->len > 0);

  g_clear_pointer (&table->blanks[track], g_ptr_array_unref);
  table->blanks[track] = g_ptr_array_ref (payloads);
}

static void
grow_locked (RegiaFeedLog *self)
{
  guint capacity = self->capacity * 2;
  RegiaFeedSlot *ring = g_new0 (RegiaFeedSlot, capacity);

  for (guint64 seq = self->first_seq; seq < self->next_seq; seq++)
    ring[seq & (capacity - 1)] = *REGIA_FEED_SLOT (self, seq);
  g_free (self->ring);
  self->ring = ring;
  self->capacity = capacity;
}

/* Takes one packet out of the log; the caller drops it after the lock is gone, because the last reference may
 * free a megabyte. */
static RegiaPacket *
take_out_locked (RegiaFeedLog *self, guint64 seq)
{
  RegiaFeedSlot *slot = REGIA_FEED_SLOT (self, seq);
  RegiaPacket *packet = g_steal_pointer (&slot->packet);
  gsize size = g_bytes_get_size (packet->payload);

  self->packets--;
  self->bytes -= size;
  self->classes[slot->table->classes[slot->track]].bytes -= size;
  while (self->first_seq < self->next_seq && REGIA_FEED_SLOT (self, self->first_seq)->packet == NULL)
    self->first_seq++;
  while (self->tables->len > 1 &&
         REGIA_FEED_SLOT (self, self->first_seq)->table != g_ptr_array_index (self->tables, 0))
    g_ptr_array_remove_index (self->tables, 0);
  return packet;
}

/* The oldest packet of a class; never the newest of all. */
static RegiaPacket *
take_oldest_locked (RegiaFeedLog *self, RegiaFeedClass class)
{
  guint64 seq = MAX (self->classes[class].first_seq, self->first_seq);

  for (; seq + 1 < self->next_seq; seq++) {
    RegiaFeedSlot *slot = REGIA_FEED_SLOT (self, seq);

    if (slot->packet == NULL || slot->table->classes[slot->track] != class)
      continue;
    self->classes[class].first_seq = seq + 1;
    return take_out_locked (self, seq);
  }
  self->classes[class].first_seq = seq;
  return NULL;
}

static RegiaPacket *
evict_locked (RegiaFeedLog *self, gint64 newest_ns)
{
  if (self->packets <= 1)
    return NULL;
  if (newest_ns - REGIA_FEED_SLOT (self, self->first_seq)->packet->pts_ns > self->span_ns)
    return take_out_locked (self, self->first_seq);
  for (guint i = 0; i < REGIA_FEED_CLASSES; i++)
    if (self->classes[i].bytes > self->classes[i].max_bytes) {
      RegiaPacket *oldest = take_oldest_locked (self, i);

      if (oldest != NULL)
        return oldest;
    }
  return NULL;
}

/* A picture that the public can be given. */
static gboolean
is_public_picture (const RegiaFeedSlot *slot)
{
  return slot->table->classes[slot->track] == REGIA_FEED_CLASS_PROGRAMME &&
         regia_track_is_video (g_ptr_array_index (slot->table->tracks, slot->track));
}

static void
hide_locked (RegiaFeedLog *self, RegiaFeedSlot *slot, RegiaFeedView view)
{
  slot->view = view;
  self->states[slot->track].hidden = view;
  if (view != REGIA_FEED_BLANKED) {
    self->states[slot->track].blanks = FALSE;
    return;
  }
  if (!self->states[slot->track].blanks || regia_packet_is_keyframe (slot->packet))
    self->states[slot->track].next_blank = 0;
  self->states[slot->track].blanks = TRUE;
  slot->blank = self->states[slot->track].next_blank++;
}

static void
show_locked (RegiaFeedLog *self, RegiaFeedSlot *slot)
{
  slot->view = REGIA_FEED_SHOWN;
  self->states[slot->track].hidden = REGIA_FEED_SHOWN;
  self->states[slot->track].blanks = FALSE;
  if (is_public_picture (slot))
    self->shown_ns = MAX (self->shown_ns, slot->packet->pts_ns);
}

/* What the public is given of it. After what was hidden a picture can be decoded from a keyframe on; the
 * first sound has half of the block before in it. */
static void
decide_locked (RegiaFeedLog *self, RegiaFeedSlot *slot)
{
  const RegiaTrack *track = g_ptr_array_index (slot->table->tracks, slot->track);
  RegiaFeedView hidden = self->states[slot->track].hidden;

  if (slot->packet->pts_ns < self->shown_from_ns) {
    hide_locked (self, slot, REGIA_FEED_WITHHELD);
  } else if (slot->packet->pts_ns < self->public_from_ns) {
    hide_locked (self, slot, REGIA_FEED_BLANKED);
  } else if (hidden != REGIA_FEED_SHOWN && regia_track_is_audio (track)) {
    hide_locked (self, slot, hidden);
    self->states[slot->track].hidden = REGIA_FEED_SHOWN;
  } else if (hidden != REGIA_FEED_SHOWN && regia_track_is_video (track) &&
             !regia_packet_is_keyframe (slot->packet)) {
    hide_locked (self, slot, hidden);
  } else {
    show_locked (self, slot);
  }
}

void
regia_feed_log_append (RegiaFeedLog *self, RegiaPacket *packet)
{
  RegiaPacket *evicted[16];
  guint n_evicted = 0;
  gint64 newest_ns = packet->pts_ns;
  gsize size = g_bytes_get_size (packet->payload);
  RegiaFeedTable *table;
  RegiaFeedSlot *slot;

  g_mutex_lock (&self->lock);
  table = regia_feed_log_newest_table (self);
  if (self->ended || table == NULL || packet->track >= table->tracks->len) {
    g_mutex_unlock (&self->lock);
    regia_packet_unref (packet);
    g_return_if_reached ();
  }
  if (self->next_seq - self->first_seq == self->capacity)
    grow_locked (self);
  packet->seq = self->next_seq;
  slot = REGIA_FEED_SLOT (self, self->next_seq);
  *slot = (RegiaFeedSlot){.packet = packet, .table = table, .track = (guint8)packet->track};
  decide_locked (self, slot);
  self->next_seq++;
  self->packets++;
  self->bytes += size;
  self->classes[table->classes[packet->track]].bytes += size;
  /* Up to 16 at a time keeps the lock short; more than one a packet only happens after a jump. */
  while (n_evicted < G_N_ELEMENTS (evicted)) {
    RegiaPacket *oldest = evict_locked (self, newest_ns);
    if (oldest == NULL)
      break;
    evicted[n_evicted++] = oldest;
  }
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < n_evicted; i++)
    regia_packet_unref (evicted[i]);
  wake_listener (self);
}

/* Until when a packet tells of what happened: a frame of sound holds as much again of what comes after it,
 * since the windows of its codec overlap. */
static gint64
reach_ns (const RegiaFeedSlot *slot)
{
  const RegiaTrack *track = g_ptr_array_index (slot->table->tracks, slot->track);

  return slot->packet->pts_ns + (regia_track_is_audio (track) ? 2 : 1) * slot->packet->duration_ns;
}

/* What is held and reaches into the time from @now_ns on is hidden, too. */
static void
hide_from_locked (RegiaFeedLog *self, gint64 now_ns, RegiaFeedView view)
{
  gint64 shown_ns = -1;

  for (guint64 seq = self->first_seq; seq < self->next_seq; seq++) {
    RegiaFeedSlot *slot = REGIA_FEED_SLOT (self, seq);

    if (slot->packet == NULL || slot->view != REGIA_FEED_SHOWN)
      continue;
    if (reach_ns (slot) > now_ns)
      hide_locked (self, slot, view);
    else if (is_public_picture (slot))
      shown_ns = MAX (shown_ns, slot->packet->pts_ns);
  }
  self->shown_ns = shown_ns >= 0 ? shown_ns : MIN (self->shown_ns, now_ns);
}

gint64
regia_feed_log_set_private (RegiaFeedLog *self, gboolean is_private, gint64 now_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (is_private && self->public_from_ns != G_MAXINT64) {
    self->public_from_ns = G_MAXINT64;
    hide_from_locked (self, now_ns, REGIA_FEED_BLANKED);
  } else if (!is_private && self->public_from_ns == G_MAXINT64) {
    self->public_from_ns = now_ns;
  }
  return self->shown_ns;
}

void
regia_feed_log_set_rehearsal (RegiaFeedLog *self, gboolean is_rehearsal, gint64 now_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (is_rehearsal && self->shown_from_ns != G_MAXINT64) {
    self->shown_from_ns = G_MAXINT64;
    hide_from_locked (self, now_ns, REGIA_FEED_WITHHELD);
  } else if (!is_rehearsal && self->shown_from_ns == G_MAXINT64) {
    self->shown_from_ns = now_ns;
  }
}

static void
end (RegiaFeedLog *self, gboolean over)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  self->over = over;
  g_mutex_unlock (&self->lock);
  wake_listener (self);
}

void
regia_feed_log_end (RegiaFeedLog *self)
{
  end (self, TRUE);
}

void
regia_feed_log_close (RegiaFeedLog *self)
{
  end (self, FALSE);
}

void
regia_feed_log_set_wake (RegiaFeedLog *self, RegiaFeedWakeFunc wake, gpointer user_data)
{
  g_mutex_lock (&self->wake_lock);
  self->wake_data = user_data;
  self->wake = wake;
  g_mutex_unlock (&self->wake_lock);
}

void
regia_feed_log_get_stats (RegiaFeedLog *self, RegiaFeedLogStats *ret_stats)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  ret_stats->packets = self->packets;
  ret_stats->bytes = self->bytes;
  ret_stats->first_seq = self->first_seq;
  ret_stats->next_seq = self->next_seq;
  ret_stats->held_ns = self->packets > 0 ? REGIA_FEED_SLOT (self, self->next_seq - 1)->packet->pts_ns -
                                               REGIA_FEED_SLOT (self, self->first_seq)->packet->pts_ns
                                         : 0;
}
