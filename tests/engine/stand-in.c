/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../src/engine/stand-in-private.h"

#include <string.h>

#include "regia/base/clock.h"

/* How the scene and its backup are in each tenth of a second, and what is shown then: '#' well, '.' in
 * trouble, 'h' in trouble and held by people, 'x' both in trouble; '^' the backup, ' ' the scene. */
static const struct {
  const char *name, *seen, *wanted;
} cases[] = {
    {"in trouble from the beginning", "..........", "     ^^^^^"},
    {"a falter that is short enough", "##....####", "          "},
    {"given back when it has been well for long enough", "#........#########", "      ^^^^^^      "},
    {"one good moment is not enough", ".......#.##.####", "     ^^^^^^^^^^ "},
    {"the trouble begins anew with each good moment", "....#....#....", "              "},
    {"people want it as it is", "......hhhhh", "     ^     "},
    {"and no more", "..hhh........", "          ^^^"},
    {"a backup that is no better is not shown", "xxxxxxxxxx", "          "},
    {"until it is", "xxxxxxx...", "       ^^^"},
    {"and stays, whatever becomes of it", "......xxxxxx", "     ^^^^^^^"},
};

static void
test_decide (void)
{
  const RegiaConfigScene scene = {.backup_after_ms = 500, .backup_until_ms = 300};

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    RegiaStandIn self = {0};
    g_autofree char *shown = g_strdup (cases[i].seen);

    g_assert_cmpuint (strlen (cases[i].seen), ==, strlen (cases[i].wanted));
    for (guint j = 0; shown[j] != '\0'; j++) {
      char seen = cases[i].seen[j];

      shown[j] = regia_stand_in_decide (&self, &scene, seen != '#', seen == 'x', seen == 'h',
                                        REGIA_SECOND + j * 100 * REGIA_MSECOND)
                     ? '^'
                     : ' ';
    }
    g_test_message ("%s", cases[i].name);
    g_assert_cmpstr (shown, ==, cases[i].wanted);
  }
}

static void
test_words (void)
{
  static char lost[] = "lost", black[] = "black", frozen[] = "frozen";
  static const struct {
    char *when[4];
    RegiaPictureTrouble trouble;
    const char *words;
  } rows[] = {
      {{lost}, {FALSE, FALSE, 0}, NULL},
      {{lost}, {TRUE, FALSE, 0}, "lost"},
      {{lost}, {FALSE, TRUE, 60 * REGIA_SECOND}, NULL},
      {{black, frozen}, {TRUE, FALSE, 0}, NULL},
      {{lost, black, frozen}, {FALSE, TRUE, 60 * REGIA_SECOND}, "black"},
      {{frozen}, {FALSE, FALSE, 499 * REGIA_MSECOND}, NULL},
      {{frozen}, {FALSE, FALSE, 500 * REGIA_MSECOND}, "frozen"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const RegiaConfigScene scene = {.backup_when = (char **)rows[i].when, .backup_after_ms = 500};

    g_assert_cmpstr (regia_stand_in_words (&scene, &rows[i].trouble), ==, rows[i].words);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/stand-in/decide", test_decide);
  g_test_add_func ("/engine/stand-in/words", test_words);
  return g_test_run ();
}
