/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who guesses, from where, for how long: what gets through. Time is driven by hand. */
#include <string.h>

#include "guessing-private.h"

#define S G_USEC_PER_SEC

typedef struct {
  const char *title;
  guint addresses; /* how many they come from */
  gboolean same;   /* all at one name; else each try at another */
  guint every_ms;  /* one try of each address so often */
  guint for_s;
  guint most; /* tries that are looked at */
} Attack;

static const Attack attacks[] = {
    {"one address, one name, an hour, 100 a second", 1, TRUE, 10, 3600, 130},
    {"one address, other names, an hour", 1, FALSE, 10, 3600, 130},
    {"200 addresses, one name, an hour", 200, TRUE, 1000, 3600, 340},
    {"one address, slowly", 1, TRUE, 60000, 3600, 60},
    {"200 addresses, other names, a minute: each has its own few", 200, FALSE, 1000, 60, 200 * 11},
};

static void
test_attack (gconstpointer data)
{
  const Attack *attack = data;
  g_autoptr (RegiaGuessing) guessing = regia_guessing_new ();
  guint looked_at = 0, n = 0;

  for (gint64 now_us = S; now_us < (attack->for_s + 1) * S; now_us += attack->every_ms * 1000ll)
    for (guint i = 0; i < attack->addresses; i++) {
      g_autofree char *address = g_strdup_printf ("10.0.%u.%u", i / 250, i % 250 + 1);
      g_autofree char *name = attack->same ? g_strdup ("anna") : g_strdup_printf ("name%u", n++);

      looked_at += regia_guessing_try (guessing, name, address, now_us, 0.5) == 0;
    }
  g_test_message ("%u looked at", looked_at);
  g_assert_cmpuint (looked_at, <=, attack->most);
  g_assert_cmpuint (looked_at, >=, REGIA_GUESSING_ADDRESS_FREE);
}

/* Waits are short, and asking too early makes none longer. */
static void
test_waits (void)
{
  g_autoptr (RegiaGuessing) guessing = regia_guessing_new ();
  gint64 now_us = S, wait_us, longest_us = 0;

  for (guint i = 0; i < REGIA_GUESSING_ADDRESS_FREE + 1; i++)
    g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.1", now_us, 0.5), ==, 0);
  g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.1", now_us, 0.5), ==, S);
  for (guint i = 0; i < 1000; i++)
    g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.1", now_us + S / 2, 0.5), ==, S / 2);
  g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.1", now_us + S, 0.5), ==, 0);
  now_us += S;
  for (guint i = 0; i < 50; i++) {
    wait_us = regia_guessing_try (guessing, "anna", "10.0.0.1", now_us, 1.0);
    g_assert_cmpint (wait_us, >, 0);
    longest_us = MAX (longest_us, wait_us);
    now_us += wait_us;
    g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.1", now_us, 1.0), ==, 0);
  }
  g_assert_cmpint (longest_us, <=, REGIA_GUESSING_ADDRESS_MOST_MS * 1250ll);
  /* After a while it is forgotten. */
  now_us += REGIA_GUESSING_FORGET_US + 1;
  for (guint i = 0; i < REGIA_GUESSING_ADDRESS_FREE; i++)
    g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.1", now_us, 0.5), ==, 0);
}

/* Who gets it right is not counted, however often; who guesses beside him is. */
static void
test_right (void)
{
  g_autoptr (RegiaGuessing) guessing = regia_guessing_new ();

  for (guint i = 0; i < 100; i++) {
    g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.1", S + i, 0.5), ==, 0);
    regia_guessing_right (guessing, "anna", "10.0.0.1", S + i);
  }
  g_assert_true (regia_guessing_is_known (guessing, "anna", "10.0.0.1"));
  g_assert_false (regia_guessing_is_known (guessing, "anna", "10.0.0.2"));
  g_assert_false (regia_guessing_is_known (guessing, "bruno", "10.0.0.1"));
  /* With an account of his own one does not wash out what one guesses of another. */
  for (guint i = 0; i < REGIA_GUESSING_ADDRESS_FREE + 1; i++) {
    g_assert_cmpint (regia_guessing_try (guessing, "bruno", "10.0.0.9", 2 * S, 0.5), ==, 0);
    regia_guessing_right (guessing, "bruno", "10.0.0.9", 2 * S);
    g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.9", 2 * S, 0.5), ==, 0);
  }
  g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.0.0.9", 2 * S, 0.5), >, 0);
}

/* A crowd at her name, a neighbour at her address: she comes in from her desk at once, and from elsewhere
 * after no more than the longest wait. */
