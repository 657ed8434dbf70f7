/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/tls/tls.h"

#include <string.h>

#include "pairs.h"
#include "regia/base/error.h"

#define DAY (24 * 60 * 60)

static void
refused (GBytes *certificate, GBytes *key, RegiaTlsPart part, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaTls) tls = NULL;
  RegiaTlsPart fault = part == REGIA_TLS_KEY ? REGIA_TLS_CERTIFICATE : REGIA_TLS_KEY;

  tls = regia_tls_new (certificate, key, &fault, &error);
  g_assert_null (tls);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  if (strstr (error->message, words) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, words);
  g_assert_cmpint (fault, ==, part);
}

static GBytes *
without_end (GBytes *pem, gsize bytes)
{
  return g_bytes_new_from_bytes (pem, 0, g_bytes_get_size (pem) - bytes);
}

static GBytes *
with_byte (GBytes *pem, const char *behind, gsize offset, char byte)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (pem, NULL), g_bytes_get_size (pem));

  strstr (text, behind)[strlen (behind) + offset] = byte;
  return g_bytes_new (text, strlen (text));
}

static void
test_faults (void)
{
  g_auto (Pair) pair = {NULL}, other = {NULL};
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0), text = g_bytes_new_static ("hello\n", 6), locked = NULL,
                     short_certificate = NULL, short_key = NULL, garbled = NULL, wrong_order = NULL,
                     long_chain = NULL, torn_chain = NULL, torn = NULL;
  g_autoptr (RegiaTls) tls = NULL;

  pair_make (&pair, -DAY, 30 * DAY);
  pair_make (&other, -DAY, 30 * DAY);
  refused (empty, pair.key, REGIA_TLS_CERTIFICATE, "no certificate in PEM form");
  refused (text, pair.key, REGIA_TLS_CERTIFICATE, "no certificate in PEM form");
  refused (pair.key, pair.certificate, REGIA_TLS_CERTIFICATE, "exchanged?");
  refused (pair.certificate, empty, REGIA_TLS_KEY, "no private key in PEM form");
  refused (pair.certificate, pair.certificate, REGIA_TLS_KEY, "exchanged?");
  refused (pair.certificate, other.key, REGIA_TLS_KEY, "does not belong to the certificate");
  locked = pair_locked_key (&pair);
  refused (pair.certificate, locked, REGIA_TLS_KEY, "locked with a passphrase");
  short_certificate = without_end (pair.certificate, 60);
  refused (short_certificate, pair.key, REGIA_TLS_CERTIFICATE, "cannot be used");
  short_key = without_end (pair.key, 40);
  refused (pair.certificate, short_key, REGIA_TLS_KEY, "cannot be read");
  garbled = with_byte (pair.certificate, "CERTIFICATE-----", 9, '!');
  refused (garbled, pair.key, REGIA_TLS_CERTIFICATE, "cannot be used");
  wrong_order = pairs_join (other.certificate, pair.certificate);
  refused (wrong_order, pair.key, REGIA_TLS_CERTIFICATE, "put it first");
  torn = without_end (other.certificate, 60);
  torn_chain = pairs_join (pair.certificate, torn);
  refused (torn_chain, pair.key, REGIA_TLS_CERTIFICATE, "cannot be used");
  /* … and what is right is taken: the chain behind it, and words around it. */
  long_chain = pairs_join (pair.certificate, other.certificate);
  tls = regia_tls_new (long_chain, pair.key, NULL, NULL);
  g_assert_nonnull (tls);
}

static void
test_life (void)
{
  g_auto (Pair) over = {NULL}, early = {NULL};
  g_autoptr (RegiaTls) one = NULL, two = NULL;
  gint64 now_s = g_get_real_time () / G_USEC_PER_SEC, from_s, until_s;

  pair_make (&over, -10 * DAY, -2 * DAY);
  one = pair_tls (&over);
  regia_tls_get_life (one, &from_s, &until_s);
  g_assert_cmpint (ABS (from_s - (now_s - 10 * DAY)), <, 60);
  g_assert_cmpint (ABS (until_s - (now_s - 2 * DAY)), <, 60);
  pair_make (&early, DAY, 2 * DAY);
  two = pair_tls (&early);
  regia_tls_get_life (two, &from_s, &until_s);
  g_assert_cmpint (from_s, >, now_s);
}

