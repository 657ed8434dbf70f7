/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The capture files that are shipped, each as the engine runs it, with its defaults where it has any: against
 * senders and servers that run here, by the pictures' own marks. What this machine has none of (cameras,
 * sound cards and DeckLink cards) is tested for what is said when it is not there. */
#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/engine/launch-private.h"
#include "../wait.h"
#include "regia/engine/check.h"
#include "regia/engine/mark.h"
#include "run-fixture.h"

#define MARKED                                                                                               \
  "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! regiamark "
#define H264 "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 key-int-max=12 "
#define TONE "audiotestsrc is-live=true samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 "
#define SENT MARKED H264 "! mux. " TONE "! avenc_aac ! mux. mpegtsmux name=mux alignment=7 "

/* What another program does. */
static GstElement *
play (const char *text)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
  return pipeline;
}

static void
end (GstElement *pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* A port that is free, even, and the next one too. */
static int
free_port (void)
{
  for (;;) {
    int fds[2], port = 0;
    gboolean both = TRUE;

    for (int i = 0; i < 2; i++) {
      struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons ((guint16)(i ? port + 1 : 0))};
      socklen_t length = sizeof address;

      address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
      fds[i] = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      both = both && bind (fds[i], (struct sockaddr *)&address, sizeof address) == 0;
      getsockname (fds[i], (struct sockaddr *)&address, &length);
      port = i ? port : ntohs (address.sin_port);
    }
    close (fds[0]);
    close (fds[1]);
    if (both && port % 2 == 0)
      return port;
  }
}

/* The file called @pipeline, with parameters (name, value, …, NULL); until run_fixture_clear(). */
static void G_GNUC_NULL_TERMINATED
start (RunFixture *self, const char *pipeline, ...)
{
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  const char *name;
  va_list list;

  va_start (list, pipeline);
  while ((name = va_arg (list, const char *)))
    g_hash_table_insert (values, (char *)name, va_arg (list, char *));
  va_end (list);
  g_assert_true (regia_engine_check_source (pipeline, values, &error));
  g_assert_no_error (error);
  run_fixture_init (self, 25);
  text = regia_launch_text ("capture", pipeline, values, &self->plan->sender_clock, &self->plan->secrets,
                            &error);
  g_assert_no_error (error);
  run_fixture_start (self, text);
}

/* @count pictures with marks, each newer than the one before, the quickest of them @late_ms old at most: the
 * others wait for a processor as well. */
static void
expect_marks (RunFixture *self, guint count, gint64 late_ms)
{
  guint32 last = 0;
  gint64 least_ms = G_MAXINT64;

  for (guint seen = 0, looked = 0; seen < count; looked++) {
    g_autoptr (GstSample) sample = run_fixture_pull (self, self->picture);
    GstBuffer *buffer = gst_sample_get_buffer (sample);
    gint64 made_ms, now_ms = g_get_real_time () / 1000;
    guint32 frame;
    GstMapInfo map;

    g_assert_cmpuint (looked, <, 4 * count);
    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    if (regia_mark_read (map.data, WIDTH, WIDTH, HEIGHT, &frame, &made_ms)) {
      g_assert_cmpuint (frame, >=, last);
      seen += frame > last;
      last = frame;
      least_ms = MIN (least_ms, now_ms - made_ms);
    }
    gst_buffer_unmap (buffer, &map);
  }
  g_test_message ("pictures from %" G_GINT64_FORMAT " ms old on", least_ms);
  g_assert_cmpint (least_ms, <, late_ms);
}

static float
loudest (GstSample *sample)
{
  GstMapInfo map;
  float peak = 0;

  g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ));
  for (gsize i = 0; i < map.size / sizeof (float); i++)
    peak = MAX (peak, ABS (((const float *)(gconstpointer)map.data)[i]));
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  return peak;
}

