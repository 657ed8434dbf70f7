/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "process-private.h"

/**
 * RegiaReaders: who reads the feed. Each reader is given its way to the engine, a socket pair, and another
 * whenever one of the two was started anew. Main context only.
 */
typedef struct _RegiaReaders RegiaReaders;

#define REGIA_READERS_HOUSE  "house"  /* console, `regia tap` */
#define REGIA_READERS_RECORD "record" /* recorder */
#define REGIA_READERS_PUBLIC "public" /* gateway, rtc, relays */

/** regia_readers_new: of none yet. The processes that are added must outlive it. */
RegiaReaders *regia_readers_new (void);
void regia_readers_free (RegiaReaders *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaReaders, regia_readers_free)

/** regia_readers_set_engine: whom they read from. */
void regia_readers_set_engine (RegiaReaders *self, RegiaProcess *engine);
/** regia_readers_add: @rights: one of the three above, static. */
void regia_readers_add (RegiaReaders *self, RegiaProcess *reader, const char *rights);
/** regia_readers_set_rehearsal: while it is one nobody but the house is given a way to the feed. */
void regia_readers_set_rehearsal (RegiaReaders *self, gboolean is_rehearsal);
/** regia_readers_match: whenever a process has changed: hands over what is missing. A reader that the engine
 * does not let in is tried again, after a while that grows to five seconds. */
void regia_readers_match (RegiaReaders *self);
/** regia_readers_warn: adds who is not let in, and why, to @warnings (element-type utf8, owned). */
void regia_readers_warn (RegiaReaders *self, GPtrArray *warnings);
/** regia_readers_open: the reader's end (transfer full) for one of the house that is no process of ours.
 * Returns: −1 with G_DBUS_ERROR_FAILED when there is no engine at present. */
int regia_readers_open (RegiaReaders *self, GError **error);
