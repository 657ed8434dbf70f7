/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "regia/base/clock.h"
#include "regia/base/json.h"
#include "status-private.h"

/*
 * The status as the public address gives it, and all that the gateway has of it: what was taken over has
 * nothing else to tell. It is a list of what is allowed: every key stands here and is filled from a value
 * that is meant for viewers. Nothing is handed on whole, so that what comes to be in the status of those who
 * work here stays with them until somebody writes a line for it here (and in src/web/openapi.json).
 */

static void
add_text (GVariantDict *dict, const char *key, const char *text)
{
  g_variant_dict_insert (dict, key, "s", text != NULL ? text : "");
}

/* @config: (nullable): nothing is known. @end_s: 0: as planned. */
static GVariant *
describe_event (const RegiaConfigValues *config, gint64 end_s)
{
  static const RegiaConfigValues nothing = {0};
  static const char *const no_languages[] = {NULL};
  const RegiaConfigValues *values = config != NULL ? config : &nothing;
  const char *const *languages = (const char *const *)values->languages;
  g_autofree char *start = regia_status_format_time (values, values->start_s);
  g_autofree char *end = regia_status_format_time (values, end_s != 0 ? end_s : values->end_s);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_text (&dict, "name", values->name);
  add_text (&dict, "place", values->place);
  add_text (&dict, "start", start);
  add_text (&dict, "end", end);
  add_text (&dict, "timezone", values->timezone);
  g_variant_dict_insert_value (&dict, "languages",
                               g_variant_new_strv (languages != NULL ? languages : no_languages, -1));
  return g_variant_dict_end (&dict);
}

static GVariant *
describe_next (GVariant *next)
{
  static const char *const keys[] = {"name", "place", "start", "end"};
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (guint i = 0; g_variant_n_children (next) > 0 && i < G_N_ELEMENTS (keys); i++)
    add_text (&dict, keys[i], regia_json_get_string (next, keys[i]));
  return g_variant_dict_end (&dict);
}

/* Relative to the pages. Each show has addresses of its own: a cache may keep what it has of the one before.
 */
static GVariant *
describe_streams (const char *show)
{
  g_autofree char *hls = g_strdup_printf ("live/%s/index.m3u8", show);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (show[0] != '\0')
    add_text (&dict, "hls", hls);
  return g_variant_dict_end (&dict);
}

/* Where the session's place was taken the recorder has found another. */
static char *
name_recording (const RegiaStatusInput *input)
{
  g_autoptr (GVariant) recorder = regia_processes_get_state (input->processes, "recorder");
  const char *session = regia_json_get_string (recorder, "session");

  if (!input->config->record)
    return g_strdup ("");
  return g_strdup (session[0] != '\0' ? session : input->show->session);
}

GVariant *
regia_status_build_public (const RegiaStatusInput *input)
{
  RegiaShowState shown = input->show->state;
  gboolean hidden = input->hidden || shown == REGIA_SHOW_REHEARSAL;
  gboolean on = !hidden && shown != REGIA_SHOW_STANDBY;
  g_autofree char *wall = regia_time_format_iso (regia_clock_realtime_ns ());
  g_autofree char *recording = on ? name_recording (input) : g_strdup ("");
  const char *show = on ? input->show->id : "";
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (
      &dict, "event",
      describe_event (hidden ? input->hall : input->config, hidden ? 0 : input->desired->end_s));
  g_variant_dict_insert_value (&dict, "next", describe_next (input->next));
  add_text (&dict, "state",
            hidden ? regia_show_state_to_string (REGIA_SHOW_STANDBY) : regia_status_state (input));
  add_text (&dict, "wall", wall);
  add_text (&dict, "show", show);
  add_text (&dict, "recording", recording);
  g_variant_dict_insert_value (&dict, "streams", describe_streams (show));
  g_variant_dict_insert_value (&dict, "talks",
                               regia_status_describe_talks (on ? input->config->talks : NULL));
  g_variant_dict_insert (&dict, "talk", "x", on ? input->desired->talk : (gint64)0);
  add_text (&dict, "notice", on ? input->desired->notice : "");
  return g_variant_dict_end (&dict);
}
