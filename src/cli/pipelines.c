/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <stdio.h>

#include "regia/cli/cli.h"
#include "regia/config/pipeline.h"
#include "regia/engine/check.h"

static void
print_params (const RegiaPipelineFile *file)
{
  for (guint i = 0; i < file->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (file->params, i);
    g_autofree char *value = param->default_value == NULL
                                 ? g_strdup (" (must be given)")
                                 : g_strdup_printf ("=%s", param->secret ? "" : param->default_value);
    g_autofree char *name = g_strconcat (param->name, value, NULL);

    printf ("    %-24s %s\n", name, param->help);
  }
}

/* What it needs, and why it cannot run here. FALSE when it cannot, although it should: hardware that there is
 * not is no fault. */
static gboolean
print_needs (const RegiaPipelineFile *file)
{
  g_autofree char *needs = g_strjoinv (" ", file->needs);
  g_autoptr (GPtrArray) missing = regia_engine_missing_elements (file);
  gboolean hardware = regia_engine_needs_hardware (file);
  g_autoptr (GError) error = NULL;

  printf ("    needs: %s\n", needs[0] != '\0' ? needs : "nothing");
  for (guint i = 0; i < missing->len; i++)
    printf ("    %s: %s\n", hardware ? "not here" : "missing", (const char *)g_ptr_array_index (missing, i));
  if (missing->len > 0)
    return hardware;
  if (regia_engine_check_pipeline (file, NULL, &error))
    return TRUE;
  printf ("    faulty: %s\n", error->message);
  return FALSE;
}

int
regia_cli_pipelines (int argc, char **argv)
{
  GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
  g_autoptr (GPtrArray) files = NULL, faults = NULL;
  g_autofree char *folder = NULL;
  guint broken = 0;
  int exit_status;

  if (!regia_cli_parse (
          "pipelines", "",
          "Lists the pipeline files: what each does, its parameters, what it needs and what of that is "
          "missing here. Exit status 69 when something is missing that can be installed.",
          entries, &argc, &argv, &exit_status))
    return exit_status;
  if (argc > 1) {
    fprintf (stderr, "regia: pipelines takes no arguments; `regia pipelines --help` says more\n");
    return 64;
  }

  folder = regia_pipeline_folder ();
  files = regia_pipeline_file_list (&faults);
  printf ("Pipeline files in %s\n", folder);
  for (guint i = 0; i < files->len; i++) {
    const RegiaPipelineFile *file = g_ptr_array_index (files, i);

    printf ("\n%s/%s: %s\n", file->kind, file->name, file->summary);
    print_params (file);
    if (!print_needs (file))
      broken++;
  }
  for (guint i = 0; i < faults->len; i++)
    printf ("\nfaulty: %s\n", (const char *)g_ptr_array_index (faults, i));
  if (files->len == 0 && faults->len == 0)
    printf ("\nThere are none; $REGIA_PIPELINES names another folder\n");
  if (broken + faults->len > 0)
    printf ("\n%u of %u cannot run on this machine\n", broken + faults->len, files->len + faults->len);
  return broken + faults->len > 0 || files->len == 0 ? 69 : 0;
}
