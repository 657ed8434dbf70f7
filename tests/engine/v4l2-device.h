/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * A Video4Linux device where there is none: the test's program has open64(), stat64(), ioctl() and mmap64()
 * of its own, which answer for V4L2_DEVICE as the kernel does (linux/videodev2.h, capture with memory-mapped
 * buffers) and pass on everything else. What it offers is the test's to say. It has no driver's whims: what a
 * real device does under way is not tested by it.
 */
#define V4L2_DEVICE "/dev/video77"

typedef struct {
  const char *format; /* YUYV, MJPG, H264 */
  guint width, height, rate;
} V4l2Mode;

/** v4l2_device_offer: from now on. @modes: (transfer none) as many as @count. @jpeg: (transfer none): every
 * picture of MJPG. Raw ones have marks (include/regia/engine/mark.h), numbered. */
void v4l2_device_offer (const V4l2Mode *modes, guint count, GBytes *jpeg);

/** v4l2_device_chosen: the mode in which it gave pictures last. */
V4l2Mode v4l2_device_chosen (void);
