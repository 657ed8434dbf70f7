/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What people want of a show: changes, refusals, the way through JSON and back, repeated ids, limits.
 */
#include <string.h>

#include "desired-private.h"
#include "regia/base/error.h"
#include "regia/base/json.h"

static const char *const relays[] = {"platform", "school", NULL};
static const char *const no_relays[] = {NULL};
static const char *const scenes[] = {"both", "camera", "bars", NULL};
/* What is mixed into which language. */
static char desk[] = "desk", booth[] = "booth", hall[] = "hall", it[] = "it", en[] = "en", zero[] = "0",
            lowered[] = "-180";
static char *floor_alone[] = {desk, NULL}, *booth_first[] = {booth, desk, NULL},
            *gains[] = {zero, lowered, NULL};
static RegiaConfigAudio italian = {.language = it, .sources = floor_alone, .backup = hall},
                        english = {.language = en, .sources = booth_first, .gains = gains};
static gpointer languages[] = {&italian, &english};
static GPtrArray audios = {languages, G_N_ELEMENTS (languages)};

static const char *const slates[] = {"starting", "bars", NULL};
static RegiaConfigTalk first_talk = {(char *)"1", (char *)"Saluti", (char *)"Maria Rossi", NULL};
static RegiaConfigTalk twelfth_talk = {(char *)"12", (char *)"Gli sportelli", (char *)"Anna D'Àvila",
                                       (char *)"Scuola"};
static gpointer talk_list[] = {&first_talk, &twelfth_talk};
static GPtrArray talks = {talk_list, G_N_ELEMENTS (talk_list)};

static const RegiaDesiredContext context = {.relays = relays,
                                            .scenes = scenes,
                                            .slates = slates,
                                            .audios = &audios,
                                            .talks = &talks,
                                            .now_ms = 60000,
                                            .wall_s = 1664436600,
                                            .recorded = TRUE};

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

/* (transfer full): @from, which is let go of, with a change that must be taken. */
static RegiaDesired *
take (RegiaDesired *from, const char *id, const char *text, guint64 now_ms)
{
  g_autoptr (GVariant) change = parse (text);
  g_autoptr (GError) error = NULL;
  RegiaDesiredContext at = context;
  RegiaDesired *to;

  at.now_ms = now_ms;
  to = regia_desired_change (from, id, change, &at, &error);
  g_assert_no_error (error);
  regia_desired_unref (from);
  return to;
}

static char *
to_text (const RegiaDesired *desired)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (regia_desired_to_variant (desired));

  return g_variant_print (value, FALSE);
}

