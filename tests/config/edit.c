/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts that are edited elsewhere: faults with their places, secrets that are not shown. */
#include "regia/config/edit.h"

#include <string.h>

static void
assert_fault (const RegiaConfigFault *fault, const char *file, guint line, const char *group, const char *key,
              const char *text)
{
  g_assert_cmpstr (fault->file, ==, file);
  g_assert_cmpuint (fault->line, ==, line);
  g_assert_cmpstr (fault->group, ==, group);
  g_assert_cmpstr (fault->key, ==, key);
  g_assert_cmpstr (fault->text, ==, text);
}

static void
test_parse (void)
{
  static const struct {
    const char *written, *file;
    guint line;
    const char *group, *key, *text;
  } cases[] = {
      {"/e/a.conf:3: [event] start: \"x\" is no time; write", "", 3, "event", "start",
       "\"x\" is no time; write"},
      {"/e/a.conf: [event] name: missing; add it", "", 0, "event", "name", "missing; add it"},
      {"/e/a.conf:9: [source cam]: unknown: group", "", 9, "source cam", "", "unknown: group"},
      {"/e/a.conf:7: not a line of a key file", "", 7, "", "", "not a line of a key file"},
      {"/h/hall: 2.conf:12: [web] listen: taken", "/h/hall: 2.conf", 12, "web", "listen", "taken"},
      {"/h/hall.conf: [web] listen: taken", "/h/hall.conf", 0, "web", "listen", "taken"},
      {"/e/a.conf: is empty; check", "", 0, "", "", "is empty; check"},
      {"nothing of that", "", 0, "", "", "nothing of that"},
      {"", "", 0, "", "", ""},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (RegiaConfigFault) fault = regia_config_fault_parse (cases[i].written, "/e/a.conf");

    assert_fault (fault, cases[i].file, cases[i].line, cases[i].group, cases[i].key, cases[i].text);
  }
}

static GPtrArray *
check (const char *text, char **ret_id)
{
  return regia_config_check_text (text, strlen (text), "/nowhere/evening.conf", NULL, FALSE, ret_id);
}

static void
test_check (void)
{
  g_autofree char *id = NULL, *none = NULL;
  g_autoptr (GPtrArray) good =
      check ("[event]\nname = Evening\nstart = 2026-03-01 20:00\n[source a]\npipeline = test\n", &id);
  g_autoptr (GPtrArray) bad =
      check ("[event]\nname = Evening\nstart = soon\n\n[sourc a]\npipeline = test\n", &none);
  g_autoptr (GPtrArray) pipeline =
      check ("[event]\nname = E\n[source a]\npipeline = test\ncolour = red\n", NULL);

  g_assert_cmpuint (good->len, ==, 0);
  g_assert_cmpstr (id, ==, "2026-03-01-evening");
  g_assert_null (none);
  g_assert_cmpuint (bad->len, >=, 2);
  g_assert_cmpuint (((RegiaConfigFault *)bad->pdata[0])->line, ==, 3);
  g_assert_cmpstr (((RegiaConfigFault *)bad->pdata[0])->key, ==, "start");
  g_assert_cmpstr (((RegiaConfigFault *)bad->pdata[1])->group, ==, "sourc a");
  /* what the pipeline file says of it as well */
  g_assert_cmpuint (pipeline->len, ==, 1);
  g_assert_cmpstr (((RegiaConfigFault *)pipeline->pdata[0])->key, ==, "colour");
}

static const char with_secrets[] = "\xef\xbb\xbf[source  cam]\r\n"
                                   "pipeline = rtsp\r\n"
                                   "location = rtsp://anna:hunter22@192.0.2.1/live?token=sesame11\r\n"
                                   "password=opensesame\r\n"
                                   "# password = theoldone\r\n"
                                   "password = twice\r\n"
                                   "[relay school]\n"
                                   "stream_id = #!::u=private1\n"
                                   "[web]\nkey = /etc/web.key\n"
                                   "# rtsp://bob:incomment@192.0.2.1/?a=b\n"
                                   "rtsp://bob:onitsown@192.0.2.1/\n"
                                   "[sorce typo\npassphrase = notinagroup\n";
static const char *const secrets[] = {"hunter22", "sesame11",  "opensesame", "theoldone", "twice",
                                      "private1", "incomment", "onitsown",   NULL};

static void
test_mask (void)
{
  g_autofree char *shown = regia_config_mask_secrets (with_secrets);
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_config_fault_free);
  g_autofree char *back = regia_config_restore_secrets (shown, with_secrets, faults);
  g_auto (GStrv) before = g_strsplit (with_secrets, "\n", -1), after = g_strsplit (shown, "\n", -1);

  for (guint i = 0; secrets[i] != NULL; i++)
    g_assert_null (strstr (shown, secrets[i]));
  g_assert_nonnull (strstr (shown, "@192.0.2.1/live?token=" REGIA_CONFIG_MASK "\r\n"));
  g_assert_nonnull (strstr (shown, "key = /etc/web.key\n"));
  g_assert_cmpuint (g_strv_length (before), ==, g_strv_length (after));
  g_assert_cmpstr (back, ==, with_secrets);
  g_assert_cmpuint (faults->len, ==, 0);
}

/* A mask is only taken where it stood, in a value that is otherwise as it was. */
static void
test_restore (void)
{
  static const char original[] = "[source cam]\nlocation = rtsp://anna:hunter22@192.0.2.1/live\n"
                                 "[source desk]\npassword = opensesame\n";
  static const char edited[] = "[source desk]\n\npassword = " REGIA_CONFIG_MASK "\n"
                               "[source cam]\nlocation = rtsp://" REGIA_CONFIG_MASK "@198.51.100.1/live\n"
                               "[source new]\npassword = " REGIA_CONFIG_MASK "\n";
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_config_fault_free);
  g_autofree char *back = regia_config_restore_secrets (edited, original, faults);

  g_assert_true (g_str_has_prefix (back, "[source desk]\n\npassword = opensesame\n"));
  g_assert_null (strstr (back, "hunter22"));
  g_assert_cmpuint (faults->len, ==, 2);
  g_assert_cmpuint (((RegiaConfigFault *)faults->pdata[0])->line, ==, 5);
  g_assert_cmpstr (((RegiaConfigFault *)faults->pdata[0])->group, ==, "source cam");
  g_assert_cmpstr (((RegiaConfigFault *)faults->pdata[1])->group, ==, "source new");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/edit/parse", test_parse);
  g_test_add_func ("/config/edit/check", test_check);
  g_test_add_func ("/config/edit/mask", test_mask);
  g_test_add_func ("/config/edit/restore", test_restore);
  return g_test_run ();
}
