/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "regia/base/error.h"
#include "regia/config/config.h"
#include "regia/config/part.h"

/*
 * DIR/hall.conf and DIR/events/event.conf: two folders, so that it shows where relative paths start.
 */
typedef struct {
  char *folder;
  char *hall, *event; /* paths */
} Fixture;

#define EVENT "[event]\nhall = ../hall.conf\nname = Prova\n"

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *made = g_dir_make_tmp ("regia-hall-XXXXXX", &error);
  g_autofree char *events = NULL;

  g_assert_no_error (error);
  self->folder = g_canonicalize_filename (made, NULL);
  events = g_build_filename (self->folder, "events", NULL);
  g_assert_cmpint (g_mkdir (events, 0700), ==, 0);
  self->hall = g_build_filename (self->folder, "hall.conf", NULL);
  self->event = g_build_filename (events, "event.conf", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autofree char *events = g_build_filename (self->folder, "events", NULL);

  g_remove (self->hall);
  g_remove (self->event);
  g_rmdir (events);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->hall);
  g_free (self->event);
}

static void
write_text (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static RegiaConfig *
load (Fixture *self, const char *hall, const char *event)
{
  g_autofree char *base_dir = g_path_get_dirname (self->event);
  g_autoptr (GError) error = NULL;
  RegiaConfig *config;

  write_text (self->hall, hall);
  write_text (self->event, event);
  config = regia_config_load (self->event, base_dir, &error); /* without looking for slates and keys */
  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}

static char *
path_in (Fixture *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

static const char full_hall[] = "[event]\n"
                                "place = Sala\n"
                                "timezone = Europe/Lisbon\n"
                                "[programme]\n"
                                "size = 1920x1080\n"
                                "slate = slate.png\n"
                                "[source camera]\n"
                                "pipeline = my.pipeline\n"
                                "file = ./hall.mp4\n"
                                "password = a\\sb \n"
                                "[source desk]\n"
                                "pipeline = pulse\n"
                                "channels = 3;4\n"
                                "[source booth]\n"
                                "pipeline = pulse\n"
                                "[rendition 1080p]\n"
                                "size = 1920x1080\n"
                                "bitrate = 5M\n"
                                "[rendition 360p]\n"
                                "size = 640x360\n"
                                "bitrate = 600k\n"
                                "[audio it]\n"
                                "sources = desk;camera\n"
                                "[audio en]\n"
                                "sources = booth\n"
                                "[relay archive]\n"
                                "url = srt://192.0.2.1:9000\n"
                                "key_file = keys/archive\n"
                                "[web]\n"
                                "hosts = a.example.org;b.example.org\n"
                                "threads = 3\n";

static const char full_event[] = EVENT "place = Sala piccola\n"
                                       "start = 2030-01-02 10:00\n"
                                       "[rendition 360p]\n"
                                       "bitrate = 700k\n"
                                       "[source booth]\n"
                                       "off = yes\n"
                                       "[audio en]\n"
                                       "off = yes\n"
                                       "[source camera]\n"
                                       "more = ./event.mp4\n"
                                       "delay = 40ms\n"
                                       "[source film]\n"
                                       "pipeline = file\n"
                                       "location = ../film.mp4\n"
                                       "[audio it]\n"
                                       "sources = desk;film\n"
                                       "[web]\n"
                                       "hosts = c.example.org\n"
                                       "[programme]\n"
                                       "slate =\n";

static void
test_merged (Fixture *self, gconstpointer data)
{
  g_autoptr (RegiaConfig) config = load (self, full_hall, full_event);
  const RegiaConfigValues *values = regia_config_get (config);
  const RegiaConfigSource *camera = values->sources->pdata[0], *film;
  const RegiaConfigAudio *it;
  const RegiaConfigRelay *relay;
  g_autofree char *pipeline = path_in (self, "my.pipeline");
  g_autofree char *hall_file = path_in (self, "hall.mp4"), *event_file = path_in (self, "events/event.mp4");
  g_autofree char *film_file = path_in (self, "film.mp4"), *key = path_in (self, "keys/archive");
  const char *const *files = regia_config_get_files (config);

  g_assert_cmpstr (values->name, ==, "Prova");
  g_assert_cmpstr (values->place, ==, "Sala piccola"); /* the event's goes before the hall's */
  g_assert_cmpstr (values->timezone, ==, "Europe/Lisbon");
  g_assert_cmpint (values->start_s, ==,
                   G_GINT64_CONSTANT (1893578400)); /* hour of one file, zone of the other */
  g_assert_cmpuint (values->width, ==, 1920);
  g_assert_null (values->slate);                  /* `slate =` takes it away */
  g_assert_cmpuint (values->sources->len, ==, 3); /* the hall's, then the event's own; one left out */
  g_assert_cmpstr (camera->name, ==, "camera");
  g_assert_cmpstr (((RegiaConfigSource *)values->sources->pdata[1])->name, ==, "desk");
  film = values->sources->pdata[2];
  g_assert_cmpstr (film->name, ==, "film");
  g_assert_cmpstr (camera->pipeline, ==, pipeline);
  g_assert_cmpint (camera->delay_ms, ==, 40);
  g_assert_cmpstr (g_hash_table_lookup (camera->parameters, "file"), ==, hall_file);
  g_assert_cmpstr (g_hash_table_lookup (camera->parameters, "more"), ==, event_file);
  g_assert_cmpstr (g_hash_table_lookup (film->parameters, "location"), ==, film_file);
  g_assert_cmpuint (values->renditions->len, ==, 2);
  g_assert_cmpstr (((RegiaConfigRendition *)values->renditions->pdata[0])->name, ==, "1080p");
  g_assert_cmpuint (((RegiaConfigRendition *)values->renditions->pdata[1])->width, ==, 640);
  g_assert_cmpuint (((RegiaConfigRendition *)values->renditions->pdata[1])->bitrate_kbps, ==, 700);
  g_assert_cmpuint (values->audios->len, ==, 1);
  it = values->audios->pdata[0];
  g_assert_cmpuint (g_strv_length (it->sources), ==, 2); /* a list is replaced as a whole */
  g_assert_cmpstr (it->sources[1], ==, "film");
  g_assert_cmpuint (g_strv_length (values->languages), ==, 1);
  relay = values->relays->pdata[0];
  g_assert_cmpstr (relay->key_file, ==, key);
  g_assert_cmpuint (g_strv_length (values->hosts), ==, 1);
  g_assert_cmpstr (values->hosts[0], ==, "c.example.org");
  g_assert_cmpuint (values->threads, ==, 3);
  g_assert_cmpstr (files[0], ==, self->event);
  g_assert_cmpstr (files[1], ==, self->hall);
  g_assert_null (files[2]);
}

/* Everything that children are told, and what only the director reads. */
static void
assert_same_values (RegiaConfig *one, RegiaConfig *other)
{
  static const char *const kinds[] = {"engine", "recorder", "gateway"};
  const RegiaConfigValues *first = regia_config_get (one), *second = regia_config_get (other);

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GVariant) a = g_variant_ref_sink (regia_config_part (one, kinds[i], "", NULL));
    g_autoptr (GVariant) b = g_variant_ref_sink (regia_config_part (other, kinds[i], "", NULL));

    g_assert_true (g_variant_equal (a, b));
  }
  g_assert_cmpuint (first->relays->len, ==, second->relays->len);
  for (guint i = 0; i < first->relays->len; i++) {
    const char *name = ((RegiaConfigRelay *)first->relays->pdata[i])->name;
    g_autoptr (GVariant) a = g_variant_ref_sink (regia_config_part (one, "relay", name, NULL));
    g_autoptr (GVariant) b = g_variant_ref_sink (regia_config_part (other, "relay", name, NULL));

    g_assert_true (g_variant_equal (a, b));
  }
  g_assert_cmpstr (first->folder, ==, second->folder);
  g_assert_cmpuint (first->warn_minutes, ==, second->warn_minutes);
}

