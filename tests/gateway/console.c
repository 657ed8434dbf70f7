/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's server with a director of the test's: who may do what, and how it is refused. */
#include "console-stream-private.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "console-house.h"
#include "regia/base/json.h"
#include "server-private.h"

#define JSON       "Content-Type: application/json\r\n"
#define BEARER     "Authorization: Bearer "
#define TECHNICIAN BEARER DIRECTOR_TECHNICIAN "\r\n"
#define STAFF      BEARER DIRECTOR_STAFF "\r\n"
#define COOKIE     "Cookie: a=b; regia_session=" DIRECTOR_TECHNICIAN "\r\n"
#define OWN        "Origin: http://localhost\r\n"
#define NOBODYS    "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"
#define DEEP       "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["

static const char *const strangers[] = {NULL};

/* @body: (nullable) */
static guint
ask (ConsoleHouse *self, const char *method, const char *path, const char *fields, const char *body,
     ClientAnswer *ret_answer)
{
  return client_exchange (self->port, method, path, fields, body, ret_answer);
}

static gboolean
holds (const ClientAnswer *answer, const char *words)
{
  return *words == '\0' || memmem (answer->body->data, answer->body->len, words, strlen (words)) != NULL;
}

#define COMMAND "/api/v1/commands/private"
#define ON      "{\"on\":true}"
#define PERSON  "{\"name\":\"bruno\",\"role\":\"technician\"}"

