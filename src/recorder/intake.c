/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "intake-private.h"

#include <string.h>

#include "regia/base/clock.h"
#include "session-private.h"

#define LEAP_NS   (3600 * REGIA_SECOND)
#define SILENT_NS (2 * REGIA_SECOND)
#define SEEN_MAX  16384 /* pictures: of 60 a second, those of four minutes */

/*
 * RegiaIntake lives as long as a recording. Track numbers belong to a generation, names to the session: a
 * lane is the state of a number, and what it knows goes back to the name when the generation ends.
 *
 * Times are compared with half a packet's tolerance: what comes from the disk went through the ticks of a
 * file's timescale.
 *
 * A pause is a stretch of show time, so that each recorder that reads the feed again comes to the same
 * pictures. It is told a little late: where the main track was taken beyond its beginning, the others are
 * taken up to there as well, so that the part is in step; what of it lies in the pause, which begins where it
 * was said to, is cut out by finishing. It ends with a keyframe, and as sound comes earlier than the picture
 * of the same moment, all that follows a pause is held until the keyframe is there.
 *
 * Where packets of the main track begin is remembered for a while, recorded or not: a pause can be told when
 * all of it is recorded already, and what a recorder finds on the disk the feed still tells.
 */
typedef struct {
  gint64 from_ns, to_ns; /* show time; to G_MAXINT64: it lasts */
} Pause;

/* A packet of the main track. */
typedef struct {
  gint64 dts_ns;
  gboolean key;
} Seen;

