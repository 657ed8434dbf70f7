/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/automix-private.h"

#include <string.h>

#include "regia/base/clock.h"

/* How loud it is in each tenth of a second, and what is decided then: '#' loud, '.' silent, '^' heard or
 * lowered, ' ' not. */
typedef struct {
  const char *name, *loud, *wanted;
} Case;

#define LOUD   (-20.0)
#define SILENT (-60.0)
#define EDGE   (-50.0)

static void
run (const Case *c, gboolean is_backup)
{
  RegiaBackup backup = {0};
  RegiaDuck duck = {0};

  g_assert_cmpuint (strlen (c->loud), ==, strlen (c->wanted));
  for (guint i = 0; c->loud[i] != '\0'; i++) {
    gint64 now_ns = REGIA_SECOND + i * 100 * REGIA_MSECOND;
    double db = c->loud[i] == '#' ? LOUD : c->loud[i] == '=' ? EDGE : SILENT;
    gboolean found = is_backup ? regia_backup_decide (&backup, db, EDGE, 500 * REGIA_MSECOND, now_ns)
                               : regia_duck_decide (&duck, db, EDGE, now_ns);

    if (found != (c->wanted[i] == '^'))
      g_error ("%s, step %u: %d", c->name, i, found);
  }
}

static void
test_backup (void)
{
  static const Case cases[] = {
      {"silent from the beginning", "..........", "     ^^^^^"},
      {"a pause that is short enough", "##....####", "          "},
      {"and one that is not", "##......##", "       ^  "},
      {"on the edge is silent", "#======#", "      ^ "},
      {"one moment of sound begins it anew", "......#......", "     ^      ^"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    run (&cases[i], TRUE);
}

static void
test_duck (void)
{
  static const Case cases[] = {
      {"nobody", "...........", "           "},
      {"one word", "#...........", "^^^^^^^^^^  "},
      {"pauses between words", "..#....#.........#..........", "  ^^^^^^^^^^^^^^^^^^^^^^^^^ "},
      {"on the edge is nobody", "======", "      "},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    run (&cases[i], FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/automix/backup", test_backup);
  g_test_add_func ("/engine/automix/duck", test_duck);
  return g_test_run ();
}
