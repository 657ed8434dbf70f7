/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "exchange-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "director-private.h"

char *
regia_recordings_dir (RegiaConfig *config, const char *state_dir)
{
  const char *folder = regia_config_get (config)->folder;

  return folder != NULL ? g_strdup (folder) : g_build_filename (state_dir, "recordings", NULL);
}

RegiaExchange *
regia_exchange_new (RegiaConfig *config, const char *state_dir, RegiaDirector *director)
{
  RegiaExchange *self = g_new0 (RegiaExchange, 1);
  char *text = regia_config_to_text (config);

  self->config = regia_config_ref (config);
  self->event = g_bytes_new_take (text, strlen (text));
  self->recordings_dir = regia_recordings_dir (config, state_dir);
  if (g_mkdir_with_parents (self->recordings_dir, 0750) < 0)
    g_warning ("%s: cannot make the recordings folder: %s", self->recordings_dir, g_strerror (errno));
  self->recordings_fd = regia_watch_open (self->recordings_dir, &self->recordings_errno);
  self->keys = regia_keys_new (config, regia_director_key_changed_cb, director);
  return self;
}

void
regia_exchange_free (RegiaExchange *self)
{
  if (self == NULL)
    return;
  if (self->recordings_fd >= 0)
    close (self->recordings_fd);
  regia_keys_free (self->keys);
  regia_config_unref (self->config);
  g_bytes_unref (self->event);
  g_free (self->recordings_dir);
  g_free (self);
}

void
regia_exchange_install (RegiaExchange *self, RegiaDirector *director)
{
  RegiaPlaces places;

  g_clear_pointer (&director->readers, regia_readers_free);
  g_clear_pointer (&director->processes, g_ptr_array_unref);
  regia_keys_free (director->keys);
  director->keys = g_steal_pointer (&self->keys);
  regia_director_use_config (director, regia_config_ref (self->config),
                             g_steal_pointer (&self->recordings_dir));
  g_bytes_unref (director->handed.event);
  director->handed.event = g_bytes_ref (self->event);
  places = regia_director_get_places (director);
  regia_watch_move (director->watch, &places, self->recordings_fd, self->recordings_errno);
  self->recordings_fd = -1;

  regia_desired_unref (director->desired);
  director->desired = director->show.state == REGIA_SHOW_STANDBY ? regia_desired_new ()
                                                                 : regia_desired_ref (director->show.desired);
  regia_director_use_sources (director);
  director->ready = director->ended = director->unrehearsed = FALSE;
  director->rehearsing = director->show.state == REGIA_SHOW_REHEARSAL;
  director->ended_us = director->grace_us = 0;
  regia_director_start_processes (director);
  regia_exchange_free (self);
}
