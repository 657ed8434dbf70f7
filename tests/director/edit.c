/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Editing event files: names that lead elsewhere, versions, faults, secrets, full disks, kill -9. */
#include "edit-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "editor-private.h"
#include "regia/base/error.h"

#define EVENT "[event]\nname = %s\n[source a]\npipeline = rtsp\nlocation = rtsp://192.0.2.1/\npassword = %s\n"

typedef struct {
  char *dir, *events, *hall;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->dir = g_dir_make_tmp ("regia-edit-XXXXXX", &error);
  g_assert_no_error (error);
  self->events = g_build_filename (self->dir, "events", NULL);
  self->hall = g_build_filename (self->dir, "hall.conf", NULL);
  g_assert_cmpint (g_mkdir (self->events, 0700), ==, 0);
  g_file_set_contents (self->hall, "[web]\nlisten = 127.0.0.1:9999\n", -1, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", self->dir);

  g_assert_cmpint (system (command), ==, 0);
  g_free (self->dir);
  g_free (self->events);
  g_free (self->hall);
}

static char *
path_of (Fixture *self, const char *name)
{
  return g_build_filename (self->events, name, NULL);
}

static char *
content_of (Fixture *self, const char *name)
{
  g_autofree char *path = path_of (self, name);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

static RegiaEdit *
edit_new (Fixture *self, RegiaEditAction action, const char *name, const char *text, const char *version)
{
  RegiaEdit *edit = g_new (RegiaEdit, 1);

  *edit = (RegiaEdit){action,        g_strdup (name),         g_strdup (text),       g_strdup (version),
                      g_strdup (""), g_strdup (self->events), g_strdup (self->hall), g_strdup ("")};
  return edit;
}

/* What came of it: the outcome, or the code of the error after a `!`. @ret_result: (nullable). */
static char *
act (RegiaEdit *edit, GVariant **ret_result)
{
  g_autoptr (RegiaEdit) owned = edit;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = regia_edit_perform (owned, &error);
  char *outcome = NULL;

  if (result == NULL)
    return g_strdup_printf ("!%s %d", error->domain == REGIA_ERROR ? "regia" : "io", error->code);
  g_variant_lookup (result, "outcome", "s", &outcome);
  if (ret_result != NULL)
    *ret_result = g_steal_pointer (&result);
  return outcome;
}

#define ASSERT_OUTCOME(expected, edit, ret_result)                                                           \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    g_autofree char *outcome_ = act (edit, ret_result);                                                      \
    g_assert_cmpstr (outcome_, ==, expected);                                                                \
  }                                                                                                          \
  G_STMT_END

static char *
text_of (const char *name, const char *password)
{
  return g_strdup_printf (EVENT, name, password);
}

static const char *
get (GVariant *result, const char *key)
{
  const char *value = NULL;

  g_variant_lookup (result, key, "&s", &value);
  return value;
}

static void
test_names (void)
{
  static const char *const good[] = {"a.conf", "2026-03-01.conf", "A_b.c-d.conf", NULL};
  static const char *const bad[] = {"",          ".conf",     ".a.conf",  "a",        "a.conf~",
                                    "../a.conf", "/a.conf",   "b/a.conf", "a\n.conf", "-a.conf",
                                    "a b.conf",  "à.conf",    "a.conf/",  "..conf",   "a%2f.conf",
                                    "\\a.conf",  "hall.CONF", "a.conf.",  NULL};
  g_autofree char *longest = g_strnfill (95, 'a'), *fits = g_strconcat (longest, ".conf", NULL);
  g_autofree char *too_long = g_strconcat ("a", fits, NULL);

  for (guint i = 0; good[i] != NULL; i++)
    g_assert_true (regia_edit_is_name (good[i]));
  g_assert_true (regia_edit_is_name (fits));
  g_assert_false (regia_edit_is_name (too_long));
  for (guint i = 0; bad[i] != NULL; i++)
    g_assert_false (regia_edit_is_name (bad[i]));
}

static void
test_life (Fixture *self, gconstpointer data)
{
  g_autofree char *first = text_of ("One", "sesame"), *second = NULL, *version = NULL, *there = NULL;
  g_autoptr (GVariant) made = NULL, shown = NULL, written = NULL, removed = NULL;
  g_autoptr (GString) edited = NULL;

  ASSERT_OUTCOME ("missing", edit_new (self, REGIA_EDIT_READ, "one.conf", NULL, ""), NULL);
  ASSERT_OUTCOME ("good", edit_new (self, REGIA_EDIT_CHECK, "one.conf", first, ""), NULL);
  g_assert_null (content_of (self, "one.conf"));
  ASSERT_OUTCOME ("made", edit_new (self, REGIA_EDIT_WRITE, "one.conf", first, ""), &made);
  ASSERT_OUTCOME ("read", edit_new (self, REGIA_EDIT_READ, "one.conf", NULL, ""), &shown);
  g_assert_cmpstr (get (shown, "version"), ==, get (made, "version"));
  g_assert_null (strstr (get (shown, "text"), "sesame"));

  /* written back with its mask and a line more: the secret is the one that was there */
  edited = g_string_new (get (shown, "text"));
  g_string_append (edited, "# more\n");
  ASSERT_OUTCOME ("changed", edit_new (self, REGIA_EDIT_WRITE, "one.conf", edited->str, "0123"), NULL);
  ASSERT_OUTCOME ("exists", edit_new (self, REGIA_EDIT_WRITE, "one.conf", edited->str, ""), NULL);
  ASSERT_OUTCOME ("written",
                  edit_new (self, REGIA_EDIT_WRITE, "one.conf", edited->str, get (shown, "version")),
                  &written);
  there = content_of (self, "one.conf");
  second = g_strconcat (first, "# more\n", NULL);
  g_assert_cmpstr (there, ==, second);
  /* the same again, as after an answer that was lost */
  ASSERT_OUTCOME ("unchanged",
                  edit_new (self, REGIA_EDIT_WRITE, "one.conf", edited->str, get (shown, "version")), NULL);

  ASSERT_OUTCOME ("changed", edit_new (self, REGIA_EDIT_REMOVE, "one.conf", NULL, get (shown, "version")),
                  NULL);
  ASSERT_OUTCOME ("removed", edit_new (self, REGIA_EDIT_REMOVE, "one.conf", NULL, get (written, "version")),
                  &removed);
  g_assert_null (content_of (self, "one.conf"));
  ASSERT_OUTCOME ("missing", edit_new (self, REGIA_EDIT_REMOVE, "one.conf", NULL, get (written, "version")),
                  NULL);
  ASSERT_OUTCOME ("missing",
                  edit_new (self, REGIA_EDIT_WRITE, "one.conf", edited->str, get (written, "version")), NULL);
}

/* What was removed is in the bin, whole. */
static void
test_bin (Fixture *self, gconstpointer data)
{
  g_autofree char *text = text_of ("One", "sesame"), *bin = path_of (self, REGIA_EDIT_BIN), *path = NULL,
                  *kept = NULL;
  g_autoptr (GVariant) made = NULL;
  g_autoptr (GDir) dir = NULL;

  ASSERT_OUTCOME ("made", edit_new (self, REGIA_EDIT_WRITE, "one.conf", text, ""), &made);
  ASSERT_OUTCOME ("removed", edit_new (self, REGIA_EDIT_REMOVE, "one.conf", NULL, get (made, "version")),
                  NULL);
  dir = g_dir_open (bin, 0, NULL);
  path = g_build_filename (bin, g_dir_read_name (dir), NULL);
  g_assert_null (g_dir_read_name (dir));
  g_assert_true (g_file_get_contents (path, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, text);
}

static void
test_faults (Fixture *self, gconstpointer data)
{
  g_autofree char *text = text_of ("One", "sesame"), *twin = text_of ("One", "other");
  g_autofree char *masked = text_of ("Two", "********"), *there = NULL;
  g_autoptr (GVariant) faulty = NULL, same = NULL, made = NULL, faults = NULL;
  RegiaEdit *copy;

  ASSERT_OUTCOME ("faulty",
                  edit_new (self, REGIA_EDIT_WRITE, "bad.conf",
                            "[event]\nname = Bad\nstart = soon\n[source a]\npipeline = test\n", ""),
                  &faulty);
  g_assert_null (content_of (self, "bad.conf"));
  faults = g_variant_lookup_value (faulty, "faults", G_VARIANT_TYPE ("av"));
  g_assert_cmpuint (g_variant_n_children (faults), ==, 1);
  {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (faults, 0), one = g_variant_get_variant (boxed);
    guint64 line = 0;

    g_variant_lookup (one, "line", "t", &line);
    g_assert_cmpuint (line, ==, 3);
    g_assert_cmpstr (get (one, "group"), ==, "event");
    g_assert_cmpstr (get (one, "key"), ==, "start");
    g_assert_cmpstr (get (one, "file"), ==, "");
  }

  /* an id that another event has; a mask that stands for nothing, and with a file that it is from */
  ASSERT_OUTCOME ("made", edit_new (self, REGIA_EDIT_WRITE, "one.conf", text, ""), NULL);
  ASSERT_OUTCOME ("faulty", edit_new (self, REGIA_EDIT_WRITE, "twin.conf", twin, ""), &same);
  ASSERT_OUTCOME ("faulty", edit_new (self, REGIA_EDIT_WRITE, "two.conf", masked, ""), NULL);
  copy = edit_new (self, REGIA_EDIT_WRITE, "two.conf", masked, "");
  g_free (copy->from);
  copy->from = g_strdup ("one.conf");
  ASSERT_OUTCOME ("made", copy, &made);
  there = content_of (self, "two.conf");
  g_assert_nonnull (strstr (there, "password = sesame\n"));
}

static void
test_refused (Fixture *self, gconstpointer data)
{
  g_autofree char *text = text_of ("One", "sesame"), *link = path_of (self, "link.conf");
  g_autofree char *folder = path_of (self, "folder.conf"), *big = g_strnfill (REGIA_EDIT_MAX_BYTES + 1, '\n');
  g_autofree char *pipe = path_of (self, "pipe.conf"), *hall_before = NULL, *hall_after = NULL, *there = NULL;
  g_autoptr (GVariant) made = NULL, hall = NULL;
  RegiaEdit *edit;

  g_assert_cmpint (symlink (self->hall, link), ==, 0);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_true (g_file_get_contents (self->hall, &hall_before, NULL, NULL));
  for (RegiaEditAction action = REGIA_EDIT_READ; action < REGIA_EDITS; action++) {
    static const char *const names[] = {"../hall.conf", "/etc/passwd", "link.conf", "folder.conf",
                                        "pipe.conf",    ".x.conf",     "",          NULL};

    for (guint i = 0; names[i] != NULL; i++) {
      g_autofree char *outcome = act (edit_new (self, action, names[i], text, ""), NULL);

      g_assert_cmpint (outcome[0], ==, '!');
    }
  }
  g_assert_true (g_file_get_contents (self->hall, &hall_after, NULL, NULL));
  g_assert_cmpstr (hall_before, ==, hall_after);
  {
    g_autofree char *outcome = act (edit_new (self, REGIA_EDIT_WRITE, "big.conf", big, ""), NULL);

    g_assert_true (g_str_has_prefix (outcome, "!regia"));
  }

  /* what runs, and the hall, are not removed; they can be written */
  ASSERT_OUTCOME ("made", edit_new (self, REGIA_EDIT_WRITE, "one.conf", text, ""), &made);
  edit = edit_new (self, REGIA_EDIT_REMOVE, "one.conf", NULL, get (made, "version"));
  g_free (edit->running);
  edit->running = path_of (self, "one.conf");
  {
    g_autofree char *outcome = act (edit, NULL);

    g_assert_true (g_str_has_prefix (outcome, "!regia"));
  }
  there = content_of (self, "one.conf");
  g_assert_cmpstr (there, ==, text);
  ASSERT_OUTCOME ("read", edit_new (self, REGIA_EDIT_READ, "hall", NULL, ""), &hall);
  ASSERT_OUTCOME ("faulty",
                  edit_new (self, REGIA_EDIT_WRITE, "hall", "[event]\nname = x\n", get (hall, "version")),
                  NULL);
  ASSERT_OUTCOME ("written",
                  edit_new (self, REGIA_EDIT_WRITE, "hall", "[event]\nplace = Aula\n", get (hall, "version")),
                  NULL);
  {
    g_autofree char *outcome = act (edit_new (self, REGIA_EDIT_REMOVE, "hall", NULL, ""), NULL);

    g_assert_true (g_str_has_prefix (outcome, "!regia"));
  }
}

/* A disk that takes no more: the old text is there whole, and nothing else. */
static void
test_full (Fixture *self, gconstpointer data)
{
  g_autofree char *text = text_of ("One", "sesame"), *longer = NULL, *there = NULL,
                  *filler = g_strnfill (4000, '#');
  g_autoptr (GVariant) made = NULL;
  const struct rlimit none = {1024, RLIM_INFINITY};
  struct rlimit before;
  g_autoptr (GDir) dir = NULL;
  g_autofree char *outcome = NULL;

  longer = g_strconcat (text, filler, "\n", NULL);
  ASSERT_OUTCOME ("made", edit_new (self, REGIA_EDIT_WRITE, "one.conf", text, ""), &made);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &none), ==, 0);
  outcome = act (edit_new (self, REGIA_EDIT_WRITE, "one.conf", longer, get (made, "version")), NULL);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_cmpint (outcome[0], ==, '!');
  there = content_of (self, "one.conf");
  g_assert_cmpstr (there, ==, text);
  dir = g_dir_open (self->events, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "one.conf");
  g_assert_null (g_dir_read_name (dir));
}

