/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cameras and files give for pictures: interlaced in all the ways there are, on their side, changing in
 * the midst; and what the programme gets of it. */
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/engine/convert-private.h"
#include "regia/engine/check.h"
#include "run-fixture.h"

#define BAR    48
#define STEP   6 /* pixels that the bar moves from one field to the next */
#define FRAME  (WIDTH * HEIGHT * 3 / 2)
#define FRAMES 50

/* A white bar on grey, as it stands at a field's time, in every @every-th line from @first on. */
static void
draw_bar (guint8 *luma, guint field, int first, int every)
{
  guint left = 16 + field * STEP % (WIDTH - BAR - 32);

  for (int y = first; y < HEIGHT; y += every) {
    memset (luma + y * WIDTH, 60, WIDTH);
    memset (luma + y * WIDTH + left, 220, BAR);
  }
}

/* @fields: 2 interlaced, each frame of two fields, the upper or the lower one first; 1 progressive. */
static char *
write_frames (RunFixture *self, const char *name, guint count, guint fields, gboolean top_first)
{
  char *path = run_fixture_path (self, name);
  g_autofree guint8 *frames = g_malloc (count * FRAME);

  memset (frames, 128, count * FRAME);
  for (guint n = 0; n < count; n++)
    for (guint field = 0; field < fields; field++)
      draw_bar (frames + n * FRAME, 2 * n + field, fields == 2 ? (int)(top_first ? field : 1 - field) : 0,
                (int)fields);
  g_assert_true (g_file_set_contents (path, (char *)frames, count * FRAME, NULL));
  return path;
}

typedef struct {
  int comb;  /* lines that stand out between their neighbours, where the bar's edges are */
  int left;  /* where the bar begins; −1: none, or nothing but a part */
  gint64 at; /* show time, ns */
} Seen;

static Seen
look (GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstMapInfo map;
  Seen seen = {.left = -1, .at = (gint64)GST_BUFFER_PTS (buffer)};

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_cmpuint (map.size, ==, FRAME);
  for (int y = 2; y < HEIGHT - 2; y++)
    for (int x = 0; x < WIDTH; x++) {
      int above = map.data[(y - 1) * WIDTH + x], here = map.data[y * WIDTH + x],
          below = map.data[(y + 1) * WIDTH + x];
      seen.comb += abs (above - below) < 30 && abs (here - above) > 60 && abs (here - below) > 60;
    }
  for (int x = 0; x < WIDTH && seen.left < 0; x++)
    if (map.data[HEIGHT / 2 * WIDTH + x] > 140)
      seen.left = x;
  gst_buffer_unmap (buffer, &map);
  gst_sample_unref (sample);
  return seen;
}

typedef struct {
  const char *name;
  guint fields;
  gboolean top_first;
  guint rate;        /* of the programme */
  gboolean encoded;  /* H.264 in MPEG-TS, by the pipeline file for files */
  const char *after; /* more of the pipeline */
} Case;

static const Case cases[] = {
    {"progressive", 1, TRUE, 25, FALSE, ""},
    {"top-first", 2, TRUE, 25, FALSE, ""},
    {"bottom-first", 2, FALSE, 25, FALSE, ""},
    {"top-first-50", 2, TRUE, 50, FALSE, ""},
    {"bottom-first-50", 2, FALSE, 50, FALSE, ""},
    {"mixed", 2, TRUE, 25, FALSE, "! capssetter caps=video/x-raw,interlace-mode=mixed "},
    {"packed", 2, TRUE, 25, FALSE, "! videoconvert ! video/x-raw,format=UYVY "},
    {"ten-bits", 2, TRUE, 25, FALSE, "! videoconvert ! video/x-raw,format=v210 "},
    {"h264-ts", 2, TRUE, 25, TRUE, ""},
    {"h264-ts-bottom-first", 2, FALSE, 25, TRUE, ""},
};

