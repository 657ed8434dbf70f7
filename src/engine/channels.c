/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "channels-private.h"

#include <gst/audio/audio.h>
#include <gst/base/gstbasetransform.h>
#include <string.h>

/*
 * regiachannels makes two channels of however many there are.
 *
 * A mixing desk at USB gives 10 to 32, of which nobody says where they belong: its inputs, one by one.
 * audioconvert knows no way from such a stream to stereo and refuses it, and a sound server that is asked for
 * stereo gives silence. So: the two that the event file asks for, else the first two. Channels that do say
 * where they belong (5.1 of a film) are mixed down as audioconvert does it; one goes to both sides; two stay
 * as they are, untouched.
 *
 * Each instance belongs to its pipeline. The streaming thread owns it; `use`, which others read, is guarded
 * by the object's lock.
 */

#define CAPS_HEAD "audio/x-raw,format=" GST_AUDIO_NE (F32) ",layout=interleaved,rate=[1,MAX]"

typedef struct {
  GstBaseTransform parent;
  guint left, right; /* set before it runs */
  GstAudioInfo in;
  GstAudioChannelMixer *mixer; /* (owned) (nullable): when neither left nor right is a channel of its own */
  RegiaChannelsUse use;        /* object's lock */
} RegiaChannels;

typedef struct {
  GstBaseTransformClass parent_class;
} RegiaChannelsClass;

enum { PROP_LEFT = 1, PROP_RIGHT };

static GType regia_channels_get_type (void);
G_DEFINE_TYPE (RegiaChannels, regia_channels, GST_TYPE_BASE_TRANSFORM)

RegiaChannelsUse
regia_channels_choose (guint channels, gboolean positioned, guint left, guint right)
{
  RegiaChannelsUse use = {.channels = channels, .wanted_left = left, .wanted_right = right};

  use.missing = MAX (left, right) > channels;
  if (left != 0 && !use.missing) {
    use.left = left;
    use.right = right;
  } else if (use.missing || (channels > 2 && !positioned)) {
    use.left = 1;
    use.right = MIN (channels, 2);
  }
  return use;
}

static char *
pair_words (guint left, guint right)
{
  return left == right ? g_strdup_printf ("%u", left) : g_strdup_printf ("%u and %u", left, right);
}

char *
regia_channels_words (const RegiaChannelsUse *use)
{
  if (use->channels == 0)
    return g_strdup ("");
  return use->left != 0 ? pair_words (use->left, use->right) : g_strdup ("all");
}

char *
regia_channels_note (const RegiaChannelsUse *use)
{
  g_autofree char *wanted = pair_words (use->wanted_left, use->wanted_right), *used = NULL;

  if (!use->missing)
    return g_strdup ("");
  used = pair_words (use->left, use->right);
  return g_strdup_printf ("it has %u channel%s, so \"channels\" cannot take %s: %s %s used instead; correct "
                          "\"channels\", or the device's profile",
                          use->channels, use->channels == 1 ? "" : "s", wanted, used,
                          use->left == use->right ? "is" : "are");
}

static GstCaps *
transform_caps (GstBaseTransform *transform, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  g_autoptr (GstCaps) other = gst_caps_copy (caps);

  for (guint i = 0; i < gst_caps_get_size (other); i++) {
    GstStructure *structure = gst_caps_get_structure (other, i);

    if (direction == GST_PAD_SINK)
      gst_structure_set (structure, "channels", G_TYPE_INT, 2, "channel-mask", GST_TYPE_BITMASK, (guint64)0x3,
                         NULL);
    else {
      gst_structure_set (structure, "channels", GST_TYPE_INT_RANGE, 1, 64, NULL);
      gst_structure_remove_field (structure, "channel-mask");
    }
  }
  return filter ? gst_caps_intersect_full (filter, other, GST_CAPS_INTERSECT_FIRST)
                : g_steal_pointer (&other);
}

static gboolean
get_unit_size (GstBaseTransform *transform, GstCaps *caps, gsize *ret_size)
{
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, caps))
    return FALSE;
  *ret_size = (gsize)GST_AUDIO_INFO_BPF (&info);
  return TRUE;
}

