/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "clock-line-private.h"

#include <math.h>

#include "regia/base/clock.h"

#define POINTS     REGIA_CLOCK_LINE_POINTS
#define POINTS_MIN 5
/* A slope counts when it makes more than this of a difference from the first point to the last, and more than
 * three times what the points scatter above it. */
#define SLOPE_MIN_NS  (6 * REGIA_MSECOND)
#define SCATTER_TIMES 3
#define RATE_MAX      0.03 /* what goes faster than this away from us is no clock, but a step */

void
regia_clock_line_add (RegiaClockLine *self, gint64 at_ns, gint64 late_ns)
{
  self->points[self->next].at_ns = at_ns;
  self->points[self->next].late_ns = late_ns;
  self->next = (self->next + 1) % POINTS;
  self->count = MIN (self->count + 1, POINTS);
}

void
regia_clock_line_move (RegiaClockLine *self, gint64 by_ns)
{
  for (guint i = 0; i < POINTS; i++)
    self->points[i].late_ns += by_ns;
}

void
regia_clock_line_clear (RegiaClockLine *self)
{
  self->count = self->next = 0;
}

/* The point that came @age points before the newest. */
static guint
index_of (const RegiaClockLine *self, guint age)
{
  return (self->next + 2 * POINTS - 1 - age) % POINTS;
}

gint64
regia_clock_line_least (const RegiaClockLine *self, guint count)
{
  gint64 least_ns = G_MAXINT64;

  for (guint age = 0; age < MIN (count, self->count); age++)
    least_ns = MIN (least_ns, self->points[index_of (self, age)].late_ns);
  return least_ns;
}

/* Without a slope: the second of the quickest, once there are enough, since a single one that is quicker than
 * all others has a wrong timestamp. */
static gint64
quickest (const RegiaClockLine *self)
{
  gint64 first_ns = G_MAXINT64, second_ns = G_MAXINT64;

  for (guint age = 0; age < self->count; age++) {
    gint64 late_ns = self->points[index_of (self, age)].late_ns;

    second_ns = MIN (second_ns, MAX (late_ns, first_ns));
    first_ns = MIN (first_ns, late_ns);
  }
  return self->count < POINTS_MIN ? first_ns : second_ns;
}

void
regia_clock_line_fit (const RegiaClockLine *self, gint64 now_ns, gint64 *ret_late_ns, double *ret_rate)
{
  guint oldest = index_of (self, self->count - 1), newest = index_of (self, 0), hull[POINTS], n = 0, edge = 0;
  gint64 x0 = self->points[oldest].at_ns, y0 = self->points[oldest].late_ns;
  double x[POINTS], y[POINTS], middle = 0, scatter = 0, span, rate = 0;

  *ret_rate = 0;
  *ret_late_ns = quickest (self);
  if (self->count < POINTS_MIN)
    return;
  /* The lower hull, from left to right; numbers kept small by counting from the oldest point. */
  for (guint i = 0; i < self->count; i++) {
    guint point = index_of (self, self->count - 1 - i);

    x[i] = (double)(self->points[point].at_ns - x0);
    y[i] = (double)(self->points[point].late_ns - y0);
    middle += x[i] / self->count;
    while (n >= 2 && (y[hull[n - 1]] - y[hull[n - 2]]) * (x[i] - x[hull[n - 2]]) >=
                         (y[i] - y[hull[n - 2]]) * (x[hull[n - 1]] - x[hull[n - 2]]))
      n--;
    hull[n++] = i;
  }
  /* Of all lines under the points, the one through the hull's edge above the middle has the least distance
   * from them in sum. */
  while (edge + 2 < n && x[hull[edge + 1]] < middle)
    edge++;
  span = (double)(self->points[newest].at_ns - x0);
  if (x[hull[edge + 1]] <= x[hull[edge]] || span <= 0)
    return;
  rate = (y[hull[edge + 1]] - y[hull[edge]]) / (x[hull[edge + 1]] - x[hull[edge]]);
  for (guint i = 0; i < self->count; i++)
    scatter += (y[i] - y[hull[edge]] - rate * (x[i] - x[hull[edge]])) / self->count;
  if (fabs (rate) > RATE_MAX || fabs (rate) * span < (double)SLOPE_MIN_NS + SCATTER_TIMES * scatter)
    return;
  *ret_rate = rate;
  *ret_late_ns = y0 + (gint64)(y[hull[edge]] + rate * ((double)(now_ns - x0) - x[hull[edge]]));
}
