/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * The request check: everything a stranger can say to us, judged before any other code sees it. Pure
 * functions of (bytes, length).
 *
 * A request has no body unless its address and method are listed as taking one, so a connection carries
 * little but heads: request line and fields up to an empty line (RFC 9112 §2). The grammar is taken
 * literally: CRLF only, no folded lines, no space before a colon, no control characters. What is lenient in
 * one program and strict in the next is how requests are smuggled.
 */

#define REGIA_REQUEST_MAX_HEAD_BYTES   16384
#define REGIA_REQUEST_MAX_FIELDS       100
#define REGIA_REQUEST_MAX_TARGET_BYTES 2048

typedef enum {
  REGIA_METHOD_GET,
  REGIA_METHOD_HEAD,
  REGIA_METHOD_OPTIONS,
  REGIA_METHOD_POST, /* these where a RegiaBodyRule says so */
  REGIA_METHOD_PUT,
  REGIA_METHOD_DELETE,
} RegiaMethod;

/** Where a request may change something, and how much may come with it; and where one may ask for a
 * WebSocket.
 */
typedef struct {
  RegiaMethod method; /* POST, PUT or DELETE; GET: of a WebSocket */
  const char *path;   /* as in a request; one that ends in `/` stands for everything below it */
  guint64 max_bytes;  /* of the body; 0: none */
  guint deadline_ms;  /* from the head to the body's last byte */
} RegiaBodyRule;

/** Fields that are passed on as they are to whoever answers, when they are single and of printable ASCII. */
typedef enum {
  REGIA_PASSED_ACCEPT,
  REGIA_PASSED_AUTHORIZATION,
  REGIA_PASSED_CONTENT_TYPE,
  REGIA_PASSED_COOKIE,
  REGIA_PASSED_IF_MATCH,
  REGIA_PASSED_LAST_EVENT_ID,
  REGIA_PASSED_ORIGIN,
  REGIA_PASSED_SEC_FETCH_SITE,
  REGIA_PASSED_N,
} RegiaPassed;

/** For the Allow field of a 405. */
#define REGIA_REQUEST_ALLOW "GET, HEAD, OPTIONS"

/** A request that passed. The strings point into the head that was parsed, and live as long as it does. */
typedef struct {
  RegiaMethod method;
  gboolean http10;   /* HTTP/1.0: answered and closed */
  gboolean gzip;     /* Accept-Encoding names gzip without a weight (RFC 9110 §12.5.3) */
  gboolean close;    /* the client asked for `Connection: close` */
  const char *path;  /* starts with `/`; [A-Za-z0-9._~/-] only, no `..`, no `//`; "*" for OPTIONS of the whole
                        server */
  const char *query; /* (nullable) as written: letters of RFC 3986 §3.4, each % with its two digits */
  const char *host;  /* as written, with its port */
  const char *range, *if_range;  /* (nullable) single fields; NULL when given twice */
  const char *if_none_match;     /* (nullable) */
  const char *if_modified_since; /* (nullable) */
  const char *user_agent;        /* (nullable) */
  const char *forwarded_for;     /* (nullable) X-Forwarded-For, of several the last; anybody may write it */
  const char *forwarded_proto;   /* (nullable) X-Forwarded-Proto: "http" or "https"; anybody may write it */
  const char *forwarded_host;    /* (nullable) X-Forwarded-Host, if this server answers under it; the same */
  const char *passed[REGIA_PASSED_N]; /* (nullable) */
  const RegiaBodyRule *rule;          /* (nullable): by which it may have a body */
  guint64 body_bytes;                 /* that follow the head */
  gboolean expects_continue;          /* and only when it was told to go on (RFC 9110 §10.1.1) */
  const char *viewer;                 /* (nullable) X-Regia-Viewer when it is 1–32 hexadecimal digits */
  const char
      *websocket_key; /* (nullable) Sec-WebSocket-Key of who asks for a WebSocket by the book (RFC 6455
                         §4.2.1) where a rule takes one; without it such a request is an ordinary one */
} RegiaRequest;

/** Why a request is refused; the connection is closed behind it. */
typedef struct {
  guint status;      /* 400, 405, 411, 413, 414, 417, 421, 431, 505 */
  const char *words; /* static */
  gboolean json;     /* asked under /api/: say it as JSON */
  gboolean head;     /* the method was HEAD: no body */
} RegiaRefusal;

/** RegiaHosts: the names under which this server answers. Immutable once made; any thread. */
typedef struct _RegiaHosts RegiaHosts;

/**
 * regia_hosts_new:
 * @names: (nullable) (array zero-terminated=1): host names or addresses without a port; "*" allows every name
 * @listen: (nullable): the listen address, `ADDRESS:PORT` or `[ADDRESS]:PORT`; its address is allowed as well
 *
 * localhost, 127.0.0.1 and [::1] are always allowed. When @listen is 0.0.0.0 or [::], every numeric address
 * is: only names can be made to point here by a stranger (DNS rebinding). Case does not matter.
 */
RegiaHosts *regia_hosts_new (const char *const *names, const char *listen);
void regia_hosts_free (RegiaHosts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaHosts, regia_hosts_free)

/** regia_hosts_allow: whether @host (`name`, `name:port`, `[v6]:port`; @length bytes) is one of them. Pure.
 */
gboolean regia_hosts_allow (const RegiaHosts *self, const char *host, gsize length);

/**
 * regia_request_head_length:
 * @data, @length: what has arrived so far
 * @scanned: (inout): where the search goes on at the next call; 0 at first
 *
 * Returns: bytes up to and with the empty line that ends the first head in @data, or 0 while there is none. A
 * line feed without its carriage return ends a head too, so that the parser sees it and can refuse it at
 * once.
 */
gsize regia_request_head_length (const char *data, gsize length, gsize *scanned);

/**
 * regia_request_parse:
 * @head, @length: one head with its empty line; changed in place (ends of strings are marked in it)
 * @hosts: allowed names
 * @rules: (nullable): where bodies are taken; ends with a path of NULL
 * @ret_request: filled on success
 * @ret_refusal: filled on refusal
 *
 * Checks, in this order: grammar and version, method, exactly one Host and it and the target's host allowed
 * (RFC 9110 §7.2, §7.4), no body or one that is taken (Content-Length, Transfer-Encoding; RFC 9112 §6),
 * number of fields, target. Any thread.
 */
gboolean regia_request_parse (char *head, gsize length, const RegiaHosts *hosts, const RegiaBodyRule *rules,
                              RegiaRequest *ret_request, RegiaRefusal *ret_refusal) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_request_canonical:
 * @request: one that passed
 * @last: the connection is to be closed behind its answer
 * @client: (nullable): whom it comes from, as text: the far end, or whom a trusted proxy speaks for. It is
 * the field %REGIA_REQUEST_CLIENT of what is shown, which is nothing that anybody can write
 * @proxied: a trusted proxy speaks for @client: what it said is in it as well, and Host is what it was asked
 * for, where it said that
 *
 * Returns: (transfer full): the same request in the one form in which anybody but us sees it: origin form,
 * one Host, then those of the fields above that it has, each once, under one spelling, in one order; of a
 * WebSocket neither protocols nor extensions. Pure.
 */
char *regia_request_canonical (const RegiaRequest *request, gboolean last, const char *client,
                               gboolean proxied);

/** Whom a request comes from, for handlers. One of this name that was written is not passed on. */
#define REGIA_REQUEST_CLIENT "X-Regia-Client"
