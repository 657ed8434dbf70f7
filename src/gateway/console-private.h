/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "assets-private.h"
#include "console-events-private.h"
#include "console-feed-private.h"
#include "http-private.h"
#include "regia/base/clock.h"
#include "regia/control/role.h"
#include "snapshot-private.h"

/*
 * The console: what those who work here get. The same server as the gateway's, with a route table of its own:
 *
 *   /  /assets/…  /favicon.ico  /robots.txt  /api/v1/openapi.json   the page and what it loads
 *   /events  /people                                                the pages of the events and people
 *   /multiview  /phone                                              the same page for a screen, for a phone
 *   /?once=TOKEN  and of these two                                  comes in by a link
 *   /healthz                                                        for monitoring
 *   POST /api/v1/login  /api/v1/logout                              anybody
 *   /api/v1/session                                                 who one is
 *   /api/v1/status  /api/v1/planned  /api/v1/events  /metrics       who may observe
 *   /api/v1/live                                                    the same, over a WebSocket
 *   /house/…                                                        the programme, private or not, as HLS
 *   POST /api/v1/commands/NAME                                      who may command
 *   GET PUT DELETE /api/v1/events-folder/NAME.conf                  the same: the files of events
 *   GET PUT /api/v1/hall                                            … and of the hall
 *   GET /api/v1/people  POST /api/v1/people/…                       … and who works here
 *   POST /api/v1/invitation                                         anybody who has one
 *
 * Who somebody is, the director says (org.regia.Accounts1), by the token of `Authorization: Bearer` or of the
 * cookie; nothing is kept here but for a second. Nothing is changed by a request that another site had a
 * browser make.
 */
#define REGIA_CONSOLE_COOKIE "regia_session"

typedef struct {
  RegiaAssets *assets;     /* (unowned) all of them, and outlive the server */
  RegiaSnapshot *snapshot; /* the whole status */
  RegiaSnapshot *metrics;  /* the same as Prometheus reads it */
  RegiaSnapshot *viewers;  /* origins at which viewers are served, with a space between */
  RegiaConsoleEvents *events;
  RegiaConsoleFeed *feed;
  GDBusConnection *connection;
  RegiaEpoch epoch;
  gboolean https; /* that is what is spoken here */
} RegiaConsoleSite;

/** regia_console_rules: for RegiaServerOptions.rules. Static. */
extern const RegiaBodyRule regia_console_rules[];
/** regia_console_answer: what lies ready, a #RegiaAnswerFunc; @user_data is a RegiaConsoleSite. Any thread.
 */
RegiaAnswer regia_console_answer (const RegiaRequest *request, const RegiaPeer *peer, gboolean may_wait,
                                  RegiaReply *reply, gpointer user_data);
/** regia_console_add_handlers: everything else, a #RegiaHttpHandlersFunc; @user_data is a RegiaConsoleSite.
 */
void regia_console_add_handlers (RegiaHttp *http, SoupServer *server, gpointer user_data);

/** regia_console_site_tell_viewers: @gateway: (nullable): its State. What the page shows of what viewers get
 * it asks for where they do, which its Content-Security-Policy has to allow. Main thread. */
void regia_console_site_tell_viewers (RegiaConsoleSite *self, GVariant *gateway);

/* console-metrics.c */

/** regia_console_metrics: (transfer full): @status, a{sv} as of GetStatus, in Prometheus' text format. Pure.
 */
char *regia_console_metrics (GVariant *status);

/* console-order.c */

/** A command as it goes to the director: a method of org.regia.Console1. */
typedef struct {
  const char *method;  /* static */
  GVariant *arguments; /* (owned) */
  char *id;            /* (owned) */
} RegiaConsoleOrder;

void regia_console_order_clear (RegiaConsoleOrder *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaConsoleOrder, regia_console_order_clear)

/** regia_console_order_is_known: whether there is a command @name. Pure. */
gboolean regia_console_order_is_known (const char *name);
/**
 * regia_console_order_read:
 * @name: of a command
 * @token: of the session in whose name it is given
 * @json, @length: its body; nothing is an empty object
 * @show_ms: show time now, for what is said of this moment
 *
 * Every key is looked at: one that is unknown, missing, or of another type is refused. Without an id it is
 * given one. Errors: REGIA_ERROR_USAGE, for people.
 */
