/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <string.h>
#include <unistd.h>

#include "config-private.h"
#include "options-private.h"
#include "pipeline-private.h"
#include "regia/base/named.h"
#include "regia/config/ingest.h"

/* The event file against the pipeline files that it names. */

static char *
join_path_faults (const GError *error)
{
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);

  return g_strjoinv (" | ", lines);
}

/* A wrong word in [source] may have been meant as a key of its own or as a parameter of its pipeline: both
 * are offered. */
static void
name_unknown_parameters (RegiaConfig *self, const RegiaConfigSource *source, const RegiaPipelineFile *file,
                         const char *title, RegiaFaults *faults)
{
  g_autoptr (GPtrArray) faulty = regia_pipeline_file_faults (file, source->parameters);
  g_autofree const char **own = regia_option_names (regia_option_group_find ("source"));

  for (guint i = 0; i < faulty->len; i++) {
    const RegiaPipelineFault *fault = g_ptr_array_index (faulty, i);
    const char *near = NULL;

    if (strstr (fault->text, "did you mean") == NULL && g_str_has_prefix (fault->text, "not a parameter"))
      near = regia_nearest_name (fault->param, own);
    if (near != NULL)
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, fault->param), title,
                           fault->param, "unknown key; did you mean \"%s\"?", near);
    else
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, fault->param), title,
                           fault->param, "%s", fault->text);
  }
}

static void
check_named_files (RegiaConfig *self, const RegiaConfigSource *source, const RegiaPipelineFile *file,
                   const char *title, RegiaFaults *faults)
{
  for (guint i = 0; i < file->params->len; i++) {
    const RegiaPipelineParam *param = g_ptr_array_index (file->params, i);
    const char *path = g_hash_table_lookup (source->parameters, param->name);
    RegiaPlace place = regia_key_text_place (self->scan, title, param->name);
    g_autofree char *quoted = NULL;
    g_autoptr (GError) error = NULL;
    int fd;

    if (!param->file || param->secret || path == NULL || path[0] == '\0')
      continue;
    quoted = regia_quote_clip (path);
    if (!g_path_is_absolute (path)) {
      regia_faults_add_at (faults, place, title, param->name,
                           "%s is not a whole path; begin it with / or with ./", quoted);
      continue;
    }
    fd = regia_named_open (path, "check the path", &error);
    if (fd >= 0)
      close (fd);
    else if (!g_file_test (path, G_FILE_TEST_EXISTS))
      regia_faults_add_at (faults, place, title, param->name, "there is no file %s; check the path", quoted);
    else
      regia_faults_add_at (faults, place, title, param->name, "%s %s", quoted, error->message);
  }
}

static void
name_one_shown (RegiaConfig *self, const RegiaConfigSource *source, const RegiaPipelineFile *file,
                const char *title, const char *group, const char *key, RegiaFaults *faults)
{
  RegiaPlace place = regia_key_text_place (self->scan, group, key);
  g_autofree char *where = regia_key_text_elsewhere (self->scan, place, title, "pipeline");

  regia_faults_add_at (faults, place, group, key,
                       "[source %s] gives no picture (pipeline %s)%s; show another", source->name, file->name,
                       where);
}

/* Places that show @source, which gives no picture. */
static void
name_shown (RegiaConfig *self, const RegiaConfigSource *source, const RegiaPipelineFile *file,
            const char *title, RegiaFaults *faults)
{
  const RegiaConfigValues *values = &self->values;
  gboolean is_scene = FALSE;

  for (guint i = 0; i < values->scenes->len; i++) {
    const RegiaConfigScene *scene = g_ptr_array_index (values->scenes, i);
    g_autofree char *scene_title = g_strconcat ("scene ", scene->name, NULL);

    is_scene |= g_str_equal (scene->name, source->name);
    if (g_strv_contains ((const char *const *)scene->sources, source->name))
      name_one_shown (self, source, file, title, scene_title, "sources", faults);
  }
  if (!is_scene && g_strcmp0 (values->picture, source->name) == 0)
    name_one_shown (self, source, file, title, "programme", "picture", faults);
}

