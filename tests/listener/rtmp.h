/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "../../src/listener/amf-private.h"
#include "../../src/listener/chunks-private.h"

/* What a sender says, for the tests: bytes that are appended to @to. */

static inline void
rtmp_add_handshake (GByteArray *to)
{
  guint8 bytes[1 + 2 * 1536] = {3};

  for (guint i = 9; i < sizeof bytes; i++)
    bytes[i] = (guint8)i;
  g_byte_array_append (to, bytes, sizeof bytes);
}

static inline void
rtmp_add_command (GByteArray *to, GByteArray *body)
{
  regia_chunks_add (to, 3, REGIA_RTMP_COMMAND, 0, body->data, body->len);
  g_byte_array_unref (body);
}

static inline GByteArray *
rtmp_command (const char *name, double transaction)
{
  GByteArray *body = g_byte_array_new ();

  regia_amf_add_text (body, name);
  regia_amf_add_number (body, transaction);
  return body;
}

static inline void
rtmp_add_connect (GByteArray *to, const char *application)
{
  GByteArray *body = rtmp_command ("connect", 1);

  regia_amf_begin_object (body);
  regia_amf_add_name (body, "type");
  regia_amf_add_text (body, "nonprivate");
  regia_amf_add_name (body, "app");
  regia_amf_add_text (body, application);
  regia_amf_add_name (body, "fpad");
  g_byte_array_append (body, (const guint8[]){1, 0}, 2);
  regia_amf_end_object (body);
  rtmp_add_command (to, body);
}

static inline void
rtmp_add_publish (GByteArray *to, const char *key)
{
  GByteArray *create = rtmp_command ("createStream", 2), *publish = rtmp_command ("publish", 3);

  regia_amf_add_null (create);
  rtmp_add_command (to, create);
  regia_amf_add_null (publish);
  regia_amf_add_text (publish, key);
  regia_amf_add_text (publish, "live");
  rtmp_add_command (to, publish);
}

/* All that it takes to be let in. */
static inline void
rtmp_add_entry (GByteArray *to, const char *application, const char *key)
{
  rtmp_add_handshake (to);
  rtmp_add_connect (to, application);
  rtmp_add_publish (to, key);
}
