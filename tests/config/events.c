/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/config/events.h"

#include <glib/gstdio.h>
#include <string.h>

#include "regia/base/error.h"

typedef struct {
  char *folder;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("regia-events-XXXXXX", &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (self->folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
}

static void
write_text (Fixture *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

#define SOURCE "[source a]\npipeline = test\n"

static GPtrArray *
scan (Fixture *self, const char *hall)
{
  g_autofree char *hall_path = hall != NULL ? g_build_filename (self->folder, hall, NULL) : NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *events = regia_events_scan (self->folder, hall_path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (events);
  return events;
}

/* Names of the files, in order. */
static char *
list (GPtrArray *events)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < events->len; i++) {
    const RegiaEvent *event = g_ptr_array_index (events, i);
    g_autofree char *name = g_path_get_basename (event->file);

    g_assert_true (g_path_is_absolute (event->file));
    g_string_append_printf (text, "%s%s%s", i > 0 ? " " : "", name, event->error != NULL ? "!" : "");
  }
  return g_string_free (text, FALSE);
}

static void
test_scan (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) events = NULL;
  g_autofree char *names = NULL;
  const RegiaEvent *first, *broken;

  write_text (self, "c.conf", "[event]\nname = C\nstart = 2030-01-03 10:00\n" SOURCE);
  write_text (self, "a.conf", "[event]\nname = A\n" SOURCE); /* no start: last */
  write_text (self, "b.conf",
              "[event]\nname = B\nplace = Sala\nstart = 2030-01-02 10:00\nend = 2030-01-02 12:00\n"
              "start_by_itself = yes\n" SOURCE);
  write_text (self, "broken.conf",
              "[event]\nname = Rotto\nstart = 2030-01-02 15:00\n" SOURCE "[web]\nthreads = 0\n");
  write_text (self, "garbage.conf",
              "\x7f"
              "ELF");
  write_text (self, "pipeline.conf",
              "[event]\nname = P\nstart = 2030-01-04 10:00\n[source a]\npipeline = tset\n");
  write_text (self, "notes.txt", "not an event");
  write_text (self, ".b.conf", "not an event either");
  events = scan (self, NULL);
  names = list (events);
  g_assert_cmpstr (names, ==, "b.conf broken.conf! c.conf pipeline.conf! a.conf garbage.conf!");

  first = g_ptr_array_index (events, 0);
  g_assert_cmpstr (first->name, ==, "B");
  g_assert_cmpstr (first->place, ==, "Sala");
  g_assert_cmpstr (first->id, ==, "2030-01-02-b");
  g_assert_cmpint (first->start_s, ==, G_GINT64_CONSTANT (1893574800));
  g_assert_cmpint (first->end_s, ==, G_GINT64_CONSTANT (1893582000));
  g_assert_true (first->start_by_itself);
  broken = g_ptr_array_index (events, 1);
  g_assert_cmpstr (broken->name, ==, "Rotto"); /* a person must know which one it is */
  g_assert_true (g_str_has_prefix (broken->error, broken->file));
  g_assert_nonnull (strstr (broken->error, "broken.conf:7: [web] threads: "));
}

static void
test_scan_hall (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) without = NULL, with = NULL;
  g_autofree char *names = NULL, *names_with = NULL;

  /* each of the two is read before and after the one that names it, whatever the order of the folder is */
  write_text (self, "a-hall.conf", SOURCE);
  write_text (self, "z-hall.conf", SOURCE);
  write_text (self, "b.conf", "[event]\nname = B\nhall = a-hall.conf\n");
  write_text (self, "c.conf", "[event]\nname = C\nhall = z-hall.conf\n[web]\nthreads = 0\n");
  write_text (self, "d.conf", "[event]\nname = D\n");
  without = scan (self, NULL);
  names = list (without);
  g_assert_cmpstr (names, ==, "b.conf c.conf! d.conf!");
  with = scan (self, "a-hall.conf");
  names_with = list (with);
  g_assert_cmpstr (names_with, ==, "b.conf c.conf! d.conf");
}

static void
test_scan_faulty_hall (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) events = NULL;

  write_text (self, "hall.conf", SOURCE "[web]\nthreads = 0\n");
  write_text (self, "b.conf", "[event]\nname = B\nhall = hall.conf\n");
  events = scan (self, NULL);
  g_assert_cmpuint (events->len, ==, 1);
  g_assert_nonnull (strstr (((RegiaEvent *)events->pdata[0])->error, "hall.conf:4: [web] threads: "));
}

static void
test_scan_double_id (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) events = NULL;
  g_autofree char *names = NULL;

  write_text (self, "b.conf", "[event]\nname = B\nid = same\nstart = 2030-01-02 10:00\n" SOURCE);
  write_text (self, "a.conf", "[event]\nname = A\nid = same\nstart = 2030-01-03 10:00\n" SOURCE);
  events = scan (self, NULL);
  names = list (events);
  g_assert_cmpstr (names, ==, "b.conf a.conf!");
  g_assert_nonnull (strstr (((RegiaEvent *)events->pdata[1])->error, "b.conf"));
}

