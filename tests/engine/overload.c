/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoders that are too slow, or stand still. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "regia/engine/check.h"

/* (transfer full): an encode file of the test's own: @before comes in front of the encoder. */
static char *
write_encoder (const char *before)
{
  g_autofree char *text = g_strdup_printf (
      "capsfilter name=in ! %s ! x264enc bitrate={bitrate} speed-preset={preset} threads={threads} "
      "tune=zerolatency bframes=0 key-int-max=1000 byte-stream=false "
      "option-string=\"scenecut=0\" "
      "! capsfilter name=out caps=\"video/x-h264,stream-format=avc,alignment=au\"",
      before);

  return write_pipeline ("x264enc",
                         "# param bitrate=300 kbit/s\n# param preset=ultrafast preset\n"
                         "# param threads=1 threads\n",
                         text);
}

static char *
with_encoder (const char *path)
{
  return g_strdup_printf ("[event]\nname=Test\nplace=Here\n[programme]\nsize=640x360\nrate=25\n"
                          "[rendition 360p]\nsize=640x360\nbitrate=800k\npreset=ultrafast\n"
                          "[rendition 180p]\nsize=320x180\nbitrate=300k\nencoder=%s\n"
                          "[audio it]\nsources=camera\n"
                          "[source camera]\npipeline=test\nwidth=640\nheight=360\n",
                          path);
}

static GVariant *
rendition (Fixture *self, guint number)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  g_autoptr (GVariant) list = g_variant_lookup_value (state, "renditions", G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) boxed = g_variant_get_child_value (list, number);

  return g_variant_get_variant (boxed);
}

static gboolean
is_shed (Fixture *self, guint number)
{
  g_autoptr (GVariant) one = rendition (self, number);
  gboolean shed = FALSE;

  g_assert_true (g_variant_lookup (one, "shed", "b", &shed));
  return shed;
}

static guint64
number_of (Fixture *self, guint number, const char *key)
{
  g_autoptr (GVariant) one = rendition (self, number);
  guint64 value = 0;

  g_assert_true (g_variant_lookup (one, key, "t", &value));
  return value;
}

static char *
text_of (Fixture *self, guint number, const char *key)
{
  g_autoptr (GVariant) one = rendition (self, number);
  char *value = NULL;

  g_assert_true (g_variant_lookup (one, key, "s", &value));
  return value;
}

static gboolean
second_is_shed (gpointer data)
{
  return is_shed (data, 1);
}

/* Sixteen frames a second where twenty-five come, and the rest of the machine has nothing to do: that
 * rendition is not made for now, from one moment on, and it is said so; the first, which is the one recorded,
 * has every frame. */
static void
test_shed (void)
{
  Fixture self;
  g_autofree char *path = write_encoder ("identity sleep-time=60000");
  g_autofree char *config = with_encoder (path), *why = NULL;
  g_autoptr (GPtrArray) first = NULL, second = NULL, sound = NULL;
  guint64 dropped = 0;

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, second_is_shed, &self, 6));
  g_assert_false (is_shed (&self, 0));
  g_assert_cmpuint (number_of (&self, 1, "shed-since-ms"), >, 61 * 1000);
  g_assert_cmpuint (number_of (&self, 1, "retry-in-ms"), >, 10 * 1000);
  why = text_of (&self, 1, "shed-why");
  g_assert_cmpstr (why, ==, "its encoder cannot keep up");
  run_for (&self, 4);
  g_assert_true (is_shed (&self, 1));
  {
    g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self.engine));
    g_assert_true (g_variant_lookup (state, "frames-dropped", "t", &dropped));
  }
  fixture_stop (&self);
  first = packets_of (&self, "video/360p");
  second = packets_of (&self, "video/180p");
  sound = packets_of (&self, "audio/it");
  check_video (first, 100, TRUE);
  check_video (second, 10, TRUE);
  check_audio (sound, 1024, 200);
  g_test_message ("%u frames and %u, %" G_GUINT64_FORMAT " lost", first->len, second->len, dropped);
  g_assert_cmpuint (first->len - second->len, >, 80);
  g_assert_cmpuint (dropped, ==, 0); /* which are those that nobody has */
  fixture_clear (&self);
  remove_pipeline (path);
}

