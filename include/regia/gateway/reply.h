/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/gateway/limits.h"
#include "regia/gateway/request.h"

/**
 * RegiaReply: the answer to a request, as a value: no socket, no library. What the router fills in and the
 * HTTP layer sends. Strings are constants or text made here from safe characters; nothing a stranger sent is
 * ever copied into a header.
 */

/** Which set of security headers goes with an answer. */
typedef enum {
  REGIA_GUARD_DATA, /* everything that is not a page: may load nothing, may be framed by nobody */
  REGIA_GUARD_PAGE, /* the pages: own scripts, hls.js' blobs */
} RegiaGuard;

#define REGIA_ETAG_BYTES       80
#define REGIA_REPLY_TEXT_BYTES 160

typedef struct {
  guint status;
  gboolean is_slow; /* nothing is filled in yet: ask again on a thread that may wait for the disk */
  RegiaGuard guard;
  const char *content_type;  /* (nullable) static */
  const char *cache_control; /* (nullable) static */
  const char *allow;         /* (nullable) static: 405 and OPTIONS */
  gboolean cors;             /* players of other sites may read it */
  gboolean cors_preflight;   /* and may send these headers: for OPTIONS */
  gboolean accept_ranges;
  char etag[REGIA_ETAG_BYTES];                /* "" none; with quotes */
  char last_modified[32];                     /* "" none; IMF-fixdate */
  char content_range[REGIA_REPLY_TEXT_BYTES]; /* "" none */
  char disposition[REGIA_REPLY_TEXT_BYTES];   /* "" none */
  GBytes *body;                               /* (owned) (nullable): shared, never copied */
  int fd; /* (owned): −1, or a file whose bytes offset … offset + length − 1 are the body */
  guint64 offset, length;
} RegiaReply;

/** regia_reply_init: an empty 500. */
void regia_reply_init (RegiaReply *self);
void regia_reply_clear (RegiaReply *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaReply, regia_reply_clear)

/** regia_reply_length: the body's bytes, for Content-Length. */
guint64 regia_reply_length (const RegiaReply *self);

/**
 * regia_reply_error:
 * @json: whether it was asked under /api/
 * @words: static or of safe characters: what is wrong and what to do; shown as a small page or as JSON
 */
void regia_reply_error (RegiaReply *self, guint status, gboolean json, const char *words);

/** Room that the head of any answer finds place in. */
#define REGIA_REPLY_HEAD_BYTES 2048

typedef void (*RegiaFieldFunc) (const char *name, const char *value, gpointer user_data);

/** regia_reply_each_field: calls @func for each header field but Date and Content-Length. @last: with
 * `Connection: close` */
void regia_reply_each_field (const RegiaReply *self, gboolean last, RegiaFieldFunc func, gpointer user_data);

/** regia_reply_has_body: whether a body follows the head (RFC 9110 §9.3.2, §15.3.5, §15.4.5). */
gboolean regia_reply_has_body (const RegiaReply *self, RegiaMethod method);

/** regia_reply_write_head: the whole head, with its empty line. Returns: its length. */
gsize regia_reply_write_head (const RegiaReply *self, gboolean last, char ret_text[REGIA_REPLY_HEAD_BYTES]);

/**
 * RegiaAnswerFunc: fills @reply (already initialised).
 * @may_wait: %FALSE on a worker's thread: nothing may block there, an answer that needs the disk sets
 * is_slow; %TRUE when it is asked again on a disk thread
 *
 * Called on several threads at once.
 */
typedef void (*RegiaAnswerFunc) (const RegiaRequest *request, const RegiaPeer *peer, gboolean may_wait,
                                 RegiaReply *reply, gpointer user_data);
