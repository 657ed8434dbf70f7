/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources that go away, in all the ways there are, and what the programme makes of it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/engine/source-private.h"
#include "../wait.h"
#include "fixture.h"
#include "regia/engine/check.h"
#include "regia/engine/mark.h"

static gboolean
is_live_again (gpointer data)
{
  g_auto (SourceState) state = first_source (data);

  return strcmp (state.state, "live") == 0 && state.has_video && state.restarts > 0;
}

/* The second time takes longer, so the slate is sure to be seen. */
static gboolean
is_live_twice_again (gpointer data)
{
  g_auto (SourceState) state = first_source (data);

  return strcmp (state.state, "live") == 0 && state.has_video && state.restarts > 1;
}

static gboolean
is_failed (gpointer data)
{
  g_auto (SourceState) state = first_source (data);

  return strcmp (state.state, "failed") == 0;
}

/*
 * The picture of a source that goes away once and comes back: marks, the last of them held for a moment, the
 * slate, marks again; without a hole in the packets.
 */
static void
check_away_and_back (Fixture *self)
{
  g_autoptr (GPtrArray) packets = packets_of (self, "video/360p"), aac = packets_of (self, "audio/it");
  g_auto (Picture) picture = decode_picture (self, "video/360p", packets);
  gint64 last = -1, last_new_ns = 0, slate_ns = 0, back_ns = 0;

  check_video (packets, 50, TRUE);
  check_audio (aac, 1024, 50);
  for (guint i = 0; i < picture.frames->len && back_ns == 0; i++) {
    gint64 frame = g_array_index (picture.frames, gint64, i), pts = g_array_index (picture.pts, gint64, i);

    if (frame >= 0 && frame != last && slate_ns == 0) {
      last = frame;
      last_new_ns = pts;
    } else if (frame < 0 && last >= 0 && slate_ns == 0)
      slate_ns = pts;
    else if (frame >= 0 && slate_ns > 0)
      back_ns = pts;
  }
  g_test_message ("last new frame at %.2f s, slate at %.2f s, back at %.2f s",
                  (double)last_new_ns / REGIA_SECOND, (double)slate_ns / REGIA_SECOND,
                  (double)back_ns / REGIA_SECOND);
  g_assert_cmpint (last, >=, 20); /* the camera's number when it went */
  g_assert_cmpint (slate_ns, >, last_new_ns);
  g_assert_cmpint (slate_ns - last_new_ns, <=, REGIA_SECOND);
  g_assert_cmpint (back_ns, >, slate_ns);
}

static void
run_going_source (const char *text, const char *expected_error)
{
  Fixture self;
  g_autofree char *path = write_pipeline ("videotestsrc", "", text);
  g_autofree char *source = g_strdup_printf ("[source camera]\npipeline=%s\n", path);
  g_autofree char *config = with_source (source);

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_live, &self, 5));
  g_assert_true (wait_for (&self, is_live_twice_again, &self, 10));
  run_for (&self, 0.5);
  {
    g_auto (SourceState) state = first_source (&self);
    g_test_message ("%s", state.error);
    g_assert_nonnull (strstr (state.error, expected_error));
  }
  fixture_stop (&self);
  check_away_and_back (&self);
  fixture_clear (&self);
  remove_pipeline (path);
}

static void
test_end (void)
{
  run_going_source ("videotestsrc is-live=true num-buffers=40 pattern=ball ! "
                    "video/x-raw,format=I420,width=640,height=360,framerate=25/1 "
                    "! regiamark name=video",
                    "ended");
}

static void
test_error (void)
{
  run_going_source ("videotestsrc is-live=true pattern=ball ! "
                    "video/x-raw,format=I420,width=640,height=360,framerate=25/1 ! regiamark "
                    "! identity error-after=40 name=video",
                    "identity");
}

/* A camera that falls silent without closing its connection, and a second connection that works. */
typedef struct {
  int listener;
} Camera;

