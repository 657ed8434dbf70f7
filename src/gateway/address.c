/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "address-private.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "regia/base/address.h"

typedef struct {
  GPtrArray *texts;
  guint port;
  gboolean https;
} List;

static char *
make_address (gboolean https, const char *host, gsize host_length, guint port)
{
  g_autofree char *number = port == (https ? 443 : 80) ? g_strdup ("") : g_strdup_printf (":%u", port);

  return g_strdup_printf ("%s://%.*s%s", https ? "https" : "http", (int)host_length, host, number);
}

static void
add (const List *list, const char *host)
{
  char *text = make_address (list->https, host, strlen (host), list->port);

  if (g_ptr_array_find_with_equal_func (list->texts, text, g_str_equal, NULL))
    g_free (text);
  else
    g_ptr_array_add (list->texts, text);
}

static void
add_interfaces (const List *list)
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
      add (list, text);
  }
  freeifaddrs (all);
}

char **
regia_addresses (const char *listen, const char *const *hosts, guint port, gboolean https)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  const List list = {texts, port, https};
  g_autofree char *host = NULL;
  guint asked_port;
  gboolean all;

  if (!regia_address_split (listen, &host, &asked_port))
    host = g_strdup (listen);
  all = strcmp (host, "0.0.0.0") == 0 || strcmp (host, "[::]") == 0;
  for (gsize i = 0; hosts != NULL && hosts[i] != NULL; i++)
    if (strcmp (hosts[i], "*") != 0)
      add (&list, hosts[i]);
  if (all)
    add_interfaces (&list);
  else
    add (&list, host);
  if (all)
    add (&list, "localhost");
  g_ptr_array_add (texts, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&texts), FALSE);
}

char *
regia_redirect_location (const char *host, const char *path, const char *query, guint port)
{
  const char *bracket = strrchr (host, ']'), *colon = strchr (bracket != NULL ? bracket : host, ':');
  gsize length = colon != NULL ? (gsize)(colon - host) : strlen (host);
  g_autofree char *address = make_address (TRUE, host, length, port);

  return g_strconcat (address, g_str_equal (path, "*") ? "/" : path, query != NULL ? "?" : "", query, NULL);
}
