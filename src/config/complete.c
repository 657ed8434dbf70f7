/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <string.h>

#include "config-private.h"
#include "ladder-private.h"
#include "options-private.h"
#include "regia/base/address.h"
#include "regia/base/file.h"
#include "regia/base/language.h"
#include "scene-private.h"
#include "values-private.h"

/* What follows from several values together: defaults that depend on others first, then the checks of one
 * value against another. */

#define MAX_EVENT_SECONDS (14 * 86400)

static const RegiaConfigSource *
find_source (const RegiaConfigValues *values, const char *name)
{
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    if (g_str_equal (source->name, name))
      return source;
  }
  return NULL;
}

static gboolean
has_rendition (const RegiaConfigValues *values, const char *name)
{
  for (guint i = 0; i < values->renditions->len; i++)
    if (g_str_equal (((RegiaConfigRendition *)g_ptr_array_index (values->renditions, i))->name, name))
      return TRUE;
  return FALSE;
}

static gboolean
has_audio (const RegiaConfigValues *values, const char *language)
{
  for (guint i = 0; i < values->audios->len; i++)
    if (g_ascii_strcasecmp (((RegiaConfigAudio *)g_ptr_array_index (values->audios, i))->language,
                            language) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
has_group (RegiaConfig *self, const char *kind)
{
  for (guint i = 0; i < self->scan->groups->len; i++)
    if (g_str_equal (((RegiaKeyGroup *)g_ptr_array_index (self->scan->groups, i))->kind, kind))
      return TRUE;
  return FALSE;
}

/* Names of what there is, for remedies. */
static char *
join_names (GPtrArray *things)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < things->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", *(char **)g_ptr_array_index (things, i));
  return g_string_free (g_string_append (names, things->len == 0 ? "none" : ""), FALSE);
}

/* What is wrong with a name that there is none of: it may have been left out by another file. @all: what they
 * are called together; @things: those there are. */
static char *
word_missing (RegiaConfig *self, RegiaPlace place, const char *kind, const char *name, const char *all,
              GPtrArray *things)
{
  g_autofree char *title = g_strconcat (kind, " ", name, NULL);
  g_autofree char *names = join_names (things);

  if (self->left_out != NULL && regia_key_text_find_group (self->left_out, title) != NULL) {
    g_autofree char *where = regia_key_text_elsewhere (self->left_out, place, title, "off");

    return g_strdup_printf ("[%s] is left out, it has off = yes%s; name another: %s", title, where, names);
  }
  return g_strdup_printf ("there is no [%s]; %s are: %s", title, all, names);
}

static void
complete_audios (RegiaConfig *self)
{
  RegiaConfigValues *values = &self->values;
  const RegiaOptionGroup *group = regia_option_group_find ("audio");
  g_autoptr (GStrvBuilder) languages = g_strv_builder_new ();

  if (!has_group (self, "audio")) {
    RegiaConfigAudio *audio = g_new0 (RegiaConfigAudio, 1);

    audio->language = g_strdup (values->languages != NULL ? values->languages[0] : "it");
    regia_config_set_defaults (group, audio);
    g_ptr_array_add (values->audios, audio);
  }
  for (guint i = 0; i < values->audios->len; i++) {
    RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);
    g_autoptr (GStrvBuilder) sources = g_strv_builder_new ();

    g_strv_builder_add (languages, audio->language);
    if (audio->title == NULL)
      audio->title = regia_language_title (audio->language);
    if (audio->sources != NULL) {
      regia_config_join_audio (values, audio);
      continue;
    }
    for (guint j = 0; j < values->sources->len; j++) {
      const RegiaConfigSource *source = g_ptr_array_index (values->sources, j);

      if (source->audio && g_strcmp0 (source->name, audio->backup) != 0)
        g_strv_builder_add (sources, source->name);
    }
    audio->sources = g_strv_builder_end (sources);
  }
  if (values->languages == NULL)
    values->languages = g_strv_builder_end (languages);
}

