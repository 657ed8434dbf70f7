/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What those who work here are told, and what viewers are. The processes are this very program again;
 * whatever can be named, or go wrong, has a marker in it.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "../part.h"
#include "../wait.h"
#include "regia/base/json.h"
#include "regia/control/child.h"
#include "status-private.h"

/* The children's side: what each says of itself. */

#define MARKER "geheim"

static const struct {
  const char *kind, *state;
} states[] = {
    {"engine",
     "{'ready': <true>, 'frames': <uint64 100>, 'generation': <uint64 3>, 'private': <true>,"
     " 'slate-error': <'geheim01 slate'>, 'blank-error': <'geheim02 blank'>,"
     " 'sources': <[<{'name': <'geheim03source'>, 'pipeline': <'geheim04pipeline'>, 'state': <'failed'>,"
     " 'restarts': <uint64 1>, 'note': <'geheim05 note'>, 'last-error': <'geheim06: /dev/video7'>}>]>,"
     " 'renditions': <[<{'name': <'geheim07rendition'>, 'shed': <true>, 'shed-why': <'geheim10why'>}>]>,"
     " 'feed': <{'packets': <uint64 1>, 'readers': <uint64 3>}>}"},
    {"recorder",
     "{'state': <'disk-error'>, 'message': <'geheim08 disk'>, 'session': <'prova-2'>, 'title': <'geheim09'>,"
     " 'path': <'/srv/geheim10/prova-2'>, 'free-bytes': <uint64 1>, 'files': <['geheim11.mp4']>}"},
    {"gateway",
     "{'address': <'http://geheim12:8080'>, 'addresses': <['http://geheim13:8080']>, 'viewers': <uint64 214>,"
     " 'connections': <uint64 1>}"},
    {"console", "{'address': <'http://geheim14:8090'>, 'addresses': <['http://geheim15:8090']>}"},
    {"relay",
     "{'name': <'geheim16relay'>, 'kind': <'rtmp'>, 'state': <'retrying'>, 'last-error': <'geheim17 said "
     "no'>}"},
};

static gboolean
start_cb (RegiaChild *child, gpointer data, GError **error)
{
  g_autofree char *kind = NULL;

  *(RegiaChild **)data = child;
  g_variant_lookup (regia_child_get_part (child), "kind", "s", &kind);
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_strcmp0 (states[i].kind, kind) == 0)
      regia_child_set_state (child,
                             g_variant_parse (G_VARIANT_TYPE_VARDICT, states[i].state, NULL, NULL, error));
  return TRUE;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer data)
{
  regia_child_stopped (child);
}

static const RegiaChildClass child_class = {
    .kind = "any", .size = sizeof (RegiaChild *), .start = start_cb, .stop = stop_cb};

/* The director's side */

/* What the file says of secrets, places and far ends has markers too; what viewers are told has none. */
static const char event_text[] =
    "[event]\nname = Prova\nplace = Massa\nstart = 2022-09-29 09:30\nend = 2022-09-29 13:00\nid = prova\n"
    "[source geheim03source]\npipeline = geheim04pipeline\nlocation = rtsp://hall:geheim18@192.0.2.7/a\n"
    "[rendition geheim07rendition]\nsize = 640x360\nbitrate = 800k\n[audio it]\n"
    "[relay geheim16relay]\nurl = rtmp://geheim19.example/live\nkey_file = /etc/geheim20.key\n"
    "[record]\nfolder = /srv/geheim10\n[web]\nlisten = 127.0.0.1:8080\n";
static const char hall_text[] = "[event]\nplace = Palazzo Ducale\n[source a]\npipeline = test\n"
                                "[rendition 360p]\nsize = 640x360\nbitrate = 800k\n[audio en]\n";

typedef struct {
  RegiaConfig *config, *hall;
  RegiaProcesses *processes;
  RegiaShow show;
  GPtrArray *folders;
  GVariant *next;
  RegiaStatusInput input;
} World;

static GVariant *
part_cb (RegiaProcess *process, gpointer user_data)
{
  g_autofree char *kind = g_strdup (regia_process_get_name (process));
  g_autoptr (GVariant) part = g_variant_ref_sink (part_new (NULL, "/none", "1:2:b", 1));
  GVariantDict dict;

  kind[strcspn (kind, " ")] = '\0';
  g_variant_dict_init (&dict, part);
  g_variant_dict_insert (&dict, "kind", "s", kind);
  return g_variant_dict_end (&dict);
}