static gboolean
write_all (int fd, const void *data, gsize size)
{
  for (gsize done = 0; done < size;) {
    gssize n = send (fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
    if (n <= 0)
      return FALSE;
    done += (gsize)n;
  }
  return TRUE;
}

static void
write_frames (int fd, guint count)
{
  static const char header[] = "YUV4MPEG2 W640 H360 F25:1 Ip A1:1 C420\n";
  gsize size = 640 * 360 * 3 / 2;
  g_autofree guint8 *frame = g_malloc (size);
  gboolean open = write_all (fd, header, strlen (header));

  for (guint i = 0; open && i < count; i++) {
    memset (frame, 128, size);
    regia_mark_draw (frame, 640, 640, 360, i, 1790000000000, FALSE);
    open = write_all (fd, "FRAME\n", 6) && write_all (fd, frame, size);
  }
}

static gpointer
camera_thread (gpointer user_data)
{
  Camera *self = user_data;
  int silent = accept (self->listener, NULL, NULL), second;

  write_frames (silent, 50);
  second = accept (self->listener, NULL, NULL);
  write_frames (second, G_MAXUINT);
  close (second);
  close (silent);
  return NULL;
}

static void
test_stall (void)
{
  Fixture self;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  Camera camera = {.listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  g_autofree char *text = NULL, *path = NULL, *source = NULL, *config = NULL;
  GThread *thread;

  g_assert_cmpint (bind (camera.listener, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (listen (camera.listener, 4), ==, 0);
  g_assert_cmpint (getsockname (camera.listener, (struct sockaddr *)&address, &length), ==, 0);
  text =
      g_strdup_printf ("tcpclientsrc host=127.0.0.1 port=%u ! y4mdec name=video", ntohs (address.sin_port));
  path = write_pipeline ("videotestsrc", "", text);
  source = g_strdup_printf ("[source camera]\npipeline=%s\n", path);
  config = with_source (source);
  thread = g_thread_new ("camera", camera_thread, &camera);

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_live, &self, 5));
  g_assert_true (wait_for (&self, is_live_again, &self, 12));
  run_for (&self, 0.5);
  {
    g_auto (SourceState) state = first_source (&self);
    g_assert_cmpstr (state.error, ==, "no picture for 2 s");
    g_assert_cmpuint (state.restarts, ==, 1);
  }
  fixture_stop (&self);
  g_thread_join (thread);
  close (camera.listener);
  check_away_and_back (&self);
  fixture_clear (&self);
  remove_pipeline (path);
}

/* Few pictures come, as from an encoder of slides: each is shown until the next one, without the slate in
 * between and without a new start. */
static void
test_slides (void)
{
  Fixture self;
  g_autofree char *path = write_pipeline ("videotestsrc", "",
                                          "videotestsrc is-live=true ! "
                                          "video/x-raw,format=I420,width=640,height=360,framerate=1/3 "
                                          "! regiamark name=video");
  g_autofree char *source = g_strdup_printf ("[source camera]\npipeline=%s\n", path);
  g_autofree char *config = with_source (source);

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_live, &self, 8));
  run_for (&self, 14); /* its first picture may have been late for the mixer, and the second is shown */
  {
    g_auto (SourceState) state = first_source (&self);
    g_assert_cmpstr (state.state, ==, "live");
    g_assert_cmpuint (state.restarts, ==, 0);
  }
  fixture_stop (&self);
  {
    g_autoptr (GPtrArray) packets = packets_of (&self, "video/360p");
    g_auto (Picture) picture = decode_picture (&self, "video/360p", packets);
    gint64 first_ns = -1, last_ns = 0;
    guint slates = 0;

    for (guint i = 0; i < picture.frames->len; i++) {
      gint64 frame = g_array_index (picture.frames, gint64, i), pts = g_array_index (picture.pts, gint64, i);

      if (frame >= 0) {
        first_ns = first_ns < 0 ? pts : first_ns;
        last_ns = pts;
      } else
        slates += first_ns >= 0;
    }
    g_test_message ("shown for %.1f s, %u frames of the slate after the first",
                    (double)(last_ns - first_ns) / REGIA_SECOND, slates);
    g_assert_cmpint (last_ns - first_ns, >, 9 * REGIA_SECOND);
    g_assert_cmpuint (slates, ==, 0);
  }
  fixture_clear (&self);
  remove_pipeline (path);
}

/* A device that hangs: reading from it never returns, not even when its pipeline is shut down. */
static gboolean
is_left_behind (gpointer data)
{
  g_auto (SourceState) state = first_source (data);

  return strstr (state.error, "could not be shut down") != NULL;
}

static void
test_hang (void)
{
  Fixture self;
  g_autofree char *folder = g_dir_make_tmp ("regia-engine-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  g_autofree char *text =
      g_strdup_printf ("filesrc location=%s ! rawvideoparse width=64 height=64 format=i420 name=video", fifo);
  g_autofree char *path = write_pipeline ("videotestsrc", "", text);
  g_autofree char *source = g_strdup_printf ("[source camera]\npipeline=%s\n", path);
  g_autofree char *config = with_source (source);
  g_autoptr (GPtrArray) packets = NULL;
  g_autofree guint8 *frames = g_malloc0 (5 * 64 * 64 * 3 / 2);
  int device;

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  device = open (fifo, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (write (device, frames, 5 * 64 * 64 * 3 / 2), ==, 5 * 64 * 64 * 3 / 2);
  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_left_behind, &self, 10));
  fixture_stop (&self);
  packets = packets_of (&self, "video/360p");
  check_video (packets, 75, TRUE);
  fixture_clear (&self);
  close (device); /* whoever still reads is let go */
  g_unlink (fifo);
  g_rmdir (folder);
  remove_pipeline (path);
}

