/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtsp-camera: an IP camera for tests, with gst-rtsp-server: H.264, marks burnt into every picture
 * (regia/engine/mark.h). A picture is taken at each multiple of the frame time of the wall clock; the flash
 * is white at each full second of it.
 *
 *   rtsp-camera --port 8554 [--size 640x360] [--rate 25 | --rate 1/3] [--keyframes N] [--interlaced]
 *               [--sound] [--running] [--no-reports]                  → rtsp://127.0.0.1:PORT/camera
 *
 * --interlaced: the bar has moved on by half of its step in the lower field of each picture. --keyframes: one
 * in N pictures, else one a second. --sound: G.711, a beep at each full second over a quiet hum. --running: a
 * client of its own watches from the start, so that the streams run already when another one comes.
 * --no-reports: no RTCP sender reports.
 *
 * Commands on standard input, a line each: "stop" (the server goes away: connections are closed and refused),
 * "start", "freeze" (sends nothing more, connections stay), "thaw", "mute" and "unmute" (the sound alone),
 * "quit" (also at its end); what goes wrong before the lens and the microphone: "black on|off" (a cap on the
 * lens), "still on|off" (the same picture again and again), "quiet on|off" (no sound is heard), "clip on|off"
 * (a desk turned up too far before it); what becomes of its streams: "ended on|off" (they end in order, and
 * there is none for who asks again), "broken on|off" (connections are closed, and who comes again
 * is told that there is no such stream), "size WxH" (another one from the next picture on, in mid-stream);
 * and the faults of real cameras' timestamps, which need --no-reports: "step picture|sound|both MS", "wild
 * picture|sound|off" (one stamp in 50 is two hours off), "clock PPM" (the sound's clock is so much slower
 * from the next client on). Says "ready" when it listens, after start as well.
 */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <gst/app/app.h>
#include <gst/rtp/rtp.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <gst/video/video.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "regia/engine/mark.h"

/* What is done to the timestamps of one stream's RTP packets, on its streaming thread. */
typedef struct {
  int rate;     /* of its timestamps, Hz */
  int step_ms;  /* atomic: how far they have stepped so far */
  int wild;     /* atomic: one in 50 is */
  int slow_ppm; /* atomic */
  gboolean started;
  guint32 first, last; /* as the payloader made them */
  guint64 count;       /* of buffers */
} Stamps;

/*
 * One camera: a thread takes the pictures, for as long as the program runs, and hands them to the appsrc of
 * the medium when there is one. The frame number counts what the camera saw, not what anybody fetched.
 */
typedef struct {
  int width, height; /* the shutter's thread's, once it runs */
  int rate, rate_den, port, keyframes;
  gint wanted_size; /* atomic: width × 65536 + height */
  gboolean interlaced, sound, running, no_reports;
  Stamps stamps[2];      /* of picture and sound */
  GstElement *watcher;   /* (owned) (nullable): its own client */
  gint64 wall_offset_ns; /* wall clock minus GStreamer's clock (CLOCK_MONOTONIC); constant for as long as a
                            test */
  GMutex lock;           /* guards source and media */
  GstAppSrc *source;     /* (owned) (nullable): of the medium that is being watched */
  GstAppSrc *microphone; /* (owned) (nullable) */
  GstRTSPMedia *media;   /* (unowned) (nullable) that medium; never looked into */
  gboolean frozen;       /* atomic */
  gboolean muted;        /* atomic, as the four that follow */
  gboolean black, still, quiet, clipped;
  gboolean done; /* atomic */
  GMainLoop *loop;
  GstRTSPServer *server;        /* (owned) (nullable) while stopped */
  GstRTSPMediaFactory *factory; /* (owned) (nullable) while stopped */
  guint attached;
} Camera;

static GstBuffer *
take_picture (Camera *self, guint32 number, gint64 wall_ms)
{
  gsize size = (gsize)self->width * (gsize)self->height;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size * 3 / 2, NULL);
  GstMapInfo map;

  g_return_val_if_fail (gst_buffer_map (buffer, &map, GST_MAP_WRITE), buffer);
  if (g_atomic_int_get (&self->black)) {
    memset (map.data, 16, size);
    memset (map.data + size, 128, size / 2);
    gst_buffer_unmap (buffer, &map);
    return buffer;
  }
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

/* What the pictures of the medium are from now on; one that has just been begun knows the size it began with.
 */
