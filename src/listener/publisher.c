/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-listener"

#include "publisher-private.h"

#include <string.h>

#include "amf-private.h"
#include "chunks-private.h"
#include "regia/base/error.h"

/*
 * RegiaPublisher: the server's side, as far as a sender needs it; what it is not asked it does not say. The
 * handshake is the plain one of the specification, §5.2, which every sender falls back to (the other one,
 * with digests, exists for players of Flash). Commands that need no answer (releaseStream, FCPublish,
 * _checkbw) get none.
 *
 * Life cycle: HELLO (C0, C1) → ECHO (C2) → TALK → in; its owner frees it when take() says so, or when it has
 * lost patience.
 */

#define VERSION        3
#define TLS_HANDSHAKE  0x16 /* RFC 8446, §5.1: what the first byte is when it speaks TLS */
#define HANDSHAKE      1536
#define STREAM         1 /* the one message stream that it is given */
#define COMMANDS       3 /* chunk streams */
#define CONTROL        2
#define WINDOW         2500000
#define BEFORE_BYTES   (64 * 1024)
#define UNFINISHED_IN  (8 * 1024 * 1024)
#define UNFINISHED_OUT (8 * 1024)
#define EX_HEADER      0x80 /* of a video tag: Enhanced RTMP, a codec by its four letters */
#define EX_AUDIO       9    /* of an audio tag: the same, for further tracks of sound beside the usual one */

typedef enum { HELLO, ECHO, TALK } State;

struct _RegiaPublisher {
  const RegiaPublisherCallbacks *callbacks;
  gpointer user_data;
  State state;
  gboolean in;
  GByteArray *hello;   /* (owned): C0 and C1, or as much of C2 */
  RegiaChunks *chunks; /* (owned) */
  GByteArray *answer;  /* (owned) */
  char *application;   /* (owned) (nullable) */
  guint64 bytes, acknowledged;
  guint32 window; /* how often it wants to hear how much has come */
};

RegiaPublisher *
regia_publisher_new (const RegiaPublisherCallbacks *callbacks, gpointer user_data)
{
  RegiaPublisher *self = g_new0 (RegiaPublisher, 1);

  self->callbacks = callbacks;
  self->user_data = user_data;
  self->hello = g_byte_array_new ();
  self->answer = g_byte_array_new ();
  self->chunks = regia_chunks_new ();
  self->window = WINDOW;
  regia_chunks_set_limit (self->chunks, UNFINISHED_OUT);
  return self;
}

void
regia_publisher_free (RegiaPublisher *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->hello);
  g_byte_array_unref (self->answer);
  regia_chunks_free (self->chunks);
  g_free (self->application);
  g_free (self);
}

GByteArray *
regia_publisher_get_answer (RegiaPublisher *self)
{
  return self->answer;
}

gboolean
regia_publisher_is_in (RegiaPublisher *self)
{
  return self->in;
}

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL, "%s", why);
  return FALSE;
}

/* S0, S1 and S2; S2 is what C1 was. */
static void
greet (RegiaPublisher *self)
{
  guint8 own[1 + HANDSHAKE] = {VERSION}; /* its time and the four zeros after it are 0 */

  for (guint i = 9; i < sizeof own; i++)
    own[i] = (guint8)g_random_int_range (0, 256);
  g_byte_array_append (self->answer, own, sizeof own);
  g_byte_array_append (self->answer, self->hello->data + 1, HANDSHAKE);
}

