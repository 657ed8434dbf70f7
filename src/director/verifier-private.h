/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * RegiaVerifier: compares passwords, one at a time, on a thread of its own: a hash takes 16 MiB and some 18
 * ms of a processor, by design, and neither may be had by whoever asks often. Main context.
 */
typedef struct _RegiaVerifier RegiaVerifier;

/** Called on the main context, once. */
typedef void (*RegiaVerifiedFunc) (gboolean right, gpointer user_data);
/** The same; @hash: (nullable) (transfer none); @error: (nullable) (transfer none): why there is none. */
typedef void (*RegiaVerifierHashedFunc) (const char *hash, const GError *error, gpointer user_data);

RegiaVerifier *regia_verifier_new (void);
/** regia_verifier_free: waits for the one that is being compared; who waits for an answer gets %FALSE, or
 * G_IO_ERROR_CLOSED. */
void regia_verifier_free (RegiaVerifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaVerifier, regia_verifier_free)

/** regia_verifier_count: how many there are, the one that is being compared among them. */
guint regia_verifier_count (RegiaVerifier *self);
/** regia_verifier_ask: whether @password is what @hash (nullable) is of; see regia_password_is_right(). */
void regia_verifier_ask (RegiaVerifier *self, const char *password, const char *hash, RegiaVerifiedFunc done,
                         gpointer user_data);
/** regia_verifier_hash: what is to be kept of @password, see regia_password_hash(). */
void regia_verifier_hash (RegiaVerifier *self, const char *name, const char *password,
                          RegiaVerifierHashedFunc done, gpointer user_data);