static void
take_size (Camera *self, GstAppSrc *source)
{
  int size = g_atomic_int_get (&self->wanted_size);
  g_autoptr (GstCaps) before = gst_app_src_get_caps (source);
  g_autoptr (GstCaps) caps = NULL;
  int width = 0;

  self->width = size >> 16;
  self->height = size & 0xffff;
  if (before == NULL || !gst_structure_get_int (gst_caps_get_structure (before, 0), "width", &width) ||
      width == self->width)
    return;
  caps = gst_caps_copy (before);
  gst_caps_set_simple (caps, "width", G_TYPE_INT, self->width, "height", G_TYPE_INT, self->height, NULL);
  gst_app_src_set_caps (source, caps);
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
  gint64 step_ns = G_GINT64_CONSTANT (1000000000) * self->rate_den / self->rate;
  gint64 next_ns = g_get_real_time () * 1000 / step_ns * step_ns + step_ns, seen_ns = next_ns;
  guint32 seen = 0;

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
      GstBuffer *buffer;

      if (!g_atomic_int_get (&self->still)) {
        seen = number;
        seen_ns = next_ns;
      }
      take_size (self, source);
      buffer = take_picture (self, seen, seen_ns / 1000000);
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

enum { SOUND_HZ = 8000, BLOCK = 160, BEEP_HZ = 1000 };

/* One block of 20 ms: what the microphone hears from @heard_ns of the wall clock on. */
static GstBuffer *
take_sound (gint64 heard_ns, gboolean quiet, gboolean clipped)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, BLOCK * 2, NULL);
  GstMapInfo map;

  g_return_val_if_fail (gst_buffer_map (buffer, &map, GST_MAP_WRITE), buffer);
  for (int i = 0; i < BLOCK; i++) {
    gint64 at_ns = heard_ns + (gint64)i * 1000000000 / SOUND_HZ, in_ns = at_ns % 1000000000;
    double seconds = (double)in_ns / 1e9, hum = 0.02 * sin (2 * G_PI * 200 * seconds);
    double beep = in_ns < 50000000 ? 0.5 * sin (2 * G_PI * BEEP_HZ * seconds) : 0;
    double heard = quiet ? 0 : CLAMP ((hum + beep) * (clipped ? 60 : 1), -1, 1);

    ((gint16 *)map.data)[i] = (gint16)lrint (heard * 32767);
  }
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

/* A slow clock takes longer for its 160 samples. */
static gpointer
microphone_thread (gpointer data)
{
  Camera *self = data;
  gint64 next_ns = g_get_real_time () * 1000;

  while (!g_atomic_int_get (&self->done)) {
    gint64 block_ns = 20000000 + 20 * (gint64)g_atomic_int_get (&self->stamps[1].slow_ppm);
    struct timespec until = {(next_ns + block_ns) / 1000000000, (next_ns + block_ns) % 1000000000};
    GstAppSrc *microphone = NULL;

    while (clock_nanosleep (CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) != 0)
      ;
    g_mutex_lock (&self->lock);
    if (self->microphone)
      microphone = gst_object_ref (self->microphone);
    g_mutex_unlock (&self->lock);
    if (microphone && !g_atomic_int_get (&self->frozen) && !g_atomic_int_get (&self->muted)) {
      gint64 base_ns = (gint64)gst_element_get_base_time (GST_ELEMENT (microphone));
      gint64 pts = next_ns - self->wall_offset_ns - base_ns;

      if (base_ns > 0 && pts >= 0) {
        GstBuffer *buffer =
            take_sound (next_ns, g_atomic_int_get (&self->quiet), g_atomic_int_get (&self->clipped));

        GST_BUFFER_PTS (buffer) = (guint64)pts;
        GST_BUFFER_DURATION (buffer) = 20000000;
        gst_app_src_push_buffer (microphone, buffer);
      }
    }
    if (microphone)
      gst_object_unref (microphone);
    next_ns += block_ns;
  }
  return NULL;
}

