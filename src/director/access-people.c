/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "access-people-private.h"

#include "invitations-private.h"
#include "regia/base/error.h"
#include "regia/control/paths.h"
#include "regia/director/password.h"
#include "sessions-private.h"

struct _RegiaAccessPeople {
  RegiaAccounts *accounts;      /* (unowned) */
  RegiaDBusAccounts1 *skeleton; /* (unowned) */
  const RegiaAccessHost *host;  /* static */
  gpointer user_data;
  RegiaInvitations *invitations; /* (owned) */
};

/* One change on its way: a password is hashed, people.json is written, and it is answered. */
typedef struct {
  RegiaAccessPeople *people;
  GDBusMethodInvocation *invocation; /* (owned) until it is answered */
  char *name, *who;                  /* (owned) */
  RegiaRole role;
  char *token, *address; /* (owned) (nullable): of one who was invited */
} Change;

static void
change_free (Change *change)
{
  g_free (change->name);
  g_free (change->who);
  regia_password_wipe (change->token);
  g_free (change->address);
  g_free (change);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

/* (transfer full) (nullable): who asks; %NULL: nobody may who has that token, which was answered. */
static char *
admit (RegiaAccessPeople *self, GDBusMethodInvocation *invocation, const char *token)
{
  g_autofree char *name = NULL;
  RegiaRole role = REGIA_ROLE_VIEWER;

  if (regia_accounts_check (self->accounts, token, &name, &role) &&
      regia_role_may (role, REGIA_ACTION_COMMAND))
    return g_strconcat (name, ", console", NULL);
  g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                                 name == NULL ? "the session is over; log in again"
                                                              : "that takes the role of a technician");
  return NULL;
}

static void
answer_nothing (GDBusMethodInvocation *invocation)
{
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{sv})", NULL));
}

static gboolean
get_people_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
               gpointer user_data)
{
  RegiaAccessPeople *self = user_data;
  g_autofree char *who = admit (self, invocation, token);
  g_autoptr (GError) error = NULL;
  GVariant *people;
  GVariantDict dict;

  if (who == NULL)
    return TRUE;
  people = regia_accounts_list (self->accounts, &error);
  if (people == NULL) {
    g_dbus_method_invocation_return_gerror (invocation, error);
    return TRUE;
  }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "people", people);
  g_variant_dict_insert_value (&dict, "sessions", regia_accounts_list_sessions (self->accounts, token));
  regia_dbus_accounts1_complete_get_people (skeleton, invocation, g_variant_dict_end (&dict));
  return TRUE;
}

static void
changed_cb (const GError *error, gpointer user_data)
{
  g_autoptr (Change) change = user_data;

  if (error != NULL)
    g_dbus_method_invocation_return_gerror (change->invocation, error);
  else
    answer_nothing (change->invocation);
}

/* Takes @change. @hash: (nullable): none: removed. */
static void
begin_change (Change *change, const char *hash)
{
  RegiaAccessPeople *self = change->people;
  gboolean stays = hash != NULL && change->role == REGIA_ROLE_TECHNICIAN;
  g_autoptr (GError) error = NULL;

  if (!stays && regia_accounts_is_last_technician (self->accounts, change->name)) {
    error = g_error_new (REGIA_ERROR, REGIA_ERROR_STATE,
                         "%s is the last technician, and nobody could change anything here any more; make "
                         "somebody else one first",
                         change->name);
    changed_cb (error, change);
    return;
  }
  regia_invitations_forget (self->invitations, change->name);
  regia_accounts_change (self->accounts, change->name, change->role, hash, change->who, changed_cb, change);
}

static void
hashed_cb (const char *hash, const GError *error, gpointer user_data)
{
  if (hash != NULL)
    begin_change (user_data, hash);
  else
    changed_cb (error, user_data);
}

