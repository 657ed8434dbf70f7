/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "director-private.h"
#include "regia/base/error.h"
#include "regia/base/file.h"

/* Starting: folders, state */

gboolean
regia_director_prepare_folders (RegiaDirector *self, GError **error)
{
  self->run_dir = g_build_filename (self->options->state_dir, "run", NULL);
  self->show_path = g_build_filename (self->options->state_dir, "show.json", NULL);
  self->event_path = g_build_filename (self->run_dir, "event.conf", NULL);
  self->show_file = regia_show_file_new (self->show_path, &self->show);
  return regia_file_make_folder (self->options->state_dir, 0700, error) &&
         regia_file_make_folder (self->run_dir, 0700, error);
}

void
regia_director_use_config (RegiaDirector *self, RegiaConfig *config, char *recordings_dir)
{
  g_clear_pointer (&self->event, regia_config_unref);
  self->event = regia_config_ref (config);
  regia_director_take_sources (self, config);
  g_free (self->recordings_dir);
  self->recordings_dir = recordings_dir;
}

void
regia_director_take_sources (RegiaDirector *self, RegiaConfig *config)
{
  g_clear_pointer (&self->config, regia_config_unref);
  g_clear_pointer (&self->sources_error, g_free);
  self->config = config;
  self->values = regia_config_get (config);
}

void
regia_director_use_sources (RegiaDirector *self)
{
  g_autoptr (GError) error = NULL;
  RegiaConfig *config;

  if (self->desired->sources->len == 0)
    return;
  config = regia_config_change_sources (self->event, self->desired->sources, NULL, &error);
  if (config != NULL) {
    regia_director_take_sources (self, config);
    return;
  }
  self->sources_error = g_strdup_printf (
      "The sources are as the event file says, not as they were changed since: %s", error->message);
  g_warning ("%s", self->sources_error);
}

/* For the next start, should the event file be broken by then. */
static gboolean
keep_event (RegiaDirector *self, GError **error)
{
  gsize length;
  const char *text = g_bytes_get_data (self->handed.event, &length);

  if (self->options->keep_event || self->show.state == REGIA_SHOW_STANDBY ||
      g_strcmp0 (self->options->config_path, self->event_path) == 0)
    return TRUE;
  return regia_file_replace (self->event_path, text, length, 0600, error);
}

void
regia_director_resume (RegiaDirector *self, const RegiaShow *old, const RegiaShowNow *now, RegiaStart start)
{
  gint64 recorded_ns = 0;

  self->show = *old;
  if (!g_str_equal (old->epoch.boot_id, now->boot_id) && old->state != REGIA_SHOW_REHEARSAL)
    recorded_ns = regia_show_last_written (self->recordings_dir, old->session);
  if (regia_show_go_on (&self->show, now, recorded_ns))
    g_message ("the computer was restarted; show time goes on from %" G_GINT64_FORMAT
               " s, where %" G_GINT64_FORMAT " s were reached",
               (now->monotonic_ns - self->show.epoch.monotonic_ns) / REGIA_SECOND,
               old->reached_ns / REGIA_SECOND);
  switch (start) {
  case REGIA_START_FINISH:
    g_message ("this event was ended; its recording, session %s, is finished now. `regia run --again` puts "
               "it on the air again",
               self->show.session);
    self->show.state = REGIA_SHOW_ENDING;
    break;
  case REGIA_START_SERVE:
    g_message ("this event was ended; its recordings are served. `regia run --again` puts it on the air "
               "again, `--new` "
               "begins another");
    self->show.state = REGIA_SHOW_ENDED;
    break;
  case REGIA_START_REHEARSE:
    g_message ("going on with the interrupted rehearsal: nobody sees it, nothing is recorded; `regia start "
               "%s` puts it on the air",
               self->show.event_id);
    self->show.state = REGIA_SHOW_REHEARSAL;
    break;
  default:
    g_message ("going on with the interrupted show, session %s", self->show.session);
    self->show.state = REGIA_SHOW_ON_AIR;
  }
}

