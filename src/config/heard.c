/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "config-private.h"

/* [source] heard_in: sources that say themselves in which languages they are mixed. */

static gboolean
is_heard_in (const RegiaConfigSource *source, const char *language)
{
  for (guint i = 0; source->heard_in != NULL && source->heard_in[i] != NULL; i++)
    if (g_ascii_strcasecmp (source->heard_in[i], language) == 0)
      return TRUE;
  return FALSE;
}

/* (transfer full): @list, which is let go of, with one more. */
static char **
append (char **list, const char *more)
{
  guint length = g_strv_length (list);

  list = g_renew (char *, list, length + 2);
  list[length] = g_strdup (more);
  list[length + 1] = NULL;
  return list;
}

/* Where gains and sources are not as many, that is a fault of its own, which is told with the numbers that
 * were written. */
void
regia_config_join_audio (const RegiaConfigValues *values, RegiaConfigAudio *audio)
{
  if (audio->gains != NULL && g_strv_length (audio->gains) != g_strv_length (audio->sources))
    return;
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    if (!is_heard_in (source, audio->language) || g_strcmp0 (source->name, audio->backup) == 0 ||
        g_strv_contains ((const char *const *)audio->sources, source->name))
      continue;
    audio->sources = append (audio->sources, source->name);
    if (audio->gains != NULL)
      audio->gains = append (audio->gains, "0");
  }
}

/* (transfer full): those that there are. */
static char *
name_languages (const RegiaConfigValues *values, const char *language, gboolean *ret_known)
{
  GString *names = g_string_new (NULL);

  *ret_known = FALSE;
  for (guint i = 0; i < values->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);

    *ret_known = *ret_known || g_ascii_strcasecmp (audio->language, language) == 0;
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", audio->language);
  }
  return g_string_free (names, FALSE);
}

void
regia_config_check_heard (RegiaConfig *self, RegiaFaults *faults)
{
  for (guint i = 0; i < self->values.sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (self->values.sources, i);
    g_autofree char *title = g_strconcat ("source ", source->name, NULL);
    RegiaPlace place = regia_key_text_place (self->scan, title, "heard_in");

    if (source->heard_in != NULL && !source->audio)
      regia_faults_add_at (faults, place, title, "heard_in",
                           "its sound is not taken, it has audio = no; remove one of the two");
    for (guint j = 0; source->heard_in != NULL && source->heard_in[j] != NULL; j++) {
      gboolean known;
      g_autofree char *names = name_languages (&self->values, source->heard_in[j], &known);

      if (!known)
        regia_faults_add_at (faults, place, title, "heard_in", "there is no [audio %s]; languages are: %s",
                             source->heard_in[j], names);
    }
  }
}
