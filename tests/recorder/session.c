/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session-private.h"
#include "wanted-private.h"

#include <string.h>

#include "regia/base/error.h"

static RegiaSession *
sample (void)
{
  RegiaSession *session = regia_session_new ("2022-09-29-sirio", "Sirio «migranti»", "Palazzo Ducale, Massa");
  RegiaSessionTrack *track = regia_session_add_track (session, "video/720p", "", "h264");
  RegiaSessionPart *part = regia_session_add_part (session, "live/programme-0001.mp4", REGIA_PART_OPEN);
  RegiaSessionFile *file = regia_session_add_file (session, "programme.mp4");

  track->width = 1280;
  track->height = 720;
  track->rate_num = 30000;
  track->rate_den = 1001;
  part->from_ms = 1500;
  part->to_ms = 12345678;
  part->bytes = G_GUINT64_CONSTANT (5000000000);
  part->lost_bytes = 17;
  file->size_bytes = G_GUINT64_CONSTANT (4900000000);
  file->duration_ms = 12344178;
  file->silent_frames = 3;
  g_strfreev (file->tracks);
  file->tracks = g_strsplit ("video/720p audio/it", " ", -1);
  session->epoch_ms = G_GINT64_CONSTANT (1664436600123);
  session->started_ms = session->epoch_ms + 1500;
  session->duration_ms = 12344178;
  regia_session_add_gap (session, 5000, 7000, "the engine was restarted");
  regia_session_add_mark (session, "one", 8000, "Saluti «istituzionali»");
  regia_session_set_pause (session, 9000, 9500);
  regia_session_set_private (session, 11000, 0);
  return session;
}

static void
test_round_trip (void)
{
  g_autoptr (RegiaSession) session = sample ();
  g_autofree char *text = regia_session_to_json (session);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaSession) read = regia_session_from_json (text, -1, &error);
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  again = regia_session_to_json (read);
  g_assert_cmpstr (text, ==, again);
  g_assert_cmpstr (read->title, ==, "Sirio «migranti»");
  g_assert_cmpint (read->started_ms, ==, session->started_ms);
  g_assert_cmpuint (((RegiaSessionPart *)g_ptr_array_index (read->parts, 0))->bytes, ==,
                    G_GUINT64_CONSTANT (5000000000));
  g_assert_cmpstr (((RegiaSessionFile *)g_ptr_array_index (read->files, 0))->tracks[1], ==, "audio/it");
  g_assert_cmpstr (((RegiaSessionMark *)read->marks->pdata[0])->title, ==, "Saluti «istituzionali»");
  g_assert_cmpint (((RegiaSessionSpan *)read->pauses->pdata[0])->to_ms, ==, 9500);
  g_assert_cmpint (((RegiaSessionSpan *)read->private_spans->pdata[0])->from_ms, ==, 11000);
}

/* Pauses in order, each told as often as one likes; private spans are never forgotten. */
static void
test_spans (void)
{
  g_autoptr (RegiaSession) session = regia_session_new ("a", "", "");
  const RegiaSessionSpan *span;

  g_assert_true (regia_session_set_pause (session, 5000, 0));
  g_assert_false (regia_session_set_pause (session, 5000, 0));
  g_assert_true (regia_session_set_pause (session, 5000, 8000));
  g_assert_true (regia_session_set_pause (session, 1000, 2000));
  g_assert_true (regia_session_set_pause (session, 9000, 0));
  g_assert_cmpuint (session->pauses->len, ==, 3);
  span = g_ptr_array_index (session->pauses, 0);
  g_assert_cmpint (span->from_ms, ==, 1000);
  span = g_ptr_array_index (session->pauses, 1);
  g_assert_cmpint (span->to_ms, ==, 8000);
  g_assert_true (regia_session_set_pause (session, 7000, 9500));
  g_assert_cmpuint (session->pauses->len, ==, 2);
  span = g_ptr_array_index (session->pauses, 1);
  g_assert_cmpint (span->from_ms, ==, 5000);
  g_assert_cmpint (span->to_ms, ==, 9500);

  g_assert_true (regia_session_set_private (session, 3000, 0));
  g_assert_false (regia_session_set_private (session, 3000, 0));
  g_assert_true (regia_session_set_private (session, 3000, 4000));
  g_assert_true (regia_session_set_private (session, 6000, 0));
  g_assert_cmpuint (session->private_spans->len, ==, 2);
}

