/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a technician reads when a source fails: real failures of real pipelines, each with the words that have
 * to be in what is said, and some that must not. */
#include <arpa/inet.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/engine/words-private.h"
#include "regia/engine/check.h"
#include "run-fixture.h"

/* The far ends: an RTSP server, open and with a password; a port where nobody listens; one that accepts and
 * never says a word. */
typedef struct {
  GstRTSPServer *server;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  int rtsp, silent_fd, silent, refused, foreign_fd, foreign;
  GThread *foreigner;
} Far;

static int
listen_on (int *ret_port, gboolean really)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&address, &length), ==, 0);
  if (really)
    g_assert_cmpint (listen (fd, 8), ==, 0);
  *ret_port = ntohs (address.sin_port);
  return fd;
}

static gpointer
speak_another_language (gpointer data)
{
  int fd;

  while ((fd = accept (((Far *)data)->foreign_fd, NULL, NULL)) >= 0) {
    char request[512];
    if (read (fd, request, sizeof request) > 0)
      g_assert_cmpint (send (fd, "SSH-2.0-x\r\n\r\n", 13, MSG_NOSIGNAL), ==, 13);
    close (fd);
  }
  return NULL;
}

static gpointer
run_server (gpointer data)
{
  Far *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
far_init (Far *self)
{
  g_autoptr (GstRTSPMountPoints) mounts = NULL;
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new ();
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_auth_new ();
  g_autoptr (GstRTSPToken) user =
      gst_rtsp_token_new (GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "user", NULL);
  GstRTSPToken *nobody =
      gst_rtsp_token_new (GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "nobody", NULL);
  g_autofree char *basic = gst_rtsp_auth_make_basic ("user", "right");

  memset (self, 0, sizeof *self);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (self->server, "127.0.0.1");
  gst_rtsp_server_set_service (self->server, "0");
  gst_rtsp_media_factory_set_launch (factory, "( videotestsrc ! x264enc ! rtph264pay name=pay0 )");
  gst_rtsp_media_factory_add_role (factory, "user", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
                                   GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
  gst_rtsp_media_factory_add_role (factory, "nobody", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN,
                                   TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, FALSE, NULL);
  mounts = gst_rtsp_server_get_mount_points (self->server);
  gst_rtsp_mount_points_add_factory (mounts, "/closed", factory);
  gst_rtsp_auth_set_default_token (auth, nobody);
  gst_rtsp_auth_add_basic (auth, basic, user);
  gst_rtsp_server_set_auth (self->server, auth);
  gst_rtsp_token_unref (nobody);
  g_assert_cmpuint (gst_rtsp_server_attach (self->server, self->context), !=, 0);
  self->rtsp = gst_rtsp_server_get_bound_port (self->server);
  self->thread = g_thread_new ("far", run_server, self);
  self->silent_fd = listen_on (&self->silent, TRUE);
  self->foreign_fd = listen_on (&self->foreign, TRUE);
  self->foreigner = g_thread_new ("foreign", speak_another_language, self);
  close (listen_on (&self->refused, FALSE));
}

static void
far_clear (Far *self)
{
  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  shutdown (self->foreign_fd, SHUT_RDWR);
  g_thread_join (self->foreigner);
  close (self->foreign_fd);
  close (self->silent_fd);
  g_object_unref (self->server);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
}

#define RTSP " protocols=tcp tcp-timeout=1000000 ! decodebin ! videoconvert name=video"
#define FILE " ! decodebin name=decoder decoder. ! videoconvert name=video"

/* As decodebin does now and then: an error of what is in it gets no further. */
typedef GstBin DeafBin;
typedef GstBinClass DeafBinClass;
GType deaf_bin_get_type (void);
G_DEFINE_TYPE (DeafBin, deaf_bin, GST_TYPE_BIN)

static void
deaf_bin_handle_message (GstBin *bin, GstMessage *message)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_unref (message);
  else
    GST_BIN_CLASS (deaf_bin_parent_class)->handle_message (bin, message);
}

static void
deaf_bin_class_init (DeafBinClass *klass)
{
  klass->handle_message = deaf_bin_handle_message;
}

static void
deaf_bin_init (G_GNUC_UNUSED DeafBin *self)
{
}

/* Of {…}: {f} the folder of the test's files, {r} {s} {n} {x} the ports of rtsp, silent, refused, foreign. */
static const struct {
  const char *name, *text;
  const char *says[4]; /* all of them */
  gboolean unavailable;
} cases[] = {
    {"rtsp-unauthorized",
     "rtspsrc location=rtsp://127.0.0.1:{r}/closed" RTSP,
     {"user name or password"},
     TRUE},
    {"rtsp-wrong-password",
     "rtspsrc location=rtsp://127.0.0.1:{r}/closed user-id=user user-pw=s3cret" RTSP,
     {"user name or password"},
     TRUE},
    {"rtsp-no-such-stream",
     "rtspsrc location=rtsp://127.0.0.1:{r}/none" RTSP,
     {"no stream of that name", "path"}},
    {"rtsp-refused",
     "rtspsrc location=rtsp://user:s3cret@127.0.0.1:{n}/a" RTSP,
     {"127.0.0.1 refuses connections", "nothing listens at port {n}", "switched on"}},
    {"rtsp-no-such-name",
     "rtspsrc location=rtsp://camera.invalid/a" RTSP,
     {"camera.invalid is not known", "how it is written"}},
    {"rtsp-silent", "rtspsrc location=rtsp://127.0.0.1:{s}/a" RTSP, {"does not answer", "switched on"}},
    {"rtsp-foreign", "rtspsrc location=rtsp://127.0.0.1:{x}/a" RTSP, {"another language", "port"}},
    {"rtsp-no-tls", "rtspsrc location=rtsps://127.0.0.1:{x}/closed" RTSP, {"does not speak TLS", "{x}"}},
    {"rtsp-no-address", "rtspsrc location=camera" RTSP, {"no address"}},
    {"file-missing", "filesrc location={f}/none.mp4" FILE, {"{f}/none.mp4 is not there", "check its name"}},
    {"file-folder", "filesrc location={f}" FILE, {"{f} is a folder", "name a file"}},
    {"file-denied", "filesrc location={f}/denied" FILE, {"{f}/denied may not be opened", "owner or mode"}},
    {"file-garbage", "filesrc location={f}/garbage" FILE, {"no kind of picture or sound", "right file"}},
    {"file-empty", "filesrc location={f}/empty" FILE, {"right file"}},
    {"file-text", "filesrc location={f}/text" FILE, {"neither picture nor sound", "right file"}},
    {"file-cut", "filesrc location={f}/cut.mp4" FILE, {"damaged", "copy it once more"}},
    {"file-cut-and-dropped",
     "deafbin.( filesrc location={f}/cut.mp4 ! decodebin ! videoconvert name=video )",
     {"damaged", "copy it once more"}},
    {"no-decoder",
     "filesrc location={f}/clip.flac ! decodebin ! audioconvert name=audio",
     {"this computer has no", "FLAC", "install the package gstreamer1.0-plugins-good"},
     TRUE},
    {"no-element", "elementthatisnot ! videoconvert name=video", {"elementthatisnot", "missing"}, TRUE},
    {"busy",
     "udpsrc address=127.0.0.1 reuse=false port={u} ! decodebin ! videoconvert name=video",
     {"in use by another program"}},
    {"device-missing",
     "v4l2src device=/dev/video77 ! videoconvert name=video",
     {"/dev/video77 is not there", "plug it in"}},
    {"pulse-no-server",
     "regiapulse server=unix:{f}/none ! audioconvert name=audio",
     {"no sound server answers", "refused", "start PulseAudio"}},
    {"rtmp-refused",
     "rtmp2src location=rtmp://127.0.0.1:{n}/live/a ! decodebin ! videoconvert name=video",
     {"nothing listens at port {n}"}},
    {"not-negotiated",
     "filesrc location={f}/tone.wav ! wavparse ! capsfilter caps=audio/x-raw,rate=8000 name=audio",
     {"wavparse and capsfilter cannot agree", "rate 48000 against 8000", "converter"}},
    {"decode",
     "filesrc location={f}/garbage ! image/jpeg,width=320,height=240,framerate=25/1,parsed=true ! jpegdec "
     "max-errors=0 ! videoconvert name=video",
     {"cannot be decoded", "damaged"}},
    {"not-linked",
     "filesrc location={f}/tone.wav ! decodebin name=decoder decoder. ! videoconvert name=video",
     {"gives nothing that"}},
};

/* GStreamer's own: what nobody in a hall can make anything of when it stands first. */
static const char *const empty_words[] = {"Internal data stream error", "GStreamer encountered", "s3cret"};

static char *
fill_in (RunFixture *self, const Far *far, int udp, const char *text)
{
  GString *filled = g_string_new (text);
  const struct {
    const char *from;
    int to;
  } ports[] = {
      {"{r}", far->rtsp}, {"{s}", far->silent}, {"{n}", far->refused}, {"{x}", far->foreign}, {"{u}", udp}};

  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++) {
    g_autofree char *port = g_strdup_printf ("%d", ports[i].to);
    g_string_replace (filled, ports[i].from, port, 0);
  }
  g_string_replace (filled, "{f}", self->folder, 0);
  return g_string_free (filled, FALSE);
}

