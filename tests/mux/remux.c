/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/mux/remux.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "media.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/mux/fmp4.h"

#define SECONDS 12

typedef struct {
  Media *media;
  char *folder, *output;
  GPtrArray *parts; /* (element-type utf8) NULL at the end once planned */
} Fixture;

static void
setup (Fixture *self, gconstpointer unused)
{
  self->media = media_new (SECONDS, 40 * REGIA_SECOND);
  self->folder = g_dir_make_tmp ("regia-remux-XXXXXX", NULL);
  self->output = g_build_filename (self->folder, "programme.mp4", NULL);
  self->parts = g_ptr_array_new_with_free_func (g_free);
}

static void
teardown (Fixture *self, gconstpointer unused)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (self->folder, name, NULL);

    g_unlink (path);
  }
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->output);
  g_ptr_array_unref (self->parts);
  media_free (self->media);
}

/* A part with the packets from @from_s to @to_s after the beginning, a fragment each second. */
static const char *
add_part (Fixture *self, double from_s, double to_s)
{
  gint64 begin = 40 * REGIA_SECOND + (gint64)(from_s * REGIA_SECOND),
         end = 40 * REGIA_SECOND + (gint64)(to_s * REGIA_SECOND);
  g_autoptr (RegiaFmp4) mux = regia_fmp4_new (self->media->tracks, NULL);
  g_autoptr (GByteArray) file = g_byte_array_new ();
  gint64 flush = begin + REGIA_SECOND;
  char *path = g_strdup_printf ("%s/programme-%04u.mp4", self->folder, self->parts->len + 1);
  GBytes *bytes = regia_fmp4_get_header (mux);

  g_byte_array_append (file, g_bytes_get_data (bytes, NULL), (guint)g_bytes_get_size (bytes));
  for (guint i = 0; i <= self->media->packets->len; i++) {
    RegiaPacket *packet = i < self->media->packets->len ? g_ptr_array_index (self->media->packets, i) : NULL;

    if (packet == NULL || packet->dts_ns >= flush) {
      g_autoptr (GBytes) fragment = regia_fmp4_flush (mux, NULL);

      if (fragment != NULL)
        g_byte_array_append (file, g_bytes_get_data (fragment, NULL), (guint)g_bytes_get_size (fragment));
      flush += REGIA_SECOND;
    }
    if (packet != NULL && packet->dts_ns >= begin && packet->dts_ns < end)
      g_assert_true (regia_fmp4_write (mux, packet, NULL));
  }
  g_assert_true (g_file_set_contents (path, (const char *)file->data, file->len, NULL));
  g_ptr_array_add (self->parts, path);
  return path;
}

static GPtrArray *
plan (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *groups;

  g_ptr_array_add (self->parts, NULL);
  groups = regia_remux_plan ((const char *const *)self->parts->pdata, &error);
  g_assert_no_error (error);
  return groups;
}

static void
remux_with (Fixture *self, GArray *cuts, GArray *marks, RegiaRemuxResult *ret_result)
{
  const RegiaRemuxOptions options = {"Sirio migranti", 1664436600, cuts, marks};
  g_autoptr (GPtrArray) groups = plan (self);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (groups->len, ==, 1);
  g_assert_true (regia_remux_run (g_ptr_array_index (groups, 0), &options, self->output, NULL, NULL, NULL,
                                  ret_result, &error));
  g_assert_no_error (error);
}

static void
remux (Fixture *self, RegiaRemuxResult *ret_result)
{
  remux_with (self, NULL, NULL, ret_result);
}

static guint
count (Fixture *self, guint track, gint64 from_ns, gint64 to_ns)
{
  guint n = 0;

  for (guint i = 0; i < self->media->packets->len; i++) {
    RegiaPacket *packet = g_ptr_array_index (self->media->packets, i);

    n += packet->track == track && packet->dts_ns >= 40 * REGIA_SECOND + from_ns &&
         packet->dts_ns < 40 * REGIA_SECOND + to_ns;
  }
  return n;
}

static void
check_titles (const char *path)
{
  static const char *const titles[] = {"Sala, «originale»", "English (interpreter)"};
  g_autofree char *content = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++) {
    g_autofree char *box = g_strconcat ("name", titles[i], NULL);

    g_assert_nonnull (memmem (content, length, box, strlen (box)));
  }
}