static char *
parse_text (const Case *this, const char *path)
{
  return g_strdup_printf ("filesrc location=%s blocksize=%d ! rawvideoparse width=%d height=%d format=i420 "
                          "framerate=25/1 interlaced=%s top-field-first=%s %s",
                          path, FRAME, WIDTH, HEIGHT, this->fields == 2 ? "true" : "false",
                          this->top_first ? "true" : "false", this->after);
}

/* Encodes a raw file as an encoder in a hall would. */
static char *
encode (RunFixture *self, const Case *this, const char *path)
{
  g_autofree char *source = parse_text (this, path), *target = run_fixture_path (self, "encoded.ts");
  g_autofree char *text = g_strdup_printf (
      "%s ! x264enc speed-preset=ultrafast key-int-max=25 bitrate=4000 interlaced=%s ! h264parse ! mpegtsmux "
      "! filesink location=%s",
      source, this->fields == 2 ? "true" : "false", target);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (text, &error);
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return g_strdup_printf ("filesrc location=%s ! decodebin name=decoder decoder. ! videoconvert name=video",
                          target);
}

/* No comb, and the bar goes on evenly: 12 pixels a picture of 25, 6 of 50; a field shown in another's place
 * would make it jump back and forth. */
static void
test_interlaced (gconstpointer data)
{
  const Case *this = data;
  RunFixture self;
  g_autofree char *path = NULL, *text = NULL;
  guint wanted = this->rate == 50 ? FRAMES : FRAMES / 2;
  int comb = 0, uneven = 0, step = this->rate == 50 ? STEP : 2 * STEP, last = -1;

  run_fixture_init (&self, this->rate);
  path = write_frames (&self, "frames.raw", FRAMES, this->fields, this->top_first);
  if (this->encoded)
    text = encode (&self, this, path);
  else {
    g_autofree char *source = parse_text (this, path);
    text = g_strdup_printf ("%s ! videoconvert name=video", source);
  }
  run_fixture_start (&self, text);
  for (guint i = 0; i < wanted; i++) {
    Seen seen = look (run_fixture_pull (&self, self.picture));

    g_assert_cmpint (seen.left, >=, 0);
    if (i < 2)
      continue; /* the deinterlacer's first ones, made before it has neighbours to go by */
    comb = MAX (comb, seen.comb);
    if (last >= 0 && seen.left > last)
      uneven += abs (seen.left - last - step) > 2;
    else if (last >= 0)
      uneven += last - seen.left < 100; /* it begins again at the left */
    last = seen.left;
  }
  g_test_message ("%d lines of comb in the worst picture, %d uneven steps", comb, uneven);
  g_assert_cmpint (comb, <=, 40); /* of 2 × 120 × 6 when both fields are shown as one */
  g_assert_cmpint (uneven, ==, 0);
  run_fixture_clear (&self);
}

/* What stands still loses nothing: strokes of two lines, as letters have, which half of the lines could not
 * tell. */
static void
test_detail (void)
{
  RunFixture self;
  g_autofree guint8 *frames = g_malloc (25 * FRAME);
  g_autofree char *path = NULL, *text = NULL;
  GstMapInfo map;
  GstSample *sample = NULL;
  int wrong = 0;

  run_fixture_init (&self, 25);
  path = run_fixture_path (&self, "frames.raw");
  memset (frames, 128, 25 * FRAME);
  for (int n = 0; n < 25; n++)
    for (int y = 0; y < HEIGHT; y++)
      memset (frames + n * FRAME + y * WIDTH, y % 4 < 2 ? 200 : 60, WIDTH);
  g_assert_true (g_file_set_contents (path, (char *)frames, 25 * FRAME, NULL));
  text = g_strdup_printf ("filesrc location=%s blocksize=%d ! rawvideoparse width=%d height=%d format=i420 "
                          "framerate=25/1 interlaced=true ! videoconvert name=video",
                          path, FRAME, WIDTH, HEIGHT);
  run_fixture_start (&self, text);
  for (int n = 0; n < 10; n++) {
    g_clear_pointer (&sample, gst_sample_unref);
    sample = run_fixture_pull (&self, self.picture);
  }
  g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
  for (int y = 4; y < HEIGHT - 4; y++)
    wrong += abs (map.data[y * WIDTH + WIDTH / 2] - (y % 4 < 2 ? 200 : 60)) > 12;
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  gst_sample_unref (sample);
  g_assert_cmpint (wrong, ==, 0);
  run_fixture_clear (&self);
}