/* Returns: how much of @data belongs to the handshake; −1 with an error. */
static gssize
shake_hands (RegiaPublisher *self, const guint8 *data, gsize length, GError **error)
{
  gsize whole = self->state == HELLO ? 1 + HANDSHAKE : HANDSHAKE,
        taken = MIN (length, whole - self->hello->len);

  g_byte_array_append (self->hello, data, (guint)taken);
  if (self->state == HELLO && self->hello->len > 0 && self->hello->data[0] != VERSION) {
    refuse (error, self->hello->data[0] == TLS_HANDSHAKE
                       ? "speaks TLS; its address is to begin with rtmp://, not rtmps://"
                       : "does not speak RTMP");
    return -1;
  }
  if (self->hello->len < whole)
    return (gssize)taken;
  if (self->state == HELLO)
    greet (self);
  self->state++;
  g_byte_array_set_size (self->hello, 0);
  return (gssize)taken;
}

static void
say_number (RegiaPublisher *self, guint8 type, guint32 value, gboolean dynamic)
{
  const guint8 bytes[] = {(guint8)(value >> 24), (guint8)(value >> 16), (guint8)(value >> 8), (guint8)value,
                          2 /* §5.4.5: a limit that may change */};

  regia_chunks_add (self->answer, CONTROL, type, 0, bytes, dynamic ? 5 : 4);
}

/* A command with an object of texts: @name, @value, …, %NULL. */
G_GNUC_NULL_TERMINATED
static void
say (RegiaPublisher *self, guint32 stream, const char *command, double transaction, const char *name, ...)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  va_list args;

  regia_amf_add_text (body, command);
  regia_amf_add_number (body, transaction);
  regia_amf_add_null (body);
  regia_amf_begin_object (body);
  va_start (args, name);
  for (; name != NULL; name = va_arg (args, const char *)) {
    regia_amf_add_name (body, name);
    regia_amf_add_text (body, va_arg (args, const char *));
  }
  va_end (args);
  regia_amf_end_object (body);
  regia_chunks_add (self->answer, COMMANDS, REGIA_RTMP_COMMAND, stream, body->data, body->len);
}

/* What stands behind the host in its address, without what some add to it. */
static char *
tidy (char *application)
{
  application[strcspn (application, "?")] = '\0';
  while (g_str_has_suffix (application, "/"))
    application[strlen (application) - 1] = '\0';
  return application;
}

static gboolean
connect (RegiaPublisher *self, double transaction, RegiaAmf *rest, GError **error)
{
  char *application = NULL;

  if (self->application != NULL)
    return refuse (error, "connects twice");
  if (!regia_amf_read_member (rest, "app", &application) || application == NULL)
    return refuse (error, "does not say what it wants to connect to");
  self->application = tidy (application);
  say_number (self, REGIA_RTMP_WINDOW, WINDOW, FALSE);
  say_number (self, REGIA_RTMP_BANDWIDTH, WINDOW, TRUE);
  say (self, 0, "_result", transaction, "level", "status", "code", "NetConnection.Connect.Success",
       "description", "Connected", NULL);
  return TRUE;
}

static void
create_stream (RegiaPublisher *self, double transaction)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  regia_amf_add_text (body, "_result");
  regia_amf_add_number (body, transaction);
  regia_amf_add_null (body);
  regia_amf_add_number (body, STREAM);
  regia_chunks_add (self->answer, COMMANDS, REGIA_RTMP_COMMAND, 0, body->data, body->len);
}

static gboolean
publish (RegiaPublisher *self, RegiaAmf *rest, GError **error)
{
  g_autofree char *key = NULL, *why = NULL;
  gboolean may;

  if (self->application == NULL || self->in)
    return refuse (error, self->in ? "publishes twice" : "publishes before it has connected");
  if (!regia_amf_skip (rest) || !regia_amf_read_text (rest, &key))
    return refuse (error, "publishes nothing that has a name");
  may = self->callbacks->may_publish (self->application, key, &why, self->user_data);
  explicit_bzero (key, strlen (key));
  if (!may) {
    say (self, STREAM, "onStatus", 0, "level", "error", "code", "NetStream.Publish.BadName", "description",
         why, NULL);
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE, "%s", why);
    return FALSE;
  }
  self->in = TRUE;
  regia_chunks_set_limit (self->chunks, UNFINISHED_IN);
  say (self, STREAM, "onStatus", 0, "level", "status", "code", "NetStream.Publish.Start", "description",
       "Go ahead", NULL);
  return TRUE;
}

