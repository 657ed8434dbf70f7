/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/** Longest of what is said of a stream: with it the addresses that are made of it stay within libavformat's.
 */
#define REGIA_DESTINATION_PATH_MAX 700
#define REGIA_DESTINATION_KEY_MAX  1000

typedef enum {
  REGIA_DESTINATION_RTMP,
  REGIA_DESTINATION_RTMPS,
  REGIA_DESTINATION_SRT,
} RegiaDestinationKind;

/**
 * RegiaDestination: the address of a relay, taken apart; so whoever checks an event file and whoever connects
 * mean the same by it. A plain value.
 */
typedef struct {
  RegiaDestinationKind kind;
  char *host;  /* name or address, without brackets: [a-zA-Z0-9.:-]+ */
  int port;    /* −1: the protocol's own */
  char *path;  /* RTMP: APPLICATION[/STREAM], as written, without a / at its ends; SRT: "" */
  char *query; /* (nullable): what follows the ?, as written. A secret, most of the time */
} RegiaDestination;

/**
 * regia_destination_parse:
 * @url: rtmp://HOST[:PORT]/APPLICATION[/STREAM][?QUERY], rtmps:// likewise, srt://HOST:PORT
 *
 * Returns: %FALSE with REGIA_ERROR_CONFIG, `what is wrong; what to do`, never with a part of @url, into which
 * a person may have put a secret. Pure; any thread.
 */
gboolean regia_destination_parse (const char *url, RegiaDestination *ret_destination,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void regia_destination_clear (RegiaDestination *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RegiaDestination, regia_destination_clear)

/**
 * regia_destination_get_rtmp:
 * @key: (nullable): the stream's key
 * @ret_app, @ret_stream: (out) (transfer full): what `connect` and `publish` name. With a key, as other
 * senders do it: all of the address and the key. Without: the address's last part is the stream, and the
 * query goes with it; an address of one part is the application alone, with its query
 *
 * For RTMP only. Errors: REGIA_ERROR_CONFIG, without any of it. Pure; any thread.
 */
gboolean regia_destination_get_rtmp (const RegiaDestination *self, const char *key, char **ret_app,
                                     char **ret_stream, GError **error) G_GNUC_WARN_UNUSED_RESULT;
