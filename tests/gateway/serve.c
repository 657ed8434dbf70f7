/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Not a test: a gateway of made-up media, to measure and to try things on.
 *
 *   gateway-serve [--listen 127.0.0.1:0] [--threads 1] [--frame-bytes 15000] [--recordings FOLDER] \
 *     [--certificate FILE --key FILE]
 *
 * Prints its address and the path of a playlist and of a segment, and serves until its standard input ends.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"

static GBytes *
read_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *data;
  gsize length;

  if (!g_file_get_contents (path, &data, &length, &error))
    g_error ("%s", error->message);
  return g_bytes_new_take (data, length);
}

static RegiaTlsSlot *
speak_tls (const char *certificate_path, const char *key_path)
{
  g_autoptr (GBytes) certificate = read_file (certificate_path), key = read_file (key_path);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaTls) tls = regia_tls_new (certificate, key, NULL, &error);
  RegiaTlsSlot *slot = regia_tls_slot_new ();

  if (tls == NULL)
    g_error ("%s", error->message);
  regia_tls_slot_set (slot, tls);
  signal (SIGPIPE, SIG_IGN);
  return slot;
}

int
main (int argc, char **argv)
{
  g_autofree char *listen = NULL, *folder = NULL, *certificate = NULL, *key = NULL;
  int threads = 1, frame_bytes = 15000;
  GOptionEntry entries[] = {{"listen", 0, 0, G_OPTION_ARG_STRING, &listen, NULL, NULL},
                            {"threads", 0, 0, G_OPTION_ARG_INT, &threads, NULL, NULL},
                            {"certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate, NULL, NULL},
                            {"key", 0, 0, G_OPTION_ARG_FILENAME, &key, NULL, NULL},
                            {"frame-bytes", 0, 0, G_OPTION_ARG_INT, &frame_bytes, NULL, NULL},
                            {"recordings", 0, 0, G_OPTION_ARG_FILENAME, &folder, NULL, NULL},
                            G_OPTION_ENTRY_NULL};
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  RegiaServerOptions options = fixture_options ();
  RegiaTlsSlot *slot = NULL;
  Fixture fixture;
  char scrap[64];

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return 64;
  }
  if (listen != NULL)
    options.listen = listen;
  options.threads = (guint)MAX (threads, 1);
  options.limits.max_connections_per_address = options.limits.max_connections;
  options.limits.max_requests = G_MAXUINT;
  if (certificate != NULL && key != NULL) {
    slot = speak_tls (certificate, key);
    options.tls = slot;
  }
  fixture_start (&fixture, &options, (guint)frame_bytes, folder);
  printf ("%s://127.0.0.1:%u /live/video/64p/index.m3u8 /live/video/64p/%" G_GUINT64_FORMAT ".m4s\n",
          slot != NULL ? "https" : "http", fixture.port, fixture.last_msn);
  fflush (stdout);
  while (read (STDIN_FILENO, scrap, sizeof scrap) > 0)
    ;
  fixture_stop (&fixture);
  regia_tls_slot_free (slot);
  return 0;
}
