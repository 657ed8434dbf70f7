/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** WAIT_UNTIL, WAIT_UNTIL_S: runs the default main context until @condition, looked at after each of its
 * events and every 5 ms, holds; ends the test with the condition's text when it does not within 20 s, or
 * @seconds. Main thread. */
#define WAIT_UNTIL(condition) WAIT_UNTIL_S (20, condition)
#define WAIT_UNTIL_S(seconds, condition)                                                                     \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint wait_deadline = g_timeout_add_seconds (seconds, wait_give_up_cb, (gpointer) #condition);           \
    guint wait_tick = g_timeout_add (5, wait_tick_cb, NULL);                                                 \
    while (!(condition))                                                                                     \
      g_main_context_iteration (NULL, TRUE);                                                                 \
    g_source_remove (wait_tick);                                                                             \
    g_source_remove (wait_deadline);                                                                         \
  }                                                                                                          \
  G_STMT_END

static inline gboolean
wait_give_up_cb (gpointer condition)
{
  g_error ("not in time: %s", (const char *)condition);
  return G_SOURCE_REMOVE;
}

static inline gboolean
wait_tick_cb (gpointer unused)
{
  return G_SOURCE_CONTINUE;
}
