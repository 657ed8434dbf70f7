/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "certificate-private.h"

#define TLS_LIFE_US (12 * G_TIME_SPAN_HOUR) /* after that sessions go on with other ticket keys */

struct _RegiaCertificate {
  char *path;                /* (owned) */
  RegiaTlsSlot *slot;        /* (owned) */
  GBytes *certificate, *key; /* (owned) (nullable): what is in it was made of */
  gint64 made_us;            /* when it was made */
  GError *error;             /* (owned) (nullable): why it was not */
};

static void
make (RegiaCertificate *self)
{
  g_autoptr (RegiaTls) tls = NULL;

  self->made_us = g_get_monotonic_time ();
  g_clear_error (&self->error);
  tls = regia_tls_new (self->certificate, self->key, NULL, &self->error);
  if (tls != NULL)
    regia_tls_slot_set (self->slot, tls);
}

static GBytes *
lookup_bytes (GVariant *part, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (part, name, G_VARIANT_TYPE ("ay"));

  return value != NULL ? g_variant_get_data_as_bytes (value) : NULL;
}

RegiaCertificate *
regia_certificate_new (const char *path, GVariant *part)
{
  RegiaCertificate *self = g_new0 (RegiaCertificate, 1);

  regia_tls_init ();
  self->path = g_strdup (path);
  self->slot = regia_tls_slot_new ();
  regia_certificate_take (self, part);
  return self;
}

void
regia_certificate_free (RegiaCertificate *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->slot, regia_tls_slot_free);
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_clear_error (&self->error);
  g_free (self->path);
  g_free (self);
}

RegiaTlsSlot *
regia_certificate_get_slot (RegiaCertificate *self)
{
  return self != NULL ? self->slot : NULL;
}

void
regia_certificate_take (RegiaCertificate *self, GVariant *part)
{
  g_autoptr (GBytes) certificate = lookup_bytes (part, "certificate");
  g_autoptr (GBytes) key = lookup_bytes (part, "certificate-key");

  if (self == NULL || certificate == NULL || key == NULL)
    return;
  if (self->certificate != NULL && g_bytes_equal (certificate, self->certificate) &&
      g_bytes_equal (key, self->key))
    return;
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_clear_pointer (&self->key, g_bytes_unref);
  self->certificate = g_steal_pointer (&certificate);
  self->key = g_steal_pointer (&key);
  make (self);
}

/* The director has tried them and found them good. */
void
regia_certificate_tell (RegiaCertificate *self)
{
  if (self == NULL)
    return;
  if (self->error != NULL)
    g_warning ("[web] certificate: %s or its key %s; those before, if any, stay in use", self->path,
               self->error->message);
  g_clear_error (&self->error);
}

void
regia_certificate_tick (RegiaCertificate *self)
{
  if (self != NULL && self->certificate != NULL && g_get_monotonic_time () - self->made_us >= TLS_LIFE_US)
    make (self);
}
