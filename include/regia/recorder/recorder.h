/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "regia/control/child.h"

/** The recorder process: `regia child recorder …`, started by the director and by nobody else. */
extern const RegiaChildClass regia_recorder_class;
