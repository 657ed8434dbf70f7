/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "console-stream-private.h"

#include <string.h>

#define LOOK_MS  250
#define ALIVE_US (15 * G_USEC_PER_SEC) /* a proxy in between may shut what says nothing for longer */
#define CHECK_US (5 * G_USEC_PER_SEC)

/*
 * A client of /api/v1/events: from its request until it goes, or is somebody no more. It is sent the next
 * events when it has taken those before, so who reads slowly holds no memory here; what it missed meanwhile
 * is read from what is kept.
 */
typedef struct {
  RegiaConsoleStreams *streams;
  SoupServerMessage *message; /* (owned) */
  char *token;                /* (owned) */
  guint64 number;             /* of the next event */
  gboolean is_sending;        /* has not taken what it was sent last */
  gint64 sent_us, checked_us;
  guint asking; /* questions about it that are not answered */
  gboolean is_gone;
} Stream;

struct _RegiaConsoleStreams {
  RegiaConsoleEvents *events; /* (unowned) */
  RegiaConsoleAsk *ask;       /* (unowned) */
  GPtrArray *all;             /* (owned) (element-type Stream) */
  GSource *looker;            /* (owned) */
};

static void
stream_free (Stream *stream)
{
  g_signal_handlers_disconnect_by_data (stream->message, stream);
  g_object_unref (stream->message);
  g_free (stream->token);
  g_free (stream);
}

static void
say (Stream *stream, char *text)
{
  SoupMessageBody *body = soup_server_message_get_response_body (stream->message);

  soup_message_body_append_take (body, (guchar *)text, strlen (text));
  stream->is_sending = TRUE;
  stream->sent_us = g_get_monotonic_time ();
  soup_server_message_unpause (stream->message);
}

static void
end (Stream *stream)
{
  if (stream->is_gone)
    return;
  stream->is_gone = TRUE;
  soup_message_body_complete (soup_server_message_get_response_body (stream->message));
  if (!stream->is_sending) /* else libsoup is at it */
    soup_server_message_unpause (stream->message);
}

static void
checked_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  Stream *stream = user_data;
  const char *name, *role_text;
  RegiaRole role = REGIA_ROLE_VIEWER;

  stream->asking--;
  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(ss)")))
    return; /* it is asked again */
  g_variant_get (answer, "(&s&s)", &name, &role_text);
  if (!regia_role_parse (role_text, &role) || !regia_role_may (role, REGIA_ACTION_OBSERVE))
    end (stream);
}

static void
look_at (Stream *stream, gint64 now_us)
{
  char *text;

  if (now_us - stream->checked_us > CHECK_US && stream->asking == 0) {
    stream->checked_us = now_us;
    if (regia_console_ask_call (stream->streams->ask, REGIA_CONSOLE_KNOWN, "Accounts1", "Check",
                                g_variant_new ("(s)", stream->token), checked_cb, stream))
      stream->asking++;
  }
  if (stream->is_sending)
    return;
  text = regia_console_events_read (stream->streams->events, &stream->number);
  if (text == NULL && now_us - stream->sent_us > ALIVE_US)
    text = g_strdup (":\n\n");
  if (text != NULL)
    say (stream, text);
}

static gboolean
look_cb (gpointer user_data)
{
  RegiaConsoleStreams *self = user_data;
  gint64 now_us = g_get_monotonic_time ();

  for (guint i = 0; i < self->all->len; i++) {
    Stream *stream = g_ptr_array_index (self->all, i);

    if (!stream->is_gone)
      look_at (stream, now_us);
    else if (stream->asking == 0)
      g_ptr_array_remove_index_fast (self->all, i--);
  }
  return G_SOURCE_CONTINUE;
}

RegiaConsoleStreams *
regia_console_streams_new (RegiaConsoleEvents *events, RegiaConsoleAsk *ask)
{
  RegiaConsoleStreams *self = g_new0 (RegiaConsoleStreams, 1);

  self->events = events;
  self->ask = ask;
  self->all = g_ptr_array_new_with_free_func ((GDestroyNotify)stream_free);
  self->looker = g_timeout_source_new (LOOK_MS);
  g_source_set_callback (self->looker, look_cb, self, NULL);
  g_source_attach (self->looker, g_main_context_get_thread_default ());
  return self;
}

void
regia_console_streams_free (RegiaConsoleStreams *self)
{
  if (self == NULL)
    return;
  g_source_destroy (self->looker);
  g_source_unref (self->looker);
  g_ptr_array_unref (self->all);
  g_free (self);
}

static void
wrote_cb (SoupServerMessage *message, gpointer user_data)
{
  ((Stream *)user_data)->is_sending = FALSE;
}

static void
gone_cb (SoupServerMessage *message, gpointer user_data)
{
  ((Stream *)user_data)->is_gone = TRUE;
}

gboolean
regia_console_streams_have_room (RegiaConsoleStreams *self)
{
  return self->all->len < REGIA_CONSOLE_STREAMS;
}

void
regia_console_streams_add (RegiaConsoleStreams *self, SoupServerMessage *message, const char *token,
                           const char *last_id)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  Stream *stream = g_new0 (Stream, 1);

  stream->streams = self;
  stream->message = g_object_ref (message);
  stream->token = g_strdup (token);
  stream->number = regia_console_events_begin (self->events, last_id);
  stream->checked_us = g_get_monotonic_time ();
  g_ptr_array_add (self->all, stream);
  soup_server_message_set_status (message, 200, NULL);
  soup_message_headers_replace (headers, "Content-Type", "text/event-stream");
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);
  g_signal_connect (message, "wrote-chunk", G_CALLBACK (wrote_cb), stream);
  g_signal_connect (message, "finished", G_CALLBACK (gone_cb), stream);
  g_signal_connect (message, "disconnected", G_CALLBACK (gone_cb), stream);
  say (stream, g_strdup ("retry: 1000\n\n"));
}
