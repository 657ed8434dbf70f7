/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which address gives what, with which headers; and downloads of a real file over the wire. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "fixture.h"
#include "regia/isolate/isolate.h"

#define PLAYLIST   "/live/video/64p/index.m3u8"
#define FILE_BYTES 3000000
#define ID         "2022-09-29-sirio-migranti"

typedef struct {
  Fixture gateway;
  char *folder;
  GBytes *programme;
  char *sha256;
} World;

static void
write_session (World *world)
{
  g_autofree char *session = g_build_filename (world->folder, ID, NULL);
  g_autofree char *file = g_build_filename (session, "programme.mp4", NULL);
  g_autofree char *json = g_build_filename (session, "session.json", NULL);
  g_autofree char *text = NULL;
  guint8 *data = g_malloc (FILE_BYTES);

  for (guint i = 0; i < FILE_BYTES; i++)
    data[i] = (guint8)(i * 2654435761u >> 24);
  world->programme = g_bytes_new_take (data, FILE_BYTES);
  world->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, world->programme);
  text = g_strdup_printf (
      "{\"version\":1,\"id\":\"" ID
      "\",\"title\":\"Sirio migranti\",\"place\":\"Massa\",\"state\":\"finished\","
      "\"message\":\"\",\"epoch-ms\":1664436600000,\"started-ms\":1664436600000,\"duration-ms\":60000,"
      "\"files\":[{\"name\":\"programme.mp4\",\"content-type\":\"video/mp4\",\"sha256\":\"%s\","
      "\"size-bytes\":%d,\"duration-ms\":60000,\"tracks\":[]}]}",
      world->sha256, FILE_BYTES);
  g_assert_cmpint (g_mkdir (session, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, (const char *)data, FILE_BYTES, NULL));
  g_assert_true (g_file_set_contents (json, text, -1, NULL));
}

static void
set_up (World *world, gconstpointer data)
{
  RegiaServerOptions options = fixture_options ();

  world->folder = g_dir_make_tmp ("regia-gateway-XXXXXX", NULL);
  write_session (world);
  fixture_start (&world->gateway, &options, 1000, world->folder);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    remove_tree (child);
  }
  g_remove (path);
}

static void
tear_down (World *world, gconstpointer data)
{
  fixture_stop (&world->gateway);
  remove_tree (world->folder);
  g_bytes_unref (world->programme);
  g_free (world->sha256);
  g_free (world->folder);
}

static void
ask (World *world, const char *method, const char *path, const char *fields, ClientAnswer *answer)
{
  client_ask (world->gateway.port, method, path, fields, answer);
}

static void
assert_field (const ClientAnswer *answer, const char *name, const char *value)
{
  g_autofree char *found = client_field (answer, name);
  g_assert_cmpstr (found, ==, value);
}