static void
test_rightful (void)
{
  g_autoptr (RegiaGuessing) guessing = regia_guessing_new ();
  gint64 now_us = S;

  g_assert_cmpint (regia_guessing_try (guessing, "anna", "192.168.1.7", now_us, 0.5), ==, 0);
  regia_guessing_right (guessing, "anna", "192.168.1.7", now_us);
  for (guint i = 0; i < 5000; i++) {
    g_autofree char *address = g_strdup_printf ("10.1.%u.%u", i / 250, i % 250);

    now_us += S / 10;
    regia_guessing_try (guessing, "anna", address, now_us, 0.5);
    regia_guessing_try (guessing, "bruno", "192.168.1.7", now_us, 0.5);
  }
  g_assert_cmpint (regia_guessing_try (guessing, "anna", "172.16.0.1", now_us, 0.5), <=,
                   REGIA_GUESSING_NAME_MOST_MS * 1250ll);
  g_assert_cmpint (regia_guessing_try (guessing, "bruno", "192.168.1.7", now_us, 0.5), >, 0);
  g_assert_cmpint (regia_guessing_try (guessing, "anna", "192.168.1.7", now_us, 0.5), ==, 0);
  /* Not where her password was changed since. */
  regia_guessing_forget_name (guessing, "anna");
  g_assert_false (regia_guessing_is_known (guessing, "anna", "192.168.1.7"));
}

/* Ten thousand made-up names and addresses wash out nobody's count. */
static void
test_tables (void)
{
  g_autoptr (RegiaGuessing) guessing = regia_guessing_new ();

  for (guint i = 0; i < 3 * REGIA_GUESSING_NAME_FREE; i++) {
    g_autofree char *address = g_strdup_printf ("10.2.0.%u", i);
    regia_guessing_try (guessing, "anna", address, S, 0.5);
  }
  g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.3.0.1", S, 0.5), >, 0);
  for (guint i = 0; i < 10000; i++) {
    g_autofree char *address = g_strdup_printf ("10.%u.%u.1", 100 + i / 250, i % 250);
    g_autofree char *name = g_strdup_printf ("name%u", i);

    g_assert_cmpint (regia_guessing_try (guessing, name, address, S + i, 0.5), ==, 0);
  }
  g_assert_cmpint (regia_guessing_try (guessing, "anna", "10.3.0.1", S + 10000, 0.5), >, 0);
}

/* Many addresses of one subscriber are one; what is no address is one. */
static void
test_addresses (void)
{
  static const char *const same[][2] = {
      {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"},
      {"::ffff:10.0.0.1", "10.0.0.1"},
      {"unknown", "unix:/run/x"},
      {"", "10.0.0.1, 10.0.0.2"},
      {"10.0.0.1.5", "\xff\xfe"},
  };
  static const char *const different[][2] = {{"2001:db8:1:2::1", "2001:db8:1:3::1"},
                                             {"10.0.0.1", "10.0.0.2"},
                                             {"::1", "127.0.0.1"},
                                             {"10.0.0.1", ""}};
  g_autofree char *huge = g_strnfill (1 << 16, '1');

  for (guint i = 0; i < G_N_ELEMENTS (same); i++) {
    g_autoptr (RegiaGuessing) guessing = regia_guessing_new ();

    regia_guessing_right (guessing, "anna", same[i][0], S);
    g_assert_true (regia_guessing_is_known (guessing, "anna", same[i][1]));
  }
  for (guint i = 0; i < G_N_ELEMENTS (different); i++) {
    g_autoptr (RegiaGuessing) guessing = regia_guessing_new ();

    regia_guessing_right (guessing, "anna", different[i][0], S);
    g_assert_false (regia_guessing_is_known (guessing, "anna", different[i][1]));
  }
  {
    g_autoptr (RegiaGuessing) guessing = regia_guessing_new ();

    g_assert_cmpint (regia_guessing_try (guessing, huge, huge, S, 0.5), ==, 0);
    regia_guessing_right (guessing, huge, huge, S);
    g_assert_true (regia_guessing_is_known (guessing, huge, "elsewhere"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++) {
    g_autofree char *path = g_strdup_printf ("/guessing/attack/%s", attacks[i].title);
    g_test_add_data_func (path, &attacks[i], test_attack);
  }
  g_test_add_func ("/guessing/waits", test_waits);
  g_test_add_func ("/guessing/right", test_right);
  g_test_add_func ("/guessing/rightful", test_rightful);
  g_test_add_func ("/guessing/tables", test_tables);
  g_test_add_func ("/guessing/addresses", test_addresses);
  return g_test_run ();
}
