/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What desks, cameras and films give for sound: from one channel to 32, with positions and without; which of
 * them are heard, and how loud. Each channel has a tone of its own. */
#include <gst/audio/audio.h>
#include <math.h>
#include <string.h>

#include "run-fixture.h"

#define SECONDS   1.5
#define LOUD      0.25
#define FIRST_HZ  400
#define STEP_HZ   150 /* 32 channels stay below 5100 Hz, which 11 kHz can carry too */
#define SAMPLES   19200
#define SILENT_DB (-55.0)

static double
hz_of (guint channel)
{
  return FIRST_HZ + STEP_HZ * (channel - 1);
}

/* dB of a channel's tone in one side of what was handed over (Goertzel), 0 dB being the loudness it was made
 * with. 400 ms: all tones turn whole times. */
static double
loudness_db (const float *samples, guint side, guint channel)
{
  double turn = 2 * G_PI * hz_of (channel) / 48000, real = 0, imaginary = 0;

  for (guint i = 0; i < SAMPLES; i++) {
    real += samples[2 * i + side] * cos (turn * i);
    imaginary += samples[2 * i + side] * sin (turn * i);
  }
  return 20 * log10 (MAX (2 * hypot (real, imaginary) / SAMPLES / LOUD, 1e-6));
}

typedef struct {
  const char *name;
  guint channels, rate;
  guint64 mask;      /* of positions, 0: none */
  const char *how;   /* it is stored, when not as a wave file */
  guint wanted[2];   /* what the event file says */
  guint left, right; /* what is to be heard */
  double db;
  const char *used;
} Case;

static const Case cases[] = {
    {"mono-8k-alaw", 1, 8000, 0x4, "audioconvert ! alawenc ! wavenc", {0, 0}, 1, 1, 0, "all"},
    {"mono-44k", 1, 44100, 0x4, NULL, {0, 0}, 1, 1, 0, "all"},
    {"mono-chosen", 1, 48000, 0x4, NULL, {1, 1}, 1, 1, 0, "1"},
    {"stereo", 2, 48000, 0x3, NULL, {0, 0}, 1, 2, 0, "all"},
    {"stereo-44k", 2, 44100, 0x3, NULL, {0, 0}, 1, 2, 0, "all"},
    {"stereo-96k-flac", 2, 96000, 0x3, "audioconvert ! flacenc", {0, 0}, 1, 2, 0, "all"},
    {"stereo-unpositioned", 2, 48000, 0, "matroskamux", {0, 0}, 1, 2, 0, "all"},
    {"stereo-swapped", 2, 48000, 0x3, NULL, {2, 1}, 2, 1, 0, "2 and 1"},
    {"stereo-one", 2, 48000, 0x3, NULL, {2, 2}, 2, 2, 0, "2"},
    {"stereo-too-few", 2, 48000, 0x3, NULL, {3, 4}, 1, 2, 0, "1 and 2"},
    {"film", 6, 48000, 0x3f, NULL, {0, 0}, 1, 2, -10.1, "all"},
    {"film-flac", 6, 48000, 0x3f, "audioconvert ! flacenc", {0, 0}, 1, 2, -10.1, "all"},
    {"film-centre", 6, 48000, 0x3f, NULL, {3, 3}, 3, 3, 0, "3"},
    {"desk", 10, 48000, 0, NULL, {0, 0}, 1, 2, 0, "1 and 2"},
    {"desk-16-bits",
     10,
     48000,
     0,
     "audioconvert ! audio/x-raw,format=S16LE ! matroskamux",
     {0, 0},
     1,
     2,
     0,
     "1 and 2"},
    {"desk-matroska", 10, 48000, 0, "matroskamux", {9, 10}, 9, 10, 0, "9 and 10"},
    {"desk-96k", 10, 96000, 0, NULL, {3, 4}, 3, 4, 0, "3 and 4"},
    {"desk-44k", 10, 44100, 0, NULL, {5, 5}, 5, 5, 0, "5"},
    {"desk-too-few", 10, 48000, 0, NULL, {11, 12}, 1, 2, 0, "1 and 2"},
    {"sixteen", 16, 48000, 0, NULL, {0, 0}, 1, 2, 0, "1 and 2"},
    {"sixteen-last", 16, 48000, 0, NULL, {15, 16}, 15, 16, 0, "15 and 16"},
    {"thirty-two", 32, 48000, 0, NULL, {0, 0}, 1, 2, 0, "1 and 2"},
    {"thirty-two-last", 32, 48000, 0, NULL, {32, 32}, 32, 32, 0, "32"},
};

