/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia-control-generated.h"
#include "regia/control/child.h"

/** RegiaChildFeed: the feed's descriptors as they come over the control connection. Main context only. */
typedef struct _RegiaChildFeed RegiaChildFeed;

RegiaChildFeed *regia_child_feed_new (void);
/** Closes what nobody took. Accepts NULL. */
void regia_child_feed_free (RegiaChildFeed *self);
/** regia_child_feed_connect: answers UseFeed and AddReader of @skeleton, which must not outlive @self. */
void regia_child_feed_connect (RegiaChildFeed *self, RegiaDBusProcess1 *skeleton);
/** regia_child_feed_begin: the process is ready: what has come goes to @class' use_feed and add_reader, and
 * so does whatever comes from now on. */
void regia_child_feed_begin (RegiaChildFeed *self, const RegiaChildClass *class, gpointer data);