static void
stamp (Stamps *self, GstBuffer *buffer)
{
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  int slow_ppm = g_atomic_int_get (&self->slow_ppm);
  guint32 own;
  gint64 time;

  if (!gst_rtp_buffer_map (buffer, GST_MAP_READWRITE, &rtp))
    return;
  own = gst_rtp_buffer_get_timestamp (&rtp);
  if (!self->started)
    self->first = own;
  if (!self->started || own != self->last)
    self->count++;
  self->started = TRUE;
  self->last = own;
  time = (gint32)(own - self->first);
  if (slow_ppm != 0) /* it counts whole blocks of samples */
    time = llround ((double)time / (1 + slow_ppm * 1e-6) / BLOCK) * BLOCK;
  time += (gint64)g_atomic_int_get (&self->step_ms) * self->rate / 1000;
  if (g_atomic_int_get (&self->wild) && self->count % 50 == 49)
    time += (gint64)7200 * self->rate;
  gst_rtp_buffer_set_timestamp (&rtp, self->first + (guint32)time);
  gst_rtp_buffer_unmap (&rtp);
}

static gboolean
stamp_in_list_cb (GstBuffer **buffer, guint index, gpointer data)
{
  *buffer = gst_buffer_make_writable (*buffer);
  stamp (data, *buffer);
  return TRUE;
}

static GstPadProbeReturn
stamp_cb (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    info->data = gst_buffer_list_make_writable (info->data);
    gst_buffer_list_foreach (info->data, stamp_in_list_cb, data);
  } else {
    info->data = gst_buffer_make_writable (info->data);
    stamp (data, info->data);
  }
  return GST_PAD_PROBE_OK;
}

/* The sessions are there once the medium is prepared. */
static void
no_reports_cb (GstRTSPMedia *media, gpointer data)
{
  for (guint i = 0; i < gst_rtsp_media_n_streams (media); i++) {
    GstRTSPStream *stream = gst_rtsp_media_get_stream (media, i);
    GObject *session = gst_rtsp_stream_get_rtpsession (stream);

    if (session)
      g_object_set (session, "rtcp-min-interval", (guint64)3600 * GST_SECOND, NULL);
    g_clear_object (&session);
  }
}

static void
watch_stamps (GstElement *element, const char *name, Stamps *stamps)
{
  g_autoptr (GstElement) payloader = gst_bin_get_by_name_recurse_up (GST_BIN (element), name);
  g_autoptr (GstPad) pad = payloader ? gst_element_get_static_pad (payloader, "src") : NULL;

  stamps->started = FALSE;
  if (pad)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, stamp_cb, stamps,
                       NULL);
}

/* A real camera keeps its distance of keyframes, whoever comes. */
static GstPadProbeReturn
no_request_cb (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  return gst_video_event_is_force_key_unit (GST_PAD_PROBE_INFO_EVENT (info)) ? GST_PAD_PROBE_DROP
                                                                             : GST_PAD_PROBE_OK;
}

static void
refuse_requests (GstElement *element)
{
  g_autoptr (GstElement) payloader = gst_bin_get_by_name_recurse_up (GST_BIN (element), "pay0");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (payloader, "sink");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, no_request_cb, NULL, NULL);
}

static void
watcher_pad_cb (GstElement *source, GstPad *pad, gpointer data)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) end = gst_element_get_static_pad (sink, "sink");

  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (data), sink);
  gst_element_sync_state_with_parent (sink);
  gst_pad_link (pad, end);
}

static void
watch (Camera *self)
{
  GstElement *source = gst_element_factory_make ("rtspsrc", NULL);
  g_autofree char *location = g_strdup_printf ("rtsp://127.0.0.1:%d/camera", self->port);

  self->watcher = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_object_set (source, "location", location, "protocols", 4 /* TCP */, NULL);
  gst_bin_add (GST_BIN (self->watcher), source);
  g_signal_connect (source, "pad-added", G_CALLBACK (watcher_pad_cb), self->watcher);
  gst_element_set_state (self->watcher, GST_STATE_PLAYING);
}

/* The next client's medium may be there already when the last one's is gone. */
static void
unprepared_cb (GstRTSPMedia *media, Camera *self)
{
  g_mutex_lock (&self->lock);
  if (self->media == media)
    g_clear_pointer (&self->source, gst_object_unref);
  if (self->media == media)
    g_clear_pointer (&self->microphone, gst_object_unref);
  g_mutex_unlock (&self->lock);
}

