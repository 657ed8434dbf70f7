/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "blank-private.h"
#include "regia/feed/log.h"

/**
 * RegiaTrackTable: the tracks that the programme's encoders make, and the way of their packets into the feed
 * log: those that come before all tracks are known wait; a track that gets other parameters begins another
 * table; the blank goes to the log as soon as both it and the tracks are there. Any thread.
 */
typedef struct _RegiaTrackTable RegiaTrackTable;

/** regia_track_table_new: @log: outlives it */
RegiaTrackTable *regia_track_table_new (RegiaFeedLog *log);
void regia_track_table_free (RegiaTrackTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaTrackTable, regia_track_table_free)

/** regia_track_table_add: a place for one more track, perhaps that of one that is gone. Until it is set
 * nothing more comes into the log: once the log has its tracks, set it at once. Returns: its id;
 * %REGIA_TRACKS_MAX when there is no more room. */
guint regia_track_table_add (RegiaTrackTable *self);
/** regia_track_table_reserve: a place for a track that may come later, or never: nothing waits for it. Main
 * thread. Returns: as above. */
guint regia_track_table_reserve (RegiaTrackTable *self);
/** regia_track_table_remove: there will be no packet of track @id any more. */
void regia_track_table_remove (RegiaTrackTable *self, guint id);
/** regia_track_table_set: @track is (transfer full); what is known of its place from now on. */
void regia_track_table_set (RegiaTrackTable *self, RegiaTrack *track);
/** regia_track_table_append: @packet is (transfer full); its track is known. */
void regia_track_table_append (RegiaTrackTable *self, RegiaPacket *packet);
/** regia_track_table_set_blank: @blank: everything of it is made; (nullable): it goes, another one will come
 */
void regia_track_table_set_blank (RegiaTrackTable *self, RegiaBlank *blank);

gboolean regia_track_table_is_complete (RegiaTrackTable *self);
/** regia_track_table_get_blank_error: (transfer full): of which tracks public readers get nothing while the
 * hall is private, and why; "". */
char *regia_track_table_get_blank_error (RegiaTrackTable *self);
