/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of what a device offers the pipeline file v4l2 takes, and that pictures come of it. The device is
 * v4l2-device.c: this machine, as most that tests run on, has none. */
#include <string.h>

#include "../../src/engine/launch-private.h"
#include "regia/engine/check.h"
#include "regia/engine/mark.h"
#include "run-fixture.h"
#include "v4l2-device.h"

#define MODES 8

static const struct {
  const char *name;
  V4l2Mode offered[MODES];
  const char *width, *height, *rate; /* the wish; NULL: the file's own */
  V4l2Mode taken;
} cases[] = {
    {"what is wished for, raw before MJPEG",
     {{"MJPG", 1920, 1080, 25}, {"YUYV", 1920, 1080, 25}, {"H264", 1920, 1080, 25}, {"YUYV", 640, 480, 25}},
     .taken = {"YUYV", 1920, 1080, 25}},
    {"the usual stick: raw is slow when it is large",
     {{"YUYV", 640, 480, 30},
      {"YUYV", 1280, 720, 10},
      {"YUYV", 1920, 1080, 5},
      {"MJPG", 640, 480, 30},
      {"MJPG", 1280, 720, 30},
      {"MJPG", 1920, 1080, 30}},
     .taken = {"MJPG", 1920, 1080, 30}},
    {"at least the rate that is wished for, and of those the nearest",
     {{"MJPG", 1280, 720, 60}, {"MJPG", 1280, 720, 30}, {"MJPG", 1280, 720, 15}},
     .taken = {"MJPG", 1280, 720, 30}},
    {"a wish for less",
     {{"YUYV", 640, 480, 30}, {"YUYV", 1280, 720, 10}, {"MJPG", 1280, 720, 30}, {"MJPG", 1920, 1080, 30}},
     "1280",
     "720",
     "30/1",
     {"MJPG", 1280, 720, 30}},
    {"rather small than slow",
     {{"YUYV", 640, 480, 30}, {"YUYV", 1280, 720, 10}, {"YUYV", 1600, 1200, 5}},
     .taken = {"YUYV", 640, 480, 30}},
    {"more than is wished for, and nothing else",
     {{"YUYV", 2560, 1440, 60}},
     .taken = {"YUYV", 2560, 1440, 60}},
};

/* One picture with marks, of a larger programme's size. */
static GBytes *
make_jpeg (void)
{
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("videotestsrc num-buffers=1 ! video/x-raw,format=I420,width=960,height=720 ! "
                        "regiamark ! jpegenc ! appsink name=sink",
                        NULL);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstSample) sample = NULL;
  GstMapInfo map;
  GBytes *jpeg;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  sample = gst_app_sink_pull_sample (GST_APP_SINK (sink));
  g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
  jpeg = g_bytes_new (map.data, map.size);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return jpeg;
}

static char *
text_of (const char *width, const char *height, const char *rate)
{
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  const char *const given[][2] = {
      {"width", width}, {"height", height}, {"rate", rate}, {"device", V4L2_DEVICE}};
  char *text;

  for (gsize i = 0; i < G_N_ELEMENTS (given); i++)
    if (given[i][1])
      g_hash_table_insert (values, (char *)given[i][0], (char *)given[i][1]);
  text = regia_launch_text ("capture", "v4l2", values, NULL, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
test_modes (void)
{
  g_autoptr (GBytes) jpeg = make_jpeg ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = text_of (cases[i].width, cases[i].height, cases[i].rate);
    const V4l2Mode *wanted = &cases[i].taken;
    guint count = 0;
    RunFixture self;
    V4l2Mode taken;

    while (count < MODES && cases[i].offered[count].format)
      count++;
    v4l2_device_offer (cases[i].offered, count, jpeg);
    run_fixture_init (&self, 25);
    run_fixture_start (&self, text);
    for (guint seen = 0; seen < 3; seen++)
      gst_sample_unref (run_fixture_pull (&self, self.picture));
    taken = v4l2_device_chosen ();
    g_test_message ("%s: %s %ux%u %u", cases[i].name, taken.format, taken.width, taken.height, taken.rate);
    g_assert_cmpstr (taken.format, ==, wanted->format);
    g_assert_cmpuint (taken.width, ==, wanted->width);
    g_assert_cmpuint (taken.height, ==, wanted->height);
    g_assert_cmpuint (taken.rate, ==, wanted->rate);
    run_fixture_clear (&self);
  }
}

/* What is said when it is not there, and when it has nothing that is fast enough. */
static void
test_words (void)
{
  static const V4l2Mode slow[] = {{"YUYV", 1920, 1080, 5}, {"YUYV", 640, 480, 15}};
  static const char *const wanted[][2] = {{V4L2_DEVICE " is not there", "plug it in"},
                                          {"framerate 5/1 against", "change width, height or rate"}};

  for (guint i = 0; i < 2; i++) {
    g_autofree char *text = text_of (NULL, NULL, NULL), *words = NULL;
    RunFixture self;

    v4l2_device_offer (slow, i ? G_N_ELEMENTS (slow) : 0, NULL);
    run_fixture_init (&self, 25);
    run_fixture_start (&self, text);
    words = run_fixture_error (&self);
    g_test_message ("%s", words);
    for (guint j = 0; j < 2; j++)
      g_assert_nonnull (strstr (words, wanted[i][j]));
    run_fixture_clear (&self);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes our own elements known */
  g_test_add_func ("/engine/v4l2/modes", test_modes);
  g_test_add_func ("/engine/v4l2/words", test_words);
  return g_test_run ();
}
