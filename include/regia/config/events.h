/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * A folder of event files: what is to be on in a hall, for years. Reading it is one thing and blocks on the
 * disk; who comes next is decided by functions of what was read.
 */

/** RegiaEvent: one file of the folder. Immutable. */
typedef struct {
  char *file;               /* absolute path */
  char *id, *name, *place;  /* "" when not given, and what could be read where the file is faulty */
  char *timezone;           /* of start and end */
  gint64 start_s, end_s;    /* Unix time, 0 when not given */
  gboolean start_by_itself; /* then start and end are given */
  char *error;              /* (nullable): why it cannot be started: lines as of regia_config_load() */
} RegiaEvent;

void regia_event_free (RegiaEvent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaEvent, regia_event_free)

typedef enum {
  REGIA_EVENT_FAULTY,
  REGIA_EVENT_ENDED,    /* it was on and is over */
  REGIA_EVENT_PAST,     /* its hours are over; it was not on, as far as is known */
  REGIA_EVENT_NOW,      /* these are its hours */
  REGIA_EVENT_NEXT,     /* the first of those to come */
  REGIA_EVENT_LATER,    /* to come, after another */
  REGIA_EVENT_ANY_TIME, /* has no start: a person starts it */
} RegiaEventState;

/** What is taken for the length of an event with a start and no end, when it is asked whether it is over. */
#define REGIA_EVENT_DEFAULT_LENGTH_S (12 * 3600)

/**
 * regia_events_scan:
 * @folder: its files `*.conf` are read, but for hidden ones and for hall files: @hall, and whatever one of
 * the events names as its own; folders in it are not looked into
 * @hall: (nullable): the hall of those that name none, as regia_config_load_in_hall()
 *
 * A faulty file is in the list with its fault and keeps nobody else out. So is one with the id of an earlier
 * one: their recordings could not be told apart. The pipeline files are checked as well. Blocks on the disk;
 * any thread.
 *
 * Returns: (transfer full) (element-type RegiaEvent): by start, then those without, each by file; can be
 * empty. %NULL with REGIA_ERROR_CONFIG when there is no such folder.
 */
GPtrArray *regia_events_scan (const char *folder, const char *hall, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_events_next:
 * @events: (element-type RegiaEvent): as of regia_events_scan()
 * @now_s: Unix time
 * @ended: (nullable) (array zero-terminated=1): ids or files of those that were on and are over
 *
 * Returns: (transfer none) (nullable): the first that is not faulty, not ended and whose hours are not over:
 * what a waiting page announces. Pure.
 */
const RegiaEvent *regia_events_next (GPtrArray *events, gint64 now_s, const char *const *ended);

/**
 * regia_events_due: arguments as of regia_events_next().
 *
 * Returns: (transfer none) (nullable): the one that is to start by itself now: it says so, it is not faulty
 * and not ended, and it is between its start and its end. Of several the one that started last: the hours of
 * the others should be over. Pure.
 */
const RegiaEvent *regia_events_due (GPtrArray *events, gint64 now_s, const char *const *ended);

/** regia_events_find: (transfer none) (nullable): by id, or by the name of its file with or without folder
 * and
 * `.conf`: what a person writes after `regia start`. A faulty one by its file alone: its id may be another's.
 * Pure. */
const RegiaEvent *regia_events_find (GPtrArray *events, const char *name);

/** regia_events_state: of @event, one of @events; arguments as of regia_events_next(). Pure. */
RegiaEventState regia_events_state (GPtrArray *events, const RegiaEvent *event, gint64 now_s,
                                    const char *const *ended);

/** regia_event_state_name: `faulty`, `ended`, `past`, `now`, `next`, `later`, `any time`. */
const char *regia_event_state_name (RegiaEventState state);

/**
 * regia_events_announce: arguments as of regia_events_next().
 *
 * Returns: (transfer floating): a{sv} of the next one: id, name, place, start, end (s; RFC 3339 in the
 * event's zone, "" when not given); empty when there is none. Nothing that is not for everybody's eyes. Pure.
 */
GVariant *regia_events_announce (GPtrArray *events, gint64 now_s, const char *const *ended);

/**
 * regia_events_to_variant: arguments as of regia_events_next().
 *
 * Returns: (transfer floating): aa{sv}, in the same order: file, id, name, place (s), state (s), start, end
 * (s, RFC 3339 in the event's zone; only when given), start-by-itself (b), error (s, only of faulty ones).
 * Pure.
 */
GVariant *regia_events_to_variant (GPtrArray *events, gint64 now_s, const char *const *ended);
