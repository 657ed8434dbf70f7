/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-feed"

#include "regia/feed/client.h"

#include "link-private.h"
#include "regia/base/error.h"
#include "wire-private.h"

/*
 * RegiaFeedClient: a blocking reader on its owner's thread. It is always in one of three conditions: away
 * (the link has no connection, or a broken one), asked (a START is on its way, no hello yet), following. It
 * remembers the generation and the next seq, so that whatever happens to the connection the stream of events
 * stays exact. A server that does not answer keeps it in the second condition until the link has something
 * newer; if it answers after all, it is followed.
 */
struct _RegiaFeedClient {
  RegiaFeedLink *link; /* (owned) */
  GString *patterns;   /* (owned) as sent, or to be sent */
  RegiaFeedFrom from;  /* how to begin when there is nothing to resume */

  gboolean asked, following; /* of the link's present connection */
  gboolean stale;            /* what follows is of a generation whose end was told: pass it over */
  guint64 generation;        /* of the last hello; 0 before */
  guint64 next_seq;
  gboolean resumable; /* generation and next_seq are known */
  gboolean ended;     /* this generation's end was told */
  gboolean new_generation;
  GBytes *table;      /* (owned) (nullable): the tracks as last told of this generation … */
  guint n_tracks;     /* … and how many they are */
  gint64 last_end_ns; /* end of the last packet given, 0 before */

  RegiaPacket *held; /* (owned) (nullable): given after the gap before it was told */
};

void
regia_feed_event_clear (RegiaFeedEvent *event)
{
  g_clear_pointer (&event->tracks, g_ptr_array_unref);
  g_clear_pointer (&event->packet, regia_packet_unref);
  event->type = REGIA_FEED_EVENT_NONE;
}

static void
write_patterns (RegiaFeedClient *self, const char *const *tracks)
{
  g_string_truncate (self->patterns, 0);
  for (gsize i = 0; tracks != NULL && tracks[i] != NULL; i++)
    g_string_append_printf (self->patterns, "%s\n", tracks[i]);
}

RegiaFeedClient *
regia_feed_client_new (RegiaFeedLink *link, const char *const *tracks, RegiaFeedFrom from, guint64 generation,
                       guint64 seq)
{
  RegiaFeedClient *self = g_new0 (RegiaFeedClient, 1);

  self->link = regia_feed_link_ref (link);
  regia_feed_link_enter (link);
  self->patterns = g_string_new (NULL);
  write_patterns (self, tracks);
  self->from = from;
  if (from == REGIA_FEED_FROM_SEQ) {
    self->generation = generation;
    self->next_seq = seq;
    self->resumable = TRUE;
    self->from = REGIA_FEED_FROM_OLDEST;
  }
  return self;
}

/* Asked anew, as after a loss: what was on its way is passed over, and comes again. */
void
regia_feed_client_set_tracks (RegiaFeedClient *self, const char *const *tracks)
{
  write_patterns (self, tracks);
  self->asked = FALSE;
}

void
regia_feed_client_free (RegiaFeedClient *self)
{
  if (self == NULL)
    return;
  regia_feed_link_leave (self->link);
  regia_feed_link_unref (self->link);
  g_clear_pointer (&self->held, regia_packet_unref);
  g_clear_pointer (&self->table, g_bytes_unref);
  g_string_free (self->patterns, TRUE);
  g_free (self);
}

gboolean
regia_feed_client_is_connected (RegiaFeedClient *self)
{
  return self->following && self->table != NULL;
}

void
regia_feed_client_tell_safe (RegiaFeedClient *self)
{
  regia_feed_link_tell_safe (self->link);
}

static void
forget_connection (RegiaFeedClient *self)
{
  self->asked = self->following = self->stale = FALSE;
}

/* No connection is no error: the engine is away. */
static gboolean
ask (RegiaFeedClient *self, GError **error)
{
  if (self->patterns->len > REGIA_FEED_PATTERNS_MAX_BYTES) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_FAILED, "the list of tracks is too long for the feed");
    return FALSE;
  }
  self->asked = regia_feed_link_start (self->link, self->resumable ? REGIA_FEED_FROM_SEQ : self->from,
                                       self->generation, self->next_seq, self->patterns);
  return TRUE;
}

static void
handle_hello (RegiaFeedClient *self, guint64 generation)
{
  gboolean known = self->resumable && generation == self->generation;

  self->following = TRUE;
  /* The engine has ended this generation and is on its way out: nothing new here. */
  self->stale = known && self->ended;
  if (known)
    return;
  self->new_generation = self->last_end_ns > 0;
  self->next_seq = 0;
  self->generation = generation;
  self->resumable = FALSE;
  self->ended = FALSE;
  g_clear_pointer (&self->table, g_bytes_unref);
}

static gboolean
handle_tracks (RegiaFeedClient *self, GBytes *bytes, RegiaFeedEvent *event, GError **error)
{
  g_autoptr (GPtrArray) tracks = NULL;

  if (self->table != NULL && g_bytes_equal (self->table, bytes))
    return TRUE;
  tracks = regia_feed_tracks_from_bytes (bytes, error);
  if (tracks == NULL)
    return FALSE;
  g_clear_pointer (&self->table, g_bytes_unref);
  self->table = g_bytes_ref (bytes);
  self->n_tracks = tracks->len;
  event->type = REGIA_FEED_EVENT_TRACKS;
  event->generation = self->generation;
  event->tracks = g_steal_pointer (&tracks);
  return TRUE;
}