/* (transfer full) (nullable): as show.json keeps it. */
static RegiaDesired *
through_json (const RegiaDesired *desired)
{
  g_autofree char *json = regia_json_from_variant (regia_desired_to_variant (desired), TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = regia_json_to_vardict (json, -1, &error);

  g_assert_no_error (error);
  return regia_desired_from_variant (value);
}

/* Changes one after the other, and what is wanted after each; after each, it goes through JSON unharmed. */
static void
test_changes (void)
{
  static const struct {
    const char *change;
    guint64 now_ms;
    gboolean private_on, paused;
    guint off, marks, private_spans, paused_spans;
    gint64 end_s;
    const char *scene;
    gint64 fade_ms;
  } rows[] = {
      {"{'private': <true>}", 1000, TRUE, FALSE, 0, 0, 1, 0, 0},
      {"{'private': <true>}", 2000, TRUE, FALSE, 0, 0, 1, 0, 0},
      {"{'paused': <true>}", 3000, TRUE, TRUE, 0, 0, 1, 1, 0},
      {"{'private': <false>}", 4000, FALSE, TRUE, 0, 0, 1, 1, 0},
      {"{'private': <false>}", 5000, FALSE, TRUE, 0, 0, 1, 1, 0},
      {"{'relay': <('school', false)>}", 6000, FALSE, TRUE, 1, 0, 1, 1, 0},
      {"{'relay': <('school', false)>}", 6000, FALSE, TRUE, 1, 0, 1, 1, 0},
      {"{'relay': <('platform', true)>}", 6000, FALSE, TRUE, 1, 0, 1, 1, 0},
      {"{'relay': <('platform', false)>}", 6000, FALSE, TRUE, 2, 0, 1, 1, 0},
      {"{'relay': <('school', true)>}", 6000, FALSE, TRUE, 1, 0, 1, 1, 0},
      {"{'mark': <(uint64 6500, 'Saluti')>}", 7000, FALSE, TRUE, 1, 1, 1, 1, 0},
      {"{'mark': <(uint64 0, '')>}", 7000, FALSE, TRUE, 1, 2, 1, 1, 0},
      {"{'end': <int64 1664440200>}", 8000, FALSE, TRUE, 1, 2, 1, 1, 1664440200},
      {"{'paused': <false>}", 9000, FALSE, FALSE, 1, 2, 1, 1, 1664440200},
      {"{'paused': <true>}", 9500, FALSE, TRUE, 1, 2, 1, 2, 1664440200},
      {"{'scene': <('both', int64 -1)>}", 9600, FALSE, TRUE, 1, 2, 1, 2, 1664440200, "both", -1},
      {"{'scene': <('camera', int64 700)>}", 9700, FALSE, TRUE, 1, 2, 1, 2, 1664440200, "camera", 700},
      {"{'private': <true>}", 9800, TRUE, TRUE, 1, 2, 2, 2, 1664440200, "camera", 700},
      {"{'scene': <('camera', int64 -9)>}", 9900, TRUE, TRUE, 1, 2, 2, 2, 1664440200, "camera", -1},
  };
  g_autoptr (RegiaDesired) desired = regia_desired_new ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *id = g_strdup_printf ("id-%u", i), *before = NULL, *after = NULL;
    g_autoptr (RegiaDesired) read = NULL;

    g_test_message ("row %u", i);
    desired = take (desired, id, rows[i].change, rows[i].now_ms);
    g_assert_cmpuint (desired->version, ==, i + 2);
    g_assert_cmpint (desired->private_on, ==, rows[i].private_on);
    g_assert_cmpint (desired->paused, ==, rows[i].paused);
    g_assert_cmpuint (desired->relays_off->len, ==, rows[i].off);
    g_assert_cmpuint (desired->marks->len, ==, rows[i].marks);
    g_assert_cmpuint (desired->private_spans->len, ==, rows[i].private_spans);
    g_assert_cmpuint (desired->paused_spans->len, ==, rows[i].paused_spans);
    g_assert_cmpint (desired->end_s, ==, rows[i].end_s);
    g_assert_cmpstr (desired->scene, ==, rows[i].scene != NULL ? rows[i].scene : "");
    g_assert_cmpint (desired->fade_ms, ==, rows[i].scene != NULL ? rows[i].fade_ms : -1);
    read = through_json (desired);
    g_assert_nonnull (read);
    before = to_text (desired);
    after = to_text (read);
    g_assert_cmpstr (before, ==, after);
  }
  g_assert_cmpuint (g_array_index (desired->private_spans, RegiaDesiredSpan, 0).from_ms, ==, 1000);
  g_assert_cmpuint (g_array_index (desired->private_spans, RegiaDesiredSpan, 0).to_ms, ==, 4000);
  g_assert_cmpuint (g_array_index (desired->paused_spans, RegiaDesiredSpan, 0).to_ms, ==, 9000);
  /* lasts */
  g_assert_cmpuint (g_array_index (desired->paused_spans, RegiaDesiredSpan, 1).to_ms, ==, 0);
  g_assert_cmpstr (((RegiaDesiredMark *)g_ptr_array_index (desired->marks, 0))->title, ==, "Saluti");
  g_assert_cmpuint (((RegiaDesiredMark *)g_ptr_array_index (desired->marks, 0))->at_ms, ==, 6500);
}

static void
add_fader (GString *text, RegiaDesiredFader fader)
{
  g_string_append_printf (text, "%s%s %s %d%s", text->len > 0 ? "; " : "", fader.language, fader.source,
                          (int)fader.gain, fader.muted ? " muted" : "");
}

