/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "convert-private.h"

#include <gst/video/video.h>

#include "channels-private.h"
#include "launch-private.h"

/*
 * From what cameras, desks and files give to the programme's formats.
 *
 *   picture  videoconvert ─ deinterlace ─ videoflip ─ crop ─ videoconvertscale ─ capsfilter
 *   sound    audioconvert ─ regiachannels ─ audioresample ─ capsfilter ─ level
 *
 * What need not be done costs nothing: each of them passes on what is right already, and a decoder's own
 * memory with it. The first videoconvert is for formats that the two behind it do not know (10 bits of a
 * capture card).
 *
 * Interlaced: halls' SDI and HDMI are 1080i50, and so are many cameras and most of what was recorded from
 * television. yadif, because slides and name plates stand still: their text comes back whole (45 dB of PSNR
 * against 29 of the cheap linear method, which has half of the lines to go by; 0.14 of a core for 1080i50
 * against 0.03), and what moves has no comb. One picture for each frame where the programme has about as many
 * pictures as the source has frames: the second half would be made to be dropped. A programme of 50 gets
 * both.
 *
 * Upright: a phone writes how it was held, and everybody who plays its clip turns it. What a stream says of
 * itself goes before what its file says; a new stream begins upright. videoflip's own way (video-direction
 * auto) is not used: in GStreamer 1.22 it knows neither of these two rules.
 *
 * Cut: what a person wants left away is in percent, since a source may change its size; then, if it is to
 * fill the programme, what is too much of it at two sides. Both are of the picture as it is seen, upright,
 * and cost a copy of what is left; without them they are not there.
 *
 * Each instance belongs to its pipeline; the orientation is touched by the streaming thread alone.
 */

/* Above this, both fields of an interlaced frame are shown: television has 25 or 30 frames. */
#define BOTH_FIELDS_FROM 40

typedef struct {
  GstElement *flip; /* (unowned): its own pad's probe holds this */
  gboolean known[2];
  GstVideoOrientationMethod said[2]; /* of all streams, of this one: as GstTagScope */
} Orientation;

static void
turn (Orientation *self)
{
  GstVideoOrientationMethod wanted = self->known[GST_TAG_SCOPE_STREAM]   ? self->said[GST_TAG_SCOPE_STREAM]
                                     : self->known[GST_TAG_SCOPE_GLOBAL] ? self->said[GST_TAG_SCOPE_GLOBAL]
                                                                         : GST_VIDEO_ORIENTATION_IDENTITY;
  GstVideoOrientationMethod present;

  g_object_get (self->flip, "video-direction", &present, NULL);
  if (present != wanted)
    g_object_set (self->flip, "video-direction", wanted, NULL);
}

static GstPadProbeReturn
on_picture_event_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Orientation *self = user_data;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  GstTagList *tags;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_STREAM_START:
    self->known[0] = self->known[1] = FALSE;
    break;
  case GST_EVENT_TAG:
    gst_event_parse_tag (event, &tags);
    if (gst_video_orientation_from_tag (tags, &self->said[gst_tag_list_get_scope (tags)]))
      self->known[gst_tag_list_get_scope (tags)] = TRUE;
    turn (self);
    break;
  case GST_EVENT_SEGMENT:
    turn (self);
    break;
  default:
    break;
  }
  return GST_PAD_PROBE_OK;
}

static GstElement *
build (const char *text, GError **error)
{
  GstElement *bin = regia_launch_parse (text, "conversion", error);

  for (int i = 0; bin && i < 2; i++) {
    g_autoptr (GstPad) end = gst_bin_find_unlinked_pad (GST_BIN (bin), i ? GST_PAD_SRC : GST_PAD_SINK);
    gst_element_add_pad (bin, gst_ghost_pad_new (i ? "src" : "sink", end));
  }
  return bin;
}

/* Before the pictures of another size are there. */
static GstPadProbeReturn
on_size_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  const RegiaConvertCut *cut = user_data;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  g_autoptr (GstElement) crop = NULL;
  GstCaps *caps;
  GstVideoInfo video;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  if (!gst_video_info_from_caps (&video, caps))
    return GST_PAD_PROBE_OK;
  crop = gst_pad_get_parent_element (pad);
  g_object_set (crop, "left", video.width * (int)cut->crop[0] / 100, "top",
                video.height * (int)cut->crop[1] / 100, "right", video.width * (int)cut->crop[2] / 100,
                "bottom", video.height * (int)cut->crop[3] / 100, NULL);
  return GST_PAD_PROBE_OK;
}

