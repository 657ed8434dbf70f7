/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** Which channels of a source become left and right. */
typedef struct {
  guint channels;    /* that the source gives; 0: not known yet */
  guint left, right; /* numbers from 1; 0 both: all of them, by their positions (5.1), or as they are */
  gboolean missing;  /* not what was asked for: there are fewer */
  guint wanted_left; /* as asked for, 0: nothing was */
  guint wanted_right;
} RegiaChannelsUse;

/**
 * regia_channels_choose:
 * @channels: that there are
 * @positioned: whether it is known of each where its loudspeaker stands (files of films), as against the
 * inputs of a desk
 * @left, @right: what is asked for, from 1; 0 both: nothing
 *
 * Pure.
 */
RegiaChannelsUse regia_channels_choose (guint channels, gboolean positioned, guint left, guint right);

/** regia_channels_words: (transfer full): "1 and 2", "5", "all" or "": those that are used. */
char *regia_channels_words (const RegiaChannelsUse *use);
/** regia_channels_note: (transfer full): what a technician has to know: that the channels asked for are not
 * there; else "". */
char *regia_channels_note (const RegiaChannelsUse *use);

/** regia_channels_get_use: of an element regiachannels. Any thread. */
void regia_channels_get_use (GstElement *element, RegiaChannelsUse *ret_use);

/** regia_channels_register: makes regiachannels known to this process' GStreamer. %FALSE when it refuses. */
gboolean regia_channels_register (void) G_GNUC_WARN_UNUSED_RESULT;