/* Whatever of these is tried, the director hears of no command. */
static const struct {
  const char *method, *path, *fields, *body;
  guint status;
  const char *words;
} attacks[] = {
    {"POST", COMMAND, JSON, ON, 401, "log in"},
    {"POST", COMMAND, JSON BEARER NOBODYS "\r\n", ON, 401, "log in"},
    {"POST", COMMAND, JSON BEARER "short\r\n", ON, 401, "log in"},
    {"POST", COMMAND, JSON BEARER "\r\n", ON, 401, "log in"},
    {"POST", COMMAND, JSON BEARER DIRECTOR_TECHNICIAN "x\r\n", ON, 401, "log in"},
    {"POST", COMMAND, JSON "Authorization: Basic YTpi\r\n", ON, 401, "log in"},
    {"POST", COMMAND, JSON "Authorization: " DIRECTOR_TECHNICIAN "\r\n", ON, 401, "log in"},
    {"POST", COMMAND, JSON TECHNICIAN TECHNICIAN, ON, 401, "log in"}, /* two of them are none */
    {"POST", COMMAND, JSON BEARER NOBODYS "\r\n" COOKIE OWN, ON, 401, "log in"},
    {"POST", COMMAND "?token=" DIRECTOR_TECHNICIAN, JSON, ON, 401, "log in"},
    {"POST", COMMAND, JSON STAFF, ON, 403, "role of a technician"},
    {"POST", "/api/v1/commands/stop", JSON STAFF, "{}", 403, "role of a technician"},
    {"POST", "/api/v1/commands/nothing", JSON TECHNICIAN, "{}", 404, "no such command"},
    {"POST", "/api/v1/commands/stop/", JSON TECHNICIAN, "{}", 404, "no such command"},
    {"GET", COMMAND, TECHNICIAN, NULL, 405, "POST"},
    {"PUT", COMMAND, JSON TECHNICIAN, ON, 405, ""},
    {"DELETE", COMMAND, TECHNICIAN, NULL, 405, ""},
    /* Another site's page has a browser that is logged in ask. */
    {"POST", COMMAND, JSON COOKIE, ON, 403, "Origin"},
    {"POST", COMMAND, JSON COOKIE "Origin: http://evil.example\r\n", ON, 403, "Origin"},
    {"POST", COMMAND, JSON COOKIE "Origin: null\r\n", ON, 403, "Origin"},
    {"POST", COMMAND, JSON COOKIE "Origin: http://localhost:81\r\n", ON, 403, "Origin"},
    {"POST", COMMAND, JSON COOKIE "Origin: http://localhost.evil.example\r\n", ON, 403, "Origin"},
    {"POST", COMMAND, JSON COOKIE "Origin: ftp://localhost\r\n", ON, 403, "Origin"},
    {"POST", COMMAND, JSON COOKIE OWN OWN, ON, 403, "Origin"}, /* two of them are none */
    {"POST", COMMAND, JSON COOKIE OWN "Sec-Fetch-Site: cross-site\r\n", ON, 403, "Origin"},
    {"POST", COMMAND, JSON COOKIE OWN "Sec-Fetch-Site: same-site\r\n", ON, 403, "Origin"},
    {"POST", COMMAND, JSON TECHNICIAN "Origin: http://evil.example\r\n", ON, 403, "Origin"},
    {"POST", "/api/v1/login", JSON "Origin: http://evil.example\r\n",
     "{\"name\":\"anna\",\"password\":\"right\"}", 403, "Origin"},
    {"POST", "/api/v1/logout", JSON COOKIE, "{}", 403, "Origin"},
    {"OPTIONS", COMMAND, "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n", NULL, 204,
     ""},
    /* A page can have text sent, but not JSON, without asking before. */
    {"POST", COMMAND, TECHNICIAN, ON, 415, "application/json"},
    {"POST", COMMAND, "Content-Type: text/plain\r\n" TECHNICIAN, ON, 415, "application/json"},
    {"POST", COMMAND, "Content-Type: application/jsonx\r\n" TECHNICIAN, ON, 415, "application/json"},
    /* Bodies */
    {"POST", COMMAND, JSON TECHNICIAN, "", 400, "\\\"on\\\" is missing"},
    {"POST", COMMAND, JSON TECHNICIAN, "{}", 400, "\\\"on\\\" is missing"},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":1}", 400, "true or false"},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":\"true\"}", 400, "true or false"},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":null}", 400, "true or false"},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":true,\"off\":1}", 400, "there is no \\\"off\\\""},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"On\":true}", 400, "there is no \\\"On\\\""},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":{\"a\":{}}}", 400, "true or false"},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":" DEEP, 400, "no JSON"},
    {"POST", COMMAND, JSON TECHNICIAN, "[true]", 400, "no JSON object"},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":true", 400, "no JSON"},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":true} x", 400, "no JSON"},
    {"POST", COMMAND, JSON TECHNICIAN, "on=true", 400, "no JSON"},
    {"POST", COMMAND, JSON TECHNICIAN, "{\"on\":true,\"\xff\":1}", 400, "no JSON"},
    {"POST", "/api/v1/commands/mark", JSON TECHNICIAN, "{\"at-ms\":1.5}", 400, "whole number"},
    {"POST", "/api/v1/commands/mark", JSON TECHNICIAN, "{\"at-ms\":\"1\"}", 400, "whole number"},
    {"POST", "/api/v1/commands/extend", JSON TECHNICIAN, "{\"end\":1e300}", 400, "whole number"},
    /* What there is to see */
    {"GET", "/api/v1/status", NULL, NULL, 401, "log in"},
    {"GET", "/api/v1/status", STAFF, NULL, 403, "technician"},
    {"GET", "/api/v1/events", NULL, NULL, 401, "log in"},
    {"GET", "/api/v1/events", STAFF, NULL, 403, "technician"},
    {"HEAD", "/api/v1/events", TECHNICIAN, NULL, 400, ""},
    {"GET", "/metrics", NULL, NULL, 401, "log in"},
    {"GET", "/metrics", STAFF, NULL, 403, "technician"},
    {"GET", "/api/v1/planned", STAFF, NULL, 403, "technician"},
    {"GET", "/api/v1/session", NULL, NULL, 401, "log in"},
    /* People */
    {"GET", "/api/v1/people", NULL, NULL, 401, "log in"},
    {"GET", "/api/v1/people", STAFF, NULL, 403, "technician"},
    {"POST", "/api/v1/people", JSON TECHNICIAN, "{}", 405, ""},
    {"POST", "/api/v1/people/set", JSON STAFF, PERSON, 403, "technician"},
    {"POST", "/api/v1/people/set", JSON COOKIE, PERSON, 403, "Origin"},
    {"POST", "/api/v1/people/set", JSON COOKIE "Origin: http://evil.example\r\n", PERSON, 403, "Origin"},
    {"POST", "/api/v1/people/set", TECHNICIAN, PERSON, 415, "application/json"},
    {"POST", "/api/v1/people/set", JSON TECHNICIAN, "{\"name\":\"bruno\"}", 400, "is missing"},
    {"POST", "/api/v1/people/set", JSON TECHNICIAN, "{\"name\":\"b\",\"role\":1}", 400, "must be"},
    {"POST", "/api/v1/people/remove", JSON TECHNICIAN, PERSON, 400, "there is no \\\"role\\\""},
    {"POST", "/api/v1/people/promote", JSON TECHNICIAN, PERSON, 404, "nothing of that name"},
    {"GET", "/api/v1/people/set", TECHNICIAN, NULL, 405, "POST"},
    {"POST", "/api/v1/people/invite", JSON STAFF, PERSON, 403, "technician"},
    {"POST", "/api/v1/people/end-session", JSON, "{\"session\":\"a\"}", 401, "log in"},
    {"POST", "/api/v1/invitation", JSON, "{\"invitation\":\"short\",\"password\":\"x\"}", 403,
     "copied whole"},
    {"POST", "/api/v1/invitation", JSON, "{\"invitation\":\"short\"}", 400, "is missing"},
    {"POST", "/api/v1/invitation", JSON "Origin: http://evil.example\r\n", "{}", 403, "Origin"},
    {"GET", "/?once=short", NULL, NULL, 403, "copied whole"},
    {"GET", "/live/index.m3u8", TECHNICIAN, NULL, 404, "nothing"},
    {"GET", "/api/v1/statusx", TECHNICIAN, NULL, 404, "nothing"},
    {"GET", "/api/v1/status/x", TECHNICIAN, NULL, 404, "nothing"},
    {"POST", "/api/v1/login", JSON, "{\"name\":\"anna\",\"password\":\"wrong\"}", 403, "are wrong"},
    {"POST", "/api/v1/login", JSON, "{\"name\":\"anna\"}", 400, "is missing"},
    {"POST", "/api/v1/login", JSON, "{\"name\":\"guesser\",\"password\":\"x\"}", 429, "wrong too often"},
};

