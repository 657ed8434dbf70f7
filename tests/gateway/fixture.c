/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "../mux/packets.h"

#define SEGMENT_NS (2 * REGIA_SECOND)
#define SEGMENTS   6

RegiaServerOptions
fixture_options (void)
{
  RegiaServerOptions options = {.listen_key = "[web] listen", .listen = "127.0.0.1:0", .threads = 2};

  regia_limits_default (&options.limits);
  return options;
}

static GBytes *
keep_cb (GBytes *bytes, gpointer data)
{
  return regia_arena_keep (data, bytes);
}

static RegiaHlsWindow *
make_window (guint frame_bytes, const char *show, RegiaArena *arena)
{
  const RegiaHlsOptions options = {.segment_ns = SEGMENT_NS,
                                   .segments = SEGMENTS,
                                   .segments_kept = SEGMENTS + 4,
                                   .show = show,
                                   .keep = keep_cb,
                                   .keep_data = arena};
  RegiaHlsWindow *window = regia_hls_window_new (&options);
  g_autoptr (GPtrArray) tracks = regia_tracks_new ();
  g_autoptr (GError) error = NULL;
  guint64 seq = 0;

  g_ptr_array_add (tracks, packets_video_track (0));
  g_ptr_array_add (tracks, packets_audio_track (1, "it"));
  ((RegiaTrack *)tracks->pdata[0])->bitrate_bps = 1000000;
  if (!regia_hls_window_set_tracks (window, tracks, &error))
    g_error ("%s", error->message);
  for (guint frame = 0, aac = 0; FRAME_NS (frame) <= (SEGMENTS + 1) * SEGMENT_NS;) {
    gboolean video = FRAME_NS (frame) <= AAC_NS (aac);
    g_autoptr (RegiaPacket) packet = video ? packets_new (0, FRAME_NS (frame), FRAME_NS (1),
                                                          FRAME_NS (frame) % SEGMENT_NS == 0, frame_bytes)
                                           : packets_aac (1, aac);
    packet->seq = seq++;
    if (!regia_hls_window_push (window, packet, &error))
      g_error ("%s", error->message);
    if (video)
      frame++;
    else
      aac++;
  }
  return window;
}

static void
add_ready (RegiaAssets *assets)
{
  gsize length = 48 << 10;
  char *text = g_malloc (length);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, length);

  for (gsize i = 0; i < length; i++)
    text[i] = (char)('a' + i % 23);
  regia_assets_add (assets, &FIXTURE_READY[1], bytes);
}

static void
prepare (Fixture *self, const RegiaServerOptions *options, guint frame_bytes, const char *folder,
         const char *show)
{
  RegiaServerOptions own = *options;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) ok = g_bytes_new_static ("ok", 2),
                     status = g_bytes_new_static ("{\"state\":\"on-air\"}", 18);

  *self = (Fixture){.folder_fd = -1, .last_msn = SEGMENTS};
  self->arena = regia_arena_new (512 << 20, &error);
  g_assert_no_error (error);
  self->window = self->site.window = make_window (frame_bytes, show, self->arena);
  self->site.show = show;
  self->site.assets = regia_assets_new ("/org/regia/web/");
  add_ready (self->site.assets);
  self->site.snapshot = regia_snapshot_new ();
  self->site.viewers = regia_viewers_new ();
  regia_site_init (&self->site, 2000);
  regia_snapshot_post (self->site.snapshot, status, TRUE, ok);
  if (folder != NULL) {
    self->folder = g_strdup (folder);
    self->folder_fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint (self->folder_fd, >=, 0);
    self->site.library = regia_library_new (self->folder_fd);
  }
  own.arena = self->arena;
  own.answer = regia_site_answer;
  own.add_handlers = options->add_handlers != NULL ? options->add_handlers : regia_site_add_handlers;
  own.user_data = &self->site;
  self->server = regia_server_new (&own, &error);
  g_assert_no_error (error);
  self->port = regia_server_get_port (self->server);
}

void
fixture_start (Fixture *self, const RegiaServerOptions *options, guint frame_bytes, const char *folder)
{
  g_autoptr (GError) error = NULL;

  fixture_prepare (self, options, frame_bytes, folder);
  if (!regia_server_start (self->server, &error))
    g_error ("%s", error->message);
}

void
fixture_start_show (Fixture *self, const RegiaServerOptions *options, const char *show)
{
  g_autoptr (GError) error = NULL;

  prepare (self, options, 100, NULL, show);
  if (!regia_server_start (self->server, &error))
    g_error ("%s", error->message);
}

void
fixture_prepare (Fixture *self, const RegiaServerOptions *options, guint frame_bytes, const char *folder)
{
  prepare (self, options, frame_bytes, folder, NULL);
}

static gboolean
stopped_cb (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

void
fixture_stop (Fixture *self)
{
  gboolean stopped = FALSE;

  if (self->server != NULL)
    regia_server_stop (self->server, 1000, stopped_cb, &stopped);
  while (self->server != NULL && !stopped)
    g_main_context_iteration (NULL, TRUE);
  regia_library_free (self->site.library);
  regia_viewers_free (self->site.viewers);
  regia_snapshot_free (self->site.snapshot);
  regia_assets_free (self->site.assets);
  regia_site_clear (&self->site);
  regia_hls_window_free (self->window);
  regia_arena_unref (self->arena);
  if (self->folder_fd >= 0)
    close (self->folder_fd);
  g_free (self->folder);
}

guint64
fixture_resident_bytes (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  words = g_strsplit (text, " ", -1);
  return g_ascii_strtoull (words[1], NULL, 10) * (guint64)sysconf (_SC_PAGESIZE);
}

void
fixture_assert_grown_less (guint64 before, guint64 limit)
{
  guint64 now = fixture_resident_bytes ();

  g_test_message ("grew by %" G_GINT64_FORMAT " bytes", (gint64)(now - before));
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpuint (now, <, before + limit);
#endif
}
