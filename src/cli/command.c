/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regia/base/error.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

/*
 * The commands that change what is wanted of the running event. Each becomes one change of the desired state
 * (Show1.Command) with an id of its own, and says what was answered.
 */

/* A disk that hangs keeps an answer from us, not the command from taking effect once it answers. */
#define ANSWER_MS 15000
#define MINUS     "\xe2\x88\x92" /* U+2212 */

typedef struct {
  char *state_option; /* (owned) (nullable) */
  char *control_path; /* (owned) */
  gint64 ago_s;
  double fade_s;
  char *language; /* (owned) (nullable) */
  gint64 talk;
  gboolean off, on_air, with_key;
} Command;

static void
command_clear (Command *command)
{
  g_free (command->state_option);
  g_free (command->control_path);
  g_free (command->language);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Command, command_clear)

/* Returns: %FALSE after saying what is wrong. @n: arguments that must be there; @more: one may follow. */
static gboolean
parse (Command *self, const char *name, const char *usage, const char *summary, guint n, guint more,
       int *argc, char ***argv, int *ret_status)
{
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &self->state_option, "Folder that the event runs on", "DIR"},
      {"ago", 0, strcmp (name, "mark") == 0 ? 0 : G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT64, &self->ago_s,
       "The mark lies so long ago", "SECONDS"},
      {"fade", 0, strcmp (name, "scene") == 0 ? 0 : G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_DOUBLE, &self->fade_s,
       "The scene takes so long to come, 0 for a cut; without it as long as the event file says", "SECONDS"},
      {"in", 0, strcmp (name, "gain") == 0 || strcmp (name, "mute") == 0 ? 0 : G_OPTION_FLAG_HIDDEN,
       G_OPTION_ARG_STRING, &self->language, "Only in this language; without it in all", "LANG"},
      {"talk", 0, strcmp (name, "caption") == 0 ? 0 : G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT64, &self->talk,
       "Speaker and title of this talk of the event file, [talk N]", "N"},
      {"off", 0, strcmp (name, "caption") == 0 || strcmp (name, "notice") == 0 ? 0 : G_OPTION_FLAG_HIDDEN,
       G_OPTION_ARG_NONE, &self->off, "None any more", NULL},
      {"key", 0, strcmp (name, "relay") == 0 ? 0 : G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &self->with_key,
       "Asks for the stream key or passphrase, or takes a line of standard input", NULL},
      {"on-air", 0, strcmp (name, "scene") == 0 || strcmp (name, "tone") == 0 ? 0 : G_OPTION_FLAG_HIDDEN,
       G_OPTION_ARG_NONE, &self->on_air, "Bars or tone also while the event is on the air", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autofree char *state_dir = NULL;

  if (!regia_cli_parse (name, usage, summary, entries, argc, argv, ret_status))
    return FALSE;
  if ((guint)*argc - 1 < n || (guint)*argc - 1 > n + more) {
    fprintf (stderr, "regia: write `regia %s %s`; `regia %s --help` says more\n", name,
             usage != NULL ? usage : "", name);
    *ret_status = 64;
    return FALSE;
  }
  state_dir = regia_cli_state_dir (self->state_option);
  self->control_path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  return TRUE;
}

/* (transfer full) (nullable): the answer; NULL after saying what is wrong. */
static GVariant *
send_change (Command *self, const char *key, GVariant *value, int *ret_status)
{
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr (GError) error = NULL;
  GVariantDict dict;
  GVariant *result;
  const char *note;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, key, value);
  result = regia_client_command (self->control_path, id, g_variant_dict_end (&dict), ANSWER_MS, &error);
  *ret_status = result != NULL ? 0 : regia_cli_fail (error);
  if (result != NULL && g_variant_lookup (result, "note", "&s", &note)) {
    fprintf (stderr, "regia: %s\n", note);
    *ret_status = 75;
  }
  return result;
}

static char *
format_ms (guint64 ms)
{
  return g_strdup_printf ("%u:%02u:%02u", (guint)(ms / 3600000), (guint)(ms / 60000 % 60),
                          (guint)(ms / 1000 % 60));
}

static gboolean
parse_word (const char *word, const char *yes, const char *no, gboolean *ret_on)
{
  *ret_on = g_str_equal (word, yes);
  if (*ret_on || g_str_equal (word, no))
    return TRUE;
  fprintf (stderr, "regia: \"%s\" is neither %s nor %s\n", word, yes, no);
  return FALSE;
}

