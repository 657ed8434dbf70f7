/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/config/config.h"
#include "regia/config/pipeline.h"

typedef struct {
  char *folder;
  char *event; /* path of event.conf in it */
} Fixture;

static void
write_file (const Fixture *self, const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static void
write_event (const Fixture *self, const char *rest)
{
  g_autofree char *text = g_strconcat ("[event]\nname = Prova\n[source test]\npipeline = test\n", rest, NULL);

  write_file (self, "event.conf", text, 0600);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("regia-config-XXXXXX", &error);
  g_assert_no_error (error);
  self->event = g_build_filename (self->folder, "event.conf", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (self->folder, name, NULL);

    g_remove (path);
  }
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->event);
}

/* The one fault of the event, which begins at @where of the file and holds @word. */
static void
assert_fault (const Fixture *self, const char *where, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_load (self->event, NULL, &error);
  g_autofree char *expected = g_strconcat (self->event, where, NULL);

  g_assert_null (config);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, expected));
  g_assert_nonnull (strstr (error->message, word));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_null (strstr (error->message, "geheim"));
}

static void
test_not_there (Fixture *self, gconstpointer data)
{
  assert_fault (self, ": cannot be read", "check the name");
}

static void
test_folder (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_load (self->folder, NULL, &error);

  g_assert_null (config);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
}

static void
test_large (Fixture *self, gconstpointer data)
{
  g_autofree char *text = g_strnfill ((1 << 20) + 1, '\n');

  write_file (self, "event.conf", text, 0600);
  assert_fault (self, ": larger than", "check the name");
}

/* A name under which something else is found than a file: said at once, nothing hangs and nothing is opened.
 */
static void
test_no_file (Fixture *self, gconstpointer data)
{
  g_autofree char *socket_path = g_build_filename (self->folder, "socket", NULL);
  g_autofree char *fifo = g_build_filename (self->folder, "fifo", NULL);
  const struct {
    const char *path, *word;
  } things[] = {
      {fifo, "a pipe"},
      {socket_path, "a socket"},
      {self->folder, "a folder"},
      {"/dev/zero", "a device"},
      {"/dev/tty", "a device"},
      {"/proc/version", ""}, /* of size 0, and yet it holds something */
      {"/proc/self/mem", "cannot be read: Input/output error; check the disk"},
      {"/proc/self/task", "a folder"},
  };
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, socket_path, sizeof address.sun_path);
  g_assert_cmpint (bind (listener, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (things); i++) {
    g_autofree char *rest = NULL;
    g_autofree char *link = g_build_filename (self->folder, "mine.pipeline", NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) config = regia_config_load (things[i].path, NULL, &error);
    g_autoptr (RegiaPipelineFile) pipeline = NULL;

    g_assert_null (config);
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
    g_assert_true (g_str_has_prefix (error->message, things[i].path));
    g_assert_nonnull (strstr (error->message, things[i].word));
    g_clear_error (&error);

    g_assert_cmpint (symlink (things[i].path, link), ==, 0);
    pipeline = regia_pipeline_file_load ("capture", link, &error);
    g_assert_null (pipeline);
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
    g_assert_nonnull (strstr (error->message, things[i].word));
    g_unlink (link);

    if (i > 4)
      continue;
    rest = g_strdup_printf ("[relay a]\nurl = rtmp://h/live\nkey_file = %s\n", things[i].path);
    write_event (self, rest);
    assert_fault (self, ":7: [relay a] key_file: ", things[i].word);
  }
  close (listener);
}

/* Text of another kind: each fault is one line, none of it is taken for an event. */
static void
test_odd (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *content;
    gsize length;
    const char *word;
  } odd[] = {
      {"", 0, "is empty"},
      {"[event]\nname = Sal\xf2ne\n", 22, "UTF-8"},
      {"\xff\xfe[\0e\0", 6, "UTF-16"},
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "UTF-8"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaConfig) config = NULL;

    g_assert_true (g_file_set_contents (self->event, odd[i].content, (gssize)odd[i].length, NULL));
    config = regia_config_load (self->event, NULL, &error);
    g_assert_null (config);
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, odd[i].word));
  }
}

