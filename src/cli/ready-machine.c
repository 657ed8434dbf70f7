/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "ready-private.h"
#include "regia/base/error.h"
#include "regia/tls/tls.h"

/* What an event needs of the machine itself: disk, addresses, certificate, clock, processors. */

#define BLOCK_BYTES (1u << 20)
#define SYNC_BLOCKS 4 /* about what the recorder has synced in ten seconds */
#define MOST_BLOCKS 64
#define MEASURE_US  G_USEC_PER_SEC
#define SPEED_NO_GO 2 /* times what is recorded */
#define SPEED_LOOK  8
#define SLOWEST_NO_GO                                                                                        \
  10000.0 /* ms: the feed's memory is a minute at most places, and bad disks get worse                       \
           */
#define SLOWEST_LOOK   1000.0
#define UNKNOWN_HOURS  4.0 /* of an event that does not say how long it takes */
#define ROOM_LOOK      1.5 /* times what the event needs */
#define CONTAINER_MORE 1.02
#define DAY_S          86400

/* What is recorded, bytes a second. */
static double
recorded_bytes_per_s (const RegiaConfigValues *values)
{
  double kbps = 0;

  if (values->renditions->len > 0)
    kbps += ((RegiaConfigRendition *)g_ptr_array_index (values->renditions, 0))->bitrate_kbps;
  for (guint i = 0; i < values->audios->len; i++)
    kbps += ((RegiaConfigAudio *)g_ptr_array_index (values->audios, i))->bitrate_kbps;
  return kbps * 1000 / 8 * CONTAINER_MORE;
}

void
regia_ready_judge_disk (GPtrArray *rows, const RegiaConfigValues *values, const RegiaDiskFigures *figures)
{
  double needs = recorded_bytes_per_s (values),
         room = figures->free_bytes > values->reserve_bytes
                    ? (double)(figures->free_bytes - values->reserve_bytes)
                    : 0,
         hours = needs > 0 ? room / needs / 3600 : 0, times = needs > 0 ? figures->bytes_per_s / needs : 0;
  gboolean known = values->start != NULL && values->end != NULL && values->end_s > values->start_s;
  /* what is written twice: the finished file is there before the live one goes */
  double event = known ? (double)(values->end_s - values->start_s) / 3600 : UNKNOWN_HOURS;
  RegiaReadiness state = REGIA_READY_GO;
  const char *remedy = NULL;

  if (hours < event || times < SPEED_NO_GO || figures->slowest_ms > SLOWEST_NO_GO)
    state = REGIA_READY_NO_GO;
  else if (hours < event * 2 * ROOM_LOOK || times < SPEED_LOOK || figures->slowest_ms > SLOWEST_LOOK)
    state = REGIA_READY_LOOK;
  if (state != REGIA_READY_GO)
    remedy = hours < event * 2 * ROOM_LOOK
                 ? "free space, or record to another disk: the event itself and its finished copy need room"
                 : "record to another disk";
  regia_ready_add (
      rows, state, "recording", NULL, remedy,
      "room for %.1f hours (%s %.1f), writes %.0f MB/s (needs %.2f), at most %.0f ms until it is there",
      hours, known ? "the event takes" : "no end is planned, reckoned with", event,
      figures->bytes_per_s / 1e6, needs / 1e6, figures->slowest_ms);
}

