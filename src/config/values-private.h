/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "options-private.h"

/* Readers of values, to stand in the table of options; see RegiaOptionRead for their contract. The field's
 * type is in brackets. */
char *regia_read_text (const RegiaOption *option, const char *text, const char *base_dir,
                       gpointer field); /* [char *] */
char *regia_read_name (const RegiaOption *option, const char *text, const char *base_dir,
                       gpointer field); /* [char *] */
char *regia_read_names (const RegiaOption *option, const char *text, const char *base_dir,
                        gpointer field); /* [char **] */
char *regia_read_language (const RegiaOption *option, const char *text, const char *base_dir,
                           gpointer field); /* [char *] */
char *regia_read_languages (const RegiaOption *option, const char *text, const char *base_dir,
                            gpointer field); /* [char **] */
char *regia_read_id (const RegiaOption *option, const char *text, const char *base_dir,
                     gpointer field); /* [char *] */
char *regia_read_path (const RegiaOption *option, const char *text, const char *base_dir,
                       gpointer field); /* [char *], absolute */
char *regia_read_picture (const RegiaOption *option, const char *text, const char *base_dir,
                          gpointer field); /* [char *], absolute */
char *regia_read_pipeline (const RegiaOption *option, const char *text, const char *base_dir,
                           gpointer field); /* [char *] */
char *regia_read_choice (const RegiaOption *option, const char *text, const char *base_dir,
                         gpointer field); /* [char *] */

char *regia_read_source_alarms (const RegiaOption *option, const char *text, const char *base_dir,
                                gpointer field); /* [char **], of regia_config_source_alarms */

char *regia_read_bool (const RegiaOption *option, const char *text, const char *base_dir,
                       gpointer field); /* [gboolean] */
char *regia_read_count (const RegiaOption *option, const char *text, const char *base_dir,
                        gpointer field); /* [guint, guint64] */
char *regia_read_channels (const RegiaOption *option, const char *text, const char *base_dir,
                           gpointer field); /* [guint[2]], the same twice for one */
char *regia_read_crop (const RegiaOption *option, const char *text, const char *base_dir,
                       gpointer field); /* [guint[4]], percent */
char *regia_read_gains (const RegiaOption *option, const char *text, const char *base_dir,
                        gpointer field); /* [char **], tenths of a dB */
char *regia_read_level (const RegiaOption *option, const char *text, const char *base_dir,
                        gpointer field); /* [int], tenths of a dB */
char *regia_read_limit (const RegiaOption *option, const char *text, const char *base_dir,
                        gpointer field); /* [int], the same, or #REGIA_CONFIG_NO_LIMIT */
char *regia_read_duration (const RegiaOption *option, const char *text, const char *base_dir,
                           gpointer field); /* [int, guint, guint64] */
/* As above, and `off`, which is 0. */
char *regia_read_level_or_off (const RegiaOption *option, const char *text, const char *base_dir,
                               gpointer field); /* [int], dB */
char *regia_read_count_or_off (const RegiaOption *option, const char *text, const char *base_dir,
                               gpointer field); /* [guint] */
char *regia_read_duration_or_auto (const RegiaOption *option, const char *text, const char *base_dir,
                                   gpointer field); /* [guint]: the same, or 0 for auto */
char *regia_read_duration_or_off (const RegiaOption *option, const char *text, const char *base_dir,
                                  gpointer field); /* [guint] */
char *regia_read_bitrate (const RegiaOption *option, const char *text, const char *base_dir,
                          gpointer field); /* [guint], kbit/s */
char *regia_read_bytes (const RegiaOption *option, const char *text, const char *base_dir,
                        gpointer field); /* [guint64], bytes */
char *regia_read_mbytes (const RegiaOption *option, const char *text, const char *base_dir,
                         gpointer field); /* [guint], 10⁶ bytes */
char *regia_read_size (const RegiaOption *option, const char *text, const char *base_dir,
                       gpointer field); /* [guint, guint] */
char *regia_read_rate (const RegiaOption *option, const char *text, const char *base_dir,
                       gpointer field); /* [guint, guint] */

char *regia_read_time (const RegiaOption *option, const char *text, const char *base_dir,
                       gpointer field); /* [char *], form only */
char *regia_read_timezone (const RegiaOption *option, const char *text, const char *base_dir,
                           gpointer field); /* [char *] */
char *regia_read_listen (const RegiaOption *option, const char *text, const char *base_dir,
                         gpointer field); /* [char *] */
char *regia_read_hosts (const RegiaOption *option, const char *text, const char *base_dir,
                        gpointer field); /* [char **] */
char *regia_read_networks (const RegiaOption *option, const char *text, const char *base_dir,
                           gpointer field); /* [char **] */
char *regia_read_relay_url (const RegiaOption *option, const char *text, const char *base_dir,
                            gpointer field); /* [char *] */

/** regia_read_is_path: whether the value of @option is or can be a path. */
gboolean regia_read_is_path (const RegiaOption *option);

/** regia_is_name: [a-z0-9][a-z0-9-]{0,31}: sources, renditions, relays. */
gboolean regia_is_name (const char *text);
/** regia_split_list: (transfer full): parts of a list, between ; or , without white space at their ends and
 * without empty ones. */
char **regia_split_list (const char *text);

/**
 * regia_time_resolve:
 * @text: `YYYY-MM-DD HH:MM[:SS]`, or with T and an offset as in RFC 3339 §5.6
 * @zone_name: for a time without an offset
 * @ret_date: (out) (transfer full) (optional): the day there, YYYY-MM-DD
 *
 * Returns: (transfer full) (nullable): as RegiaOptionRead.
 */
char *regia_time_resolve (const char *text, const char *zone_name, gint64 *ret_unix_s, char **ret_date);
