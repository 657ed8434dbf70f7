/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pipewire-camera: a camera that PipeWire has, 640x360, 25 pictures a second, which carry the marks of
 * regia/engine/mark.h with the time at which each was taken.
 *
 *   pipewire-camera NAME
 *
 * NAME is its node.name. The server is the one of XDG_RUNTIME_DIR. Ends when it is killed.
 */
#include <gst/gst.h>
#include <stdio.h>

#include "regia/engine/mark.h"

enum { WIDTH = 640, HEIGHT = 360 };

/* Streaming thread. The picture is in PipeWire's own memory: pipewiresink takes it as it is. */
static void
on_picture_cb (GstElement *identity, GstBuffer *buffer, gpointer user_data)
{
  guint32 *number = user_data;
  gint64 wall_ms = g_get_real_time () / 1000;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READWRITE))
    return;
  if (map.size >= WIDTH * HEIGHT)
    regia_mark_draw (map.data, WIDTH, WIDTH, HEIGHT, (*number)++, wall_ms, wall_ms % 1000 < 50);
  gst_buffer_unmap (buffer, &map);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL, marks = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  g_autofree char *text = NULL;
  guint32 number = 0;

  gst_init (&argc, &argv);
  if (argc != 2) {
    fprintf (stderr, "usage: pipewire-camera NAME\n");
    return 64;
  }
  text = g_strdup_printf ("videotestsrc is-live=true pattern=ball ! "
                          "video/x-raw,format=I420,width=%d,height=%d,framerate=25/1 ! "
                          "identity name=marks ! pipewiresink mode=provide "
                          "stream-properties=props,media.class=Video/Source,node.name=%s",
                          WIDTH, HEIGHT, argv[1]);
  pipeline = gst_parse_launch (text, &error);
  if (error != NULL) {
    fprintf (stderr, "%s\n", error->message);
    return 69;
  }
  marks = gst_bin_get_by_name (GST_BIN (pipeline), "marks");
  g_signal_connect (marks, "handoff", G_CALLBACK (on_picture_cb), &number);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (loop);
  return 0;
}