/* Half a second that is heard. */
static void
expect_sound (RunFixture *self)
{
  guint heard = 0, looked = 0;

  while (heard < REGIA_SECOND / 2 * 48 / REGIA_MSECOND) {
    g_autoptr (GstSample) sample = run_fixture_pull (self, self->sound);

    g_assert_cmpuint (looked++, <, 2000);
    if (loudest (sample) > 0.1f)
      heard += (guint)(gst_buffer_get_size (gst_sample_get_buffer (sample)) / (2 * sizeof (float)));
  }
}

/* It fails, or ends; its words have all of @…, and nothing secret. It is over then. */
static void G_GNUC_NULL_TERMINATED
expect_words (RunFixture *self, ...)
{
  g_autofree char *words = run_fixture_error (self);
  const char *wanted;
  va_list list;

  g_test_message ("%s", words);
  for (char **secret = self->plan->secrets; *secret; secret++)
    g_assert_null (strstr (words, *secret));
  va_start (list, self);
  while ((wanted = va_arg (list, const char *)))
    if (strstr (words, wanted) == NULL)
      g_error ("\"%s\" is not in \"%s\"", wanted, words);
  va_end (list);
  run_fixture_clear (self);
}

#define PASSPHRASE "tramontana e libeccio"

/* Called, waited for, with the right passphrase and another one; and once more after the other end was away.
 */
static void
test_srt (void)
{
  RunFixture self;
  g_autofree char *listen = NULL, *call = NULL, *to_caller = NULL, *to_listener = NULL;
  GstElement *sender;
  int port = free_port ();

  call = g_strdup_printf ("srt://127.0.0.1:%d", port);
  listen = g_strdup_printf ("srt://127.0.0.1:%d?mode=listener", port);
  to_caller = g_strdup_printf (SENT "! srtsink uri=%s latency=20 passphrase=\"" PASSPHRASE "\"", listen);
  to_listener = g_strdup_printf (SENT "! srtsink uri=%s latency=20 passphrase=\"" PASSPHRASE "\"", call);

  start (&self, "srt", "uri", call, "passphrase", PASSPHRASE, NULL);
  expect_words (&self, "does not answer in time", "switched on", NULL);
  sender = play (to_caller);
  start (&self, "srt", "uri", call, "passphrase", "scirocco", NULL); /* too short */
  expect_words (&self, "passphrase", NULL);
  start (&self, "srt", "uri", call, "passphrase", "another one it is", NULL);
  expect_words (&self, "wants another passphrase", NULL);
  start (&self, "srt", "uri", call, "passphrase", PASSPHRASE, "latency", "20", NULL);
  expect_marks (&self, 25, 2000);
  expect_sound (&self);
  end (sender);
  expect_words (&self, "does not answer any more", NULL);

  start (&self, "srt", "uri", listen, "passphrase", PASSPHRASE, "latency", "20", NULL);
  sender = play (to_listener);
  expect_marks (&self, 25, 2000);
  expect_sound (&self);
  end (sender);
  expect_words (&self, "ended", NULL);
}

/* To this computer, and to a multicast group. */
static void
test_udp (void)
{
  static const char *const groups[] = {"127.0.0.1", "239.255.77.1"};

  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++) {
    int port = free_port ();
    RunFixture self;
    g_autofree char *number = g_strdup_printf ("%d", port),
                    *text = g_strdup_printf (SENT "! udpsink host=%s port=%d multicast-iface=lo sync=false",
                                             groups[i], port);
    GstElement *sender = play (text);

    start (&self, "udp", "port", number, "address", groups[i], "interface", i ? "lo" : "", NULL);
    expect_marks (&self, 25, 2000);
    expect_sound (&self);
    run_fixture_clear (&self);
    end (sender);
  }
}

