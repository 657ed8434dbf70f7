/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "missing-private.h"

#include <string.h>

/* Ends of parts are those of single packets, of picture or sound: less than this between two is no hole. */
#define SLIVER_MS 100
/* Told one by one. */
#define TOLD_MAX 3

static gboolean
is_lost (const RegiaSessionPart *part)
{
  return strcmp (part->state, REGIA_PART_LOST) == 0;
}

/* Takes [@from_ms, @to_ms) out of every stretch. */
static void
subtract (GArray *stretches, gint64 from_ms, gint64 to_ms)
{
  for (guint i = stretches->len; i > 0; i--) {
    RegiaMissing *stretch = &g_array_index (stretches, RegiaMissing, i - 1);
    RegiaMissing after = {to_ms, stretch->to_ms, stretch->reason};

    if (to_ms <= stretch->from_ms || from_ms >= stretch->to_ms)
      continue;
    stretch->to_ms = from_ms;
    if (after.to_ms > after.from_ms)
      g_array_insert_val (stretches, i, after);
    stretch = &g_array_index (stretches, RegiaMissing, i - 1);
    if (stretch->to_ms <= stretch->from_ms)
      g_array_remove_index (stretches, i - 1);
  }
}

GArray *
regia_missing_find (RegiaSession *session)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (RegiaMissing));

  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);
    RegiaMissing whole = {part->from_ms, part->to_ms, part->message};
    g_autoptr (GArray) stretches = g_array_new (FALSE, FALSE, sizeof (RegiaMissing));

    if (!is_lost (part))
      continue;
    g_array_append_val (stretches, whole);
    for (guint j = 0; j < session->parts->len; j++) {
      const RegiaSessionPart *other = g_ptr_array_index (session->parts, j);

      if (!is_lost (other))
        subtract (stretches, other->from_ms, other->to_ms);
    }
    for (guint j = 0; j < found->len; j++)
      subtract (stretches, g_array_index (found, RegiaMissing, j).from_ms,
                g_array_index (found, RegiaMissing, j).to_ms);
    for (guint j = 0; j < stretches->len; j++) {
      const RegiaMissing *stretch = &g_array_index (stretches, RegiaMissing, j);

      if (stretch->to_ms - stretch->from_ms >= SLIVER_MS)
        g_array_append_vals (found, stretch, 1);
    }
  }
  return found;
}

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const RegiaMissing *x = a, *y = b;

  return x->from_ms < y->from_ms ? -1 : x->from_ms > y->from_ms;
}

void
regia_missing_note (RegiaSession *session)
{
  g_autoptr (GArray) all = regia_missing_find (session);
  g_autoptr (RegiaSession) fresh = regia_session_new (session->id, "", "");

  /* More gaps than are listed: their sum is right, and nothing can be put between them. */
  if (session->gaps_total > session->gaps->len)
    return;
  for (guint i = 0; i < session->gaps->len; i++) {
    const RegiaSessionGap *gap = g_ptr_array_index (session->gaps, i);

    subtract (all, gap->from_ms, gap->to_ms);
  }
  for (guint i = 0; i < session->gaps->len; i++) {
    const RegiaSessionGap *gap = g_ptr_array_index (session->gaps, i);
    RegiaMissing known = {gap->from_ms, gap->to_ms, gap->reason};

    g_array_append_val (all, known);
  }
  g_array_sort (all, compare_cb);
  for (guint i = 0; i < all->len; i++) {
    const RegiaMissing *gap = &g_array_index (all, RegiaMissing, i);

    regia_session_add_gap (fresh, gap->from_ms, gap->to_ms, gap->reason);
  }
  regia_session_take_gaps (session, fresh);
}

static gint64
beginning (RegiaSession *session)
{
  gint64 from_ms = G_MAXINT64;

  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);

    if (part->to_ms > part->from_ms)
      from_ms = MIN (from_ms, part->from_ms);
  }
  return from_ms;
}

static char *
clock_time (gint64 ms)
{
  gint64 s = ms / 1000;

  return g_strdup_printf ("%" G_GINT64_FORMAT ":%02u:%02u", s / 3600, (guint)(s / 60 % 60), (guint)(s % 60));
}

static char *
length (gint64 ms)
{
  if (ms < 60000)
    return g_strdup_printf ("%.1f s", (double)ms / 1000.0);
  return g_strdup_printf ("%" G_GINT64_FORMAT " min %" G_GINT64_FORMAT " s", ms / 60000, ms / 1000 % 60);
}

