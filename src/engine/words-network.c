/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include <gio/gio.h>
#include <string.h>

#include "probe-private.h"
#include "words-private.h"

/*
 * Why an address is not reached. GStreamer's RTSP says "Generic error" for a name that nobody knows, for a
 * port where nobody listens and for a certificate that is not trusted; so the address is tried once more
 * here, and closed again at once. A main context of its own, because a resolver cannot be held to a time
 * otherwise.
 */

/* The second one for a handshake: the certificates of the whole world are read for it. */
#define TRY_MS 1500
#define TLS_MS 2500

typedef struct {
  GMainLoop *loop;
  GSocketConnection *connection; /* (owned) (nullable) */
  GError *error;                 /* (owned) (nullable) */
  gboolean connected;            /* whatever came of it then */
} Try;

static void
on_event_cb (GSocketClient *client, GSocketClientEvent event, GSocketConnectable *address, GIOStream *stream,
             gpointer user_data)
{
  ((Try *)user_data)->connected |= event == G_SOCKET_CLIENT_CONNECTED;
}

static void
on_connected_cb (GObject *client, GAsyncResult *result, gpointer user_data)
{
  Try *self = user_data;

  self->connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (client), result, &self->error);
  g_main_loop_quit (self->loop);
}

static gboolean
on_late_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

/* (transfer full) (nullable): in words, when @error says enough. */
static char *
describe (const GError *error, const char *host, int port)
{
  if (error->domain == G_RESOLVER_ERROR)
    return g_strdup_printf ("the name %s is not known; check how it is written, and the network", host);
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return g_strdup_printf (
        "the certificate of %s is not trusted: it is out of date, made out to another "
        "name, or signed by nobody who is known; renew it, or use the address without TLS",
        host);
  if (error->domain == G_TLS_ERROR)
    return g_strdup_printf ("%s does not speak TLS at port %d; check how its address begins, and the port",
                            host, port);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return g_strdup_printf ("%s refuses connections: nothing listens at port %d; check that its stream is "
                            "switched on, and the port",
                            host, port);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE))
    return g_strdup_printf ("there is no way to %s; check the cables, and this computer's network settings",
                            host);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_strdup_printf ("%s does not answer; check that it is switched on and connected", host);
  return NULL;
}

char *
regia_words_why_not_reached (const char *address)
{
  g_autofree char *host = NULL;
  g_autoptr (GMainContext) context = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  g_autoptr (GSocketClient) client = NULL;
  g_autoptr (GCancellable) cancellable = NULL;
  g_autoptr (GSource) late = NULL;
  g_autofree char *words = NULL;
  Try self = {0};
  gboolean tls;
  guint16 port;

  if (!regia_probe_read (address, &host, &port, &tls))
    return NULL;
  context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  self.loop = loop = g_main_loop_new (context, FALSE);
  client = g_socket_client_new ();
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_tls (client, tls);
  g_signal_connect (client, "event", G_CALLBACK (on_event_cb), &self);
  cancellable = g_cancellable_new ();
  late = g_timeout_source_new (tls ? TLS_MS : TRY_MS);
  g_source_set_callback (late, on_late_cb, cancellable, NULL);
  g_source_attach (late, context);
  g_socket_client_connect_to_host_async (client, host, port, cancellable, on_connected_cb, &self);
  g_main_loop_run (loop);
  g_source_destroy (late);
  g_main_context_pop_thread_default (context);
  if (self.error && !(self.connected && g_error_matches (self.error, G_IO_ERROR, G_IO_ERROR_CANCELLED)))
    words = describe (self.error, host, port);
  g_clear_object (&self.connection);
  g_clear_error (&self.error);
  return g_steal_pointer (&words);
}