int
regia_cli_private (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) result = NULL;
  g_autofree char *at = NULL;
  guint64 last_ms = 0;
  gboolean on;
  int status;

  if (!parse (&self, "private", "on|off",
              "While it is on, viewers and platforms see the slate and hear nothing; the recording goes on, "
              "and is not shown "
              "publicly until its private minutes were taken out.",
              1, 0, &argc, &argv, &status))
    return status;
  if (!parse_word (argv[1], "on", "off", &on))
    return 64;
  result = send_change (&self, "private", g_variant_new_boolean (on), &status);
  if (result == NULL)
    return status;
  if (!on) {
    printf ("Public again: viewers see the hall from the next picture on.\n");
    return status;
  }
  g_variant_lookup (result, "last-public-ms", "t", &last_ms);
  at = format_ms (last_ms);
  if (last_ms > 0)
    printf ("Private. The last public picture was at %s.\n", at);
  else
    printf ("Private.\n");
  return status;
}

static int
pause_or_resume (const char *name, const char *summary, gboolean on, const char *said, int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) result = NULL;
  int status;

  if (!parse (&self, name, NULL, summary, 0, 0, &argc, &argv, &status))
    return status;
  result = send_change (&self, "paused", g_variant_new_boolean (on), &status);
  if (result != NULL)
    printf ("%s\n", said);
  return status;
}

int
regia_cli_pause (int argc, char **argv)
{
  return pause_or_resume (
      "pause", "Stops the recording for a while; viewers go on watching. `regia resume` goes on with it.",
      TRUE, "The recording is paused.", argc, argv);
}

int
regia_cli_resume (int argc, char **argv)
{
  return pause_or_resume ("resume", "Goes on with a recording that was paused.", FALSE, "Recording.", argc,
                          argv);
}

/* (transfer floating) (nullable): (sa{ss}) of NAME URL KEY=VALUE…; the key is asked for, and never written.
 */
static GVariant *
read_relay (char **words, gboolean with_key, GError **error)
{
  g_autofree char *secret = with_key ? regia_cli_ask_secret ("key: ", error) : NULL;
  GVariantBuilder keys;

  if (with_key && secret == NULL)
    return NULL;
  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&keys, "{ss}", "url", words[1]);
  for (char **word = words + 2; *word != NULL; word++) {
    const char *equal = strchr (*word, '=');
    g_autofree char *key = equal != NULL ? g_strndup (*word, (gsize)(equal - *word)) : g_strdup ("");

    if (*key == '\0' || g_str_equal (key, "key") || !g_utf8_validate (*word, -1, NULL)) {
      g_variant_builder_clear (&keys);
      if (g_str_equal (key, "key"))
        regia_error_set_usage (error,
                               "everybody on this computer can see what is written here; write --key and "
                               "give the key when asked, or on standard input");
      else
        regia_error_set_usage (error, "\"%s\" is no KEY=VALUE, as rendition=720p", *word);
      return NULL;
    }
    g_variant_builder_add (&keys, "{ss}", key, equal + 1);
  }
  if (secret != NULL && !g_utf8_validate (secret, -1, NULL)) {
    g_variant_builder_clear (&keys);
    regia_error_set_usage (error, "the key is not in UTF-8; check the terminal's character set");
    return NULL;
  }
  if (secret != NULL) {
    g_variant_builder_add (&keys, "{ss}", "key", secret);
    explicit_bzero (secret, strlen (secret));
  }
  return g_variant_new ("(sa{ss})", words[0], &keys);
}

int
regia_cli_relay (int argc, char **argv)
{
  static const char *const words[] = {"add", "remove", "start", "stop"};
  static const char *const said[] = {"added", "removed", "started", "stopped"};
  g_auto (Command) self = {0};
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *relay;
  gsize which = 0;
  int status;

  if (!parse (
          &self, "relay", "start|stop|remove NAME | add [--key] NAME URL [KEY=VALUE…]",
          "Starts or stops pushing to one destination, [relay NAME] of the event file, adds one while the "
          "event is on, or removes it.",
          2, 6, &argc, &argv, &status))
    return status;
  while (which < G_N_ELEMENTS (words) && !g_str_equal (argv[1], words[which]))
    which++;
  if (which == G_N_ELEMENTS (words) || (which == 0 ? argc < 4 : argc > 3)) {
    fprintf (stderr, "regia: write `regia relay start|stop|remove NAME` or `regia relay add NAME URL`; "
                     "`regia relay --help` says more\n");
    return 64;
  }
  if (which == 0) {
    relay = read_relay (argv + 2, self.with_key, &error);
    if (relay == NULL)
      return regia_cli_fail (error);
    result = send_change (&self, "relay-add", relay, &status);
  } else if (which == 1)
    result = send_change (&self, "relay-remove", g_variant_new_string (argv[2]), &status);
  else
    result = send_change (&self, "relay", g_variant_new ("(sb)", argv[2], which == 2), &status);
  if (result != NULL)
    printf ("Relay %s is %s.\n", argv[2], said[which]);
  return status;
}