static const char part_text[] =
    "{'version': <uint64 7>, 'paused': <true>,"
    " 'paused-spans': <[<{'from-ms': <uint64 1000>, 'to-ms': <uint64 2000>}>,"
    "                   <{'from-ms': <uint64 5000>, 'to-ms': <uint64 0>}>]>,"
    " 'private-spans': <[<{'from-ms': <uint64 3000>, 'to-ms': <uint64 0>}>]>,"
    " 'marks': <[<{'id': <'b'>, 'at-ms': <uint64 4000>, 'title': <'Saluti'>}>, <{'id': <'c'>}>]>}";

/* What the director tells, into the record: the marks as a whole. */
static void
test_wanted (void)
{
  g_autoptr (GVariant) part = g_variant_ref_sink (g_variant_new_parsed (part_text));
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (GVariant) no_marks = g_variant_ref_sink (g_variant_new_parsed ("{'marks': <@av []>}"));
  g_autoptr (RegiaWanted) wanted = regia_wanted_new (part), none = regia_wanted_new (nothing),
                          unmarked = regia_wanted_new (no_marks);
  g_autoptr (RegiaSession) session = sample ();

  g_assert_cmpuint (wanted->version, ==, 7);
  g_assert_true (regia_wanted_is_paused (wanted));
  g_assert_cmpuint (wanted->pauses->len, ==, 2);
  g_assert_true (regia_wanted_note (wanted, session));
  g_assert_false (regia_wanted_note (wanted, session));
  g_assert_cmpuint (session->marks->len, ==, 2);
  g_assert_cmpstr (((RegiaSessionMark *)session->marks->pdata[0])->title, ==, "Saluti");
  g_assert_cmpint (((RegiaSessionMark *)session->marks->pdata[0])->at_ms, ==, 4000);
  g_assert_cmpuint (session->private_spans->len, ==, 2);

  g_assert_false (regia_wanted_is_paused (none));
  g_assert_false (regia_wanted_note (none, session));
  g_assert_true (regia_wanted_note (unmarked, session));
  g_assert_cmpuint (session->marks->len, ==, 0);
  g_assert_cmpuint (session->private_spans->len, ==, 2);
}

static void
test_gaps (void)
{
  g_autoptr (RegiaSession) session = regia_session_new ("a", "", "");

  regia_session_add_gap (session, 1000, 2000, "one");
  regia_session_add_gap (session, 2000, 2500, "touches");
  regia_session_add_gap (session, 2100, 2200, "inside");
  regia_session_add_gap (session, 4000, 4000, "empty");
  regia_session_add_gap (session, 5000, 5040, "two");
  g_assert_cmpuint (session->gaps_total, ==, 2);
  g_assert_cmpint (session->gap_ms, ==, 1540);
  for (gint64 i = 0; i < 3 * REGIA_SESSION_GAPS_MAX; i++)
    regia_session_add_gap (session, 10000 + i * 100, 10000 + i * 100 + 10, "many");
  g_assert_cmpuint (session->gaps->len, ==, REGIA_SESSION_GAPS_MAX);
  g_assert_cmpuint (session->gaps_total, ==, 2 + 3 * REGIA_SESSION_GAPS_MAX);
  {
    g_autofree char *text = regia_session_to_json (session);
    g_autoptr (RegiaSession) read = regia_session_from_json (text, -1, NULL);

    g_assert_cmpuint (read->gaps_total, ==, session->gaps_total);
    g_assert_cmpint (read->gap_ms, ==, session->gap_ms);
  }
}

