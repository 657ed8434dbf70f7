/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "iso-private.h"

#include "encoder-private.h"
#include "iso-copy-private.h"
#include "iso-sound-private.h"
#include "regia/base/thread.h"

/*
 * RegiaIso:
 *
 *   H.264, before its decoder ── copy ────────┐
 *   pictures, as they are mixed ── encoder ───┴─ iso/NAME
 *   sound, as it is mixed ── sound ───────────── iso/NAME/audio
 *
 * Which of the two ways pictures go is found out by each stream: one that was not seen as H.264 when its
 * first picture comes is encoded. The encoder is there only while it is used. Each of the three has its own
 * threads and a head that takes what it can, so nothing here holds up a source.
 *
 * Life: made with the source's place in the programme (lineup.c) and closed with it, or when the engine ends.
 * A run reaches it through its tap, and is turned away once it is closed.
 *
 * Locks: `lock` guards what runs reach; before those of copy's and sound's way in, and of RegiaFrames.
 * `out_lock` guards what comes out, is held while the owner is called back, and comes before the track
 * table's.
 */

/* With so many frames waiting, an encoder is given copies: a capture card has but a few buffers. */
#define MAY_WAIT 2

typedef enum { NONE, COPIED, ENCODED } Way;

struct _RegiaIso {
  gatomicrefcount ref_count;
  char *name;  /* (owned) */
  guint64 ids; /* bit i for track i */
  gboolean has_sound;
  RegiaEncoderSpec picture; /* (owned strings) */
  RegiaEncoderTrackFunc track_cb;
  RegiaEncoderPacketFunc packet_cb;
  gpointer user_data;

  GMutex lock;           /* guards what follows */
  RegiaIsoCopy *copy;    /* (owned) (nullable): of pictures; until it is closed */
  RegiaIsoSound *sound;  /* (owned) (nullable): likewise */
  RegiaEncoder *encoder; /* (owned) (nullable): while pictures are encoded */
  guint stream;          /* the newest one's number */
  Way way;               /* of its pictures */
  gboolean closed;

  GMutex out_lock;       /* guards what follows */
  RegiaTrack *tracks[3]; /* (owned) (nullable): of pictures, by the way that they came */
  Way told;              /* whose track it is at present */
  gint64 last_dts_ns;    /* of pictures */
};

RegiaIso *
regia_iso_ref (RegiaIso *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_iso_unref (RegiaIso *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->copy == NULL && self->sound == NULL && self->encoder == NULL);
  for (guint i = 0; i < G_N_ELEMENTS (self->tracks); i++)
    g_clear_pointer (&self->tracks[i], regia_track_unref);
  regia_encoder_spec_clear (&self->picture);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->out_lock);
  g_free (self);
}

/* --- what comes out --- */

/* (transfer full) */
static void
take_track (RegiaIso *self, Way way, RegiaTrack *track)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->out_lock);

  g_clear_pointer (&self->tracks[way], regia_track_unref);
  self->tracks[way] = track;
  self->told = NONE; /* by the next packet */
}

/* (transfer full) */
static void
give_picture (RegiaIso *self, Way way, RegiaPacket *packet)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->out_lock);
  g_autoptr (RegiaPacket) owned = packet;

  /* the last of one way may still be on its way when the first of the other comes */
  if (packet->dts_ns <= self->last_dts_ns)
    return;
  if (self->told != way)
    self->track_cb (regia_track_ref (self->tracks[way]), self->user_data);
  self->told = way;
  self->last_dts_ns = packet->dts_ns;
  self->packet_cb (g_steal_pointer (&owned), self->user_data);
}

static void
on_copied_track_cb (RegiaTrack *track, gpointer user_data)
{
  take_track (user_data, COPIED, track);
}

static void
on_copied_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  give_picture (user_data, COPIED, packet);
}

static void
on_encoded_track_cb (RegiaTrack *track, gpointer user_data)
{
  take_track (user_data, ENCODED, track);
}

static void
on_encoded_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  give_picture (user_data, ENCODED, packet);
}

static void
on_sound_track_cb (RegiaTrack *track, gpointer user_data)
{
  RegiaIso *self = user_data;

  self->track_cb (track, self->user_data);
}

static void
on_sound_packet_cb (RegiaPacket *packet, gpointer user_data)
{
  RegiaIso *self = user_data;

  self->packet_cb (packet, self->user_data);
}

/* --- its life --- */

RegiaIso *
regia_iso_new (const RegiaEncoderSpec *picture, const RegiaEncoderSpec *sound, const RegiaEpoch *epoch,
               RegiaEncoderTrackFunc track_cb, RegiaEncoderPacketFunc packet_cb, gpointer user_data)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  RegiaIso *self = g_new0 (RegiaIso, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_mutex_init (&self->out_lock);
  self->track_cb = track_cb;
  self->packet_cb = packet_cb;
  self->user_data = user_data;
  self->last_dts_ns = -1;
  if (picture != NULL) {
    regia_encoder_spec_copy (picture, &self->picture);
    self->ids |= G_GUINT64_CONSTANT (1) << picture->track_id;
    self->copy = regia_iso_copy_new (picture->track_id, picture->track_name, epoch, on_copied_track_cb,
                                     on_copied_packet_cb, self);
  }
  if (sound != NULL) {
    self->ids |= G_GUINT64_CONSTANT (1) << sound->track_id;
    self->has_sound = TRUE;
    self->sound = regia_iso_sound_new (sound, on_sound_track_cb, on_sound_packet_cb, self);
  }
  return self;
}

