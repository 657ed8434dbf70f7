/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coming in, going, and who may: with real hashes and a real folder, the clocks driven by hand. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../wait.h"
#include "accounts-private.h"
#include "guessing-private.h"
#include "regia/base/error.h"
#include "regia/director/password.h"
#include "sessions-private.h"
#include "tickets-private.h"

#define HERS  "una sera in riva al mare"
#define OTHER "una sera in montagna"

typedef struct {
  char *dir;
  gint64 wall_s, monotonic_us;
  GString *audit;
  RegiaAccounts *accounts;
} Fixture;

static gint64
wall_s_cb (gpointer user_data)
{
  return ((Fixture *)user_data)->wall_s;
}

static gint64
monotonic_us_cb (gpointer user_data)
{
  return ((Fixture *)user_data)->monotonic_us;
}

static void
audit_cb (const char *who, const char *what, gpointer user_data)
{
  g_string_append_printf (((Fixture *)user_data)->audit, "%s: %s\n", who, what);
}

static const RegiaAccountsWorld world = {
    .wall_s = wall_s_cb, .monotonic_us = monotonic_us_cb, .audit = audit_cb};

static char *hash_hers, *hash_other;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("regia-accounts-XXXXXX", NULL);
  f->wall_s = 1790000000;
  f->monotonic_us = 5 * G_USEC_PER_SEC;
  f->audit = g_string_new (NULL);
  f->accounts = regia_accounts_new (f->dir, &world, f);
}

static char *
path_of (Fixture *f, const char *name)
{
  return g_build_filename (f->dir, name, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *people = path_of (f, "people.json"), *sessions = path_of (f, "sessions.json");

  regia_accounts_free (f->accounts);
  g_chmod (f->dir, 0700);
  g_remove (people);
  g_remove (sessions);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->dir);
  g_string_free (f->audit, TRUE);
}

/* The director died and is there again. */
static void
restart (Fixture *f)
{
  regia_accounts_free (f->accounts);
  f->accounts = regia_accounts_new (f->dir, &world, f);
}

typedef struct {
  guint answers;
  RegiaRefusal refusal;
  guint retry_after_s;
  char *token, *name;
  RegiaRole role;
  gint64 ends_s;
} Came;

static void
came_clear (Came *came)
{
  g_free (came->token);
  g_free (came->name);
  *came = (Came){0};
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Came, came_clear)

static void
came_cb (const RegiaAdmission *admission, gpointer user_data)
{
  Came *came = user_data;

  came->answers++;
  came->refusal = admission->refusal;
  came->retry_after_s = admission->retry_after_s;
  g_free (came->token);
  g_free (came->name);
  came->token = g_strdup (admission->token);
  came->name = g_strdup (admission->name);
  came->role = admission->role;
  came->ends_s = admission->ends_s;
}

static void
log_in (Fixture *f, const char *name, const char *password, const char *address, Came *came)
{
  came_clear (came);
  regia_accounts_log_in (f->accounts, name, password, address, came_cb, came);
  WAIT_UNTIL (came->answers == 1);
  g_assert_true ((came->token != NULL) == (came->refusal == REGIA_REFUSAL_NONE));
}

typedef struct {
  guint answers;
  char *message; /* (nullable) */
} Done;

static void
done_cb (const GError *error, gpointer user_data)
{
  Done *done = user_data;

  done->answers++;
  done->message = error != NULL ? g_strdup (error->message) : NULL;
}

/* (transfer full) (nullable): why not. */
static char *
change (Fixture *f, const char *name, RegiaRole role, const char *hash)
{
  Done done = {0};

  regia_accounts_change (f->accounts, name, role, hash, "root, command line", done_cb, &done);
  WAIT_UNTIL (done.answers == 1);
  return done.message;
}

static void
add (Fixture *f, const char *name, RegiaRole role, const char *hash)
{
  g_assert_null (change (f, name, role, hash));
}

static void
log_out (Fixture *f, const char *token)
{
  Done done = {0};

  regia_accounts_log_out (f->accounts, token, done_cb, &done);
  WAIT_UNTIL (done.answers == 1);
}

/* "" for nobody. */
static char *
whose (Fixture *f, const char *token)
{
  g_autofree char *name = NULL;
  RegiaRole role;

  if (!regia_accounts_check (f->accounts, token, &name, &role))
    return g_strdup ("");
  return g_strdup_printf ("%s %s", name, regia_role_to_string (role));
}

