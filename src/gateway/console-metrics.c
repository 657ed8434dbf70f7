/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "console-private.h"
#include "regia/base/json.h"

/*
 * The status as Prometheus reads it: the text format (version 0.0.4), in base units (seconds, bytes), what
 * only grows named _total. Each metric is a row; what it is of, the row says: a part of the status, or the
 * entries of one of its lists.
 */

/* How a value of the status becomes a number. */
typedef enum {
  NUMBER,
  MS,    /* to seconds */
  BOOL,  /* 1 or 0 */
  STATE, /* 1 where it is the word that the row names */
} Kind;

typedef struct {
  const char *name, *help;
  const char *part; /* (nullable): of the status, or a list of it */
  const char *key;
  Kind kind;
  const char *label; /* (nullable): of the entries of a list: how the label that has their name is called */
  const char *state; /* of STATE */
} Metric;

#define ENGINE(name, help, key) {"regia_engine_" name, help, "engine", key, NUMBER, NULL, NULL}
#define RECORDER(name, help, key, kind)                                                                      \
  {"regia_recorder_" name, help, "recorder", key, kind, NULL, "recording"}
#define GATEWAY(name, help, key)     {"regia_gateway_" name, help, "gateway", key, NUMBER, NULL, NULL}
#define RELAY(name, help, key, kind) {"regia_relay_" name, help, "relays", key, kind, "relay", "live"}
#define PROCESS(name, help, key, kind)                                                                       \
  {"regia_process_" name, help, "processes", key, kind, "process", "running"}

static const Metric metrics[] = {
    {"regia_on_air", "Whether an event is on the air", NULL, "state", STATE, NULL, "on-air"},
    {"regia_show_time_seconds", "Time since the show began", NULL, "show-time-ms", MS, NULL, NULL},
    {"regia_private", "Whether viewers get the slate", "desired", "private", BOOL, NULL, NULL},
    {"regia_paused", "Whether the recording is paused", "desired", "paused", BOOL, NULL, NULL},
    ENGINE ("frames_total", "Pictures of the programme that were encoded", "frames"),
    ENGINE ("dropped_frames_total", "Pictures that were lost because encoding did not keep up",
            "frames-dropped"),
    RECORDER ("recording", "Whether it records", "state", STATE),
    RECORDER ("recorded_seconds", "Length of what is on disk", "recorded-ms", MS),
    RECORDER ("last_fragment_age_seconds", "Since when nothing has reached the disk", "last-fragment-age-ms",
              MS),
    RECORDER ("gaps_total", "Gaps in the recording", "gaps", NUMBER),
    RECORDER ("gap_seconds_total", "Length of all gaps", "gap-ms", MS),
    RECORDER ("free_bytes", "Free on its disk", "free-bytes", NUMBER),
    RECORDER ("left_seconds", "Time left on disk", "left-ms", MS),
    GATEWAY ("viewers", "Who watches", "viewers"),
    GATEWAY ("connections", "Connections of viewers", "connections"),
    GATEWAY ("requests_total", "Requests of viewers", "requests"),
    GATEWAY ("refused_total", "Requests and connections that were refused", "refused"),
    GATEWAY ("sent_bytes_total", "What viewers were sent", "bytes-sent"),
    RELAY ("live", "Whether it pushes", "state", STATE),
    RELAY ("dropped_packets_total", "Packets that were skipped", "dropped", NUMBER),
    PROCESS ("up", "Whether it runs", "state", STATE),
    PROCESS ("restarts_total", "Times it was started again", "restarts", NUMBER),
    PROCESS ("resident_memory_bytes", "What it has in memory", "rss-bytes", NUMBER),
    PROCESS ("cpu_seconds_total", "Processor time of its present run", "cpu-ms", MS),
};

/* FALSE: it says nothing of that now. */
static gboolean
read_value (GVariant *dict, const Metric *metric, double *ret_value)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dict, metric->key, NULL);

  if (value == NULL)
    return FALSE;
  if (metric->kind == STATE)
    *ret_value = strcmp (regia_json_get_string (dict, metric->key), metric->state) == 0;
  else if (metric->kind == BOOL)
    *ret_value = regia_json_get_boolean (dict, metric->key);
  else
    *ret_value = regia_json_get_double (dict, metric->key) / (metric->kind == MS ? 1000 : 1);
  return TRUE;
}

/* `{label="name"}`: backslash, quote and line feed are escaped. */
static void
append_label (GString *text, const char *label, const char *name)
{
  g_string_append_printf (text, "{%s=\"", label);
  for (const char *c = name; *c != '\0'; c++)
    if (*c == '\n')
      g_string_append (text, "\\n");
    else if (*c == '\\' || *c == '"')
      g_string_append_printf (text, "\\%c", *c);
    else
      g_string_append_c (text, *c);
  g_string_append (text, "\"}");
}

static void
append_sample (GString *text, const Metric *metric, GVariant *dict)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  double value;

  if (!read_value (dict, metric, &value))
    return;
  g_string_append (text, metric->name);
  if (metric->label != NULL)
    append_label (text, metric->label, regia_json_get_string (dict, "name"));
  g_string_append_printf (text, " %s\n", g_ascii_dtostr (number, sizeof number, value));
}

static void
append_metric (GString *text, const Metric *metric, GVariant *status)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                          g_str_has_suffix (metric->name, "_total") ? "counter" : "gauge");
  if (metric->part == NULL) {
    append_sample (text, metric, status);
  } else if (metric->label == NULL) {
    g_autoptr (GVariant) part = g_variant_lookup_value (status, metric->part, G_VARIANT_TYPE_VARDICT);

    if (part != NULL)
      append_sample (text, metric, part);
  } else {
    g_autoptr (GPtrArray) list = regia_json_get_list (status, metric->part);

    for (guint i = 0; list != NULL && i < list->len; i++)
      append_sample (text, metric, list->pdata[i]);
  }
}

static void
append_alarms (GString *text, GVariant *status)
{
  static const char *const severities[] = {"critical", "warning"};
  g_autoptr (GPtrArray) alarms = regia_json_get_list (status, "alarms");

  g_string_append (text, "# HELP regia_alarms How many alarms are raised\n# TYPE regia_alarms gauge\n");
  for (guint i = 0; i < G_N_ELEMENTS (severities); i++) {
    guint n = 0;

    for (guint j = 0; alarms != NULL && j < alarms->len; j++)
      n += g_str_equal (regia_json_get_string (alarms->pdata[j], "severity"), severities[i]);
    g_string_append (text, "regia_alarms");
    append_label (text, "severity", severities[i]);
    g_string_append_printf (text, " %u\n", n);
  }
}

char *
regia_console_metrics (GVariant *status)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GVariant) warnings = g_variant_lookup_value (status, "warnings", G_VARIANT_TYPE_STRING_ARRAY);

  g_string_append (
      text, "# HELP regia_build_info Which version runs\n# TYPE regia_build_info gauge\nregia_build_info");
  append_label (text, "version", regia_json_get_string (status, "version"));
  g_string_append_printf (text,
                          " 1\n# HELP regia_warnings How many things a technician should know now\n"
                          "# TYPE regia_warnings gauge\nregia_warnings %zu\n",
                          warnings != NULL ? g_variant_n_children (warnings) : 0);
  append_alarms (text, status);
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    append_metric (text, &metrics[i], status);
  return g_string_free (text, FALSE);
}
