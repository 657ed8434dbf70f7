/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/cli/cli.h"
#include "regia/engine/check.h"

/*
 * Whether the slate can be drawn is found out by drawing it, in a short-lived child with limits (`regia child
 * slate FILE WIDTHxHEIGHT`, of the logo `… FILE logo`): `regia run` goes on as the director, which decodes
 * nothing that somebody made.
 */

#define CHILD_S 20 /* of the clock, and of the processor */
#define CHILD_BYTES                                                                                          \
  (1u << 30) /* above what the program takes anyway: decoder and both pictures are 400 MB at most */

static void
limit (int resource, rlim_t most)
{
  const struct rlimit value = {most, most};

  (void)setrlimit ((__rlimit_resource_t)resource, &value);
}

/* What is mapped already: a sanitizer alone maps terabytes. */
static rlim_t
mapped_bytes (void)
{
  g_autofree char *text = NULL;
  unsigned long pages = 0;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) || sscanf (text, "%lu", &pages) != 1)
    return RLIM_INFINITY - CHILD_BYTES;
  return (rlim_t)pages * (rlim_t)sysconf (_SC_PAGESIZE);
}

int
regia_cli_slate_main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  guint width = 0, height = 0;
  gboolean logo;

  logo = argc == 3 && g_str_equal (argv[2], "logo");
  if (argc != 3 || (!logo && sscanf (argv[2], "%ux%u", &width, &height) != 2))
    return 64;
  alarm (CHILD_S);
  limit (RLIMIT_CPU, CHILD_S);
  limit (RLIMIT_CORE, 0);
  limit (RLIMIT_AS, mapped_bytes () + CHILD_BYTES);
  if (logo ? regia_engine_check_logo (argv[1], &error)
           : regia_engine_check_slate (argv[1], width, height, &error))
    return 0;
  printf ("%s", error->message);
  return regia_error_exit_status (error);
}

/* @how: for the child: WIDTHxHEIGHT, or logo. */
static gboolean
check_picture (RegiaConfig *config, const char *group, const char *key, const char *path, const char *how,
               GError **error)
{
  g_autofree char *where = NULL, *words = NULL;
  g_autoptr (GSubprocess) child = NULL;
  int status;

  if (path == NULL)
    return TRUE;
  where = regia_config_where (config, group, key);
  child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, error,
                            "/proc/self/exe", "child", "slate", path, how, NULL);
  if (child == NULL || !g_subprocess_communicate_utf8 (child, NULL, NULL, &words, NULL, error)) {
    g_prefix_error (error, "%scannot be tried: ", where);
    return FALSE;
  }
  status = g_subprocess_get_if_exited (child) ? g_subprocess_get_exit_status (child) : -1;
  if (status == 0)
    return TRUE;
  if (words[0] != '\0')
    g_set_error (error, REGIA_ERROR, status == 69 ? REGIA_ERROR_UNAVAILABLE : REGIA_ERROR_CONFIG, "%s%s",
                 where, words);
  else
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
                 "%s%s cannot be decoded, and what tried to was stopped; save it anew as PNG or JPEG", where,
                 path);
  return FALSE;
}

gboolean
regia_cli_check_slate (RegiaConfig *config, GError **error)
{
  const RegiaConfigValues *values = regia_config_get (config);
  g_autofree char *size = g_strdup_printf ("%ux%u", values->width, values->height);

  return check_picture (config, "programme", "slate", values->slate, size, error) &&
         check_picture (config, "look", "logo", values->look_logo, "logo", error);
}
