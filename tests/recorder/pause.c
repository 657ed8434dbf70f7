/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../wait.h"
#include "intake-private.h"

#include <string.h>

#include "hall.h"
#include "packets.h"
#include "regia/mux/remux.h"

/* --- the intake --- */

static const char *const names[] = {"video/64p", "audio/it", NULL};

static RegiaIntake *
intake_new (gint64 video_end_ns, gint64 audio_end_ns)
{
  g_autoptr (GHashTable) ends = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  g_autoptr (GPtrArray) chosen = NULL;
  RegiaIntake *intake;

  if (video_end_ns > 0)
    g_hash_table_insert (ends, g_strdup ("video/64p"), g_memdup2 (&video_end_ns, sizeof video_end_ns));
  if (audio_end_ns > 0)
    g_hash_table_insert (ends, g_strdup ("audio/it"), g_memdup2 (&audio_end_ns, sizeof audio_end_ns));
  intake = regia_intake_new (names, ends, 0);
  g_ptr_array_add (tracks, packets_video_track (0));
  g_ptr_array_add (tracks, packets_audio_track (1, "it"));
  chosen = regia_intake_set_tracks (intake, tracks);
  return intake;
}

static void
set_pauses (RegiaIntake *intake, const RegiaSessionSpan *spans, guint n)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (list, (gpointer)&spans[i]);
  regia_intake_set_pauses (intake, list);
}

static RegiaIntakeVerdict
offer (RegiaIntake *intake, RegiaPacket *packet_owned, RegiaIntakeGap *ret_gap)
{
  g_autoptr (RegiaPacket) packet = packet_owned;
  RegiaIntakeGap unused;

  return regia_intake_offer (intake, packet, ret_gap != NULL ? ret_gap : &unused);
}

static void
assert_piece (GArray *pieces, guint index, gint64 from_ns, gint64 to_ns, gboolean paused)
{
  const RegiaIntakePiece *piece = &g_array_index (pieces, RegiaIntakePiece, index);

  g_assert_cmpuint (index, <, pieces->len);
  g_assert_cmpint (piece->from_ns, ==, from_ns);
  g_assert_cmpint (piece->to_ns, ==, to_ns);
  g_assert_cmpint (piece->paused, ==, paused);
}

/* Keyframes each 50 pictures (packets.h); a pause from picture 60 to picture 110: recorded are 0 to 59 and
 * 150 on. */
