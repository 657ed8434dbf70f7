/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include <string.h>

#include "faults-private.h"
#include "values-private.h"

/*
 * Numbers with their units. A unit has to be written wherever two of them could be meant, since a bit rate of
 * 2500 that somebody took for bits, or a delay of 2 that was meant in seconds, is found out only when the
 * hall is full.
 */

typedef struct {
  const char *name;
  gint64 factor; /* of the base unit */
} Unit;

static const Unit no_units[] = {{NULL}};
static const Unit gain_units[] = {{"dB", 1}, {NULL}}; /* base: dB */
static const Unit duration_units[] = {{"ms", 1},          {"s", 1000},    {"sec", 1000}, {"min", 60000},
                                      {"minutes", 60000}, {"h", 3600000}, {NULL}}; /* base: ms */
static const Unit bitrate_units[] = {{"k", 1},       {"kbit/s", 1},  {"kbps", 1},
                                     {"kb/s", 1},    {"M", 1000},    {"Mbit/s", 1000},
                                     {"Mbps", 1000}, {"Mb/s", 1000}, {NULL}}; /* base: kbit/s */
static const Unit bytes_units[] = {{"B", 1},
                                   {"k", 1000},
                                   {"kB", 1000},
                                   {"M", 1000000},
                                   {"MB", 1000000},
                                   {"G", 1000000000},
                                   {"GB", 1000000000},
                                   {"T", G_GINT64_CONSTANT (1000000000000)},
                                   {"TB", G_GINT64_CONSTANT (1000000000000)},
                                   {"KiB", 1 << 10},
                                   {"MiB", 1 << 20},
                                   {"GiB", 1 << 30},
                                   {NULL}};

/* A comment after a value is the commonest slip; it is told apart from a plain wrong number. */
static const char *
comment_hint (const char *text)
{
  return strchr (text, '#') != NULL ? "; a # comment needs a line of its own" : "";
}

/*
 * @text as a number of base units × 1000, so that three decimals are exact. Returns (nullable): as
 * RegiaOptionRead.
 */
static char *
parse_quantity (const RegiaOption *option, const char *text, const Unit *units, gint64 *ret_milli)
{
  g_autofree char *quoted = regia_quote_clip (text);
  const char *p = text;
  gint64 milli = 0;
  gboolean negative = FALSE;
  guint digits;
  const Unit *unit;

  if (*p == '-' || *p == '+')
    negative = *p++ == '-';
  for (digits = 0; g_ascii_isdigit (*p); p++, digits++) {
    if (digits == 12)
      return g_strdup_printf ("%s is out of range; allowed: %s", quoted, option->range);
    milli = milli * 10 + g_ascii_digit_value (*p);
  }
  if (digits == 0)
    return g_strdup_printf ("%s is not a number; allowed: %s%s", quoted, option->range, comment_hint (text));
  if (*p == ',')
    return g_strdup_printf ("%s has a decimal comma; write a point", quoted);
  milli *= 1000;
  if (*p == '.') {
    gint64 place = 100;

    for (p++; g_ascii_isdigit (*p); p++, place /= 10) {
      if (place == 0)
        return g_strdup_printf ("%s has more than three decimals; shorten it", quoted);
      milli += g_ascii_digit_value (*p) * place;
    }
  }
  while (*p == ' ' || *p == '\t')
    p++;

  if (*p == '\0' && (units == no_units || milli == 0)) {
    *ret_milli = negative ? -milli : milli;
    return NULL;
  }
  for (unit = units; unit->name != NULL; unit++)
    if (g_ascii_strcasecmp (unit->name, p) == 0)
      break;
  if (unit->name == NULL) {
    if (units == no_units)
      return g_strdup_printf ("%s is not a whole number; allowed: %s%s", quoted, option->range,
                              comment_hint (text));
    return g_strdup_printf ("%s has %s; allowed: %s%s", quoted,
                            *p == '\0' ? "no unit" : "a unit that is not known here", option->range,
                            comment_hint (text));
  }
  if (milli > G_MAXINT64 / unit->factor)
    return g_strdup_printf ("%s is out of range; allowed: %s", quoted, option->range);
  *ret_milli = (negative ? -milli : milli) * unit->factor;
  return NULL;
}