static void
changed_cb (RegiaProcess *process, gpointer user_data)
{
}

static const RegiaProcessCallbacks callbacks = {.part = part_cb, .changed = changed_cb};

static gboolean
all_have_said (RegiaProcesses *processes)
{
  for (guint i = 0; i < processes->len; i++) {
    RegiaProcessEntry *entry = g_ptr_array_index (processes, i);
    g_autoptr (GVariant) state = regia_process_get_published (entry->process);

    if (g_variant_n_children (state) == 0)
      return FALSE;
  }
  return TRUE;
}

static RegiaConfig *
parse (const char *text, const char *name)
{
  g_autoptr (GError) error = NULL;
  RegiaConfig *config = regia_config_parse (text, strlen (text), name, "/", FALSE, &error);

  g_assert_no_error (error);
  return config;
}

static void
set_up (World *w, gconstpointer data)
{
  g_autofree char *hall_path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("regia-hall-XXXXXX", &hall_path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (hall_path, hall_text, -1, NULL));
  w->hall = regia_config_load_hall (hall_path, &error);
  g_assert_no_error (error);
  g_unlink (hall_path);
  w->config = parse (event_text, "geheim21.conf");
  w->show = (RegiaShow){.event_id = g_strdup ("prova"),
                        .id = g_strdup ("0a1b2c3d"),
                        .session = g_strdup ("prova"),
                        .config_path = g_strdup ("/etc/geheim21.conf"),
                        .state = REGIA_SHOW_ON_AIR,
                        .desired = regia_desired_new (),
                        .generation = 3};
  regia_epoch_now (&w->show.epoch);
  g_ptr_array_add (w->show.desired->relays_off, g_strdup ("geheim16relay"));
  w->folders = g_ptr_array_new ();
  g_ptr_array_add (w->folders, (char *)"/srv/geheim10 was removed or moved");
  w->next = g_variant_ref_sink (
      g_variant_new_parsed ("{'id': <'geheim22'>, 'name': <'Seconda'>, 'place': <'Carrara'>, 'start': <''>,"
                            " 'end': <''>, 'file': <'geheim23.conf'>}"));
  w->processes = regia_processes_new (regia_config_get (w->config), &callbacks, w);
  regia_processes_enforce (w->processes, REGIA_SHOW_ON_AIR);
  WAIT_UNTIL (all_have_said (w->processes));
  w->input = (RegiaStatusInput){.config = regia_config_get (w->config),
                                .show = &w->show,
                                .desired = w->show.desired,
                                .next = w->next,
                                .ready = TRUE,
                                .show_time_ns = 90 * REGIA_SECOND,
                                .director_started_us = g_get_monotonic_time (),
                                .processes = w->processes,
                                .folders = w->folders};
}

static void
tear_down (World *w, gconstpointer data)
{
  g_ptr_array_unref (w->processes);
  g_ptr_array_unref (w->folders);
  g_variant_unref (w->next);
  regia_show_clear (&w->show);
  regia_config_unref (w->config);
  regia_config_unref (w->hall);
}

static GVariant *
build_public (World *w)
{
  return g_variant_ref_sink (regia_status_build_public (&w->input));
}

/* Every path of keys in @value, those of lists without their numbers: "event/name". */
static void
collect (GVariant *value, const char *path, GHashTable *paths)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT)) {
    g_autoptr (GVariant) inside = g_variant_get_variant (value);

    collect (inside, path, paths);
  } else if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT)) {
    GVariantIter iter;
    const char *key;
    GVariant *next;

    g_variant_iter_init (&iter, value);
    while (g_variant_iter_next (&iter, "{&sv}", &key, &next)) {
      g_autoptr (GVariant) inside = next;
      g_autofree char *below = path[0] != '\0' ? g_strconcat (path, "/", key, NULL) : g_strdup (key);

      collect (inside, below, paths);
      g_hash_table_add (paths, g_steal_pointer (&below));
    }
  } else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("av"))) {
    for (gsize i = 0; i < g_variant_n_children (value); i++) {
      g_autoptr (GVariant) inside = g_variant_get_child_value (value, i);

      collect (inside, path, paths);
    }
  }
}

static GHashTable *
paths_of (GVariant *value)
{
  GHashTable *paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  collect (value, "", paths);
  return paths;
}