void
regia_iso_close (RegiaIso *self)
{
  RegiaIsoCopy *copy;
  RegiaIsoSound *sound;
  RegiaEncoder *encoder;

  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  copy = g_steal_pointer (&self->copy);
  sound = g_steal_pointer (&self->sound);
  encoder = g_steal_pointer (&self->encoder);
  g_mutex_unlock (&self->lock);
  regia_iso_copy_free (copy);
  regia_iso_sound_free (sound);
  regia_encoder_free (encoder);
}

/* Made where it is wanted, gone where it is not. */
static void
look_after_encoder (RegiaIso *self, gint64 now_ns)
{
  g_autoptr (RegiaEncoder) unused = NULL;
  gboolean wanted, fell_back;

  g_mutex_lock (&self->lock);
  wanted = self->way == ENCODED || (self->way == NONE && self->encoder != NULL);
  if (!wanted)
    unused = g_steal_pointer (&self->encoder);
  g_mutex_unlock (&self->lock);
  if (!wanted)
    return;
  if (self->encoder == NULL) {
    RegiaEncoder *encoder =
        regia_encoder_new_apart (&self->picture, on_encoded_track_cb, on_encoded_packet_cb, self);

    g_mutex_lock (&self->lock);
    self->encoder = encoder;
    g_mutex_unlock (&self->lock);
  } else if (regia_encoder_tick (self->encoder, now_ns, &fell_back)) {
    g_autofree char *error = regia_encoder_get_error (self->encoder);

    g_message ("track %s: its encoder is started anew: %s", self->picture.track_name, error);
  }
}

void
regia_iso_tick (RegiaIso *self, gint64 now_ns)
{
  REGIA_ON_THREAD (NULL);

  if (self->closed)
    return;
  if (self->copy) {
    look_after_encoder (self, now_ns);
    regia_iso_copy_tick (self->copy, now_ns);
  }
  if (self->sound)
    regia_iso_sound_tick (self->sound, now_ns);
}

guint64
regia_iso_get_ids (RegiaIso *self)
{
  return self->ids;
}

gboolean
regia_iso_has_sound (RegiaIso *self)
{
  return self->has_sound;
}

const char *
regia_iso_get_way (RegiaIso *self)
{
  static const char *const words[] = {[NONE] = "", [COPIED] = "copied", [ENCODED] = "encoded"};
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return words[self->way];
}

char *
regia_iso_get_error (RegiaIso *self)
{
  REGIA_ON_THREAD_VAL (NULL, NULL);

  g_autofree char *copy = NULL, *sound = NULL, *encoder = NULL;
  const char *picture = "";
  Way way;

  if (self->closed)
    return g_strdup ("");
  g_mutex_lock (&self->lock);
  way = self->way;
  g_mutex_unlock (&self->lock);
  copy = self->copy ? regia_iso_copy_get_error (self->copy) : g_strdup ("");
  sound = self->sound ? regia_iso_sound_get_error (self->sound) : g_strdup ("");
  if (self->encoder) {
    RegiaEncoderStats stats;

    regia_encoder_get_stats (self->encoder, &stats);
    if (stats.last_packet_ns < stats.restarted_ns)
      encoder = regia_encoder_get_error (self->encoder);
  }
  if (way == COPIED)
    picture = copy;
  else if (encoder)
    picture = encoder;
  return g_strconcat (picture, *picture && *sound ? "; " : "", sound, NULL);
}

/* --- what goes in --- */

guint
regia_iso_begin (RegiaIso *self)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->way = NONE;
  self->stream = self->copy ? regia_iso_copy_begin (self->copy) : self->stream + 1;
  return self->stream;
}

void
regia_iso_place (RegiaIso *self, guint stream, gint64 shift_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->copy)
    regia_iso_copy_place (self->copy, stream, shift_ns);
}

void
regia_iso_take_unit (RegiaIso *self, guint stream, GstBuffer *unit, GstCaps *caps, GstClockTime running_ns)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->copy == NULL || stream != self->stream)
    return;
  self->way = COPIED;
  regia_iso_copy_push (self->copy, stream, unit, caps, running_ns);
}

void
regia_iso_take_picture (RegiaIso *self, guint stream, GstBuffer *picture)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  RegiaEncoderStats stats;

  if (self->closed || stream != self->stream || self->way == COPIED)
    return;
  self->way = ENCODED;
  if (self->encoder == NULL)
    return;
  regia_encoder_get_stats (self->encoder, &stats);
  if (stats.waiting < MAY_WAIT) {
    regia_encoder_push (self->encoder, picture);
  } else {
    g_autoptr (GstBuffer) copy = gst_buffer_copy_deep (picture);

    regia_encoder_push (self->encoder, copy);
  }
}

void
regia_iso_take_sound (RegiaIso *self, guint stream, GstBuffer *sound)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->sound && stream == self->stream)
    regia_iso_sound_push (self->sound, sound);
}