static void
test_one_part (Fixture *self, gconstpointer unused)
{
  g_auto (RegiaRemuxResult) result = {0};
  guint64 sound;

  add_part (self, 0, SECONDS);
  remux (self, &result);
  g_assert_cmpuint (result.n_tracks, ==, 3);
  g_assert_cmpuint (result.gaps->len, ==, 0);
  g_assert_cmpuint (strlen (result.sha256), ==, 64);
  g_assert_cmpint (result.duration_ns, >=, SECONDS * REGIA_SECOND);
  g_assert_cmpint (result.duration_ns, <, SECONDS * REGIA_SECOND + 50 * REGIA_MSECOND);
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpuint (result.tracks[i].samples, ==, count (self, i, 0, G_MAXINT32 * REGIA_SECOND));
    g_assert_cmpuint (result.tracks[i].dropped, ==, 0);
    g_assert_cmpuint (result.tracks[i].unreadable, ==, 0);
    g_assert_cmpuint (result.tracks[i].silent, ==, 0);
  }
  g_assert_cmpuint (media_decode (self->output, &sound), ==, SECONDS * 25);
  g_assert_cmpuint (sound, ==, result.tracks[1].samples * 1024);
  /* what a player's menu has them by */
  check_titles (self->parts->pdata[0]);
  check_titles (self->output);
}

/* Killed and resumed at the next packet: one file, as if nothing had happened. */
static void
test_two_parts (Fixture *self, gconstpointer unused)
{
  g_auto (RegiaRemuxResult) result = {0};

  add_part (self, 0, 4.5);
  add_part (self, 4.5, SECONDS);
  remux (self, &result);
  g_assert_cmpuint (result.gaps->len, ==, 0);
  g_assert_cmpuint (result.tracks[1].silent, ==, 0);
  g_assert_cmpuint (media_decode (self->output, NULL), ==, SECONDS * 25);
}

static void
test_gap (Fixture *self, gconstpointer unused)
{
  g_auto (RegiaRemuxResult) result = {0};
  const RegiaRemuxGap *gap;
  guint real;
  guint64 sound;

  add_part (self, 0, 4.2);
  add_part (self, 8, SECONDS);
  remux (self, &result);
  g_assert_cmpuint (result.gaps->len, ==, 1);
  gap = &g_array_index (result.gaps, RegiaRemuxGap, 0);
  g_assert_cmpint (gap->from_ns, ==, 40 * REGIA_SECOND + 4200 * REGIA_MSECOND);
  g_assert_cmpint (gap->to_ns, ==, 48 * REGIA_SECOND);
  /* The sound has no hole: as many frames as the whole time has room for. */
  real =
      count (self, 1, 0, 4200 * REGIA_MSECOND) + count (self, 1, 8 * REGIA_SECOND, G_MAXINT32 * REGIA_SECOND);
  g_assert_cmpuint (result.tracks[1].silent, >, 170);
  g_assert_cmpuint (result.tracks[1].samples, ==, real + result.tracks[1].silent);
  g_assert_cmpuint (result.tracks[1].samples, ==, count (self, 1, 0, G_MAXINT32 * REGIA_SECOND));
  g_assert_cmpint (result.duration_ns, >=, SECONDS * REGIA_SECOND);
  g_assert_cmpuint (media_decode (self->output, &sound), ==, 105 + 100);
  g_assert_cmpuint (sound, ==, result.tracks[1].samples * 1024);
}

/* "start end title" for each chapter, in ms, as another program reads them. */
static char *
list_chapters (const char *path)
{
  const char *argv[] = {
      "ffprobe",     "-v", "error", "-show_entries", "chapter=start,end:chapter_tags=title", "-of",
      "csv=p=0:s=|", path, NULL};
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  int status;

  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return text;
}

static void
add_stretch (GArray *list, double from_s, double to_s)
{
  RegiaRemuxGap stretch = {40 * REGIA_SECOND + (gint64)(from_s * REGIA_SECOND),
                           40 * REGIA_SECOND + (gint64)(to_s * REGIA_SECOND)};

  g_array_append_val (list, stretch);
}

static void
add_mark (GArray *list, double at_s, const char *title)
{
  RegiaRemuxMark mark = {40 * REGIA_SECOND + (gint64)(at_s * REGIA_SECOND), title};

  g_array_append_val (list, mark);
}

/* Two pauses and a loss: the file passes over the pauses, the loss stays, and everything after them is in
 * step. Marks are chapters in the file's time, those of a pause where it was. */
