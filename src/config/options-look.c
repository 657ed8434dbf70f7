/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "options-look-private.h"

#include <string.h>

#include "faults-private.h"
#include "scene-private.h"
#include "values-private.h"

/* What is written over and under the picture: a part of the table in options.c. */

#define FIELD(type, member) .offset = G_STRUCT_OFFSET (type, member), .size = sizeof (((type *)NULL)->member)
#define EVENT_FIELD(member) FIELD (RegiaConfigValues, member)
#define TALK_FIELD(member)  FIELD (RegiaConfigTalk, member)

/* [char *] */
static char *
read_colour (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);

  if (text[0] != '#' || strlen (text) != 7 || strspn (text + 1, "0123456789abcdefABCDEF") != 6)
    return g_strdup_printf ("%s is no colour; write #rrggbb, as in #14212b", quoted);
  g_free (*(char **)field);
  *(char **)field = g_ascii_strdown (text, -1);
  return NULL;
}

static const char *const slates[] = {"starting", "break", "ending", "bars", NULL};

/* [char **] */
static char *
read_slates (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (GStrv) names = regia_split_list (text);

  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *quoted = regia_quote_clip (names[i]);

    if (!g_strv_contains (slates, names[i]))
      return g_strdup_printf ("there is no slate %s; write the %s", quoted, option->range);
    if (g_strv_contains ((const char *const *)names + i + 1, names[i]))
      return g_strdup_printf ("%s is there twice; write it once", quoted);
  }
  g_strfreev (*(char ***)field);
  *(char ***)field = g_steal_pointer (&names);
  return NULL;
}

gboolean
regia_is_talk_number (const char *text)
{
  gsize length = strlen (text);

  return length >= 1 && length <= 3 && text[0] != '0' && strspn (text, G_CSET_DIGITS) == length;
}

const RegiaOption regia_look_options[] = {
    {.key = "logo",
     .default_value = NULL,
     .read = regia_read_picture,
     EVENT_FIELD (look_logo),
     .range = "a .png, .jpg or .jpeg file of at most 4096 pixels a side",
     .help = "laid over the picture, and on the slates"},
    {.key = "logo_corner",
     .default_value = "top-right",
     .read = regia_read_choice,
     EVENT_FIELD (look_logo_corner),
     .choices = regia_scene_corners,
     .range = "top-left, top-right, bottom-left, bottom-right",
     .help = "where it is"},
    {.key = "logo_size",
     .default_value = "10",
     .read = regia_read_count,
     EVENT_FIELD (look_logo_percent),
     .min = 2,
     .max = 30,
     .range = "2 to 30",
     .help = "how wide it is, percent of the picture's width"},
    {.key = "logo_opacity",
     .default_value = "90",
     .read = regia_read_count,
     EVENT_FIELD (look_logo_opacity),
     .min = 10,
     .max = 100,
     .range = "10 to 100",
     .help = "how much it covers what is below it, percent"},
    {.key = "slates",
     .default_value = NULL,
     .read = read_slates,
     EVENT_FIELD (look_slates),
     .range = "starting, break, ending, bars; a list with ;",
     .help = "scenes of the event's own words, and test bars with their tone, to be shown as any other"},
    {.key = "institution",
     .default_value = NULL,
     .read = regia_read_text,
     EVENT_FIELD (look_institution),
     .min = 1,
     .max = 200,
     .range = "up to 200 letters",
     .help = "whose event it is; on the slate ending"},
    {.key = "colour",
     .default_value = "#8dc0ff",
     .read = read_colour,
     EVENT_FIELD (look_colour),
     .range = "#rrggbb",
     .help = "the event's colour, of lines and signs"},
    {.key = "background",
     .default_value = "#14212b",
     .read = read_colour,
     EVENT_FIELD (look_background),
     .range = "#rrggbb",
     .help = "the ground behind words; they are light or dark, whatever can be read on it"},
    {NULL},
};

const RegiaOption regia_talk_options[] = {
    {.key = "title",
     .required = TRUE,
     .read = regia_read_text,
     TALK_FIELD (title),
     .min = 1,
     .max = 300,
     .range = "1 to 300 letters",
     .help = "what it is called"},
    {.key = "speaker",
     .required = TRUE,
     .read = regia_read_text,
     TALK_FIELD (speaker),
     .min = 1,
     .max = 140,
     .range = "1 to 140 letters",
     .help = "who speaks; several as they are to be read"},
    {.key = "role",
     .default_value = NULL,
     .read = regia_read_text,
     TALK_FIELD (role),
     .min = 1,
     .max = 140,
     .range = "up to 140 letters",
     .help = "what they are, or the institution that they come from"},
    {.key = "off",
     .default_value = "no",
     .read = regia_read_bool,
     .range = "yes or no",
     .help =
         "leave this group out, as if it were not written; for what the hall has and this event does not"},
    {NULL},
};