/* What a driver that hangs does to an encoder: its thread is in a system call that does not return. Raw
 * frames go into a pipe as well, and nobody reads it any more. */
typedef struct {
  char *fifo, *encoder; /* (owned) */
  int fd;
  int stop; /* atomic */
  GThread *reader;
} Trap;

static gpointer
read_pipe (gpointer user_data)
{
  Trap *self = user_data;
  struct pollfd poll_fd = {.fd = self->fd, .events = POLLIN};
  g_autofree char *buffer = g_malloc (1 << 20);

  while (!g_atomic_int_get (&self->stop))
    if (poll (&poll_fd, 1, 20) > 0)
      g_assert_cmpint (read (self->fd, buffer, 1 << 20), >, 0);
  return NULL;
}

static void
trap_open (Trap *self)
{
  g_assert_cmpint (mkfifo (self->fifo, 0600), ==, 0);
  self->fd = open (self->fifo, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (self->fd, >=, 0);
  self->stop = 0;
  self->reader = g_thread_new ("reader", read_pipe, self);
}

static void
trap_new (Trap *self, const char *profile)
{
  g_autofree char *folder = g_dir_make_tmp ("regia-trap-XXXXXX", NULL);
  g_autofree char *text = NULL;

  self->fifo = g_build_filename (folder, "frames", NULL);
  trap_open (self);
  text = g_strdup_printf (
      "tee name=in in. ! filesink location=%s sync=false async=false in. ! "
      "x264enc bitrate={bitrate} speed-preset={preset} threads={threads} "
      "tune=zerolatency bframes=0 key-int-max=1000 byte-stream=false "
      "option-string=\"scenecut=0\" "
      "! capsfilter name=out caps=\"video/x-h264,stream-format=avc,alignment=au,profile=%s\"",
      self->fifo, profile);
  self->encoder = write_pipeline ("x264enc",
                                  "# param bitrate=300 kbit/s\n# param preset=ultrafast preset\n"
                                  "# param threads=1 threads\n",
                                  text);
}

/* The encoder hangs, for good; the next one finds a pipe that is read. Returns: the old one's. */
static int
trap_spring (Trap *self)
{
  int fd = self->fd;

  g_atomic_int_set (&self->stop, 1);
  g_thread_join (self->reader);
  g_assert_cmpint (g_unlink (self->fifo), ==, 0);
  trap_open (self);
  return fd;
}

static void
trap_clear (Trap *self)
{
  g_autofree char *folder = g_path_get_dirname (self->fifo);

  g_atomic_int_set (&self->stop, 1);
  g_thread_join (self->reader);
  close (self->fd);
  g_unlink (self->fifo);
  g_rmdir (folder);
  remove_pipeline (self->encoder);
  g_free (self->fifo);
  g_free (self->encoder);
}

typedef struct {
  Fixture *fixture;
  guint rendition;
  guint64 packets;
} Wanted;

static gboolean
is_restarted (gpointer data)
{
  const Wanted *self = data;

  return number_of (self->fixture, self->rendition, "restarts") > 0;
}

/* How many holes there are, each of them marked and everything on the grid; @ret_missing: frames in them. */
static guint
holes_of (GPtrArray *packets, guint *ret_missing)
{
  guint holes = 0;

  *ret_missing = 0;
  for (guint i = 1; i < packets->len; i++) {
    const RegiaPacket *packet = packets->pdata[i], *before = packets->pdata[i - 1];
    gint64 frames = (packet->pts_ns - before->pts_ns) / (40 * REGIA_MSECOND);

    g_assert_cmpint (packet->pts_ns % (40 * REGIA_MSECOND), ==, 0);
    g_assert_cmpint (frames, >, 0);
    g_assert_cmpint ((packet->flags & REGIA_PACKET_DISCONTINUITY) != 0, ==, frames > 1);
    if (frames > 1)
      g_assert_true (regia_packet_is_keyframe (packet));
    holes += frames > 1;
    *ret_missing += (guint)frames - 1;
  }
  return holes;
}

static gboolean
gives_again (gpointer data)
{
  const Wanted *self = data;
  g_autoptr (GPtrArray) packets =
      packets_of (self->fixture, self->rendition == 0 ? "video/360p" : "video/180p");

  return packets->len > self->packets + 50;
}

static char *
with_stuck (guint stuck, const char *encoder)
{
  return g_strdup_printf ("[event]\nname=Test\nplace=Here\n[programme]\nsize=640x360\nrate=25\n"
                          "[rendition 360p]\nsize=640x360\nbitrate=800k\npreset=ultrafast\nencoder=%s\n"
                          "[rendition 180p]\nsize=320x180\nbitrate=300k\npreset=ultrafast\nencoder=%s\n"
                          "[audio it]\nsources=camera\n"
                          "[source camera]\npipeline=test\nwidth=640\nheight=360\n",
                          stuck == 0 ? encoder : "x264", stuck == 1 ? encoder : "x264");
}

/* One encoder hangs, for ever. Another one takes its place; nobody else has lost a frame, and of what is
 * recorded not even itself. */
static void
check_stuck (guint stuck)
{
  Fixture self;
  Trap trap;
  g_autofree char *config = NULL, *error = NULL, *why = NULL;
  g_autoptr (GPtrArray) first = NULL, second = NULL, sound = NULL, before = NULL, opus = NULL;
  Wanted wanted = {&self, stuck, 0};
  guint missing = 0;
  int hanging;

  trap_new (&trap, "constrained-baseline");
  config = with_stuck (stuck, trap.encoder);
  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_live, &self, 8));
  run_for (&self, 2.3);
  hanging = trap_spring (&trap);
  g_assert_true (wait_for (&self, is_restarted, &wanted, 6));
  error = text_of (&self, stuck, "last-error");
  g_assert_nonnull (strstr (error, "no packet has come out for 3 s"));
  before = packets_of (&self, stuck == 0 ? "video/360p" : "video/180p");
  wanted.packets = before->len;
  g_assert_true (wait_for (&self, gives_again, &wanted, 8));
  run_for (&self, 1);
  g_assert_true (regia_engine_is_healthy (self.engine, &why));
  g_assert_cmpuint (number_of (&self, stuck, "restarts"), ==, 1);
  g_assert_cmpuint (number_of (&self, 1 - stuck, "restarts"), ==, 0);
  g_assert_false (is_shed (&self, 0));
  g_assert_false (is_shed (&self, 1));
  fixture_stop (&self);
  first = packets_of (&self, "video/360p");
  second = packets_of (&self, "video/180p");
  sound = packets_of (&self, "audio/it");
  opus = packets_of (&self, "audio/it/opus");
  check_audio (sound, 1024, 300);
  check_audio (opus, 960, 300);
  check_video (stuck == 0 ? second : first, 150, TRUE);
  if (stuck == 0) {
    g_assert_cmpuint (holes_of (first, &missing), ==, 0);
    g_assert_cmpuint (check_numbers (&self, "video/360p", first), >, 100);
  } else {
    g_assert_cmpuint (holes_of (second, &missing), ==, 1);
    g_assert_cmpuint (check_numbers (&self, "video/360p", first), >, 100);
    /* Three seconds, but for what was kept. */
    g_assert_cmpuint (missing, >, 40);
    g_assert_cmpuint (missing, <, 100);
  }
  g_test_message ("%u frames and %u, %u lost", first->len, second->len, missing);
  close (hanging);
  fixture_clear (&self);
  trap_clear (&trap);
}