static void
complete_relays (RegiaConfigValues *values)
{
  for (guint i = 0; i < values->relays->len; i++) {
    RegiaConfigRelay *relay = g_ptr_array_index (values->relays, i);

    if (relay->rendition == NULL && values->renditions->len > 0)
      relay->rendition = g_strdup (((RegiaConfigRendition *)values->renditions->pdata[0])->name);
    if (relay->language == NULL && values->audios->len > 0)
      relay->language = g_strdup (((RegiaConfigAudio *)values->audios->pdata[0])->language);
  }
}

static void
complete_times (RegiaConfig *self, RegiaFaults *faults)
{
  RegiaConfigValues *values = &self->values;
  g_autofree char *date = NULL;
  g_autofree char *start_fault = NULL;
  g_autofree char *end_fault = NULL;
  RegiaPlace end_place = regia_key_text_place (self->scan, "event", "end");

  values->zone = values->timezone != NULL ? g_time_zone_new_identifier (values->timezone) : NULL;
  if (values->start != NULL)
    start_fault = regia_time_resolve (values->start, values->timezone, &values->start_s, &date);
  if (values->end != NULL)
    end_fault = regia_time_resolve (values->end, values->timezone, &values->end_s, NULL);
  if (start_fault != NULL)
    regia_faults_add_at (faults, regia_key_text_place (self->scan, "event", "start"), "event", "start", "%s",
                         start_fault);
  if (end_fault != NULL)
    regia_faults_add_at (faults, end_place, "event", "end", "%s", end_fault);
  if (values->start != NULL && values->end != NULL && start_fault == NULL && end_fault == NULL) {
    if (values->end_s <= values->start_s)
      regia_faults_add_at (faults, end_place, "event", "end",
                           "not after the start (%s); check the day and the hour", values->start);
    else if (values->end_s - values->start_s > MAX_EVENT_SECONDS)
      regia_faults_add_at (faults, end_place, "event", "end",
                           "more than 14 days after the start; check the year, or leave the end out");
  }

  if (values->start_by_itself && !self->is_hall && (values->start == NULL || values->end == NULL))
    regia_faults_add_at (faults, regia_key_text_place (self->scan, "event", "start_by_itself"), "event",
                         "start_by_itself", "needs %s: it begins between the two; add that, or write no",
                         values->start == NULL ? "a start" : "an end");
  if (values->id == NULL && values->name != NULL) {
    g_autofree char *words =
        date != NULL ? g_strconcat (date, " ", values->name, NULL) : g_strdup (values->name);

    values->id = regia_slug (words);
  }
}

static gboolean
has_scene (const RegiaConfigValues *values, const char *name)
{
  for (guint i = 0; i < values->scenes->len; i++)
    if (g_str_equal (((RegiaConfigScene *)g_ptr_array_index (values->scenes, i))->name, name))
      return TRUE;
  return FALSE;
}

/* @name, which [@group] @key says, must be a source of which the picture is taken. */
static void
check_shown (RegiaConfig *self, RegiaPlace place, const char *group, const char *key, const char *name,
             RegiaFaults *faults)
{
  const RegiaConfigSource *source = find_source (&self->values, name);
  g_autofree char *title = g_strconcat ("source ", name, NULL);

  if (source == NULL) {
    g_autofree char *words = word_missing (self, place, "source", name, "sources", self->values.sources);

    regia_faults_add_at (faults, place, group, key, "%s", words);
  } else if (!source->video) {
    g_autofree char *where = regia_key_text_elsewhere (self->scan, place, title, "video");

    regia_faults_add_at (faults, place, group, key,
                         "[source %s] has video = no%s; remove that or show another", name, where);
  }
}

static void
check_sources (RegiaConfig *self, RegiaFaults *faults)
{
  RegiaConfigValues *values = &self->values;
  RegiaPlace place = regia_key_text_place (self->scan, "programme", "picture");

  if (!has_group (self, "source") && !self->is_hall)
    regia_faults_add (faults, 0, "source NAME", NULL,
                      "there is no source; add a group [source camera] with pipeline = test to begin with");
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);
    g_autofree char *title = g_strconcat ("source ", source->name, NULL);

    if (g_str_equal (source->name, REGIA_CONFIG_PROGRAMME))
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, NULL), title, NULL,
                           "this is what the mix of all sources is called; choose another name");
    if (!source->audio && !source->video)
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, NULL), title, NULL,
                           "neither sound nor picture is taken from it; remove the group or one `no`");
  }
  if (values->picture == NULL || has_scene (values, values->picture))
    return;
  if (!g_strv_contains ((const char *const *)values->look_slates, values->picture))
    check_shown (self, place, "programme", "picture", values->picture, faults);
  else if (g_str_equal (values->picture, "bars"))
    regia_faults_add_at (
        faults, place, "programme", "picture",
        "the bars are for rehearsals, and viewers would begin with them; name another scene");
}

