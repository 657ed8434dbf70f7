/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** regia_context_is_ours: whether the calling thread may act for @context (%NULL: the main thread's): it runs
 * it, or no thread does, as before the loop begins and after its end. Any thread. */
gboolean regia_context_is_ours (GMainContext *context);

/**
 * REGIA_ON_THREAD, REGIA_ON_THREAD_VAL: the door of a function that belongs to the thread of @context (%NULL:
 * the main thread). A caller on another one has a bug: it is logged as critical, and nothing is done.
 */
#define REGIA_ON_THREAD(context)            g_return_if_fail (regia_context_is_ours (context))
#define REGIA_ON_THREAD_VAL(context, value) g_return_val_if_fail (regia_context_is_ours (context), value)
