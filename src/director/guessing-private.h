/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * RegiaGuessing: how long who gets a password wrong has to wait before it is looked at another one.
 *
 * Counted for each address (IPv6: its /64, which one subscriber has) and for each name, known or not, so that
 * neither one guesser nor many together get through many words. A wait refuses, it does not count: who asks
 * too early does not make it longer. It never gets long. For a name at an address where it was right before
 * only what was wrong of that name there counts: neither a crowd that guesses at a name nor a neighbour
 * behind the same router keeps somebody from his own desk. An hour of guessing at one name from any number of
 * addresses is some 250 words.
 *
 * A try counts when it begins and is taken back when it was right, so that many at once count as many. All in
 * tables of fixed size; when one is full, the entry with the fewest wrong tries goes, so that nobody washes
 * out his own count with made-up names. Times are of the monotonic clock. Main context.
 */
typedef struct _RegiaGuessing RegiaGuessing;

/** Wrong tries that cost nothing, then the first wait, doubled with each to the longest. */
#define REGIA_GUESSING_ADDRESS_FREE    5
#define REGIA_GUESSING_ADDRESS_MOST_MS 60000
#define REGIA_GUESSING_NAME_FREE       10
#define REGIA_GUESSING_NAME_MOST_MS    15000
#define REGIA_GUESSING_FIRST_MS        1000
/** Forgotten after so long without a wrong try. */
#define REGIA_GUESSING_FORGET_US (15 * 60 * G_USEC_PER_SEC)
/** Entries of each table, and names with an address where they were right. */
#define REGIA_GUESSING_ENTRIES 1024
#define REGIA_GUESSING_PLACES  256

RegiaGuessing *regia_guessing_new (void);
void regia_guessing_free (RegiaGuessing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaGuessing, regia_guessing_free)

/** regia_guessing_is_known: whether @name was right from @address before. Pure. */
gboolean regia_guessing_is_known (RegiaGuessing *self, const char *name, const char *address);
/**
 * regia_guessing_try: somebody at @address says that he is @name; both are a stranger's words, of any length.
 * @jitter: 0.0 … 1.0, a random number
 *
 * Returns: 0, and it counts as wrong until regia_guessing_right(); or for how many µs it is not looked at.
 */
gint64 regia_guessing_try (RegiaGuessing *self, const char *name, const char *address, gint64 now_us,
                           double jitter);
/** regia_guessing_right: what was tried was right. */
void regia_guessing_right (RegiaGuessing *self, const char *name, const char *address, gint64 now_us);
/** regia_guessing_forget_name: @name has another password, or is gone: where it was right counts no more. */
void regia_guessing_forget_name (RegiaGuessing *self, const char *name);
