/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-pull"

#include "regia/pull/pull.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/scrub.h"
#include "regia/isolate/isolate.h"
#include "regia/mux/pull.h"

/*
 * The process around regia_pull_run(): what a server sends is taken apart here and not in the engine, which
 * is in no danger from it, nor from a library that waits for the network when it should end.
 */

#define MEMORY_BYTES  (G_GUINT64_CONSTANT (512) << 20)
#define REQUEST_BYTES 16384

typedef struct {
  char text[REQUEST_BYTES];
  RegiaPullTarget target; /* into it */
} Request;

static gboolean
take_line (Request *self, char *line)
{
  char *value = strchr (line, '=');

  if (value == NULL)
    return FALSE;
  *value++ = '\0';
  if (g_str_equal (line, "url"))
    self->target.url = value;
  else if (g_str_equal (line, "language"))
    self->target.language = *value != '\0' ? value : NULL;
  else if (g_str_equal (line, "height"))
    self->target.most_lines = (guint)g_ascii_strtoull (value, NULL, 10);
  else if (g_str_equal (line, "timeout"))
    self->target.timeout_ms = (guint)g_ascii_strtoull (value, NULL, 10);
  else
    return FALSE;
  return TRUE;
}

static gboolean
read_request (Request *self, GError **error)
{
  gsize length = fread (self->text, 1, sizeof self->text - 1, stdin);
  gboolean good = feof (stdin) != 0;
  char *rest = self->text;

  self->text[length] = '\0';
  while (good && *rest != '\0') {
    char *line = rest, *end = strchr (line, '\n');

    good = end != NULL;
    if (!good)
      break;
    *end = '\0';
    rest = end + 1;
    good = take_line (self, line);
  }
  if (good && self->target.url != NULL && self->target.timeout_ms > 0)
    return TRUE;
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                       "`regia child pull` is started by the engine alone");
  return FALSE;
}

int
regia_pull_main (int argc, char **argv)
{
  static Request request;
  const RegiaIsolation isolation = {.connects = TRUE, .memory_bytes = MEMORY_BYTES, .oom_score_adj = 200};
  RegiaIsolated isolated;
  g_autoptr (GError) error = NULL;

  prctl (PR_SET_NAME, "regia-pull", 0, 0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  signal (SIGPIPE, SIG_IGN);
  if (read_request (&request, &error) && regia_isolate (&isolation, &isolated, &error))
    regia_pull_run (&request.target, STDOUT_FILENO, &error);
  regia_scrub_error (error, NULL);
  fprintf (stderr, "%s\n", error->message);
  return regia_error_exit_status (error);
}
