/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is handed the feed, with real processes: this very program again, as an engine that writes a reader's
 * name and rights into what it is given, and as readers that say what they read. Each pair is of one run of
 * both.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../part.h"
#include "../wait.h"
#include "readers-private.h"
#include "regia/control/child.h"

/* The children's side */

static gboolean
start_cb (RegiaChild *child, gpointer data, GError **error)
{
  *(RegiaChild **)data = child;
  return TRUE;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer data)
{
  regia_child_stopped (child);
}

static const char *const rights_words[] = {
    [REGIA_CHILD_PUBLIC] = "some", [REGIA_CHILD_HOUSE] = "all", [REGIA_CHILD_RECORD] = "most"};

static gboolean
add_reader_cb (int fd, const char *name, RegiaChildRights rights, gpointer data, GError **error)
{
  static guint refusals = 0;

  if (g_str_equal (name, "reader full") && refusals++ < 3) {
    close (fd);
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "there are 128 readers already");
    return FALSE;
  }
  dprintf (fd, "%s for %s of %d", rights_words[rights], name, getpid ());
  close (fd);
  return TRUE;
}

static void
read_text (int fd, char *text, gsize size)
{
  gsize length = 0;
  ssize_t n;

  while ((n = read (fd, text + length, size - 1 - length)) > 0)
    length += (gsize)n;
  text[length] = '\0';
  close (fd);
}

static void
use_feed_cb (int fd, gpointer data)
{
  GVariantDict dict;
  char text[200];

  read_text (fd, text, sizeof text);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "read", "s", text);
  regia_child_set_state (*(RegiaChild **)data, g_variant_dict_end (&dict));
}

static const RegiaChildClass source_class = {.kind = "source",
                                             .size = sizeof (RegiaChild *),
                                             .start = start_cb,
                                             .stop = stop_cb,
                                             .add_reader = add_reader_cb};
static const RegiaChildClass reader_class = {.kind = "reader",
                                             .size = sizeof (RegiaChild *),
                                             .start = start_cb,
                                             .stop = stop_cb,
                                             .use_feed = use_feed_cb};

/* The director's side */

typedef struct {
  RegiaReaders *readers;
  RegiaProcess *source, *house, *public, *keeps;
} Fixture;

static GVariant *
part_cb (RegiaProcess *process, gpointer user_data)
{
  return part_new (NULL, "/none", "1:2:b", 1);
}

static void
changed_cb (RegiaProcess *process, gpointer user_data)
{
  regia_readers_match (((Fixture *)user_data)->readers);
}

static const RegiaProcessCallbacks callbacks = {.part = part_cb, .changed = changed_cb};

static void
set_up (Fixture *f, gconstpointer data)
{
  f->readers = regia_readers_new ();
  f->source = regia_process_new ("source", "", &callbacks, f);
  f->house = regia_process_new ("reader", "one", &callbacks, f);
  f->public = regia_process_new ("reader", "two", &callbacks, f);
  f->keeps = regia_process_new ("reader", "three", &callbacks, f);
  regia_readers_set_engine (f->readers, f->source);
  regia_readers_add (f->readers, f->house, REGIA_READERS_HOUSE);
  regia_readers_add (f->readers, f->public, REGIA_READERS_PUBLIC);
  regia_readers_add (f->readers, f->keeps, REGIA_READERS_RECORD);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  regia_readers_free (f->readers);
  f->readers = regia_readers_new (); /* for the last changes */
  regia_process_free (f->keeps);
  regia_process_free (f->public);
  regia_process_free (f->house);
  regia_process_free (f->source);
  regia_readers_free (f->readers);
}

static int
get_pid (RegiaProcess *process)
{
  g_autoptr (GVariant) description = g_variant_ref_sink (regia_process_to_variant (process));
  guint64 pid = 0;

  g_variant_lookup (description, "pid", "t", &pid);
  return (int)pid;
}

/* Whether @process has read from @source's present run, with @rights. */
static gboolean
has_read (RegiaProcess *process, RegiaProcess *source, const char *rights)
{
  g_autoptr (GVariant) state = regia_process_get_published (process);
  g_autofree char *wanted =
      g_strdup_printf ("%s for %s of %d", rights, regia_process_get_name (process), get_pid (source));
  const char *text = "";

  g_variant_lookup (state, "read", "&s", &text);
  return strcmp (text, wanted) == 0;
}

