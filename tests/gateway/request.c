/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "request-private.h"

#include <string.h>

/* The request check as a table: what is let in, what is refused and how. Heads are written without their last
 * CRLF CRLF where `whole` is not set. */

#define H "Host: localhost\r\n"

typedef struct {
  const char *name;
  const char *head;  /* request line and fields, each with its CRLF; the empty line is added */
  guint status;      /* 0: allowed */
  const char *path;  /* allowed: what path must be … */
  const char *query; /* … and query */
} Row;

static const Row rows[] = {
    /* What viewers and tools send. */
    {"plain", "GET / HTTP/1.1\r\n" H, 0, "/", NULL},
    {"head", "HEAD /live/index.m3u8 HTTP/1.1\r\n" H, 0, "/live/index.m3u8", NULL},
    {"options", "OPTIONS /live/index.m3u8 HTTP/1.1\r\n" H, 0, "/live/index.m3u8", NULL},
    {"options-star", "OPTIONS * HTTP/1.1\r\n" H, 0, "*", NULL},
    {"http-1.0", "GET / HTTP/1.0\r\n" H, 0, "/", NULL},
    {"segment", "GET /live/video/720p/12345.m4s HTTP/1.1\r\n" H, 0, "/live/video/720p/12345.m4s", NULL},
    {"query", "GET /?lang=it HTTP/1.1\r\n" H, 0, "/", "lang=it"},
    {"query-empty", "GET /? HTTP/1.1\r\n" H, 0, "/", ""},
    {"query-hls", "GET /live/video/720p/index.m3u8?_HLS_msn=12&_HLS_part=3 HTTP/1.1\r\n" H, 0,
     "/live/video/720p/index.m3u8", "_HLS_msn=12&_HLS_part=3"},
    {"tilde", "GET /~user/a_b-c.d HTTP/1.1\r\n" H, 0, "/~user/a_b-c.d", NULL},
    {"host-port", "GET / HTTP/1.1\r\nHost: localhost:8080\r\n", 0, "/", NULL},
    {"host-case", "GET / HTTP/1.1\r\nhOsT: LocalHost\r\n", 0, "/", NULL},
    {"host-v4", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n", 0, "/", NULL},
    {"host-v6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n", 0, "/", NULL},
    {"host-configured", "GET / HTTP/1.1\r\nHost: regia.example\r\n", 0, "/", NULL},
    {"host-listen", "GET / HTTP/1.1\r\nHost: 192.0.2.7:8080\r\n", 0, "/", NULL},
    {"host-spaces", "GET / HTTP/1.1\r\nHost: \t localhost \t \r\n", 0, "/", NULL},
    {"absolute", "GET http://localhost/a?b=c HTTP/1.1\r\n" H, 0, "/a", "b=c"},
    {"absolute-bare", "GET http://localhost:8080 HTTP/1.1\r\n" H, 0, "/", NULL},
    {"absolute-case", "GET HTTP://LOCALHOST/a HTTP/1.1\r\n" H, 0, "/a", NULL},
    {"empty-line-before", "\r\nGET / HTTP/1.1\r\n" H, 0, "/", NULL},
    {"length-zero", "GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n", 0, "/", NULL},
    {"expect", "GET / HTTP/1.1\r\n" H "Expect: 100-continue\r\n", 0, "/", NULL},
    {"upgrade-ignored", "GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\nConnection: Upgrade\r\n", 0, "/", NULL},
    {"websocket-ignored", "GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n", 0, "/",
     NULL},
    {"te-field", "GET / HTTP/1.1\r\n" H "TE: trailers\r\n", 0, "/", NULL},
    {"empty-value", "GET / HTTP/1.1\r\n" H "X-Empty:\r\n", 0, "/", NULL},
    {"latin1-value", "GET / HTTP/1.1\r\n" H "X-Name: caff\xe8\r\n", 0, "/", NULL},
    {"odd-field-name", "GET / HTTP/1.1\r\n" H "X!#$%&'*+-.^_`|~1: a\r\n", 0, "/", NULL},
    /* The request line. */
    {"http-0.9", "GET /\r\n", 400, NULL, NULL},
    {"http-2", "GET / HTTP/2.0\r\n" H, 505, NULL, NULL},
    {"http-1.2", "GET / HTTP/1.2\r\n" H, 505, NULL, NULL},
    {"h2-preface", "PRI * HTTP/2.0\r\n", 505, NULL, NULL},
    {"version-long", "GET / HTTP/1.10\r\n" H, 400, NULL, NULL},
    {"version-lower", "GET / http/1.1\r\n" H, 400, NULL, NULL},
    {"version-letters", "GET / HTTP/a.b\r\n" H, 400, NULL, NULL},
    {"version-none", "GET / \r\n" H, 400, NULL, NULL},
    {"two-spaces", "GET  / HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"space-in-target", "GET /a b HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"tab", "GET\t/ HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"trailing-space", "GET / HTTP/1.1 \r\n" H, 400, NULL, NULL},
    {"leading-space", " GET / HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"no-method", " / HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"control-in-method", "FOO\x01 / HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"utf8-method", "G\xc3\x89T / HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"delete-char", "GET /\x7f HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"empty", "\r\n", 400, NULL, NULL},
    {"two-empty-lines-before", "\r\n\r\nGET / HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"tls-hello", "\x16\x03\x01\x02\r\n", 400, NULL, NULL},
    /* Methods. */
    {"post", "POST / HTTP/1.1\r\n" H, 405, NULL, NULL},
    {"post-body", "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n", 405, NULL, NULL},
    {"put", "PUT / HTTP/1.1\r\n" H, 405, NULL, NULL},
    {"delete", "DELETE /recordings/a HTTP/1.1\r\n" H, 405, NULL, NULL},
    {"patch", "PATCH / HTTP/1.1\r\n" H, 405, NULL, NULL},
    {"trace", "TRACE / HTTP/1.1\r\n" H, 405, NULL, NULL},
    {"connect", "CONNECT localhost:443 HTTP/1.1\r\n" H, 405, NULL, NULL},
    {"lower-case-get", "get / HTTP/1.1\r\n" H, 405, NULL, NULL},
    {"unknown-method", "BREW / HTTP/1.1\r\n" H, 405, NULL, NULL},
    /* Host. */
    {"no-host", "GET / HTTP/1.1\r\n", 400, NULL, NULL},
    {"no-host-1.0", "GET / HTTP/1.0\r\n", 400, NULL, NULL},
    {"two-hosts", "GET / HTTP/1.1\r\n" H H, 400, NULL, NULL},
    {"two-hosts-second-foreign", "GET / HTTP/1.1\r\n" H "Host: evil.example\r\n", 400, NULL, NULL},
    {"foreign-host", "GET / HTTP/1.1\r\nHost: evil.example\r\n", 421, NULL, NULL},
    {"foreign-address", "GET / HTTP/1.1\r\nHost: 203.0.113.9\r\n", 421, NULL, NULL},
    {"host-prefix", "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n", 421, NULL, NULL},
    {"host-suffix", "GET / HTTP/1.1\r\nHost: evil-localhost\r\n", 421, NULL, NULL},
    {"host-dot", "GET / HTTP/1.1\r\nHost: localhost.\r\n", 421, NULL, NULL},
    {"host-empty", "GET / HTTP/1.1\r\nHost:\r\n", 421, NULL, NULL},
    {"host-list", "GET / HTTP/1.1\r\nHost: localhost, evil.example\r\n", 421, NULL, NULL},
    {"host-userinfo", "GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n", 421, NULL, NULL},
    {"host-slash", "GET / HTTP/1.1\r\nHost: localhost/evil\r\n", 421, NULL, NULL},
    {"host-port-letters", "GET / HTTP/1.1\r\nHost: localhost:80a\r\n", 421, NULL, NULL},
    {"host-port-big", "GET / HTTP/1.1\r\nHost: localhost:65536\r\n", 421, NULL, NULL},
    {"host-port-negative", "GET / HTTP/1.1\r\nHost: localhost:-1\r\n", 421, NULL, NULL},
    {"host-v6-open", "GET / HTTP/1.1\r\nHost: [::1\r\n", 421, NULL, NULL},
    {"host-v6-junk", "GET / HTTP/1.1\r\nHost: [::1]x\r\n", 421, NULL, NULL},
    {"host-v6-zone", "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n", 421, NULL, NULL},
    {"absolute-foreign", "GET http://evil.example/ HTTP/1.1\r\n" H, 421, NULL, NULL},
    {"absolute-userinfo", "GET http://localhost@evil.example/ HTTP/1.1\r\n" H, 421, NULL, NULL},
    {"absolute-own-host-foreign", "GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n", 421, NULL,
     NULL},
    {"absolute-https", "GET https://localhost/ HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"absolute-file", "GET file:///etc/passwd HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"absolute-no-host", "GET http:///a HTTP/1.1\r\n" H, 421, NULL, NULL},
    {"absolute-query-no-path", "GET http://localhost?a=b HTTP/1.1\r\n" H, 400, NULL, NULL},
    /* Where bodies are taken. */
    {"take", "POST /api/v1/take HTTP/1.1\r\n" H "Content-Length: 100\r\n", 0, "/api/v1/take", NULL},
    {"take-query", "POST /api/v1/take?a=b HTTP/1.1\r\n" H "Content-Length: 1\r\n", 0, "/api/v1/take", "a=b"},
    {"take-empty", "POST /api/v1/take HTTP/1.1\r\n" H "Content-Length: 0\r\n", 0, "/api/v1/take", NULL},
    {"take-too-much", "POST /api/v1/take HTTP/1.1\r\n" H "Content-Length: 101\r\n", 413, NULL, NULL},
    {"take-huge", "POST /api/v1/take HTTP/1.1\r\n" H "Content-Length: 999999999999999999\r\n", 413, NULL,
     NULL},
    {"take-no-length", "POST /api/v1/take HTTP/1.1\r\n" H, 411, NULL, NULL},
    {"take-chunked", "POST /api/v1/take HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n", 411, NULL, NULL},
    {"take-both", "POST /api/v1/take HTTP/1.1\r\n" H "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
     400, NULL, NULL},
    {"take-two-lengths", "POST /api/v1/take HTTP/1.1\r\n" H "Content-Length: 4\r\nContent-Length: 4\r\n", 400,
     NULL, NULL},
    {"take-foreign-host", "POST /api/v1/take HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 4\r\n", 421,
     NULL, NULL},
    {"take-below", "POST /api/v1/take/x HTTP/1.1\r\n" H "Content-Length: 1\r\n", 405, NULL, NULL},
    {"take-prefix", "POST /api/v1/taken HTTP/1.1\r\n" H "Content-Length: 1\r\n", 405, NULL, NULL},
    {"take-put", "PUT /api/v1/take HTTP/1.1\r\n" H "Content-Length: 1\r\n", 405, NULL, NULL},
    {"take-get-body", "GET /api/v1/take HTTP/1.1\r\n" H "Content-Length: 1\r\n", 400, NULL, NULL},
    {"take-nothing", "POST /api/v1/nothing HTTP/1.1\r\n" H, 0, "/api/v1/nothing", NULL},
    {"take-nothing-body", "POST /api/v1/nothing HTTP/1.1\r\n" H "Content-Length: 1\r\n", 400, NULL, NULL},
    {"put-below", "PUT /api/v1/pictures/a.jpg HTTP/1.1\r\n" H "Content-Length: 1000\r\n", 0,
     "/api/v1/pictures/a.jpg", NULL},
    {"put-folder", "PUT /api/v1/pictures/ HTTP/1.1\r\n" H "Content-Length: 10\r\n", 405, NULL, NULL},
    {"put-dots", "PUT /api/v1/pictures/../take HTTP/1.1\r\n" H "Content-Length: 10\r\n", 400, NULL, NULL},
    {"delete-below", "DELETE /api/v1/pictures/a.jpg HTTP/1.1\r\n" H, 0, "/api/v1/pictures/a.jpg", NULL},
    /* Bodies: smuggling. */
    {"length", "GET / HTTP/1.1\r\n" H "Content-Length: 5\r\n", 400, NULL, NULL},
    {"length-twice", "GET / HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 0\r\n", 400, NULL, NULL},
    {"length-differs", "GET / HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 5\r\n", 400, NULL, NULL},
    {"length-list", "GET / HTTP/1.1\r\n" H "Content-Length: 0, 0\r\n", 400, NULL, NULL},
    {"length-negative", "GET / HTTP/1.1\r\n" H "Content-Length: -1\r\n", 400, NULL, NULL},
    {"length-plus", "GET / HTTP/1.1\r\n" H "Content-Length: +0\r\n", 400, NULL, NULL},
    {"length-hex", "GET / HTTP/1.1\r\n" H "Content-Length: 0x0\r\n", 400, NULL, NULL},
    {"length-empty", "GET / HTTP/1.1\r\n" H "Content-Length:\r\n", 400, NULL, NULL},
    {"length-overflow", "GET / HTTP/1.1\r\n" H "Content-Length: 18446744073709551616\r\n", 400, NULL, NULL},
    {"chunked", "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n", 411, NULL, NULL},
    {"chunked-case", "GET / HTTP/1.1\r\n" H "tRANSFER-eNCODING: cHUNKED\r\n", 411, NULL, NULL},
    {"te-gzip", "GET / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n", 411, NULL, NULL},
    {"te-xchunked", "GET / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n", 411, NULL, NULL},
    {"te-identity", "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n", 411, NULL, NULL},
    {"te-empty", "GET / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n", 411, NULL, NULL},
    {"te-and-length", "GET / HTTP/1.1\r\n" H "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400, NULL,
     NULL},
    {"te-and-length-zero", "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400,
     NULL, NULL},
    {"te-space-before-colon", "GET / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n", 400, NULL, NULL},
    {"length-space-before-colon", "GET / HTTP/1.1\r\n" H "Content-Length : 5\r\n", 400, NULL, NULL},
    {"folded", "GET / HTTP/1.1\r\n" H "X-A: b\r\n c\r\n", 400, NULL, NULL},
    {"folded-te", "GET / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n", 400, NULL, NULL},
    {"folded-first", "GET / HTTP/1.1\r\n X: y\r\n" H, 400, NULL, NULL},
    {"bare-cr", "GET / HTTP/1.1\r\n" H "X-A: b\rc\r\n", 400, NULL, NULL},
    {"no-colon", "GET / HTTP/1.1\r\n" H "Nonsense\r\n", 400, NULL, NULL},
    {"no-name", "GET / HTTP/1.1\r\n" H ": value\r\n", 400, NULL, NULL},
    {"name-space", "GET / HTTP/1.1\r\n" H "X A: value\r\n", 400, NULL, NULL},
    {"control-in-value", "GET / HTTP/1.1\r\n" H "X-A: a\x01z\r\n", 400, NULL, NULL},
    {"expect-other", "GET / HTTP/1.1\r\n" H "Expect: the-spanish-inquisition\r\n", 417, NULL, NULL},
    /* Paths and queries. */
    {"dot-dot", "GET /../etc/passwd HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"dot-dot-inside", "GET /live/../../etc HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"dot-dot-end", "GET /live/.. HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"encoded-dots", "GET /%2e%2e/etc HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"double-encoded", "GET /%252e%252e/ HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"encoded-nul", "GET /a%00b HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"encoded-crlf", "GET /a%0d%0aX:y HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"double-slash", "GET //etc/passwd HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"backslash", "GET /..\\windows HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"invalid-utf8", "GET /\xff\xfe HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"semicolon", "GET /a;b HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"fragment", "GET /#a HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"no-slash", "GET live HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"star-get", "GET * HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"query-percent", "GET /?a=%41 HTTP/1.1\r\n" H, 0, "/", "a=%41"},
    {"query-twice", "GET /?a?b HTTP/1.1\r\n" H, 0, "/", "a?b"},
    {"query-campaign", "GET /?utm_source=news%20letter&utm_campaign=a+b:c,(d) HTTP/1.1\r\n" H, 0, "/",
     "utm_source=news%20letter&utm_campaign=a+b:c,(d)"},
    {"query-all-letters", "GET /?-._~!$&'()*+,;=:@/?%aF HTTP/1.1\r\n" H, 0, "/", "-._~!$&'()*+,;=:@/?%aF"},
    {"query-dots", "GET /?a=/../b//c HTTP/1.1\r\n" H, 0, "/", "a=/../b//c"},
    {"query-angle", "GET /?<script> HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"query-quote", "GET /?a=\"b\" HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"query-brackets", "GET /?a[]=b HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"query-fragment", "GET /?a#b HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"query-latin1", "GET /?a=\xe8 HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"query-percent-end", "GET /?a=% HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"query-percent-one", "GET /?a=%4 HTTP/1.1\r\n" H, 400, NULL, NULL},
    {"query-percent-junk", "GET /?a=%4g HTTP/1.1\r\n" H, 400, NULL, NULL},
};

static const RegiaBodyRule rules[] = {
    {REGIA_METHOD_POST, "/api/v1/take", 100, 1000},       {REGIA_METHOD_POST, "/api/v1/nothing", 0, 1000},
    {REGIA_METHOD_PUT, "/api/v1/pictures/", 1000, 1000},  {REGIA_METHOD_DELETE, "/api/v1/pictures/", 0, 1000},
    {.method = REGIA_METHOD_GET, .path = "/api/v1/live"}, {0},
};

static gboolean
parse (const RegiaHosts *hosts, const char *head, gsize length, RegiaRequest *ret_request,
       RegiaRefusal *ret_refusal, char **ret_buffer)
{
  *ret_buffer =
      g_memdup2 (head, length); /* exactly as long as the head, so that a sanitizer sees an overrun */
  return regia_request_parse (*ret_buffer, length, hosts, rules, ret_request, ret_refusal);
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  static const char *const names[] = {"regia.example", NULL};
  g_autoptr (RegiaHosts) hosts = regia_hosts_new (names, "192.0.2.7:8080");
  g_autofree char *head = g_strconcat (row->head, "\r\n", NULL);
  g_autofree char *buffer = NULL;
  RegiaRequest request = {0};
  RegiaRefusal refusal = {0};
  gboolean allowed = parse (hosts, head, strlen (head), &request, &refusal, &buffer);

  if (row->status == 0) {
    g_assert_true (allowed);
    g_assert_cmpstr (request.path, ==, row->path);
    g_assert_cmpstr (request.query, ==, row->query);
  } else {
    g_assert_false (allowed);
    g_assert_cmpuint (refusal.status, ==, row->status);
    g_assert_nonnull (refusal.words);
  }
}

static void
test_raw_bytes (void)
{
  static const struct {
    const char *bytes;
    gsize length;
  } bad[] = {
#define RAW(text) {text, sizeof text - 1}
      RAW ("GET / HTTP/1.1\n"),
      RAW ("GET / HTTP/1.1\r\n" H "X-A: b\n"),
      RAW ("GET / HTTP/1.1\r\n" H "X-A: a\0b\r\n\r\n"),
      RAW ("GET /\0 HTTP/1.1\r\n" H "\r\n"),
      RAW ("\0\r\n"),
      RAW ("\n"),
  };
  g_autoptr (RegiaHosts) hosts = regia_hosts_new (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *buffer = NULL;
    RegiaRequest request;
    RegiaRefusal refusal;
    g_assert_false (parse (hosts, bad[i].bytes, bad[i].length, &request, &refusal, &buffer));
    g_assert_cmpuint (refusal.status, ==, 400);
  }
}

/* The end of a head is found wherever the packets are cut, and never before it. */
static void
test_head_length (void)
{
  static const char one[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  static const char two[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n";
  static const char leading[] = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  static const char bare[] = "GET / HTTP/1.1\nHost: a\r\n\r\n";
  gsize scanned = 0;

  for (gsize n = 0; n < sizeof one - 1; n++)
    g_assert_cmpuint (regia_request_head_length (one, n, &scanned), ==, 0);
  g_assert_cmpuint (regia_request_head_length (one, sizeof one - 1, &scanned), ==, sizeof one - 1);
  scanned = 0;
  g_assert_cmpuint (regia_request_head_length (two, sizeof two - 1, &scanned), ==, sizeof one - 1);
  scanned = 0;
  for (gsize n = 0; n < sizeof leading - 1; n++)
    g_assert_cmpuint (regia_request_head_length (leading, n, &scanned), ==, 0);
  g_assert_cmpuint (regia_request_head_length (leading, sizeof leading - 1, &scanned), ==,
                    sizeof leading - 1);
  scanned = 0;
  g_assert_cmpuint (regia_request_head_length (bare, sizeof bare - 1, &scanned), ==, 15);
}

static void
test_fields (void)
{
  static const char head[] =
      "GET /a HTTP/1.1\r\n" H "Range: bytes=0-1\r\nIf-Range: \"x\"\r\nIf-None-Match: \"y\"\r\n"
      "If-Modified-Since: z\r\nUser-Agent: u v\r\nX-Regia-Viewer: 0123456789abcdef\r\n"
      "Connection: keep-alive, Close\r\n\r\n";
  static const char twice[] =
      "GET /a HTTP/1.1\r\n" H "Range: bytes=0-1\r\nRange: bytes=2-3\r\nX-Regia-Viewer: xyz\r\n\r\n";
  g_autoptr (RegiaHosts) hosts = regia_hosts_new (NULL, NULL);
  g_autofree char *buffer = NULL, *second = NULL;
  RegiaRequest request;
  RegiaRefusal refusal;

  g_assert_true (parse (hosts, head, sizeof head - 1, &request, &refusal, &buffer));
  g_assert_cmpstr (request.range, ==, "bytes=0-1");
  g_assert_cmpstr (request.if_range, ==, "\"x\"");
  g_assert_cmpstr (request.if_none_match, ==, "\"y\"");
  g_assert_cmpstr (request.if_modified_since, ==, "z");
  g_assert_cmpstr (request.user_agent, ==, "u v");
  g_assert_cmpstr (request.viewer, ==, "0123456789abcdef");
  g_assert_true (request.close);
  g_assert_true (parse (hosts, twice, sizeof twice - 1, &request, &refusal, &second));
  g_assert_null (request.range);
  g_assert_null (request.viewer);
  g_assert_false (request.close);
}

static void
test_sizes (void)
{
  g_autoptr (RegiaHosts) hosts = regia_hosts_new (NULL, NULL);
  RegiaRequest request;
  RegiaRefusal refusal;

  for (guint fields = 98; fields <= 101; fields++) {
    g_autoptr (GString) head = g_string_new ("GET / HTTP/1.1\r\n" H);
    g_autofree char *buffer = NULL;
    gboolean allowed;

    for (guint i = 1; i < fields; i++)
      g_string_append (head, "X-A: b\r\n");
    g_string_append (head, "\r\n");
    allowed = parse (hosts, head->str, head->len, &request, &refusal, &buffer);
    g_assert_cmpint (allowed, ==, fields <= 100);
    if (!allowed)
      g_assert_cmpuint (refusal.status, ==, 431);
  }
  for (guint length = 2047; length <= 2049; length++) {
    g_autofree char *path = g_strnfill (length, 'a'), *head = NULL, *buffer = NULL;
    gboolean allowed;

    path[0] = '/';
    head = g_strdup_printf ("GET %s HTTP/1.1\r\n" H "\r\n", path);
    allowed = parse (hosts, head, strlen (head), &request, &refusal, &buffer);
    g_assert_cmpint (allowed, ==, length <= 2048);
    if (!allowed)
      g_assert_cmpuint (refusal.status, ==, 414);
  }
}

static void
test_hosts_any (void)
{
  static const char *const any[] = {"*", NULL}, *const v6[] = {"2001:db8::1", NULL};
  g_autoptr (RegiaHosts) all = regia_hosts_new (any, NULL), one = regia_hosts_new (v6, "[::]:8080"),
                         wildcard = regia_hosts_new (NULL, "0.0.0.0:8080");

  g_assert_true (regia_hosts_allow (all, "anything.example:99", 19));
  g_assert_false (regia_hosts_allow (all, "a b", 3));
  g_assert_false (regia_hosts_allow (all, "", 0));
  g_assert_true (regia_hosts_allow (one, "[2001:DB8::1]:8080", 18));
  g_assert_true (regia_hosts_allow (one, "[2001:db8::2]:8080",
                                    18)); /* listens everywhere: numeric addresses are its own */
  g_assert_true (regia_hosts_allow (wildcard, "192.168.1.20:8080", 17));
  g_assert_false (regia_hosts_allow (wildcard, "evil.example:8080", 17));
  g_assert_false (regia_hosts_allow (wildcard, "192.168.1.20.evil", 17));
}

/* Whatever form a request came in, it is passed on in one, which is judged alike. */
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define PLAIN   "GET /api/v1/live HTTP/1.1\r\n" H "\r\n"

static void
test_canonical (void)
{
  static const struct {
    const char *head, *canonical;
    gboolean last;
    const char *client;
    gboolean proxied;
  } table[] = {
      {"GET / HTTP/1.1\r\n" H, "GET / HTTP/1.1\r\n" H "\r\n", FALSE, NULL},
      {"\r\nGET HTTP://LOCALHOST:8080/a?b=%41 HTTP/1.1\r\nX-Junk: \xe8\r\nhOsT:  \tlocalhost:80 \r\nRange: "
       "bytes=0-,0-\r\n",
       "GET /a?b=%41 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", FALSE, NULL},
      {"HEAD /a HTTP/1.0\r\n" H "Connection: close\r\n", "HEAD /a HTTP/1.0\r\n" H "Connection: close\r\n\r\n",
       TRUE, NULL},
      {"GET /a HTTP/1.1\r\ncookie: a=b\r\n" H
       "AUTHORIZATION: Bearer x\r\norigin: http://localhost\r\naccept: a/b\r\n",
       "GET /a HTTP/1.1\r\n" H
       "Accept: a/b\r\nAuthorization: Bearer x\r\nCookie: a=b\r\nOrigin: http://localhost\r\n\r\n",
       FALSE, NULL},
      /* Given twice, or with what is no letter: as if it were not there. */
      {"GET /a HTTP/1.1\r\n" H
       "Cookie: a=b\r\nCookie: c=d\r\nCookie: e=f\r\nAuthorization: caff\xe8\r\nOrigin: a\tb\r\n",
       "GET /a HTTP/1.1\r\n" H "\r\n", FALSE, NULL},
      {"POST /api/v1/take HTTP/1.1\r\n" H
       "expect: 100-Continue\r\ncontent-length: 0012\r\nContent-Type: application/json\r\n",
       "POST /api/v1/take HTTP/1.1\r\n" H
       "Content-Length: 12\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n\r\n",
       FALSE, NULL},
      {"GET /a HTTP/1.1\r\n" H "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n",
       "GET /a HTTP/1.1\r\n" H "\r\n", FALSE, NULL},
      {"GET /a HTTP/1.1\r\n" H "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: HTTPS\r\n",
       "GET /a HTTP/1.1\r\n" H
       "X-Regia-Client: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\n\r\n",
       FALSE, "192.0.2.9", TRUE},
      /* The name that a proxy was asked for, if it is one of ours; and of a proxy alone. */
      {"GET /a HTTP/1.1\r\n" H "X-Forwarded-Host: [::1]:444\r\n",
       "GET /a HTTP/1.1\r\nHost: [::1]:444\r\nX-Regia-Client: 192.0.2.9\r\nX-Forwarded-For: "
       "192.0.2.9\r\n\r\n",
       FALSE, "192.0.2.9", TRUE},
      {"GET /a HTTP/1.1\r\n" H "X-Forwarded-Host: evil.example\r\n",
       "GET /a HTTP/1.1\r\n" H "X-Regia-Client: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n", FALSE,
       "192.0.2.9", TRUE},
      {"GET /a HTTP/1.1\r\n" H "X-Forwarded-Host: [::1]\r\nX-Forwarded-Host: [::1]\r\n",
       "GET /a HTTP/1.1\r\n" H "X-Regia-Client: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n", FALSE,
       "192.0.2.9", TRUE},
      {"GET /a HTTP/1.1\r\n" H "X-Forwarded-Host: [::1], localhost\r\n",
       "GET /a HTTP/1.1\r\n" H "X-Regia-Client: 192.0.2.9\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n", FALSE,
       "192.0.2.9", TRUE},
      {"GET /a HTTP/1.1\r\n" H "X-Forwarded-Host: [::1]\r\n", "GET /a HTTP/1.1\r\n" H "\r\n", FALSE, NULL},
      /* Whom it comes from, nobody can write. */
      {"GET /a HTTP/1.1\r\n" H "X-Regia-Client: 127.0.0.1\r\nX-Forwarded-For: 1.2.3.4\r\n",
       "GET /a HTTP/1.1\r\n" H "X-Regia-Client: 2001:db8::\r\n\r\n", FALSE, "2001:db8::"},
      {"GET /a HTTP/1.1\r\n" H "x-regia-client: 127.0.0.1\r\n", "GET /a HTTP/1.1\r\n" H "\r\n", FALSE, NULL},
      /* A WebSocket, by the book and where there is one; else an ordinary request. */
      {"GET /api/v1/live?a HTTP/1.1\r\n" H
       "upgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n" VERSION KEY
       "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: a\r\n",
       "GET /api/v1/live?a HTTP/1.1\r\n" H "Upgrade: websocket\r\nConnection: Upgrade\r\n" VERSION KEY "\r\n",
       FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H UPGRADE VERSION, PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H UPGRADE KEY, PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H UPGRADE VERSION KEY KEY, PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H UPGRADE VERSION VERSION KEY, PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H UPGRADE "Sec-WebSocket-Version: 8\r\n" KEY, PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n",
       PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n",
       PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H "Upgrade: websocket\r\n" VERSION KEY, PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H "Connection: Upgrade\r\n" VERSION KEY, PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H "Upgrade: h2c\r\nConnection: Upgrade\r\n" VERSION KEY, PLAIN, FALSE,
       NULL},
      {"GET /api/v1/live HTTP/1.1\r\n" H UPGRADE "Connection: close\r\n" VERSION KEY, PLAIN, FALSE, NULL},
      {"GET /api/v1/live HTTP/1.0\r\n" H UPGRADE VERSION KEY, "GET /api/v1/live HTTP/1.0\r\n" H "\r\n", FALSE,
       NULL},
      {"GET /api/v1/other HTTP/1.1\r\n" H UPGRADE VERSION KEY, "GET /api/v1/other HTTP/1.1\r\n" H "\r\n",
       FALSE, NULL},
  };
  g_autoptr (RegiaHosts) hosts = regia_hosts_new (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *head = g_strconcat (table[i].head, "\r\n", NULL), *buffer = NULL, *again = NULL;
    g_autofree char *canonical = NULL, *same = NULL;
    RegiaRequest request;
    RegiaRefusal refusal;

    g_assert_true (parse (hosts, head, strlen (head), &request, &refusal, &buffer));
    canonical = regia_request_canonical (&request, table[i].last, table[i].client, table[i].proxied);
    g_assert_cmpstr (canonical, ==, table[i].canonical);
    g_assert_true (parse (hosts, canonical, strlen (canonical), &request, &refusal, &again));
    same = regia_request_canonical (&request, table[i].last, table[i].client, table[i].proxied);
    g_assert_cmpstr (same, ==, canonical);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strdup_printf ("/gateway/request/%s", rows[i].name);
    g_test_add_data_func (path, &rows[i], test_row);
  }
  g_test_add_func ("/gateway/request/canonical", test_canonical);
  g_test_add_func ("/gateway/request/raw-bytes", test_raw_bytes);
  g_test_add_func ("/gateway/request/head-length", test_head_length);
  g_test_add_func ("/gateway/request/fields", test_fields);
  g_test_add_func ("/gateway/request/sizes", test_sizes);
  g_test_add_func ("/gateway/request/hosts-any", test_hosts_any);
  return g_test_run ();
}
