/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "recording-private.h"
#include "status-private.h"
#include "store-private.h"

/** A session's folder, held, and up to where it is recorded already. */
typedef struct {
  RegiaStore *store;     /* (owned) */
  RegiaSession *session; /* (owned) what is known of it, from the disk and from before it was displaced */
  GHashTable *ends; /* (owned) (element-type utf8 gint64): by track name, show time (ns) up to which the parts
                       hold it */
  gint64 until_ns;  /* show time up to which finished files hold it; 0: there are none */
  gint64 lost_until_ns; /* show time up to which parts were recorded that are lost; 0: none is */
} RegiaOpening;

/** regia_opening_clear: lets the session go. Accepts one that is half filled. */
void regia_opening_clear (RegiaOpening *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaOpening, regia_opening_clear)

/**
 * regia_opening_run: opens the folder of the session that @options names, or makes it. Where that name is
 * taken by something that is no session, or by one of a later version of Regia: the first of NAME-2, NAME-3 …
 * that is free or was taken by this show before; @status is told.
 * @earlier: (nullable): the session as it was known where it cannot be reached any more
 * @displaced: what became of that, a sentence without a full stop
 * @ret_opening: (out): untouched on failure
 *
 * The recording's thread; blocks on the disk, and for seconds while another recorder holds the session.
 * Errors: those of regia_store_open() and of the disk.
 */
gboolean regia_opening_run (const RegiaRecordingOptions *options, RegiaRecorderStatus *status,
                            RegiaSession *earlier, const char *displaced, RegiaOpening *ret_opening,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
