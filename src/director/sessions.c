/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sessions-private.h"

#include <string.h>
#include <sys/random.h>

#include "regia/base/error.h"
#include "regia/base/json.h"

#define VERSION     1
#define TOKEN_BYTES 32
/* Hexadecimal digits of a SHA-256, and as many of it as tell one hash of a password from another. */
#define DIGEST_CHARS     64
#define CREDENTIAL_CHARS 32
#define ID_CHARS         20
/* The time of use is written when it has gone on so far: a restart never ends what was used a while ago. */
#define USE_GRAIN_S 600
/* A clock may be set back by so much without a session being of the future. */
#define SKEW_S 300

struct _RegiaSessions {
  GHashTable *sessions; /* (owned) (element-type utf8 RegiaSession): by the digest of the token */
};

static void
session_free (RegiaSession *session)
{
  g_free (session->name);
  g_free (session->credential);
  g_free (session);
}

char *
regia_token_new (void)
{
  guchar bytes[TOKEN_BYTES];
  g_autofree char *text = NULL;
  char *token;

  /* The kernel gives so few at once or, before it has any to give, waits. */
  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    g_error ("the kernel gives no random numbers");
  text = g_base64_encode (bytes, sizeof bytes);
  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  token = g_strndup (text, REGIA_TOKEN_CHARS); /* without the padding */
  explicit_bzero (bytes, sizeof bytes);
  explicit_bzero (text, strlen (text));
  return token;
}

char *
regia_token_digest (const char *token)
{
  static const char alphabet[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_";

  if (strnlen (token, REGIA_TOKEN_CHARS + 1) != REGIA_TOKEN_CHARS ||
      strspn (token, alphabet) != REGIA_TOKEN_CHARS)
    return NULL;
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, REGIA_TOKEN_CHARS);
}

/* (transfer full) */
static char *
credential_of (const char *hash)
{
  g_autofree char *digest = NULL;

  if (hash == NULL)
    return g_strdup ("");
  digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, hash, -1);
  return g_strndup (digest, CREDENTIAL_CHARS);
}

RegiaSessions *
regia_sessions_new (void)
{
  RegiaSessions *self = g_new0 (RegiaSessions, 1);

  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)session_free);
  return self;
}

void
regia_sessions_free (RegiaSessions *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->sessions);
  g_free (self);
}

guint
regia_sessions_count (RegiaSessions *self, const char *name)
{
  GHashTableIter iter;
  gpointer session;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    n += name == NULL || strcmp (((RegiaSession *)session)->name, name) == 0;
  return n;
}

/* Ends the one of @name (nullable: of all) that was not used for longest. */
static void
make_room (RegiaSessions *self, const char *name)
{
  GHashTableIter iter;
  gpointer digest, value;
  const char *oldest = NULL;
  gint64 oldest_s = G_MAXINT64;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, &digest, &value)) {
    const RegiaSession *session = value;

    if ((name == NULL || strcmp (session->name, name) == 0) && session->used_s < oldest_s) {
      oldest = digest;
      oldest_s = session->used_s;
    }
  }
  if (oldest != NULL)
    g_hash_table_remove (self->sessions, oldest);
}

char *
regia_sessions_begin (RegiaSessions *self, const char *name, RegiaRole role, const char *hash, gint64 now_s,
                      const RegiaSession **ret_session)
{
  char *token = regia_token_new ();
  RegiaSession *session = g_new0 (RegiaSession, 1);

  if (regia_sessions_count (self, name) >= REGIA_SESSIONS_OF_PERSON)
    make_room (self, name);
  else if (g_hash_table_size (self->sessions) >= REGIA_SESSIONS_MAX)
    make_room (self, NULL);
  session->name = g_strdup (name);
  session->role = role;
  session->credential = credential_of (hash);
  session->made_s = session->used_s = session->kept_used_s = now_s;
  session->ends_s = now_s + (hash != NULL ? REGIA_SESSION_MOST_S : REGIA_SESSION_LINK_S);
  g_hash_table_insert (self->sessions, regia_token_digest (token), session);
  *ret_session = session;
  return token;
}

