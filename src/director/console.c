/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "console-private.h"

#include <string.h>

#include "regia-control-generated.h"
#include "regia/base/error.h"
#include "regia/control/paths.h"

/*
 * The console faces those who work here, and may be taken over by one of them: so it is not believed who
 * commands. With each command comes the token of a session, and the director looks for itself whose that is
 * and what that one may; of the console it takes nothing in anybody's name whose token it does not have.
 *
 * What concerns the desired state is repeated without effect by itself (its ids are kept with the show). Of
 * the rest the last ids and answers are remembered here, as long as the director lives.
 */
struct _RegiaConsole {
  const RegiaControlMethods *methods; /* static */
  RegiaConsoleIdentifyFunc identify;
  gpointer user_data;
  RegiaDBusConsole1 *skeleton; /* (owned) */
  GQueue done;                 /* (element-type Done): the newest first */
};

/* A command that was taken, and its answer once there is one. */
typedef struct {
  char *id;         /* (owned) */
  char *what;       /* (owned) */
  GVariant *result; /* (owned) (nullable): on its way */
} Done;

/* An answer that is given later. */
typedef struct {
  RegiaConsole *console;
  GDBusMethodInvocation *invocation; /* (owned) */
  char *id;                          /* (owned) (nullable): to be remembered */
} Question;

static void
done_free (Done *done)
{
  g_free (done->id);
  g_free (done->what);
  g_clear_pointer (&done->result, g_variant_unref);
  g_free (done);
}

static Question *
question_new (RegiaConsole *self, GDBusMethodInvocation *invocation, const char *id)
{
  Question *question = g_new (Question, 1);

  *question = (Question){self, invocation, g_strdup (id)};
  return question;
}

static GList *
find_done (RegiaConsole *self, const char *id)
{
  for (GList *link = self->done.head; link != NULL; link = link->next)
    if (g_str_equal (((Done *)link->data)->id, id))
      return link;
  return NULL;
}

/* (transfer full) (nullable): who commands; %NULL: nobody may who has that token, which was answered. */
static char *
admit (RegiaConsole *self, GDBusMethodInvocation *invocation, const char *token, RegiaAction action)
{
  g_autofree char *name = NULL;
  RegiaRole role = REGIA_ROLE_VIEWER;

  self->identify (token, &name, &role, self->user_data);
  if (name != NULL && regia_role_may (role, action))
    return g_strconcat (name, ", console", NULL);
  g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                                 name == NULL ? "the session is over; log in again"
                                                              : "that takes the role of a technician");
  return NULL;
}

static void
answer (Question *question, GVariant *result, const GError *error)
{
  GList *link = question->id != NULL ? find_done (question->console, question->id) : NULL;

  if (error != NULL) {
    g_dbus_method_invocation_return_gerror (question->invocation, error);
    if (link != NULL) { /* what was refused may be tried again under the same id */
      done_free (link->data);
      g_queue_delete_link (&question->console->done, link);
    }
  } else {
    g_dbus_method_invocation_return_value (question->invocation, g_variant_new ("(@a{sv})", result));
    if (link != NULL && ((Done *)link->data)->result == NULL)
      ((Done *)link->data)->result = g_variant_ref (result);
  }
  g_free (question->id);
  g_free (question);
}

static void
answered_cb (GVariant *result, const GError *error, gpointer user_data)
{
  answer (user_data, result, error);
}

static void
stopped_cb (const GError *error, gpointer user_data)
{
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));

  /* It ends in any case; that a crash might undo it is a warning in the status. */
  answer (user_data, nothing, g_error_matches (error, REGIA_ERROR, REGIA_ERROR_STATE) ? error : NULL);
}

static gboolean
is_id (const char *id)
{
  gsize length = strlen (id);

  for (const char *c = id; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return FALSE;
  return length > 0 && length <= 64;
}

/* The command before that has the same id. */
static void
repeat (GDBusMethodInvocation *invocation, const Done *before, const char *what)
{
  GVariantDict dict;

  if (!g_str_equal (before->what, what)) {
    g_dbus_method_invocation_return_error_literal (invocation, REGIA_ERROR, REGIA_ERROR_USAGE,
                                                   "another command has had that id");
    return;
  }
  if (before->result == NULL) {
    g_dbus_method_invocation_return_error_literal (invocation, REGIA_ERROR, REGIA_ERROR_STATE,
                                                   "the same command is still on its way");
    return;
  }
  g_variant_dict_init (&dict, before->result);
  g_variant_dict_insert (&dict, "repeated", "b", TRUE);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)));
}

/* Whether @what is done now; else it was answered. It is remembered. */
static gboolean
begin (RegiaConsole *self, GDBusMethodInvocation *invocation, const char *id, const char *what)
{
  GList *link;
  Done *done;

  if (!is_id (id)) {
    g_dbus_method_invocation_return_error_literal (invocation, REGIA_ERROR, REGIA_ERROR_USAGE,
                                                   "a command's id has 1 to 64 printable characters");
    return FALSE;
  }
  link = find_done (self, id);
  if (link != NULL) {
    repeat (invocation, link->data, what);
    return FALSE;
  }
  done = g_new0 (Done, 1);
  done->id = g_strdup (id);
  done->what = g_strdup (what);
  g_queue_push_head (&self->done, done);
  while (self->done.length > REGIA_CONSOLE_REMEMBERED)
    done_free (g_queue_pop_tail (&self->done));
  return TRUE;
}