static void
test_rist (void)
{
  int port = free_port ();
  RunFixture self;
  g_autofree char *number = g_strdup_printf ("%d", port),
                  *text = g_strdup_printf (SENT "! rtpmp2tpay ! ristsink address=127.0.0.1 port=%d", port);
  GstElement *sender;

  start (&self, "rist", "port", number, "address", "127.0.0.1", "latency", "100", NULL);
  sender = play (text);
  expect_marks (&self, 25, 2000);
  expect_sound (&self);
  run_fixture_clear (&self);
  end (sender);
}

/* PNG and JPEG, of another size than the programme; shown again and again. */
static void
test_image (void)
{
  static const char *const encoders[] = {"pngenc", "jpegenc"};
  RunFixture self;

  for (gsize i = 0; i < G_N_ELEMENTS (encoders); i++) {
    GstClockTime at = 0;

    g_autofree char *folder = g_dir_make_tmp ("regia-image-XXXXXX", NULL),
                    *path = g_build_filename (folder, "picture", NULL);
    g_autofree char *text =
        g_strdup_printf ("videotestsrc num-buffers=1 ! video/x-raw,format=I420,width=960,height=720 ! "
                         "regiamark ! videoconvert ! %s ! filesink location=%s",
                         encoders[i], path);
    GstElement *program = play (text);
    g_autoptr (GstBus) bus = gst_element_get_bus (program);

    gst_message_unref (gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS));
    end (program);
    start (&self, "image", "location", path, NULL);
    for (guint shown = 0; shown < 4; shown++) {
      g_autoptr (GstSample) sample = run_fixture_pull (&self, self.picture);
      GstBuffer *buffer = gst_sample_get_buffer (sample);
      GstMapInfo map;

      g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
      g_assert_true (regia_mark_read (map.data, WIDTH, WIDTH, HEIGHT, NULL, NULL));
      gst_buffer_unmap (buffer, &map);
      g_assert_cmpuint (GST_BUFFER_PTS (buffer), >, at);
      at = GST_BUFFER_PTS (buffer);
    }
    run_fixture_clear (&self);
    g_unlink (path);
    start (&self, "image", "location", path, NULL);
    expect_words (&self, path, "is not there", NULL);
    g_rmdir (folder);
  }
}

/* In the child: the server ends with this test, however that ends. */
static void
end_with_parent_cb (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

/* A server of its own; %NULL where it is not installed. @ready: what is there when it can be reached. */
static GSubprocess *
serve (const char *ready, const char *const *argv)
{
  g_autofree char *path = g_find_program_in_path (argv[0]);
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GError) error = NULL;
  GSubprocess *server;

  if (path == NULL) {
    g_test_skip (argv[0]);
    return NULL;
  }
  launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_set_child_setup (launcher, end_with_parent_cb, NULL, NULL);
  server = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  WAIT_UNTIL (g_file_test (ready, G_FILE_TEST_EXISTS));
  return server;
}

static void
end_server (GSubprocess *server)
{
  g_subprocess_send_signal (server, SIGTERM);
  g_subprocess_wait (server, NULL, NULL);
  g_object_unref (server);
}

/* What another program shows on an X server's whole screen. */
static void
test_screen (void)
{
  static const char *const argv[] = {"Xvfb", ":77", "-screen", "0", "320x240x24", "-nolisten", "tcp", NULL};
  GSubprocess *server = serve ("/tmp/.X11-unix/X77", argv);
  GstElement *program;
  RunFixture self;

  if (server == NULL)
    return;
  program = play (MARKED "! videoconvert ! ximagesink display=:77 sync=false");
  start (&self, "screen", "display", ":77", NULL);
  expect_marks (&self, 25, 2000);
  run_fixture_clear (&self);
  end (program);
  end_server (server);
  start (&self, "screen", "display", ":77", NULL);
  expect_words (&self, "no X server", "xhost", NULL);
}

static gboolean
has_played (GstElement *program)
{
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (program), "tone");
  g_autoptr (GstStructure) stats = NULL;
  guint64 rendered = 0;

  g_object_get (sink, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, "rendered", &rendered);
  return rendered > 0;
}