static void
test_scan_nothing (Fixture *self, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (self->folder, "none", NULL);
  g_autoptr (GPtrArray) events = scan (self, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (events->len, ==, 0);
  g_assert_null (regia_events_next (events, 1, NULL));
  g_assert_null (regia_events_due (events, 1, NULL));
  g_assert_null (regia_events_scan (missing, NULL, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, missing));
}

static void
test_by_itself_needs_hours (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *hours, *words;
  } rows[] = {
      {"", "needs a start"},
      {"start = 2030-01-02 10:00\n", "needs an end"},
      {"end = 2030-01-02 10:00\n", "needs a start"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text =
        g_strconcat ("[event]\nname = A\nstart_by_itself = yes\n", rows[i].hours, SOURCE, NULL);
    g_autoptr (GPtrArray) events = NULL;
    const RegiaEvent *event;

    write_text (self, "a.conf", text);
    events = scan (self, NULL);
    event = g_ptr_array_index (events, 0);
    g_assert_nonnull (event->error);
    g_assert_nonnull (strstr (event->error, "a.conf:3: [event] start_by_itself: "));
    g_assert_nonnull (strstr (event->error, rows[i].words));
  }
}

/* Events by hand: names are ids, files are /events/ID.conf. */
static void
add (GPtrArray *events, const char *id, gint64 start_s, gint64 end_s, gboolean by_itself, const char *fault)
{
  RegiaEvent *event = g_new0 (RegiaEvent, 1);

  event->file = g_strdup_printf ("/events/%s-file.conf", id);
  event->id = g_strdup (id);
  event->name = g_strdup (id);
  event->place = g_strdup ("");
  event->timezone = g_strdup ("Europe/Rome");
  event->start_s = start_s;
  event->end_s = end_s;
  event->start_by_itself = by_itself;
  event->error = g_strdup (fault);
  g_ptr_array_add (events, event);
}

/* In hours: morning 100–200, faulty 150–250, afternoon 300–400, overlapping 350–500, open 1000–, hand. */
static GPtrArray *
make_events (void)
{
  GPtrArray *events = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_event_free);

  add (events, "morning", 100, 200, TRUE, NULL);
  add (events, "faulty", 150, 250, TRUE, "/events/faulty.conf:1: no");
  add (events, "afternoon", 300, 400, TRUE, NULL);
  add (events, "overlapping", 350, 500, TRUE, NULL);
  add (events, "by-hand", 600, 700, FALSE, NULL);
  add (events, "open", 1000, 0, FALSE, NULL);
  add (events, "hand", 0, 0, FALSE, NULL);
  return events;
}

typedef struct {
  gint64 now_s;
  const char *ended; /* (nullable): one of them */
  const char *next, *due;
  const char *states; /* first letters: f e p n(ow) N(ext) l a */
} Hour;

static const Hour hours[] = {
    {0, NULL, "morning", NULL, "Nflllla"},
    {99, NULL, "morning", NULL, "Nflllla"},
    {100, NULL, "morning", "morning", "nfNllla"},
    {100, "morning", "afternoon", NULL, "efNllla"},
    {100, "/events/morning-file.conf", "afternoon", NULL, "efNllla"},
    {160, NULL, "morning", "morning", "nfNllla"},
    {160, "morning", "afternoon", NULL, "efNllla"},
    {199, NULL, "morning", "morning", "nfNllla"},
    {200, NULL, "afternoon", NULL, "pfNllla"}, /* missed: it does not begin when it should be over */
    {299, NULL, "afternoon", NULL, "pfNllla"},
    {300, NULL, "afternoon", "afternoon", "pfnNlla"},
    {360, NULL, "afternoon", "overlapping", "pfnnNla"},
    {360, "overlapping", "afternoon", "afternoon", "pfneNla"},
    {360, "afternoon", "overlapping", "overlapping", "pfenNla"},
    {499, NULL, "overlapping", "overlapping", "pfpnNla"},
    {600, NULL, "by-hand", NULL, "pfppnNa"}, /* nobody said that it begins by itself */
    {999, NULL, "open", NULL, "pfpppNa"},
    {1000, NULL, "open", NULL, "pfpppna"},
    {1000 + REGIA_EVENT_DEFAULT_LENGTH_S - 1, NULL, "open", NULL, "pfpppna"},
    {1000 + REGIA_EVENT_DEFAULT_LENGTH_S, NULL, NULL, NULL, "pfppppa"},
    {100, "hand", "morning", "morning", "nfNllle"},
};