static gboolean
command_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token, const char *id,
            GVariant *change, gpointer user_data)
{
  RegiaConsole *self = user_data;
  g_autofree char *who = admit (self, invocation, token, REGIA_ACTION_COMMAND);

  if (who != NULL)
    self->methods->command (id, who, change, answered_cb, question_new (self, invocation, NULL),
                            self->user_data);
  return TRUE;
}

static gboolean
start_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token, const char *id,
          const char *name, gboolean again, gpointer user_data)
{
  RegiaConsole *self = user_data;
  g_autofree char *who = admit (self, invocation, token, REGIA_ACTION_COMMAND);
  g_autofree char *what = g_strdup_printf ("start%s %s", again ? " again" : "", name);

  if (who != NULL && begin (self, invocation, id, what))
    self->methods->start (name, again, who, answered_cb, question_new (self, invocation, id),
                          self->user_data);
  return TRUE;
}

static gboolean
rehearse_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
             const char *id, const char *name, gpointer user_data)
{
  RegiaConsole *self = user_data;
  g_autofree char *who = admit (self, invocation, token, REGIA_ACTION_COMMAND);
  g_autofree char *what = g_strdup_printf ("rehearse %s", name);

  if (who != NULL && begin (self, invocation, id, what))
    self->methods->rehearse (name, who, answered_cb, question_new (self, invocation, id), self->user_data);
  return TRUE;
}

static gboolean
stop_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token, const char *id,
         gpointer user_data)
{
  RegiaConsole *self = user_data;
  g_autofree char *who = admit (self, invocation, token, REGIA_ACTION_COMMAND);

  if (who != NULL && begin (self, invocation, id, "stop"))
    self->methods->stop (FALSE, who, stopped_cb, question_new (self, invocation, id), self->user_data);
  return TRUE;
}

static gboolean
get_events_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
               gpointer user_data)
{
  RegiaConsole *self = user_data;
  g_autofree char *who = admit (self, invocation, token, REGIA_ACTION_OBSERVE);

  if (who != NULL)
    self->methods->get_events (answered_cb, question_new (self, invocation, NULL), self->user_data);
  return TRUE;
}

/* (transfer full): "" where it is not there. */
static char *
get_text (GVariant *arguments, const char *key)
{
  const char *text = "";

  g_variant_lookup (arguments, key, "&s", &text);
  return g_strdup (text);
}

static gboolean
edit_file_cb (RegiaDBusConsole1 *skeleton, GDBusMethodInvocation *invocation, const char *token,
              const char *action, const char *name, GVariant *arguments, gpointer user_data)
{
  RegiaConsole *self = user_data;
  g_autofree char *who = admit (self, invocation, token, REGIA_ACTION_COMMAND);
  RegiaEditAction what;
  RegiaEdit *edit;

  if (who == NULL)
    return TRUE;
  if (!regia_edit_action_parse (action, &what)) {
    g_dbus_method_invocation_return_error_literal (invocation, REGIA_ERROR, REGIA_ERROR_USAGE,
                                                   "there is no such action");
    return TRUE;
  }
  edit = g_new0 (RegiaEdit, 1);
  edit->action = what;
  edit->name = g_strdup (name);
  edit->text = get_text (arguments, "text");
  edit->version = get_text (arguments, "version");
  edit->from = get_text (arguments, "from");
  self->methods->edit (edit, who, answered_cb, question_new (self, invocation, NULL), self->user_data);
  return TRUE;
}

RegiaConsole *
regia_console_new (const RegiaControlMethods *methods, RegiaConsoleIdentifyFunc identify, gpointer user_data)
{
  RegiaConsole *self = g_new0 (RegiaConsole, 1);

  self->methods = methods;
  self->identify = identify;
  self->user_data = user_data;
  g_queue_init (&self->done);
  self->skeleton = regia_dbus_console1_skeleton_new ();
  g_signal_connect (self->skeleton, "handle-command", G_CALLBACK (command_cb), self);
  g_signal_connect (self->skeleton, "handle-start", G_CALLBACK (start_cb), self);
  g_signal_connect (self->skeleton, "handle-rehearse", G_CALLBACK (rehearse_cb), self);
  g_signal_connect (self->skeleton, "handle-stop", G_CALLBACK (stop_cb), self);
  g_signal_connect (self->skeleton, "handle-get-events", G_CALLBACK (get_events_cb), self);
  g_signal_connect (self->skeleton, "handle-edit-file", G_CALLBACK (edit_file_cb), self);
  return self;
}

void
regia_console_free (RegiaConsole *self)
{
  if (self == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_object_unref (self->skeleton);
  g_queue_clear_full (&self->done, (GDestroyNotify)done_free);
  g_free (self);
}

static void
closed_cb (GDBusConnection *connection, gboolean remote_peer_vanished, GError *error, gpointer user_data)
{
  g_dbus_interface_skeleton_unexport_from_connection (user_data, connection);
}

void
regia_console_connect (RegiaConsole *self, const RegiaProcessKind *kind, GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;

  if (!kind->commands)
    return;
  if (g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection,
                                        REGIA_CONSOLE_OBJECT, &error))
    g_signal_connect_object (connection, "closed", G_CALLBACK (closed_cb), self->skeleton, 0);
  else
    g_warning ("the %s cannot command: %s", kind->kind, error->message);
}