/* Stores @text, a quantity in @units, divided by @divisor, after the checks of the option's range. */
static char *
read_quantity (const RegiaOption *option, const char *text, const Unit *units, gint64 divisor, gpointer field)
{
  gint64 value = 0;
  char *fault = parse_quantity (option, text, units, &value);
  g_autofree char *quoted = regia_quote_clip (text);

  if (fault != NULL)
    return fault;
  if (value % (divisor * 1000) != 0)
    return g_strdup_printf ("%s is finer than can be set; use a whole number, allowed: %s", quoted,
                            option->range);
  value /= divisor * 1000;
  if (value < option->min || value > option->max)
    return g_strdup_printf ("%s is out of range; allowed: %s", quoted, option->range);
  if (option->size == sizeof (gint64))
    *(gint64 *)field = value;
  else
    *(gint32 *)field = (gint32)value;
  return NULL;
}

char *
regia_read_count (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_quantity (option, text, no_units, 1, field);
}

char *
regia_read_duration (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_quantity (option, text, duration_units, option->unit, field);
}

/* @word: what 0 is called */
static char *
read_or_word (const RegiaOption *option, const char *text, const char *word, const Unit *units,
              gint64 divisor, gpointer field)
{
  if (g_ascii_strcasecmp (text, word) != 0)
    return read_quantity (option, text, units, divisor, field);
  *(gint32 *)field = 0;
  return NULL;
}

char *
regia_read_level_or_off (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_or_word (option, text, "off", gain_units, 1, field);
}

char *
regia_read_count_or_off (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_or_word (option, text, "off", no_units, 1, field);
}

char *
regia_read_duration_or_off (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_or_word (option, text, "off", duration_units, option->unit, field);
}

char *
regia_read_duration_or_auto (const RegiaOption *option, const char *text, const char *base_dir,
                             gpointer field)
{
  return read_or_word (option, text, "auto", duration_units, option->unit, field);
}

char *
regia_read_bitrate (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_quantity (option, text, bitrate_units, 1, field);
}

char *
regia_read_bytes (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_quantity (option, text, bytes_units, 1, field);
}

char *
regia_read_mbytes (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  return read_quantity (option, text, bytes_units, 1000000, field);
}

/* Two whole numbers of at most 5 digits with @separator between them. */
static gboolean
parse_pair (const char *text, char separator, guint *ret_first, guint *ret_second)
{
  gsize first = strspn (text, G_CSET_DIGITS);
  gsize second;

  if (first < 1 || first > 5 || text[first] != separator)
    return FALSE;
  second = strspn (text + first + 1, G_CSET_DIGITS);
  if (second < 1 || second > 5 || text[first + 1 + second] != '\0')
    return FALSE;
  *ret_first = g_ascii_strtoull (text, NULL, 10);
  *ret_second = g_ascii_strtoull (text + first + 1, NULL, 10);
  return TRUE;
}

char *
regia_read_size (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);
  guint *size = field;
  guint width, height;

  if (!parse_pair (text, 'x', &width, &height))
    return g_strdup_printf ("%s is not a size; write it as 1280x720%s", quoted, comment_hint (text));
  if (width % 2 != 0 || height % 2 != 0)
    return g_strdup_printf ("%s is odd; both numbers must be even, for example %ux%u", quoted, width & ~1u,
                            height & ~1u);
  if (width < 64 || width > 3840 || height < 64 || height > 2160)
    return g_strdup_printf ("%s is out of range; allowed: %s", quoted, option->range);
  size[0] = width;
  size[1] = height;
  return NULL;
}

char *
regia_read_rate (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);
  g_autofree char *fraction = strchr (text, '/') != NULL ? g_strdup (text) : g_strconcat (text, "/1", NULL);
  guint *rate = field;
  guint num, den;

  if (!parse_pair (fraction, '/', &num, &den) || den == 0)
    return g_strdup_printf ("%s is not a rate; write a whole number or a fraction, 29.97 is 30000/1001%s",
                            quoted, comment_hint (text));
  if (num < 5 * den || num > 60 * den)
    return g_strdup_printf ("%s is out of range; allowed: %s", quoted, option->range);
  rate[0] = num;
  rate[1] = den;
  return NULL;
}

