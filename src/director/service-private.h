/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "control-private.h"
#include "regia/config/config.h"
#include "show-private.h"

typedef struct _RegiaDirector RegiaDirector;

/*
 * RegiaService: the events of a folder in a hall, one after the other, for years. Main context only. Where
 * one event alone is run there is none: all functions but the first two take %NULL, and do nothing then or
 * say so.
 */
typedef struct _RegiaService RegiaService;

/** regia_service_new: @hall_path, @events_dir: absolute. Nothing is read yet. */
RegiaService *regia_service_new (RegiaDirector *director, const char *hall_path, const char *events_dir);
/** regia_service_begin: at the start of the program: decides from show.json whether an event goes on, is
 * finished, or whether none is on, and gives the director its show and config. Blocks. Errors:
 * REGIA_ERROR_STATE: a newer Regia wrote show.json; REGIA_ERROR_CONFIG: what is wrong with the hall file,
 * when it is needed. */
gboolean regia_service_begin (RegiaService *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_service_free (RegiaService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaService, regia_service_free)

/** regia_service_tick: once a second, and first of all when the loop begins. */
void regia_service_tick (RegiaService *self);
/** regia_service_note: a process changed. */
void regia_service_note (RegiaService *self);

/** regia_service_start: puts the event @name on the air, or with @rehearse begins it as a rehearsal;
 * Show1.Start, Show1.Rehearse. @done is called once: it is persisted and begins, or why not. */
void regia_service_start (RegiaService *self, const char *name, gboolean again, gboolean rehearse,
                          const char *who, RegiaControlCommandedFunc done, gpointer data);
/** regia_service_edit: Console1.EditFile: @edit (transfer full), whose paths are put in here; @done is called
 * once. */
void regia_service_edit (RegiaService *self, RegiaEdit *edit, const char *who, RegiaControlCommandedFunc done,
                         gpointer data);
/** regia_service_ask: Show1.GetEvents; @done is called once. */
void regia_service_ask (RegiaService *self, RegiaControlCommandedFunc done, gpointer data);

/** regia_service_stand_by: a rehearsal is over: the hall without an event takes its place, as soon as its
 * file can be read. */
void regia_service_stand_by (RegiaService *self);
/** regia_service_is_changing: that is being prepared, or done. */
gboolean regia_service_is_changing (RegiaService *self);
/** regia_service_is_exchanging: another event, or none, is about to take the place of what is there. The show
 * is the one to come, the processes are those of before. */
gboolean regia_service_is_exchanging (RegiaService *self);
/** regia_service_get_shown: (transfer none): the show that people are told of: @present, or what was there
 * before while it is exchanged. */
const RegiaShow *regia_service_get_shown (RegiaService *self, const RegiaShow *present);
/** regia_service_get_hall: (transfer none) (nullable): what the hall says by itself, as it was when it was
 * last without fault; %NULL without a service. Until the next look at the folder. */
const RegiaConfigValues *regia_service_get_hall (RegiaService *self);
/** regia_service_hold_stop: the show is to end. What has not begun yet does not begin. Returns: %TRUE where
 * it is too late for that: it is ended as soon as it has begun. */
gboolean regia_service_hold_stop (RegiaService *self, gboolean quit);

/** regia_service_announce: (transfer full): a{sv}: `next` of the status. */
GVariant *regia_service_announce (RegiaService *self);
/** regia_service_warn: adds what is the matter with folder and hall to @warnings (element-type utf8, owned).
 */
void regia_service_warn (RegiaService *self, GPtrArray *warnings);
