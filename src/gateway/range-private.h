/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** Ranges and validators of RFC 9110 §13 and §14, for downloads. Pure functions; any thread. */

typedef enum {
  REGIA_RANGE_WHOLE,         /* 200: no range, or one that is to be ignored */
  REGIA_RANGE_PART,          /* 206 */
  REGIA_RANGE_UNSATISFIABLE, /* 416 */
} RegiaRangeKind;

/**
 * regia_range_decide:
 * @range, @if_range: (nullable): the fields' values
 * @etag: the file's strong entity tag, with its quotes
 * @modified_s: its modification time, Unix seconds
 * @size_bytes: its size
 * @ret_first, @ret_last: (out): the bytes to send, inclusive; set for PART only
 *
 * One range of the unit "bytes" is served. Anything else (several ranges, another unit, bad syntax, an
 * If-Range that does not hold) is ignored, as §14.2 allows: the whole file is then the answer.
 */
RegiaRangeKind regia_range_decide (const char *range, const char *if_range, const char *etag,
                                   gint64 modified_s, guint64 size_bytes, guint64 *ret_first,
                                   guint64 *ret_last);

/** regia_etag_matches: If-None-Match @field (a list or `*`) names @etag; weak comparison (§8.8.3.2, §13.1.2).
 */
gboolean regia_etag_matches (const char *field, const char *etag);

/** regia_http_date_parse: IMF-fixdate (`Sun, 06 Nov 1994 08:49:37 GMT`, §5.6.7) as Unix seconds, −1 when it
 * is not one. */
gint64 regia_http_date_parse (const char *text);

/** Room for an IMF-fixdate and its NUL. */
#define REGIA_HTTP_DATE_BYTES 32
/** regia_http_date_format: the reverse. @unix_s before 1970 or after 9999 is clamped. */
void regia_http_date_format (gint64 unix_s, char ret_text[REGIA_HTTP_DATE_BYTES]);