static void
test_table (World *world, gconstpointer data)
{
  static const struct {
    const char *method, *path;
    guint status;
    const char *type, *cache;
  } table[] = {
      {"GET", "/", 200, "text/html; charset=utf-8", "no-cache"},
      {"HEAD", "/", 200, "text/html; charset=utf-8", "no-cache"},
      {"GET", "/?lang=en", 200, "text/html; charset=utf-8", "no-cache"},
      {"GET", "/?utm_source=a%20b&utm_campaign=c+d:e,(f)", 200, "text/html; charset=utf-8", "no-cache"},
      {"GET", "/recordings", 200, "text/html; charset=utf-8", "no-cache"},
      {"GET", "/live/index.m3u8", 200, "application/vnd.apple.mpegurl",
       "public, max-age=1, stale-while-revalidate=0"},
      {"GET", PLAYLIST, 200, "application/vnd.apple.mpegurl", "public, max-age=1, stale-while-revalidate=0"},
      {"GET", "/live/video/64p/6.m4s", 200, "video/mp4", "public, max-age=31536000, immutable"},
      {"GET", "/live/audio/it/6.m4s", 200, "audio/mp4", "public, max-age=31536000, immutable"},
      {"GET", "/live/video/64p/9999.m4s", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/live/video/64p/18446744073709551616.m4s", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/live/video/64p/-1.m4s", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/live/", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/live", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/live/video/nix/index.m3u8", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/healthz", 200, "text/plain; charset=utf-8", "no-store"},
      {"GET", "/healthz/nix", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/api/v1/status", 200, "application/json", "no-store"},
      {"GET", "/api/v1/recordings", 200, "application/json", "no-cache"},
      {"GET", "/api/v1/recordings/" ID, 200, "application/json", "no-cache"},
      {"GET", "/api/v1/recordings/nix", 404, "application/json", "no-store"},
      {"GET", "/api/v1/recordings/" ID "/x", 404, "application/json", "no-store"},
      {"GET", "/api/v1/openapi.json", 200, "application/json", "no-cache"},
      {"GET", "/api/v1/", 404, "application/json", "no-store"},
      {"GET", "/api/v2/status", 404, "application/json", "no-store"},
      {"GET", "/recordings/" ID "/programme.mp4", 200, "video/mp4", "no-cache"},
      {"HEAD", "/recordings/" ID "/programme.mp4", 200, "video/mp4", "no-cache"},
      {"GET", "/recordings/" ID "/session.json", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/recordings/" ID, 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/recordings/" ID "/", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/recordings/nix/programme.mp4", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/recordings/./programme.mp4", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/index.html", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/assets/nix.js", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/favicon.ico", 404, "text/html; charset=utf-8", "no-store"},
      {"GET", "/nix", 404, "text/html; charset=utf-8", "no-store"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_auto (ClientAnswer) answer = {0};
    gboolean live = g_str_has_prefix (table[i].path, "/live/") && strlen (table[i].path) > 6;
    g_autofree char *guard = NULL, *server = NULL, *length = NULL;

    g_test_message ("%s %s", table[i].method, table[i].path);
    ask (world, table[i].method, table[i].path, NULL, &answer);
    g_assert_cmpuint (answer.status, ==, table[i].status);
    assert_field (&answer, "Content-Type", table[i].type);
    assert_field (&answer, "Cache-Control", table[i].cache);
    assert_field (&answer, "X-Content-Type-Options", "nosniff");
    assert_field (&answer, "Referrer-Policy", "no-referrer");
    assert_field (&answer, "Access-Control-Allow-Origin", live ? "*" : NULL);
    guard = client_field (&answer, "Content-Security-Policy");
    g_assert_nonnull (guard);
    server = client_field (&answer, "Server");
    g_assert_null (server);
    length = client_field (&answer, "Content-Length");
    g_assert_cmpuint (g_ascii_strtoull (length, NULL, 10), >, 0);
    if (strcmp (table[i].method, "GET") == 0)
      g_assert_cmpuint (answer.body->len, ==, g_ascii_strtoull (length, NULL, 10));
  }
}

/* A browser that takes gzip gets it, under a tag of its own, and it is the same script; one that weighs it
 * does not. */
static void
assert_compressed (World *world, const char *path, GByteArray *plain)
{
  g_auto (ClientAnswer) answer = {0}, weighed = {0};
  g_autoptr (GConverter) inflate = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) body = NULL, stream = NULL;
  g_autofree char *whole = g_malloc (plain->len + 1);
  gsize length = 0;
  g_autoptr (GError) error = NULL;
  g_autofree char *etag = NULL, *plain_etag = NULL;

  ask (world, "GET", path, "Accept-Encoding: deflate, gzip, br\r\n", &answer);
  assert_field (&answer, "Content-Encoding", "gzip");
  assert_field (&answer, "Vary", "Accept-Encoding");
  g_assert_cmpuint (answer.body->len, <, plain->len / 2);
  body = g_memory_input_stream_new_from_data (answer.body->data, answer.body->len, NULL);
  stream = g_converter_input_stream_new (body, inflate);
  g_input_stream_read_all (stream, whole, plain->len + 1, &length, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (whole, length, plain->data, plain->len);
  etag = client_field (&answer, "ETag");
  ask (world, "GET", path, "Accept-Encoding: gzip;q=0\r\n", &weighed);
  g_assert_cmpuint (weighed.body->len, ==, plain->len);
  plain_etag = client_field (&weighed, "ETag");
  g_assert_cmpstr (etag, !=, plain_etag);
}

/* Whatever the page loads is there, and for ever. */
static void
test_assets (World *world, gconstpointer data)
{
  g_autoptr (GRegex) regex = g_regex_new ("(?:href|src)=\"(assets/[^\"]+)\"", 0, 0, NULL);
  g_auto (ClientAnswer) page = {0}, again = {0};
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *text = NULL, *etag = NULL, *fields = NULL;
  guint found = 0, compressed = 0;

  ask (world, "GET", "/", NULL, &page);
  text = g_strndup ((const char *)page.body->data, page.body->len);
  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL)) {
    g_autofree char *name = g_match_info_fetch (match, 1), *path = g_strconcat ("/", name, NULL);
    g_auto (ClientAnswer) answer = {0};
    ask (world, "GET", path, NULL, &answer);
    g_assert_cmpuint (answer.status, ==, 200);
    assert_field (&answer, "Cache-Control", "public, max-age=31536000, immutable");
    if (g_str_has_suffix (path, ".js")) {
      assert_compressed (world, path, answer.body);
      compressed++;
    }
    found++;
  }
  g_assert_cmpuint (found, >=, 2);
  g_assert_cmpuint (compressed, >=, 1);
  etag = client_field (&page, "ETag");
  fields = g_strdup_printf ("If-None-Match: %s\r\n", etag);
  ask (world, "GET", "/", fields, &again);
  g_assert_cmpuint (again.status, ==, 304);
}

static void
test_not_modified (World *world, gconstpointer data)
{
  static const char *const paths[] = {PLAYLIST, "/live/video/64p/6.m4s", "/recordings/" ID "/programme.mp4"};

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_auto (ClientAnswer) first = {0}, second = {0}, third = {0};
    g_autofree char *etag = NULL, *fields = NULL, *length = NULL;

    ask (world, "GET", paths[i], NULL, &first);
    etag = client_field (&first, "ETag");
    g_assert_nonnull (etag);
    fields = g_strdup_printf ("If-None-Match: \"x\", %s\r\n", etag);
    ask (world, "GET", paths[i], fields, &second);
    g_assert_cmpuint (second.status, ==, 304);
    g_assert_cmpuint (second.body->len, ==, 0);
    assert_field (&second, "ETag", etag);
    length = client_field (&second, "Content-Length"); /* would be that of the whole (RFC 9110 §15.4.5) */
    g_assert_null (length);
    ask (world, "GET", paths[i], "If-None-Match: \"other\"\r\n", &third);
    g_assert_cmpuint (third.status, ==, 200);
  }
}

