/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/recorder/library.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session-private.h"

typedef struct {
  char *folder; /* with recordings/ and secret.mp4 in it */
  char *recordings;
  int fd;
} Fixture;

static void
setup (Fixture *self, gconstpointer unused)
{
  g_autofree char *secret = NULL;

  self->folder = g_dir_make_tmp ("regia-library-XXXXXX", NULL);
  self->recordings = g_build_filename (self->folder, "recordings", NULL);
  g_assert_cmpint (mkdir (self->recordings, 0755), ==, 0);
  secret = g_build_filename (self->folder, "secret.mp4", NULL);
  g_assert_true (g_file_set_contents (secret, "secret", -1, NULL));
  self->fd = open (self->recordings, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
remove_cb (const char *path, const struct stat *st, int flag, struct FTW *walk)
{
  return remove (path);
}

static void
teardown (Fixture *self, gconstpointer unused)
{
  close (self->fd);
  nftw (self->folder, remove_cb, 16, FTW_DEPTH | FTW_PHYS);
  g_free (self->folder);
  g_free (self->recordings);
}

static char *
add_path (Fixture *self, const char *id, const char *name)
{
  return g_build_filename (self->recordings, id, name, NULL);
}

static void
put (Fixture *self, const char *id, const char *name, const char *contents)
{
  g_autofree char *path = add_path (self, id, name);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, contents, -1, NULL));
}

static void
put_session (Fixture *self, const char *id, const char *state, gint64 started_ms, const char *file)
{
  g_autoptr (RegiaSession) session = regia_session_new (id, "Sirio migranti: esperienze", "Massa");
  g_autofree char *text = NULL;

  regia_session_set_state (session, state, "");
  session->started_ms = started_ms;
  session->duration_ms = 3000;
  regia_session_add_gap (session, 100, 250, "test");
  if (file != NULL) {
    RegiaSessionFile *entry = regia_session_add_file (session, file);

    entry->size_bytes = 9;
    entry->duration_ms = 3000;
    g_free (entry->sha256);
    entry->sha256 = g_strnfill (64, 'a');
  }
  text = regia_session_to_json (session);
  put (self, id, REGIA_SESSION_FILE, text);
}

static RegiaLibraryItem *
get (RegiaLibrary *library, const char *id)
{
  RegiaLibraryItem *item = regia_library_get (library, id);

  g_assert_nonnull (item);
  return item;
}

static void
test_list (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autoptr (GPtrArray) items = NULL;
  const RegiaLibraryItem *item;
  const RegiaLibraryFile *file;
  g_autofree char *title = NULL;

  put_session (self, "older", "finished", 1664000000000, "programme.mp4");
  put (self, "older", "programme.mp4", "123456789");
  put_session (self, "newer", "finished", 1664436600000, "programme.mp4");
  put (self, "newer", "programme.mp4", "123456789");
  items = regia_library_list (library);
  g_assert_cmpuint (items->len, ==, 2);
  item = g_ptr_array_index (items, 0);
  g_assert_cmpstr (item->id, ==, "newer");
  g_assert_cmpstr (item->state, ==, "finished");
  g_assert_cmpint (item->started_s, ==, 1664436600);
  g_assert_cmpuint (item->size_bytes, ==, 9);
  g_assert_cmpuint (item->gaps, ==, 1);
  g_assert_cmpint (item->gap_ms, ==, 150);
  g_assert_cmpuint (item->files->len, ==, 1);
  file = g_ptr_array_index (item->files, 0);
  g_assert_cmpstr (file->content_type, ==, "video/mp4");
  g_assert_cmpuint (strlen (file->sha256), ==, 64);
  title = regia_library_file_title (g_ptr_array_index (items, 0), file);
  g_assert_cmpstr (title, ==, "2022-09-29-sirio-migranti-esperienze.mp4");
}