/* One that is of the future is none: the clock cannot be believed, and how old it is nobody knows. */
static gboolean
is_in_time (const RegiaSession *session, gint64 now_s)
{
  return now_s < session->ends_s && now_s - session->used_s < REGIA_SESSION_IDLE_S &&
         session->used_s - now_s <= SKEW_S;
}

static gboolean
is_good (const RegiaSession *session, RegiaPeople *people, gint64 now_s)
{
  g_autofree char *credential = NULL;
  const char *hash;
  RegiaRole role;

  if (!is_in_time (session, now_s))
    return FALSE;
  if (session->credential[0] == '\0')
    return TRUE;
  hash = regia_people_find (people, session->name, &role);
  if (hash == NULL || role != session->role)
    return FALSE;
  credential = credential_of (hash);
  return strcmp (credential, session->credential) == 0;
}

const RegiaSession *
regia_sessions_use (RegiaSessions *self, RegiaPeople *people, const char *token, gint64 now_s)
{
  g_autofree char *digest = regia_token_digest (token);
  RegiaSession *session = digest != NULL ? g_hash_table_lookup (self->sessions, digest) : NULL;

  if (session == NULL || !is_good (session, people, now_s))
    return NULL;
  session->used_s = MAX (session->used_s, now_s);
  return session;
}

char *
regia_sessions_end (RegiaSessions *self, const char *token)
{
  g_autofree char *digest = regia_token_digest (token);
  RegiaSession *session = digest != NULL ? g_hash_table_lookup (self->sessions, digest) : NULL;
  char *name = session != NULL ? g_strdup (session->name) : NULL;

  if (session != NULL)
    g_hash_table_remove (self->sessions, digest);
  return name;
}

typedef struct {
  const char *digest;
  const RegiaSession *session;
} Listed;

static gint
compare_listed (gconstpointer a, gconstpointer b)
{
  const Listed *one = a, *other = b;

  if (one->session->used_s != other->session->used_s)
    return one->session->used_s > other->session->used_s ? -1 : 1;
  return strcmp (one->digest, other->digest);
}

GVariant *
regia_sessions_list (RegiaSessions *self, RegiaPeople *people, const char *token, gint64 now_s)
{
  g_autofree char *own = regia_token_digest (token);
  g_autoptr (GArray) listed = g_array_new (FALSE, FALSE, sizeof (Listed));
  GVariantBuilder list;
  GHashTableIter iter;
  gpointer digest, session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, &digest, &session)) {
    const Listed one = {digest, session};

    if (is_good (session, people, now_s))
      g_array_append_val (listed, one);
  }
  g_array_sort (listed, compare_listed);
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < listed->len; i++) {
    const Listed *one = &g_array_index (listed, Listed, i);
    g_autofree char *id = g_strndup (one->digest, ID_CHARS);

    g_variant_builder_add (
        &list, "v",
        g_variant_new_parsed (
            "{'id': <%s>, 'name': <%s>, 'role': <%s>, 'made': <%x>, 'used': <%x>, 'ends': <%x>, 'own': <%b>}",
            id, one->session->name, regia_role_to_string (one->session->role), one->session->made_s,
            one->session->used_s, one->session->ends_s, g_strcmp0 (own, one->digest) == 0));
  }
  return g_variant_builder_end (&list);
}

char *
regia_sessions_end_listed (RegiaSessions *self, const char *id)
{
  GHashTableIter iter;
  gpointer digest, session;
  char *name;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, &digest, &session)) {
    if (strlen (id) != ID_CHARS || !g_str_has_prefix (digest, id))
      continue;
    name = g_strdup (((RegiaSession *)session)->name);
    g_hash_table_iter_remove (&iter);
    return name;
  }
  return NULL;
}

