/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "devices-private.h"

/*
 * What a device can give, from GStreamer's caps to words. A camera's caps are some hundred structures: one
 * for each size of each pixel format. People want to know: how large, how fast, and whether it comes
 * compressed. Pure.
 */

#define SIZES_MAX 8 /* of one kind of picture; more are counted */

typedef struct {
  const char *media, *words;
} Media;

/* In the order in which they are told. */
static const Media pictures[] = {
    {"video/x-h264", "H.264"},   {"video/x-h265", "H.265"}, {"image/jpeg", "MJPEG"},
    {"video/mpegts", "MPEG-TS"}, {"video/x-dv", "DV"},      {"video/x-raw", "raw"},
    {"video/x-bayer", "Bayer"},
};

typedef struct {
  int width, height;
  gboolean any; /* any size up to this */
  double rate;  /* the highest, 0: not told */
} Size;

static double
highest_rate (const GValue *value)
{
  double highest = 0;

  if (value == NULL)
    return 0;
  if (GST_VALUE_HOLDS_FRACTION (value))
    return gst_value_get_fraction_denominator (value) == 0
               ? 0
               : (double)gst_value_get_fraction_numerator (value) /
                     gst_value_get_fraction_denominator (value);
  if (GST_VALUE_HOLDS_FRACTION_RANGE (value))
    return highest_rate (gst_value_get_fraction_range_max (value));
  for (guint i = 0; GST_VALUE_HOLDS_LIST (value) && i < gst_value_list_get_size (value); i++)
    highest = MAX (highest, highest_rate (gst_value_list_get_value (value, i)));
  return highest;
}

/* Of a number, the largest that is allowed; 0 when it is not told, or when every number is. */
static int
largest (const GValue *value, gboolean *ret_range)
{
  int most = 0;

  if (value == NULL)
    return 0;
  if (G_VALUE_HOLDS_INT (value))
    return g_value_get_int (value);
  if (GST_VALUE_HOLDS_INT_RANGE (value)) {
    *ret_range = TRUE;
    most = gst_value_get_int_range_max (value);
    return most == G_MAXINT ? 0 : most;
  }
  for (guint i = 0; GST_VALUE_HOLDS_LIST (value) && i < gst_value_list_get_size (value); i++)
    most = MAX (most, largest (gst_value_list_get_value (value, i), ret_range));
  return most;
}

static gint
compare_sizes (gconstpointer a, gconstpointer b)
{
  const Size *one = a, *other = b;
  gint64 one_area = (gint64)one->width * one->height, other_area = (gint64)other->width * other->height;

  if (one_area != other_area)
    return one_area > other_area ? -1 : 1;
  return other->width - one->width;
}

/* Another pixel format often has the same size at another rate. */
static void
add_size (GArray *sizes, const Size *size)
{
  for (guint i = 0; i < sizes->len; i++) {
    Size *known = &g_array_index (sizes, Size, i);

    if (known->width == size->width && known->height == size->height && known->any == size->any) {
      known->rate = MAX (known->rate, size->rate);
      return;
    }
  }
  g_array_append_vals (sizes, size, 1);
}

static void
append_rate (GString *words, double rate)
{
  g_autofree char *figure = NULL;

  if (rate <= 0 || rate >= G_MAXINT)
    return;
  figure = g_strdup_printf ("%.2f", rate);
  for (gsize end = strlen (figure); figure[end - 1] == '0' || figure[end - 1] == '.'; end--) {
    gboolean point = figure[end - 1] == '.';

    figure[end - 1] = '\0';
    if (point)
      break;
  }
  g_string_append_printf (words, " at up to %s pictures a second", figure);
}

/* Sizes that have the same rate one after the other share its mention. */
static char *
describe_sizes (const char *what, GArray *sizes)
{
  GString *words = g_string_new (what);

  g_array_sort (sizes, compare_sizes);
  for (guint i = 0; i < sizes->len && i < SIZES_MAX; i++) {
    const Size *size = &g_array_index (sizes, Size, i), *next = size + 1;
    gboolean last = i + 1 == sizes->len || i + 1 == SIZES_MAX;

    g_string_append_printf (words, "%s%s%dx%d", i == 0 ? ": " : " ", size->any ? "any size up to " : "",
                            size->width, size->height);
    if (last || next->rate < size->rate || next->rate > size->rate) {
      append_rate (words, size->rate);
      g_string_append (words, last ? "" : ";");
    } else {
      g_string_append (words, ",");
    }
  }
  if (sizes->len > SIZES_MAX)
    g_string_append_printf (words, "; %u smaller sizes", sizes->len - SIZES_MAX);
  return g_string_free (words, FALSE);
}

