/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "reception-private.h"

#include "regia/base/clock.h"

#define REASON_MISSING "packets were missing in the feed"
#define REASON_ENGINE  "the engine was restarted"
#define REASON_BEHIND  "the recorder was behind for too long"
#define REASON_PLACE   "the recording's files were removed or moved"

/* A group of pictures with its sound is some hundreds; more come only where no keyframe does. */
#define HELD_MAX 8192

/*
 * RegiaReception lives as long as the session is recorded in one place. While the recording is paused, and
 * from there to the keyframe that ends the pause, what comes is held, back to the last keyframe: the command
 * to go on may arrive after that keyframe, and sound comes before its picture.
 */
struct _RegiaReception {
  RegiaIntake *intake; /* (owned) */
  RegiaWriteQueue *queue;
  RegiaRecorderStatus *status;
  GQueue held; /* (element-type RegiaPacket) (owned) in the order of their coming */
  gint64
      lost_until_ns; /* of what was lost, until the next packet of the main track tells the gap; 0: nothing */
  const char *gap_reason,
      *overrun_reason; /* static: why the next gap, and one for which the reader was late, came to be */
  gboolean paused;     /* every track has come to a pause, which was noted */
  gint64 paused_ns;    /* … from here */
  gboolean feed_ended;
  guint64 backwards; /* packets left out because their time did not rise */
};

RegiaReception *
regia_reception_new (RegiaIntake *intake, RegiaWriteQueue *queue, RegiaRecorderStatus *status,
                     gint64 lost_until_ns, const char *reason)
{
  RegiaReception *self = g_new0 (RegiaReception, 1);

  self->intake = intake;
  self->queue = queue;
  self->status = status;
  self->lost_until_ns = lost_until_ns;
  self->gap_reason = self->overrun_reason = reason;
  g_queue_init (&self->held);
  return self;
}

static void
drop_held (RegiaReception *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify)regia_packet_unref);
}

void
regia_reception_free (RegiaReception *self)
{
  if (self == NULL)
    return;
  if (self->backwards > 0)
    g_info ("%" G_GUINT64_FORMAT " packets were left out because their time did not rise", self->backwards);
  drop_held (self);
  regia_intake_free (self->intake);
  g_free (self);
}

/* --- gaps and pauses --- */

/* What lies between the end of what was lost and the first packet that the feed still had. */
static void
note_loss (RegiaReception *self, const RegiaPacket *packet, const RegiaIntakeGap *gap)
{
  if (self->lost_until_ns > 0 && gap->to_ns == 0 &&
      packet->dts_ns > self->lost_until_ns + packet->duration_ns / 2)
    regia_write_queue_note_gap (self->queue, REASON_PLACE, self->lost_until_ns, packet->dts_ns);
  self->lost_until_ns = 0;
}

static void
note_hole (RegiaReception *self, const RegiaIntakeGap *hole)
{
  g_autoptr (GArray) pieces = regia_intake_split (self->intake, hole);

  for (guint i = 0; i < pieces->len; i++) {
    const RegiaIntakePiece *piece = &g_array_index (pieces, RegiaIntakePiece, i);

    if (piece->paused)
      regia_write_queue_note_pause (self->queue, piece->from_ns, piece->to_ns);
    else
      regia_write_queue_note_gap (self->queue, self->gap_reason, piece->from_ns, piece->to_ns);
  }
}

/* Those that were told when the recording was beyond them already, or that were over before it began. */
static void
note_passed (RegiaReception *self)
{
  g_autoptr (GArray) pieces = regia_intake_list_passed (self->intake);

  for (guint i = 0; i < pieces->len; i++) {
    const RegiaIntakePiece *piece = &g_array_index (pieces, RegiaIntakePiece, i);

    regia_write_queue_note_passed (self->queue, piece->from_ns, piece->to_ns);
  }
}

/* Once all that lay before the pause is there: the part is closed with it. */
static void
begin_pause (RegiaReception *self)
{
  g_autoptr (GArray) pieces = NULL;

  if (self->paused || !regia_intake_is_paused (self->intake))
    return;
  self->paused = TRUE;
  regia_write_queue_end_part (self->queue);
  pieces = regia_intake_split (self->intake, NULL);
  if (pieces->len == 0)
    return; /* over already: noted with the keyframe */
  self->paused_ns = g_array_index (pieces, RegiaIntakePiece, 0).from_ns;
  g_message ("the recording is paused from show time %.3f s on", (double)self->paused_ns / REGIA_SECOND);
  regia_write_queue_note_pause (self->queue, self->paused_ns, 0);
  regia_write_queue_save (self->queue);
}

