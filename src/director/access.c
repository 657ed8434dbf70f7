/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "access-private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "access-people-private.h"
#include "accounts-private.h"
#include "control-private.h"
#include "regia-control-generated.h"
#include "regia/base/address.h"
#include "regia/base/error.h"
#include "regia/control/paths.h"
#include "tickets-private.h"

struct _RegiaAccess {
  const RegiaAccessHost *host; /* static */
  gpointer user_data;
  RegiaAccounts *accounts;     /* (owned) */
  RegiaDBusPeople1 *people;    /* (owned) */
  RegiaDBusAccounts1 *console; /* (owned) */
  RegiaAccessPeople *changes;  /* (owned) */
  gboolean greeted;
};

/* Accounts1 */

/* What regia_dbus_accounts1_complete_login() and …_use_one_time() are. */
typedef void (*Complete) (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation,
                          const char *refusal, guint retry_after, const char *token, const char *role,
                          gint64 expires);

/* An answer that is given later. */
typedef struct {
  RegiaAccess *access;
  GDBusMethodInvocation *invocation; /* (owned) */
  Complete complete;
} Question;

static Question *
question_new (gpointer access, GDBusMethodInvocation *invocation, Complete complete)
{
  Question *question = g_new (Question, 1);

  *question = (Question){access, invocation, complete};
  return question;
}

static void
admitted_cb (const RegiaAdmission *admission, gpointer user_data)
{
  g_autofree Question *question = user_data;
  gboolean in = admission->refusal == REGIA_REFUSAL_NONE;

  question->complete (
      question->access->console, question->invocation, regia_refusal_to_string (admission->refusal),
      admission->retry_after_s, in ? admission->token : "",
      regia_role_to_string (in ? admission->role : REGIA_ROLE_VIEWER), in ? admission->ends_s : 0);
}

static gboolean
login_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *name,
          const char *password, const char *address, gpointer user_data)
{
  RegiaAccess *self = user_data;

  regia_accounts_log_in (self->accounts, name, password, address, admitted_cb,
                         question_new (self, invocation, regia_dbus_accounts1_complete_login));
  return TRUE;
}

static gboolean
use_one_time_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
                 const char *address, gpointer user_data)
{
  RegiaAccess *self = user_data;

  regia_accounts_use_link (self->accounts, token, address, admitted_cb,
                           question_new (self, invocation, regia_dbus_accounts1_complete_use_one_time));
  return TRUE;
}

static gboolean
check_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
          gpointer user_data)
{
  RegiaAccess *self = user_data;
  g_autofree char *name = NULL;
  RegiaRole role = REGIA_ROLE_VIEWER;

  regia_accounts_check (self->accounts, token, &name, &role);
  regia_dbus_accounts1_complete_check (skeleton, invocation, name != NULL ? name : "",
                                       regia_role_to_string (role));
  return TRUE;
}

static void
logged_out_cb (const GError *error, gpointer user_data)
{
  g_autofree Question *question = user_data;

  regia_dbus_accounts1_complete_logout (question->access->console, question->invocation);
}

static gboolean
logout_cb (RegiaDBusAccounts1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
           gpointer user_data)
{
  RegiaAccess *self = user_data;

  regia_accounts_log_out (self->accounts, token, logged_out_cb, question_new (self, invocation, NULL));
  return TRUE;
}

/* (transfer full): the name of https: one of @hosts, or else @own or `localhost`, where @pair is for it; if
 * it is for none of them the browser will say so under whichever name. */
static char *
choose_name (char **hosts, const char *own, gboolean everywhere, const RegiaConfigPair *pair)
{
  for (gsize i = 0; hosts[i] != NULL; i++) {
    char *name = *hosts[i] != '[' && strchr (hosts[i], ':') != NULL ? g_strdup_printf ("[%s]", hosts[i])
                                                                    : g_strdup (hosts[i]);

    if (strcmp (name, "*") != 0 && regia_config_pair_is_for (pair, name))
      return name;
    g_free (name);
  }
  return g_strdup (everywhere && !regia_config_pair_is_for (pair, own) &&
                           regia_config_pair_is_for (pair, "localhost")
                       ? "localhost"
                       : own);
}