/* What engine/programme.c and its encoders put into the feed; previews alone may go without a place. */
static void
check_tracks (RegiaConfig *self, RegiaFaults *faults)
{
  const RegiaConfigValues *values = &self->values;
  guint programme = values->renditions->len + 2 * values->audios->len + 2 /* meters, preview/programme */,
        previews = 0, isolated = 0;
  g_autofree char *last = NULL;

  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    previews += source->video;
    if (!source->iso)
      continue;
    isolated += (guint)source->video + (guint)source->audio;
    g_free (last);
    last = g_strconcat ("source ", source->name, NULL);
  }
  if (last != NULL && programme + previews + isolated > REGIA_CONFIG_TRACKS_MAX)
    regia_faults_add_at (
        faults, regia_key_text_place (self->scan, last, "iso"), last, "iso",
        "the feed has room for %d tracks, and these would be %u: %u of the programme, %u "
        "previews, %u of sources with iso = yes; take that from some of them, or their sound "
        "(audio = no)",
        REGIA_CONFIG_TRACKS_MAX, programme + previews + isolated, programme, previews, isolated);
}

/* Two scenes of one name would be one that nobody can show. */
static void
check_slates (RegiaConfig *self, RegiaFaults *faults)
{
  const RegiaConfigValues *values = &self->values;
  RegiaPlace place = regia_key_text_place (self->scan, "look", "slates");

  for (guint i = 0; values->look_slates[i] != NULL; i++) {
    const char *name = values->look_slates[i];
    gboolean is_scene = has_scene (values, name);

    if (is_scene || find_source (values, name) != NULL)
      regia_faults_add_at (faults, place, "look", "slates",
                           "there is a [%s %s] as well; call that another name, or leave the slate out",
                           is_scene ? "scene" : "source", name);
  }
}

static void
check_scenes (RegiaConfig *self, RegiaFaults *faults)
{
  for (guint i = 0; i < self->values.scenes->len; i++) {
    const RegiaConfigScene *scene = g_ptr_array_index (self->values.scenes, i);
    g_autofree char *title = g_strconcat ("scene ", scene->name, NULL);
    RegiaPlace place = regia_key_text_place (self->scan, title, "sources");

    for (guint j = 0; scene->sources != NULL && scene->sources[j] != NULL; j++)
      check_shown (self, place, title, "sources", scene->sources[j], faults);
  }
  regia_config_check_scenes (self, faults);
}

static void
check_renditions (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings)
{
  RegiaConfigValues *values = &self->values;
  const RegiaConfigRendition *first = values->renditions->len > 0 ? values->renditions->pdata[0] : NULL;

  for (guint i = 0; i < values->renditions->len; i++) {
    const RegiaConfigRendition *rendition = g_ptr_array_index (values->renditions, i);
    g_autofree char *title = g_strconcat ("rendition ", rendition->name, NULL);
    RegiaPlace place = regia_key_text_place (self->scan, title, "size");
    gint64 across = (gint64)rendition->width * values->height;
    gint64 down = (gint64)rendition->height * values->width;

    if (rendition->width == 0 || values->width == 0)
      continue; /* its own fault is named already */
    if (rendition->width > values->width || rendition->height > values->height) {
      g_autofree char *where = regia_key_text_elsewhere (self->scan, place, "programme", "size");

      regia_faults_add_at (
          faults, place, title, "size",
          "%ux%u is larger than the programme, %ux%u%s; make it smaller or [programme] size larger",
          rendition->width, rendition->height, values->width, values->height, where);
    } else if (ABS (across - down) * 50 > down)
      regia_faults_add_at (warnings, place, title, "size",
                           "not the shape of the programme, it will have bars; %ux%u fits", rendition->width,
                           (guint)((guint64)rendition->width * values->height / values->width) & ~1u);
    if (rendition->width > first->width)
      regia_faults_add_at (
          warnings, place, title, "size",
          "larger than the first rendition, which is the one recorded; put the largest first");
  }
}

