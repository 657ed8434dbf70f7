/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "regia/config/ingest.h"

#include <string.h>

#include "regia/base/address.h"
#include "regia/base/error.h"

/* The same as in the pipeline file, which is not read where senders are let in. */
#define LISTEN      "0.0.0.0:1935"
#define APPLICATION "live"

#define KEY_MIN 8
#define KEY_MAX 200

#define WORD G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-"

void
regia_config_ingest_free (RegiaConfigIngest *self)
{
  if (self == NULL)
    return;
  g_free (self->listen);
  g_free (self->application);
  g_free (self->url);
  if (self->key != NULL)
    explicit_bzero (self->key, strlen (self->key));
  if (self->hello != NULL)
    explicit_bzero (self->hello, strlen (self->hello));
  g_free (self->key);
  g_free (self->hello);
  g_free (self);
}

gboolean
regia_config_source_has_ingest (const RegiaConfigSource *source)
{
  return g_strcmp0 (source->pipeline, REGIA_CONFIG_INGEST) == 0;
}

gboolean
regia_config_has_ingest (const RegiaConfigValues *config)
{
  for (guint i = 0; i < config->sources->len; i++)
    if (regia_config_source_has_ingest (g_ptr_array_index (config->sources, i)))
      return TRUE;
  return FALSE;
}

static const char *
parameter (const RegiaConfigSource *source, const char *name, const char *otherwise)
{
  const char *value = g_hash_table_lookup (source->parameters, name);

  return value != NULL ? value : otherwise;
}

static gboolean
is_word (const char *text, const char *characters, gsize min, gsize max)
{
  gsize length = strlen (text);

  return length >= min && length <= max && strspn (text, characters) == length;
}

static char *
make_url (const char *host, guint port, const char *application)
{
  gboolean every = g_str_equal (host, "0.0.0.0") || g_str_equal (host, "[::]");
  const char *shown = every ? g_get_host_name () : host;

  return port == 1935 ? g_strdup_printf ("rtmp://%s/%s", shown, application)
                      : g_strdup_printf ("rtmp://%s:%u/%s", shown, port, application);
}

static RegiaConfigIngest *
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG, what);
  return NULL;
}

RegiaConfigIngest *
regia_config_source_ingest (const RegiaConfigSource *source, GError **error)
{
  const char *listen = parameter (source, "listen", LISTEN),
             *application = parameter (source, "application", APPLICATION),
             *key = parameter (source, "key", "");
  g_autofree char *host = NULL;
  g_autoptr (GInetAddress) ip = NULL;
  RegiaConfigIngest *self;
  guint port;

  if (!regia_address_split (listen, &host, &port) || (ip = regia_address_ip (host)) == NULL || port == 0)
    return refuse (error, "listen: no ADDRESS:PORT to wait at; write 0.0.0.0:1935, or an address of this "
                          "machine in numbers with its port");
  if (!is_word (application, WORD, 1, 100))
    return refuse (error, "application: a sender's address cannot end in this; write letters, digits, . _ "
                          "and - alone");
  if (!is_word (key, WORD "=", KEY_MIN, KEY_MAX))
    return refuse (error, "key: no key that can be guarded; write 8 to 200 letters, digits, . _ - and = that "
                          "nobody guesses");
  self = g_new0 (RegiaConfigIngest, 1);
  self->listen = g_strdup (listen);
  self->application = g_strdup (application);
  self->key = g_strdup (key);
  self->url = make_url (host, port, application);
  self->hello = regia_config_ingest_hello (listen, application, key);
  return self;
}

char *
regia_config_ingest_hello (const char *listen, const char *application, const char *key)
{
  return g_strjoin ("\n", listen, application, key, NULL);
}