static void
make (RunFixture *self, const char *name, const char *text)
{
  g_autofree char *path = run_fixture_path (self, name), *whole = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;

  whole = g_strdup_printf ("%s ! filesink location=%s", text, path);
  pipeline = gst_parse_launch (whole, &error);
  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_message_unref (
      gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
put (RunFixture *self, const char *name, const char *data, gssize size)
{
  g_autofree char *path = run_fixture_path (self, name);

  g_assert_true (g_file_set_contents (path, data, size, NULL));
}

static void
make_files (RunFixture *self)
{
  g_autofree char *garbage = g_malloc (100000), *clip = NULL, *path = NULL, *denied = NULL;
  gsize size;

  for (gsize i = 0; i < 100000; i++)
    garbage[i] = (char)(i * 7919 % 251);
  put (self, "garbage", garbage, 100000);
  put (self, "empty", "", 0);
  memset (garbage, 'a', 100000);
  put (self, "text", garbage, 100000);
  make (self, "clip.mp4", "videotestsrc num-buffers=10 ! x264enc ! mp4mux");
  path = run_fixture_path (self, "clip.mp4");
  g_assert_true (g_file_get_contents (path, &clip, &size, NULL));
  put (self, "cut.mp4", clip, (gssize)size / 2);
  make (self, "tone.wav", "audiotestsrc num-buffers=50 ! audio/x-raw,rate=48000 ! wavenc");
  make (self, "clip.flac", "audiotestsrc num-buffers=50 ! flacenc");
  put (self, "denied", garbage, 1000);
  denied = run_fixture_path (self, "denied");
  g_assert_cmpint (chmod (denied, 0), ==, 0);
}

/* As if it were not installed. */
static void
forget (const char *feature)
{
  g_autoptr (GstPluginFeature) found = gst_registry_lookup_feature (gst_registry_get (), feature);

  if (found)
    gst_plugin_feature_set_rank (found, GST_RANK_NONE);
}

static void
test_errors (void)
{
  RunFixture self;
  Far far;
  int udp, fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed = 0;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;

  run_fixture_init (&self, 25);
  far_init (&far);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&address, &length), ==, 0);
  udp = ntohs (address.sin_port);
  make_files (&self);
  g_assert_cmpint (chmod (self.folder, 0755), ==, 0);
  forget ("flacdec");
  forget ("avdec_flac");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = fill_in (&self, &far, udp, cases[i].text), *words = NULL;
    gboolean wrong = FALSE, denied = strcmp (cases[i].name, "file-denied") == 0;
    uid_t uid = 0;
    RegiaRunInfo info;

    if (denied) /* a run's thread has its maker's rights; root could read it all the same */
      uid = (uid_t)setfsuid (65534);
    run_fixture_start (&self, text);
    words = run_fixture_error (&self);
    if (denied)
      setfsuid (uid);
    regia_run_get_info (self.run, &info);
    for (gsize j = 0; j < G_N_ELEMENTS (cases[i].says) && cases[i].says[j]; j++) {
      g_autofree char *wanted = fill_in (&self, &far, udp, cases[i].says[j]);
      wrong |= strstr (words, wanted) == NULL;
    }
    for (gsize j = 0; j < G_N_ELEMENTS (empty_words); j++)
      wrong |= g_str_has_prefix (words, empty_words[j]) || (j == 2 && strstr (words, empty_words[j]));
    wrong |= (info.end == REGIA_RUN_UNAVAILABLE) != cases[i].unavailable;
    g_test_message ("%s %s: %s", wrong ? "WRONG" : "right", cases[i].name, words);
    failed += wrong;
    run_fixture_end (&self);
  }
  close (fd);
  far_clear (&far);
  run_fixture_clear (&self);
  g_assert_cmpint (failed, ==, 0);
}

