/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "liveness-private.h"

#include <stdio.h>
#include <string.h>

/*
 * Somebody who does not answer may be
 *
 *   stopped, dead-     no thread has had a processor or waits for one: nothing will come of waiting, and
 *   locked altogether  frames are missing meanwhile
 *   blocked            the main thread waits for something while others work: frames go on
 *   spinning           the main thread works, and on what was asked it does not get to
 *   starved            it would answer, had it a processor (or its disk): a new one would not have it either
 *
 * which is told apart by what its threads do, and by the time that they are given, not by the clock alone. A
 * look that comes late (the director itself had no processor, the machine was suspended) counts as one.
 */
#define STILL_US    (G_USEC_PER_SEC * 3 / 4)
#define BLOCKED_US  (5 * G_USEC_PER_SEC)
#define SPINNING_NS (3 * (guint64)1000000000)
#define STARTING_US (8 * G_USEC_PER_SEC)
#define ANYHOW_US   (30 * G_USEC_PER_SEC)
#define LOOK_MAX_US (2 * REGIA_LIVENESS_LOOK_MS * 1000)
#define WORKS_SHARE 10 /* of the time: a tenth of a processor is not starved */

/* The state letter of a thread's `stat`, after its name. */
static char
read_state (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "stat", NULL), *text = NULL;
  const char *after_name;
  char state = 0;

  if (g_file_get_contents (path, &text, NULL, NULL) && (after_name = strrchr (text, ')')) != NULL)
    sscanf (after_name + 1, " %c", &state);
  return state;
}

static void
add_thread (const char *folder, gboolean is_main, RegiaLivenessSample *sample)
{
  g_autofree char *path = g_build_filename (folder, "schedstat", NULL), *text = NULL;
  unsigned long long ran_ns = 0, waited_ns = 0;
  char state = read_state (folder);
  gboolean active = state == 'R' || state == 'D';

  if (!g_file_get_contents (path, &text, NULL, NULL) || sscanf (text, "%llu %llu", &ran_ns, &waited_ns) != 2)
    ran_ns = waited_ns = 0;
  sample->active |= active;
  sample->ran_ns += ran_ns;
  sample->waited_ns += waited_ns;
  if (!is_main)
    return;
  sample->main_active = active;
  sample->main_ran_ns = ran_ns;
  sample->main_waited_ns = waited_ns;
}

void
regia_liveness_sample (int pid, RegiaLivenessSample *ret_sample)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", pid), *own = g_strdup_printf ("%d", pid);
  g_autoptr (GDir) threads = g_dir_open (folder, 0, NULL);
  const char *name;

  *ret_sample = (RegiaLivenessSample){0};
  while (threads != NULL && (name = g_dir_read_name (threads)) != NULL) {
    g_autofree char *thread = g_build_filename (folder, name, NULL);

    add_thread (thread, g_str_equal (name, own), ret_sample);
  }
}

const char *
regia_liveness_look (RegiaLiveness *self, const RegiaLivenessSample *sample, gint64 now_us, gboolean starting)
{
  gint64 step_us = CLAMP (now_us - self->looked_us, 0, LOOK_MAX_US);
  /* A thread that ended takes its time with it, so the sums may also fall. */
  gboolean moves =
      sample->active || sample->ran_ns != self->last.ran_ns || sample->waited_ns != self->last.waited_ns;
  gboolean main_moves = sample->main_active || sample->main_ran_ns != self->last.main_ran_ns ||
                        sample->main_waited_ns != self->last.main_waited_ns;
  gboolean works =
      sample->ran_ns > self->last.ran_ns + (guint64)(now_us - self->looked_us) * 1000 / WORKS_SHARE;

  if (self->looked_us == 0) {
    *self = (RegiaLiveness){.first = *sample, .last = *sample, .looked_us = now_us};
    return NULL;
  }
  self->still_us = moves ? 0 : self->still_us + step_us;
  if (main_moves)
    self->blocked_us = 0;
  else if (works || !sample->active) /* else it may be starved of what would wake the main thread */
    self->blocked_us += step_us;
  self->unanswered_us += step_us;
  self->last = *sample;
  self->looked_us = now_us;
  if (self->still_us >= (starting ? STARTING_US : STILL_US))
    return "it does not answer and does nothing";
  if (self->blocked_us >= (starting ? STARTING_US : BLOCKED_US))
    return "it does not answer: its main thread waits for something";
  if (sample->main_ran_ns >= self->first.main_ran_ns + SPINNING_NS)
    return "it does not answer, busy as it is";
  if (self->unanswered_us >= ANYHOW_US)
    return "it has not answered for a long time";
  return NULL;
}
