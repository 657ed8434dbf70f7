/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-tls"

#include "regia/tls/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "regia/base/error.h"
#include "tls-private.h"

/*
 * One SSL_CTX, filled before anybody else sees it and never changed after that; OpenSSL counts and locks what
 * its connections share of it (ticket keys, statistics). Connections hold the SSL_CTX itself, so that one
 * lives as long as the last of them.
 */
struct _RegiaTls {
  gatomicrefcount references;
  SSL_CTX *context; /* (owned) */
  gint64 from_s, until_s;
};

/* TLS 1.2's; those of 1.3 are all good. Without AEAD or forward secrecy there is no browser of the last ten
 * years that needs one. */
#define CIPHERS       "ECDHE+AESGCM:ECDHE+CHACHA20"
#define TICKET_LIFE_S (2 * 60 * 60)
#define S_PER_DAY     (24 * 60 * 60)
#define ALPN          "\x08http/1.1"
#define BEGIN_CERT    "-----BEGIN CERTIFICATE-----"
#define PRIVATE_KEY   "PRIVATE KEY-----"
#define SAY_CHAIN     "name the file with the whole chain, the server's own certificate first"

void
regia_tls_init (void)
{
  OPENSSL_init_ssl (0, NULL);
}

/* OpenSSL's last word. It names algorithms and grammar, never what is in a key. */
static const char *
last_reason (void)
{
  unsigned long code = ERR_peek_last_error ();
  const char *reason = code != 0 ? ERR_reason_error_string (code) : NULL;

  return reason != NULL ? reason : "unknown reason";
}

G_GNUC_PRINTF (4, 5)
static gboolean
fail (RegiaTlsPart *ret_fault, RegiaTlsPart part, GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (ret_fault != NULL)
    *ret_fault = part;
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG, text);
  ERR_clear_error ();
  return FALSE;
}

static BIO *
open_bytes (GBytes *bytes)
{
  gsize length;
  const void *data = g_bytes_get_data (bytes, &length);

  return BIO_new_mem_buf (data != NULL ? data : "", (int)MIN (length, G_MAXINT));
}

static gboolean
has_words (GBytes *bytes, const char *words)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  return data != NULL && g_strstr_len (data, (gssize)length, words) != NULL;
}

/* Asked for a passphrase: there is nobody to give one. */
static int
no_passphrase_cb (char *buffer, int size, int writing, void *data)
{
  *(gboolean *)data = TRUE;
  return -1;
}

static EVP_PKEY *
read_key (GBytes *bytes, RegiaTlsPart *ret_fault, GError **error)
{
  gboolean locked = FALSE;
  BIO *bio = open_bytes (bytes);
  EVP_PKEY *key = PEM_read_bio_PrivateKey (bio, NULL, no_passphrase_cb, &locked);

  BIO_free (bio);
  if (key != NULL)
    return key;
  if (locked)
    fail (ret_fault, REGIA_TLS_KEY, error,
          "is locked with a passphrase; `openssl pkey -in LOCKED -out OPEN` takes it off");
  else if (!has_words (bytes, PRIVATE_KEY))
    fail (ret_fault, REGIA_TLS_KEY, error, "holds no private key in PEM form%s",
          has_words (bytes, BEGIN_CERT) ? " but a certificate; are the two exchanged?"
                                        : "; name the one that belongs to the certificate");
  else
    fail (ret_fault, REGIA_TLS_KEY, error, "holds a private key that cannot be read (%s); copy it anew",
          last_reason ());
  return NULL;
}

static X509 *
read_certificate (BIO *bio)
{
  gboolean locked = FALSE;

  return PEM_read_bio_X509 (bio, NULL, no_passphrase_cb, &locked);
}

/* TRUE at the end of the PEM blocks, FALSE where one is broken. */
static gboolean
is_at_end (void)
{
  return ERR_GET_LIB (ERR_peek_last_error ()) == ERR_LIB_PEM &&
         ERR_GET_REASON (ERR_peek_last_error ()) == PEM_R_NO_START_LINE;
}

