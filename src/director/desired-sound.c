/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desired-sound-private.h"

#include <string.h>

#include "regia/base/error.h"
#include "regia/base/json.h"

void
regia_desired_fader_free (RegiaDesiredFader *fader)
{
  g_free (fader->language);
  g_free (fader->source);
  g_free (fader);
}

static RegiaDesiredFader *
add (GPtrArray *faders, const char *language, const char *source, gint64 gain, gboolean muted)
{
  RegiaDesiredFader *fader = g_new (RegiaDesiredFader, 1);

  *fader = (RegiaDesiredFader){g_strdup (language), g_strdup (source), gain, muted};
  g_ptr_array_add (faders, fader);
  return fader;
}

void
regia_desired_copy_faders (GPtrArray *to, GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++) {
    const RegiaDesiredFader *fader = g_ptr_array_index (from, i);

    add (to, fader->language, fader->source, fader->gain, fader->muted);
  }
}

static RegiaDesiredFader *
find (GPtrArray *faders, const char *language, const char *source)
{
  for (guint i = 0; i < faders->len; i++) {
    RegiaDesiredFader *fader = g_ptr_array_index (faders, i);

    if (strcmp (fader->language, language) == 0 && strcmp (fader->source, source) == 0)
      return fader;
  }
  return NULL;
}

RegiaDesiredFader
regia_desired_get_fader (const RegiaDesired *self, const RegiaConfigAudio *audio, const char *source)
{
  const RegiaDesiredFader *fader = find (self->faders, audio->language, source);

  return fader != NULL
             ? *fader
             : (RegiaDesiredFader){audio->language, (char *)source, regia_config_gain (audio, source), FALSE};
}

/* What there is, for whoever named something else. */
static void
refuse (const char *language, const char *source, GPtrArray *audios, GError **error)
{
  g_autoptr (GString) there = g_string_new (NULL);

  for (guint i = 0; i < audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (audios, i);
    g_autofree char *sources = g_strjoinv (", ", audio->sources);

    g_string_append_printf (there, "%s%s: %s", i > 0 ? "; " : "", audio->language,
                            sources[0] != '\0' ? sources : "silence");
    if (audio->backup != NULL)
      g_string_append_printf (there, ", %s", audio->backup);
  }
  regia_error_set_usage (error, "no source \"%s\" is mixed into %s%s%s; there are %s", source,
                         *language != '\0' ? "\"" : "any language", language, *language != '\0' ? "\"" : "",
                         there->str);
}

gboolean
regia_desired_change_fader (RegiaDesired *self, const char *language, const char *source, const gint64 *gain,
                            const gboolean *muted, const RegiaDesiredContext *context, GError **error)
{
  gboolean found = FALSE;

  if (gain != NULL && (*gain < REGIA_CONFIG_GAIN_MIN || *gain > REGIA_CONFIG_GAIN_MAX))
    return regia_error_set_usage (error, "a gain is from %d to %d dB", REGIA_CONFIG_GAIN_MIN / 10,
                                  REGIA_CONFIG_GAIN_MAX / 10);
  for (guint i = 0; i < context->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (context->audios, i);
    RegiaDesiredFader *fader;

    if ((*language != '\0' && strcmp (language, audio->language) != 0) || !regia_config_mixes (audio, source))
      continue;
    found = TRUE;
    fader = find (self->faders, audio->language, source);
    if (fader == NULL)
      fader = add (self->faders, audio->language, source, regia_config_gain (audio, source), FALSE);
    fader->gain = gain != NULL ? *gain : fader->gain;
    fader->muted = muted != NULL ? *muted : fader->muted;
  }
  if (!found)
    refuse (language, source, context->audios, error);
  return found;
}

GVariant *
regia_desired_faders_to_variant (GPtrArray *faders)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < faders->len; i++) {
    const RegiaDesiredFader *fader = g_ptr_array_index (faders, i);
    GVariantDict dict;

    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "language", "s", fader->language);
    g_variant_dict_insert (&dict, "source", "s", fader->source);
    g_variant_dict_insert (&dict, "gain", "x", fader->gain);
    g_variant_dict_insert (&dict, "muted", "b", fader->muted);
    g_variant_builder_add (&builder, "v", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

gboolean
regia_desired_take_fader (RegiaDesired *self, GVariant *entry)
{
  const char *language, *source;
  gint64 gain = 0;
  gboolean muted = FALSE;

  if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT) ||
      !g_variant_lookup (entry, "language", "&s", &language) ||
      !g_variant_lookup (entry, "source", "&s", &source) || !regia_json_read_int (entry, "gain", &gain) ||
      !regia_json_read_boolean (entry, "muted", &muted) || gain < REGIA_CONFIG_GAIN_MIN ||
      gain > REGIA_CONFIG_GAIN_MAX)
    return FALSE;
  add (self->faders, language, source, gain, muted);
  return TRUE;
}
