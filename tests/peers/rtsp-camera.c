/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtsp-camera: an IP camera for tests, with gst-rtsp-server: H.264, marks burnt into every picture
 * (regia/engine/mark.h). A picture is taken at each multiple of the frame time of the wall clock; the flash
 * is white at each full second of it.
 *
 *   rtsp-camera --port 8554 [--size 640x360] [--rate 25] [--interlaced]      → rtsp://127.0.0.1:PORT/camera
 *
 * --interlaced: the bar has moved on by half of its step in the lower field of each picture.
 *
 * Commands on standard input, a line each: "stop" (the server goes away: connections are closed and refused),
 * "start", "freeze" (sends nothing more, connections stay), "thaw", "quit" (also at its end). Says "ready"
 * when it listens, after start as well.
 */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <gst/app/app.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "regia/engine/mark.h"

/*
 * One camera: a thread takes the pictures, for as long as the program runs, and hands them to the appsrc of
 * the medium when there is one. The frame number counts what the camera saw, not what anybody fetched.
 */
typedef struct {
  int width, height, rate, port;
  gboolean interlaced;
  gint64 wall_offset_ns; /* wall clock minus GStreamer's clock (CLOCK_MONOTONIC); constant for as long as a
                            test */
  GMutex lock;           /* guards source and media */
  GstAppSrc *source;     /* (owned) (nullable): of the medium that is being watched */
  GstRTSPMedia *media;   /* (unowned) (nullable) that medium; never looked into */
  gboolean frozen;       /* atomic */
  gboolean done;         /* atomic */
  GMainLoop *loop;
  GstRTSPServer *server; /* (owned) (nullable) while stopped */
  guint attached;
} Camera;

static GstBuffer *
take_picture (Camera *self, guint32 number, gint64 wall_ms)
{
  gsize size = (gsize)self->width * (gsize)self->height;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size * 3 / 2, NULL);
  GstMapInfo map;

  g_return_val_if_fail (gst_buffer_map (buffer, &map, GST_MAP_WRITE), buffer);
  /* A bar that wanders over a ramp: movement that a person sees as well, and cheap to encode. */
  for (int y = 0; y < self->height; y++)
    memset (map.data + (gsize)y * (gsize)self->width, 60 + y * 100 / self->height, (gsize)self->width);
  for (int y = self->height / 2; y < self->height; y++) {
    guint at = self->interlaced ? (2 * number + (guint)(y % 2)) * 6 : number * 4;
    memset (map.data + (gsize)y * (gsize)self->width + at % (guint)(self->width - 32), 220, 32);
  }
  memset (map.data + size, 110, size / 4);
  memset (map.data + size + size / 4, 140, size / 4);
  regia_mark_draw (map.data, self->width, self->width, self->height, number, wall_ms, wall_ms % 1000 < 50);
  gst_buffer_unmap (buffer, &map);
  if (self->interlaced)
    GST_BUFFER_FLAG_SET (buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED | GST_VIDEO_BUFFER_FLAG_TFF);
  return buffer;
}

/* Both clocks read at the same instant, as near as it can be had: the quickest of several tries. */
static gint64
measure_wall_offset (void)
{
  gint64 best_ns = G_MAXINT64, offset_ns = 0;

  for (int i = 0; i < 50; i++) {
    struct timespec before, wall, after;
    gint64 took_ns;

    clock_gettime (CLOCK_MONOTONIC, &before);
    clock_gettime (CLOCK_REALTIME, &wall);
    clock_gettime (CLOCK_MONOTONIC, &after);
    took_ns = (gint64)GST_TIMESPEC_TO_TIME (after) - (gint64)GST_TIMESPEC_TO_TIME (before);
    if (took_ns < best_ns) {
      best_ns = took_ns;
      offset_ns = (gint64)GST_TIMESPEC_TO_TIME (wall) - (gint64)GST_TIMESPEC_TO_TIME (before) - took_ns / 2;
    }
  }
  return offset_ns;
}

static gpointer
shutter_thread (gpointer data)
{
  Camera *self = data;
  gint64 step_ns = G_GINT64_CONSTANT (1000000000) / self->rate;
  gint64 next_ns = g_get_real_time () * 1000 / step_ns * step_ns + step_ns;

  for (guint32 number = 0; !g_atomic_int_get (&self->done); number++, next_ns += step_ns) {
    struct timespec until = {next_ns / 1000000000, next_ns % 1000000000};
    GstAppSrc *source = NULL;

    while (clock_nanosleep (CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) != 0)
      ;
    g_mutex_lock (&self->lock);
    if (self->source)
      source = gst_object_ref (self->source);
    g_mutex_unlock (&self->lock);
    if (source && !g_atomic_int_get (&self->frozen)) {
      GstBuffer *buffer = take_picture (self, number, next_ns / 1000000);
      /* Not yet set while the medium is being started: its clock comes first. */
      gint64 base_ns = (gint64)gst_element_get_base_time (GST_ELEMENT (source));
      gint64 pts = next_ns - self->wall_offset_ns - base_ns;

      /* Stamped with the instant of the shutter, however late this thread was woken. */
      if (base_ns > 0 && pts >= 0) {
        GST_BUFFER_PTS (buffer) = (guint64)pts;
        GST_BUFFER_DURATION (buffer) = (guint64)step_ns;
        gst_app_src_push_buffer (source, g_steal_pointer (&buffer));
      }
      if (buffer)
        gst_buffer_unref (buffer);
    }
    if (source)
      gst_object_unref (source);
  }
  return NULL;
}

