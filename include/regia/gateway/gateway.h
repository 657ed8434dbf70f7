/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/control/child.h"

/** The gateway process: `regia child gateway …`, started by the director and by nobody else. */
extern const RegiaChildClass regia_gateway_class;
/** The console process, for those who work here: `regia child console …`; the same. */
extern const RegiaChildClass regia_console_class;