/* What there is to be shown, the one that is on marked. */
static int
list_scenes (Command *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) show = regia_client_get_status (self->control_path, 5000, &error);
  g_autoptr (GVariant) desired = NULL;
  g_autofree const char **scenes = NULL;
  const char *shown = "";

  if (show == NULL)
    return regia_cli_fail (error);
  desired = g_variant_lookup_value (show, "desired", G_VARIANT_TYPE_VARDICT);
  if (desired != NULL)
    g_variant_lookup (desired, "scene", "&s", &shown);
  g_variant_lookup (show, "scenes", "^a&s", &scenes);
  for (guint i = 0; scenes != NULL && scenes[i] != NULL; i++)
    printf ("%s %s\n", g_str_equal (scenes[i], shown) ? "*" : " ", scenes[i]);
  if (scenes == NULL || scenes[0] == NULL)
    fprintf (stderr, "regia: there is no scene: no event is on, or none of its sources gives a picture\n");
  return 0;
}

int
regia_cli_scene (int argc, char **argv)
{
  g_auto (Command) self = {.fade_s = -1};
  g_autoptr (GVariant) result = NULL;
  int status;

  if (!parse (
          &self, "scene", "[NAME]",
          "Shows a scene, [scene NAME] of the event file, or a source by itself. Without NAME it lists them.",
          0, 1, &argc, &argv, &status))
    return status;
  if (argc == 1)
    return list_scenes (&self);
  if (!(self.fade_s == -1 || (self.fade_s >= 0 && self.fade_s <= 5))) {
    fprintf (stderr, "regia: --fade is a number of seconds from 0 to 5\n");
    return 64;
  }
  result = send_change (
      &self, self.on_air ? "scene-on-air" : "scene",
      g_variant_new ("(sx)", argv[1],
                     self.fade_s < 0 ? G_GINT64_CONSTANT (-1) : (gint64)(self.fade_s * 1000 + 0.5)),
      &status);
  if (result != NULL)
    printf ("The scene is %s.\n", argv[1]);
  return status;
}

int
regia_cli_tone (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) result = NULL;
  gboolean on;
  int status;

  if (!parse (
          &self, "tone", "on|off",
          "While it is on, every language has 1 kHz at -20 dBFS in place of its sound; with the scene bars "
          "it is there anyway. It ends when a rehearsal goes on the air.",
          1, 0, &argc, &argv, &status))
    return status;
  if (!parse_word (argv[1], "on", "off", &on))
    return 64;
  result = send_change (&self, "tone", g_variant_new ("(bb)", on, self.on_air), &status);
  if (result != NULL)
    printf ("The tone is %s.\n", argv[1]);
  return status;
}

int
regia_cli_caption (int argc, char **argv)
{
  g_auto (Command) self = {.talk = -1};
  g_autoptr (GVariant) result = NULL;
  int status;

  if (!parse (&self, "caption", "NAME [LINE] | --talk N | --off",
              "Shows who is speaking in a bar over the picture, whatever the scene, and below it a line of "
              "your own, until it is changed or taken away.",
              0, 2, &argc, &argv, &status))
    return status;
  if ((argc > 1) + (self.talk != -1) + self.off != 1) {
    fprintf (stderr, "regia: write `regia caption NAME [LINE]`, `regia caption --talk N` or `regia caption "
                     "--off`\n");
    return 64;
  }
  if (self.off)
    result = send_change (&self, "caption-off", g_variant_new_boolean (TRUE), &status);
  else if (self.talk != -1)
    result = send_change (&self, "caption-talk", g_variant_new_int64 (self.talk), &status);
  else if (!g_utf8_validate (argv[1], -1, NULL) || (argc > 2 && !g_utf8_validate (argv[2], -1, NULL))) {
    fprintf (stderr, "regia: the caption is not in UTF-8; check the terminal's character set\n");
    return 64;
  } else
    result =
        send_change (&self, "caption", g_variant_new ("(ss)", argv[1], argc > 2 ? argv[2] : ""), &status);
  if (result != NULL)
    printf (self.off ? "There is no caption any more.\n" : "The caption is shown.\n");
  return status;
}

