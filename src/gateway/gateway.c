/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "regia/gateway/gateway.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address-private.h"
#include "calendar-private.h"
#include "certificate-private.h"
#include "live-private.h"
#include "regia/base/json.h"
#include "regia/config/part.h"
#include "regia/control/child.h"
#include "regia/control/paths.h"
#include "regia/isolate/isolate.h"
#include "router-private.h"
#include "server-private.h"

#define MEMORY_BYTES  (G_GUINT64_CONSTANT (4) << 30) /* the window, and two thousand viewers */
#define ARENA_BYTES   ((gsize)512 << 20)             /* of address space: what is not used costs nothing */
#define DESCRIPTORS   65536
#define HANG_MS       5000
#define STOP_DRAIN_MS 1000

/*
 * The gateway process: opens what it needs, shuts itself in, and then serves. The main thread owns the
 * control connection, the snapshot and this struct; the feed thread (live.c) writes the window; HTTP workers
 * (server.c) read the site.
 *
 * It goes on serving after the event: the feed's end closes the window, the recordings stay. It goes away
 * when the director says so.
 */
typedef struct {
  RegiaChild *child;
  RegiaConfig *config; /* (owned) */
  RegiaArena *arena;   /* (owned) */
  RegiaHlsWindow *window;
  RegiaSite site;
  RegiaServer *server;
  RegiaCertificate *certificate; /* (owned) (nullable): https */
  RegiaFeedLink *feed;           /* (owned) */
  RegiaLive *live;
  int recordings_fd;
  guint descriptors;
  RegiaIsolated isolated;
  char *address;       /* (owned) as a browser would use it */
  char **addresses;    /* (owned) */
  GVariant *status;    /* (owned) (nullable): the last one that the director told */
  gint64 status_us;    /* when it did */
  guint64 errors_told; /* of the feed thread */
  guint timer;
  gboolean is_ending; /* the server is, and still reads the site */
} Gateway;

/* Process.State of gateway, see control/org.regia.control.xml. */
static GVariant *
make_state (Gateway *self)
{
  gint64 age_ms;
  RegiaHlsStats hls;
  RegiaServerStats http;
  GVariantDict dict;

  regia_hls_window_get_stats (self->window, &hls);
  regia_server_get_stats (self->server, &http);
  age_ms =
      hls.segments == 0
          ? 0
          : (regia_epoch_show_time (regia_child_get_epoch (self->child)) - hls.newest_end_ns) / REGIA_MSECOND;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "address", "s", self->address);
  g_variant_dict_insert (&dict, "addresses", "^as", self->addresses);
  g_variant_dict_insert (&dict, "viewers", "t",
                         (guint64)regia_viewers_count (self->site.viewers, g_get_monotonic_time () / 1000));
  g_variant_dict_insert (&dict, "connections", "t", (guint64)http.connections);
  g_variant_dict_insert (&dict, "requests", "t", http.wire.requests);
  g_variant_dict_insert (&dict, "refused", "t", http.wire.refused + http.wire.turned_away + http.wire.cut);
  g_variant_dict_insert (&dict, "bytes-sent", "t", http.wire.bytes_sent);
  g_variant_dict_insert (&dict, "segments", "t", hls.segments);
  g_variant_dict_insert (&dict, "last-segment-age-ms", "t", (guint64)MAX (age_ms, 0));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* Renders the status once for all requests of the coming second: what the director told, to which nothing is
 * added here. Why it is not well is for the console to say. */
static void
post_status (Gateway *self, GVariant *state)
{
  gint64 age_ms = (g_get_monotonic_time () - self->status_us) / 1000;
  g_autoptr (GBytes) json = NULL;
  g_autofree char *why = NULL;
  gboolean healthy = FALSE;

  if (self->status != NULL) {
    char *text = regia_json_from_variant (self->status, FALSE);
    json = g_bytes_new_take (text, strlen (text));
  }
  why = regia_snapshot_judge (self->status, state, age_ms, &healthy);
  if (!healthy)
    g_debug ("not well: %s", why);
  regia_snapshot_post (self->site.snapshot, json, healthy, NULL);
}

static gboolean
is_same (GVariant *one, GVariant *other, const char *key)
{
  g_autoptr (GVariant) left = one != NULL ? g_variant_lookup_value (one, key, NULL) : NULL;
  g_autoptr (GVariant) right = g_variant_lookup_value (other, key, NULL);

  return left != NULL && right != NULL ? g_variant_equal (left, right) : left == right;
}

/* The schedule is written anew when it changes, and says when that was. */
static void
take_calendar (Gateway *self, GVariant *status)
{
  g_autoptr (GBytes) bytes = NULL;
  char *text;

  if (self->status != NULL && is_same (self->status, status, "event") &&
      is_same (self->status, status, "next"))
    return;
  text = regia_calendar_render (status, g_get_real_time () / G_USEC_PER_SEC);
  bytes = g_bytes_new_take (text, strlen (text));
  regia_snapshot_post (self->site.calendar, bytes, TRUE, NULL);
}

