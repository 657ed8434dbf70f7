/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-relay"

#include "regia/relay/relay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/config/part.h"
#include "regia/control/child.h"
#include "regia/control/paths.h"
#include "regia/isolate/isolate.h"
#include "worker-private.h"

#define MEMORY_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define PUBLISH_MS   500
#define FINISH_MS    1300 /* then the worker is cancelled: a stop takes 2 s at most */

/*
 * The relay process: a thin shell around one RegiaRelayWorker. The main thread publishes the worker's state
 * and answers the director; the worker's thread does all that may block.
 */
typedef struct {
  RegiaChild *child;
  RegiaConfig *config;           /* (owned) */
  const RegiaConfigRelay *relay; /* (unowned) of config */
  RegiaIsolated isolated;
  RegiaFeedLink *feed;      /* (owned) */
  RegiaRelayWorker *worker; /* (owned) */
  guint timer;
  char *said; /* (owned) state and error last logged */
  gboolean stopping;
  gboolean stuck; /* the worker's thread would not end */
} Relay;

static const RegiaConfigRelay *
find_relay (const RegiaConfigValues *values, const char *name, GError **error)
{
  for (guint i = 0; i < values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (values->relays, i);

    if (g_str_equal (relay->name, name))
      return relay;
  }
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "The event has no [relay %s]", name);
  return NULL;
}

/* One line in the log for each turn of affairs; another attempt that fails as the last one did is none. */
static void
say (Relay *self, GVariant *state)
{
  const char *name, *error;
  g_autofree char *now = NULL;

  g_variant_lookup (state, "state", "&s", &name);
  g_variant_lookup (state, "last-error", "&s", &error);
  now = g_str_equal (name, "retrying") ? g_strconcat (name, ": ", error, NULL) : g_strdup (name);
  if (g_str_equal (name, "connecting") || g_strcmp0 (now, self->said) == 0)
    return;
  g_free (self->said);
  self->said = g_steal_pointer (&now);
  if (g_str_equal (name, "retrying") || g_str_equal (name, "stalled"))
    g_warning ("%s", self->said);
  else
    g_message ("%s", self->said);
}

/* It retries, and cannot read how names are looked up by now: the next process can. */
static void
leave_if_stale (Relay *self, GVariant *state)
{
  g_autoptr (GError) error = NULL;
  const char *name;

  g_variant_lookup (state, "state", "&s", &name);
  if (!g_str_equal (name, "retrying") || self->stopping || !regia_isolated_is_stale (&self->isolated))
    return;
  self->stopping = TRUE;
  error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE,
                               "/etc/resolv.conf was replaced; starting again to read the new one");
  regia_child_failed (self->child, error);
}

static gboolean
publish_cb (gpointer data)
{
  Relay *self = data;
  GVariant *state = g_variant_ref_sink (regia_relay_worker_get_state (self->worker));

  say (self, state);
  regia_child_set_state (self->child, state);
  leave_if_stale (self, state);
  g_variant_unref (state);
  return G_SOURCE_CONTINUE;
}

static gboolean
health_cb (char **ret_why, gpointer data)
{
  Relay *self = data;

  return regia_relay_worker_is_healthy (self->worker, ret_why);
}

static gboolean
impatient_cb (gpointer data)
{
  Relay *self = data;

  regia_relay_worker_stop (self->worker, FALSE);
  return G_SOURCE_REMOVE;
}

/* The worker may be stuck in the resolver, which nothing can interrupt: the process goes all the same. */
static gboolean
gone_cb (gpointer data)
{
  Relay *self = data;

  self->stuck = TRUE;
  regia_child_stopped (self->child);
  return G_SOURCE_REMOVE;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer data)
{
  Relay *self = data;

  self->stopping = TRUE;
  regia_relay_worker_stop (self->worker, finish);
  g_timeout_add (FINISH_MS, impatient_cb, self);
  g_timeout_add (FINISH_MS + 500, gone_cb, self);
}