static void
end_pause (RegiaReception *self, const RegiaPacket *packet, const RegiaIntakeGap *hole)
{
  if (!self->paused)
    return;
  /* Nothing was recorded before it, which a hole could follow. */
  if (hole->to_ns == 0 && self->paused_ns > 0)
    regia_write_queue_note_pause (self->queue, self->paused_ns, packet->dts_ns);
  g_message ("the recording goes on from show time %.3f s", (double)packet->dts_ns / REGIA_SECOND);
  self->paused = FALSE;
  self->paused_ns = 0;
}

/* --- packets --- */

static void take_packet (RegiaReception *self, RegiaPacket *packet);

static void
offer_held (RegiaReception *self)
{
  GQueue held = self->held;
  RegiaPacket *packet;

  g_queue_init (&self->held);
  while ((packet = g_queue_pop_head (&held)) != NULL) {
    take_packet (self, packet);
    regia_packet_unref (packet);
  }
}

/* What lies before a keyframe cannot follow a pause any more. */
static void
drop_before (RegiaReception *self, const RegiaPacket *keyframe)
{
  for (GList *link = self->held.head, *next; link != NULL; link = next) {
    RegiaPacket *earlier = link->data;

    next = link->next;
    if (earlier->dts_ns + earlier->duration_ns / 2 >= keyframe->dts_ns)
      continue;
    g_queue_delete_link (&self->held, link);
    regia_packet_unref (earlier);
  }
}

static void
hold (RegiaReception *self, RegiaPacket *packet)
{
  if (regia_intake_is_main (self->intake, packet) && regia_packet_is_keyframe (packet))
    drop_before (self, packet);
  g_queue_push_tail (&self->held, regia_packet_ref (packet));
  if (self->held.length > HELD_MAX)
    regia_packet_unref (g_queue_pop_head (&self->held));
  begin_pause (self);
}

static void
take_packet (RegiaReception *self, RegiaPacket *packet)
{
  RegiaIntakeGap gap;
  RegiaIntakeVerdict verdict = regia_intake_offer (self->intake, packet, &gap);

  if (verdict == REGIA_INTAKE_BACKWARDS && self->backwards++ == 0)
    g_info ("a packet of track %u at %.3f s does not follow the one before it and is left out; more are only "
            "counted",
            packet->track, (double)packet->dts_ns / REGIA_SECOND);
  if (verdict == REGIA_INTAKE_HOLD)
    hold (self, packet);
  if (verdict != REGIA_INTAKE_TAKE && verdict != REGIA_INTAKE_TAKE_ANEW)
    return;
  if (verdict == REGIA_INTAKE_TAKE_ANEW)
    regia_write_queue_end_part (self->queue);
  if (gap.to_ns > 0)
    note_hole (self, &gap);
  if (!regia_intake_is_main (self->intake, packet)) {
    regia_write_queue_write (self->queue, packet);
    return;
  }
  end_pause (self, packet, &gap);
  note_loss (self, packet, &gap);
  self->gap_reason = REASON_MISSING;
  self->overrun_reason = REASON_BEHIND;
  regia_write_queue_write (self->queue, packet);
  if (regia_packet_is_keyframe (packet)) {
    note_passed (self);
    drop_before (self, packet);
  }
  offer_held (self);
}

void
regia_reception_take (RegiaReception *self, RegiaFeedEvent *event)
{
  g_autoptr (GPtrArray) tracks = NULL;

  switch (event->type) {
  case REGIA_FEED_EVENT_TRACKS:
    self->feed_ended = FALSE;
    drop_held (self); /* numbered by the tracks before */
    tracks = regia_intake_set_tracks (self->intake, event->tracks);
    if (tracks->len == 0) {
      g_warning ("the engine makes none of the tracks that are recorded");
      regia_recorder_status_set_phase (
          self->status, REGIA_PHASE_WAITING,
          "Nothing is recorded: the engine makes none of the tracks that are recorded");
    }
    regia_write_queue_set_tracks (self->queue, tracks);
    break;
  case REGIA_FEED_EVENT_GAP:
    self->gap_reason = event->gap_reason == REGIA_FEED_GAP_GENERATION ? REASON_ENGINE : self->overrun_reason;
    break;
  case REGIA_FEED_EVENT_PACKET:
    take_packet (self, event->packet);
    break;
  case REGIA_FEED_EVENT_END:
    self->feed_ended = TRUE;
    break;
  case REGIA_FEED_EVENT_NONE:
    break;
  }
}

void
regia_reception_set_wanted (RegiaReception *self, RegiaWanted *wanted)
{
  regia_intake_set_pauses (self->intake, wanted->pauses);
  note_passed (self);
  regia_write_queue_note_wanted (self->queue, wanted);
  offer_held (self);
}

void
regia_reception_set_overrun_reason (RegiaReception *self, const char *reason)
{
  self->overrun_reason = reason;
}

gboolean
regia_reception_has_ended (RegiaReception *self)
{
  return self->feed_ended;
}