static void
test_warning (void)
{
  static const struct {
    gint64 now_s;
    const char *words; /* NULL: none */
  } table[] = {
      {-1, "is not valid before 1970-01-11 00:00 UTC"},
      {0, NULL},
      {86 * DAY, NULL},
      {86 * DAY + 1, "expires on 1971-01-01 00:00 UTC, in 13 days; renew it"},
      {98 * DAY, "in 2 days"},
      {98 * DAY + 1, "in 1 day;"},
      {99 * DAY + 1, "in less than a day"},
      {100 * DAY - 1, "in less than a day"},
      {100 * DAY, "expired on 1971-01-01 00:00 UTC"},
      {400 * DAY, "expired on"},
  };
  const gint64 from_s = 10 * DAY, until_s = 365 * DAY;

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    /* The table's times count from 100 days before the end. */
    gint64 now_s = table[i].now_s < 0 ? from_s + table[i].now_s : until_s - 100 * DAY + table[i].now_s;
    g_autofree char *words = regia_tls_warning (from_s, until_s, now_s);

    if (table[i].words == NULL)
      g_assert_null (words);
    else if (words == NULL || strstr (words, table[i].words) == NULL)
      g_error ("%" G_GINT64_FORMAT ": \"%s\" does not say \"%s\"", table[i].now_s, words, table[i].words);
  }
}

static void
test_names (void)
{
  static const char *const good[] = {"localhost", "LOCALHOST", "127.0.0.1", NULL},
                           *const bad[] = {"localhost.example.org", "127.0.0.2", "[::1]", "*", "[", "", NULL};
  g_auto (Pair) pair = {NULL};
  g_autoptr (RegiaTls) tls = NULL;

  pair_make (&pair, -DAY, 30 * DAY);
  tls = pair_tls (&pair);
  for (gsize i = 0; good[i] != NULL; i++)
    g_assert_true (regia_tls_is_for (tls, good[i]));
  for (gsize i = 0; bad[i] != NULL; i++)
    g_assert_false (regia_tls_is_for (tls, bad[i]));
}

typedef struct {
  RegiaTlsSlot *slot;
  gint taken, ended;
} Taking;

static gpointer
take_func (gpointer data)
{
  Taking *taking = data;

  while (!g_atomic_int_get (&taking->ended)) {
    g_autoptr (RegiaTls) tls = regia_tls_slot_get (taking->slot);
    gint64 from_s, until_s;

    g_assert_nonnull (tls);
    regia_tls_get_life (tls, &from_s, &until_s);
    g_assert_cmpint (until_s - from_s, ==, 31 * DAY);
    g_atomic_int_inc (&taking->taken);
  }
  return NULL;
}

/* Taken by two threads while a third exchanges it: each finds a whole one that lives as long as it is used.
 */
static void
test_slot (void)
{
  g_auto (Pair) pair = {NULL};
  g_autoptr (RegiaTlsSlot) slot = regia_tls_slot_new ();
  Taking taking = {.slot = slot};
  GThread *threads[2];

  g_assert_null (regia_tls_slot_get (slot));
  pair_make (&pair, -DAY, 30 * DAY);
  for (guint i = 0; i < 200; i++) {
    g_autoptr (RegiaTls) tls = pair_tls (&pair);

    regia_tls_slot_set (slot, tls);
    for (gsize j = 0; i == 0 && j < G_N_ELEMENTS (threads); j++)
      threads[j] = g_thread_new ("taker", take_func, &taking);
  }
  while (g_atomic_int_get (&taking.taken) < 100)
    g_thread_yield ();
  g_atomic_int_set (&taking.ended, TRUE);
  for (gsize j = 0; j < G_N_ELEMENTS (threads); j++)
    g_thread_join (threads[j]);
  regia_tls_slot_set (slot, NULL);
  g_assert_null (regia_tls_slot_get (slot));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tls/faults", test_faults);
  g_test_add_func ("/tls/life", test_life);
  g_test_add_func ("/tls/warning", test_warning);
  g_test_add_func ("/tls/names", test_names);
  g_test_add_func ("/tls/slot", test_slot);
  return g_test_run ();
}