/* Where a source is sent to; two that nobody could tell apart. */
static void
check_ingest (RegiaConfig *self, const RegiaConfigSource *source, const char *title, RegiaFaults *faults)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfigIngest) ingest = regia_config_source_ingest (source, &error);
  g_auto (GStrv) words = ingest == NULL ? g_strsplit (error->message, ": ", 2) : NULL;

  if (ingest == NULL) {
    /* a key that is missing altogether is named with the other parameters */
    if (g_hash_table_contains (source->parameters, words[0]))
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, words[0]), title, words[0], "%s",
                           words[1]);
    return;
  }
  for (guint i = 0; i < self->values.sources->len; i++) {
    const RegiaConfigSource *other = g_ptr_array_index (self->values.sources, i);
    g_autoptr (RegiaConfigIngest) same = NULL;

    if (other == source)
      return; /* the second of two is named */
    same = regia_config_source_has_ingest (other) ? regia_config_source_ingest (other, NULL) : NULL;
    if (same != NULL && g_str_equal (same->hello, ingest->hello))
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "key"), title, "key",
                           "the same as that of [source %s], at the same address; choose another key or "
                           "application",
                           other->name);
  }
}

static void
check_source (RegiaConfig *self, const RegiaConfigSource *source, RegiaFaults *faults)
{
  const RegiaConfigValues *values = &self->values;
  g_autofree char *title = g_strconcat ("source ", source->name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaPipelineFile) file = regia_pipeline_file_load ("capture", source->pipeline, &error);

  if (file == NULL) {
    g_autofree char *why = join_path_faults (error);

    regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "pipeline"), title, "pipeline",
                         "%s", why);
    return;
  }
  name_unknown_parameters (self, source, file, title, faults);
  check_named_files (self, source, file, title, faults);
  if (regia_config_source_has_ingest (source))
    check_ingest (self, source, title, faults);
  if (!file->gives_video)
    name_shown (self, source, file, title, faults);
  for (guint i = 0; i < values->audios->len && !file->gives_audio; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);
    g_autofree char *audio_title = g_strconcat ("audio ", audio->language, NULL);
    const RegiaKeyGroup *scanned = regia_key_text_find_group (self->scan, audio_title);

    /* only where a person named it: the default of `sources` takes in those without sound as well */
    if (scanned != NULL && regia_key_text_find_entry (scanned, "sources") != NULL &&
        regia_config_mixes (audio, source->name)) {
      RegiaPlace place = regia_key_text_place (self->scan, audio_title, "sources");
      g_autofree char *where = regia_key_text_elsewhere (self->scan, place, title, "pipeline");

      regia_faults_add_at (faults, place, audio_title, "sources",
                           "[source %s] gives no sound (pipeline %s)%s; remove it here", source->name,
                           file->name, where);
    }
  }
}

gboolean
regia_config_check_source (RegiaConfig *self, const char *name, GError **error)
{
  g_autoptr (RegiaFaults) faults = regia_faults_new (self->file);

  for (guint i = 0; i < self->values.sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (self->values.sources, i);

    if (g_str_equal (source->name, name))
      check_source (self, source, faults);
  }
  return regia_faults_raise (faults, error);
}

gboolean
regia_config_check_pipelines (RegiaConfig *self, GError **error)
{
  g_autoptr (RegiaFaults) faults = regia_faults_new (self->file);
  const RegiaConfigValues *values = &self->values;

  for (guint i = 0; i < values->sources->len; i++)
    check_source (self, g_ptr_array_index (values->sources, i), faults);
  for (guint i = 0; i < values->renditions->len; i++) {
    const RegiaConfigRendition *rendition = g_ptr_array_index (values->renditions, i);
    g_autofree char *title = g_strconcat ("rendition ", rendition->name, NULL);
    g_autoptr (GError) encoder_error = NULL;
    gboolean automatic = g_str_equal (rendition->encoder, REGIA_ENCODER_AUTO);
    g_autoptr (RegiaPipelineFile) file =
        automatic ? NULL : regia_pipeline_file_load ("encode", rendition->encoder, &encoder_error);

    if (file == NULL && !automatic) {
      g_autofree char *why = join_path_faults (encoder_error);

      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "encoder"), title, "encoder",
                           "%s", why);
    }
  }
  return regia_faults_raise (faults, error);
}
