/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "regia/base/clock.h"

/** regia_show_clock_new: (transfer full): a clock that reads show time. Any thread. */
GstClock *regia_show_clock_new (const RegiaEpoch *epoch);
