/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <string.h>

#include "../../src/engine/compositor-private.h"
#include "regia/base/clock.h"

/*
 * The programme's compositor mixes three even grey pictures; every pixel of what comes out is looked at.
 * Brightness: ground 16, and of the sources what `greys` says.
 */

#define WIDTH  320
#define HEIGHT 180
#define RATE   25
#define GROUND 16
#define NEAR   4 /* of brightness: what rounding of colours does */

static const char *const names[] = {"dark", "middle", "light"};
static const int greys[] = {71, 126, 181};

typedef struct {
  GstElement *pipeline, *sink;
  RegiaSceneMixer *mixer;
  GstSample *sample;
  const guint8 *luma;
  int stride;
  GstVideoFrame frame;
  gint64 last_pts;
} Mix;

static GstPadProbeReturn
on_frame_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  regia_scene_mixer_next_frame (((Mix *)user_data)->mixer);
  return GST_PAD_PROBE_OK;
}

static void
mix_start (Mix *mix, const RegiaScene *scene)
{
#define SOURCE(n, color)                                                                                     \
  " videotestsrc pattern=solid-color foreground-color=" color                                                \
  " ! video/x-raw,format=I420,width=320,height=180,framerate=25/1,colorimetry=bt709 ! mix.sink_" #n
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) compositor = NULL;
  g_autoptr (GstPad) out = NULL;

  *mix = (Mix){.mixer = regia_scene_mixer_new (WIDTH, HEIGHT, RATE, 1), .last_pts = -1};
  mix->pipeline = gst_parse_launch (
      REGIA_COMPOSITOR " name=mix background=black sink_1::zorder=1 sink_2::zorder=1 sink_3::zorder=1"
                       " ! video/x-raw,format=I420,width=320,height=180,framerate=25/1,colorimetry=bt709"
                       " ! appsink name=out sync=false max-buffers=1" SOURCE (1, "0xff404040")
                           SOURCE (2, "0xff808080") SOURCE (3, "0xffc0c0c0"),
      &error);
  g_assert_no_error (error);
  compositor = gst_bin_get_by_name (GST_BIN (mix->pipeline), "mix");
  regia_compositor_set_scenes (compositor, mix->mixer);
  mix->sink = gst_bin_get_by_name (GST_BIN (mix->pipeline), "out");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *name = g_strdup_printf ("sink_%u", i + 1);
    g_autoptr (GstPad) pad = gst_element_get_static_pad (compositor, name);

    regia_scene_mixer_add (mix->mixer, names[i], pad, NULL);
  }
  regia_scene_mixer_show (mix->mixer, scene, 0);
  regia_scene_mixer_next_frame (mix->mixer);
  out = gst_element_get_static_pad (compositor, "src");
  gst_pad_add_probe (out, GST_PAD_PROBE_TYPE_BUFFER, on_frame_cb, mix, NULL);
  gst_element_set_state (mix->pipeline, GST_STATE_PLAYING);
}

static void
mix_drop (Mix *mix)
{
  if (mix->sample == NULL)
    return;
  gst_video_frame_unmap (&mix->frame);
  g_clear_pointer (&mix->sample, gst_sample_unref);
}

/* The next frame; none was left out. */
static void
mix_next (Mix *mix)
{
  GstVideoInfo info;
  gint64 pts;

  mix_drop (mix);
  mix->sample = gst_app_sink_try_pull_sample (GST_APP_SINK (mix->sink), 20 * GST_SECOND);
  g_assert_nonnull (mix->sample);
  g_assert_true (gst_video_info_from_caps (&info, gst_sample_get_caps (mix->sample)));
  g_assert_true (gst_video_frame_map (&mix->frame, &info, gst_sample_get_buffer (mix->sample), GST_MAP_READ));
  mix->luma = GST_VIDEO_FRAME_PLANE_DATA (&mix->frame, 0);
  mix->stride = GST_VIDEO_FRAME_PLANE_STRIDE (&mix->frame, 0);
  pts = (gint64)GST_BUFFER_PTS (gst_sample_get_buffer (mix->sample));
  if (mix->last_pts >= 0)
    g_assert_cmpint (pts - mix->last_pts, ==, REGIA_SECOND / RATE);
  mix->last_pts = pts;
}

