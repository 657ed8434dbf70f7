/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * The one error domain of Regia. GIO's own errors (G_IO_ERROR, G_FILE_ERROR) pass through unchanged; libav
 * and GStreamer errors are turned into this domain at the edge of their folder.
 *
 * A message says what happened, where, and what the person can do, as one line without a full stop at its
 * end.
 */
#define REGIA_ERROR (regia_error_quark ())

typedef enum {
  REGIA_ERROR_FAILED,      /* nothing more precise */
  REGIA_ERROR_CONFIG,      /* an event file or pipeline file is wrong; exit status 78 */
  REGIA_ERROR_USAGE,       /* the command line is wrong; exit status 64 */
  REGIA_ERROR_PROTOCOL,    /* a peer (feed, control, far end) said something that is not allowed */
  REGIA_ERROR_MEDIA,       /* a stream or file is damaged or of a kind we cannot take */
  REGIA_ERROR_STATE,       /* asked at the wrong time: already running, not on air, … */
  REGIA_ERROR_NO_SPACE,    /* the disk is full or the reserve is reached */
  REGIA_ERROR_UNAVAILABLE, /* a thing that is needed is missing: element, device, package; exit status 69 */
  REGIA_ERROR_NEWER,       /* written by a later version of Regia: it is left as it is; exit status 78 */
} RegiaError;

/** regia_error_quark: the domain's quark. Any thread. */
GQuark regia_error_quark (void);

/**
 * regia_error_exit_status:
 * @error: (nullable): an error
 *
 * Returns: the sysexits(3) status for @error: 78 config or newer, 64 usage (also G_OPTION_ERROR), 69
 * unavailable, 73 no space, 74 G_IO_ERROR and G_FILE_ERROR, 75 state, 76 protocol, 70 anything else; 0 when
 * @error is %NULL. Any thread.
 */
int regia_error_exit_status (const GError *error);

/**
 * regia_error_set_errno:
 * @code: an errno
 * @format: what could not be done, and with what: "PATH: cannot do it"
 *
 * Sets a G_IO_ERROR of the right code with "FORMAT: reason"; a full quota counts as a full disk
 * (G_IO_ERROR_NO_SPACE). Returns: always %FALSE, so that a function can end with it. Any thread.
 */
gboolean regia_error_set_errno (GError **error, int code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/**
 * regia_error_set_usage:
 * @format: what is wrong with what somebody asked for, and what would be right
 *
 * Sets a REGIA_ERROR_USAGE. Returns: always %FALSE, so that a function can end with it. Any thread.
 */
gboolean regia_error_set_usage (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
