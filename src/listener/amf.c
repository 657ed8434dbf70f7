/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-listener"

#include "amf-private.h"

#include <string.h>

/* Markers of AMF 0, §2.1. */
enum {
  NUMBER = 0x00,
  BOOLEAN = 0x01,
  STRING = 0x02,
  OBJECT = 0x03,
  NOTHING = 0x05,
  UNDEFINED = 0x06,
  ECMA_ARRAY = 0x08,
  OBJECT_END = 0x09,
  STRICT_ARRAY = 0x0a,
  DATE = 0x0b,
  LONG_STRING = 0x0c,
};

#define DEPTH_MAX 8

static const guint8 *
take (RegiaAmf *self, gsize n)
{
  const guint8 *at = self->at;

  if (n > self->left)
    return NULL;
  self->at += n;
  self->left -= n;
  return at;
}

static gboolean
take_marker (RegiaAmf *self, guint8 marker)
{
  return self->left > 0 && *self->at == marker && take (self, 1) != NULL;
}

/* A length of two bytes, and as much text. @ret_length only; the text begins at what is returned. */
static const guint8 *
take_counted (RegiaAmf *self, gsize *ret_length)
{
  const guint8 *length = take (self, 2);

  if (length == NULL)
    return NULL;
  *ret_length = (gsize)length[0] << 8 | length[1];
  return take (self, *ret_length);
}

gboolean
regia_amf_read_text (RegiaAmf *self, char **ret_text)
{
  const guint8 *text;
  gsize length;

  if (!take_marker (self, STRING) || (text = take_counted (self, &length)) == NULL ||
      length > REGIA_AMF_TEXT_MAX || !g_utf8_validate_len ((const char *)text, length, NULL))
    return FALSE;
  *ret_text = g_strndup ((const char *)text, length);
  return TRUE;
}

gboolean
regia_amf_read_number (RegiaAmf *self, double *ret_number)
{
  const guint8 *bytes;
  guint64 bits = 0;

  if (!take_marker (self, NUMBER) || (bytes = take (self, 8)) == NULL)
    return FALSE;
  for (guint i = 0; i < 8; i++)
    bits = bits << 8 | bytes[i];
  memcpy (ret_number, &bits, sizeof bits);
  return TRUE;
}

static gboolean skip (RegiaAmf *self, guint depth);

/* Names and values up to the mark of the end; what is called @name is kept, if it is a string. */
static gboolean
walk (RegiaAmf *self, const char *name, char **ret_text, guint depth)
{
  for (;;) {
    gsize length;
    const guint8 *key = take_counted (self, &length);

    if (key == NULL)
      return FALSE;
    if (length == 0)
      return take_marker (self, OBJECT_END);
    if (name != NULL && *ret_text == NULL && length == strlen (name) && memcmp (key, name, length) == 0 &&
        self->left > 0 && *self->at == STRING) {
      if (!regia_amf_read_text (self, ret_text))
        return FALSE;
    } else if (!skip (self, depth))
      return FALSE;
  }
}

static gboolean
skip (RegiaAmf *self, guint depth)
{
  const guint8 *marker = take (self, 1), *count;
  gsize length;

  if (marker == NULL || depth > DEPTH_MAX)
    return FALSE;
  switch (*marker) {
  case NUMBER:
    return take (self, 8) != NULL;
  case BOOLEAN:
    return take (self, 1) != NULL;
  case STRING:
    return take_counted (self, &length) != NULL;
  case NOTHING:
  case UNDEFINED:
    return TRUE;
  case DATE:
    return take (self, 10) != NULL;
  case OBJECT:
    return walk (self, NULL, NULL, depth + 1);
  case ECMA_ARRAY:
    return take (self, 4) != NULL && walk (self, NULL, NULL, depth + 1);
  case LONG_STRING:
    count = take (self, 4);
    return count != NULL && take (self, (gsize)count[0] << 24 | (gsize)count[1] << 16 | (gsize)count[2] << 8 |
                                            count[3]) != NULL;
  case STRICT_ARRAY:
    count = take (self, 4);
    if (count == NULL)
      return FALSE;
    length = (gsize)count[0] << 24 | (gsize)count[1] << 16 | (gsize)count[2] << 8 | count[3];
    for (gsize i = 0; i < length; i++) /* each takes a byte at least: as many as there are bytes */
      if (!skip (self, depth + 1))
        return FALSE;
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
regia_amf_skip (RegiaAmf *self)
{
  return skip (self, 0);
}

gboolean
regia_amf_read_member (RegiaAmf *self, const char *name, char **ret_text)
{
  g_autofree char *text = NULL;

  if (take_marker (self, ECMA_ARRAY) ? take (self, 4) == NULL : !take_marker (self, OBJECT))
    return FALSE;
  if (!walk (self, name, &text, 0))
    return FALSE;
  *ret_text = g_steal_pointer (&text);
  return TRUE;
}

static void
add_byte (GByteArray *to, guint8 byte)
{
  g_byte_array_append (to, &byte, 1);
}

void
regia_amf_add_name (GByteArray *to, const char *name)
{
  gsize length = strlen (name);

  g_return_if_fail (length <= G_MAXUINT16);
  add_byte (to, (guint8)(length >> 8));
  add_byte (to, (guint8)length);
  g_byte_array_append (to, (const guint8 *)name, (guint)length);
}

void
regia_amf_add_text (GByteArray *to, const char *text)
{
  add_byte (to, STRING);
  regia_amf_add_name (to, text);
}

void
regia_amf_add_number (GByteArray *to, double number)
{
  guint64 bits;

  memcpy (&bits, &number, sizeof bits);
  add_byte (to, NUMBER);
  for (int shift = 56; shift >= 0; shift -= 8)
    add_byte (to, (guint8)(bits >> shift));
}

void
regia_amf_add_null (GByteArray *to)
{
  add_byte (to, NOTHING);
}

void
regia_amf_begin_object (GByteArray *to)
{
  add_byte (to, OBJECT);
}

void
regia_amf_end_object (GByteArray *to)
{
  regia_amf_add_name (to, "");
  add_byte (to, OBJECT_END);
}
