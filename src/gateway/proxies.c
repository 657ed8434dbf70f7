/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "proxies-private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* All addresses are IPv6 here: a socket on [::] shows IPv4 as ::ffff:a.b.c.d, and so do we. */
typedef struct {
  struct in6_addr address;
  guint bits;
} Network;

/* Made with the server and read by its workers. */
struct _RegiaProxies {
  GArray *networks; /* (owned) (element-type Network) */
};

#define MAPPED_BITS        96
#define ADDRESS_TEXT_BYTES 64

static void
map_v4 (const struct in_addr *v4, struct in6_addr *ret_address)
{
  memset (ret_address, 0, sizeof *ret_address);
  ret_address->s6_addr[10] = ret_address->s6_addr[11] = 0xff;
  memcpy (ret_address->s6_addr + 12, v4, 4);
}

static gboolean
from_sockaddr (const struct sockaddr *address, struct in6_addr *ret_address)
{
  if (address->sa_family == AF_INET)
    map_v4 (&((const struct sockaddr_in *)(const void *)address)->sin_addr, ret_address);
  else if (address->sa_family == AF_INET6)
    *ret_address = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
  else
    return FALSE;
  return TRUE;
}

static void
to_peer (const struct in6_addr *address, RegiaPeer *ret_peer)
{
  memset (ret_peer, 0, sizeof *ret_peer);
  memcpy (ret_peer->bytes, address, IN6_IS_ADDR_V4MAPPED (address) ? 16 : 8);
}

void
regia_peer_from_sockaddr (const struct sockaddr *address, RegiaPeer *ret_peer)
{
  struct in6_addr v6;

  memset (ret_peer, 0, sizeof *ret_peer);
  if (from_sockaddr (address, &v6))
    to_peer (&v6, ret_peer);
}

/* `A.B.C.D[:PORT]`, `V6` or `[V6][:PORT]`. @ret_v4: (out) (nullable) */
static gboolean
parse_address (const char *text, gsize length, struct in6_addr *ret_address, gboolean *ret_v4)
{
  char copy[ADDRESS_TEXT_BYTES], *host = copy, *end;
  struct in_addr v4;

  while (length > 0 && (*text == ' ' || *text == '\t')) {
    text++;
    length--;
  }
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
    length--;
  if (length == 0 || length >= sizeof copy)
    return FALSE;
  memcpy (copy, text, length);
  copy[length] = '\0';
  if (*host == '[') {
    host++;
    end = strchr (host, ']');
    if (end == NULL || (end[1] != '\0' && end[1] != ':'))
      return FALSE;
    *end = '\0';
  } else if (strchr (host, '.') != NULL && (end = strchr (host, ':')) != NULL &&
             strchr (end + 1, ':') == NULL) {
    *end = '\0';
  }
  if (ret_v4 != NULL)
    *ret_v4 = inet_pton (AF_INET, host, &v4) == 1;
  if (inet_pton (AF_INET, host, &v4) == 1) {
    map_v4 (&v4, ret_address);
    return TRUE;
  }
  return inet_pton (AF_INET6, host, ret_address) == 1;
}

static gboolean
network_has (const Network *network, const struct in6_addr *address)
{
  guint whole = network->bits / 8, rest = network->bits % 8;
  guint8 mask = (guint8)(0xff00 >> rest);

  return memcmp (&network->address, address, whole) == 0 &&
         (rest == 0 || ((network->address.s6_addr[whole] ^ address->s6_addr[whole]) & mask) == 0);
}

static gboolean
has_address (const RegiaProxies *self, const struct in6_addr *address)
{
  for (guint i = 0; i < self->networks->len; i++)
    if (network_has (&g_array_index (self->networks, Network, i), address))
      return TRUE;
  return FALSE;
}

RegiaProxies *
regia_proxies_new (const char *const *networks)
{
  RegiaProxies *self = g_new0 (RegiaProxies, 1);

  self->networks = g_array_new (FALSE, FALSE, sizeof (Network));
  for (gsize i = 0; networks != NULL && networks[i] != NULL; i++) {
    const char *slash = strchr (networks[i], '/');
    gsize length = slash != NULL ? (gsize)(slash - networks[i]) : strlen (networks[i]);
    guint64 bits = 0;
    Network network;
    gboolean v4;

    if (!parse_address (networks[i], length, &network.address, &v4))
      continue;
    if (slash != NULL && !g_ascii_string_to_unsigned (slash + 1, 10, 0, v4 ? 32 : 128, &bits, NULL))
      continue;
    network.bits = slash == NULL ? 128 : v4 ? MAPPED_BITS + (guint)bits : (guint)bits;
    g_array_append_val (self->networks, network);
  }
  return self;
}

void
regia_proxies_free (RegiaProxies *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->networks);
  g_free (self);
}

gboolean
regia_proxies_trust (const RegiaProxies *self, const struct sockaddr *address)
{
  struct in6_addr v6;

  return self->networks->len > 0 && from_sockaddr (address, &v6) && has_address (self, &v6);
}

gboolean
regia_proxies_client (const RegiaProxies *self, const char *forwarded, RegiaPeer *ret_peer)
{
  gsize end = forwarded != NULL ? strlen (forwarded) : 0;
  struct in6_addr address;
  gboolean found = FALSE;

  while (end > 0) {
    gsize from = end;

    while (from > 0 && forwarded[from - 1] != ',')
      from--;
    if (!parse_address (forwarded + from, end - from, &address, NULL))
      break;
    to_peer (&address, ret_peer);
    found = TRUE;
    if (from == 0 || !has_address (self, &address))
      break;
    end = from - 1;
  }
  return found;
}
