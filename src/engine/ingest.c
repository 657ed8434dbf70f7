/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "ingest-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd-source-private.h"
#include "regia/config/ingest.h"

/*
 * regiartmp reads what a sender sends by RTMP, as FLV, from the listener, which is a process of its own and
 * the only one that strangers reach.
 *
 * The way there is one socket that the director made, and holds open for both: open() makes a pair, keeps
 * one end and sends the other through it, with the words by which the listener knows the source. So a
 * listener, or an engine, that was started anew needs to be told nothing. Then lines of words come ("#waits
 * for …"), which are posted for the status; with the sender FLV begins. The end of the socket is the
 * sender's, or the listener's.
 */

#define WORDS_BYTES 1024

typedef struct {
  RegiaFdSource parent;
  char *listen, *application, *key; /* (owned) (nullable) set before it runs */
  int link;                         /* (unowned) set before it runs; 0: none */
  gboolean begun;                   /* streaming thread: FLV has */
  GByteArray *words;                /* streaming thread (owned): of a line that is not whole yet */
} RegiaIngestElement;

typedef struct {
  RegiaFdSourceClass parent_class;
} RegiaIngestElementClass;

enum { PROP_LISTEN = 1, PROP_APPLICATION, PROP_KEY };

static GType regia_ingest_element_get_type (void);
G_DEFINE_TYPE (RegiaIngestElement, regia_ingest_element, REGIA_TYPE_FD_SOURCE)

static void
say (RegiaIngestElement *self, const char *words)
{
  gst_element_post_message (
      GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
                               gst_structure_new (REGIA_INGEST_WAITS, "words", G_TYPE_STRING, words, NULL)));
}

/* Takes @fd, which goes to the listener. */
static gboolean
hand_over (RegiaIngestElement *self, int fd)
{
  g_autofree char *hello =
      regia_config_ingest_hello (self->listen ? self->listen : "", self->application ? self->application : "",
                                 self->key ? self->key : "");
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = {
      .header = {.cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct iovec part = {hello, strlen (hello)};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t sent;

  memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  do
    sent = sendmsg (self->link, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  close (fd);
  explicit_bzero (hello, strlen (hello));
  return sent > 0;
}

static int
open_way (RegiaFdSource *base)
{
  RegiaIngestElement *self = (RegiaIngestElement *)base;
  int pair[2];

  self->begun = FALSE;
  g_byte_array_set_size (self->words, 0);
  if (self->link == 0) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("is sent to only while an event is on"), (NULL));
    return -1;
  }
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0) {
    if (hand_over (self, pair[1])) {
      say (self, "waits for the listener, which is started by itself");
      return pair[0];
    }
    close (pair[0]);
  }
  GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ, ("cannot reach the listener: %s", g_strerror (errno)),
                     (NULL));
  return -1;
}

/* Posts the lines of words that are whole. Returns: where FLV begins in what has come, @length if nowhere. */
static gsize
read_words (RegiaFdSource *base, const guint8 *bytes, gsize length)
{
  RegiaIngestElement *self = (RegiaIngestElement *)base;

  if (self->begun)
    return 0;
  for (gsize i = 0; i < length; i++) {
    const guint8 byte = bytes[i];

    if (self->words->len == 0 && byte != '#') {
      self->begun = TRUE;
      say (self, "");
      return i;
    }
    if (byte != '\n' && self->words->len < WORDS_BYTES)
      g_byte_array_append (self->words, &byte, 1);
    if (byte != '\n')
      continue;
    g_byte_array_append (self->words, (const guint8 *)"", 1);
    say (self, (const char *)self->words->data + 1);
    g_byte_array_set_size (self->words, 0);
  }
  return length;
}

static char *
why_ended (RegiaFdSource *base)
{
  return g_strdup (((RegiaIngestElement *)base)->begun
                       ? "the sender has ended or broken off"
                       : "the listener has gone; it is started again by itself");
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  RegiaIngestElement *self = (RegiaIngestElement *)object;
  char **fields[] = {NULL, &self->listen, &self->application, &self->key};

  g_free (*fields[id]);
  *fields[id] = g_value_dup_string (value);
}

static void
finalize (GObject *object)
{
  RegiaIngestElement *self = (RegiaIngestElement *)object;

  g_free (self->listen);
  g_free (self->application);
  if (self->key)
    explicit_bzero (self->key, strlen (self->key));
  g_free (self->key);
  g_byte_array_unref (self->words);
  G_OBJECT_CLASS (regia_ingest_element_parent_class)->finalize (object);
}

static void
regia_ingest_element_init (RegiaIngestElement *self)
{
  self->words = g_byte_array_new ();
}

static void
regia_ingest_element_class_init (RegiaIngestElementClass *class)
{
  static const char *const names[] = {NULL, "listen", "application", "key"};
  GstElementClass *element = GST_ELEMENT_CLASS (class);
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("video/x-flv");

  G_OBJECT_CLASS (class)->set_property = set_property;
  G_OBJECT_CLASS (class)->finalize = finalize;
  for (guint i = PROP_LISTEN; i <= PROP_KEY; i++)
    g_object_class_install_property (
        G_OBJECT_CLASS (class), i,
        g_param_spec_string (names[i], NULL, NULL, NULL, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_pad_template (element,
                                      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_element_class_set_static_metadata (element, "Regia RTMP", "Source/Network",
                                         "Reads what a sender sends to Regia's listener", "Regia");
  class->parent_class.open = open_way;
  class->parent_class.skip = read_words;
  class->parent_class.why_ended = why_ended;
}

gboolean
regia_ingest_register (void)
{
  return gst_element_register (NULL, "regiartmp", GST_RANK_NONE, regia_ingest_element_get_type ());
}

static void
link_one_cb (const GValue *value, gpointer user_data)
{
  GObject *element = g_value_get_object (value);

  if (G_TYPE_CHECK_INSTANCE_TYPE (element, regia_ingest_element_get_type ()))
    ((RegiaIngestElement *)element)->link = GPOINTER_TO_INT (user_data);
}

void
regia_ingest_link (GstBin *bin, int fd)
{
  GstIterator *elements = gst_bin_iterate_recurse (bin);

  gst_iterator_foreach (elements, link_one_cb, GINT_TO_POINTER (fd));
  gst_iterator_free (elements);
}
