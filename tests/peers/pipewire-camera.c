/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pipewire-camera: a camera that PipeWire has, whose pictures carry the marks of regia/engine/mark.h:
 * 640x360, 25 a second, each taken at a multiple of 40 ms of the wall clock.
 *
 *   pipewire-camera NAME
 *
 * NAME is its node.name. The server is the one of XDG_RUNTIME_DIR. Ends when it is killed.
 */
#include <gst/app/app.h>
#include <gst/gst.h>
#include <stdio.h>
#include <string.h>

#include "regia/engine/mark.h"

enum { WIDTH = 640, HEIGHT = 360, STEP_MS = 40 };

static GstBuffer *
take_picture (guint32 number, gint64 wall_ms)
{
  gsize size = WIDTH * HEIGHT;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size * 3 / 2, NULL);
  GstMapInfo map;

  g_return_val_if_fail (gst_buffer_map (buffer, &map, GST_MAP_WRITE), buffer);
  memset (map.data, 90, size);
  memset (map.data + size, 128, size / 2);
  memset (map.data + (HEIGHT / 2 + number % (HEIGHT / 2)) * WIDTH, 200, WIDTH);
  regia_mark_draw (map.data, WIDTH, WIDTH, HEIGHT, number, wall_ms, wall_ms % 1000 < 50);
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL, source = NULL;
  g_autofree char *text = NULL;

  gst_init (&argc, &argv);
  if (argc != 2) {
    fprintf (stderr, "usage: pipewire-camera NAME\n");
    return 64;
  }
  text = g_strdup_printf (
      "appsrc name=source is-live=true format=time do-timestamp=true max-buffers=2 leaky-type=downstream "
      "caps=video/x-raw,format=I420,width=%d,height=%d,framerate=25/1 ! videoconvert ! "
      "video/x-raw,format=YUY2 ! pipewiresink mode=provide "
      "stream-properties=props,media.class=Video/Source,node.name=%s",
      WIDTH, HEIGHT, argv[1]);
  pipeline = gst_parse_launch (text, &error);
  if (error != NULL) {
    fprintf (stderr, "%s\n", error->message);
    return 69;
  }
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint32 number = 0;; number++) {
    gint64 now_us = g_get_real_time (), next_ms = now_us / 1000 / STEP_MS * STEP_MS + STEP_MS;

    g_usleep ((gulong)(next_ms * 1000 - now_us));
    if (gst_app_src_push_buffer (GST_APP_SRC (source), take_picture (number, next_ms)) != GST_FLOW_OK)
      return 1;
  }
}
