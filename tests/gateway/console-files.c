/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Event files over HTTP: who may, which version is meant, and what a status says of what became of it. */
#include <string.h>

#include "client.h"
#include "console-house.h"

#define JSON       "Content-Type: application/json\r\n"
#define TECHNICIAN "Authorization: Bearer " DIRECTOR_TECHNICIAN "\r\n"
#define STAFF      "Authorization: Bearer " DIRECTOR_STAFF "\r\n"
#define COOKIE     "Cookie: regia_session=" DIRECTOR_TECHNICIAN "\r\n"
#define OWN        "Origin: http://localhost\r\n"
#define V1         "If-Match: \"v1\"\r\n"
#define FOLDER     "/api/v1/events-folder/"
#define FILE_A     FOLDER "a.conf"
#define TEXT(what) "{\"text\":\"" what "\"}"

static const struct {
  const char *method, *path, *fields, *body; /* body: (nullable) */
  guint status;
  const char *etag;  /* (nullable) */
  const char *asked; /* of the director; "": nothing */
} rows[] = {
    {"GET", FILE_A, TECHNICIAN, NULL, 200, "\"v2\"", "edit read a.conf {'version': <''>}\n"},
    {"GET", FOLDER "none.conf", TECHNICIAN, NULL, 404, NULL, "edit read none.conf {'version': <''>}\n"},
    {"GET", "/api/v1/hall", TECHNICIAN, NULL, 200, "\"v2\"", "edit read hall {'version': <''>}\n"},
    {"PUT", FILE_A, JSON TECHNICIAN, TEXT ("made"), 201, "\"v2\"",
     "edit write a.conf {'version': <''>, 'text': <'made'>, 'from': <''>}\n"},
    {"PUT", FILE_A, JSON COOKIE OWN V1, "{\"text\":\"written\",\"from\":\"b.conf\"}", 200, "\"v2\"",
     "edit write a.conf {'version': <'v1'>, 'text': <'written'>, 'from': <'b.conf'>}\n"},
    {"PUT", FILE_A, JSON TECHNICIAN V1, "{\"text\":\"good\",\"check\":true}", 200, "\"v2\"",
     "edit check a.conf {'version': <'v1'>, 'text': <'good'>, 'from': <''>}\n"},
    {"PUT", FILE_A, JSON TECHNICIAN V1, TEXT ("faulty"), 422, NULL,
     "edit write a.conf {'version': <'v1'>, 'text': <'faulty'>, 'from': <''>}\n"},
    {"PUT", FILE_A, JSON TECHNICIAN V1, TEXT ("changed"), 412, NULL,
     "edit write a.conf {'version': <'v1'>, 'text': <'changed'>, 'from': <''>}\n"},
    {"PUT", FILE_A, JSON TECHNICIAN, TEXT ("exists"), 412, NULL,
     "edit write a.conf {'version': <''>, 'text': <'exists'>, 'from': <''>}\n"},
    {"PUT", FILE_A, JSON TECHNICIAN V1, TEXT ("missing"), 412, NULL,
     "edit write a.conf {'version': <'v1'>, 'text': <'missing'>, 'from': <''>}\n"},
    {"PUT", "/api/v1/hall", JSON TECHNICIAN V1, TEXT ("unchanged"), 200, "\"v2\"",
     "edit write hall {'version': <'v1'>, 'text': <'unchanged'>, 'from': <''>}\n"},
    {"DELETE", FILE_A, TECHNICIAN V1, NULL, 200, NULL, "edit remove a.conf {'version': <'v1'>}\n"},
    {"DELETE", FILE_A, COOKIE OWN V1, NULL, 200, NULL, "edit remove a.conf {'version': <'v1'>}\n"},
    /* Tags that no file has. */
    {"DELETE", FILE_A, TECHNICIAN "If-Match: *\r\n", NULL, 200, NULL,
     "edit remove a.conf {'version': <'?'>}\n"},
    {"DELETE", FILE_A, TECHNICIAN "If-Match: W/\"v1\"\r\n", NULL, 200, NULL,
     "edit remove a.conf {'version': <'?'>}\n"},
    /* Names */
    {"GET", FOLDER, TECHNICIAN, NULL, 200, "\"v2\"", "edit read  {'version': <''>}\n"},
    {"GET", FOLDER "hall", TECHNICIAN, NULL, 200, "\"v2\"", "edit read  {'version': <''>}\n"},
    {"GET", FOLDER "b/..conf", TECHNICIAN, NULL, 400, NULL, ""},
    {"GET", FOLDER "../hall.conf", TECHNICIAN, NULL, 400, NULL, ""},
    {"GET", FOLDER "..%2fhall.conf", TECHNICIAN, NULL, 400, NULL, ""},
    /* Who may */
    {"GET", FILE_A, NULL, NULL, 401, NULL, ""},
    {"GET", FILE_A, STAFF, NULL, 403, NULL, ""},
    {"GET", "/api/v1/hall", STAFF, NULL, 403, NULL, ""},
    {"PUT", FILE_A, JSON, TEXT ("made"), 401, NULL, ""},
    {"PUT", FILE_A, JSON STAFF, TEXT ("made"), 403, NULL, ""},
    {"DELETE", FILE_A, STAFF V1, NULL, 403, NULL, ""},
    {"PUT", FILE_A, JSON COOKIE, TEXT ("made"), 403, NULL, ""},
    {"PUT", FILE_A, JSON COOKIE "Origin: http://evil.example\r\n", TEXT ("made"), 403, NULL, ""},
    {"DELETE", FILE_A, COOKIE V1, NULL, 403, NULL, ""},
    {"DELETE", FILE_A, TECHNICIAN V1 "Sec-Fetch-Site: cross-site\r\n", NULL, 403, NULL, ""},
    /* Methods and bodies */
    {"POST", FILE_A, JSON TECHNICIAN, TEXT ("made"), 405, NULL, ""},
    {"DELETE", "/api/v1/hall", TECHNICIAN V1, NULL, 405, NULL, ""},
    {"PUT", FILE_A, TECHNICIAN, TEXT ("made"), 415, NULL, ""},
    {"PUT", FILE_A, JSON TECHNICIAN, "{}", 400, NULL, ""},
    {"PUT", FILE_A, JSON TECHNICIAN, "{\"text\":1}", 400, NULL, ""},
    {"PUT", FILE_A, JSON TECHNICIAN, "{\"text\":\"made\",\"force\":true}", 400, NULL, ""},
    {"PUT", FILE_A, JSON TECHNICIAN, TEXT ("made\\u0000"), 400, NULL, ""},
    {"PUT", FILE_A, JSON TECHNICIAN, "{\"text\":\"made\",\"from\":\"\\\\u0000\"}", 201, "\"v2\"",
     "edit write a.conf {'version': <''>, 'text': <'made'>, 'from': <'\\\\u0000'>}\n"},
};

