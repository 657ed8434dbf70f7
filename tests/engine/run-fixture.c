/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "../wait.h"
#include "regia/engine/check.h"

#define AUDIO_CAPS                                                                                           \
  "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved,channel-mask=(bitmask)0x3"

void
run_fixture_init (RunFixture *self, guint rate)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) picture = NULL, sound = NULL;
  g_autofree char *text = NULL;

  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes our own elements known */
  memset (self, 0, sizeof *self);
  self->folder = g_dir_make_tmp ("regia-engine-XXXXXX", NULL);
  self->plan = regia_run_plan_new ();
  self->plan->name = g_strdup ("camera");
  self->plan->where = g_strdup ("source camera (test)");
  self->plan->video_caps = g_strdup_printf (
      "video/x-raw,format=I420,width=%d,height=%d,pixel-aspect-ratio=1/1,interlace-mode=progressive,"
      "colorimetry=bt709,chroma-site=mpeg2",
      WIDTH, HEIGHT);
  self->plan->audio_caps = g_strdup (AUDIO_CAPS);
  self->plan->rate_num = rate;
  self->plan->rate_den = 1;
  self->plan->epoch.monotonic_ns = regia_clock_monotonic_ns () - 61 * REGIA_SECOND;
  self->plan->late_limit_ns = 150 * REGIA_MSECOND;
  text = g_strdup_printf (
      "appsrc name=picture-in format=time max-bytes=0 caps=\"%s\" ! appsink name=picture sync=false "
      "async=false "
      "appsrc name=sound-in format=time max-bytes=0 caps=\"%s\" ! appsink name=sound sync=false async=false",
      self->plan->video_caps, self->plan->audio_caps);
  self->pipeline = gst_parse_launch (text, &error);
  g_assert_no_error (error);
  picture = gst_bin_get_by_name (GST_BIN (self->pipeline), "picture-in");
  sound = gst_bin_get_by_name (GST_BIN (self->pipeline), "sound-in");
  self->picture = gst_bin_get_by_name (GST_BIN (self->pipeline), "picture");
  self->sound = gst_bin_get_by_name (GST_BIN (self->pipeline), "sound");
  g_ptr_array_add (self->plan->video_targets, g_steal_pointer (&picture));
  g_ptr_array_add (self->plan->audio_targets, g_steal_pointer (&sound));
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
}

void
run_fixture_start (RunFixture *self, const char *text)
{
  g_free (self->plan->text);
  self->plan->text = g_strdup (text);
  self->run = regia_run_start (self->plan, FALSE);
}

void
run_fixture_end (RunFixture *self)
{
  if (self->run == NULL)
    return;
  regia_run_stop (self->run);
  g_assert_true (regia_run_wait_gone (self->run, regia_clock_monotonic_ns () + 5 * REGIA_SECOND));
  g_clear_pointer (&self->run, regia_run_free);
}

void
run_fixture_clear (RunFixture *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);

  run_fixture_end (self);
  for (const char *name = g_dir_read_name (dir); name; name = g_dir_read_name (dir)) {
    g_autofree char *path = run_fixture_path (self, name);
    g_remove (path);
  }
  g_rmdir (self->folder);
  g_free (self->folder);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (self->picture);
  gst_object_unref (self->sound);
  gst_object_unref (self->pipeline);
  regia_run_plan_unref (self->plan);
}

GstSample *
run_fixture_pull (RunFixture *self, GstElement *sink)
{
  GstSample *sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink), 20 * GST_SECOND);

  if (sample == NULL) {
    g_autofree char *error = regia_run_get_error (self->run);
    g_error ("nothing comes from the source: \"%s\"", error);
  }
  return sample;
}

static gboolean
has_ended (RunFixture *self)
{
  RegiaRunInfo info;

  regia_run_get_info (self->run, &info);
  return info.ended;
}

char *
run_fixture_error (RunFixture *self)
{
  WAIT_UNTIL (has_ended (self));
  return regia_run_get_error (self->run);
}

char *
run_fixture_path (RunFixture *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}