static void
configure_cb (GstRTSPMediaFactory *factory, GstRTSPMedia *media, Camera *self)
{
  GstElement *element = gst_rtsp_media_get_element (media);
  GstElement *source = gst_bin_get_by_name_recurse_up (GST_BIN (element), "picture");

  g_signal_connect (media, "unprepared", G_CALLBACK (unprepared_cb), self);
  if (self->no_reports)
    g_signal_connect (media, "prepared", G_CALLBACK (no_reports_cb), NULL);
  refuse_requests (element);
  watch_stamps (element, "pay0", &self->stamps[0]);
  watch_stamps (element, "pay1", &self->stamps[1]);
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->source, gst_object_unref);
  self->source = GST_APP_SRC (source);
  g_clear_pointer (&self->microphone, gst_object_unref);
  self->microphone = (GstAppSrc *)gst_bin_get_by_name_recurse_up (GST_BIN (element), "microphone");
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
      "caps=video/x-raw,format=I420,width=%d,height=%d,framerate=%d/%d,"
      "interlace-mode=%s "
      "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 key-int-max=%d threads=1 interlaced=%s "
      "! video/x-h264,profile=%s ! rtph264pay name=pay0 pt=96 config-interval=-1 %s)",
      self->wanted_size >> 16, self->wanted_size & 0xffff, self->rate, self->rate_den,
      self->interlaced ? "interleaved" : "progressive", self->keyframes, self->interlaced ? "true" : "false",
      self->interlaced ? "main" : "baseline",
      self->sound
          ? "appsrc name=microphone is-live=true format=time min-latency=0 block=false max-bytes=0 "
            "max-buffers=100 "
            "leaky-type=downstream caps=audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved "
            "! alawenc tolerance=0 ! rtppcmapay perfect-rtptime=false name=pay1 pt=8 min-ptime=20000000 "
            "max-ptime=20000000 "
          : "");
  GstRTSPMountPoints *mounts;
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new ();

  self->server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (self->server, "127.0.0.1");
  gst_rtsp_server_set_service (self->server, service);
  gst_rtsp_media_factory_set_launch (factory, launch);
  gst_rtsp_media_factory_set_shared (factory, TRUE);
  g_signal_connect (factory, "media-configure", G_CALLBACK (configure_cb), self);
  mounts = gst_rtsp_server_get_mount_points (self->server);
  self->factory = g_object_ref (factory);
  gst_rtsp_mount_points_add_factory (mounts, "/camera", factory);
  g_object_unref (mounts);
  self->attached = gst_rtsp_server_attach (self->server, NULL);
  if (self->attached == 0) {
    fprintf (stderr, "rtsp-camera: port %d cannot be opened\n", self->port);
    return FALSE;
  }
  if (self->running)
    watch (self);
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
drop_clients (Camera *self)
{
  GList *clients = gst_rtsp_server_client_filter (self->server, drop_client_cb, NULL);

  g_list_free_full (clients, g_object_unref);
}

static void
stop (Camera *self)
{

  if (self->watcher)
    gst_element_set_state (self->watcher, GST_STATE_NULL);
  gst_clear_object (&self->watcher);
  if (self->server == NULL)
    return;
  g_source_remove (self->attached);
  drop_clients (self);
  g_clear_object (&self->server);
  g_clear_object (&self->factory);
}

/* Whether there is the stream that clients ask for. */
static void
offer (Camera *self, gboolean offered)
{
  g_autoptr (GstRTSPMountPoints) mounts =
      self->server ? gst_rtsp_server_get_mount_points (self->server) : NULL;

  if (mounts && offered)
    gst_rtsp_mount_points_add_factory (mounts, "/camera", g_object_ref (self->factory));
  else if (mounts)
    gst_rtsp_mount_points_remove_factory (mounts, "/camera");
}

static void
end_streams (Camera *self)
{
  g_mutex_lock (&self->lock);
  if (self->source)
    gst_app_src_end_of_stream (self->source);
  if (self->microphone)
    gst_app_src_end_of_stream (self->microphone);
  g_clear_pointer (&self->source, gst_object_unref);
  g_clear_pointer (&self->microphone, gst_object_unref);
  g_mutex_unlock (&self->lock);
}

/* What becomes of its streams. FALSE: @line is about something else. */
static gboolean
end_or_break (Camera *self, const char *line)
{
  gboolean ended = g_str_has_prefix (line, "ended "), broken = g_str_has_prefix (line, "broken ");
  gboolean on = strstr (line, " on") != NULL;

  if (!ended && !broken)
    return FALSE;
  offer (self, !on);
  if (ended && on)
    end_streams (self);
  else if (on && self->server)
    drop_clients (self);
  return TRUE;
}