static gboolean
ended_cb (gpointer data)
{
  Relay *self = data;

  publish_cb (self); /* else it would be live for as long as the director shows its last word */
  regia_child_stopped (self->child);
  return G_SOURCE_REMOVE;
}

/* The worker's thread. */
static void
done_cb (gpointer data)
{
  g_main_context_invoke (NULL, ended_cb, data);
}

static void
wipe (char *secret)
{
  if (secret == NULL)
    return;
  explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

/* @ret_key: (out) (transfer full) (nullable): to be wiped. */
static void
take_key (Relay *self, GVariant *part, char **ret_key, const char **ret_error)
{
  g_autoptr (GVariant) config = g_variant_lookup_value (part, "config", G_VARIANT_TYPE_VARDICT);

  *ret_key = config != NULL ? regia_config_part_key (config) : NULL;
  *ret_error = NULL;
  g_variant_lookup (part, "key-error", "&s", ret_error);
}

static gboolean
apply_cb (RegiaChild *child, GVariant *part, gpointer data)
{
  Relay *self = data;
  const char *error;
  char *key;

  take_key (self, part, &key, &error);
  regia_relay_worker_set_key (self->worker, key, error);
  wipe (key);
  return TRUE;
}

static void
use_feed_cb (int fd, gpointer data)
{
  regia_feed_link_use (((Relay *)data)->feed, fd);
}

/* All that it needs it is told, the key too: it connects, and reads what that takes. */
static gboolean
prepare_cb (RegiaChild *child, gpointer data, GError **error)
{
  const RegiaIsolation isolation = {.connects = TRUE, .memory_bytes = MEMORY_BYTES, .oom_score_adj = 200};
  Relay *self = data;

  self->child = child;
  self->config = regia_config_of_process (regia_child_get_part (child), error);
  if (self->config == NULL)
    return FALSE;
  self->relay = find_relay (regia_config_get (self->config), regia_child_get_instance (child), error);
  return self->relay != NULL && regia_isolate (&isolation, &self->isolated, error);
}

static gboolean
start_cb (RegiaChild *child, gpointer data, GError **error)
{
  Relay *self = data;
  RegiaRelayWorkerSetup setup;
  g_autofree char *video = g_strconcat ("video/", self->relay->rendition, NULL);
  g_autofree char *audio = g_strconcat ("audio/", self->relay->language, NULL);
  g_autofree char *isolated = regia_isolated_describe (&self->isolated);
  char *key;

  g_log (G_LOG_DOMAIN, regia_isolated_is_whole (&self->isolated) ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
         "isolated: it connects, nothing else (%s)", isolated);
  regia_relay_worker_setup (&setup, self->relay);
  setup.video = video;
  setup.audio = audio;
  self->feed = regia_feed_link_new ();
  setup.feed = self->feed;
  setup.epoch = *regia_child_get_epoch (child);
  take_key (self, regia_child_get_part (child), &key, &setup.key_error);
  setup.key = key;
  self->worker = regia_relay_worker_new (&setup, done_cb, self);
  wipe (key);
  publish_cb (self);
  self->timer = g_timeout_add (PUBLISH_MS, publish_cb, self);
  return TRUE;
}

static void
clear_cb (gpointer data)
{
  Relay *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->stuck)
    _exit (EXIT_SUCCESS);
  g_clear_pointer (&self->worker, regia_relay_worker_free);
  g_clear_pointer (&self->feed, regia_feed_link_unref);
  g_clear_pointer (&self->config, regia_config_unref);
  g_free (self->said);
}

const RegiaChildClass regia_relay_class = {
    .kind = "relay",
    .size = sizeof (Relay),
    .prepare = prepare_cb,
    .start = start_cb,
    .apply = apply_cb,
    .use_feed = use_feed_cb,
    .stop = stop_cb,
    .health = health_cb,
    .clear = clear_cb,
};