static void
test_cuts (Fixture *self, gconstpointer unused)
{
  g_autoptr (GArray) cuts = g_array_new (FALSE, FALSE, sizeof (RegiaRemuxGap)),
                     marks = g_array_new (FALSE, FALSE, sizeof (RegiaRemuxMark));
  g_auto (RegiaRemuxResult) result = {0};
  g_autofree char *chapters = NULL;
  const RegiaRemuxGap *gap;

  add_part (self, 0, 2.5);
  add_part (self, 4, 5);
  add_part (self, 6, 7.2);
  add_part (self, 10, SECONDS);
  add_stretch (cuts, -5, -1);
  add_stretch (cuts, 2.5, 4);
  add_stretch (cuts, 7.2, 10);
  add_stretch (cuts, 20, 30);
  add_mark (marks, 6.5, "Dopo");
  add_mark (marks, 1, "Saluti «istituzionali»");
  add_mark (marks, 3, "In pausa");
  add_mark (marks, 3.5, "Ancora in pausa");
  add_mark (marks, 10.5, "");
  add_mark (marks, 99, "Mai");
  remux_with (self, cuts, marks, &result);
  g_assert_cmpuint (result.gaps->len, ==, 1);
  gap = &g_array_index (result.gaps, RegiaRemuxGap, 0);
  g_assert_cmpint (gap->from_ns, ==, 45 * REGIA_SECOND);
  g_assert_cmpint (gap->to_ns, ==, 46 * REGIA_SECOND);
  /* 12 s less 1.5 and 2.8 s of pauses. */
  g_assert_cmpint (ABS (result.tracks[0].length_ns - 7700 * REGIA_MSECOND), <=, REGIA_MSECOND);
  for (guint i = 1; i < 3; i++) {
    g_assert_cmpint (ABS (result.tracks[i].length_ns - result.tracks[0].length_ns), <, 43 * REGIA_MSECOND);
    /* The lost second, and no more than a frame at the edge of each pause. */
    g_assert_cmpuint (result.tracks[i].silent, >=, 46);
    g_assert_cmpuint (result.tracks[i].silent, <=, 49);
  }
  g_assert_cmpuint (media_decode (self->output, NULL), ==, SECONDS * 25 - 37 - 25 - 70);
  chapters = list_chapters (self->output);
  g_test_message ("%s", chapters);
  g_assert_nonnull (strstr (chapters, "0|1000|Sirio migranti\n1000|2500|Saluti «istituzionali»\n"
                                      "2500|5000|Ancora in pausa\n5000|6200|Dopo\n6200|77"));
  g_assert_null (strstr (chapters, "Mai"));
}

/* A fragment written again after a disk error: the later copy counts, once. */
static void
test_overlap (Fixture *self, gconstpointer unused)
{
  g_auto (RegiaRemuxResult) result = {0};

  add_part (self, 0, 5);
  add_part (self, 4, SECONDS);
  remux (self, &result);
  g_assert_cmpuint (result.tracks[0].samples, ==, SECONDS * 25);
  g_assert_cmpuint (result.tracks[0].dropped, ==, 25);
  g_assert_cmpuint (result.gaps->len, ==, 0);
  g_assert_cmpuint (media_decode (self->output, NULL), ==, SECONDS * 25);
}

static void
test_truncated (Fixture *self, gconstpointer unused)
{
  g_auto (RegiaRemuxResult) result = {0};
  const char *path = add_part (self, 0, SECONDS);
  g_autoptr (GError) error = NULL;
  RegiaScan scan;

  g_assert_true (regia_scan_path (path, &scan, &error));
  g_assert_cmpint (truncate (path, (off_t)scan.whole_bytes - 1), ==, 0);
  remux (self, &result);
  g_assert_cmpuint (result.tracks[0].samples, ==, (SECONDS - 1) * 25);
  g_assert_cmpuint (media_decode (self->output, NULL), ==, (SECONDS - 1) * 25);
}

