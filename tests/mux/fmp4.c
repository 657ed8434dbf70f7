/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/mux/fmp4.h"

#include <stdio.h>
#include <unistd.h>

#include "boxes.h"
#include "packets.h"
#include "regia/base/error.h"

static RegiaFmp4 *
new_muxer (gboolean video, gboolean audio)
{
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  g_autoptr (GError) error = NULL;
  RegiaFmp4 *mux;

  if (video)
    g_ptr_array_add (tracks, packets_video_track (0));
  if (audio)
    g_ptr_array_add (tracks, packets_audio_track (3, "it"));
  mux = regia_fmp4_new (tracks, &error);
  g_assert_no_error (error);
  return mux;
}

static void
write_packet (RegiaFmp4 *mux, RegiaPacket *packet_owned)
{
  g_autoptr (RegiaPacket) packet = packet_owned;
  g_autoptr (GError) error = NULL;
  gboolean ok = regia_fmp4_write (mux, packet, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static GBytes *
flush (RegiaFmp4 *mux)
{
  g_autoptr (GError) error = NULL;
  GBytes *fragment = regia_fmp4_flush (mux, &error);

  g_assert_no_error (error);
  return fragment;
}

/* One two-second segment of video, number @n since the epoch. */
static GBytes *
video_segment (RegiaFmp4 *mux, guint n)
{
  for (guint i = n * 50; i < (n + 1) * 50; i++)
    write_packet (mux, packets_frame (0, i));
  return flush (mux);
}

static guint64
tfdt (GBytes *fragment, guint traf)
{
  Box moof = box_find (box_from_bytes (fragment), "moof", 0);
  Box box = box_find (box_find (moof, "traf", traf), "tfdt", 0);

  g_assert_nonnull (box.data);
  return box.data[0] == 1 ? box_u64 (box, 4) : box_u32 (box, 4);
}

/* Sum of the sample durations of a track run, from tfhd's default or trun's own. */
static guint64
duration (GBytes *fragment, guint traf)
{
  Box t = box_find (box_find (box_from_bytes (fragment), "moof", 0), "traf", traf);
  Box tfhd = box_find (t, "tfhd", 0), trun = box_find (t, "trun", 0);
  guint32 head = box_u32 (tfhd, 0) & 0xffffff, flags = box_u32 (trun, 0) & 0xffffff, n = box_u32 (trun, 4);
  gsize at = 8 + (head & 1 ? 8 : 0) + (head & 2 ? 4 : 0), row;
  guint64 sum = 0;

  if (!(flags & 0x100)) {
    g_assert_true (head & 8);
    return (guint64)n * box_u32 (tfhd, at);
  }
  at = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  row = 4 * ((flags >> 8 & 1) + (flags >> 9 & 1) + (flags >> 10 & 1) + (flags >> 11 & 1));
  for (guint i = 0; i < n; i++)
    sum += box_u32 (trun, at + i * row);
  return sum;
}

static void
test_header (void)
{
  g_autoptr (RegiaFmp4) mux = new_muxer (TRUE, TRUE);
  g_autoptr (RegiaFmp4) again = new_muxer (TRUE, TRUE);
  Box header = box_from_bytes (regia_fmp4_get_header (mux));
  Box moov = box_find (header, "moov", 0);

  g_assert_nonnull (box_find (header, "ftyp", 0).data);
  g_assert_nonnull (box_find (moov, "mvex", 0).data);
  for (guint i = 0; i < 2; i++) {
    Box trak = box_find (moov, "trak", i);
    Box mdhd = box_find (box_find (trak, "mdia", 0), "mdhd", 0);

    g_assert_nonnull (trak.data);
    g_assert_null (box_find (trak, "edts", 0).data);
    g_assert_cmpuint (box_u32 (mdhd, 12), ==, i == 0 ? 90000 : 48000);
    if (i == 1) /* "ita", five bits a letter */
      g_assert_cmpuint (box_u32 (mdhd, 20) >> 16, ==, ('i' - 96) << 10 | ('t' - 96) << 5 | ('a' - 96));
  }
  g_assert_null (box_find (moov, "trak", 2).data);
  /* Two gateways, or one restarted, must serve the same initialisation segment. */
  g_assert_true (g_bytes_equal (regia_fmp4_get_header (mux), regia_fmp4_get_header (again)));
}

static void
test_show_time (void)
{
  g_autoptr (RegiaFmp4) mux = new_muxer (TRUE, FALSE);

  for (guint n = 0; n < 5; n++) {
    g_autoptr (GBytes) segment = video_segment (mux, n);
    Box mfhd = box_find (box_find (box_from_bytes (segment), "moof", 0), "mfhd", 0);

    g_assert_cmpuint (tfdt (segment, 0), ==, n * 180000);
    g_assert_cmpuint (duration (segment, 0), ==, 180000);
    g_assert_cmpuint (box_u32 (mfhd, 4), ==, n + 1);
    g_assert_null (box_find (box_from_bytes (segment), "moof", 1).data);
    g_assert_nonnull (box_find (box_from_bytes (segment), "mdat", 0).data);
    g_assert_null (box_find (box_from_bytes (segment), "sidx", 0).data);
  }
}

/* A muxer made hours into the show writes what the first one would have written. */
static void
test_late_muxer (void)
{
  g_autoptr (RegiaFmp4) first = new_muxer (TRUE, FALSE);
  g_autoptr (RegiaFmp4) late = new_muxer (TRUE, FALSE);
  const guint n = 5 * 3600 / 2;
  g_autoptr (GBytes) before = video_segment (first, n - 1);
  g_autoptr (GBytes) a = video_segment (first, n);
  g_autoptr (GBytes) b = video_segment (late, n);

  g_assert_cmpuint (tfdt (before, 0), ==, (n - 1) * 180000ULL);
  g_assert_cmpuint (tfdt (a, 0), ==, n * 180000ULL);
  g_assert_cmpuint (tfdt (b, 0), ==, n * 180000ULL);
  g_assert_cmpuint (g_bytes_get_size (a), ==, g_bytes_get_size (b));
}

static void
test_gap (void)
{
  g_autoptr (RegiaFmp4) mux = new_muxer (TRUE, FALSE);
  g_autoptr (GBytes) before = video_segment (mux, 0);
  g_autoptr (GBytes) after = video_segment (mux, 30);

  /* The fragment before the gap keeps its own length; the one after it says where it is. */
  g_assert_cmpuint (duration (before, 0), ==, 180000);
  g_assert_cmpuint (tfdt (after, 0), ==, 30 * 180000ULL);
  g_assert_cmpuint (duration (after, 0), ==, 180000);
}

static void
test_audio (void)
{
  g_autoptr (RegiaFmp4) mux = new_muxer (TRUE, TRUE);
  guint aac = 0;

  for (guint second = 0; second < 3; second++) {
    guint first = aac;
    g_autoptr (GBytes) fragment = NULL;

    for (guint i = second * 25; i < (second + 1) * 25; i++)
      write_packet (mux, packets_frame (0, i));
    for (; AAC_NS (aac) < (gint64)(second + 1) * REGIA_SECOND; aac++)
      write_packet (mux, packets_aac (3, aac));
    fragment = flush (mux);
    g_assert_cmpuint (tfdt (fragment, 0), ==, second * 90000);
    g_assert_cmpuint (tfdt (fragment, 1), ==, first * 1024);
    g_assert_cmpuint (duration (fragment, 1), ==, (aac - first) * 1024);
  }
}

static void
test_edges (void)
{
  g_autoptr (RegiaFmp4) mux = new_muxer (TRUE, TRUE);
  g_autoptr (RegiaPacket) again = packets_frame (0, 7);
  g_autoptr (GBytes) fragment = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (flush (mux));
  /* Priming before the epoch is left out. */
  write_packet (mux, packets_new (3, -21 * REGIA_MSECOND, AAC_NS (1), TRUE, 10));
  g_assert_null (flush (mux));
  write_packet (mux, packets_frame (0, 7));
  g_assert_false (regia_fmp4_write (mux, again, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
  write_packet (mux, packets_frame (0, 8));
  fragment = flush (mux);
  g_assert_cmpuint (tfdt (fragment, 0), ==, 7 * 3600);
  g_assert_cmpuint (duration (fragment, 0), ==, 2 * 3600);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REGIA_CLANG_ASAN
#endif
#endif

#if !defined(__SANITIZE_ADDRESS__) && !defined(REGIA_CLANG_ASAN)
static gsize
resident_bytes (void)
{
  g_autofree char *text = NULL;
  gsize pages;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%*u %zu", &pages), ==, 1);
  return pages * (gsize)sysconf (_SC_PAGESIZE);
}
#endif

/* A day of one-second fragments: a muxer that remembers them would be found out. */
static void
test_long (void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(REGIA_CLANG_ASAN)
  g_test_skip ("the sanitizer keeps what is freed");
#else
  g_autoptr (RegiaFmp4) mux = new_muxer (TRUE, FALSE);
  gsize before = 0;

  for (guint i = 0; i < 86400; i++) {
    g_autoptr (GBytes) fragment = NULL;

    if (i == 2000)
      before = resident_bytes ();
    write_packet (mux, packets_new (0, i * REGIA_SECOND, REGIA_SECOND, TRUE, 20));
    fragment = flush (mux);
    g_assert_cmpuint (tfdt (fragment, 0), ==, i * 90000ULL);
  }
  g_assert_cmpuint (resident_bytes (), <, before + (2 << 20));
#endif
}

static void
test_missing_parameters (void)
{
  g_autoptr (GPtrArray) tracks = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_track_unref);
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (tracks, packets_video_track (0));
  ((RegiaTrack *)g_ptr_array_index (tracks, 0))->width = 0;
  g_assert_null (regia_fmp4_new (tracks, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
}

/* A packet of a track that the file does not have: an error in words, and the next one goes on. */
static void
test_foreign_track (void)
{
  g_autoptr (RegiaFmp4) mux = new_muxer (TRUE, FALSE);
  g_autoptr (GBytes) fragment = NULL;
  const guint foreign[] = {3, REGIA_TRACKS_MAX - 1, REGIA_TRACKS_MAX, G_MAXUINT};

  write_packet (mux, packets_frame (0, 0));
  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++) {
    g_autoptr (RegiaPacket) packet = packets_frame (foreign[i], 1);
    g_autoptr (GError) error = NULL;

    g_assert_false (regia_fmp4_write (mux, packet, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
  }
  write_packet (mux, packets_frame (0, 1));
  fragment = flush (mux);
  g_assert_cmpuint (duration (fragment, 0), ==, 2 * 3600);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mux/fmp4/header", test_header);
  g_test_add_func ("/mux/fmp4/show-time", test_show_time);
  g_test_add_func ("/mux/fmp4/late-muxer", test_late_muxer);
  g_test_add_func ("/mux/fmp4/gap", test_gap);
  g_test_add_func ("/mux/fmp4/audio", test_audio);
  g_test_add_func ("/mux/fmp4/edges", test_edges);
  g_test_add_func ("/mux/fmp4/long", test_long);
  g_test_add_func ("/mux/fmp4/foreign-track", test_foreign_track);
  g_test_add_func ("/mux/fmp4/missing-parameters", test_missing_parameters);
  return g_test_run ();
}
