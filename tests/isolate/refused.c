/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a gateway or a relay that was taken over would do next. Each call is made twice by a process of its
 * own: without isolation it gets somewhere, so that the line can fail; shut in as the gateway, or the relay,
 * it is refused.
 */
#include "refused.h"

#include <string.h>
#include <unistd.h>

static gboolean
is_refusal (int code)
{
  return code == EPERM || code == EACCES || code == ENOSYS || code == EKEYREJECTED;
}

static void
test_line (gconstpointer data)
{
  const Line *line = data;
  const Role roles[] = {GATEWAY, RELAY};
  int code;

  g_test_message ("%s: %s", line->name, line->harm);
  {
    g_auto (Place) place = {0};

    place_make (&place);
    code = place_run (&place, 0, line->call);
    if (line->root && getuid () != 0 && code != 0)
      g_test_message ("only root gets anywhere: %s", g_strerror (code));
    else if (code != 0)
      g_test_message ("without isolation: %s", g_strerror (code));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (roles); i++) {
    g_auto (Place) place = {0};
    int inside;

    if ((line->roles & roles[i]) == 0)
      continue;
    place_make (&place);
    inside = place_run (&place, roles[i], line->call);
    if (!is_refusal (inside))
      g_error ("%s is not refused: it %s (%s)", line->name, line->harm, g_strerror (inside));
  }
  if (is_refusal (code)) {
    if (line->root && getuid () != 0)
      return;
    g_autofree char *why = g_strdup_printf ("this machine refuses it to everybody: %s", g_strerror (code));
    g_test_skip (why);
  }
}

static void
add (const Line *table)
{
  for (const Line *line = table; line->name != NULL; line++) {
    g_autofree char *path = g_strdelimit (g_strdup (line->name), "/ ", '-');
    g_autofree char *name = g_strconcat ("/isolate/refused/", path, NULL);

    g_test_add_data_func (name, line, test_line);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add (refused_files);
  add (refused_processes);
  add (refused_connections);
  return g_test_run ();
}
