/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "v4l2-device.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "regia/engine/mark.h"

/*
 * One device, opened once at a time. Its descriptor is a timer's, which can be read whenever a picture is
 * due: so waiting for it, and waking up from that, are the kernel's own. v4l2src asks from one thread at a
 * time.
 */

#define BUFFERS 8

static struct {
  const V4l2Mode *modes; /* (unowned) */
  guint count;
  GBytes *jpeg; /* (unowned) */
  int fd;       /* −1 when it is not open */
  guint format, width, height, rate;
  guint8 *buffers[BUFFERS]; /* (owned) mapped */
  gsize sizes[BUFFERS];
  guint used, queue[BUFFERS], queued, pictures;
} device = {.fd = -1};

static guint
fourcc (const char *name)
{
  return v4l2_fourcc (name[0], name[1], name[2], name[3]);
}

void
v4l2_device_offer (const V4l2Mode *modes, guint count, GBytes *jpeg)
{
  device.modes = modes;
  device.count = count;
  device.jpeg = jpeg;
  device.width = 0;
}

V4l2Mode
v4l2_device_chosen (void)
{
  for (guint i = 0; i < device.count; i++)
    if (fourcc (device.modes[i].format) == device.format && device.modes[i].width == device.width &&
        device.modes[i].height == device.height && device.modes[i].rate == device.rate)
      return device.modes[i];
  return (V4l2Mode){.format = "none"};
}

/* The @index-th of the formats, or sizes of @format, or rates of @format at a size; (nullable) none is left.
 */
static const V4l2Mode *
find (guint index, guint format, guint width, guint height)
{
  guint seen = 0;

  for (guint i = 0; i < device.count; i++) {
    const V4l2Mode *mode = &device.modes[i];
    gboolean again = FALSE;

    if ((format && fourcc (mode->format) != format) ||
        (width && (mode->width != width || mode->height != height)))
      continue;
    for (guint j = 0; j < i && !again; j++)
      again = fourcc (device.modes[j].format) == fourcc (mode->format) &&
              (!format || (device.modes[j].width == mode->width && device.modes[j].height == mode->height)) &&
              !width;
    if (!again && seen++ == index)
      return mode;
  }
  return NULL;
}

static gsize
size_of_picture (void)
{
  return (gsize)device.width * device.height * 2;
}

/* What the device can do that is nearest to what is asked for: as the kernel has it, never an error. */
static int
set_format (struct v4l2_format *wanted, gboolean really)
{
  struct v4l2_pix_format *pix = &wanted->fmt.pix;
  const V4l2Mode *mode = find (0, pix->pixelformat, pix->width, pix->height);

  if (mode == NULL)
    mode = &device.modes[0];
  *pix = (struct v4l2_pix_format){.width = mode->width,
                                  .height = mode->height,
                                  .pixelformat = fourcc (mode->format),
                                  .field = V4L2_FIELD_NONE,
                                  .colorspace = V4L2_COLORSPACE_SRGB,
                                  .bytesperline = g_str_equal (mode->format, "YUYV") ? mode->width * 2 : 0,
                                  .sizeimage = mode->width * mode->height * 2};
  if (really) {
    device.format = pix->pixelformat;
    device.width = pix->width;
    device.height = pix->height;
    device.rate = mode->rate;
  }
  return 0;
}

static int
set_rate (struct v4l2_streamparm *wanted, gboolean really)
{
  struct v4l2_captureparm *capture = &wanted->parm.capture;
  guint index = 0;
  const V4l2Mode *mode;

  while (really && (mode = find (index++, device.format, device.width, device.height)))
    if (mode->rate == capture->timeperframe.denominator / MAX (capture->timeperframe.numerator, 1))
      device.rate = mode->rate;
  memset (capture, 0, sizeof *capture);
  capture->capability = V4L2_CAP_TIMEPERFRAME;
  capture->timeperframe = (struct v4l2_fract){1, device.rate};
  return 0;
}