/* The picture of a clip is shown although its sound cannot be decoded; that is said. */
static void
test_part_missing (void)
{
  RunFixture self;
  g_autofree char *text = NULL, *note = NULL;

  run_fixture_init (&self, 25);
  forget ("opusdec");
  forget ("avdec_opus");
  make (&self, "clip.mkv",
        "matroskamux name=mux videotestsrc num-buffers=100 ! x264enc ! mux. audiotestsrc num-buffers=150 ! "
        "opusenc ! "
        "mux. mux.");
  text = g_strdup_printf (
      "filesrc location=%s/clip.mkv ! decodebin name=decoder decoder. ! videoconvert name=video "
      "decoder. ! audioconvert name=audio",
      self.folder);
  run_fixture_start (&self, text);
  gst_sample_unref (run_fixture_pull (&self, self.picture));
  note = regia_run_get_note (self.run);
  g_test_message ("%s", note);
  g_assert_nonnull (strstr (note, "Opus"));
  g_assert_nonnull (strstr (note, "gstreamer1.0-plugins-base"));
  run_fixture_clear (&self);
}

static void
test_clean (void)
{
  static const char *const table[][2] = {
      {"rtsp://user:pass@host/a", "rtsp://host/a"},
      {"open rtsp://user:p@ss/w@rd@host/a now", "open rtsp://host/a now"},
      {"rtsp://host/a@b is", "rtsp://b is"}, /* rather a word too few */
      {"two\nlines ", "two lines"},
      {"mail me@example.org", "mail me@example.org"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *clean = regia_words_clean (table[i][0]);
    g_assert_cmpstr (clean, ==, table[i][1]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes our own elements known */
  g_assert_true (gst_element_register (NULL, "deafbin", GST_RANK_NONE, deaf_bin_get_type ()));
  g_test_add_func ("/engine/words/clean", test_clean);
  g_test_add_func ("/engine/words/errors", test_errors);
  g_test_add_func ("/engine/words/part-missing", test_part_missing);
  return g_test_run ();
}
