/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "accounts-private.h"

#include <string.h>

#include "guessing-private.h"
#include "kept-private.h"
#include "regia/base/error.h"
#include "regia/base/named.h"
#include "regia/base/thread.h"
#include "regia/director/password.h"
#include "sessions-private.h"
#include "tickets-private.h"
#include "verifier-private.h"

/* A disk that does not answer keeps nobody out. */
#define KEPT_MS      2000
#define TRY_AGAIN_US (10 * G_USEC_PER_SEC)
/* Wrong tries are written down together, so that guessers fill no disk. */
#define REFUSED_EVERY_US (10 * G_USEC_PER_SEC)

/* Somebody who is let in, or goes, once that is on the disk. */
typedef struct {
  RegiaAccounts *accounts;
  char *token, *name; /* (owned) (nullable) */
  RegiaRole role;
  gint64 ends_s;
  RegiaAdmittedFunc admitted; /* (nullable): one who is let in … */
  RegiaAccountsDoneFunc done; /* (nullable): … or goes */
  gpointer user_data;
  guint deadline; /* source; 0: answered */
} Answer;

/* A name and a password that are being looked at. */
typedef struct {
  RegiaAccounts *accounts;
  char *name, *address; /* (owned) */
  char *hash;           /* (owned) (nullable): that it is compared with */
  RegiaAdmittedFunc done;
  gpointer user_data;
} Attempt;

/* Somebody who is configured or removed, on the way to the disk. */
typedef struct {
  char *name, *who, *what; /* (owned) */
  RegiaAccountsDoneFunc done;
  gpointer user_data;
} Change;

struct _RegiaAccounts {
  const RegiaAccountsWorld *world; /* static */
  gpointer user_data;
  char *people_path, *sessions_path;      /* (owned) */
  RegiaPeople *people;                    /* (owned): in effect */
  RegiaPeople *wanted;                    /* (owned): as it is to be kept */
  GError *people_error;                   /* (owned) (nullable): why nobody is known */
  Change *change;                         /* (owned) (nullable): on its way to the disk */
  RegiaSessions *sessions;                /* (owned) */
  gboolean foreign;                       /* sessions.json is a newer Regia's: it is left alone */
  RegiaKept *people_kept, *sessions_kept; /* (owned) */
  GPtrArray *answers;                     /* (owned) (element-type Answer): until the disk has answered */
  RegiaTickets *tickets;                  /* (owned) */
  RegiaGuessing *guessing;                /* (owned) */
  RegiaVerifier *verifier;                /* (owned) */
  guint refused;                          /* not yet written down */
  gint64 refused_us;                      /* when that was last done; 0 never */
  gint64 tried_us;                        /* when what could not be kept was last tried again */
  char *refused_last;                     /* (owned) (nullable): whom and where */
};

static gint64
now_s (RegiaAccounts *self)
{
  return self->world->wall_s (self->user_data);
}

static gint64
now_us (RegiaAccounts *self)
{
  return self->world->monotonic_us (self->user_data);
}

static void
audit (RegiaAccounts *self, const char *who, const char *what)
{
  self->world->audit (who, what, self->user_data);
}

const char *
regia_refusal_to_string (RegiaRefusal refusal)
{
  static const char *const words[] = {"", "wrong", "wait", "busy"};

  g_return_val_if_fail ((guint)refusal < G_N_ELEMENTS (words), "wrong");
  return words[refusal];
}

/* An address is the words of whoever asks for somebody. */
static const char *
name_address (const char *address)
{
  return strnlen (address, 64) < 64 && g_hostname_is_ip_address (address) ? address : "elsewhere";
}

/* Wrong tries */

static void
write_refused (RegiaAccounts *self)
{
  g_autofree char *what = NULL;

  if (self->refused == 0 || (self->refused_us != 0 && now_us (self) - self->refused_us < REFUSED_EVERY_US))
    return;
  what = g_strdup_printf ("refused %u times, the last one %s", self->refused, self->refused_last);
  audit (self, "console", what);
  self->refused = 0;
  self->refused_us = MAX (now_us (self), 1);
}

/* @name: (nullable): what was given as one; repeated only where somebody has it: people write their password
 * there. */