#define ASSERT_WHOSE(f, token, expected)                                                                     \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    g_autofree char *got = whose (f, token);                                                                 \
    g_assert_cmpstr (got, ==, expected);                                                                     \
  }                                                                                                          \
  G_STMT_END

static char *
read_file (Fixture *f, const char *name)
{
  g_autofree char *path = path_of (f, name);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static void
test_comes_and_goes (Fixture *f, gconstpointer data)
{
  g_auto (Came) came = {0}, other = {0};
  g_autofree char *people = NULL, *sessions = NULL, *path = path_of (f, "people.json"),
                  *session_path = path_of (f, "sessions.json");
  struct stat st;

  g_assert_true (regia_accounts_is_new (f->accounts));
  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  add (f, "bruno", REGIA_ROLE_STAFF, hash_other);
  g_assert_false (regia_accounts_is_new (f->accounts));
  log_in (f, "anna", HERS, "10.0.0.1", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
  g_assert_cmpint (came.role, ==, REGIA_ROLE_TECHNICIAN);
  g_assert_cmpstr (came.name, ==, "anna");
  g_assert_cmpint (came.ends_s, ==, f->wall_s + REGIA_SESSION_MOST_S);
  log_in (f, "bruno", OTHER, "10.0.0.1", &other);
  ASSERT_WHOSE (f, came.token, "anna technician");
  ASSERT_WHOSE (f, other.token, "bruno staff");

  /* Nothing to come in with is on the disk, or for others to read. */
  people = read_file (f, "people.json");
  sessions = read_file (f, "sessions.json");
  g_assert_null (strstr (people, HERS));
  g_assert_null (strstr (sessions, came.token));
  g_assert_null (strstr (f->audit->str, came.token));
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (session_path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);

  restart (f);
  ASSERT_WHOSE (f, came.token, "anna technician");
  log_out (f, came.token);
  ASSERT_WHOSE (f, came.token, "");
  ASSERT_WHOSE (f, other.token, "bruno staff");
  log_out (f, came.token); /* again */
  restart (f);
  ASSERT_WHOSE (f, came.token, "");
  ASSERT_WHOSE (f, other.token, "bruno staff");
  f->wall_s += REGIA_SESSION_IDLE_S;
  ASSERT_WHOSE (f, other.token, "");
  g_assert_nonnull (strstr (f->audit->str, "anna, console at 10.0.0.1: logged in as technician\n"));
  g_assert_nonnull (strstr (f->audit->str, "anna, console: logged out\n"));
  g_assert_nonnull (strstr (f->audit->str, "root, command line: added bruno, staff\n"));
}

/* The tries that get nowhere: (name, password, address) → nothing, whatever it is. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *huge = g_strnfill (60000, 'x');
  const struct {
    const char *name, *password, *address;
  } table[] = {
      {"anna", OTHER, "10.0.1.1"},
      {"anna", "", "10.0.1.2"},
      {"anna", HERS " ", "10.0.1.3"},
      {"Anna", HERS, "10.0.1.4"},
      {"anna ", HERS, "10.0.1.5"},
      {"", HERS, "10.0.1.6"},
      {"carla", HERS, "10.0.1.7"},
      {HERS, "anna", "10.0.1.8"}, /* in the wrong field */
      {"anna", hash_hers, "10.0.1.9"},
      {"anna", huge, "10.0.1.10"},
      {huge, huge, huge},
      {"anna", "\xff\xfe", "\xff"},
      {REGIA_SESSION_LINK_NAME, "", "10.0.1.11"},
      {"../people.json", "x", "'; --"},
      {"anna\n{\"who\":\"root\"}", "x", "10.0.1.12"},
  };
  g_auto (Came) came = {0};

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    log_in (f, table[i].name, table[i].password, table[i].address, &came);
    g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_WRONG);
    g_assert_cmpuint (came.retry_after_s, ==, 0);
  }
  f->monotonic_us += 11 * G_USEC_PER_SEC;
  regia_accounts_tick (f->accounts);
  /* A few lines for many tries, and no line that somebody else wrote. */
  g_assert_nonnull (strstr (f->audit->str, "console: refused "));
  g_assert_null (strstr (f->audit->str, HERS));
  g_assert_null (strstr (f->audit->str, "who"));
  g_assert_null (strstr (f->audit->str, "xxx"));
  log_in (f, "anna", HERS, "10.0.2.1", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
}

