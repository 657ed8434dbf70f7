/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config-private.h"

/** regia_config_check_scenes: what does not fit together in the [scene] groups, but for the names of sources.
 * Pure. */
void regia_config_check_scenes (RegiaConfig *self, RegiaFaults *faults);

/** regia_scenes_names: (transfer full): of regia_scenes_new(). */
char **regia_scenes_names (const RegiaConfigValues *values);

/** regia_scene_layouts, regia_scene_corners: what those keys may say, %NULL at the end. */
extern const char *const regia_scene_layouts[];
extern const char *const regia_scene_corners[];

/** regia_read_backup_when: [char **], of lost, black, frozen; see RegiaOptionRead. */
char *regia_read_backup_when (const RegiaOption *option, const char *text, const char *base_dir,
                              gpointer field);

/** regia_read_areas: [char **], one `X Y WIDTH HEIGHT` in percent each; see RegiaOptionRead. */
char *regia_read_areas (const RegiaOption *option, const char *text, const char *base_dir, gpointer field);
