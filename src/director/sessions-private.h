/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/director/people.h"

/*
 * RegiaSessions: who is logged in. Of a session's token, 256 random bits, only the SHA-256 is held and kept.
 * A person's session is good for as long as what is kept of the password is the same as when it began: a
 * change of the password, or removal, ends all of that person's, with nothing else to be written down. All
 * times are Unix times in seconds. A plain value in one thread; main context.
 */
typedef struct _RegiaSessions RegiaSessions;

/** A session ends when it was not used for so long … */
#define REGIA_SESSION_IDLE_S (12 * 3600)
/** … and after so long in any case; one that began with a link, after so long. */
#define REGIA_SESSION_MOST_S (7 * 24 * 3600)
#define REGIA_SESSION_LINK_S (24 * 3600)
/** As many there may be, and of one person; then the one that was not used for longest ends. */
#define REGIA_SESSIONS_MAX       1024
#define REGIA_SESSIONS_OF_PERSON 32
/** Who comes by a link is called so; nobody else can be. */
#define REGIA_SESSION_LINK_NAME "one-time link"
/** A token has so many characters, of base64url (RFC 4648 §5). */
#define REGIA_TOKEN_CHARS 43
/** What sessions.json may hold at most. */
#define REGIA_SESSIONS_MAX_BYTES (1 << 20)

typedef struct {
  char *name; /* (owned) */
  RegiaRole role;
  char *credential; /* (owned): what the password's hash was, shortened; "" for a link */
  gint64 made_s, used_s, ends_s;
  gint64 kept_used_s; /* as used_s was when it was last written */
} RegiaSession;

/** regia_token_new: (transfer full): 256 bits that nobody can guess. Any thread. */
char *regia_token_new (void);
/** regia_token_digest: (transfer full) (nullable): what is held of @token: its SHA-256 in hexadecimal; %NULL
 * for what has not the form of one. Pure. */
char *regia_token_digest (const char *token);

RegiaSessions *regia_sessions_new (void);
void regia_sessions_free (RegiaSessions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaSessions, regia_sessions_free)

/** regia_sessions_begin: (transfer full): the token of a new session of @name. @hash: (nullable): what is
 * kept of the password; %NULL for who comes by a link. @ret_session: (transfer none). */
char *regia_sessions_begin (RegiaSessions *self, const char *name, RegiaRole role, const char *hash,
                            gint64 now_s, const RegiaSession **ret_session);
/** regia_sessions_use: (transfer none) (nullable): the session of @token, whatever that is, if it is good; it
 * counts as used now. */
const RegiaSession *regia_sessions_use (RegiaSessions *self, RegiaPeople *people, const char *token,
                                        gint64 now_s);
/** regia_sessions_end: Returns: (transfer full) (nullable): whose session it was; %NULL where there was none.
 */
char *regia_sessions_end (RegiaSessions *self, const char *token);
/** regia_sessions_list: (transfer floating): av, those that are good, as Accounts1.GetPeople gives them: the
 * one that was used last first; that of @token is `own`. Of a token's SHA-256 as much is the id as tells one
 * from another. */
GVariant *regia_sessions_list (RegiaSessions *self, RegiaPeople *people, const char *token, gint64 now_s);
/** regia_sessions_end_listed: Returns: (transfer full) (nullable): whose session the one of that @id was;
 * %NULL where there was none. */
char *regia_sessions_end_listed (RegiaSessions *self, const char *id);
/** regia_sessions_prune: forgets those that are no good. Returns: how many. */
guint regia_sessions_prune (RegiaSessions *self, RegiaPeople *people, gint64 now_s);
/** How many there are of @name, all with %NULL. */
guint regia_sessions_count (RegiaSessions *self, const char *name);
/** regia_sessions_need_keeping: whether the times of use have gone on enough to be written. */
gboolean regia_sessions_need_keeping (RegiaSessions *self);

/** regia_sessions_to_json: (transfer full): to be written now. */
char *regia_sessions_to_json (RegiaSessions *self);
/** regia_sessions_from_json: (transfer full): the reverse, with every value checked; those that are past are
 * left out. Pure; fuzzed. Errors: REGIA_ERROR_NEWER: a newer Regia wrote it; REGIA_ERROR_MEDIA. */
RegiaSessions *regia_sessions_from_json (const char *text, gint64 now_s,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
