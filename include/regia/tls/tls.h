/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaTls: what a server needs to speak TLS: a certificate with its chain, its key, and what is allowed (TLS
 * 1.2 and 1.3; forward secrecy and AEAD alone; no renegotiation, no compression, no early data; ALPN
 * `http/1.1`; kTLS where the kernel has it). Made of bytes, touches no file. Immutable, reference counted;
 * any thread.
 *
 * Sessions are resumed by tickets, whose keys are this context's own and are never stored: making another one
 * of the same bytes makes new keys (RFC 8446 §2.2, RFC 5077 §5.5 wants them changed).
 */
typedef struct _RegiaTls RegiaTls;

/** How long before its end a certificate is spoken of. Let's Encrypt renews 30 days before. */
#define REGIA_TLS_WARN_DAYS 14

/** What a file with a certificate and its chain, or with a key, may hold at most. */
#define REGIA_TLS_MAX_BYTES (256 * 1024)

typedef enum {
  REGIA_TLS_CERTIFICATE,
  REGIA_TLS_KEY,
} RegiaTlsPart;

/**
 * regia_tls_init: reads the system's configuration of OpenSSL, once. Before a process shuts itself in, and
 * before it has threads; the others do it by themselves.
 */
void regia_tls_init (void);

/**
 * regia_tls_new:
 * @certificate: PEM: the server's certificate first, then those that lead to a root
 * @key: PEM: its private key, without a passphrase
 * @ret_fault: (out) (nullable): on failure which of the two is at fault
 *
 * Neither expired nor early ones are refused: see regia_tls_warning(). Returns: (transfer full) or %NULL with
 * REGIA_ERROR_CONFIG; the message is to stand behind the name of the file and never shows what is in it: `is
 * locked with a passphrase; …`.
 */
RegiaTls *regia_tls_new (GBytes *certificate, GBytes *key, RegiaTlsPart *ret_fault,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
RegiaTls *regia_tls_ref (RegiaTls *self);
void regia_tls_unref (RegiaTls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaTls, regia_tls_unref)

/** regia_tls_get_life: from when to when the certificate is valid, Unix time. */
void regia_tls_get_life (const RegiaTls *self, gint64 *ret_from_s, gint64 *ret_until_s);

/** regia_tls_is_for: whether clients take the certificate for a server called @host: a name, or an address,
 * IPv6 in brackets (RFC 6125, RFC 2818 §3.1). Pure. */
gboolean regia_tls_is_for (const RegiaTls *self, const char *host);

/**
 * regia_tls_warning: what a person should know of a certificate valid from @from_s until @until_s, at @now_s
 * (Unix time): that it has expired, expires within %REGIA_TLS_WARN_DAYS, or is not valid yet. Pure.
 *
 * Returns: (transfer full) (nullable): words to stand behind the name of its file; %NULL when all is well.
 */
char *regia_tls_warning (gint64 from_s, gint64 until_s, gint64 now_s);

/**
 * RegiaTlsSlot: the context that new connections take, while another may be put in its place at any time:
 * those that are open go on with theirs. Any thread; one lock, a leaf.
 */
typedef struct _RegiaTlsSlot RegiaTlsSlot;

RegiaTlsSlot *regia_tls_slot_new (void);
void regia_tls_slot_free (RegiaTlsSlot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaTlsSlot, regia_tls_slot_free)
/** regia_tls_slot_set: @tls: (transfer none) (nullable) */
void regia_tls_slot_set (RegiaTlsSlot *self, RegiaTls *tls);
/** regia_tls_slot_get: (transfer full) (nullable): %NULL as long as there is none. */
RegiaTls *regia_tls_slot_get (RegiaTlsSlot *self);
