/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encode files other than x264's, and how one is found that works. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../../src/engine/rendition-private.h"
#include "../../src/engine/trial-private.h"
#include "fixture.h"
#include "regia/engine/check.h"

#define PARAMS "# param bitrate=300 kbit/s\n# param preset=ultrafast preset\n# param threads=1 threads\n"

/* (transfer full): gst-launch text: @before in front of x264. */
static char *
text_with (const char *before)
{
  return g_strdup_printf ("capsfilter name=in ! %s ! x264enc bitrate={bitrate} speed-preset={preset} "
                          "threads={threads} tune=zerolatency bframes=0 key-int-max=1000 byte-stream=false "
                          "option-string=\"scenecut=0\" ! "
                          "capsfilter name=out caps=\"video/x-h264,stream-format=avc,alignment=au\"",
                          before);
}

static char *
with_encoder (const char *encoder)
{
  return g_strdup_printf ("[event]\nname=Test\nplace=Here\n[programme]\nsize=640x360\nrate=25\n"
                          "[rendition 360p]\nsize=640x360\nbitrate=800k\npreset=ultrafast\nencoder=%s\n"
                          "[rendition 180p]\nsize=320x180\nbitrate=300k\npreset=ultrafast\nencoder=%s\n"
                          "[audio it]\nsources=camera\n"
                          "[source camera]\npipeline=test\nwidth=640\nheight=360\n",
                          encoder, encoder);
}

/* (transfer full) */
static char *
state_text (Fixture *self, const char *key, int rendition)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  g_autoptr (GVariant) list = g_variant_lookup_value (state, "renditions", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) boxed = rendition < 0 ? NULL : g_variant_get_child_value (list, (gsize)rendition);
  g_autoptr (GVariant) one = boxed ? g_variant_get_variant (boxed) : g_variant_ref (state);
  char *text = NULL;

  g_assert_true (g_variant_lookup (one, key, "s", &text));
  return text;
}

/* What parameter sets come with a keyframe are those of the track. */
static guint
check_parameter_sets (const RegiaTrack *track, GPtrArray *packets)
{
  gsize extra_size;
  const guint8 *extra = g_bytes_get_data (track->extradata, &extra_size);
  guint found = 0;

  for (guint i = 0; i < packets->len; i++) {
    gsize size, at = 0;
    const guint8 *data = g_bytes_get_data (((RegiaPacket *)packets->pdata[i])->payload, &size);

    while (at + 5 <= size) {
      gsize length =
          (gsize)data[at] << 24 | (gsize)data[at + 1] << 16 | (gsize)data[at + 2] << 8 | data[at + 3];
      guint type = data[at + 4] & 31;

      g_assert_cmpuint (at + 4 + length, <=, size);
      if (type == 7 || type == 8) {
        g_assert_nonnull (memmem (extra, extra_size, data + at + 4, length));
        found++;
      }
      at += 4 + length;
    }
    g_assert_cmpuint (at, ==, size);
  }
  return found;
}

/* The programme by OpenH264: everything that x264 does for it, and the blank behind the same parameters. */
static void
test_openh264 (void)
{
  Fixture self;
  g_autofree char *config = with_encoder ("openh264"), *blank = NULL, *used = NULL;
  g_autoptr (GPtrArray) first = NULL, second = NULL, tracks = NULL;

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_live, &self, 8));
  run_for (&self, 5);
  blank = state_text (&self, "blank-error", -1);
  g_assert_cmpstr (blank, ==, "");
  used = state_text (&self, "encoder", 0);
  g_assert_cmpstr (used, ==, "openh264");
  fixture_stop (&self);
  first = packets_of (&self, "video/360p");
  second = packets_of (&self, "video/180p");
  check_video (first, 120, TRUE);
  check_video (second, 120, TRUE);
  tracks = regia_feed_log_get_tracks (self.log);
  g_test_message ("%u frames of the source, %u parameter sets", check_numbers (&self, "video/360p", first),
                  check_parameter_sets (regia_tracks_find (tracks, "video/360p"), first) +
                      check_parameter_sets (regia_tracks_find (tracks, "video/180p"), second));
  g_assert_cmpuint (check_numbers (&self, "video/180p", second), >, 100);
  fixture_clear (&self);
}

/* --- trials --- */

static RegiaConfig *
parse (const char *encoder)
{
  g_autofree char *text = with_encoder (encoder);
  g_autoptr (GError) error = NULL;
  RegiaConfig *config = regia_config_parse (text, strlen (text), "test.conf", "/", FALSE, &error);

  g_assert_no_error (error);
  return config;
}

