/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "regia/base/error.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"
#include "regia/director/password.h"
#include "regia/director/people.h"

/* A disk that hangs keeps an answer from us, not the change from taking effect once it answers. */
#define ANSWER_MS 15000

/*
 * Who works here. Where a director runs it makes the change, so that it holds from its answer on; where none
 * does, the file is changed under the director's lock. The password itself goes no further than this program.
 */
typedef struct {
  char *state_option, *role_option, *remove_option; /* (owned) (nullable) */
  gboolean list;
  char *state_dir, *control_path; /* (owned) */
  gboolean running;               /* a director answers */
  GVariant *people;               /* (owned) (nullable): as People1.List gives them */
  const char *name;
  RegiaRole role;
  char *hash; /* (owned) (nullable): %NULL removes */
} Passwd;

static void
passwd_clear (Passwd *self)
{
  g_free (self->state_option);
  g_free (self->role_option);
  g_free (self->remove_option);
  g_free (self->state_dir);
  g_free (self->control_path);
  g_clear_pointer (&self->people, g_variant_unref);
  g_free (self->hash);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Passwd, passwd_clear)

/* (transfer full): as People1.List gives them, of the file. */
static GVariant *
read_people (const char *state_dir, GError **error)
{
  g_autoptr (RegiaPeople) people = regia_people_edit (state_dir, NULL, NULL, error);
  GVariantBuilder list;

  if (people == NULL)
    return NULL;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < regia_people_count (people); i++) {
    const char *name = regia_people_get_name (people, i);
    RegiaRole role = REGIA_ROLE_VIEWER;

    regia_people_find (people, name, &role);
    g_variant_builder_add_parsed (&list, "{'name': <%s>, 'role': <%s>}", name, regia_role_to_string (role));
  }
  return g_variant_ref_sink (g_variant_builder_end (&list));
}

/* Who there is, and whether a director is to be asked. */
static gboolean
look (Passwd *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  self->people = regia_client_list_people (self->control_path, ANSWER_MS, &local_error);
  self->running = self->people != NULL;
  if (self->running)
    return TRUE;
  if (!g_error_matches (local_error, REGIA_ERROR, REGIA_ERROR_STATE)) {
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  self->people = read_people (self->state_dir, error);
  return self->people != NULL;
}

static void
print_people (Passwd *self)
{
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, self->people);
  while ((one = g_variant_iter_next_value (&iter)) != NULL) {
    g_autoptr (GVariant) person = one;
    const char *name = "", *role = "";
    guint64 sessions = 0;

    g_variant_lookup (person, "name", "&s", &name);
    g_variant_lookup (person, "role", "&s", &role);
    g_variant_lookup (person, "sessions", "t", &sessions);
    if (sessions > 0)
      printf ("%-32s  %-10s  logged in %" G_GUINT64_FORMAT " ×\n", name, role, sessions);
    else
      printf ("%-32s  %s\n", name, role);
  }
}

/* The role that the person has. */
static gboolean
find_role (Passwd *self, RegiaRole *ret_role)
{
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, self->people);
  while ((one = g_variant_iter_next_value (&iter)) != NULL) {
    g_autoptr (GVariant) person = one;
    const char *name = "", *role = "";

    g_variant_lookup (person, "name", "&s", &name);
    g_variant_lookup (person, "role", "&s", &role);
    if (g_str_equal (name, self->name))
      return regia_role_parse (role, ret_role);
  }
  return FALSE;
}

static gboolean
choose_role (Passwd *self, GError **error)
{
  if (self->role_option == NULL) {
    if (find_role (self, &self->role))
      return TRUE;
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                 "nobody is called %s yet; add --role=staff or --role=technician", self->name);
    return FALSE;
  }
  if (regia_role_parse (self->role_option, &self->role) && self->role != REGIA_ROLE_VIEWER)
    return TRUE;
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE,
               "\"%s\" is none of the roles; write --role=staff or --role=technician", self->role_option);
  return FALSE;
}

static gboolean
make_hash (Passwd *self, GError **error)
{
  char *password;

  /* While it is here neither a debugger nor a core dump gets at it. */
  prctl (PR_SET_DUMPABLE, 0);
  password = regia_cli_ask_password (self->name, error);
  if (password != NULL)
    self->hash = regia_password_hash (self->name, password, error);
  regia_password_wipe (password);
  prctl (PR_SET_DUMPABLE, 1);
  return self->hash != NULL;
}

/* RegiaPeopleChange. */
static RegiaPeople *
change_cb (RegiaPeople *people, gconstpointer user_data, GError **error)
{
  const Passwd *self = user_data;

  return self->hash != NULL ? regia_people_with (people, self->name, self->role, self->hash, error)
                            : regia_people_without (people, self->name, error);
}

static gboolean
change (Passwd *self, GError **error)
{
  g_autoptr (RegiaPeople) people = NULL;

  if (self->running)
    return self->hash != NULL
               ? regia_client_set_person (self->control_path, self->name, regia_role_to_string (self->role),
                                          self->hash, ANSWER_MS, error)
               : regia_client_remove_person (self->control_path, self->name, ANSWER_MS, error);
  people = regia_people_edit (self->state_dir, change_cb, self, error);
  return people != NULL;
}

static gboolean
work (Passwd *self, GError **error)
{
  if (self->name != NULL && !regia_people_check_name (self->name, error))
    return FALSE;
  if (!look (self, error))
    return FALSE;
  if (self->list) {
    print_people (self);
    return TRUE;
  }
  if (self->remove_option == NULL && (!choose_role (self, error) || !make_hash (self, error)))
    return FALSE;
  if (!change (self, error))
    return FALSE;
  if (self->hash != NULL)
    printf ("%s is %s, with this password from now on.\n", self->name, regia_role_to_string (self->role));
  else
    printf ("%s does not come in any more.\n", self->name);
  return TRUE;
}

int
regia_cli_passwd (int argc, char **argv)
{
  g_auto (Passwd) self = {0};
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &self.state_option, "Folder that Regia runs on", "DIR"},
      {"role", 0, 0, G_OPTION_ARG_STRING, &self.role_option,
       "staff (recordings) or technician (everything); needed for somebody new", "ROLE"},
      {"remove", 0, 0, G_OPTION_ARG_STRING, &self.remove_option, "Lets somebody in no more", "NAME"},
      {"list", 0, 0, G_OPTION_ARG_NONE, &self.list, "Lists who there is", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  int status;

  if (!regia_cli_parse (
          "passwd", "NAME",
          "Gives somebody who works here a password for the console, or another one. It is asked for on the "
          "terminal, twice, or read as one line from standard input where that is none. Whoever was logged "
          "in "
          "with the one of before is not any more.",
          entries, &argc, &argv, &status))
    return status;
  if ((argc > 1) + (self.remove_option != NULL) + self.list != 1 || argc > 2 ||
      (self.role_option != NULL && argc < 2)) {
    fprintf (stderr, "regia: write `regia passwd NAME --role=ROLE`, `regia passwd --remove=NAME` or `regia "
                     "passwd --list`; `regia passwd --help` says more\n");
    return 64;
  }
  self.name = argc > 1 ? argv[1] : self.remove_option;
  self.state_dir = regia_cli_state_dir (self.state_option);
  self.control_path = g_build_filename (self.state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  return work (&self, &error) ? 0 : regia_cli_fail (error);
}