/* All that there may be. Whoever adds to it answers for what strangers then read. */
static const char *const allowed[] = {
    "event",           "event/name", "event/place", "event/start", "event/end",  "event/timezone",
    "event/languages", "next",       "next/name",   "next/place",  "next/start", "next/end",
    "state",           "wall",       "show",        "recording",   "streams",    "streams/hls",
    "talks",           "talk",       "notice",      NULL};

/* Of the whole tree nothing else is in the other one: not by its path, and not by its name elsewhere. */
static void
test_forbidden (World *w, gconstpointer data)
{
  g_autoptr (GVariant) whole = g_variant_ref_sink (regia_status_build (&w->input)), public = build_public (w);
  g_autoptr (GHashTable) all = paths_of (whole), told = paths_of (public);
  g_autofree char *json = regia_json_from_variant (public, FALSE);
  GHashTableIter iter;
  gpointer path;
  guint forbidden = 0;

  for (guint i = 0; allowed[i] != NULL; i++)
    if (!g_hash_table_remove (told, allowed[i]))
      g_error ("%s is missing", allowed[i]);
  g_hash_table_iter_init (&iter, told);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    g_error ("%s is told to those outside", (char *)path);

  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, &path, NULL)) {
    const char *slash = strrchr (path, '/');
    g_autofree char *key = g_strdup_printf ("\"%s\":", slash != NULL ? slash + 1 : (char *)path);
    gboolean named = FALSE;

    for (guint i = 0; allowed[i] != NULL; i++) {
      const char *last = strrchr (allowed[i], '/');
      named = named || strncmp (key + 1, last != NULL ? last + 1 : allowed[i], strlen (key) - 3) == 0;
    }
    if (named)
      continue;
    if (strstr (json, key) != NULL)
      g_error ("%s of the whole tree is told to those outside: %s", (char *)path, json);
    forbidden++;
  }
  g_test_message ("%u of %u keys are for those who work here", forbidden, g_hash_table_size (all));
  g_assert_cmpuint (forbidden, >, 50);
}

/* A marker that the whole tree does not have was planted where nobody looks: it would prove nothing. */
static void
test_markers (World *w, gconstpointer data)
{
  static const guint in_neither[] = {14, 15, 18, 19, 20, 21}; /* the console, secrets, far ends, files */
  g_autoptr (GVariant) whole = g_variant_ref_sink (regia_status_build (&w->input));
  g_autofree char *all = regia_json_from_variant (whole, FALSE);

  for (guint n = 1; n <= 23; n++) {
    g_autofree char *marker = g_strdup_printf (MARKER "%02u", n);
    gboolean expected = TRUE;

    for (guint i = 0; i < G_N_ELEMENTS (in_neither); i++)
      expected = expected && in_neither[i] != n;
    if ((strstr (all, marker) != NULL) != expected)
      g_error ("%s is %s the whole status: %s", marker, expected ? "not in" : "in", all);
  }
  for (RegiaShowState state = REGIA_SHOW_STANDBY; state <= REGIA_SHOW_ENDED; state++) {
    g_autoptr (GVariant) public = NULL;
    g_autofree char *json = NULL;

    w->show.state = state;
    public = build_public (w);
    json = regia_json_from_variant (public, FALSE);
    g_test_message ("%s", json);
    g_assert_null (strstr (json, MARKER));
    g_assert_null (strstr (json, "/srv"));
    g_assert_null (strstr (json, REGIA_VERSION));
    g_assert_null (strstr (json, "rehears"));
  }
}

static void
assert_said (GVariant *public, const char *path, const char *expected)
{
  g_auto (GStrv) keys = g_strsplit (path, "/", 2);
  g_autoptr (GVariant) inside = keys[1] != NULL ? g_variant_lookup_value (public, keys[0], NULL) : NULL;
  const char *said = regia_json_get_string (inside != NULL ? inside : public, keys[inside != NULL ? 1 : 0]);

  if (!g_str_equal (said, expected))
    g_error ("%s is \"%s\", not \"%s\"", path, said, expected);
}