/* One text that says it all, which can lie anywhere, needs no hall and remembers where everything is from. */
static void
test_text (Fixture *self, gconstpointer data)
{
  g_autoptr (RegiaConfig) config = load (self, full_hall, full_event);
  g_autofree char *text = regia_config_to_text (config);
  g_autofree char *from = g_strdup_printf ("\n# from %s:16\n[rendition", self->hall);
  g_autofree char *base_dir = g_path_get_dirname (self->event);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) again = NULL;
  g_autofree char *text_again = NULL;
  g_autofree char *in_hall = g_strdup_printf ("%s:18: [rendition 1080p] bitrate: ", self->hall);
  g_autofree char *in_event = g_strdup_printf ("%s:7: [rendition 360p] bitrate: ", self->event);
  g_autofree char *hall_where = NULL, *event_where = NULL;

  g_assert_nonnull (strstr (text, from));
  g_assert_null (strstr (text, "booth"));
  g_assert_null (strstr (text, "../"));
  again = regia_config_parse (text, strlen (text), "run/event.conf", "/elsewhere", FALSE, &error);
  g_assert_no_error (error);
  assert_same_values (config, again);
  text_again = regia_config_to_text (again);
  g_assert_cmpstr (text_again, ==, text);
  hall_where = regia_config_where (again, "rendition 1080p", "bitrate");
  event_where = regia_config_where (again, "rendition 360p", "bitrate");
  g_assert_cmpstr (hall_where, ==, in_hall);
  g_assert_cmpstr (event_where, ==, in_event);
}

