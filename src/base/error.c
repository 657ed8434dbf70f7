/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/error.h"

#include <errno.h>
#include <sysexits.h>

G_DEFINE_QUARK (regia - error - quark, regia_error)

int
regia_error_exit_status (const GError *error)
{
  if (error == NULL)
    return EX_OK;
  if (error->domain == REGIA_ERROR) {
    switch ((RegiaError)error->code) {
    case REGIA_ERROR_CONFIG:
    case REGIA_ERROR_NEWER:
      return EX_CONFIG;
    case REGIA_ERROR_USAGE:
      return EX_USAGE;
    case REGIA_ERROR_UNAVAILABLE:
      return EX_UNAVAILABLE;
    case REGIA_ERROR_STATE:
      return EX_TEMPFAIL;
    case REGIA_ERROR_NO_SPACE:
      return EX_CANTCREAT;
    case REGIA_ERROR_PROTOCOL:
      return EX_PROTOCOL;
    case REGIA_ERROR_FAILED:
    case REGIA_ERROR_MEDIA:
      return EX_SOFTWARE;
    }
  }
  if (error->domain == G_OPTION_ERROR)
    return EX_USAGE;
  if (error->domain == G_IO_ERROR || error->domain == G_FILE_ERROR)
    return EX_IOERR;
  return EX_SOFTWARE;
}

gboolean
regia_error_set_errno (GError **error, int code, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list list;

  va_start (list, format);
  what = g_strdup_vprintf (format, list);
  va_end (list);
  g_set_error (error, G_IO_ERROR, code == EDQUOT ? G_IO_ERROR_NO_SPACE : (int)g_io_error_from_errno (code),
               "%s: %s", what, g_strerror (code));
  return FALSE;
}

gboolean
regia_error_set_usage (GError **error, const char *format, ...)
{
  va_list list;

  va_start (list, format);
  if (error != NULL)
    *error = g_error_new_valist (REGIA_ERROR, REGIA_ERROR_USAGE, format, list);
  va_end (list);
  return FALSE;
}
