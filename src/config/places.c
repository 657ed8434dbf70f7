/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <stdio.h>
#include <string.h>

#include "faults-private.h"
#include "regia/base/address.h"
#include "regia/base/destination.h"
#include "values-private.h"

/* Readers of when and where: times, time zones, addresses, hosts, destinations. */

static void
take_string (gpointer field, char *value)
{
  g_free (*(char **)field);
  *(char **)field = value;
}

typedef struct {
  guint year, month, day, hour, minute, second;
  char zone[8]; /* "", "Z", "+02:00" */
} WrittenTime;

/* Whether @text has the form of @pattern, in which 0 is any digit. */
static gboolean
has_form (const char *text, gsize length, const char *pattern)
{
  if (length != strlen (pattern))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (pattern[i] == '0' ? !g_ascii_isdigit (text[i]) : text[i] != pattern[i])
      return FALSE;
  return TRUE;
}

static gboolean
parse_time (const char *text, WrittenTime *ret_time)
{
  gsize length = strlen (text);
  const char *zone;
  gsize clock;

  if (length < 16 || length > 25 || !has_form (text, 10, "0000-00-00") ||
      (text[10] != ' ' && text[10] != 'T'))
    return FALSE;
  clock = strspn (text + 11, G_CSET_DIGITS ":");
  if (!has_form (text + 11, clock, "00:00") && !has_form (text + 11, clock, "00:00:00"))
    return FALSE;
  zone = text + 11 + clock;
  if (!g_str_equal (zone, "") && !g_str_equal (zone, "Z") && !has_form (zone, strlen (zone), "+00:00") &&
      !has_form (zone, strlen (zone), "-00:00"))
    return FALSE;

  ret_time->second = 0;
  if (sscanf (text, "%4u-%2u-%2u%*c%2u:%2u:%2u", &ret_time->year, &ret_time->month, &ret_time->day,
              &ret_time->hour, &ret_time->minute, &ret_time->second) < 5)
    return FALSE;
  g_strlcpy (ret_time->zone, zone, sizeof ret_time->zone);
  return TRUE;
}

char *
regia_read_time (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);
  WrittenTime time;

  if (!parse_time (text, &time))
    return g_strdup_printf ("%s is not a time; write it as 2022-09-29 09:30", quoted);
  if (!g_date_valid_dmy (time.day, time.month, time.year) || time.hour > 23 || time.minute > 59 ||
      time.second > 59)
    return g_strdup_printf ("%s is in no calendar or on no clock; write year-month-day hour:minute", quoted);
  take_string (field, g_strdup (text));
  return NULL;
}

char *
regia_time_resolve (const char *text, const char *zone_name, gint64 *ret_unix_s, char **ret_date)
{
  g_autofree char *quoted = regia_quote_clip (text);
  g_autoptr (GTimeZone) zone = NULL;
  g_autoptr (GDateTime) when = NULL;
  WrittenTime time;

  if (!parse_time (text, &time))
    return g_strdup_printf ("%s is not a time; write it as 2022-09-29 09:30", quoted);
  zone = g_time_zone_new_identifier (time.zone[0] != '\0' ? time.zone : zone_name);
  if (zone != NULL)
    when = g_date_time_new (zone, time.year, time.month, time.day, time.hour, time.minute, time.second);
  if (when == NULL)
    return g_strdup_printf ("%s cannot be placed in time; write year-month-day hour:minute", quoted);
  /* the hour that is left out when clocks go forward comes back moved */
  if ((guint)g_date_time_get_hour (when) != time.hour || (guint)g_date_time_get_minute (when) != time.minute)
    return g_strdup_printf ("%s does not exist, clocks go forward then; write another hour", quoted);
  *ret_unix_s = g_date_time_to_unix (when);
  if (ret_date != NULL)
    *ret_date = g_date_time_format (when, "%Y-%m-%d");
  return NULL;
}

