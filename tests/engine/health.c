/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/health-private.h"

#include <string.h>

#include "regia/base/clock.h"

#define NOW     (1000 * REGIA_SECOND)
#define AGO(ms) (NOW - (gint64)(ms) * REGIA_MSECOND)

/* Both branches of a camera that has run for a minute and is well; each row changes what it is about. */
#define WELL                                                                                                 \
  {.wanted = TRUE,                                                                                           \
   .announced_ns = AGO (59000),                                                                              \
   .linked = TRUE,                                                                                           \
   .coded_ns = AGO (20),                                                                                     \
   .first_ns = AGO (57000),                                                                                  \
   .decoded_ns = AGO (20),                                                                                   \
   .data_ns = AGO (20),                                                                                      \
   .longest_ns = 45 * REGIA_MSECOND}
/* One that is announced. */
#define NOTHING(ago_ms) {.wanted = TRUE, .announced_ns = AGO (ago_ms), .linked = TRUE}
/* One that gave its last at … and whose packets came until … */
#define SILENT(ms, coded_ms)                                                                                 \
  {.wanted = TRUE,                                                                                           \
   .announced_ns = AGO (59000),                                                                              \
   .linked = TRUE,                                                                                           \
   .coded_ns = AGO (coded_ms),                                                                               \
   .first_ns = AGO (57000),                                                                                  \
   .decoded_ns = AGO (ms),                                                                                   \
   .data_ns = AGO (ms),                                                                                      \
   .longest_ns = 45 * REGIA_MSECOND}
/* A picture each so many ms. */
#define SLOW(every_ms, ms)                                                                                   \
  {.wanted = TRUE,                                                                                           \
   .announced_ns = AGO (59000),                                                                              \
   .linked = TRUE,                                                                                           \
   .coded_ns = AGO (ms),                                                                                     \
   .first_ns = AGO (57000),                                                                                  \
   .decoded_ns = AGO (ms),                                                                                   \
   .data_ns = AGO (ms),                                                                                      \
   .longest_ns = (gint64)(every_ms) * REGIA_MSECOND}

typedef struct {
  const char *name;
  RegiaHealthBranch branches[2];
  gint64 started_ms; /* ago */
  RegiaHealthState state;
  gboolean stop;
  const char *words; /* that are in what is said, or "" for none */
  gint64 hold_ms;
  gboolean played;
} Row;