/* Faders, one language after the other: as `LANGUAGE SOURCE GAIN [muted]; …`. */
static void
test_faders (void)
{
  static const struct {
    const char *change, *faders;
  } rows[] = {
      {"{'private': <true>}", "it desk 0; it hall 0; en booth 0; en desk -180"},
      {"{'gain': <('en', 'desk', int64 -120)>}", "it desk 0; it hall 0; en booth 0; en desk -120"},
      {"{'mute': <('', 'desk', true)>}", "it desk 0 muted; it hall 0; en booth 0; en desk -120 muted"},
      {"{'gain': <('', 'desk', int64 200)>}", "it desk 200 muted; it hall 0; en booth 0; en desk 200 muted"},
      {"{'mute': <('it', 'desk', false)>}", "it desk 200; it hall 0; en booth 0; en desk 200 muted"},
      {"{'gain': <('', 'booth', int64 -600)>}", "it desk 200; it hall 0; en booth -600; en desk 200 muted"},
      /* A backup has a fader like the others. */
      {"{'gain': <('it', 'hall', int64 30)>}", "it desk 200; it hall 30; en booth -600; en desk 200 muted"},
      {"{'mute': <('', 'hall', true)>}", "it desk 200; it hall 30 muted; en booth -600; en desk 200 muted"},
  };
  g_autoptr (RegiaDesired) desired = regia_desired_new ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *id = g_strdup_printf ("id-%u", i);
    g_autoptr (GString) found = g_string_new (NULL);
    g_autoptr (RegiaDesired) read = NULL;

    desired = take (desired, id, rows[i].change, 1000);
    read = through_json (desired);
    g_assert_nonnull (read);
    for (guint j = 0; j < audios.len; j++) {
      const RegiaConfigAudio *audio = languages[j];

      for (guint k = 0; audio->sources[k] != NULL; k++)
        add_fader (found, regia_desired_get_fader (read, audio, audio->sources[k]));
      if (audio->backup != NULL)
        add_fader (found, regia_desired_get_fader (read, audio, audio->backup));
    }
    g_assert_cmpstr (found->str, ==, rows[i].faders);
  }
}