/* Why it is not well is nobody's business outside, nor what the status was about to say. */
static void
test_not_well (World *world, gconstpointer data)
{
  g_autoptr (GBytes) why = g_bytes_new_static ("the director", 12);
  static const struct {
    const char *path, *body;
  } table[] = {
      {"/healthz", "not ok"},
      {"/api/v1/status", "{\"error\":\"Nothing is known yet; try again in some seconds\",\"status\":503}"},
  };

  regia_snapshot_post (world->gateway.site.snapshot, NULL, FALSE, why);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_auto (ClientAnswer) answer = {0};

    ask (world, "GET", table[i].path, NULL, &answer);
    g_assert_cmpuint (answer.status, ==, 503);
    g_assert_cmpmem (answer.body->data, answer.body->len, table[i].body, strlen (table[i].body));
    assert_field (&answer, "Retry-After", "5");
    assert_field (&answer, "Cache-Control", "no-store");
  }
}

static char *
get_text (Fixture *gateway, const char *path, guint expected)
{
  g_auto (ClientAnswer) answer = {0};

  g_test_message ("%s", path);
  client_ask (gateway->port, "GET", path, NULL, &answer);
  g_assert_cmpuint (answer.status, ==, expected);
  return g_strndup ((const char *)answer.body->data, answer.body->len);
}

