/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which decoder is taken, and what becomes of one that fails: against a stand-in for hardware, which is
 * software that fails on command. */
#include <string.h>

#include "../../src/engine/launch-private.h"
#include "../wait.h"
#include "fixture.h"
#include "run-fixture.h"

#define HARDWARE "testhardwaredec"
#define CODED                                                                                                \
  "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc tune=zerolatency "  \
  "speed-preset=ultrafast key-int-max=12 ! video/x-h264,profile=baseline ! decodebin "                       \
  "capsfilter caps=video/x-raw(ANY) ! videoconvert name=video"

typedef enum { WORKS, CANNOT_OPEN, FAILS_AT_ONCE, FAILS_LATER } Behaviour;

static int behaviour; /* atomic */
static int buffers;   /* atomic: that it has been given */

typedef GstBin StandIn;
typedef GstBinClass StandInClass;

static GType stand_in_get_type (void);
G_DEFINE_TYPE (StandIn, stand_in, GST_TYPE_BIN)

static GstStaticPadTemplate takes =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-h264"));
static GstStaticPadTemplate gives =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));

/* A driver that gives up; GStreamer's own do it with these very words. */
static GstPadProbeReturn
fail_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (g_atomic_int_get (&behaviour) == FAILS_LATER && g_atomic_int_add (&buffers, 1) < 25)
    return GST_PAD_PROBE_OK;
  if (g_atomic_int_get (&behaviour) >= FAILS_AT_ONCE)
    GST_ELEMENT_ERROR (user_data, STREAM, DECODE, ("the chip has lost its context"), (NULL));
  return g_atomic_int_get (&behaviour) >= FAILS_AT_ONCE ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static void
add_ghost (GstBin *self, GstElement *decoder, const char *name, GstPad **ret_pad)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (decoder, name);

  *ret_pad = gst_ghost_pad_new (name, pad);
  gst_element_add_pad (GST_ELEMENT (self), *ret_pad);
}

static void
stand_in_init (StandIn *self)
{
  GstElement *decoder = gst_element_factory_make ("avdec_h264", NULL);
  GstPad *sink, *src;

  gst_bin_add (self, decoder);
  add_ghost (self, decoder, "sink", &sink);
  add_ghost (self, decoder, "src", &src);
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, fail_cb, self, NULL);
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange change)
{
  if (change == GST_STATE_CHANGE_NULL_TO_READY && g_atomic_int_get (&behaviour) == CANNOT_OPEN)
    return GST_STATE_CHANGE_FAILURE;
  return GST_ELEMENT_CLASS (stand_in_parent_class)->change_state (element, change);
}

static void
stand_in_class_init (StandInClass *class)
{
  GstElementClass *element = GST_ELEMENT_CLASS (class);

  gst_element_class_add_static_pad_template (element, &takes);
  gst_element_class_add_static_pad_template (element, &gives);
  gst_element_class_set_static_metadata (element, "Stand-in", "Codec/Decoder/Video/Hardware", "Fails",
                                         "Regia");
  element->change_state = change_state;
}

static void
expect_pictures (RunFixture *self, guint count)
{
  while (count-- > 0)
    gst_sample_unref (run_fixture_pull (self, self->picture));
}

/* Those of a run that is gone. */
static void
forget_pictures (RunFixture *self)
{
  GstSample *sample;

  while ((sample = gst_app_sink_try_pull_sample (GST_APP_SINK (self->picture), GST_SECOND / 5)) != NULL)
    gst_sample_unref (sample);
}

static void
expect (RunFixture *self, const char *decoder, const char *note)
{
  g_autofree char *used = regia_decoders_get_used (self->plan->decoders),
                  *said = regia_run_get_note (self->run);

  g_assert_cmpstr (used, ==, decoder);
  g_assert_cmpstr (said, ==, note);
}

static void
behave (Behaviour how)
{
  g_atomic_int_set (&buffers, 0);
  g_atomic_int_set (&behaviour, how);
}

static void
begin (RunFixture *self, Behaviour how)
{
  behave (how);
  run_fixture_init (self, 25);
  run_fixture_start (self, CODED);
}

/* Of the lowest rank, and taken all the same. */
static void
test_first (void)
{
  RunFixture self;

  begin (&self, WORKS);
  expect_pictures (&self, 5);
  expect (&self, HARDWARE, "");
  run_fixture_clear (&self);
}

static void
test_cannot_open (void)
{
  RunFixture self;

  begin (&self, CANNOT_OPEN);
  expect_pictures (&self, 5);
  expect (&self, "avdec_h264",
          HARDWARE " is not used any more: it cannot be opened here, or does not take what comes");
  run_fixture_clear (&self);
}

/* The run ends and says why; the next one, which its owner begins at once, does without. */
static void
test_fails (gconstpointer how)
{
  RunFixture self;
  RegiaRunInfo info;
  g_autofree char *error = NULL;

  begin (&self, GPOINTER_TO_INT (how));
  error = run_fixture_error (&self);
  g_assert_nonnull (strstr (error, "the chip has lost its context"));
  regia_run_get_info (self.run, &info);
  g_assert_true (info.again);
  g_assert_cmpint (info.end, ==, REGIA_RUN_ERROR);
  run_fixture_end (&self);
  forget_pictures (&self);
  run_fixture_start (&self, CODED);
  expect_pictures (&self, 5);
  expect (&self, "avdec_h264", HARDWARE " is not used any more: the chip has lost its context");
  run_fixture_clear (&self);
}

/* An error of something else is not the decoder's. */
static void
test_other (void)
{
  RunFixture self;
  RegiaRunInfo info;
  g_autofree char *error = NULL;

  behave (WORKS);
  run_fixture_init (&self, 25);
  run_fixture_start (&self, "filesrc location=/nonexistent ! decodebin "
                            "capsfilter caps=video/x-raw(ANY) ! videoconvert name=video");
  error = run_fixture_error (&self);
  regia_run_get_info (self.run, &info);
  g_assert_false (info.again);
  expect (&self, "", "");
  run_fixture_clear (&self);
}

static gboolean
is_live_again (gpointer data)
{
  g_auto (SourceState) state = first_source (data);

  return strcmp (state.state, "live") == 0 && state.has_video && state.restarts == 1;
}

/* In the middle of an event: on with software, at once. */
static void
test_event (void)
{
  Fixture self;
  g_autofree char *path = write_pipeline ("videotestsrc", "", CODED);
  g_autofree char *source = g_strdup_printf ("[source camera]\npipeline=%s\n", path);
  g_autofree char *config = with_source (source);

  behave (FAILS_LATER);
  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_live, &self, 10));
  g_assert_true (wait_for (&self, is_live_again, &self, 10));
  {
    g_auto (SourceState) state = first_source (&self);

    g_assert_nonnull (strstr (state.error, "the chip has lost its context"));
  }
  fixture_stop (&self);
  fixture_clear (&self);
  remove_pipeline (path);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_gst_init (&error));
  g_assert_true (gst_element_register (NULL, HARDWARE, GST_RANK_NONE, stand_in_get_type ()));
  g_test_add_func ("/engine/decoders/first", test_first);
  g_test_add_func ("/engine/decoders/cannot-open", test_cannot_open);
  g_test_add_data_func ("/engine/decoders/fails-at-once", GINT_TO_POINTER (FAILS_AT_ONCE), test_fails);
  g_test_add_data_func ("/engine/decoders/fails-later", GINT_TO_POINTER (FAILS_LATER), test_fails);
  g_test_add_func ("/engine/decoders/other", test_other);
  g_test_add_func ("/engine/decoders/event", test_event);
  return g_test_run ();
}