/* One of a language's sources, or its backup: has to be there, and to have sound. */
static void
check_heard (RegiaConfig *self, RegiaFaults *faults, const char *title, const char *key, const char *name)
{
  RegiaConfigValues *values = &self->values;
  const RegiaConfigSource *source = find_source (values, name);
  RegiaPlace place = regia_key_text_place (self->scan, title, key);

  if (source == NULL) {
    g_autofree char *words = word_missing (self, place, "source", name, "sources", values->sources);

    regia_faults_add_at (faults, place, title, key, "%s", words);
  } else if (!source->audio) {
    g_autofree char *source_title = g_strconcat ("source ", source->name, NULL);
    g_autofree char *where = regia_key_text_elsewhere (self->scan, place, source_title, "audio");

    regia_faults_add_at (faults, place, title, key,
                         "[source %s] has audio = no%s; remove that or the name here", name, where);
  }
}

static void
check_backup_and_duck (RegiaConfig *self, RegiaFaults *faults, const char *title,
                       const RegiaConfigAudio *audio)
{
  const char *const *sources = (const char *const *)audio->sources;
  gboolean all = audio->duck != NULL;
  g_autofree char *names = g_strjoinv ("; ", audio->sources);

  if (audio->backup != NULL && g_strv_contains (sources, audio->backup))
    regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "backup"), title, "backup",
                         "\"%s\" is among its sources, where it is always heard; name it in one of the two",
                         audio->backup);
  else if (audio->backup != NULL)
    check_heard (self, faults, title, "backup", audio->backup);
  for (guint i = 0; audio->duck != NULL && audio->duck[i] != NULL; i++)
    if (!g_strv_contains (sources, audio->duck[i]))
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "duck"), title, "duck",
                           "\"%s\" is none of its sources (%s)", audio->duck[i], names);
  for (guint i = 0; all && audio->sources[i] != NULL; i++)
    all = g_strv_contains ((const char *const *)audio->duck, audio->sources[i]);
  if (all)
    regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "duck"), title, "duck",
                         "all of its sources; leave out the one that they are lowered for");
}

static void
check_audios (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings)
{
  RegiaConfigValues *values = &self->values;

  for (guint i = 0; i < values->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);
    g_autofree char *title = g_strconcat ("audio ", audio->language, NULL);
    g_autofree char *names = NULL;

    for (guint j = 0; j < i; j++) {
      const RegiaConfigAudio *before = g_ptr_array_index (values->audios, j);

      if (g_ascii_strcasecmp (before->language, audio->language) == 0) {
        g_autofree char *before_title = g_strconcat ("audio ", before->language, NULL);
        RegiaPlace here = regia_key_text_place (self->scan, title, NULL);
        g_autofree char *where = regia_key_text_elsewhere (self->scan, here, before_title, NULL);

        regia_faults_add_at (faults, here, title, NULL,
                             "double name, the same language as in line %u%s; choose another or remove one",
                             regia_key_text_place (self->scan, before_title, NULL).line, where);
      }
    }
    if (audio->gains != NULL && g_strv_length (audio->gains) != g_strv_length (audio->sources))
      regia_faults_add_at (faults, regia_key_text_place (self->scan, title, "gains"), title, "gains",
                           "%u for %u sources (%s); write one for each, 0dB for as it is",
                           g_strv_length (audio->gains), g_strv_length (audio->sources),
                           (names = g_strjoinv ("; ", audio->sources)));
    for (guint j = 0; audio->sources[j] != NULL; j++)
      check_heard (self, faults, title, "sources", audio->sources[j]);
    check_backup_and_duck (self, faults, title, audio);
  }
  for (guint i = 0; values->languages[i] != NULL; i++)
    if (!has_audio (values, values->languages[i]))
      regia_faults_add_at (warnings, regia_key_text_place (self->scan, "event", "languages"), "event",
                           "languages", "nobody is heard in \"%s\"; add a group [audio %s] or leave it out",
                           values->languages[i], values->languages[i]);
}