static void
test_states (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autoptr (RegiaLibraryItem) held = NULL, left = NULL, gone = NULL, lost = NULL, spoiled = NULL,
                               changed = NULL;
  g_autofree char *path = add_path (self, "held", NULL);
  struct flock shown = {.l_type = F_RDLCK};
  int lock_fd;

  put_session (self, "held", "recording", 1664436600000, NULL);
  put (self, "held", "live/programme-0001.mp4", "12345");
  put_session (self, "left", "recording", 1664436600000, NULL);
  put (self, "left", "live/programme-0001.mp4", "12345");
  put_session (self, "gone", "finished", 1664436600000, "programme.mp4");
  put (self, "lost", "live/programme-0001.mp4", "1234567");
  put (self, "spoiled", REGIA_SESSION_FILE, "{ not json");
  put_session (self, "changed", "finished", 1664436600000, "programme.mp4");
  put (self, "changed", "programme.mp4", "other length");
  lock_fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (fcntl (lock_fd, F_OFD_SETLK, &shown), ==, 0);

  held = get (library, "held");
  g_assert_cmpstr (held->state, ==, "recording");
  g_assert_cmpuint (held->size_bytes, ==, 5);
  left = get (library, "left");
  g_assert_cmpstr (left->state, ==, "interrupted");
  gone = get (library, "gone");
  g_assert_cmpstr (gone->state, ==, "damaged");
  g_assert_cmpuint (gone->files->len, ==, 0);
  lost = get (library, "lost");
  g_assert_cmpstr (lost->state, ==, "interrupted");
  g_assert_cmpuint (lost->size_bytes, ==, 7);
  spoiled = get (library, "spoiled");
  g_assert_cmpstr (spoiled->state, ==, "damaged");
  changed = get (library, "changed");
  g_assert_cmpstr (((RegiaLibraryFile *)g_ptr_array_index (changed->files, 0))->sha256, ==, "");
  close (lock_fd);
}

/* A record of a later version keeps its place in the list, with what to do about it. */
static void
test_newer (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autoptr (RegiaLibraryItem) recorded = NULL, finished = NULL;

  put (self, "recorded", REGIA_SESSION_FILE, "{\"version\":7,\"id\":\"recorded\",\"state\":\"recording\"}");
  put (self, "recorded", "live/programme-0001.mp4", "12345");
  put (self, "finished", REGIA_SESSION_FILE, "{\"version\":7}");
  recorded = get (library, "recorded");
  g_assert_cmpstr (recorded->state, ==, "damaged");
  g_assert_nonnull (strstr (recorded->message, "later version"));
  g_assert_cmpuint (recorded->size_bytes, ==, 5);
  finished = get (library, "finished");
  g_assert_nonnull (strstr (finished->message, "later version"));
}

static void
test_foreign (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autofree char *link = add_path (self, "link", NULL), *plain = add_path (self, "plain", NULL);
  g_autofree char *fifo = NULL;
  g_autoptr (GPtrArray) items = NULL;

  put_session (self, "real", "finished", 1, NULL);
  put (self, "holiday", "photo.jpg", "x");
  put (self, "..sneaky", REGIA_SESSION_FILE, "{}");
  put (self, "a b", REGIA_SESSION_FILE, "{}");
  g_assert_true (g_file_set_contents (plain, "x", 1, NULL));
  g_assert_cmpint (symlink ("real", link), ==, 0);
  put (self, "pipe", "live/keep", "");
  fifo = add_path (self, "pipe", REGIA_SESSION_FILE);
  g_assert_cmpint (mkfifo (fifo, 0644), ==, 0);
  items = regia_library_list (library);
  /* "pipe" has something of the record's name that is no record. */
  g_assert_cmpuint (items->len, ==, 2);
  for (guint i = 0; i < items->len; i++) {
    const RegiaLibraryItem *item = g_ptr_array_index (items, i);

    g_assert_true (strcmp (item->id, "real") == 0 || strcmp (item->state, "damaged") == 0);
  }
}

