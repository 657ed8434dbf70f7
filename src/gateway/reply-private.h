/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

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

#define REGIA_ETAG_BYTES          80
#define REGIA_REPLY_ORIGINS_BYTES 480
#define REGIA_REPLY_TEXT_BYTES    160

typedef struct {
  guint status;
  RegiaGuard guard;
  const char *content_type;  /* (nullable) static */
  const char *cache_control; /* (nullable) static */
  const char *encoding;      /* (nullable) static: Content-Encoding of the body */
  gboolean vary_encoding;    /* the answer depends on Accept-Encoding */
  const char *allow;         /* (nullable) static: 405 and OPTIONS */
  gboolean cors;             /* players of other sites may read it */
  gboolean cors_preflight;   /* and may send these headers: for OPTIONS */
  gboolean accept_ranges;
  guint retry_after_s;                        /* 0: none */
  const char *location;                       /* (nullable) static: of a 303 */
  char cookie[REGIA_REPLY_TEXT_BYTES];        /* "" none: Set-Cookie */
  char etag[REGIA_ETAG_BYTES];                /* "" none; with quotes */
  char last_modified[32];                     /* "" none; IMF-fixdate */
  char content_range[REGIA_REPLY_TEXT_BYTES]; /* "" none */
  char disposition[REGIA_REPLY_TEXT_BYTES];   /* "" none */
  char origins[REGIA_REPLY_ORIGINS_BYTES];    /* "" none: of a page: besides its own, those it may ask */
  GBytes *body;                               /* (owned) (nullable): shared, never copied */
  int fd; /* (owned): −1, or a file whose bytes offset … offset + length − 1 are the body */
  guint64 offset, length;
} RegiaReply;

/** regia_reply_init: an empty 500. */
void regia_reply_init (RegiaReply *self);
void regia_reply_clear (RegiaReply *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaReply, regia_reply_clear)

/** regia_reply_has_body: whether a body follows the head of the answer to such a request. */
gboolean regia_reply_has_body (const RegiaReply *self, gboolean is_head);

/** One field of an answer's head. */
typedef void (*RegiaReplyFieldFunc) (const char *name, const char *value, gpointer user_data);
/** regia_reply_each_field: the fields of the answer's head, but for date and connection. */
void regia_reply_each_field (const RegiaReply *self, RegiaReplyFieldFunc func, gpointer user_data);

/** Room for the longest head that regia_reply_write_head() makes. */
#define REGIA_REPLY_HEAD_BYTES 3072
/**
 * regia_reply_write_head: the head as it goes over the wire (RFC 9112 §4).
 * @last: the connection is closed behind it
 * @date: an IMF-fixdate
 *
 * Returns: its length.
 */
gsize regia_reply_write_head (const RegiaReply *self, gboolean last, const char *date,
                              char ret_head[REGIA_REPLY_HEAD_BYTES]);

/** regia_reply_date_now: (transfer none): the present second as an IMF-fixdate, made once for all answers of
 * it. Lives until the thread asks again. */
const char *regia_reply_date_now (void);

/** regia_reply_length: the body's bytes, for Content-Length. */
guint64 regia_reply_length (const RegiaReply *self);

/**
 * regia_reply_error:
 * @path: what was asked for: below /api/ the answer is JSON, else a small page whose links are relative to it
 * @words: static or of safe characters: what is wrong and what to do
 */
void regia_reply_error (RegiaReply *self, guint status, const char *path, const char *words);
