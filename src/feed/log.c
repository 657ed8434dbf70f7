/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include "regia/feed/log.h"

/*
 * RegiaFeedLog: a ring of packet references, indexed by seq. The engine's streaming threads append; the feed
 * server reads. A packet that is evicted lives on as long as some reader's batch holds a reference, so that
 * nothing is copied and nobody waits.
 *
 * Life: made by the engine when it starts, tracks set once all encoders have shown their parameters, ended on
 * an orderly stop, freed after the server.
 */
struct _RegiaFeedLog {
  GMutex lock;        /* guards all fields below up to `ended`; a leaf */
  guint64 generation; /* immutable */
  gint64 span_ns;     /* immutable */
  guint64 max_bytes;  /* immutable */

  RegiaPacket **ring; /* (owned) capacity is a power of two */
  guint capacity;
  guint64 first_seq, next_seq;
  guint64 bytes;
  GPtrArray *tracks; /* (owned) (nullable) (element-type RegiaTrack) */
  gboolean ended;

  GMutex wake_lock; /* guards what follows, and is held while the wake-up runs: whoever has taken it away
                       knows that it runs no more; a leaf */
  RegiaFeedWakeFunc wake;
  gpointer wake_data;
};

#define SLOT(self, seq) ((self)->ring[(seq) & ((self)->capacity - 1)])

RegiaFeedLog *
regia_feed_log_new (guint64 generation, gint64 span_ns, guint64 max_bytes)
{
  RegiaFeedLog *self = g_new0 (RegiaFeedLog, 1);

  g_mutex_init (&self->lock);
  g_mutex_init (&self->wake_lock);
  self->generation = generation;
  self->span_ns = span_ns;
  self->max_bytes = max_bytes;
  self->capacity = 1024;
  self->ring = g_new0 (RegiaPacket *, self->capacity);
  return self;
}

void
regia_feed_log_free (RegiaFeedLog *self)
{
  if (self == NULL)
    return;
  for (guint64 seq = self->first_seq; seq < self->next_seq; seq++)
    regia_packet_unref (SLOT (self, seq));
  g_free (self->ring);
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
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
regia_feed_log_set_tracks (RegiaFeedLog *self, GPtrArray *tracks)
{
  g_return_if_fail (tracks->len <= REGIA_TRACKS_MAX);

  g_mutex_lock (&self->lock);
  g_warn_if_fail (self->tracks == NULL);
  if (self->tracks == NULL)
    self->tracks = g_ptr_array_ref (tracks);
  g_mutex_unlock (&self->lock);
  wake_listener (self);
}

GPtrArray *
regia_feed_log_get_tracks (RegiaFeedLog *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->tracks != NULL ? g_ptr_array_ref (self->tracks) : NULL;
}

guint64
regia_feed_log_get_generation (RegiaFeedLog *self)
{
  return self->generation;
}

static void
grow_locked (RegiaFeedLog *self)
{
  guint capacity = self->capacity * 2;
  RegiaPacket **ring = g_new0 (RegiaPacket *, capacity);

  for (guint64 seq = self->first_seq; seq < self->next_seq; seq++)
    ring[seq & (capacity - 1)] = SLOT (self, seq);
  g_free (self->ring);
  self->ring = ring;
  self->capacity = capacity;
}

/* Takes one packet out of the log; the caller drops it after the lock is gone, because the last reference may
 * free a megabyte. */
static RegiaPacket *
evict_locked (RegiaFeedLog *self, gint64 newest_ns)
{
  RegiaPacket *oldest;

  if (self->next_seq - self->first_seq <= 1)
    return NULL;
  oldest = SLOT (self, self->first_seq);
  if (newest_ns - oldest->pts_ns <= self->span_ns && self->bytes <= self->max_bytes)
    return NULL;
  SLOT (self, self->first_seq) = NULL;
  self->first_seq++;
  self->bytes -= g_bytes_get_size (oldest->payload);
  return oldest;
}

void
regia_feed_log_append (RegiaFeedLog *self, RegiaPacket *packet)
{
  RegiaPacket *evicted[16];
  guint n_evicted = 0;
  gint64 newest_ns = packet->pts_ns;

  g_mutex_lock (&self->lock);
  if (self->ended || self->tracks == NULL || packet->track >= self->tracks->len) {
    g_mutex_unlock (&self->lock);
    regia_packet_unref (packet);
    g_return_if_reached ();
  }
  if (self->next_seq - self->first_seq == self->capacity)
    grow_locked (self);
  packet->seq = self->next_seq;
  SLOT (self, self->next_seq) = packet;
  self->next_seq++;
  self->bytes += g_bytes_get_size (packet->payload);
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

void
regia_feed_log_end (RegiaFeedLog *self)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_mutex_unlock (&self->lock);
  wake_listener (self);
}

void
regia_feed_log_set_wake (RegiaFeedLog *self, RegiaFeedWakeFunc wake, gpointer user_data)
{
  g_mutex_lock (&self->wake_lock);
  self->wake_data = user_data;
  self->wake = wake;
  g_mutex_unlock (&self->wake_lock);
}

/* The first wanted video track, or −1. Others (360p, ISO) start with it, because keyframes are aligned. */
static int
leading_track_locked (RegiaFeedLog *self, guint64 mask)
{
  if (self->tracks == NULL)
    return -1;
  for (guint i = 0; i < self->tracks->len; i++)
    if ((mask & (G_GUINT64_CONSTANT (1) << i)) && regia_track_is_video (g_ptr_array_index (self->tracks, i)))
      return (int)i;
  return -1;
}

static guint64
newest_keyframe_locked (RegiaFeedLog *self, guint64 mask)
{
  int leader = leading_track_locked (self, mask);

  if (leader < 0)
    return self->next_seq > self->first_seq ? self->next_seq - 1 : self->next_seq;
  for (guint64 seq = self->next_seq; seq > self->first_seq; seq--) {
    RegiaPacket *packet = SLOT (self, seq - 1);
    if (packet->track == (guint)leader && regia_packet_is_keyframe (packet))
      return seq - 1;
  }
  return self->next_seq;
}

static guint64
oldest_keyframe_locked (RegiaFeedLog *self, guint64 mask)
{
  int leader = leading_track_locked (self, mask);

  if (leader < 0)
    return self->first_seq;
  for (guint64 seq = self->first_seq; seq < self->next_seq; seq++) {
    RegiaPacket *packet = SLOT (self, seq);
    if (packet->track == (guint)leader && regia_packet_is_keyframe (packet))
      return seq;
  }
  return self->next_seq;
}

guint64
regia_feed_log_start (RegiaFeedLog *self, RegiaFeedFrom from, guint64 seq, guint64 mask)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  switch (from) {
  case REGIA_FEED_FROM_LIVE:
    return newest_keyframe_locked (self, mask);
  case REGIA_FEED_FROM_SEQ:
    return MIN (seq, self->next_seq);
  case REGIA_FEED_FROM_OLDEST:
    break;
  }
  return self->first_seq;
}