static gboolean
parse_role (const char *text, RegiaRole *ret_role, GError **error)
{
  if (regia_role_parse (text, ret_role) && *ret_role != REGIA_ROLE_VIEWER)
    return TRUE;
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_USAGE, "a role is staff or technician");
  return FALSE;
}

static Change *
change_new (RegiaAccessPeople *self, GDBusMethodInvocation *invocation, const char *name, RegiaRole role,
            const char *who)
{
  Change *change = g_new0 (Change, 1);

  change->people = self;
  change->invocation = invocation;
  change->name = g_strdup (name);
  change->role = role;
  change->who = g_strdup (who);
  return change;
}

static gboolean
set_person_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
               const char *name, const char *role_text, const char *password, gpointer user_data)
{
  RegiaAccessPeople *self = user_data;
  g_autofree char *who = admit (self, invocation, token);
  g_autoptr (GError) error = NULL;
  RegiaRole role;
  const char *hash;

  if (who == NULL)
    return TRUE;
  if (!regia_people_check_name (name, &error) || !parse_role (role_text, &role, &error)) {
    g_dbus_method_invocation_return_gerror (invocation, error);
    return TRUE;
  }
  hash = regia_accounts_find (self->accounts, name, NULL);
  if (*password != '\0')
    regia_accounts_hash (self->accounts, name, password, hashed_cb,
                         change_new (self, invocation, name, role, who));
  else if (hash != NULL)
    begin_change (change_new (self, invocation, name, role, who), hash);
  else
    g_dbus_method_invocation_return_error (invocation, REGIA_ERROR, REGIA_ERROR_USAGE,
                                           "nobody is called %s yet: a password is needed, or an invitation",
                                           name);
  return TRUE;
}

static gboolean
remove_person_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
                  const char *name, gpointer user_data)
{
  RegiaAccessPeople *self = user_data;
  g_autofree char *who = admit (self, invocation, token);

  if (who != NULL)
    begin_change (change_new (self, invocation, name, REGIA_ROLE_VIEWER, who), NULL);
  return TRUE;
}

static gboolean
end_session_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
                const char *session, gpointer user_data)
{
  RegiaAccessPeople *self = user_data;
  g_autofree char *who = admit (self, invocation, token);

  if (who != NULL)
    regia_accounts_end_session (self->accounts, session, who, changed_cb,
                                change_new (self, invocation, "", REGIA_ROLE_VIEWER, who));
  return TRUE;
}

/* Invitations */

static gboolean
invite_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
           const char *name, const char *role_text, gpointer user_data)
{
  RegiaAccessPeople *self = user_data;
  g_autofree char *who = admit (self, invocation, token), *address = NULL, *once = NULL, *link = NULL,
                  *what = NULL;
  g_autoptr (GError) error = NULL;
  RegiaRole role;

  if (who == NULL)
    return TRUE;
  if (!regia_people_check_name (name, &error) || !parse_role (role_text, &role, &error)) {
    g_dbus_method_invocation_return_gerror (invocation, error);
    return TRUE;
  }
  if (role != REGIA_ROLE_TECHNICIAN && regia_accounts_is_last_technician (self->accounts, name)) {
    g_dbus_method_invocation_return_error (invocation, REGIA_ERROR, REGIA_ERROR_STATE,
                                           "%s is the last technician", name);
    return TRUE;
  }
  once = regia_invitations_make (self->invitations, name, role, g_get_monotonic_time ());
  address = self->host->address (self->user_data);
  /* behind the #: it is in no request, and so in nobody's log */
  link = g_strconcat (address, "/people#", once, NULL);
  what = g_strdup_printf ("invited %s, %s", name, regia_role_to_string (role));
  self->host->audit (who, what, self->user_data);
  regia_dbus_accounts1_complete_invite (skeleton, invocation, link, REGIA_INVITATION_S);
  regia_password_wipe (g_steal_pointer (&once));
  return TRUE;
}