static void
test_attacks (ConsoleHouse *self, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (attacks); i++) {
    g_auto (ClientAnswer) answer = {0};
    g_autofree char *asked = NULL, *cors = NULL;
    guint status =
        ask (self, attacks[i].method, attacks[i].path, attacks[i].fields, attacks[i].body, &answer);

    asked = director_take (self->director);
    cors = client_field (&answer, "Access-Control-Allow-Origin");
    if (status != attacks[i].status || !holds (&answer, attacks[i].words) || cors != NULL ||
        strstr (asked, "command") != NULL || strstr (asked, "stop") != NULL)
      g_error ("%zu: %s %s %s: %u %.*s; asked: %s", i, attacks[i].method, attacks[i].path,
               attacks[i].body != NULL ? attacks[i].body : "", status, (int)answer.body->len,
               (const char *)answer.body->data, asked);
  }
}

/* Larger than a body may be: refused at its head, by the guard. */
static void
test_oversized (ConsoleHouse *self, gconstpointer data)
{
  g_autofree char *title = g_strnfill (5000, 'a'), *body = g_strdup_printf ("{\"title\":\"%s\"}", title);
  g_auto (ClientAnswer) answer = {0};
  g_autofree char *asked = NULL;

  g_assert_cmpuint (ask (self, "POST", "/api/v1/commands/mark", JSON TECHNICIAN, body, &answer), ==, 413);
  asked = director_take (self->director);
  g_assert_cmpstr (asked, ==, "");
}

/* Each command as the director is asked for it. */
static const struct {
  const char *name, *body, *asked;
} commands[] = {
    {"private", "{\"id\":\"c1\",\"on\":true}", "command c1 {'private': <true>}\n"},
    {"private", "{\"on\":false,\"id\":\"c2\"}", "command c2 {'private': <false>}\n"},
    {"pause", "{\"id\":\"c3\"}", "command c3 {'paused': <true>}\n"},
    {"resume", "{\"id\":\"c4\"}", "command c4 {'paused': <false>}\n"},
    {"mark", "{\"id\":\"c5\",\"title\":\"Perch\xc3\xa9\",\"at-ms\":7}",
     "command c5 {'mark': <(uint64 7, 'Perch\xc3\xa9')>}\n"},
    {"extend", "{\"id\":\"c6\",\"end\":1800000000}", "command c6 {'end': <int64 1800000000>}\n"},
    {"relay", "{\"id\":\"c7\",\"name\":\"tube\",\"on\":false}", "command c7 {'relay': <('tube', false)>}\n"},
    {"scene", "{\"id\":\"c12\",\"name\":\"both\"}", "command c12 {'scene': <('both', int64 -1)>}\n"},
    {"scene", "{\"id\":\"c13\",\"name\":\"both\",\"fade-ms\":700}",
     "command c13 {'scene': <('both', int64 700)>}\n"},
    {"caption", "{\"id\":\"c17\",\"name\":\"Rossi\",\"line\":\"Parole\"}",
     "command c17 {'caption': <('Rossi', 'Parole')>}\n"},
    {"caption", "{\"id\":\"c18\",\"name\":\"Rossi\"}", "command c18 {'caption': <('Rossi', '')>}\n"},
    {"caption", "{\"id\":\"c19\",\"talk\":3}", "command c19 {'caption-talk': <int64 3>}\n"},
    {"caption", "{\"id\":\"c20\",\"talk\":3,\"off\":true}", "command c20 {'caption-off': <true>}\n"},
    {"caption", "{\"id\":\"c21\"}", "command c21 {'caption': <('', '')>}\n"},
    {"talk", "{\"id\":\"c25\",\"number\":3,\"at-ms\":7}", "command c25 {'talk': <(int64 3, uint64 7)>}\n"},
    {"talk", "{\"id\":\"c26\",\"at-ms\":-7}", "command c26 {'talk': <(int64 0, uint64 0)>}\n"},
    {"relay-add",
     "{\"id\":\"c28\",\"name\":\"tube\",\"url\":\"rtmp://h/live\",\"key\":\"k\",\"language\":\"it\"}",
     "command c28 {'relay-add': <('tube', {'url': 'rtmp://h/live', 'key': 'k', 'language': 'it'})>}\n"},
    {"relay-remove", "{\"id\":\"c29\",\"name\":\"tube\"}", "command c29 {'relay-remove': <'tube'>}\n"},
    {"notice", "{\"id\":\"c27\",\"text\":\"Alle 11\"}", "command c27 {'notice': <'Alle 11'>}\n"},
    {"scene", "{\"id\":\"c22\",\"name\":\"bars\",\"on-air\":true}",
     "command c22 {'scene-on-air': <('bars', int64 -1)>}\n"},
    {"tone", "{\"id\":\"c23\",\"on\":true}", "command c23 {'tone': <(true, false)>}\n"},
    {"tone", "{\"id\":\"c24\",\"on\":true,\"on-air\":true}", "command c24 {'tone': <(true, true)>}\n"},
    {"gain", "{\"id\":\"c14\",\"source\":\"desk\",\"db\":-6}",
     "command c14 {'gain': <('', 'desk', int64 -60)>}\n"},
    {"gain", "{\"id\":\"c15\",\"source\":\"desk\",\"db\":3.5,\"language\":\"it\"}",
     "command c15 {'gain': <('it', 'desk', int64 35)>}\n"},
    {"acknowledge", "{\"id\":\"c17\",\"alarm\":\"silence/desk\"}",
     "command c17 {'acknowledge': <'silence/desk'>}\n"},
    {"mute", "{\"id\":\"c16\",\"source\":\"desk\",\"on\":true}",
     "command c16 {'mute': <('', 'desk', true)>}\n"},
    {"start", "{\"id\":\"c8\",\"name\":\"uno\"}", "start c8 uno\n"},
    {"start", "{\"id\":\"c9\",\"name\":\"uno\",\"again\":true}", "start c9 uno again\n"},
    {"rehearse", "{\"id\":\"c10\",\"name\":\"uno\"}", "rehearse c10 uno\n"},
    {"stop", "{\"id\":\"c11\"}", "stop c11\n"},
};