static gboolean
unix_time (const ASN1_TIME *time, gint64 *ret_s)
{
  struct tm parts;
  g_autoptr (GDateTime) there = NULL;

  if (!ASN1_TIME_to_tm (time, &parts))
    return FALSE;
  there = g_date_time_new_utc (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                               parts.tm_min, parts.tm_sec);
  if (there != NULL)
    *ret_s = g_date_time_to_unix (there);
  return there != NULL;
}

/* The first certificate, its dates, and the chain behind it. *ret_place: which of them, counted from 1, the
 * key belongs to; 0: none. */
static gboolean
use_chain (RegiaTls *self, BIO *bio, EVP_PKEY *key, guint *ret_place)
{
  X509 *one = read_certificate (bio);
  gboolean ok = one != NULL && unix_time (X509_get0_notBefore (one), &self->from_s) &&
                unix_time (X509_get0_notAfter (one), &self->until_s);

  *ret_place = ok && X509_check_private_key (one, key) == 1 ? 1 : 0;
  ok = ok && SSL_CTX_use_certificate (self->context, one) == 1;
  X509_free (one);
  for (guint place = 2; ok && (one = read_certificate (bio)) != NULL; place++) {
    if (*ret_place == 0 && X509_check_private_key (one, key) == 1)
      *ret_place = place;
    ok = SSL_CTX_add0_chain_cert (self->context, one) == 1;
    if (!ok)
      X509_free (one);
  }
  return ok && is_at_end ();
}

static gboolean
use_pair (RegiaTls *self, GBytes *certificate, GBytes *key_bytes, RegiaTlsPart *ret_fault, GError **error)
{
  EVP_PKEY *key;
  BIO *bio;
  gboolean ok;
  guint place;

  if (!has_words (certificate, BEGIN_CERT))
    return fail (ret_fault, REGIA_TLS_CERTIFICATE, error, "holds no certificate in PEM form%s",
                 has_words (certificate, PRIVATE_KEY) ? " but a key; are the two exchanged?"
                                                      : " (-----BEGIN CERTIFICATE-----); " SAY_CHAIN);
  key = read_key (key_bytes, ret_fault, error);
  if (key == NULL)
    return FALSE;
  bio = open_bytes (certificate);
  ok = use_chain (self, bio, key, &place);
  BIO_free (bio);
  if (!ok)
    fail (ret_fault, REGIA_TLS_CERTIFICATE, error, "holds a certificate that cannot be used (%s); " SAY_CHAIN,
          last_reason ());
  else if (place > 1)
    ok = fail (ret_fault, REGIA_TLS_CERTIFICATE, error,
               "has the certificate that belongs to the key, but not as the first; put it first");
  else if (place == 0)
    ok = fail (ret_fault, REGIA_TLS_KEY, error,
               "does not belong to the certificate; name the key that it was made with");
  else if (SSL_CTX_use_PrivateKey (self->context, key) != 1 || SSL_CTX_check_private_key (self->context) != 1)
    ok = fail (ret_fault, REGIA_TLS_KEY, error, "cannot be used (%s); make another key and certificate",
               last_reason ());
  EVP_PKEY_free (key);
  return ok;
}