/* A file's own comments say nothing of where it is from. */
static void
test_text_of_people (void)
{
  static const char text[] =
      "# a note\n# from /etc/other:90\n[event]\nname = Prova\n[source a]\npipeline = x\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_parse (text, strlen (text), "event.conf", "/", FALSE, &error);
  g_autofree char *where = regia_config_where (config, "event", "name");

  g_assert_cmpstr (where, ==, "event.conf:4: [event] name: ");
}

static void
test_every_example_as_text (gconstpointer data)
{
  g_autofree char *path = g_build_filename (REGIA_SOURCE_DIR, "config", data, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_load (path, NULL, &error);
  g_autoptr (RegiaConfig) again = NULL;
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = regia_config_to_text (config);
  again = regia_config_parse (text, strlen (text), "copy", "/elsewhere", FALSE, &error);
  g_assert_no_error (error);
  assert_same_values (config, again);
}

/* A folder whose name is not UTF-8: its paths stay relative in the text, and start where they started. */
static void
test_text_odd_folder (void)
{
  static const char text[] =
      "[event]\nname = Prova\n[source a]\npipeline = x\nfile = ./a b \\s\n[programme]\nslate = s.png\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config =
      regia_config_parse (text, strlen (text), "event.conf", "/srv/perch\xe9", FALSE, &error);
  g_autoptr (RegiaConfig) again = NULL;
  g_autofree char *whole = NULL;

  g_assert_no_error (error);
  whole = regia_config_to_text (config);
  again = regia_config_parse (whole, strlen (whole), "copy", "/srv/perch\xe9", FALSE, &error);
  g_assert_no_error (error);
  assert_same_values (config, again);
}

/* Blanks at either end of a path go into the text and come out. */
static void
test_text_blanks (void)
{
  static const char text[] = "[event]\nname = Prova\n[source a]\npipeline = x\nfile = ./a\\s\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config =
      regia_config_parse (text, strlen (text), "event.conf", "/srv/a\\b", FALSE, &error);
  g_autoptr (RegiaConfig) again = NULL;
  g_autofree char *whole = NULL;
  const RegiaConfigSource *source;

  g_assert_no_error (error);
  source = regia_config_get (config)->sources->pdata[0];
  g_assert_cmpstr (g_hash_table_lookup (source->parameters, "file"), ==, "/srv/a\\b/a ");
  whole = regia_config_to_text (config);
  again = regia_config_parse (whole, strlen (whole), "copy", "/", FALSE, &error);
  g_assert_no_error (error);
  assert_same_values (config, again);
}

typedef struct {
  const char *name, *hall, *event;
  gboolean in_hall;  /* the fault is in that file */
  const char *where; /* after the file's name */
  const char *words; /* HALL and EVENT stand for the paths */
} Bad;

#define HALL "[source camera]\npipeline = test\n[source desk]\npipeline = pulse\n"

static const Bad bad[] = {
    {"value-in-hall", HALL "[web]\nthreads = 0\n", EVENT, TRUE, ":6: [web] threads: ", "1 to 32"},
    {"value-in-event", HALL "[web]\nthreads = 2\n", EVENT "[web]\nthreads = 0\n", FALSE,
     ":5: [web] threads: ", "1 to 32"},
    {"form-of-hall", HALL "[web\n", EVENT, TRUE, ":5: ", "close it with ]"},
    {"unknown-key-in-hall", HALL "[web]\nthreds = 2\n", EVENT, TRUE, ":6: [web] threds: ", "\"threads\""},
    {"unknown-group-in-hall", HALL "[wib]\n", EVENT, TRUE, ":5: [wib]: ", "\"web\""},
    {"missing-key", HALL "[relay a]\nrendition = 720p\n", EVENT, TRUE, ":5: [relay a] url: ", "add it"},
    {"missing-key-both", HALL "[relay a]\nrendition = 720p\n", EVENT "[relay a]\nlanguage = it\n", FALSE,
     ":4: [relay a] url: ", "add it"},
    {"no-name", HALL, "[event]\nhall = ../hall.conf\n", FALSE, ":1: [event] name: ", "add it"},
    {"hall-has-name", HALL "[event]\nname = Prova\n", EVENT, TRUE, ":6: [event] name: ", "in the event file"},
    {"hall-has-start", HALL "[event]\nstart = 2030-01-01 10:00\n", EVENT, TRUE,
     ":6: [event] start: ", "in the event file"},
    {"hall-has-end", HALL "[event]\nend = 2030-01-01 10:00\n", EVENT, TRUE,
     ":6: [event] end: ", "in the event file"},
    {"hall-has-id", HALL "[event]\nid = always\n", EVENT, TRUE, ":6: [event] id: ", "in the event file"},
    {"hall-in-hall", HALL "[event]\nhall = other.conf\n", EVENT, TRUE,
     ":6: [event] hall: ", "no hall of its own"},
    {"cycle", HALL "[event]\nhall = events/event.conf\n", EVENT, TRUE,
     ":6: [event] hall: ", "no hall of its own"},
    {"itself", HALL, "[event]\nhall = event.conf\nname = Prova\n", FALSE,
     ":2: [event] hall: ", "the file itself"},
    {"no-hall", HALL, "[event]\nhall = ../halls.conf\nname = Prova\n", FALSE,
     ":2: [event] hall: ", "/halls.conf cannot be read: No such file"},
    {"hall-is-folder", HALL, "[event]\nhall = ..\nname = Prova\n", FALSE,
     ":2: [event] hall: ", "is not a file but a folder"},
    {"hall-escape", HALL, "[event]\nhall = ..\\hall.conf\nname = Prova\n", FALSE,
     ":2: [event] hall: ", "backslash is written twice"},
    /* a value of the one against a value of the other: both are named */
    {"rendition-of-hall", HALL "[rendition a]\nsize = 1280x720\nbitrate = 1M\n",
     EVENT "[programme]\nsize = 640x360\n", TRUE,
     ":6: [rendition a] size: ", "larger than the programme, 640x360 (EVENT:5)"},
    {"rendition-of-event", HALL "[programme]\nsize = 640x360\n",
     EVENT "[rendition a]\nsize = 1280x720\nbitrate = 1M\n", FALSE,
     ":5: [rendition a] size: ", "larger than the programme, 640x360 (HALL:6)"},
    {"silent-source", HALL "[audio it]\nsources = desk\n", EVENT "[source desk]\naudio = no\n", TRUE,
     ":6: [audio it] sources: ", "has audio = no (EVENT:5)"},
    {"blind-source", HALL "[programme]\npicture = camera\n", EVENT "[source camera]\nvideo = no\n", TRUE,
     ":6: [programme] picture: ", "has video = no (EVENT:5)"},
    {"connections", HALL "[web]\nmax_connections_per_address = 400\n", EVENT "[web]\nmax_connections = 100\n",
     TRUE, ":6: [web] max_connections_per_address: ", "max_connections, 100 (EVENT:5)"},
    {"rendition-left-out",
     HALL
     "[rendition a]\nsize = 640x360\nbitrate = 1M\n[relay r]\nurl = srt://192.0.2.1:9000\nrendition = a\n",
     EVENT "[rendition a]\noff = yes\n", TRUE,
     ":10: [relay r] rendition: ", "is left out, it has off = yes (EVENT:5)"},
    {"language-left-out",
     HALL "[audio it]\n[audio en]\n[relay r]\nurl = srt://192.0.2.1:9000\nlanguage = en\n",
     EVENT "[audio en]\noff = yes\n", TRUE,
     ":9: [relay r] language: ", "is left out, it has off = yes (EVENT:5)"},
    {"source-left-out", HALL "[audio it]\nsources = desk\n", EVENT "[source desk]\noff = yes\n", TRUE,
     ":6: [audio it] sources: ", "is left out, it has off = yes (EVENT:5)"},
    {"picture-left-out", HALL "[programme]\npicture = camera\n", EVENT "[source camera]\noff = yes\n", TRUE,
     ":6: [programme] picture: ", "is left out, it has off = yes (EVENT:5)"},
    {"all-left-out", HALL, EVENT "[source camera]\noff = yes\n[source desk]\noff = yes\n", FALSE,
     ": [source NAME]: ", "there is no source"},
    {"double-language", HALL "[audio pt-BR]\n", EVENT "[audio pt-br]\n", FALSE,
     ":4: [audio pt-br]: ", "line 5 (HALL:5)"},
    /* leaving out */
    {"nothing-to-leave-out", HALL, EVENT "[source desc]\noff = yes\n", FALSE,
     ":5: [source desc] off: ", "did you mean \"desk\""},
    {"off-word", HALL, EVENT "[source desk]\noff = maybe\n", FALSE, ":5: [source desk] off: ", "yes or no"},
    {"off-empty", HALL, EVENT "[source desk]\noff =\n", FALSE, ":5: [source desk] off: ", "yes or no"},
    {"off-unnamed", HALL, EVENT "[web]\noff = yes\n", FALSE, ":5: [web] off: ", "unknown key"},
};

static char *
put_paths (Fixture *self, const char *words)
{
  g_autoptr (GString) text = g_string_new (words);

  g_string_replace (text, "HALL", self->hall, 0);
  g_string_replace (text, "EVENT", self->event, 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_bad (Fixture *self, gconstpointer data)
{
  const Bad *row = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = NULL;
  g_autofree char *where = g_strconcat (row->in_hall ? self->hall : self->event, row->where, NULL);
  g_autofree char *words = put_paths (self, row->words);
  g_auto (GStrv) lines = NULL;
  const char *line = NULL;

  write_text (self->hall, row->hall);
  write_text (self->event, row->event);
  config = regia_config_load (self->event, NULL, &error);
  g_assert_null (config);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_test_message ("%s", error->message);
  lines = g_strsplit (error->message, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], where))
      line = lines[i];
  g_assert_nonnull (line);
  if (strstr (row->where, "hall: ") != NULL) /* what all is missing without it would only distract */
    g_assert_null (lines[1]);
  g_assert_nonnull (strstr (line, words));
}

/* Slate and key files are looked for where the file says that names them, and missing ones named there. */
static void
test_missing_files (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected =
      g_strdup_printf ("%s:6: [programme] slate: %s/slate.png cannot be read", self->hall, self->folder);

  write_text (self->hall, HALL "[programme]\nslate = slate.png\n");
  write_text (self->event, EVENT);
  g_assert_null (regia_config_load (self->event, NULL, &error));
  g_assert_cmpstr (strstr (error->message, expected), ==, error->message);
}

static void
test_pipelines_of_hall (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config =
      load (self, HALL "volum = 3\n", EVENT "[source camera]\npatern = x\n[programme]\npicture = desk\n");
  g_autofree char *blind =
      g_strdup_printf ("%s:7: [programme] picture: [source desk] gives no picture (pipeline pulse) (%s:4); ",
                       self->event, self->hall);
  g_autofree char *in_hall = g_strconcat (self->hall, ":5: [source desk] volum: ", NULL);
  g_autofree char *in_event = g_strconcat (self->event, ":5: [source camera] patern: ", NULL);

  g_assert_false (regia_config_check_pipelines (config, &error));
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, blind));
  g_assert_nonnull (strstr (error->message, in_hall));
  g_assert_nonnull (strstr (error->message, in_event));
}