static void
test_intake (void)
{
  g_autoptr (RegiaIntake) intake = intake_new (0, 0);
  const RegiaSessionSpan span = {2400, 4400}, lasting = {2400, 0};
  g_autoptr (GArray) pieces = NULL, open = NULL;
  RegiaIntakeGap gap;

  for (guint i = 0; i < 60; i++)
    g_assert_cmpint (offer (intake, packets_frame (0, i), NULL), ==, REGIA_INTAKE_TAKE);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (offer (intake, packets_aac (1, i), NULL), ==, REGIA_INTAKE_TAKE);
  set_pauses (intake, &lasting, 1);
  g_assert_cmpint (offer (intake, packets_frame (0, 60), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_false (regia_intake_is_paused (intake));
  /* What lay before the pause comes after the picture that begins it. */
  for (guint i = 100; i < 113; i++)
    g_assert_cmpint (offer (intake, packets_aac (1, i), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_aac (1, 113), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_true (regia_intake_is_paused (intake));
  open = regia_intake_split (intake, NULL);
  assert_piece (open, 0, 2400 * REGIA_MSECOND, G_MAXINT64, TRUE);
  set_pauses (intake, &span, 1);
  for (guint i = 61; i < 150; i++)
    g_assert_cmpint (offer (intake, packets_frame (0, i), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_cmpint (offer (intake, packets_aac (1, 282), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_cmpint (offer (intake, packets_frame (0, 150), &gap), ==, REGIA_INTAKE_TAKE_ANEW);
  g_assert_cmpint (gap.from_ns, ==, FRAME_NS (60));
  g_assert_cmpint (gap.to_ns, ==, FRAME_NS (150));
  pieces = regia_intake_split (intake, &gap);
  g_assert_cmpuint (pieces->len, ==, 1);
  assert_piece (pieces, 0, FRAME_NS (60), FRAME_NS (150), TRUE);
  /* Sound from the keyframe on, and none before. */
  g_assert_cmpint (offer (intake, packets_aac (1, 280), NULL), ==, REGIA_INTAKE_PASS);
  g_assert_cmpint (offer (intake, packets_aac (1, 282), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_frame (0, 151), NULL), ==, REGIA_INTAKE_TAKE);
}

/* The command arrived late: picture was recorded beyond the beginning of the pause, and sound is up to there;
 * the pause begins where it was said to. */
static void
test_late (void)
{
  g_autoptr (RegiaIntake) intake = intake_new (0, 0);
  const RegiaSessionSpan lasting = {2000, 0};
  g_autoptr (GArray) pieces = NULL;

  for (guint i = 0; i < 60; i++)
    g_assert_cmpint (offer (intake, packets_frame (0, i), NULL), ==, REGIA_INTAKE_TAKE);
  set_pauses (intake, &lasting, 1);
  for (guint i = 0; i < 112; i++)
    g_assert_cmpint (offer (intake, packets_aac (1, i), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_aac (1, 113), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_cmpint (offer (intake, packets_frame (0, 60), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_true (regia_intake_is_paused (intake));
  pieces = regia_intake_split (intake, NULL);
  assert_piece (pieces, 0, FRAME_NS (50), G_MAXINT64, TRUE);
}

/* Told when all of it is recorded: what follows cannot be decoded without it, up to a keyframe. */
static void
test_passed (void)
{
  g_autoptr (RegiaIntake) intake = intake_new (0, 0);
  const RegiaSessionSpan spans[] = {{300, 500}, {2410, 2500}};
  g_autoptr (GArray) before = NULL, after = NULL, hole = NULL, none = NULL;
  RegiaIntakeGap gap;

  for (guint i = 0; i < 75; i++)
    g_assert_cmpint (offer (intake, packets_frame (0, i), NULL), ==, REGIA_INTAKE_TAKE);
  none = regia_intake_list_passed (intake);
  g_assert_cmpuint (none->len, ==, 0);
  set_pauses (intake, spans, G_N_ELEMENTS (spans));
  before = regia_intake_list_passed (intake);
  g_assert_cmpuint (before->len, ==, 1);
  assert_piece (before, 0, FRAME_NS (8), FRAME_NS (50), TRUE);
  for (guint i = 75; i < 100; i++)
    g_assert_cmpint (offer (intake, packets_frame (0, i), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_cmpint (offer (intake, packets_aac (1, 139), NULL), ==, REGIA_INTAKE_TAKE);
  g_assert_cmpint (offer (intake, packets_aac (1, 142), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_cmpint (offer (intake, packets_frame (0, 100), &gap), ==, REGIA_INTAKE_TAKE_ANEW);
  hole = regia_intake_split (intake, &gap);
  g_assert_cmpuint (hole->len, ==, 1);
  assert_piece (hole, 0, FRAME_NS (61), FRAME_NS (100), TRUE);
  g_assert_cmpint (offer (intake, packets_frame (0, 101), NULL), ==, REGIA_INTAKE_TAKE);
  after = regia_intake_list_passed (intake);
  g_assert_cmpuint (after->len, ==, 2);
  assert_piece (after, 0, FRAME_NS (8), FRAME_NS (50), TRUE);
  assert_piece (after, 1, FRAME_NS (61), FRAME_NS (100), TRUE);
}

/* A recorder that comes back when all is over, to what the feed still has: paused is what was, lost what was
 * not. */
static void
test_away (void)
{
  g_autoptr (RegiaIntake) intake = intake_new (FRAME_NS (60), AAC_NS (112));
  const RegiaSessionSpan spans[] = {{1000, 1500}, {4000, 6100}, {6400, 7000}};
  g_autoptr (GArray) pieces = NULL;
  RegiaIntakeGap gap;

  set_pauses (intake, spans, G_N_ELEMENTS (spans));
  /* What the feed still has begins in the second pause. */
  for (guint i = 125; i < 200; i++)
    g_assert_cmpint (offer (intake, packets_frame (0, i), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_cmpint (offer (intake, packets_frame (0, 200), &gap), ==, REGIA_INTAKE_TAKE_ANEW);
  pieces = regia_intake_split (intake, &gap);
  g_assert_cmpuint (pieces->len, ==, 3);
  assert_piece (pieces, 0, FRAME_NS (60), 4000 * REGIA_MSECOND, FALSE);
  /* Between the two pauses came no keyframe. */
  assert_piece (pieces, 1, 4000 * REGIA_MSECOND, 6400 * REGIA_MSECOND, TRUE);
  assert_piece (pieces, 2, 6400 * REGIA_MSECOND, FRAME_NS (200), TRUE);
}

/* The feed had lost what came after a pause: that is no pause. */
static void
test_lost_after (void)
{
  g_autoptr (RegiaIntake) intake = intake_new (FRAME_NS (60), AAC_NS (112));
  const RegiaSessionSpan span = {2400, 3000};
  g_autoptr (GArray) pieces = NULL;
  RegiaIntakeGap gap;

  set_pauses (intake, &span, 1);
  g_assert_cmpint (offer (intake, packets_frame (0, 190), NULL), ==, REGIA_INTAKE_HOLD);
  g_assert_cmpint (offer (intake, packets_frame (0, 200), &gap), ==, REGIA_INTAKE_TAKE_ANEW);
  pieces = regia_intake_split (intake, &gap);
  g_assert_cmpuint (pieces->len, ==, 2);
  assert_piece (pieces, 0, 2400 * REGIA_MSECOND, 3000 * REGIA_MSECOND, TRUE);
  assert_piece (pieces, 1, 3000 * REGIA_MSECOND, FRAME_NS (200), FALSE);
}

/* --- a recording --- */

static void
want (Hall *hall, Take *take, guint version, double from_s, double to_s, const char *more)
{
  g_autofree char *text =
      g_strdup_printf ("{'version': <uint64 %u>, 'paused-spans': <[<{'from-ms': <uint64 %" G_GUINT64_FORMAT
                       ">, 'to-ms': <uint64 %" G_GUINT64_FORMAT ">}>]>%s}",
                       version, hall_ms (from_s), to_s > 0 ? hall_ms (to_s) : 0, more);

  hall_want (hall, take, text);
}

static void
leave (Take *take)
{
  g_autoptr (GError) error = NULL;

  regia_recording_stop (take->recording, FALSE);
  error = take_end (take);
  g_assert_no_error (error);
}

static void
finish (Hall *hall, Take *take)
{
  g_autoptr (GError) error = NULL;

  regia_feed_log_end (hall->log);
  regia_recording_stop (take->recording, TRUE);
  error = take_end (take);
  g_assert_no_error (error);
}

/* The programme but for what lies in [@from_s, @to_s), which is in none of its files, nor in its time. */
static void
check_paused (Hall *hall, double from_s, double to_s, double seconds, guint parts)
{
  g_autoptr (RegiaSession) session = hall_load (hall);
  g_autofree char *path = g_build_filename (hall->session, "programme.mp4", NULL);
  g_auto (RegiaRemuxResult) found = {0};
  g_autoptr (GError) error = NULL;
  const RegiaSessionSpan *pause;
  guint pictures =
      hall_packets (hall, 0, from_s) + hall_packets (hall, 0, seconds) - hall_packets (hall, 0, to_s);
  guint64 samples;

  g_assert_cmpstr (session->state, ==, REGIA_SESSION_FINISHED);
  g_assert_cmpuint (session->gaps_total, ==, 0);
  g_assert_cmpuint (session->parts->len, ==, parts);
  g_assert_cmpuint (session->pauses->len, ==, 1);
  pause = g_ptr_array_index (session->pauses, 0);
  g_assert_cmpint (ABS (pause->from_ms - (gint64)hall_ms (from_s)), <=, 40);
  g_assert_cmpint (pause->to_ms, ==, hall_ms (to_s));
  g_assert_true (regia_remux_probe (path, NULL, &found, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (found.tracks[0].samples, ==, pictures);
  g_assert_cmpuint (media_decode (path, &samples), ==, pictures);
  /* In step at the end: picture and sound are as long as each other to a packet, and nothing was filled in.
   */
  g_assert_cmpint (ABS (found.tracks[0].length_ns - pictures * 40 * REGIA_MSECOND), <=, 2 * REGIA_MSECOND);
  for (guint i = 1; i < 3; i++)
    g_assert_cmpint (ABS (found.tracks[i].length_ns - found.tracks[0].length_ns), <, 45 * REGIA_MSECOND);
  g_assert_cmpuint (((RegiaSessionFile *)session->files->pdata[0])->silent_frames, <=, 2);
  g_assert_cmpint (ABS (session->duration_ms - pictures * 40), <=, 45);
}

static guint
count_parts (Hall *hall)
{
  g_autoptr (RegiaSession) session = hall_load (hall);

  return session->parts->len;
}

static void
test_pause (void)
{
  g_autoptr (Hall) hall = hall_new (12);
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) during = NULL;
  guint64 on_disk_ms;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 3);
  take_wait (take, "last-fragment-ms", hall_ms (1.9));
  want (hall, take, 2, 3.6, 0, "");
  hall_play_until (hall, 6.5);
  take_wait_state (take, "paused");
  on_disk_ms = take_get (take, "last-fragment-ms");
  g_assert_cmpuint (on_disk_ms, >=, hall_ms (3.6));
  g_assert_cmpuint (on_disk_ms, <, hall_ms (3.7));
  during = hall_load (hall);
  g_assert_cmpuint (during->pauses->len, ==, 1);
  g_assert_cmpint (((RegiaSessionSpan *)during->pauses->pdata[0])->to_ms, ==, 0);
  g_assert_cmpstr (((RegiaSessionPart *)during->parts->pdata[0])->state, ==, REGIA_PART_WHOLE);
  /* Told a little later than the keyframe at 6 s, which the recording goes on with all the same. */
  want (hall, take, 3, 3.6, 5.5, "");
  take_wait_state (take, "recording");
  hall_play_until (hall, 12);
  finish (hall, take);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  check_paused (hall, 3.6, 6, 12, 2);
}

/* Told when more than a second of it was on the disk: that is in no finished file, nor in its time. */
static void
test_told_late (void)
{
  g_autoptr (Hall) hall = hall_new (12);
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 5);
  take_wait (take, "last-fragment-ms", hall_ms (4.7));
  want (hall, take, 2, 3.6, 0, "");
  hall_play_until (hall, 6.5);
  take_wait_state (take, "paused");
  want (hall, take, 3, 3.6, 5.5, "");
  take_wait_state (take, "recording");
  hall_play_until (hall, 12);
  finish (hall, take);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  check_paused (hall, 3.6, 6, 12, 2);
}

/* … and the event ends in it. */
static void
test_told_late_at_the_end (void)
{
  g_autoptr (Hall) hall = hall_new (6);
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 5);
  take_wait (take, "last-fragment-ms", hall_ms (4.7));
  want (hall, take, 2, 4, 0, "");
  hall_play_until (hall, 6);
  take_wait_state (take, "paused");
  finish (hall, take);
  hall_check_programme (hall, 4);
}

/* Told when it was over; @data: up to when the programme was recorded then, before the keyframe that follows
 * it or after. */
static void
test_told_when_over (gconstpointer data)
{
  double recorded_s = *(const double *)data;
  g_autoptr (Hall) hall = hall_new (12);
  g_autoptr (Take) take = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, recorded_s);
  take_wait (take, "last-fragment-ms", hall_ms (recorded_s - 0.3));
  want (hall, take, 2, 3.6, 4.2, "");
  hall_play_until (hall, 12);
  finish (hall, take);
  g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  check_paused (hall, 3.6, 6, 12, recorded_s < 6 ? 2 : 1);
}

/* … and never told, because the recorder was killed first: the next one knows. */
static void
test_told_to_the_next (void)
{
  g_autoptr (Hall) hall = hall_new (12);

  hall_open_feed (hall, 1);
  {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);

    hall_play_until (hall, 5);
    take_wait (take, "last-fragment-ms", hall_ms (4.7));
    leave (take);
  }
  want (hall, NULL, 2, 3.6, 0, "");
  {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);

    hall_play_until (hall, 7);
    take_wait_state (take, "paused");
    want (hall, take, 3, 3.6, 7.5, "");
    hall_play_until (hall, 12);
    finish (hall, take);
    g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  }
  check_paused (hall, 3.6, 8, 12, 2);
}

/* Recorders that are killed while paused, one whose record did not get to the disk, and one killed just after
 * it was told to go on: paused, recording, and the same pictures in the end. */
static void
test_kills (void)
{
  g_autoptr (Hall) hall = hall_new (12);
  g_autofree char *record = g_build_filename (hall->session, REGIA_SESSION_FILE, NULL);
  g_autofree char *text = NULL;
  gsize length;

  hall_open_feed (hall, 1);
  {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);

    hall_play_until (hall, 4);
    take_wait (take, "last-fragment-ms", hall_ms (2.9));
    g_assert_true (g_file_get_contents (record, &text, &length, NULL));
    want (hall, take, 2, 4.2, 0, "");
    hall_play_until (hall, 5);
    take_wait_state (take, "paused");
    leave (take);
  }
  g_assert_true (g_file_set_contents (record, text, (gssize)length, NULL));
  {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);

    take_wait_state (take, "paused");
    hall_play_until (hall, 8.5);
    leave (take);
    g_assert_cmpuint (count_parts (hall), ==, 1);
  }
  want (hall, NULL, 3, 4.2, 7, "");
  {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);

    hall_play_until (hall, 10);
    take_wait (take, "last-fragment-ms", hall_ms (8.9));
    leave (take);
  }
  {
    g_autoptr (Take) take = take_new (hall, regia_disk_real (), 0);

    hall_play_until (hall, 12);
    finish (hall, take);
    g_assert_cmpuint (take_get (take, "gaps"), ==, 0);
  }
  check_paused (hall, 4.2, 8, 12, 3);
}

/* The event ends while it is paused: what was recorded is finished. */
static void
test_stop (void)
{
  g_autoptr (Hall) hall = hall_new (6);
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) session = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  want (hall, take, 2, 4, 0, "");
  hall_play_until (hall, 6);
  take_wait_state (take, "paused");
  finish (hall, take);
  hall_check_programme (hall, 4);
  session = hall_load (hall);
  g_assert_cmpuint (session->pauses->len, ==, 1);
  g_assert_cmpuint (session->gaps_total, ==, 0);
}

static gboolean
has_pause (Hall *hall)
{
  g_autofree char *path = g_build_filename (hall->session, "session.json", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, "from-ms") != NULL;
}

/* Paused before anything was recorded. */
static void
test_from_the_beginning (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) session = NULL;

  want (hall, NULL, 2, 0, 0, "");
  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 3);
  take_wait_state (take, "paused");
  WAIT_UNTIL (has_pause (hall)); /* it has come to the feed, and says so on the disk */
  want (hall, take, 3, 0, 3, "");
  hall_play_until (hall, 8);
  finish (hall, take);
  session = hall_load (hall);
  g_assert_cmpuint (session->gaps_total, ==, 0);
  g_assert_cmpuint (session->pauses->len, ==, 1);
  g_assert_cmpint (((RegiaSessionSpan *)session->pauses->pdata[0])->to_ms, ==, hall_ms (4));
  g_assert_cmpint (ABS (session->duration_ms - 4000), <=, 45);
}

/* A pause that was over before the recorder read anything is in the record as well. */
static void
test_over_at_the_beginning (void)
{
  g_autoptr (Hall) hall = hall_new (8);
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) session = NULL;
  const RegiaSessionSpan *pause;

  want (hall, NULL, 3, 0, 3, "");
  hall_open_feed (hall, 1);
  hall_play_until (hall, 5);
  take = take_new (hall, regia_disk_real (), 0);
  hall_play_until (hall, 8);
  finish (hall, take);
  session = hall_load (hall);
  g_assert_cmpuint (session->gaps_total, ==, 0);
  g_assert_cmpuint (session->pauses->len, ==, 1);
  pause = g_ptr_array_index (session->pauses, 0);
  g_assert_cmpint (pause->from_ms, ==, hall_ms (0));
  g_assert_cmpint (pause->to_ms, ==, hall_ms (4));
  g_assert_cmpint (ABS (session->duration_ms - 4000), <=, 45);
}

/* Marks and private spans are in the record when they are said to be in effect, before anything is recorded,
 * while it is paused, and at the end. */
static void
test_record (void)
{
  g_autoptr (Hall) hall = hall_new (6);
  g_autoptr (Take) take = NULL;
  g_autoptr (RegiaSession) first = NULL, second = NULL, last = NULL;

  hall_open_feed (hall, 1);
  take = take_new (hall, regia_disk_real (), 0);
  hall_want (
      hall, take,
      "{'version': <uint64 2>, 'private-spans': <[<{'from-ms': <uint64 999>, 'to-ms': <uint64 0>}>]>}");
  first = hall_load (hall);
  g_assert_cmpuint (first->private_spans->len, ==, 1);
  hall_play_until (hall, 4);
  take_wait (take, "last-fragment-ms", hall_ms (2.9));
  want (hall, take, 3, 4, 0, "");
  hall_play_until (hall, 6);
  take_wait_state (take, "paused");
  want (hall, take, 4, 4, 0,
        ", 'marks': <[<{'id': <'a'>, 'at-ms': <uint64 1002000>, 'title': <'Saluti'>}>,"
        "             <{'id': <'b'>, 'at-ms': <uint64 1005000>, 'title': <'Pausa'>}>]>");
  second = hall_load (hall);
  g_assert_cmpuint (second->marks->len, ==, 2);
  g_assert_cmpstr (((RegiaSessionMark *)second->marks->pdata[1])->title, ==, "Pausa");
  g_assert_cmpint (((RegiaSessionMark *)second->marks->pdata[1])->at_ms, ==, 1005000);
  finish (hall, take);
  last = hall_load (hall);
  g_assert_cmpstr (last->state, ==, REGIA_SESSION_FINISHED);
  g_assert_cmpuint (last->marks->len, ==, 2);
  g_assert_cmpuint (last->private_spans->len, ==, 1);
}

int
main (int argc, char **argv)
{
  static const double before_s = 5, after_s = 7;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recorder/pause/intake", test_intake);
  g_test_add_func ("/recorder/pause/late", test_late);
  g_test_add_func ("/recorder/pause/passed", test_passed);
  g_test_add_func ("/recorder/pause/away", test_away);
  g_test_add_func ("/recorder/pause/lost-after", test_lost_after);
  g_test_add_func ("/recorder/pause/pause", test_pause);
  g_test_add_func ("/recorder/pause/told-late", test_told_late);
  g_test_add_func ("/recorder/pause/told-late/at-the-end", test_told_late_at_the_end);
  g_test_add_data_func ("/recorder/pause/told-when-over", &before_s, test_told_when_over);
  g_test_add_data_func ("/recorder/pause/told-when-over/after-keyframe", &after_s, test_told_when_over);
  g_test_add_func ("/recorder/pause/told-to-the-next", test_told_to_the_next);
  g_test_add_func ("/recorder/pause/kills", test_kills);
  g_test_add_func ("/recorder/pause/stop", test_stop);
  g_test_add_func ("/recorder/pause/from-the-beginning", test_from_the_beginning);
  g_test_add_func ("/recorder/pause/over-at-the-beginning", test_over_at_the_beginning);
  g_test_add_func ("/recorder/pause/record", test_record);
  return g_test_run ();
}
