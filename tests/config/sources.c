/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources that are other than the files say: laid over them, read and checked by the same code. */
#include "regia/config/sources.h"

#include "parse.h"
#include "regia/base/error.h"

static const char event[] = "[event]\nname = Prova\n"
                            "[source camera]\npipeline = test\ndelay = 20ms\nwidth = 640\n"
                            "[source desk]\npipeline = test\nvideo = no\n"
                            "[source slides]\npipeline = test\naudio = no\n"
                            "[scene both]\nlayout = side-by-side\nsources = camera; slides\n"
                            "[audio it]\n"
                            "[audio en]\nsources = desk\n";

/* "NAME[!][*] KEY=VALUE …, …": what is said; ! removed, * fresh. */
static GPtrArray *
changes_of (const char *text)
{
  GPtrArray *changes = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_config_source_change_free);
  g_auto (GStrv) parts = g_strsplit (text, ", ", -1);

  for (guint i = 0; parts[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (parts[i], " ", -1);
    g_autofree char *name = g_strndup (words[0], strcspn (words[0], "!*"));
    RegiaConfigSourceChange *change = regia_config_source_change_new ("source", name);

    change->removed = strchr (words[0], '!') != NULL;
    change->fresh = strchr (words[0], '*') != NULL;
    for (guint j = 1; words[j] != NULL; j++) {
      g_auto (GStrv) pair = g_strsplit (words[j], "=", 2);
      g_hash_table_insert (change->keys, g_strdup (pair[0]), g_strdup (pair[1]));
    }
    g_ptr_array_add (changes, change);
  }
  return changes;
}

static const RegiaConfigSource *
find (RegiaConfig *config, const char *name)
{
  GPtrArray *sources = regia_config_get (config)->sources;

  for (guint i = 0; i < sources->len; i++)
    if (strcmp (((const RegiaConfigSource *)g_ptr_array_index (sources, i))->name, name) == 0)
      return g_ptr_array_index (sources, i);
  return NULL;
}

static void
test_laid_over (void)
{
  g_autoptr (RegiaConfig) config = parse_good (event);
  g_autoptr (GPtrArray) changes = changes_of (
      "guest* pipeline=test pattern=ball, camera delay=60ms, desk* pipeline=test, slides height=90");
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) new = regia_config_change_sources (config, changes, "guest", &error);
  const RegiaConfigSource *source;
  const RegiaConfigAudio *italian, *english;
  g_autofree char *shows = NULL, *heard = NULL;

  g_assert_no_error (error);
  source = find (new, "camera");
  g_assert_cmpint (source->delay_ms, ==, 60);
  g_assert_cmpstr (g_hash_table_lookup (source->parameters, "width"), ==, "640");
  g_assert_cmpint (find (config, "camera")->delay_ms, ==, 20);
  /* of the file's own nothing holds any more */
  g_assert_true (find (new, "desk")->video);
  g_assert_cmpstr (g_hash_table_lookup (find (new, "guest")->parameters, "pattern"), ==, "ball");
  g_assert_null (find (config, "guest"));
  shows = g_strjoinv (" ", regia_config_get (new)->shows);
  g_assert_cmpstr (shows, ==, "both camera slides guest desk");
  /* a language that names none has it, one that names its sources does not */
  italian = g_ptr_array_index (regia_config_get (new)->audios, 0);
  english = g_ptr_array_index (regia_config_get (new)->audios, 1);
  heard = g_strjoinv (" ", italian->sources);
  g_assert_cmpstr (heard, ==, "camera guest desk");
  g_assert_false (g_strv_contains ((const char *const *)english->sources, "guest"));
}

/* A microphone that is brought in, where the file names what each language is mixed from. */
static void
test_heard (void)
{
  g_autoptr (RegiaConfig) config =
      parse_good ("[event]\nname = Prova\n[source desk]\npipeline = test\n[source booth]\npipeline = test\n"
                  "[audio it]\nsources = desk\n[audio en]\nsources = booth; desk\ngains = 0dB; -12dB\n"
                  "[audio fr]\n");
  g_autoptr (GPtrArray) changes = changes_of ("guest* pipeline=test video=no heard_in=it;en");
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) new = regia_config_change_sources (config, changes, "guest", &error);
  static const char *const expected[] = {"desk guest", "booth desk guest", "desk booth guest"};

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (regia_config_get (new)->audios, i);
    g_autofree char *sources = g_strjoinv (" ", audio->sources);

    g_assert_cmpstr (sources, ==, expected[i]);
    g_assert_cmpint (regia_config_gain (audio, "guest"), ==, 0);
    g_assert_cmpint (regia_config_gain (audio, "desk"), ==, i == 1 ? -120 : 0);
  }
}

