/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <openssl/ssl.h>

#include "regia/tls/tls.h"

/** Certificates and keys for tests, made on the spot: each its own authority, on P-256, for localhost and
 * 127.0.0.1. */
typedef struct {
  GBytes *certificate, *key; /* PEM */
} Pair;

/** pair_make: valid from @from_s until @until_s, in seconds from now. */
void pair_make (Pair *self, glong from_s, glong until_s);
void pair_clear (Pair *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

/** pair_locked_key: (transfer full): the same key behind a passphrase. */
GBytes *pair_locked_key (const Pair *self);
/** pair_tls: (transfer full): the context of the pair, which must be one. */
RegiaTls *pair_tls (const Pair *self);
/** pair_client: (transfer full): a client's context that trusts @self and nobody else, for TLS @version (0:
 * any). */
SSL_CTX *pair_client (const Pair *self, int version);
/** pairs_join: (transfer full): one behind the other. */
GBytes *pairs_join (GBytes *one, GBytes *other);
