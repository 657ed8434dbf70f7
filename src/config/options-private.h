/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/config/config.h"
#include "regia/config/options.h"

typedef struct _RegiaOption RegiaOption;

/**
 * RegiaOptionRead: one kind of value.
 * @text: the value, escapes resolved, not empty
 * @base_dir: absolute; where relative paths start
 * @field: where it belongs in its struct; whatever it pointed to is replaced. Untouched on failure
 *
 * Returns: (transfer full) (nullable): %NULL on success, otherwise `what is wrong; what to do`. Pure.
 */
typedef char *(*RegiaOptionRead) (const RegiaOption *option, const char *text, const char *base_dir,
                                  gpointer field);

/** One key: its row in the table drives reading, the error for unknown keys, `regia check --keys` and the
 * test of config/example.conf. */
struct _RegiaOption {
  const char *key;
  const char *default_value; /* (nullable): as it would be written */
  gboolean required;
  const char *range; /* what is allowed, in words */
  const char *help;
  RegiaOptionRead read;
  gsize offset, size; /* of the field in the group's struct; 0, 0: none, it is used up while files are read */
  gint64 min, max;    /* numbers: in the field's unit; text: letters */
  gint64 unit;        /* durations: ms per one of the field's unit */
  const char *const *choices;
};

typedef struct {
  const char *kind;
  gboolean named;         /* [kind NAME] */
  const char *name_range; /* what NAME may be, in words */
  const char *help;
  guint max_count;
  gboolean (*check_name) (const char *name);
  gsize struct_size;          /* of a named group's struct, whose first member is its name */
  gsize array_offset;         /* in RegiaConfigValues, of the array that it goes to */
  gboolean takes_parameters;  /* keys that are not in the table are parameters of its pipeline file */
  const RegiaOption *options; /* ends with a NULL key */
} RegiaOptionGroup;

/** regia_option_groups: ends with a NULL kind. */
extern const RegiaOptionGroup regia_option_groups[];

/** regia_option_audio: the keys of [audio LANG]; ends with a NULL key. */
extern const RegiaOption regia_option_audio[];
/** regia_option_alarms: the keys of [alarms]; ends with a NULL key. */
extern const RegiaOption regia_option_alarms[];

const RegiaOptionGroup *regia_option_group_find (const char *kind);
const RegiaOption *regia_option_find (const RegiaOptionGroup *group, const char *key);
/** regia_option_names: (transfer container): keys of a group, or kinds of groups for %NULL. */
const char **regia_option_names (const RegiaOptionGroup *group);
