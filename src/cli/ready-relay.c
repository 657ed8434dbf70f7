/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <string.h>

#include "ready-private.h"
#include "regia/base/destination.h"
#include "regia/base/error.h"

/* Whether a relay's far end is there, without beginning anything at it. */

#define ANSWER_S      5
#define SRT_TRY_S     1
#define SRT_TRIES     2
#define SRT_ADDRESSES 2
#define RTMP_PORT     1935
#define RTMPS_PORT    443

/* draft-sharabayko-srt-01 §3 (header), §3.2.1 (handshake): a caller's first packet, INDUCTION. What answers
 * sends the same back, version 5 and with a cookie; it remembers nothing until that comes again. */
enum {
  SRT_PACKET = 64,
  SRT_CONTROL_AT = 0, /* 0x80 0x00: control packet, handshake */
  SRT_VERSION_AT = 16,
  SRT_EXTENSION_AT = 22,
  SRT_MTU_AT = 28,
  SRT_WINDOW_AT = 32,
  SRT_TYPE_AT = 36,
  SRT_SOCKET_AT = 40,
};

static void
put_u32 (guint8 *at, guint32 value)
{
  value = GUINT32_TO_BE (value);
  memcpy (at, &value, sizeof value);
}

static gboolean
ask_srt_at (GInetAddress *inet, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (inet, port);
  g_autoptr (GSocket) socket =
      g_socket_new (g_inet_address_get_family (inet), G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  guint8 packet[SRT_PACKET] = {0x80, 0}, answer[1500];

  put_u32 (packet + SRT_VERSION_AT, 4);
  packet[SRT_EXTENSION_AT + 1] = 2;
  put_u32 (packet + SRT_MTU_AT, 1500);
  put_u32 (packet + SRT_WINDOW_AT, 8192);
  put_u32 (packet + SRT_TYPE_AT, 1);
  put_u32 (packet + SRT_SOCKET_AT, g_random_int () & 0x3fffffff);
  if (socket == NULL || !g_socket_connect (socket, address, NULL, error))
    return FALSE;
  g_socket_set_timeout (socket, SRT_TRY_S);
  for (guint i = 0; i < SRT_TRIES; i++) {
    gssize got;

    g_clear_error (error);
    if (g_socket_send (socket, (char *)packet, sizeof packet, NULL, error) < 0)
      return FALSE;
    got = g_socket_receive (socket, (char *)answer, sizeof answer, NULL, error);
    if (got >= SRT_PACKET && answer[SRT_CONTROL_AT] == 0x80 && answer[SRT_CONTROL_AT + 1] == 0)
      return TRUE;
    if (got >= 0)
      return g_set_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL, "what answers there does not speak SRT"),
             FALSE;
    if (!g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
      return FALSE;
  }
  return FALSE;
}

static gboolean
ask_srt (const RegiaDestination *destination, GError **error)
{
  g_autoptr (GInetAddress) written = g_inet_address_new_from_string (destination->host);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autolist (GInetAddress) addresses = NULL;
  guint tried = 0;

  if (written != NULL)
    return ask_srt_at (written, (guint16)destination->port, error);
  addresses = g_resolver_lookup_by_name (resolver, destination->host, NULL, error);
  for (GList *link = addresses; link != NULL && tried < SRT_ADDRESSES; link = link->next, tried++) {
    g_clear_error (error);
    if (ask_srt_at (link->data, (guint16)destination->port, error))
      return TRUE;
  }
  return FALSE;
}

static gboolean
ask_tcp (const RegiaDestination *destination, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  int usual = destination->kind == REGIA_DESTINATION_RTMPS ? RTMPS_PORT : RTMP_PORT;

  g_socket_client_set_timeout (client, ANSWER_S);
  g_socket_client_set_enable_proxy (client, FALSE); /* a relay goes straight there */
  connection = g_socket_client_connect_to_host (
      client, destination->host, (guint16)(destination->port > 0 ? destination->port : usual), NULL, error);
  return connection != NULL;
}

static const char *
words_of (const GError *error)
{
  if (error->domain == G_RESOLVER_ERROR)
    return "its name is not known";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return "refuses connections";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return "does not answer";
  return error->message;
}

static const char *
remedy_of (const GError *error)
{
  if (error->domain == G_RESOLVER_ERROR)
    return "check the host's name, and this machine's network and name server";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return "have the stream switched on at the far end, and check the port";
  return "check that it is switched on, and what the hall's firewall lets out";
}

/* Thread of GTask's. Of the address the host alone is shown: some platforms make the rest a secret. */
static void
ask (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const RegiaConfigRelay *relay = data;
  g_auto (RegiaDestination) destination = {0};
  g_autoptr (GError) error = NULL;
  gboolean srt;

  if (!regia_destination_parse (relay->url, &destination, &error)) {
    g_task_return_pointer (task,
                           regia_ready_row_new (REGIA_READY_NO_GO, "relay", relay->name, "correct its url",
                                                g_strdup (error->message)),
                           (GDestroyNotify)regia_ready_row_free);
    return;
  }
  srt = destination.kind == REGIA_DESTINATION_SRT;
  if (srt ? ask_srt (&destination, &error) : ask_tcp (&destination, &error))
    g_task_return_pointer (
        task,
        regia_ready_row_new (REGIA_READY_GO, "relay", relay->name, NULL,
                             g_strdup_printf ("%s answers; its key is tried by the event", destination.host)),
        (GDestroyNotify)regia_ready_row_free);
  else
    g_task_return_pointer (
        task,
        regia_ready_row_new (REGIA_READY_NO_GO, "relay", relay->name,
                             error != NULL ? remedy_of (error) : "check its address",
                             g_strdup_printf ("%s: %s", destination.host,
                                              error != NULL ? words_of (error) : "has no address")),
        (GDestroyNotify)regia_ready_row_free);
}

void
regia_ready_ask_relay (const RegiaConfigRelay *relay, GAsyncReadyCallback done_cb, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, done_cb, user_data);

  g_task_set_task_data (task, (gpointer)relay, NULL);
  g_task_run_in_thread (task, ask);
}

RegiaReadyRow *
regia_ready_ask_relay_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}