static void
test_failed (void)
{
  Fixture self;
  g_autofree char *path = write_pipeline ("videotestsrc", "", "elementthatisnot ! videoconvert name=video");
  g_autofree char *source = g_strdup_printf ("[source camera]\npipeline=%s\n", path);
  g_autofree char *config = with_source (source);
  g_autoptr (GPtrArray) packets = NULL, aac = NULL;

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_failed, &self, 5));
  {
    g_auto (SourceState) state = first_source (&self);
    g_assert_nonnull (strstr (state.error, "elementthatisnot"));
  }
  run_for (&self, 2.5);
  fixture_stop (&self);
  packets = packets_of (&self, "video/360p");
  aac = packets_of (&self, "audio/it");
  check_video (packets, 50, TRUE);
  check_audio (aac, 1024, 93);
  {
    g_auto (Picture) picture = decode_picture (&self, "video/360p", packets);
    for (guint i = 0; i < picture.frames->len; i++)
      g_assert_cmpint (g_array_index (picture.frames, gint64, i), ==, -1);
  }
  fixture_clear (&self);
  remove_pipeline (path);
}

static char *
state_of (RegiaSource *source, gint64 now_ns, char **ret_error)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) list = NULL, boxed = NULL, state = NULL;
  char *name = NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  regia_source_add_state (source, &REGIA_METER_NOTHING, &builder, now_ns);
  list = g_variant_ref_sink (g_variant_builder_end (&builder));
  boxed = g_variant_get_child_value (list, 0);
  state = g_variant_get_variant (boxed);
  g_assert_true (g_variant_lookup (state, "state", "s", &name));
  g_assert_true (g_variant_lookup (state, "last-error", "s", ret_error));
  return name;
}

typedef struct {
  RegiaSource *source;
  const char *fifo;
  gint64 now_ns; /* the source believes whatever time it is told */
} Hanging;

static gboolean
is_given_up (Hanging *self)
{
  g_autofree char *error = NULL, *state = NULL;

  regia_source_tick (self->source, self->now_ns += REGIA_SECOND);
  state = state_of (self->source, self->now_ns, &error);
  return strstr (error, "its driver hangs") && strstr (error, "(8 earlier starts could not be shut down)");
}

/* Whoever waits for the named pipe to be opened, or for what is written to it, goes on and finds it at its
 * end: the runs left behind, then the one that is started again, which fails in its ordinary way. */
static gboolean
is_tried_again (Hanging *self)
{
  g_autofree char *error = NULL, *state = NULL;
  int fd = open (self->fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  /* The two seconds that a run may take to go are half a real one. */
  regia_source_tick (self->source, self->now_ns += REGIA_SECOND / 50);
  state = state_of (self->source, self->now_ns, &error);
  return strcmp (state, "retrying") == 0 && !strstr (error, "earlier start");
}

/* A driver that never comes back from being opened, and from being closed neither: eight threads are left in
 * it and no more; once it lets go, the source is started again. */
static void
test_hanging_driver (void)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-engine-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  g_autofree char *text = g_strdup_printf ("filesrc location=%s ! y4mdec name=video", fifo);
  g_autofree char *path = write_pipeline ("videotestsrc", "", text);
  RegiaConfigSource config = {.name = (char *)"camera", .pipeline = path, .video = TRUE};
  RegiaRunPlan *plan = regia_run_plan_new ();
  Hanging self = {.fifo = fifo, .now_ns = regia_clock_monotonic_ns ()};

  config.parameters = g_hash_table_new (g_str_hash, g_str_equal);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  plan->video_caps = g_strdup ("video/x-raw");
  plan->audio_caps = g_strdup ("audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved");
  plan->rate_num = 25;
  plan->rate_den = 1;
  plan->epoch.monotonic_ns = self.now_ns;
  g_ptr_array_add (plan->video_targets, gst_object_ref_sink (gst_element_factory_make ("appsrc", NULL)));
  self.source = regia_source_new (&config, plan);

  WAIT_UNTIL (is_given_up (&self));
  WAIT_UNTIL (is_tried_again (&self));
  regia_source_stop (self.source);
  regia_source_free (self.source);
  g_hash_table_unref (config.parameters);
  remove_pipeline (path);
  g_unlink (fifo);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes the marks' elements known */
  g_test_add_func ("/engine/supervise/end", test_end);
  g_test_add_func ("/engine/supervise/error", test_error);
  g_test_add_func ("/engine/supervise/stall", test_stall);
  g_test_add_func ("/engine/supervise/slides", test_slides);
  g_test_add_func ("/engine/supervise/hang", test_hang);
  g_test_add_func ("/engine/supervise/failed", test_failed);
  g_test_add_func ("/engine/supervise/hanging-driver", test_hanging_driver);
  return g_test_run ();
}