static int
mix_at (const Mix *mix, int x, int y)
{
  return mix->luma[y * mix->stride + x];
}

/* Whether the frame is a picture as it came, and not a copy. */
static gboolean
mix_is_passed (const Mix *mix)
{
  GstBuffer *frame = gst_sample_get_buffer (mix->sample);

  return GST_MEMORY_IS_READONLY (gst_buffer_peek_memory (frame, 0));
}

static void
mix_stop (Mix *mix)
{
  mix_drop (mix);
  gst_element_set_state (mix->pipeline, GST_STATE_NULL);
  gst_object_unref (mix->sink);
  gst_object_unref (mix->pipeline);
  regia_scene_mixer_free (mix->mixer);
}

/* Every scene of the tests. */
static GPtrArray *
load (void)
{
  static const char text[] = "[event]\nname = Prova\n"
                             "[source dark]\npipeline = test\n[source middle]\npipeline = test\n"
                             "[source light]\npipeline = test\n"
                             "[scene corner]\nlayout = picture-in-picture\nsources = dark; light\n"
                             "[scene top]\nlayout = picture-in-picture\nsources = light; middle\n"
                             "corner = top-left\nsmall = 37\n"
                             "[scene beside]\nlayout = side-by-side\nsources = dark; light\n"
                             "[scene three]\nlayout = side-by-side\nsources = dark; middle; light\n"
                             "[scene speaker]\nlayout = slides-with-speaker\nsources = light; dark\n"
                             "[scene free]\nlayout = free\nsources = dark; middle; light\n"
                             "areas = 0 0 100 100; 10.3 11.7 33.3 33.3; 33 33 48 48\n"
                             "[scene swapped]\nlayout = picture-in-picture\nsources = light; dark\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_parse (text, strlen (text), "event.conf", "/", FALSE, &error);

  g_assert_no_error (error);
  return regia_scenes_new (regia_config_get (config));
}

static int
grey_of (const char *source)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i], source) == 0)
      return greys[i];
  g_assert_not_reached ();
}

/* Whether the pixel is surely inside a place, more than @margin pixels, or surely outside: 1, −1; else 0. */
static int
side_of (const RegiaScenePlace *place, int x, int y, double margin)
{
  double left = place->x * WIDTH / 100, right = (place->x + place->width) * WIDTH / 100,
         top = place->y * HEIGHT / 100, bottom = (place->y + place->height) * HEIGHT / 100;

  if (x >= left + margin && x + 1 <= right - margin && y >= top + margin && y + 1 <= bottom - margin)
    return 1;
  return x + 1 <= left - margin || x >= right + margin || y + 1 <= top - margin || y >= bottom + margin ? -1
                                                                                                        : 0;
}

/* Brightness of a pixel of @scene; −1 within @margin of an edge. */
static int
wanted_at (const RegiaScene *scene, int x, int y, double margin)
{
  for (guint i = scene->places->len; i > 0; i--) {
    const RegiaScenePlace *place = g_ptr_array_index (scene->places, i - 1);
    int side = side_of (place, x, y, margin);

    if (side == 1)
      return grey_of (place->source);
    if (side == 0)
      return -1;
  }
  return GROUND;
}

/* Pixels that are not as they should be, of every @step-th in both directions. */
static guint
count_wrong_of (const Mix *mix, const RegiaScene *scene, int step)
{
  guint wrong = 0;

  for (int y = 0; y < HEIGHT; y += step)
    for (int x = 0; x < WIDTH; x += step) {
      int wanted = wanted_at (scene, x, y, 1);

      wrong += wanted >= 0 && ABS (mix_at (mix, x, y) - wanted) > NEAR;
    }
  return wrong;
}

static guint
count_wrong (const Mix *mix, const RegiaScene *scene)
{
  return count_wrong_of (mix, scene, 1);
}

