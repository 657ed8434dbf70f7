/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "address-private.h"
#include "certificate-private.h"
#include "console-private.h"
#include "regia/base/json.h"
#include "regia/config/part.h"
#include "regia/control/child.h"
#include "regia/gateway/gateway.h"
#include "regia/isolate/isolate.h"
#include "server-private.h"

#define MEMORY_BYTES  (G_GUINT64_CONSTANT (512) << 20)
#define DESCRIPTORS   1024
#define CONNECTIONS   200
#define PER_ADDRESS   100
#define HANG_MS       5000
#define STOP_DRAIN_MS 1000
#define HOUSE_IDLE_US (10 * G_USEC_PER_SEC) /* players ask each second or two */
#define TOLD_LATE_US  (1500 * 1000) /* the director tells each second; after that what is shown ages */

/*
 * The console process: the gateway's server at an address of its own, for those who work here; by https where
 * that can be reached from other machines and there is a certificate. It has no folder; of the feed it reads
 * meters, previews and the programme while a page shows them; of the director it is told the whole status,
 * and asks it who is who and what those want. One worker, so that all it knows of them is one thread's.
 *
 * Started and ended with the gateway, and like it: what has to be opened is opened, the process shuts itself
 * in, and then it serves.
 */
typedef struct {
  RegiaChild *child;
  RegiaConfig *config; /* (owned) */
  RegiaConsoleSite site;
  RegiaServer *server;
  RegiaCertificate *certificate; /* (owned) (nullable): https */
  RegiaIsolated isolated;
  char **addresses;    /* (owned): the first is the one to give away */
  RegiaFeedLink *link; /* (owned) */
  GVariant *status;    /* (owned) (nullable): the last one that the director told */
  gint64 status_us;    /* when it did */
  guint timer;
  gboolean is_ending; /* the server is, and still reads the site */
} Console;

static void
post_status (Console *self)
{
  gint64 age_ms = (g_get_monotonic_time () - self->status_us) / 1000;
  g_autoptr (GVariant) shown = regia_snapshot_render (self->status, age_ms);
  g_autoptr (GVariant) gateway = NULL;
  g_autoptr (GBytes) json = NULL, health = NULL, metrics = NULL;
  gboolean healthy = FALSE;
  char *text;

  if (shown != NULL) {
    g_variant_ref_sink (shown);
    text = regia_json_from_variant (shown, FALSE);
    json = g_bytes_new_take (text, strlen (text));
    text = regia_console_metrics (shown);
    metrics = g_bytes_new_take (text, strlen (text));
    gateway = g_variant_lookup_value (shown, "gateway", G_VARIANT_TYPE_VARDICT);
  }
  text = regia_snapshot_judge (shown, gateway, age_ms, &healthy);
  health = g_bytes_new_take (text, strlen (text));
  regia_snapshot_post (self->site.snapshot, json, healthy, health);
  if (self->status != NULL)
    regia_console_events_post (self->site.events, self->status);
  regia_console_site_tell_viewers (&self->site, gateway);
  regia_snapshot_post (self->site.metrics, metrics, healthy, NULL);
}

static void
take_status (Console *self, GVariant *status)
{
  g_clear_pointer (&self->status, g_variant_unref);
  self->status = g_variant_ref (status);
  self->status_us = g_get_monotonic_time ();
}

static void
take_part (Console *self, GVariant *part)
{
  g_autoptr (GVariant) status = g_variant_lookup_value (part, "status", G_VARIANT_TYPE_VARDICT),
                       audit = g_variant_lookup_value (part, "audit", G_VARIANT_TYPE ("a(ts)"));

  if (status != NULL)
    take_status (self, status);
  if (audit != NULL)
    regia_console_events_post_audit (self->site.events, audit);
}

static gboolean
apply_cb (RegiaChild *child, GVariant *part, gpointer data)
{
  Console *self = data;

  if (self->server == NULL)
    return TRUE;
  take_part (self, part);
  regia_certificate_take (self->certificate, part);
  regia_certificate_tell (self->certificate);
  post_status (self);
  return TRUE;
}

static void
tell_cb (GVariant *status, gpointer data)
{
  Console *self = data;

  if (self->server == NULL)
    return;
  take_status (self, status);
  post_status (self);
}

/* Process.State of console, see control/org.regia.control.xml. */
static gboolean
second_cb (gpointer data)
{
  Console *self = data;
  RegiaServerStats http;
  GVariantDict dict;

  regia_server_get_stats (self->server, &http);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "address", "s", self->addresses[0]);
  g_variant_dict_insert (&dict, "addresses", "^as", self->addresses);
  g_variant_dict_insert (&dict, "connections", "t", (guint64)http.connections);
  g_variant_dict_insert (&dict, "requests", "t", http.wire.requests);
  g_variant_dict_insert (&dict, "refused", "t", http.wire.refused + http.wire.turned_away + http.wire.cut);
  g_variant_dict_insert (&dict, "bytes-sent", "t", http.wire.bytes_sent);
  regia_child_set_state (self->child, g_variant_dict_end (&dict));
  if (g_get_monotonic_time () - self->status_us > TOLD_LATE_US)
    post_status (self);
  regia_certificate_tick (self->certificate);
  return G_SOURCE_CONTINUE;
}

static void
use_feed_cb (int fd, gpointer data)
{
  regia_feed_link_use (((Console *)data)->link, fd);
}

