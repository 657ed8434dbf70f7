/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** RegiaPlace: where something is written. */
typedef struct {
  const char *file; /* (nullable): name for messages; %NULL: the file that the faults are of */
  guint line;       /* 0: not written anywhere */
} RegiaPlace;

/** RegiaFaults: what is wrong with one file, and with others that it names, a line each, in the order of the
 * files. One thread. */
typedef struct _RegiaFaults RegiaFaults;

/** regia_faults_new: @file is the name put before each line; copied. */
RegiaFaults *regia_faults_new (const char *file);
void regia_faults_free (RegiaFaults *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFaults, regia_faults_free)

/**
 * regia_faults_add:
 * @line: line of the file, 0 when the fault is that something is not there
 * @group: (nullable): group as written between the brackets
 * @key: (nullable): key
 * @format: `what is wrong; what to do`. Quote the file's own text with regia_quote_clip(), and secrets not at
 * all
 */
void regia_faults_add (RegiaFaults *self, guint line, const char *group, const char *key, const char *format,
                       ...) G_GNUC_PRINTF (5, 6);

/** regia_faults_add_at: the same for a place that may be in another file. */
void regia_faults_add_at (RegiaFaults *self, RegiaPlace place, const char *group, const char *key,
                          const char *format, ...) G_GNUC_PRINTF (5, 6);

/** regia_faults_raise: Returns: %FALSE with REGIA_ERROR_CONFIG, one line per fault, when there is any. */
gboolean regia_faults_raise (RegiaFaults *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_faults_lines: (transfer full) (element-type utf8): the lines, its own file's first, sorted by
 * line number. */
GPtrArray *regia_faults_lines (RegiaFaults *self);

/** regia_quote_clip: (transfer full): @text as it may stand in a message: clipped, no control characters,
 * quoted. */
char *regia_quote_clip (const char *text);

/**
 * regia_nearest_name:
 * @names: (array zero-terminated=1)
 *
 * Returns: (transfer none) (nullable): the name that @text most probably should have been (edit distance of
 * at most a third of it, at least 2), or %NULL. Pure.
 */
const char *regia_nearest_name (const char *text, const char *const *names);

/** regia_suggest: (transfer full): `did you mean "x"?` or, with no name near, `allowed: a, b, c`. Pure. */
char *regia_suggest (const char *text, const char *const *names);
