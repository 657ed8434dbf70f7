/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/clock.h"

#include <string.h>
#include <time.h>

static gint64
read_clock (clockid_t id)
{
  struct timespec ts;

  clock_gettime (id, &ts);
  return (gint64)ts.tv_sec * REGIA_SECOND + ts.tv_nsec;
}

gint64
regia_clock_monotonic_ns (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

gint64
regia_clock_realtime_ns (void)
{
  return read_clock (CLOCK_REALTIME);
}

/* Without a boot id (no /proc) every start counts as the same boot, which is the harmless mistake: show time
 * stays monotonic. */
void
regia_clock_boot_id (char ret_id[REGIA_BOOT_ID_BYTES])
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    text = g_strdup ("unknown");
  g_strlcpy (ret_id, g_strstrip (text), REGIA_BOOT_ID_BYTES);
}

void
regia_epoch_now (RegiaEpoch *ret_epoch)
{
  ret_epoch->monotonic_ns = regia_clock_monotonic_ns ();
  ret_epoch->realtime_ns = regia_clock_realtime_ns ();
  regia_clock_boot_id (ret_epoch->boot_id);
}

gboolean
regia_epoch_rebase (RegiaEpoch *epoch, const char *boot_id, gint64 monotonic_ns, gint64 realtime_ns)
{
  gint64 elapsed_ns;

  if (strcmp (epoch->boot_id, boot_id) == 0)
    return FALSE;
  /* A wall clock that was set back over the reboot must not make show time negative: the show then goes on
   * from its start. */
  elapsed_ns = MAX (realtime_ns - epoch->realtime_ns, 0);
  epoch->monotonic_ns = monotonic_ns - elapsed_ns;
  g_strlcpy (epoch->boot_id, boot_id, sizeof epoch->boot_id);
  return TRUE;
}

gint64
regia_epoch_show_time (const RegiaEpoch *epoch)
{
  return regia_clock_monotonic_ns () - epoch->monotonic_ns;
}

gint64
regia_epoch_wall (const RegiaEpoch *epoch, gint64 show_time_ns)
{
  return epoch->realtime_ns + show_time_ns;
}

char *
regia_epoch_to_string (const RegiaEpoch *epoch)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT ":%s", epoch->monotonic_ns,
                          epoch->realtime_ns, epoch->boot_id);
}

gboolean
regia_epoch_parse (const char *text, RegiaEpoch *ret_epoch)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 3);
  RegiaEpoch epoch;

  if (g_strv_length (parts) != 3 || parts[2][0] == '\0' || strlen (parts[2]) >= sizeof epoch.boot_id)
    return FALSE;
  if (!g_ascii_string_to_signed (parts[0], 10, G_MININT64, G_MAXINT64, &epoch.monotonic_ns, NULL) ||
      !g_ascii_string_to_signed (parts[1], 10, G_MININT64, G_MAXINT64, &epoch.realtime_ns, NULL))
    return FALSE;
  g_strlcpy (epoch.boot_id, parts[2], sizeof epoch.boot_id);
  *ret_epoch = epoch;
  return TRUE;
}

char *
regia_time_format_iso (gint64 realtime_ns)
{
  gint64 seconds = realtime_ns / REGIA_SECOND, rest_ns = realtime_ns % REGIA_SECOND;
  g_autoptr (GDateTime) time = NULL;
  g_autofree char *text = NULL;

  if (rest_ns < 0) {
    seconds--;
    rest_ns += REGIA_SECOND;
  }
  time = g_date_time_new_from_unix_utc (seconds);
  if (time == NULL)
    return g_strdup ("");
  text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", text, (int)(rest_ns / REGIA_MSECOND));
}
