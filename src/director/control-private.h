/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaControl: exports org.regia.Show1: on control.sock for the command line, and read-only on the gateway's
 * connection. Main context only.
 */
typedef struct _RegiaControl RegiaControl;

typedef struct {
  GVariant *(*get_status) (gpointer user_data); /* (transfer full) */
  void (*stop) (gboolean quit, gpointer user_data);
} RegiaControlMethods;

/** regia_control_new: listens on @path (mode 0600, replaced if left over). @methods is static. */
RegiaControl *regia_control_new (const char *path, const RegiaControlMethods *methods, gpointer user_data,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_control_tell_end: the event is over; whoever waits for it hears @status, and whoever asks from now
 * on. */
void regia_control_tell_end (RegiaControl *self, GVariant *status);
/** regia_control_free: what was answered has left before. */
void regia_control_free (RegiaControl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaControl, regia_control_free)

/** (transfer none): the interface with GetStatus only, for the gateway: nothing that comes over HTTP can end
 * the show. */
GDBusInterfaceSkeleton *regia_control_get_read_only (RegiaControl *self);