int
regia_cli_talk (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) show = NULL, result = NULL;
  g_autoptr (GError) error = NULL;
  guint64 now_ms = 0, number = 0;
  int status;

  if (!parse (&self, "talk", "next|N",
              "The next talk of the event file begins, or [talk N]: its speaker and title are shown over the "
              "picture, its beginning is marked, and the viewers' page names it.",
              1, 0, &argc, &argv, &status))
    return status;
  if (!g_str_equal (argv[1], "next") && !g_ascii_string_to_unsigned (argv[1], 10, 1, 999, &number, NULL)) {
    fprintf (stderr, "regia: \"%s\" is neither next nor the number of a talk, 1 to 999\n", argv[1]);
    return 64;
  }
  show = regia_client_get_status (self.control_path, 5000, &error);
  if (show == NULL)
    return regia_cli_fail (error);
  g_variant_lookup (show, "show-time-ms", "t", &now_ms);
  result = send_change (&self, "talk", g_variant_new ("(xt)", (gint64)number, now_ms), &status);
  if (result != NULL)
    printf (number == 0 ? "The next talk has begun.\n" : "Talk %s has begun.\n", argv[1]);
  return status;
}

int
regia_cli_notice (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) result = NULL;
  int status;

  if (!parse (&self, "notice", "TEXT | --off",
              "Shows a line of text on the viewers' page, until it is changed or taken away.", 0, 1, &argc,
              &argv, &status))
    return status;
  if ((argc > 1) == self.off) {
    fprintf (stderr, "regia: write `regia notice TEXT` or `regia notice --off`\n");
    return 64;
  }
  if (argc > 1 && !g_utf8_validate (argv[1], -1, NULL)) {
    fprintf (stderr, "regia: the notice is not in UTF-8; check the terminal's character set\n");
    return 64;
  }
  result = send_change (&self, "notice", g_variant_new_string (self.off ? "" : argv[1]), &status);
  if (result != NULL)
    printf (self.off || argv[1][0] == '\0' ? "Viewers are shown no notice.\n" : "Viewers are shown it.\n");
  return status;
}

/* A negative number is no option: written with the minus sign of print, GOption takes it for an argument.
 * Returns: (transfer full) (nullable): what takes the place of the argument at @ret_at. */
static char *
guard_negative (int argc, char **argv, int *ret_at)
{
  for (int i = 1; i < argc; i++)
    if (argv[i][0] == '-' && g_ascii_isdigit (argv[i][1])) {
      *ret_at = i;
      return g_strconcat (MINUS, argv[i] + 1, NULL);
    }
  return NULL;
}

/* `-6`, `+3.5dB`: tenths of a dB. */
static gboolean
parse_gain (const char *text, gint64 *ret_gain)
{
  gboolean negative = g_str_has_prefix (text, MINUS);
  const char *number = negative ? text + strlen (MINUS) : text + (*text == '+');
  char *end;
  double value = g_ascii_strtod (number, &end);

  if (!g_ascii_isdigit (*number) || !(value <= 1000) || (*end != '\0' && !g_str_equal (end, "dB"))) {
    fprintf (stderr, "regia: \"%s\" is no gain; write -6 or +3.5, in dB\n", text);
    return FALSE;
  }
  *ret_gain = (gint64)(value * 10 + 0.5) * (negative ? -1 : 1);
  return TRUE;
}

int
regia_cli_gain (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) result = NULL;
  int at = 0, status;
  g_autofree char *guarded = guard_negative (argc, argv, &at);
  gint64 gain;

  if (guarded != NULL)
    argv[at] = guarded;
  if (!parse (&self, "gain", "SOURCE DB",
              "Makes a source louder or quieter in the mix, -60 to 20 dB; 0 is as it comes.", 2, 0, &argc,
              &argv, &status))
    return status;
  if (!parse_gain (argv[2], &gain))
    return 64;
  result = send_change (&self, "gain",
                        g_variant_new ("(ssx)", self.language != NULL ? self.language : "", argv[1], gain),
                        &status);
  if (result != NULL)
    printf ("The gain of %s is %+.1f dB.\n", argv[1], (double)gain / 10);
  return status;
}

