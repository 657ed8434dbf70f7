/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which renditions are made when the machine cannot keep up: time is moved by hand. */
#include "../../src/engine/shedding-private.h"

#include <string.h>

#define MS     G_GINT64_CONSTANT (1000000)
#define SECOND (1000 * MS)
#define TICK   (100 * MS)
enum { COUNT = 4 };

typedef struct {
  RegiaShedding *shedding;
  RegiaSheddingLoad loads[COUNT];
  gint64 mix_ns, now_ns;
  GString *story; /* "-3" shed, "+3" back, each with its second */
} Hall;

static void
hall_init (Hall *self)
{
  *self = (Hall){.shedding = regia_shedding_new (COUNT), .now_ns = 5000 * SECOND, .story = g_string_new ("")};
  for (guint i = 0; i < COUNT; i++)
    self->loads[i].judged = TRUE;
}

static void
hall_clear (Hall *self)
{
  regia_shedding_free (self->shedding);
  g_string_free (self->story, TRUE);
}

static gboolean
is_shed (Hall *self, guint i)
{
  RegiaSheddingState state;

  regia_shedding_get (self->shedding, i, &state);
  return state.shed;
}

static guint
made (Hall *self)
{
  guint count = 0;

  for (guint i = 0; i < COUNT; i++)
    count += !is_shed (self, i);
  return count;
}

static void
step (Hall *self)
{
  int changed;

  self->now_ns += TICK;
  changed = regia_shedding_step (self->shedding, self->loads, self->mix_ns, self->now_ns);
  if (changed >= 0)
    g_string_append_printf (self->story, "%s%d@%.1f ", is_shed (self, (guint)changed) ? "-" : "+", changed,
                            (double)(self->now_ns - 5000 * SECOND) / SECOND);
}

static void
all_behind (Hall *self, gint64 behind_ns)
{
  for (guint i = 0; i < COUNT; i++)
    self->loads[i].behind_ns = behind_ns;
}

static void
pass (Hall *self, gint64 span_ns)
{
  for (gint64 end_ns = self->now_ns + span_ns; self->now_ns < end_ns;)
    step (self);
}

/* A machine that has power for so many renditions; what waits grows and shrinks as it would. */
static void
live (Hall *self, guint power, gint64 span_ns)
{
  for (gint64 end_ns = self->now_ns + span_ns; self->now_ns < end_ns;) {
    gboolean enough = made (self) <= power;

    for (guint i = 0; i < COUNT; i++)
      self->loads[i].behind_ns = is_shed (self, i) ? 0
                                 : enough          ? MAX (self->loads[i].behind_ns - TICK, 0)
                                                   : self->loads[i].behind_ns + TICK / 3;
    step (self);
  }
}

static void
test_from_the_bottom (void)
{
  Hall hall;

  hall_init (&hall);
  pass (&hall, 10 * SECOND);
  g_assert_cmpstr (hall.story->str, ==, "");
  all_behind (&hall, 399 * MS);
  pass (&hall, 10 * SECOND);
  g_assert_cmpstr (hall.story->str, ==, "");
  /* Nothing helps: one a second goes, and the first never. */
  all_behind (&hall, 400 * MS);
  pass (&hall, 60 * SECOND);
  g_assert_cmpstr (hall.story->str, ==, "-3@20.1 -2@21.1 -1@22.1 ");
  g_assert_false (is_shed (&hall, 0));
  hall_clear (&hall);
}

/* What was shed helped: what waits is worked off, and nobody else goes meanwhile. */
static void
test_enough (void)
{
  Hall hall;

  hall_init (&hall);
  all_behind (&hall, 2000 * MS);
  for (guint i = 0; i < 40; i++) {
    step (&hall);
    all_behind (&hall, MAX (2000 * MS - (gint64)i * 60 * MS, 0));
  }
  g_assert_cmpstr (hall.story->str, ==, "-3@0.1 ");
  hall_clear (&hall);
}

static void
test_mix (void)
{
  Hall hall;

  hall_init (&hall);
  hall.mix_ns = 500 * MS;
  pass (&hall, SECOND / 2);
  g_assert_cmpstr (hall.story->str, ==, "-3@0.1 ");
  hall_clear (&hall);
}

/* One whose encoder is too slow while all others have nothing to do goes itself, wherever it is. */
static void
test_slow (void)
{
  Hall hall;
  RegiaSheddingState state;

  hall_init (&hall);
  hall.loads[1].behind_ns = 450 * MS;
  pass (&hall, SECOND / 2);
  g_assert_cmpstr (hall.story->str, ==, "-1@0.1 ");
  regia_shedding_get (hall.shedding, 1, &state);
  g_assert_cmpstr (state.why, ==, "its encoder cannot keep up");
  hall_clear (&hall);

  /* The first: all that can be done for it is to shed others. */
  hall_init (&hall);
  hall.loads[0].behind_ns = 450 * MS;
  pass (&hall, SECOND / 2);
  g_assert_cmpstr (hall.story->str, ==, "-3@0.1 ");
  regia_shedding_get (hall.shedding, 3, &state);
  g_assert_cmpstr (state.why, ==, "the machine cannot keep up");
  hall_clear (&hall);
}