/* The show's own address, and the one that people type: the same tracks, from where each is. Of another show
 * there is nothing. */
static void
test_show (void)
{
  static const struct {
    const char *path;
    guint status;
  } table[] = {
      {"/live/0a1b2c3d/video/64p/index.m3u8", 200},
      {"/live/0a1b2c3d/video/64p/6.m4s", 200},
      {"/live/video/64p/index.m3u8", 404},
      {"/live/0a1b2c3e/index.m3u8", 404},
      {"/live/0a1b2c3/index.m3u8", 404},
      {"/live/0a1b2c3d", 404},
      {"/live/0a1b2c3d/", 404},
      {"/live/0a1b2c3dindex.m3u8", 404},
      {"/live/0a1b2c3d/0a1b2c3d/index.m3u8", 404},
      {"/live/0a1b2c3d/../index.m3u8", 400},
      {"/live/../index.m3u8", 400},
  };
  RegiaServerOptions options = fixture_options ();
  Fixture gateway;
  g_autofree char *own = NULL, *typed = NULL;

  fixture_start_show (&gateway, &options, "0a1b2c3d");
  own = get_text (&gateway, "/live/0a1b2c3d/index.m3u8", 200);
  typed = get_text (&gateway, "/live/index.m3u8", 200);
  g_assert_nonnull (strstr (own, "\nvideo/64p/index.m3u8\n"));
  g_assert_nonnull (strstr (own, "URI=\"audio/it/index.m3u8\""));
  g_assert_null (strstr (own, "0a1b2c3d"));
  g_assert_nonnull (strstr (typed, "\n0a1b2c3d/video/64p/index.m3u8\n"));
  g_assert_nonnull (strstr (typed, "URI=\"0a1b2c3d/audio/it/index.m3u8\""));
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    g_free (get_text (&gateway, table[i].path, table[i].status));
  fixture_stop (&gateway);
}

static void
test_options (World *world, gconstpointer data)
{
  g_auto (ClientAnswer) live = {0}, api = {0}, star = {0};

  ask (world, "OPTIONS", PLAYLIST,
       "Origin: https://elsewhere.example\r\nAccess-Control-Request-Headers: x-regia-viewer\r\n", &live);
  g_assert_cmpuint (live.status, ==, 204);
  assert_field (&live, "Access-Control-Allow-Origin", "*");
  assert_field (&live, "Access-Control-Allow-Headers", "X-Regia-Viewer, Range");
  ask (world, "OPTIONS", "/api/v1/status", "Origin: https://elsewhere.example\r\n", &api);
  g_assert_cmpuint (api.status, ==, 204);
  assert_field (&api, "Access-Control-Allow-Origin", NULL);
  assert_field (&api, "Allow", "GET, HEAD, OPTIONS");
  ask (world, "OPTIONS", "*", NULL, &star);
  g_assert_cmpuint (star.status, ==, 204);
}

static void
test_viewers (World *world, gconstpointer data)
{
  RegiaViewers *viewers = world->gateway.site.viewers;
  gint64 now_ms = g_get_monotonic_time () / 1000;

  for (int i = 0; i < 3; i++) {
    g_autofree char *fields = g_strdup_printf ("X-Regia-Viewer: %x\r\n", 10 + i % 2);
    g_auto (ClientAnswer) answer = {0};
    ask (world, "GET", "/live/video/64p/6.m4s", fields, &answer);
    ask (world, "GET", PLAYLIST, "X-Regia-Viewer: ffff\r\n", &answer); /* a playlist alone is not watching */
    ask (world, "GET", "/live/video/64p/99.m4s", "X-Regia-Viewer: eeee\r\n", &answer);
  }
  g_assert_cmpuint (regia_viewers_count (viewers, now_ms), ==, 2);
}

#define DOWNLOAD "/recordings/" ID "/programme.mp4"

static void
assert_part (World *world, const ClientAnswer *answer, gsize from, gsize to)
{
  g_autofree char *range = g_strdup_printf ("bytes %zu-%zu/%d", from, to, FILE_BYTES);
  const guint8 *data = g_bytes_get_data (world->programme, NULL);

  g_assert_cmpuint (answer->status, ==, 206);
  assert_field (answer, "Content-Range", range);
  g_assert_cmpmem (answer->body->data, answer->body->len, data + from, to - from + 1);
}

