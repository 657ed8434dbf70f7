/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/config/config.h"

/**
 * What the programme can show: each [scene NAME] of the event file, and each source by itself, as a scene of
 * its name, where there is none of that name; and each of [look] slates, as a scene with one place, of a
 * source of its name. Immutable once made; any thread.
 */

/** One source's place in the picture. A place has the source's picture whole, in its middle, as large as
 * fits. */
typedef struct {
  char *source;
  double x, y, width, height; /* percent of the programme's picture, from its upper left; all of it inside */
} RegiaScenePlace;

typedef struct {
  char *name;
  guint fade_ms;     /* how long it takes to come, 0: at once */
  GPtrArray *places; /* (element-type RegiaScenePlace) (owned) the lowest first */
} RegiaScene;

/**
 * regia_scenes_new:
 *
 * Reads the pipeline files of sources, to tell which of them give a picture; what cannot be read gives none.
 *
 * Returns: (transfer full) (element-type RegiaScene): in the order of the file, the [scene] groups first,
 * then the sources, then the slates.
 */
GPtrArray *regia_scenes_new (const RegiaConfigValues *values);

/** regia_scenes_find: (nullable) (transfer none) */
const RegiaScene *regia_scenes_find (GPtrArray *scenes, const char *name);

/** regia_scenes_first: (nullable) (transfer none): what is shown until somebody says otherwise: [programme]
 * picture, else the first of the file; %NULL where there is none. */
const RegiaScene *regia_scenes_first (GPtrArray *scenes, const RegiaConfigValues *values);

/** regia_scenes_first_name: its name, from @values->shows; "" for none. Reads nothing. */
const char *regia_scenes_first_name (const RegiaConfigValues *values);
