/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/control/child.h"

/** The relay process, one for each destination: `regia child relay …`, started by the director and by nobody
 * else. */
extern const RegiaChildClass regia_relay_class;
