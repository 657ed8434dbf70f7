/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/mux/scan.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "packets.h"
#include "regia/mux/fmp4.h"

/* A recording of video and sound: 5 fragments of one second from show time 100 s on. */
#define FIRST_S   100
#define FRAGMENTS 5

typedef struct {
  GByteArray *file;
  gsize ends[FRAGMENTS + 1]; /* of the header, and of each fragment */
} Recording;

static void
setup (Recording *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaFmp4) mux = NULL;
  guint aac = FIRST_S * 48000 / 1024;

  g_ptr_array_add (tracks, packets_video_track (0));
  g_ptr_array_add (tracks, packets_audio_track (1, "it"));
  mux = regia_fmp4_new (tracks, &error);
  g_assert_no_error (error);
  self->file = g_byte_array_new ();
  for (guint n = 0; n <= FRAGMENTS; n++) {
    g_autoptr (GBytes) bytes = NULL;

    if (n > 0) {
      for (guint i = 0; i < 25; i++) {
        g_autoptr (RegiaPacket) packet = packets_frame (0, (FIRST_S + n - 1) * 25 + i);

        g_assert_true (regia_fmp4_write (mux, packet, NULL));
      }
      for (; AAC_NS (aac) < (gint64)(FIRST_S + n) * REGIA_SECOND; aac++) {
        g_autoptr (RegiaPacket) packet = packets_aac (1, aac);

        g_assert_true (regia_fmp4_write (mux, packet, NULL));
      }
    }
    bytes = n == 0 ? g_bytes_ref (regia_fmp4_get_header (mux)) : regia_fmp4_flush (mux, NULL);
    g_byte_array_append (self->file, g_bytes_get_data (bytes, NULL), (guint)g_bytes_get_size (bytes));
    self->ends[n] = self->file->len;
  }
}

static void
teardown (Recording *self, gconstpointer unused)
{
  g_byte_array_unref (self->file);
}

static void
scan (const Recording *self, gsize length, RegiaScan *ret_scan)
{
  regia_scan_bytes (self->file->data, length, NULL, NULL, ret_scan);
}

static void
test_whole (Recording *self, gconstpointer unused)
{
  RegiaScan found;

  scan (self, self->file->len, &found);
  g_assert_cmpuint (found.header_bytes, ==, self->ends[0]);
  g_assert_cmpuint (found.whole_bytes, ==, self->file->len);
  g_assert_cmpuint (found.fragments, ==, FRAGMENTS);
  g_assert_cmpuint (found.lost_bytes, ==, 0);
  g_assert_cmpuint (found.n_tracks, ==, 2);
  g_assert_true (found.tracks[0].video);
  g_assert_false (found.tracks[1].video);
  g_assert_cmpstr (found.tracks[0].name, ==, "video/64p");
  g_assert_cmpstr (found.tracks[1].name, ==, "audio/it");
  g_assert_cmpuint (found.tracks[0].samples, ==, FRAGMENTS * 25);
  g_assert_cmpint (regia_scan_track_ns (&found.tracks[0], found.tracks[0].first), ==, FIRST_S * REGIA_SECOND);
  g_assert_cmpint (regia_scan_track_ns (&found.tracks[0], found.tracks[0].end), ==,
                   (FIRST_S + FRAGMENTS) * REGIA_SECOND);
  g_assert_cmpint (found.tracks[1].first, ==, FIRST_S * 48000 / 1024 * 1024);
}

/* Cut anywhere, exactly the fragments before the cut count. */
static void
test_truncated (Recording *self, gconstpointer unused)
{
  for (gsize length = 0; length <= self->file->len; length++) {
    guint whole = 0;
    RegiaScan found;

    scan (self, length, &found);
    while (whole < FRAGMENTS && self->ends[whole + 1] <= length)
      whole++;
    if (length < self->ends[0]) {
      g_assert_cmpuint (found.header_bytes, ==, 0);
      g_assert_cmpuint (found.fragments, ==, 0);
      continue;
    }
    g_assert_cmpuint (found.fragments, ==, whole);
    g_assert_cmpuint (found.whole_bytes, ==, self->ends[whole]);
    g_assert_cmpuint (found.tracks[0].samples, ==, whole * 25);
    g_assert_cmpuint (found.lost_bytes, ==, 0);
  }
}

