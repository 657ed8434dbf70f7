/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sender, or a stranger, says after the handshake: the first byte says in how small pieces it comes,
 * and whether the key is right. */
#include <stdint.h>
#include <string.h>

#include "publisher-private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static gboolean
may_publish_cb (const char *application, const char *key, char **ret_why, gpointer user_data)
{
  g_assert_true (g_utf8_validate (application, -1, NULL) && g_utf8_validate (key, -1, NULL));
  if (*(gboolean *)user_data)
    return TRUE;
  *ret_why = g_strdup ("no");
  return FALSE;
}

static void
media_cb (guint8 type, guint32 time_ms, const guint8 *data, gsize size, gpointer user_data)
{
  g_assert_true (*(gboolean *)user_data && (type == 8 || type == 9) && size > 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const RegiaPublisherCallbacks callbacks = {.may_publish = may_publish_cb, .media = media_cb};
  static const guint8 handshake[1 + 2 * 1536] = {3};
  g_autoptr (RegiaPublisher) publisher = NULL;
  gboolean may;
  gsize step;

  if (size < 2)
    return 0;
  may = data[0] & 1;
  step = (gsize)(data[0] >> 1) + 1;
  publisher = regia_publisher_new (&callbacks, &may);
  g_assert_true (regia_publisher_take (publisher, handshake, sizeof handshake, NULL));
  for (gsize at = 1; at < size; at += step)
    if (!regia_publisher_take (publisher, data + at, MIN (step, size - at), NULL))
      break;
  g_assert_true (may || !regia_publisher_is_in (publisher));
  return 0;
}
