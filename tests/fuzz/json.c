/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON of any bytes: what is read is written as text that reads the same; nothing leaks, nothing recurses
 * without end. */
#include <stdint.h>

#include "regia/base/json.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) dict = regia_json_to_vardict ((const char *)data, (gssize)size, &error), again = NULL;
  g_autofree char *written = NULL, *rewritten = NULL;

  g_assert_true ((dict == NULL) == (error != NULL));
  if (dict == NULL)
    return 0;
  written = regia_json_from_variant (dict, FALSE);
  again = regia_json_to_vardict (written, -1, NULL);
  g_assert_nonnull (again);
  rewritten = regia_json_from_variant (again, FALSE);
  g_assert_cmpstr (rewritten, ==, written);
  return 0;
}