/* The tail of a power cut: the size is there, the contents are zeros. */
static void
test_zero_tail (Recording *self, gconstpointer unused)
{
  RegiaScan found;

  memset (self->file->data + self->ends[3], 0, self->file->len - self->ends[3]);
  scan (self, self->file->len, &found);
  g_assert_cmpuint (found.fragments, ==, 3);
  g_assert_cmpuint (found.whole_bytes, ==, self->ends[3]);
}

/* More behind the last whole fragment than an unfinished one can be: damage, not a tail. */
static void
test_long_tail (Recording *self, gconstpointer unused)
{
  gsize whole = self->file->len;
  RegiaScan found;

  g_byte_array_set_size (self->file, (guint)whole + (15u << 20));
  memset (self->file->data + whole, 0xa5, 15u << 20);
  scan (self, self->file->len, &found);
  g_assert_cmpuint (found.lost_bytes, ==, 0);
  g_byte_array_set_size (self->file, (guint)whole + (17u << 20));
  memset (self->file->data + whole, 0xa5, 17u << 20);
  scan (self, self->file->len, &found);
  g_assert_cmpuint (found.fragments, ==, FRAGMENTS);
  g_assert_cmpuint (found.whole_bytes, ==, whole);
  g_assert_cmpuint (found.lost_bytes, ==, 17u << 20);
}

/* A whole header, and of all the rest nothing that can be used. */
static void
test_no_fragment (Recording *self, gconstpointer unused)
{
  gsize whole = self->ends[0];
  RegiaScan found;

  g_byte_array_set_size (self->file, (guint)whole + (20u << 20));
  memset (self->file->data + whole, 0, 20u << 20);
  scan (self, self->file->len, &found);
  g_assert_cmpuint (found.header_bytes, ==, whole);
  g_assert_cmpuint (found.fragments, ==, 0);
  g_assert_cmpuint (found.lost_bytes, ==, 20u << 20);
}

/* A lost sector in the middle costs its fragment, not what comes after it. */
static void
test_lost_sector (Recording *self, gconstpointer unused)
{
  RegiaScan found;

  memset (self->file->data + self->ends[2], 0xa5, 512);
  scan (self, self->file->len, &found);
  g_assert_cmpuint (found.fragments, ==, FRAGMENTS - 1);
  g_assert_cmpuint (found.whole_bytes, ==, self->file->len);
  g_assert_cmpuint (found.lost_bytes, ==, self->ends[3] - self->ends[2]);
  g_assert_cmpuint (found.tracks[0].samples, ==, (FRAGMENTS - 1) * 25);
}

static gboolean
check_sample_cb (const RegiaScan *scanned, const RegiaSample *sample, gpointer user_data)
{
  const RegiaScan *unused = scanned;
  const gsize *length = user_data;

  g_assert_nonnull (unused);
  g_assert_cmpuint (sample->offset, <=, *length);
  g_assert_cmpuint (sample->size, <=, *length - sample->offset);
  g_assert_cmpint (sample->dts, >=, 0);
  g_assert_cmpuint (sample->duration, >, 0);
  return TRUE;
}