static void
put (GByteArray *file, guint64 value, guint bytes)
{
  for (guint i = 0; i < bytes; i++) {
    guint8 byte = (guint8)(value >> (8 * i));
    g_byte_array_append (file, &byte, 1);
  }
}

/* Tones, one for each channel, as WAVE_FORMAT_EXTENSIBLE (RFC 2361; mmreg.h), which can say that nothing is
 * known of a channel's place. */
static void
write_wave (const char *path, guint channels, guint rate, guint64 mask)
{
  static const guint8 is_float[] = {3, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
  guint frames = (guint)(SECONDS * rate), bytes = frames * channels * 4;
  g_autoptr (GByteArray) file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *)"RIFF", 4);
  put (file, 60 + bytes, 4);
  g_byte_array_append (file, (const guint8 *)"WAVEfmt ", 8);
  put (file, 40, 4);
  put (file, 0xfffe, 2);
  put (file, channels, 2);
  put (file, rate, 4);
  put (file, rate * channels * 4, 4);
  put (file, channels * 4, 2);
  put (file, 32, 2);
  put (file, 22, 2);
  put (file, 32, 2);
  put (file, mask, 4);
  g_byte_array_append (file, is_float, sizeof is_float);
  g_byte_array_append (file, (const guint8 *)"data", 4);
  put (file, bytes, 4);
  for (guint i = 0; i < frames; i++)
    for (guint c = 0; c < channels; c++) {
      float sample = (float)(LOUD * sin (2 * G_PI * hz_of (c + 1) * i / rate));
      g_byte_array_append (file, (guint8 *)&sample, sizeof sample);
    }
  g_assert_true (g_file_set_contents (path, (char *)file->data, file->len, NULL));
}

/* From a wave file to another kind. */
static void
convert (const char *from, const char *how, const char *to)
{
  g_autofree char *text =
      g_strdup_printf ("filesrc location=%s ! wavparse ! %s ! filesink location=%s", from, how, to);
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
}

/* (transfer full): so many samples of what is handed over, after the first @skip. */
static float *
take (RunFixture *self, guint skip)
{
  float *samples = g_new (float, 2 * SAMPLES);

  for (guint have = 0; have < SAMPLES + skip;) {
    GstSample *sample = run_fixture_pull (self, self->sound);
    GstMapInfo map;
    guint frames, from, count;

    g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
    frames = (guint)(map.size / (2 * sizeof (float)));
    from = have < skip ? MIN (skip - have, frames) : 0;
    count = MIN (frames - from, SAMPLES + skip - have - from);
    if (have + from >= skip)
      memcpy (samples + 2 * (have + from - skip), (float *)map.data + 2 * from, count * 2 * sizeof (float));
    have += frames;
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    gst_sample_unref (sample);
  }
  return samples;
}

static void
check_heard (const float *samples, guint channels, guint left, guint right, double db, gboolean alone)
{
  const guint wanted[] = {left, right};

  for (guint side = 0; side < 2; side++)
    for (guint channel = 1; channel <= channels; channel++) {
      double found = loudness_db (samples, side, channel);

      if (channel == wanted[side]) {
        g_test_message ("%s: channel %u at %.1f dB", side ? "right" : "left", channel, found);
        g_assert_cmpfloat (ABS (found - db), <, 0.5);
      } else if (alone)
        g_assert_cmpfloat (found, <, SILENT_DB);
    }
}

