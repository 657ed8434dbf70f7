/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * RegiaPipelineFile: one file of pipelines/: a comment header, then gst-launch text with `{parameter}`
 * places.
 *
 *     # summary: Moving test picture with burnt-in frame number
 *     # needs: videotestsrc audiotestsrc
 *     # param pattern=smpte  what videotestsrc shows
 *
 *     videotestsrc pattern={pattern} is-live=true ! … name=video
 *
 * A parameter without a default (`# param location  …`) must be given.
 *
 * Reading and substitution only; no GStreamer here. Immutable after loading.
 */
typedef struct {
  char *name;
  char *default_value; /* (nullable): must be given */
  char *help;
  gboolean secret; /* its help begins with the word `secret`: never shown */
  gboolean file;   /* its help begins with the word `file`: a path of a file, which `regia check` looks for */
} RegiaPipelineParam;

typedef struct {
  char *name; /* file name without suffix */
  char *path;
  char *kind; /* capture, encode, output */
  char *summary;
  char **needs;         /* GStreamer elements */
  GPtrArray *params;    /* (element-type RegiaPipelineParam) */
  gboolean gives_video; /* it has an element named `video` */
  gboolean gives_audio; /* it has an element named `audio` */
  gboolean
      sender_clock; /* `# clock: sender`: times count by the far end's clock, from an instant unknown here */
  char *text;       /* gst-launch text, comments removed */
} RegiaPipelineFile;

/** regia_pipeline_file_load: @name a bare name looked up as <folder of pipelines>/KIND/NAME.pipeline, or a
 * path ending in .pipeline. Errors: REGIA_ERROR_CONFIG, naming file and line. */
RegiaPipelineFile *regia_pipeline_file_load (const char *kind, const char *name,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_pipeline_file_free (RegiaPipelineFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaPipelineFile, regia_pipeline_file_free)

/** regia_pipeline_file_list: (transfer full) (element-type RegiaPipelineFile): every file of the installed
 * (or source tree's) folder, by kind and name. Faulty files are reported in @ret_faults (transfer full)
 * (element-type utf8). */
GPtrArray *regia_pipeline_file_list (GPtrArray **ret_faults);

/** regia_pipeline_folder: (transfer full): where the pipeline files are: $REGIA_PIPELINES, else the source
 * tree when run from a build folder, else the installed data folder. */
char *regia_pipeline_folder (void);

/**
 * regia_pipeline_file_expand:
 * @values: (nullable) (element-type utf8 utf8): parameters; unknown ones and missing ones are errors naming
 * what is allowed
 *
 * Values are quoted for gst-launch where they are not plain words, so that no value can add elements or
 * properties. A place stands in a value (`property={param}`), best without quotes round it. In caps and
 * within quotes only letters, digits and _ - . : / @ % + are taken. Backslashes and control characters are
 * refused everywhere. A default with blanks is written `# param text="a b"  help`. Errors:
 * REGIA_ERROR_CONFIG, one line per fault, never with the value.
 */
char *regia_pipeline_file_expand (const RegiaPipelineFile *self, GHashTable *values,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