static void
take_status (Gateway *self, GVariant *status)
{
  take_calendar (self, status);
  g_clear_pointer (&self->status, g_variant_unref);
  self->status = g_variant_ref (status);
  self->status_us = g_get_monotonic_time ();
}

static void
take_part (Gateway *self, GVariant *part)
{
  g_autoptr (GVariant) status = g_variant_lookup_value (part, "status", G_VARIANT_TYPE_VARDICT);

  if (status != NULL)
    take_status (self, status);
}

static void
show_status (Gateway *self)
{
  g_autoptr (GVariant) state = make_state (self);

  post_status (self, state);
}

static gboolean
apply_cb (RegiaChild *child, GVariant *part, gpointer data)
{
  Gateway *self = data;

  if (self->server == NULL)
    return TRUE;
  take_part (self, part);
  regia_certificate_take (self->certificate, part);
  regia_certificate_tell (self->certificate);
  show_status (self);
  return TRUE;
}

static void
tell_cb (GVariant *status, gpointer data)
{
  Gateway *self = data;

  if (self->server == NULL)
    return;
  take_status (self, status);
  show_status (self);
}

static void
tell_feed_errors (Gateway *self)
{
  g_autofree char *last = NULL;
  guint64 errors = regia_live_errors (self->live, &last);

  if (errors > self->errors_told)
    g_warning ("live stream: %s (%" G_GUINT64_FORMAT " faults so far)", last, errors);
  self->errors_told = errors;
}

static gboolean
second_cb (gpointer data)
{
  Gateway *self = data;
  g_autoptr (GVariant) state = make_state (self);

  regia_child_set_state (self->child, g_variant_ref (state));
  post_status (self, state);
  tell_feed_errors (self);
  regia_certificate_tick (self->certificate);
  return G_SOURCE_CONTINUE;
}

static gboolean
health_cb (char **ret_why, gpointer data)
{
  Gateway *self = data;

  /* Stopping: pings that came while the last answers went out are still to be answered. */
  if (self->server == NULL)
    return TRUE;
  if (!regia_server_is_healthy (self->server, HANG_MS, ret_why))
    return FALSE;
  if (regia_live_tick_age_ms (self->live) > HANG_MS) {
    *ret_why = g_strdup ("the thread that follows the feed has not moved for 5 s");
    return FALSE;
  }
  return TRUE;
}

static gboolean
stopped_cb (gpointer data)
{
  regia_child_stopped (((Gateway *)data)->child);
  return G_SOURCE_REMOVE;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer data)
{
  Gateway *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->is_ending) /* told once more: it takes a second at most */
    return;
  /* Told to go before it had begun to serve, or after it failed to: there is nothing to end. */
  if (finish && self->live != NULL)
    regia_live_finish (self->live);
  self->is_ending = self->server != NULL;
  if (self->is_ending)
    regia_server_stop (g_steal_pointer (&self->server), finish ? STOP_DRAIN_MS : 0, stopped_cb, self);
  else
    regia_child_stopped (child);
}

/*
 * The recordings folder comes open from the director, who alone follows its name: viewers are not to wait for
 * its disk, nor to go without a gateway because of it. Without one the library says that it cannot be read;
 * when the name means something else the director starts another gateway.
 */
static void
open_library (Gateway *self)
{
  struct stat st;

  self->recordings_fd = -1;
  if (fstat (REGIA_CHILD_RECORDINGS_FD, &st) < 0 || !S_ISDIR (st.st_mode))
    return;
  self->recordings_fd = REGIA_CHILD_RECORDINGS_FD;
  fcntl (self->recordings_fd, F_SETFD, FD_CLOEXEC);
  self->site.library = regia_library_new (self->recordings_fd);
}

static gboolean
open_server (Gateway *self, const RegiaConfigValues *values, GError **error)
{
  RegiaServerOptions options = {.listen_key = "[web] listen",
                                .listen = values->listen,
                                .hosts = (const char *const *)values->hosts,
                                .trusted_proxies = (const char *const *)values->trusted_proxies,
                                .threads = MAX (values->threads, 1),
                                .tls = regia_certificate_get_slot (self->certificate),
                                .redirect_listen = values->redirect_listen};

  self->arena = regia_arena_new (ARENA_BYTES, error);
  if (self->arena == NULL)
    return FALSE;
  options.arena = self->arena;
  options.answer = regia_site_answer;
  options.add_handlers = regia_site_add_handlers;
  options.user_data = &self->site;
  regia_limits_default (&options.limits);
  options.limits.max_connections = values->max_connections;
  options.limits.max_connections_per_address = values->max_connections_per_address;
  self->server = regia_server_new (&options, error);
  if (self->server == NULL)
    return FALSE;
  self->addresses = regia_addresses (values->listen, (const char *const *)values->hosts,
                                     regia_server_get_port (self->server), self->certificate != NULL);
  self->address = g_strdup (self->addresses[0]);
  return TRUE;
}

