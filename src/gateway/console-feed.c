/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "console-feed-private.h"

#include <string.h>

#include "regia/feed/client.h"

#define TICK_MS  100
#define RETRY_US G_USEC_PER_SEC

/*
 * The thread has a client on the link while something is wanted, be it by pages or by players of the
 * programme. Between two looks at what is wanted it waits for packets, 100 ms at most; while nothing is
 * wanted it sleeps. When the programme comes to be wanted, the feed is read anew from its oldest packet, so
 * that there is something to play at once; what pages look at comes again then, and is passed over.
 */
struct _RegiaConsoleFeed {
  RegiaFeedLink *link; /* (owned) */
  GThread *thread;     /* (owned) */
  GCancellable *end;   /* (owned): cancelled once */
  RegiaHouse *house;   /* (owned): the thread is its writer */

  RegiaFeedClient *client; /* (owned) (nullable) the thread's */
  GPtrArray *tracks;       /* (owned) (nullable) (element-type RegiaTrack) the thread's */
  guint64 generation;      /* that they are of; the thread's */

  GMutex lock;        /* guards what follows; a leaf, but for g_source_set_ready_time() */
  GCond changed;      /* what is wanted, or the end */
  char **wanted;      /* (owned) */
  gboolean is_new;    /* the thread has not seen that yet */
  GHashTable *latest; /* (owned) (element-type utf8 RegiaConsoleLatest) */
  guint64 number;     /* of the last that came */
  GSource *waker;     /* (unowned) (nullable) */
};

void
regia_console_latest_clear (RegiaConsoleLatest *self)
{
  g_clear_pointer (&self->payload, g_bytes_unref);
  self->number = 0;
}

static void
latest_free (gpointer data)
{
  regia_console_latest_clear (data);
  g_free (data);
}

static void
take_packet (RegiaConsoleFeed *self, const RegiaPacket *packet)
{
  const RegiaTrack *track = NULL;
  g_autoptr (GMutexLocker) locker = NULL;
  RegiaConsoleLatest *latest;

  for (guint i = 0; self->tracks != NULL && i < self->tracks->len && track == NULL; i++)
    if (((RegiaTrack *)self->tracks->pdata[i])->id == packet->track)
      track = self->tracks->pdata[i];
  if (track == NULL)
    return;
  locker = g_mutex_locker_new (&self->lock);
  if (!g_strv_contains ((const char *const *)self->wanted, track->name))
    return;
  latest = g_hash_table_lookup (self->latest, track->name);
  if (latest == NULL) {
    latest = g_new0 (RegiaConsoleLatest, 1);
    g_hash_table_insert (self->latest, g_strdup (track->name), latest);
  } else if (packet->pts_ns <= latest->time_ns) {
    return;
  }
  regia_console_latest_clear (latest);
  *latest = (RegiaConsoleLatest){++self->number, packet->pts_ns, g_bytes_ref (packet->payload)};
  if (self->waker != NULL)
    g_source_set_ready_time (self->waker, 0);
}

/* Of another engine nothing has come yet, whatever its times. */
static void
take_tracks (RegiaConsoleFeed *self, RegiaFeedEvent *event)
{
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
  self->tracks = g_steal_pointer (&event->tracks);
  if (event->generation == self->generation)
    return;
  self->generation = event->generation;
  g_mutex_lock (&self->lock);
  g_hash_table_remove_all (self->latest);
  g_mutex_unlock (&self->lock);
}

static void
take_event (RegiaConsoleFeed *self, RegiaFeedEvent *event)
{
  regia_house_take (self->house, event, regia_feed_client_is_connected (self->client));
  if (event->type == REGIA_FEED_EVENT_TRACKS)
    take_tracks (self, event);
  else if (event->type == REGIA_FEED_EVENT_PACKET)
    take_packet (self, event->packet);
}

static void
leave (RegiaConsoleFeed *self)
{
  regia_house_close (self->house);
  g_clear_pointer (&self->client, regia_feed_client_free);
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
}

/* With the lock: (transfer full): all that is to be read. */
static char **
list_tracks (RegiaConsoleFeed *self, gboolean programme)
{
  g_autoptr (GStrvBuilder) tracks = g_strv_builder_new ();

  g_strv_builder_addv (tracks, (const char **)self->wanted);
  if (programme)
    g_strv_builder_addv (tracks, (const char **)regia_house_get_tracks ());
  return g_strv_builder_end (tracks);
}

