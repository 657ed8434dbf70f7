/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "faults-private.h"

typedef struct {
  char *key;
  char *raw; /* as written after the =, without white space at its ends, escapes not yet resolved */
  guint line;
} RegiaKeyEntry;

typedef struct {
  char *kind;  /* first word of the header */
  char *name;  /* (nullable): the second */
  char *title; /* both: "source camera" */
  guint line;
  GPtrArray *entries; /* (element-type RegiaKeyEntry), keys are unique */
} RegiaKeyGroup;

/** RegiaKeyText: the structure of a key file with the line of everything. Immutable once made. */
typedef struct {
  GPtrArray *groups; /* (element-type RegiaKeyGroup), titles are unique */
} RegiaKeyText;

/**
 * regia_key_text_text:
 * @data, @length: the whole file
 * @faults: gets what is not a key file: bad UTF-8, NUL and other control characters, overlong lines, lines of
 * no known form, double groups and keys. Everything else is scanned all the same
 *
 * A byte order mark and CR LF line ends are tolerated, as the editors of other systems write them.
 * Source of the format: freedesktop.org Desktop Entry Specification §3 as read by GKeyFile, without localised
 * keys. Returns: (transfer full): never %NULL.
 */
RegiaKeyText *regia_key_text_text (const char *data, gsize length, RegiaFaults *faults);
void regia_key_text_free (RegiaKeyText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaKeyText, regia_key_text_free)

/** regia_key_text_find_group: (transfer none) (nullable). */
const RegiaKeyGroup *regia_key_text_find_group (const RegiaKeyText *self, const char *title);
/** regia_key_text_find_entry: (transfer none) (nullable). */
const RegiaKeyEntry *regia_key_text_find_entry (const RegiaKeyGroup *group, const char *key);
/** regia_key_text_line: line of @key in @title, or of the group's header when @key is %NULL or not there, or
 * 0.
 */
guint regia_key_text_line (const RegiaKeyText *self, const char *title, const char *key);

/** regia_key_text_decode: (transfer full) (nullable): the value with GKeyFile's escapes (\s \n \t \r \\)
 * resolved; %NULL for an unknown one. */
char *regia_key_text_decode (const char *raw);