static void
forget_buffers (void)
{
  for (guint i = 0; i < device.used; i++)
    munmap (device.buffers[i], device.sizes[i]);
  device.used = device.queued = 0;
}

static int
request_buffers (struct v4l2_requestbuffers *request)
{
  forget_buffers ();
  request->count = MIN (request->count, BUFFERS);
  request->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
  for (; device.used < request->count; device.used++) {
    device.sizes[device.used] = size_of_picture ();
    device.buffers[device.used] =
        mmap (NULL, size_of_picture (), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  return 0;
}

static int
describe_buffer (struct v4l2_buffer *buffer)
{
  if (buffer->index >= device.used)
    return EINVAL;
  buffer->length = (guint)device.sizes[buffer->index];
  buffer->m.offset = buffer->index << 16;
  buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  return 0;
}

static gsize
draw (guint8 *to)
{
  g_autofree guint8 *luma = NULL;

  if (device.format == V4L2_PIX_FMT_MJPEG) {
    memcpy (to, g_bytes_get_data (device.jpeg, NULL), g_bytes_get_size (device.jpeg));
    return g_bytes_get_size (device.jpeg);
  }
  luma = g_malloc ((gsize)device.width * device.height);
  memset (luma, 80, (gsize)device.width * device.height);
  regia_mark_draw (luma, (int)device.width, (int)device.width, (int)device.height, device.pictures,
                   g_get_real_time () / 1000, FALSE);
  for (gsize i = 0; i < (gsize)device.width * device.height; i++) {
    to[2 * i] = luma[i];
    to[2 * i + 1] = 128;
  }
  return size_of_picture ();
}

static int
take_buffer (struct v4l2_buffer *buffer)
{
  struct timespec now;
  guint64 due;

  if (device.queued == 0 || read (device.fd, &due, sizeof due) != sizeof due)
    return EAGAIN;
  clock_gettime (CLOCK_MONOTONIC, &now);
  buffer->index = device.queue[0];
  memmove (device.queue, device.queue + 1, --device.queued * sizeof device.queue[0]);
  describe_buffer (buffer);
  buffer->flags |= V4L2_BUF_FLAG_DONE;
  buffer->bytesused = (guint)draw (device.buffers[buffer->index]);
  buffer->timestamp = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
  buffer->sequence = device.pictures++;
  buffer->field = V4L2_FIELD_NONE;
  return 0;
}

static int
run (gboolean on)
{
  long period_ns = on ? 1000000000L / device.rate : 0;
  struct itimerspec every = {{0, period_ns}, {0, period_ns}};

  if (!on)
    device.queued = 0;
  return timerfd_settime (device.fd, 0, &every, NULL) < 0 ? errno : 0;
}

/* An errno, or 0. What is not here a device need not have. */
static int
answer (unsigned long request, void *argument)
{
  switch (request) {
  case VIDIOC_QUERYCAP: {
    struct v4l2_capability *capability = argument;

    *capability = (struct v4l2_capability){.driver = "test", .card = "HDMI stick", .bus_info = "usb-test"};
    capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    capability->capabilities = capability->device_caps | V4L2_CAP_DEVICE_CAPS;
    return 0;
  }
  case VIDIOC_ENUM_FMT: {
    struct v4l2_fmtdesc *description = argument;
    const V4l2Mode *mode = find (description->index, 0, 0, 0);

    if (mode == NULL || description->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
      return EINVAL;
    description->pixelformat = fourcc (mode->format);
    description->flags = g_str_equal (mode->format, "YUYV") ? 0 : V4L2_FMT_FLAG_COMPRESSED;
    return 0;
  }
  case VIDIOC_ENUM_FRAMESIZES: {
    struct v4l2_frmsizeenum *size = argument;
    const V4l2Mode *mode = find (size->index, size->pixel_format, 0, 0);

    if (mode == NULL)
      return EINVAL;
    size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    size->discrete = (struct v4l2_frmsize_discrete){mode->width, mode->height};
    return 0;
  }
  case VIDIOC_ENUM_FRAMEINTERVALS: {
    struct v4l2_frmivalenum *interval = argument;
    const V4l2Mode *mode = find (interval->index, interval->pixel_format, interval->width, interval->height);

    if (mode == NULL)
      return EINVAL;
    interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    interval->discrete = (struct v4l2_fract){1, mode->rate};
    return 0;
  }
  case VIDIOC_G_INPUT:
    *(int *)argument = 0;
    return 0;
  case VIDIOC_ENUMINPUT: {
    struct v4l2_input *input = argument;

    if (input->index > 0)
      return EINVAL;
    *input = (struct v4l2_input){.name = "Input 1", .type = V4L2_INPUT_TYPE_CAMERA};
    return 0;
  }
  case VIDIOC_TRY_FMT:
  case VIDIOC_S_FMT:
    return set_format (argument, request == VIDIOC_S_FMT);
  case VIDIOC_G_FMT: {
    struct v4l2_format *format = argument;

    format->fmt.pix.pixelformat = device.format;
    format->fmt.pix.width = device.width;
    format->fmt.pix.height = device.height;
    return set_format (format, device.width == 0);
  }
  case VIDIOC_G_PARM:
  case VIDIOC_S_PARM:
    return set_rate (argument, request == VIDIOC_S_PARM);
  case VIDIOC_REQBUFS:
    return ((struct v4l2_requestbuffers *)argument)->memory == V4L2_MEMORY_MMAP ? request_buffers (argument)
                                                                                : EINVAL;
  case VIDIOC_QUERYBUF:
    return describe_buffer (argument);
  case VIDIOC_QBUF:
    device.queue[device.queued++] = ((struct v4l2_buffer *)argument)->index;
    return describe_buffer (argument);
  case VIDIOC_DQBUF:
    return take_buffer (argument);
  case VIDIOC_STREAMON:
  case VIDIOC_STREAMOFF:
    return run (request == VIDIOC_STREAMON);
  case VIDIOC_QUERYCTRL:
  case VIDIOC_G_CTRL:
    return EINVAL;
  default:
    return ENOTTY;
  }
}

int
ioctl (int fd, unsigned long request, ...)
{
  static int (*next) (int, unsigned long, void *);
  va_list list;
  void *argument;
  int error;

  va_start (list, request);
  argument = va_arg (list, void *);
  va_end (list);
  if (_IOC_TYPE (request) !=
      'V') { /* Video4Linux alone has these; it also asks through copies of the descriptor */
    if (next == NULL)
      *(void **)&next = dlsym (RTLD_NEXT, "ioctl");
    return next (fd, request, argument);
  }
  error = answer ((guint32)request, argument);
  errno = error;
  return error ? -1 : 0;
}

int
open64 (const char *path, int flags, ...)
{
  va_list list;
  mode_t mode;

  va_start (list, flags);
  mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg (list, mode_t) : 0;
  va_end (list);
  if (strcmp (path, V4L2_DEVICE) == 0 && device.count > 0) {
    device.queued = 0;
    return device.fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  }
  return openat (AT_FDCWD, path, flags, mode);
}

int
stat64 (const char *path, struct stat64 *ret_stat)
{
  if (strcmp (path, V4L2_DEVICE) == 0 && device.count > 0)
    path = "/dev/null"; /* a character device as well */
  return fstatat64 (AT_FDCWD, path, ret_stat, 0);
}

void *
mmap64 (void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
  static void *(*next) (void *, size_t, int, int, int, off64_t);

  /* it unmaps what it got: its own pages, and the same memory */
  if (fd >= 0 && fd == device.fd)
    return mremap (device.buffers[offset >> 16], 0, size, MREMAP_MAYMOVE);
  if (next == NULL)
    *(void **)&next = dlsym (RTLD_NEXT, "mmap64");
  return next (at, size, protection, flags, fd, offset);
}
