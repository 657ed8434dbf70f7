/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of [web] certificate and key: as files on the disk, each fault with its line. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "pairs.h"
#include "regia/base/error.h"
#include "regia/config/config.h"

#define DAY (24 * 60 * 60)

typedef struct {
  char *folder, *event, *certificate, *key; /* paths */
  Pair good, other;
} Fixture;

static void
write_bytes (const char *path, GBytes *bytes, int mode)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data != NULL ? data : "", (gssize)length, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  static const char event[] = "[event]\nname = Prova\n[source test]\npipeline = test\n[web]\n"
                              "certificate = chain.pem\nkey = key.pem\n";

  self->folder = g_dir_make_tmp ("regia-certificate-XXXXXX", NULL);
  self->event = g_build_filename (self->folder, "event.conf", NULL);
  self->certificate = g_build_filename (self->folder, "chain.pem", NULL);
  self->key = g_build_filename (self->folder, "key.pem", NULL);
  g_assert_true (g_file_set_contents (self->event, event, -1, NULL));
  pair_make (&self->good, -DAY, 30 * DAY);
  pair_make (&self->other, -DAY, 30 * DAY);
  write_bytes (self->certificate, self->good.certificate, 0644);
  write_bytes (self->key, self->good.key, 0600);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  const char *const paths[] = {self->event, self->certificate, self->key};

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_remove (paths[i]);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  pair_clear (&self->good);
  pair_clear (&self->other);
  g_free (self->folder);
  g_free (self->event);
  g_free (self->certificate);
  g_free (self->key);
}

/* None of the middle of what is secret, whatever is said. */
static void
assert_hidden (const Fixture *self, const char *text)
{
  g_autofree char *key =
      g_strndup (g_bytes_get_data (self->good.key, NULL), g_bytes_get_size (self->good.key));
  g_auto (GStrv) lines = g_strsplit (key, "\n", 3);

  g_assert_null (strstr (text, lines[1]));
}

/* The one fault of the event, at @line and @key, with @word in it; read_pair() says the same of it. */
static void
assert_fault (const Fixture *self, const char *where, const char *word)
{
  g_autoptr (GError) error = NULL, pair_error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_load (self->event, NULL, &error), unchecked = NULL;
  g_autoptr (RegiaConfigPair) pair = NULL;
  g_autofree char *expected = g_strconcat (self->event, where, NULL);

  g_assert_null (config);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, expected));
  if (strstr (error->message, word) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, word);
  g_assert_null (strchr (error->message, '\n'));
  assert_hidden (self, error->message);

  /* Not in mid-event: then the director goes on, and says so. */
  unchecked = regia_config_load (self->event, self->folder, NULL);
  g_assert_nonnull (unchecked);
  pair = regia_config_read_pair (regia_config_get (unchecked), &pair_error);
  g_assert_null (pair);
  g_assert_nonnull (strstr (pair_error->message, word));
  g_assert_true (g_str_has_prefix (pair_error->message, strchr (where, '[')));
}

#define AT_CERTIFICATE ":6: [web] certificate: "
#define AT_KEY         ":7: [web] key: "

static void
test_good (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_load (self->event, NULL, &error);
  g_autoptr (RegiaConfigPair) pair = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (regia_config_get (config)->warnings->len, ==, 0);
  g_assert_cmpstr (regia_config_get (config)->certificate, ==, self->certificate);
  g_assert_cmpstr (regia_config_get (config)->certificate_key, ==, self->key);
  pair = regia_config_read_pair (regia_config_get (config), &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (pair->certificate, self->good.certificate));
  g_assert_true (g_bytes_equal (pair->key, self->good.key));
  g_assert_cmpint (pair->until_s - pair->from_s, ==, 31 * DAY);
}

static void
test_faults (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) locked = pair_locked_key (&self->good), text = g_bytes_new_static ("hello\n", 6),
                     large = g_bytes_new_take (g_malloc0 (300 * 1024), 300 * 1024);

  g_remove (self->certificate);
  assert_fault (self, AT_CERTIFICATE, "cannot be read: No such file or directory");
  write_bytes (self->certificate, text, 0644);
  assert_fault (self, AT_CERTIFICATE, "no certificate in PEM form");
  write_bytes (self->certificate, large, 0644);
  assert_fault (self, AT_CERTIFICATE, "larger than 256");
  write_bytes (self->certificate, self->good.key, 0600);
  assert_fault (self, AT_CERTIFICATE, "exchanged?");
  write_bytes (self->certificate, self->good.certificate, 0644);

  g_remove (self->key);
  assert_fault (self, AT_KEY, "cannot be read: No such file or directory");
  write_bytes (self->key, text, 0600);
  assert_fault (self, AT_KEY, "no private key in PEM form");
  write_bytes (self->key, self->other.key, 0600);
  assert_fault (self, AT_KEY, "does not belong to the certificate");
  write_bytes (self->key, locked, 0600);
  assert_fault (self, AT_KEY, "locked with a passphrase");
  write_bytes (self->key, self->good.key, 0644);
  assert_fault (self, AT_KEY, "can be read by everybody");
  write_bytes (self->key, self->good.key, 0640); /* a group of those who may is common */
  test_good (self, data);
}

/* No fault, since it must not keep an event from being recorded; but said, at its line. */
static void
test_warnings (Fixture *self, gconstpointer data)
{
  static const struct {
    glong from_s, until_s;
    const char *words; /* NULL: none */
  } table[] = {
      {-DAY, 15 * DAY, NULL},
      {-DAY, 13 * DAY, "expires on"},
      {-DAY, 3600, "in less than a day"},
      {-20 * DAY, -DAY, "expired on"},
      {DAY, 20 * DAY, "is not valid before"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_auto (Pair) pair = {NULL};
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) config = NULL;
    g_autofree char *expected = g_strconcat (self->event, AT_CERTIFICATE, self->certificate, NULL);
    const GPtrArray *warnings;

    pair_make (&pair, table[i].from_s, table[i].until_s);
    write_bytes (self->certificate, pair.certificate, 0644);
    write_bytes (self->key, pair.key, 0600);
    config = regia_config_load (self->event, NULL, &error);
    g_assert_no_error (error);
    warnings = regia_config_get (config)->warnings;
    g_assert_cmpuint (warnings->len, ==, table[i].words != NULL ? 1 : 0);
    if (table[i].words == NULL)
      continue;
    g_test_message ("%s", (char *)warnings->pdata[0]);
    g_assert_true (g_str_has_prefix (warnings->pdata[0], expected));
    g_assert_nonnull (strstr (warnings->pdata[0], table[i].words));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/config/certificate/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("good", test_good);
  ADD ("faults", test_faults);
  ADD ("warnings", test_warnings);
  return g_test_run ();
}