gboolean
regia_director_read_show (RegiaDirector *self, const char *consequence, RegiaShow *ret_old,
                          gboolean *ret_have, RegiaShowNow *ret_now, gint64 *ret_idle_s, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  *ret_have = regia_show_load (self->show_path, ret_old, &local_error);
  if (g_error_matches (local_error, REGIA_ERROR, REGIA_ERROR_STATE)) {
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  if (local_error != NULL)
    g_warning ("%s; %srecordings are not touched", local_error->message, consequence);
  regia_show_now (ret_now);
  *ret_idle_s = *ret_have ? regia_show_idle_s (ret_old, ret_now) : 0;
  return TRUE;
}

/* Decides between going on and beginning anew. */
static gboolean
decide (RegiaDirector *self, GError **error)
{
  RegiaShow old = {0};
  gboolean have_old;
  gint64 idle_s;
  /* systemd cannot tell whether a person wanted this start. */
  const RegiaStartWish wish = {.event_id = self->values->id,
                               .fresh = self->options->fresh,
                               .again = self->options->again,
                               .by_service =
                                   g_getenv ("INVOCATION_ID") != NULL || g_getenv ("NOTIFY_SOCKET") != NULL};
  RegiaShowNow now;
  RegiaStart start;

  if (!regia_director_read_show (self, "a new show begins, ", &old, &have_old, &now, &idle_s, error))
    return FALSE;
  regia_show_settle (&old, self->recordings_dir);
  start = regia_show_decide (have_old ? &old : NULL, &wish, idle_s);
  self->resumed = start != REGIA_START_NEW;
  self->unbegun = !self->resumed && regia_locks_told_to_go ();
  if (self->unbegun) {
    g_message ("told to go before the event began");
    regia_show_clear (&old);
    return TRUE;
  }
  if (self->resumed) {
    regia_director_resume (self, &old, &now, start);
  } else {
    self->show.event_id = g_strdup (self->values->id);
    self->show.session = self->options->rehearse
                             ? g_strdup ("")
                             : regia_show_new_session (self->recordings_dir, self->values->id);
    self->show.id = regia_show_new_id ();
    self->show.generation = 0;
    self->show.state = self->options->rehearse ? REGIA_SHOW_REHEARSAL : REGIA_SHOW_ON_AIR;
    self->show.desired = regia_desired_new ();
    self->show.ended = g_steal_pointer (&old.ended);
    regia_epoch_now (&self->show.epoch);
    regia_show_clear (&old);
  }
  g_free (self->show.config_path);
  self->show.config_path = g_strdup (self->options->config_path);
  return TRUE;
}

/* Going on, a disk that is full or read-only does not keep the show off the air: what lies there from before
 * is still right. */
gboolean
regia_director_begin_show (RegiaDirector *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  /* A recording disk that is not there must not keep the event off the air; the recorder tells and tries
   * again. */
  if (g_mkdir_with_parents (self->recordings_dir, 0750) < 0)
    g_warning ("%s: cannot make the recordings folder: %s", self->recordings_dir, g_strerror (errno));
  if (self->service == NULL && !decide (self, error))
    return FALSE;
  if (self->unbegun)
    return TRUE;
  self->show.left = FALSE;
  if (self->show.state == REGIA_SHOW_ON_AIR)
    regia_show_forget_ended (&self->show);
  self->rehearsing = self->show.state == REGIA_SHOW_REHEARSAL;
  self->desired =
      self->show.state == REGIA_SHOW_STANDBY ? regia_desired_new () : regia_desired_ref (self->show.desired);
  regia_director_use_sources (self);
  if (keep_event (self, &local_error) && regia_show_file_save (self->show_file, &local_error))
    return TRUE;
  if (self->resumed) {
    g_warning ("%s; the show goes on with what was kept before", local_error->message);
    /* How many engines there were since that was kept is not known. Readers tell generations apart by their
     * number, so it must be a new one: engines do not start more often than this grows. */
    self->show.generation = MAX (self->show.generation,
                                 1000 + (guint64)(regia_epoch_show_time (&self->show.epoch) / REGIA_SECOND));
    return TRUE;
  }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

char *
regia_director_stored_event (const char *state_dir, const char *config_path)
{
  g_autofree char *show_path = g_build_filename (state_dir, "show.json", NULL);
  g_autofree char *event_path = g_build_filename (state_dir, "run", "event.conf", NULL);
  g_autoptr (GError) error = NULL;
  RegiaShow show = {0};
  RegiaShowNow now;
  gboolean usable;

  if (!regia_show_load (show_path, &show, &error))
    return NULL;
  regia_show_now (&now);
  usable = (show.state == REGIA_SHOW_ON_AIR || show.state == REGIA_SHOW_REHEARSAL) &&
           g_str_equal (show.config_path, config_path) &&
           regia_show_idle_s (&show, &now) < REGIA_SHOW_RESUME_LIMIT_S;
  regia_show_clear (&show);
  return usable && g_file_test (event_path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&event_path) : NULL;
}