/* One address guesses: it waits, and the right word is not looked at meanwhile; others come in. */
static void
test_guessing (Fixture *f, gconstpointer data)
{
  g_auto (Came) came = {0};
  guint wrong = 0;

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  do
    log_in (f, "anna", OTHER, "10.0.0.66", &came);
  while (came.refusal == REGIA_REFUSAL_WRONG && ++wrong < 20);
  g_assert_cmpuint (wrong, ==, REGIA_GUESSING_ADDRESS_FREE + 1);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_WAIT);
  g_assert_cmpuint (came.retry_after_s, >=, 1);
  g_assert_cmpuint (came.retry_after_s, <=, 2);
  log_in (f, "anna", HERS, "10.0.0.66", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_WAIT);
  log_in (f, "anna", HERS, "10.0.0.7", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
  f->monotonic_us += 2 * G_USEC_PER_SEC;
  log_in (f, "anna", HERS, "10.0.0.66", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
}

/* Many at once: so many are looked at, one after the other; the others hear at once that they are too many,
 * and who was here before is not kept out by strangers. */
static void
test_at_once (Fixture *f, gconstpointer data)
{
  Came crowd[60] = {0};
  g_auto (Came) came = {0}, first = {0};
  guint busy = 0, wrong = 0;

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  log_in (f, "anna", HERS, "10.0.0.7", &first);
  g_assert_cmpint (first.refusal, ==, REGIA_REFUSAL_NONE);
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++) {
    g_autofree char *address = g_strdup_printf ("10.9.0.%u", i);
    regia_accounts_log_in (f->accounts, "bruno", OTHER, address, came_cb, &crowd[i]);
    busy += crowd[i].answers == 1 && crowd[i].refusal == REGIA_REFUSAL_BUSY;
  }
  g_assert_cmpuint (busy, ==, G_N_ELEMENTS (crowd) - REGIA_ACCOUNTS_STRANGERS - 1);
  g_assert_cmpuint (crowd[59].retry_after_s, ==, 1);
  regia_accounts_log_in (f->accounts, "anna", HERS, "10.0.0.7", came_cb, &came);
  g_assert_cmpuint (came.answers, ==, 0);
  WAIT_UNTIL (came.answers == 1);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++) {
    g_assert_cmpuint (crowd[i].answers, ==, 1);
    wrong += crowd[i].refusal == REGIA_REFUSAL_WRONG;
    came_clear (&crowd[i]);
  }
  g_assert_cmpuint (wrong, ==, REGIA_ACCOUNTS_STRANGERS + 1);
}

/* Taken down while passwords are compared: each is answered, once. */
static void
test_taken_down (Fixture *f, gconstpointer data)
{
  Came crowd[5] = {0};

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    regia_accounts_log_in (f->accounts, "anna", HERS, "10.0.0.7", came_cb, &crowd[i]);
  restart (f);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++) {
    g_assert_cmpuint (crowd[i].answers, ==, 1);
    came_clear (&crowd[i]);
  }
}

/* Another password, another role, or removal ends what was open, and no word of before lets in. */
static void
test_changed (Fixture *f, gconstpointer data)
{
  g_auto (Came) came = {0}, other = {0}, raced = {0};

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  add (f, "bruno", REGIA_ROLE_STAFF, hash_hers);
  log_in (f, "anna", HERS, "10.0.0.1", &came);
  log_in (f, "bruno", HERS, "10.0.0.1", &other);
  /* The right word of before, which is still being compared when it has stopped being right. */
  regia_accounts_log_in (f->accounts, "anna", HERS, "10.0.0.1", came_cb, &raced);
  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_other);
  ASSERT_WHOSE (f, came.token, "");
  WAIT_UNTIL (raced.answers == 1);
  if (raced.token != NULL)
    ASSERT_WHOSE (f, raced.token, "");
  ASSERT_WHOSE (f, other.token, "bruno staff");
  /* An older sessions.json, as when the machine went down in between, brings nobody back. */
  restart (f);
  ASSERT_WHOSE (f, came.token, "");
  log_in (f, "anna", HERS, "10.0.0.2", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_WRONG);
  log_in (f, "anna", OTHER, "10.0.0.2", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
  add (f, "bruno", REGIA_ROLE_STAFF, NULL);
  ASSERT_WHOSE (f, other.token, "");
  log_in (f, "bruno", HERS, "10.0.0.2", &other);
  g_assert_cmpint (other.refusal, ==, REGIA_REFUSAL_WRONG);
  ASSERT_WHOSE (f, came.token, "anna technician");
  {
    g_autofree char *why = change (f, "bruno", REGIA_ROLE_STAFF, NULL);
    g_assert_nonnull (strstr (why, "nobody is called bruno"));
  }
}

