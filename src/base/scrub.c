/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-base"

#include "regia/base/scrub.h"

#include <string.h>

#define HIDDEN "***"

/* Shorter ones are left where no pattern finds them: to take out each "a" hides what a message says. */
#define LEAST_SECRET 3

/* The end of a name before a `=` that makes its value a secret: rtspsrc says user-pw, platforms say
 * access_token. */
static const char *const secret_names[] = {"password", "passwd", "passphrase", "passwort", "pwd",
                                           "pw",       "pass",   "token",      "secret",   "key",
                                           "auth",     "sig",    "signature"};

/* Where the next address's authority begins: behind `://`, or that percent-encoded. */
static const char *
find_authority (const char *text, gboolean *ret_encoded)
{
  for (const char *p = text; *p != '\0'; p++) {
    if (strncmp (p, "://", 3) == 0) {
      *ret_encoded = FALSE;
      return p + 3;
    }
    if (*p == '%' && g_ascii_strncasecmp (p, "%3a%2f%2f", 9) == 0) {
      *ret_encoded = TRUE;
      return p + 9;
    }
  }
  return NULL;
}

/* The next blank that is not escaped. */
static const char *
find_blank (const char *text)
{
  const char *p = text;

  while (*p != '\0' && !(g_ascii_isspace (*p) && (p == text || p[-1] != '\\')))
    p++;
  return p;
}

/* Behind the last @ of [@from, @end); NULL if there is none. */
static const char *
behind_last_at (const char *from, const char *end, gboolean encoded)
{
  for (const char *p = end; p > from; p--) {
    if (p[-1] == '@')
      return p;
    if (encoded && p - from >= 3 && strncmp (p - 3, "%40", 3) == 0)
      return p;
  }
  return NULL;
}

/* Whether [@from, @end), in which there is no @, looks like the beginning of USER:PASSWORD, which a blank has
 * cut off: a colon that is followed by something else than a port. */
static gboolean
is_begun_userinfo (const char *from, const char *end, gboolean encoded)
{
  const char *colon;

  if (*from == '[') /* an IPv6 address */
    return FALSE;
  for (colon = from; colon < end && *colon != ':' && *colon != '/' && *colon != '?' && *colon != '#'; colon++)
    if (encoded && end - colon >= 3 && g_ascii_strncasecmp (colon, "%3a", 3) == 0)
      break;
  if (colon == end || (*colon != ':' && *colon != '%'))
    return FALSE;
  colon += *colon == ':' ? 1 : 3;
  while (colon < end && g_ascii_isdigit (*colon))
    colon++;
  return colon < end &&
         (g_ascii_isalpha (*colon) || (guchar)*colon >= 0x80 || strchr ("!$&*+_~=-", *colon) != NULL);
}

static char *
scrub_addresses (const char *text)
{
  GString *out = g_string_new (NULL);
  const char *authority;
  gboolean encoded;

  while ((authority = find_authority (text, &encoded)) != NULL) {
    const char *end = find_blank (authority);
    const char *host = behind_last_at (authority, end, encoded);

    g_string_append_len (out, text, authority - text);
    if (host == NULL && is_begun_userinfo (authority, end, encoded)) {
      const char *line = end + strcspn (end, "\r\n");
      gboolean other;
      const char *next = find_authority (end, &other);

      host = behind_last_at (end, next != NULL && next < line ? next : line, encoded);
      if (host == NULL) {
        g_string_append (out, HIDDEN);
        host = end;
      }
    }
    text = host != NULL ? host : authority;
  }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}

/* Whether a secret's name ends at @end, of a text that begins at @text. */
static gboolean
names_secret (const char *text, const char *end)
{
  for (gsize i = 0; i < G_N_ELEMENTS (secret_names); i++) {
    gsize length = strlen (secret_names[i]);

    if ((gsize)(end - text) >= length && g_ascii_strncasecmp (end - length, secret_names[i], length) == 0 &&
        ((gsize)(end - text) == length || !g_ascii_isalpha (end[-(gssize)length - 1])))
      return TRUE;
  }
  return FALSE;
}

