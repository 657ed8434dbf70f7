/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which words are languages. */
#include "regia/base/language.h"

#include <gio/gio.h>
#include <string.h>

#define ISO_CODES "/usr/share/iso-codes/json/"

static const struct {
  const char *tag;
  gboolean known;
} table[] = {
    {"it", TRUE},          {"en", TRUE},          {"pt-BR", TRUE},
    {"es-419", TRUE},      {"zh-Hant", TRUE},     {"zh-Hant-TW", TRUE},
    {"de-CH-1901", TRUE},  {"sl-rozaj", TRUE},    {"sr-Latn-RS", TRUE},
    {"ca-valencia", TRUE}, {"egl", TRUE},         {"lij", TRUE},
    {"gsw", TRUE},         {"mul", TRUE},         {"qaa", TRUE},
    {"qtz", TRUE},         {"und", TRUE},         {"", FALSE},
    {"i", FALSE},          {"xq", FALSE},         {"zz", FALSE},
    {"ti-IT-IT", FALSE},   {"ita", FALSE},        {"ger", FALSE},
    {"qzz", FALSE},        {"xxx", FALSE},        {"italiano", FALSE},
    {"IT", FALSE},         {"It", FALSE},         {"it-", FALSE},
    {"it--IT", FALSE},     {"-it", FALSE},        {"it_IT", FALSE},
    {"it-I", FALSE},       {"it-IT-Latn", FALSE}, {"it-12", FALSE},
    {"it-1234567", TRUE},  {"it-abc", FALSE},     {"it-abcdefghi", FALSE},
    {"it-x-home", FALSE},  {"i\xc3\xa8", FALSE},  {"it-IT-abcde-fghij-klmno-pqrst-uvwxy-zabcd", FALSE},
};

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_test_message ("\"%s\"", table[i].tag);
    g_assert_cmpint (regia_language_is_known (table[i].tag), ==, table[i].known);
  }
}

/* @text's values of @key in @list: as much of JSON as these files are written in. */
static void
add_codes (GHashTable *codes, const char *text, const char *key)
{
  g_autofree char *pattern = g_strdup_printf ("\"%s\": \"", key);

  for (const char *at = strstr (text, pattern); at != NULL; at = strstr (at, pattern)) {
    at += strlen (pattern);
    g_hash_table_add (codes, g_strndup (at, strcspn (at, "\"")));
  }
}

/* Each word of two and of three letters, against the list that the tables were made from. */
static void
test_iso_codes (void)
{
  g_autoptr (GHashTable) two = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) three = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *second = NULL, *third = NULL;
  guint wrong = 0;

  if (!g_file_get_contents (ISO_CODES "iso_639-2.json", &second, NULL, NULL) ||
      !g_file_get_contents (ISO_CODES "iso_639-3.json", &third, NULL, NULL)) {
    g_test_skip ("the package iso-codes is not installed");
    return;
  }
  add_codes (two, second, "alpha_2");
  add_codes (two, third, "alpha_2");
  add_codes (three, second, "alpha_3");
  add_codes (three, third, "alpha_3");
  for (char a = 'a'; a <= 'z'; a++)
    for (char b = 'a'; b <= 'z'; b++) {
      const char pair[] = {a, b, '\0'};

      wrong += regia_language_is_known (pair) != g_hash_table_contains (two, pair);
      for (char c = 'a'; c <= 'z'; c++) {
        const char word[] = {a, b, c, '\0'};
        gboolean private_use = a == 'q' && b <= 't';

        /* one that is known, but by its two letters */
        if (!regia_language_is_known (word) && g_hash_table_contains (three, word))
          continue;
        wrong += regia_language_is_known (word) != (private_use || g_hash_table_contains (three, word));
      }
    }
  g_test_message ("%u and %u codes, %u otherwise than there", g_hash_table_size (two),
                  g_hash_table_size (three), wrong);
  /* the list goes on, by a handful of rare languages a year */
  g_assert_cmpuint (g_hash_table_size (two), >, 180);
  g_assert_cmpuint (wrong, <=, 40);
}

static void
test_names (void)
{
  static const struct {
    const char *tag, *three, *title;
  } names[] = {
      {"it", "ita", "Italiano"},
      {"en-GB", "eng", "English"},
      {"zh-Hant", "zho", "中文"},
      {"ga", "gle", "Gaeilge"},
      {"DE", "deu", "Deutsch"},
      {"tlh", "tlh", "tlh"},
      {"kv", "kom", "kv"},
      {"lij", "lij", "lij"},
      {"xq", "und", "xq"},
      {"i", "und", "i"},
      {"", "und", ""},
      {"italiano", "und", "italiano"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *title = regia_language_title (names[i].tag);

    g_assert_cmpstr (regia_language_three_letters (names[i].tag), ==, names[i].three);
    g_assert_cmpstr (title, ==, names[i].title);
  }
  g_assert_cmpstr (regia_language_three_letters (NULL), ==, "und");
  g_assert_cmpstr (regia_language_three_letters ("IT"), ==, "ita");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/language/table", test_table);
  g_test_add_func ("/base/language/iso-codes", test_iso_codes);
  g_test_add_func ("/base/language/names", test_names);
  return g_test_run ();
}
