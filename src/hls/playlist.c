/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/error.h"
