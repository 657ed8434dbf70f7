/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "intake-private.h"

#include <string.h>

#include "regia/base/clock.h"

#define LEAP_NS (3600 * REGIA_SECOND)

/*
 * RegiaIntake lives as long as a recording. Track numbers belong to a generation, names to the session: a
 * lane is the state of a number, and what it knows goes back to the name when the generation ends.
 *
 * Times are compared with half a packet's tolerance: what comes from the disk went through the ticks of a
 * file's timescale.
 */
typedef struct {
  gboolean wanted, video;
  gboolean begun; /* a packet was taken from this generation */
  gint64 end_ns;  /* of the last packet taken, or of what is on the disk; 0: nothing yet */
} Lane;

struct _RegiaIntake {
  char **names;     /* (owned) */
  GHashTable *ends; /* (owned) (element-type utf8 gint64) */
  gint64 until_ns;
  gboolean fresh;    /* there is nothing that a packet could continue */
  GPtrArray *tracks; /* (owned) (nullable) (element-type RegiaTrack) of this generation */
  Lane lanes[REGIA_TRACKS_MAX];
  guint main; /* track number */
};

static void
set_end (GHashTable *ends, const char *name, gint64 end_ns)
{
  g_hash_table_insert (ends, g_strdup (name), g_memdup2 (&end_ns, sizeof end_ns));
}

RegiaIntake *
regia_intake_new (const char *const *names, GHashTable *ends, gint64 until_ns)
{
  RegiaIntake *self = g_new0 (RegiaIntake, 1);
  GHashTableIter iter;
  gpointer name, end;

  self->names = g_strdupv ((char **)names);
  self->ends = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_iter_init (&iter, ends);
  while (g_hash_table_iter_next (&iter, &name, &end))
    set_end (self->ends, name, *(gint64 *)end);
  self->until_ns = until_ns;
  self->fresh = g_hash_table_size (self->ends) == 0;
  return self;
}

void
regia_intake_free (RegiaIntake *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->names);
  g_hash_table_unref (self->ends);
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
  g_free (self);
}

static void
end_generation (RegiaIntake *self)
{
  for (guint i = 0; self->tracks != NULL && i < self->tracks->len; i++) {
    const RegiaTrack *track = g_ptr_array_index (self->tracks, i);

    if (self->lanes[track->id].end_ns > 0)
      set_end (self->ends, track->name, self->lanes[track->id].end_ns);
  }
  g_clear_pointer (&self->tracks, g_ptr_array_unref);
  memset (self->lanes, 0, sizeof self->lanes);
}

static RegiaTrack *
find_track (GPtrArray *tracks, const char *name)
{
  for (guint i = 0; i < tracks->len; i++) {
    RegiaTrack *track = g_ptr_array_index (tracks, i);

    if (strcmp (track->name, name) == 0)
      return track;
  }
  return NULL;
}

GPtrArray *
regia_intake_set_tracks (RegiaIntake *self, GPtrArray *tracks)
{
  end_generation (self);
  self->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  for (guint i = 0; self->names[i] != NULL; i++) {
    RegiaTrack *track = find_track (tracks, self->names[i]);
    const gint64 *end;

    if (track == NULL)
      continue;
    if (self->tracks->len == 0)
      self->main = track->id;
    g_ptr_array_add (self->tracks, regia_track_ref (track));
    end = g_hash_table_lookup (self->ends, track->name);
    self->lanes[track->id] = (Lane){
        .wanted = TRUE,
        .video = regia_track_is_video (track),
        .end_ns = end != NULL ? *end : self->until_ns,
    };
  }
  return g_ptr_array_ref (self->tracks);
}

gboolean
regia_intake_is_main (RegiaIntake *self, const RegiaPacket *packet)
{
  return packet->track == self->main;
}

/* A recording that continues nothing begins with a picture that can be shown. */
static gboolean
may_begin (RegiaIntake *self, const RegiaPacket *packet)
{
  if (!self->fresh || !self->lanes[self->main].video)
    return TRUE;
  return packet->track == self->main && regia_packet_is_keyframe (packet);
}

RegiaIntakeVerdict
regia_intake_offer (RegiaIntake *self, const RegiaPacket *packet, RegiaIntakeGap *ret_gap)
{
  Lane *lane;
  gint64 jump_ns;

  *ret_gap = (RegiaIntakeGap){0, 0};
  if (packet->track >= REGIA_TRACKS_MAX)
    return REGIA_INTAKE_PASS;
  lane = &self->lanes[packet->track];
  if (!lane->wanted || !may_begin (self, packet))
    return REGIA_INTAKE_PASS;
  if (packet->dts_ns + packet->duration_ns / 2 < lane->end_ns)
    return lane->begun ? REGIA_INTAKE_BACKWARDS : REGIA_INTAKE_PASS;
  jump_ns = lane->end_ns > 0 ? packet->dts_ns - lane->end_ns : 0;
  /* What a feed still has may begin between two keyframes: of that nothing can be shown until the second. */
  if (packet->track == self->main && lane->video && !lane->begun && jump_ns > packet->duration_ns / 2 &&
      !regia_packet_is_keyframe (packet))
    return REGIA_INTAKE_PASS;
  if (packet->track == self->main && jump_ns > packet->duration_ns / 2)
    *ret_gap = (RegiaIntakeGap){lane->end_ns, packet->dts_ns};
  self->fresh = FALSE;
  lane->begun = TRUE;
  lane->end_ns = packet->dts_ns + packet->duration_ns;
  return jump_ns > LEAP_NS ? REGIA_INTAKE_TAKE_ANEW : REGIA_INTAKE_TAKE;
}
