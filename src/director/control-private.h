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

/** RegiaDoor: a listening control.sock. One thread at a time. */
typedef struct _RegiaDoor RegiaDoor;

/** regia_door_new: listens at @path (any length; mode 0600; replaces what is there: who calls this holds the
 * folder's lock). Connections are served from regia_control_open() on. May wait for the disk. Errors:
 * G_IO_ERROR. */
RegiaDoor *regia_door_new (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Whether its path still leads to it. May wait for the disk. */
gboolean regia_door_is_there (RegiaDoor *self);
void regia_door_free (RegiaDoor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaDoor, regia_door_free)

/** regia_control_new: @methods is static. */
RegiaControl *regia_control_new (const RegiaControlMethods *methods, gpointer user_data);
/** regia_control_open: serves @door (transfer full), a new one or the one that was lent. */
void regia_control_open (RegiaControl *self, RegiaDoor *door);
/** regia_control_lend: (transfer full) (nullable): the door, for a look at it on another thread; what came
 * through it is served on. */
RegiaDoor *regia_control_lend (RegiaControl *self);
/** regia_control_tell_end: the event is over; whoever waits for it hears @status, and whoever asks from now
 * on. */
void regia_control_tell_end (RegiaControl *self, GVariant *status);
/** regia_control_free: what was answered has left before. */
void regia_control_free (RegiaControl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaControl, regia_control_free)

/** (transfer none): the interface with GetStatus only, for the gateway: nothing that comes over HTTP can end
 * the show. */
GDBusInterfaceSkeleton *regia_control_get_read_only (RegiaControl *self);
