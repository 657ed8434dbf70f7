/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/engine/devices.h"

/** What a provider of GStreamer says of one device; borrowed. */
typedef struct {
  const char *display_name;
  const char *device_class;       /* such as Video/Source */
  const char *internal_name;      /* (nullable): the provider's own name for it: hw:0,0 */
  const GstCaps *caps;            /* (nullable) */
  const GstStructure *properties; /* (nullable) */
} RegiaDeviceTold;

/**
 * regia_device_describe:
 * @way: the way it was found by
 *
 * Returns: (transfer full) (nullable): the device; %NULL when it is nothing to capture from, or not in a way
 * that this one knows. A V4L2 device has no identity yet, see regia_devices_link(). Pure.
 */
RegiaDevice *regia_device_describe (const RegiaDeviceWay *way, const RegiaDeviceTold *told);

/**
 * regia_device_new:
 * @way, @kind: static
 * @name: (nullable): as it was told, from outside: made one line of UTF-8, and told once where it is told
 * twice
 *
 * Returns: (transfer full): a device with all of its strings set, for the caller to fill. Pure.
 */
RegiaDevice *regia_device_new (const char *way, const char *kind, const char *name);

/** regia_device_set: @text takes the place of *@member, as one line of valid UTF-8. */
void regia_device_set (char **member, const char *text);
/** regia_device_add: @text becomes another one of *@list, as one line of valid UTF-8. */
void regia_device_add (char ***list, const char *text);
/** regia_device_identify: @text is what the device is found by; one that cannot be written down is none, and
 * that becomes the remark. */
void regia_device_identify (RegiaDevice *device, const char *text);

/**
 * regia_devices_link:
 * @devices: (element-type RegiaDevice): what V4L2 found
 * @folder: /dev, but in tests
 *
 * Gives each the link by which it is found again: of by-id, where that is its alone, else of by-path, else of
 * another folder below v4l. Reads links; any thread.
 */
void regia_devices_link (GPtrArray *devices, const char *folder);

/** regia_device_formats: (transfer full): what @caps allows, in words: "MJPEG: 1920x1080 at up to 30 pictures
 * a second". Pure. */
char **regia_device_formats (const GstCaps *caps);

/**
 * regia_devices_refused:
 * @folder: of device files, /dev
 * @prefix, @suffix: of their names; between them is a number
 * @ret_any: (out): whether there are any at all
 *
 * Returns: (transfer full) (nullable): that some may not be opened by this user, which, and what to do; %NULL
 * when all may. Any thread.
 */
char *regia_devices_refused (const char *folder, const char *prefix, const char *suffix, gboolean *ret_any);

/**
 * regia_devices_add_cards:
 * @devices: (element-type RegiaDevice): what GStreamer has found of ALSA
 * @dev, @proc: /dev/snd and /proc/asound, but in tests
 * @why: why GStreamer tells nothing of those that are added
 *
 * Adds the inputs of sound cards that are there all the same. Any thread.
 */
void regia_devices_add_cards (GPtrArray *devices, const char *dev, const char *proc, const char *why);

/** regia_devices_look_pulse: asks the user's sound server, or that of $PULSE_SERVER. Blocks; own main loop.
 * Any thread. */
void regia_devices_look_pulse (RegiaDevicesFound *found);