static void
test_removed (void)
{
  g_autoptr (RegiaConfig) config = parse_good ("[event]\nname = Prova\n[source camera]\npipeline = test\n"
                                               "[source slides]\npipeline = test\n");
  g_autoptr (GPtrArray) changes = changes_of ("slides!"), back = changes_of ("slides* pipeline=test");
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) without = regia_config_change_sources (config, changes, NULL, &error), again = NULL;

  g_assert_no_error (error);
  g_assert_null (find (without, "slides"));
  g_assert_nonnull (find (without, "camera"));
  again = regia_config_change_sources (config, back, "slides", &error);
  g_assert_no_error (error);
  g_assert_nonnull (find (again, "slides"));
}

/* In the words in which a file's faults are told. */
static void
test_faults (void)
{
  static const struct {
    const char *changes, *check, *words;
  } rows[] = {
      {"slides!", NULL, "event.conf:15: [scene both] sources: there is no [source slides]"},
      {"desk!", NULL, "event.conf:18: [audio en] sources: there is no [source desk]"},
      {"guest*", "guest", "the change: [source guest] pipeline: missing"},
      {"guest* pipeline=test delay=9s", "guest", "the change: [source guest] delay: "},
      {"guest* pipeline=test wdith=9", "guest", "the change: [source guest] wdith: "},
      {"camera video=no", "camera", "[scene both] sources: [source camera] has video = no (the change)"},
      {"camera* pipeline=nothing", "camera", "the change: [source camera] pipeline: "},
      {"Guest* pipeline=test", NULL, "cannot be a source's name"},
      {"guest* pipeline=test heard_in=fr", "guest",
       "the change: [source guest] heard_in: there is no [audio fr]; languages are: it, en"},
      {"guest* pipeline=test heard_in=it audio=no", "guest", "it has audio = no"},
      {"guest* pipeline=test a[b=3", NULL, "cannot be a key"},
  };
  g_autoptr (RegiaConfig) config = parse_good (event);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GPtrArray) changes = changes_of (rows[i].changes);
    g_autoptr (GError) error = NULL;

    g_assert_null (regia_config_change_sources (config, changes, rows[i].check, &error));
    g_test_message ("row %u: %s", i, error->message);
    g_assert_nonnull (strstr (error->message, rows[i].words));
  }
}

/* A value is a value, whatever stands in it. */
static void
test_values (void)
{
  static const char *const values[] = {
      "a\n[event]\nname = other", " two  blanks ", "back\\slash", "#no comment", "=", "è;ü"};
  g_autoptr (RegiaConfig) config = parse_good (event);

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (GPtrArray) changes = changes_of ("guest* pipeline=test");
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) new = NULL;
    RegiaConfigSourceChange *change = g_ptr_array_index (changes, 0);

    g_hash_table_insert (change->keys, g_strdup ("pattern"), g_strdup (values[i]));
    new = regia_config_change_sources (config, changes, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (g_hash_table_lookup (find (new, "guest")->parameters, "pattern"), ==, values[i]);
    g_assert_cmpstr (regia_config_get (new)->name, ==, "Prova");
  }
}

static void
test_many (void)
{
  g_autoptr (RegiaConfig) config = parse_good (event);
  g_autoptr (GPtrArray) changes = changes_of ("guest-0* pipeline=test");
  g_autoptr (GError) error = NULL;

  for (guint i = 1; i < 14; i++) {
    g_autofree char *text = g_strdup_printf ("guest-%u* pipeline=test", i);
    g_autoptr (GPtrArray) one = changes_of (text);

    g_ptr_array_add (changes, g_ptr_array_steal_index (one, 0));
  }
  g_assert_null (regia_config_change_sources (config, changes, NULL, &error));
  g_assert_nonnull (strstr (error->message, "more than 16 of this kind"));
}

static void
test_equal (void)
{
  static const char *const differences[] = {"delay=21ms",   "width=641",     "height=3",
                                            "audio=no",     "fit=fill",      "crop=1;0;0;0",
                                            "channels=3;4", "pipeline=rtsp", "iso=yes"};
  g_autoptr (RegiaConfig) config = parse_good (event), same = parse_good (event);

  g_assert_true (regia_config_source_equal (find (config, "camera"), find (same, "camera")));
  for (guint i = 0; i < G_N_ELEMENTS (differences); i++) {
    g_autofree char *text = g_strconcat ("camera ", differences[i], NULL);
    g_autoptr (GPtrArray) changes = changes_of (text);
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) new = regia_config_change_sources (config, changes, NULL, &error);

    g_assert_no_error (error);
    g_assert_false (regia_config_source_equal (find (config, "camera"), find (new, "camera")));
    g_assert_true (regia_config_source_equal (find (config, "desk"), find (new, "desk")));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/sources/laid-over", test_laid_over);
  g_test_add_func ("/config/sources/heard", test_heard);
  g_test_add_func ("/config/sources/removed", test_removed);
  g_test_add_func ("/config/sources/faults", test_faults);
  g_test_add_func ("/config/sources/values", test_values);
  g_test_add_func ("/config/sources/many", test_many);
  g_test_add_func ("/config/sources/equal", test_equal);
  return g_test_run ();
}
