/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/feed/log.h"

/*
 * What the log holds, for the cursors that read it (cursor.c). All of it is guarded by the log's lock.
 */

/** What the public is given of a packet: decided when it is appended, and as long as the log holds it. */
typedef enum {
  REGIA_FEED_SHOWN = 0,
  REGIA_FEED_BLANKED,  /* one of the track's blanks in its place; nothing where it has none */
  REGIA_FEED_WITHHELD, /* of a rehearsal: nothing */
} RegiaFeedView;

/** A table of tracks, of the packets that were appended while it held. */
typedef struct {
  guint version;                       /* from 1, rising */
  GPtrArray *tracks;                   /* (owned) (element-type RegiaTrack) */
  GBytes *bytes;                       /* (owned): the same, as sent */
  GBytes *public_bytes;                /* (owned): … to the public, who is not told of the rest */
  GPtrArray *blanks[REGIA_TRACKS_MAX]; /* (owned) (nullable) (element-type GBytes) */
  guint8 classes[REGIA_TRACKS_MAX];    /* RegiaFeedClass */
  guint64 public_mask;                 /* tracks that the public may have */
} RegiaFeedTable;

/** A place in the ring. It keeps what it says of a packet that had to leave before its time. */
typedef struct {
  RegiaPacket *packet;   /* (owned) (nullable): gone */
  RegiaFeedTable *table; /* (unowned) */
  guint32 blank;         /* BLANKED: how many were before it since the last that began anew */
  guint8 track;
  guint8 view; /* RegiaFeedView */
} RegiaFeedSlot;

struct _RegiaFeedLog {
  GMutex lock;        /* guards all fields below up to wake_lock; a leaf */
  guint64 generation; /* immutable */
  gint64 span_ns;     /* immutable */

  RegiaFeedSlot *ring; /* (owned) capacity is a power of two */
  guint capacity;
  guint64 first_seq, next_seq; /* the first slot has its packet */
  guint64 packets, bytes;      /* held */
  struct {
    guint64 bytes, max_bytes;
    guint64 first_seq; /* none of the class is held before it */
  } classes[REGIA_FEED_CLASSES];
  GPtrArray *tables; /* (owned) (element-type RegiaFeedTable): the newest last; empty until they are known */
  guint version;     /* of the newest */
  gboolean ended;    /* nothing more is appended */
  gboolean over;     /* … because the event is over */

  gint64 public_from_ns; /* show time: before it all is blanked; G_MAXINT64: and after it */
  gint64 shown_from_ns;  /* show time: before it all is withheld; G_MAXINT64: and after it */
  gint64 shown_ns;       /* pts of the newest picture that was shown, 0 none */
  struct {
    guint8 hidden;   /* RegiaFeedView of the track's newest packet; not yet SHOWN again */
    gboolean blanks; /* the newest was BLANKED */
    guint32 next_blank;
  } states[REGIA_TRACKS_MAX];

  GMutex wake_lock; /* guards what follows, and is held while the wake-up runs: whoever has taken it away
                       knows that it runs no more; a leaf */
  RegiaFeedWakeFunc wake;
  gpointer wake_data;
};

#define REGIA_FEED_SLOT(self, seq) (&(self)->ring[(seq) & ((self)->capacity - 1)])

/** (transfer none) (nullable): the newest table. Must be called with the lock. */
RegiaFeedTable *regia_feed_log_newest_table (RegiaFeedLog *self);
