/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/director/password.h"

#include <crypt.h>
#include <string.h>

#include "regia/base/error.h"

#define METHOD     "$y$"
#define COST       5
#define PREFIX     "$y$j9T$" /* what that cost is written as */
#define SALT_CHARS 22
#define HASH_CHARS 43
/* Where nobody has the name something is hashed all the same. */
#define NOBODY PREFIX "......................"

/* The hashes of a file are compared at the cost that is the same for all: another one would tell by its time
 * whose it is, and a great one would keep everybody waiting. */
gboolean
regia_password_is_hash (const char *text)
{
  static const char alphabet[] = "./" G_CSET_DIGITS G_CSET_A_2_Z G_CSET_a_2_z;
  gsize prefix = strlen (PREFIX);

  return strlen (text) == prefix + SALT_CHARS + 1 + HASH_CHARS && g_str_has_prefix (text, PREFIX) &&
         strspn (text + prefix, alphabet) == SALT_CHARS && text[prefix + SALT_CHARS] == '$' &&
         strspn (text + prefix + SALT_CHARS + 1, alphabet) == HASH_CHARS;
}

void
regia_password_wipe (char *password)
{
  if (password != NULL)
    explicit_bzero (password, strlen (password));
  g_free (password);
}

/* (transfer full) (nullable): as it is hashed. */
static char *
spell (const char *password)
{
  char *spelled = NULL;

  /* Before it is normalised, which may make it eighteen times as long. */
  if (strlen (password) <= REGIA_PASSWORD_MAX_BYTES)
    spelled = g_utf8_normalize (password, -1, G_NORMALIZE_NFKC);
  if (spelled != NULL && strlen (spelled) <= REGIA_PASSWORD_MAX_BYTES)
    return spelled;
  regia_password_wipe (spelled);
  return NULL;
}

static gboolean
has_controls (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

static const char *
what_is_wrong (const char *name, const char *spelled)
{
  if (spelled == NULL)
    return "is longer than " G_STRINGIFY (REGIA_PASSWORD_MAX_BYTES) " bytes or not UTF-8";
  if (g_utf8_strlen (spelled, -1) < REGIA_PASSWORD_MIN_CHARACTERS)
    return "is shorter than " G_STRINGIFY (REGIA_PASSWORD_MIN_CHARACTERS) " characters; some words in a row "
                                                                          "are easily remembered";
  if (has_controls (spelled))
    return "holds a tab or another control character";
  if (strstr (spelled, name) != NULL && strlen (spelled) < strlen (name) + 6)
    return "is little more than the name; choose another";
  return NULL;
}

/* (transfer full) (nullable) */
static char *
crypt_it (const char *spelled, const char *setting)
{
  struct crypt_data *data = g_new0 (struct crypt_data, 1);
  const char *hash = crypt_rn (spelled, setting, data, sizeof *data);
  char *copy = g_strdup (hash);

  explicit_bzero (data, sizeof *data);
  g_free (data);
  return copy;
}

char *
regia_password_hash (const char *name, const char *password, GError **error)
{
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  char *spelled = spell (password);
  const char *wrong = what_is_wrong (name, spelled);
  g_autofree char *hash = NULL;

  if (wrong == NULL && crypt_gensalt_rn (METHOD, COST, NULL, 0, setting, sizeof setting) != NULL)
    hash = crypt_it (spelled, setting);
  regia_password_wipe (spelled);
  if (hash != NULL && regia_password_is_hash (hash))
    return g_steal_pointer (&hash);
  if (wrong != NULL)
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_USAGE, "the password %s", wrong);
  else
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE,
                         "this machine's libcrypt makes no yescrypt hashes; install libxcrypt 4.4 or newer");
  return NULL;
}

gboolean
regia_password_is_right (const char *password, const char *hash)
{
  char *spelled = spell (password);
  const char *setting = hash != NULL ? hash : NOBODY;
  g_autofree char *other = spelled != NULL ? crypt_it (spelled, setting) : NULL;
  guchar differs = 0;

  regia_password_wipe (spelled);
  if (other == NULL || hash == NULL || strlen (other) != strlen (hash))
    return FALSE;
  for (gsize i = 0; hash[i] != '\0'; i++)
    differs |= (guchar)hash[i] ^ (guchar)other[i];
  return differs == 0;
}
