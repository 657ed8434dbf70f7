/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desk: a mixing desk for tests. Plays a voice (a WAV or any file, looped, quiet) and a beep of 1 kHz for 50
 * ms at each full second of the wall clock into a PulseAudio sink: the beep belongs to the instant at which
 * rtsp-camera's picture flashes.
 *
 *   desk [--server SERVER] [--device SINK] [VOICE.wav]
 *
 * Says "ready" when it plays. Ends with its standard input.
 */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <gst/app/app.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>
#include <math.h>
#include <stdio.h>

enum {
  RATE = 48000,
  BLOCK = 480,
  BEEP = RATE / 20,
};

/* The voice as samples, and where the desk is in it. */
typedef struct {
  GArray *voice; /* (element-type gint16) */
  guint64 position;
  GMainLoop *loop;
} Desk;

static gboolean
read_voice (Desk *self, const char *path, GError **error)
{
  g_autofree char *text = g_strdup_printf (
      "filesrc name=file ! decodebin ! audioconvert ! audioresample "
      "! audio/x-raw,format=S16LE,rate=%d,channels=1,layout=interleaved ! appsink name=out sync=false",
      RATE);
  g_autoptr (GstElement) pipeline = gst_parse_launch (text, error);
  g_autoptr (GstElement) out = NULL, file = NULL;
  g_autoptr (GstSample) sample = NULL;

  if (pipeline == NULL)
    return FALSE;
  out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  g_object_set (file, "location", path, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (out)))) {
    GstMapInfo map;
    GstBuffer *buffer = gst_sample_get_buffer (sample);

    if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
      g_array_append_vals (self->voice, map.data, (guint)(map.size / sizeof (gint16)));
      gst_buffer_unmap (buffer, &map);
    }
    g_clear_pointer (&sample, gst_sample_unref);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (self->voice->len > 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: no sound in it", path);
  return FALSE;
}

static void
need_data_cb (GstAppSrc *source, guint length, Desk *self)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, BLOCK * 2 * sizeof (gint16), NULL);
  GstMapInfo map;

  g_return_if_fail (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (int i = 0; i < BLOCK; i++) {
    guint64 at = self->position + (guint64)i;
    double value = self->voice->len ? g_array_index (self->voice, gint16, at % self->voice->len) / 8.0 : 0;
    guint within = (guint)(at % RATE);

    if (at >= RATE && within < BEEP) /* the first second is for the sink to get going */
      value += 16000 * sin (2 * G_PI * 1000 * within / RATE);
    ((gint16 *)map.data)[2 * i] = ((gint16 *)map.data)[2 * i + 1] = (gint16)CLAMP (value, -32768, 32767);
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (self->position, GST_SECOND, RATE);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale (BLOCK, GST_SECOND, RATE);
  self->position += BLOCK;
  gst_app_src_push_buffer (source, buffer);
}

static gboolean
message_cb (GstBus *bus, GstMessage *message, gpointer data)
{
  Desk *self = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;
    gst_message_parse_error (message, &error, NULL);
    fprintf (stderr, "desk: %s\n", error->message);
    g_main_loop_quit (self->loop);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
input_cb (GObject *stream, gpointer data)
{
  g_main_loop_quit (((Desk *)data)->loop);
  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv)
{
  g_autofree char *server = NULL, *device = NULL;
  const GOptionEntry entries[] = {
      {"server", 0, 0, G_OPTION_ARG_STRING, &server, "PulseAudio server", "ADDRESS"},
      {"device", 0, 0, G_OPTION_ARG_STRING, &device, "Sink", "NAME"},
      {NULL},
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("[VOICE]");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL, source = NULL, sink = NULL;
  g_autoptr (GstClock) clock = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GInputStream) input = g_unix_input_stream_new (0, FALSE);
  g_autoptr (GSource) watch = NULL;
  Desk self = {0};
  gint64 wall_ns;

  gst_init (NULL, NULL);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error)) {
    fprintf (stderr, "desk: %s\n", error->message);
    return 64;
  }
  self.voice = g_array_new (FALSE, FALSE, sizeof (gint16));
  if (argc > 1 && !read_voice (&self, argv[1], &error)) {
    fprintf (stderr, "desk: %s\n", error->message);
    return 66;
  }
  pipeline =
      gst_parse_launch ("appsrc name=source format=time is-live=false block=true max-bytes=8000 "
                        "caps=audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved "
                        "! pulsesink name=sink provide-clock=false buffer-time=100000 latency-time=10000",
                        &error);
  if (pipeline == NULL) {
    fprintf (stderr, "desk: %s\n", error->message);
    return 69;
  }
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_object_set (sink, "server", server, "device", device, NULL);
  g_signal_connect (source, "need-data", G_CALLBACK (need_data_cb), &self);
  bus = gst_element_get_bus (pipeline);
  gst_bus_add_watch (bus, message_cb, &self);
  self.loop = g_main_loop_new (NULL, FALSE);

  /* Running time 0 is a full second of the wall clock: 2 to 3 s ahead, so that nothing is late. */
  clock = gst_system_clock_obtain ();
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
  gst_element_set_start_time (pipeline, GST_CLOCK_TIME_NONE);
  wall_ns = g_get_real_time () * 1000;
  gst_element_set_base_time (pipeline, gst_clock_get_time (clock) +
                                           (guint64)(3 * GST_SECOND - (guint64)wall_ns % GST_SECOND));
  if (gst_element_set_state (pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    fprintf (stderr, "desk: the sink cannot be opened\n");
    return 74;
  }
  puts ("ready");
  fflush (stdout);
  watch = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
  g_source_set_callback (watch, G_SOURCE_FUNC (input_cb), &self, NULL);
  g_source_attach (watch, NULL);
  g_main_loop_run (self.loop);

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  g_array_unref (self.voice);
  g_main_loop_unref (self.loop);
  return 0;
}
