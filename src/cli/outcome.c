/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "regia/cli/cli.h"

static const char *
lookup (GVariant *dict, const char *key)
{
  const char *value = "";

  if (dict != NULL)
    g_variant_lookup (dict, key, "&s", &value);
  return value;
}

/* One that had nothing to do is none: the event had ended, recording and all, before this run of Regia. */
static gboolean
has_recorder (GVariant *status, GVariant *recorder)
{
  gboolean served = strcmp (lookup (status, "state"), "ended") == 0 && recorder != NULL &&
                    g_variant_n_children (recorder) == 0;
  g_autoptr (GVariant) processes = g_variant_lookup_value (status, "processes", G_VARIANT_TYPE ("av"));

  for (gsize i = 0; processes != NULL && i < g_variant_n_children (processes); i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (processes, i);
    g_autoptr (GVariant) process = g_variant_get_variant (boxed);

    if (strcmp (lookup (process, "name"), "recorder") == 0)
      return !served || lookup (process, "last-exit")[0] != '\0';
  }
  return FALSE;
}

static gboolean
has_files (GVariant *recorder)
{
  g_autoptr (GVariant) files = g_variant_lookup_value (recorder, "files", G_VARIANT_TYPE_STRING_ARRAY);

  return files != NULL && g_variant_n_children (files) > 0;
}

RegiaCliOutcome
regia_cli_outcome (GVariant *status, char **ret_good, char **ret_bad)
{
  g_autoptr (GVariant) recorder = g_variant_lookup_value (status, "recorder", G_VARIANT_TYPE_VARDICT);
  const char *path = lookup (recorder, "path"), *message = lookup (recorder, "message");
  gboolean whole = TRUE;

  *ret_good = *ret_bad = NULL;
  if (strcmp (lookup (status, "state"), "standby") == 0) {
    *ret_good = g_strdup ("No event was on");
    return REGIA_CLI_OUTCOME_WELL;
  }
  if (strcmp (lookup (status, "state"), "rehearsal") == 0) {
    *ret_good = g_strdup ("The rehearsal is over; nothing was recorded");
    return REGIA_CLI_OUTCOME_WELL;
  }
  if (!has_recorder (status, recorder)) {
    *ret_good = g_strdup ("The event is over");
    return REGIA_CLI_OUTCOME_WELL;
  }
  if (strcmp (lookup (recorder, "state"), "finished") != 0) {
    *ret_good = g_strdup ("The event is over");
    *ret_bad = g_strdup_printf ("the recording is not finished%s%s%s%s%s",
                                path[0] != '\0' ? "; it is in " : "", path, message[0] != '\0' ? ": " : "",
                                message, message[0] != '\0' ? "" : "; the next start of Regia finishes it");
    return REGIA_CLI_OUTCOME_UNFINISHED;
  }
  g_variant_lookup (recorder, "whole", "b", &whole);
  if (has_files (recorder))
    *ret_good = g_strdup_printf ("The event is over; the recording is in %s", path);
  else
    *ret_good = g_strdup_printf ("The event is over; there is no recording%s%s",
                                 message[0] != '\0' ? ": " : "", message);
  if (whole)
    return REGIA_CLI_OUTCOME_WELL;
  *ret_bad = g_strdup_printf ("the recording is not complete: %s", message);
  return REGIA_CLI_OUTCOME_INCOMPLETE;
}

int
regia_cli_say_outcome (GVariant *status)
{
  g_autofree char *good = NULL;
  g_autofree char *bad = NULL;
  RegiaCliOutcome outcome = regia_cli_outcome (status, &good, &bad);

  printf ("%s\n", good);
  fflush (stdout);
  if (bad != NULL)
    fprintf (stderr, "regia: %s\n", bad);
  return outcome == REGIA_CLI_OUTCOME_WELL ? EX_OK : EX_DATAERR;
}