/* The value that begins at @value: up to its closing quotation mark, or to what cannot be in one. */
static const char *
value_end (const char *value)
{
  const char *p = value;

  if (*p == '"' || *p == '\'') {
    for (p++; *p != '\0' && *p != *value; p++)
      if (*p == '\\' && p[1] != '\0')
        p++;
    return *p == '\0' ? p : p + 1;
  }
  while (*p != '\0' && strchr (" \t\r\n&;,\"')>", *p) == NULL) {
    if (*p == '\\' && p[1] != '\0')
      p++;
    p++;
  }
  return p;
}

static char *
scrub_values (const char *text)
{
  GString *out = g_string_new (NULL);
  const char *from = text;

  for (const char *p = text; *p != '\0'; p++)
    if (*p == '=' && names_secret (text, p) && value_end (p + 1) > p + 1) {
      g_string_append_len (out, from, p + 1 - from);
      g_string_append (out, HIDDEN);
      from = value_end (p + 1);
      p = from - 1;
    }
  g_string_append (out, from);
  return g_string_free (out, FALSE);
}

static void
replace (GString *text, const char *secret)
{
  if (secret != NULL && strlen (secret) >= LEAST_SECRET && strcmp (secret, HIDDEN) != 0)
    g_string_replace (text, secret, HIDDEN, 0);
}

/* As gst-launch text has it: a backslash before each character that is not plain. */
static char *
escape_backslash (const char *secret)
{
  GString *out = g_string_new (NULL);

  for (const char *p = secret; *p != '\0'; p++) {
    if ((guchar)*p < 0x80 && !g_ascii_isalnum (*p) && strchr ("_-.:/@%+", *p) == NULL)
      g_string_append_c (out, '\\');
    g_string_append_c (out, *p);
  }
  return g_string_free (out, FALSE);
}

char *
regia_scrub (const char *text, const char *const *secrets)
{
  g_autoptr (GString) known = g_string_new (text);
  g_autofree char *addresses = NULL;

  for (; secrets != NULL && *secrets != NULL; secrets++) {
    g_autofree char *encoded = g_uri_escape_string (*secrets, NULL, FALSE);
    g_autofree char *decoded = g_uri_unescape_string (*secrets, NULL);
    g_autofree char *escaped = escape_backslash (*secrets);

    replace (known, *secrets);
    replace (known, encoded);
    replace (known, decoded);
    replace (known, escaped);
  }
  /* Addresses first: a password that ends in `key=` would else take the @ behind it for its value. */
  addresses = scrub_addresses (known->str);
  return scrub_values (addresses);
}

void
regia_scrub_error (GError *error, const char *const *secrets)
{
  char *clean;

  if (error == NULL)
    return;
  clean = regia_scrub (error->message, secrets);
  g_free (error->message);
  error->message = clean;
}

char **
regia_scrub_secrets_of (const char *value)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gboolean encoded;
  const char *authority = find_authority (value, &encoded);
  const char *host = authority != NULL ? behind_last_at (authority, value + strlen (value), encoded) : NULL;

  if (host != NULL) {
    gsize at = encoded && host[-1] != '@' ? 3 : 1;
    g_autofree char *userinfo = g_strndup (authority, (gsize)(host - authority) - at);
    const char *colon = strchr (userinfo, ':');

    if (colon != NULL && colon[1] != '\0')
      g_strv_builder_add (builder, colon + 1);
    if (userinfo[0] != '\0')
      g_strv_builder_add (builder, userinfo);
  }
  for (const char *p = value; *p != '\0'; p++)
    if (*p == '=' && names_secret (value, p)) {
      g_autofree char *secret = g_strndup (p + 1, (gsize)(value_end (p + 1) - p - 1));

      if (secret[0] != '\0')
        g_strv_builder_add (builder, secret);
    }
  return g_strv_builder_end (builder);
}
