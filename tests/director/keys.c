/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The certificate as its files say, while they are replaced. */
#include "keys-private.h"

#include <glib/gstdio.h>
#include <string.h>

#include "pairs.h"

#define DAY (24 * 60 * 60)

typedef struct {
  char *folder, *certificate, *key; /* paths */
  RegiaConfig *config;
  RegiaKeys *keys;
  guint changes;
} Fixture;

static void
write_file (const char *path, GBytes *bytes)
{
  g_assert_true (
      g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
}

static void
write_pair (const Fixture *self, GBytes *certificate, GBytes *key)
{
  write_file (self->certificate, certificate);
  write_file (self->key, key);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  static const char event[] = "[event]\nname = Prova\n[source test]\npipeline = test\n[web]\n"
                              "certificate = chain.pem\nkey = key.pem\n[relay a]\nurl = rtmp://127.0.0.1/a\n";
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("regia-keys-XXXXXX", NULL);
  self->certificate = g_build_filename (self->folder, "chain.pem", NULL);
  self->key = g_build_filename (self->folder, "key.pem", NULL);
  self->config = regia_config_parse (event, strlen (event), "event.conf", self->folder, FALSE, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  regia_keys_free (self->keys);
  regia_config_unref (self->config);
  g_remove (self->certificate);
  g_remove (self->key);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->certificate);
  g_free (self->key);
}

static void
changed_cb (const char *relay, gpointer data)
{
  g_assert_cmpstr (relay, ==, ""); /* nothing of a relay */
  (*(guint *)data)++;
}

static void
begin (Fixture *self)
{
  self->keys = regia_keys_new (self->config, changed_cb, &self->changes);
}

/* Until the files were read once more. Each reading is begun by a tick and ends on the main context. */
static void
read_again (Fixture *self)
{
  while (!regia_keys_is_reading (self->keys))
    regia_keys_tick (self->keys);
  while (regia_keys_is_reading (self->keys))
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_in_use (Fixture *self, const Pair *pair)
{
  g_autoptr (GVariant) certificate = NULL, key = NULL, secret = NULL;
  GVariantDict part;

  /* To whom it is none of their business, nothing. */
  g_variant_dict_init (&part, NULL);
  regia_keys_tell (self->keys, "a", FALSE, &part);
  secret = g_variant_ref_sink (g_variant_dict_end (&part));
  g_assert_cmpuint (g_variant_n_children (secret), ==, 0);

  g_variant_dict_init (&part, NULL);
  regia_keys_tell (self->keys, "", TRUE, &part);
  certificate = g_variant_dict_lookup_value (&part, "certificate", G_VARIANT_TYPE ("ay"));
  key = g_variant_dict_lookup_value (&part, "certificate-key", G_VARIANT_TYPE ("ay"));
  g_variant_dict_clear (&part);
  g_assert_true ((certificate != NULL) == (pair != NULL));
  g_assert_true ((key != NULL) == (pair != NULL));
  if (pair == NULL)
    return;
  g_assert_cmpmem (g_variant_get_data (certificate), g_variant_get_size (certificate),
                   g_bytes_get_data (pair->certificate, NULL), g_bytes_get_size (pair->certificate));
  g_assert_cmpmem (g_variant_get_data (key), g_variant_get_size (key), g_bytes_get_data (pair->key, NULL),
                   g_bytes_get_size (pair->key));
}

/* @words: of the one warning; %NULL: none */
static void
assert_warned (Fixture *self, const char *words)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);

  regia_keys_warn (self->keys, warnings);
  g_assert_cmpuint (warnings->len, ==, words != NULL ? 1 : 0);
  if (words != NULL && strstr (warnings->pdata[0], words) == NULL)
    g_error ("\"%s\" does not say \"%s\"", (char *)warnings->pdata[0], words);
}

static void
test_renewed (Fixture *self, gconstpointer data)
{
  g_auto (Pair) first = {NULL}, second = {NULL}, third = {NULL}, over = {NULL};

  pair_make (&first, -DAY, 30 * DAY);
  pair_make (&second, -DAY, 10 * DAY - 3600);
  pair_make (&third, -DAY, 90 * DAY);
  pair_make (&over, -3 * DAY, -DAY);
  write_pair (self, first.certificate, first.key);
  begin (self);
  assert_in_use (self, &first);
  assert_warned (self, NULL);
  read_again (self);
  assert_in_use (self, &first);

  /* Half of the new pair is there. */
  write_file (self->certificate, second.certificate);
  g_test_expect_message ("regia-director", G_LOG_LEVEL_WARNING,
                         "*does not belong*the one before stays in use");
  read_again (self);
  g_test_assert_expected_messages ();
  assert_in_use (self, &first);
  assert_warned (self, "The certificate before stays in use: [web] key: ");
  /* … and then the other half; it ends soon. */
  write_file (self->key, second.key);
  read_again (self);
  assert_in_use (self, &second);
  assert_warned (self, "in 9 days; renew it");
  /* One that is over already does not take its place. */
  write_pair (self, over.certificate, over.key);
  g_test_expect_message ("regia-director", G_LOG_LEVEL_WARNING, "*expired on*the one before stays in use");
  read_again (self);
  g_test_assert_expected_messages ();
  assert_in_use (self, &second);
  /* Gone altogether. */
  g_remove (self->key);
  g_test_expect_message ("regia-director", G_LOG_LEVEL_WARNING, "*No such file*the one before stays in use");
  read_again (self);
  g_test_assert_expected_messages ();
  assert_in_use (self, &second);
  write_pair (self, third.certificate, third.key);
  read_again (self);
  assert_in_use (self, &third);
  assert_warned (self, NULL);
  g_assert_cmpuint (self->changes, ==, 2); /* the second and the third: told once each */
}

/* In mid-event the director starts again and finds none: viewers wait, and have it as soon as it is there. */
static void
test_none (Fixture *self, gconstpointer data)
{
  g_auto (Pair) pair = {NULL};

  g_test_expect_message ("regia-director", G_LOG_LEVEL_WARNING, "*viewers cannot watch until that is mended");
  begin (self);
  g_test_assert_expected_messages ();
  assert_in_use (self, NULL);
  assert_warned (self, "Viewers cannot watch, there is no certificate: [web] certificate: ");
  pair_make (&pair, -3 * DAY, -DAY);
  write_pair (self, pair.certificate, pair.key);
  read_again (self);
  assert_in_use (self, &pair); /* better than nothing: browsers let people decide */
  assert_warned (self, "expired on");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/keys/renewed", Fixture, NULL, set_up, test_renewed, tear_down);
  g_test_add ("/keys/none", Fixture, NULL, set_up, test_none, tear_down);
  return g_test_run ();
}
