/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Previews: small pictures of what is there already, only while somebody looks. */
#include "../../src/engine/preview-private.h"
#include "fixture.h"

static const char *const names[] = {"preview/programme", "preview/camera", "preview/hall"};

static guint64
bits (Fixture *self, guint count)
{
  g_autoptr (GPtrArray) tracks = regia_feed_log_get_tracks (self->log);
  guint64 mask = 0;

  for (guint i = 0; i < count; i++)
    mask |= G_GUINT64_CONSTANT (1) << regia_tracks_find (tracks, names[i])->id;
  return mask;
}

static guint
count_of (Fixture *self, const char *name)
{
  g_autoptr (GPtrArray) packets = packets_of (self, name);

  return packets->len;
}

static gboolean
all_live (gpointer data)
{
  Fixture *self = data;

  return self->ready && is_live (self);
}

static gboolean
has_one (gpointer data)
{
  return count_of (data, names[1]) > 0;
}

static void
test_looked_at (void)
{
  Fixture self;
  g_autofree char *text = with_source ("[source camera]\npipeline=test\nwidth=640\nheight=360\n"
                                       "[source hall]\npipeline=test\naudio=no\nwidth=640\nheight=360\n");
  g_autoptr (GPtrArray) packets = NULL, video = NULL;
  guint before;

  fixture_start (&self, text);
  g_assert_true (wait_for (&self, all_live, &self, 20));
  run_for (&self, 1);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpuint (count_of (&self, names[i]), ==, 0);

  regia_engine_set_wanted (self.engine, bits (&self, 2));
  g_assert_true (wait_for (&self, has_one, &self, 10));
  run_for (&self, 3);
  /* Two are looked at: ten a second of each at most, and fewer only where the machine is too busy. */
  for (guint i = 0; i < 2; i++) {
    g_test_message ("%s: %u in 3 s", names[i], count_of (&self, names[i]));
    g_assert_cmpuint (count_of (&self, names[i]), >=, 10);
    g_assert_cmpuint (count_of (&self, names[i]), <=, 40);
  }
  g_assert_cmpuint (count_of (&self, names[2]), ==, 0);

  regia_engine_set_wanted (self.engine, 0);
  before = count_of (&self, names[0]);
  run_for (&self, 1);
  g_assert_cmpuint (count_of (&self, names[0]), <=, before + 1); /* one was on its way */
  before = count_of (&self, names[1]);
  regia_engine_set_wanted (self.engine, bits (&self, 3));
  run_for (&self, 2);
  g_assert_cmpuint (count_of (&self, names[1]), >, before);
  g_assert_cmpuint (count_of (&self, names[2]), >, 0);
  fixture_stop (&self);

  /* Each is the picture of its time: of the programme the one that was encoded with the same time. */
  packets = packets_of (&self, names[0]);
  video = packets_of (&self, "video/360p");
  check_video (video, 4 * 25, TRUE);
  {
    g_auto (Picture) preview = decode_picture (&self, names[0], packets),
                     programme = decode_picture (&self, "video/360p", video);
    gint64 end_ns = ((RegiaPacket *)video->pdata[video->len - 1])->pts_ns;
    guint same = 0, late = 0;

    for (guint i = 0, v = 0; i < preview.pts->len; i++) {
      gint64 time_ns = ((RegiaPacket *)packets->pdata[i])->pts_ns;

      while (v + 1 < video->len && ((RegiaPacket *)video->pdata[v])->pts_ns < time_ns)
        v++;
      if (time_ns > end_ns) /* the engine was stopped before that one was encoded */
        late++;
      if (((RegiaPacket *)video->pdata[v])->pts_ns != time_ns)
        continue;
      g_assert_cmpint (g_array_index (preview.frames, gint64, i), ==,
                       g_array_index (programme.frames, gint64, v));
      same++;
    }
    g_test_message ("%u previews of %u are of a picture of the programme", same, preview.pts->len);
    g_assert_cmpuint (late, <=, 1);
    g_assert_cmpuint (same + late, ==, preview.pts->len);
  }
  {
    g_autoptr (GPtrArray) camera = packets_of (&self, names[1]);
    g_auto (Picture) picture = decode_picture (&self, names[1], camera);

    for (guint i = 0; i < camera->len; i++) {
      const RegiaPacket *packet = camera->pdata[i];

      g_assert_true (regia_packet_is_keyframe (packet));
      g_assert_cmpint (g_array_index (picture.frames, gint64, i), >=, 0);
      if (i > 0)
        g_assert_cmpint (g_array_index (picture.frames, gint64, i), >,
                         g_array_index (picture.frames, gint64, i - 1));
    }
  }
  fixture_clear (&self);
}

static void
test_rate (void)
{
  static const guint rates[] = {0, 10, 10, 6, 5, 4};

  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    g_assert_cmpuint (regia_preview_rate (i), ==, rates[i]);
  g_assert_cmpuint (regia_preview_rate (17), ==, 2);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/preview/rate", test_rate);
  g_test_add_func ("/engine/preview/looked-at", test_looked_at);
  return g_test_run ();
}
