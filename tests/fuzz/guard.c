/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a child writes to its control connection: the first byte says in how small pieces it comes. */
#include <stdint.h>

#include "guard-private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  RegiaGuardMeter whole = {0}, pieces = {0};
  const char *fault, *other = NULL;
  gsize step;

  if (size < 2)
    return 0;
  step = (gsize)data[0] + 1;
  data++;
  size--;
  fault = regia_guard_meter_count (&whole, data, size, G_USEC_PER_SEC);
  for (gsize at = 0; at < size && other == NULL; at += step)
    other = regia_guard_meter_count (&pieces, data + at, MIN (step, size - at), G_USEC_PER_SEC);
  g_assert_true ((fault == NULL) == (other == NULL)); /* in pieces it is the same */
  g_assert_cmpuint (whole.n_messages, ==, pieces.n_messages);
  g_assert_cmpuint (whole.calls + whole.answers, <=, whole.n_messages);
  g_assert_cmpuint (whole.in_second, <=, REGIA_GUARD_MESSAGES + 1);
  return 0;
}