/* Killed at any moment, the file is one of those that were written, whole, and what was answered is there. */
static void
test_killed (Fixture *self, gconstpointer data)
{
  for (guint round = 0; round < (g_test_slow () ? 100 : 8); round++) {
    g_autofree char *there = NULL;
    int answers[2], status, last = -1, read_one;
    pid_t child;

    g_assert_cmpint (pipe (answers), ==, 0);
    child = fork ();
    if (child == 0) {
      g_autofree char *version = NULL;
      g_autofree char *old = content_of (self, "one.conf");

      version = old != NULL ? g_compute_checksum_for_string (G_CHECKSUM_SHA256, old, -1) : g_strdup ("");
      if (old != NULL)
        version[32] = '\0';
      for (int i = 0;; i++) {
        g_autofree char *name = g_strdup_printf ("Round %u %d", round, i), *text = text_of (name, "sesame");
        g_autoptr (RegiaEdit) edit = edit_new (self, REGIA_EDIT_WRITE, "one.conf", text, version);
        g_autoptr (GVariant) result = regia_edit_perform (edit, NULL);

        if (result == NULL || write (answers[1], &i, sizeof i) != sizeof i)
          _exit (1);
        g_free (version);
        version = g_strdup (get (result, "version"));
      }
    }
    close (answers[1]);
    for (guint i = 0; i < 1 + round % 4; i++)
      g_assert_cmpint (read (answers[0], &last, sizeof last), ==, sizeof last);
    g_usleep (round * 300);
    kill (child, SIGKILL);
    g_assert_cmpint (waitpid (child, &status, 0), ==, child);
    while (read (answers[0], &read_one, sizeof read_one) == sizeof read_one)
      last = read_one;
    close (answers[0]);
    there = content_of (self, "one.conf");
    {
      g_autofree char *name = g_strdup_printf ("Round %u %d", round, last), *text = text_of (name, "sesame");
      g_autofree char *next_name = g_strdup_printf ("Round %u %d", round, last + 1);
      g_autofree char *next = text_of (next_name, "sesame");

      g_assert_true (g_str_equal (there, text) || g_str_equal (there, next));
    }
  }
}