static void
refuse (RegiaAccounts *self, RegiaRefusal refusal, gint64 wait_us, const char *name, const char *address,
        RegiaAdmittedFunc done, gpointer user_data)
{
  const RegiaAdmission admission = {
      .refusal = refusal, .retry_after_s = (guint)((wait_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC)};

  if (refusal == REGIA_REFUSAL_WRONG) {
    gboolean known = name != NULL && regia_people_find (self->people, name, NULL) != NULL;

    self->refused++;
    g_free (self->refused_last);
    self->refused_last = g_strdup_printf ("%s at %s", known ? name : "somebody", name_address (address));
    write_refused (self);
  }
  done (&admission, user_data);
}

/* Files */

static char *
people_text_cb (gpointer user_data)
{
  return regia_people_to_json (((RegiaAccounts *)user_data)->wanted);
}

static char *
sessions_text_cb (gpointer user_data)
{
  return regia_sessions_to_json (((RegiaAccounts *)user_data)->sessions);
}

static void
load_people (RegiaAccounts *self)
{
  self->people = regia_people_load (self->people_path, &self->people_error);
  if (self->people == NULL) {
    g_warning ("%s; nobody can log in until it is mended", self->people_error->message);
    self->people = regia_people_new ();
  }
  self->wanted = regia_people_ref (self->people);
}

static void
load_sessions (RegiaAccounts *self)
{
  g_autoptr (GByteArray) text = NULL;
  g_autoptr (GError) error = NULL;

  if (g_file_test (self->sessions_path, G_FILE_TEST_EXISTS)) {
    text = regia_named_read (self->sessions_path, REGIA_SESSIONS_MAX_BYTES, "remove it", &error);
    if (text != NULL)
      self->sessions = regia_sessions_from_json ((const char *)text->data, now_s (self), &error);
  }
  self->foreign = g_error_matches (error, REGIA_ERROR, REGIA_ERROR_NEWER);
  if (error != NULL)
    g_warning ("%s: %s; whoever was logged in logs in again", self->sessions_path, error->message);
  if (self->sessions == NULL)
    self->sessions = regia_sessions_new ();
  /* Where it is not known who there is, sessions are good for nothing, but nothing says that they are over.
   */
  if (self->people_error == NULL)
    regia_sessions_prune (self->sessions, self->people, now_s (self));
}

static void
keep_sessions (RegiaAccounts *self)
{
  if (!self->foreign)
    regia_kept_save_later (self->sessions_kept);
}

/* Answers that wait for the disk */

static void
answer_free (Answer *answer)
{
  g_clear_handle_id (&answer->deadline, g_source_remove);
  regia_password_wipe (answer->token);
  g_free (answer->name);
  g_free (answer);
}

static void
give (Answer *answer)
{
  const RegiaAdmission admission = {
      .token = answer->token, .name = answer->name, .role = answer->role, .ends_s = answer->ends_s};

  if (answer->admitted != NULL)
    answer->admitted (&admission, answer->user_data);
  else
    answer->done (NULL, answer->user_data);
}

static gboolean
late_cb (gpointer user_data)
{
  Answer *answer = user_data;

  answer->deadline = 0;
  give (answer);
  return G_SOURCE_REMOVE;
}

/* What the disk says is a warning in the status; the session is good all the same. */
static void
sessions_saved_cb (const GError *error, gpointer user_data)
{
  Answer *answer = user_data;

  if (answer->deadline != 0)
    give (answer);
  g_ptr_array_remove (answer->accounts->answers, answer);
}

/* Takes @answer. */
static void
answer_when_kept (RegiaAccounts *self, Answer *answer)
{
  answer->accounts = self;
  if (self->foreign) {
    give (answer);
    answer_free (answer);
    return;
  }
  answer->deadline = g_timeout_add (KEPT_MS, late_cb, answer);
  g_ptr_array_add (self->answers, answer);
  regia_kept_save_then (self->sessions_kept, sessions_saved_cb, answer);
}

static void
answer_done_when_kept (RegiaAccounts *self, RegiaAccountsDoneFunc done, gpointer user_data)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->done = done;
  answer->user_data = user_data;
  answer_when_kept (self, answer);
}

/* Coming in and going */

static void
let_in (RegiaAccounts *self, const char *name, RegiaRole role, const char *hash, const char *address,
        RegiaAdmittedFunc done, gpointer user_data)
{
  g_autofree char *who = g_strdup_printf ("%s, console at %s", name, name_address (address));
  g_autofree char *what = g_strdup_printf ("logged in as %s", regia_role_to_string (role));
  Answer *answer = g_new0 (Answer, 1);
  const RegiaSession *session;

  answer->token = regia_sessions_begin (self->sessions, name, role, hash, now_s (self), &session);
  answer->name = g_strdup (name);
  answer->role = role;
  answer->ends_s = session->ends_s;
  answer->admitted = done;
  answer->user_data = user_data;
  audit (self, who, what);
  answer_when_kept (self, answer);
}