static gboolean
is_whole (const RegiaScene *scene)
{
  const RegiaScenePlace *top = g_ptr_array_index (scene->places, scene->places->len - 1);

  return top->x == 0 && top->y == 0 && top->width == 100 && top->height == 100;
}

/* Each scene is where it says, to the pixel, and a cut takes one frame. Where it is one picture, nothing is
 * copied. */
static void
test_places (void)
{
  g_autoptr (GPtrArray) scenes = load ();
  const RegiaScene *before = g_ptr_array_index (scenes, 0);
  guint whole = 0;
  Mix mix;

  mix_start (&mix, before);
  mix_next (&mix);
  g_assert_cmpuint (count_wrong (&mix, before), ==, 0);
  for (guint i = 1; i < scenes->len; i++) {
    const RegiaScene *scene = g_ptr_array_index (scenes, i);
    guint waited = 0;

    regia_scene_mixer_show (mix.mixer, scene, 0);
    for (mix_next (&mix); count_wrong (&mix, before) == 0; mix_next (&mix))
      g_assert_cmpuint (++waited, <, 5); /* those that were on their way */
    if (count_wrong (&mix, scene) != 0)
      g_test_message ("%s: %u pixels are wrong", scene->name, count_wrong (&mix, scene));
    g_assert_cmpuint (count_wrong (&mix, scene), ==, 0);
    g_assert_cmpint (mix_is_passed (&mix), ==, is_whole (scene));
    whole += is_whole (scene);
    before = scene;
  }
  g_assert_cmpuint (whole, >, 0);
  regia_scene_mixer_show (mix.mixer, NULL, 0);
  for (guint i = 0; i < 5; i++)
    mix_next (&mix);
  g_assert_false (mix_is_passed (&mix));
  g_assert_cmpint (mix_at (&mix, WIDTH / 2, HEIGHT / 2), ==, GROUND);
  mix_stop (&mix);
}

static GstSample *
pull (GstElement *sink)
{
  GstSample *sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink), 20 * GST_SECOND);

  g_assert_nonnull (sample);
  return sample;
}

static char *
checksum (GstBuffer *frame)
{
  GstMapInfo map;
  char *text;

  g_assert_true (gst_buffer_map (frame, &map, GST_MAP_READ));
  text = g_compute_checksum_for_data (G_CHECKSUM_SHA256, map.data, map.size);
  gst_buffer_unmap (frame, &map);
  return text;
}

/* What was passed on stays as it is as long as somebody has it: its source does not get it back meanwhile,
 * and who draws on it draws on a copy. Its time is the frame's. */
static void
test_passed (void)
{
  g_autoptr (GPtrArray) scenes = load ();
  g_autoptr (RegiaSceneMixer) mixer = regia_scene_mixer_new (WIDTH, HEIGHT, RATE, 1);
  g_autoptr (GstElement) pipeline =
      gst_parse_launch (REGIA_COMPOSITOR " name=mix ! appsink name=out sync=false max-buffers=1 "
                                         "videotestsrc pattern=snow num-buffers=60 "
                                         "! video/x-raw,format=I420,width=320,height=180,framerate=25/1 "
                                         "! mix.sink_1",
                        NULL);
  g_autoptr (GstElement) compositor = gst_bin_get_by_name (GST_BIN (pipeline), "mix"),
                         sink = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (compositor, "sink_1");
  g_autoptr (GstSample) first = NULL;
  g_autoptr (GstBuffer) copy = NULL;
  g_autofree char *before = NULL, *after = NULL, *last = NULL;
  GstMapInfo map;

  regia_compositor_set_scenes (compositor, mixer);
  regia_scene_mixer_add (mixer, "dark", pad, regia_scenes_find (scenes, "dark"));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  first = pull (sink);
  g_assert_true (GST_MEMORY_IS_READONLY (gst_buffer_peek_memory (gst_sample_get_buffer (first), 0)));
  before = checksum (gst_sample_get_buffer (first));
  for (guint i = 1; i < 50; i++) {
    g_autoptr (GstSample) sample = pull (sink);
    g_autofree char *now = checksum (gst_sample_get_buffer (sample));

    g_assert_cmpstr (now, !=, before);
    g_assert_cmpint ((gint64)GST_BUFFER_PTS (gst_sample_get_buffer (sample)), ==, i * REGIA_SECOND / RATE);
  }
  copy = gst_buffer_copy (gst_sample_get_buffer (first));
  g_assert_true (gst_buffer_map (copy, &map, GST_MAP_READWRITE));
  memset (map.data, 0, map.size);
  gst_buffer_unmap (copy, &map);
  after = checksum (gst_sample_get_buffer (first));
  g_assert_cmpstr (after, ==, before);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  last = checksum (gst_sample_get_buffer (first));
  g_assert_cmpstr (last, ==, before);
}