static void
test_stuck_first (void)
{
  check_stuck (0);
}

static void
test_stuck_other (void)
{
  check_stuck (1);
}

/* An encoder that says that it gives up, again and again: the next one is given what the one before had. */
static void
test_gives_up (void)
{
  Fixture self;
  g_autofree char *path = write_encoder ("identity error-after=60");
  g_autofree char *config = with_stuck (0, path), *error = NULL;
  g_autoptr (GPtrArray) first = NULL, second = NULL;
  Wanted wanted = {&self, 0, 60};
  guint missing;

  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_restarted, &wanted, 8));
  g_assert_true (wait_for (&self, gives_again, &wanted, 8));
  error = text_of (&self, 0, "last-error");
  g_assert_cmpstr (error, !=, "");
  g_test_message ("%s", error);
  fixture_stop (&self);
  first = packets_of (&self, "video/360p");
  second = packets_of (&self, "video/180p");
  g_assert_cmpuint (holes_of (first, &missing), ==, 0);
  check_video (second, 100, TRUE);
  fixture_clear (&self);
  remove_pipeline (path);
}

/* The next encoder has other parameters: they are announced before its first packet, and the times go on. */
static void
test_other_parameters (void)
{
  Fixture self;
  g_autofree char *path = write_encoder ("identity error-after=60");
  g_autofree char *config = with_stuck (0, path), *content = NULL;
  g_autoptr (GPtrArray) first = NULL, old = NULL, tracks = NULL;
  g_autoptr (GString) changed = NULL;
  Wanted wanted = {&self, 0, 60};
  guint missing;

  fixture_start (&self, config);
  run_for (&self, 1);
  old = regia_feed_log_get_tracks (self.log);
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  changed = g_string_new (content);
  g_string_replace (changed, "error-after=60", "", 0);
  g_string_replace (changed, "tune=zerolatency", "tune=zerolatency ref=3", 0);
  g_assert_true (g_file_set_contents (path, changed->str, -1, NULL));
  g_assert_true (wait_for (&self, is_restarted, &wanted, 8));
  g_assert_true (wait_for (&self, gives_again, &wanted, 8));
  fixture_stop (&self);
  tracks = regia_feed_log_get_tracks (self.log);
  g_assert_true (tracks != old);
  g_assert_false (regia_track_same_parameters (regia_tracks_find (old, "video/360p"),
                                               regia_tracks_find (tracks, "video/360p")));
  g_assert_true (regia_tracks_find (old, "video/180p") == regia_tracks_find (tracks, "video/180p"));
  first = packets_of (&self, "video/360p");
  g_assert_cmpuint (holes_of (first, &missing), ==, 0);
  fixture_clear (&self);
  remove_pipeline (path);
}