static void
test_open (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autoptr (RegiaLibraryItem) item = NULL, linked = NULL;
  g_autofree char *path = NULL, *folder = NULL, *moved = NULL;
  g_autoptr (GError) error = NULL;
  const RegiaLibraryFile *file = NULL;
  char text[10] = "";
  int fd;

  put_session (self, "good", "finished", 1664436600000, "programme.mp4");
  put (self, "good", "programme.mp4", "123456789");
  put_session (self, "linked", "finished", 1664436600000, "programme.mp4");
  path = add_path (self, "linked", "programme.mp4");
  g_assert_cmpint (symlink ("../../secret.mp4", path), ==, 0);

  item = get (library, "good");
  fd = regia_library_open (library, item, "programme.mp4", &file, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (file->name, ==, "programme.mp4");
  g_assert_cmpint (read (fd, text, 9), ==, 9);
  g_assert_cmpstr (text, ==, "123456789");
  close (fd);

  for (const char *const *name =
           (const char *const[]){"../secret.mp4", "session.json", "live/x", "", "/etc/passwd", NULL};
       *name != NULL; name++) {
    g_assert_cmpint (regia_library_open (library, item, *name, NULL, &error), ==, -1);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    g_clear_error (&error);
  }

  /* A link where a file should be is no file. */
  linked = get (library, "linked");
  g_assert_cmpuint (linked->files->len, ==, 0);
  g_assert_cmpstr (linked->state, ==, "damaged");

  /* The folder itself is changed into a link after it was listed. */
  folder = add_path (self, "good", NULL);
  moved = g_build_filename (self->folder, "moved", NULL);
  g_assert_cmpint (rename (folder, moved), ==, 0);
  g_assert_cmpint (symlink ("../moved", folder), ==, 0);
  g_assert_cmpint (regia_library_open (library, item, "programme.mp4", NULL, &error), ==, -1);
  g_assert_nonnull (error);
}

static void
put_private (Fixture *self, const char *id, gint64 to_ms)
{
  g_autofree char *path = add_path (self, id, REGIA_SESSION_FILE);
  g_autofree char *text = NULL, *changed = NULL;
  g_autoptr (RegiaSession) session = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, &error));
  session = regia_session_from_json (text, -1, &error);
  g_assert_no_error (error);
  regia_session_set_private (session, 1000, to_ms);
  changed = regia_session_to_json (session);
  put (self, id, REGIA_SESSION_FILE, changed);
}

/* For the public a session with a private span does not exist, also when the span came after it was listed.
 */
static void
test_private (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autoptr (RegiaLibrary) another = regia_library_new (self->fd);
  g_autoptr (GPtrArray) before = NULL, after = NULL;
  g_autoptr (RegiaLibraryItem) listed = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  put_session (self, "open", "finished", 1664000000000, "programme.mp4");
  put (self, "open", "programme.mp4", "123456789");
  put_session (self, "shut", "finished", 1664436600000, "programme.mp4");
  put (self, "shut", "programme.mp4", "123456789");
  before = regia_library_list (library);
  g_assert_cmpuint (before->len, ==, 2);
  g_assert_false (regia_library_is_withheld (library, "shut"));
  listed = get (library, "shut");
  fd = regia_library_open (library, listed, "programme.mp4", NULL, &error);
  g_assert_no_error (error);
  close (fd);

  /* One that lasts counts as well as one that is over. */
  for (gint64 to_ms = 0; to_ms <= 2000; to_ms += 2000) {
    put_private (self, "shut", to_ms);
    g_assert_cmpint (regia_library_open (library, listed, "programme.mp4", NULL, &error), ==, -1);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    g_clear_error (&error);
    g_assert_true (regia_library_is_withheld (library, "shut"));
  }
  g_assert_false (regia_library_is_withheld (library, "open"));
  g_assert_false (regia_library_is_withheld (library, "nothing"));
  g_assert_false (regia_library_is_withheld (library, "../recordings/shut"));
  after = regia_library_list (another);
  g_assert_cmpuint (after->len, ==, 1);
  g_assert_cmpstr (((RegiaLibraryItem *)g_ptr_array_index (after, 0))->id, ==, "open");
  g_assert_null (regia_library_get (another, "shut"));
  /* Listed before, so it may be known for a second; nothing of it is opened. */
  put (self, "shut", REGIA_SESSION_FILE, "{ spoiled");
  g_assert_cmpint (regia_library_open (library, listed, "programme.mp4", NULL, NULL), ==, -1);
}

/* The record is lost, and rebuilt: what stands beside it says that the session is not for the public,
 * whatever it holds. */
