/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "client.h"
#include "fixture.h"
#include "pairs.h"

#define DAY       (24 * 60 * 60)
#define PLAYLIST  "/live/video/64p/index.m3u8"
#define SEGMENT   "/live/video/64p/5.m4s"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

/** House: a Fixture that speaks https, and a client's idea of it. */
typedef struct {
  Fixture fixture;
  Pair pair;
  RegiaTlsSlot *slot;
  SSL_CTX *context; /* a client's that trusts the pair */
} House;

/** house_open_with: as fixture_start(); @options->tls is set. */
void house_open_with (House *self, RegiaServerOptions *options, guint frame_bytes, const char *folder);
void house_open (House *self);
void house_close (House *self);

/** tls_connect: a blocking client, which has shaken hands and trusts whom it spoke to. */
SSL *tls_connect (House *self, SSL_CTX *context);
/** tls_connect_slow: the same, with a small receive window. */
SSL *tls_connect_slow (House *self);
/** tls_hang_up: closes the socket, without a word, and frees the rest. */
void tls_hang_up (SSL *ssl);
void tls_send (SSL *ssl, const char *text);
/** tls_receive: one answer; @no_body: to HEAD */
void tls_receive (SSL *ssl, gboolean no_body, ClientAnswer *ret_answer);
/** tls_ask: both. Returns: the status. */
guint tls_ask (SSL *ssl, const char *request, ClientAnswer *ret_answer);
/** tls_expect_end: the connection ends, and in order: the client is told that no more comes. */
void tls_expect_end (SSL *ssl);