static void
attempt_free (Attempt *attempt)
{
  g_free (attempt->name);
  g_free (attempt->address);
  g_free (attempt->hash);
  g_free (attempt);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Attempt, attempt_free)

static void
verified_cb (gboolean right, gpointer user_data)
{
  g_autoptr (Attempt) attempt = user_data;
  RegiaAccounts *self = attempt->accounts;
  RegiaRole role;
  const char *hash = regia_people_find (self->people, attempt->name, &role);

  /* The password may have been changed, or its owner removed, while it was compared. */
  if (!right || hash == NULL || g_strcmp0 (hash, attempt->hash) != 0) {
    refuse (self, REGIA_REFUSAL_WRONG, 0, attempt->name, attempt->address, attempt->done, attempt->user_data);
    return;
  }
  regia_guessing_right (self->guessing, attempt->name, attempt->address, now_us (self));
  let_in (self, attempt->name, role, hash, attempt->address, attempt->done, attempt->user_data);
}

void
regia_accounts_log_in (RegiaAccounts *self, const char *name, const char *password, const char *address,
                       RegiaAdmittedFunc done, gpointer user_data)
{
  Attempt *attempt;
  gint64 wait_us;
  guint places;

  REGIA_ON_THREAD (NULL);
  /* The one that is being compared, and those that wait. */
  places = 1 + (regia_guessing_is_known (self->guessing, name, address) ? REGIA_ACCOUNTS_QUEUE
                                                                        : REGIA_ACCOUNTS_STRANGERS);
  if (regia_verifier_count (self->verifier) >= places) {
    refuse (self, REGIA_REFUSAL_BUSY, G_USEC_PER_SEC, name, address, done, user_data);
    return;
  }
  wait_us = regia_guessing_try (self->guessing, name, address, now_us (self), g_random_double ());
  if (wait_us > 0) {
    refuse (self, REGIA_REFUSAL_WAIT, wait_us, name, address, done, user_data);
    return;
  }
  attempt = g_new0 (Attempt, 1);
  attempt->accounts = self;
  attempt->name = g_strdup (name);
  attempt->address = g_strdup (address);
  attempt->hash = g_strdup (regia_people_find (self->people, name, NULL));
  attempt->done = done;
  attempt->user_data = user_data;
  regia_verifier_ask (self->verifier, password, attempt->hash, verified_cb, attempt);
}

void
regia_accounts_use_link (RegiaAccounts *self, const char *token, const char *address, RegiaAdmittedFunc done,
                         gpointer user_data)
{
  REGIA_ON_THREAD (NULL);
  if (regia_tickets_use (self->tickets, token, now_us (self)))
    let_in (self, REGIA_SESSION_LINK_NAME, REGIA_ROLE_TECHNICIAN, NULL, address, done, user_data);
  else
    refuse (self, REGIA_REFUSAL_WRONG, 0, NULL, address, done, user_data);
}

gboolean
regia_accounts_check (RegiaAccounts *self, const char *token, char **ret_name, RegiaRole *ret_role)
{
  const RegiaSession *session = regia_sessions_use (self->sessions, self->people, token, now_s (self));

  if (session == NULL)
    return FALSE;
  *ret_name = g_strdup (session->name);
  *ret_role = session->role;
  return TRUE;
}

void
regia_accounts_log_out (RegiaAccounts *self, const char *token, RegiaAccountsDoneFunc done,
                        gpointer user_data)
{
  g_autofree char *name = regia_sessions_end (self->sessions, token);
  g_autofree char *who = g_strdup_printf ("%s, console", name);

  if (name == NULL) {
    done (NULL, user_data);
    return;
  }
  audit (self, who, "logged out");
  answer_done_when_kept (self, done, user_data);
}

char *
regia_accounts_make_link (RegiaAccounts *self, const char *who)
{
  audit (self, who, "made a one-time link to the console");
  return regia_tickets_make (self->tickets, now_us (self));
}

/* Who there is */

