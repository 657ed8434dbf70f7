/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/config/pipeline.h"

/** regia_pipeline_file_parse: a pipeline file from memory; @path is its name in messages. Pure. Fuzzed. */
RegiaPipelineFile *regia_pipeline_file_parse (const char *kind, const char *name, const char *path,
                                              const char *content, gsize length,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** One thing wrong with the values given to a pipeline file. */
typedef struct {
  char *param; /* the parameter it is about */
  char *text;  /* what is wrong; what to do. Never the value */
} RegiaPipelineFault;

/** regia_pipeline_file_faults: (transfer full) (element-type RegiaPipelineFault): all that keeps @values from
 * being put in; empty if nothing. */
GPtrArray *regia_pipeline_file_faults (const RegiaPipelineFile *self, GHashTable *values);

/** A `{param}` in the text of a pipeline file. */
typedef struct {
  gsize start, end; /* of `{param}` in the text, bytes */
  char *param;
  gboolean whole;      /* it is the whole value of its property */
  gboolean plain_only; /* it stands in caps, where a comma would begin another field, or within quotes */
  const char *fault;   /* (nullable) why nothing can be put there */
} RegiaPipelinePlace;

/** regia_pipeline_places: (transfer full) (element-type RegiaPipelinePlace): the places of @text in order.
 * Pure. */
GPtrArray *regia_pipeline_places (const char *text);