static void
test_old_sessions_file (Fixture *f, gconstpointer data)
{
  g_auto (Came) came = {0};
  g_autofree char *before = NULL, *path = path_of (f, "sessions.json");

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  log_in (f, "anna", HERS, "10.0.0.1", &came);
  before = read_file (f, "sessions.json");
  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_other);
  g_clear_pointer (&f->accounts, regia_accounts_free);
  g_assert_true (g_file_set_contents (path, before, -1, NULL));
  f->accounts = regia_accounts_new (f->dir, &world, f);
  ASSERT_WHOSE (f, came.token, "");
}

static void
use_link (Fixture *f, const char *token, Came *came)
{
  came_clear (came);
  regia_accounts_use_link (f->accounts, token, "127.0.0.1", came_cb, came);
  WAIT_UNTIL (came->answers == 1);
}

static void
test_links (Fixture *f, gconstpointer data)
{
  g_autofree char *link = regia_accounts_make_link (f->accounts, "root, command line");
  g_autofree char *late = regia_accounts_make_link (f->accounts, "root, command line");
  g_autofree char *lost = NULL, *sessions = NULL;
  g_auto (Came) came = {0}, again = {0};

  ASSERT_WHOSE (f, link, ""); /* it is no session's */
  use_link (f, link, &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
  g_assert_cmpint (came.role, ==, REGIA_ROLE_TECHNICIAN);
  g_assert_cmpint (came.ends_s, ==, f->wall_s + REGIA_SESSION_LINK_S);
  ASSERT_WHOSE (f, came.token, REGIA_SESSION_LINK_NAME " technician");
  use_link (f, link, &again); /* replayed */
  g_assert_cmpint (again.refusal, ==, REGIA_REFUSAL_WRONG);
  use_link (f, came.token, &again); /* a session is no link */
  g_assert_cmpint (again.refusal, ==, REGIA_REFUSAL_WRONG);
  f->monotonic_us += REGIA_TICKET_S * G_USEC_PER_SEC;
  use_link (f, late, &again);
  g_assert_cmpint (again.refusal, ==, REGIA_REFUSAL_WRONG);
  /* What was opened by it survives, a link does not. */
  lost = regia_accounts_make_link (f->accounts, "root, command line");
  restart (f);
  ASSERT_WHOSE (f, came.token, REGIA_SESSION_LINK_NAME " technician");
  use_link (f, lost, &again);
  g_assert_cmpint (again.refusal, ==, REGIA_REFUSAL_WRONG);
  sessions = read_file (f, "sessions.json");
  g_assert_null (strstr (sessions, link));
  g_assert_null (strstr (f->audit->str, link));
  g_assert_nonnull (strstr (f->audit->str, "root, command line: made a one-time link to the console\n"));
}

/* A folder that takes nothing: nobody is configured, and says so; who has a password comes in all the same.
 */
static void
test_full (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *why = NULL, *moved = g_strconcat (f->dir, "-away", NULL), *people = NULL;
  g_auto (Came) came = {0};

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  g_assert_cmpint (g_rename (f->dir, moved), ==, 0);
  g_test_expect_message ("regia-director", G_LOG_LEVEL_WARNING,
                         "who works here cannot be kept: *people.json*");
  why = change (f, "anna", REGIA_ROLE_TECHNICIAN, hash_other);
  g_test_assert_expected_messages ();
  g_assert_nonnull (strstr (why, "it could not be kept, so nothing was changed"));
  log_in (f, "anna", OTHER, "10.0.0.1", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_WRONG);
  g_test_expect_message ("regia-director", G_LOG_LEVEL_WARNING,
                         "who is logged in cannot be kept*sessions.json*");
  log_in (f, "anna", HERS, "10.0.0.1", &came);
  g_test_assert_expected_messages ();
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
  ASSERT_WHOSE (f, came.token, "anna technician");
  regia_accounts_warn (f->accounts, warnings);
  g_assert_cmpuint (warnings->len, ==, 2);
  /* What could not be kept is tried again, without anybody asking for it. */
  g_assert_cmpint (g_rename (moved, f->dir), ==, 0);
  f->monotonic_us += 11 * G_USEC_PER_SEC;
  regia_accounts_tick (f->accounts);
  g_ptr_array_set_size (warnings, 0);
  WAIT_UNTIL (
      (g_ptr_array_set_size (warnings, 0), regia_accounts_warn (f->accounts, warnings), warnings->len == 0));
  /* The folder is there again: what is in effect is in it. */
  regia_accounts_keep_again (f->accounts);
  restart (f);
  ASSERT_WHOSE (f, came.token, "anna technician");
  people = read_file (f, "people.json");
  g_assert_nonnull (strstr (people, hash_hers));
}

static void
break_file (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = path_of (f, name);

  g_clear_pointer (&f->accounts, regia_accounts_free);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_test_expect_message ("regia-director", G_LOG_LEVEL_WARNING, "*.json*");
  f->accounts = regia_accounts_new (f->dir, &world, f);
  g_test_assert_expected_messages ();
}

/* people.json that is a newer Regia's, or damaged: it stays as it is, lets nobody in, and is named. */
static void
test_broken_people (Fixture *f, gconstpointer data)
{
  static const char *const broken[] = {"{\"version\":7,\"people\":\"elsewhere\"}", "{\"version\":1,\"peo"};

  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
    g_autofree char *why = NULL, *people = NULL, *link = NULL;
    g_autoptr (GError) error = NULL;
    g_auto (Came) came = {0};

    if (i == 0)
      add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
    break_file (f, "people.json", broken[i]);
    g_assert_false (regia_accounts_is_new (f->accounts));
    log_in (f, "anna", HERS, "10.0.0.1", &came);
    g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_WRONG);
    why = change (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
    g_assert_nonnull (strstr (why, "people.json"));
    g_assert_null (regia_accounts_list (f->accounts, &error));
    g_assert_nonnull (strstr (error->message, "people.json"));
    regia_accounts_warn (f->accounts, warnings);
    g_assert_cmpuint (warnings->len, ==, 1);
    g_assert_nonnull (strstr (g_ptr_array_index (warnings, 0), "people.json"));
    regia_accounts_keep_again (f->accounts);
    link = regia_accounts_make_link (f->accounts, "root");
    use_link (f, link, &came);
    g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
    g_clear_pointer (&f->accounts, regia_accounts_free);
    people = read_file (f, "people.json");
    g_assert_cmpstr (people, ==, broken[i]);
  }
}