/* A gigabyte is not read to find out that it is no event (a file with a hole takes no disk). */
static void
test_huge (Fixture *self, gconstpointer data)
{
  g_autofree char *link = g_build_filename (self->folder, "mine.pipeline", NULL);
  g_autoptr (RegiaPipelineFile) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begun_us = g_get_monotonic_time ();
  struct rusage before, after;

  write_file (self, "event.conf", "", 0600);
  g_assert_cmpint (truncate (self->event, 1 << 30), ==, 0);
  g_assert_cmpint (symlink (self->event, link), ==, 0);
  getrusage (RUSAGE_SELF, &before);
  assert_fault (self, ": larger than", "check the name");
  pipeline = regia_pipeline_file_load ("capture", link, &error);
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
  getrusage (RUSAGE_SELF, &after);
  g_test_message ("%" G_GINT64_FORMAT " ms, %ld KiB more", (g_get_monotonic_time () - begun_us) / 1000,
                  after.ru_maxrss - before.ru_maxrss);
  g_assert_cmpint (after.ru_maxrss - before.ru_maxrss, <, 16 << 10);
}

static void
test_slate (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = NULL;
  g_autoptr (RegiaConfig) later = NULL;
  g_autofree char *path = g_build_filename (self->folder, "slate.png", NULL);

  write_event (self, "[programme]\nslate = slate.png\n");
  assert_fault (self, ":6: [programme] slate: ", "check the path");
  /* a process that starts again in the midst of the event must not fall over this */
  later = regia_config_load (self->event, self->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (regia_config_get (later)->slate, ==, path);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  assert_fault (self, ":6: [programme] slate: ", "is not a file");
  g_assert_cmpint (g_rmdir (path), ==, 0);
  write_file (self, "slate.png", "", 0644);
  config = regia_config_load (self->event, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (regia_config_get (config)->slate, ==, path);
}

static const struct {
  const char *url;
  const char *content;
  int mode;
  const char *word;
} bad_keys[] = {
    {"rtmp://h/live", "geheim\n", 0644, "chmod 600"},
    {"rtmp://h/live", "geheim\n", 0604, "chmod 600"},
    {"rtmp://h/live", "\ngeheim\n", 0600, "first line is empty"},
    {"rtmp://h/live", "", 0600, "first line is empty"},
    {"rtmp://h/live", "geheim geheim\n", 0600, "put the key alone"},
    {"rtmp://h/live", "geheimè\n", 0600, "put the key alone"},
    {"srt://h:9000", "geheim\n", 0600, "10 to 79"},
};

static void
test_keys (Fixture *self, gconstpointer data)
{
  g_autofree char *long_key = g_strnfill (2000, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = NULL;
  g_autofree char *key = NULL;

  write_event (self, "[relay a]\nurl = rtmp://h/live\nkey_file = a.key\n");
  assert_fault (self, ":7: [relay a] key_file: ", "check path and owner");
  write_file (self, "a.key", long_key, 0600);
  assert_fault (self, ":7: [relay a] key_file: ", "too long");
  for (gsize i = 0; i < G_N_ELEMENTS (bad_keys); i++) {
    g_autofree char *rest = g_strdup_printf ("[relay a]\nurl = %s\nkey_file = a.key\n", bad_keys[i].url);

    write_event (self, rest);
    write_file (self, "a.key", bad_keys[i].content, bad_keys[i].mode);
    assert_fault (self, ":7: [relay a] key_file: ", bad_keys[i].word);
  }

  write_event (self, "[relay a]\nurl = srt://h:9000\nkey_file = a.key\n");
  write_file (self, "a.key", "  geheim-geheim\r\nand a remark\n", 0640);
  config = regia_config_load (self->event, NULL, &error);
  g_assert_no_error (error);
  key = regia_config_read_key (g_ptr_array_index (regia_config_get (config)->relays, 0), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (key, ==, "geheim-geheim");
}

static void
test_recordings (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = NULL;

  write_event (self, "[record]\nfolder = event.conf\n");
  assert_fault (self, ":6: [record] folder: ", "is not a folder");
  write_event (self, "[record]\nfolder = missing/too\n");
  assert_fault (self, ":6: [record] folder: ", "make it by hand");
  write_event (self, "[record]\nfolder = missing\n");
  config = regia_config_load (self->event, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (regia_config_get (config)->folder, self->folder));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/config/files/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("not-there", test_not_there);
  ADD ("folder", test_folder);
  ADD ("large", test_large);
  ADD ("no-file", test_no_file);
  ADD ("odd", test_odd);
  ADD ("huge", test_huge);
  ADD ("slate", test_slate);
  ADD ("keys", test_keys);
  ADD ("recordings", test_recordings);
  return g_test_run ();
}