static void
test_download (World *world, gconstpointer data)
{
  g_auto (ClientAnswer) whole = {0}, part = {0}, tail = {0}, over = {0}, list = {0}, stale = {0}, fresh = {0},
                        head = {0}, dated = {0};
  g_autofree char *etag = NULL, *modified = NULL, *fresh_fields = NULL, *dated_fields = NULL;
  g_autoptr (GString) bomb = g_string_new ("Range: bytes=0-");

  ask (world, "GET", DOWNLOAD, NULL, &whole);
  g_assert_cmpuint (whole.status, ==, 200);
  g_assert_cmpmem (whole.body->data, whole.body->len, g_bytes_get_data (world->programme, NULL), FILE_BYTES);
  assert_field (&whole, "Accept-Ranges", "bytes");
  assert_field (&whole, "Content-Disposition", "attachment; filename=\"" ID ".mp4\"");
  etag = client_field (&whole, "ETag");
  modified = client_field (&whole, "Last-Modified");
  g_assert_cmpuint (strlen (etag), >, 10);
  g_assert_cmpuint (strlen (modified), ==, 29);

  ask (world, "HEAD", DOWNLOAD, "Range: bytes=5-9\r\n", &head); /* ranges are for GET */
  g_assert_cmpuint (head.status, ==, 200);
  assert_field (&head, "Content-Length", "3000000");
  ask (world, "GET", DOWNLOAD, "Range: bytes=1000000-1999999\r\n", &part);
  assert_part (world, &part, 1000000, 1999999);
  ask (world, "GET", DOWNLOAD, "Range: bytes=-1\r\n", &tail);
  assert_part (world, &tail, FILE_BYTES - 1, FILE_BYTES - 1);
  ask (world, "GET", DOWNLOAD, "Range: bytes=3000000-\r\n", &over);
  g_assert_cmpuint (over.status, ==, 416);
  assert_field (&over, "Content-Range", "bytes */3000000");
  ask (world, "GET", DOWNLOAD, "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n", &stale);
  g_assert_cmpuint (stale.status, ==, 200);
  g_assert_cmpuint (stale.body->len, ==, FILE_BYTES);
  fresh_fields = g_strdup_printf ("Range: bytes=7-8\r\nIf-Range: %s\r\n", etag);
  ask (world, "GET", DOWNLOAD, fresh_fields, &fresh);
  assert_part (world, &fresh, 7, 8);
  dated_fields = g_strdup_printf ("If-Modified-Since: %s\r\n", modified);
  ask (world, "GET", DOWNLOAD, dated_fields, &dated);
  g_assert_cmpuint (dated.status, ==, 304);
  for (int i = 0; i < 3000; i++)
    g_string_append (bomb, ",0-");
  g_string_append (bomb, "\r\n");
  ask (world, "GET", DOWNLOAD, bomb->str, &list);
  g_assert_cmpuint (list.status, ==, 200);
  g_assert_cmpuint (list.body->len, ==, FILE_BYTES);
}