/* The hall of a service is that of events that name none; `hall =` says that there is none. */
static void
test_by_default (Fixture *self, gconstpointer data)
{
  static const char without[] = "[event]\nname = Prova\n[source own]\npipeline = test\n";
  static const char none[] = "[event]\nname = Prova\nhall =\n[source own]\npipeline = test\n";
  const char *texts[] = {EVENT, without, none};
  const guint sources[] = {2, 3, 1};

  write_text (self->hall, HALL);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) config = NULL;

    write_text (self->event, texts[i]);
    config = regia_config_load_in_hall (self->event, self->hall, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (regia_config_get (config)->sources->len, ==, sources[i]);
  }
}

static void
test_hall_alone (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = NULL;
  g_autofree char *expected = g_strconcat (self->hall, ":2: [event] name: ", NULL);

  write_text (self->hall, "[web]\nlisten = 0.0.0.0:8123\nhosts = *\n");
  config = regia_config_load_hall (self->hall, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (regia_config_get (config)->listen, ==, "0.0.0.0:8123");
  g_assert_cmpstr (regia_config_get (config)->name, ==, "");
  g_assert_cmpstr (regia_config_get (config)->id, ==, "");
  g_assert_cmpuint (regia_config_get (config)->sources->len, ==, 0);

  write_text (self->hall, "[event]\nname = Prova\n");
  g_assert_null (regia_config_load_hall (self->hall, &error));
  g_assert_cmpstr (strstr (error->message, expected), ==, error->message);
}

/* A text from memory has no folder to look into. */
static void
test_parse_has_no_hall (void)
{
  static const char text[] = EVENT HALL;
  g_autoptr (GError) error = NULL;

  g_assert_null (regia_config_parse (text, strlen (text), "event.conf", "/etc", FALSE, &error));
  g_assert_true (g_str_has_prefix (error->message, "event.conf:2: [event] hall: "));
}

int
main (int argc, char **argv)
{
  static const char *const examples[] = {"example.conf", "demo.conf", "event.conf"};

  g_test_init (&argc, &argv, NULL);
#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)
  ADD ("/config/hall/merged", test_merged);
  ADD ("/config/hall/text", test_text);
  ADD ("/config/hall/missing-files", test_missing_files);
  ADD ("/config/hall/pipelines", test_pipelines_of_hall);
  ADD ("/config/hall/by-default", test_by_default);
  ADD ("/config/hall/alone", test_hall_alone);
  g_test_add_func ("/config/hall/parse", test_parse_has_no_hall);
  g_test_add_func ("/config/text/people", test_text_of_people);
  g_test_add_func ("/config/text/odd-folder", test_text_odd_folder);
  g_test_add_func ("/config/text/blanks", test_text_blanks);
  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++) {
    g_autofree char *path = g_strconcat ("/config/text/", examples[i], NULL);

    g_test_add_data_func (path, examples[i], test_every_example_as_text);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *path = g_strconcat ("/config/hall/bad/", bad[i].name, NULL);

    g_test_add (path, Fixture, &bad[i], set_up, test_bad, tear_down);
  }
  return g_test_run ();
}
