/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/cli/cli.h"

static guint64
number (GVariant *dict, const char *key)
{
  guint64 value = 0;

  if (dict != NULL)
    g_variant_lookup (dict, key, "t", &value);
  return value;
}

static const char *
text (GVariant *dict, const char *key)
{
  const char *value = "";

  if (dict != NULL)
    g_variant_lookup (dict, key, "&s", &value);
  return value;
}

static char *
format_duration (guint64 ms)
{
  guint64 s = ms / 1000;

  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%02u:%02u", s / 3600, (guint)(s / 60 % 60), (guint)(s % 60));
}

static void
append_recording (GString *line, GVariant *recorder)
{
  const char *state = text (recorder, "state"), *message = text (recorder, "message");
  guint64 age_ms = number (recorder, "last-fragment-age-ms");
  g_autofree char *recorded = format_duration (number (recorder, "recorded-ms"));

  if (state[0] == '\0') {
    g_string_append (line, " · NOT RECORDING");
  } else if (g_str_equal (state, "recording")) {
    guint64 left_minutes = number (recorder, "left-ms") / 60000;

    if (age_ms > 5000)
      g_string_append_printf (line, " · NOTHING ON DISK for %" G_GUINT64_FORMAT " s", age_ms / 1000);
    else
      g_string_append_printf (line, " · recording %s", recorded);
    if (number (recorder, "left-ms") > 0) /* known: some seconds have been written */
      g_string_append_printf (line, " · disk full in %" G_GUINT64_FORMAT ":%02u h", left_minutes / 60,
                              (guint)(left_minutes % 60));
  } else if (g_str_equal (state, "finishing")) {
    g_string_append_printf (line, " · finishing the recording: %" G_GUINT64_FORMAT " %%",
                            number (recorder, "finishing-percent"));
  } else {
    g_string_append_printf (line, " · recorder %s%s%s", state, message[0] != '\0' ? ": " : "", message);
  }
}

/* Nothing is on: what comes. */
static void
append_next (GString *line, GVariant *status)
{
  g_autoptr (GVariant) next = g_variant_lookup_value (status, "next", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GDateTime) start = g_date_time_new_from_iso8601 (text (next, "start"), NULL);
  g_autofree char *when = start != NULL ? g_date_time_format (start, "%Y-%m-%d %H:%M") : NULL;

  if (when == NULL)
    g_string_append (line, "standby · no event is planned");
  else
    g_string_append_printf (line, "standby · next: %s, %s", text (next, "name"), when);
}

static gboolean
is_private (GVariant *status)
{
  g_autoptr (GVariant) desired = g_variant_lookup_value (status, "desired", G_VARIANT_TYPE_VARDICT);
  gboolean on = FALSE;

  return desired != NULL && g_variant_lookup (desired, "private", "b", &on) && on;
}

char *
regia_cli_status_line (GVariant *status)
{
  g_autoptr (GVariant) recorder = g_variant_lookup_value (status, "recorder", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) gateway = g_variant_lookup_value (status, "gateway", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) warnings = g_variant_lookup_value (status, "warnings", G_VARIANT_TYPE_STRING_ARRAY);
  guint64 now_ms = number (status, "show-time-ms"), aired_ms = number (status, "aired-ms");
  g_autofree char *on_air = format_duration (now_ms > aired_ms ? now_ms - aired_ms : 0);
  GString *line = g_string_new (NULL);
  guint64 viewers = number (gateway, "viewers");

  if (g_str_equal (text (status, "state"), "standby")) {
    append_next (line, status);
  } else {
    g_string_append_printf (line, "%s %s", text (status, "state"), on_air);
    if (is_private (status))
      g_string_append (line, " · PRIVATE");
    if (g_str_equal (text (status, "state"), "rehearsal"))
      g_string_append (line, " · nobody sees this, nothing is recorded");
    else
      append_recording (line, recorder);
  }
  g_string_append_printf (line, " · %" G_GUINT64_FORMAT " viewer%s", viewers, viewers == 1 ? "" : "s");
  if (warnings != NULL && g_variant_n_children (warnings) > 0) {
    const char *worst;

    g_variant_get_child (warnings, 0, "&s", &worst);
    g_string_append_printf (line, " · ! %s", worst);
    if (g_variant_n_children (warnings) > 1)
      g_string_append_printf (line, " (and %" G_GSIZE_FORMAT " more)", g_variant_n_children (warnings) - 1);
  }
  return g_string_free (line, FALSE);
}