gboolean regia_console_order_read (const char *name, const char *token, const char *json, gsize length,
                                   guint64 show_ms, RegiaConsoleOrder *ret_order,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** A file as it is to be, and what for. */
typedef struct {
  char *text, *from; /* (owned); "" none */
  gboolean check;    /* only looked at */
} RegiaConsoleFile;

void regia_console_file_clear (RegiaConsoleFile *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaConsoleFile, regia_console_file_clear)

/** regia_console_file_read: the same of an event file or the hall file. */
gboolean regia_console_file_read (const char *json, gsize length, RegiaConsoleFile *ret_file,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** What a file's text may have: what the director takes (director/edit-private.h). */
#define REGIA_CONSOLE_FILE_BYTES 49152
/** What a name in an address, and a version, may have. */
#define REGIA_CONSOLE_NAME_BYTES 100

/** regia_console_people_read: (transfer full) (nullable): the same of what is done with people: `set`,
 * `remove`, `end-session`, `invite`, `accept`: a{sv}. */
GVariant *regia_console_people_read (const char *what, const char *json, gsize length, GError **error);
/** regia_console_login_read: the same of who comes in: @ret_name, @ret_password (transfer full). */
gboolean regia_console_login_read (const char *json, gsize length, char **ret_name, char **ret_password,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* console-ask.c */

/**
 * RegiaConsoleAsk: what a worker asks the director. The director's end of the connection bears 100 messages a
 * second and 32 open calls (director/guard.c) and then kills the console, so it is held back here: strangers
 * get a share of their own, so that they keep nobody out who is known. One context.
 */
typedef struct _RegiaConsoleAsk RegiaConsoleAsk;

/** Whose share a question is of. */
typedef enum { REGIA_CONSOLE_STRANGER, REGIA_CONSOLE_KNOWN, REGIA_CONSOLE_SHARES } RegiaConsoleShare;

/** Of each share, a second's questions, and how many may be open. */
#define REGIA_CONSOLE_ASKS_STRANGER 15
#define REGIA_CONSOLE_ASKS_KNOWN    50
#define REGIA_CONSOLE_OPEN          12
/** For so long an answer about a token is believed. */
#define REGIA_CONSOLE_BELIEVED_US G_USEC_PER_SEC

/** regia_console_ask_new: @connection may be %NULL: nobody answers. */
RegiaConsoleAsk *regia_console_ask_new (GDBusConnection *connection);
void regia_console_ask_free (RegiaConsoleAsk *self);

/** RegiaConsoleAnswerFunc: @answer: (nullable): what was answered; @error: else why not. REGIA_ERROR_STATE
 * with nothing asked: too many questions. @is_remote: the director said so; else it is not known whether it
 * has done it. */
typedef void (*RegiaConsoleAnswerFunc) (GVariant *answer, const GError *error, gboolean is_remote,
                                        gpointer user_data);
/**
 * regia_console_ask_call: asks; @func is called once, later, unless this returns %FALSE: there are too many
 * questions; @arguments (floating, consumed).
 * @interface: "Accounts1" or "Console1"
 */
gboolean regia_console_ask_call (RegiaConsoleAsk *self, RegiaConsoleShare share, const char *interface,
                                 const char *method, GVariant *arguments, RegiaConsoleAnswerFunc func,
                                 gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
/** regia_console_ask_recall: what is known of @token, if it is: %FALSE: it is to be asked. @ret_name:
 * (transfer none): "" for nobody. */
gboolean regia_console_ask_recall (RegiaConsoleAsk *self, const char *token, const char **ret_name,
                                   RegiaRole *ret_role);
/** regia_console_ask_note: what the director said of @token; %NULL: it is no good any more. */
void regia_console_ask_note (RegiaConsoleAsk *self, const char *token, const char *name, RegiaRole role);
/** regia_console_ask_share: of a question about @token. */
RegiaConsoleShare regia_console_ask_share (RegiaConsoleAsk *self, const char *token);
/** regia_console_is_token: whether @text has the form of a session's token. Pure. */
gboolean regia_console_is_token (const char *text);
