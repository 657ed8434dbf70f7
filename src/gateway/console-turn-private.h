/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "console-private.h"
#include "console-socket-private.h"
#include "console-stream-private.h"

typedef struct _RegiaTurn RegiaTurn;

/** What a route takes; together as flags. All but the first change something. */
typedef enum {
  REGIA_TURN_GET = 1 << 0, /* and HEAD */
  REGIA_TURN_POST = 1 << 1,
  REGIA_TURN_PUT = 1 << 2,
  REGIA_TURN_DELETE = 1 << 3,
} RegiaTurnMethod;

/** One line of the console's table. */
typedef struct {
  const char *path; /* one that ends in `/` stands for everything below it */
  guint methods;
  gboolean open; /* to anybody; else: */
  RegiaAction action;
  void (*begin) (RegiaTurn *turn); /* takes the turn */
} RegiaTurnRoute;

/** What a worker's turns have in common. */
typedef struct {
  RegiaHttp *http;
  RegiaConsoleSite *site;
  RegiaConsoleAsk *ask;         /* (owned) */
  RegiaConsoleStreams *streams; /* (owned) */
  RegiaConsoleSockets *sockets; /* (owned) */
} RegiaTurnWorker;

/**
 * RegiaTurn: a request of the console on its way: who asks, whether that one may, and then what is asked.
 * Each step either ends it (regia_turn_finish(), regia_turn_refuse(): nobody has it after that) or asks the
 * director and goes on with the answer; the message waits from the first question on. All in the worker's
 * context.
 */
struct _RegiaTurn {
  RegiaTurnWorker *worker;
  const RegiaTurnRoute *route;
  SoupServerMessage *message; /* (owned) */
  RegiaHttpPending *pending;  /* (nullable): since something was asked */
  char *path;                 /* (owned) */
  RegiaTurnMethod method;
  char *once;  /* (owned) (nullable) */
  char *token; /* (owned) "": none */
  char *name;  /* (owned) (nullable): whose session that is */
  RegiaRole role;
  char *id; /* (owned) (nullable): of a command */
};

#define REGIA_TURN_TOO_MANY    "too many at once; try again in a second"
#define REGIA_TURN_NO_DIRECTOR "the director does not answer; try again in some seconds"

/** regia_turn_begin: has it judged, and its route begin. Takes @turn, whose token and below are not set yet.
 */
void regia_turn_begin (RegiaTurn *turn);
/** regia_turn_finish: @reply is the answer. Takes @turn. */
void regia_turn_finish (RegiaTurn *turn, const RegiaReply *reply);
/** regia_turn_finish_json: the same with @value (floating, consumed), and what else @reply has. */
void regia_turn_finish_json (RegiaTurn *turn, RegiaReply *reply, GVariant *value);
/** regia_turn_refuse: the answer is a refusal. @retry_after_s: 0: none. Takes @turn. */
void regia_turn_refuse (RegiaTurn *turn, guint status, const char *words, guint retry_after_s);
/** regia_turn_ask: regia_console_ask_call() with @turn as user data; refused when it is too much. */
void regia_turn_ask (RegiaTurn *turn, RegiaConsoleShare share, const char *interface, const char *method,
                     GVariant *arguments, RegiaConsoleAnswerFunc func);
/** regia_turn_free: for who answers by himself. */
void regia_turn_free (RegiaTurn *turn);
/** (transfer none) (nullable): a field of the request. */
const char *regia_turn_get_field (RegiaTurn *turn, const char *name);
/** regia_turn_is_https: whether it came to us, or to the trusted proxy that asks, by https. */
gboolean regia_turn_is_https (RegiaTurn *turn);
/** regia_turn_is_of_ours: whether a page of this very address asks, or a program. What changes something was
 * asked from nowhere else; what opens a WebSocket has to look. */
gboolean regia_turn_is_of_ours (RegiaTurn *turn);
/** (transfer full): the request's body. */
GBytes *regia_turn_get_body (RegiaTurn *turn);

/** regia_turn_refuse_by_director: @error is what regia_turn_ask()'s function got. Takes @turn. */
void regia_turn_refuse_by_director (RegiaTurn *turn, const GError *error, gboolean is_remote);

/* console-files.c: event files and the hall file, each the begin() of a route. */
#define REGIA_TURN_EVENT_FILES "/api/v1/events-folder/"
#define REGIA_TURN_HALL_FILE   "/api/v1/hall"
void regia_turn_edit_event (RegiaTurn *turn);
void regia_turn_edit_hall (RegiaTurn *turn);

/* console-people.c: who works here, each the begin() of a route. */
#define REGIA_TURN_PEOPLE "/api/v1/people"
void regia_turn_show_people (RegiaTurn *turn);
void regia_turn_change_people (RegiaTurn *turn);
void regia_turn_accept_invitation (RegiaTurn *turn);

/** regia_turn_let_in: the answer is the session @token, which began now. Takes @turn. */
void regia_turn_let_in (RegiaTurn *turn, const char *token, const char *role, gint64 expires_s);
/** (transfer none): whom the request comes from: an address, or "". */
const char *regia_turn_get_client (RegiaTurn *turn);

/* console-entry.c: coming in and going out, each the begin() of a route. */
void regia_turn_log_in (RegiaTurn *turn);
void regia_turn_use_once (RegiaTurn *turn);
void regia_turn_log_out (RegiaTurn *turn);