static void
test_table (ConsoleHouse *self, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *asked = NULL, *etag = NULL;
    const char *line;
    g_auto (ClientAnswer) answer = {0};

    client_exchange (self->port, rows[i].method, rows[i].path, rows[i].fields, rows[i].body, &answer);
    asked = director_take (self->director);
    line = g_str_has_prefix (asked, "check\n") ? asked + strlen ("check\n") : asked;
    etag = client_field (&answer, "ETag");
    if (answer.status != rows[i].status || g_strcmp0 (etag, rows[i].etag) != 0 ||
        strcmp (line, rows[i].asked) != 0)
      g_error ("%zu: %s %s: %u %s %.*s; asked: %s", i, rows[i].method, rows[i].path, answer.status, etag,
               (int)answer.body->len, (const char *)answer.body->data, line);
  }
}

/* A text that the director's end of the connection would not bear is refused before it is on it. */
static void
test_long (ConsoleHouse *self, gconstpointer data)
{
  static const gsize lengths[] = {REGIA_CONSOLE_FILE_BYTES, REGIA_CONSOLE_FILE_BYTES + 1, 200000};
  static const guint statuses[] = {503, 400, 413}; /* the first is asked for, and its outcome is none */

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autofree char *text = g_strnfill (lengths[i], 'a'), *body = g_strdup_printf (TEXT ("%s"), text);
    g_autofree char *asked = NULL;
    g_auto (ClientAnswer) answer = {0};

    client_exchange (self->port, "PUT", FILE_A, JSON TECHNICIAN, body, &answer);
    g_assert_cmpuint (answer.status, ==, statuses[i]);
    asked = director_take (self->director);
    g_assert_true ((strstr (asked, "edit write") != NULL) == (i == 0));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/gateway/console-files/table", ConsoleHouse, NULL, console_house_set_up, test_table,
              console_house_tear_down);
  g_test_add ("/gateway/console-files/long", ConsoleHouse, NULL, console_house_set_up, test_long,
              console_house_tear_down);
  return g_test_run ();
}
