/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "edit-private.h"

/*
 * RegiaControl: exports org.regia.Show1, and what is added to it, on control.sock, for the command line and
 * for nothing else. Main context only.
 */
typedef struct _RegiaControl RegiaControl;

/** What was asked is done (@error %NULL), or cannot be: with REGIA_ERROR_STATE nothing was done. Called once.
 */
typedef void (*RegiaControlStoppedFunc) (const GError *error, gpointer data);
/** See RegiaCommandsDoneFunc. */
typedef void (*RegiaControlCommandedFunc) (GVariant *result, const GError *error, gpointer data);

typedef struct {
  GVariant *(*get_status) (gpointer user_data); /* (transfer full) */
  void (*stop) (gboolean quit, const char *who, RegiaControlStoppedFunc stopped, gpointer data,
                gpointer user_data);
  void (*command) (const char *id, const char *who, GVariant *change, RegiaControlCommandedFunc commanded,
                   gpointer data, gpointer user_data);
  int (*open_feed) (gpointer user_data, GError **error); /* (transfer full): a reader's descriptor, or −1 */
  void (*start) (const char *name, gboolean again, const char *who, RegiaControlCommandedFunc started,
                 gpointer data, gpointer user_data);
  void (*rehearse) (const char *name, const char *who, RegiaControlCommandedFunc started, gpointer data,
                    gpointer user_data);
  void (*get_events) (RegiaControlCommandedFunc done, gpointer data, gpointer user_data);
  /* @edit: (transfer full): of the event folder or the hall file, without the paths */
  void (*edit) (RegiaEdit *edit, const char *who, RegiaControlCommandedFunc done, gpointer data,
                gpointer user_data);
} RegiaControlMethods;

/** RegiaControlListener: a listening control.sock. One thread at a time. */
typedef struct _RegiaControlListener RegiaControlListener;

/** regia_control_listener_new: listens at @path (any length; mode 0600; replaces what is there: who calls
 * this holds the folder's lock). Connections are served from regia_control_open() on. May wait for the disk.
 * Errors: G_IO_ERROR. */
RegiaControlListener *regia_control_listener_new (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** Whether its path still leads to it. May wait for the disk. */
gboolean regia_control_listener_is_there (RegiaControlListener *self);
void regia_control_listener_free (RegiaControlListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaControlListener, regia_control_listener_free)

/** regia_control_new: @methods is static. */
RegiaControl *regia_control_new (const RegiaControlMethods *methods, gpointer user_data);
/** regia_control_add: whoever connects from now on finds @skeleton as well, at @object (static). One, the
 * newest. */
void regia_control_add (RegiaControl *self, GDBusInterfaceSkeleton *skeleton, const char *object);
/** regia_control_name_caller: (transfer full): who calls, as the kernel knows him: "anna, command line". Any
 * thread. */
char *regia_control_name_caller (GDBusMethodInvocation *invocation);
/** regia_control_open: serves @listener (transfer full), a new one or the one that was lent. */
void regia_control_open (RegiaControl *self, RegiaControlListener *listener);
/** regia_control_lend: (transfer full) (nullable): the listener, for a look at it on another thread; what
 * came through it is served on. */
RegiaControlListener *regia_control_lend (RegiaControl *self);
/** regia_control_tell_end: the event is over; whoever waits for it hears @status, and whoever asks from now
 * on. */
void regia_control_tell_end (RegiaControl *self, GVariant *status);
/** regia_control_tell_begin: what was ended is put away, or another event is on: whoever waits for the end
 * from now on waits for its end. */
void regia_control_tell_begin (RegiaControl *self);
/** regia_control_free: what was answered has left before. */
void regia_control_free (RegiaControl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaControl, regia_control_free)
