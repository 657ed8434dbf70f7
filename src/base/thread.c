/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/thread.h"

/* g_main_context_is_owner() alone would be false wherever no loop runs yet: taking it is allowed to nobody's
 * and to our own, again as well. */
gboolean
regia_context_is_ours (GMainContext *context)
{
  if (!g_main_context_acquire (context))
    return FALSE;
  g_main_context_release (context);
  return TRUE;
}
