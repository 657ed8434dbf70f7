/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "exchange-private.h"

/** RegiaOrder: what is to take the place of what is there. A value; belongs to whoever prepares it. */
typedef struct {
  char *folder, *hall_path, *state_dir, *event_path; /* (owned) */
  char *name;                                        /* (owned) (nullable): the event; none: the hall */
  gboolean again;                                    /* although it was ended */
  gboolean rehearse;                                 /* without a session */
  char **ended;                                      /* (owned) (nullable): ids of those that were */
  char *last_id, *last_session;                      /* (owned): of the show before */
  RegiaConfig *hall;                                 /* (owned) (nullable) */
  RegiaDirector *director;                           /* only handed on */
} RegiaOrder;

/** RegiaPrepared: what came of it. */
typedef struct {
  RegiaExchange *exchange; /* (owned) (nullable) */
  char *file, *session;    /* (owned) (nullable): of an event */
  gint64 recorded_ns;      /* when a session that goes on was last written to */
  gboolean continued;      /* it goes on with the session of the show before */
} RegiaPrepared;

void regia_order_free (RegiaOrder *order);
void regia_prepared_free (RegiaPrepared *prepared);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaPrepared, regia_prepared_free)

/**
 * regia_prepare_thread: a GTaskThreadFunc; @order: a RegiaOrder
 *
 * Finds the event in the folder, reads it, chooses its session, writes its merged copy to event_path. The
 * task returns a RegiaPrepared (transfer full). Errors: REGIA_ERROR_STATE: there is no such event, or it was
 * ended; REGIA_ERROR_CONFIG: what is wrong with it; G_IO_ERROR: the copy cannot be written.
 */
void regia_prepare_thread (GTask *task, gpointer source, gpointer order, GCancellable *cancellable);