/* A stuck encoder, or one that catches up, says nothing about the machine. */
static void
test_not_judged (void)
{
  Hall hall;

  hall_init (&hall);
  hall.loads[0] = (RegiaSheddingLoad){.behind_ns = 5 * SECOND, .judged = FALSE};
  pass (&hall, 60 * SECOND);
  g_assert_cmpstr (hall.story->str, ==, "");
  hall_clear (&hall);
}

static void
test_back (void)
{
  Hall hall;
  RegiaSheddingState state;

  hall_init (&hall);
  live (&hall, 2, 12 * SECOND); /* two have to go */
  g_assert_cmpuint (made (&hall), ==, 2);
  regia_shedding_get (hall.shedding, 3, &state);
  g_assert_true (state.shed);
  g_assert_cmpint (state.room_ns, ==, REGIA_SHEDDING_ROOM_NS);
  g_assert_cmpint (state.retry_ns, >, hall.now_ns);
  g_assert_cmpint (state.retry_ns, <=, hall.now_ns + REGIA_SHEDDING_ROOM_NS);
  g_string_truncate (hall.story, 0);
  /* Room: the higher one first, the other a whole time later. */
  live (&hall, COUNT, 60 * SECOND);
  g_test_message ("%s", hall.story->str);
  g_assert_cmpuint (made (&hall), ==, COUNT);
  g_assert_true (g_str_has_prefix (hall.story->str, "+2@"));
  {
    double first = g_ascii_strtod (hall.story->str + 3, NULL), second;
    const char *at = strstr (hall.story->str, "+3@");

    g_assert_nonnull (at);
    second = g_ascii_strtod (at + 3, NULL);
    g_assert_cmpfloat (second - first, >=, 20.0);
    g_assert_cmpfloat (second - first, <=, 20.2);
  }
  regia_shedding_get (hall.shedding, 3, &state);
  g_assert_cmpint (state.retry_ns, ==, 0);
  g_assert_cmpstr (state.why, ==, "");
  hall_clear (&hall);
}

/* A moment without room, and the time that counts begins anew. */
static void
test_room_is_whole (void)
{
  Hall hall;

  hall_init (&hall);
  all_behind (&hall, 450 * MS);
  step (&hall);
  all_behind (&hall, 0);
  pass (&hall, 15 * SECOND);
  hall.loads[0].behind_ns = 250 * MS;
  step (&hall);
  hall.loads[0].behind_ns = 0;
  g_string_truncate (hall.story, 0);
  pass (&hall, 19 * SECOND);
  g_assert_cmpstr (hall.story->str, ==, "");
  pass (&hall, 2 * SECOND);
  g_assert_cmpstr (hall.story->str, ==, "+3@35.3 ");
  hall_clear (&hall);
}

/* Again and again too little: it is tried less and less often, and never less than every five minutes. */
static void
test_doubling (void)
{
  Hall hall;
  RegiaSheddingState state;
  gint64 last_ns = 0;
  static const gint64 expected[] = {20, 40, 80, 160, 300, 300, 300};

  hall_init (&hall);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    while (!is_shed (&hall, 3))
      live (&hall, 3, TICK);
    regia_shedding_get (hall.shedding, 3, &state);
    g_assert_cmpint (state.room_ns / SECOND, ==, expected[i]);
    last_ns = hall.now_ns;
    while (is_shed (&hall, 3))
      live (&hall, 3, TICK);
    g_assert_cmpint (hall.now_ns - last_ns, >=, expected[i] * SECOND);
    g_assert_cmpint (hall.now_ns - last_ns, <=, (expected[i] + 2) * SECOND);
  }
  /* Five good minutes, and all is forgotten. */
  live (&hall, COUNT, 301 * SECOND);
  live (&hall, 3, 10 * SECOND);
  regia_shedding_get (hall.shedding, 3, &state);
  g_assert_true (state.shed);
  g_assert_cmpint (state.room_ns, ==, REGIA_SHEDDING_ROOM_NS);
  hall_clear (&hall);
}

/* An event with one rendition has nothing to shed. */
static void
test_alone (void)
{
  g_autoptr (RegiaShedding) shedding = regia_shedding_new (1);
  RegiaSheddingLoad load = {.behind_ns = 5 * SECOND, .judged = TRUE};

  for (gint64 now_ns = SECOND; now_ns < 20 * SECOND; now_ns += TICK)
    g_assert_cmpint (regia_shedding_step (shedding, &load, 0, now_ns), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/shedding/from-the-bottom", test_from_the_bottom);
  g_test_add_func ("/engine/shedding/enough", test_enough);
  g_test_add_func ("/engine/shedding/mix", test_mix);
  g_test_add_func ("/engine/shedding/slow", test_slow);
  g_test_add_func ("/engine/shedding/not-judged", test_not_judged);
  g_test_add_func ("/engine/shedding/back", test_back);
  g_test_add_func ("/engine/shedding/room-is-whole", test_room_is_whole);
  g_test_add_func ("/engine/shedding/doubling", test_doubling);
  g_test_add_func ("/engine/shedding/alone", test_alone);
  return g_test_run ();
}