static void
test_bad (void)
{
  static const char *const texts[] = {
      "",
      "{",
      "[]",
      "{}",
      "{\"version\":1}",
      "{\"version\":0,\"id\":\"a\",\"state\":\"recording\"}",
      "{\"version\":-1,\"id\":\"a\",\"state\":\"recording\"}",
      "{\"version\":1,\"id\":\"../a\",\"state\":\"recording\"}",
      "{\"version\":1,\"id\":\"a\",\"state\":5}",
      "{\"version\":1,\"id\":[],\"state\":\"recording\"}",
      "\xff\xfe{}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (regia_session_from_json (texts[i], -1, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
  }
}

/* What a later version wrote is known as that, whatever else is in it. */
static void
test_newer (void)
{
  static const char *const texts[] = {
      "{\"version\":1000,\"id\":\"a\",\"state\":\"recording\"}",
      "{\"version\":1000}",
      "{\"version\":1000,\"id\":{\"a\":1},\"state\":null}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (regia_session_from_json (texts[i], -1, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_NEWER);
    g_assert_nonnull (strstr (error->message, "1000"));
  }
}

/* Records as earlier versions wrote them, kept for ever: kept/version-N/. */
static void
test_kept (void)
{
  static const struct {
    const char *file, *state;
    guint parts, gaps, files;
    gint64 duration_ms;
  } kept[] = {
      {"version-1/recording.json", REGIA_SESSION_RECORDING, 1, 0, 0, 10027},
      {"version-1/recording-gaps.json", REGIA_SESSION_RECORDING, 2, 0, 0, 13547},
      {"version-1/finishing.json", REGIA_SESSION_FINISHING, 2, 1, 0, 19717},
      {"version-1/finished-gaps.json", REGIA_SESSION_FINISHED, 2, 1, 1, 19738},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++) {
    g_autofree char *path = g_build_filename (REGIA_SOURCE_DIR "/tests/recorder/kept", kept[i].file, NULL);
    g_autofree char *text = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaSession) session = NULL;
    const RegiaSessionTrack *picture, *sound;
    const RegiaSessionPart *part;

    g_test_message ("%s", kept[i].file);
    g_assert_true (g_file_get_contents (path, &text, NULL, &error));
    session = regia_session_from_json (text, -1, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (session->id, ==, "2022-09-29-sirio");
    g_assert_cmpstr (session->title, ==, "Sirio «migranti»");
    g_assert_cmpstr (session->place, ==, "Massa, Palazzo Ducale");
    g_assert_cmpstr (session->state, ==, kept[i].state);
    g_assert_cmpint (session->epoch_ms, ==, G_GINT64_CONSTANT (1795648116340));
    g_assert_cmpint (session->started_ms, ==, G_GINT64_CONSTANT (1795648116820));
    g_assert_cmpint (session->duration_ms, ==, kept[i].duration_ms);
    g_assert_cmpuint (session->gaps_total, ==, kept[i].gaps);
    g_assert_cmpuint (session->gaps->len, ==, kept[i].gaps);
    g_assert_cmpint (session->gap_ms, ==, kept[i].gaps * 320);
    g_assert_cmpuint (session->tracks->len, ==, 3);
    picture = g_ptr_array_index (session->tracks, 0);
    sound = g_ptr_array_index (session->tracks, 2);
    g_assert_cmpstr (picture->name, ==, "video/small");
    g_assert_cmpstr (picture->codec, ==, "h264");
    g_assert_cmpuint (picture->width, ==, 320);
    g_assert_cmpuint (picture->rate_num, ==, 25);
    g_assert_cmpstr (sound->language, ==, "en");
    g_assert_cmpuint (sound->sample_rate, ==, 48000);
    g_assert_cmpuint (session->parts->len, ==, kept[i].parts);
    part = g_ptr_array_index (session->parts, 0);
    g_assert_cmpstr (part->file, ==, "live/programme-0001.mp4");
    g_assert_cmpint (part->to_ms, >, 10000);
    g_assert_cmpuint (part->bytes, >, 300000);
    g_assert_cmpuint (session->files->len, ==, kept[i].files);
    g_assert_cmpuint (session->marks->len + session->pauses->len + session->private_spans->len, ==, 0);
    if (kept[i].gaps > 0)
      g_assert_cmpstr (((RegiaSessionGap *)session->gaps->pdata[0])->reason, ==, "the engine was restarted");
    if (kept[i].files > 0) {
      const RegiaSessionFile *file = g_ptr_array_index (session->files, 0);

      g_assert_cmpstr (file->name, ==, "programme.mp4");
      g_assert_cmpstr (file->content_type, ==, "video/mp4");
      g_assert_cmpuint (file->size_bytes, ==, 685714);
      g_assert_cmpuint (strlen (file->sha256), ==, 64);
      g_assert_cmpuint (file->silent_frames, ==, 11);
      g_assert_cmpuint (g_strv_length (file->tracks), ==, 3);
    }
  }
}