typedef struct {
  gboolean wanted, video;
  gboolean held;  /* the last packet lay in a pause */
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
  guint main;                   /* track number */
  GArray *pauses;               /* (owned) (element-type Pause) in order */
  gint64 seen_from_ns, seen_ns; /* stretch of the main track that was offered without a hole, taken or not */
  gint64 resumed_ns;            /* keyframe that the last pause ended with; 0: none */
  GArray *seen;    /* (owned) (element-type Seen) the newest packets that were offered, in order */
  gint64 first_ns; /* first packet taken of a recording that continues nothing; −1: it continues something, or
                      none yet */
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
  self->pauses = g_array_new (FALSE, FALSE, sizeof (Pause));
  self->seen = g_array_new (FALSE, FALSE, sizeof (Seen));
  self->first_ns = -1;
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
  g_array_unref (self->pauses);
  g_array_unref (self->seen);
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

/* --- pauses --- */

void
regia_intake_set_pauses (RegiaIntake *self, GPtrArray *pauses)
{
  g_array_set_size (self->pauses, 0);
  for (guint i = 0; i < pauses->len; i++) {
    const RegiaSessionSpan *span = g_ptr_array_index (pauses, i);
    Pause pause = {span->from_ms * REGIA_MSECOND, span->to_ms > 0 ? span->to_ms * REGIA_MSECOND : G_MAXINT64};

    g_array_append_val (self->pauses, pause);
  }
}

/* Whether a pause lies in [@from_ns, @to_ns), or some of one. */
static gboolean
is_pause_between (RegiaIntake *self, gint64 from_ns, gint64 to_ns)
{
  for (guint i = 0; i < self->pauses->len; i++) {
    const Pause *pause = &g_array_index (self->pauses, Pause, i);

    if (pause->from_ns < to_ns && pause->to_ns > from_ns)
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_held (RegiaIntake *self, const RegiaPacket *packet)
{
  const Lane *main = &self->lanes[self->main];
  gboolean is_main = packet->track == self->main;
  gint64 middle_ns = packet->dts_ns + packet->duration_ns / 2;

  for (guint i = 0; i < self->pauses->len; i++) {
    const Pause *pause = &g_array_index (self->pauses, Pause, i);
    gboolean main_is_in = main->end_ns > pause->from_ns && main->end_ns < pause->to_ns;

    if (packet->dts_ns >= pause->from_ns && packet->dts_ns < pause->to_ns)
      return is_main || !main_is_in || middle_ns >= main->end_ns;
    if (!is_main && packet->dts_ns >= pause->to_ns && main->end_ns < pause->to_ns)
      return TRUE;
  }
  return FALSE;
}

gboolean
regia_intake_is_paused (RegiaIntake *self)
{
  gboolean all = self->tracks != NULL && self->tracks->len > 0;

  if (!all || !self->lanes[self->main].held)
    return FALSE;
  for (guint i = 0; i < self->tracks->len; i++)
    all = all && self->lanes[((RegiaTrack *)g_ptr_array_index (self->tracks, i))->id].held;
  return all || self->seen_ns - self->lanes[self->main].end_ns > SILENT_NS;
}

/* The first packet at or after @ns, FALSE when it is not known. */
static gboolean
find_seen (RegiaIntake *self, gint64 ns, guint *ret_index)
{
  guint low = 0, high = self->seen->len;

  while (low < high) {
    guint middle = (low + high) / 2;

    if (g_array_index (self->seen, Seen, middle).dts_ns < ns)
      low = middle + 1;
    else
      high = middle;
  }
  *ret_index = low;
  return low < self->seen->len && (low > 0 || g_array_index (self->seen, Seen, 0).dts_ns == ns);
}

/* The keyframe that a decoder needs for what lies before @ns; @ns where that is not known. */
static gint64
keyframe_before (RegiaIntake *self, gint64 ns)
{
  guint i;

  find_seen (self, ns, &i);
  while (i-- > 0)
    if (g_array_index (self->seen, Seen, i).key)
      return g_array_index (self->seen, Seen, i).dts_ns;
  return ns;
}

/* The packet that a pause from @from_ns on begins with, when it was recorded and something before it: it is
 * not there yet else, or not known any more, and the pause begins with what was recorded last. */
static gint64
beginning_of (RegiaIntake *self, gint64 from_ns, gint64 recorded_ns)
{
  guint i;

  if (from_ns >= recorded_ns || !find_seen (self, from_ns, &i) || i == 0)
    return MAX (from_ns, recorded_ns);
  return MIN (g_array_index (self->seen, Seen, i).dts_ns, recorded_ns);
}

/* The first keyframe at or after @to_ns that lies in no pause; FALSE: it was not offered yet. */
static gboolean
find_resumption (RegiaIntake *self, gint64 to_ns, gint64 *ret_ns)
{
  guint i;

  for (find_seen (self, to_ns, &i); i < self->seen->len; i++) {
    const Seen *seen = &g_array_index (self->seen, Seen, i);

    if (!seen->key || is_pause_between (self, seen->dts_ns, seen->dts_ns + 1))
      continue;
    *ret_ns = seen->dts_ns;
    return TRUE;
  }
  return FALSE;
}

GArray *
regia_intake_list_passed (RegiaIntake *self)
{
  GArray *pieces = g_array_new (FALSE, FALSE, sizeof (RegiaIntakePiece));
  const Lane *main = &self->lanes[self->main];

  for (guint i = 0; i < self->pauses->len && main->begun; i++) {
    const Pause *pause = &g_array_index (self->pauses, Pause, i);
    gboolean before_all = self->first_ns >= pause->to_ns;
    RegiaIntakePiece piece = {pause->from_ns, pause->to_ns, TRUE};
    guint at;

    if (pause->to_ns >= main->end_ns || (!before_all && !find_seen (self, pause->from_ns, &at)))
      continue;
    if (!before_all)
      piece.from_ns = g_array_index (self->seen, Seen, at).dts_ns;
    /* Where nothing came before it was over, nothing waited for a keyframe. */
    if ((!before_all || g_array_index (self->seen, Seen, 0).dts_ns <= pause->to_ns) &&
        (!find_resumption (self, pause->to_ns, &piece.to_ns) || piece.to_ns >= main->end_ns))
      continue;
    if (piece.to_ns > piece.from_ns)
      g_array_append_val (pieces, piece);
  }
  return pieces;
}

/* The end of what was passed over because of pause @index, up to @until_ns: with it, what came between it and
 * a keyframe. */
static gint64
passed_until (RegiaIntake *self, guint index, gint64 until_ns)
{
  const Pause *pause = &g_array_index (self->pauses, Pause, index);

  if (index + 1 < self->pauses->len)
    until_ns = MIN (until_ns, g_array_index (self->pauses, Pause, index + 1).from_ns);
  if (self->seen_from_ns <= pause->to_ns && self->seen_ns >= pause->to_ns)
    return MIN (until_ns, self->seen_ns);
  return MIN (until_ns, pause->to_ns);
}

/* Slivers are of packets that lie across an edge. */
static void
add_piece (GArray *pieces, gint64 from_ns, gint64 to_ns, gboolean paused)
{
  RegiaIntakePiece piece = {from_ns, to_ns, paused};

  if (to_ns - from_ns > (paused ? 0 : 20 * REGIA_MSECOND))
    g_array_append_val (pieces, piece);
}

GArray *
regia_intake_split (RegiaIntake *self, const RegiaIntakeGap *hole)
{
  GArray *pieces = g_array_new (FALSE, FALSE, sizeof (RegiaIntakePiece));
  gint64 recorded_ns = hole != NULL ? hole->from_ns : self->lanes[self->main].end_ns, at_ns = recorded_ns;
  gint64 since_ns = keyframe_before (self, recorded_ns);
  gint64 until_ns = hole != NULL ? hole->to_ns : G_MAXINT64;

  for (guint i = 0; i < self->pauses->len; i++) {
    const Pause *pause = &g_array_index (self->pauses, Pause, i);
    gint64 from_ns = beginning_of (self, pause->from_ns, recorded_ns),
           to_ns = passed_until (self, i, until_ns);

    if (at_ns > recorded_ns)
      from_ns = MAX (from_ns, at_ns);
    if (pause->from_ns >= until_ns || pause->to_ns <= since_ns || to_ns <= MAX (from_ns, at_ns))
      continue;
    if (hole == NULL && pause->to_ns != G_MAXINT64)
      continue;
    if (hole != NULL)
      add_piece (pieces, at_ns, from_ns, FALSE);
    add_piece (pieces, from_ns, to_ns, TRUE);
    at_ns = to_ns;
  }
  if (hole != NULL)
    add_piece (pieces, at_ns, until_ns, FALSE);
  return pieces;
}

static void
note_seen (RegiaIntake *self, const RegiaPacket *packet)
{
  gint64 end_ns = packet->dts_ns + packet->duration_ns;
  Seen seen = {packet->dts_ns, regia_packet_is_keyframe (packet)};

  if (packet->dts_ns - self->seen_ns > packet->duration_ns / 2)
    self->seen_from_ns = packet->dts_ns;
  self->seen_ns = MAX (self->seen_ns, end_ns);
  if (self->seen->len > 0 && g_array_index (self->seen, Seen, self->seen->len - 1).dts_ns >= packet->dts_ns)
    return;
  if (self->seen->len >= SEEN_MAX)
    g_array_remove_range (self->seen, 0, SEEN_MAX / 2);
  g_array_append_val (self->seen, seen);
}

/* Whether what comes after the last picture recorded cannot be decoded, because a pause that was told late,
 * and is over, lies between that and its keyframe: what is cut out is missing for it. */
static gboolean
is_broken (RegiaIntake *self)
{
  const Lane *main = &self->lanes[self->main];

  return main->video && is_pause_between (self, keyframe_before (self, main->end_ns), main->end_ns);
}

/* --- decisions --- */

static RegiaIntakeVerdict
judge (RegiaIntake *self, Lane *lane, const RegiaPacket *packet, gint64 jump_ns)
{
  gint64 half_ns = packet->duration_ns / 2;
  gboolean is_main = packet->track == self->main, after_pause, broken = is_broken (self);

  if (is_held (self, packet))
    return REGIA_INTAKE_HOLD;
  if (broken && (is_main ? !regia_packet_is_keyframe (packet)
                         : packet->dts_ns + half_ns >= self->lanes[self->main].end_ns))
    return REGIA_INTAKE_HOLD;
  after_pause =
      jump_ns > half_ns && (is_pause_between (self, lane->end_ns, packet->dts_ns) || (is_main && broken));
  /* What a feed still has may begin between two keyframes: of that nothing can be shown until the second. */
  if (is_main && lane->video && jump_ns > half_ns && (after_pause || !lane->begun) &&
      !regia_packet_is_keyframe (packet))
    return after_pause ? REGIA_INTAKE_HOLD : REGIA_INTAKE_PASS;
  /* Between a pause and its keyframe. */
  if (!is_main && after_pause && packet->dts_ns + half_ns < self->resumed_ns)
    return REGIA_INTAKE_PASS;
  if (is_main && after_pause) {
    self->resumed_ns = packet->dts_ns;
    return REGIA_INTAKE_TAKE_ANEW;
  }
  return jump_ns > LEAP_NS && !after_pause ? REGIA_INTAKE_TAKE_ANEW : REGIA_INTAKE_TAKE;
}

RegiaIntakeVerdict
regia_intake_offer (RegiaIntake *self, const RegiaPacket *packet, RegiaIntakeGap *ret_gap)
{
  RegiaIntakeVerdict verdict;
  Lane *lane;
  gint64 jump_ns;

  *ret_gap = (RegiaIntakeGap){0, 0};
  if (packet->track >= REGIA_TRACKS_MAX)
    return REGIA_INTAKE_PASS;
  lane = &self->lanes[packet->track];
  if (packet->track == self->main && lane->wanted)
    note_seen (self, packet);
  if (!lane->wanted || !may_begin (self, packet))
    return REGIA_INTAKE_PASS;
  if (packet->dts_ns + packet->duration_ns / 2 < lane->end_ns)
    return lane->begun ? REGIA_INTAKE_BACKWARDS : REGIA_INTAKE_PASS;
  jump_ns = lane->end_ns > 0 ? packet->dts_ns - lane->end_ns : 0;
  verdict = judge (self, lane, packet, jump_ns);
  lane->held = verdict == REGIA_INTAKE_HOLD;
  if (verdict == REGIA_INTAKE_PASS || verdict == REGIA_INTAKE_HOLD)
    return verdict;
  if (packet->track == self->main && jump_ns > packet->duration_ns / 2)
    *ret_gap = (RegiaIntakeGap){lane->end_ns, packet->dts_ns};
  if (self->fresh)
    self->first_ns = packet->dts_ns;
  self->fresh = FALSE;
  lane->begun = TRUE;
  lane->end_ns = packet->dts_ns + packet->duration_ns;
  return verdict;
}
