/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "probe-private.h"

#include <string.h>

#include "regia/base/clock.h"
#include "regia/base/thread.h"

/*
 * RegiaProbe makes its connections through GIO, which asks for names on threads of its own. What is not
 * there within a second is taken for nobody: on the networks of a hall it is there in a millisecond, and a
 * new attempt each second is sooner there than the kernel's own repetitions of an old one, after 1, 3, 7 s.
 *
 * Life: made with its source, gone with it; a connection that is being made then is cancelled, and its
 * callback touches nothing. Owner: RegiaSource.
 */

#define INTERVAL_NS REGIA_SECOND

struct _RegiaProbe {
  GSocketClient *client;       /* (owned) */
  GSocketConnectable *address; /* (owned) */
  GCancellable *asking;        /* (owned) (nullable) while a connection is being made */
  gint64 asked_ns;             /* 0: never */
  gboolean silent, heard;
};

gboolean
regia_probe_read (const char *address, char **ret_host, guint16 *ret_port, gboolean *ret_tls)
{
  static const struct {
    const char *scheme;
    guint16 port;
    gboolean tls;
  } known[] = {{"rtsp", 554, FALSE},  {"rtspt", 554, FALSE}, {"rtspu", 554, FALSE},
               {"rtsph", 554, FALSE}, {"rtsps", 322, TRUE},  {"http", 80, FALSE},
               {"https", 443, TRUE},  {"rtmp", 1935, FALSE}, {"rtmps", 443, TRUE}};
  g_autoptr (GUri) uri = g_uri_parse (address, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_NON_DNS, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;

  if (host == NULL || *host == '\0')
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (known[i].scheme, g_uri_get_scheme (uri)) == 0) {
      *ret_host = g_strdup (host);
      *ret_port = g_uri_get_port (uri) > 0 ? (guint16)g_uri_get_port (uri) : known[i].port;
      *ret_tls = known[i].tls;
      return TRUE;
    }
  return FALSE;
}

gboolean
regia_probe_find (const char *text, char **ret_host, guint16 *ret_port)
{
  for (const char *mark = strstr (text, "://"); mark; mark = strstr (mark + 3, "://")) {
    const char *begin = mark;
    g_autofree char *address = NULL;
    gboolean tls;

    while (begin > text && g_ascii_isalnum (begin[-1]))
      begin--;
    address = g_strndup (begin, (gsize)(mark - begin) + strcspn (mark, " \t\n\"'!"));
    if (regia_probe_read (address, ret_host, ret_port, &tls))
      return TRUE;
  }
  return FALSE;
}

RegiaProbe *
regia_probe_new (const char *text)
{
  g_autofree char *host = NULL;
  RegiaProbe *self;
  guint16 port;

  if (!regia_probe_find (text, &host, &port))
    return NULL;
  self = g_new0 (RegiaProbe, 1);
  self->address = g_network_address_new (host, port);
  self->client = g_socket_client_new ();
  /* rtspsrc asks no desktop's settings for a proxy either */
  g_socket_client_set_enable_proxy (self->client, FALSE);
  return self;
}

void
regia_probe_pause (RegiaProbe *self)
{
  if (self->asking)
    g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  self->heard = FALSE;
}

void
regia_probe_free (RegiaProbe *self)
{
  if (self == NULL)
    return;
  regia_probe_pause (self);
  g_object_unref (self->client);
  g_object_unref (self->address);
  g_free (self);
}

static void
on_connected_cb (GObject *client, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (client), result, &error);
  RegiaProbe *self = user_data;

  /* Whoever cancels does not wait for this call: there may be no @self any more. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->asking);
  self->heard |= connection != NULL && self->silent;
  self->silent = connection == NULL;
}

gboolean
regia_probe_tick (RegiaProbe *self, gint64 now_ns)
{
  REGIA_ON_THREAD_VAL (NULL, FALSE);

  gboolean heard = self->heard;

  self->heard = FALSE;
  if (heard || (self->asked_ns != 0 && now_ns - self->asked_ns < INTERVAL_NS))
    return heard;
  if (self->asking) {
    regia_probe_pause (self);
    self->silent = TRUE;
  }
  self->asked_ns = now_ns;
  self->asking = g_cancellable_new ();
  g_socket_client_connect_async (self->client, self->address, self->asking, on_connected_cb, self);
  return FALSE;
}

gboolean
regia_probe_is_silent (const RegiaProbe *self)
{
  return self->silent;
}

gboolean
regia_probe_is_same (const RegiaProbe *a, const RegiaProbe *b)
{
  GNetworkAddress *one = G_NETWORK_ADDRESS (a->address), *other = G_NETWORK_ADDRESS (b->address);

  return strcmp (g_network_address_get_hostname (one), g_network_address_get_hostname (other)) == 0 &&
         g_network_address_get_port (one) == g_network_address_get_port (other);
}