/* Somebody turns a knob: progressive, interlaced, another size, another rate, progressive again. */
static void
test_changes (void)
{
  static const struct {
    guint fields;
    const char *more;
  } parts[] = {{1, ""},
               {2, ""},
               {2, "! videoscale ! video/x-raw,width=640,height=480 "},
               {1, "! videorate ! video/x-raw,framerate=50/1 "},
               {1, "! videoconvert ! video/x-raw,format=RGB "},
               {2, "! capssetter caps=video/x-raw,interlace-mode=mixed "},
               {1, ""}};
  RunFixture self;
  g_autoptr (GString) text = g_string_new ("concat name=parts ! videoconvert name=video ");
  int comb = 0, fewest = G_MAXINT;

  run_fixture_init (&self, 25);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *name = g_strdup_printf ("%u.raw", (guint)i),
                    *path = write_frames (&self, name, 15, parts[i].fields, TRUE);
    Case this = {.fields = parts[i].fields, .top_first = TRUE, .after = parts[i].more};
    g_autofree char *source = parse_text (&this, path);
    g_string_append_printf (text, "%s ! parts. ", source);
  }
  run_fixture_start (&self, text->str);
  {
    g_autofree char *error = run_fixture_error (&self);
    RegiaRunInfo info;

    regia_run_get_info (self.run, &info);
    g_assert_cmpstr (error, ==, "the stream has ended");
    g_assert_cmpint (info.end, ==, REGIA_RUN_ENDED);
  }
  for (fewest = 0;; fewest++) {
    GstSample *sample = gst_app_sink_try_pull_sample (GST_APP_SINK (self.picture), GST_SECOND / 5);
    Seen seen;

    if (sample == NULL)
      break;
    seen = look (sample);
    comb = MAX (comb, seen.comb);
  }
  g_test_message ("%d pictures, %d lines of comb in the worst", fewest, comb);
  g_assert_cmpint (fewest, >=, 7 * 15 - 14); /* two may be missing at each seam */
  g_assert_cmpint (comb, <=, 40);
  run_fixture_clear (&self);
}

/* How a picture is held: where its upper left and upper right corner come to be. */
typedef struct {
  const char *tag;
  int corners[4]; /* what is seen upper left, upper right, lower left, lower right: 0 to 3 of the original's
                   */
  gboolean on_side;
} Held;

static const Held held[] = {
    {"rotate-0", {0, 1, 2, 3}, FALSE},        {"rotate-90", {2, 0, 3, 1}, TRUE},
    {"rotate-180", {3, 2, 1, 0}, FALSE},      {"rotate-270", {1, 3, 0, 2}, TRUE},
    {"flip-rotate-0", {1, 0, 3, 2}, FALSE},   {"flip-rotate-90", {3, 1, 2, 0}, TRUE},
    {"flip-rotate-180", {2, 3, 0, 1}, FALSE}, {"flip-rotate-270", {0, 2, 1, 3}, TRUE},
};
static const guint8 corner_luma[] = {40, 100, 160, 220};

static void
check_corners (GstSample *sample, const Held *wanted)
{
  GstMapInfo map;
  int across = wanted->on_side ? HEIGHT * HEIGHT / WIDTH : WIDTH, left = (WIDTH - across) / 2;

  g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
  for (int i = 0; i < 4; i++) {
    int x = left + across / 4 + (i % 2) * across / 2, y = HEIGHT / 4 + (i / 2) * HEIGHT / 2;
    g_assert_cmpint (abs (map.data[y * WIDTH + x] - corner_luma[wanted->corners[i]]), <=, 8);
  }
  if (wanted->on_side) /* and borders beside it */
    g_assert_cmpint (map.data[HEIGHT / 2 * WIDTH + left / 2], <=, 20);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  gst_sample_unref (sample);
}