static void
test_commands (ConsoleHouse *self, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autofree char *path = g_strconcat ("/api/v1/commands/", commands[i].name, NULL), *asked = NULL;
    const char *line;
    g_auto (ClientAnswer) answer = {0};

    /* By token as a program, by cookie as the page. */
    g_assert_cmpuint (
        ask (self, "POST", path, i % 2 ? JSON TECHNICIAN : JSON COOKIE OWN, commands[i].body, &answer), ==,
        200);
    g_assert_true (holds (&answer, "\"id\":\"c"));
    asked = director_take (self->director);
    line = g_str_has_prefix (asked, "check\n") ? asked + strlen ("check\n") : asked;
    g_assert_cmpstr (line, ==, commands[i].asked);
  }
}

/* What the director refuses, and that it does not answer: which is not the same. */
static void
test_refused (ConsoleHouse *self, gconstpointer data)
{
  static const struct {
    const char *title;
    guint status;
    const char *words;
  } rows[] = {{"no-relay", 400, "no relay"},   {"too-late", 409, "over"},    {"disk-full", 503, "full"},
              {"goes-away", 504, "not known"}, {"killed", 504, "not known"}, {"fine", 504, "not known"}};

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *body = g_strdup_printf ("{\"title\":\"%s\"}", rows[i].title);
    g_auto (ClientAnswer) answer = {0};

    g_assert_cmpuint (ask (self, "POST", "/api/v1/commands/mark", JSON TECHNICIAN, body, &answer), ==,
                      rows[i].status);
    g_assert_true (holds (&answer, rows[i].words));
  }
}

