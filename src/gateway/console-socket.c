/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "console-socket-private.h"

#include <string.h>

#define LOOK_MS       100 /* for who has gone; what is new wakes at once */
#define CHECK_US      (5 * G_USEC_PER_SEC)
#define ALIVE_S       10
#define MESSAGE_BYTES 16384
#define METERS        "meters"
#define PREVIEW       "preview/"

/*
 * A page: from its request until it goes, or is somebody no more. `socket` is there from the moment when
 * libsoup has written its yes. What it has not acknowledged is `ahead`; with all of its share on the way it
 * is passed over, and asked again when it has taken some.
 */
typedef struct {
  RegiaConsoleSockets *sockets;
  SoupServerMessage *message;      /* (owned) (nullable): before `socket` */
  SoupWebsocketConnection *socket; /* (owned) (nullable) */
  char *token;                     /* (owned) */
  gboolean has_spoken, wants_meters, is_gone;
  char **previews;   /* (owned) (nullable): names */
  GHashTable *given; /* (owned) (element-type utf8 guint64): of a track, the number that was sent last */
  guint64 number;    /* of the next event */
  guint ahead;
  gint64 checked_us;
  guint asking; /* questions about it that are not answered */
} Page;

struct _RegiaConsoleSockets {
  RegiaConsoleEvents *events; /* (unowned) */
  RegiaConsoleFeed *feed;     /* (unowned) */
  RegiaConsoleAsk *ask;       /* (unowned) */
  GPtrArray *all;             /* (owned) (element-type Page) */
  GSource *looker, *waker;    /* (owned) */
};

