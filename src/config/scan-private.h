/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "faults-private.h"

/** What the text of regia_config_to_text() begins with. In such a text a comment `# from FILE:LINE` says
 * where the next line was first written. */
#define REGIA_KEY_TEXT_MERGED "# Put together by regia: each key with the file and line that it is from."
#define REGIA_KEY_TEXT_FROM   "# from "

/** RegiaKeyOrigin: a file that text was read from. Immutable; reference counted (g_atomic_rc_box). */
typedef struct {
  char *name;     /* for messages */
  char *base_dir; /* absolute; where its relative paths start */
} RegiaKeyOrigin;

RegiaKeyOrigin *regia_key_origin_new (const char *name, const char *base_dir);
void regia_key_origin_unref (RegiaKeyOrigin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaKeyOrigin, regia_key_origin_unref)

typedef struct {
  char *key;
  char *raw; /* as written after the =, without white space at its ends, escapes not yet resolved */
  RegiaKeyOrigin *origin;
  guint line;
} RegiaKeyEntry;

typedef struct {
  char *kind;  /* first word of the header */
  char *name;  /* (nullable): the second */
  char *title; /* both: "source camera" */
  RegiaKeyOrigin *origin;
  guint line;
  GPtrArray *entries; /* (element-type RegiaKeyEntry), keys are unique */
} RegiaKeyGroup;

/** RegiaKeyText: the structure of a key file, or of two that were merged, with the place of everything.
 * Immutable once made. */
typedef struct {
  GPtrArray *groups; /* (element-type RegiaKeyGroup), titles are unique */
} RegiaKeyText;

/**
 * regia_key_text_text:
 * @data, @length: the whole file
 * @origin: which one it is
 * @faults: gets what is not a key file: bad UTF-8, NUL and other control characters, overlong lines, lines of
 * no known form, double groups and keys. Everything else is scanned all the same
 *
 * A byte order mark and CR LF line ends are tolerated, as the editors of other systems write them.
 * Source of the format: freedesktop.org Desktop Entry Specification §3 as read by GKeyFile, without localised
 * keys. Returns: (transfer full): never %NULL.
 */
RegiaKeyText *regia_key_text_text (const char *data, gsize length, RegiaKeyOrigin *origin,
                                   RegiaFaults *faults);
void regia_key_text_free (RegiaKeyText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaKeyText, regia_key_text_free)

/** regia_key_text_find_group: (transfer none) (nullable). */
const RegiaKeyGroup *regia_key_text_find_group (const RegiaKeyText *self, const char *title);
/** regia_key_text_find_entry: (transfer none) (nullable). */
const RegiaKeyEntry *regia_key_text_find_entry (const RegiaKeyGroup *group, const char *key);
/** regia_key_text_place: of @key in @title, or of the group's header when @key is %NULL or not there, or line
 * 0. It is valid as long as @self. */
RegiaPlace regia_key_text_place (const RegiaKeyText *self, const char *title, const char *key);

/**
 * regia_key_text_elsewhere: for a fault at @place that has to do with another value.
 *
 * Returns: (transfer full): ` (FILE:LINE)` of @key in @title when that is written in another file than
 * @place, "" otherwise.
 */
char *regia_key_text_elsewhere (const RegiaKeyText *self, RegiaPlace place, const char *title,
                                const char *key);

/**
 * regia_key_text_merge:
 * @hall: what holds where @event says nothing
 *
 * Key by key: a key that both have is the event's. Groups stand in the order of the hall, then those that
 * only the event has in its own. Returns: (transfer full).
 */
RegiaKeyText *regia_key_text_merge (const RegiaKeyText *hall, const RegiaKeyText *event);

/**
 * regia_key_text_take_out:
 * @groups: (element-type RegiaKeyGroup): some of those in @self
 *
 * Returns: (transfer full): they, which @self does not have any more. Before @self is shown to anybody.
 */
RegiaKeyText *regia_key_text_take_out (RegiaKeyText *self, GPtrArray *groups);

/** regia_key_text_is_key: whether @text can stand before a `=`. Pure. */
gboolean regia_key_text_is_key (const char *text);

/** regia_key_text_decode: (transfer full) (nullable): the value with GKeyFile's escapes (\s \n \t \r \\)
 * resolved; %NULL for an unknown one. */
char *regia_key_text_decode (const char *raw);
/** regia_key_text_encode: (transfer full): the other direction. */
char *regia_key_text_encode (const char *value);