/* In by name and password or by a link, once; out again. */
static void
test_session (ConsoleHouse *self, gconstpointer data)
{
  g_auto (ClientAnswer) phone = {0}, in = {0}, link = {0}, again = {0}, who = {0}, out = {0}, after = {0},
                        head = {0};
  g_autofree char *cookie = NULL, *by_link = NULL, *location = NULL, *ended = NULL, *asked = NULL;

  g_assert_cmpuint (ask (self, "POST", "/api/v1/login", JSON "X-Regia-Client: 10.0.0.1\r\n",
                         "{\"name\":\"anna\",\"password\":\"right\"}", &in),
                    ==, 200);
  asked = director_take (self->director);
  g_assert_cmpstr (asked, ==, "login anna 127.0.0.1\n");
  g_assert_true (holds (&in, "\"token\":\"" DIRECTOR_TECHNICIAN "\""));
  cookie = client_field (&in, "Set-Cookie");
  g_assert_cmpstr (
      cookie, ==, "regia_session=" DIRECTOR_TECHNICIAN "; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict");
  g_assert_cmpuint (ask (self, "GET", "/api/v1/session", COOKIE, NULL, &who), ==, 200);
  g_assert_true (holds (&who, "\"anna\"") && holds (&who, "\"technician\""));

  g_assert_cmpuint (ask (self, "HEAD", "/?once=" DIRECTOR_ONCE, NULL, NULL, &head), ==, 200);
  g_assert_cmpuint (ask (self, "GET", "/?lang=it&once=" DIRECTOR_ONCE, NULL, NULL, &link), ==, 303);
  location = client_field (&link, "Location");
  by_link = client_field (&link, "Set-Cookie");
  g_assert_cmpstr (location, ==, "./");
  g_assert_cmpstr (by_link, ==, cookie);
  g_assert_cmpuint (ask (self, "GET", "/?once=" DIRECTOR_ONCE, NULL, NULL, &again), ==, 403);
  g_assert_cmpuint (ask (self, "GET", "/phone?once=short", NULL, NULL, &phone), ==, 403);

  g_assert_cmpuint (ask (self, "POST", "/api/v1/logout", JSON COOKIE OWN, "{}", &out), ==, 200);
  ended = client_field (&out, "Set-Cookie");
  g_assert_true (g_str_has_prefix (ended, "regia_session=; Path=/; Max-Age=0;"));
  g_assert_cmpuint (ask (self, "POST", COMMAND, JSON TECHNICIAN, ON, &after), ==, 401);
}

/* Behind a proxy that speaks TLS: whom it speaks for is who comes in, and the cookie stays under TLS. */
static void
test_proxy (ConsoleHouse *self, gconstpointer data)
{
  g_auto (ClientAnswer) in = {0};
  g_autofree char *cookie = NULL, *asked = NULL;

  g_assert_cmpuint (ask (self, "POST", "/api/v1/login",
                         JSON "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\n"
                              "Origin: https://localhost\r\nSec-Fetch-Site: same-origin\r\n",
                         "{\"name\":\"anna\",\"password\":\"right\"}", &in),
                    ==, 200);
  asked = director_take (self->director);
  g_assert_cmpstr (asked, ==, "login anna 192.0.2.9\n");
  cookie = client_field (&in, "Set-Cookie");
  g_assert_true (g_str_has_suffix (cookie, "; HttpOnly; SameSite=Strict; Secure"));
}

/* The name under which a proxy was asked is the page's origin, as Host or, where the proxy says another one
 * there, as X-Forwarded-Host; whoever is no trusted proxy has said nothing. */
static void
test_forwarded (ConsoleHouse *self, gconstpointer data)
{
  static const struct {
    const char *fields;
    guint status, of_stranger;
  } table[] = {
      {"X-Forwarded-Host: hall.example\r\nOrigin: https://hall.example\r\n", 200, 403},
      {"X-Forwarded-Host: hall.example:8443\r\nOrigin: https://hall.example:8443\r\n", 200, 403},
      {"X-Forwarded-Host: hall.example\r\nOrigin: https://localhost\r\n", 403, 200},
      {"X-Forwarded-Host: hall.example\r\nOrigin: http://hall.example\r\n", 403, 403},
      {"X-Forwarded-Host: evil.example\r\nOrigin: https://evil.example\r\n", 403, 403},
      {"X-Forwarded-Host: evil.example\r\nOrigin: https://localhost\r\n", 200, 200},
      {"X-Forwarded-Host: evil.example\r\nOrigin: http://localhost\r\n", 403, 200},
      {"", 200, 200},
  };
  gboolean trusted = data == NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *cookie = NULL, *asked = NULL, *fields = NULL;
    g_auto (ClientAnswer) in = {0};

    fields = g_strconcat (JSON "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\n", table[i].fields,
                          NULL);
    g_assert_cmpuint (
        ask (self, "POST", "/api/v1/login", fields, "{\"name\":\"anna\",\"password\":\"right\"}", &in), ==,
        trusted ? table[i].status : table[i].of_stranger);
    asked = director_take (self->director);
    if (in.status != 200)
      continue;
    g_assert_cmpstr (asked, ==, trusted ? "login anna 192.0.2.9\n" : "login anna 127.0.0.1\n");
    cookie = client_field (&in, "Set-Cookie");
    g_assert_true (g_str_has_suffix (cookie, "; Secure") == trusted);
  }
}

/* Where https is spoken here, the cookie stays under it, unless a trusted proxy says that its browser has
 * none; and a page that came by http is another one's. */
