/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * What is plugged into this machine, or offered by its servers, that a [source] can capture.
 *
 * There are several ways to look, each with a driver or a server behind it that can hang for good. So each is
 * gone in a process of its own (`regia child devices WAY`: regia_devices_look(), and its answer as JSON),
 * which whoever wants to know kills when it takes too long; what all of them found is put together by the
 * rest of this file, which is pure.
 */

typedef struct {
  const char *name;    /* as in `regia child devices NAME` */
  const char *title;   /* for people */
  const char *unstick; /* what to do when it does not answer */
} RegiaDeviceWay;

/** regia_device_ways: the ways there are; where two see one device, the first of them has it. @ret_n: how
 * many. Static. */
const RegiaDeviceWay *regia_device_ways (gsize *ret_n);
/** regia_device_way_find: (nullable): the one called @name. Static. */
const RegiaDeviceWay *regia_device_way_find (const char *name);

typedef struct {
  char *way;        /* name of a RegiaDeviceWay */
  char *kind;       /* "picture" or "sound" */
  char *name;       /* as people know it, one line of valid UTF-8, never "" */
  char *identity;   /* the same whenever it is plugged in, or "": link below /dev/v4l, name that the sound
                       server has for it, hw:CARD=NAME,DEV=N, node.name; of DeckLink the input's number */
  char *server;     /* of PulseAudio: its address, "" for the user's own */
  char **formats;   /* in words, the best first; may be empty */
  char **places;    /* where it is now, such as v4l2:/dev/video0: two that share a place are one device */
  char **also;      /* the other ways to it, in words */
  char *remark;     /* what else there is to know, or "" */
  gboolean monitor; /* no input: it gives what an output plays */
  char *source;     /* name of its [source], once regia_devices_name() was called; else "" */
} RegiaDevice;

void regia_device_free (RegiaDevice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaDevice, regia_device_free)

typedef struct {
  GPtrArray *devices; /* (element-type RegiaDevice) */
  GPtrArray *notes;   /* (element-type utf8): what could not be looked at, why, and what to do; a line each */
} RegiaDevicesFound;

RegiaDevicesFound *regia_devices_found_new (void);
void regia_devices_found_free (RegiaDevicesFound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaDevicesFound, regia_devices_found_free)

/**
 * regia_devices_look:
 * @way: which one to go
 *
 * Returns: (transfer full): what is there; a device that is not is no error, and what hinders looking is
 * among the notes. Blocks, for ever where a driver or server hangs. Main thread.
 */
RegiaDevicesFound *regia_devices_look (const RegiaDeviceWay *way);

/** regia_devices_prepare: finds GStreamer's plugins, which takes seconds the first time on a machine, so that
 * those who look need not. Main thread. Errors: REGIA_ERROR_UNAVAILABLE. */
gboolean regia_devices_prepare (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_devices_to_json: (transfer full): @found as one line for regia_devices_read_json(). Any thread. */
char *regia_devices_to_json (const RegiaDevicesFound *found);
/** regia_devices_read_json: (transfer full): what a child wrote. Errors: REGIA_ERROR_MEDIA when it is no such
 * thing. Any thread. */
RegiaDevicesFound *regia_devices_read_json (const char *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_devices_merge:
 * @devices: (element-type RegiaDevice): what all ways found
 *
 * Keeps each device once, in the first way that sees it, and says in its `also` which others do; those that
 * give a picture come first. Any thread.
 */
void regia_devices_merge (GPtrArray *devices);

/** regia_devices_drop_monitors: leaves out what outputs play, unless there is no other sound. Returns: how
 * many were left out. Any thread. */
guint regia_devices_drop_monitors (GPtrArray *devices);

/** regia_devices_name: gives each device a name for its [source], made from its own, valid in an event file
 * and different from all others. Any thread. */
void regia_devices_name (GPtrArray *devices);

/**
 * regia_device_lines:
 * @device: one with a name for its source
 * @files: (element-type RegiaPipelineFile): the capture files that there are
 * @ret_why: (out) (transfer full): why there is nothing to paste, and what to do
 *
 * Returns: (transfer full) (nullable): its [source] group for an event file, ending in a line end. Any
 * thread.
 */
char *regia_device_lines (const RegiaDevice *device, GPtrArray *files, char **ret_why);

/** regia_device_to_variant: (transfer floating): @device as a{sv} for people's programs, without what holds
 * only for now. Any thread. */
GVariant *regia_device_to_variant (const RegiaDevice *device);
