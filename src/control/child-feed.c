/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-control"

#include "child-feed-private.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

static const char *const rights_names[] = {
    [REGIA_CHILD_PUBLIC] = "public", [REGIA_CHILD_HOUSE] = "house", [REGIA_CHILD_RECORD] = "record"};

/*
 * RegiaChildFeed: the director hands descriptors over as soon as the control connection stands, which may be
 * before the process is ready to use them; they wait here. Owned by the child, lives as long as it.
 */
struct _RegiaChildFeed {
  const RegiaChildClass *class; /* NULL before it is ready */
  gpointer data;
  int fd;                 /* −1: none, or taken */
  GPtrArray *invocations; /* (owned) (element-type GDBusMethodInvocation): AddReader calls that wait */
};

RegiaChildFeed *
regia_child_feed_new (void)
{
  RegiaChildFeed *self = g_new0 (RegiaChildFeed, 1);

  self->fd = -1;
  self->invocations = g_ptr_array_new ();
  return self;
}

void
regia_child_feed_free (RegiaChildFeed *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  for (guint i = 0; i < self->invocations->len; i++)
    g_dbus_method_invocation_return_error_literal (g_ptr_array_index (self->invocations, i), G_DBUS_ERROR,
                                                   G_DBUS_ERROR_FAILED, "the process has gone away");
  g_ptr_array_unref (self->invocations);
  g_free (self);
}

/* Returns: (transfer full): the descriptor that the call's first argument points to. −1 with an error. */
static int
take_descriptor (GDBusMethodInvocation *invocation, GError **error)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  GUnixFDList *list = g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
  g_autoptr (GVariant) handle = g_variant_get_child_value (parameters, 0);

  if (list == NULL || g_variant_get_handle (handle) >= g_unix_fd_list_get_length (list)) {
    g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, "no descriptor came with the call");
    return -1;
  }
  return g_unix_fd_list_get (list, g_variant_get_handle (handle), error);
}

static void
use (RegiaChildFeed *self)
{
  int fd = self->fd;

  if (fd < 0 || self->class == NULL || self->class->use_feed == NULL)
    return;
  self->fd = -1;
  self->class->use_feed (fd, self->data);
}

static gboolean
use_feed_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, GUnixFDList *list,
             GVariant *handle, gpointer user_data)
{
  RegiaChildFeed *self = user_data;
  g_autoptr (GError) error = NULL;
  int fd = take_descriptor (invocation, &error);

  if (fd < 0) {
    g_dbus_method_invocation_return_gerror (invocation, error);
    return TRUE;
  }
  if (self->fd >= 0)
    close (self->fd);
  self->fd = fd;
  use (self);
  regia_dbus_process1_complete_use_feed (skeleton, invocation, NULL);
  return TRUE;
}

static gboolean
parse_rights (const char *name, RegiaChildRights *ret_rights)
{
  for (guint i = 0; i < G_N_ELEMENTS (rights_names); i++)
    if (g_str_equal (rights_names[i], name)) {
      *ret_rights = (RegiaChildRights)i;
      return TRUE;
    }
  return FALSE;
}

static void
add (RegiaChildFeed *self, GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  RegiaChildRights parsed;
  const char *name, *rights;
  int fd;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(h&s&s)", NULL, &name, &rights);
  if (!parse_rights (rights, &parsed)) {
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                           "%s: no such rights: %s", name, rights);
    return;
  }
  if (self->class->add_reader == NULL) {
    g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_NOT_SUPPORTED,
                                                   "no feed is read from this process");
    return;
  }
  fd = take_descriptor (invocation, &error);
  if (fd < 0 || !self->class->add_reader (fd, name, parsed, self->data, &error))
    g_dbus_method_invocation_return_gerror (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static gboolean
add_reader_cb (RegiaDBusProcess1 *skeleton, GDBusMethodInvocation *invocation, GUnixFDList *list,
               GVariant *handle, const char *name, const char *rights, gpointer user_data)
{
  RegiaChildFeed *self = user_data;

  if (self->class != NULL)
    add (self, invocation);
  else
    g_ptr_array_add (self->invocations, invocation);
  return TRUE;
}

void
regia_child_feed_connect (RegiaChildFeed *self, RegiaDBusProcess1 *skeleton)
{
  g_signal_connect (skeleton, "handle-use-feed", G_CALLBACK (use_feed_cb), self);
  g_signal_connect (skeleton, "handle-add-reader", G_CALLBACK (add_reader_cb), self);
}

void
regia_child_feed_begin (RegiaChildFeed *self, const RegiaChildClass *class, gpointer data)
{
  self->class = class;
  self->data = data;
  use (self);
  while (self->invocations->len > 0)
    add (self, g_ptr_array_steal_index (self->invocations, 0));
}
