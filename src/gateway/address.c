/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "address-private.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "regia/base/address.h"

static void
add (GPtrArray *list, const char *host, guint port)
{
  char *text =
      port == 80 ? g_strdup_printf ("http://%s", host) : g_strdup_printf ("http://%s:%u", host, port);

  if (g_ptr_array_find_with_equal_func (list, text, g_str_equal, NULL))
    g_free (text);
  else
    g_ptr_array_add (list, text);
}

static void
add_interfaces (GPtrArray *list, guint port)
{
  struct ifaddrs *all = NULL;

  if (getifaddrs (&all) < 0)
    return;
  for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
    char text[INET_ADDRSTRLEN];

    if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK) ||
        !(i->ifa_flags & IFF_UP))
      continue;
    if (inet_ntop (AF_INET, &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr, text, sizeof text) !=
        NULL)
      add (list, text, port);
  }
  freeifaddrs (all);
}

char **
regia_addresses (const char *listen, const char *const *hosts, guint port)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_autofree char *host = NULL;
  guint asked_port;
  gboolean all;

  if (!regia_address_split (listen, &host, &asked_port))
    host = g_strdup (listen);
  all = strcmp (host, "0.0.0.0") == 0 || strcmp (host, "[::]") == 0;
  for (gsize i = 0; hosts != NULL && hosts[i] != NULL; i++)
    if (strcmp (hosts[i], "*") != 0)
      add (list, hosts[i], port);
  if (all)
    add_interfaces (list, port);
  else
    add (list, host, port);
  if (all)
    add (list, "localhost", port);
  g_ptr_array_add (list, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&list), FALSE);
}