/* Each with a word that the person finds in the answer; nothing is changed by it. */
static void
test_refusals (void)
{
  static const struct {
    const char *id, *change, *word;
    gboolean no_relays, not_recorded;
  } rows[] = {
      {"", "{'private': <true>}", "id"},
      {"a b", "{'private': <true>}", "id"},
      {"\n", "{'private': <true>}", "id"},
      {"12345678901234567890123456789012345678901234567890123456789012345", "{'private': <true>}", "id"},
      {"1", "@a{sv} {}", "one thing"},
      {"1", "{'private': <true>, 'paused': <true>}", "one thing"},
      {"1", "{'private': <'yes'>}", "not known"},
      {"1", "{'publicly': <true>}", "not known"},
      {"1", "{'paused': <true>}", "not recorded", .not_recorded = TRUE},
      {"1", "{'relay': <('tv', true)>}", "platform, school"},
      {"1", "{'relay': <('tv', true)>}", "has none", .no_relays = TRUE},
      {"1", "{'scene': <('nowhere', int64 -1)>}", "has both, camera, bars"},
      {"1", "{'scene': <('both', int64 5001)>}", "at most 5 s"},
      {"1", "{'scene': <'both'>}", "not known"},
      {"1", "{'caption': <('', 'Parole')>}", "a caption has a name"},
      {"1", "{'caption': <(' ', '')>}", "regia caption --off"},
      {"1", "{'caption': <('Rossi\nBianchi', '')>}", "name is one line"},
      {"1", "{'caption': <('Rossi', 'a\tb')>}", "line is one line"},
      {"1", "{'caption': <'Rossi'>}", "not known"},
      {"1", "{'caption-talk': <int64 3>}", "has 1, 12"},
      {"1", "{'caption-talk': <int64 -1>}", "no talk -1"},
      {"1", "{'talk': <(int64 3, uint64 0)>}", "no talk 3; this event has 1, 12"},
      {"1", "{'talk': <(int64 -1, uint64 0)>}", "no talk -1"},
      {"1", "{'talk': <(int64 1, uint64 60001)>}", "past"},
      {"1", "{'talk': <int64 1>}", "not known"},
      {"1", "{'notice': <'two\\nlines'>}", "a notice is one line"},
      {"1", "{'tone': <(true, false)>}", "on the air: viewers and the recording would get the tone"},
      {"1", "{'tone': <true>}", "not known"},
      {"1", "{'scene': <('bars', int64 -1)>}", "would get the bars and their tone; write --on-air"},
      {"1", "{'scene-on-air': <('nowhere', int64 -1)>}", "has both, camera, bars"},
      {"1", "{'gain': <('', 'camera', int64 0)>}", "any language; there are it: desk, hall; en: booth, desk"},
      {"1", "{'gain': <('en', 'hall', int64 0)>}", "into \"en\"; there are"},
      {"1", "{'gain': <('it', 'booth', int64 0)>}", "into \"it\"; there are"},
      {"1", "{'gain': <('fr', 'desk', int64 0)>}", "into \"fr\"; there are"},
      {"1", "{'gain': <('', 'desk', int64 201)>}", "from -60 to 20 dB"},
      {"1", "{'gain': <('', 'desk', int64 -601)>}", "from -60 to 20 dB"},
      {"1", "{'mute': <('', 'camera', true)>}", "there are it: desk"},
      {"1", "{'mark': <(uint64 60001, 'tomorrow')>}", "past"},
      {"1", "{'mark': <(uint64 1, 'two\\nlines')>}", "one line"},
      {"1", "{'end': <int64 1664436600>}", "ahead"},
      {"1", "{'end': <int64 -1>}", "ahead"},
      {"1", "{'end': <int64 9223372036854775807>}", "a week"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (RegiaDesired) desired = regia_desired_new ();
    g_autoptr (GVariant) change = parse (rows[i].change);
    g_autoptr (GError) error = NULL;
    g_autofree char *before = to_text (desired), *after = NULL;
    RegiaDesiredContext at = context;

    g_test_message ("row %u", i);
    if (rows[i].no_relays)
      at.relays = no_relays;
    at.recorded = !rows[i].not_recorded;
    g_assert_null (regia_desired_change (desired, rows[i].id, change, &at, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
    g_assert_nonnull (strstr (error->message, rows[i].word));
    after = to_text (desired);
    g_assert_cmpstr (before, ==, after);
  }
}

static void
test_caption (void)
{
  static const struct {
    const char *change, *name, *line;
  } rows[] = {
      {"{'caption': <(' Maria Rossi ', 'Saluti <b>& altro</b>')>}", "Maria Rossi", "Saluti <b>& altro</b>"},
      {"{'caption': <('Rossi', '')>}", "Rossi", ""},
      {"{'caption-talk': <int64 1>}", "Maria Rossi", "Saluti"},
      {"{'caption-talk': <int64 12>}", "Anna D'Àvila, Scuola", "Gli sportelli"},
      {"{'scene': <('both', int64 -1)>}", "Anna D'Àvila, Scuola", "Gli sportelli"},
      {"{'caption-off': <true>}", "", ""},
  };
  g_autofree char *longest = g_strnfill (300, 'x');
  g_autofree char *long_text = g_strdup_printf ("{'caption': <('%s', '%s')>}", longest, longest);
  g_autofree char *too_long = g_strdup_printf ("{'caption': <('%sx', '')>}", longest);
  g_autoptr (RegiaDesired) desired = regia_desired_new ();
  g_autoptr (GVariant) over = parse (too_long);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *id = g_strdup_printf ("c%u", i);
    g_autoptr (RegiaDesired) read = NULL;

    desired = take (desired, id, rows[i].change, 1000);
    read = through_json (desired);
    g_assert_cmpstr (read->caption, ==, rows[i].name);
    g_assert_cmpstr (read->caption_line, ==, rows[i].line);
  }
  desired = take (desired, "long", long_text, 1000);
  g_assert_cmpuint (strlen (desired->caption), ==, 300);
  g_assert_null (regia_desired_change (desired, "longer", over, &context, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, "at most 300 letters"));
}

/* The present talk: with its caption and its mark, once however often it is said; after the last there is
 * none. */
static void
test_talk (void)
{
  static const struct {
    const char *change;
    gint64 talk;
    guint64 since_ms;
    guint marks;
    const char *caption;
  } rows[] = {
      {"{'talk': <(int64 0, uint64 900)>}", 1, 900, 1, "Maria Rossi"},
      {"{'caption-off': <true>}", 1, 900, 1, ""},
      {"{'talk': <(int64 1, uint64 950)>}", 1, 900, 1, "Maria Rossi"},
      {"{'talk': <(int64 0, uint64 1000)>}", 12, 1000, 2, "Anna D'Àvila, Scuola"},
      {"{'talk': <(int64 1, uint64 1000)>}", 1, 1000, 3, "Maria Rossi"},
      {"{'talk': <(int64 12, uint64 1000)>}", 12, 1000, 4, "Anna D'Àvila, Scuola"},
  };
  g_autoptr (RegiaDesired) desired = regia_desired_new (), aired = NULL, rehearsal = regia_desired_new ();
  g_autoptr (GVariant) next = parse ("{'talk': <(int64 0, uint64 1000)>}");
  g_autoptr (GError) error = NULL;
  RegiaDesiredContext at = context;
  RegiaDesired *tried;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *id = g_strdup_printf ("t%u", i);
    g_autoptr (RegiaDesired) read = NULL;

    g_test_message ("row %u", i);
    desired = take (desired, id, rows[i].change, 1000);
    read = through_json (desired);
    g_assert_cmpint (read->talk, ==, rows[i].talk);
    g_assert_cmpuint (read->talk_since_ms, ==, rows[i].since_ms);
    g_assert_cmpuint (read->marks->len, ==, rows[i].marks);
    g_assert_cmpstr (read->caption, ==, rows[i].caption);
  }
  g_assert_cmpstr (((RegiaDesiredMark *)g_ptr_array_index (desired->marks, 1))->title, ==, "Gli sportelli");
  g_assert_cmpuint (((RegiaDesiredMark *)g_ptr_array_index (desired->marks, 0))->at_ms, ==, 900);
  g_assert_null (regia_desired_change (desired, "last", next, &context, &error));
  g_assert_nonnull (strstr (error->message, "talk 12 is the last"));

  at.rehearsed = TRUE;
  tried = regia_desired_change (rehearsal, "r", next, &at, NULL);
  g_assert_nonnull (tried);
  regia_desired_unref (rehearsal);
  rehearsal = tried;
  g_assert_cmpint (rehearsal->talk, ==, 1);
  g_assert_cmpuint (rehearsal->marks->len, ==, 0);
  aired = regia_desired_go_on_air (rehearsal, 5000, NULL);
  g_assert_cmpint (aired->talk, ==, 0);
  g_assert_cmpstr (aired->caption, ==, "");
}

static void
test_notice (void)
{
  g_autoptr (RegiaDesired) desired = regia_desired_new (), read = NULL;

  desired = take (desired, "n1", "{'notice': <' Si ricomincia alle 11:30 '>}", 1000);
  read = through_json (desired);
  g_assert_cmpstr (read->notice, ==, "Si ricomincia alle 11:30");
  desired = take (desired, "n2", "{'notice': <''>}", 1000);
  g_assert_cmpstr (desired->notice, ==, "");
}

/* Bars and tone are for rehearsals: refused on the air unless asked for, and gone when one goes on the air.
 */
static void
test_tone (void)
{
  RegiaDesiredContext rehearsed = context, plain = context;
  g_autoptr (RegiaDesired) start = regia_desired_new (), bars = NULL, both = NULL, read = NULL, aired = NULL,
                           camera = NULL, own = NULL;
  g_autoptr (GVariant) show = parse ("{'scene': <('bars', int64 0)>}"),
                       on = parse ("{'tone': <(true, false)>}");
  g_autoptr (GError) error = NULL;

  rehearsed.rehearsed = TRUE;
  plain.slates = NULL; /* a source of that name */
  bars = regia_desired_change (start, "1", show, &rehearsed, &error);
  g_assert_no_error (error);
  both = regia_desired_change (bars, "2", on, &rehearsed, &error);
  g_assert_no_error (error);
  read = through_json (both);
  g_assert_true (read->tone);
  g_assert_cmpstr (read->scene, ==, "bars");
  aired = regia_desired_go_on_air (read, 5000, "camera");
  g_assert_false (aired->tone);
  g_assert_cmpstr (aired->scene, ==, "camera");
  own = regia_desired_change (start, "3", show, &plain, &error);
  g_assert_no_error (error);
  camera = regia_desired_go_on_air (own, 5000, NULL);
  g_assert_cmpstr (camera->scene, ==, "bars");
  camera = take (camera, "4", "{'tone': <(true, true)>}", 1000);
  g_assert_true (camera->tone);
  camera = take (camera, "5", "{'scene-on-air': <('bars', int64 -1)>}", 1000);
  g_assert_cmpstr (camera->scene, ==, "bars");
  camera = take (camera, "6", "{'tone': <(false, false)>}", 1000);
  g_assert_false (camera->tone);
}

/* The value a change was made of stays as it is: whoever still holds it sees no half of the new one. */
static void
test_immutable (void)
{
  g_autoptr (RegiaDesired) from = regia_desired_new (), to = NULL;
  g_autofree char *before = to_text (from), *after = NULL;

  to = take (regia_desired_ref (from), "1", "{'mark': <(uint64 1, 'one')>}", 1000);
  to = take (to, "2", "{'relay': <('school', false)>}", 1000);
  to = take (to, "3", "{'private': <true>}", 1000);
  after = to_text (from);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpuint (to->version, ==, 4);
}

/* Whatever it says the second time, and also after a restart of the director. */
static void
test_repeated (void)
{
  g_autoptr (RegiaDesired) desired = take (regia_desired_new (), "7", "{'mark': <(uint64 1, 'one')>}", 1000);
  g_autoptr (RegiaDesired) read = through_json (desired), again = NULL, read_again = NULL;

  again = take (regia_desired_ref (desired), "7", "{'mark': <(uint64 1, 'one')>}", 9000);
  g_assert_true (again == desired);
  read_again = take (regia_desired_ref (read), "7", "{'private': <true>}", 9000);
  g_assert_true (read_again == read);
  g_assert_cmpuint (read_again->marks->len, ==, 1);
  g_assert_false (read_again->private_on);
}

static void
test_limits (void)
{
  g_autoptr (RegiaDesired) desired = regia_desired_new ();
  g_autofree char *longest = g_strnfill (REGIA_DESIRED_TITLE_BYTES, 'x');
  g_autofree char *title = g_strdup_printf ("{'mark': <(uint64 1, '%s')>}", longest);
  g_autofree char *too_long = g_strdup_printf ("{'mark': <(uint64 1, '%sx')>}", longest);
  g_autoptr (GVariant) one = parse ("{'mark': <(uint64 1, 'one')>}"), over = parse (too_long);
  g_autoptr (GError) error = NULL, long_error = NULL;

  desired = take (desired, "title", title, 1000);
  g_assert_null (regia_desired_change (desired, "1", over, &context, &long_error));
  g_assert_error (long_error, REGIA_ERROR, REGIA_ERROR_USAGE);
  /* Only the last ids are known, and that is said by the limit. */
  for (guint i = 0; i < REGIA_DESIRED_IDS_MAX + 10; i++) {
    g_autofree char *id = g_strdup_printf ("%u", i);
    desired = take (desired, id, "{'private': <true>}", 1000);
  }
  g_assert_cmpuint (desired->ids->len, ==, REGIA_DESIRED_IDS_MAX);
  g_assert_cmpuint (desired->private_spans->len, ==, 1);
  while (desired->marks->len < REGIA_DESIRED_MARKS_MAX)
    g_ptr_array_add (desired->marks, g_memdup2 (&(RegiaDesiredMark){g_strdup ("m"), 1, g_strdup ("")},
                                                sizeof (RegiaDesiredMark)));
  g_assert_null (regia_desired_change (desired, "one more", one, &context, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
}

/* A rehearsal goes on the air: what was over before is gone, what lasts begins there; and what has no meaning
 * before is refused. */
static void
test_rehearsal (void)
{
  static const char *const refused[] = {"{'paused': <true>}", "{'mark': <(uint64 1, 'one')>}"};
  RegiaDesiredContext rehearsed = context;
  g_autoptr (RegiaDesired) desired = regia_desired_new (), ended = NULL, again = NULL, aired = NULL;

  rehearsed.rehearsed = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GVariant) change = parse (refused[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (regia_desired_change (desired, "1", change, &rehearsed, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
    g_assert_nonnull (strstr (error->message, "rehearsal"));
  }
  desired = take (desired, "1", "{'private': <true>}", 1000);
  desired = take (desired, "2", "{'private': <false>}", 2000);
  ended = regia_desired_go_on_air (desired, 5000, NULL);
  g_assert_cmpuint (ended->private_spans->len, ==, 0);
  g_assert_cmpuint (desired->private_spans->len, ==, 1);
  g_assert_cmpuint (ended->version, ==, desired->version + 1);
  desired = take (desired, "3", "{'private': <true>}", 3000);
  aired = regia_desired_go_on_air (desired, 5000, NULL);
  g_assert_true (aired->private_on);
  g_assert_cmpuint (aired->private_spans->len, ==, 1);
  g_assert_cmpuint (g_array_index (aired->private_spans, RegiaDesiredSpan, 0).from_ms, ==, 5000);
  g_assert_cmpuint (g_array_index (aired->private_spans, RegiaDesiredSpan, 0).to_ms, ==, 0);
  /* A command that was repeated is still known. */
  again = take (regia_desired_ref (aired), "3", "{'private': <true>}", 9000);
  g_assert_true (again == aired);
}

/* What a file may hold that was written by somebody else: what is missing is as in a new show, of the wrong
 * kind it is refused as a whole. */
static void
test_reading (void)
{
  static const char *const bad[] = {
      "{'private': <1>}",
      "{'paused': <'no'>}",
      "{'version': <'1'>}",
      "{'version': <int64 -1>}",
      "{'end': <int64 -1>}",
      "{'marks': <true>}",
      "{'marks': <['one']>}",
      "{'marks': <[{'id': <'1'>}]>}",
      "{'marks': <[{'id': <'1'>, 'title': <'one'>, 'at-ms': <'1'>}]>}",
      "{'relays-off': <[1, 2]>}",
      "{'ids': <[true]>}",
      "{'private-spans': <[{'from-ms': <int64 -5>}]>}",
      "{'paused-spans': <['x']>}",
  };
  g_autoptr (GVariant) nothing = parse ("@a{sv} {}"), number = g_variant_ref_sink (g_variant_new_int64 (1));
  g_autoptr (RegiaDesired) desired = regia_desired_from_variant (nothing), fresh = regia_desired_new ();
  g_autofree char *read = to_text (desired), *expected = to_text (fresh);

  g_assert_cmpstr (read, ==, expected);
  g_assert_null (regia_desired_from_variant (number));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GVariant) value = parse (bad[i]);

    g_test_message ("row %u", i);
    g_assert_null (regia_desired_from_variant (value));
  }
}

/* The scene whose backup is shown is shown itself once it is said again, until a scene is said after that. */
static void
test_held (void)
{
  static const struct {
    const char *replaced, *name;
    gboolean held;
  } rows[] = {
      {"", "camera", FALSE},  {"", "camera", FALSE},     {"camera", "both", FALSE},
      {"both", "both", TRUE}, {"both", "camera", FALSE}, {"camera", "camera", TRUE},
      {"", "camera", FALSE},
  };
  g_autoptr (RegiaDesired) desired = regia_desired_new ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const RegiaDesiredContext judged_by = {.scenes = scenes, .replaced = rows[i].replaced};
    g_autofree char *id = g_strdup_printf ("held-%u", i);
    g_autoptr (GVariant) change =
        g_variant_ref_sink (g_variant_new_parsed ("{'scene': <(%s, int64 -1)>}", rows[i].name));
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaDesired) read = NULL;
    RegiaDesired *next = regia_desired_change (desired, id, change, &judged_by, &error);

    g_assert_no_error (error);
    regia_desired_unref (desired);
    desired = next;
    read = through_json (desired);
    g_assert_cmpint (desired->held, ==, rows[i].held);
    g_assert_cmpint (read->held, ==, rows[i].held);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/director/desired/changes", test_changes);
  g_test_add_func ("/director/desired/faders", test_faders);
  g_test_add_func ("/director/desired/refusals", test_refusals);
  g_test_add_func ("/director/desired/caption", test_caption);
  g_test_add_func ("/director/desired/talk", test_talk);
  g_test_add_func ("/director/desired/notice", test_notice);
  g_test_add_func ("/director/desired/tone", test_tone);
  g_test_add_func ("/director/desired/immutable", test_immutable);
  g_test_add_func ("/director/desired/repeated", test_repeated);
  g_test_add_func ("/director/desired/limits", test_limits);
  g_test_add_func ("/director/desired/rehearsal", test_rehearsal);
  g_test_add_func ("/director/desired/reading", test_reading);
  g_test_add_func ("/director/desired/held", test_held);
  return g_test_run ();
}