static gboolean
set_caps (GstBaseTransform *transform, GstCaps *in, GstCaps *out)
{
  RegiaChannels *self = (RegiaChannels *)transform;
  GstAudioChannelPosition stereo[] = {GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT,
                                      GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT};
  RegiaChannelsUse use;

  if (!gst_audio_info_from_caps (&self->in, in))
    return FALSE;
  use = regia_channels_choose ((guint)self->in.channels, !GST_AUDIO_INFO_IS_UNPOSITIONED (&self->in),
                               self->left, self->right);
  g_clear_pointer (&self->mixer, gst_audio_channel_mixer_free);
  if (use.left == 0 && self->in.channels > 1 && GST_AUDIO_INFO_IS_UNPOSITIONED (&self->in))
    memcpy (self->in.position, stereo, sizeof stereo); /* two of them: as they are */
  if (use.left == 0)
    self->mixer = gst_audio_channel_mixer_new (GST_AUDIO_CHANNEL_MIXER_FLAGS_NONE, GST_AUDIO_FORMAT_F32,
                                               self->in.channels, self->in.position, 2, stereo);
  gst_base_transform_set_passthrough (transform, self->mixer && self->in.channels == 2 &&
                                                     gst_audio_channel_mixer_is_passthrough (self->mixer));
  GST_OBJECT_LOCK (self);
  self->use = use;
  GST_OBJECT_UNLOCK (self);
  return use.left != 0 || self->mixer != NULL;
}

static GstFlowReturn
transform (GstBaseTransform *base, GstBuffer *in, GstBuffer *out)
{
  RegiaChannels *self = (RegiaChannels *)base;
  gsize channels = (gsize)self->in.channels;
  GstMapInfo from, to;

  if (!gst_buffer_map (in, &from, GST_MAP_READ))
    return GST_FLOW_ERROR;
  if (!gst_buffer_map (out, &to, GST_MAP_WRITE)) {
    gst_buffer_unmap (in, &from);
    return GST_FLOW_ERROR;
  }
  gsize frames = MIN (from.size / (channels * sizeof (float)), to.size / (2 * sizeof (float)));
  if (self->mixer) {
    gpointer source[] = {from.data}, target[] = {to.data};
    gst_audio_channel_mixer_samples (self->mixer, source, target, (int)frames);
  } else {
    const float *left = (const float *)from.data + self->use.left - 1,
                *right = (const float *)from.data + self->use.right - 1;
    float *target = (float *)to.data;

    for (gsize i = 0; i < frames; i++) {
      target[2 * i] = left[i * channels];
      target[2 * i + 1] = right[i * channels];
    }
  }
  gst_buffer_unmap (out, &to);
  gst_buffer_unmap (in, &from);
  return GST_FLOW_OK;
}

static gboolean
stop (GstBaseTransform *base)
{
  g_clear_pointer (&((RegiaChannels *)base)->mixer, gst_audio_channel_mixer_free);
  return TRUE;
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  RegiaChannels *self = (RegiaChannels *)object;

  *(id == PROP_LEFT ? &self->left : &self->right) = g_value_get_uint (value);
}

static void
regia_channels_init (RegiaChannels *self)
{
}

static void
regia_channels_class_init (RegiaChannelsClass *class)
{
  GstElementClass *element = GST_ELEMENT_CLASS (class);
  GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS (class);
  g_autoptr (GstCaps) in = gst_caps_from_string (CAPS_HEAD ",channels=[1,64]");
  g_autoptr (GstCaps) out = gst_caps_from_string (CAPS_HEAD ",channels=2,channel-mask=(bitmask)0x3");

  G_OBJECT_CLASS (class)->set_property = set_property;
  g_object_class_install_property (
      G_OBJECT_CLASS (class), PROP_LEFT,
      g_param_spec_uint ("left", NULL, NULL, 0, 64, 0, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (
      G_OBJECT_CLASS (class), PROP_RIGHT,
      g_param_spec_uint ("right", NULL, NULL, 0, 64, 0, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_pad_template (element,
                                      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, in));
  gst_element_class_add_pad_template (element,
                                      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, out));
  gst_element_class_set_static_metadata (element, "Regia channels", "Filter/Audio",
                                         "Makes two channels of however many there are", "Regia");
  base->transform_caps = transform_caps;
  base->get_unit_size = get_unit_size;
  base->set_caps = set_caps;
  base->transform = transform;
  base->stop = stop;
}

void
regia_channels_get_use (GstElement *element, RegiaChannelsUse *ret_use)
{
  RegiaChannels *self = (RegiaChannels *)element;

  GST_OBJECT_LOCK (self);
  *ret_use = self->use;
  GST_OBJECT_UNLOCK (self);
}

gboolean
regia_channels_register (void)
{
  return gst_element_register (NULL, "regiachannels", GST_RANK_NONE, regia_channels_get_type ());
}
