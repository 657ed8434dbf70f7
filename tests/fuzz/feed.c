/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes over a reader's socket pair, from either end: a header, a request, and the rest of it as a table
 * of tracks. A table that is taken is the same after a second journey. */
#include <string.h>

#include "wire-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize length);

static void
check_table (const guint8 *data, gsize length)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, length);
  g_autoptr (GPtrArray) tracks = regia_feed_tracks_from_bytes (bytes, NULL);
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GBytes) written = NULL;

  if (tracks == NULL)
    return;
  g_assert_cmpuint (tracks->len, <=, REGIA_TRACKS_MAX);
  written = regia_feed_tracks_to_bytes (tracks, G_MAXUINT64);
  again = regia_feed_tracks_from_bytes (written, NULL);
  g_assert_nonnull (again);
  g_assert_cmpuint (again->len, ==, tracks->len);
  for (guint i = 0; i < tracks->len; i++) {
    const RegiaTrack *a = g_ptr_array_index (tracks, i), *b = g_ptr_array_index (again, i);

    g_assert_cmpuint (a->id, ==, i);
    g_assert_cmpstr (a->name, ==, b->name);
    g_assert_true (regia_track_same_parameters (a, b));
  }
  regia_feed_tracks_mask (tracks, (const char *)data, length);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  RegiaFeedHeader header;
  RegiaFeedRequest request;

  if (length >= sizeof header) {
    memcpy (&header, data, sizeof header);
    header.magic = REGIA_FEED_MAGIC;
    if (regia_feed_header_check (&header, NULL)) {
      g_assert_cmpuint (header.size, <=, REGIA_PACKET_MAX_BYTES);
      /* Sums that readers make of them. */
      g_assert_true (header.type != REGIA_FEED_MESSAGE_PACKET ||
                     header.pts_ns + header.duration_ns >= header.dts_ns);
    }
  }
  if (length >= sizeof request) {
    memcpy (&request, data, sizeof request);
    request.magic = REGIA_FEED_MAGIC;
    if (regia_feed_request_check (&request))
      g_assert_cmpuint (request.patterns_bytes, <=, REGIA_FEED_PATTERNS_MAX_BYTES);
  }
  check_table (data, length);
  return 0;
}