gboolean
regia_ready_measure_disk (const char *folder, RegiaDiskFigures *ret_figures, GError **error)
{
  g_autofree guint8 *block = g_malloc (BLOCK_BYTES);
  g_autofree char *path = g_strdup (folder);
  RegiaDiskFigures figures = {0};
  struct statvfs st;
  gint64 began_us, blocks = 0, now_us;
  gboolean good = TRUE;
  int fd = -1;

  /* The folder need not be there yet. */
  while (access (path, F_OK) != 0 && !g_str_equal (path, "/") && !g_str_equal (path, ".")) {
    char *parent = g_path_get_dirname (path);

    g_free (path);
    path = parent;
  }
  if (statvfs (path, &st) != 0)
    return regia_error_set_errno (error, errno, "%s: its disk cannot be asked", path);
  figures.free_bytes = (guint64)st.f_bavail * st.f_frsize;
  if (figures.free_bytes < 2 * (guint64)MOST_BLOCKS * BLOCK_BYTES) {
    *ret_figures = figures; /* too little for the event, and what there is is not to be used up */
    return TRUE;
  }
  fd = open (path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    g_autofree char *name = g_build_filename (path, ".regia-check-XXXXXX", NULL);

    fd = g_mkstemp_full (name, O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0)
      unlink (name);
  }
  if (fd < 0)
    return regia_error_set_errno (error, errno, "%s: nothing can be written there", path);
  /* not compressible, for the file systems that do */
  for (guint i = 0; i < BLOCK_BYTES / sizeof (guint32); i++)
    ((guint32 *)(void *)block)[i] = g_random_int ();
  began_us = now_us = g_get_monotonic_time ();
  while (good && blocks < MOST_BLOCKS && now_us - began_us < MEASURE_US) {
    gint64 sync_us = g_get_monotonic_time ();

    for (guint i = 0; good && i < SYNC_BLOCKS; i++)
      for (gsize done = 0; good && done < BLOCK_BYTES;) {
        gssize n = write (fd, block + done, BLOCK_BYTES - done);

        if (n > 0)
          done += (gsize)n;
        else if (n < 0 && errno != EINTR)
          good = regia_error_set_errno (error, errno, "%s: nothing can be written there", path);
      }
    if (good && fdatasync (fd) != 0)
      good = regia_error_set_errno (error, errno, "%s: what is written does not reach the disk", path);
    now_us = g_get_monotonic_time ();
    figures.slowest_ms = MAX (figures.slowest_ms, (double)(now_us - sync_us) / 1000);
    blocks += SYNC_BLOCKS;
  }
  close (fd);
  if (!good)
    return FALSE;
  figures.bytes_per_s = (double)blocks * BLOCK_BYTES * G_USEC_PER_SEC / (double)MAX (now_us - began_us, 1);
  *ret_figures = figures;
  return TRUE;
}

char *
regia_cli_why_not_listening (const char *listen)
{
  g_autoptr (GSocketConnectable) connectable = g_network_address_parse (listen, 8080, NULL);
  g_autoptr (GInetAddress) inet = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  if (connectable != NULL)
    inet = g_inet_address_new_from_string (g_network_address_get_hostname (G_NETWORK_ADDRESS (connectable)));
  if (inet == NULL)
    return g_strdup_printf ("%s is no address that can be listened on", listen);
  address = g_inet_socket_address_new (inet, g_network_address_get_port (G_NETWORK_ADDRESS (connectable)));
  socket =
      g_socket_new (g_inet_address_get_family (inet), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  if (socket != NULL && g_socket_bind (socket, address, TRUE, &error))
    return NULL;
  return g_strdup_printf ("%s cannot be listened on now: %s; end what uses it (perhaps a running event) or "
                          "choose another port",
                          listen, error->message);
}

static void
add_port (GPtrArray *rows, const char *whose, const char *listen, gboolean running)
{
  g_autofree char *why = running ? NULL : regia_cli_why_not_listening (listen);
  const char *rest = why != NULL ? strstr (why, "; ") : NULL;

  if (why == NULL)
    regia_ready_add (rows, REGIA_READY_GO, whose, NULL, NULL, "%s %s", listen,
                     running ? "is in use by the event that is on" : "is free");
  else
    regia_ready_add (rows, REGIA_READY_NO_GO, whose, NULL, rest != NULL ? rest + 2 : "choose another address",
                     "%.*s", rest != NULL ? (int)(rest - why) : (int)strlen (why), why);
}

void
regia_ready_add_ports (GPtrArray *rows, const RegiaConfigValues *values, gboolean running)
{
  add_port (rows, "viewers", values->listen, running);
  if (values->redirect_listen != NULL)
    add_port (rows, "redirect", values->redirect_listen, running);
  add_port (rows, "console", values->console_listen, running);
}

void
regia_ready_add_certificate (GPtrArray *rows, const RegiaConfigValues *values)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaTls) tls = NULL;
  g_autofree char *certificate = NULL, *key = NULL;
  gint64 from_s, until_s, days;
  gsize length, key_length;

  if (values->certificate == NULL)
    return;
  if (g_file_get_contents (values->certificate, &certificate, &length, &error) &&
      g_file_get_contents (values->certificate_key, &key, &key_length, &error)) {
    g_autoptr (GBytes) one = g_bytes_new (certificate, length), other = g_bytes_new (key, key_length);
    RegiaTlsPart fault;

    explicit_bzero (key, key_length);
    tls = regia_tls_new (one, other, &fault, &error);
  }
  if (tls == NULL) {
    regia_ready_add (rows, REGIA_READY_NO_GO, "certificate", NULL, "have it renewed", "%s", error->message);
    return;
  }
  regia_tls_get_life (tls, &from_s, &until_s);
  days = (until_s - g_get_real_time () / G_USEC_PER_SEC) / DAY_S;
  regia_ready_add (rows,
                   days < 1                     ? REGIA_READY_NO_GO
                   : days < REGIA_TLS_WARN_DAYS ? REGIA_READY_LOOK
                                                : REGIA_READY_GO,
                   "certificate", NULL, days < REGIA_TLS_WARN_DAYS ? "have it renewed" : NULL,
                   "%" G_GINT64_FORMAT " days left", days);
}