static void
refuse (Change *change, const char *refusal, const char *words)
{
  regia_dbus_accounts1_complete_accept (change->people->skeleton, change->invocation, refusal, words, "", "",
                                        0);
  change_free (change);
}

static void
let_in_cb (const RegiaAdmission *admission, gpointer user_data)
{
  g_autoptr (Change) change = user_data;

  regia_dbus_accounts1_complete_accept (change->people->skeleton, change->invocation, "", "",
                                        admission->token, regia_role_to_string (admission->role),
                                        admission->ends_s);
}

static void
accepted_cb (const GError *error, gpointer user_data)
{
  Change *change = user_data;
  RegiaAccessPeople *self = change->people;

  if (error != NULL) {
    refuse (change, "busy", error->message);
    return;
  }
  if (!regia_invitations_take (self->invitations, change->token, g_get_monotonic_time ()))
    g_debug ("an invitation ended while it was accepted");
  regia_accounts_admit (self->accounts, change->name, change->address, let_in_cb, change);
}

/* The invitation stays good until the change is on the disk: that is done for one change at a time, so that
 * nobody comes in by it twice. Meanwhile it may have ended, or the one who is invited as less may have become
 * the last technician. */
static void
chosen_cb (const char *hash, const GError *error, gpointer user_data)
{
  Change *change = user_data;
  RegiaAccessPeople *self = change->people;
  RegiaRole role = REGIA_ROLE_VIEWER;

  if (hash == NULL)
    refuse (change, error->code == REGIA_ERROR_USAGE ? "password" : "busy", error->message);
  else if (regia_invitations_find (self->invitations, change->token, g_get_monotonic_time (), &role) == NULL)
    refuse (change, "wrong", "");
  else if (role != REGIA_ROLE_TECHNICIAN && regia_accounts_is_last_technician (self->accounts, change->name))
    refuse (change, "busy", "this is the last technician's name, and would be one no more");
  else
    regia_accounts_change (self->accounts, change->name, change->role, hash, change->who, accepted_cb,
                           change);
}

static gboolean
accept_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
           const char *password, const char *address, gpointer user_data)
{
  RegiaAccessPeople *self = user_data;
  RegiaRole role = REGIA_ROLE_VIEWER;
  const char *name = regia_invitations_find (self->invitations, token, g_get_monotonic_time (), &role);
  g_autofree char *who = g_strconcat (name != NULL ? name : "", ", invited", NULL);
  Change *change = change_new (self, invocation, name, role, who);

  if (name == NULL) {
    refuse (change, "wrong", "");
    return TRUE;
  }
  change->token = g_strdup (token);
  change->address = g_strdup (address);
  regia_accounts_hash (self->accounts, change->name, password, chosen_cb, change);
  return TRUE;
}

RegiaAccessPeople *
regia_access_people_new (RegiaAccounts *accounts, RegiaDBusAccounts1 *skeleton, const RegiaAccessHost *host,
                         gpointer user_data)
{
  RegiaAccessPeople *self = g_new0 (RegiaAccessPeople, 1);

  self->accounts = accounts;
  self->skeleton = skeleton;
  self->host = host;
  self->user_data = user_data;
  self->invitations = regia_invitations_new ();
  g_signal_connect (skeleton, "handle-get-people", G_CALLBACK (get_people_cb), self);
  g_signal_connect (skeleton, "handle-set-person", G_CALLBACK (set_person_cb), self);
  g_signal_connect (skeleton, "handle-remove-person", G_CALLBACK (remove_person_cb), self);
  g_signal_connect (skeleton, "handle-end-session", G_CALLBACK (end_session_cb), self);
  g_signal_connect (skeleton, "handle-invite", G_CALLBACK (invite_cb), self);
  g_signal_connect (skeleton, "handle-accept", G_CALLBACK (accept_cb), self);
  return self;
}

void
regia_access_people_free (RegiaAccessPeople *self)
{
  if (self == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  regia_invitations_free (self->invitations);
  g_free (self);
}