static char *
write_corners (RunFixture *self)
{
  char *path = run_fixture_path (self, "corners.raw");
  g_autofree guint8 *frames = g_malloc (5 * FRAME);

  memset (frames, 128, 5 * FRAME);
  for (int n = 0; n < 5; n++)
    for (int y = 0; y < HEIGHT; y++)
      for (int x = 0; x < WIDTH; x++)
        frames[n * FRAME + y * WIDTH + x] = corner_luma[(y >= HEIGHT / 2) * 2 + (x >= WIDTH / 2)];
  g_assert_true (g_file_set_contents (path, (char *)frames, 5 * FRAME, NULL));
  return path;
}

#define CORNERS                                                                                              \
  "filesrc location=%s blocksize=%d ! rawvideoparse width=%d height=%d format=i420 framerate=25/1 "
#define CORNERS_ARGS(path) path, FRAME, WIDTH, HEIGHT

static void
test_upright (gconstpointer data)
{
  const Held *this = data;
  RunFixture self;
  g_autofree char *path = NULL, *text = NULL;

  run_fixture_init (&self, 25);
  path = write_corners (&self);
  text = g_strdup_printf (CORNERS "! taginject tags=image-orientation=%s ! videoconvert name=video",
                          CORNERS_ARGS (path), this->tag);
  run_fixture_start (&self, text);
  for (int n = 0; n < 3; n++)
    check_corners (run_fixture_pull (&self, self.picture), this);
  run_fixture_clear (&self);
}

static void
say (GstPad *pad, GstTagScope scope, const char *orientation)
{
  GstTagList *tags = gst_tag_list_new (GST_TAG_TITLE, "Clip", NULL);

  if (orientation)
    gst_tag_list_add (tags, GST_TAG_MERGE_REPLACE, GST_TAG_IMAGE_ORIENTATION, orientation, NULL);
  gst_tag_list_set_scope (tags, scope);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_tag (tags)));
}

/* The file's word for all its streams counts only where the stream has none of its own; words about other
 * things change nothing. */
static void
test_scopes (void)
{
  static const RegiaConvertCut whole = {{0, 0, 0, 0}, FALSE};
  g_autoptr (GError) error = NULL;
  GstElement *convert =
      regia_convert_picture_new ("video/x-raw,format=I420,width=320,height=240", 25, 1, &whole, &error);
  GstElement *pipeline = gst_pipeline_new (NULL), *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstElement) flip = gst_bin_get_by_name (GST_BIN (convert), "regia-upright");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (convert, "sink");
  g_autoptr (GstCaps) caps =
      gst_caps_from_string ("video/x-raw,format=I420,width=320,height=240,framerate=25/1");
  static const struct {
    GstTagScope scope;
    const char *says;
    GstVideoOrientationMethod wanted;
  } steps[] = {{GST_TAG_SCOPE_GLOBAL, "rotate-180", GST_VIDEO_ORIENTATION_180},
               {GST_TAG_SCOPE_STREAM, "rotate-90", GST_VIDEO_ORIENTATION_90R},
               {GST_TAG_SCOPE_GLOBAL, "rotate-270", GST_VIDEO_ORIENTATION_90R},
               {GST_TAG_SCOPE_STREAM, NULL, GST_VIDEO_ORIENTATION_90R},
               {GST_TAG_SCOPE_STREAM, "rotate-0", GST_VIDEO_ORIENTATION_IDENTITY},
               {GST_TAG_SCOPE_STREAM, "flip-rotate-0", GST_VIDEO_ORIENTATION_HORIZ}};
  GstVideoOrientationMethod direction;
  GstSegment segment;

  g_assert_no_error (error);
  gst_bin_add_many (GST_BIN (pipeline), convert, sink, NULL);
  g_assert_true (gst_element_link (convert, sink));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_stream_start ("first")));
  g_assert_true (gst_pad_send_event (pad, gst_event_new_caps (caps)));
  g_assert_true (gst_pad_send_event (pad, gst_event_new_segment (&segment)));
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    say (pad, steps[i].scope, steps[i].says);
    g_object_get (flip, "video-direction", &direction, NULL);
    g_assert_cmpint (direction, ==, steps[i].wanted);
  }
  g_assert_true (gst_pad_send_event (pad, gst_event_new_stream_start ("second")));
  g_assert_true (gst_pad_send_event (pad, gst_event_new_segment (&segment)));
  g_object_get (flip, "video-direction", &direction, NULL);
  g_assert_cmpint (direction, ==, GST_VIDEO_ORIENTATION_IDENTITY);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* Clips one after the other: each as it was held, and one that says nothing stands as it is. */
