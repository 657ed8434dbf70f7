/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/base/gstpushsrc.h>

/**
 * RegiaFdSource: the base of our own sources, whose bytes come from another process by a descriptor. Live;
 * waits on the streaming thread, and is woken when it is to stop.
 */
typedef struct {
  GstPushSrc parent;
  int fd, wake; /* (owned) between start and stop; else −1 */
} RegiaFdSource;

typedef struct {
  GstPushSrcClass parent_class;
  /** The thread that starts the pipeline, which must not wait. Returns: (transfer full): what to read from,
   * not blocking; −1 when it has posted an error. */
  int (*open) (RegiaFdSource *self);
  /** (nullable) After the descriptor was closed. */
  void (*close) (RegiaFdSource *self);
  /** (nullable) Streaming thread. Returns: how many of the bytes that have come are not for the pipeline. */
  gsize (*skip) (RegiaFdSource *self, const guint8 *bytes, gsize length);
  /** Streaming thread, when nothing more comes. (transfer full): why, for who runs the event. */
  char *(*why_ended) (RegiaFdSource *self);
} RegiaFdSourceClass;

#define REGIA_TYPE_FD_SOURCE (regia_fd_source_get_type ())
GType regia_fd_source_get_type (void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFdSource, gst_object_unref)