static gboolean
health_cb (char **ret_why, gpointer data)
{
  Console *self = data;

  return self->server == NULL || regia_server_is_healthy (self->server, HANG_MS, ret_why);
}

static gboolean
stopped_cb (gpointer data)
{
  regia_child_stopped (((Console *)data)->child);
  return G_SOURCE_REMOVE;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer data)
{
  Console *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->is_ending)
    return;
  self->is_ending = self->server != NULL;
  if (self->is_ending)
    regia_server_stop (g_steal_pointer (&self->server), finish ? STOP_DRAIN_MS : 0, stopped_cb, self);
  else
    regia_child_stopped (child);
}

static gboolean
open_server (Console *self, const RegiaConfigValues *values, GError **error)
{
  RegiaServerOptions options = {.listen_key = "[console] listen",
                                .listen = values->console_listen,
                                .hosts = (const char *const *)values->hosts,
                                .trusted_proxies = (const char *const *)values->trusted_proxies,
                                .rules = regia_console_rules,
                                .answer = regia_console_answer,
                                .add_handlers = regia_console_add_handlers,
                                .user_data = &self->site,
                                .threads = 1,
                                .tls = regia_certificate_get_slot (self->certificate)};

  regia_limits_default (&options.limits);
  options.limits.max_connections = CONNECTIONS;
  options.limits.max_connections_per_address = PER_ADDRESS;
  self->server = regia_server_new (&options, error);
  if (self->server == NULL)
    return FALSE;
  self->addresses = regia_addresses (values->console_listen, (const char *const *)values->hosts,
                                     regia_server_get_port (self->server), self->site.https);
  return TRUE;
}

/* Everything that has to be opened, and then the process is shut in. */
static gboolean
prepare_cb (RegiaChild *child, gpointer data, GError **error)
{
  Console *self = data;
  const RegiaConfigValues *values;
  const RegiaIsolation isolation = {.memory_bytes = MEMORY_BYTES, .oom_score_adj = 200};

  self->child = child;
  g_unsetenv ("SOUP_SERVER_HTTP2"); /* before there are threads: libsoup would speak HTTP/2 */
  self->config = regia_config_of_process (regia_child_get_part (child), error);
  if (self->config == NULL)
    return FALSE;
  values = regia_config_get (self->config);
  self->site.https = regia_config_get_console (values) == REGIA_CONFIG_CONSOLE_HTTPS;
  if (self->site.https)
    self->certificate = regia_certificate_new (values->certificate, regia_child_get_part (child));
  regia_raise_descriptors (DESCRIPTORS);
  self->site.assets = regia_assets_new ("/org/regia/web/");
  return open_server (self, values, error) && regia_isolate (&isolation, &self->isolated, error);
}

static gboolean
start_cb (RegiaChild *child, gpointer data, GError **error)
{
  Console *self = data;
  g_autofree char *isolated = regia_isolated_describe (&self->isolated);
  const RegiaHouseOptions house = {.segment_ms = regia_config_get (self->config)->segment_ms,
                                   .epoch = *regia_child_get_epoch (child),
                                   .idle_us = HOUSE_IDLE_US};

  g_log (G_LOG_DOMAIN, regia_isolated_is_whole (&self->isolated) ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
         "isolated: no files at all (%s)", isolated);
  regia_certificate_tell (self->certificate);
  self->site.snapshot = regia_snapshot_new ();
  self->site.metrics = regia_snapshot_new ();
  self->site.events = regia_console_events_new ();
  self->link = regia_feed_link_new ();
  regia_feed_link_set_rests (self->link);
  self->site.viewers = regia_snapshot_new ();
  self->site.feed = regia_console_feed_new (self->link, &house);
  self->site.connection = regia_child_get_connection (child);
  self->site.epoch = *regia_child_get_epoch (child);
  if (!regia_server_start (self->server, error))
    return FALSE;
  self->timer = g_timeout_add (1000, second_cb, self);
  take_part (self, regia_child_get_part (child));
  second_cb (self);
  g_info ("serving %s", self->addresses[0]);
  return TRUE;
}

static void
clear_cb (gpointer data)
{
  Console *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->server, regia_server_free); /* first what asks, then what is asked */
  g_clear_pointer (&self->certificate, regia_certificate_free);
  g_clear_pointer (&self->site.assets, regia_assets_free);
  g_clear_pointer (&self->site.snapshot, regia_snapshot_free);
  g_clear_pointer (&self->site.metrics, regia_snapshot_free);
  g_clear_pointer (&self->site.viewers, regia_snapshot_free);
  g_clear_pointer (&self->site.events, regia_console_events_free);
  g_clear_pointer (&self->site.feed, regia_console_feed_free);
  g_clear_pointer (&self->link, regia_feed_link_unref);
  g_clear_pointer (&self->status, g_variant_unref);
  g_strfreev (self->addresses);
  g_clear_pointer (&self->config, regia_config_unref);
}

const RegiaChildClass regia_console_class = {
    .kind = "console",
    .size = sizeof (Console),
    .prepare = prepare_cb,
    .start = start_cb,
    .apply = apply_cb,
    .tell = tell_cb,
    .use_feed = use_feed_cb,
    .stop = stop_cb,
    .health = health_cb,
    .clear = clear_cb,
};