static void
test_next_clip (void)
{
  RunFixture self;
  g_autofree char *path = NULL, *text = NULL;
  static const int order[] = {1, 0, 2};

  run_fixture_init (&self, 25);
  path = write_corners (&self);
  text = g_strdup_printf ("concat name=clips ! videoconvert name=video " CORNERS
                          "! taginject tags=image-orientation=rotate-90 ! clips. " CORNERS "! clips. " CORNERS
                          "! taginject tags=image-orientation=rotate-180 ! clips. ",
                          CORNERS_ARGS (path), CORNERS_ARGS (path), CORNERS_ARGS (path));
  run_fixture_start (&self, text);
  for (int clip = 0; clip < 3; clip++)
    for (int n = 0; n < 5; n++)
      check_corners (run_fixture_pull (&self, self.picture), &held[order[clip]]);
  run_fixture_clear (&self);
}

/* A picture with bands of its own along its edges: what is not in the middle is not 128. */
static GstBuffer *
draw_bands (int width, int height, const guint bands[4])
{
  gsize stride = ((gsize)width + 3) & ~3u, chroma = (((gsize)width / 2 + 3) & ~3u) * (gsize)height / 2;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, stride * (gsize)height + 2 * chroma, NULL);
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  memset (map.data, 128, map.size);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      if (x < width * (int)bands[0] / 100 || y < height * (int)bands[1] / 100 ||
          x >= width - width * (int)bands[2] / 100 || y >= height - height * (int)bands[3] / 100)
        map.data[(gsize)y * stride + (gsize)x] = 220;
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

typedef struct {
  const char *name;
  RegiaConvertCut cut;
  int width, height;       /* of the source */
  const char *orientation; /* (nullable) that it says of itself */
  guint bands[4];          /* that it has, before it is turned */
  /* Pixels of the programme, 320x180, that are not of the picture at each side; −1: some of its bands are
   * seen. */
  int left, top;
} Cut;

static const Cut cuts[] = {
    {"whole", {{0, 0, 0, 0}, FALSE}, 400, 300, NULL, {0, 0, 0, 0}, 40, 0},
    {"fill", {{0, 0, 0, 0}, TRUE}, 400, 300, NULL, {0, 12, 0, 12}, 0, 0},
    {"fill-wide", {{0, 0, 0, 0}, TRUE}, 640, 180, NULL, {24, 0, 24, 0}, 0, 0},
    {"crop", {{10, 20, 30, 5}, FALSE}, 640, 360, NULL, {10, 20, 30, 5}, 32, 0},
    {"crop-too-little", {{9, 20, 30, 5}, FALSE}, 640, 360, NULL, {10, 20, 30, 5}, -1, -1},
    {"crop-and-fill", {{10, 0, 10, 0}, TRUE}, 640, 360, NULL, {10, 10, 10, 10}, 0, 0},
    {"turned", {{0, 25, 0, 0}, FALSE}, 360, 640, "rotate-90", {25, 0, 0, 0}, 0, 22},
};

