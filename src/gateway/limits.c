/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "limits-private.h"

#include <errno.h>
#include <sys/resource.h>

void
regia_limits_default (RegiaLimits *ret_limits)
{
  *ret_limits = (RegiaLimits){.max_connections = 2000,
                              .max_connections_per_address = 500,
                              .max_requests = 1000,
                              .handshake_ms = 5000,
                              .head_ms = 5000,
                              .idle_ms = 30000,
                              .progress_ms = 10000,
                              .stalled_ms = 120000,
                              .linger_ms = 1000,
                              .budget_bytes = 128 << 20};
}

guint
regia_raise_descriptors (guint wanted)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return 1024;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = MIN (limit.rlim_max, wanted);
    if (setrlimit (RLIMIT_NOFILE, &limit) < 0)
      g_debug ("setrlimit: %s", g_strerror (errno));
    getrlimit (RLIMIT_NOFILE, &limit);
  }
  return (guint)MIN (limit.rlim_cur, G_MAXUINT);
}
