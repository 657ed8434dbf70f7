/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/** A live stream on a web server, as HLS (RFC 8216). */
typedef struct {
  const char *url; /* of its playlist: http:// or https:// */
  guint
      most_lines; /* of several renditions the largest picture that is no higher than this; 0: the largest */
  const char
      *language;    /* (nullable): of several sounds the one in this language, as the playlist writes it */
  guint timeout_ms; /* how long the server may say nothing while it is asked for something */
} RegiaPullTarget;

/**
 * regia_pull_run: fetches @target and writes one picture and one sound of it to @fd as MPEG-TS, as they are
 * (nothing is encoded anew), in real time: what a server gives by the segment comes out by the picture. It
 * begins three segments before the newest. Timestamps go on where the stream's own leap.
 * @fd: (transfer none): a pipe, whose reader need not be quick
 *
 * Blocks for as long as there is something; ends by the end of the stream, by an error, or when nobody reads
 * @fd any more. A stream that has an end already is a recording, and is refused.
 *
 * Thread: any, one call at a time in a process; it starts one more. There is no way to cancel it: for a
 * process of its own.
 *
 * Errors: G_IO_ERROR, REGIA_ERROR_MEDIA, in words for who set the address. Returns: always %FALSE.
 */
gboolean regia_pull_run (const RegiaPullTarget *target, int fd, GError **error);