static void
check_relays (RegiaConfig *self, RegiaFaults *faults)
{
  static const char *const srt_keys[] = {"latency", "stream_id"};
  RegiaConfigValues *values = &self->values;

  for (guint i = 0; i < values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (values->relays, i);
    g_autofree char *title = g_strconcat ("relay ", relay->name, NULL);
    const RegiaKeyGroup *scanned = regia_key_text_find_group (self->scan, title);

    if (relay->rendition != NULL && !has_rendition (values, relay->rendition)) {
      RegiaPlace place = regia_key_text_place (self->scan, title, "rendition");
      g_autofree char *words =
          word_missing (self, place, "rendition", relay->rendition, "renditions", values->renditions);

      regia_faults_add_at (faults, place, title, "rendition", "%s", words);
    }
    if (relay->language != NULL && !has_audio (values, relay->language)) {
      RegiaPlace place = regia_key_text_place (self->scan, title, "language");
      g_autofree char *words =
          word_missing (self, place, "audio", relay->language, "languages", values->audios);

      regia_faults_add_at (faults, place, title, "language", "%s", words);
    }
    for (guint j = 0; j < G_N_ELEMENTS (srt_keys); j++) {
      const RegiaKeyEntry *entry = regia_key_text_find_entry (scanned, srt_keys[j]);

      if (entry != NULL && entry->raw[0] != '\0' && relay->url != NULL &&
          !g_str_has_prefix (relay->url, "srt:"))
        regia_faults_add_at (faults, regia_key_text_place (self->scan, title, entry->key), title, entry->key,
                             "only SRT has this; remove it");
    }
  }
}

static gboolean
is_everywhere (const char *host)
{
  return g_str_equal (host, "0.0.0.0") || g_str_equal (host, "[::]");
}

/* Two listeners on one port: the second one is refused by the kernel where one of them means every address.
 */
static gboolean
collide (const char *one, const char *other)
{
  g_autofree char *one_host = NULL, *other_host = NULL;
  guint one_port, other_port;

  if (!regia_address_split (one, &one_host, &one_port) ||
      !regia_address_split (other, &other_host, &other_port) || one_port != other_port)
    return FALSE;
  return g_str_equal (one_host, other_host) || is_everywhere (one_host) || is_everywhere (other_host);
}

RegiaConfigConsole
regia_config_get_console (const RegiaConfigValues *values)
{
  if (regia_address_is_loopback (values->console_listen))
    return REGIA_CONFIG_CONSOLE_LOCAL;
  return values->certificate != NULL ? REGIA_CONFIG_CONSOLE_HTTPS : REGIA_CONFIG_CONSOLE_CLEAR;
}

static void
check_console (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings)
{
  const RegiaConfigValues *values = &self->values;
  RegiaPlace place = regia_key_text_place (self->scan, "console", "listen");

  if (collide (values->console_listen, values->listen)) {
    g_autofree char *where = regia_key_text_elsewhere (self->scan, place, "web", "listen");

    regia_faults_add_at (faults, place, "console", "listen",
                         "%s is where viewers connect to, [web] listen%s; choose another port",
                         values->console_listen, where);
  }
  if (values->redirect_listen != NULL && collide (values->console_listen, values->redirect_listen)) {
    g_autofree char *where = regia_key_text_elsewhere (self->scan, place, "web", "redirect_listen");

    regia_faults_add_at (faults, place, "console", "listen",
                         "%s is where viewers are sent on to https, [web] redirect_listen%s; choose another "
                         "port",
                         values->console_listen, where);
  }
  if (regia_config_get_console (values) == REGIA_CONFIG_CONSOLE_CLEAR)
    regia_faults_add_at (warnings, place, "console", "listen", REGIA_CONFIG_CONSOLE_WARNING);
}

