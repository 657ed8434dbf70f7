/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "compositor-private.h"

#include <gst/video/gstvideoaggregator.h>
#include <gst/video/gstvideopool.h>

/*
 * GStreamer's compositor copies a picture into each frame also where that is all there is to see, which is so
 * for most of an event. Its type is known only at run time, so this one is derived from it by hand.
 *
 * A frame that is passed on is read-only memory around that of the picture, which is let go with the frame:
 * two buffers that shared one memory would both be lost to the pool that the picture is from, which would
 * have to make another one each time.
 *
 * Only memory that nobody runs short of is passed on: an encoder that is late may keep frames for seconds,
 * and a capture card has but a few.
 *
 * Threads: all of it is called by the compositor's.
 */

typedef struct {
  RegiaSceneMixer *scenes; /* (unowned) (nullable) */
  gboolean passed;         /* the frame that is being made is a picture as it is */
} Compositor;

static GstVideoAggregatorClass *parent_class; /* constant from class_init() on */
static int private_offset;                    /* the same */

static Compositor *
get_private (gpointer element)
{
  return G_STRUCT_MEMBER_P (element, private_offset);
}

typedef struct {
  GstBuffer *picture; /* (owned) */
  GstMapInfo map;
} Loan;

static void
loan_end (gpointer data)
{
  Loan *loan = data;

  gst_buffer_unmap (loan->picture, &loan->map);
  gst_buffer_unref (loan->picture);
  g_free (loan);
}

/* A pool without a limit makes another buffer where all are away; others are devices' own. */
static gboolean
may_be_kept (GstBuffer *picture)
{
  GstStructure *config;
  guint most = 0;

  if (gst_buffer_n_memory (picture) != 1 ||
      !gst_memory_is_type (gst_buffer_peek_memory (picture, 0), GST_ALLOCATOR_SYSMEM))
    return FALSE;
  if (picture->pool == NULL)
    return TRUE;
  if (G_OBJECT_TYPE (picture->pool) != GST_TYPE_VIDEO_BUFFER_POOL)
    return FALSE;
  config = gst_buffer_pool_get_config (picture->pool);
  if (!gst_buffer_pool_config_get_params (config, NULL, NULL, NULL, &most))
    most = 1;
  gst_structure_free (config);
  return most == 0;
}

/* What the compositor would refuse to map is its to refuse. */
static gboolean
is_complete (GstBuffer *picture, const GstVideoMeta *layout, const GstVideoInfo *info)
{
  return layout != NULL ? layout->format == GST_VIDEO_INFO_FORMAT (info) &&
                              layout->width == (guint)info->width && layout->height == (guint)info->height
                        : gst_buffer_get_size (picture) >= info->size;
}

/* (transfer full) (nullable): the same picture, without its times. */
static GstBuffer *
lend (GstBuffer *picture, const GstVideoInfo *info)
{
  GstVideoMeta *layout = gst_buffer_get_video_meta (picture);
  Loan *loan;
  GstBuffer *frame;

  if (!may_be_kept (picture) || !is_complete (picture, layout, info))
    return NULL;
  loan = g_new0 (Loan, 1);
  if (!gst_buffer_map (picture, &loan->map, GST_MAP_READ)) {
    g_free (loan);
    return NULL;
  }
  loan->picture = gst_buffer_ref (picture);
  frame = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, loan->map.data, loan->map.size, 0,
                                       loan->map.size, loan, loan_end);
  if (layout != NULL)
    gst_buffer_add_video_meta_full (frame, layout->flags, layout->format, layout->width, layout->height,
                                    layout->n_planes, layout->offset, layout->stride);
  return frame;
}

/* Not their rates, nor what they say of stereoscopy: no pixel depends on it. */
static gboolean
is_same (const GstVideoInfo *a, const GstVideoInfo *b)
{
  return GST_VIDEO_INFO_FORMAT (a) == GST_VIDEO_INFO_FORMAT (b) && a->width == b->width &&
         a->height == b->height && a->interlace_mode == b->interlace_mode &&
         a->chroma_site == b->chroma_site &&
         gst_video_colorimetry_is_equal (&a->colorimetry, &b->colorimetry);
}

static GstFlowReturn
create_output_buffer (GstVideoAggregator *element, GstBuffer **ret_frame)
{
  Compositor *self = get_private (element);
  g_autoptr (GstPad) pad = self->scenes != NULL ? regia_scene_mixer_find_whole (self->scenes) : NULL;
  GstVideoAggregatorPad *input = (GstVideoAggregatorPad *)pad;

  *ret_frame = NULL;
  if (input != NULL && is_same (&input->info, &element->info))
    *ret_frame = lend (gst_video_aggregator_pad_get_current_buffer (input), &input->info);
  self->passed = *ret_frame != NULL;
  return self->passed ? GST_FLOW_OK : parent_class->create_output_buffer (element, ret_frame);
}

static GstFlowReturn
aggregate_frames (GstVideoAggregator *element, GstBuffer *frame)
{
  return get_private (element)->passed ? GST_FLOW_OK : parent_class->aggregate_frames (element, frame);
}

static void
class_init (gpointer class, gpointer unused)
{
  parent_class = g_type_class_peek_parent (class);
  g_type_class_adjust_private_offset (class, &private_offset);
  GST_VIDEO_AGGREGATOR_CLASS (class)->create_output_buffer = create_output_buffer;
  GST_VIDEO_AGGREGATOR_CLASS (class)->aggregate_frames = aggregate_frames;
}

void
regia_compositor_set_scenes (GstElement *element, RegiaSceneMixer *scenes)
{
  get_private (element)->scenes = scenes;
}

gboolean
regia_compositor_register (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type)) {
    g_autoptr (GstElementFactory) factory = gst_element_factory_find ("compositor");
    g_autoptr (GstPluginFeature) loaded =
        factory != NULL ? gst_plugin_feature_load (GST_PLUGIN_FEATURE (factory)) : NULL;
    GType parent = loaded != NULL ? gst_element_factory_get_element_type (GST_ELEMENT_FACTORY (loaded)) : 0;
    GType made = G_TYPE_INVALID;
    GTypeQuery query;

    if (g_type_is_a (parent, GST_TYPE_VIDEO_AGGREGATOR)) {
      g_type_query (parent, &query);
      made = g_type_register_static_simple (parent, "RegiaCompositor", query.class_size, class_init,
                                            query.instance_size, NULL, 0);
      private_offset = g_type_add_instance_private (made, sizeof (Compositor));
    }
    g_once_init_leave (&type, made != G_TYPE_INVALID ? made : G_TYPE_NONE);
  }
  return type == G_TYPE_NONE || gst_element_register (NULL, REGIA_COMPOSITOR, GST_RANK_NONE, type);
}
