/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message with a password in it: the first line of the input is the password, the rest stands around it.
 * What the message shows without any password is no proof of one. */
#include <string.h>

#include "regia/base/scrub.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize length);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autofree char *text = g_strndup ((const char *)data, length);
  char *rest = strchr (text, '\n');
  g_autofree char *message = NULL, *around = NULL, *shown = NULL, *clean = NULL;
  const char *secrets[] = {text, NULL};

  if (rest == NULL)
    return 0;
  *rest++ = '\0';
  around = g_strdup_printf ("%s rtsp://admin:@camera/a ***%s", rest, rest);
  shown = regia_scrub (around, NULL);
  if (strlen (text) < 3 || strpbrk (text, " \t\r\n\f\v") != NULL || strstr (around, text) != NULL ||
      strstr (shown, text) != NULL)
    return 0;
  message = g_strdup_printf ("%s rtsp://admin:%s@camera/a %s", rest, text, rest);
  clean = regia_scrub (message, NULL);
  g_assert_null (strstr (clean, text));
  g_free (clean);
  clean = regia_scrub (rest, secrets);
  g_assert_null (strstr (clean, text));
  g_strfreev (regia_scrub_secrets_of (text));
  return 0;
}
