/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "options-look-private.h"

#include <string.h>

#include "faults-private.h"
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

gboolean
regia_is_talk_number (const char *text)
{
  gsize length = strlen (text);

  return length >= 1 && length <= 3 && text[0] != '0' && strspn (text, G_CSET_DIGITS) == length;
}

const RegiaOption regia_look_options[] = {
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