int
regia_cli_mute (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) result = NULL;
  gboolean on;
  int status;

  if (!parse (&self, "mute", "SOURCE on|off", "While it is on, the source is not heard in the mix.", 2, 0,
              &argc, &argv, &status))
    return status;
  if (!parse_word (argv[2], "on", "off", &on))
    return 64;
  result =
      send_change (&self, "mute",
                   g_variant_new ("(ssb)", self.language != NULL ? self.language : "", argv[1], on), &status);
  if (result != NULL)
    printf ("%s is %s.\n", argv[1], on ? "muted" : "heard again");
  return status;
}

int
regia_cli_acknowledge (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) result = NULL;
  int status;

  if (!parse (&self, "acknowledge", "ID",
              "Says that somebody has seen an alarm and sees to it; `regia alarms` lists them.", 1, 0, &argc,
              &argv, &status))
    return status;
  result = send_change (&self, "acknowledge", g_variant_new_string (argv[1]), &status);
  if (result != NULL)
    printf ("%s is acknowledged.\n", argv[1]);
  return status;
}

int
regia_cli_mark (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) show = NULL, result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *at = NULL;
  guint64 now_ms = 0;
  int status;

  if (!parse (&self, "mark", "[TITLE]",
              "Marks this moment of the event, for example as the beginning of a talk.", 0, 1, &argc, &argv,
              &status))
    return status;
  if (self.ago_s < 0) {
    fprintf (stderr, "regia: --ago is a number of seconds, 0 or more\n");
    return 64;
  }
  show = regia_client_get_status (self.control_path, 5000, &error);
  if (show == NULL)
    return regia_cli_fail (error);
  g_variant_lookup (show, "show-time-ms", "t", &now_ms);
  now_ms -= MIN (now_ms, (guint64)self.ago_s * 1000);
  result = send_change (&self, "mark", g_variant_new ("(ts)", now_ms, argc > 1 ? argv[1] : ""), &status);
  if (result == NULL)
    return status;
  at = format_ms (now_ms);
  printf ("Marked %s%s%s\n", at, argc > 1 ? "  " : "", argc > 1 ? argv[1] : "");
  return status;
}

/* `+15min`, `+15`, `+1h`: seconds, 0 when it is none of them. */
static gint64
parse_length (const char *text)
{
  char *end = NULL;
  gint64 number = text[0] == '+' ? g_ascii_strtoll (text + 1, &end, 10) : 0;

  if (end == NULL || end == text + 1 || number <= 0 || number > 7 * 24 * 60)
    return 0;
  if (*end == '\0' || g_str_equal (end, "min") || g_str_equal (end, "m"))
    return number * 60;
  return g_str_equal (end, "h") ? number * 3600 : 0;
}

int
regia_cli_extend (int argc, char **argv)
{
  g_auto (Command) self = {0};
  g_autoptr (GVariant) show = NULL, event = NULL, result = NULL;
  g_autoptr (GDateTime) planned = NULL, end = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *when = NULL;
  const char *text = "";
  gint64 length_s, now_s = g_get_real_time () / G_USEC_PER_SEC, end_s;
  int status;

  if (!parse (&self, "extend", "+15min", "Moves the planned end of the event, which viewers are told.", 1, 0,
              &argc, &argv, &status))
    return status;
  length_s = parse_length (argv[1]);
  if (length_s == 0) {
    fprintf (stderr, "regia: \"%s\" is no length; write +15min or +1h\n", argv[1]);
    return 64;
  }
  show = regia_client_get_status (self.control_path, 5000, &error);
  if (show == NULL)
    return regia_cli_fail (error);
  event = g_variant_lookup_value (show, "event", G_VARIANT_TYPE_VARDICT);
  if (event != NULL)
    g_variant_lookup (event, "end", "&s", &text);
  planned = g_date_time_new_from_iso8601 (text, NULL);
  end_s = (planned != NULL ? g_date_time_to_unix (planned) : now_s) + length_s;
  result = send_change (&self, "end", g_variant_new_int64 (end_s), &status);
  if (result == NULL)
    return status;
  end = g_date_time_new_from_unix_local (end_s);
  when = g_date_time_format (end, "%H:%M");
  printf ("The planned end is %s now.\n", when);
  return status;
}