/* Any bit may be wrong: nothing out of bounds, nothing that takes for ever. */
static void
test_garbage (Recording *self, gconstpointer unused)
{
  for (guint round = 0; round < 4000; round++) {
    g_autofree guint8 *copy = g_memdup2 (self->file->data, self->file->len);
    gsize length = (gsize)g_test_rand_int_range (1, (gint32)self->file->len + 1);
    RegiaScan found;

    for (gint32 i = g_test_rand_int_range (1, 20); i > 0; i--)
      copy[g_test_rand_int_range (0, (gint32)length)] = (guint8)g_test_rand_int ();
    regia_scan_bytes (copy, length, check_sample_cb, &length, &found);
    g_assert_cmpuint (found.whole_bytes, <=, length);
    g_assert_cmpuint (found.header_bytes, <=, found.whole_bytes);
  }
}

/* Made to keep the search for moof busy: given up in a bounded time. */
static void
test_hostile (Recording *self, gconstpointer unused)
{
  gint64 started = g_get_monotonic_time ();
  RegiaScan found;

  g_byte_array_set_size (self->file, (guint)self->ends[0]);
  for (guint i = 0; i < 1000000; i++)
    g_byte_array_append (self->file, (const guint8 *)"moof", 4);
  scan (self, self->file->len, &found);
  g_assert_cmpuint (found.header_bytes, ==, self->ends[0]);
  g_assert_cmpuint (found.fragments, ==, 0);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 30 * G_USEC_PER_SEC);
}

/* The quick look finds the same ends as the thorough one, in a file that is larger than what it looks at. */
static void
test_ends (void)
{
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  g_autoptr (RegiaFmp4) mux = NULL;
  g_autofree char *path = NULL;
  RegiaScan ends, all;
  GBytes *header;
  int fd = g_file_open_tmp ("regia-scan-XXXXXX.mp4", &path, NULL);

  g_ptr_array_add (tracks, packets_video_track (0));
  mux = regia_fmp4_new (tracks, NULL);
  header = regia_fmp4_get_header (mux);
  g_assert_cmpint (write (fd, g_bytes_get_data (header, NULL), g_bytes_get_size (header)), >, 0);
  for (guint i = 0; i < 80; i++) {
    g_autoptr (RegiaPacket) packet = packets_new (0, i * REGIA_SECOND, REGIA_SECOND, TRUE, 1 << 20);
    g_autoptr (GBytes) fragment = NULL;

    g_assert_true (regia_fmp4_write (mux, packet, NULL));
    fragment = regia_fmp4_flush (mux, NULL);
    g_assert_cmpint (write (fd, g_bytes_get_data (fragment, NULL), g_bytes_get_size (fragment)), >, 0);
  }
  g_assert_cmpint (write (fd, "half a fragment", 15), ==, 15);
  close (fd);
  g_assert_true (regia_scan_path_ends (path, &ends, NULL));
  g_assert_true (regia_scan_path (path, &all, NULL));
  unlink (path);
  g_assert_cmpuint (all.fragments, ==, 80);
  g_assert_cmpuint (ends.fragments, <, 40);
  g_assert_cmpuint (ends.lost_bytes, ==, 0);
  g_assert_cmpuint (ends.header_bytes, ==, all.header_bytes);
  g_assert_cmpuint (ends.whole_bytes, ==, all.whole_bytes);
  g_assert_cmpint (ends.tracks[0].first, ==, all.tracks[0].first);
  g_assert_cmpint (ends.tracks[0].end, ==, all.tracks[0].end);
}

static void
test_path (void)
{
  g_autoptr (GError) error = NULL;
  RegiaScan found;

  g_assert_false (regia_scan_path ("/nowhere/at/all.mp4", &found, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/mux/scan/" name, Recording, NULL, setup, func, teardown)
  ADD ("whole", test_whole);
  ADD ("truncated", test_truncated);
  ADD ("zero-tail", test_zero_tail);
  ADD ("long-tail", test_long_tail);
  ADD ("no-fragment", test_no_fragment);
  ADD ("lost-sector", test_lost_sector);
  ADD ("garbage", test_garbage);
  ADD ("hostile", test_hostile);
  g_test_add_func ("/mux/scan/ends", test_ends);
  g_test_add_func ("/mux/scan/path", test_path);
  return g_test_run ();
}
