/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <openssl/ssl.h>

#include "regia/tls/tls.h"

/** regia_tls_get_context: (transfer none). */
SSL_CTX *regia_tls_get_context (RegiaTls *self);
