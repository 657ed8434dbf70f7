/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may what, all of it written out. */
#include "regia/control/role.h"

static const struct {
  RegiaAction action;
  gboolean may[REGIA_ROLES]; /* viewer, staff, technician */
} rights[] = {
    {REGIA_ACTION_WATCH, {TRUE, TRUE, TRUE}},
    {REGIA_ACTION_LIBRARY, {FALSE, TRUE, TRUE}},
    {REGIA_ACTION_OBSERVE, {FALSE, FALSE, TRUE}},
    {REGIA_ACTION_COMMAND, {FALSE, FALSE, TRUE}},
};

static void
test_rights (void)
{
  g_assert_cmpuint (G_N_ELEMENTS (rights), ==, REGIA_ACTIONS);
  for (guint i = 0; i < G_N_ELEMENTS (rights); i++)
    for (guint role = 0; role < REGIA_ROLES; role++)
      g_assert_cmpint (regia_role_may ((RegiaRole)role, rights[i].action), ==, rights[i].may[role]);
}

/* A value that came from elsewhere and is none of them allows nothing. */
static void
test_others (void)
{
  for (int action = -1; action <= (int)REGIA_ACTIONS; action++) {
    g_assert_false (regia_role_may ((RegiaRole)-1, (RegiaAction)action));
    g_assert_false (regia_role_may ((RegiaRole)REGIA_ROLES, (RegiaAction)action));
  }
  g_assert_false (regia_role_may (REGIA_ROLE_TECHNICIAN, (RegiaAction)-1));
  g_assert_false (regia_role_may (REGIA_ROLE_TECHNICIAN, (RegiaAction)REGIA_ACTIONS));
}

static void
test_words (void)
{
  static const char *const none[] = {"", "Staff", "staff ", "admin", "technicians", "1"};
  RegiaRole role;

  for (guint i = 0; i < REGIA_ROLES; i++) {
    g_assert_true (regia_role_parse (regia_role_to_string ((RegiaRole)i), &role));
    g_assert_cmpint (role, ==, i);
  }
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_false (regia_role_parse (none[i], &role));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/role/rights", test_rights);
  g_test_add_func ("/control/role/others", test_others);
  g_test_add_func ("/control/role/words", test_words);
  return g_test_run ();
}