static void
test_hours (void)
{
  static const char letters[] = {'f', 'e', 'p', 'n', 'N', 'l', 'a'};
  g_autoptr (GPtrArray) events = make_events ();

  for (gsize i = 0; i < G_N_ELEMENTS (hours); i++) {
    const char *ended[] = {hours[i].ended, NULL};
    const RegiaEvent *next = regia_events_next (events, hours[i].now_s, ended);
    const RegiaEvent *due = regia_events_due (events, hours[i].now_s, ended);
    g_autoptr (GString) states = g_string_new (NULL);

    g_test_message ("at %" G_GINT64_FORMAT ", ended: %s", hours[i].now_s, hours[i].ended);
    g_assert_cmpstr (next != NULL ? next->id : NULL, ==, hours[i].next);
    g_assert_cmpstr (due != NULL ? due->id : NULL, ==, hours[i].due);
    for (guint j = 0; j < events->len; j++)
      g_string_append_c (
          states, letters[regia_events_state (events, g_ptr_array_index (events, j), hours[i].now_s, ended)]);
    g_assert_cmpstr (states->str, ==, hours[i].states);
  }
  g_assert_cmpstr (regia_events_next (events, 100, NULL)->id, ==, "morning");
}

static void
test_find (void)
{
  static const char *const names[] = {"afternoon", "afternoon-file", "afternoon-file.conf",
                                      "/events/afternoon-file.conf"};
  g_autoptr (GPtrArray) events = make_events ();

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_true (regia_events_find (events, names[i]) == g_ptr_array_index (events, 2));
  g_assert_null (regia_events_find (events, "after"));
  g_assert_null (regia_events_find (events, ""));
  /* the id of a faulty file may be another's */
  g_assert_null (regia_events_find (events, "faulty"));
  g_assert_nonnull (regia_events_find (events, "faulty-file"));
}

static void
assert_text (GVariant *dict, const char *key, const char *text)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dict, key, G_VARIANT_TYPE_STRING);

  g_assert_cmpstr (value != NULL ? g_variant_get_string (value, NULL) : NULL, ==, text);
}

static void
test_variant (void)
{
  g_autoptr (GPtrArray) events = make_events ();
  g_autoptr (GVariant) list = g_variant_ref_sink (regia_events_to_variant (events, 100, NULL));
  g_autoptr (GVariant) morning = g_variant_get_child_value (list, 0);
  g_autoptr (GVariant) faulty = g_variant_get_child_value (list, 1);
  g_autoptr (GVariant) hand = g_variant_get_child_value (list, 6);
  gboolean by_itself;

  g_assert_true (g_variant_is_of_type (list, G_VARIANT_TYPE ("aa{sv}")));
  g_assert_cmpuint (g_variant_n_children (list), ==, 7);
  assert_text (morning, "state", "now");
  assert_text (morning, "start", "1970-01-01T01:01:40+01:00");
  g_assert_true (g_variant_lookup (morning, "start-by-itself", "b", &by_itself));
  g_assert_true (by_itself);
  assert_text (morning, "error", NULL);
  assert_text (faulty, "error", "/events/faulty.conf:1: no");
  assert_text (hand, "start", NULL);
  assert_text (hand, "state", "any time");
}

/* What everybody may know of the next one. */
static void
test_announce (void)
{
  static const char *const ended[] = {"morning", NULL};
  g_autoptr (GPtrArray) events = make_events (), none = g_ptr_array_new ();
  g_autoptr (GVariant) morning = g_variant_ref_sink (regia_events_announce (events, 100, NULL));
  g_autoptr (GVariant) nothing = g_variant_ref_sink (regia_events_announce (none, 100, NULL));
  g_autoptr (GVariant) later = g_variant_ref_sink (regia_events_announce (events, 100, ended));

  g_assert_cmpuint (g_variant_n_children (nothing), ==, 0);
  g_assert_cmpuint (g_variant_n_children (morning), ==, 5);
  assert_text (morning, "id", "morning");
  assert_text (morning, "start", "1970-01-01T01:01:40+01:00");
  g_assert_cmpuint (g_variant_n_children (later), ==, 5);
  assert_text (later, "id", "afternoon");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)
  ADD ("/config/events/scan", test_scan);
  ADD ("/config/events/hall", test_scan_hall);
  ADD ("/config/events/faulty-hall", test_scan_faulty_hall);
  ADD ("/config/events/double-id", test_scan_double_id);
  ADD ("/config/events/nothing", test_scan_nothing);
  ADD ("/config/events/needs-hours", test_by_itself_needs_hours);
  g_test_add_func ("/config/events/hours", test_hours);
  g_test_add_func ("/config/events/find", test_find);
  g_test_add_func ("/config/events/variant", test_variant);
  g_test_add_func ("/config/events/announce", test_announce);
  return g_test_run ();
}