static void
test_https (ConsoleHouse *self, gconstpointer data)
{
  static const struct {
    const char *fields;
    guint status;
    gboolean secure;
  } table[] = {
      {"", 200, TRUE},
      {"Origin: https://localhost\r\nSec-Fetch-Site: same-origin\r\n", 200, TRUE},
      {"Origin: http://localhost\r\n", 403, FALSE},
      {"Origin: https://evil.example\r\n", 403, FALSE},
      {"X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: http\r\nOrigin: http://localhost\r\n", 200, FALSE},
      {"X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\nOrigin: http://localhost\r\n", 403, FALSE},
  };

  self->site.https = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *fields = g_strconcat (JSON, table[i].fields, NULL), *cookie = NULL;
    g_auto (ClientAnswer) in = {0};

    g_assert_cmpuint (
        ask (self, "POST", "/api/v1/login", fields, "{\"name\":\"anna\",\"password\":\"right\"}", &in), ==,
        table[i].status);
    cookie = client_field (&in, "Set-Cookie");
    g_assert_true ((cookie != NULL) == (table[i].status == 200));
    g_assert_true ((cookie != NULL && g_str_has_suffix (cookie, "; Secure")) == table[i].secure);
  }
}

/* A session that ends is believed for a second at most, and never by the director. */
static void
test_ended (ConsoleHouse *self, gconstpointer data)
{
  g_auto (ClientAnswer) before = {0}, after = {0}, later = {0};

  g_assert_cmpuint (ask (self, "POST", COMMAND, JSON TECHNICIAN, ON, &before), ==, 200);
  director_forget (self->director);
  g_assert_cmpuint (ask (self, "POST", COMMAND, JSON TECHNICIAN, ON, &after), ==, 401);
  g_assert_cmpuint (ask (self, "GET", "/api/v1/status", TECHNICIAN, NULL, &later), ==, 401);
}

/* Whoever guesses is held back before the director is asked too much, and keeps nobody out who is known. */
static void
test_guessing (ConsoleHouse *self, gconstpointer data)
{
  gint64 began_us = g_get_monotonic_time ();
  guint held_back = 0, checks = 0, seconds;
  g_auto (ClientAnswer) first = {0}, last = {0};
  g_autofree char *asked = NULL;

  g_assert_cmpuint (ask (self, "GET", "/api/v1/session", TECHNICIAN, NULL, &first), ==, 200);
  for (guint i = 0; i < 200; i++) {
    g_autofree char *fields = g_strdup_printf (BEARER "%043u\r\n", i);
    g_auto (ClientAnswer) answer = {0};
    guint status = ask (self, "POST", COMMAND, fields, NULL, &answer);

    g_assert_true (status == 401 || status == 429 || status == 411);
    status = ask (self, "GET", "/api/v1/status", fields, NULL, &answer);
    held_back += status == 429;
    if (status == 429) {
      g_autofree char *retry = client_field (&answer, "Retry-After");
      g_assert_cmpstr (retry, ==, "1");
    }
  }
  g_assert_cmpuint (ask (self, "GET", "/api/v1/status", TECHNICIAN, NULL, &last), ==, 200);
  asked = director_take (self->director);
  for (const char *p = asked; (p = strstr (p, "check\n")) != NULL; p++)
    checks++;
  seconds = (guint)((g_get_monotonic_time () - began_us) / G_USEC_PER_SEC) + 1;
  g_test_message ("%u of 200 held back, %u checks in %u s", held_back, checks, seconds);
  g_assert_cmpuint (checks, <=, seconds * REGIA_CONSOLE_ASKS_STRANGER + seconds * 2);
  g_assert_cmpuint (checks + held_back, >=, 200);
}

static void
test_open (ConsoleHouse *self, gconstpointer data)
{
  static const char *const open[] = {"/", "/healthz", "/api/v1/openapi.json", "/?lang=en"};
  g_autofree char *asked = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (open); i++) {
    g_auto (ClientAnswer) answer = {0};

    g_assert_cmpuint (ask (self, "GET", open[i], NULL, NULL, &answer), ==, 200);
    g_assert_cmpuint (answer.body->len, >, 0);
  }
  asked = director_take (self->director);
  g_assert_cmpstr (asked, ==, "");
}

static void
post_event (ConsoleHouse *self, const char *state, const char *warning)
{
  g_autoptr (GVariant) status =
      g_variant_ref_sink (g_variant_new_parsed ("{'state': <%s>, 'warnings': <[%s]>, 'show-time-ms': <%t>}",
                                                state, warning, (guint64)g_get_monotonic_time ()));

  regia_console_events_post (self->site.events, status);
}

static int
follow (ConsoleHouse *self, const char *last_id)
{
  g_autofree char *text =
      g_strdup_printf ("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n" TECHNICIAN "%s%s%s\r\n",
                       last_id != NULL ? "Last-Event-ID: " : "", last_id != NULL ? last_id : "",
                       last_id != NULL ? "\r\n" : "");
  int fd = client_connect (self->port, 0);

  client_send (fd, text);
  return fd;
}

