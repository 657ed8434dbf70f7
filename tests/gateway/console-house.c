/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-house.h"

static const char *const proxies[] = {"127.0.0.1", NULL};
static const char *const hosts[] = {"hall.example", NULL};

void
console_house_set_up (ConsoleHouse *self, gconstpointer data)
{
  RegiaServerOptions options = {.listen_key = "[console] listen",
                                .listen = "127.0.0.1:0",
                                .hosts = hosts,
                                .trusted_proxies = data != NULL ? data : proxies,
                                .threads = 1,
                                .rules = regia_console_rules,
                                .answer = regia_console_answer,
                                .add_handlers = regia_console_add_handlers,
                                .user_data = &self->site};
  g_autoptr (GBytes) ok = g_bytes_new_static ("ok", 2),
                     status = g_bytes_new_static ("{\"state\":\"on-air\"}", 18);
  RegiaHouseOptions house = {.segment_ms = CONSOLE_HOUSE_SEGMENT_MS, .idle_us = CONSOLE_HOUSE_IDLE_US};
  g_autoptr (GError) error = NULL;

  regia_limits_default (&options.limits);
  self->director = director_new (&self->site.connection);
  self->site.assets = regia_assets_new ("/org/regia/web/");
  self->site.snapshot = regia_snapshot_new ();
  self->site.metrics = regia_snapshot_new ();
  self->site.events = regia_console_events_new ();
  self->link = regia_feed_link_new ();
  regia_feed_link_set_rests (self->link);
  self->site.viewers = regia_snapshot_new ();
  regia_epoch_now (&self->site.epoch);
  house.epoch = self->site.epoch; /* nothing that a test gives is of the future */
  house.epoch.monotonic_ns -= 60 * REGIA_SECOND;
  self->site.feed = regia_console_feed_new (self->link, &house);
  regia_snapshot_post (self->site.snapshot, status, TRUE, ok);
  self->server = regia_server_new (&options, &error);
  g_assert_no_error (error);
  self->port = regia_server_get_port (self->server);
  g_assert_true (regia_server_start (self->server, &error));
}

void
console_house_tear_down (ConsoleHouse *self, gconstpointer data)
{
  regia_server_free (self->server);
  regia_assets_free (self->site.assets);
  regia_snapshot_free (self->site.snapshot);
  regia_snapshot_free (self->site.metrics);
  regia_snapshot_free (self->site.viewers);
  regia_console_events_free (self->site.events);
  regia_console_feed_free (self->site.feed);
  regia_feed_link_unref (self->link);
  director_free (self->director);
  g_object_unref (self->site.connection);
}