static void
answered_cb (GVariant *result, const GError *error, gpointer data)
{
  g_autofree char *line = NULL;

  if (result != NULL)
    line = g_strdup (get (result, "outcome"));
  g_string_append_printf (data, "%s;", line != NULL ? line : error->domain == G_IO_ERROR ? "gone" : "full");
}

static void
changed_cb (const char *who, const char *what, gpointer user_data)
{
  g_string_append_printf (user_data, "%s: %s;", who, what);
}

/* One after the other, in the order in which they came; each change is told once. */
static void
test_queue (Fixture *self, gconstpointer data)
{
  g_autofree char *text = text_of ("One", "sesame"), *other = text_of ("Other", "sesame");
  g_autoptr (GString) answers = g_string_new (NULL), changes = g_string_new (NULL);
  RegiaEditor *editor = regia_editor_new (changed_cb, changes);

  regia_editor_do (editor, edit_new (self, REGIA_EDIT_WRITE, "one.conf", text, ""), "anna", answered_cb,
                   answers);
  regia_editor_do (editor, edit_new (self, REGIA_EDIT_WRITE, "one.conf", other, ""), "bruno", answered_cb,
                   answers);
  regia_editor_do (editor, edit_new (self, REGIA_EDIT_READ, "one.conf", NULL, ""), "anna", answered_cb,
                   answers);
  for (gint64 until = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
       !g_str_equal (answers->str, "made;exists;read;") && g_get_monotonic_time () < until;)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (answers->str, ==, "made;exists;read;");
  g_assert_cmpstr (changes->str, ==, "anna: made one.conf;");

  /* with as many that wait the next is refused; whoever waits when all ends is told so */
  g_string_truncate (answers, 0);
  for (guint i = 0; i <= REGIA_EDITOR_QUEUE; i++)
    regia_editor_do (editor, edit_new (self, REGIA_EDIT_READ, "one.conf", NULL, ""), "anna", answered_cb,
                     answers);
  g_assert_cmpstr (answers->str, ==, "full;");
  regia_editor_free (editor);
  g_assert_cmpuint (answers->len, ==, strlen ("full;") * (REGIA_EDITOR_QUEUE + 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/director/edit/names", test_names);
  g_test_add ("/director/edit/life", Fixture, NULL, set_up, test_life, tear_down);
  g_test_add ("/director/edit/bin", Fixture, NULL, set_up, test_bin, tear_down);
  g_test_add ("/director/edit/faults", Fixture, NULL, set_up, test_faults, tear_down);
  g_test_add ("/director/edit/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/director/edit/full-disk", Fixture, NULL, set_up, test_full, tear_down);
  g_test_add ("/director/edit/killed", Fixture, NULL, set_up, test_killed, tear_down);
  g_test_add ("/director/edit/queue", Fixture, NULL, set_up, test_queue, tear_down);
  return g_test_run ();
}
