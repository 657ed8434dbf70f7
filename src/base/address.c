/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/address.h"

#include <string.h>

/*
 * The one reading of ADDRESS:PORT, for those who check what is written and those who listen there.
 */

gboolean
regia_address_split (const char *text, char **ret_host, guint *ret_port)
{
  const char *colon = strrchr (text, ':');
  gsize digits = colon ? strlen (colon + 1) : 0;
  guint64 port;

  if (digits < 1 || digits > 5 || strspn (colon + 1, "0123456789") != digits)
    return FALSE;
  port = g_ascii_strtoull (colon + 1, NULL, 10);
  if (port > 65535)
    return FALSE;
  *ret_host = g_strndup (text, (gsize)(colon - text));
  *ret_port = (guint)port;
  return TRUE;
}

GInetAddress *
regia_address_ip (const char *host)
{
  gsize length = strlen (host);
  g_autofree char *inner = NULL;

  if (length == 0 || host[0] != '[')
    return strspn (host, "0123456789.") == length ? g_inet_address_new_from_string (host) : NULL;
  if (host[length - 1] != ']')
    return NULL;
  inner = g_strndup (host + 1, length - 2);
  return strchr (inner, ':') != NULL && strchr (inner, '%') == NULL ? g_inet_address_new_from_string (inner)
                                                                    : NULL;
}

gboolean
regia_address_is_loopback (const char *text)
{
  g_autofree char *host = NULL;
  g_autoptr (GInetAddress) address = NULL;
  guint port;

  if (!regia_address_split (text, &host, &port))
    return FALSE;
  address = regia_address_ip (host);
  return address != NULL && g_inet_address_get_is_loopback (address);
}