static void
test_pairs (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char text[200];
  int fd;

  /* Readers before the engine. */
  regia_process_start (f->house);
  regia_process_start (f->public);
  WAIT_UNTIL (regia_process_get_run (f->house) != 0 && regia_process_get_run (f->public) != 0);
  g_assert_cmpint (regia_readers_open (f->readers, &error), ==, -1);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED);
  regia_process_start (f->source);
  WAIT_UNTIL (has_read (f->house, f->source, "all") && has_read (f->public, f->source, "some"));
  /* Each of them killed: another pair. */
  kill (get_pid (f->source), SIGKILL);
  WAIT_UNTIL (regia_process_get_restarts (f->source) == 1 && regia_process_get_run (f->source) != 0);
  WAIT_UNTIL (has_read (f->house, f->source, "all") && has_read (f->public, f->source, "some"));
  g_assert_cmpuint (regia_process_get_restarts (f->house), ==, 0);
  kill (get_pid (f->public), SIGKILL);
  WAIT_UNTIL (regia_process_get_restarts (f->public) == 1 && regia_process_get_run (f->public) != 0);
  WAIT_UNTIL (has_read (f->public, f->source, "some"));
  /* `regia tap`, twice. */
  for (guint i = 1; i <= 2; i++) {
    g_autofree char *wanted = g_strdup_printf ("all for tap %u of %d", i, get_pid (f->source));

    fd = regia_readers_open (f->readers, NULL);
    g_assert_cmpint (fd, >=, 0);
    read_text (fd, text, sizeof text);
    g_assert_cmpstr (text, ==, wanted);
  }
}

/* Refused by the engine it is tried again until it is let in, and in between people are told. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (RegiaProcess) full = regia_process_new ("reader", "full", &callbacks, f);
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);

  regia_readers_add (f->readers, full, REGIA_READERS_PUBLIC);
  regia_process_start (f->source);
  regia_process_start (full);
  WAIT_UNTIL ((regia_readers_warn (f->readers, warnings), warnings->len > 0));
  g_assert_nonnull (strstr (g_ptr_array_index (warnings, 0), "reader full"));
  g_assert_nonnull (strstr (g_ptr_array_index (warnings, 0), "there are 128 readers already"));
  WAIT_UNTIL (has_read (full, f->source, "some"));
  g_ptr_array_set_size (warnings, 0);
  WAIT_UNTIL (
      (g_ptr_array_set_size (warnings, 0), regia_readers_warn (f->readers, warnings), warnings->len == 0));
  g_assert_cmpuint (regia_process_get_restarts (full) + regia_process_get_restarts (f->source), ==, 0);
  regia_readers_free (f->readers);
  f->readers = regia_readers_new ();
}

/* While it is rehearsed the house alone is given a way to the feed, whoever is started anew; then all are. */
static void
test_rehearsal (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) state = NULL;

  regia_readers_set_rehearsal (f->readers, TRUE);
  regia_process_start (f->source);
  regia_process_start (f->public);
  regia_process_start (f->keeps);
  WAIT_UNTIL (regia_process_get_run (f->public) != 0 && regia_process_get_run (f->keeps) != 0);
  regia_process_start (f->house);
  WAIT_UNTIL (has_read (f->house, f->source, "all"));
  kill (get_pid (f->source), SIGKILL);
  WAIT_UNTIL (regia_process_get_restarts (f->source) == 1 && regia_process_get_run (f->source) != 0);
  WAIT_UNTIL (has_read (f->house, f->source, "all"));
  state = regia_process_get_published (f->public);
  g_assert_cmpuint (g_variant_n_children (state), ==, 0);
  g_variant_unref (state);
  state = regia_process_get_published (f->keeps);
  g_assert_cmpuint (g_variant_n_children (state), ==, 0);
  regia_readers_set_rehearsal (f->readers, FALSE);
  regia_readers_match (f->readers);
  WAIT_UNTIL (has_read (f->public, f->source, "some") && has_read (f->keeps, f->source, "most"));
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "child") == 0)
    return regia_child_main (strcmp (argv[2], "source") == 0 ? &source_class : &reader_class, argc - 2,
                             argv + 2);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add ("/director/readers/pairs", Fixture, NULL, set_up, test_pairs, tear_down);
  g_test_add ("/director/readers/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/director/readers/rehearsal", Fixture, NULL, set_up, test_rehearsal, tear_down);
  return g_test_run ();
}