/* The disk gave more when the part was planned than it gives now: told, so that the part is kept. */
static void
test_less_than_planned (Fixture *self, gconstpointer unused)
{
  const RegiaRemuxOptions options = {NULL, 0, NULL, NULL};
  const char *path = add_part (self, 0, SECONDS);
  g_autoptr (GPtrArray) groups = plan (self);
  g_auto (RegiaRemuxResult) result = {0};
  g_autoptr (GError) error = NULL;
  RegiaScan scan;

  g_assert_true (regia_scan_path (path, &scan, &error));
  g_assert_cmpint (truncate (path, (off_t)scan.whole_bytes - 1), ==, 0);
  g_assert_true (regia_remux_run (g_ptr_array_index (groups, 0), &options, self->output, NULL, NULL, NULL,
                                  &result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (result.tracks[0].unreadable, ==, 1);
}

static void
test_other_parameters (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) groups = NULL;
  RegiaTrack *video = g_ptr_array_index (self->media->tracks, 0);

  add_part (self, 0, 4);
  video->width = 320;
  add_part (self, 4, 8);
  add_part (self, 8, SECONDS);
  groups = plan (self);
  g_assert_cmpuint (groups->len, ==, 2);
  g_assert_cmpuint (((RegiaRemuxGroup *)g_ptr_array_index (groups, 0))->paths->len, ==, 1);
  g_assert_cmpuint (((RegiaRemuxGroup *)g_ptr_array_index (groups, 1))->paths->len, ==, 2);
  g_assert_cmpint (((RegiaRemuxGroup *)g_ptr_array_index (groups, 1))->from_ns, ==, 44 * REGIA_SECOND);
}

static void
test_nothing (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) groups = NULL;
  char *empty = g_build_filename (self->folder, "empty.mp4", NULL);
  char *junk = g_build_filename (self->folder, "junk.mp4", NULL);

  g_assert_true (g_file_set_contents (empty, "", 0, NULL));
  g_assert_true (g_file_set_contents (junk, "not at all a film, but long enough to be looked at", -1, NULL));
  g_ptr_array_add (self->parts, empty);
  g_ptr_array_add (self->parts, junk);
  groups = plan (self);
  g_assert_cmpuint (groups->len, ==, 0);
}

static void
cancel_cb (double done, gpointer user_data)
{
  if (done > 0.1)
    g_cancellable_cancel (user_data);
}

static void
test_cancel (Fixture *self, gconstpointer unused)
{
  const RegiaRemuxOptions options = {NULL, 0, NULL, NULL};
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) groups = NULL;
  g_auto (RegiaRemuxResult) result = {0};
  g_autoptr (GError) error = NULL;

  add_part (self, 0, SECONDS);
  groups = plan (self);
  g_assert_false (regia_remux_run (g_ptr_array_index (groups, 0), &options, self->output, cancel_cb,
                                   cancellable, cancellable, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_full_disk (Fixture *self, gconstpointer unused)
{
  const RegiaRemuxOptions options = {NULL, 0, NULL, NULL};
  g_autoptr (GPtrArray) groups = NULL;
  g_auto (RegiaRemuxResult) result = {0};
  g_autoptr (GError) error = NULL;

  add_part (self, 0, SECONDS);
  groups = plan (self);
  g_assert_false (regia_remux_run (g_ptr_array_index (groups, 0), &options, "/dev/full", NULL, NULL, NULL,
                                   &result, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_NO_SPACE);
}

/* The verification must be able to fail: one wrong byte of payload, after the write and before the reading
 * back. */
static void
spoil_cb (double done, gpointer user_data)
{
  Fixture *self = user_data;
  static gboolean spoiled;
  int fd;

  if (done < 0.4 || spoiled)
    return;
  spoiled = TRUE;
  fd = open (self->output, O_RDWR);
  g_assert_cmpint (pwrite (fd, "spoiled", 7, lseek (fd, 0, SEEK_END) - 2000), ==, 7);
  close (fd);
}

static void
test_spoiled (Fixture *self, gconstpointer unused)
{
  const RegiaRemuxOptions options = {NULL, 0, NULL, NULL};
  g_autoptr (GPtrArray) groups = NULL;
  g_auto (RegiaRemuxResult) result = {0};
  g_autoptr (GError) error = NULL;

  add_part (self, 0, SECONDS);
  groups = plan (self);
  g_assert_false (regia_remux_run (g_ptr_array_index (groups, 0), &options, self->output, spoil_cb, self,
                                   NULL, &result, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
  g_assert_nonnull (strstr (error->message, "other contents"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/mux/remux/" name, Fixture, NULL, setup, func, teardown)
  ADD ("one-part", test_one_part);
  ADD ("two-parts", test_two_parts);
  ADD ("gap", test_gap);
  ADD ("cuts", test_cuts);
  ADD ("overlap", test_overlap);
  ADD ("truncated", test_truncated);
  ADD ("less-than-planned", test_less_than_planned);
  ADD ("other-parameters", test_other_parameters);
  ADD ("nothing", test_nothing);
  ADD ("cancel", test_cancel);
  ADD ("full-disk", test_full_disk);
  ADD ("spoiled", test_spoiled);
  return g_test_run ();
}
