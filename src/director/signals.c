/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "regia/director/director.h"

#include <glib-unix.h>
#include <signal.h>

#include "director-private.h"

static gboolean
interrupt_cb (gpointer user_data)
{
  regia_ending_signal (user_data, SIGINT);
  return G_SOURCE_CONTINUE;
}

static gboolean
terminate_cb (gpointer user_data)
{
  regia_ending_signal (user_data, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static gboolean
hang_up_cb (gpointer user_data)
{
  regia_ending_signal (user_data, SIGHUP);
  return G_SOURCE_CONTINUE;
}

static const int ends[REGIA_DIRECTOR_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

void
regia_director_hold_signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    sigaddset (&set, ends[i]);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

void
regia_director_take_signals (RegiaDirector *self, guint sources[REGIA_DIRECTOR_SIGNALS])
{
  static const GSourceFunc callbacks[] = {interrupt_cb, terminate_cb, hang_up_cb};
  sigset_t set;

  sigemptyset (&set);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    sources[i] = g_unix_signal_add (ends[i], callbacks[i], self);
    sigaddset (&set, ends[i]);
  }
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}