/* Cut as it is seen, upright, and again by what is left when the source changes its size. */
static void
test_cut (gconstpointer data)
{
  const Cut *this = data;
  g_autoptr (GError) error = NULL;
  GstElement *convert = regia_convert_picture_new (
      "video/x-raw,format=I420,width=320,height=180,pixel-aspect-ratio=1/1", 25, 1, &this->cut, &error);
  GstElement *pipeline = gst_pipeline_new (NULL), *source = gst_element_factory_make ("appsrc", NULL),
             *sink = gst_element_factory_make ("appsink", NULL);

  g_assert_no_error (error);
  g_object_set (source, "format", GST_FORMAT_TIME, NULL);
  g_object_set (sink, "sync", FALSE, NULL);
  gst_bin_add_many (GST_BIN (pipeline), source, convert, sink, NULL);
  g_assert_true (gst_element_link_many (source, convert, sink, NULL));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (int n = 0; n < 4; n++) {
    int times = n < 2 ? 1 : 2;
    g_autoptr (GstCaps) caps = gst_caps_new_simple (
        "video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, this->width * times, "height",
        G_TYPE_INT, this->height * times, "framerate", GST_TYPE_FRACTION, 25, 1, NULL);
    GstBuffer *buffer = draw_bands (this->width * times, this->height * times, this->bands);
    g_autoptr (GstSample) sample = NULL, seen = NULL;
    GstMapInfo map;
    int left = 0, top = 0, bands = 0;

    GST_BUFFER_PTS (buffer) = (guint64)n * 40 * GST_MSECOND;
    if (n == 0) {
      g_autoptr (GstSample) first = gst_sample_new (NULL, caps, NULL, NULL);

      gst_app_src_push_sample (GST_APP_SRC (source), first);
      if (this->orientation != NULL) {
        g_autoptr (GstPad) pad = gst_element_get_static_pad (source, "src");

        /* as a demuxer says it: before the first picture */
        gst_app_src_set_caps (GST_APP_SRC (source), caps);
        gst_element_send_event (source, gst_event_new_tag (gst_tag_list_new (GST_TAG_IMAGE_ORIENTATION,
                                                                             this->orientation, NULL)));
      }
    }
    sample = gst_sample_new (buffer, caps, NULL, NULL);
    gst_buffer_unref (buffer);
    g_assert_cmpint (gst_app_src_push_sample (GST_APP_SRC (source), sample), ==, GST_FLOW_OK);
    seen = gst_app_sink_try_pull_sample (GST_APP_SINK (sink), 20 * GST_SECOND);
    g_assert_nonnull (seen);
    g_assert_true (gst_buffer_map (gst_sample_get_buffer (seen), &map, GST_MAP_READ));
    while (left < 160 && map.data[90 * 320 + left] < 60)
      left++;
    while (top < 90 && map.data[top * 320 + 160] < 60)
      top++;
    for (int y = 0; y < 180; y++)
      for (int x = 0; x < 320; x++)
        bands += map.data[y * 320 + x] > 150;
    gst_buffer_unmap (gst_sample_get_buffer (seen), &map);
    g_test_message ("%s, %d times: bars %d and %d, %d pixels of bands", this->name, times, left, top, bands);
    if (this->left < 0) {
      g_assert_cmpint (bands, >, 0);
      continue;
    }
    g_assert_cmpint (bands, ==, 0);
    g_assert_cmpint (ABS (left - this->left), <=, 1);
    g_assert_cmpint (ABS (top - this->top), <=, 1);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes our own elements known */
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/engine/picture/interlaced/%s", cases[i].name);
    g_test_add_data_func (path, &cases[i], test_interlaced);
  }
  g_test_add_func ("/engine/picture/detail", test_detail);
  g_test_add_func ("/engine/picture/changes", test_changes);
  for (gsize i = 0; i < G_N_ELEMENTS (held); i++) {
    g_autofree char *path = g_strdup_printf ("/engine/picture/upright/%s", held[i].tag);
    g_test_add_data_func (path, &held[i], test_upright);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_autofree char *path = g_strconcat ("/engine/picture/cut/", cuts[i].name, NULL);
    g_test_add_data_func (path, &cuts[i], test_cut);
  }
  g_test_add_func ("/engine/picture/scopes", test_scopes);
  g_test_add_func ("/engine/picture/next-clip", test_next_clip);
  return g_test_run ();
}
