/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-base"

#include "regia/base/destination.h"

#include <string.h>

#include "regia/base/error.h"

void
regia_destination_clear (RegiaDestination *self)
{
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->query, g_free);
}

static gboolean
fail (GError **error, const char *words)
{
  g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG, words);
  return FALSE;
}

static gboolean
check_scheme (const char *url, GUri *uri, RegiaDestinationKind *ret_kind, GError **error)
{
  static const char *const schemes[] = {"rtmp", "rtmps", "srt"};

  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_equal (g_uri_get_scheme (uri), schemes[i]) && g_str_has_prefix (url, schemes[i])) {
      *ret_kind = (RegiaDestinationKind)i;
      return TRUE;
    }
  return fail (error, "not a protocol that a relay speaks; use rtmp, rtmps or srt");
}

static gboolean
check_host (const char *url, GUri *uri, GError **error)
{
  const char *host = g_uri_get_host (uri), *authority;

  if (host == NULL || host[0] == '\0')
    return fail (error, "has no host; write rtmp://HOST/APPLICATION or srt://HOST:PORT");
  authority = strstr (url, "://") + 3;
  /* GUri resolves escapes in a host; whoever connects later might not, so there are none */
  if (memchr (authority, '%', strcspn (authority, "/?#")) != NULL || strlen (host) > 253 ||
      strspn (host, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ".-:") != strlen (host))
    return fail (error, "its host is neither a name nor an address; write it as in live.example.org");
  return TRUE;
}

static gboolean
check_rest (const RegiaDestination *self, GError **error)
{
  gsize length = strlen (self->path) + (self->query != NULL ? strlen (self->query) : 0);

  if (self->kind == REGIA_DESTINATION_SRT) {
    if (self->query != NULL)
      return fail (error, "holds options after the ?; use the keys stream_id, latency and key_file");
    if (self->path[0] != '\0')
      return fail (error, "an SRT address has no path; use stream_id");
    return TRUE;
  }
  if (self->path[0] == '\0')
    return fail (error, "has no application after the host; write it as in rtmp://HOST/live2");
  if (length > REGIA_DESTINATION_PATH_MAX)
    return fail (error, "what follows its host is longer than 700 characters; put the key into key_file");
  return TRUE;
}

/* (transfer full) */
static char *
trim_slashes (const char *path)
{
  gsize length;

  path += strspn (path, "/");
  for (length = strlen (path); length > 0 && path[length - 1] == '/';)
    length--;
  return g_strndup (path, length);
}

gboolean
regia_destination_parse (const char *url, RegiaDestination *ret_destination, GError **error)
{
  g_auto (RegiaDestination) self = {0};
  g_autoptr (GUri) uri = NULL;

  for (const char *p = url; *p != '\0'; p++)
    if ((guchar)*p <= 0x20 || (guchar)*p >= 0x7f || strchr ("\"'<>\\^`{|}", *p) != NULL)
      return fail (error, "holds a character that cannot be in an address; remove blanks and accents");
  if (strlen (url) > 1024)
    return fail (error, "longer than 1024 characters; shorten it");
  uri = g_uri_parse (url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (uri == NULL)
    return fail (
        error,
        "not an address; write rtmp://HOST/APPLICATION or srt://HOST:PORT, with a port from 1 to 65535");
  if (!check_scheme (url, uri, &self.kind, error))
    return FALSE;
  if (g_uri_get_userinfo (uri) != NULL)
    return fail (error, "holds a user name or password; put the secret into key_file");
  if (!check_host (url, uri, error))
    return FALSE;
  self.port = g_uri_get_port (uri);
  if (self.port == 0 || (self.kind == REGIA_DESTINATION_SRT && self.port < 0))
    return fail (error, "has no port from 1 to 65535; write it after the host, for example :9000");
  if (g_uri_get_fragment (uri) != NULL)
    return fail (error, "holds a #; remove it");
  self.host = g_strdup (g_uri_get_host (uri));
  self.path = trim_slashes (g_uri_get_path (uri));
  self.query = g_strdup (g_uri_get_query (uri));
  if (!check_rest (&self, error))
    return FALSE;
  *ret_destination = self;
  memset (&self, 0, sizeof self);
  return TRUE;
}

static gboolean
is_printable (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      return FALSE;
  return TRUE;
}

gboolean
regia_destination_get_rtmp (const RegiaDestination *self, const char *key, char **ret_app, char **ret_stream,
                            GError **error)
{
  const char *slash = key == NULL ? strrchr (self->path, '/') : NULL;
  const char *mark = self->query != NULL ? "?" : "", *query = self->query != NULL ? self->query : "";

  if (key != NULL && (strlen (key) > REGIA_DESTINATION_KEY_MAX || !is_printable (key)))
    return fail (error, "The key must be one line of at most 1000 characters");
  if (slash != NULL) {
    *ret_app = g_strndup (self->path, (gsize)(slash - self->path));
    *ret_stream = g_strconcat (slash + 1, mark, query, NULL);
  } else {
    *ret_app = g_strconcat (self->path, mark, query, NULL);
    *ret_stream = g_strdup (key != NULL ? key : "");
  }
  return TRUE;
}