static void
describe_picture (const GstCaps *caps, const Media *media, GPtrArray *list)
{
  g_autoptr (GArray) sizes = g_array_new (FALSE, FALSE, sizeof (Size));
  gboolean there = FALSE;

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GstStructure *structure = gst_caps_get_structure (caps, i);
    Size size = {0};

    if (!gst_structure_has_name (structure, media->media))
      continue;
    there = TRUE;
    size.width = largest (gst_structure_get_value (structure, "width"), &size.any);
    size.height = largest (gst_structure_get_value (structure, "height"), &size.any);
    size.rate = highest_rate (gst_structure_get_value (structure, "framerate"));
    if (size.width > 0 && size.height > 0)
      add_size (sizes, &size);
  }
  if (there)
    g_ptr_array_add (list, describe_sizes (media->words, sizes));
}

static gint
compare_ints (gconstpointer a, gconstpointer b)
{
  return *(const int *)a - *(const int *)b;
}

/* "44100, 48000", "8000 to 96000"; (nullable) where it is not told or means nothing. */
static char *
describe_numbers (const GValue *value)
{
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (int));
  GString *words;

  if (value == NULL)
    return NULL;
  if (G_VALUE_HOLDS_INT (value))
    return g_strdup_printf ("%d", g_value_get_int (value));
  if (GST_VALUE_HOLDS_INT_RANGE (value))
    return gst_value_get_int_range_max (value) == G_MAXINT
               ? NULL
               : g_strdup_printf ("%d to %d", gst_value_get_int_range_min (value),
                                  gst_value_get_int_range_max (value));
  for (guint i = 0; GST_VALUE_HOLDS_LIST (value) && i < gst_value_list_get_size (value); i++) {
    const GValue *one = gst_value_list_get_value (value, i);

    if (G_VALUE_HOLDS_INT (one))
      g_array_append_vals (numbers, &one->data[0].v_int, 1);
  }
  if (numbers->len == 0)
    return NULL;
  g_array_sort (numbers, compare_ints);
  words = g_string_new (NULL);
  for (guint i = 0; i < numbers->len; i++)
    g_string_append_printf (words, "%s%d", i == 0 ? "" : ", ", g_array_index (numbers, int, i));
  return g_string_free (words, FALSE);
}

static void
describe_sound (const GstCaps *caps, GPtrArray *list)
{
  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GstStructure *structure = gst_caps_get_structure (caps, i);
    g_autofree char *channels = describe_numbers (gst_structure_get_value (structure, "channels"));
    g_autofree char *rates = describe_numbers (gst_structure_get_value (structure, "rate"));
    g_autofree char *words = NULL;

    if (!gst_structure_has_name (structure, "audio/x-raw") || (channels == NULL && rates == NULL))
      continue;
    words = g_strdup_printf ("%s%s%s%s%s", channels != NULL ? channels : "",
                             channels == NULL              ? ""
                             : g_str_equal (channels, "1") ? " channel"
                                                           : " channels",
                             channels != NULL && rates != NULL ? ", " : "", rates != NULL ? rates : "",
                             rates != NULL ? " Hz" : "");
    if (!g_ptr_array_find_with_equal_func (list, words, g_str_equal, NULL))
      g_ptr_array_add (list, g_steal_pointer (&words));
  }
}

char **
regia_device_formats (const GstCaps *caps)
{
  GPtrArray *list = g_ptr_array_new ();

  if (caps != NULL && !gst_caps_is_any (caps)) {
    for (gsize i = 0; i < G_N_ELEMENTS (pictures); i++)
      describe_picture (caps, &pictures[i], list);
    describe_sound (caps, list);
  }
  g_ptr_array_add (list, NULL);
  return (char **)g_ptr_array_free (list, FALSE);
}
