/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process-private.h"

/* utime + stime of /proc/PID/stat in ms, resident set of /proc/PID/statm in bytes; zeros when the process is
 * gone. */
static void
read_usage (int pid, guint64 *ret_cpu_ms, guint64 *ret_rss_bytes)
{
  g_autofree char *stat_path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *statm_path = g_strdup_printf ("/proc/%d/statm", pid);
  g_autofree char *stat = NULL, *statm = NULL;
  unsigned long utime = 0, stime = 0, pages = 0;
  const char *after_name;

  *ret_cpu_ms = *ret_rss_bytes = 0;
  if (g_file_get_contents (stat_path, &stat, NULL, NULL) && (after_name = strrchr (stat, ')')) != NULL &&
      sscanf (after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &utime, &stime) == 2)
    *ret_cpu_ms = (guint64)(utime + stime) * 1000 / (guint64)sysconf (_SC_CLK_TCK);
  if (g_file_get_contents (statm_path, &statm, NULL, NULL) && sscanf (statm, "%*u %lu", &pages) == 1)
    *ret_rss_bytes = (guint64)pages * (guint64)sysconf (_SC_PAGESIZE);
}

GVariant *
regia_process_describe (const char *name, int pid, const char *state, guint restarts, gint64 started_us,
                        const char *last_exit)
{
  GVariantDict dict;
  guint64 cpu_ms = 0, rss_bytes = 0;

  if (pid > 0)
    read_usage (pid, &cpu_ms, &rss_bytes);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "pid", "t", (guint64)MAX (pid, 0));
  g_variant_dict_insert (&dict, "state", "s", state);
  g_variant_dict_insert (&dict, "restarts", "t", (guint64)restarts);
  g_variant_dict_insert (&dict, "uptime-ms", "t",
                         started_us > 0 ? (guint64)(g_get_monotonic_time () - started_us) / 1000
                                        : (guint64)0);
  g_variant_dict_insert (&dict, "rss-bytes", "t", rss_bytes);
  g_variant_dict_insert (&dict, "cpu-ms", "t", cpu_ms);
  g_variant_dict_insert (&dict, "last-exit", "s", last_exit != NULL ? last_exit : "");
  return g_variant_dict_end (&dict);
}
