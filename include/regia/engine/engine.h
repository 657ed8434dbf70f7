/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/control/child.h"

/** The engine process: `regia child engine …`, started by the director and by nobody else. */
extern const RegiaChildClass regia_engine_class;