static gboolean
is_cropped (const RegiaConvertCut *cut)
{
  return cut->crop[0] + cut->crop[1] + cut->crop[2] + cut->crop[3] > 0;
}

/* (transfer full): elements for it, each with its "! ", or "". */
static char *
cut_text (const RegiaConvertCut *cut, const char *caps_text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  int width = 16, height = 9;

  gst_structure_get_int (gst_caps_get_structure (caps, 0), "width", &width);
  gst_structure_get_int (gst_caps_get_structure (caps, 0), "height", &height);
  if (!cut->fill)
    return g_strdup (is_cropped (cut) ? "videocrop name=regia-crop ! " : "");
  return g_strdup_printf ("%saspectratiocrop aspect-ratio=%d/%d ! ",
                          is_cropped (cut) ? "videocrop name=regia-crop ! " : "", width, height);
}

static void
watch_size (GstElement *bin, const RegiaConvertCut *cut)
{
  g_autoptr (GstElement) crop = gst_bin_get_by_name (GST_BIN (bin), "regia-crop");
  g_autoptr (GstPad) pad = crop != NULL ? gst_element_get_static_pad (crop, "sink") : NULL;

  if (pad != NULL)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_size_cb, g_memdup2 (cut, sizeof *cut),
                       g_free);
}

GstElement *
regia_convert_picture_new (const char *caps, guint rate_num, guint rate_den, const RegiaConvertCut *cut,
                           GError **error)
{
  g_autofree char *cut_elements = cut_text (cut, caps);
  g_autofree char *text =
      g_strdup_printf ("videoconvert n-threads=1 ! deinterlace mode=auto method=yadif fields=%s ! videoflip "
                       "name=regia-upright "
                       "! %svideoconvertscale add-borders=true n-threads=1 ! capsfilter caps=\"%s\"",
                       rate_num >= BOTH_FIELDS_FROM * rate_den ? "all" : "top", cut_elements, caps);
  GstElement *bin = build (text, error);
  g_autoptr (GstElement) flip = NULL;
  g_autoptr (GstPad) pad = NULL;
  Orientation *orientation;

  if (bin == NULL)
    return NULL;
  flip = gst_bin_get_by_name (GST_BIN (bin), "regia-upright");
  pad = gst_element_get_static_pad (flip, "sink");
  orientation = g_new0 (Orientation, 1);
  orientation->flip = flip;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_picture_event_cb, orientation, g_free);
  watch_size (bin, cut);
  return bin;
}

/* level measures once more at the end, and divides by a rate that it does not know when no sound ever came
 * (seen in GStreamer 1.22): such an end goes past it. */
static GstPadProbeReturn
on_sound_event_cb (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  g_autoptr (GstElement) level = NULL;
  g_autoptr (GstPad) out = NULL;

  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS || gst_pad_has_current_caps (pad))
    return GST_PAD_PROBE_OK;
  level = gst_pad_get_parent_element (pad);
  out = gst_element_get_static_pad (level, "src");
  gst_pad_push_event (out, gst_event_ref (event));
  return GST_PAD_PROBE_DROP;
}

GstElement *
regia_convert_sound_new (const char *caps, const guint channels[2], GstElement **ret_channels, GError **error)
{
  g_autofree char *text =
      g_strdup_printf ("audioconvert ! regiachannels name=regia-channels left=%u right=%u ! audioresample "
                       "! capsfilter name=" REGIA_CONVERT_SOUND_CAPS
                       " caps=\"%s\" ! level name=regia-level interval=200000000",
                       channels[0], channels[1], caps);
  GstElement *bin = build (text, error);

  g_autoptr (GstElement) level = NULL;
  g_autoptr (GstPad) pad = NULL;

  if (bin == NULL)
    return NULL;
  level = gst_bin_get_by_name (GST_BIN (bin), "regia-level");
  pad = gst_element_get_static_pad (level, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_sound_event_cb, NULL, NULL);
  *ret_channels = gst_bin_get_by_name (GST_BIN (bin), "regia-channels");
  return bin;
}