static void
test_broken_sessions (Fixture *f, gconstpointer data)
{
  const char *newer = "{\"version\":7,\"sessions\":\"elsewhere\"}";
  g_autofree char *sessions = NULL, *mended = NULL;
  g_auto (Came) came = {0};

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  break_file (f, "sessions.json", newer);
  log_in (f, "anna", HERS, "10.0.0.1", &came);
  g_assert_cmpint (came.refusal, ==, REGIA_REFUSAL_NONE);
  ASSERT_WHOSE (f, came.token, "anna technician");
  sessions = read_file (f, "sessions.json");
  g_assert_cmpstr (sessions, ==, newer);
  break_file (f, "sessions.json", "{\"version\":1,\"sess");
  ASSERT_WHOSE (f, came.token, "");
  log_in (f, "anna", HERS, "10.0.0.1", &came);
  mended = read_file (f, "sessions.json");
  g_assert_nonnull (strstr (mended, "anna"));
}

/* A session that is used goes on over restarts, though its use is not written each time. */
static void
test_kept_in_use (Fixture *f, gconstpointer data)
{
  g_auto (Came) came = {0};

  add (f, "anna", REGIA_ROLE_TECHNICIAN, hash_hers);
  log_in (f, "anna", HERS, "10.0.0.1", &came);
  for (guint hour = 0; hour < 30; hour++) {
    f->wall_s += 3600;
    ASSERT_WHOSE (f, came.token, "anna technician");
    regia_accounts_tick (f->accounts);
    restart (f);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  hash_hers = regia_password_hash ("anna", HERS, NULL);
  hash_other = regia_password_hash ("anna", OTHER, NULL);
#define TEST(path, test) g_test_add ("/accounts/" path, Fixture, NULL, set_up, test, tear_down)
  TEST ("comes-and-goes", test_comes_and_goes);
  TEST ("refused", test_refused);
  TEST ("guessing", test_guessing);
  TEST ("at-once", test_at_once);
  TEST ("taken-down", test_taken_down);
  TEST ("changed", test_changed);
  TEST ("old-sessions-file", test_old_sessions_file);
  TEST ("links", test_links);
  TEST ("full", test_full);
  TEST ("broken-people", test_broken_people);
  TEST ("broken-sessions", test_broken_sessions);
  TEST ("kept-in-use", test_kept_in_use);
  return g_test_run ();
}