/* @ret_over: (out): it has said good-bye. */
static gboolean
obey (RegiaPublisher *self, const guint8 *data, gsize size, gboolean *ret_over, GError **error)
{
  static const char *const good_byes[] = {"deleteStream", "closeStream", "FCUnpublish", NULL};
  RegiaAmf rest = {data, size};
  g_autofree char *name = NULL;
  double transaction;

  if (!regia_amf_read_text (&rest, &name) || !regia_amf_read_number (&rest, &transaction))
    return refuse (error, "sends a command that is none");
  if (g_str_equal (name, "connect"))
    return connect (self, transaction, &rest, error);
  if (g_str_equal (name, "createStream"))
    create_stream (self, transaction);
  else if (g_str_equal (name, "publish"))
    return publish (self, &rest, error);
  else if (g_str_equal (name, "play") || g_str_equal (name, "play2"))
    return refuse (error, "wants to watch; here one can only send");
  *ret_over = self->in && g_strv_contains (good_byes, name);
  return TRUE;
}

static gboolean
take_media (RegiaPublisher *self, const RegiaRtmpMessage *message, GError **error)
{
  if (!self->in)
    return refuse (error, "sends pictures or sound before it was let in");
  if (message->size == 0 || (message->type == REGIA_RTMP_AUDIO && message->data[0] >> 4 == EX_AUDIO))
    return TRUE;
  if (message->type == REGIA_RTMP_VIDEO && (message->data[0] & EX_HEADER))
    return refuse (error, "sends H.265, AV1 or VP9; set it to H.264");
  self->callbacks->media (message->type, message->time_ms, message->data, message->size, self->user_data);
  return TRUE;
}

static gboolean
take_message (RegiaPublisher *self, const RegiaRtmpMessage *message, gboolean *ret_over, GError **error)
{
  switch (message->type) {
  case REGIA_RTMP_AUDIO:
  case REGIA_RTMP_VIDEO:
    return take_media (self, message, error);
  case REGIA_RTMP_COMMAND:
    return obey (self, message->data, message->size, ret_over, error);
  case REGIA_RTMP_COMMAND_3:
    return message->size == 0 || obey (self, message->data + 1, message->size - 1, ret_over, error);
  case REGIA_RTMP_WINDOW:
    if (message->size >= 4)
      self->window = MAX ((guint32)message->data[0] << 24 | (guint32)message->data[1] << 16 |
                              (guint32)message->data[2] << 8 | message->data[3],
                          2048);
    return TRUE;
  default: /* what it tells about itself is not needed */
    return TRUE;
  }
}

/* Some stop when they do not hear that it arrives. */
static void
acknowledge (RegiaPublisher *self)
{
  if (self->state != TALK || self->bytes - self->acknowledged < self->window / 2)
    return;
  self->acknowledged = self->bytes;
  say_number (self, REGIA_RTMP_ACKNOWLEDGEMENT, (guint32)self->bytes, FALSE);
}

gboolean
regia_publisher_take (RegiaPublisher *self, const guint8 *data, gsize length, GError **error)
{
  gboolean over = FALSE;

  self->bytes += length;
  while (length > 0 && !over) {
    RegiaRtmpMessage message = {0};
    gssize taken = self->state == TALK ? regia_chunks_take (self->chunks, data, length, &message, error)
                                       : shake_hands (self, data, length, error);

    if (taken < 0 || (message.type != 0 && !take_message (self, &message, &over, error)))
      return FALSE;
    data += taken;
    length -= (gsize)taken;
  }
  if (!self->in && self->bytes > BEFORE_BYTES)
    return refuse (error, "sends much and says nothing");
  acknowledge (self);
  return !over;
}
