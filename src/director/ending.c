/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include <signal.h>
#include <systemd/sd-daemon.h>

#include "director-private.h"
#include "shutdown-private.h"

/*
 * The ways in which a show ends:
 *
 * - a rehearsal: nothing has to be finished; by any of the following it is over, and it is standby again.
 * - `regia stop`: the event is over; the recording is finished, director and gateway stay and serve it.
 * - `regia stop --quit`, Ctrl-C, SIGHUP: the same, then the program ends.
 * - Any of these a second time: the program ends at once; the recording is safe, and finished beside whatever
 *   starts next.
 * - SIGTERM: as Ctrl-C (`systemctl stop`), unless the machine goes down: then the show does not end, all of
 * it is made safe and goes, and the next start goes on with it.
 *
 * Each is written down (show.json) before it is carried out any further than cannot be taken back.
 */

/* Viewers' pages ask every 3 s: they are to hear that the event is over before the gateway goes. */
#define VIEWERS_GRACE_US (5 * G_USEC_PER_SEC)

/* The event is over when all that ends with it is gone, the recorder with its files finished. */
static void
note_end (RegiaDirector *self)
{
  g_autoptr (GVariant) status = NULL;

  /* Who was told to hurry may have left something to finish. */
  if (!self->hurry)
    self->show.state = REGIA_SHOW_ENDED;
  self->ended = TRUE;
  status = regia_director_build_status (self);
  regia_control_tell_end (self->control, status);
  /* Finishing may have taken long; the pages are still to see that the event has ended. */
  if (!self->hurry && self->grace_us > self->ended_us)
    self->grace_us = g_get_monotonic_time () + VIEWERS_GRACE_US;
  regia_show_file_save_later (self->show_file);
  g_message ("the event is over");
  regia_director_report (self);
}

/* What ran for a rehearsal is gone. */
static void
note_unrehearsed (RegiaDirector *self)
{
  g_autoptr (GVariant) status = regia_director_build_status (self);
  g_autoptr (GVariant) told = NULL;
  GVariantDict dict;

  self->unrehearsed = self->ready = FALSE;
  g_variant_dict_init (&dict, status);
  g_variant_dict_insert (&dict, "state", "s", regia_show_state_to_string (REGIA_SHOW_REHEARSAL));
  told = g_variant_ref_sink (g_variant_dict_end (&dict));
  regia_control_tell_end (self->control, told);
  g_message ("the rehearsal is over; nothing was recorded");
  regia_director_report (self);
  if (!self->quit)
    regia_service_stand_by (self->service);
}

void
regia_ending_check (RegiaDirector *self)
{
  if (self->unrehearsed && !self->leaving && regia_processes_are_gone (self->processes, FALSE))
    note_unrehearsed (self);
  if (self->leaving) {
    if (regia_processes_are_gone (self->processes, TRUE))
      g_main_loop_quit (self->loop);
    return;
  }
  if (self->show.state == REGIA_SHOW_ENDING && !self->ended &&
      regia_processes_are_gone (self->processes, FALSE))
    note_end (self);
  if (!self->quit || !(self->ended || self->show.state == REGIA_SHOW_STANDBY))
    return;
  if (regia_processes_are_gone (self->processes, TRUE))
    g_main_loop_quit (self->loop);
  else if (g_get_monotonic_time () >= self->grace_us)
    regia_processes_end_all (self->processes);
}

static guint64
count_viewers (RegiaDirector *self)
{
  g_autoptr (GVariant) gateway = regia_processes_get_state (self->processes, "gateway");
  guint64 viewers = 0;

  g_variant_lookup (gateway, "viewers", "t", &viewers);
  return viewers;
}

/* Nothing that was wanted of it outlives it. Who has the feed is not changed: the engine is still there. */
static void
end_rehearsal (RegiaDirector *self)
{
  g_message ("ending the rehearsal");
  self->show.state = REGIA_SHOW_STANDBY;
  regia_desired_unref (self->show.desired);
  self->show.desired = regia_desired_new ();
  regia_desired_unref (self->desired);
  self->desired = regia_desired_ref (self->show.desired);
  self->unrehearsed = TRUE;
  regia_show_file_save_later (self->show_file);
  regia_director_enforce (self);
  sd_notify (0, self->quit ? "STATUS=Ending" : "STATUS=Waiting for an event");
  regia_director_report (self);
  regia_ending_check (self);
}

void
regia_ending_stop (RegiaDirector *self, gboolean quit)
{
  if (regia_service_hold_stop (self->service, quit))
    return;
  regia_airing_cancel (self, "an end was asked for before it had begun");
  self->quit = self->quit || quit;
  if (self->quit)
    sd_notify (0, "STOPPING=1\nSTATUS=Ending");
  if (self->show.state == REGIA_SHOW_REHEARSAL) {
    end_rehearsal (self);
    return;
  }
  if (self->show.state == REGIA_SHOW_STANDBY) {
    g_autoptr (GVariant) status = regia_director_build_status (self);

    if (self->quit && !self->unrehearsed)
      regia_control_tell_end (self->control, status);
    regia_ending_check (self);
    return;
  }
  self->show.left = self->quit;
  if (self->show.state < REGIA_SHOW_ENDING) {
    g_message ("ending the event");
    self->show.state = REGIA_SHOW_ENDING;
    regia_show_note_ended (&self->show);
    self->ended_us = g_get_monotonic_time ();
    self->grace_us = self->ended_us + (count_viewers (self) > 0 ? VIEWERS_GRACE_US : 0);
    regia_show_file_save_later (self->show_file);
    regia_director_enforce (self);
    sd_notify (0, "STATUS=Ending the event");
    regia_director_report (self);
  } else if (quit) {
    regia_show_file_save_later (self->show_file);
  }
  regia_ending_check (self);
}

/* The second signal: whoever presses Ctrl-C twice does not want to wait. */
static void
hurry_up (RegiaDirector *self)
{
  regia_ending_stop (self, TRUE);
  if (!self->hurry)
    g_message ("leaving at once; the recording is finished at the next start");
  self->hurry = TRUE;
  self->grace_us = 0;
  regia_processes_hurry (self->processes);
  regia_ending_check (self);
}

/* The machine goes down in mid-event: nothing of the show ends. */
static void
leave (RegiaDirector *self)
{
  regia_service_hold_stop (self->service, FALSE);
  regia_airing_cancel (self, "this computer goes down");
  if (self->show.state == REGIA_SHOW_STANDBY)
    g_message ("this computer goes down");
  else
    g_message ("this computer goes down; the show is made safe, the next start goes on with it");
  self->leaving = self->quit = TRUE;
  sd_notify (0, "STOPPING=1\nSTATUS=Going down, the show goes on at the next start");
  regia_show_file_save_later (self->show_file);
  regia_processes_leave (self->processes);
  regia_ending_check (self);
}

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaDirector *self = user_data;

  if (regia_shutdown_ask_finish (result) && self->show.state < REGIA_SHOW_ENDING)
    leave (self);
  else
    regia_ending_stop (self, TRUE);
}

void
regia_ending_signal (RegiaDirector *self, int number)
{
  self->exit_signals++;
  if (self->leaving)
    return;
  if (self->exit_signals > 1)
    hurry_up (self);
  else if (number == SIGTERM)
    regia_shutdown_ask (asked_cb, self);
  else
    regia_ending_stop (self, TRUE);
}
