/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show-clock-private.h"

/*
 * A clock that reads show time, so that the base time is 0. The system's own clock with the epoch as base
 * time would be the same, but an epoch can lie before the machine's start (a show that goes on after a
 * reboot), and a base time cannot.
 */
GstClock *
regia_show_clock_new (const RegiaEpoch *epoch)
{
  GstClock *clock =
      g_object_new (GST_TYPE_SYSTEM_CLOCK, "name", "show-time", "clock-type", GST_CLOCK_TYPE_MONOTONIC, NULL);

  gst_clock_set_calibration (clock, (GstClockTime)MAX (epoch->monotonic_ns, 0),
                             (GstClockTime)MAX (-epoch->monotonic_ns, 0), 1, 1);
  return gst_object_ref_sink (clock);
}