static gpointer
switch_func (gpointer data)
{
  Mix *mix = ((gpointer *)data)[0];
  GPtrArray *scenes = ((gpointer *)data)[1];
  int *stop = ((gpointer *)data)[2];

  for (guint i = 0; !g_atomic_int_get (stop); i++) {
    regia_scene_mixer_show (mix->mixer, g_ptr_array_index (scenes, (i * 7 + i / 5) % scenes->len), 0);
    g_usleep (i % 5 * 100);
  }
  return NULL;
}

/* Cut from another thread as fast as it can: every frame is one scene or another, none is half of two. */
static void
test_whole_frames (void)
{
  g_autoptr (GPtrArray) scenes = load ();
  int stop = 0;
  Mix mix;
  gpointer data[] = {&mix, scenes, &stop};
  GThread *thread;
  guint changes = 0;
  const RegiaScene *before = NULL;

  mix_start (&mix, g_ptr_array_index (scenes, 0));
  thread = g_thread_new ("switch", switch_func, data);
  for (guint n = 0; n < 1500; n++) {
    const RegiaScene *found = NULL;

    mix_next (&mix);
    for (guint i = 0; found == NULL && i < scenes->len; i++)
      if (count_wrong_of (&mix, g_ptr_array_index (scenes, i), 3) == 0)
        found = g_ptr_array_index (scenes, i);
    g_assert_nonnull (found);
    changes += found != before;
    before = found;
  }
  g_atomic_int_set (&stop, 1);
  g_thread_join (thread);
  g_test_message ("%u changes in 1500 frames", changes);
  g_assert_cmpuint (changes, >, 1000);
  mix_stop (&mix);
}

/* (nullable): the uppermost place that surely has the pixel. */
static const RegiaScenePlace *
place_at (const RegiaScene *scene, int x, int y)
{
  for (guint i = scene->places->len; i > 0; i--) {
    const RegiaScenePlace *place = g_ptr_array_index (scene->places, i - 1);

    if (side_of (place, x, y, 2) == 1)
      return place;
  }
  return NULL;
}