static void
change_free (Change *change)
{
  g_free (change->name);
  g_free (change->who);
  g_free (change->what);
  g_free (change);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

static void
set_people (RegiaPeople **people, RegiaPeople *value)
{
  regia_people_ref (value);
  regia_people_unref (*people);
  *people = value;
}

static void
people_saved_cb (const GError *error, gpointer user_data)
{
  RegiaAccounts *self = user_data;
  g_autoptr (Change) change = g_steal_pointer (&self->change);
  g_autoptr (GError) refusal = NULL;

  if (error == NULL) {
    set_people (&self->people, self->wanted);
    regia_guessing_forget_name (self->guessing, change->name);
    if (regia_sessions_prune (self->sessions, self->people, now_s (self)) > 0)
      keep_sessions (self);
    audit (self, change->who, change->what);
    change->done (NULL, change->user_data);
    return;
  }
  set_people (&self->wanted, self->people);
  regia_kept_save_later (self->people_kept);
  refusal = g_error_new (error->domain, error->code, "it could not be kept, so nothing was changed: %s",
                         error->message);
  change->done (refusal, change->user_data);
}

static RegiaPeople *
make_people (RegiaAccounts *self, const char *name, RegiaRole role, const char *hash, GError **error)
{
  if (self->people_error != NULL) {
    g_propagate_error (error, g_error_copy (self->people_error));
    return NULL;
  }
  if (self->change != NULL) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_STATE,
                         "another change of people is on its way to the disk; try again");
    return NULL;
  }
  return hash != NULL ? regia_people_with (self->people, name, role, hash, error)
                      : regia_people_without (self->people, name, error);
}

void
regia_accounts_change (RegiaAccounts *self, const char *name, RegiaRole role, const char *hash,
                       const char *who, RegiaAccountsDoneFunc done, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaPeople) people = NULL;
  const char *before;

  REGIA_ON_THREAD (NULL);
  people = make_people (self, name, role, hash, &error);
  if (people == NULL) {
    done (error, user_data);
    return;
  }
  before = regia_people_find (self->people, name, NULL);
  self->change = g_new0 (Change, 1);
  self->change->name = g_strdup (name);
  self->change->who = g_strdup (who);
  self->change->what = hash == NULL ? g_strdup_printf ("removed %s", name)
                                    : g_strdup_printf ("%s %s, %s",
                                                       before == NULL               ? "added"
                                                       : g_str_equal (before, hash) ? "changed the role of"
                                                                                    : "set the password of",
                                                       name, regia_role_to_string (role));
  self->change->done = done;
  self->change->user_data = user_data;
  set_people (&self->wanted, people);
  regia_kept_save_then (self->people_kept, people_saved_cb, self);
}

GVariant *
regia_accounts_list (RegiaAccounts *self, GError **error)
{
  GVariantBuilder list;

  if (self->people_error != NULL) {
    g_propagate_error (error, g_error_copy (self->people_error));
    return NULL;
  }
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < regia_people_count (self->people); i++) {
    const char *name = regia_people_get_name (self->people, i);
    RegiaRole role = REGIA_ROLE_VIEWER;
    GVariantDict dict;

    regia_people_find (self->people, name, &role);
    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "name", "s", name);
    g_variant_dict_insert (&dict, "role", "s", regia_role_to_string (role));
    g_variant_dict_insert (&dict, "sessions", "t", (guint64)regia_sessions_count (self->sessions, name));
    g_variant_builder_add_value (&list, g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&list);
}

const char *
regia_accounts_find (RegiaAccounts *self, const char *name, RegiaRole *ret_role)
{
  return regia_people_find (self->people, name, ret_role);
}

gboolean
regia_accounts_is_last_technician (RegiaAccounts *self, const char *name)
{
  gboolean is_one = FALSE;

  for (guint i = 0; i < regia_people_count (self->people); i++) {
    const char *other = regia_people_get_name (self->people, i);
    RegiaRole role = REGIA_ROLE_VIEWER;

    regia_people_find (self->people, other, &role);
    if (role == REGIA_ROLE_TECHNICIAN && !g_str_equal (other, name))
      return FALSE;
    is_one = is_one || role == REGIA_ROLE_TECHNICIAN;
  }
  return is_one;
}

void
regia_accounts_hash (RegiaAccounts *self, const char *name, const char *password,
                     RegiaAccountsHashedFunc func, gpointer user_data)
{
  if (regia_verifier_count (self->verifier) > REGIA_ACCOUNTS_QUEUE) {
    g_autoptr (GError) error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE,
                                                    "too many passwords at once; try again in a second");

    func (NULL, error, user_data);
    return;
  }
  regia_verifier_hash (self->verifier, name, password, func, user_data);
}

void
regia_accounts_admit (RegiaAccounts *self, const char *name, const char *address, RegiaAdmittedFunc done,
                      gpointer user_data)
{
  RegiaRole role;
  const char *hash = regia_people_find (self->people, name, &role);

  if (hash != NULL)
    let_in (self, name, role, hash, address, done, user_data);
  else
    refuse (self, REGIA_REFUSAL_WRONG, 0, NULL, address, done, user_data);
}

GVariant *
regia_accounts_list_sessions (RegiaAccounts *self, const char *token)
{
  return regia_sessions_list (self->sessions, self->people, token, now_s (self));
}

