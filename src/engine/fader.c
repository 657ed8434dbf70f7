/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "fader-private.h"

#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>

#include "regia/base/clock.h"

/*
 * GStreamer's `volume` takes its gain for each sample from a control source, here a line through a few
 * points. Each change has a line of its own, complete before it takes the place of the one before: a
 * streaming thread never finds one without points. It has what the one before had for the sound that is older
 * than the change and has not come through yet.
 *
 * The element lets a buffer through untouched, change or no change, when its gain is 1 at the buffer's
 * beginning (1.22, seen: a leap of 16 % instead of a ramp). So it is given a tenth of what is wanted, which
 * is never 1.
 */

#define KEPT_NS (10 * REGIA_SECOND) /* no sound is so late */
#define MOST    (0.999 * REGIA_FADER_SCALE)

typedef struct {
  gint64 at_ns;
  double gain;
} Point;

struct _RegiaFader {
  GstElement *volume; /* (owned) */
  double gain;        /* wanted last */
  GArray
      *points; /* (element-type Point) (owned) rising; before the first as there, behind the last as there */
};

RegiaFader *
regia_fader_new (GstBin *bin)
{
  RegiaFader *self = g_new0 (RegiaFader, 1);

  self->volume = gst_object_ref_sink (gst_element_factory_make ("volume", NULL));
  self->gain = 1;
  self->points = g_array_new (FALSE, FALSE, sizeof (Point));
  g_object_set (self->volume, "volume", 1 / REGIA_FADER_SCALE, NULL);
  gst_bin_add (bin, self->volume);
  return self;
}

void
regia_fader_free (RegiaFader *self)
{
  gst_object_unref (self->volume);
  g_array_unref (self->points);
  g_free (self);
}

GstElement *
regia_fader_get_element (RegiaFader *self)
{
  return self->volume;
}

static void
add_point (RegiaFader *self, gint64 at_ns, double gain)
{
  Point point = {at_ns, gain};

  g_array_append_val (self->points, point);
}

static double
gain_at (const RegiaFader *self, gint64 at_ns)
{
  const Point *before = &g_array_index (self->points, Point, 0);

  for (guint i = 0; i < self->points->len; i++) {
    const Point *point = &g_array_index (self->points, Point, i);

    if (point->at_ns > at_ns)
      return point == before ? point->gain
                             : before->gain + (point->gain - before->gain) * (double)(at_ns - before->at_ns) /
                                                  (double)(point->at_ns - before->at_ns);
    before = point;
  }
  return before->gain;
}

/* What was to come after @from_ns does not come, and what nobody asks for any more is forgotten. */
static void
cut (RegiaFader *self, gint64 from_ns)
{
  double gain = gain_at (self, from_ns);
  guint old = 0;

  while (self->points->len > 0 && g_array_index (self->points, Point, self->points->len - 1).at_ns >= from_ns)
    g_array_set_size (self->points, self->points->len - 1);
  while (old + 1 < self->points->len &&
         g_array_index (self->points, Point, old + 1).at_ns < from_ns - KEPT_NS)
    old++;
  g_array_remove_range (self->points, 0, old);
  add_point (self, from_ns, gain);
}

void
regia_fader_set (RegiaFader *self, double gain, gint64 from_ns, gint64 ramp_ns)
{
  GstControlSource *line;

  gain = MIN (gain, MOST);
  if (gain == self->gain)
    return;
  if (from_ns < 0) {
    self->gain = gain;
    g_object_set (self->volume, "volume", gain / REGIA_FADER_SCALE, NULL);
    return;
  }
  if (self->points->len == 0)
    add_point (self, 0, self->gain);
  cut (self, MAX (from_ns, 1));
  add_point (self, MAX (from_ns, 1) + MAX (ramp_ns, REGIA_MSECOND), gain);
  self->gain = gain;
  line = gst_interpolation_control_source_new ();
  g_object_set (line, "mode", GST_INTERPOLATION_MODE_LINEAR, NULL);
  for (guint i = 0; i < self->points->len; i++) {
    const Point *point = &g_array_index (self->points, Point, i);

    gst_timed_value_control_source_set (GST_TIMED_VALUE_CONTROL_SOURCE (line), (GstClockTime)point->at_ns,
                                        point->gain / REGIA_FADER_SCALE);
  }
  gst_object_add_control_binding (GST_OBJECT (self->volume), gst_direct_control_binding_new_absolute (
                                                                 GST_OBJECT (self->volume), "volume", line));
  gst_object_unref (line);
}