static void
test_states (World *w, gconstpointer data)
{
  static const struct {
    RegiaShowState state;
    gboolean ready, paused, ended, hidden, hall;
    const char *said, *show, *recording, *hls, *name, *place, *end, *timezone;
  } table[] = {
#define ON  "0a1b2c3d", "prova-2", "live/0a1b2c3d/index.m3u8", "Prova", "Massa"
#define END "2022-09-29T13:00:00+02:00", "Europe/Rome"
      {REGIA_SHOW_ON_AIR, FALSE, FALSE, FALSE, FALSE, FALSE, "starting", ON, END},
      {REGIA_SHOW_ON_AIR, TRUE, FALSE, FALSE, FALSE, TRUE, "on-air", ON, END},
      {REGIA_SHOW_ON_AIR, TRUE, TRUE, FALSE, FALSE, FALSE, "paused", ON, END},
      {REGIA_SHOW_ENDING, TRUE, FALSE, FALSE, FALSE, FALSE, "ending", ON, END},
      {REGIA_SHOW_ENDED, TRUE, FALSE, TRUE, FALSE, FALSE, "ended", ON, END},
      /* A rehearsal: the hall, if there is one; not even when what it is says so already, or no more. */
      {REGIA_SHOW_REHEARSAL, TRUE, FALSE, FALSE, TRUE, FALSE, "standby", "", "", "", "", "", "", ""},
      {REGIA_SHOW_REHEARSAL, TRUE, FALSE, FALSE, FALSE, FALSE, "standby", "", "", "", "", "", "", ""},
      {REGIA_SHOW_REHEARSAL, TRUE, FALSE, FALSE, TRUE, TRUE, "standby", "", "", "", "", "Palazzo Ducale", "",
       "Europe/Rome"},
      {REGIA_SHOW_ON_AIR, TRUE, FALSE, FALSE, TRUE, TRUE, "standby", "", "", "", "", "Palazzo Ducale", "",
       "Europe/Rome"},
      {REGIA_SHOW_ENDED, TRUE, FALSE, TRUE, TRUE, FALSE, "standby", "", "", "", "", "", "", ""},
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GVariant) public = NULL;

    g_test_message ("row %u", i);
    w->show.state = table[i].state;
    w->show.desired->paused = table[i].paused;
    w->input.ready = table[i].ready;
    w->input.ended = table[i].ended;
    w->input.hidden = table[i].hidden;
    w->input.hall = table[i].hall ? regia_config_get (w->hall) : NULL;
    public = build_public (w);
    assert_said (public, "state", table[i].said);
    assert_said (public, "show", table[i].show);
    assert_said (public, "recording", table[i].recording);
    assert_said (public, "streams/hls", table[i].hls);
    assert_said (public, "event/name", table[i].name);
    assert_said (public, "event/place", table[i].place);
    assert_said (public, "event/end", table[i].end);
    assert_said (public, "event/timezone", table[i].timezone);
    assert_said (public, "next/name", "Seconda");
  }
}

/* What people want of the end is told of a show, and not of what is rehearsed. In standby there is the hall.
 */
static void
test_hours (World *w, gconstpointer data)
{
  g_autoptr (GVariant) public = NULL;

  w->show.desired->end_s = 1664451000;
  public = build_public (w);
  assert_said (public, "event/end", "2022-09-29T13:30:00+02:00");
  assert_said (public, "event/start", "2022-09-29T09:30:00+02:00");
  g_variant_unref (public);
  w->input.hidden = TRUE;
  w->input.hall = regia_config_get (w->hall);
  public = build_public (w);
  assert_said (public, "event/end", "");
  g_variant_unref (public);
  w->input.hidden = FALSE;
  w->input.config = w->input.hall;
  w->show.state = REGIA_SHOW_STANDBY;
  w->show.desired->end_s = 0;
  public = build_public (w);
  assert_said (public, "event/name", "");
  assert_said (public, "event/place", "Palazzo Ducale");
  assert_said (public, "show", "");
}

/* What is not recorded has no recording, whatever the show says of a session. */
static void
test_unrecorded (World *w, gconstpointer data)
{
  g_autofree char *off = g_strdup_printf ("%s[record]\nenabled = no\n", hall_text);
  g_autofree char *named = g_strdup_printf ("[event]\nname = Prova\n%s", strchr (off, '\n') + 1);
  g_autoptr (RegiaConfig) config = parse (named, "off.conf");
  g_autoptr (GVariant) public = NULL;

  w->input.config = regia_config_get (config);
  public = build_public (w);
  assert_said (public, "recording", "");
  assert_said (public, "streams/hls", "live/0a1b2c3d/index.m3u8");
}

#define TEST(name) g_test_add ("/director/status/" #name, World, NULL, set_up, test_##name, tear_down)

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "child") == 0)
    return regia_child_main (&child_class, argc - 2, argv + 2);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST (forbidden);
  TEST (markers);
  TEST (states);
  TEST (hours);
  TEST (unrecorded);
  return g_test_run ();
}
