/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/log.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
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

/* syslog(3)'s numbers, which stand before a line as <N>. */
static int
syslog_level (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return LOG_ERR;
  if (level & G_LOG_LEVEL_WARNING)
    return LOG_WARNING;
  if (level & G_LOG_LEVEL_MESSAGE)
    return LOG_NOTICE;
  return level & G_LOG_LEVEL_INFO ? LOG_INFO : LOG_DEBUG;
}

/* One write a line, so that lines of several processes never mix; nobody can be told when standard error is
 * gone. */
static void
write_line (char *line)
{
  gsize length = strlen (line);

  while (length > 0) {
    ssize_t n = write (STDERR_FILENO, line, length);
    if (n <= 0)
      break;
    memmove (line, line + n, length - (gsize)n);
    length -= (gsize)n;
  }
}

/* Over standard error, which systemd reads as it says in sd-daemon(3), and not over the journal's own socket:
 * a process that is shut in can open none. Each line of a text is an entry of its own and says what it is. */
static void
write_journal (GLogLevelFlags level, const char *topic, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "\n", -1);

  for (char **part = parts; *part != NULL; part++) {
    g_autofree char *line =
        g_strdup_printf ("<%d>%s %s: %s\n", syslog_level (level), process_name, topic, *part);

    write_line (line);
  }
}

/* `info` is what a technician wants to find later, so unlike GLib's default writer it is shown; debug stays
 * opt-in. */
static GLogWriterOutput
write_log_cb (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  const char *topic = "", *text = "";
  g_autoptr (GDateTime) now = NULL;
  g_autofree char *line = NULL, *clock = NULL;

  for (gsize i = 0; i < n_fields; i++) {
    if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0)
      topic = fields[i].value;
    else if (strcmp (fields[i].key, "MESSAGE") == 0)
      text = fields[i].value;
  }
  if ((level & G_LOG_LEVEL_DEBUG) && g_log_writer_default_would_drop (level, topic))
    return G_LOG_WRITER_HANDLED;
  if (to_journal) {
    write_journal (level, topic, text);
    return G_LOG_WRITER_HANDLED;
  }
  now = g_date_time_new_now_local ();
  clock = now != NULL ? g_date_time_format (now, "%H:%M:%S") : NULL;
  line = g_strdup_printf ("%s.%03d %s %s %s: %s\n", clock != NULL ? clock : "--:--:--",
                          now != NULL ? g_date_time_get_microsecond (now) / 1000 : 0, process_name,
                          level_name (level), topic, text);
  write_line (line);
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
