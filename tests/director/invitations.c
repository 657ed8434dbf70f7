/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invitations: good once, for a day, for one name; sessions as they are listed and ended. */
#include "invitations-private.h"

#include <string.h>

#include "sessions-private.h"

#define END_US ((gint64)REGIA_INVITATION_S * G_USEC_PER_SEC)
#define HASH   "$y$j9T$0123456789abcdef$0123456789abcdefghijklmnopqrstuvwxyz0123456"

static void
test_once (void)
{
  g_autoptr (RegiaInvitations) invitations = regia_invitations_new ();
  g_autofree char *one = regia_invitations_make (invitations, "bruno", REGIA_ROLE_STAFF, 0);
  g_autofree char *late = regia_invitations_make (invitations, "carla", REGIA_ROLE_TECHNICIAN, 0);
  g_autofree char *digest = regia_token_digest (one), *again = NULL;
  RegiaRole role = REGIA_ROLE_VIEWER;

  g_assert_null (regia_invitations_find (invitations, "", 1, &role));
  g_assert_null (regia_invitations_find (invitations, digest, 1, &role));
  g_assert_cmpint (role, ==, REGIA_ROLE_VIEWER);
  g_assert_cmpstr (regia_invitations_find (invitations, one, END_US - 1, &role), ==, "bruno");
  g_assert_cmpint (role, ==, REGIA_ROLE_STAFF);
  g_assert_true (regia_invitations_take (invitations, one, END_US - 1));
  g_assert_false (regia_invitations_take (invitations, one, END_US - 1)); /* a second time */
  g_assert_null (regia_invitations_find (invitations, one, 1, &role));
  g_assert_null (regia_invitations_find (invitations, late, END_US, &role)); /* too late */
  g_assert_false (regia_invitations_take (invitations, late, END_US));
  /* another one for the same makes that of before void, and so does what else is done with them */
  again = regia_invitations_make (invitations, "carla", REGIA_ROLE_STAFF, 0);
  g_assert_null (regia_invitations_find (invitations, late, 1, &role));
  g_assert_nonnull (regia_invitations_find (invitations, again, 1, &role));
  regia_invitations_forget (invitations, "bruno");
  g_assert_nonnull (regia_invitations_find (invitations, again, 1, &role));
  regia_invitations_forget (invitations, "carla");
  g_assert_null (regia_invitations_find (invitations, again, 1, &role));
}

static void
test_many (void)
{
  g_autoptr (RegiaInvitations) invitations = regia_invitations_new ();
  g_autofree char *oldest = regia_invitations_make (invitations, "oldest", REGIA_ROLE_STAFF, 0);
  RegiaRole role;

  for (guint i = 0; i < REGIA_INVITATIONS_MAX; i++) {
    g_autofree char *name = g_strdup_printf ("p%u", i), *token = NULL;

    g_assert_true (i == 0 || regia_invitations_find (invitations, oldest, 1, &role) != NULL);
    token = regia_invitations_make (invitations, name, REGIA_ROLE_STAFF, 0);
    g_assert_cmpstr (regia_invitations_find (invitations, token, 1, &role), ==, name);
  }
  g_assert_null (regia_invitations_find (invitations, oldest, 1, &role));
}

/* Only those that are good, the one that was used last first; ended by the id of the list and by nothing
 * else, and no id lets anybody in. */
static void
test_sessions (void)
{
  g_autoptr (RegiaSessions) sessions = regia_sessions_new ();
  g_autoptr (RegiaPeople) people = regia_people_new ();
  const RegiaSession *session;
  g_autofree char *first = regia_sessions_begin (sessions, "x", REGIA_ROLE_TECHNICIAN, NULL, 1000, &session);
  g_autofree char *second = regia_sessions_begin (sessions, "x", REGIA_ROLE_TECHNICIAN, NULL, 2000, &session);
  g_autofree char *gone = regia_sessions_begin (sessions, "bruno", REGIA_ROLE_STAFF, HASH, 2000, &session);
  g_autoptr (GVariant) list = NULL;
  g_autofree char *text = NULL, *id = NULL, *whose = NULL;
  gboolean own = FALSE;

  list = g_variant_ref_sink (regia_sessions_list (sessions, people, second, 2000));
  g_assert_cmpuint (g_variant_n_children (list), ==, 2);
  text = g_variant_print (list, FALSE);
  g_assert_null (strstr (text, first));
  g_assert_null (strstr (text, second));
  {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (list, 0), one = g_variant_get_variant (boxed);

    g_assert_true (g_variant_lookup (one, "own", "b", &own) && own);
    g_assert_true (g_variant_lookup (one, "id", "s", &id));
  }
  g_assert_null (regia_sessions_use (sessions, people, id, 2000));
  g_assert_null (regia_sessions_end_listed (sessions, ""));
  g_assert_null (regia_sessions_end_listed (sessions, second));
  whose = regia_sessions_end_listed (sessions, id);
  g_assert_cmpstr (whose, ==, "x");
  g_assert_null (regia_sessions_use (sessions, people, second, 2000));
  g_assert_nonnull (regia_sessions_use (sessions, people, first, 2000));
  g_assert_null (regia_sessions_end_listed (sessions, id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/director/invitations/once", test_once);
  g_test_add_func ("/director/invitations/many", test_many);
  g_test_add_func ("/director/invitations/sessions", test_sessions);
  return g_test_run ();
}
