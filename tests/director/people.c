/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The values: names, passwords, people.json, sessions, one-time tokens. Time is driven by hand. */
#include <string.h>
#include <time.h>

#include "regia/base/error.h"
#include "regia/director/password.h"
#include "regia/director/people.h"
#include "sessions-private.h"
#include "tickets-private.h"

#define NOW    1790000000ll
#define HASH_A "$y$j9T$m8L.Sa9absY8kI/VjpoDU0$ebINOHFnQUa1A8MC1FTx/HGFVr917KbadEdtsOsDhr2"
#define HASH_B "$y$j9T$......................$oCkJQ4VqrRtlYonaZlrZ7efw93GPiYbUn.9WWdruzcC"

static RegiaPeople *
make_people (void)
{
  g_autoptr (RegiaPeople) none = regia_people_new ();
  g_autoptr (RegiaPeople) one = regia_people_with (none, "bruno", REGIA_ROLE_STAFF, HASH_A, NULL);

  return regia_people_with (one, "anna", REGIA_ROLE_TECHNICIAN, HASH_B, NULL);
}

static void
test_names (void)
{
  static const char *const good[] = {"a", "anna",  "anna.rossi",
                                     "0", "a_b-c", "abcdefghijklmnopqrstuvwxyz012345"};
  static const char *const bad[] = {"",
                                    "Anna",
                                    "anna rossi",
                                    "-anna",
                                    ".anna",
                                    "_",
                                    "anna\n",
                                    "perch\u00e9",
                                    "anna/..",
                                    "\xff\xfe",
                                    "anna\x1b[2J",
                                    "anna;rm",
                                    "\u0430nna",
                                    "abcdefghijklmnopqrstuvwxyz0123456",
                                    REGIA_SESSION_LINK_NAME};

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (regia_people_check_name (good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (regia_people_check_name (bad[i], &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
    /* Whoever wrote the password there does not read it on the screen. */
    g_assert_true (bad[i][0] == '\0' || strlen (bad[i]) < 4 || strstr (error->message, bad[i]) == NULL);
  }
}

static void
test_passwords (void)
{
  g_autofree char *long_one = g_strnfill (REGIA_PASSWORD_MAX_BYTES, 'x');
  g_autofree char *too_long = g_strnfill (REGIA_PASSWORD_MAX_BYTES + 1, 'x');
  /* 18 times as long when normalised: U+FDFA */
  g_autoptr (GString) growing = g_string_new (NULL);
  const struct {
    const char *password, *word; /* %NULL: it is taken */
  } table[] = {
      {"una sera in riva al mare", NULL},
      {long_one, NULL},
      {"\u00e8 gi\u00e0 cos\u00ec", NULL},
      {"", "10 characters"},
      {"123456789", "10 characters"},
      {too_long, "256 bytes"},
      {"abcdefghij\xff", "not UTF-8"},
      {"abcdefghij\t", "control character"},
      {"abcdefghij\x1b[2J", "control character"},
      {"annarossi1", NULL},
      {"annaanna1", "10 characters"},
  };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) wrong = NULL;
    g_autofree char *hash = regia_password_hash ("anna", table[i].password, &wrong);

    g_assert_true ((hash != NULL) == (table[i].word == NULL));
    if (hash != NULL) {
      g_assert_true (regia_password_is_hash (hash));
      g_assert_true (regia_password_is_right (table[i].password, hash));
      continue;
    }
    g_assert_nonnull (strstr (wrong->message, table[i].word));
    g_assert_true (table[i].password[0] == '\0' || strstr (wrong->message, table[i].password) == NULL);
  }
  for (guint i = 0; i < 60; i++)
    g_string_append (growing, "\uFDFA");
  g_assert_null (regia_password_hash ("anna", growing->str, &error));
  g_assert_nonnull (strstr (error->message, "256 bytes"));
  g_clear_error (&error);
  g_assert_null (regia_password_hash ("annarossi-hall", "annarossi-hall1", &error));
  g_assert_nonnull (strstr (error->message, "the name"));
}

/* One keyboard composes what another writes as two; nothing else is the same as anything else. */
static void
test_right (void)
{
  g_autofree char *hash = regia_password_hash ("anna", "perch\u00e9 no, domani", NULL);
  g_autofree char *again = regia_password_hash ("anna", "perch\u00e9 no, domani", NULL);
  static const char *const wrong[] = {
      "perche no, domani", "perch\u00e9 no, domani ", "Perch\u00e9 no, domani", "", "perch\u00e9", "\xff"};

  g_assert_cmpstr (hash, !=, again);
  g_assert_true (regia_password_is_right ("perch\u00e9 no, domani", hash));
  g_assert_true (regia_password_is_right ("perche\u0301 no, domani", hash));
  g_assert_false (regia_password_is_right ("perch\u00e9 no, domani", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (regia_password_is_right (wrong[i], hash));
}

static gint64
cost_us (const char *hash)
{
  struct timespec before, after;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &before);
  g_assert_false (regia_password_is_right ("una sera in montagna", hash));
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &after);
  return (after.tv_sec - before.tv_sec) * G_USEC_PER_SEC + (after.tv_nsec - before.tv_nsec) / 1000;
}

/* What nobody has costs what somebody has. */
static void
test_same_cost (void)
{
  g_autofree char *hash = regia_password_hash ("anna", "una sera in riva al mare", NULL);
  gint64 known_us = G_MAXINT64, unknown_us = G_MAXINT64;

  for (guint i = 0; i < 9; i++) {
    known_us = MIN (known_us, cost_us (hash));
    unknown_us = MIN (unknown_us, cost_us (NULL));
  }
  g_test_message ("%.1f ms, and %.1f ms for nobody", (double)known_us / 1000, (double)unknown_us / 1000);
  g_assert_cmpint (known_us, >, 3000);
  g_assert_cmpint (unknown_us, >, known_us / 2);
  g_assert_cmpint (unknown_us, <, known_us * 2);
}

static void
test_hashes (void)
{
  static const char *const none[] = {
      "",
      "x",
      "$y$j9T$",
      /* another cost: it would tell by its time whose it is, or keep everybody waiting */
      "$y$j5T$m8L.Sa9absY8kI/VjpoDU0$ebINOHFnQUa1A8MC1FTx/HGFVr917KbadEdtsOsDhr2",
      "$y$jFT$m8L.Sa9absY8kI/VjpoDU0$ebINOHFnQUa1A8MC1FTx/HGFVr917KbadEdtsOsDhr2",
      "$6$m8L.Sa9absY8kI/V$ebINOHFnQUa1A8MC1FTx/HGFVr917KbadEdtsOsDhr2",
      "$y$j9T$m8L.Sa9absY8kI/VjpoDU0$ebINOHFnQUa1A8MC1FTx/HGFVr917KbadEdtsOsDhr",
      "$y$j9T$m8L.Sa9absY8kI/VjpoDU0$ebINOHFnQUa1A8MC1FTx/HGFVr917KbadEdtsOsDhr22",
      "$y$j9T$m8L.Sa9absY8kI/VjpoDU0:ebINOHFnQUa1A8MC1FTx/HGFVr917KbadEdtsOsDhr2",
      "$y$j9T$m8L Sa9absY8kI/VjpoDU0$ebINOHFnQUa1A8MC1FTx/HGFVr917KbadEdtsOsDhr2",
  };

  g_assert_true (regia_password_is_hash (HASH_A));
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_false (regia_password_is_hash (none[i]));
}

static void
test_changes (void)
{
  g_autoptr (RegiaPeople) people = make_people ();
  g_autoptr (RegiaPeople) other = regia_people_with (people, "anna", REGIA_ROLE_STAFF, HASH_A, NULL);
  g_autoptr (RegiaPeople) fewer = regia_people_without (people, "bruno", NULL);
  g_autoptr (RegiaPeople) many = regia_people_new ();
  g_autoptr (GError) error = NULL;
  RegiaRole role;

  g_assert_cmpuint (regia_people_count (people), ==, 2);
  g_assert_cmpstr (regia_people_get_name (people, 0), ==, "anna");
  g_assert_cmpstr (regia_people_find (people, "anna", &role), ==, HASH_B);
  g_assert_cmpint (role, ==, REGIA_ROLE_TECHNICIAN);
  g_assert_cmpstr (regia_people_find (other, "anna", &role), ==, HASH_A);
  g_assert_cmpint (role, ==, REGIA_ROLE_STAFF);
  g_assert_cmpuint (regia_people_count (other), ==, 2);
  g_assert_null (regia_people_find (fewer, "bruno", NULL));
  g_assert_null (regia_people_find (people, "", NULL));

  g_assert_null (regia_people_without (people, "carla", &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_null (regia_people_with (people, "carla", REGIA_ROLE_VIEWER, HASH_A, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_null (regia_people_with (people, "carla", REGIA_ROLE_STAFF, "password", &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
  g_assert_null (strstr (error->message, "\"password\""));
  g_clear_error (&error);

  for (guint i = 0; i < REGIA_PEOPLE_MAX; i++) {
    g_autofree char *name = g_strdup_printf ("p%u", i);
    RegiaPeople *more = regia_people_with (many, name, REGIA_ROLE_STAFF, HASH_A, NULL);

    g_assert_nonnull (more);
    regia_people_unref (many);
    many = more;
  }
  g_assert_null (regia_people_with (many, "one-more", REGIA_ROLE_STAFF, HASH_A, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_STATE);
  other = (regia_people_unref (other), regia_people_with (many, "p7", REGIA_ROLE_TECHNICIAN, HASH_B, NULL));
  g_assert_nonnull (other); /* a change is not one more */
  {
    g_autofree char *text = regia_people_to_json (many);

    g_assert_cmpuint (strlen (text), <, REGIA_PEOPLE_MAX_BYTES);
  }
}

static void
test_file (void)
{
  g_autoptr (RegiaPeople) people = make_people ();
  g_autofree char *text = regia_people_to_json (people);
  g_autoptr (RegiaPeople) read = regia_people_from_json (text, NULL);
  g_autofree char *again = regia_people_to_json (read);
  static const struct {
    const char *text, *word;
    int code;
  } table[] = {
      {"", "", REGIA_ERROR_MEDIA},
      {"[]", "", REGIA_ERROR_MEDIA},
      {"{}", "no version", REGIA_ERROR_MEDIA},
      {"{\"version\":1}", "no people", REGIA_ERROR_MEDIA},
      {"{\"version\":0,\"people\":[]}", "no version", REGIA_ERROR_MEDIA},
      {"{\"version\":\"1\",\"people\":[]}", "no version", REGIA_ERROR_MEDIA},
      {"{\"version\":1,\"people\":{}}", "no people", REGIA_ERROR_MEDIA},
      {"{\"version\":2,\"people\":[]}", "newer Regia (version 2", REGIA_ERROR_NEWER},
      {"{\"version\":9,\"people\":\"elsewhere\"}", "newer Regia (version 9", REGIA_ERROR_NEWER},
      {"{\"version\":1,\"people\":[1]}", "entry 1", REGIA_ERROR_MEDIA},
      {"{\"version\":1,\"people\":[{\"name\":\"anna\",\"role\":\"admin\",\"password\":\"" HASH_A "\"}]}",
       "staff or technician", REGIA_ERROR_MEDIA},
      {"{\"version\":1,\"people\":[{\"name\":\"anna\",\"role\":\"viewer\",\"password\":\"" HASH_A "\"}]}",
       "staff or technician", REGIA_ERROR_MEDIA},
      {"{\"version\":1,\"people\":[{\"name\":\"anna\",\"role\":\"staff\",\"password\":\"\"}]}", "yescrypt",
       REGIA_ERROR_MEDIA},
      {"{\"version\":1,\"people\":[{\"role\":\"staff\",\"password\":\"" HASH_A "\"}]}", "no name",
       REGIA_ERROR_MEDIA},
      {"{\"version\":1,\"people\":[{\"name\":\"anna\",\"role\":\"staff\",\"password\":\"" HASH_A "\"},"
       "{\"name\":\"anna\",\"role\":\"technician\",\"password\":\"" HASH_B "\"}]}",
       "twice", REGIA_ERROR_MEDIA},
  };

  g_assert_cmpstr (again, ==, text);
  g_assert_cmpuint (regia_people_count (read), ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (regia_people_from_json (table[i].text, &error));
    g_assert_error (error, REGIA_ERROR, table[i].code);
    g_assert_nonnull (strstr (error->message, table[i].word));
  }
}

/* Sessions */

static gboolean
is_good (RegiaSessions *sessions, RegiaPeople *people, const char *token, gint64 now_s)
{
  return regia_sessions_use (sessions, people, token, now_s) != NULL;
}

static void
test_sessions_end (void)
{
  g_autoptr (RegiaPeople) people = make_people ();
  g_autoptr (RegiaPeople) renewed = regia_people_with (people, "anna", REGIA_ROLE_TECHNICIAN, HASH_A, NULL);
  g_autoptr (RegiaPeople) lowered = regia_people_with (people, "anna", REGIA_ROLE_STAFF, HASH_B, NULL);
  g_autoptr (RegiaPeople) removed = regia_people_without (people, "anna", NULL);
  g_autoptr (RegiaSessions) sessions = regia_sessions_new ();
  const RegiaSession *session;
  g_autofree char *token =
      regia_sessions_begin (sessions, "anna", REGIA_ROLE_TECHNICIAN, HASH_B, NOW, &session);
  g_autofree char *link =
      regia_sessions_begin (sessions, REGIA_SESSION_LINK_NAME, REGIA_ROLE_TECHNICIAN, NULL, NOW, &session);
  gint64 now_s = NOW + REGIA_SESSION_IDLE_S - 1;

  g_assert_cmpuint (strlen (token), ==, REGIA_TOKEN_CHARS);
  g_assert_cmpstr (token, !=, link);
  g_assert_true (is_good (sessions, people, token, NOW));
  g_assert_true (is_good (sessions, people, link, NOW));
  /* Whatever is done to her ends hers alone, without a word to the sessions. */
  g_assert_false (is_good (sessions, renewed, token, NOW));
  g_assert_false (is_good (sessions, lowered, token, NOW));
  g_assert_false (is_good (sessions, removed, token, NOW));
  g_assert_true (is_good (sessions, removed, link, NOW));
  /* Not used */
  g_assert_true (is_good (sessions, people, token, now_s));
  g_assert_false (is_good (sessions, people, token, NOW + 2 * REGIA_SESSION_IDLE_S));
  /* A clock that was set back is not believed. */
  g_assert_false (is_good (sessions, people, token, NOW - 1000));
  /* Used again and again: to the end all the same. */
  while (is_good (sessions, people, token, now_s)) {
    g_assert_cmpint (now_s, <, NOW + REGIA_SESSION_MOST_S);
    now_s += 3600;
  }
  g_assert_cmpint (now_s, >=, NOW + REGIA_SESSION_MOST_S);
  g_assert_false (is_good (sessions, people, link, NOW + REGIA_SESSION_LINK_S));
  g_assert_cmpuint (regia_sessions_prune (sessions, people, now_s), ==, 2);
  g_assert_cmpuint (regia_sessions_count (sessions, NULL), ==, 0);
}

static void
test_tokens (void)
{
  g_autoptr (RegiaPeople) people = make_people ();
  g_autoptr (RegiaSessions) sessions = regia_sessions_new ();
  const RegiaSession *session;
  g_autofree char *token =
      regia_sessions_begin (sessions, "anna", REGIA_ROLE_TECHNICIAN, HASH_B, NOW, &session);
  g_autofree char *digest = regia_token_digest (token);
  g_autofree char *longer = g_strconcat (token, "A", NULL),
                  *shorter = g_strndup (token, REGIA_TOKEN_CHARS - 1);
  g_autofree char *huge = g_strnfill (1 << 20, 'A'), *other = g_strdup (token), *whose = NULL;
  const char *const bad[] = {"",
                             longer,
                             shorter,
                             huge,
                             digest, /* what is kept does not let in */
                             "null",
                             "'; drop table sessions; --",
                             "\xff\xfe\xfd",
                             "../../people.json",
                             other};

  other[0] = other[0] == 'A' ? 'B' : 'A';
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_false (is_good (sessions, people, bad[i], NOW));
    g_assert_null (regia_sessions_end (sessions, bad[i]));
  }
  whose = regia_sessions_end (sessions, token);
  g_assert_cmpstr (whose, ==, "anna");
  g_assert_false (is_good (sessions, people, token, NOW));
  g_assert_null (regia_sessions_end (sessions, token));
}

static void
test_sessions_file (void)
{
  g_autoptr (RegiaPeople) people = make_people ();
  g_autoptr (RegiaSessions) sessions = regia_sessions_new ();
  const RegiaSession *session;
  g_autofree char *token =
      regia_sessions_begin (sessions, "anna", REGIA_ROLE_TECHNICIAN, HASH_B, NOW, &session);
  g_autofree char *link =
      regia_sessions_begin (sessions, REGIA_SESSION_LINK_NAME, REGIA_ROLE_TECHNICIAN, NULL, NOW, &session);
  g_autofree char *text = regia_sessions_to_json (sessions);
  g_autoptr (RegiaSessions) read = regia_sessions_from_json (text, NOW + 60, NULL);
  g_autoptr (RegiaSessions) late = regia_sessions_from_json (text, NOW + REGIA_SESSION_IDLE_S, NULL);
  g_autoptr (GError) error = NULL;

  /* Who reads the file has nothing to come in with. */
  g_assert_null (strstr (text, token));
  g_assert_null (strstr (text, link));
  g_assert_null (strstr (text, HASH_B));
  g_assert_true (is_good (read, people, token, NOW + 60));
  g_assert_true (is_good (read, people, link, NOW + 60));
  g_assert_cmpuint (regia_sessions_count (late, NULL), ==, 0);
  g_assert_false (regia_sessions_need_keeping (read));
  g_assert_true (is_good (read, people, token, NOW + 700));
  g_assert_true (regia_sessions_need_keeping (read));

  g_assert_null (regia_sessions_from_json ("{\"version\":2,\"sessions\":[]}", NOW, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_NEWER);
  g_clear_error (&error);
  g_assert_null (regia_sessions_from_json ("{\"version\":1}", NOW, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_MEDIA);
}

/* Entries that the program never writes count as nothing, and the others stay. */
static void
test_sessions_forged (void)
{
#define ENTRY(token, name, role, credential, times)                                                          \
  "{\"token-sha256\":\"" token "\",\"name\":\"" name "\",\"role\":\"" role "\",\"credential\":\"" credential \
  "\"," times "}"
#define D "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define E "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define C "0123456789abcdef0123456789abcdef"
#define T "\"made\":1790000000,\"used\":1790000000,\"ends\":1790003600"
  static const char *const bad[] = {
      "7",
      "{}",
      ENTRY (D, "anna", "admin", C, T),
      ENTRY (D, "Anna", "staff", C, T),
      ENTRY (D, "anna", "staff", "", T), /* a person's without a password */
      ENTRY (D, REGIA_SESSION_LINK_NAME, "technician", C, T),
      ENTRY ("0123", "anna", "staff", C, T),
      ENTRY (D, "anna", "staff", C, "\"made\":1790000000,\"used\":1790000000,\"ends\":9790000000"),
      ENTRY (D, "anna", "staff", C, "\"made\":1790000000,\"used\":1780000000,\"ends\":1790003600"),
      ENTRY (D, "anna", "staff", C, "\"made\":-1,\"used\":1790000000,\"ends\":1790003600"),
      ENTRY (D, "anna", "staff", C, "\"made\":1795000000,\"used\":1795000000,\"ends\":1795003600"),
      ENTRY (D, "anna", "staff", C, "\"made\":\"x\",\"used\":[],\"ends\":{}"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *text = g_strconcat ("{\"version\":1,\"sessions\":[", bad[i], ",",
                                         ENTRY (E, "bruno", "staff", C, T), "]}", NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaSessions) sessions = regia_sessions_from_json (text, NOW, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (regia_sessions_count (sessions, NULL), ==, 1);
    g_assert_cmpuint (regia_sessions_count (sessions, "bruno"), ==, 1);
  }
}

/* Whoever logs in without end pushes out his own. */
static void
test_sessions_bounded (void)
{
  g_autoptr (RegiaPeople) people = make_people ();
  g_autoptr (RegiaSessions) sessions = regia_sessions_new ();
  g_autofree char *first = NULL, *last = NULL, *text = NULL;
  const RegiaSession *session;
  g_autofree char *hers =
      regia_sessions_begin (sessions, "anna", REGIA_ROLE_TECHNICIAN, HASH_B, NOW - 100, &session);

  for (guint i = 0; i < 3 * REGIA_SESSIONS_OF_PERSON; i++) {
    g_free (last);
    last = regia_sessions_begin (sessions, "bruno", REGIA_ROLE_STAFF, HASH_A, NOW + i, &session);
    if (first == NULL)
      first = g_strdup (last);
  }
  g_assert_cmpuint (regia_sessions_count (sessions, "bruno"), ==, REGIA_SESSIONS_OF_PERSON);
  g_assert_true (is_good (sessions, people, last, NOW + 100));
  g_assert_false (is_good (sessions, people, first, NOW + 100));
  g_assert_true (is_good (sessions, people, hers, NOW + 100));
  for (guint i = 0; i < 2 * REGIA_SESSIONS_MAX; i++) {
    g_autofree char *name = g_strdup_printf ("p%u", i);
    g_autofree char *token =
        regia_sessions_begin (sessions, name, REGIA_ROLE_STAFF, HASH_A, NOW + 200, &session);
  }
  g_assert_cmpuint (regia_sessions_count (sessions, NULL), ==, REGIA_SESSIONS_MAX);
  text = regia_sessions_to_json (sessions);
  g_assert_cmpuint (strlen (text), <, REGIA_SESSIONS_MAX_BYTES);
}

static void
test_tickets (void)
{
  const gint64 end_us = REGIA_TICKET_S * G_USEC_PER_SEC;
  g_autoptr (RegiaTickets) tickets = regia_tickets_new ();
  g_autofree char *one = regia_tickets_make (tickets, 0), *late = regia_tickets_make (tickets, 0);
  g_autofree char *oldest = NULL, *digest = regia_token_digest (one);

  g_assert_false (regia_tickets_use (tickets, "", 1));
  g_assert_false (regia_tickets_use (tickets, digest, 1));
  g_assert_true (regia_tickets_use (tickets, one, end_us - 1));
  g_assert_false (regia_tickets_use (tickets, one, end_us - 1)); /* a second time */
  g_assert_false (regia_tickets_use (tickets, late, end_us));    /* too late */
  g_assert_false (regia_tickets_use (tickets, late, 1));         /* and gone */
  oldest = regia_tickets_make (tickets, 0);
  for (guint i = 0; i < REGIA_TICKETS_MAX; i++) {
    g_autofree char *another = regia_tickets_make (tickets, 0);
    g_assert_cmpstr (another, !=, oldest);
  }
  g_assert_false (regia_tickets_use (tickets, oldest, 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/people/names", test_names);
  g_test_add_func ("/people/passwords", test_passwords);
  g_test_add_func ("/people/passwords/right", test_right);
  g_test_add_func ("/people/passwords/same-cost", test_same_cost);
  g_test_add_func ("/people/passwords/hashes", test_hashes);
  g_test_add_func ("/people/changes", test_changes);
  g_test_add_func ("/people/file", test_file);
  g_test_add_func ("/people/sessions/end", test_sessions_end);
  g_test_add_func ("/people/sessions/tokens", test_tokens);
  g_test_add_func ("/people/sessions/file", test_sessions_file);
  g_test_add_func ("/people/sessions/forged", test_sessions_forged);
  g_test_add_func ("/people/sessions/bounded", test_sessions_bounded);
  g_test_add_func ("/people/tickets", test_tickets);
  return g_test_run ();
}
