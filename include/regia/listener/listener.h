/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/control/child.h"

/**
 * The listener process, where the event has sources that are sent to ([source] pipeline = rtmp-in): waits for
 * senders by RTMP, looks at their keys before it passes a byte on, and gives what they send to the engine.
 * One for all of them.
 */
extern const RegiaChildClass regia_listener_class;