static void
make_fault (Camera *self, const char *line)
{
  char which[16] = "";
  int amount = 0, width, height;

  if (sscanf (line, "size %dx%d", &width, &height) == 2)
    g_atomic_int_set (&self->wanted_size, width << 16 | height);
  else if (sscanf (line, "step %15s %d", which, &amount) == 2) {
    for (int i = 0; i < 2; i++)
      if (g_str_equal (which, i ? "sound" : "picture") || g_str_equal (which, "both"))
        g_atomic_int_add (&self->stamps[i].step_ms, amount);
  } else if (sscanf (line, "wild %15s", which) == 1)
    for (int i = 0; i < 2; i++)
      g_atomic_int_set (&self->stamps[i].wild, g_str_equal (which, i ? "sound" : "picture"));
  else if (sscanf (line, "clock %d", &amount) == 1)
    g_atomic_int_set (&self->stamps[1].slow_ppm, amount);
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
  else if (g_str_has_prefix (line, "mute"))
    g_atomic_int_set (&self->muted, TRUE);
  else if (g_str_has_prefix (line, "unmute"))
    g_atomic_int_set (&self->muted, FALSE);
  else if (g_str_has_prefix (line, "black"))
    g_atomic_int_set (&self->black, strstr (line, "on") != NULL);
  else if (g_str_has_prefix (line, "still"))
    g_atomic_int_set (&self->still, strstr (line, "on") != NULL);
  else if (g_str_has_prefix (line, "quiet"))
    g_atomic_int_set (&self->quiet, strstr (line, "on") != NULL);
  else if (g_str_has_prefix (line, "clip"))
    g_atomic_int_set (&self->clipped, strstr (line, "on") != NULL);
  else if (!end_or_break (self, line))
    make_fault (self, line);
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_autofree char *size = NULL, *rate = NULL;
  Camera self = {.width = 640,
                 .height = 360,
                 .rate = 25,
                 .rate_den = 1,
                 .port = 8554,
                 .stamps = {{.rate = 90000}, {.rate = SOUND_HZ}}};
  const GOptionEntry entries[] = {
      {"port", 'p', 0, G_OPTION_ARG_INT, &self.port, "Port on 127.0.0.1", "N"},
      {"size", 's', 0, G_OPTION_ARG_STRING, &size, "Size of the picture", "WxH"},
      {"rate", 'r', 0, G_OPTION_ARG_STRING, &rate, "Pictures a second", "N[/M]"},
      {"keyframes", 'k', 0, G_OPTION_ARG_INT, &self.keyframes, "Pictures from one keyframe to the next", "N"},
      {"sound", 0, 0, G_OPTION_ARG_NONE, &self.sound, "With sound", NULL},
      {"running", 0, 0, G_OPTION_ARG_NONE, &self.running, "The streams run always", NULL},
      {"no-reports", 0, 0, G_OPTION_ARG_NONE, &self.no_reports, "No sender reports", NULL},
      {"interlaced", 'i', 0, G_OPTION_ARG_NONE, &self.interlaced, "Two fields a picture", NULL},
      {NULL},
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) input = g_unix_input_stream_new (0, FALSE);
  g_autoptr (GSource) source = NULL;
  GThread *thread, *microphone = NULL;

  gst_init (NULL, NULL);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) ||
      (size && sscanf (size, "%dx%d", &self.width, &self.height) != 2) ||
      (rate && sscanf (rate, "%d/%d", &self.rate, &self.rate_den) < 1) || self.rate < 1 ||
      self.rate_den < 1) {
    fprintf (stderr, "rtsp-camera: %s\n", error ? error->message : "a number is wrong");
    return 64;
  }
  if (self.keyframes == 0)
    self.keyframes = MAX (self.rate / self.rate_den, 1);
  self.wanted_size = self.width << 16 | self.height;
  self.wall_offset_ns = measure_wall_offset ();
  setvbuf (stdin, NULL, _IONBF, 0);
  self.loop = g_main_loop_new (NULL, FALSE);
  if (!start (&self))
    return 71;
  thread = g_thread_new ("shutter", shutter_thread, &self);
  if (self.sound)
    microphone = g_thread_new ("microphone", microphone_thread, &self);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (command_cb), &self, NULL);
  g_source_attach (source, NULL);
  g_main_loop_run (self.loop);

  g_atomic_int_set (&self.done, TRUE);
  stop (&self);
  g_thread_join (thread);
  if (microphone)
    g_thread_join (microphone);
  g_clear_pointer (&self.microphone, gst_object_unref);
  g_clear_pointer (&self.source, gst_object_unref);
  g_main_loop_unref (self.loop);
  return 0;
}
