/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "regia/cli/cli.h"

#define PROCESSES "'processes': <[<{'name': <'recorder'>}>]>"

static void
test_outcome (void)
{
  static const struct {
    const char *status;
    RegiaCliOutcome outcome;
    const char *good, *bad; /* bad: NULL none */
  } cases[] = {
      {"{" PROCESSES
       ", 'recorder': <{'state': <'finished'>, 'message': <''>, 'whole': <true>, 'path': <'/r/s'>, "
       "'files': <['programme.mp4']>}>}",
       REGIA_CLI_OUTCOME_WELL, "recording is in /r/s", NULL},
      {"{" PROCESSES
       ", 'recorder': <{'state': <'finished'>, 'message': <'4 s are missing'>, 'whole': <false>, "
       "'path': <'/r/s'>, 'files': <['programme.mp4']>}>}",
       REGIA_CLI_OUTCOME_INCOMPLETE, "recording is in /r/s", "not complete: 4 s are missing"},
      {"{" PROCESSES
       ", 'recorder': <{'state': <'finished'>, 'message': <'Nothing was recorded'>, 'whole': <true>, "
       "'path': <'/r/s'>, 'files': <@as []>}>}",
       REGIA_CLI_OUTCOME_WELL, "there is no recording", NULL},
      {"{" PROCESSES
       ", 'recorder': <{'state': <'no-space'>, 'message': <'it needs 5 GB'>, 'whole': <true>, 'path': "
       "<'/r/s'>, 'files': <@as []>}>}",
       REGIA_CLI_OUTCOME_UNFINISHED, "is over", "not finished; it is in /r/s: it needs 5 GB"},
      {"{" PROCESSES ", 'recorder': <{'state': <'recording'>, 'message': <''>, 'path': <'/r/s'>}>}",
       REGIA_CLI_OUTCOME_UNFINISHED, "is over", "the next start of Regia finishes it"},
      {"{" PROCESSES ", 'recorder': <@a{sv} {}>}", REGIA_CLI_OUTCOME_UNFINISHED, "is over", "not finished"},
      {"{'processes': <[<{'name': <'engine'>}>]>, 'recorder': <@a{sv} {}>}", REGIA_CLI_OUTCOME_WELL,
       "is over", NULL},
      /* it only served what had ended before; the recorder could not be started */
      {"{" PROCESSES ", 'state': <'ended'>, 'recorder': <@a{sv} {}>}", REGIA_CLI_OUTCOME_WELL, "is over",
       NULL},
      {"{'processes': <[<{'name': <'recorder'>, 'last-exit': <'exit status 69'>}>]>, 'state': <'ended'>, "
       "'recorder': <@a{sv} {}>}",
       REGIA_CLI_OUTCOME_UNFINISHED, "is over", "not finished"},
      /* a Regia that waited for events was ended */
      {"{" PROCESSES ", 'state': <'standby'>, 'recorder': <@a{sv} {}>}", REGIA_CLI_OUTCOME_WELL,
       "No event was on", NULL},
      {"{" PROCESSES ", 'state': <'rehearsal'>, 'recorder': <@a{sv} {}>}", REGIA_CLI_OUTCOME_WELL,
       "nothing was recorded", NULL},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) status =
        g_variant_parse (G_VARIANT_TYPE_VARDICT, cases[i].status, NULL, NULL, &error);
    g_autofree char *good = NULL;
    g_autofree char *bad = NULL;

    g_assert_no_error (error);
    g_assert_cmpint (regia_cli_outcome (status, &good, &bad), ==, cases[i].outcome);
    g_assert_nonnull (strstr (good, cases[i].good));
    g_assert_cmpint (bad != NULL, ==, cases[i].bad != NULL);
    if (bad != NULL)
      g_assert_nonnull (strstr (bad, cases[i].bad));
  }
}

/* In standby the line says what comes. */
static void
test_line (void)
{
  static const struct {
    const char *next, *expected;
  } cases[] = {
      {"<@a{sv} {}>", "standby · no event is planned · 0 viewers"},
      {"<{'name': <'Seconda giornata'>, 'start': <'2027-01-02T10:00:00+01:00'>}>",
       "standby · next: Seconda giornata, 2027-01-02 10:00 · 0 viewers"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = g_strdup_printf ("{'state': <'standby'>, 'next': %s}", cases[i].next);
    g_autoptr (GVariant) status = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
    g_autofree char *line = regia_cli_status_line (status);

    g_assert_cmpstr (line, ==, cases[i].expected);
  }
}

/* A rehearsal is said in words; on the air the time counts from there. */
static void
test_rehearsal (void)
{
  g_autoptr (GVariant) rehearsal = g_variant_ref_sink (g_variant_new_parsed (
      "{'state': <'rehearsal'>, 'show-time-ms': <uint64 65000>, 'recorder': <@a{sv} {}>}"));
  g_autoptr (GVariant) aired = g_variant_ref_sink (g_variant_new_parsed (
      "{'state': <'on-air'>, 'show-time-ms': <uint64 65000>, 'aired-ms': <uint64 60000>}"));
  g_autofree char *before = regia_cli_status_line (rehearsal), *after = regia_cli_status_line (aired);

  g_assert_cmpstr (before, ==, "rehearsal 0:01:05 · nobody sees this, nothing is recorded · 0 viewers");
  g_assert_true (g_str_has_prefix (after, "on-air 0:00:05 · NOT RECORDING"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/outcome", test_outcome);
  g_test_add_func ("/cli/line", test_line);
  g_test_add_func ("/cli/line/rehearsal", test_rehearsal);
  return g_test_run ();
}
