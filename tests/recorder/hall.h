/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "../feed/pair.h"
#include "media.h"
#include "recording-private.h"
#include "regia/feed/log.h"
#include "regia/feed/server.h"
#include "session-private.h"

/*
 * Hall: a folder for recordings and something that plays the engine: a feed with a real programme in it. Show
 * time is 1000 s when it opens; the programme begins at 1000 s.
 */
#define HALL_FROM_NS (1000 * REGIA_SECOND)
#define HALL_SESSION "2022-09-29-sirio"

typedef struct {
  Media *media;
  char *folder, *recordings, *session; /* paths */
  RegiaEpoch epoch;
  RegiaFeedLog *log;
  RegiaFeedServer *server;
  RegiaFeedLink *link; /* (owned) (nullable): the newest take's, handed over anew to each engine */
  guint readers;       /* counts them */
  guint next;          /* packet of the programme to be appended next */
  RegiaWanted *wanted; /* by the next recording, at its start */
  guint tracks_used;   /* of the programme's, by the next generation; 0: all */
} Hall;

Hall *hall_new (guint seconds);
void hall_free (Hall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Hall, hall_free)

/** hall_open_feed: a new generation, nothing in it yet. */
void hall_open_feed (Hall *self, guint64 generation);
void hall_close_feed (Hall *self);
/** hall_hand: a further reader with the house's rights. Returns: its end. */
int hall_hand (Hall *self);
/** hall_play_until: appends the programme's packets before @seconds after its beginning. */
void hall_play_until (Hall *self, double seconds);
/** hall_skip_until: leaves them out. */
void hall_skip_until (Hall *self, double seconds);

/** hall_packets: of @track in the whole programme before @seconds. */
guint hall_packets (Hall *self, guint track, double seconds);

/** A recording and the end of it. */
typedef struct {
  RegiaRecording *recording;
  GMutex lock;
  GCond cond;
  gboolean done;
  GError *error;
} Take;

Take *take_new (Hall *hall, const RegiaDisk *disk, guint64 reserve_bytes);
/** take_end: waits until the recording has ended by itself, or after a stop. Returns: (transfer full)
 * (nullable): its error. */
GError *take_end (Take *self);
/** take_wait: until the recording's state has @key at or above @value. */
void take_wait (Take *self, const char *key, guint64 value);
/** take_wait_state: until it is @state. */
void take_wait_state (Take *self, const char *state);
guint64 take_get (Take *self, const char *key);
void take_free (Take *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Take, take_free)

/** hall_want: what people want, as the text of a GVariant, of recordings that begin from now on and, when it
 * is in effect, of @take (nullable). */
void hall_want (Hall *self, Take *take, const char *text);

/** hall_last_ms: show time at the end of everything before @seconds. */
guint64 hall_ms (double seconds);

/** hall_load: (transfer full): session.json as it is. */
RegiaSession *hall_load (Hall *self);
/** hall_check_programme: the finished file exists, decodes, and has the programme's first @seconds to the
 * last picture and sound. */
void hall_check_programme (Hall *self, double seconds);

/** hall_record_two_parts: each half of the programme into a part, as a crash leaves them. */
void hall_record_two_parts (Hall *self);

/** copy_tree: cp -a. */
void copy_tree (const char *from, const char *to);
/** remove_tree: rm -r. */
void remove_tree (const char *path);