static gboolean
is_unhealthy (gpointer data)
{
  Fixture *self = data;
  g_autofree char *why = NULL;

  if (regia_engine_is_healthy (self->engine, &why))
    return FALSE;
  g_test_message ("%s", why);
  g_assert_nonnull (strstr (why, "video/180p"));
  g_assert_nonnull (strstr (why, "frames go in and no packet"));
  return TRUE;
}

/* Encoders that take frames and give nothing, from the beginning: noticed, and in words. */
static void
test_nothing (void)
{
  Fixture self;
  g_autofree char *path = write_encoder ("valve drop=true drop-mode=forward-sticky-events");
  g_autofree char *config = with_encoder (path);

  fixture_start (&self, config);
  run_for (&self, 1);
  g_assert_false (is_unhealthy (&self));
  g_assert_true (wait_for (&self, is_unhealthy, &self, 8));
  fixture_stop (&self);
  fixture_clear (&self);
  remove_pipeline (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN); /* the one that hung writes on when its pipe is closed */
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes the marks' elements known */
  g_test_add_func ("/engine/overload/shed", test_shed);
  g_test_add_func ("/engine/overload/stuck/first", test_stuck_first);
  g_test_add_func ("/engine/overload/stuck/other", test_stuck_other);
  g_test_add_func ("/engine/overload/gives-up", test_gives_up);
  g_test_add_func ("/engine/overload/other-parameters", test_other_parameters);
  g_test_add_func ("/engine/overload/nothing", test_nothing);
  return g_test_run ();
}
