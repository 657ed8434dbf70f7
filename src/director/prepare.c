/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "prepare-private.h"

#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/config/events.h"
#include "show-private.h"

void
regia_order_free (RegiaOrder *order)
{
  g_free (order->folder);
  g_free (order->hall_path);
  g_free (order->state_dir);
  g_free (order->event_path);
  g_free (order->name);
  g_strfreev (order->ended);
  g_free (order->last_id);
  g_free (order->last_session);
  g_clear_pointer (&order->hall, regia_config_unref);
  g_free (order);
}

void
regia_prepared_free (RegiaPrepared *prepared)
{
  regia_exchange_free (prepared->exchange);
  g_free (prepared->file);
  g_free (prepared->session);
  g_free (prepared);
}

/* (transfer full): the event, if it may start. */
static RegiaConfig *
load_event (const RegiaOrder *order, char **ret_file, GError **error)
{
  g_autoptr (GPtrArray) events = regia_events_scan (order->folder, order->hall_path, error);
  const RegiaEvent *event = events != NULL ? regia_events_find (events, order->name) : NULL;
  g_autoptr (RegiaConfig) config = NULL;

  if (events == NULL)
    return NULL;
  if (event == NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 "there is no event \"%s\" in %s; `regia events` lists those that there are", order->name,
                 order->folder);
    return NULL;
  }
  if (event->error != NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "it cannot be started:\n%s", event->error);
    return NULL;
  }
  if (!order->again && !order->rehearse && order->ended != NULL &&
      g_strv_contains ((const char *const *)order->ended, event->id)) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 "%s was on and was ended; `regia start %s --again` puts it on the air again",
                 event->name[0] != '\0' ? event->name : event->id, event->id);
    return NULL;
  }
  config = regia_config_load_in_hall (event->file, order->hall_path, error);
  if (config == NULL || !regia_config_check_pipelines (config, error))
    return NULL;
  *ret_file = g_strdup (event->file);
  return g_steal_pointer (&config);
}

static RegiaPrepared *
prepare (const RegiaOrder *order, GError **error)
{
  g_autoptr (RegiaPrepared) prepared = g_new0 (RegiaPrepared, 1);
  g_autoptr (RegiaConfig) config =
      order->name != NULL ? load_event (order, &prepared->file, error) : regia_config_ref (order->hall);
  const char *id, *recordings, *text;
  gsize length;

  if (config == NULL)
    return NULL;
  prepared->exchange = regia_exchange_new (config, order->state_dir, order->director);
  if (order->name == NULL)
    return g_steal_pointer (&prepared);
  id = regia_config_get (config)->id;
  recordings = prepared->exchange->recordings_dir;
  prepared->continued = order->again && g_str_equal (order->last_id, id) && order->last_session[0] != '\0';
  if (order->rehearse)
    prepared->session = g_strdup ("");
  else
    prepared->session =
        prepared->continued ? g_strdup (order->last_session) : regia_show_new_session (recordings, id);
  if (prepared->continued)
    prepared->recorded_ns = regia_show_last_written (recordings, prepared->session);
  text = g_bytes_get_data (prepared->exchange->event, &length);
  if (!regia_file_replace (order->event_path, text, length, 0600, error)) {
    g_prefix_error (error, "the event could not be kept, so it was not started: ");
    return NULL;
  }
  return g_steal_pointer (&prepared);
}

void
regia_prepare_thread (GTask *task, gpointer source, gpointer order, GCancellable *cancellable)
{
  GError *error = NULL;
  RegiaPrepared *prepared = prepare (order, &error);

  if (prepared != NULL)
    g_task_return_pointer (task, prepared, (GDestroyNotify)regia_prepared_free);
  else
    g_task_return_error (task, error);
}
