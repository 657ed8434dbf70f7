/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/control/child.h"

/** The gateway process: `regia child gateway …`, started by the director and by nobody else. */
extern const RegiaChildClass regia_gateway_class;