/* Names that would lead out of the folder are dropped; wrong types count as missing. */
static void
test_dangerous (void)
{
  static const char text[] =
      "{\"version\":1,\"id\":\"a\",\"state\":\"finished\",\"title\":7,\"started-ms\":1e300,\"gap-ms\":\"x\","
      "\"files\":[{\"name\":\"../../etc/passwd\"},{\"name\":\".hidden\"},{\"name\":\"a/"
      "b\"},{\"name\":\"good.mp4\",\"size-bytes\":-5,"
      "\"tracks\":[1,\"x\",null]},5,null,[]],"
      "\"parts\":[{\"file\":\"/etc/passwd\"},{\"file\":\"live/../x\"},{\"file\":\"live/programme-0001.mp4\"},"
      "{\"file\":\"live/programme-0001.mp4\"}]}";
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaSession) session = regia_session_from_json (text, -1, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (session->title, ==, "");
  g_assert_cmpuint (session->files->len, ==, 1);
  g_assert_cmpuint (((RegiaSessionFile *)g_ptr_array_index (session->files, 0))->size_bytes, ==, 0);
  g_assert_cmpuint (session->parts->len, ==, 1);
}

/* Any byte may be wrong. */
static void
test_garbage (void)
{
  g_autoptr (RegiaSession) session = sample ();
  g_autofree char *text = regia_session_to_json (session);
  gsize length = strlen (text);

  for (guint round = 0; round < 3000; round++) {
    g_autofree char *copy = g_strdup (text);
    g_autoptr (RegiaSession) read = NULL;

    for (gint32 i = g_test_rand_int_range (1, 6); i > 0; i--)
      copy[g_test_rand_int_range (0, (gint32)length)] = (char)g_test_rand_int_range (1, 256);
    read = regia_session_from_json (copy, (gssize)g_test_rand_int_range (0, (gint32)length + 1), NULL);
    if (read != NULL)
      g_assert_true (regia_session_name_is_safe (read->id));
  }
}

static void
test_names (void)
{
  g_autofree char *longest = g_strnfill (128, 'a'), *longer = g_strnfill (129, 'a');

  g_assert_true (regia_session_name_is_safe ("2022-09-29-sirio_1.mp4"));
  g_assert_true (regia_session_name_is_safe (longest));
  g_assert_false (regia_session_name_is_safe (longer));
  g_assert_false (regia_session_name_is_safe (""));
  g_assert_false (regia_session_name_is_safe ("."));
  g_assert_false (regia_session_name_is_safe (".."));
  g_assert_false (regia_session_name_is_safe ("a/b"));
  g_assert_false (regia_session_name_is_safe ("a b"));
  g_assert_false (regia_session_name_is_safe ("à"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recorder/session/round-trip", test_round_trip);
  g_test_add_func ("/recorder/session/gaps", test_gaps);
  g_test_add_func ("/recorder/session/spans", test_spans);
  g_test_add_func ("/recorder/session/wanted", test_wanted);
  g_test_add_func ("/recorder/session/bad", test_bad);
  g_test_add_func ("/recorder/session/dangerous", test_dangerous);
  g_test_add_func ("/recorder/session/garbage", test_garbage);
  g_test_add_func ("/recorder/session/names", test_names);
  g_test_add_func ("/recorder/session/newer", test_newer);
  g_test_add_func ("/recorder/session/kept", test_kept);
  return g_test_run ();
}