char *
regia_missing_in_words (RegiaSession *session)
{
  g_autoptr (GArray) found = regia_missing_find (session);
  gint64 begun_ms = beginning (session), total_ms = 0;
  GString *words = g_string_new (NULL);
  g_autofree char *total = NULL;

  if (found->len == 0)
    return g_string_free (words, FALSE);
  for (guint i = 0; i < found->len; i++)
    total_ms += g_array_index (found, RegiaMissing, i).to_ms - g_array_index (found, RegiaMissing, i).from_ms;
  total = length (total_ms);
  g_string_append_printf (words, "%s of the recording are missing", total);
  for (guint i = 0; i < MIN (found->len, TOLD_MAX); i++) {
    const RegiaMissing *stretch = &g_array_index (found, RegiaMissing, i);
    g_autofree char *from = clock_time (stretch->from_ms - begun_ms);
    g_autofree char *to = clock_time (stretch->to_ms - begun_ms);

    g_string_append_printf (words, "%s from %s to %s, because %s", i > 0 ? ";" : "", from, to,
                            stretch->reason);
  }
  if (found->len > TOLD_MAX)
    g_string_append_printf (words, "; and %u more times", found->len - TOLD_MAX);
  return g_string_free (words, FALSE);
}

/* Gaps that tell of lost parts are told anew when it is known what there is. */
static gboolean
tells_of_loss (RegiaSession *session, const RegiaSessionGap *gap)
{
  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);

    if (is_lost (part) && strcmp (part->message, gap->reason) == 0)
      return TRUE;
  }
  return FALSE;
}

static void
absorb_tracks (RegiaSession *session, RegiaSession *earlier)
{
  for (guint i = 0; i < earlier->tracks->len; i++) {
    const RegiaSessionTrack *from = g_ptr_array_index (earlier->tracks, i);
    RegiaSessionTrack *to = regia_session_add_track (session, from->name, from->language, from->codec);

    to->width = from->width;
    to->height = from->height;
    to->rate_num = from->rate_num;
    to->rate_den = from->rate_den;
    to->sample_rate = from->sample_rate;
    to->channels = from->channels;
  }
}

static void
absorb_spans (RegiaSession *session, RegiaSession *earlier)
{
  for (guint i = 0; i < earlier->pauses->len; i++) {
    const RegiaSessionSpan *span = g_ptr_array_index (earlier->pauses, i);

    regia_session_set_pause (session, span->from_ms, span->to_ms);
  }
  for (guint i = 0; i < earlier->private_spans->len; i++) {
    const RegiaSessionSpan *span = g_ptr_array_index (earlier->private_spans, i);

    regia_session_set_private (session, span->from_ms, span->to_ms);
  }
}

void
regia_missing_absorb (RegiaSession *session, RegiaSession *earlier, const char *reason)
{
  g_autoptr (RegiaSession) kept = regia_session_new (session->id, "", "");

  for (guint i = 0; i < earlier->gaps->len; i++) {
    const RegiaSessionGap *gap = g_ptr_array_index (earlier->gaps, i);

    if (!tells_of_loss (earlier, gap))
      regia_session_add_gap (kept, gap->from_ms, gap->to_ms, gap->reason);
  }
  regia_session_take_gaps (session, kept);
  absorb_tracks (session, earlier);
  absorb_spans (session, earlier);
  for (guint i = 0; i < earlier->parts->len; i++) {
    const RegiaSessionPart *from = g_ptr_array_index (earlier->parts, i);
    RegiaSessionPart *part = regia_session_find_part (session, from->file);

    /* Found, by what is written of it now. */
    if (part != NULL && !is_lost (part))
      continue;
    if (part == NULL)
      part = regia_session_add_part (session, from->file, REGIA_PART_LOST);
    part->from_ms = from->from_ms;
    part->to_ms = from->to_ms;
    regia_session_set_part_state (part, REGIA_PART_LOST, is_lost (from) ? from->message : reason);
  }
  if (earlier->started_ms > 0 && (session->started_ms == 0 || earlier->started_ms < session->started_ms))
    session->started_ms = earlier->started_ms;
  session->duration_ms = MAX (session->duration_ms, earlier->duration_ms);
}

gint64
regia_missing_until (RegiaSession *session)
{
  gint64 until_ms = 0;

  for (guint i = 0; i < session->parts->len; i++) {
    const RegiaSessionPart *part = g_ptr_array_index (session->parts, i);

    if (is_lost (part))
      until_ms = MAX (until_ms, part->to_ms);
  }
  return until_ms;
}

gboolean
regia_missing_is_whole (RegiaSession *session)
{
  g_autoptr (GArray) found = regia_missing_find (session);

  for (guint i = 0; i < session->parts->len; i++)
    if (strcmp (((RegiaSessionPart *)g_ptr_array_index (session->parts, i))->state, REGIA_PART_DAMAGED) == 0)
      return FALSE;
  return found->len == 0;
}