char *
regia_read_timezone (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);
  g_autoptr (GTimeZone) zone = NULL;

  /* names only: GLib would also take the path of any file, or an offset */
  if (g_ascii_isalpha (text[0]) && strlen (text) < 64 && strstr (text, "..") == NULL &&
      strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_+-/") == strlen (text))
    zone = g_time_zone_new_identifier (text);
  if (zone == NULL)
    return g_strdup_printf (
        "%s is not a known time zone; write a name such as Europe/Rome (`timedatectl list-timezones`)",
        quoted);
  take_string (field, g_strdup (text));
  return NULL;
}

char *
regia_read_listen (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);
  g_autofree char *host = NULL;
  g_autoptr (GInetAddress) address = NULL;
  guint port;

  if (!regia_address_split (text, &host, &port) || port == 0)
    return g_strdup_printf ("%s has no port from 1 to 65535; write ADDRESS:PORT, for example 0.0.0.0:8080",
                            quoted);
  address = regia_address_ip (host);
  if (address == NULL)
    return g_strdup_printf (
        "%s has no IP address before the port; write 127.0.0.1 for this machine alone, 0.0.0.0 for all "
        "networks, [::] for all of IPv6 too",
        quoted);
  take_string (field, g_strdup (text));
  return NULL;
}

/* A host name (RFC 1123 §2.1) in lower case or an IPv4 address. */
static gboolean
is_host (const char *text)
{
  gsize length = strlen (text);

  return length >= 1 && length <= 253 && strspn (text, G_CSET_a_2_z G_CSET_DIGITS ".-") == length &&
         text[0] != '-' && text[0] != '.' && strstr (text, "..") == NULL;
}

char *
regia_read_hosts (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (GStrv) hosts = regia_split_list (text);
  guint count = g_strv_length (hosts);

  if (count > option->max)
    return g_strdup_printf ("%u names; at most %d are allowed, remove some", count, (int)option->max);
  for (guint i = 0; i < count; i++) {
    g_autofree char *quoted = regia_quote_clip (hosts[i]);
    g_autofree char *lower = g_ascii_strdown (hosts[i], -1);

    if (g_str_equal (lower, "*"))
      continue;
    if (strchr (lower, '/') != NULL || strchr (lower, ':') != NULL)
      return g_strdup_printf ("%s is more than a host name; leave out http://, port and path", quoted);
    if (!is_host (lower))
      return g_strdup_printf ("%s is not a host name; write it as in live.example.org, or * for any", quoted);
    g_free (hosts[i]);
    hosts[i] = g_steal_pointer (&lower);
  }
  g_strfreev (*(char ***)field);
  *(char ***)field = g_steal_pointer (&hosts);
  return NULL;
}

char *
regia_read_networks (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (GStrv) networks = regia_split_list (text);
  guint count = g_strv_length (networks);

  if (count > option->max)
    return g_strdup_printf ("%u networks; at most %d are allowed, remove some", count, (int)option->max);
  for (guint i = 0; i < count; i++) {
    g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (networks[i], NULL);
    g_autofree char *quoted = regia_quote_clip (networks[i]);

    if (mask == NULL)
      return g_strdup_printf ("%s is not an address or a network; write it as in 192.0.2.7, 192.0.2.0/24 or "
                              "2001:db8::/32, with no bit set behind the length",
                              quoted);
    if (g_inet_address_mask_get_length (mask) == 0)
      return g_strdup_printf (
          "%s is everybody, who could then call themselves anybody; name the web server's "
          "address",
          quoted);
  }
  g_strfreev (*(char ***)field);
  *(char ***)field = g_steal_pointer (&networks);
  return NULL;
}

/* The address is never part of the message: a person may have put the key into it. */
char *
regia_read_relay_url (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (RegiaDestination) destination = {0};
  g_autoptr (GError) error = NULL;

  if (!regia_destination_parse (text, &destination, &error))
    return g_strdup (error->message);
  take_string (field, g_strdup (text));
  return NULL;
}
