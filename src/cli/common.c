/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "regia/base/error.h"
#include "regia/cli/cli.h"

char *
regia_cli_state_dir (const char *option)
{
  const char *systemd = g_getenv ("STATE_DIRECTORY");

  if (option != NULL)
    return g_canonicalize_filename (option, NULL);
  if (systemd != NULL && systemd[0] != '\0') {
    g_auto (GStrv) folders = g_strsplit (systemd, ":", 2);
    return g_strdup (folders[0]);
  }
  return g_build_filename (g_get_user_state_dir (), "regia", NULL);
}

int
regia_cli_fail (const GError *error)
{
  fprintf (stderr, "regia: %s\n", error->message);
  return regia_error_exit_status (error);
}

gboolean
regia_cli_parse (const char *command, const char *arguments, const char *summary, GOptionEntry *entries,
                 int *argc, char ***argv, int *ret_status)
{
  g_autofree char *program = g_strdup_printf ("regia %s", command);
  g_autoptr (GOptionContext) context = g_option_context_new (arguments);
  g_autoptr (GError) error = NULL;

  /* GOption takes the program's name in the usage line from here. */
  g_set_prgname (program);
  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, argc, argv, &error))
    return TRUE;
  fprintf (stderr, "regia: %s; `regia %s --help` lists the options\n", error->message, command);
  *ret_status = regia_error_exit_status (error);
  return FALSE;
}