static void
give_packet (RegiaFeedClient *self, RegiaPacket *packet, RegiaFeedEvent *event)
{
  if (self->new_generation) {
    event->type = REGIA_FEED_EVENT_GAP;
    event->gap_reason = REGIA_FEED_GAP_GENERATION;
    event->gap_from_ns = self->last_end_ns;
    event->gap_to_ns = packet->pts_ns;
    self->new_generation = FALSE;
    self->held = packet;
    return;
  }
  self->last_end_ns = packet->pts_ns + packet->duration_ns;
  event->type = REGIA_FEED_EVENT_PACKET;
  event->generation = self->generation;
  event->packet = packet;
}

/* A whole message has arrived; some become an event. */
static gboolean
handle_message (RegiaFeedClient *self, const RegiaFeedHeader *header, GBytes *bytes, RegiaFeedEvent *event,
                GError **error)
{
  RegiaPacket *packet;

  if (header->type == REGIA_FEED_MESSAGE_HELLO) {
    handle_hello (self, header->seq);
    return TRUE;
  }
  if (self->stale)
    return TRUE;
  if (!self->following || (header->type == REGIA_FEED_MESSAGE_PACKET &&
                           (self->table == NULL || header->track >= self->n_tracks))) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                         "the feed sent a packet of a track that it has not told");
    return FALSE;
  }
  switch ((RegiaFeedMessage)header->type) {
  case REGIA_FEED_MESSAGE_HELLO:
    break;
  case REGIA_FEED_MESSAGE_TRACKS:
    return handle_tracks (self, bytes, event, error);
  case REGIA_FEED_MESSAGE_PACKET:
    packet = regia_packet_new (header->track, header->flags, header->pts_ns, header->dts_ns,
                               header->duration_ns, g_bytes_ref (bytes));
    packet->seq = header->seq;
    self->next_seq = header->seq + 1;
    self->resumable = TRUE;
    give_packet (self, packet, event);
    break;
  case REGIA_FEED_MESSAGE_GAP:
    event->type = REGIA_FEED_EVENT_GAP;
    event->gap_reason = REGIA_FEED_GAP_OVERRUN;
    event->gap_from_ns = self->last_end_ns > 0 ? self->last_end_ns : header->pts_ns;
    event->gap_to_ns = header->dts_ns;
    break;
  case REGIA_FEED_MESSAGE_END:
    self->ended = TRUE;
    self->resumable = TRUE;
    event->type = REGIA_FEED_EVENT_END;
    event->generation = self->generation;
    break;
  }
  return TRUE;
}

/* One event out of what has been received. */
static gboolean
take_event (RegiaFeedClient *self, RegiaFeedEvent *event, GError **error)
{
  gboolean whole = TRUE;

  while (whole && event->type == REGIA_FEED_EVENT_NONE) {
    g_autoptr (GBytes) bytes = NULL;
    RegiaFeedHeader header;

    if (!regia_feed_link_take (self->link, &header, &bytes, &whole, error))
      return FALSE;
    if (whole && !handle_message (self, &header, bytes, event, error)) {
      regia_feed_link_close (self->link);
      return FALSE;
    }
  }
  return TRUE;
}

/* Until there is an event, or nothing more without waiting. A newer connection is gone over to when the one
 * there is has nothing more to give at once. */
static gboolean
advance (RegiaFeedClient *self, RegiaFeedEvent *event, GError **error)
{
  gboolean idle = !regia_feed_link_is_open (self->link);

  while (TRUE) {
    if (idle || regia_feed_link_is_overdue (self->link)) {
      if (regia_feed_link_move (self->link))
        forget_connection (self);
      else if (idle)
        return TRUE;
    }
    if (!self->asked && !ask (self, error))
      return FALSE;
    if (!take_event (self, event, error)) {
      forget_connection (self);
      return FALSE;
    }
    if (event->type != REGIA_FEED_EVENT_NONE)
      return TRUE;
    idle = regia_feed_link_receive (self->link) <= 0;
    if (!regia_feed_link_is_open (self->link))
      forget_connection (self);
  }
}

gboolean
regia_feed_client_next (RegiaFeedClient *self, int timeout_ms, GCancellable *cancellable,
                        RegiaFeedEvent *ret_event, GError **error)
{
  gint64 deadline_us = timeout_ms < 0 ? -1 : g_get_monotonic_time () + (gint64)timeout_ms * 1000;
  GPollFD cancel_fd;
  gboolean have_cancel_fd = FALSE, ok;

  regia_feed_event_clear (ret_event);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (self->held != NULL) {
    give_packet (self, g_steal_pointer (&self->held), ret_event);
    return TRUE;
  }
  while (TRUE) {
    ok = advance (self, ret_event, error);
    /* A message half received waits for the next call. */
    if (!ok || ret_event->type != REGIA_FEED_EVENT_NONE ||
        (deadline_us >= 0 && g_get_monotonic_time () >= deadline_us))
      break;
    if (!have_cancel_fd && cancellable != NULL)
      have_cancel_fd = g_cancellable_make_pollfd (cancellable, &cancel_fd);
    regia_feed_link_wait (self->link, have_cancel_fd ? &cancel_fd : NULL, deadline_us);
    if (g_cancellable_set_error_if_cancelled (cancellable, error)) {
      ok = FALSE;
      break;
    }
  }
  if (have_cancel_fd)
    g_cancellable_release_fd (cancellable);
  return ok;
}