static void
check_certificate (RegiaConfig *self, RegiaFaults *faults)
{
  const RegiaConfigValues *values = &self->values;
  RegiaPlace certificate = regia_key_text_place (self->scan, "web", "certificate"),
             key = regia_key_text_place (self->scan, "web", "key"),
             redirect = regia_key_text_place (self->scan, "web", "redirect_listen");

  if (values->certificate != NULL && values->certificate_key == NULL)
    regia_faults_add_at (faults, certificate, "web", "certificate",
                         "needs its private key beside it; add key =");
  if (values->certificate == NULL && values->certificate_key != NULL)
    regia_faults_add_at (faults, key, "web", "key",
                         "needs the certificate that it belongs to; add certificate =");
  if (values->redirect_listen == NULL)
    return;
  if (values->certificate == NULL)
    regia_faults_add_at (faults, redirect, "web", "redirect_listen",
                         "there is no https to send viewers to; add certificate = and key =, or remove this");
  else if (values->listen != NULL && collide (values->listen, values->redirect_listen)) {
    g_autofree char *where = regia_key_text_elsewhere (self->scan, redirect, "web", "listen");

    regia_faults_add_at (faults, redirect, "web", "redirect_listen",
                         "is where https is, listen = %s%s; choose another port", values->listen, where);
  }
}

static void
check_services (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings)
{
  RegiaConfigValues *values = &self->values;
  guint64 kbps = 0;
  guint64 window_ms = (guint64)values->window_segments * values->segment_ms;

  if (values->max_connections_per_address > values->max_connections) {
    RegiaPlace place = regia_key_text_place (self->scan, "web", "max_connections_per_address");
    g_autofree char *where = regia_key_text_elsewhere (self->scan, place, "web", "max_connections");

    regia_faults_add_at (faults, place, "web", "max_connections_per_address",
                         "more than max_connections, %u%s; lower it or raise that", values->max_connections,
                         where);
  }
  if (window_ms > (guint64)values->feed_seconds * 1000)
    regia_faults_add_at (warnings, regia_key_text_place (self->scan, "web", "window"), "web", "window",
                         "longer than [feed] memory (%u s): after a restart of the gateway viewers cannot "
                         "rewind to its beginning; "
                         "raise that",
                         values->feed_seconds);
  if (!regia_address_is_loopback (values->listen) && (values->hosts == NULL || values->hosts[0] == NULL))
    regia_faults_add_at (warnings, regia_key_text_place (self->scan, "web", "listen"), "web", "hosts",
                         "viewers who come by a name will be refused; add the name of this machine, or *");
  check_console (self, faults, warnings);
  for (guint i = 0; i < values->renditions->len; i++)
    kbps += ((RegiaConfigRendition *)g_ptr_array_index (values->renditions, i))->bitrate_kbps;
  for (guint i = 0; i < values->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);

    kbps += audio->bitrate_kbps + audio->opus_bitrate_kbps;
  }
  if (kbps * values->feed_seconds / 8000 > values->feed_mbytes)
    regia_faults_add_at (warnings, regia_key_text_place (self->scan, "feed", "limit"), "feed", "limit",
                         "%u MB hold less than the %u s of [feed] memory; %" G_GUINT64_FORMAT "M would",
                         values->feed_mbytes, values->feed_seconds,
                         kbps * values->feed_seconds / 8000 * 5 / 4 + 1);
}

void
regia_config_complete (RegiaConfig *self, RegiaFaults *faults, RegiaFaults *warnings)
{
  RegiaConfigValues *values = &self->values;

  if (values->place == NULL)
    values->place = g_strdup ("");
  if (values->hosts == NULL)
    values->hosts = g_new0 (char *, 1);
  if (values->look_slates == NULL)
    values->look_slates = g_new0 (char *, 1);
  if (values->trusted_proxies == NULL)
    values->trusted_proxies = g_new0 (char *, 1);
  regia_config_complete_renditions (self, has_group (self, "rendition"), faults);
  complete_audios (self);
  complete_relays (values);
  complete_times (self, faults);

  check_sources (self, faults);
  check_tracks (self, faults);
  regia_config_check_heard (self, faults);
  check_scenes (self, faults);
  check_slates (self, faults);
  check_renditions (self, faults, warnings);
  check_audios (self, faults, warnings);
  check_relays (self, faults);
  check_certificate (self, faults);
  check_services (self, faults, warnings);
}