/* HTTP/1.1 is all that is spoken here. Who offers a list without it is told (RFC 7301 §3.2). */
static int
alpn_cb (SSL *ssl, const unsigned char **ret_chosen, unsigned char *ret_length, const unsigned char *offered,
         unsigned int length, void *data)
{
  unsigned char *chosen;

  if (SSL_select_next_proto (&chosen, ret_length, (const unsigned char *)ALPN, strlen (ALPN), offered,
                             length) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *ret_chosen = chosen;
  return SSL_TLSEXT_ERR_OK;
}

static gboolean
set_up (SSL_CTX *context)
{
  SSL_CTX_set_options (context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_ENABLE_KTLS |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  /* Tickets alone: what would be remembered here for thousands is left to them. */
  SSL_CTX_set_session_cache_mode (context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout (context, TICKET_LIFE_S);
  SSL_CTX_set_alpn_select_cb (context, alpn_cb, NULL);
  return SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version (context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_cipher_list (context, CIPHERS) == 1;
}

RegiaTls *
regia_tls_new (GBytes *certificate, GBytes *key, RegiaTlsPart *ret_fault, GError **error)
{
  g_autoptr (RegiaTls) self = g_new0 (RegiaTls, 1);

  g_atomic_ref_count_init (&self->references);
  ERR_clear_error ();
  self->context = SSL_CTX_new (TLS_server_method ());
  if (self->context == NULL || !set_up (self->context)) {
    fail (ret_fault, REGIA_TLS_CERTIFICATE, error,
          "cannot be used: OpenSSL does not start (%s); look into its configuration, openssl.cnf",
          last_reason ());
    return NULL;
  }
  if (!use_pair (self, certificate, key, ret_fault, error))
    return NULL;
  ERR_clear_error ();
  return g_steal_pointer (&self);
}

RegiaTls *
regia_tls_ref (RegiaTls *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
regia_tls_unref (RegiaTls *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  SSL_CTX_free (self->context);
  g_free (self);
}

SSL_CTX *
regia_tls_get_context (RegiaTls *self)
{
  return self->context;
}

void
regia_tls_get_life (const RegiaTls *self, gint64 *ret_from_s, gint64 *ret_until_s)
{
  *ret_from_s = self->from_s;
  *ret_until_s = self->until_s;
}

gboolean
regia_tls_is_for (const RegiaTls *self, const char *host)
{
  X509 *certificate = SSL_CTX_get0_certificate (self->context);
  gsize length = strlen (host);
  g_autofree char *inner = length > 2 && host[0] == '[' ? g_strndup (host + 1, length - 2) : g_strdup (host);
  gboolean is_for = X509_check_ip_asc (certificate, inner, 0) == 1 ||
                    X509_check_host (certificate, inner, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;

  ERR_clear_error ();
  return is_for;
}

static char *
format_day (gint64 time_s)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (time_s);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M UTC") : g_strdup ("a day out of reach");
}

char *
regia_tls_warning (gint64 from_s, gint64 until_s, gint64 now_s)
{
  g_autofree char *from = format_day (from_s), *until = format_day (until_s);
  gint64 days = (until_s - now_s) / S_PER_DAY;

  if (now_s < from_s)
    return g_strdup_printf ("is not valid before %s, and browsers refuse it until then; is this machine's "
                            "clock right?",
                            from);
  if (now_s >= until_s)
    return g_strdup_printf ("expired on %s, and browsers refuse it; renew it", until);
  if (until_s - now_s >= REGIA_TLS_WARN_DAYS * S_PER_DAY)
    return NULL;
  if (days == 0)
    return g_strdup_printf ("expires on %s, in less than a day; renew it", until);
  return g_strdup_printf ("expires on %s, in %" G_GINT64_FORMAT " day%s; renew it", until, days,
                          days == 1 ? "" : "s");
}

struct _RegiaTlsSlot {
  GMutex lock;
  RegiaTls *tls; /* (owned) (nullable), by lock */
};

RegiaTlsSlot *
regia_tls_slot_new (void)
{
  RegiaTlsSlot *self = g_new0 (RegiaTlsSlot, 1);

  g_mutex_init (&self->lock);
  return self;
}

void
regia_tls_slot_free (RegiaTlsSlot *self)
{
  if (self == NULL)
    return;
  regia_tls_unref (self->tls);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
regia_tls_slot_set (RegiaTlsSlot *self, RegiaTls *tls)
{
  RegiaTls *old;

  g_mutex_lock (&self->lock);
  old = self->tls;
  self->tls = tls != NULL ? regia_tls_ref (tls) : NULL;
  g_mutex_unlock (&self->lock);
  regia_tls_unref (old);
}

RegiaTls *
regia_tls_slot_get (RegiaTlsSlot *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->tls != NULL ? regia_tls_ref (self->tls) : NULL;
}
