/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/director/people.h"
#include "verifier-private.h"

/*
 * RegiaAccounts: who may come in, and who is in: people, their sessions, one-time links, and what keeps
 * guessers from getting anywhere. Main context only.
 *
 * A password is compared on one worker thread, one at a time, because each takes 16 MiB and some 18 ms;
 * REGIA_ACCOUNTS_QUEUE more may wait, others are told to come again. Of those places some are kept for who
 * got in from the same address before, so that a crowd of strangers does not keep everybody out. A name that
 * nobody has is compared like any other.
 *
 * people.json that cannot be read lets nobody in and is not written over; the event runs, the status says so,
 * `regia console` still lets its technician in.
 */
typedef struct _RegiaAccounts RegiaAccounts;

#define REGIA_ACCOUNTS_QUEUE 8
/** … of which strangers take at most */
#define REGIA_ACCOUNTS_STRANGERS 6

/** What it has of the world outside; static. */
typedef struct {
  gint64 (*wall_s) (gpointer user_data);       /* Unix time, s */
  gint64 (*monotonic_us) (gpointer user_data); /* as g_get_monotonic_time() */
  /* a line for audit.jsonl: never with a password, a token, or a name that nobody has */
  void (*audit) (const char *who, const char *what, gpointer user_data);
} RegiaAccountsWorld;

typedef enum {
  REGIA_REFUSAL_NONE,
  REGIA_REFUSAL_WRONG, /* name, password or token: which of them is not said */
  REGIA_REFUSAL_WAIT,  /* too many wrong ones: retry_after_s */
  REGIA_REFUSAL_BUSY,  /* too many at once: retry_after_s */
} RegiaRefusal;

/** What became of a try to come in; all borrowed. */
typedef struct {
  RegiaRefusal refusal;
  guint retry_after_s;
  const char *token; /* %NULL when refused; the rest then means nothing */
  const char *name;
  RegiaRole role;
  gint64 ends_s; /* Unix time at which the session ends at the latest */
} RegiaAdmission;

/** Called once. */
typedef void (*RegiaAdmittedFunc) (const RegiaAdmission *admission, gpointer user_data);
/** Called once; @error: (nullable): why nothing was changed. */
typedef void (*RegiaAccountsDoneFunc) (const GError *error, gpointer user_data);

/** regia_refusal_to_string: "", "wrong", "wait", "busy". Static. Pure. */
const char *regia_refusal_to_string (RegiaRefusal refusal);

/** regia_accounts_new: as people.json and sessions.json of @state_dir say. Blocks on the disk. */
RegiaAccounts *regia_accounts_new (const char *state_dir, const RegiaAccountsWorld *world,
                                   gpointer user_data);
/** regia_accounts_free: waits for the password that is being compared; who waits for an answer is refused.
 * What was answered is on the disk before, if that answers. */
void regia_accounts_free (RegiaAccounts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaAccounts, regia_accounts_free)

/** regia_accounts_log_in: somebody at @address says that he is @name. A session that is answered survives a
 * kill, unless the disk takes nothing: that keeps nobody out. */
void regia_accounts_log_in (RegiaAccounts *self, const char *name, const char *password, const char *address,
                            RegiaAdmittedFunc done, gpointer user_data);
/** regia_accounts_use_link: the same with a one-time token, which makes a technician. */
void regia_accounts_use_link (RegiaAccounts *self, const char *token, const char *address,
                              RegiaAdmittedFunc done, gpointer user_data);
/** regia_accounts_check: whose session @token is. Returns: %FALSE when it is none; @ret_name (transfer full)
 * and @ret_role. */
gboolean regia_accounts_check (RegiaAccounts *self, const char *token, char **ret_name, RegiaRole *ret_role);
/** regia_accounts_log_out: ends the session of @token, if it is one; @done when that is on the disk, or after
 * a while. */
void regia_accounts_log_out (RegiaAccounts *self, const char *token, RegiaAccountsDoneFunc done,
                             gpointer user_data);

/** regia_accounts_make_link: (transfer full): a one-time token. @who: asked for it. */
char *regia_accounts_make_link (RegiaAccounts *self, const char *who);
/**
 * regia_accounts_change: somebody is configured, or removed. @done once that is on the disk and in effect:
 * who had a session with the password of before has none any more.
 * @role, @hash: see regia_people_with(); @hash %NULL removes
 * @who: changes it
 */
void regia_accounts_change (RegiaAccounts *self, const char *name, RegiaRole role, const char *hash,
                            const char *who, RegiaAccountsDoneFunc done, gpointer user_data);
/** regia_accounts_list: (transfer floating): who there is, aa{sv}: name s, role s, sessions t. Errors: why
 * that is not known. */
GVariant *regia_accounts_list (RegiaAccounts *self, GError **error);
/** regia_accounts_find: (transfer none) (nullable): as regia_people_find(), of who there is. */
const char *regia_accounts_find (RegiaAccounts *self, const char *name, RegiaRole *ret_role);
/** regia_accounts_is_last_technician: @name is one, and nobody else. */
gboolean regia_accounts_is_last_technician (RegiaAccounts *self, const char *name);
/** RegiaAccountsHashedFunc: @hash: (nullable): of regia_password_hash(); @error: else why not, borrowed. */
typedef RegiaVerifierHashedFunc RegiaAccountsHashedFunc;
/** regia_accounts_hash: what is to be kept of @password. @func is called once; REGIA_ERROR_STATE: too many
 * passwords are looked at. */
void regia_accounts_hash (RegiaAccounts *self, const char *name, const char *password,
                          RegiaAccountsHashedFunc func, gpointer user_data);
/** regia_accounts_admit: lets @name in, who has just been configured, at @address. */
void regia_accounts_admit (RegiaAccounts *self, const char *name, const char *address, RegiaAdmittedFunc done,
                           gpointer user_data);
/** regia_accounts_list_sessions: (transfer floating): as Accounts1.GetPeople gives them; that of @token is
 * `own`. */
GVariant *regia_accounts_list_sessions (RegiaAccounts *self, const char *token);
/** regia_accounts_end_session: ends the one that is listed as @id, for @who. @done as of
 * regia_accounts_log_out(); REGIA_ERROR_USAGE: there is none. */
void regia_accounts_end_session (RegiaAccounts *self, const char *id, const char *who,
                                 RegiaAccountsDoneFunc done, gpointer user_data);
/** regia_accounts_is_new: nobody is configured, and nothing is wrong with that. */
gboolean regia_accounts_is_new (RegiaAccounts *self);

/** regia_accounts_tick: once a minute or oftener. */
void regia_accounts_tick (RegiaAccounts *self);
/** regia_accounts_keep_again: the folder was made anew. */
void regia_accounts_keep_again (RegiaAccounts *self);
/** regia_accounts_warn: adds what is the matter, in words, to @warnings (element-type utf8, owned). */
void regia_accounts_warn (RegiaAccounts *self, GPtrArray *warnings);