static void
test_file (gconstpointer data)
{
  const Case *this = data;
  RunFixture self;
  g_autofree char *wave = NULL, *path = NULL, *text = NULL, *used = NULL, *note = NULL;
  g_autofree float *samples = NULL;
  RegiaRunInfo info;

  run_fixture_init (&self, 25);
  wave = run_fixture_path (&self, "tones.wav");
  path = this->how ? run_fixture_path (&self, "tones") : g_strdup (wave);
  write_wave (wave, this->channels, this->rate, this->mask);
  if (this->how)
    convert (wave, this->how, path);
  self.plan->channels[0] = this->wanted[0];
  self.plan->channels[1] = this->wanted[1];
  text = g_strdup_printf ("filesrc location=%s ! decodebin name=decoder decoder. ! audioconvert name=audio",
                          path);
  run_fixture_start (&self, text);
  samples = take (&self, 9600);
  check_heard (samples, this->channels, this->left, this->right, this->db, this->db == 0);
  regia_run_get_info (self.run, &info);
  g_assert_cmpuint (info.channels.channels, ==, this->channels);
  used = regia_channels_words (&info.channels);
  g_assert_cmpstr (used, ==, this->used);
  note = regia_run_get_note (self.run);
  if (MAX (this->wanted[0], this->wanted[1]) > this->channels) {
    g_test_message ("%s", note);
    g_assert_nonnull (strstr (note, "channels"));
    g_assert_nonnull (strstr (note, this->used));
  } else
    g_assert_cmpstr (note, ==, "");
  run_fixture_clear (&self);
}

/* A desk that is switched over in the midst: other rate, other number of channels, and back. */
static void
test_changes (void)
{
  static const struct {
    guint channels, rate;
  } parts[] = {{2, 48000}, {10, 44100}, {1, 8000}, {10, 96000}};
  RunFixture self;
  g_autoptr (GString) text = g_string_new ("concat name=parts ! audioconvert name=audio ");

  run_fixture_init (&self, 25);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *name = g_strdup_printf ("%u.raw", i), *path = run_fixture_path (&self, name);

    write_wave (path, parts[i].channels, parts[i].rate,
                parts[i].channels == 1   ? 4
                : parts[i].channels == 2 ? 3
                                         : 0);
    g_string_append_printf (text, "filesrc location=%s ! wavparse ! parts. ", path);
  }
  run_fixture_start (&self, text->str);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    guint whole = (guint)(SECONDS * 48000), middle = (whole - SAMPLES) / 2;
    g_autofree float *samples = take (&self, i == 0 ? middle : 2 * middle);

    check_heard (samples, parts[i].channels, 1, parts[i].channels == 1 ? 1 : 2, 0, TRUE);
  }
  run_fixture_clear (&self);
}

static void
test_choose (void)
{
  RegiaChannelsUse use = regia_channels_choose (10, FALSE, 3, 11);
  g_autofree char *note = regia_channels_note (&use), *none = NULL;
  RegiaChannelsUse nothing = {0};

  g_assert_true (use.missing);
  g_assert_cmpuint (use.left, ==, 1);
  g_assert_cmpuint (use.right, ==, 2);
  g_assert_cmpstr (
      note, ==,
      "it has 10 channels, so \"channels\" cannot take 3 and 11: 1 and 2 are used instead; correct "
      "\"channels\", or the device's profile");
  use = regia_channels_choose (1, TRUE, 3, 3);
  g_assert_cmpuint (use.left, ==, 1);
  g_assert_cmpuint (use.right, ==, 1);
  none = regia_channels_words (&nothing);
  g_assert_cmpstr (none, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/sound/choose", test_choose);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/engine/sound/file/%s", cases[i].name);
    g_test_add_data_func (path, &cases[i], test_file);
  }
  g_test_add_func ("/engine/sound/changes", test_changes);
  return g_test_run ();
}