/* A server without a sound card; what is heard is another program's. */
static void
test_jack (void)
{
  g_autofree char *name = g_strdup_printf ("regia-test-%d", (int)getpid ()),
                  *ready = g_strdup_printf ("/dev/shm/jack_%s_%u_0", name, (guint)getuid ()),
                  *text = g_strdup_printf (
                      TONE "! jackaudiosink name=tone client-name=desk connect=none server=%s", name);
  const char *const argv[] = {"jackd", "-r", "--name", name, "-d", "dummy", "-r", "48000", "-p", "480", NULL};
  GSubprocess *server;
  GstElement *program;
  RunFixture self;

  start (&self, "jack", "server", name, NULL);
  expect_words (&self, "no JACK server answers", "start it", NULL);
  server = serve (ready, argv);
  if (server == NULL)
    return;
  program = play (text);
  WAIT_UNTIL (has_played (program));
  start (&self, "jack", "server", name, "ports", "desk:out_tone_1,desk:out_tone_2", NULL);
  expect_sound (&self);
  run_fixture_clear (&self);
  end (program);
  start (&self, "jack", "server", name, "ports", "desk:out_tone_1", NULL);
  expect_words (&self, "no output of that name", NULL);
  end_server (server);
}

/* By TCP and by UDP; the other codecs of cameras are decodebin's, as everywhere. */
static void
test_rtsp (void)
{
  static const char *const transports[] = {"tcp", "udp"};
  g_autofree char *port = g_strdup_printf ("%d", free_port ()),
                  *url = g_strdup_printf ("rtsp://127.0.0.1:%s/camera", port);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) camera =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, CAMERA,
                        "--port", port, "--size", "320x240", NULL);
  char ready[6];
  RunFixture self;

  g_assert_no_error (error);
  g_assert_cmpint (
      g_input_stream_read (g_subprocess_get_stdout_pipe (camera), ready, sizeof ready, NULL, NULL), ==,
      sizeof ready);
  for (gsize i = 0; i < G_N_ELEMENTS (transports); i++) {
    start (&self, "rtsp", "location", url, "transport", transports[i], NULL);
    expect_marks (&self, 25, G_MAXINT64); /* it goes by the hour at which it began */
    run_fixture_clear (&self);
  }
  g_subprocess_force_exit (camera);
  g_assert_true (g_subprocess_wait (camera, NULL, NULL));
}

/* None of them is here: what is said then. A sound card is tested through ALSA's way to a sound server, in
 * tests/e2e/35_own_devices; DeckLink cards and their driver nowhere. */
static void
test_missing (void)
{
  RunFixture self;

  start (&self, "alsa", "device", "hw:CARD=Desk", NULL);
  expect_words (&self, "hw:CARD=Desk is not there", "plug it in", NULL);
  start (&self, "decklink", NULL);
  expect_words (&self, "DeckLink", "Desktop Video", NULL);
  start (&self, "pipewire", NULL);
  expect_words (&self, "no PipeWire answers", "PIPEWIRE_REMOTE", NULL);
  start (&self, "pipewire-sound", NULL);
  expect_words (&self, "no PipeWire answers", "PIPEWIRE_REMOTE", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_setenv ("PIPEWIRE_REMOTE", "/run/nobody/pipewire-0", TRUE));
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes our own elements known */
  g_test_add_func ("/engine/captures/srt", test_srt);
  g_test_add_func ("/engine/captures/udp", test_udp);
  g_test_add_func ("/engine/captures/rist", test_rist);
  g_test_add_func ("/engine/captures/image", test_image);
  g_test_add_func ("/engine/captures/screen", test_screen);
  g_test_add_func ("/engine/captures/jack", test_jack);
  g_test_add_func ("/engine/captures/rtsp", test_rtsp);
  g_test_add_func ("/engine/captures/missing", test_missing);
  return g_test_run ();
}
