/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Written once by regia_log_init() before threads start, read-only afterwards. */
static char process_name[64] = "regia";
static gboolean to_journal;

static const char *
level_name (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "error";
  if (level & G_LOG_LEVEL_WARNING)
    return "warning";
  if (level & G_LOG_LEVEL_MESSAGE)
    return "notice";
  if (level & G_LOG_LEVEL_INFO)
    return "info";
  return "debug";
}

/* `info` is what a technician wants to find later, so unlike GLib's default writer it is shown; debug stays
 * opt-in. */
static GLogWriterOutput
write_log_cb (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  const char *topic = "", *text = "";
  g_autoptr (GDateTime) now = NULL;
  g_autofree char *line = NULL, *clock = NULL;
  gsize length;

  for (gsize i = 0; i < n_fields; i++) {
    if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0)
      topic = fields[i].value;
    else if (strcmp (fields[i].key, "MESSAGE") == 0)
      text = fields[i].value;
  }
  if ((level & G_LOG_LEVEL_DEBUG) && g_log_writer_default_would_drop (level, topic))
    return G_LOG_WRITER_HANDLED;
  if (to_journal)
    return g_log_writer_journald (level, fields, n_fields, user_data);

  now = g_date_time_new_now_local ();
  clock = now != NULL ? g_date_time_format (now, "%H:%M:%S") : NULL;
  line = g_strdup_printf ("%s.%03d %s %s %s: %s\n", clock != NULL ? clock : "--:--:--",
                          now != NULL ? g_date_time_get_microsecond (now) / 1000 : 0, process_name,
                          level_name (level), topic, text);
  /* One write a line, so that lines of several processes never mix; nobody can be told when standard error is
   * gone. */
  length = strlen (line);
  while (length > 0) {
    ssize_t n = write (STDERR_FILENO, line, length);
    if (n <= 0)
      break;
    memmove (line, line + n, length - (gsize)n);
    length -= (gsize)n;
  }
  return G_LOG_WRITER_HANDLED;
}

void
regia_log_init (const char *process)
{
  g_return_if_fail (process != NULL);

  g_strlcpy (process_name, process, sizeof process_name);
  to_journal = g_log_writer_is_journald (STDERR_FILENO);
  g_log_set_writer_func (write_log_cb, NULL, NULL);
}