static gboolean
has (const RegiaScene *scene, const char *source)
{
  for (guint i = 0; i < scene->places->len; i++)
    if (strcmp (((RegiaScenePlace *)g_ptr_array_index (scene->places, i))->source, source) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
covers (const RegiaScenePlace *above, const RegiaScenePlace *below)
{
  return above->x <= below->x && above->y <= below->y && above->x + above->width >= below->x + below->width &&
         above->y + above->height >= below->y + below->height;
}

/* Something is there from the first frame to the last: what stays in its place, or one that goes and one that
 * comes of which one lies over all of the other. Where a picture moves, the ground may be seen behind it. */
static gboolean
is_always_covered (const RegiaScene *from, const RegiaScene *to, int x, int y)
{
  const RegiaScenePlace *first = place_at (from, x, y), *last = place_at (to, x, y);

  if (first == NULL || last == NULL)
    return FALSE;
  if (strcmp (first->source, last->source) == 0)
    return covers (first, last) && covers (last, first);
  return !has (to, first->source) && !has (from, last->source) &&
         (covers (first, last) || covers (last, first));
}

/* It takes as many frames as told, the ground never shines through pictures, and at the end it is the scene.
 */
static guint
check_fade (Mix *mix, const RegiaScene *from, const RegiaScene *to, guint fade_ms)
{
  guint frames = 0, same = 0, looked = 0;

  regia_scene_mixer_show (mix->mixer, to, fade_ms);
  for (mix_next (mix); count_wrong (mix, to) != 0; mix_next (mix)) {
    gboolean begun = count_wrong (mix, from) != 0;

    same += !begun;
    frames += begun;
    g_assert_cmpuint (same, <, 5);
    g_assert_cmpuint (frames, <=, fade_ms * RATE / 1000 + 1);
    for (int y = 2; y < HEIGHT; y += 8)
      for (int x = 2; x < WIDTH; x += 8)
        if (is_always_covered (from, to, x, y)) {
          g_assert_cmpint (mix_at (mix, x, y), >=, greys[0] - NEAR);
          looked++;
        }
  }
  /* The last of them may look like the scene already, by rounding. */
  g_assert_cmpuint (frames + 2, >=, fade_ms * RATE / 1000);
  return looked;
}

static void
test_fades (void)
{
  g_autoptr (GPtrArray) scenes = load ();
  guint looked = 0;
  Mix mix;

  mix_start (&mix, g_ptr_array_index (scenes, 0));
  mix_next (&mix);
  for (guint i = 0; i < scenes->len; i++)
    for (guint j = 0; j < scenes->len; j++) {
      const RegiaScene *from = g_ptr_array_index (scenes, i), *to = g_ptr_array_index (scenes, j);

      if (i == j)
        continue;
      regia_scene_mixer_show (mix.mixer, from, 0);
      for (guint n = 0; n < 5; n++)
        mix_next (&mix);
      g_assert_cmpuint (count_wrong (&mix, from), ==, 0);
      looked += check_fade (&mix, from, to, 400);
    }
  g_assert_cmpuint (looked, >, 100000);
  mix_stop (&mix);
}

/* From one whole picture to another: even steps. */
static void
test_even (void)
{
  g_autoptr (GPtrArray) scenes = load ();
  int before, values[32];
  guint n = 0;
  Mix mix;

  mix_start (&mix, regia_scenes_find (scenes, "dark"));
  mix_next (&mix);
  before = mix_at (&mix, 100, 100);
  regia_scene_mixer_show (mix.mixer, regia_scenes_find (scenes, "light"), 800);
  for (guint i = 0; i < 30; i++) {
    mix_next (&mix);
    if (mix_at (&mix, 100, 100) != before && n < G_N_ELEMENTS (values) && before < greys[2] - 1)
      values[n++] = before = mix_at (&mix, 100, 100);
  }
  g_assert_cmpuint (n, >=, 20);
  g_assert_cmpuint (n, <=, 21);
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (values[i], greys[0] + (greys[2] - greys[0]) * (i + 1) / 21.0, 3);
  mix_stop (&mix);
}

/* Another scene is wanted in mid-fade, again and again: nothing leaps to the ground, and the last one is what
 * stays. */
static void
test_interrupted (void)
{
  g_autoptr (GPtrArray) scenes = load ();
  static const char *const wanted[] = {"light", "middle", "dark", "corner", "light", "top", "dark"};
  Mix mix;

  mix_start (&mix, regia_scenes_find (scenes, "dark"));
  mix_next (&mix);
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    regia_scene_mixer_show (mix.mixer, regia_scenes_find (scenes, wanted[i]), 400);
    for (guint n = 0; n < 5; n++) {
      mix_next (&mix);
      g_assert_cmpint (mix_at (&mix, 160, 100), >=, greys[0] - 25);
    }
  }
  for (guint n = 0; n < 15; n++)
    mix_next (&mix);
  g_assert_cmpuint (count_wrong (&mix, regia_scenes_find (scenes, "dark")), ==, 0);
  mix_stop (&mix);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_compositor_register ());
  g_test_add_func ("/engine/scene/places", test_places);
  g_test_add_func ("/engine/scene/passed", test_passed);
  g_test_add_func ("/engine/scene/whole-frames", test_whole_frames);
  g_test_add_func ("/engine/scene/fades", test_fades);
  g_test_add_func ("/engine/scene/even", test_even);
  g_test_add_func ("/engine/scene/interrupted", test_interrupted);
  return g_test_run ();
}
