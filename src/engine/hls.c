/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "hls-private.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fd-source-private.h"
#include "words-private.h"

/*
 * regiahls reads a live stream that a web server offers by HLS, as MPEG-TS, from a process that fetches it
 * (`regia child pull`, see pull/pull.h). GStreamer's own are no way here: hlsdemux2 of 1.22 ends the whole
 * process when it is stopped while it loads a playlist, and hlsdemux gives the pictures of fragmented MP4
 * times that count from when its server began.
 *
 * The process lives from open() to close(), which kills it: it has nothing that could be lost. The kernel
 * kills it as well when the thread ends that has started it, which is the run's.
 */

#define WORDS_MS 500 /* that its last words may take after its last byte */

typedef struct {
  RegiaFdSource parent;
  char *location, *language; /* (owned) (nullable) set before it runs, as what follows */
  guint height, timeout_s;
  GSubprocess *child; /* (owned) (nullable) from open() to close(), as what follows */
  int words_fd;       /* (owned) its standard error; else −1 */
  gboolean begun;     /* streaming thread: something has come */
} RegiaHlsElement;

typedef struct {
  RegiaFdSourceClass parent_class;
} RegiaHlsElementClass;

enum { PROP_LOCATION = 1, PROP_LANGUAGE, PROP_HEIGHT, PROP_TIMEOUT };

static GType regia_hls_element_get_type (void);
G_DEFINE_TYPE (RegiaHlsElement, regia_hls_element, REGIA_TYPE_FD_SOURCE)

/* (transfer full): a pipe that holds what to fetch, to be read; −1: there is none. */
static int
make_request (RegiaHlsElement *self)
{
  g_autofree char *text =
      g_strdup_printf ("url=%s\nlanguage=%s\nheight=%u\ntimeout=%u\n", self->location ? self->location : "",
                       self->language ? self->language : "", self->height, self->timeout_s * 1000);
  gssize length = (gssize)strlen (text);
  int ends[2];
  gboolean whole;

  if (!g_unix_open_pipe (ends, FD_CLOEXEC, NULL))
    return -1;
  fcntl (ends[1], F_SETFL, O_NONBLOCK);
  whole = write (ends[1], text, (gsize)length) == length;
  close (ends[1]);
  if (whole)
    return ends[0];
  close (ends[0]);
  return -1;
}

/* Takes the descriptors. */
static GSubprocess *
launch (int request, int out, int words, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);

  g_subprocess_launcher_take_stdin_fd (launcher, request);
  g_subprocess_launcher_take_stdout_fd (launcher, out);
  g_subprocess_launcher_take_stderr_fd (launcher, words);
  return g_subprocess_launcher_spawn (launcher, error, "/proc/self/exe", "child", "pull", NULL);
}

static int
open_child (RegiaFdSource *base)
{
  RegiaHlsElement *self = (RegiaHlsElement *)base;
  g_autoptr (GError) error = NULL;
  int request = make_request (self), out[2] = {-1, -1}, words[2] = {-1, -1};

  self->begun = FALSE;
  if (request < 0)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_FAILED,
                         "its address is too long, or no pipe is to be had");
  else if (g_unix_open_pipe (out, FD_CLOEXEC, &error) && g_unix_open_pipe (words, FD_CLOEXEC, &error) &&
           g_unix_set_fd_nonblocking (out[0], TRUE, &error)) {
    self->child = launch (request, out[1], words[1], &error);
    self->words_fd = words[0];
    if (self->child)
      return out[0];
    close (out[0]);
  } else {
    const int fds[] = {request, out[0], out[1], words[0], words[1]};

    for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
      if (fds[i] >= 0)
        close (fds[i]);
  }
  GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("cannot be fetched: %s", error->message), (NULL));
  return -1;
}

static void
close_child (RegiaFdSource *base)
{
  RegiaHlsElement *self = (RegiaHlsElement *)base;

  if (self->child)
    g_subprocess_force_exit (self->child);
  g_clear_object (&self->child);
  if (self->words_fd >= 0)
    close (self->words_fd);
  self->words_fd = -1;
}

static gsize
note_begin (RegiaFdSource *base, const guint8 *bytes, gsize length)
{
  ((RegiaHlsElement *)base)->begun = TRUE;
  return 0;
}

/* (transfer full): what it has said before it went. */
static char *
last_words (RegiaHlsElement *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  struct pollfd polled = {.fd = self->words_fd, .events = POLLIN};
  char bytes[1024];
  gssize got;

  while (text->len < sizeof bytes && poll (&polled, 1, WORDS_MS) > 0 &&
         (got = read (self->words_fd, bytes, sizeof bytes)) > 0)
    g_string_append_len (text, bytes, got);
  return regia_words_clean (text->str);
}

static char *
why_ended (RegiaFdSource *base)
{
  RegiaHlsElement *self = (RegiaHlsElement *)base;
  g_autofree char *words = last_words (self), *reason = NULL;

  if (!self->begun)
    reason = regia_words_why_not_reached (self->location);
  if (reason)
    return g_steal_pointer (&reason);
  return *words ? g_steal_pointer (&words)
                : g_strdup ("what fetches it has died; it is started again by itself");
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  RegiaHlsElement *self = (RegiaHlsElement *)object;
  char **text = id == PROP_LOCATION ? &self->location : &self->language;

  if (id == PROP_HEIGHT)
    self->height = g_value_get_uint (value);
  else if (id == PROP_TIMEOUT)
    self->timeout_s = g_value_get_uint (value);
  else {
    g_free (*text);
    *text = g_value_dup_string (value);
  }
}

static void
finalize (GObject *object)
{
  RegiaHlsElement *self = (RegiaHlsElement *)object;

  g_free (self->location);
  g_free (self->language);
  G_OBJECT_CLASS (regia_hls_element_parent_class)->finalize (object);
}

static void
regia_hls_element_init (RegiaHlsElement *self)
{
  self->words_fd = -1;
}

static void
regia_hls_element_class_init (RegiaHlsElementClass *class)
{
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS;
  GObjectClass *object = G_OBJECT_CLASS (class);
  GstElementClass *element = GST_ELEMENT_CLASS (class);
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/mpegts,systemstream=true,packetsize=188");

  object->set_property = set_property;
  object->finalize = finalize;
  g_object_class_install_property (object, PROP_LOCATION,
                                   g_param_spec_string ("location", NULL, NULL, NULL, flags));
  g_object_class_install_property (object, PROP_LANGUAGE,
                                   g_param_spec_string ("language", NULL, NULL, NULL, flags));
  g_object_class_install_property (object, PROP_HEIGHT,
                                   g_param_spec_uint ("height", NULL, NULL, 0, 16384, 0, flags));
  g_object_class_install_property (object, PROP_TIMEOUT,
                                   g_param_spec_uint ("timeout", NULL, NULL, 1, 600, 10, flags));
  gst_element_class_add_pad_template (element,
                                      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_element_class_set_static_metadata (element, "Regia HLS", "Source/Network",
                                         "Fetches a live stream by HLS in a process of its own", "Regia");
  class->parent_class.open = open_child;
  class->parent_class.close = close_child;
  class->parent_class.skip = note_begin;
  class->parent_class.why_ended = why_ended;
}

gboolean
regia_hls_register (void)
{
  return gst_element_register (NULL, "regiahls", GST_RANK_NONE, regia_hls_element_get_type ());
}
