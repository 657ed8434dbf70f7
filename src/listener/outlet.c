/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-listener"

#include "outlet-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * RegiaOutlet keeps what a decoder has to know before anything else (the sequence headers), so that an engine
 * that was started anew in mid-stream gets it, and the next keyframe. Nothing else is kept: pictures that are
 * past would only make it late.
 *
 * Owner: RegiaIngest, one for each source. The socket is here from use() until the engine closes it, the
 * sender is gone, or it is replaced.
 */

#define WAITING_BYTES (16u << 20) /* some seconds of the best picture */

/* FLV, E.4.3.1 and E.4.2.1. */
enum {
  AUDIO = 8,
  VIDEO = 9,
  CODEC_AVC = 7,
  FORMAT_AAC = 10,
  FRAME_KEY = 1,
  SETTINGS = 0, /* AVCPacketType, AACPacketType: a sequence header */
};

struct _RegiaOutlet {
  int fd; /* (owned): −1 for none */
  guint watch;
  GByteArray *waiting; /* (owned): what the socket has not taken yet */
  gboolean begun;      /* FLV has */
  gboolean keyed;      /* … and a keyframe was in it */
  gboolean sending;    /* there is a sender */
  char *words;         /* (owned) */
  GBytes *settings[2]; /* (owned) (nullable): sound's, picture's */
};

RegiaOutlet *
regia_outlet_new (void)
{
  RegiaOutlet *self = g_new0 (RegiaOutlet, 1);

  self->fd = -1;
  self->waiting = g_byte_array_new ();
  self->words = g_strdup ("");
  return self;
}

static void
close_socket (RegiaOutlet *self)
{
  g_clear_handle_id (&self->watch, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->begun = self->keyed = FALSE;
  g_byte_array_set_size (self->waiting, 0);
}

static void
forget (RegiaOutlet *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->settings); i++)
    g_clear_pointer (&self->settings[i], g_bytes_unref);
}

void
regia_outlet_free (RegiaOutlet *self)
{
  if (self == NULL)
    return;
  close_socket (self);
  forget (self);
  g_byte_array_unref (self->waiting);
  g_free (self->words);
  g_free (self);
}

static gboolean ready_cb (int fd, GIOCondition condition, gpointer user_data);

static void
watch (RegiaOutlet *self, GIOCondition condition)
{
  g_clear_handle_id (&self->watch, g_source_remove);
  self->watch = g_unix_fd_add (self->fd, condition, ready_cb, self);
}

/* As much of what waits as the socket takes. */
static void
flush (RegiaOutlet *self)
{
  while (self->waiting->len > 0) {
    ssize_t sent = send (self->fd, self->waiting->data, self->waiting->len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && errno == EAGAIN && self->waiting->len <= WAITING_BYTES) {
      watch (self, G_IO_OUT | G_IO_HUP | G_IO_ERR);
      return;
    }
    if (sent < 0) {
      close_socket (self);
      return;
    }
    g_byte_array_remove_range (self->waiting, 0, (guint)sent);
  }
}

/* The engine never writes: what is to be read is its end. */
static gboolean
ready_cb (int fd, GIOCondition condition, gpointer user_data)
{
  RegiaOutlet *self = user_data;

  if (condition & (G_IO_HUP | G_IO_ERR)) {
    self->watch = 0;
    close_socket (self);
    return G_SOURCE_REMOVE;
  }
  flush (self);
  if (self->fd >= 0 && self->waiting->len == 0)
    watch (self, G_IO_HUP | G_IO_ERR);
  return G_SOURCE_REMOVE; /* whatever watches now is another source */
}

static void
say_words (RegiaOutlet *self)
{
  g_autofree char *line = g_strconcat ("#", self->words, "\n", NULL);

  if (self->fd < 0 || self->begun || *self->words == '\0')
    return;
  g_byte_array_append (self->waiting, (const guint8 *)line, (guint)strlen (line));
  flush (self);
}

void
regia_outlet_say (RegiaOutlet *self, const char *words)
{
  if (strcmp (self->words, words) == 0)
    return;
  g_free (self->words);
  self->words = g_strdup (words);
  say_words (self);
}

/* A tag's header, its body, and how long both were. */
static void
add_tag (GByteArray *to, guint8 type, guint32 time_ms, const guint8 *data, gsize size)
{
  guint32 whole = (guint32)size + 11;
  const guint8 header[11] = {type,
                             (guint8)(size >> 16),
                             (guint8)(size >> 8),
                             (guint8)size,
                             (guint8)(time_ms >> 16),
                             (guint8)(time_ms >> 8),
                             (guint8)time_ms,
                             (guint8)(time_ms >> 24)};
  const guint8 tail[4] = {(guint8)(whole >> 24), (guint8)(whole >> 16), (guint8)(whole >> 8), (guint8)whole};

  g_byte_array_append (to, header, sizeof header);
  g_byte_array_append (to, data, (guint)size);
  g_byte_array_append (to, tail, sizeof tail);
}

/* Its header says that there may be both; E.2. */
static void
begin (RegiaOutlet *self, guint32 time_ms)
{
  static const guint8 header[] = {'F', 'L', 'V', 1, 4 | 1, 0, 0, 0, 9, 0, 0, 0, 0};

  self->begun = TRUE;
  g_byte_array_append (self->waiting, header, sizeof header);
  for (guint i = G_N_ELEMENTS (self->settings); i-- > 0;)
    if (self->settings[i] != NULL)
      add_tag (self->waiting, (guint8)(AUDIO + i), time_ms, g_bytes_get_data (self->settings[i], NULL),
               g_bytes_get_size (self->settings[i]));
}

void
regia_outlet_use (RegiaOutlet *self, int fd)
{
  close_socket (self);
  self->fd = fd;
  watch (self, G_IO_HUP | G_IO_ERR);
  if (!self->sending)
    say_words (self);
}

static gboolean
are_settings (guint8 type, const guint8 *data, gsize size)
{
  if (size < 2 || data[1] != SETTINGS)
    return FALSE;
  return type == VIDEO ? (data[0] & 0x0f) == CODEC_AVC : data[0] >> 4 == FORMAT_AAC;
}

void
regia_outlet_send (RegiaOutlet *self, guint8 type, guint32 time_ms, const guint8 *data, gsize size)
{
  gboolean settings = are_settings (type, data, size);

  g_return_if_fail ((type == AUDIO || type == VIDEO) && size > 0 && size < 1u << 24);
  self->sending = TRUE;
  if (settings) {
    g_clear_pointer (&self->settings[type - AUDIO], g_bytes_unref);
    self->settings[type - AUDIO] = g_bytes_new (data, size);
  }
  if (self->fd < 0)
    return;
  if (!self->begun)
    begin (self, time_ms);
  else if (settings)
    add_tag (self->waiting, type, time_ms, data, size);
  self->keyed |= type == VIDEO && data[0] >> 4 == FRAME_KEY && !settings;
  if (!settings && (type == AUDIO || self->keyed))
    add_tag (self->waiting, type, time_ms, data, size);
  flush (self);
}

void
regia_outlet_end (RegiaOutlet *self)
{
  self->sending = FALSE;
  forget (self);
  if (self->begun)
    close_socket (self);
}