void
regia_accounts_end_session (RegiaAccounts *self, const char *id, const char *who, RegiaAccountsDoneFunc done,
                            gpointer user_data)
{
  g_autofree char *name = regia_sessions_end_listed (self->sessions, id), *what = NULL;
  g_autoptr (GError) error = NULL;

  if (name == NULL) {
    error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_USAGE, "there is no such session any more");
    done (error, user_data);
    return;
  }
  what = g_strdup_printf ("ended a session of %s", name);
  audit (self, who, what);
  answer_done_when_kept (self, done, user_data);
}

gboolean
regia_accounts_is_new (RegiaAccounts *self)
{
  return self->people_error == NULL && regia_people_count (self->people) == 0;
}

/* From outside */

RegiaAccounts *
regia_accounts_new (const char *state_dir, const RegiaAccountsWorld *world, gpointer user_data)
{
  RegiaAccounts *self = g_new0 (RegiaAccounts, 1);

  self->world = world;
  self->user_data = user_data;
  self->people_path = g_build_filename (state_dir, "people.json", NULL);
  self->sessions_path = g_build_filename (state_dir, "sessions.json", NULL);
  self->answers = g_ptr_array_new_with_free_func ((GDestroyNotify)answer_free);
  self->tickets = regia_tickets_new ();
  self->guessing = regia_guessing_new ();
  self->verifier = regia_verifier_new ();
  load_people (self);
  load_sessions (self);
  self->people_kept =
      regia_kept_new (self->people_path, "who works here cannot be kept", people_text_cb, self);
  self->sessions_kept =
      regia_kept_new (self->sessions_path, "who is logged in cannot be kept; after a crash they log in again",
                      sessions_text_cb, self);
  return self;
}

static void
refuse_at_end (RegiaAccounts *self)
{
  g_autoptr (Change) change = g_steal_pointer (&self->change);
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "Regia went away before it could be kept");

  if (change != NULL)
    change->done (error, change->user_data);
}

void
regia_accounts_free (RegiaAccounts *self)
{
  gboolean settled;

  if (self == NULL)
    return;
  g_clear_pointer (&self->verifier, regia_verifier_free);
  settled = regia_kept_settle (self->people_kept);
  if (!regia_kept_settle (self->sessions_kept) || !settled)
    g_warning ("%s: the disk does not answer; the last changes may be lost", self->people_path);
  g_clear_pointer (&self->people_kept, regia_kept_free);
  g_clear_pointer (&self->sessions_kept, regia_kept_free);
  refuse_at_end (self);
  g_ptr_array_unref (self->answers);
  g_clear_pointer (&self->people, regia_people_unref);
  g_clear_pointer (&self->wanted, regia_people_unref);
  g_clear_error (&self->people_error);
  regia_sessions_free (self->sessions);
  regia_tickets_free (self->tickets);
  regia_guessing_free (self->guessing);
  g_free (self->refused_last);
  g_free (self->people_path);
  g_free (self->sessions_path);
  g_free (self);
}

/* What could not be written may be possible again. */
static void
try_again (RegiaAccounts *self)
{
  if (self->tried_us != 0 && now_us (self) - self->tried_us < TRY_AGAIN_US)
    return;
  self->tried_us = MAX (now_us (self), 1);
  if (regia_kept_has_failed (self->people_kept))
    regia_kept_save_later (self->people_kept);
  if (regia_kept_has_failed (self->sessions_kept))
    keep_sessions (self);
}

void
regia_accounts_tick (RegiaAccounts *self)
{
  write_refused (self);
  try_again (self);
  if (self->people_error == NULL && regia_sessions_prune (self->sessions, self->people, now_s (self)) > 0)
    keep_sessions (self);
  else if (regia_sessions_need_keeping (self->sessions))
    keep_sessions (self);
}

void
regia_accounts_keep_again (RegiaAccounts *self)
{
  if (self->people_error == NULL && regia_people_count (self->wanted) > 0)
    regia_kept_save_later (self->people_kept);
  if (regia_sessions_count (self->sessions, NULL) > 0)
    keep_sessions (self);
}

void
regia_accounts_warn (RegiaAccounts *self, GPtrArray *warnings)
{
  if (self->people_error != NULL)
    g_ptr_array_add (
        warnings,
        g_strdup_printf ("Nobody can log in at the console: %s. It is read again at the next start; "
                         "`regia console` lets one in until then",
                         self->people_error->message));
  regia_kept_warn (self->people_kept, "Who works here cannot be kept", "Make the folder writable", warnings);
  regia_kept_warn (self->sessions_kept, "Who is logged in cannot be kept",
                   "After a restart they log in again; make the folder writable", warnings);
}