char *
regia_access_address (const RegiaConfigValues *values, const RegiaConfigPair *pair)
{
  g_autofree char *host = NULL, *name = NULL;
  gboolean https = regia_config_get_console (values) == REGIA_CONFIG_CONSOLE_HTTPS, v4, v6;
  const char *own;
  guint port = 0;

  if (!regia_address_split (values->console_listen, &host, &port))
    host = g_strdup ("127.0.0.1");
  v4 = g_str_equal (host, "0.0.0.0");
  v6 = g_str_equal (host, "[::]");
  own = v4 ? "127.0.0.1" : v6 ? "[::1]" : host;
  name = https ? choose_name (values->hosts, own, v4 || v6, pair) : g_strdup (own);
  return g_strdup_printf ("%s://%s:%u", https ? "https" : "http", name, port);
}

/* (transfer full) */
static char *
make_link (RegiaAccess *self, const char *who)
{
  g_autofree char *token = regia_accounts_make_link (self->accounts, who);
  g_autofree char *address = self->host->address (self->user_data);

  return g_strconcat (address, "/?" REGIA_CONSOLE_ONCE "=", token, NULL);
}

/* Where nobody is configured, says on the terminal how one comes in; elsewhere nothing: a journal is no place
 * for secrets. */
static void
greet (RegiaAccess *self)
{
  g_autofree char *address = NULL;

  if (self->greeted || !isatty (STDOUT_FILENO) || !regia_accounts_is_new (self->accounts))
    return;
  self->greeted = TRUE;
  address = make_link (self, "this start");
  printf (
      "  Console      %s\n"
      "               (once, within %d minutes; `regia console` makes another, `regia passwd` a password)\n",
      address, REGIA_TICKET_S / 60);
  fflush (stdout);
}

static void
closed_cb (GDBusConnection *connection, gboolean remote_peer_vanished, GError *error, gpointer user_data)
{
  g_dbus_interface_skeleton_unexport_from_connection (user_data, connection);
}

void
regia_access_connect (RegiaAccess *self, const RegiaProcessKind *kind, GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;

  if (!kind->accounts)
    return;
  if (g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->console), connection,
                                        REGIA_ACCOUNTS_OBJECT, &error)) {
    g_signal_connect_object (connection, "closed", G_CALLBACK (closed_cb), self->console, 0);
    greet (self);
  } else {
    g_warning ("the %s cannot be told who is who: %s", kind->kind, error->message);
  }
}

void
regia_access_identify (RegiaAccess *self, const char *token, char **ret_name, RegiaRole *ret_role)
{
  *ret_name = NULL;
  *ret_role = REGIA_ROLE_VIEWER;
  regia_accounts_check (self->accounts, token, ret_name, ret_role);
}

/* People1 */

