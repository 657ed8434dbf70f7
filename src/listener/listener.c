/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-listener"

#include "regia/listener/listener.h"

#include <sys/resource.h>
#include <unistd.h>

#include "ingest-private.h"
#include "regia/config/part.h"
#include "regia/control/child.h"
#include "regia/isolate/isolate.h"

#define MEMORY_BYTES (G_GUINT64_CONSTANT (256) << 20)
#define PUBLISH_MS   1000
#define NICE         5 /* strangers may knock as often as they like; pictures are made first */

/*
 * The listener process: a thin shell around one RegiaIngest. It opens what it listens on, shuts itself in,
 * and only then takes somebody in.
 */
typedef struct {
  RegiaChild *child;
  RegiaConfig *config; /* (owned) */
  RegiaIngest *ingest; /* (owned) */
  RegiaIsolated isolated;
  guint timer;
} Listener;

static gboolean
publish_cb (gpointer data)
{
  Listener *self = data;
  RegiaIngestCounts counts = regia_ingest_get_counts (self->ingest);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "state", "s", "listening");
  g_variant_dict_insert (&dict, "connected", "t", (guint64)counts.connected);
  g_variant_dict_insert (&dict, "sending", "t", (guint64)counts.sending);
  regia_child_set_state (self->child, g_variant_dict_end (&dict));
  return G_SOURCE_CONTINUE;
}

static gboolean
prepare_cb (RegiaChild *child, gpointer data, GError **error)
{
  const RegiaIsolation isolation = {.memory_bytes = MEMORY_BYTES, .oom_score_adj = 200};
  Listener *self = data;

  self->child = child;
  self->config = regia_config_of_process (regia_child_get_part (child), error);
  if (self->config == NULL)
    return FALSE;
  self->ingest = regia_ingest_new (regia_config_get (self->config), error);
  if (self->ingest == NULL)
    return FALSE;
  setpriority (PRIO_PROCESS, 0, NICE);
  return regia_isolate (&isolation, &self->isolated, error);
}

static gboolean
start_cb (RegiaChild *child, gpointer data, GError **error)
{
  Listener *self = data;
  g_autofree char *isolated = regia_isolated_describe (&self->isolated);

  g_log (G_LOG_DOMAIN, regia_isolated_is_whole (&self->isolated) ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
         "isolated: it has the sockets that it listens on, nothing else (%s)", isolated);
  regia_ingest_open (self->ingest, REGIA_CHILD_INGEST_FD);
  publish_cb (self);
  self->timer = g_timeout_add (PUBLISH_MS, publish_cb, self);
  return TRUE;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer data)
{
  regia_child_stopped (child);
}

static void
clear_cb (gpointer data)
{
  Listener *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->ingest, regia_ingest_free);
  g_clear_pointer (&self->config, regia_config_unref);
}

const RegiaChildClass regia_listener_class = {
    .kind = "listener",
    .size = sizeof (Listener),
    .prepare = prepare_cb,
    .start = start_cb,
    .stop = stop_cb,
    .clear = clear_cb,
};