guint
regia_sessions_prune (RegiaSessions *self, RegiaPeople *people, gint64 now_s)
{
  GHashTableIter iter;
  gpointer session;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    if (!is_good (session, people, now_s)) {
      g_hash_table_iter_remove (&iter);
      n++;
    }
  return n;
}

gboolean
regia_sessions_need_keeping (RegiaSessions *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const RegiaSession *session = value;

    if (session->used_s - session->kept_used_s >= USE_GRAIN_S)
      return TRUE;
  }
  return FALSE;
}

char *
regia_sessions_to_json (RegiaSessions *self)
{
  GHashTableIter iter;
  gpointer digest, value;
  GVariantBuilder list;
  GVariantDict dict;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, &digest, &value)) {
    RegiaSession *session = value;

    session->kept_used_s = session->used_s;
    g_variant_builder_add (
        &list, "v",
        g_variant_new_parsed ("{'token-sha256': <%s>, 'name': <%s>, 'role': <%s>, 'credential': <%s>, "
                              "'made': <%x>, 'used': <%x>, 'ends': <%x>}",
                              (const char *)digest, session->name, regia_role_to_string (session->role),
                              session->credential, session->made_s, session->used_s, session->ends_s));
  }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "x", (gint64)VERSION);
  g_variant_dict_insert_value (&dict, "sessions", g_variant_builder_end (&list));
  return regia_json_from_variant (g_variant_dict_end (&dict), TRUE);
}

static gboolean
is_hex (const char *text, gsize length)
{
  return strlen (text) == length && strspn (text, G_CSET_DIGITS "abcdef") == length;
}

/* (transfer full) (nullable) */
static RegiaSession *
read_session (GVariant *dict)
{
  const char *name = regia_json_get_string (dict, "name");
  const char *credential = regia_json_get_string (dict, "credential");
  gboolean link = g_str_equal (name, REGIA_SESSION_LINK_NAME);
  RegiaSession session = {.made_s = regia_json_get_int (dict, "made"),
                          .used_s = regia_json_get_int (dict, "used"),
                          .ends_s = regia_json_get_int (dict, "ends")};

  if (!regia_role_parse (regia_json_get_string (dict, "role"), &session.role) ||
      (link ? credential[0] != '\0' : !is_hex (credential, CREDENTIAL_CHARS)) ||
      (!link && !regia_people_check_name (name, NULL)))
    return NULL;
  if (session.made_s <= 0 || session.used_s < session.made_s || session.ends_s <= session.made_s ||
      session.ends_s - session.made_s > (link ? REGIA_SESSION_LINK_S : REGIA_SESSION_MOST_S))
    return NULL;
  session.kept_used_s = session.used_s;
  session.name = g_strdup (name);
  session.credential = g_strdup (credential);
  return g_memdup2 (&session, sizeof session);
}

RegiaSessions *
regia_sessions_from_json (const char *text, gint64 now_s, GError **error)
{
  g_autoptr (RegiaSessions) self = regia_sessions_new ();
  g_autoptr (GVariant) list = regia_json_read_list (text, VERSION, "sessions", error);

  if (list == NULL)
    return NULL;
  for (gsize i = 0; i < g_variant_n_children (list) && i < REGIA_SESSIONS_MAX; i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
    g_autoptr (GVariant) entry = g_variant_get_variant (boxed);
    const char *digest;
    RegiaSession *session;

    if (!g_variant_is_of_type (entry, G_VARIANT_TYPE_VARDICT))
      continue;
    digest = regia_json_get_string (entry, "token-sha256");
    session = is_hex (digest, DIGEST_CHARS) ? read_session (entry) : NULL;
    if (session != NULL && is_in_time (session, now_s))
      g_hash_table_insert (self->sessions, g_strdup (digest), session);
    else
      g_clear_pointer (&session, session_free);
  }
  return g_steal_pointer (&self);
}