void
regia_feed_log_read (RegiaFeedLog *self, guint64 cursor, guint64 mask, gint64 last_pts_ns,
                     RegiaPacket **packets, guint max, RegiaFeedRead *ret_read)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = NULL;
  RegiaFeedRead result = {0};

  g_return_if_fail (max >= 1);

  locker = g_mutex_locker_new (&self->lock);
  if (cursor < self->first_seq) {
    result.gap = TRUE;
    result.gap_first_seq = cursor;
    result.gap_from_ns = last_pts_ns;
    cursor = oldest_keyframe_locked (self, mask);
    result.gap_last_seq = cursor - 1;
  }
  for (; cursor < self->next_seq && result.count < max; cursor++) {
    RegiaPacket *packet = SLOT (self, cursor);
    if (mask & (G_GUINT64_CONSTANT (1) << packet->track))
      packets[result.count++] = regia_packet_ref (packet);
  }
  /* A gap without a packet behind it yet cannot tell its length: the reader stays where it was and hears of
   * it with the next packet. */
  if (result.gap && result.count == 0) {
    result.gap = FALSE;
    cursor = result.gap_first_seq;
  } else if (result.gap) {
    result.gap_to_ns = packets[0]->pts_ns;
  }
  result.next = cursor;
  result.end = self->ended && cursor == self->next_seq;
  *ret_read = result;
}

void
regia_feed_log_get_stats (RegiaFeedLog *self, RegiaFeedLogStats *ret_stats)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  ret_stats->packets = self->next_seq - self->first_seq;
  ret_stats->bytes = self->bytes;
  ret_stats->first_seq = self->first_seq;
  ret_stats->next_seq = self->next_seq;
  ret_stats->held_ns = ret_stats->packets > 0
                           ? SLOT (self, self->next_seq - 1)->pts_ns - SLOT (self, self->first_seq)->pts_ns
                           : 0;
}
