/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>

#include "console-private.h"
#include "regia/base/error.h"
#include "regia/control/paths.h"

#define CALL_MS     10000
#define KNOWN_MAX   1024 /* tokens that are remembered; then strangers' are forgotten, and at worst all */
#define TOKEN_CHARS 43   /* of base64url (director/sessions-private.h) */

typedef struct {
  char *name; /* (owned) "" nobody */
  RegiaRole role;
  gint64 said_us;
} Known;

typedef struct {
  gint64 second_us;
  guint in_second, open;
} Share;

struct _RegiaConsoleAsk {
  GDBusConnection *connection; /* (owned) (nullable) */
  GHashTable *known;           /* (owned) (element-type utf8 Known) */
  Share shares[REGIA_CONSOLE_SHARES];
};

static void
known_free (Known *known)
{
  g_free (known->name);
  g_free (known);
}

RegiaConsoleAsk *
regia_console_ask_new (GDBusConnection *connection)
{
  RegiaConsoleAsk *self = g_new0 (RegiaConsoleAsk, 1);

  if (connection != NULL)
    self->connection = g_object_ref (connection);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)known_free);
  return self;
}

void
regia_console_ask_free (RegiaConsoleAsk *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->connection);
  g_hash_table_unref (self->known);
  g_free (self);
}

gboolean
regia_console_is_token (const char *text)
{
  gsize length = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

  return length == TOKEN_CHARS && text[length] == '\0';
}

static gboolean
take_place (Share *share, guint a_second)
{
  gint64 now_us = g_get_monotonic_time ();

  if (now_us - share->second_us >= G_USEC_PER_SEC) {
    share->second_us = now_us;
    share->in_second = 0;
  }
  if (share->in_second >= a_second || share->open >= REGIA_CONSOLE_OPEN)
    return FALSE;
  share->in_second++;
  share->open++;
  return TRUE;
}

typedef struct {
  Share *share;
  RegiaConsoleAnswerFunc func;
  gpointer user_data;
} Call;

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  gboolean is_remote = error == NULL || g_dbus_error_is_remote_error (error);

  /* That nobody answered in time, or that the connection broke, GDBus says in the same way as an answer. */
  if (error != NULL && (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
                        g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED)))
    is_remote = FALSE;
  if (error != NULL)
    g_dbus_error_strip_remote_error (error);
  call->share->open--;
  call->func (answer, error, is_remote, call->user_data);
}

gboolean
regia_console_ask_call (RegiaConsoleAsk *self, RegiaConsoleShare share, const char *interface,
                        const char *method, GVariant *arguments, RegiaConsoleAnswerFunc func,
                        gpointer user_data)
{
  static const guint a_second[REGIA_CONSOLE_SHARES] = {REGIA_CONSOLE_ASKS_STRANGER, REGIA_CONSOLE_ASKS_KNOWN};
  g_autoptr (GVariant) sunk = g_variant_ref_sink (arguments);
  g_autofree char *full = g_strconcat ("org.regia.", interface, NULL);
  const char *object = strcmp (interface, "Accounts1") == 0 ? REGIA_ACCOUNTS_OBJECT : REGIA_CONSOLE_OBJECT;
  Call *call;

  if (self->connection == NULL || !take_place (&self->shares[share], a_second[share]))
    return FALSE;
  call = g_new (Call, 1);
  *call = (Call){&self->shares[share], func, user_data};
  g_dbus_connection_call (self->connection, NULL, object, full, method, sunk, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, NULL, called_cb, call);
  return TRUE;
}

gboolean
regia_console_ask_recall (RegiaConsoleAsk *self, const char *token, const char **ret_name,
                          RegiaRole *ret_role)
{
  Known *known = g_hash_table_lookup (self->known, token);

  if (known == NULL || g_get_monotonic_time () - known->said_us > REGIA_CONSOLE_BELIEVED_US)
    return FALSE;
  *ret_name = known->name;
  *ret_role = known->role;
  return TRUE;
}

static gboolean
is_strangers (gpointer token, gpointer known, gpointer user_data)
{
  return ((Known *)known)->role == REGIA_ROLE_VIEWER;
}

void
regia_console_ask_note (RegiaConsoleAsk *self, const char *token, const char *name, RegiaRole role)
{
  Known *known;

  if (name == NULL) {
    g_hash_table_remove (self->known, token);
    return;
  }
  if (g_hash_table_size (self->known) >= KNOWN_MAX)
    g_hash_table_foreach_remove (self->known, is_strangers, NULL);
  if (g_hash_table_size (self->known) >= KNOWN_MAX)
    g_hash_table_remove_all (self->known);
  known = g_new (Known, 1);
  *known = (Known){g_strdup (name), role, g_get_monotonic_time ()};
  g_hash_table_replace (self->known, g_strdup (token), known);
}

RegiaConsoleShare
regia_console_ask_share (RegiaConsoleAsk *self, const char *token)
{
  Known *known = g_hash_table_lookup (self->known, token);

  return known != NULL && known->role > REGIA_ROLE_VIEWER ? REGIA_CONSOLE_KNOWN : REGIA_CONSOLE_STRANGER;
}