static const Row rows[] = {
    {"well", {WELL, WELL}, 60000, REGIA_HEALTH_LIVE, FALSE, "", 500},
    {"picture alone", {WELL}, 60000, REGIA_HEALTH_LIVE, FALSE, "", 500},
    {"sound alone", {{0}, WELL}, 60000, REGIA_HEALTH_LIVE, FALSE, "", 500},
    {"nothing yet", {{0}, {0}}, 9000, REGIA_HEALTH_STARTING, FALSE, "", 500},
    {"nothing at all", {{0}, {0}}, 10100, REGIA_HEALTH_STARTING, TRUE, "no data within 10 s", 500},
    {"sound pauses",
     {WELL, SILENT (30000, 30000)},
     60000,
     REGIA_HEALTH_LIVE,
     FALSE,
     "no sound for 30 s",
     500},
    {"picture stops for a moment", {SILENT (1500, 1500), WELL}, 60000, REGIA_HEALTH_STALLED, FALSE, "", 500},
    {"picture stops, sound goes on",
     {SILENT (5000, 5000), WELL},
     60000,
     REGIA_HEALTH_STALLED,
     FALSE,
     "no picture for 5 s",
     500},
    {"… for longer than is borne",
     {SILENT (10100, 10100), WELL},
     60000,
     REGIA_HEALTH_STALLED,
     TRUE,
     "no picture for 10 s",
     500},
    {"both stop",
     {SILENT (2100, 2100), SILENT (2100, 2100)},
     60000,
     REGIA_HEALTH_STALLED,
     TRUE,
     "no picture for 2 s",
     500},
    {"sound paused, then the picture stops",
     {SILENT (2100, 2100), SILENT (30000, 30000)},
     60000,
     REGIA_HEALTH_STALLED,
     TRUE,
     "no picture for 2 s",
     500},
    {"sound alone stops",
     {{0}, SILENT (2100, 2100)},
     60000,
     REGIA_HEALTH_STALLED,
     TRUE,
     "no sound for 2 s",
     500},
    {"packets, and no keyframe yet",
     {{.wanted = TRUE, .announced_ns = AGO (29000), .linked = TRUE, .coded_ns = AGO (30)}},
     30000,
     REGIA_HEALTH_STARTING,
     FALSE,
     "waits for a keyframe",
     500},
    {"… for two minutes",
     {{.wanted = TRUE, .announced_ns = AGO (120000), .linked = TRUE, .coded_ns = AGO (30)}},
     121000,
     REGIA_HEALTH_STARTING,
     TRUE,
     "no keyframe for two minutes",
     500},
    {"a keyframe came late, and its clock is learnt",
     {{.wanted = TRUE,
       .announced_ns = AGO (29000),
       .linked = TRUE,
       .coded_ns = AGO (30),
       .first_ns = AGO (1000),
       .decoded_ns = AGO (30)}},
     30000,
     REGIA_HEALTH_STARTING,
     FALSE,
     "",
     500},
    {"sound runs, the picture waits for its keyframe",
     {{.wanted = TRUE, .announced_ns = AGO (29000), .linked = TRUE, .coded_ns = AGO (30)}, WELL},
     30000,
     REGIA_HEALTH_STARTING,
     FALSE,
     "waits for a keyframe",
     500},
    {"the decoder has lost its way until the next keyframe",
     {SILENT (9000, 30)},
     60000,
     REGIA_HEALTH_STALLED,
     FALSE,
     "waits for a keyframe",
     500},
    {"sound is announced, and does not come yet",
     {WELL, NOTHING (4000)},
     4500,
     REGIA_HEALTH_LIVE,
     FALSE,
     "",
     500},
    {"sound is announced, and does not come",
     {WELL, NOTHING (6000)},
     6500,
     REGIA_HEALTH_LIVE,
     FALSE,
     "its sound is announced and does not come",
     500},
    {"… and nobody wants it",
     {WELL, {.announced_ns = AGO (59000), .linked = TRUE}},
     60000,
     REGIA_HEALTH_LIVE,
     FALSE,
     "",
     500},
    {"sound is announced, and was not connected",
     {WELL, {.wanted = TRUE, .announced_ns = AGO (6000)}},
     6500,
     REGIA_HEALTH_LIVE,
     TRUE,
     "its sound is announced and could not be connected",
     500},
    {"a picture is announced, and does not come",
     {NOTHING (6000), WELL},
     6500,
     REGIA_HEALTH_STARTING,
     FALSE,
     "its picture is announced and does not come",
     500},
    {"the first picture, until a second comes", {SLOW (0, 5000)}, 60000, REGIA_HEALTH_LIVE, FALSE, "", 10000},
    {"one picture in 3 s", {SLOW (3000, 2900)}, 60000, REGIA_HEALTH_LIVE, FALSE, "", 9000},
    {"one picture in 3 s, and one was lost",
     {SLOW (3000, 5900)},
     60000,
     REGIA_HEALTH_STALLED,
     FALSE,
     "",
     9000},
    {"one picture in 3 s, and no more",
     {SLOW (3000, 9100)},
     60000,
     REGIA_HEALTH_STALLED,
     TRUE,
     "no picture for 9 s",
     9000},
    {"one picture a second", {SLOW (1000, 900)}, 60000, REGIA_HEALTH_LIVE, FALSE, "", 3000},
    {"a file whose sound is shorter",
     {WELL, SILENT (9000, 9000)},
     60000,
     REGIA_HEALTH_LIVE,
     FALSE,
     "",
     500,
     TRUE},
    {"a file that stands still",
     {SILENT (2100, 2100)},
     60000,
     REGIA_HEALTH_STALLED,
     TRUE,
     "no picture for 2 s",
     500,
     TRUE},
};

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_auto (RegiaHealth) health =
      regia_health_judge (row->branches, !row->played, AGO (row->started_ms), 10 * REGIA_SECOND, NOW);

  g_test_message ("%s: state %d, stop %d, \"%s\", held for %d ms", row->name, health.state, health.stop,
                  health.words, (int)(health.hold_ns / REGIA_MSECOND));
  g_assert_cmpint (health.state, ==, row->state);
  g_assert_cmpint (health.stop, ==, row->stop);
  g_assert_cmpint (health.hold_ns / REGIA_MSECOND, ==, row->hold_ms);
  if (*row->words == '\0')
    g_assert_cmpstr (health.words, ==, "");
  else
    g_assert_nonnull (strstr (health.words, row->words));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strdup_printf ("/engine/health/%s", rows[i].name);
    g_test_add_data_func (path, &rows[i], test_row);
  }
  return g_test_run ();
}