void
regia_ready_add_clock (GPtrArray *rows)
{
  struct timex clock = {0};
  gboolean set = adjtimex (&clock) >= 0 && (clock.status & STA_UNSYNC) == 0;

  regia_ready_add (rows, set ? REGIA_READY_GO : REGIA_READY_LOOK, "clock", NULL,
                   set ? NULL : "run `timedatectl set-ntp true`, and let the network reach a time server",
                   set ? "set by a time server, within %.0f ms" : "not set by a time server",
                   (double)clock.maxerror / 1000);
}

void
regia_machine_time (RegiaMachineTime *ret_time)
{
  g_autofree char *text = NULL;
  guint64 user, nice, system, idle, wait = 0, irq = 0, soft = 0, steal = 0;

  *ret_time = (RegiaMachineTime){0};
  if (!g_file_get_contents ("/proc/stat", &text, NULL, NULL) ||
      sscanf (text,
              "cpu %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
              " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
              &user, &nice, &system, &idle, &wait, &irq, &soft, &steal) < 4)
    return;
  ret_time->busy = user + nice + system + irq + soft + steal;
  ret_time->all = ret_time->busy + idle + wait;
}

double
regia_machine_busy (const RegiaMachineTime *since)
{
  RegiaMachineTime now;

  regia_machine_time (&now);
  return now.all > since->all ? (double)(now.busy - since->busy) / (double)(now.all - since->all) : 0;
}

/* The quota of a cgroup (cgroup-v2.rst, cpu.max: "MAX PERIOD") and of those above it. */
static double
quota_cores (void)
{
  g_autofree char *text = NULL, *group = NULL;
  double least = G_MAXDOUBLE;

  if (!g_file_get_contents ("/proc/self/cgroup", &text, NULL, NULL) || !g_str_has_prefix (text, "0::"))
    return least;
  group = g_strndup (text + strlen ("0::"), strcspn (text + strlen ("0::"), "\n"));
  while (!g_str_equal (group, "/") && !g_str_equal (group, ".")) {
    g_autofree char *path = g_build_filename ("/sys/fs/cgroup", group, "cpu.max", NULL), *limit = NULL;
    double quota, period;
    char *parent = g_path_get_dirname (group);

    if (g_file_get_contents (path, &limit, NULL, NULL) && sscanf (limit, "%lf %lf", &quota, &period) == 2 &&
        period > 0)
      least = MIN (least, quota / period);
    g_free (group);
    group = parent;
  }
  return least;
}

double
regia_machine_cores (void)
{
  cpu_set_t set;
  double allowed =
      sched_getaffinity (0, sizeof set, &set) == 0 ? CPU_COUNT (&set) : (double)g_get_num_processors ();

  return MIN (allowed, quota_cores ());
}