static void
test_private_lost (Fixture *self, gconstpointer unused)
{
  static const char *const texts[] = {"", "{\"private\": [{\"from-ms\": 1000, \"to-ms\": 2000}]}"};
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autofree char *record = add_path (self, "shut", REGIA_SESSION_FILE);
  g_autofree char *live = add_path (self, "shut", "live");
  g_autoptr (RegiaLibraryItem) listed = NULL;
  g_autoptr (GError) error = NULL;

  put_session (self, "shut", "finished", 1664436600000, "programme.mp4");
  put (self, "shut", "programme.mp4", "123456789");
  listed = get (library, "shut");
  g_assert_cmpint (mkdir (live, 0755), ==, 0);
  put (self, "shut/live", "programme-0001.mp4", "123456789");
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    for (guint there = 0; there < 2; there++) {
      g_autoptr (RegiaLibrary) another = regia_library_new (self->fd);
      g_autoptr (GPtrArray) items = NULL;

      put (self, "shut", REGIA_SESSION_PRIVATE, texts[i]);
      if (there)
        put_session (self, "shut", "finished", 1664436600000, "programme.mp4");
      else
        g_assert_cmpint (unlink (record), ==, 0);
      items = regia_library_list (another);
      g_assert_cmpuint (items->len, ==, 0);
      g_assert_true (regia_library_is_withheld (another, "shut"));
      g_assert_cmpint (regia_library_open (another, listed, "programme.mp4", NULL, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_clear_error (&error);
    }
}

static void
test_get (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);

  put_session (self, "good", "finished", 1, NULL);
  g_assert_null (regia_library_get (library, ".."));
  g_assert_null (regia_library_get (library, "good/"));
  g_assert_null (regia_library_get (library, ""));
  g_assert_null (regia_library_get (library, "nothing"));
}

/* A thousand sessions: quick, and quicker while nothing changes. */
static void
test_thousand (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autoptr (GPtrArray) first = NULL, second = NULL;
  gint64 begun;

  for (guint i = 0; i < 1000; i++) {
    g_autofree char *id = g_strdup_printf ("session-%04u", i);

    put_session (self, id, "finished", 1664000000000 + i * 1000, "programme.mp4");
    put (self, id, "programme.mp4", "123456789");
  }
  begun = g_get_monotonic_time ();
  first = regia_library_list (library);
  g_test_message ("1000 sessions in %" G_GINT64_FORMAT " ms", (g_get_monotonic_time () - begun) / 1000);
  g_assert_cmpuint (first->len, ==, 1000);
  g_assert_cmpstr (((RegiaLibraryItem *)g_ptr_array_index (first, 0))->id, ==, "session-0999");
  second = regia_library_list (library);
  g_assert_true (first == second);
}

static void
test_variant (Fixture *self, gconstpointer unused)
{
  g_autoptr (RegiaLibrary) library = regia_library_new (self->fd);
  g_autoptr (RegiaLibraryItem) item = NULL;
  g_autoptr (GVariant) variant = NULL, files = NULL, boxed = NULL, file = NULL;
  const char *text;

  put_session (self, "good", "finished", 1664436600000, "programme.mp4");
  put (self, "good", "programme.mp4", "123456789");
  item = get (library, "good");
  variant = g_variant_ref_sink (regia_library_item_to_variant (item));
  g_assert_true (g_variant_lookup (variant, "started", "&s", &text));
  g_assert_cmpstr (text, ==, "2022-09-29T07:30:00.000Z");
  files = g_variant_lookup_value (variant, "files", G_VARIANT_TYPE ("av"));
  g_assert_cmpuint (g_variant_n_children (files), ==, 1);
  boxed = g_variant_get_child_value (files, 0);
  file = g_variant_get_variant (boxed);
  g_assert_true (g_variant_lookup (file, "url", "&s", &text));
  g_assert_cmpstr (text, ==, "recordings/good/programme.mp4");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/recorder/library/" name, Fixture, NULL, setup, func, teardown)
  ADD ("list", test_list);
  ADD ("states", test_states);
  ADD ("foreign", test_foreign);
  ADD ("newer", test_newer);
  ADD ("open", test_open);
  ADD ("private", test_private);
  ADD ("private/lost", test_private_lost);
  ADD ("get", test_get);
  ADD ("thousand", test_thousand);
  ADD ("variant", test_variant);
  return g_test_run ();
}