char *
regia_read_channels (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (GStrv) parts = regia_split_list (text);
  guint count = g_strv_length (parts), channels[2];

  if (count < 1 || count > 2)
    return g_strdup_printf ("a list of %u; allowed: %s", count, option->range);
  for (guint i = 0; i < count; i++) {
    g_autofree char *quoted = regia_quote_clip (parts[i]);
    guint64 number;

    if (!g_ascii_string_to_unsigned (parts[i], 10, (guint64)option->min, (guint64)option->max, &number, NULL))
      return g_strdup_printf ("%s is no channel; allowed: %s%s", quoted, option->range, comment_hint (text));
    channels[i] = (guint)number;
  }
  if (count == 2 && channels[0] == channels[1])
    return g_strdup_printf ("%u is in the list twice; write it once for one channel on both sides",
                            channels[0]);
  channels[1] = channels[count - 1];
  memcpy (field, channels, sizeof channels);
  return NULL;
}

char *
regia_read_crop (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (GStrv) parts = regia_split_list (text);
  guint count = g_strv_length (parts), crop[4];

  if (count != G_N_ELEMENTS (crop))
    return g_strdup_printf ("a list of %u; allowed: %s", count, option->range);
  for (guint i = 0; i < count; i++) {
    g_autofree char *quoted = regia_quote_clip (parts[i]);
    guint64 number;

    if (!g_ascii_string_to_unsigned (parts[i], 10, (guint64)option->min, (guint64)option->max, &number, NULL))
      return g_strdup_printf ("%s is no such percentage; allowed: %s%s", quoted, option->range,
                              comment_hint (text));
    crop[i] = (guint)number;
  }
  memcpy (field, crop, sizeof crop);
  return NULL;
}

char *
regia_read_level (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_autofree char *quoted = regia_quote_clip (text);
  gint64 milli;
  char *fault = parse_quantity (option, text, gain_units, &milli);

  if (fault != NULL)
    return fault;
  if (milli % 100 != 0 || milli / 100 < option->min || milli / 100 > option->max)
    return g_strdup_printf ("%s is out of range, or has more than one decimal; allowed: %s", quoted,
                            option->range);
  *(int *)field = (int)(milli / 100);
  return NULL;
}

char *
regia_read_limit (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  if (g_ascii_strcasecmp (text, "off") != 0)
    return regia_read_level (option, text, base_dir, field);
  *(int *)field = REGIA_CONFIG_NO_LIMIT;
  return NULL;
}

char *
regia_read_gains (const RegiaOption *option, const char *text, const char *base_dir, gpointer field)
{
  g_auto (GStrv) parts = regia_split_list (text);
  guint count = g_strv_length (parts);

  if (count == 0 || count > option->max)
    return g_strdup_printf ("a list of %u; allowed: %s", count, option->range);
  for (guint i = 0; i < count; i++) {
    gint64 milli;
    char *fault = parse_quantity (option, parts[i], gain_units, &milli);

    if (fault != NULL)
      return fault;
    if (milli % 100 != 0 || milli / 100 < REGIA_CONFIG_GAIN_MIN || milli / 100 > REGIA_CONFIG_GAIN_MAX) {
      g_autofree char *quoted = regia_quote_clip (parts[i]);

      return g_strdup_printf ("%s is out of range, or has more than one decimal; allowed: %s", quoted,
                              option->range);
    }
    g_free (parts[i]);
    parts[i] = g_strdup_printf ("%d", (int)(milli / 100));
  }
  g_strfreev (*(char ***)field);
  *(char ***)field = g_steal_pointer (&parts);
  return NULL;
}

int
regia_config_gain (const RegiaConfigAudio *audio, const char *source)
{
  for (guint i = 0; audio->gains != NULL && audio->gains[i] != NULL && audio->sources[i] != NULL; i++)
    if (strcmp (audio->sources[i], source) == 0)
      return (int)g_ascii_strtoll (audio->gains[i], NULL, 10);
  return 0;
}

gboolean
regia_config_mixes (const RegiaConfigAudio *audio, const char *source)
{
  return g_strv_contains ((const char *const *)audio->sources, source) ||
         g_strcmp0 (audio->backup, source) == 0;
}