/* Everything that has to be opened, and then the process is shut in. */
static gboolean
prepare_cb (RegiaChild *child, gpointer data, GError **error)
{
  Gateway *self = data;
  g_autofree char *recordings = NULL;
  const char *read_only[] = {NULL, NULL};
  const RegiaIsolation isolation = {
      .read_only = read_only, .memory_bytes = MEMORY_BYTES, .oom_score_adj = 300};

  self->child = child;
  g_unsetenv ("SOUP_SERVER_HTTP2"); /* before there are threads: libsoup would speak HTTP/2 */
  self->config = regia_config_of_process (regia_child_get_part (child), error);
  if (self->config == NULL)
    return FALSE;
  if (regia_config_get (self->config)->certificate != NULL)
    self->certificate =
        regia_certificate_new (regia_config_get (self->config)->certificate, regia_child_get_part (child));
  self->descriptors = regia_raise_descriptors (DESCRIPTORS);
  self->site.assets = regia_assets_new ("/org/regia/web/");
  open_library (self);
  if (self->recordings_fd >= 0)
    read_only[0] = recordings = g_strdup_printf ("/proc/self/fd/%d", self->recordings_fd);
  return open_server (self, regia_config_get (self->config), error) &&
         regia_isolate (&isolation, &self->isolated, error);
}

static void
tell_preparation (Gateway *self, const RegiaConfigValues *values)
{
  g_autofree char *isolated = NULL;

  if (self->recordings_fd < 0)
    g_warning ("%s cannot be read; no recordings are listed until it can",
               regia_child_get_recordings_dir (self->child));
  if (self->descriptors < values->max_connections + 64)
    g_warning ("only %u descriptors are allowed, which is too few for %u connections; raise LimitNOFILE",
               self->descriptors, values->max_connections);
  regia_certificate_tell (self->certificate);
  isolated = regia_isolated_describe (&self->isolated);
  g_log (G_LOG_DOMAIN, regia_isolated_is_whole (&self->isolated) ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
         "isolated: recordings read-only, nothing else (%s)", isolated);
}

static GBytes *
keep_cb (GBytes *bytes, gpointer data)
{
  return regia_arena_keep (data, bytes);
}

static void
use_feed_cb (int fd, gpointer data)
{
  regia_feed_link_use (((Gateway *)data)->feed, fd);
}

static gboolean
offers_sound_alone (const RegiaConfigValues *values)
{
  return values->ladder != NULL &&
         g_strv_contains ((const char *const *)values->ladder, REGIA_CONFIG_LADDER_AUDIO);
}

static gboolean
start_cb (RegiaChild *child, gpointer data, GError **error)
{
  Gateway *self = data;
  const RegiaConfigValues *values = regia_config_get (self->config);
  const RegiaHlsOptions hls = {.segment_ns = (gint64)values->segment_ms * REGIA_MSECOND,
                               .segments = values->window_segments,
                               .segments_kept = values->window_segments + 4,
                               .epoch = *regia_child_get_epoch (self->child),
                               .sound_alone = offers_sound_alone (values),
                               .show = regia_child_get_show (child),
                               .keep = keep_cb,
                               .keep_data = self->arena};

  tell_preparation (self, values);
  self->window = regia_hls_window_new (&hls);
  self->site.window = self->window;
  self->site.show = regia_child_get_show (child);
  self->site.snapshot = regia_snapshot_new ();
  self->site.calendar = regia_snapshot_new ();
  self->site.viewers = regia_viewers_new ();
  regia_site_init (&self->site, values->segment_ms);
  if (!regia_server_start (self->server, error))
    return FALSE;
  self->feed = regia_feed_link_new ();
  self->live = regia_live_new (self->feed, self->window, regia_child_get_epoch (self->child));
  self->timer = g_timeout_add (1000, second_cb, self);
  take_part (self, regia_child_get_part (child));
  second_cb (self);
  g_info ("serving %s with %u workers", self->address, MAX (values->threads, 1));
  return TRUE;
}

static void
clear_cb (gpointer data)
{
  Gateway *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->server, regia_server_free); /* first what asks, then what is asked */
  g_clear_pointer (&self->certificate, regia_certificate_free);
  g_clear_pointer (&self->live, regia_live_free);
  g_clear_pointer (&self->feed, regia_feed_link_unref);
  g_clear_pointer (&self->site.assets, regia_assets_free);
  g_clear_pointer (&self->site.snapshot, regia_snapshot_free);
  g_clear_pointer (&self->site.calendar, regia_snapshot_free);
  g_clear_pointer (&self->site.viewers, regia_viewers_free);
  g_clear_pointer (&self->site.library, regia_library_free);
  regia_site_clear (&self->site);
  g_clear_pointer (&self->window, regia_hls_window_free);
  g_clear_pointer (&self->arena, regia_arena_unref);
  if (self->recordings_fd >= 0)
    close (self->recordings_fd);
  g_clear_pointer (&self->status, g_variant_unref);
  g_free (self->address);
  g_strfreev (self->addresses);
  g_clear_pointer (&self->config, regia_config_unref);
}

const RegiaChildClass regia_gateway_class = {
    .kind = "gateway",
    .size = sizeof (Gateway),
    .prepare = prepare_cb,
    .start = start_cb,
    .use_feed = use_feed_cb,
    .apply = apply_cb,
    .tell = tell_cb,
    .stop = stop_cb,
    .health = health_cb,
    .clear = clear_cb,
};