/* Appends what comes until @words have come, or the connection ends (@words %NULL). */
static void
hear (int fd, GString *heard, const char *words)
{
  char buffer[4096];
  gssize n;

  while (words == NULL || strstr (heard->str, words) == NULL) {
    n = recv (fd, buffer, sizeof buffer, 0);
    if (n <= 0 && words != NULL)
      g_error ("no \"%s\" in: %s", words, heard->str);
    if (n <= 0)
      return;
    g_string_append_len (heard, buffer, n);
  }
}

/* Events as they happen; who comes back hears what was missed, and nothing twice; who may no more, nothing.
 */
static void
test_events (ConsoleHouse *self, gconstpointer data)
{
  g_autoptr (GString) first = g_string_new (NULL), second = g_string_new (NULL), third = g_string_new (NULL);
  g_autofree char *id = NULL, *strange = NULL;
  const char *at;
  int fd;

  post_event (self, "on-air", "old");
  fd = follow (self, NULL);
  hear (fd, first, "\"on-air\"");
  g_assert_nonnull (strstr (first->str, "Content-Type: text/event-stream"));
  g_assert_null (strstr (first->str, "event: alarm"));
  post_event (self, "on-air", "old"); /* nothing has changed but the time */
  post_event (self, "on-air", "new");
  hear (fd, first, "event: alarm\ndata: {\"text\":\"new\"}\n\n");
  at = g_strrstr (first->str, "id: ") + strlen ("id: ");
  id = g_strndup (at, strcspn (at, "\n"));
  g_assert_true (g_str_has_suffix (id, "-2-0") || g_str_has_suffix (id, "-3-0"));
  close (fd);

  post_event (self, "paused", "new");
  strange = g_strdup_printf ("%.8s-2-0", id);
  fd = follow (self, strange);
  hear (fd, second, "\"paused\"");
  g_assert_nonnull (strstr (second->str, "-3-0\nevent: status"));
  g_assert_null (strstr (second->str, "event: alarm"));
  close (fd);
  /* An id of another run, or none at all, begins with how it is now. */
  fd = follow (self, "00000000-1-0");
  hear (fd, third, "\"paused\"");
  g_assert_null (strstr (third->str, "\"on-air\""));
  director_forget (self->director);
  hear (fd, third, NULL);
  g_assert_true (g_str_has_suffix (third->str, "0\r\n\r\n"));
  close (fd);
}

/* Each alarm as it is raised and as it ends, once; what is said of it meanwhile is in the status alone. */
static void
test_alarms (ConsoleHouse *self, gconstpointer data)
{
  static const char *const alarms[] = {"", "<{'id': <'a'>, 'since': <'1'>, 'by': <''>}>",
                                       "<{'id': <'a'>, 'since': <'1'>, 'by': <'anna'>}>",
                                       "<{'id': <'a'>, 'since': <'2'>}>, <{'id': <'b'>, 'since': <'2'>}>"};
  g_autoptr (GString) heard = g_string_new (NULL);
  int fd = follow (self, NULL);

  hear (fd, heard, "retry: 1000");
  for (gsize i = 0; i < G_N_ELEMENTS (alarms); i++) {
    g_autofree char *text = g_strdup_printf ("{'state': <'on-air'>, 'alarms': <@av [%s]>}", alarms[i]);
    g_autoptr (GVariant) status = g_variant_ref_sink (g_variant_new_parsed (text));

    regia_console_events_post (self->site.events, status);
  }
  post_event (self, "paused", "none");
  hear (fd, heard, "\"paused\"");
  close (fd);
  for (guint i = 0; i < 2; i++) {
    g_auto (GStrv) parts = g_strsplit (heard->str, i == 0 ? "event: alarm-raised" : "event: alarm-over", -1);
    g_assert_cmpuint (g_strv_length (parts), ==, 1 + 3);
  }
  g_assert_nonnull (strstr (heard->str, "event: alarm-over\ndata: {\"id\":\"b\"}\n\n"));
}

/* Who reads nothing holds no memory, and keeps nobody else waiting; more than there is room for are refused.
 */
static void
test_slow_followers (ConsoleHouse *self, gconstpointer data)
{
  int fds[REGIA_CONSOLE_STREAMS];
  g_auto (ClientAnswer) refused = {0}, status = {0};
  g_autofree char *long_text = g_strnfill (2000, 'w');

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
    g_autoptr (GString) heard = g_string_new (NULL);
    fds[i] = follow (self, NULL);
    hear (fds[i], heard, "retry: 1000");
  }
  g_assert_cmpuint (ask (self, "GET", "/api/v1/events", TECHNICIAN, NULL, &refused), ==, 503);
  for (guint i = 0; i < 500; i++) {
    g_autofree char *text = g_strdup_printf ("%u %s", i, long_text);
    post_event (self, i % 2 ? "on-air" : "paused", text);
  }
  g_assert_cmpuint (ask (self, "GET", "/api/v1/status", TECHNICIAN, NULL, &status), ==, 200);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  /* And their places are free again. */
  for (guint status_code = 503; status_code == 503;) {
    g_autoptr (GString) heard = g_string_new (NULL);
    int fd = follow (self, NULL);

    hear (fd, heard, "\r\n\r\n");
    status_code = strstr (heard->str, " 200 ") != NULL ? 200 : 503;
    close (fd);
    g_usleep (50000);
  }
}

