/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pairs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

static GBytes *
take_bio (BIO *bio)
{
  char *data;
  long length = BIO_get_mem_data (bio, &data);
  GBytes *bytes = g_bytes_new (data, (gsize)length);

  BIO_free (bio);
  return bytes;
}

static void
add_extension (X509 *certificate, int nid, const char *value)
{
  X509V3_CTX context;
  X509_EXTENSION *extension;

  X509V3_set_ctx (&context, certificate, certificate, NULL, NULL, 0);
  extension = X509V3_EXT_conf_nid (NULL, &context, nid, value);
  g_assert_nonnull (extension);
  X509_add_ext (certificate, extension, -1);
  X509_EXTENSION_free (extension);
}

void
pair_make (Pair *self, glong from_s, glong until_s)
{
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *certificate = X509_new ();
  time_t now = time (NULL);
  BIO *bio;

  g_assert_nonnull (key);
  X509_set_version (certificate, X509_VERSION_3);
  ASN1_INTEGER_set (X509_get_serialNumber (certificate), g_random_int_range (1, G_MAXINT32));
  X509_time_adj (X509_getm_notBefore (certificate), from_s, &now); /* one second for both */
  X509_time_adj (X509_getm_notAfter (certificate), until_s, &now);
  X509_set_pubkey (certificate, key);
  X509_NAME_add_entry_by_txt (X509_get_subject_name (certificate), "CN", MBSTRING_ASC,
                              (const guchar *)"localhost", -1, -1, 0);
  X509_set_issuer_name (certificate, X509_get_subject_name (certificate));
  add_extension (certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  add_extension (certificate, NID_basic_constraints, "critical,CA:TRUE");
  g_assert_cmpint (X509_sign (certificate, key, EVP_sha256 ()), >, 0);

  bio = BIO_new (BIO_s_mem ());
  PEM_write_bio_X509 (bio, certificate);
  self->certificate = take_bio (bio);
  bio = BIO_new (BIO_s_mem ());
  PEM_write_bio_PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL);
  self->key = take_bio (bio);
  X509_free (certificate);
  EVP_PKEY_free (key);
}

void
pair_clear (Pair *self)
{
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_clear_pointer (&self->key, g_bytes_unref);
}

static BIO *
open_bytes (GBytes *bytes)
{
  return BIO_new_mem_buf (g_bytes_get_data (bytes, NULL), (int)g_bytes_get_size (bytes));
}

GBytes *
pair_locked_key (const Pair *self)
{
  BIO *in = open_bytes (self->key), *out = BIO_new (BIO_s_mem ());
  EVP_PKEY *key = PEM_read_bio_PrivateKey (in, NULL, NULL, NULL);

  PEM_write_bio_PrivateKey (out, key, EVP_aes_128_cbc (), (const guchar *)"geheim", 6, NULL, NULL);
  EVP_PKEY_free (key);
  BIO_free (in);
  return take_bio (out);
}

RegiaTls *
pair_tls (const Pair *self)
{
  g_autoptr (GError) error = NULL;
  RegiaTls *tls = regia_tls_new (self->certificate, self->key, NULL, &error);

  g_assert_no_error (error);
  return tls;
}

SSL_CTX *
pair_client (const Pair *self, int version)
{
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());
  BIO *bio = open_bytes (self->certificate);
  X509 *certificate = PEM_read_bio_X509 (bio, NULL, NULL, NULL);

  X509_STORE_add_cert (SSL_CTX_get_cert_store (context), certificate);
  SSL_CTX_set_verify (context, SSL_VERIFY_PEER, NULL);
  if (version != 0) {
    SSL_CTX_set_min_proto_version (context, version);
    SSL_CTX_set_max_proto_version (context, version);
  }
  X509_free (certificate);
  BIO_free (bio);
  return context;
}

GBytes *
pairs_join (GBytes *one, GBytes *other)
{
  GByteArray *both = g_byte_array_new ();

  g_byte_array_append (both, g_bytes_get_data (one, NULL), (guint)g_bytes_get_size (one));
  g_byte_array_append (both, g_bytes_get_data (other, NULL), (guint)g_bytes_get_size (other));
  return g_byte_array_free_to_bytes (both);
}
