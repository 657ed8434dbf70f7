/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "faults-private.h"
#include "options-private.h"
#include "regia/config/config.h"
#include "scan-private.h"

/*
 * RegiaConfig: one event file and its hall, read. Made by regia_config_load() in one go and immutable from
 * then on, which is why any thread may read it; whoever holds a reference may keep pointers into the values.
 */
struct _RegiaConfig {
  gatomicrefcount references;
  char *file;         /* name for messages */
  RegiaKeyText *scan; /* what was read, merged; for the places of later checks and for the text of it all */
  RegiaKeyText *left_out; /* (nullable): groups with off = yes, which are not in @scan any more */
  char **files;           /* absolute paths of the files read */
  gboolean is_hall;       /* a hall file by itself: no event is missing from it */
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
 * regia_config_load_partly: as regia_config_load_in_hall().
 * @ret_partly: (out) (transfer full) (nullable): on failure what could be read; texts in it can be %NULL and
 * values make no sense together. To tell a person which event is faulty, for nothing else
 */
RegiaConfig *regia_config_load_partly (const char *path, const char *hall, RegiaConfig **ret_partly,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_load_text: as regia_config_load_in_hall(), or regia_config_load_hall() with @is_hall, of a
 * text that is to stand in @path. */
RegiaConfig *regia_config_load_text (const char *data, gsize length, const char *path, const char *hall,
                                     gboolean is_hall, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_leave_out: takes the groups with `off = yes` out of @self->scan. */
void regia_config_leave_out (RegiaConfig *self, RegiaFaults *faults);

/**
 * regia_config_read: makes values of @self->scan, names everything that is wrong with them, and looks for the
 * files that they name where @check_files says so. The last step of loading; @faults has what was found
 * before. Returns: %FALSE with REGIA_ERROR_CONFIG.
 */
gboolean regia_config_read (RegiaConfig *self, RegiaFaults *faults, gboolean check_files,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_config_complete: fills in what follows from other values (default renditions and languages, titles,
 * the id), then checks what one value says of another. Faults and warnings are added; @self is whole only if
 * there were no faults.
 */
void regia_config_complete (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings);

/** regia_config_join_audio: adds to the sources of @audio, which a file names, those that say that they are
 * heard in it: as they come. */
void regia_config_join_audio (const RegiaConfigValues *values, RegiaConfigAudio *audio);
/** regia_config_check_heard: the languages that sources say. */
void regia_config_check_heard (RegiaConfig *self, RegiaFaults *faults);

/** regia_config_check_source: the source called @name against its pipeline file; as
 * regia_config_check_pipelines(), for one of them. */
gboolean regia_config_check_source (RegiaConfig *self, const char *name,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_check_files: what the event needs on this machine's disk is there and can be read. */
void regia_config_check_files (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings);