/* (transfer full) (nullable): why @encoder does not work. */
static char *
try_encoder (const char *encoder)
{
  g_autoptr (RegiaConfig) config = parse (encoder);
  const RegiaConfigValues *values = regia_config_get (config);
  g_autoptr (GError) error = NULL;
  RegiaEncoderSpec spec;
  gboolean ok;

  regia_rendition_spec (values, values->renditions->pdata[0], &spec);
  ok = regia_trial_encode (&spec, &error);
  regia_encoder_spec_clear (&spec);
  g_assert_true (ok == (error == NULL));
  if (error)
    g_test_message ("%s", error->message);
  return error ? g_strdup (error->message) : NULL;
}

static void
test_trial_works (void)
{
  g_autofree char *x264 = try_encoder ("x264"), *openh264 = try_encoder ("openh264");

  g_assert_null (x264);
  g_assert_null (openh264);
}

static void
test_trial_fails (void)
{
  static const struct {
    const char *before, *words;
  } cases[] = {
      {"valve drop=true drop-mode=forward-sticky-events", "gives 0 of 25 pictures"},
      {"identity error-after=10", "Failed after iterations as requested"},
      {"identity drop-probability=1", "gives 0 of 25 pictures"},
      {"identity sleep-time=400000", "and then nothing more"},
      {"identity drop-buffer-flags=gap ! videorate drop-only=true max-rate=5", "of 25 pictures"},
      {"identity name=x ! nosuchelement", "nosuchelement"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = text_with (cases[i].before), *path = write_pipeline ("x264enc", PARAMS, text);
    g_autofree char *why = try_encoder (path);

    g_assert_nonnull (why);
    g_assert_nonnull (strstr (why, cases[i].words));
    remove_pipeline (path);
  }
}

/* A keyframe that was asked for and did not come: such an encoder would make segments that nobody can begin
 * with. */
static void
test_trial_no_keyframe (void)
{
  g_autofree char *path =
      write_pipeline ("openh264enc", "# param bitrate=300 kbit/s\n",
                      "capsfilter name=in ! openh264enc gop-size=0 bitrate={bitrate}000 "
                      "min-force-key-unit-interval=100000000000 ! h264parse ! "
                      "capsfilter name=out caps=\"video/x-h264,stream-format=avc,alignment=au\"");
  g_autofree char *why = try_encoder (path);

  g_assert_cmpstr (why, ==, "makes no keyframe where one is asked for");
  remove_pipeline (path);
}

/* --- encoder = auto --- */

static const char *const shipped[] = {"vah264", "qsvh264",  "nvh264", "vaapih264", "v4l2h264",
                                      "x264",   "openh264", "aac",    "opus",      NULL};

/* (transfer full): a folder of pipeline files, those of the project but for encode/vah264, which is @text. */
static char *
make_folder (const char *text)
{
  char *folder = g_dir_make_tmp ("regia-encoders-XXXXXX", NULL);
  g_autofree char *from = regia_pipeline_folder (), *capture = g_build_filename (from, "capture", NULL);
  g_autofree char *here = g_build_filename (folder, "capture", NULL);
  g_autofree char *encode = g_build_filename (folder, "encode", NULL);

  g_assert_cmpint (symlink (capture, here), ==, 0);
  g_assert_cmpint (g_mkdir (encode, 0700), ==, 0);
  for (gsize i = 0; shipped[i]; i++) {
    g_autofree char *name = g_strconcat (shipped[i], ".pipeline", NULL);
    g_autofree char *target = g_build_filename (from, "encode", name, NULL);
    g_autofree char *path = g_build_filename (encode, name, NULL);

    if (i == 0)
      g_assert_true (g_file_set_contents (path, text, -1, NULL));
    else
      g_assert_cmpint (symlink (target, path), ==, 0);
  }
  return folder;
}

static void
remove_folder (const char *folder)
{
  g_autofree char *encode = g_build_filename (folder, "encode", NULL);
  g_autofree char *capture = g_build_filename (folder, "capture", NULL);

  for (gsize i = 0; shipped[i]; i++) {
    g_autofree char *name = g_strconcat (encode, "/", shipped[i], ".pipeline", NULL);

    g_unlink (name);
  }
  g_rmdir (encode);
  g_unlink (capture);
  g_rmdir (folder);
}

/* (transfer full) */
static char *
pipeline_file (const char *before)
{
  g_autofree char *text = text_with (before);

  return g_strdup_printf ("# summary: test\n# needs: x264enc\n" PARAMS "%s\n", text);
}

/* (transfer full): why none before @ret_found. */
static char *
choose (const char **ret_found)
{
  g_autoptr (RegiaConfig) config = parse ("auto");
  const RegiaConfigValues *values = regia_config_get (config);
  RegiaEncoderSpec spec;
  char *why = NULL;

  regia_rendition_spec (values, values->renditions->pdata[0], &spec);
  g_assert_true (spec.automatic);
  *ret_found = regia_trial_choose (&spec, &why);
  regia_encoder_spec_clear (&spec);
  return why;
}

/* Of what is there the first is taken that works, and each that was passed over says why. */
static void
test_auto_choice (void)
{
  g_autofree char *before = g_strdup (g_getenv ("REGIA_PIPELINES"));
  g_autofree char *bad = pipeline_file ("valve drop=true drop-mode=forward-sticky-events");
  g_autofree char *good = pipeline_file ("identity"), *folder = NULL, *path = NULL;
  const char *found = NULL;
  g_autofree char *here = choose (&found), *passed_over = NULL, *taken = NULL;

  g_test_message ("%s, because %s", found, here);
  g_assert_true (g_strv_contains (shipped, found));
  /* Machines with hardware take another one. */
  if (g_str_equal (found, "x264"))
    for (gsize i = 0; i < 5; i++) {
      g_autofree char *words = g_strconcat (shipped[i], ": ", NULL);

      g_assert_nonnull (strstr (here, words));
    }

  folder = make_folder (bad);
  g_setenv ("REGIA_PIPELINES", folder, TRUE);
  path = g_build_filename (folder, "encode", "vah264.pipeline", NULL);
  passed_over = choose (&found);
  g_assert_cmpstr (found, !=, "vah264");
  g_assert_true (g_str_has_prefix (passed_over, "vah264: gives 0 of 25 pictures"));
  g_assert_true (g_file_set_contents (path, good, -1, NULL));
  taken = choose (&found);
  g_assert_cmpstr (found, ==, "vah264");
  g_assert_cmpstr (taken, ==, "");
  g_setenv ("REGIA_PIPELINES", before, TRUE);
  remove_folder (folder);
}

static gboolean
fell_back (gpointer data)
{
  g_autofree char *first = state_text (data, "encoder", 0), *second = state_text (data, "encoder", 1);

  return !g_str_equal (first, "vah264") && !g_str_equal (second, "vah264");
}

static gboolean
goes_on (gpointer data)
{
  g_autoptr (GPtrArray) first = packets_of (data, "video/360p"), second = packets_of (data, "video/180p");
  g_autofree char *blank = state_text (data, "blank-error", -1);

  return first->len > 300 && second->len > 200 && blank[0] == '\0';
}

/* The one that was chosen works for four seconds and never again: the next one goes on, and what is recorded
 * has every frame. */
static void
test_auto_falls_back (void)
{
  Fixture self;
  g_autofree char *before = g_strdup (g_getenv ("REGIA_PIPELINES")), *config = with_encoder ("auto");
  g_autofree char *for_a_while = pipeline_file ("identity error-after=100");
  g_autofree char *never = pipeline_file ("identity error-after=1");
  g_autofree char *folder = make_folder (for_a_while);
  g_autofree char *path = g_build_filename (folder, "encode", "vah264.pipeline", NULL), *used = NULL,
                  *why = NULL;
  g_autoptr (GPtrArray) first = NULL, sound = NULL;

  g_setenv ("REGIA_PIPELINES", folder, TRUE);
  fixture_start (&self, config);
  used = state_text (&self, "encoder", 0);
  g_assert_cmpstr (used, ==, "vah264");
  why = state_text (&self, "encoder-why", 0);
  g_assert_cmpstr (why, ==, "");
  run_for (&self, 2);
  g_assert_true (g_file_set_contents (path, never, -1, NULL));
  g_assert_true (wait_for (&self, fell_back, &self, 15));
  g_assert_true (wait_for (&self, goes_on, &self, 20));
  fixture_stop (&self);
  first = packets_of (&self, "video/360p");
  sound = packets_of (&self, "audio/it");
  check_audio (sound, 1024, 400);
  for (guint i = 1; i < first->len; i++)
    g_assert_cmpint (((RegiaPacket *)first->pdata[i])->pts_ns - ((RegiaPacket *)first->pdata[i - 1])->pts_ns,
                     ==, 40 * REGIA_MSECOND);
  g_test_message ("%u pictures without a gap", first->len);
  fixture_clear (&self);
  g_setenv ("REGIA_PIPELINES", before, TRUE);
  remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes the marks' elements known */
  g_test_add_func ("/engine/encoders/openh264", test_openh264);
  g_test_add_func ("/engine/encoders/trial/works", test_trial_works);
  g_test_add_func ("/engine/encoders/trial/fails", test_trial_fails);
  g_test_add_func ("/engine/encoders/trial/no-keyframe", test_trial_no_keyframe);
  g_test_add_func ("/engine/encoders/auto/choice", test_auto_choice);
  g_test_add_func ("/engine/encoders/auto/falls-back", test_auto_falls_back);
  return g_test_run ();
}