static void
changed_cb (const GError *error, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;

  if (error != NULL)
    g_dbus_method_invocation_return_gerror (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static gboolean
set_cb (RegiaDBusPeople1 *skeleton, GDBusMethodInvocation *invocation, const char *name, const char *role,
        const char *hash, gpointer user_data)
{
  RegiaAccess *self = user_data;
  g_autofree char *who = regia_control_name_caller (invocation);
  RegiaRole value;

  if (!regia_role_parse (role, &value))
    value = REGIA_ROLE_VIEWER; /* which is refused */
  regia_accounts_change (self->accounts, name, value, hash, who, changed_cb, invocation);
  return TRUE;
}

static gboolean
remove_cb (RegiaDBusPeople1 *skeleton, GDBusMethodInvocation *invocation, const char *name,
           gpointer user_data)
{
  RegiaAccess *self = user_data;
  g_autofree char *who = regia_control_name_caller (invocation);

  regia_accounts_change (self->accounts, name, REGIA_ROLE_VIEWER, NULL, who, changed_cb, invocation);
  return TRUE;
}

static gboolean
list_cb (RegiaDBusPeople1 *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  RegiaAccess *self = user_data;
  g_autoptr (GError) error = NULL;
  GVariant *people = regia_accounts_list (self->accounts, &error);

  if (people != NULL)
    regia_dbus_people1_complete_list (skeleton, invocation, people);
  else
    g_dbus_method_invocation_return_gerror (invocation, error);
  return TRUE;
}

static gboolean
make_link_cb (RegiaDBusPeople1 *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  RegiaAccess *self = user_data;
  GList *asking = g_dbus_interface_skeleton_get_connections (G_DBUS_INTERFACE_SKELETON (self->console));
  g_autofree char *who = regia_control_name_caller (invocation);
  g_autofree char *address = NULL;

  if (asking == NULL) {
    g_dbus_method_invocation_return_error (invocation, REGIA_ERROR, REGIA_ERROR_STATE,
                                           "no console runs here, so nobody would answer at its address");
    return TRUE;
  }
  g_list_free_full (asking, g_object_unref);
  address = make_link (self, who);
  regia_dbus_people1_complete_make_link (skeleton, invocation, address, REGIA_TICKET_S);
  return TRUE;
}

GDBusInterfaceSkeleton *
regia_access_get_people (RegiaAccess *self)
{
  return G_DBUS_INTERFACE_SKELETON (self->people);
}

/* From outside */

static gint64
wall_s_cb (gpointer user_data)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static gint64
monotonic_us_cb (gpointer user_data)
{
  return g_get_monotonic_time ();
}

static void
audit_cb (const char *who, const char *what, gpointer user_data)
{
  RegiaAccess *self = user_data;

  self->host->audit (who, what, self->user_data);
}

static const RegiaAccountsWorld world = {
    .wall_s = wall_s_cb, .monotonic_us = monotonic_us_cb, .audit = audit_cb};

RegiaAccess *
regia_access_new (const char *state_dir, const RegiaAccessHost *host, gpointer user_data)
{
  RegiaAccess *self = g_new0 (RegiaAccess, 1);

  self->host = host;
  self->user_data = user_data;
  self->accounts = regia_accounts_new (state_dir, &world, self);
  self->people = regia_dbus_people1_skeleton_new ();
  self->console = regia_dbus_accounts1_skeleton_new ();
  g_signal_connect (self->people, "handle-set", G_CALLBACK (set_cb), self);
  g_signal_connect (self->people, "handle-remove", G_CALLBACK (remove_cb), self);
  g_signal_connect (self->people, "handle-list", G_CALLBACK (list_cb), self);
  g_signal_connect (self->people, "handle-make-link", G_CALLBACK (make_link_cb), self);
  g_signal_connect (self->console, "handle-login", G_CALLBACK (login_cb), self);
  g_signal_connect (self->console, "handle-use-one-time", G_CALLBACK (use_one_time_cb), self);
  g_signal_connect (self->console, "handle-check", G_CALLBACK (check_cb), self);
  g_signal_connect (self->console, "handle-logout", G_CALLBACK (logout_cb), self);
  self->changes = regia_access_people_new (self->accounts, self->console, host, user_data);
  return self;
}

void
regia_access_free (RegiaAccess *self)
{
  if (self == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->people, self);
  g_signal_handlers_disconnect_by_data (self->console, self);
  regia_accounts_free (self->accounts);
  regia_access_people_free (self->changes);
  g_object_unref (self->people);
  g_object_unref (self->console);
  g_free (self);
}

void
regia_access_tick (RegiaAccess *self)
{
  if (self != NULL)
    regia_accounts_tick (self->accounts);
}

void
regia_access_keep_again (RegiaAccess *self)
{
  if (self != NULL)
    regia_accounts_keep_again (self->accounts);
}

void
regia_access_warn (RegiaAccess *self, GPtrArray *warnings)
{
  if (self != NULL)
    regia_accounts_warn (self->accounts, warnings);
}