/* A file that loses its end while it is sent ends the connection; it does not hang and nothing is made up. */
static void
test_truncated (World *world, gconstpointer data)
{
  g_autofree char *path = g_build_filename (world->folder, ID, "programme.mp4", NULL);
  g_auto (ClientAnswer) answer = {0};
  int fd = client_connect (world->gateway.port, 4096);

  g_assert_cmpint (truncate (path, 40000000), ==, 0);
  client_send (fd, "GET " DOWNLOAD " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  g_assert_cmpint (recv (fd, &(char){0}, 1, MSG_PEEK), ==, 1);
  g_assert_cmpint (truncate (path, 100), ==, 0);
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpuint (answer.body->len, <, 40000000);
  close (fd);
  client_ask (world->gateway.port, "GET", PLAYLIST, NULL, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
}

/* A real client takes up an interrupted download. */
static void
test_curl_resume (World *world, gconstpointer data)
{
  g_autofree char *got = g_build_filename (world->folder, "got", NULL), *content = NULL;
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" DOWNLOAD, world->gateway.port);
  g_autofree char *program = g_find_program_in_path ("curl");
  const char *argv[] = {"curl", "--silent", "--show-error", "--fail", "--continue-at", "-", "--output", got,
                        url,    NULL};
  g_autoptr (GError) error = NULL;
  int status = -1;
  gsize length;

  if (program == NULL) {
    g_test_skip ("curl is not installed");
    return;
  }
  g_assert_true (g_file_set_contents (got, g_bytes_get_data (world->programme, NULL), 1234567, NULL));
  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, &error));
  g_assert_true (g_file_get_contents (got, &content, &length, NULL));
  g_assert_cmpmem (content, length, g_bytes_get_data (world->programme, NULL), FILE_BYTES);
}

static int
connect_fails (guint port)
{
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons ((guint16)port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), code = 0;

  if (connect (fd, (struct sockaddr *)&to, sizeof to) < 0)
    code = errno;
  close (fd);
  return code;
}

/* The process is shut in, and downloads still work. In a child: there is no way out of it. */
static void
test_isolated (void)
{
  RegiaServerOptions options = fixture_options ();
  World world = {0};
  RegiaIsolated done;
  g_autoptr (GError) error = NULL;
  const char *folders[] = {NULL, NULL};
  const RegiaIsolation isolation = {.read_only = folders};
  g_autofree char *inside = NULL, *made = NULL;
  g_auto (ClientAnswer) answer = {0};
  int fd;

  if (!g_test_subprocess ()) {
    g_autofree char *folder = g_dir_make_tmp ("regia-gateway-XXXXXX", NULL);
    g_setenv ("ISOLATED_FOLDER", folder, TRUE);
    g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
    remove_tree (folder); /* the child cannot any more */
    g_test_trap_assert_passed ();
    return;
  }
  world.folder = g_strdup (g_getenv ("ISOLATED_FOLDER"));
  write_session (&world);
  folders[0] = world.folder;
  inside = g_build_filename (world.folder, ID, "session.json", NULL);
  made = g_build_filename (world.folder, "new", NULL);
  fixture_prepare (&world.gateway, &options, 100, world.folder);
  fd = client_connect (world.gateway.port, 0); /* before: the process cannot connect to anything afterwards */

  g_assert_true (regia_isolate (&isolation, &done, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (done.threads, ==, 1);
  if (!regia_server_start (world.gateway.server, &error))
    g_error ("%s", error->message);
  if (done.landlock_abi > 0) {
    g_assert_cmpint (g_access ("/etc/passwd", F_OK), ==, 0); /* seen, but … */
    g_assert_cmpint (g_open ("/etc/passwd", O_RDONLY, 0), ==, -1);
    g_assert_cmpint (g_open (made, O_WRONLY | O_CREAT, 0600), ==, -1);
    g_assert_cmpint (g_open (inside, O_WRONLY, 0), ==, -1);
    g_assert_cmpint (g_unlink (inside), ==, -1);
  }
  if (done.system_calls)
    g_assert_cmpint (connect_fails (world.gateway.port), !=, 0);
  client_send (fd, "GET " DOWNLOAD " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client_receive (fd, FALSE, &answer);
  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpuint (answer.body->len, ==, FILE_BYTES);
  close (fd);
  _exit (0); /* past the end of the test framework, which would look for files */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/gateway/router/" name, World, NULL, set_up, func, tear_down)
  ADD ("table", test_table);
  ADD ("assets", test_assets);
  ADD ("not-modified", test_not_modified);
  ADD ("not-well", test_not_well);
  ADD ("options", test_options);
  ADD ("viewers", test_viewers);
  ADD ("download", test_download);
  ADD ("truncated", test_truncated);
  ADD ("curl-resume", test_curl_resume);
  g_test_add_func ("/gateway/router/show", test_show);
  g_test_add_func ("/gateway/router/isolated", test_isolated);
  return g_test_run ();
}