static void
page_free (Page *page)
{
  if (page->message != NULL)
    g_signal_handlers_disconnect_by_data (page->message, page);
  if (page->socket != NULL) {
    g_signal_handlers_disconnect_by_data (page->socket, page);
    if (soup_websocket_connection_get_state (page->socket) == SOUP_WEBSOCKET_STATE_OPEN)
      soup_websocket_connection_close (page->socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
  }
  g_clear_object (&page->message);
  g_clear_object (&page->socket);
  g_clear_pointer (&page->given, g_hash_table_unref);
  g_strfreev (page->previews);
  g_free (page->token);
  g_free (page);
}

static void
end (Page *page, gushort code, const char *words)
{
  if (page->is_gone)
    return;
  page->is_gone = TRUE;
  if (page->socket != NULL && soup_websocket_connection_get_state (page->socket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (page->socket, code, words);
}

/* What any of the pages looks at. */
static void
want (RegiaConsoleSockets *self)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree const char **list = NULL;

  for (guint i = 0; i < self->all->len; i++) {
    const Page *page = self->all->pdata[i];

    if (page->is_gone)
      continue;
    if (page->wants_meters)
      g_hash_table_add (names, g_strdup (METERS));
    for (char **name = page->previews;
         name != NULL && *name != NULL && g_hash_table_size (names) < REGIA_CONSOLE_SOCKET_PREVIEWS; name++)
      g_hash_table_add (names, g_strconcat (PREVIEW, *name, NULL));
  }
  list = (const char **)g_hash_table_get_keys_as_array (names, NULL);
  regia_console_feed_want (self->feed, list);
}

/* Giving */

static gboolean
has_room (const Page *page)
{
  return !page->is_gone && page->ahead < REGIA_CONSOLE_SOCKET_AHEAD &&
         soup_websocket_connection_get_state (page->socket) == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
send_bytes (Page *page, SoupWebsocketDataType type, GBytes *bytes)
{
  page->ahead++;
  soup_websocket_connection_send_message (page->socket, type, bytes);
}

/* The newest of a track, if the page has not got it. */
static gboolean
find_new (Page *page, const char *track, RegiaConsoleLatest *ret_latest)
{
  guint64 *given = g_hash_table_lookup (page->given, track);

  if (!has_room (page) ||
      !regia_console_feed_get (page->sockets->feed, track, given != NULL ? *given : 0, ret_latest))
    return FALSE;
  g_hash_table_replace (page->given, g_strdup (track), g_memdup2 (&ret_latest->number, sizeof (guint64)));
  return TRUE;
}

static void
give_meters (Page *page)
{
  g_auto (RegiaConsoleLatest) latest = {0};

  if (find_new (page, METERS, &latest))
    send_bytes (page, SOUP_WEBSOCKET_DATA_TEXT, latest.payload);
}

static void
give_preview (Page *page, const char *name)
{
  g_autofree char *track = g_strconcat (PREVIEW, name, NULL);
  g_auto (RegiaConsoleLatest) latest = {0};
  g_autoptr (GByteArray) message = NULL;
  g_autoptr (GBytes) bytes = NULL;
  guint8 length = (guint8)strlen (name);
  guint64 time_ms;

  if (!find_new (page, track, &latest))
    return;
  time_ms = GUINT64_TO_BE ((guint64)latest.time_ns / 1000000);
  message = g_byte_array_sized_new (1u + length + 8u + (guint)g_bytes_get_size (latest.payload));
  g_byte_array_append (message, &length, 1);
  g_byte_array_append (message, (const guint8 *)name, length);
  g_byte_array_append (message, (const guint8 *)&time_ms, sizeof time_ms);
  g_byte_array_append (message, g_bytes_get_data (latest.payload, NULL),
                       (guint)g_bytes_get_size (latest.payload));
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&message));
  send_bytes (page, SOUP_WEBSOCKET_DATA_BINARY, bytes);
}

static void
give_events (Page *page)
{
  g_autoptr (GBytes) bytes = NULL;
  char *text = has_room (page) ? regia_console_events_read (page->sockets->events, &page->number) : NULL;

  if (text == NULL)
    return;
  bytes = g_bytes_new_take (text, strlen (text));
  send_bytes (page, SOUP_WEBSOCKET_DATA_TEXT, bytes);
}

static void
give (Page *page)
{
  if (!page->has_spoken || page->is_gone)
    return;
  give_events (page);
  if (page->wants_meters)
    give_meters (page);
  for (char **name = page->previews; name != NULL && *name != NULL; name++)
    give_preview (page, *name);
}

/* Hearing */

static void
obey (Page *page, RegiaConsoleWish *wish)
{
  gboolean looks_elsewhere = wish->meters >= 0 || wish->previews != NULL;

  if (!page->has_spoken)
    page->number = regia_console_events_begin (page->sockets->events, wish->last);
  page->has_spoken = TRUE;
  page->ahead -= MIN (page->ahead, wish->ack);
  if (wish->meters >= 0)
    page->wants_meters = wish->meters;
  if (wish->previews != NULL) {
    g_strfreev (page->previews);
    page->previews = g_steal_pointer (&wish->previews);
    g_hash_table_remove_all (page->given); /* those that it comes back to are shown at once */
  }
  if (looks_elsewhere)
    want (page->sockets);
  give (page);
}

static void
message_cb (SoupWebsocketConnection *socket, int type, GBytes *message, gpointer user_data)
{
  Page *page = user_data;
  g_auto (RegiaConsoleWish) wish = {0};
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *json = g_bytes_get_data (message, &length);

  if (page->is_gone)
    return;
  if (type != SOUP_WEBSOCKET_DATA_TEXT)
    end (page, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA, "text is understood here");
  else if (!regia_console_wish_read (json != NULL ? json : "", length, &wish, &error))
    end (page, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, error->message);
  else
    obey (page, &wish);
}

static void
closed_cb (SoupWebsocketConnection *socket, gpointer user_data)
{
  ((Page *)user_data)->is_gone = TRUE;
}

static void
checked_cb (GVariant *answer, const GError *error, gboolean is_remote, gpointer user_data)
{
  Page *page = user_data;
  const char *name, *role_text;
  RegiaRole role = REGIA_ROLE_VIEWER;

  page->asking--;
  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(ss)")))
    return; /* it is asked again */
  g_variant_get (answer, "(&s&s)", &name, &role_text);
  if (!regia_role_parse (role_text, &role) || !regia_role_may (role, REGIA_ACTION_OBSERVE))
    end (page, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "the session is over");
}

static void
check (Page *page, gint64 now_us)
{
  if (now_us - page->checked_us <= CHECK_US || page->asking > 0)
    return;
  page->checked_us = now_us;
  if (regia_console_ask_call (page->sockets->ask, REGIA_CONSOLE_KNOWN, "Accounts1", "Check",
                              g_variant_new ("(s)", page->token), checked_cb, page))
    page->asking++;
}

static gboolean
look_cb (gpointer user_data)
{
  RegiaConsoleSockets *self = user_data;
  gint64 now_us = g_get_monotonic_time ();
  guint before = self->all->len;

  for (guint i = 0; i < self->all->len; i++) {
    Page *page = g_ptr_array_index (self->all, i);

    if (page->is_gone) {
      if (page->asking == 0)
        g_ptr_array_remove_index_fast (self->all, i--);
      continue;
    }
    check (page, now_us);
    give (page);
  }
  if (self->all->len != before)
    want (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
wake_cb (gpointer user_data)
{
  RegiaConsoleSockets *self = user_data;

  g_source_set_ready_time (self->waker, -1);
  for (guint i = 0; i < self->all->len; i++)
    give (self->all->pdata[i]);
  return G_SOURCE_CONTINUE;
}

static gboolean
waker_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

RegiaConsoleSockets *
regia_console_sockets_new (RegiaConsoleEvents *events, RegiaConsoleFeed *feed, RegiaConsoleAsk *ask)
{
  static GSourceFuncs funcs = {.dispatch = waker_dispatch};
  RegiaConsoleSockets *self = g_new0 (RegiaConsoleSockets, 1);

  self->events = events;
  self->feed = feed;
  self->ask = ask;
  self->all = g_ptr_array_new_with_free_func ((GDestroyNotify)page_free);
  self->looker = g_timeout_source_new (LOOK_MS);
  g_source_set_callback (self->looker, look_cb, self, NULL);
  g_source_attach (self->looker, g_main_context_get_thread_default ());
  self->waker = g_source_new (&funcs, sizeof (GSource));
  g_source_set_callback (self->waker, wake_cb, self, NULL);
  g_source_attach (self->waker, g_main_context_get_thread_default ());
  regia_console_feed_set_waker (feed, self->waker);
  regia_console_events_set_waker (events, self->waker);
  return self;
}

void
regia_console_sockets_free (RegiaConsoleSockets *self)
{
  if (self == NULL)
    return;
  regia_console_feed_set_waker (self->feed, NULL);
  regia_console_events_set_waker (self->events, NULL);
  g_source_destroy (self->looker);
  g_source_unref (self->looker);
  g_source_destroy (self->waker);
  g_source_unref (self->waker);
  g_ptr_array_unref (self->all);
  g_free (self);
}

gboolean
regia_console_sockets_have_room (RegiaConsoleSockets *self)
{
  return self->all->len < REGIA_CONSOLE_SOCKETS;
}

static void
gone_cb (SoupServerMessage *message, gpointer user_data)
{
  ((Page *)user_data)->is_gone = TRUE;
}

/* libsoup has written its yes: the connection is ours. */
static void
switched_cb (SoupServerMessage *message, gpointer user_data)
{
  Page *page = user_data;
  g_autoptr (SoupServerMessage) asked = g_steal_pointer (&page->message);
  g_autoptr (GIOStream) stream = NULL;
  GUri *uri = soup_server_message_get_uri (asked);

  g_signal_handlers_disconnect_by_data (asked, page);
  stream = soup_server_message_steal_connection (asked);
  page->socket =
      soup_websocket_connection_new (stream, uri, SOUP_WEBSOCKET_CONNECTION_SERVER, NULL, NULL, NULL);
  soup_websocket_connection_set_max_incoming_payload_size (page->socket, MESSAGE_BYTES);
  soup_websocket_connection_set_keepalive_interval (page->socket, ALIVE_S);
  g_signal_connect (page->socket, "message", G_CALLBACK (message_cb), page);
  g_signal_connect (page->socket, "closed", G_CALLBACK (closed_cb), page);
}

gboolean
regia_console_sockets_add (RegiaConsoleSockets *self, SoupServerMessage *message, const char *token)
{
  Page *page;

  if (!soup_websocket_server_check_handshake (message, NULL, NULL, NULL, NULL) ||
      !soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL))
    return FALSE;
  page = g_new0 (Page, 1);
  page->sockets = self;
  page->message = g_object_ref (message);
  page->token = g_strdup (token);
  page->given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  page->checked_us = g_get_monotonic_time ();
  g_ptr_array_add (self->all, page);
  g_signal_connect (message, "wrote-informational", G_CALLBACK (switched_cb), page);
  g_signal_connect (message, "finished", G_CALLBACK (gone_cb), page);
  g_signal_connect (message, "disconnected", G_CALLBACK (gone_cb), page);
  return TRUE;
}