/* Reads @tracks from now on. */
static void
read_tracks (RegiaConsoleFeed *self, const char *const *tracks, gboolean programme)
{
  if (programme && !regia_house_is_open (self->house)) {
    leave (self);
    regia_house_open (self->house);
    self->client = regia_feed_client_new (self->link, tracks, REGIA_FEED_FROM_OLDEST, 0, 0);
    return;
  }
  if (!programme)
    regia_house_close (self->house);
  if (self->client != NULL)
    regia_feed_client_set_tracks (self->client, tracks);
  else
    self->client = regia_feed_client_new (self->link, tracks, REGIA_FEED_FROM_LIVE, 0, 0);
}

/* Waits while nothing is wanted. FALSE: it is over. */
static gboolean
heed (RegiaConsoleFeed *self)
{
  gboolean programme = regia_house_is_wanted (self->house);
  g_auto (GStrv) tracks = NULL;

  g_mutex_lock (&self->lock);
  while (self->wanted[0] == NULL && !(programme = regia_house_is_wanted (self->house)) &&
         !g_cancellable_is_cancelled (self->end)) {
    if (self->client == NULL) {
      g_cond_wait (&self->changed, &self->lock);
      continue;
    }
    g_mutex_unlock (&self->lock);
    leave (self);
    g_mutex_lock (&self->lock);
  }
  if (self->is_new || self->client == NULL || programme != regia_house_is_open (self->house))
    tracks = list_tracks (self, programme);
  self->is_new = FALSE;
  g_mutex_unlock (&self->lock);
  if (g_cancellable_is_cancelled (self->end))
    return FALSE;
  if (tracks != NULL)
    read_tracks (self, (const char *const *)tracks, programme);
  return TRUE;
}

/* The engine speaks another version: it may be replaced by one that does not. */
static void
rest (RegiaConsoleFeed *self)
{
  gint64 until_us = g_get_monotonic_time () + RETRY_US;

  g_mutex_lock (&self->lock);
  while (!g_cancellable_is_cancelled (self->end) && g_cond_wait_until (&self->changed, &self->lock, until_us))
    ;
  g_mutex_unlock (&self->lock);
}

static gpointer
thread_func (gpointer data)
{
  RegiaConsoleFeed *self = data;

  while (heed (self)) {
    g_auto (RegiaFeedEvent) event = {0};
    g_autoptr (GError) error = NULL;

    if (regia_feed_client_next (self->client, TICK_MS, self->end, &event, &error))
      take_event (self, &event);
    else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      rest (self);
  }
  leave (self);
  return NULL;
}

RegiaConsoleFeed *
regia_console_feed_new (RegiaFeedLink *link, const RegiaHouseOptions *house)
{
  RegiaConsoleFeed *self = g_new0 (RegiaConsoleFeed, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->link = regia_feed_link_ref (link);
  self->end = g_cancellable_new ();
  self->house = regia_house_new (house);
  self->wanted = g_new0 (char *, 1);
  self->latest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, latest_free);
  self->thread = g_thread_new ("feed", thread_func, self);
  return self;
}

void
regia_console_feed_free (RegiaConsoleFeed *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  g_cancellable_cancel (self->end);
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  regia_feed_link_unref (self->link);
  g_object_unref (self->end);
  regia_house_free (self->house);
  g_strfreev (self->wanted);
  g_hash_table_unref (self->latest);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

void
regia_console_feed_set_waker (RegiaConsoleFeed *self, GSource *source)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  self->waker = source;
}

static gboolean
forget_cb (gpointer name, gpointer latest, gpointer wanted)
{
  return !g_strv_contains (wanted, name);
}

void
regia_console_feed_want (RegiaConsoleFeed *self, const char *const *names)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (g_strv_equal (names, (const char *const *)self->wanted))
    return;
  g_strfreev (self->wanted);
  self->wanted = g_strdupv ((char **)names);
  self->is_new = TRUE;
  g_hash_table_foreach_remove (self->latest, forget_cb, self->wanted);
  g_cond_signal (&self->changed);
}

gboolean
regia_console_feed_get (RegiaConsoleFeed *self, const char *name, guint64 after,
                        RegiaConsoleLatest *ret_latest)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const RegiaConsoleLatest *latest = g_hash_table_lookup (self->latest, name);

  if (latest == NULL || latest->number <= after)
    return FALSE;
  *ret_latest = *latest;
  g_bytes_ref (ret_latest->payload);
  return TRUE;
}

RegiaHlsFound
regia_console_feed_look_up (RegiaConsoleFeed *self, const char *path, RegiaHlsResource *ret_resource)
{
  RegiaHlsFound found = regia_house_look_up (self->house, path, ret_resource);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_cond_signal (&self->changed);
  return found;
}