/* The next client's medium may be there already when the last one's is gone. */
static void
unprepared_cb (GstRTSPMedia *media, Camera *self)
{
  g_mutex_lock (&self->lock);
  if (self->media == media)
    g_clear_pointer (&self->source, gst_object_unref);
  g_mutex_unlock (&self->lock);
}

static void
configure_cb (GstRTSPMediaFactory *factory, GstRTSPMedia *media, Camera *self)
{
  GstElement *element = gst_rtsp_media_get_element (media);
  GstElement *source = gst_bin_get_by_name_recurse_up (GST_BIN (element), "picture");

  g_signal_connect (media, "unprepared", G_CALLBACK (unprepared_cb), self);
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->source, gst_object_unref);
  self->source = GST_APP_SRC (source);
  self->media = media;
  g_mutex_unlock (&self->lock);
  gst_object_unref (element);
}

static gboolean
start (Camera *self)
{
  g_autofree char *service = g_strdup_printf ("%d", self->port);
  g_autofree char *launch = g_strdup_printf (
      "( appsrc name=picture is-live=true format=time min-latency=0 block=false max-bytes=0 max-buffers=100 "
      "leaky-type=downstream "
      "caps=video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1,"
      "interlace-mode=%s "
      "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 key-int-max=%d threads=1 interlaced=%s "
      "! video/x-h264,profile=%s ! rtph264pay name=pay0 pt=96 config-interval=-1 )",
      self->width, self->height, self->rate, self->interlaced ? "interleaved" : "progressive", self->rate,
      self->interlaced ? "true" : "false", self->interlaced ? "main" : "baseline");
  GstRTSPMountPoints *mounts;
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new ();

  self->server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (self->server, "127.0.0.1");
  gst_rtsp_server_set_service (self->server, service);
  gst_rtsp_media_factory_set_launch (factory, launch);
  gst_rtsp_media_factory_set_shared (factory, TRUE);
  g_signal_connect (factory, "media-configure", G_CALLBACK (configure_cb), self);
  mounts = gst_rtsp_server_get_mount_points (self->server);
  gst_rtsp_mount_points_add_factory (mounts, "/camera", factory);
  g_object_unref (mounts);
  self->attached = gst_rtsp_server_attach (self->server, NULL);
  if (self->attached == 0) {
    fprintf (stderr, "rtsp-camera: port %d cannot be opened\n", self->port);
    return FALSE;
  }
  puts ("ready");
  fflush (stdout);
  return TRUE;
}

static GstRTSPFilterResult
drop_client_cb (GstRTSPServer *server, GstRTSPClient *client, gpointer data)
{
  return GST_RTSP_FILTER_REMOVE;
}

static void
stop (Camera *self)
{
  GList *clients;

  if (self->server == NULL)
    return;
  g_source_remove (self->attached);
  clients = gst_rtsp_server_client_filter (self->server, drop_client_cb, NULL);
  g_list_free_full (clients, g_object_unref);
  g_clear_object (&self->server);
}

static gboolean
command_cb (GObject *stream, gpointer data)
{
  Camera *self = data;
  char line[64] = "";

  if (fgets (line, sizeof line, stdin) == NULL || g_str_has_prefix (line, "quit"))
    g_main_loop_quit (self->loop);
  else if (g_str_has_prefix (line, "stop"))
    stop (self);
  else if (g_str_has_prefix (line, "start") && self->server == NULL)
    return start (self) ? G_SOURCE_CONTINUE : (g_main_loop_quit (self->loop), G_SOURCE_REMOVE);
  else if (g_str_has_prefix (line, "freeze"))
    g_atomic_int_set (&self->frozen, TRUE);
  else if (g_str_has_prefix (line, "thaw"))
    g_atomic_int_set (&self->frozen, FALSE);
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_autofree char *size = NULL;
  Camera self = {.width = 640, .height = 360, .rate = 25, .port = 8554};
  const GOptionEntry entries[] = {
      {"port", 'p', 0, G_OPTION_ARG_INT, &self.port, "Port on 127.0.0.1", "N"},
      {"size", 's', 0, G_OPTION_ARG_STRING, &size, "Size of the picture", "WxH"},
      {"rate", 'r', 0, G_OPTION_ARG_INT, &self.rate, "Pictures a second", "N"},
      {"interlaced", 'i', 0, G_OPTION_ARG_NONE, &self.interlaced, "Two fields a picture", NULL},
      {NULL},
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) input = g_unix_input_stream_new (0, FALSE);
  g_autoptr (GSource) source = NULL;
  GThread *thread;

  gst_init (NULL, NULL);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) ||
      (size && sscanf (size, "%dx%d", &self.width, &self.height) != 2) || self.rate < 1) {
    fprintf (stderr, "rtsp-camera: %s\n", error ? error->message : "a number is wrong");
    return 64;
  }
  self.wall_offset_ns = measure_wall_offset ();
  setvbuf (stdin, NULL, _IONBF, 0);
  self.loop = g_main_loop_new (NULL, FALSE);
  if (!start (&self))
    return 71;
  thread = g_thread_new ("shutter", shutter_thread, &self);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (command_cb), &self, NULL);
  g_source_attach (source, NULL);
  g_main_loop_run (self.loop);

  g_atomic_int_set (&self.done, TRUE);
  stop (&self);
  g_thread_join (thread);
  g_clear_pointer (&self.source, gst_object_unref);
  g_main_loop_unref (self.loop);
  return 0;
}
