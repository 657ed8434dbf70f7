/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "faults-private.h"
#include "options-private.h"
#include "regia/config/config.h"
#include "scan-private.h"

/*
 * RegiaConfig: one event file, read. Made by regia_config_parse() in one go and immutable from then on, which
 * is why any thread may read it; whoever holds a reference may keep pointers into the values.
 */
struct _RegiaConfig {
  gatomicrefcount references;
  char *file;         /* name for messages */
  RegiaKeyText *scan; /* for line numbers of later checks */
  RegiaConfigValues values;
};

/** regia_config_new: (transfer full): without any value; @base_dir: (nullable): default: the file's folder.
 */
RegiaConfig *regia_config_new (const char *file_name, const char *base_dir);

/** regia_config_set_defaults: what holds when nothing is written, into @target, the struct of @group. */
void regia_config_set_defaults (const RegiaOptionGroup *group, gpointer target);

/** regia_config_fill_empty: no %NULL where a header promises none: texts are "", lists and the file's
 * structure are empty. For values that came from no file. */
void regia_config_fill_empty (RegiaConfig *self);

/**
 * regia_config_complete: fills in what follows from other values (default renditions and languages, titles,
 * the id), then checks what one value says of another. Faults and warnings are added; @self is whole only if
 * there were no faults.
 */
void regia_config_complete (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings);

/** regia_config_check_files: what the event needs on this machine's disk is there and can be read. */
void regia_config_check_files (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings);
