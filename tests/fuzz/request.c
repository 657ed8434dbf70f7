/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Heads as strangers send them, cut into packets at every place that the first byte says. */
#include <stdint.h>
#include <string.h>

#include "request-private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_allowed (const RegiaRequest *request, const RegiaHosts *hosts)
{
  const char *path = request->path;

  g_assert_true (*path == '/' || (strcmp (path, "*") == 0 && request->method == REGIA_METHOD_OPTIONS));
  g_assert_null (strstr (path, ".."));
  g_assert_null (strstr (path, "//"));
  g_assert_cmpuint (strspn (path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~/-*"), ==,
                    strlen (path));
  if (request->query != NULL) {
    g_assert_cmpuint (strspn (request->query, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                              "-._~!$&'()*+,;=:@/?%"),
                      ==, strlen (request->query));
    for (const char *p = strchr (request->query, '%'); p != NULL; p = strchr (p + 1, '%'))
      g_assert_true (g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2]));
  }
  g_assert_true (regia_hosts_allow (hosts, request->host, strlen (request->host)));
  if (request->viewer != NULL)
    g_assert_cmpuint (strlen (request->viewer), <=, 32);
}

static const RegiaBodyRule rules[] = {{REGIA_METHOD_POST, "/a/", 100, 1000}, {0}};

/* What is passed on is let in again, as the same. */
static void
check_canonical (const RegiaRequest *request, const RegiaHosts *hosts)
{
  char *text = regia_request_canonical (request, request->close, NULL, FALSE), *head = g_strdup (text), *same;
  gsize scanned = 0;
  RegiaRequest again;
  RegiaRefusal refusal;

  g_assert_cmpuint (regia_request_head_length (text, strlen (text), &scanned), ==, strlen (text));
  g_assert_true (regia_request_parse (head, strlen (head), hosts, rules, &again, &refusal));
  g_assert_cmpstr (again.path, ==, request->path);
  g_assert_cmpuint (again.body_bytes, ==, request->body_bytes);
  same = regia_request_canonical (&again, request->close, NULL, FALSE);
  g_assert_cmpstr (same, ==, text);
  g_free (same);
  g_free (head);
  g_free (text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static RegiaHosts *hosts;
  static const char *const names[] = {"regia.example", "2001:db8::1", NULL};
  gsize step, scanned = 0, length = 0, whole_scanned = 0;
  RegiaRequest request;
  RegiaRefusal refusal;
  char *head;

  if (hosts == NULL)
    hosts = regia_hosts_new (names, "192.0.2.1:8080");
  if (size < 2)
    return 0;
  step = 1 + data[0];
  data++;
  size--;
  for (gsize n = 0; n < size && length == 0;) {
    n = MIN (n + step, size);
    length = regia_request_head_length ((const char *)data, n, &scanned);
  }
  /* Found in pieces or in one: the same end. */
  g_assert_cmpuint (regia_request_head_length ((const char *)data, size, &whole_scanned), ==, length);
  if (length == 0)
    length = size; /* the parser must stand what has no end, too */
  head = g_memdup2 (data, length);
  if (regia_request_parse (head, length, hosts, rules, &request, &refusal)) {
    check_allowed (&request, hosts);
    check_canonical (&request, hosts);
  } else
    g_assert_true (refusal.status >= 400 && refusal.status < 600 && refusal.words != NULL);
  g_free (head);
  return 0;
}
