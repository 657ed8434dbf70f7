/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said when a disk refuses, hangs, or has lost something: functions of values. */
#include <string.h>

#include "disk-private.h"
#include "missing-private.h"
#include "regia/base/error.h"
#include "status-private.h"

static void
test_refusal (void)
{
  static const struct {
    gboolean io;
    int code;
    gint64 free_bytes, free_files;
    const char *says, *not;
  } cases[] = {
      {FALSE, REGIA_ERROR_NO_SPACE, 0, 1000, "Disk full", "inodes"},
      {FALSE, REGIA_ERROR_NO_SPACE, 0, G_MAXINT64, "Disk full", "inodes"},
      {FALSE, REGIA_ERROR_NO_SPACE, -1, G_MAXINT64, "Disk full", "inodes"},
      {FALSE, REGIA_ERROR_NO_SPACE, 1 << 30, 0, "No inodes left", "Disk full"},
      {TRUE, G_IO_ERROR_NO_SPACE, 1 << 30, 0, "No inodes left", "Disk full"},
      {TRUE, G_IO_ERROR_NO_SPACE, 0, 5, "Disk full", "inodes"},
      {FALSE, REGIA_ERROR_NO_SPACE, 1 << 30, 1000, "quota", "Disk full"},
      {TRUE, G_IO_ERROR_READ_ONLY, 1 << 30, 1000, "can only be read", "Disk full"},
      {TRUE, G_IO_ERROR_FAILED, 1 << 30, 1000, "check the disk", "Disk full"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error =
        g_error_new_literal (cases[i].io ? G_IO_ERROR : REGIA_ERROR, cases[i].code, "/rec/x: refused");
    g_autofree char *words =
        regia_disk_refusal_in_words (error, cases[i].free_bytes, cases[i].free_files, "/rec");

    g_test_message ("%s", words);
    g_assert_nonnull (strstr (words, cases[i].says));
    g_assert_null (strstr (words, cases[i].not));
    g_assert_nonnull (strstr (words, "live goes on"));
  }
}

static void
test_hang (void)
{
  static const struct {
    gint64 hung_ms, behind_ms;
    const char *says;
  } cases[] = {
      {3000, 3500,
       "has not answered for 3 s; what comes in waits in the feed's memory, which has room for 56 s more"},
      {59000, 59900, "room for 0 s more"},
      {59500, 60500, "about 0 s are lost"},
      {80000, 80900, "has not answered for 80 s; the feed's memory of 60 s is used up, about 20 s are lost"},
      {80000, 1000, "about 20 s are lost"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *words =
        regia_recorder_status_hang_in_words (cases[i].hung_ms, cases[i].behind_ms, 60000, "/rec/session");

    g_test_message ("%s", words);
    g_assert_nonnull (strstr (words, cases[i].says));
    g_assert_nonnull (strstr (words, "/rec/session"));
  }
}

static void
add_part (RegiaSession *session, guint number, const char *state, gint64 from_ms, gint64 to_ms)
{
  g_autofree char *file = g_strdup_printf ("live/programme-%04u.mp4", number);
  RegiaSessionPart *part = regia_session_add_part (session, file, state);

  part->from_ms = from_ms;
  part->to_ms = to_ms;
  regia_session_set_part_state (part, state, strcmp (state, REGIA_PART_LOST) == 0 ? "it is gone" : "");
}

/* Parts as letter, from, to (s); stretches as from, to. */
static void
test_missing (void)
{
  static const struct {
    const char *parts, *missing, *words;
  } cases[] = {
      {"W0-100", "", ""},
      {"L0-100", "0-100",
       "1 min 40 s of the recording are missing from 0:00:00 to 0:01:40, because it is gone"},
      {"L0-100 W40-200", "0-40", "40.0 s of the recording are missing from 0:00:00 to 0:00:40"},
      {"L0-100 W0-200", "", ""},
      {"L50-100 W60-70 W80-90", "50-60 70-80 90-100", "30.0 s"},
      {"L0-100 L50-150 W140-200", "0-100 100-140", "2 min 20 s"},
      {"W0-10 L10-20 W20-30 L30-40 W40-50", "10-20 30-40",
       "from 0:00:10 to 0:00:20, because it is gone; from"},
      {"L0-0", "", ""},
      {"F0-100 L90-110 W110-120", "100-110", "10.0 s"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (RegiaSession) session = regia_session_new ("s", "", "");
    g_auto (GStrv) parts = g_strsplit (cases[i].parts, " ", -1);
    g_autoptr (GString) missing = g_string_new (NULL);
    g_autoptr (GArray) found = NULL;
    g_autofree char *words = NULL;

    for (guint j = 0; parts[j] != NULL; j++) {
      g_auto (GStrv) times = g_strsplit (parts[j] + 1, "-", 2);

      add_part (session, j + 1,
                parts[j][0] == 'L' ? REGIA_PART_LOST
                                   : (parts[j][0] == 'F' ? REGIA_PART_FINISHED : REGIA_PART_WHOLE),
                1000 * g_ascii_strtoll (times[0], NULL, 10), 1000 * g_ascii_strtoll (times[1], NULL, 10));
    }
    found = regia_missing_find (session);
    for (guint j = 0; j < found->len; j++)
      g_string_append_printf (missing, "%s%d-%d", j > 0 ? " " : "",
                              (int)(g_array_index (found, RegiaMissing, j).from_ms / 1000),
                              (int)(g_array_index (found, RegiaMissing, j).to_ms / 1000));
    g_assert_cmpstr (missing->str, ==, cases[i].missing);
    words = regia_missing_in_words (session);
    g_test_message ("%s", words);
    g_assert_nonnull (strstr (words, cases[i].words));
    g_assert_cmpint (words[0] == '\0', ==, cases[i].missing[0] == '\0');
    g_assert_cmpint (regia_missing_is_whole (session), ==, found->len == 0);
  }
}

/* Gaps lie in order, and nothing is counted twice. */
static void
test_note (void)
{
  g_autoptr (RegiaSession) session = regia_session_new ("s", "", "");

  add_part (session, 1, REGIA_PART_LOST, 0, 100000);
  add_part (session, 2, REGIA_PART_WHOLE, 40000, 200000);
  regia_session_add_gap (session, 30000, 40000, "the engine was restarted");
  regia_session_add_gap (session, 120000, 121000, "the engine was restarted");
  for (guint i = 0; i < 2; i++) {
    regia_missing_note (session);
    g_assert_cmpint (session->gap_ms, ==, 41000);
    g_assert_cmpint (((RegiaSessionGap *)g_ptr_array_index (session->gaps, 0))->from_ms, ==, 0);
    g_assert_cmpint (((RegiaSessionGap *)g_ptr_array_index (session->gaps, session->gaps->len - 1))->to_ms,
                     ==, 121000);
  }
}

/* Opened anew in another place: what is there is there, the rest is lost, and what is known is kept. */
static void
test_absorb (void)
{
  g_autoptr (RegiaSession) earlier = regia_session_new ("s", "", "");
  g_autoptr (RegiaSession) session = regia_session_new ("s", "", "");

  add_part (earlier, 1, REGIA_PART_LOST, 0, 10000);
  add_part (earlier, 2, REGIA_PART_WHOLE, 10000, 20000);
  add_part (earlier, 3, REGIA_PART_OPEN, 20000, 30000);
  regia_session_add_gap (earlier, 0, 10000, "it is gone");
  regia_session_add_gap (earlier, 15000, 16000, "the engine was restarted");
  earlier->started_ms = 5;
  add_part (session, 2, REGIA_PART_WHOLE, 10000, 20000);
  /* As an older session.json had it. */
  add_part (session, 3, REGIA_PART_LOST, 0, 0);
  regia_missing_absorb (session, earlier, "live/programme-0003.mp4 was removed");
  g_assert_cmpuint (session->parts->len, ==, 3);
  g_assert_cmpstr (regia_session_find_part (session, "live/programme-0001.mp4")->state, ==, REGIA_PART_LOST);
  g_assert_cmpstr (regia_session_find_part (session, "live/programme-0002.mp4")->state, ==, REGIA_PART_WHOLE);
  g_assert_cmpstr (regia_session_find_part (session, "live/programme-0003.mp4")->message, ==,
                   "live/programme-0003.mp4 was removed");
  g_assert_cmpint (regia_session_find_part (session, "live/programme-0003.mp4")->to_ms, ==, 30000);
  g_assert_cmpint (session->started_ms, ==, 5);
  g_assert_cmpuint (session->gaps->len, ==, 1);
  g_assert_cmpint (regia_missing_until (session), ==, 30000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recorder/words/refusal", test_refusal);
  g_test_add_func ("/recorder/words/hang", test_hang);
  g_test_add_func ("/recorder/words/missing", test_missing);
  g_test_add_func ("/recorder/words/note", test_note);
  g_test_add_func ("/recorder/words/absorb", test_absorb);
  return g_test_run ();
}