/* Read back by the format's rules: each name announced once, before its samples, which have its name. */
static void
test_metrics (void)
{
  g_autoptr (GVariant) status = g_variant_ref_sink (g_variant_new_parsed (
      "{'version': <'0.1.0'>, 'state': <'on-air'>, 'show-time-ms': <uint64 12500>, 'warnings': <['a', 'b']>,"
      " 'alarms': <[<{'id': <'disk'>, 'severity': <'warning'>}>]>,"
      " 'desired': <{'private': <true>, 'paused': <false>}>, 'engine': <{'frames': <uint64 9000000000>}>,"
      " 'recorder': <{'state': <'no-space'>, 'recorded-ms': <uint64 3250>}>, 'gateway': <@a{sv} {}>,"
      " 'relays': <[<{'name': <'my \"tube\"'>, 'state': <'live'>, 'dropped': <uint64 4>}>, <@a{sv} {}>]>,"
      " 'processes': <[<{'name': <'engine'>, 'state': <'running'>, 'restarts': <uint64 2>, 'cpu-ms': <uint64 "
      "1500>}>,"
      " <{'name': <'relay tube'>, 'state': <'stopped'>}>]>}"));
  static const char *const lines[] = {"regia_build_info{version=\"0.1.0\"} 1",
                                      "regia_warnings 2",
                                      "regia_alarms{severity=\"critical\"} 0",
                                      "regia_alarms{severity=\"warning\"} 1",
                                      "regia_on_air 1",
                                      "regia_show_time_seconds 12.5",
                                      "regia_private 1",
                                      "regia_paused 0",
                                      "regia_engine_frames_total 9000000000",
                                      "regia_recorder_recording 0",
                                      "regia_recorder_recorded_seconds 3.25",
                                      "regia_relay_live{relay=\"my \\\"tube\\\"\"} 1",
                                      "regia_relay_dropped_packets_total{relay=\"my \\\"tube\\\"\"} 4",
                                      "regia_process_up{process=\"engine\"} 1",
                                      "regia_process_up{process=\"relay tube\"} 0",
                                      "regia_process_restarts_total{process=\"engine\"} 2",
                                      "regia_process_cpu_seconds_total{process=\"engine\"} 1.5"};
  g_autofree char *text = regia_console_metrics (status);
  g_auto (GStrv) all = g_strsplit (text, "\n", -1);
  g_autoptr (GHashTable) announced = g_hash_table_new (g_str_hash, g_str_equal);
  const char *name = "";
  guint samples = 0;

  g_assert_true (g_str_has_suffix (text, "\n"));
  for (guint i = 0; all[i][0] != '\0'; i++) {
    if (g_str_has_prefix (all[i], "# HELP ")) {
      name = all[i] + strlen ("# HELP ");
      *strchr (name, ' ') = '\0';
      g_assert_true (g_hash_table_add (announced, (gpointer)name));
    } else if (g_str_has_prefix (all[i], "# TYPE ")) {
      const char *type = g_str_has_suffix (name, "_total") ? " counter" : " gauge";
      g_assert_true (g_str_has_prefix (all[i] + strlen ("# TYPE "), name));
      g_assert_cmpstr (all[i] + strlen ("# TYPE ") + strlen (name), ==, type);
    } else {
      gsize length = strcspn (all[i], "{ ");
      g_assert_true (length == strlen (name) && strncmp (all[i], name, length) == 0);
      samples++;
    }
  }
  g_assert_cmpuint (samples, ==, G_N_ELEMENTS (lines));
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_true (g_strv_contains ((const char *const *)all, lines[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define TEST(name, func)                                                                                     \
  g_test_add ("/gateway/console/" name, ConsoleHouse, NULL, console_house_set_up, func,                      \
              console_house_tear_down)
  TEST ("open", test_open);
  TEST ("attacks", test_attacks);
  TEST ("oversized", test_oversized);
  TEST ("commands", test_commands);
  TEST ("refused", test_refused);
  TEST ("session", test_session);
  TEST ("proxy", test_proxy);
  TEST ("forwarded", test_forwarded);
  g_test_add ("/gateway/console/stranger", ConsoleHouse, strangers, console_house_set_up, test_forwarded,
              console_house_tear_down);
  TEST ("https", test_https);
  TEST ("ended", test_ended);
  TEST ("events", test_events);
  TEST ("alarms", test_alarms);
  TEST ("slow-followers", test_slow_followers);
  TEST ("guessing", test_guessing);
  g_test_add_func ("/gateway/console/metrics", test_metrics);
  return g_test_run ();
}
